"""Forks: two events of one kiosk with the same predecessor, as a copied or restored card makes.

They meet either at one seq of an epoch, or where a later epoch's opening names an event that also
has a successor in its own epoch, or another opening. Both stories are kept; there is one incident
for each (kiosk, predecessor).
"""

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from typing import Final

from sqlalchemy import Connection

from contract.events import ZERO_HASH, EpochOpened, event_id
from hub import incidents
from hub.incidents import Trouble
from hub.log.lines import Line, Row

CACHED_KIOSKS: Final = 256


class Forks:
    """Tells of forks. Holds only a cache, which `forget` empties."""

    def __init__(self) -> None:
        self._openings: OrderedDict[str, dict[str, set[str]]] = OrderedDict()

    def forget(self) -> None:
        """Drop what a rolled back transaction may have left in the cache."""
        self._openings.clear()

    def tell(
        self,
        connection: Connection,
        kiosk: str,
        epoch: str,
        new: Sequence[Line],
        window: Mapping[int, list[Row]],
        now_ms: int,
    ) -> None:
        """Open an incident for each fork that the ``new`` lines, which are stored by now, make with
        each other or with the rows of ``window``, by seq."""
        openings = self._openings_of(connection, kiosk)
        for line in new:
            prev = line.prev
            if line.seq != 1 and line.seq not in window and prev not in openings:
                continue  # nothing else stands at its place or names its predecessor
            if prev is None or prev == ZERO_HASH or (line.problem or "").startswith("wrong-"):
                continue
            siblings = [
                row.hash for row in window.get(line.seq, ()) if row.prev == prev != row.hash
            ]
            siblings += openings.get(prev, ())
            if line.seq == 1:
                siblings += [row[2] for row in self._successors(connection, kiosk, line)]
                openings.setdefault(prev, set()).add(line.hash)
            if any(sibling != line.hash for sibling in siblings):
                self._tell_fork(connection, kiosk, epoch, line, now_ms)

    def _tell_fork(
        self, connection: Connection, kiosk: str, epoch: str, line: Line, now_ms: int
    ) -> None:
        """Tell of all events that name this line's predecessor; it is already stored."""
        prev = line.prev or ZERO_HASH
        rows = connection.exec_driver_sql(
            "SELECT epoch, seq, hash FROM event WHERE kiosk = ? AND prev = ? AND seq = 1"
            " UNION SELECT epoch, seq, hash FROM event"
            " WHERE kiosk = ? AND epoch = ? AND seq = ? AND prev = ?",
            (kiosk, prev, kiosk, epoch, line.seq, prev),
        ).fetchall()
        found = {tuple(row) for row in (*rows, *self._successors(connection, kiosk, line))}
        names = sorted(event_id(kiosk, epoch, seq, digest) for epoch, seq, digest in found)
        trouble = Trouble(
            f"fork:{kiosk}:{prev}", "fork", prev, kiosk, {"prev": prev, "events": names}
        )
        incidents.note(connection, trouble, now_ms)

    def _openings_of(self, connection: Connection, kiosk: str) -> dict[str, set[str]]:
        """Hashes of the events that open this kiosk's epochs, by the predecessor they name."""
        found = self._openings.get(kiosk)
        if found is None:
            found = {}
            rows = connection.exec_driver_sql(
                "SELECT prev, hash FROM event WHERE kiosk = ? AND seq = 1 AND prev IS NOT NULL",
                (kiosk,),
            )
            for prev, digest in rows:
                found.setdefault(prev, set()).add(digest)
            self._openings[kiosk] = found
            if len(self._openings) > CACHED_KIOSKS:
                self._openings.popitem(last=False)
        else:
            self._openings.move_to_end(kiosk)
        return found

    def _successors(
        self, connection: Connection, kiosk: str, opening: Line
    ) -> list[tuple[str, int, str]]:
        """(epoch, seq, hash) of what follows the event that an opening names, in that event's own
        epoch."""
        body = opening.event.public.body if opening.event is not None else None
        if not isinstance(body, EpochOpened) or body.prev_epoch is None:
            return []
        rows = connection.exec_driver_sql(
            "SELECT epoch, seq, hash FROM event"  # reads that epoch once for each process start
            " WHERE kiosk = ? AND epoch = ? AND seq > 1 AND prev = ?",
            (kiosk, body.prev_epoch, opening.prev),
        )
        return [(row[0], row[1], row[2]) for row in rows]
