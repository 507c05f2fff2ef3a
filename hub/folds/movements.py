"""Where an item counted, and when that changed: what statements, charts and flows are made of.

Every item that came in counts as one thing of its category at one stop, in one standing. A
movement is a change of stop or standing; an item's movements, from nothing on, tell its whole
course. Labels, quarantine and reservations move nothing: the item is at its stop all the while.
"""

from typing import Final

from msgspec import Struct

from hub.statuses import HERE

PRESENT: Final = "here"
"""The standing of whatever is at its stop, free or not."""
NOWHERE: Final = ""
"""The standing of what has not come in, or of an intake that was taken back."""


class Movement(Struct, frozen=True, gc=False):
    """At ``t`` (milliseconds by the order of events), by the event in row ``event`` of type
    ``cause``, an item went from one standing at a stop to another."""

    t: int
    event: int
    position: int
    cause: str
    from_status: str
    from_stop: str
    to_status: str
    to_stop: str


def standing(status: str) -> str:
    """As what an item of this status counts."""
    return PRESENT if status in HERE else status


class Course:
    """Gathers an item's movements in order."""

    def __init__(self) -> None:
        self.movements: Final[list[Movement]] = []
        self._status = NOWHERE
        self._stop = ""

    def is_at(self, status: str, stop: str) -> bool:
        """Whether that is how it counts already."""
        return stop == self._stop and (PRESENT if status in HERE else status) == self._status

    def came(self, at: tuple[int, int, int, str], status: str, stop: str) -> None:
        """By the event ``at`` (t, row, position, type) it has this status at this stop."""
        now = standing(status)
        if (now, stop) == (self._status, self._stop):
            return
        t, row, position, cause = at
        self.movements.append(
            Movement(t, row, position, cause, self._status, self._stop, now, stop)
        )
        self._status, self._stop = now, stop
