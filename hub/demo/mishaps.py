"""What goes wrong in a year, so that every incident has something to show.

Each mishap has its day; they are spread over the stops.
"""

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Final, TypeAlias

from contract import codes, events, topics
from contract.codes import Kind
from hub.demo import deciding, giving, handing
from hub.demo.journal import Journal
from hub.demo.world import DAY_MS, MINUTE_MS, Store, World
from hub.log.ingest import Message

Mishap: TypeAlias = Callable[[World, Store, Journal, int], None]

AWAY_DAYS: Final = 21


def away_for_weeks(world: World, store: Store, journal: Journal, at_ms: int) -> None:
    """The router is broken: the kiosk works on, and tells of three weeks at once."""
    world.offline.add(journal)
    world.at(at_ms + AWAY_DAYS * DAY_MS, lambda _: world.offline.discard(journal))


def away_since(world: World, store: Store, journal: Journal, at_ms: int) -> None:
    """The kiosk has not been heard of since."""
    world.offline.add(journal)
    world.posts.append(Message(topics.up(journal.kiosk, topics.STATUS), b'{"online":false}', {}))


def without_clock(world: World, store: Store, journal: Journal, at_ms: int) -> None:
    """A cut of power while the network was away: the boot never learns the time."""
    journal.start(at_ms, clock=False)


def two_days_without_clock(world: World, store: Store, journal: Journal, at_ms: int) -> None:
    """The same, until the machine is started once more."""
    journal.start(at_ms, clock=False)
    world.at(at_ms + 2 * DAY_MS, lambda now_ms: journal.start(now_ms))


def copied_card(world: World, store: Store, journal: Journal, at_ms: int) -> None:
    """Somebody copied the memory card, and for an hour both copies took things in."""
    twin = journal.copy()
    journal.start(at_ms)
    twin.start(at_ms + 5 * MINUTE_MS)
    world.journals.append(twin)
    giving.donate(world, store, twin, at_ms + 12 * MINUTE_MS)
    giving.donate(world, store, journal, at_ms + 14 * MINUTE_MS)


def lost_events(world: World, store: Store, journal: Journal, at_ms: int) -> None:
    """A damaged card: what was not yet sent is gone, and nobody can fill the hole."""
    for number in range(2):
        giving.donate(world, store, journal, at_ms + number * 5 * MINUTE_MS)
    hello = journal.lose_waiting()
    world.posts.extend((hello, *journal.send()))


def damaged_line(world: World, store: Store, journal: Journal, at_ms: int) -> None:
    """A line that nobody can read any more waits in quarantine."""
    giving.donate(world, store, journal, at_ms)
    world.posts.extend(journal.send_damaged())


def from_a_later_release(world: World, store: Store, journal: Journal, at_ms: int) -> None:
    """A kiosk that was updated before the hub tells of something new."""
    journal.write_unknown("item.mended", at_ms)
    journal.write_unknown("item.mended", at_ms + MINUTE_MS)


def garbage(world: World, store: Store, journal: Journal, at_ms: int) -> None:
    """A message that cannot even be placed."""
    payload = world.rng.randbytes(40)
    world.posts.append(Message(topics.up(journal.kiosk, topics.EVENTS), payload, {}))


def handed_out_twice(world: World, store: Store, journal: Journal, at_ms: int) -> None:
    """Two kiosks without a network hand the same things out."""
    things = world.take(store, 2)
    if not things:
        return
    items = tuple(thing.code for thing in things)
    others = [one for one in world.open_stores() if one is not store] or [store]
    for number, where in enumerate((journal, world.one_of(others).journals[0])):
        now_ms = at_ms + number * 20 * MINUTE_MS
        plan = world.plan(where, len(items), now_ms)
        card = world.one_of(store.people)
        where.write(events.Out(plan=plan, items=items), now_ms, person=card)
        if number or world.chance(0.5):
            delivered = events.Delivered(plan=plan)
            where.write(delivered, now_ms + 90 * MINUTE_MS, family=world.family())
            world.close_plan(plan)


def strangers(world: World, store: Store, journal: Journal, at_ms: int) -> None:
    """Labels that no kiosk of this hub ever printed."""
    for number in range(2):
        code = codes.serial_code(Kind.ITEM, "YYYY", world.rng.randrange(1_000_000))
        seen = events.ItemSeen(item=code, outcome="foreign")
        journal.write(seen, at_ms + number * MINUTE_MS)


def printer_fails(world: World, store: Store, journal: Journal, at_ms: int) -> None:
    """The printer is away, and somebody asks for help."""
    broken = events.DeviceChanged(
        device="printer-label", kind="printer", ok=False, detail="paper-out"
    )
    journal.write(broken, at_ms)
    journal.write(events.HelpWanted(), at_ms + 6 * MINUTE_MS)


