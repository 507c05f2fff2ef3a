"""What voids concern: whatever the events that they name concern, also when these arrive later.

``V:<event id>`` in the touch table links a void to each event that it names. One that is not here
yet is awaited: when its turn comes, the voids that name it are linked to what it concerns.
"""
# Table and column names in statements come from constants here, never from data.
# ruff: noqa: S608

from collections.abc import Iterable
from typing import Final

from sqlalchemy import Connection

from contract.events import Voided
from hub.folds.entries import Stored, subjects
from hub.projections import projection_store as store

VOID: Final = "V:"


class Voids:
    """See the module; ``done`` is always the position through which events have had their turn."""

    def __init__(self) -> None:
        self._awaited: set[str] | None = None  # targets of voids that are not here yet

    def forget(self) -> None:
        """Drop what a rolled back transaction may have left in memory."""
        self._awaited = None

    def start_anew(self) -> None:
        """For a rebuild, which meets every void and every target again."""
        self._awaited = set()

    def recall(self, connection: Connection, done: int) -> None:
        """Know what is awaited. Call before ``done`` moves over new events: later, those among them
        that are awaited would seem to have been here."""
        self._awaiting(connection, done)

    def links(
        self,
        connection: Connection,
        events: Iterable[Stored],
        voids: Iterable[Stored],
        done: int,
    ) -> list[tuple[str, int]]:
        """(subject, void's row) to be added for these new ``events`` and the ``voids`` among
        them."""
        late = self._arrived_late(connection, events, done)
        return late + self._targets(connection, voids, done)

    def _targets(
        self, connection: Connection, voids: Iterable[Stored], done: int
    ) -> list[tuple[str, int]]:
        """What each void concerns through the events that it names and that are here."""
        touches: list[tuple[str, int]] = []
        awaited = self._awaiting(connection, done)
        for void in voids:
            assert isinstance(void.body, Voided)
            for target in void.body.events:
                event = self._find(connection, target, done)
                if event is None:
                    awaited.add(target)
                else:
                    touches += [(subject, void.row) for subject in subjects(event.body)]
        return touches

    def _arrived_late(
        self, connection: Connection, events: Iterable[Stored], done: int
    ) -> list[tuple[str, int]]:
        """What the voids of these events, which were here before them, concern."""
        awaited = self._awaiting(connection, done)
        touches: list[tuple[str, int]] = []
        if not awaited:
            return touches
        for event in events:
            name = event.id
            if name not in awaited:
                continue
            awaited.discard(name)
            for void in store.touched_by(connection, [VOID + name]).get(VOID + name, ()):
                touches += [(subject, void) for subject in subjects(event.body)]
        return touches

    def _awaiting(self, connection: Connection, done: int) -> set[str]:
        if self._awaited is None:
            self._awaited = set()
            rows = connection.exec_driver_sql(
                "SELECT DISTINCT subject FROM touch WHERE subject >= 'V:' AND subject < 'V;'"
            ).fetchall()
            for (subject,) in rows:
                target = subject[len(VOID) :]
                if self._find(connection, target, done) is None:
                    self._awaited.add(target)
        return self._awaited

    @staticmethod
    def _find(connection: Connection, name: str, done: int) -> Stored | None:
        """The good event of this id, if it is here and its turn has come."""
        kiosk, epoch, seq, short = name.rsplit(".", 3)
        rows = connection.exec_driver_sql(
            f"SELECT {store.EVENT_COLUMNS} FROM event WHERE kiosk = ? AND epoch = ? AND seq = ?"
            " AND problem IS NULL AND position BETWEEN 1 AND ? AND substr(hash, 1, 16) = ?",
            (kiosk, epoch, int(seq), done, short),
        )
        row = rows.first()
        return store.read_event(row) if row is not None else None
