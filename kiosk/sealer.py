"""Drafts become events: identity, place in the chain, time and salt are added here."""

from collections.abc import Callable, Sequence
from typing import Final

from contract.events import Event, EventError, Public, encode
from drivers.ports import Words
from kiosk.clock import LearntClock
from kiosk.state import Draft, EventRef
from kiosk.store import JournalError


class Sealer:
    """Seals the events of one kiosk. ``entropy`` gives so many random bytes."""

    def __init__(self, kiosk: str, clock: LearntClock, entropy: Callable[[int], bytes]) -> None:
        self._kiosk: Final = kiosk
        self._clock: Final = clock
        self._entropy: Final = entropy

    def seal(self, drafts: Sequence[Draft], lane: str, after: EventRef, prev: str) -> list[Event]:
        """The events that these drafts become behind ``after``, whose hash is ``prev``. All of
        them have the same time: a turn is one moment.

        Raises:
            JournalError: one of them is outside the contract.
        """
        kiosk, epoch = self._kiosk, after.epoch
        boot, mono = self._clock.boot, self._clock.mono()
        wall, trusted = self._clock.wall(), self._clock.trusted
        events: list[Event] = []
        try:
            for seq, draft in enumerate(drafts, start=after.seq + 1):
                public = Public(1, kiosk, epoch, seq, boot, mono, wall, trusted, lane, draft.body)
                event = encode(public, draft.private, prev=prev, salt=self._entropy(16))
                events.append(event)
                prev = event.hash
        except EventError as error:  # a fault of ours, and no reason to stop recording
            raise JournalError(
                Words(zh=f"事件无法保存：{error}", en=f"an event cannot be kept: {error}")
            ) from error
        return events
