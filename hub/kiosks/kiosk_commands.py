"""What kiosks are told to do, and what they answer.

Rules
-----
* A command is a row before it is a message. It is sent when it is made and again after each welcome
  of its kiosk, until that kiosk has said what became of it for good: no broker is asked to keep it.
  A kiosk carries an id out once, so sending is only asking.
* What a kiosk says is believed as far as it goes on: an answer that is older than another one, and
  whatever comes after a final one, changes nothing.
* Ending a command is a command, and the kiosk's word tells how much was printed by then. It is sent
  before the one that it ends.
* Nobody knows of a ``doubtful`` label whether it is out. A kiosk that has lost its memory leaves
  all those in doubt that it had not told of.
"""

import hashlib
import secrets
from collections.abc import Sequence
from typing import Final

import msgspec
from sqlalchemy import Connection, insert, select, update

from contract import messages, topics
from contract.messages import (
    CANCEL,
    FINAL_STATES,
    MAX_LABELS,
    PRINT_LABELS,
    Command,
    CommandState,
    LabelOrder,
    Reply,
)
from hub import db
from hub.access import audit
from hub.access.audit import By
from hub.kiosks import command_files
from hub.kiosks.command_files import FILES
from hub.kiosks.command_rows import COLUMNS, order_of, told
from hub.kiosks.command_rows import DONATION as DONATION
from hub.kiosks.command_rows import RUN as RUN
from hub.kiosks.command_rows import WAITING as WAITING
from hub.kiosks.command_rows import Order as Order
from hub.kiosks.command_rows import about as about
from hub.kiosks.command_rows import of_kiosk as of_kiosk
from hub.kiosks.command_rows import one as one
from hub.kiosks.outgoing import Send

DAY_MS: Final = 24 * 3600 * 1000
PRINT_MS: Final = DAY_MS
"""How long a kiosk has for printing."""
ASKED_MS: Final = 30 * DAY_MS
"""How long after that it is still asked what became of it; it remembers longer."""


