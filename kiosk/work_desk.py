"""Work that nobody ended: the rule ends it (`kiosk.workflow.people`)."""

from collections.abc import Callable
from typing import Final

from drivers.ports import Signal
from kiosk.clock import LearntClock
from kiosk.journal import Journal
from kiosk.lanes import LaneDesk
from kiosk.state import EventRef, Message, Outcome
from kiosk.workflow.people import expired_work

LOOK_MS: Final = 600_000
"""How often forgotten work is looked for; the rule is in hours."""
FIRST_LOOK_MS: Final = 60_000
"""So long after the start, when nobody waits for the first scan any more."""


class WorkDesk:
    """Called by the loop's thread only; ``entropy`` gives so many random bytes."""

    def __init__(
        self,
        journal: Journal,
        clock: LearntClock,
        lanes: LaneDesk,
        entropy: Callable[[int], bytes],
    ) -> None:
        self._journal: Final = journal
        self._clock: Final = clock
        self._lanes: Final = lanes
        self._entropy: Final = entropy
        self._due = clock.mono() + FIRST_LOOK_MS

    def tick(self) -> None:
        """Ends what is over, when it is time to look. Raises `JournalError`; then it is looked for
        again later."""
        now = self._clock.mono()
        if now < self._due:
            return
        self._due = now + LOOK_MS
        over = expired_work(
            self._journal.knowledge.works(self._clock),
            self._entropy(8).hex(),
            self._id_of,
        )
        lane = next(iter(self._lanes.states), None)
        if lane is None or not over.drafts:
            return
        # A turn that leaves its lane as it is: events and what is known go into one COMMIT.
        self._journal.commit(
            lane,
            Outcome(
                self._lanes.states[lane],
                self._journal.allocator,
                over.drafts,
                (),
                (),
                None,
                {},
                Signal.IDLE,
                Message("rest"),
                over.works,
            ),
        )

    def _id_of(self, ref: EventRef) -> str | None:
        try:
            return self._journal.event_ids[ref]
        except KeyError:  # pruned
            return None
