"""Things come in: donors with a bag, whole boxes, a spoon of rice, an hour of time."""

from datetime import date, timedelta

from contract import codes, events
from contract.codes import PLACE_IN, Kind
from hub.demo.goods import SHARES
from hub.demo.journal import Journal
from hub.demo.places import CAMPAIGNS
from hub.demo.world import MINUTE_MS, Store, Thing, World

_KEYS = tuple(SHARES)
_WEIGHTS = tuple(SHARES.values())
_SIZES = (1, 2, 3, 4, 5, 7, 10)
_SIZE_WEIGHTS = (20, 26, 22, 14, 10, 6, 2)
EVENTS_A_DONATION = 8.6
"""On average, for the day's plan."""


def donate(world: World, store: Store, journal: Journal, at_ms: int) -> None:
    """A donor brings a few things, each gets its label, and the receipt its claim."""
    rng = world.rng
    session = journal.session()
    card = world.one_of(store.people) if world.chance(0.12) else None
    journal.write(events.SessionOpened(session=session), at_ms, person=card)
    count = rng.choices(_SIZES, _SIZE_WEIGHTS)[0]
    came = [_receive(world, journal, session) for _ in range(count)]
    kept = [thing for thing in came if thing is not None]
    if kept and world.chance(0.12):
        grade = rng.choices("ABCD", (25, 50, 20, 5))[0]
        graded = tuple(thing.code for thing in kept[:20])
        journal.write(events.Graded(items=graded, grade=grade, session=session), 0)
    text = codes.claim_text(rng.randbytes(10))
    claim = events.claim_hash(text)
    if len(kept) > 2:
        world.claim = text
    closed = events.SessionClosed(
        session=session,
        why="finish" if world.chance(0.8) else "idle",
        items=len(kept),
        claim=claim if kept else None,
    )
    journal.write(closed, journal.at_ms + 8_000)
    store.stock += kept
    world.items += count


def _receive(world: World, journal: Journal, session: str) -> Thing | None:
    """One item; None when the donor took it back at once."""
    rng = world.rng
    category = rng.choices(_KEYS, _WEIGHTS)[0]
    retail, last_day = _retail(world, category)
    ready_made = world.chance(0.03)
    code = world.blank() if ready_made else journal.code()
    received = journal.write(
        events.Received(
            session=session,
            item=code,
            category=category,
            place=PLACE_IN,
            retail=retail,
            ready_made=ready_made,
        ),
        journal.at_ms + world.between(4, 25) * 1000,
    )
    written = [received]
    if not ready_made and not world.chance(0.006):
        how = "unconfirmed" if world.chance(0.02) else "printed"
        label = events.LabelAttached(item=code, how=how)
        written.append(journal.write(label, journal.at_ms + 2_200))
    if world.chance(0.012):
        void = events.Voided(events=tuple(event.id for event in written), items=(code,))
        journal.write(void, journal.at_ms + 5_000)
        return None
    if category in ("F1", "F2", "M1") and retail is None and world.chance(0.6):
        read = world.today + timedelta(days=world.between(40, 500))
        month = read.strftime("%Y-%m")
        journal.write(events.ExpirySet(items=(code,), month=month, session=session), 0)
        last_day = read
    return Thing(code, category, PLACE_IN, last_day, vanished=world.chance(0.012))


def _retail(world: World, category: str) -> tuple[events.Retail | None, date | None]:
    """What is packaged has a retail code, and of food every second code tells lot and date."""
    choices = world.packaged.get(category, ())
    if not choices or not world.chance(0.75):
        return None, None
    product = world.one_of(choices)
    if not product.days:
        return events.Retail(product.gtin), None
    made = world.today - timedelta(days=world.between(20, max(30, product.days * 3 // 4)))
    last_day = made + timedelta(days=product.days)
    if world.chance(0.5):
        return events.Retail(product.gtin), None
    lot = made.strftime("L%y%m") + "AB"[made.day % 2]
    return events.Retail(product.gtin, expiry=last_day.isoformat(), lot=lot), last_day


def refuse_food(world: World, store: Store, journal: Journal, at_ms: int) -> None:
    """Something is past its date, and stays with who brought it."""
    product = world.one_of(world.food)
    past = world.today - timedelta(days=world.between(2, 60))
    retail = events.Retail(product.gtin, expiry=past.isoformat())
    refused = events.FoodRefused(category=product.category, why="expired", retail=retail)
    journal.write(refused, at_ms)


def give_whole_boxes(world: World, store: Store, journal: Journal, at_ms: int) -> None:
    """A shop or factory gives whole cartons, each under one code."""
    session = journal.session()
    journal.write(events.SessionOpened(session=session), at_ms)
    product = world.one_of([one for one in world.products if one.named])
    lot = world.today.strftime("L%y%m") + "C"
    last_day = world.today + timedelta(days=product.days) if product.days else None
    cartons = world.between(2, 8)
    for _ in range(cartons):
        box = journal.code(Kind.BOX)
        retail = events.Retail(
            product.gtin, expiry=last_day.isoformat() if last_day else None, lot=lot
        )
        received = events.BoxReceived(
            session=session,
            box=box,
            category=product.category,
            place=PLACE_IN,
            retail=retail,
            quantity=world.one_of((6, 12, 24)),
        )
        journal.write(received, journal.at_ms + 6_000)
        journal.write(events.LabelAttached(item=box, how="printed"), journal.at_ms + 2_000)
        store.stock.append(Thing(box, product.category, PLACE_IN, last_day))
    claim = events.claim_hash(codes.claim_text(world.rng.randbytes(10)))
    closed = events.SessionClosed(session=session, why="finish", items=cartons, claim=claim)
    journal.write(closed, journal.at_ms + 5_000)
    world.items += cartons


def contribute(world: World, store: Store, journal: Journal, at_ms: int) -> None:
    """Somebody adds a spoon of rice, or a few, to a campaign."""
    session = journal.session()
    campaign = world.rng.choices(CAMPAIGNS, (6, 2, 1))[0]
    journal.write(events.SessionOpened(session=session), at_ms)
    given = events.Contributed(
        session=session, campaign=campaign.number, count=world.one_of((1, 1, 1, 2, 3, 5))
    )
    journal.write(given, at_ms + 3_000)
    journal.write(events.SessionClosed(session=session, why="finish"), at_ms + 9_000)


def offer_time(world: World, store: Store, journal: Journal, at_ms: int) -> None:
    """Somebody with a card offers a few half-hours."""
    session, card = journal.session(), world.one_of(store.people)
    journal.write(events.SessionOpened(session=session), at_ms, person=card)
    offer = events.TimeOffered(
        session=session, skill=f"{world.between(1, 10):02d}", half_hours=world.between(1, 8)
    )
    journal.write(offer, at_ms + 4_000, person=card)
    journal.write(events.SessionClosed(session=session, why="finish"), at_ms + 9_000)


def work(world: World, store: Store, journal: Journal, at_ms: int) -> None:
    """A volunteer comes to work, and goes home some hours later or forgets to say so."""
    card, session = world.one_of(store.people), journal.session()
    started = journal.write(events.WorkStarted(session=session), at_ms, person=card)
    minutes = world.between(50, 260)
    how = "rule" if world.chance(0.06) else "card"

    def go_home(now_ms: int) -> None:
        same_boot = journal.boot == started.public.boot
        ended = events.WorkEnded(
            session=session, started=started.id, minutes=minutes if same_boot else None, how=how
        )
        journal.write(ended, now_ms, person=card)

    world.at(at_ms + minutes * MINUTE_MS, go_home)
