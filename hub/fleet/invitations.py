"""Invitations to become a kiosk of this hub: made and taken back by people, read by pages.

An invitation is for one stop and one device, for a day unless said otherwise. Its code is told
once, to whoever makes it; the hub keeps the digest alone. What a kiosk does with it is
`hub.fleet.enrolment`.
"""

import enum
import secrets
from typing import Any, Final

import sqlalchemy as sa
from msgspec import Struct
from sqlalchemy import Connection

from contract import enrolling
from hub import db
from hub.access import audit
from hub.access.audit import By
from hub.access.scope import Stops, within
from hub.fleet import lifecycle
from hub.fleet.lifecycle import LifecycleError
from hub.kiosks import broker_accounts

HOUR_MS: Final = 3_600_000
DEFAULT_HOURS: Final = 24
MAX_HOURS: Final = 14 * 24
"""A code that lies about for longer than two weeks is one that nobody remembers."""
CONFIRM_MS: Final = 24 * HOUR_MS
"""How long somebody has for typing the digits once the kiosk has printed them."""

BY_PERSON: Final = "person"
BY_DIGITS: Final = "digits"
"""Why an invitation was cancelled: somebody took it back, or typed wrong digits three times."""

_T: Final = db.enrolment.c


class InvitationRefusedError(ValueError):
    """What cannot be done with an invitation; ``why`` is a machine word: ``unknown-stop``,
    ``unknown-kiosk``, ``other-stop``, ``ended`` (the kiosk to be replaced), ``bad-hours``,
    ``unknown``, ``over``, ``not-yet`` (no kiosk has come)."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why: Final = why


TOLD: Final = {
    "unknown-stop": "没有这个站点 / there is no such stop",
    "unknown-kiosk": "没有这台终端 / there is no such kiosk",
    "other-stop": "那台终端在另一个站点 / that kiosk stands at another stop",
    "ended": "已有另一台终端代替了它 / another kiosk has taken its place already",
    "bad-hours": f"小时应为 1 到 {MAX_HOURS} / from 1 to {MAX_HOURS} hours",
    "unknown": "没有这份邀请 / there is no such invitation",
    "over": "这份邀请已经结束 / this invitation is over already",
    "not-yet": "还没有终端用它接入 / no kiosk has come with it yet",
}
"""Each of them for people at the command line."""


class State(enum.StrEnum):
    """Where an invitation stands."""

    WAITING = "waiting"  # for a kiosk
    ENROLLED = "enrolled"  # waits for the digits
    CONFIRMED = "confirmed"
    EXPIRED = "expired"
    CANCELLED = "cancelled"

    @property
    def is_open(self) -> bool:
        """Whether something can still come of it."""
        return self in (State.WAITING, State.ENROLLED)


class Invited(Struct, frozen=True):
    """An invitation. Times are Unix milliseconds by the hub's clock; ``kiosk`` is "" until one has
    come, ``until_ms`` when it is over unless something happens. ``tries`` are wrong ones."""

    id: str
    stop: str
    replaces: str
    account: str
    made_ms: int
    until_ms: int
    state: State
    cancelled_ms: int | None
    cancelled_why: str
    kiosk: str
    enrolled_ms: int | None
    confirmed_ms: int | None
    tries: int
    software: str
    serial: str


class Made(Struct, frozen=True):
    """A new invitation with its code, which nobody can ask for again."""

    id: str
    code: str


# --- making and taking back -----------------------------------------------------------------------


def make(
    connection: Connection,
    stop: str,
    by: By,
    now_ms: int,
    *,
    replaces: str = "",
    hours: int = DEFAULT_HOURS,
) -> Made:
    """A new invitation; the caller commits.

    Raises:
        InvitationRefusedError: see there.
    """
    if not 1 <= hours <= MAX_HOURS:
        raise InvitationRefusedError("bad-hours")
    if connection.scalar(sa.select(db.stop.c.id).where(db.stop.c.id == stop)) is None:
        raise InvitationRefusedError("unknown-stop")
    if replaces:
        _require_replaceable(connection, replaces, stop)
    sweep(connection, now_ms)
    made = Made(secrets.token_hex(8), enrolling.new_code(secrets.token_bytes(enrolling.CODE_BYTES)))
    connection.execute(
        sa.insert(db.enrolment).values(
            id=made.id,
            code_hash=enrolling.code_hash(made.code),
            stop=stop,
            replaces=replaces or None,
            account=by.account,
            made_ms=now_ms,
            expires_ms=now_ms + hours * HOUR_MS,
        )
    )
    detail = {"hours": hours, "replaces": replaces}
    audit.note(connection, by, "enrolment.invited", made.id, detail, now_ms, stop=stop)
    return made


def _require_replaceable(connection: Connection, kiosk: str, stop: str) -> None:
    there = connection.scalar(sa.select(db.kiosk.c.stop).where(db.kiosk.c.id == kiosk))
    if there is None:
        raise InvitationRefusedError("unknown-kiosk")
    if there != stop:
        raise InvitationRefusedError("other-stop")
    end = lifecycle.ended(connection, kiosk)
    if end is not None and end.replaced_by:
        raise InvitationRefusedError("ended")


def cancel(connection: Connection, invitation: str, by: By, now_ms: int) -> None:
    """Take an open invitation back; a kiosk that has come already has no future. The caller
    commits.

    Raises:
        InvitationRefusedError: ``unknown`` or ``over``.
    """
    found = one(connection, invitation, now_ms)
    if found is None:
        raise InvitationRefusedError("unknown")
    if not found.state.is_open:
        raise InvitationRefusedError("over")
    end(connection, found, BY_PERSON, by, now_ms)


def end(connection: Connection, found: Invited, why: str, by: By, now_ms: int) -> None:
    """Cancel it, with the kiosk that came by it."""
    connection.execute(
        sa.update(db.enrolment)
        .where(_T.id == found.id)
        .values(cancelled_ms=now_ms, cancelled_why=why)
    )
    audit.note(
        connection, by, "enrolment.cancelled", found.id, {"why": why}, now_ms, stop=found.stop
    )
    if found.kiosk:
        _give_up(connection, found.kiosk, by, now_ms)


def _give_up(connection: Connection, kiosk: str, by: By, now_ms: int) -> None:
    broker_accounts.forbid(connection, kiosk, now_ms)
    try:
        lifecycle.retire(connection, kiosk, "not-needed", by, now_ms, anyway=True)
    except LifecycleError as error:
        if error.why not in ("retired", "revoked"):  # somebody ended it by hand already
            raise


def sweep(connection: Connection, now_ms: int) -> None:
    """Kiosks that came and were never confirmed are none: their time is over."""
    rows = connection.execute(
        sa.select(_T.kiosk)
        .join_from(db.enrolment, db.kiosk, db.kiosk.c.id == _T.kiosk)
        .where(
            _T.confirmed_ms.is_(None),
            _T.cancelled_ms.is_(None),
            _T.enrolled_ms < now_ms - CONFIRM_MS,
            db.kiosk.c.retired_ms.is_(None),
            db.kiosk.c.revoked_ms.is_(None),
        )
    ).all()
    for row in rows:
        _give_up(connection, row.kiosk, audit.KIOSK, now_ms)


# --- reading --------------------------------------------------------------------------------------


def one(connection: Connection, invitation: str, now_ms: int) -> Invited | None:
    """The invitation with this id."""
    row = connection.execute(sa.select(db.enrolment).where(_T.id == invitation)).first()
    return None if row is None else read(row, now_ms)


def every(
    connection: Connection, now_ms: int, stops: Stops = None, *, limit: int = 500
) -> list[Invited]:
    """The invitations of ``stops``, the newest first."""
    rows = connection.execute(
        sa.select(db.enrolment)
        .where(within(_T.stop, stops))
        .order_by(_T.made_ms.desc(), _T.id)
        .limit(limit)
    )
    return [read(row, now_ms) for row in rows]


def of_kiosk(connection: Connection, kiosk: str, now_ms: int) -> Invited | None:
    """The open invitation of a device that is to take this kiosk's place."""
    rows = connection.execute(
        sa.select(db.enrolment).where(_T.replaces == kiosk).order_by(_T.made_ms.desc())
    )
    found = (read(row, now_ms) for row in rows)
    return next((invited for invited in found if invited.state.is_open), None)


