"""What went through this kiosk today, for the page that nobody stands at.

A counter in memory: every turn adds to it, and nothing is looked up for a scan. It is counted anew
from the journal when the day becomes known or changes, in an idle moment. So a restart forgets
nothing, and a kiosk whose clock learns the date late counts the morning as well.

What came in are single things, and what is in a whole box as far as it was said; what was handed
over left the stop: out with a volunteer, sent on, sold. What was taken back by undo does not count.
A day is that of the stop's time zone. While the date is unknown it counts from the start of this
process.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, tzinfo
from typing import Final, NamedTuple

from contract.events import (
    Body,
    BoxReceived,
    EventError,
    Out,
    Public,
    Received,
    Sent,
    Sold,
    Voided,
    decode,
)
from kiosk.clock import LearntClock
from kiosk.journal import Journal
from kiosk.screen.view import DayView
from kiosk.state import Draft, EventRef


class _Came(NamedTuple):
    """What one event adds."""

    received: int = 0
    handed_over: int = 0


class DayFigures:
    """Counts for one kiosk. Used by the loop's thread only."""

    def __init__(self, journal: Journal, clock: LearntClock, zone: tzinfo) -> None:
        self._journal: Final = journal
        self._clock: Final = clock
        self._zone: Final = zone
        self._day: date | None = None
        self._counted: Final[dict[EventRef, _Came]] = {}
        self._received = 0
        self._handed_over = 0

    def appended(self, first: EventRef, drafts: Sequence[Draft]) -> None:
        """A turn's events stand in the journal, from ``first`` on."""
        for place, draft in enumerate(drafts):
            self._count(EventRef(first.epoch, first.seq + place), draft.body)

    def refresh(self) -> None:
        """Counts the journal's events of today when a new day has begun or become known."""
        wall = self._clock.trusted_wall()
        if wall is None:
            return
        today = self._date(wall)
        if today == self._day:
            return
        self._day = today
        self._counted.clear()
        self._received = self._handed_over = 0
        for ref, body in reversed(self._events_of(today)):
            self._count(ref, body)

    def view(self) -> DayView:
        """The figures as the page shows them."""
        return DayView(self._received, self._handed_over, self._day is not None)

    def _events_of(self, today: date) -> list[tuple[EventRef, Body]]:
        """Today's events, newest first. One whose day nobody knew is today's when it stands after
        one that is."""
        found: list[tuple[EventRef, Body]] = []
        certain = 0
        for raw in self._journal.streams.newest_first():
            try:
                public = decode(raw).public
            except EventError:  # kept for the hub, which shows it; it is no item
                continue
            day = self._day_of(public)
            if day is not None and day < today:
                break
            found.append((EventRef(public.epoch, public.seq), public.body))
            if day is not None:
                certain = len(found)
        return found[:certain]

    def _day_of(self, public: Public) -> date | None:
        """The day of an event; of this boot by the clock as it is known now."""
        wall = self._clock.trusted_wall()
        if public.boot == self._clock.boot and wall is not None:
            return self._date(wall - (self._clock.mono() - public.mono))
        return self._date(public.wall) if public.clock else None

    def _date(self, wall: int) -> date:
        return datetime.fromtimestamp(wall / 1000, UTC).astimezone(self._zone).date()

    def _count(self, ref: EventRef, body: Body) -> None:
        if isinstance(body, Voided):
            for event in body.events:
                self._void(event)
            return
        came = _came(body)
        if came is not None:
            self._counted[ref] = came
            self._add(came, 1)

    def _void(self, event: str) -> None:
        _kiosk, epoch, seq, _hash = event.split(".")
        came = self._counted.pop(EventRef(epoch, int(seq)), None)
        if came is not None:
            self._add(came, -1)

    def _add(self, came: _Came, sign: int) -> None:
        self._received += sign * came.received
        self._handed_over += sign * came.handed_over


def _came(body: Body) -> _Came | None:
    match body:
        case Received():
            return _Came(received=1)
        case BoxReceived():
            return _Came(received=body.quantity)
        case Out() | Sent():
            return _Came(handed_over=len(body.items))
        case Sold():
            return _Came(handed_over=1)
    return None
