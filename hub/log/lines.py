"""The lines of a batch as the event log stores them.

Where a line's frame is unreadable its hash is learnt from its neighbours: the batch's header knows
the last line's, the next line names its predecessor's. With neither it is the SHA-256 of the bytes.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence

from msgspec import Struct

from contract.batches import Batch
from contract.events import Event, EventError, decode


class Line(Struct, frozen=True):
    """A line of a batch as it will be stored; ``event`` is None when it is quarantined."""

    seq: int
    hash: str
    prev: str | None
    raw: bytes
    problem: str | None
    event: Event | None


class Row(Struct, frozen=True):
    """A line that is already stored, as far as its neighbours need to know it."""

    hash: str
    prev: str | None
    problem: str | None
    id: int = 0


def read_lines(kiosk: str, batch: Batch) -> list[Line]:
    """The lines of a batch from ``kiosk``, each with its place; what is wrong has a problem."""
    header = batch.header
    lines: list[Line] = []
    after: str | None = header.hash  # the hash of the line before, as the line after it says
    for seq in range(header.first + header.count - 1, header.first - 1, -1):
        raw = batch.lines[seq - header.first]
        try:
            event = decode(raw)
        except EventError as error:
            digest = error.hash or after or hashlib.sha256(raw).hexdigest()
            lines.append(Line(seq, digest, error.prev, raw, error.reason, None))
            after = error.prev
            continue
        public = event.public
        problem = None
        if public.kiosk != kiosk:
            problem = "wrong-kiosk"
        elif public.epoch != header.epoch or public.seq != seq:
            problem = "wrong-place"
        lines.append(
            Line(seq, event.hash, event.prev, raw, problem, event if problem is None else None)
        )
        after = event.prev
    lines.reverse()
    return lines


def held(line: Line, window: Mapping[int, list[Row]]) -> bool:
    """Whether ``line`` is among the rows, which are given by seq."""
    return any(row.hash == line.hash for row in window.get(line.seq, ()))


def preferred(rows: Sequence[Row], after: Iterable[Row]) -> str:
    """Of rows at one seq: one that the next seq continues, then a good one, then the least hash."""
    if len(rows) == 1:
        return rows[0].hash
    continued = {row.prev for row in after}
    best = min(rows, key=lambda row: (row.hash not in continued, row.problem is not None, row.hash))
    return best.hash
