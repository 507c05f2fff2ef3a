"""Donations by list: kept as a draft, taken in at once, labelled, or taken back.

A list is read and shown before anything follows from it. Taking it in writes one event for each
thing, as if a kiosk had scanned it, under a prefix that was never used before; nothing is free
stock until somebody says that the labels are on.
"""

import calendar
import secrets
from collections.abc import Callable, Sequence
from typing import Final

import msgspec
from msgspec import Struct
from sqlalchemy import Connection, and_, insert, or_, select, update

from contract import events
from contract.codes import PLACE_IN, READY_MADE, Kind, serial_code, to_base32
from contract.fields import MAX_IDS_PER_VOID
from contract.reference import NamedCategory
from hub import db
from hub.access import audit
from hub.access.audit import By
from hub.kiosks import catalogue, kiosk_commands
from hub.log import recording
from hub.log.recording import Actor, Draft
from hub.statuses import HERE
from hub.stock.donation_rows import Fault, Known, Reading, Row, categories

_PREFIXES: Final = 32**4


class DonationError(ValueError):
    """It cannot be done; ``why`` is a machine word: unknown, faults, received, not-received,
    moved, taken-back."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


class Donation(Struct, frozen=True):
    """A list and how far it got; times are Unix milliseconds by the hub's clock."""

    id: str
    stop: str
    source: str
    file: str
    boxes: bool
    pieces: int
    labels: int
    account: str
    created_ms: int
    received_ms: int | None
    labelled_ms: int | None
    taken_back_ms: int | None
    rows: tuple[Row, ...] = ()
    faults: tuple[Fault, ...] = ()

    @property
    def is_draft(self) -> bool:
        """Whether nothing has followed from it yet."""
        return self.received_ms is None


_COLUMNS: Final = tuple(db.donation.c[name] for name in Donation.__struct_fields__)


def known(connection: Connection) -> Known:
    """What lists may speak of."""
    named = [
        (one.key, one.zh, one.en)
        for one in catalogue.entries(connection, "categories")
        if isinstance(one, NamedCategory) and one.offered
    ]
    rows = connection.execute(select(db.product.c.gtin, db.product.c.category))
    return Known(categories(named), {row.gtin: row.category for row in rows})


def keep(
    connection: Connection,
    reading: Reading,
    about: tuple[str, str, str],
    by: By,
    now_ms: int,
    *,
    boxes: bool,
) -> str:
    """Keep a list as a draft; ``about`` is its stop, its giver and its file's name. Its id."""
    stop, source, file = about
    donation = secrets.token_hex(8)
    connection.execute(
        insert(db.donation).values(
            id=donation,
            stop=stop,
            source=source[:80],
            file=file[:80],
            boxes=boxes,
            rows=msgspec.json.encode(reading.rows).decode(),
            faults=msgspec.json.encode(reading.faults).decode(),
            pieces=reading.pieces,
            labels=reading.labels,
            account=by.account,
            created_ms=now_ms,
        )
    )
    detail = {"rows": len(reading.rows)}
    audit.note(connection, by, "donation.read", donation, detail, now_ms, stop=stop)
    return donation


def one(connection: Connection, donation: str) -> Donation | None:
    """The list with this id."""
    row = connection.execute(select(*_COLUMNS).where(db.donation.c.id == donation)).one_or_none()
    if row is None:
        return None
    values = dict(row._mapping)
    values["rows"] = msgspec.json.decode(values["rows"], type=tuple[Row, ...])
    values["faults"] = msgspec.json.decode(values["faults"], type=tuple[Fault, ...])
    return Donation(**values)


def _required(connection: Connection, donation: str) -> Donation:
    found = one(connection, donation)
    if found is None:
        raise DonationError("unknown")
    if found.taken_back_ms is not None:
        raise DonationError("taken-back")
    return found


def receive(
    connection: Connection,
    donation: str,
    by: By,
    now_ms: int,
    *,
    draw: Callable[[int], int] = secrets.randbelow,
) -> int:
    """Take a list in; how many labels it needs.

    Raises:
        DonationError: it is unknown, has faults, or came in already.
    """
    found = _required(connection, donation)
    if not found.is_draft:
        raise DonationError("received")
    if found.faults or not found.rows:
        raise DonationError("faults")
    prefix = _prefix(connection, now_ms, draw)
    drafts: list[Draft] = []
    serial = 0
    for row in found.rows:
        for _ in range(row.labels):
            drafts += [Draft(body, found.stop) for body in _bodies(row, donation, prefix, serial)]
            serial += 1
    batch = events.BatchReceived(session=donation, rows=len(found.rows), items=serial)
    drafts.append(Draft(batch, found.stop))
    recording.record(connection, drafts, Actor(by.account), now_ms=now_ms)
    connection.execute(
        update(db.donation).where(db.donation.c.id == donation).values(received_ms=now_ms)
    )
    detail = {"rows": len(found.rows)}
    audit.note(connection, by, "donation.received", donation, detail, now_ms, stop=found.stop)
    return serial


