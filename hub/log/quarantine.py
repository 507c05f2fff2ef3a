"""Quarantined events: understood later, or mended by a person; then folded at their own place.

Run these through `hub.log.writer.Writer.call`: the projector follows.
"""

from typing import Final

from sqlalchemy import Connection

from contract.events import EventError, decode
from hub.log import positions
from hub.log.event_log import mend_row, settle_quarantine

CHUNK: Final = 1000


class RepairError(ValueError):
    """A repair that cannot be taken; the text is for people, zh / en."""


def repair(connection: Connection, row: int, line: bytes, now_ms: int) -> None:
    """Fold ``line`` for the quarantined event with this ``event.id``; its raw bytes stay.

    Raises:
        RepairError: no such quarantined event, a line that cannot be read, or one of another
            kiosk, epoch or seq.
    """
    found = connection.exec_driver_sql(
        "SELECT kiosk, epoch, seq, problem FROM event WHERE id = ?", (row,)
    ).first()
    if found is None or found[3] is None:
        raise RepairError(f"{row}: 没有这条隔离记录 / no such quarantined event")
    try:
        event = decode(line)
    except EventError as error:
        raise RepairError(f"修复的内容仍读不懂 / the repaired line: {error.reason}") from None
    public = event.public
    kiosk, epoch, seq, problem = found
    for name, given, due in (
        ("kiosk", public.kiosk, kiosk),
        ("epoch", public.epoch, epoch),
        ("seq", public.seq, seq),
    ):
        if given != due:
            raise RepairError(f"{name}: 应为 / must be {due}, 得到 / got {given}")
    mend_row(connection, row, event, positions.again(connection, row))
    settle_quarantine(connection, kiosk, epoch, problem, now_ms)


def retry(connection: Connection, now_ms: int) -> int:
    """Read every quarantined event again, as after an update; how many can be folded now."""
    mended = 0
    last = 0
    while True:
        rows = connection.exec_driver_sql(
            "SELECT id, kiosk, epoch, seq, hash, problem, coalesce(repaired, raw) FROM event"
            " WHERE problem IS NOT NULL AND id > ? ORDER BY id LIMIT ?",
            (last, CHUNK),
        ).fetchall()
        if not rows:
            return mended
        for row, kiosk, epoch, seq, _digest, problem, line in rows:
            last = row
            try:
                event = decode(line)
            except EventError:
                continue
            public = event.public
            if (public.kiosk, public.epoch, public.seq) != (kiosk, epoch, seq):
                continue
            mend_row(connection, row, event, positions.again(connection, row))
            settle_quarantine(connection, kiosk, epoch, problem, now_ms)
            mended += 1
