"""Labels printed ahead: a run has a prefix that no other ever had, and its codes are its serials.

Printing a run again gives the same codes, so that a sheet that the printer ate can be replaced; the
page says so. Whichever kiosk scans a label first binds it; a spoilt one is voided here and is never
expected any more.
"""

from collections.abc import Iterable
from typing import Final

from msgspec import Struct
from sqlalchemy import Connection, func, insert, select

from contract import codes, events
from contract.codes import Kind, serial_code
from hub import db
from hub.access import audit
from hub.access.audit import By
from hub.log import recording
from hub.log.recording import Actor, Draft
from hub.printing import ready_made

SHEET: Final = 24
"""Labels on an A4 sheet."""
MOST: Final = 50 * SHEET


class LabelError(ValueError):
    """It cannot be; ``why`` is a machine word: too-many, unknown, bound, voided."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


class Run(Struct, frozen=True):
    """A run of ``n`` labels; ``bound`` of them are on something, ``voided`` were spoilt.
    ``sheets_ms``: when they were first taken away as sheets."""

    prefix: str
    kind: str
    n: int
    stop: str
    account: str
    made_ms: int
    sheets_ms: int | None = None
    bound: int = 0
    voided: int = 0

    @property
    def left(self) -> int:
        """Labels that may still be out there, blank."""
        return self.n - self.bound - self.voided

    @property
    def codes(self) -> list[str]:
        """The codes, in the order of the sheet."""
        return [serial_code(Kind(self.kind), self.prefix, serial) for serial in range(self.n)]


def make(connection: Connection, kind: Kind, n: int, stop: str, by: By, now_ms: int) -> Run:
    """A new run.

    Raises:
        LabelError: too many.
        hub.printing.ready_made.NoLabelPrefixError: no prefix is left.
    """
    if not 0 < n <= MOST:
        raise LabelError("too-many")
    prefix = ready_made.draw_prefix(connection, now_ms)
    connection.execute(
        insert(db.label_run).values(
            prefix=prefix, kind=kind.value, n=n, stop=stop, account=by.account, made_ms=now_ms
        )
    )
    detail = {"rows": n}
    audit.note(connection, by, "labels.prefix", prefix, detail, now_ms, stop=stop)
    return Run(prefix, kind.value, n, stop, by.account, now_ms)


def runs(connection: Connection, prefix: str | None = None) -> list[Run]:
    """Every run, the newest first, with what became of its labels."""
    table = db.label_run.c
    query = select(
        table.prefix,
        table.kind,
        table.n,
        table.stop,
        table.account,
        table.made_ms,
        table.sheets_ms,
    ).order_by(table.made_ms.desc(), table.prefix)
    if prefix is not None:
        query = query.where(table.prefix == prefix)
    return [
        Run(*row, bound=_bound(connection, row[1] + row[0]), voided=len(voided(connection, row[0])))
        for row in connection.execute(query)
    ]


def _bound(connection: Connection, begins: str) -> int:
    item = db.item.c
    found = connection.execute(
        select(func.count()).where(
            item.code >= begins, item.code < begins + "~", item.category.is_not(None)
        )
    ).scalar_one()
    return int(found)


def bound(connection: Connection, run: Run) -> set[str]:
    """The codes of a run that are on something."""
    item, begins = db.item.c, run.kind + run.prefix
    rows = connection.scalars(
        select(item.code).where(
            item.code >= begins, item.code < begins + "~", item.category.is_not(None)
        )
    )
    return set(rows)


def voided(connection: Connection, prefix: str) -> set[str]:
    """The codes of a run that were spoilt."""
    subject, event = db.touch.c.subject, db.event.c
    # What each event is, asked by its id: of a join SQLite would read all that the hub ever said.
    recorded = (
        select(event.type)
        .where(event.id == db.touch.c.event_id, event.kiosk == recording.KIOSK)
        .scalar_subquery()
    )
    found: set[str] = set()
    for kind in (Kind.ITEM, Kind.BOX):
        begins = kind.value + prefix
        found.update(
            connection.scalars(
                select(subject).where(
                    subject >= begins, subject < begins + "~", recorded == "label.voided"
                )
            )
        )
    return found


def blank(connection: Connection, text: str) -> tuple[str, Run]:
    """The code of a label that may still be given up, and its run.

    Raises:
        LabelError: it is none of a run, is on something, or was voided before.
    """
    try:
        parsed = codes.parse(codes.normalise(text))
    except codes.CodeError:
        raise LabelError("unknown") from None
    found = runs(connection, parsed.text[1:5])
    if not found or parsed.text not in found[0].codes:
        raise LabelError("unknown")
    item = db.item.c
    taken = connection.execute(
        select(item.code).where(item.code == parsed.text, item.category.is_not(None))
    ).first()
    if taken is not None:
        raise LabelError("bound")
    if parsed.text in voided(connection, found[0].prefix):
        raise LabelError("voided")
    return parsed.text, found[0]


def void(connection: Connection, text: str, by: By, now_ms: int) -> str:
    """A label was spoilt or lost; its code.

    Raises:
        LabelError: as `blank`.
    """
    code, run = blank(connection, text)
    body = events.LabelVoided(item=code)
    recording.record(connection, [Draft(body, run.stop)], Actor(by.account), now_ms=now_ms)
    return code


def void_all(connection: Connection, prefix: str, text: Iterable[str], by: By, now_ms: int) -> int:
    """Gives up these labels of a run, but for those that are on something or were given up; how
    many."""
    found = runs(connection, prefix)
    if not found:
        return 0
    kept = bound(connection, found[0]) | voided(connection, prefix)
    lost = sorted((set(text) & set(found[0].codes)) - kept)
    drafts = [Draft(events.LabelVoided(item=code), found[0].stop) for code in lost]
    if drafts:
        recording.record(connection, drafts, Actor(by.account), now_ms=now_ms)
    return len(drafts)
