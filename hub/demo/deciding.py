"""What people decide at the hub: things kept for a plan, kits, prices, stocktakes, a recall.

A decision is written when the hub next hears of anything, so at most half a day after it was made.
"""

from contract import events
from contract.codes import Kind
from hub.demo import handing
from hub.demo.goods import PRICES
from hub.demo.journal import Journal
from hub.demo.world import DAY_MS, MINUTE_MS, Store, World
from hub.log.recording import Draft

MANAGER, LEAD = "de30000000000001", "de30000000000002"
"""Account ids that decide and approve. There are no such accounts: nobody can sign in with them."""

KITS = ("winter", "school", "newborn")


def reserve(world: World, store: Store, journal: Journal, at_ms: int) -> None:
    """Things are kept for a plan, and a day or two later go out for it or are free again."""
    things = world.take(store, world.between(3, 7))
    if not things:
        return
    plan = world.plan(journal, len(things), at_ms)
    items = tuple(thing.code for thing in things)
    world.decide(store, MANAGER, events.Reserved(plan=plan, items=items))

    def go(now_ms: int) -> None:
        if world.chance(0.85):
            handing.take_out(world, store, journal, things, plan, now_ms)
        else:
            world.decide(store, MANAGER, events.Unreserved(items=items, why="plan-changed"))
            world.close_plan(plan)
            store.stock.extend(things)

    world.at(at_ms + world.between(1, 3) * DAY_MS + 30 * MINUTE_MS, go)


def build_kit(world: World, store: Store, journal: Journal, at_ms: int) -> None:
    """A kit is put together; most are handed out as one, some are taken apart again."""
    things = world.take(store, world.between(3, 6), lambda thing: thing.code[0] == "G")
    if len(things) < 2:
        store.stock.extend(things)
        return
    box, items = journal.code(Kind.BOX), tuple(thing.code for thing in things)
    kit = world.one_of(KITS)
    world.decide(store, MANAGER, events.KitBuilt(box=box, kit=kit, items=items))

    def go(now_ms: int) -> None:
        if world.chance(0.2):
            world.decide(store, MANAGER, events.KitBroken(box=box, items=items))
            store.stock.extend(things)
            return
        plan = world.plan(journal, 1, now_ms)
        card = world.one_of(store.people)
        journal.write(events.Out(plan=plan, items=(box,)), now_ms, person=card)
        delivered = events.Delivered(plan=plan)
        journal.write(delivered, now_ms + 100 * MINUTE_MS, family=world.family())
        world.close_plan(plan)

    world.at(at_ms + world.between(2, 20) * DAY_MS, go)


def price(world: World, store: Store, at_ms: int) -> None:
    """The day before the market some things get their price labels."""
    fitting = [thing for thing in store.stock if thing.category in PRICES][-12:]
    for category in sorted({thing.category for thing in fitting}):
        items = tuple(thing.code for thing in fitting if thing.category == category)
        low, high = PRICES[category]
        jiao = world.between(low // 10, high // 10) * 10
        world.decide(store, LEAD, events.Priced(items=items, price=jiao))


def plan_count(world: World, store: Store, places: tuple[str, ...]) -> str:
    """A stocktake of these places is to be made; its name."""
    count = world.rng.randbytes(8).hex()
    world.decide(store, MANAGER, events.CountPlanned(count=count, places=places))
    return count


def approve_count(
    world: World, store: Store, count: str, seen: int, missing: tuple[str, ...], at_ms: int
) -> None:
    """The lead approves it: what nobody saw is presumed missing since then."""

    def make(position: int) -> tuple[Draft, ...]:
        approved = events.CountApproved(
            count=count, position=position, seen=seen, missing=len(missing)
        )
        drafts = [Draft(approved, store.spec.id)]
        if missing:
            gone = events.PresumedMissing(count=count, items=missing, since=at_ms)
            drafts.append(Draft(gone, store.spec.id))
        return tuple(drafts)

    world.decide_at_position(LEAD, make)


def recall(world: World, gtin: str, lot: str | None, *, days: int | None, at_ms: int) -> None:
    """A maker calls a lot back; after so many ``days`` it is over, with None not yet."""
    name = world.rng.randbytes(8).hex()
    store = world.stores[0]
    world.decide(store, MANAGER, events.RecallOpened(recall=name, gtin=gtin, lot=lot, why="maker"))
    if days is not None:
        closed = events.RecallClosed(recall=name)
        world.at(at_ms + days * DAY_MS, lambda _: world.decide(store, MANAGER, closed))
