"""What time it is, and who says so: the hub, or a time server behind the machine's own clock.

Rules
-----
* A board without a battery believes in nonsense after every start. Its clock is untrusted until a
  source has spoken: the hub's welcome, or the kernel's word that a time server stands behind its
  clock. A person cannot set it: one typing error would move every event.
* The hub's word goes before the time server's: all kiosks are put in order by one clock, which is
  the hub's. A time server is asked only as long as nobody has spoken, so the two never take turns.
* What is learnt is the offset between this boot's monotonic clock and wall time, and it is an
  event. Steps of the machine's own clock after that change nothing.
* A time before 2020 or from 2100 on is nonsense, whoever says it.
"""

import logging
from collections.abc import Callable
from typing import Final

from contract.events import ClockLearned
from kiosk.clock import LearntClock
from kiosk.journal import Journal
from kiosk.state import Draft

log = logging.getLogger(__name__)

EARLIEST_MS: Final = 1_577_836_800_000
"""2020-01-01: no hub is older than this project, so an earlier time is nonsense."""
LATEST_MS: Final = 4_102_444_800_000
"""2100-01-01."""
ASK_MS: Final = 5_000
"""How often the kernel is asked as long as the time is unknown."""

HUB: Final = "hub"
NTP: Final = "ntp"


class TimeDesk:
    """Called by the loop's thread only; ``synchronised`` gives Unix milliseconds when a time
    server stands behind the machine's clock, else None. What learns raises `JournalError`."""

    def __init__(
        self, journal: Journal, clock: LearntClock, synchronised: Callable[[], int | None]
    ) -> None:
        self._journal: Final = journal
        self._clock: Final = clock
        self._synchronised: Final = synchronised
        self._ask_at = 0
        self._recorded = False

    def hub_said(self, hub_time: int) -> None:
        """The hub's time, in Unix milliseconds: learnt when it is news. What is safe with the hub
        and old by it is dropped."""
        if not _plausible(hub_time):
            log.warning("the hub's clock is wrong: %d", hub_time)
            return
        self._learn(hub_time, HUB)
        self._journal.streams.prune(hub_time)

    def tick(self) -> None:
        """Asks the kernel now and then, until somebody has told the time and it is recorded."""
        now = self._clock.mono()
        if self._known or now < self._ask_at:
            return
        self._ask_at = now + ASK_MS
        if (known := self._clock.trusted_wall()) is not None:
            self._record(known)
            return
        wall = self._synchronised()
        if wall is not None and _plausible(wall):
            self._learn(wall, NTP)

    def next_deadline(self) -> int | None:
        """When `tick` has something to do, in monotonic milliseconds."""
        return None if self._known else self._ask_at

    @property
    def _known(self) -> bool:
        return self._clock.trusted and self._recorded

    def _learn(self, wall: int, source: str) -> None:
        offset = wall - self._clock.mono()
        if self._clock.is_news(offset):
            self._clock.learn(offset, source)
            self._recorded = False
        elif source == HUB:
            self._clock.take_word(source)
        if not self._recorded:
            self._record(wall)

    def _record(self, wall: int) -> None:
        """Once in each process; again, a little later, when the disk refuses it."""
        learnt = self._clock.offset
        assert learnt is not None
        self._journal.append([Draft(ClockLearned(offset=learnt, source=self._clock.source))])
        self._recorded = True
        self._journal.streams.clock_learnt(wall)


def _plausible(wall: int) -> bool:
    return EARLIEST_MS <= wall <= LATEST_MS
