"""What is on the shelves is looked after: graded, checked, counted; and the charity market."""

from functools import partial

from contract import events
from contract.codes import PLACE_IN
from hub.demo import deciding
from hub.demo.goods import PRICES
from hub.demo.journal import Journal
from hub.demo.world import DAY_MS, SHELVES, STALL, Store, Thing, World


def quarantine(world: World, store: Store, journal: Journal, at_ms: int) -> None:
    """Something looks doubtful; most of it is released some days later, some is thrown away."""
    things = world.take(store, world.between(1, 4), lambda thing: thing.category[0] in "FEMH")
    if not things:
        return
    codes = tuple(thing.code for thing in things)
    journal.write(events.Quarantined(items=codes, why="card"), at_ms)
    for thing in things:
        thing.quarantined = True
    store.stock += things

    def judge(now_ms: int) -> None:
        if world.chance(0.7):
            journal.write(events.Released(items=codes), now_ms)
            for thing in things:
                thing.quarantined = False
        else:
            journal.write(events.Disposed(items=codes, why="V"), now_ms)
            for thing in things:
                store.stock.remove(thing)

    if world.chance(0.85):
        world.at(at_ms + world.between(1, 9) * DAY_MS, judge)


def count_shelves(world: World, store: Store, journal: Journal, at_ms: int, turn: int) -> None:
    """A stocktake of two shelves; what has vanished is not seen, what lost its label gets one."""
    count, card = journal.session(), world.one_of(store.people)
    places = (PLACE_IN, *SHELVES)
    wanted = tuple(places[(2 * turn + offset) % len(places)] for offset in range(2))
    planned = deciding.plan_count(world, store, wanted)
    journal.write(events.CountOpened(count=count), at_ms, person=card)
    total = 0
    lost: list[str] = []
    for number, place in enumerate(wanted):
        journal.write(events.ShelfOpened(count=count, place=place), journal.at_ms + 20_000)
        expected = [thing for thing in store.stock if thing.place == place]
        seen = [thing for thing in expected if not thing.vanished]
        for thing in seen:
            counted = events.Counted(count=count, place=place, item=thing.code, outcome="ok")
            journal.write(counted, journal.at_ms + 2_500)
        if number == 0 and world.chance(0.3):
            journal.write(events.CountPaused(count=count, why="rest"), journal.at_ms + 30_000)
            journal.write(events.CountResumed(count=count), journal.at_ms + 25 * 60_000)
        if world.chance(0.3):
            found = Thing(journal.code(), "ZZ", place)
            unlabelled = events.FoundUnlabelled(
                count=count, place=place, item=found.code, category="ZZ"
            )
            journal.write(unlabelled, journal.at_ms + 9_000)
            store.stock.append(found)
            world.items += 1
        journal.write(
            events.ShelfClosed(
                count=count,
                place=place,
                seen=len(seen),
                expected=len(expected),
                missing=len(expected) - len(seen),
            ),
            journal.at_ms + 30_000,
        )
        for thing in expected:
            if thing.vanished:
                store.stock.remove(thing)
                lost.append(thing.code)
        total += len(seen)
    closed = events.CountClosed(count=count, shelves=len(wanted), seen=total)
    journal.write(closed, journal.at_ms + 60_000, person=card)
    world.decide(store, deciding.MANAGER, events.CountJoined(count=planned, part=count))
    if turn < 3 or world.chance(0.6):
        missing = tuple(lost[: events.MAX_CODES_PER_EVENT])
        world.at(
            journal.at_ms + DAY_MS,
            partial(deciding.approve_count, world, store, planned, total, missing),
        )


def market(world: World, store: Store, journal: Journal, at_ms: int, share: float) -> None:
    """A market day: ``share`` of what may be sold goes to the stall, and most of it is sold."""
    name, card = journal.session(), world.one_of(store.people)
    fitting = sum(thing.category in PRICES for thing in store.stock)
    things = world.take(store, world.about(share * fitting), lambda thing: thing.category in PRICES)
    if not things:
        return
    for start in range(0, len(things), 24):
        codes = tuple(thing.code for thing in things[start : start + 24])
        journal.write(events.Moved(place=STALL, items=codes), at_ms)
    journal.write(events.MarketOpened(market=name), journal.at_ms + 30 * 60_000, person=card)
    recorded = cash = sales = 0
    for thing in things:
        thing.place = STALL
        if world.chance(0.15):
            store.stock.append(thing)  # nobody wanted it today
            continue
        low, high = PRICES[thing.category]
        price = world.between(low // 5, high // 5) * 5
        pay = world.rng.choices("CWA", (35, 50, 15))[0]
        sold = events.Sold(
            market=name, price=price, item=thing.code, category=thing.category, pay=pay
        )
        journal.write(sold, journal.at_ms + world.between(20, 240) * 1000)
        recorded, sales = recorded + price, sales + 1
        cash += price if pay == "C" else 0
        if world.chance(0.025):
            back = events.SaleTakenBack(market=name, price=price, item=thing.code, pay=pay)
            journal.write(back, journal.at_ms + 600_000)
            recorded -= price
            cash -= price if pay == "C" else 0
            store.stock.append(thing)
    if world.chance(0.5):
        price = world.between(2, 30) * 5
        journal.write(events.Sold(market=name, price=price), journal.at_ms + 60_000)
        recorded, cash, sales = recorded + price, cash + price, sales + 1
    wrong = world.one_of((0, 0, 0, 0, -10, -50, 20)) if cash > 50 else 0
    closed = events.MarketClosed(
        market=name, sales=sales, recorded=recorded, cash=cash, counted=max(0, cash + wrong)
    )
    journal.write(closed, journal.at_ms + 20 * 60_000, person=card)
