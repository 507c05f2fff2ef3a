"""What people give besides goods: their time, a spoon of rice."""

from typing import Annotated

from msgspec import Meta

from contract.bodies.base import Happened
from contract.fields import EventId, Minutes, Quantity, SessionId, Word, whole


class TimeOffered(Happened, frozen=True, tag="time.offered"):
    """Somebody (private part) offers so many half-hours of a skill."""

    session: SessionId
    skill: Annotated[str, whole(r"[0-9]{2}")]
    half_hours: Quantity


class WorkStarted(Happened, frozen=True, tag="work.started"):
    """Somebody (private part) came to work."""

    session: SessionId


class WorkEnded(Happened, frozen=True, tag="work.ended"):
    """Somebody (private part) went home, or forgot to say so and ``how`` is ``rule``.

    ``started`` is the event that began it; ``minutes`` by this kiosk's monotonic clock, None when
    the power was cut in between.
    """

    session: SessionId
    started: EventId | None = None
    minutes: Minutes | None = None
    how: Word = "card"


class Contributed(Happened, frozen=True, tag="contributed"):
    """So many small gifts (a spoon of rice each) to a campaign, by somebody or nobody in
    particular."""

    session: SessionId
    campaign: Annotated[int, Meta(ge=1, le=999)]
    count: Quantity = 1
