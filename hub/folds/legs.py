"""The legs of an item's travels between stops: each time it was sent on, and what came of it.

Rules
-----
* A `Sent` opens a leg. The next evidence of where the item is ends it: an `Arrived`, or whatever
  else shows it somewhere (counted, moved, handed out: nobody scanned its arrival, but it is there).
* Missing, or corrected to missing or thrown away, ends it as lost. What turns up later all the same
  ends it anew, whenever that becomes known.
* Sent on again without having arrived: the first leg is over, it was seen.
"""

from typing import Final

from msgspec import Struct

BETWEEN: Final = "between"
ARRIVED: Final = "arrived"
SEEN: Final = "seen"
"""It turned up without anybody having scanned its arrival."""
LOST: Final = "lost"


class Leg(Struct, frozen=True):
    """``sent`` and ``ended`` are rows of events, ``*_t`` milliseconds by the order of events;
    ``to`` is the place that it was sent to, ``at`` the stop where it ended."""

    sent: int
    sent_t: int
    origin: str
    to: str
    kind: str
    outcome: str = BETWEEN
    ended: int | None = None
    ended_t: int | None = None
    at: str = ""


class Travels:
    """Gathers an item's legs in order."""

    def __init__(self) -> None:
        self.legs: Final[list[Leg]] = []

    def sent(self, leg: Leg) -> None:
        """It left, by this leg."""
        self.ends(SEEN, leg.sent, leg.sent_t, leg.origin)
        self.legs.append(leg)

    def ends(self, outcome: str, event: int, t: int, stop: str) -> None:
        """What the event in row ``event`` shows of it ends its last leg, unless that had ended
        well."""
        if not self.legs or self.legs[-1].outcome not in (BETWEEN, LOST):
            return
        last = self.legs[-1]
        if outcome == last.outcome:
            return
        self.legs[-1] = Leg(
            last.sent, last.sent_t, last.origin, last.to, last.kind, outcome, event, t, stop
        )
