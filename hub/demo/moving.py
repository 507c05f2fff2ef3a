"""Things move: from the intake shelf to theirs, and in boxes to other stops."""

from contract import events
from contract.codes import PLACE_IN, Kind
from hub.demo.journal import Journal
from hub.demo.world import DAY_MS, MINUTE_MS, SHELVES, Store, Thing, World

MAX_MOVED = 24


def shelve(world: World, store: Store, journal: Journal, at_ms: int) -> None:
    """What came in since goes to the shelves, a shelf for each kind of goods."""
    waiting = [thing for thing in store.stock if thing.place == PLACE_IN and not thing.vanished]
    by_shelf: dict[str, list[Thing]] = {}
    for thing in waiting:
        by_shelf.setdefault(SHELVES[ord(thing.category[0]) % len(SHELVES)], []).append(thing)
    if not by_shelf:
        return
    session, card = journal.session(), world.one_of(store.people)
    journal.write(events.SessionOpened(session=session), at_ms, person=card)
    for shelf, things in sorted(by_shelf.items()):
        for start in range(0, len(things), MAX_MOVED):
            part = things[start : start + MAX_MOVED]
            moved = events.Moved(
                place=shelf, items=tuple(thing.code for thing in part), session=session
            )
            journal.write(moved, journal.at_ms + 4_000 * len(part))
            for thing in part:
                thing.place = shelf
    journal.write(events.SessionClosed(session=session, why="finish"), journal.at_ms + 10_000)


def transfer(world: World, store: Store, journal: Journal, at_ms: int, other: Store) -> None:
    """Two or three boxes, one time in three on a pallet, go to another stop and are opened there;
    now and then something, or all of it, does not arrive."""
    boxes: dict[str, list[Thing]] = {}
    session, card = journal.session(), world.one_of(store.people)
    journal.write(events.SessionOpened(session=session), at_ms, person=card)
    for _ in range(world.between(1, 3)):
        things = world.take(store, world.between(5, 10), lambda thing: thing.code[0] == "G")
        if not things:
            break
        box = journal.code(Kind.BOX)
        boxes[box] = things
        codes = tuple(thing.code for thing in things)
        journal.write(
            events.Packed(box=box, items=codes, session=session),
            journal.at_ms + 5_000 * len(codes),
        )
        if world.chance(0.8):
            journal.write(events.Sealed(box=box, session=session), journal.at_ms + 3_000)
    sent = tuple(boxes)
    pallet = None
    if len(boxes) > 1 and world.chance(0.35):
        pallet = journal.code(Kind.BOX)
        journal.write(events.Packed(box=pallet, items=sent, session=session), 0)
        sent = (pallet,)
    if boxes:
        send = events.Sent(to=other.place, kind="stop", items=sent, session=session)
        journal.write(send, journal.at_ms + 20 * 60_000, person=card)
    journal.write(events.SessionClosed(session=session, why="finish"), journal.at_ms + 8_000)
    if boxes and not world.chance(0.02):
        when_ms = at_ms + world.between(2, 26) * 60 * MINUTE_MS
        world.at(when_ms, lambda now_ms: _arrive(world, other, boxes, pallet, now_ms))


def _arrive(
    world: World, store: Store, boxes: dict[str, list[Thing]], pallet: str | None, at_ms: int
) -> None:
    journal = store.journals[0]
    session, card = journal.session(), world.one_of(store.people)
    here = tuple(boxes)
    lost_box = None
    if pallet is None and len(boxes) > 1 and world.chance(0.03):
        lost_box = here[0]
        here = here[1:]
    journal.write(events.SessionOpened(session=session), at_ms, person=card)
    came = (pallet,) if pallet is not None else here
    journal.write(
        events.Arrived(place=PLACE_IN, items=came, session=session), journal.at_ms + 9_000
    )
    if pallet is not None:
        journal.write(events.Unpacked(box=pallet, items=here, session=session), 0)
    for box in here:
        things = boxes[box]
        found = [thing for thing in things if not world.chance(0.012)]
        codes = tuple(thing.code for thing in found)
        unpacked = events.Unpacked(box=box, items=codes, session=session)
        journal.write(unpacked, journal.at_ms + 4_000 * len(codes))
        lost = tuple(thing.code for thing in things if thing not in found)
        if lost and world.chance(0.8):
            journal.write(events.Missing(items=lost, session=session), journal.at_ms + 30_000)
        for thing in found:
            thing.place = PLACE_IN
        store.stock += found
    if lost_box is not None and world.chance(0.5):  # it turns up after all
        world.at(
            at_ms + 4 * DAY_MS,
            lambda now_ms: _arrive(world, store, {lost_box: boxes[lost_box]}, None, now_ms),
        )
    journal.write(events.SessionClosed(session=session, why="finish"), journal.at_ms + 8_000)