class CommandError(ValueError):
    """It cannot be; ``why`` is a machine word: unknown-kiosk, no-labels, too-many, unknown, over,
    and those of `hub.printing.label_orders`."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


# --- making ---------------------------------------------------------------------------------------


def print_labels(
    connection: Connection,
    kiosk: str,
    labels: Sequence[LabelOrder],
    about: str,
    by: By,
    now_ms: int,
    *,
    key: str | None = None,
) -> str:
    """Have these printed; the command's id. The same ``key`` of the same account is the same
    command.

    Raises:
        CommandError: unknown-kiosk, no-labels, too-many.
    """
    if not labels:
        raise CommandError("no-labels")
    if len(labels) > MAX_LABELS:
        raise CommandError("too-many")
    message = Command(id_of(by, key), PRINT_LABELS, now_ms + PRINT_MS, tuple(labels))
    keep(connection, kiosk, message, about, by, now_ms)
    return message.id


def cancel(connection: Connection, command: str, by: By, now_ms: int) -> str:
    """End what is left of a command; the id of the command that does it.

    Raises:
        CommandError: unknown, or over.
    """
    found = one(connection, command)
    if found is None or found.name == CANCEL:
        raise CommandError("unknown")
    if found.told.is_final or found.cancel_ms is not None:
        raise CommandError("over")
    message = Command(id_of(by, None), CANCEL, max(found.expires_ms, now_ms + DAY_MS), of=command)
    keep(connection, found.kiosk, message, found.about, by, now_ms)
    connection.execute(
        update(db.command).where(db.command.c.id == command).values(cancel_ms=now_ms)
    )
    return message.id


def cancel_all(connection: Connection, what: str, by: By, now_ms: int) -> None:
    """End what is left of all that is printed for this."""
    for found in about(connection, what):
        if not found.told.is_final and found.cancel_ms is None:
            cancel(connection, found.id, by, now_ms)


def id_of(by: By, key: str | None) -> str:
    """A command's id: drawn, or of this account's ``key``, which makes it the same command."""
    if key is None:
        return secrets.token_hex(8)
    return hashlib.sha256(f"command\0{by.account}\0{key}".encode()).hexdigest()[:16]


def keep(
    connection: Connection, kiosk: str, message: Command, about: str, by: By, now_ms: int
) -> None:
    """It is to be sent: a row, and a note of who asked for it. The same id again is the same.

    Raises:
        CommandError: unknown-kiosk.
    """
    row = connection.execute(
        select(db.kiosk.c.stop).where(
            db.kiosk.c.id == kiosk,
            db.kiosk.c.retired_ms.is_(None),
            db.kiosk.c.revoked_ms.is_(None),
        )
    ).first()
    if row is None:
        raise CommandError("unknown-kiosk")
    if one(connection, message.id) is not None:
        return
    connection.execute(
        insert(db.command).values(
            id=message.id,
            kiosk=kiosk,
            name=message.name,
            about=about,
            payload=messages.encode(message).decode(),
            total=len(message.labels),
            account=by.account,
            made_ms=now_ms,
            expires_ms=message.expires,
            state=WAITING,
            detail="",
            printed=0,
            doubtful="[]",
            settled=True,
            checks="[]",
        )
    )
    detail = {"command": message.name, "for": about, "rows": len(message.labels)}
    audit.note(connection, by, "kiosk.command", kiosk, detail, now_ms, stop=row.stop)


def keyed(connection: Connection, by: By, key: str | None) -> Order | None:
    """What this account made with this key before."""
    return None if key is None else one(connection, id_of(by, key))


# --- sending and hearing --------------------------------------------------------------------------


def unsent(connection: Connection, now_ms: int) -> tuple[Send, ...]:
    """What was made and not sent yet; it counts as sent from now on."""
    rows = connection.execute(select(*COLUMNS).where(db.command.c.sent_ms.is_(None))).all()
    if not rows:
        return ()
    connection.execute(
        update(db.command)
        .where(db.command.c.id.in_([row.id for row in rows]))
        .values(sent_ms=now_ms)
    )
    return _sends([order_of(row) for row in rows])


def after_hello(connection: Connection, kiosk: str, now_ms: int) -> tuple[Send, ...]:
    """What this kiosk has not answered for good: it is sent again."""
    final = [state.value for state in FINAL_STATES]
    rows = connection.execute(
        select(*COLUMNS).where(
            db.command.c.kiosk == kiosk,
            db.command.c.state.not_in(final),
            db.command.c.expires_ms > now_ms - ASKED_MS,
        )
    )
    return _sends([order_of(row) for row in rows])


def _sends(orders: Sequence[Order]) -> tuple[Send, ...]:
    """In their order, but what ends others first."""
    in_order = sorted(orders, key=lambda one: (one.name != CANCEL, one.made_ms, one.id))
    return tuple(
        Send(
            topics.down(one.kiosk, topics.COMMAND),
            messages.encode(msgspec.structs.replace(one.message, known=one.told.state != WAITING)),
            qos=1,
        )
        for one in in_order
    )


def answered(connection: Connection, kiosk: str, reply: Reply, now_ms: int) -> None:
    """A kiosk said what became of a command. Of one that is not its own nothing follows."""
    found = one(connection, reply.id)
    if found is None or found.kiosk != kiosk:
        return
    after = told(found.told, reply, [label.code for label in found.message.labels])
    if found.name in FILES and not found.told.is_final:
        if reply.file is not None:
            command_files.keep(connection, found, reply.file, now_ms)
        if after.state == CommandState.DONE and not command_files.complete(connection, found.id):
            # A part was lost: asked again after the next hello, the kiosk sends all of them.
            after = msgspec.structs.replace(after, state=CommandState.RUNNING)
    values = {
        "state": after.state,
        "detail": after.detail,
        "printed": after.printed,
        "doubtful": msgspec.json.encode(after.doubtful).decode(),
        "checks": msgspec.json.encode(after.checks).decode(),
        "answered_ms": now_ms,
    }
    if after.doubtful != found.told.doubtful:
        values["settled"] = False
    connection.execute(update(db.command).where(db.command.c.id == reply.id).values(values))
