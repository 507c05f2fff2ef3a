"""A lane at one moment, and the view of it that a page draws. Pure.

The loop makes a `Moment` of values that it has at hand after a turn and thinks no further of it.
Words, lists and buttons are made of it when a browser asks, in the browser's own thread.
"""

from __future__ import annotations

from typing import Final

import msgspec

from contract.reference import StopSettings
from drivers.ports import Words
from kiosk.screen.lists import list_of
from kiosk.screen.modes import MODES
from kiosk.screen.offers import offer
from kiosk.screen.view import SHOWN_AFTER_MS, LaneView, SignalName
from kiosk.state import Allocator, LaneState, Message, Phase
from kiosk.texts import next_step, render
from kiosk.workflow import window

_GREETING: Final = Message("rest")
_QUESTION: Final = "label-unsure"
_STAYS: Final = frozenset({"not-saved", _QUESTION})
"""What is not forgotten with the session that it ended: a question stands until it is answered."""


class Moment(msgspec.Struct, frozen=True):
    """What the loop knows of a lane after a turn. ``at`` is the turn's monotonic time; ``said``
    takes the place of the message's words, ``campaigns`` can be given to, ``capabilities``
    are those of whoever is at the lane (None: everybody's)."""

    lane: str
    state: LaneState
    signal: SignalName
    message: Message
    beep: int
    at: int
    allocator: Allocator = Allocator()
    settings: StopSettings = StopSettings()
    said: Words | None = None
    campaigns: tuple[int, ...] = ()
    capabilities: frozenset[str] | None = None

    @property
    def at_rest(self) -> bool:
        """Nobody is at this lane."""
        return self.state.phase is Phase.REST

    def fades_at(self) -> int | None:
        """When the words of a session that has ended give way to the greeting."""
        if not self.at_rest or self.message == _GREETING or self.message.key in _STAYS:
            return None
        return self.at + SHOWN_AFTER_MS

    def drawn(self, now: int) -> LaneView:
        """The view at monotonic ``now``."""
        fades_at, state = self.fades_at(), self.state
        faded = fades_at is not None and now >= fades_at
        message = _GREETING if faded else self.message
        words = self.said if self.said is not None and not faded else render(message)
        then = next_step(message, state)
        listed = list_of(state)
        return LaneView(
            state=state.phase.value,
            signal="idle" if faded else self.signal,
            message_zh=words.zh,
            message_en=words.en,
            next_zh=then.zh,
            next_en=then.en,
            lines=listed.lines,
            person=state.person is not None,
            deadline_mono_ms=None if self.at_rest else state.deadline,
            window_ms=window(state, self.settings),
            beep=self.beep,
            lane=self.lane,
            mode=MODES[state.phase],
            heading_zh=listed.zh,
            heading_en=listed.en,
            figures=listed.figures,
            count=listed.count,
            offer=offer(
                state,
                self.allocator,
                self.settings,
                now,
                self.campaigns,
                asked=message.key == _QUESTION,
                capabilities=self.capabilities,
            ),
            greets=self.at_rest and message == _GREETING,
        )
