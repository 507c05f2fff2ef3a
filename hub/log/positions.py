"""Numbers of the log's rows: ``event.id``, and ``event.position``, the order in which rows became
what everybody sees.

On SQLite one process writes, so ingest draws both as it inserts. On PostgreSQL any number of ingest
workers commit side by side, and the order of their commits is nobody's to know beforehand. There a
sequence gives ids, and a new or mended row waits with the position ``-id`` until the one projector
numbers what was committed, in the transaction that projects it: so positions have no holes, are
never seen before what they stand for is projected, and whoever follows them misses nothing.
"""

from collections.abc import Sequence
from typing import Final

from sqlalchemy import Connection

from hub import postgresql

_NUMBER: Final = """
WITH waiting AS (
  SELECT id, row_number() OVER (ORDER BY position DESC) AS turn FROM event WHERE position < 0
  ORDER BY position DESC LIMIT ?
)
UPDATE event SET position = ? + waiting.turn FROM waiting WHERE event.id = waiting.id
"""
_DRAW: Final = """
SELECT nextval(pg_get_serial_sequence('event', 'id')) FROM generate_series(1, ?)
"""


def drawn_by_ingest(connection: Connection) -> bool:
    """Whether ingest draws positions, being the only one that can."""
    return connection.dialect.name != postgresql.NAME


def newest(connection: Connection) -> int:
    """The highest position; 0 at first."""
    return max(0, connection.exec_driver_sql("SELECT max(position) FROM event").scalar() or 0)


def again(connection: Connection, row: int) -> int:
    """A position for a row that was mended: whoever follows positions must see it once more."""
    return newest(connection) + 1 if drawn_by_ingest(connection) else -row


def number(connection: Connection, projected: int, limit: int) -> None:
    """Give positions to the first ``limit`` rows that wait for one; only the projector may.
    ``projected`` is how far it came: no number up to there comes again, even when the row that had
    it was mended and waits for another."""
    if not drawn_by_ingest(connection):
        last = max(projected, newest(connection))
        connection.exec_driver_sql(_NUMBER, (limit, last))


def waiting(connection: Connection) -> bool:
    """Whether a row waits for its position."""
    found = connection.exec_driver_sql("SELECT 1 FROM event WHERE position < 0 LIMIT 1")
    return found.first() is not None


class Numbers:
    """Ids and positions for what one transaction appends."""

    def __init__(self) -> None:
        self._here = True
        self._row = 0
        self._position = 0

    def begin(self, connection: Connection) -> None:
        """Call first in every transaction that appends."""
        self._here = drawn_by_ingest(connection)
        if self._here:
            last = connection.exec_driver_sql("SELECT max(id) FROM event").scalar()
            self._row = last or 0
            self._position = newest(connection)

    def draw(self, connection: Connection, count: int) -> Sequence[tuple[int, int]]:
        """(id, position) for each of ``count`` new rows."""
        if not self._here:
            ids = sorted(connection.exec_driver_sql(_DRAW, (count,)).scalars())
            return [(row, -row) for row in ids]
        first_row, first_position = self._row + 1, self._position + 1
        self._row += count
        self._position += count
        return [(first_row + n, first_position + n) for n in range(count)]

    def again(self, row: int) -> int:
        """A position for a mended row, as `again`."""
        if not self._here:
            return -row
        self._position += 1
        return self._position
