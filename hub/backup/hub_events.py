"""The hub's own events, copied to where the machine cannot take them along.

What kiosks send they keep until it is safe. What people do at the hub (`hub.log.recording`) is only
in its database, and a backup an hour old would lose an hour of it. So every few seconds the new
ones are written to a directory off the machine:

* A **segment** is a file of batches as on the wire (`contract.batches`: a header line, then an
  event a line), sealed like a backup (`hub.backup.sealing`). Its name tells what is in it:
  ``hub-EPOCH-FIRST-LAST.jsonl.gz.age``. It appears by a rename, synced, after it was read back and
  opened; a file with this name is whole.
* The directory is the only memory of how far the copy is. An empty disk in its place gets
  everything anew.
* Many small segments of an epoch become a large one, written from the database; then the small ones
  go. At every instant some file holds each event.
* Segments are never deleted for their age: whichever backup is restored, what the hub did after it
  is there. A year of a busy hub is a few megabytes.
"""

import io
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

import msgspec
import sqlalchemy as sa
from msgspec import Struct
from sqlalchemy import Connection

from contract import batches
from contract.batches import Batch, Header
from hub.backup import BackupError, sealing
from hub.backup.keys import Identity, Recipient
from hub.log.recording import KIOSK

SEGMENT: Final = 5_000
"""Most events in a segment."""

SMALL: Final = 1_000
"""Segments with fewer events may be put together."""

MANY: Final = 32
"""So many small segments of an epoch are put together."""

_NAME: Final = re.compile(r"hub-([0-9a-f]{16})-(\d{10})-(\d{10})\.jsonl\.gz\.age")
_header: Final = msgspec.json.Decoder(Header)


class Segment(Struct, frozen=True, order=True):
    """Events ``first`` to ``last`` of an epoch, both included."""

    epoch: str
    first: int
    last: int

    @property
    def name(self) -> str:
        """Its file."""
        return f"hub-{self.epoch}-{self.first:010d}-{self.last:010d}.jsonl{sealing.SUFFIX}"


def named(name: str) -> Segment | None:
    """The segment of this file name."""
    found = _NAME.fullmatch(name)
    return Segment(found[1], int(found[2]), int(found[3])) if found else None


def segments(directory: Path) -> list[Segment]:
    """What is in ``directory``, in order; nothing when it is not there."""
    if not directory.is_dir():
        return []
    found = (named(path.name) for path in directory.iterdir())
    return sorted(segment for segment in found if segment is not None)


def copied(present: Iterable[Segment]) -> dict[str, int]:
    """By epoch: through which seq there is a copy without a gap."""
    through: dict[str, int] = {}
    for segment in sorted(present):
        if segment.first <= through.get(segment.epoch, 0) + 1:
            through[segment.epoch] = max(through.get(segment.epoch, 0), segment.last)
    return through


def missing(streams: Mapping[str, int], done: Mapping[str, int]) -> list[Segment]:
    """The segments to be written: ``streams`` is how far the hub's epochs are."""
    found = []
    for epoch, through in sorted(streams.items()):
        first = done.get(epoch, 0) + 1
        while first <= through:
            last = min(first + SEGMENT - 1, through)
            found.append(Segment(epoch, first, last))
            first = last + 1
    return found


def merges(present: Iterable[Segment]) -> list[Segment]:
    """The larger segments that runs of small ones should become."""
    found = []
    run: list[Segment] = []
    for segment in [*sorted(present), None]:
        if segment is not None and _continues(run, segment):
            run.append(segment)
            continue
        if len(run) >= MANY:
            found.append(Segment(run[0].epoch, run[0].first, run[-1].last))
        run = [segment] if segment is not None and _is_small(segment) else []
    return found


def covered(present: Iterable[Segment]) -> list[Segment]:
    """Segments whose events are all in another one."""
    every = set(present)
    return sorted(
        one
        for one in every
        if any(other != one and other.epoch == one.epoch and _within(one, other) for other in every)
    )


def streams(connection: Connection) -> dict[str, int]:
    """How far each of the hub's own epochs is."""
    rows = connection.execute(
        sa.text("SELECT epoch, through FROM stream WHERE kiosk = :kiosk"), {"kiosk": KIOSK}
    )
    return {row[0]: row[1] for row in rows}


def write(connection: Connection, segment: Segment, directory: Path, key: Recipient) -> None:
    """Copy a segment from the database to ``directory``.

    Raises:
        BackupError: it could not be written, or not be read back.
        OSError: the directory cannot be made or read.
    """
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    plain = b"".join(_batches(connection, segment))
    sealing.seal(io.BytesIO(plain), directory / segment.name, key)


def clear(directory: Path) -> None:
    """Take away what a hub that was cut off left half written. Raises OSError."""
    for half in directory.glob("hub-*.partial"):
        half.unlink(missing_ok=True)


def drop(directory: Path, gone: Iterable[Segment]) -> None:
    """Raises OSError."""
    for segment in gone:
        (directory / segment.name).unlink(missing_ok=True)


def read(file: Path, identities: Sequence[Identity]) -> list[Batch]:
    """The batches in a segment.

    Raises:
        BackupError: it does not open, or is not what it should be.
        OSError: it cannot be read.
    """
    plain = io.BytesIO()
    sealing.unseal(file, identities, plain)
    lines = plain.getvalue().split(b"\n")[:-1]
    found = []
    try:
        while lines:
            header = _header.decode(lines[0])
            payload = b"\n".join(lines[: header.count + 1])
            found.append(batches.decode(payload, {}))
            lines = lines[header.count + 1 :]
    except (msgspec.MsgspecError, batches.BatchError) as error:
        raise BackupError(f"{file}: 内容读不懂 / its contents cannot be read: {error}") from None
    return found


def _batches(connection: Connection, segment: Segment) -> Iterator[bytes]:
    rows = connection.execute(
        sa.text(
            "SELECT seq, hash, raw FROM event WHERE kiosk = :kiosk AND epoch = :epoch"
            " AND seq BETWEEN :first AND :last ORDER BY seq, id"
        ),
        {
            "kiosk": KIOSK,
            "epoch": segment.epoch,
            "first": segment.first,
            "last": segment.last,
        },
    ).all()
    while rows:
        run = 1  # a fork has two events at one seq: each has a batch
        while run < len(rows) and rows[run].seq == rows[run - 1].seq + 1:
            run += 1
        count = batches.fit([bytes(row.raw) for row in rows[:run]])
        part, rows = rows[:count], rows[count:]
        header = Header(segment.epoch, part[0].seq, count, part[-1].hash)
        yield batches.encode(header, [bytes(row.raw) for row in part])


def _is_small(segment: Segment) -> bool:
    return segment.last - segment.first + 1 < SMALL


def _continues(run: Sequence[Segment], segment: Segment) -> bool:
    return (
        bool(run)
        and _is_small(segment)
        and segment.epoch == run[-1].epoch
        and segment.first == run[-1].last + 1
        and segment.last - run[0].first < SEGMENT
    )


def _within(inner: Segment, outer: Segment) -> bool:
    return outer.first <= inner.first and inner.last <= outer.last