def read(row: Any, now_ms: int) -> Invited:
    """A row of the table, as it stands at ``now_ms``."""
    enrolled = row.enrolled_ms
    until = row.expires_ms if enrolled is None else enrolled + CONFIRM_MS
    return Invited(
        id=row.id,
        stop=row.stop,
        replaces=row.replaces or "",
        account=row.account,
        made_ms=row.made_ms,
        until_ms=until,
        state=_state(row, until, now_ms),
        cancelled_ms=row.cancelled_ms,
        cancelled_why=row.cancelled_why or "",
        kiosk=row.kiosk or "",
        enrolled_ms=enrolled,
        confirmed_ms=row.confirmed_ms,
        tries=row.tries,
        software=row.software,
        serial=row.serial,
    )


def _state(row: Any, until: int, now_ms: int) -> State:
    if row.confirmed_ms is not None:
        return State.CONFIRMED
    if row.cancelled_ms is not None:
        return State.CANCELLED
    if until <= now_ms:
        return State.EXPIRED
    return State.WAITING if row.enrolled_ms is None else State.ENROLLED


class Progress(Struct, frozen=True):
    """What was heard of a kiosk since it was confirmed: its first connection, its first scan."""

    connected: bool = False
    scanned: bool = False


SCANNED: Final = ("received", "box.received", "batch.received", "item.picked", "item.seen")
"""Types of events of which one says that a scan was accepted (`contract.bodies`)."""


def progress(connection: Connection, kiosk: str) -> Progress:
    """How far a confirmed kiosk is."""
    state, event = db.kiosk_state.c, db.event.c
    heard = connection.execute(
        sa.select(state.hello_ms, state.status_ms).where(state.kiosk == kiosk)
    ).first()
    connected = heard is not None and (heard.hello_ms or heard.status_ms) is not None
    scan = (
        sa.select(event.id)
        .where(event.kiosk == kiosk, event.problem.is_(None), event.type.in_(SCANNED))
        .limit(1)
    )
    scanned = connection.scalar(scan) is not None
    return Progress(connected=connected or scanned, scanned=scanned)
