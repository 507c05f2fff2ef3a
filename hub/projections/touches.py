"""Which events concern which subjects: the touch table, and what of it stays in memory.

What is remembered of a subject is all that the table has of it, for the one projector is the only
one that writes there. A subject is remembered from the moment it is asked for; asked for before its
next events are written, most are new, and what would have been read of them is known already.
"""

from collections import OrderedDict
from collections.abc import Iterable, Sequence
from typing import Final

from sqlalchemy import Connection

from hub.projections import projection_store as store

SUBJECTS: Final = 20_000
"""Most subjects that are remembered, about 500 bytes each."""

LONG: Final = 1_000
"""A subject of more events than this, a campaign for one, is read each time."""


class Touches:
    """See the module. After a rolled back transaction call `forget`."""

    def __init__(self) -> None:
        self._rows: Final[OrderedDict[str, dict[int, None]]] = OrderedDict()

    def forget(self) -> None:
        """Drop everything: the table may be otherwise."""
        self._rows.clear()

    def of(self, connection: Connection, subjects: Iterable[str]) -> dict[str, Iterable[int]]:
        """The event rows that concern each of ``subjects``, each row once; none for those that
        nothing concerns."""
        known = self._rows
        found: dict[str, Iterable[int]] = {}
        unknown: list[str] = []
        for subject in subjects:
            rows = known.get(subject)
            if rows is None:
                unknown.append(subject)
            elif rows:
                found[subject] = rows
        if unknown:
            read = store.touched_by(connection, unknown)
            found.update(read)
            for subject in unknown:
                rows = dict.fromkeys(read.get(subject, ()))
                if len(rows) <= LONG:
                    known[subject] = rows
            while len(known) > SUBJECTS:
                known.popitem(last=False)
        return found

    def add(self, connection: Connection, touches: Sequence[tuple[str, int]]) -> None:
        """Record which events concern which subjects; known ones do nothing."""
        store.add_touches(connection, touches)
        known = self._rows
        for subject, row in touches:
            rows = known.get(subject)
            if rows is not None:
                rows[row] = None
                if len(rows) > LONG:
                    del known[subject]
