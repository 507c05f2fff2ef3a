"""Things go out: volunteers pick them for a plan, bring them home, or find nobody there."""

from contract import events
from hub.demo.journal import Journal
from hub.demo.places import DISPOSAL
from hub.demo.world import DAY_MS, MINUTE_MS, Store, Thing, World


def hand_out(world: World, store: Store, journal: Journal, at_ms: int) -> None:
    """A volunteer scans things and a plan, and is back with the outcome some hours later."""
    things = world.take(store, world.between(4, 9))
    if not things:
        return
    plan = world.plan(journal, len(things), at_ms)
    take_out(world, store, journal, things, plan, at_ms)


def take_out(
    world: World, store: Store, journal: Journal, things: list[Thing], plan: str, at_ms: int
) -> None:
    """These things leave for ``plan``, and some hours later its outcome is told."""
    session, card = journal.session(), world.one_of(store.people)
    journal.write(events.SessionOpened(session=session), at_ms, person=card)
    for thing in things:
        picked = events.ItemPicked(session=session, item=thing.code, outcome="ok")
        journal.write(picked, journal.at_ms + world.between(3, 9) * 1000)
    codes = tuple(thing.code for thing in things)
    out = events.Out(plan=plan, items=codes, session=session)
    journal.write(out, journal.at_ms + 5_000, person=card)
    journal.write(events.SessionClosed(session=session, why="finish"), journal.at_ms + 15_000)
    luck = world.rng.random()
    way_ms = world.between(40, 200) * MINUTE_MS
    if luck < 0.9:
        world.at(at_ms + way_ms, lambda now_ms: _deliver(world, journal, things, plan, now_ms))
    elif luck < 0.985:
        world.at(at_ms + way_ms, lambda now_ms: _back(world, store, journal, things, plan, now_ms))
    # else: nobody says what became of it


def _deliver(world: World, journal: Journal, things: list[Thing], plan: str, at_ms: int) -> None:
    """The slip comes back signed; one time in thirty something was lost on the way."""
    codes = tuple(thing.code for thing in things)
    journal.write(events.PlanSeen(plan=plan), at_ms)
    family = world.family() if world.chance(0.93) else None
    named = codes if world.chance(0.15) else ()
    if len(codes) > 1 and world.chance(0.03):
        named = codes[1:]
        lost = events.Missing(items=codes[:1], plan=plan)
        journal.write(lost, at_ms + 4_000)
    delivered = events.Delivered(plan=plan, items=named)
    journal.write(delivered, at_ms + 9_000, family=family)
    world.close_plan(plan)


def _back(
    world: World, store: Store, journal: Journal, things: list[Thing], plan: str, at_ms: int
) -> None:
    """Nobody was at home: tomorrow again, or back to the shelf."""
    journal.write(events.PlanSeen(plan=plan), at_ms)
    journal.write(events.Back(plan=plan, why="not-home"), at_ms + 6_000)
    if world.chance(0.7):
        world.at(
            at_ms + DAY_MS,
            lambda now_ms: take_out(world, store, journal, things, plan, now_ms),
        )
    else:
        world.close_plan(plan)
        store.stock += things


def throw_away(world: World, store: Store, journal: Journal, at_ms: int) -> None:
    """What is past its date or broken goes."""
    late = world.take(
        store, 12, lambda thing: thing.last_day is not None and thing.last_day < world.today
    )
    # Some stays on the shelf unnoticed.
    kept = [thing for thing in late if world.chance(0.25)]
    store.stock += kept
    late = [thing for thing in late if thing not in kept]
    broken = world.take(store, world.between(0, 3), lambda thing: thing.category in "C1K1E1T1S1")
    for things, why in ((late, "X"), (broken, world.one_of("BVR"))):
        if things:
            codes = tuple(thing.code for thing in things)
            session = journal.session()
            card = world.one_of(store.people)
            journal.write(events.SessionOpened(session=session), at_ms, person=card)
            gone = events.Disposed(items=codes, why=why, session=session)
            journal.write(gone, journal.at_ms + 12_000)
            journal.write(events.SessionClosed(session=session, why="finish"), 0)


def send_to_team(world: World, store: Store, journal: Journal, at_ms: int, place: str) -> None:
    """Clothes go to be washed or mended and come back some days later."""
    things = world.take(store, world.between(4, 10), lambda thing: thing.category[0] in "CBS")
    if not things:
        return
    codes = tuple(thing.code for thing in things)
    kind = "disposal" if place == DISPOSAL.code else "team"
    journal.write(events.Sent(to=place, kind=kind, items=codes), at_ms)

    def come_back(now_ms: int) -> None:
        journal.write(events.Arrived(place=things[0].place, items=codes), now_ms)
        store.stock.extend(things)

    if world.chance(0.9):
        world.at(at_ms + world.between(2, 6) * DAY_MS + 3 * MINUTE_MS, come_back)