def _bodies(row: Row, session: str, prefix: str, serial: int) -> list[events.Body]:
    retail = None
    if row.gtin is not None:
        retail = events.Retail(gtin=row.gtin, expiry=_last_day(row.kept_expiry), lot=row.kept_lot)
    if row.box:
        code = serial_code(Kind.BOX, prefix, serial)
        made: list[events.Body] = [
            events.BoxReceived(
                session=session,
                box=code,
                category=row.category,
                place=PLACE_IN,
                retail=retail,
                quantity=row.quantity,
            )
        ]
    else:
        code = serial_code(Kind.ITEM, prefix, serial)
        made = [
            events.Received(
                session=session, item=code, category=row.category, place=PLACE_IN, retail=retail
            )
        ]
    if retail is None and row.kept_expiry is not None:
        made.append(events.ExpirySet(items=(code,), month=row.kept_expiry))
    return made


def _last_day(expiry: str | None) -> str | None:
    """A month stands for its last day (GS1 General Specifications, 3.4)."""
    if expiry is None or len(expiry) == 10:
        return expiry
    year, month = int(expiry[:4]), int(expiry[5:])
    return f"{expiry}-{calendar.monthrange(year, month)[1]:02d}"


def _prefix(connection: Connection, now_ms: int, draw: Callable[[int], int]) -> str:
    """A prefix that nobody ever had, and that is none of labels printed ahead."""
    issued = set(connection.scalars(select(db.prefix.c.prefix)))
    prefix = READY_MADE
    while prefix.startswith(READY_MADE) or prefix in issued:
        prefix = to_base32(draw(_PREFIXES), 4)
    connection.execute(insert(db.prefix).values(prefix=prefix, kiosk=None, issued_ms=now_ms))
    return prefix


def codes_of(connection: Connection, donation: str) -> list[tuple[str, str, str | None]]:
    """Code, category and label of everything that came in by a list, in the order of its rows."""
    item = db.item.c
    rows = connection.execute(
        select(item.code, item.category, item.label)
        .where(item.session == donation)
        .order_by(item.position, item.code)
    )
    return sorted(((row[0], row[1], row[2]) for row in rows), key=lambda one: one[0][5:10])


def label(connection: Connection, donation: str, by: By, now_ms: int) -> int:
    """Somebody says that the labels are on; how many.

    Raises:
        DonationError: it is unknown or has not come in.
    """
    found = _required(connection, donation)
    if found.is_draft:
        raise DonationError("not-received")
    bare = [code for code, _, attached in codes_of(connection, donation) if attached is None]
    if bare:
        drafts = [
            Draft(events.LabelAttached(item=code, how="printed"), found.stop) for code in bare
        ]
        recording.record(connection, drafts, Actor(by.account), now_ms=now_ms)
    connection.execute(
        update(db.donation).where(db.donation.c.id == donation).values(labelled_ms=now_ms)
    )
    return len(bare)


def take_back(connection: Connection, donation: str, by: By, now_ms: int) -> int:
    """Undo a list that came in, as long as all of it is still there; how many things.

    Raises:
        DonationError: it is unknown, has not come in, something of it has left its stop or is in a
            box, or something is in a box of it.
    """
    found = _required(connection, donation)
    if found.is_draft:
        raise DonationError("not-received")
    item = db.item.c
    rows = connection.execute(
        select(item.code, item.status, item.stop, item.box).where(item.session == donation)
    ).all()
    gone = any(
        row.status not in HERE or row.stop != found.stop or row.box is not None for row in rows
    )
    own = select(item.code).where(item.session == donation)
    if gone or connection.execute(select(1).where(item.box.in_(own)).limit(1)).first() is not None:
        raise DonationError("moved")
    named = _event_ids(connection, [row.code for row in rows])
    drafts = [
        Draft(
            events.Voided(
                events=tuple(name for name, _ in part),
                items=tuple(dict.fromkeys(code for _, code in part)),
            ),
            found.stop,
        )
        for part in _parts(named)
    ]
    recording.record(connection, drafts, Actor(by.account), now_ms=now_ms)
    connection.execute(
        update(db.donation).where(db.donation.c.id == donation).values(taken_back_ms=now_ms)
    )
    kiosk_commands.cancel_all(connection, kiosk_commands.DONATION + donation, by, now_ms)
    audit.note(connection, by, "donation.taken-back", donation, {}, now_ms, stop=found.stop)
    return len(rows)


_CAME_IN: Final = ("received", "box.received", "expiry.set")


def _event_ids(connection: Connection, codes: Sequence[str]) -> list[tuple[str, str]]:
    """The events of this list about these codes, each with its code."""
    found = []
    event = db.event.c
    for first in range(0, len(codes), 400):
        rows = connection.execute(
            select(db.touch.c.subject, event.kiosk, event.epoch, event.seq, event.hash)
            .select_from(db.touch.join(db.event, event.id == db.touch.c.event_id))
            .where(
                db.touch.c.subject.in_(codes[first : first + 400]),
                or_(
                    and_(event.kiosk == recording.KIOSK, event.type.in_(_CAME_IN)),
                    event.type == "label.attached",  # also by the kiosk that printed it
                ),
            )
            .order_by(event.id)
        )
        found += [(events.event_id(*row[1:]), row[0]) for row in rows]
    return found


def _parts(named: Sequence[tuple[str, str]]) -> list[Sequence[tuple[str, str]]]:
    return [
        named[first : first + MAX_IDS_PER_VOID] for first in range(0, len(named), MAX_IDS_PER_VOID)
    ]
