"""Commands to kiosks as rows: what was asked, and what the kiosk has said of it so far.

What a kiosk says is folded by `told`, which only goes forward: an answer that is older than another
one, and whatever comes after a final one, changes nothing.
"""

from collections.abc import Sequence
from typing import Any, Final

import msgspec
from msgspec import Struct
from sqlalchemy import Connection, select

from contract.messages import FINAL_STATES, PRINT_LABELS, Check, Command, CommandState, Reply
from hub import db

RUN: Final = "labels:"
DONATION: Final = "donation:"
"""What commands are for: this, and the prefix of a run of labels or the id of a list."""
WAITING: Final = "waiting"
"""Not answered yet."""


class Told(Struct, frozen=True):
    """What a kiosk said of a command, put together from all that it said."""

    state: str = WAITING
    detail: str = ""
    printed: int = 0
    doubtful: tuple[str, ...] = ()
    checks: tuple[Check, ...] = ()

    @property
    def is_final(self) -> bool:
        """Whether nothing more will become of it."""
        return self.state in FINAL_STATES

    @property
    def begun(self) -> int:
        """Labels that are out, or may be: the first ones of the command."""
        return self.printed + len(self.doubtful)


class Order(Struct, frozen=True):
    """A command to a kiosk; times are Unix milliseconds by the hub's clock."""

    id: str
    kiosk: str
    name: str
    about: str
    account: str
    made_ms: int
    expires_ms: int
    cancel_ms: int | None
    answered_ms: int | None
    message: Command
    told: Told

    @property
    def total(self) -> int:
        """How many labels."""
        return len(self.message.labels)

    @property
    def used(self) -> tuple[str, ...]:
        """The codes that are out, or may be, or will be."""
        codes = tuple(label.code for label in self.message.labels)
        return codes[: self.told.begun] if self.told.is_final else codes

    def is_late(self, now_ms: int) -> bool:
        """Whether its time is over, and nobody knows yet what became of it."""
        return not self.told.is_final and self.expires_ms <= now_ms


# --- what a reply means (pure) --------------------------------------------------------------------


def told(before: Told, reply: Reply, codes: Sequence[str]) -> Told:
    """What is known of a command with these ``codes`` after one more reply."""
    if before.is_final:
        return before
    state = reply.state or (CommandState.ACCEPTED if reply.ok else CommandState.UNKNOWN)
    if state not in frozenset(CommandState):
        state = CommandState.PRINTING if reply.ok else CommandState.REFUSED
    doubtful = tuple(code for code in reply.doubtful if code in codes)
    printed = min(reply.printed, len(codes))
    if printed + len(doubtful) < before.begun:
        printed, doubtful = before.printed, before.doubtful
        if state not in FINAL_STATES:
            return before  # an older answer that came late
    if state == CommandState.FAILED and reply.detail == "forgotten":
        doubtful = (*doubtful, *codes[printed + len(doubtful) :])
    return Told(state, reply.detail, printed, doubtful, reply.checks or before.checks)


# --- reading --------------------------------------------------------------------------------------

COLUMNS: Final = (
    db.command.c.id,
    db.command.c.kiosk,
    db.command.c.name,
    db.command.c.about,
    db.command.c.account,
    db.command.c.made_ms,
    db.command.c.expires_ms,
    db.command.c.cancel_ms,
    db.command.c.answered_ms,
    db.command.c.payload,
    db.command.c.state,
    db.command.c.detail,
    db.command.c.printed,
    db.command.c.doubtful,
    db.command.c.checks,
)
_message: Final = msgspec.json.Decoder(Command)
_checks: Final = msgspec.json.Decoder(tuple[Check, ...])
_codes: Final = msgspec.json.Decoder(tuple[str, ...])


def order_of(row: Any) -> Order:
    said = Told(
        row.state,
        row.detail,
        row.printed,
        _codes.decode(row.doubtful),
        _checks.decode(row.checks),
    )
    return Order(
        id=row.id,
        kiosk=row.kiosk,
        name=row.name,
        about=row.about,
        account=row.account,
        made_ms=row.made_ms,
        expires_ms=row.expires_ms,
        cancel_ms=row.cancel_ms,
        answered_ms=row.answered_ms,
        message=_message.decode(row.payload),
        told=said,
    )


def one(connection: Connection, command: str) -> Order | None:
    """The command with this id."""
    row = connection.execute(select(*COLUMNS).where(db.command.c.id == command)).first()
    return None if row is None else order_of(row)


def of_kiosk(connection: Connection, kiosk: str, limit: int = 20) -> list[Order]:
    """A kiosk's commands, the newest first."""
    query = select(*COLUMNS).where(db.command.c.kiosk == kiosk)
    rows = connection.execute(query.order_by(*_NEWEST).limit(limit))
    return [order_of(row) for row in rows]


def about(connection: Connection, what: str) -> list[Order]:
    """What was printed for this, the newest first."""
    rows = connection.execute(
        select(*COLUMNS)
        .where(db.command.c.about == what, db.command.c.name == PRINT_LABELS)
        .order_by(*_NEWEST)
    )
    return [order_of(row) for row in rows]


_NEWEST: Final = (db.command.c.made_ms.desc(), db.command.c.id)
