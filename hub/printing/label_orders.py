"""Labels that are printed at a kiosk: blank ones of a run, and those of a list of donations.

One code is on one label. A run's code goes to a kiosk or onto a sheet, never to both, and to a
kiosk once. A label of which nobody knows whether it is out is void when it was a blank one; of
goods a copy may be printed, which says that it is one.
"""

from typing import Final

from sqlalchemy import Connection, select, update

from contract.codes import Kind
from contract.messages import MAX_LABELS, LabelOrder
from hub import db
from hub.access.audit import By
from hub.kiosks import kiosk_commands
from hub.kiosks.kiosk_commands import DONATION, RUN, CommandError
from hub.printing import label_runs
from hub.printing.label_runs import Run
from hub.statuses import HERE
from hub.stock.donations import Donation

MOST: Final = MAX_LABELS
"""Labels of one order."""


# --- blank labels ---------------------------------------------------------------------------------


def blanks(connection: Connection, run: Run) -> list[str]:
    """The codes of a run that are on no paper: all of them as long as none was printed."""
    used = _used(connection, RUN + run.prefix)
    used |= label_runs.voided(connection, run.prefix) | label_runs.bound(connection, run)
    return [code for code in run.codes if code not in used]


def for_sheets(connection: Connection, run: Run) -> list[str]:
    """The codes of a run that its sheets hold: all but those that a kiosk printed. Printing them
    again gives the same ones."""
    used = _used(connection, RUN + run.prefix)
    return [code for code in run.codes if code not in used]


def on_sheets(connection: Connection, run: Run, now_ms: int) -> None:
    """Somebody takes the sheets away: no kiosk prints these codes from now on."""
    connection.execute(
        update(db.label_run)
        .where(db.label_run.c.prefix == run.prefix, db.label_run.c.sheets_ms.is_(None))
        .values(sheets_ms=now_ms)
    )


def print_blanks(
    connection: Connection,
    run: Run,
    kiosk: str,
    n: int,
    by: By,
    now_ms: int,
    key: str | None = None,
) -> str:
    """Print the next ``n`` labels of a run at a kiosk; the command's id.

    Raises:
        CommandError: on-sheets, too-many: it has no more of them; and those of `print_labels`.
    """
    if run.sheets_ms is not None:
        raise CommandError("on-sheets")
    left = blanks(connection, run)
    if n > min(len(left), MOST):
        raise CommandError("too-many")
    labels = [LabelOrder(code) for code in left[: max(0, n)]]
    return kiosk_commands.print_labels(
        connection, kiosk, labels, RUN + run.prefix, by, now_ms, key=key
    )


def print_roll(
    connection: Connection,
    kind: Kind,
    n: int,
    stop: str,
    kiosk: str,
    by: By,
    now_ms: int,
    key: str | None = None,
) -> tuple[str, str]:
    """A new run, printed at a kiosk at once: its prefix, and the command's id.

    Raises:
        hub.printing.label_runs.LabelError: too many.
        hub.printing.ready_made.NoLabelPrefixError: no prefix is left.
        CommandError: as in `print_labels`.
    """
    before = kiosk_commands.keyed(connection, by, key)
    if before is not None:
        return before.about.removeprefix(RUN), before.id
    run = label_runs.make(connection, kind, n, stop, by, now_ms)
    return run.prefix, print_blanks(connection, run, kiosk, n, by, now_ms, key)


# --- labels of goods ------------------------------------------------------------------------------


def goods(connection: Connection, donation: Donation) -> list[LabelOrder]:
    """What came in by a list and has no label yet, nor one on its way."""
    used = _used(connection, DONATION + donation.id)
    return [one for one in _bare(connection, donation) if one.code not in used]


def in_doubt(connection: Connection, donation: Donation) -> list[LabelOrder]:
    """Things of a list of whose label nobody knows whether it came out; as copies. Not those of
    which a copy was ordered."""
    orders = kiosk_commands.about(connection, DONATION + donation.id)
    doubtful = {code for one in orders for code in one.told.doubtful}
    used = {one.code for order in orders for one in _copies(order)}
    return [
        LabelOrder(one.code, one.category, one.quantity, copy=True)
        for one in _bare(connection, donation)
        if one.code in doubtful - used
    ]


def _copies(order: kiosk_commands.Order) -> list[LabelOrder]:
    """The copies of an order that are out or will be."""
    used = set(order.used)
    return [one for one in order.message.labels if one.copy and one.code in used]


def _bare(connection: Connection, donation: Donation) -> list[LabelOrder]:
    """In the order of the list's rows."""
    item = db.item.c
    rows = connection.execute(
        select(item.code, item.category, item.quantity)
        .where(
            item.session == donation.id,
            item.label.is_(None),
            item.status.in_(HERE),
            item.category.is_not(None),
        )
        .order_by(item.code)
    )
    found = [LabelOrder(row.code, row.category, row.quantity) for row in rows]
    return sorted(found, key=lambda one: one.code[5:10])


def print_goods(
    connection: Connection,
    donation: Donation,
    kiosk: str,
    n: int | None,
    by: By,
    now_ms: int,
    key: str | None = None,
    *,
    copies: bool = False,
) -> str:
    """Print the next ``n`` labels of a list at a kiosk (None: as many as there are), or copies of
    those in doubt; the command's id.

    Raises:
        CommandError: not-received, taken-back, too-many; and those of `print_labels`.
    """
    before = kiosk_commands.keyed(connection, by, key)
    if before is not None:
        return before.id
    if donation.is_draft:
        raise CommandError("not-received")
    if donation.taken_back_ms is not None:
        raise CommandError("taken-back")
    left = in_doubt(connection, donation) if copies else goods(connection, donation)
    if n is not None and n > min(len(left), MOST):
        raise CommandError("too-many")
    labels = left[: MOST if n is None else max(0, n)]
    return kiosk_commands.print_labels(
        connection, kiosk, labels, DONATION + donation.id, by, now_ms, key=key
    )


def _used(connection: Connection, about: str) -> set[str]:
    orders = kiosk_commands.about(connection, about)
    return {code for one in orders for code in one.used}


# --- what follows from an answer ------------------------------------------------------------------


def unsettled(connection: Connection) -> list[str]:
    """Commands of which a kiosk said something that was not followed up yet."""
    table = db.command.c
    return list(connection.scalars(select(table.id).where(table.settled.is_(False))))


def settle(connection: Connection, now_ms: int) -> int:
    """Voids blank labels of which nobody knows whether they are out; how many."""
    count = 0
    for command in unsettled(connection):
        order = kiosk_commands.one(connection, command)
        if order is not None and order.about.startswith(RUN):
            prefix = order.about.removeprefix(RUN)
            by = By(order.account)
            count += label_runs.void_all(connection, prefix, order.told.doubtful, by, now_ms)
        connection.execute(
            update(db.command).where(db.command.c.id == command).values(settled=True)
        )
    return count