def noticed(world: World, store: Store, journal: Journal, at_ms: int) -> None:
    """The kiosk's prefixes run out."""
    journal.write(events.Noticed(kind="no-prefix-left"), at_ms)


def never_arrived(world: World, store: Store, journal: Journal, at_ms: int) -> None:
    """A box is sent to another stop and not seen again."""
    things = world.take(store, 6)
    others = [one for one in world.open_stores() if one is not store]
    if not things or not others:
        return
    box, items = journal.code(Kind.BOX), tuple(thing.code for thing in things)
    journal.write(events.Packed(box=box, items=items), at_ms)
    journal.write(events.Sealed(box=box), at_ms + MINUTE_MS)
    to = world.one_of(others).place
    journal.write(events.Sent(to=to, kind="stop", items=(box,)), at_ms + 9 * MINUTE_MS)


def out_of_quarantine(world: World, store: Store, journal: Journal, at_ms: int) -> None:
    """Something doubtful is handed out all the same."""
    things = world.take(store, 1)
    if things:
        items = (things[0].code,)
        journal.write(events.Quarantined(items=items, why="card"), at_ms)
        plan = world.plan(journal, 1, at_ms)
        journal.write(events.Out(plan=plan, items=items), at_ms + 60 * MINUTE_MS)


def doubtful(world: World, store: Store, journal: Journal, at_ms: int) -> None:
    """Two things wait for somebody to check them."""
    things = world.take(store, 2)
    if things:
        items = tuple(thing.code for thing in things)
        journal.write(events.Quarantined(items=items, why="card"), at_ms)


def recalled_long_ago(world: World, store: Store, journal: Journal, at_ms: int) -> None:
    """A lot is called back, and the matter is closed some weeks later."""
    deciding.recall(world, world.food[0].gtin, None, days=30, at_ms=at_ms)


def recalled_now(world: World, store: Store, journal: Journal, at_ms: int) -> None:
    """A lot is called back, and some of it is still on the shelves."""
    made = world.today - timedelta(days=60)
    lot = made.strftime("L%y%m") + "A"
    deciding.recall(world, world.food[2].gtin, lot, days=None, at_ms=at_ms)


MISHAPS: Final[tuple[tuple[int, int, Mishap], ...]] = (
    (85, 4, away_for_weeks),
    (60, 2, handed_out_twice),
    (45, 6, lost_events),
    (38, 3, two_days_without_clock),
    (30, 7, copied_card),
    (24, 9, strangers),
    (21, 8, never_arrived),
    (17, 10, damaged_line),
    (14, 1, out_of_quarantine),
    (12, 5, handed_out_twice),
    (150, 0, recalled_long_ago),
    (10, 0, recalled_now),
    (9, 11, from_a_later_release),
    (7, 12, garbage),
    (6, 0, never_arrived),
    (5, 13, handed_out_twice),
    (4, 14, noticed),
    (3, 15, strangers),
    (3, 16, without_clock),
    (2, 17, away_since),
    (1, 0, doubtful),
    (1, 18, printer_fails),
)
"""How many days before the last, at which stop (by number), what."""


def schedule(world: World, last_midnight_ms: int) -> None:
    """Puts every mishap on the agenda; ``last_midnight_ms`` begins the last day."""
    for days, number, mishap in MISHAPS:
        store = world.stores[number % len(world.stores)]
        at_ms = last_midnight_ms - days * DAY_MS + (10 * 60 + number) * MINUTE_MS
        world.at(at_ms, partial(mishap, world, store, store.journals[0]))


def small_ones(world: World, store: Store, journal: Journal, at_ms: int) -> None:
    """What happens at every kiosk every few days."""
    match world.between(0, 9):
        case 0 | 1 | 2:
            known = world.one_of(store.stock).code if store.stock else None
            if known is not None:
                journal.write(events.ItemSeen(item=known, outcome="ok"), at_ms)
        case 3 | 4:
            form = events.Unrecognised(length=world.between(6, 40), problem="not-ours")
            journal.write(form, at_ms)
        case 5 | 6:
            journal.write(events.Refused(input="family", state="idle"), at_ms)
        case 7:
            journal.write(events.RollChanged(role="label"), at_ms)
        case 8:
            giving.refuse_food(world, store, journal, at_ms)
        case _:
            gone = events.DeviceChanged(
                device="scanner-1", kind="scanner", ok=False, detail="unplugged"
            )
            back = events.DeviceChanged(device="scanner-1", kind="scanner", ok=True)
            journal.write(gone, at_ms)
            journal.write(back, at_ms + 4 * MINUTE_MS)


def mend(world: World, store: Store, journal: Journal, at_ms: int) -> None:
    """Clothes go to the team that washes and mends."""
    handing.send_to_team(world, store, journal, at_ms, codes.place_code("7EAM03"))
