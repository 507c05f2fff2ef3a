"""Between the link and the writer: what a kiosk may send before it is dropped, or held off.

A kiosk of ours has a bounded number of events under way and waits for their acknowledgement, so its
lane in the writer's queue has room for all that it can have sent. What does not fit is dropped here
at once, so that nobody waits; what counts is sent again. A kiosk that goes on like that would still
take the broker's time and ours: when it had more dropped within a second than any resend of ours
could, it is held off for a while (`hub.kiosks.broker_keeper`), and an incident says so.
"""

import time
from collections.abc import Callable
from typing import Final

from hub.log.ingest import Message, sender

WITHIN_S: Final = 1.0
TOO_MUCH: Final = 600
"""Dropped within `WITHIN_S`, in pieces of `PIECE_BYTES`: more than a kiosk's window of events
(`kiosk.relay.WINDOW`), which it sends again at most every four seconds."""
PIECE_BYTES: Final = 8 * 1024


class Intake:
    """See the module. ``offer`` is `Writer.offer`; ``hold`` keeps a kiosk away and does not wait;
    ``mono`` is a monotonic clock in seconds. For the link's thread."""

    def __init__(
        self,
        offer: Callable[[Message], bool],
        hold: Callable[[str], object],
        mono: Callable[[], float] = time.monotonic,
    ) -> None:
        self._offer: Final = offer
        self._hold: Final = hold
        self._mono: Final = mono
        self._since = 0.0
        self._dropped: Final[dict[str, int]] = {}

    def deliver(self, message: Message) -> None:
        """Pass ``message`` on, or drop it."""
        if self._offer(message):
            return
        now = self._mono()
        if now - self._since > WITHIN_S:
            self._since = now
            self._dropped.clear()
        kiosk = sender(message)
        dropped = self._dropped.get(kiosk, 0) + max(1, len(message.payload) // PIECE_BYTES)
        self._dropped[kiosk] = dropped
        if dropped >= TOO_MUCH:
            self._dropped[kiosk] = 0
            self._hold(kiosk)
