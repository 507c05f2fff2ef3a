"""Labels of which nobody knows whether they came out, and what a scan means while that is asked.

The print queue holds each of them on disk (`PrintQueue.in_doubt`); this remembers which lane asks
about which, and whether the question is what the lane said last. Only then do the cards for
"print again" and "undo" answer it: somebody who has scanned something since means that. A lane
that is left alone for a while asks again.
"""

from collections.abc import Iterable
from typing import Final

from contract.actions import Verb
from kiosk.inputs import ActionCard, Again, BoxLabel, ItemLabel, Scan, TakeOut, There
from kiosk.state import LabelJob, Outcome, Phase

ASK_AGAIN_MS: Final = 6_000
"""A lane that has said something else for so long says the question again."""
_WAITS: Final = frozenset({Phase.ASKING, Phase.BINDING})
"""Here the lane asks something else, and that comes first."""
_TAKES_BACK: Final = frozenset({Phase.REST, Phase.CARDED, Phase.INTAKE})


class Questions:
    """The open questions, oldest first. Called by the loop's thread only."""

    def __init__(self, in_doubt: Iterable[tuple[str, str]]) -> None:
        """``in_doubt``: lane and item of each label that an earlier start left in doubt."""
        self._lane_of: Final[dict[str, str]] = {item: lane for lane, item in in_doubt}
        self._said: Final[dict[str, str]] = {}
        self._heard_at: Final[dict[str, int]] = {}

    def __bool__(self) -> bool:
        return bool(self._lane_of)

    def __contains__(self, item: object) -> bool:
        return item in self._lane_of

    @property
    def lanes(self) -> set[str]:
        """The lanes where labels are in doubt."""
        return set(self._lane_of.values())

    def ask(self, lane: str, item: str) -> None:
        """From now on it is not known whether this item's label came out."""
        self._lane_of.setdefault(item, lane)
        self._heard_at.pop(lane, None)  # at once: whoever was there still is

    def due(self, lane: str, phase: Phase, now: int, *, also: Iterable[str] = ()) -> str | None:
        """The item that this lane is to ask about now. ``also`` are lanes that are not there any
        more: whoever is at this one is asked for them."""
        if not self._lane_of or phase in _WAITS or self._asks(lane):
            return None
        if now < self._heard_at.get(lane, now) + (ASK_AGAIN_MS if lane in self._heard_at else 0):
            return None
        lanes = (lane, *also)
        return next((item for item, of in self._lane_of.items() if of in lanes), None)

    def next_due(self, lanes: Iterable[str]) -> int | None:
        """When one of these lanes asks again, in monotonic milliseconds."""
        if not self._lane_of:
            return None
        waiting = (self._heard_at.get(lane) for lane in lanes if not self._asks(lane))
        return min((at + ASK_AGAIN_MS for at in waiting if at is not None), default=None)

    def _asks(self, lane: str) -> bool:
        """Whether a question is what this lane said last."""
        return self._said.get(lane) in self._lane_of

    def as_answer(self, lane: str, phase: Phase, scan: Scan) -> Scan:
        """What the scan means at this lane: an answer, when the question was said last."""
        item = self._said.get(lane)
        if item is None or item not in self._lane_of:
            return scan
        if isinstance(scan, ItemLabel | BoxLabel) and scan.code == item:
            return There(item)
        if isinstance(scan, ActionCard):
            if scan.verb is Verb.REPRINT:
                return Again(item)
            if scan.verb is Verb.UNDO and phase in _TAKES_BACK:
                return TakeOut(item)
        return scan

    def said(self, lane: str, item: str) -> None:
        """The lane has asked about this item."""
        self._said[lane] = item

    def heard(self, lane: str, now: int) -> None:
        """The lane has said something else since."""
        self._said.pop(lane, None)
        self._heard_at[lane] = now

    def settle(self, outcome: Outcome) -> None:
        """Forgets what a committed turn has answered."""
        if not self._lane_of:
            return
        copies = (job.item for job in outcome.jobs if isinstance(job, LabelJob))
        for item in (*outcome.settled, *outcome.cancelled, *copies):
            self._lane_of.pop(item, None)
