"""Between enrolment and the first scan: the kiosk runs already, and waits to be confirmed.

It records from its first moment on; only the broker does not let it in before somebody at the hub
has typed its digits. So a thread asks the hub by the same request as before whether that has
happened, and then voice, light and page ask for the sample. The first intake that is saved after
that ends setting up, with its own words instead of "saved", and the document of
`kiosk.setup.progress` goes away.

It stands around speaker and page, as each of them would be seen by the loop: neither of them knows.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from contract.enrolling import POLL_S, Refusal, parse
from drivers.ports import Speaker, Words
from kiosk.lanes import LaneScreen
from kiosk.screen.view import Lane, LaneView, SignalName
from kiosk.setup.client import HubClient, HubError
from kiosk.setup.flow import Problem, Progress
from kiosk.setup.papers import grouped
from kiosk.setup.progress import ProgressStore
from kiosk.setup.words import CONFIRMING, NOT_CONFIRMED, SAMPLE, filled

log = logging.getLogger(__name__)

SAVED: Final = "saved"
ASK: Final = "welcome"
DONE: Final = "setup-done"
_OVER: Final[dict[Problem, str]] = {
    Refusal.UNKNOWN: "setup-wrong",
    Refusal.EXPIRED: "setup-expired",
    Refusal.USED: "setup-used",
    Refusal.CANCELLED: "setup-cancelled",
}
"""What the voice says of an enrolment that comes to nothing."""


class FirstScan:
    """``light`` asks for attention at every scanner; ``renew`` writes what the hub has told since
    and has the kiosk started anew. Both may be called from any thread."""

    def __init__(
        self,
        store: ProgressStore,
        progress: Progress,
        client: HubClient,
        speaker: Speaker,
        light: Callable[[], None],
        renew: Callable[[Progress], None],
        *,
        poll_s: float = POLL_S,
    ) -> None:
        self._store: Final = store
        self._progress: Final = progress
        self._client: Final = client
        self._speaker: Final = speaker
        self._light: Final = light
        self._renew: Final = renew
        self._poll_s: Final = poll_s
        self._stopping: Final = threading.Event()
        self._thread: Final = threading.Thread(target=self._wait, name="confirmed?", daemon=True)
        self._words: Words | None = filled(CONFIRMING, digits=grouped(progress.digits))
        self._screen: _Screen | None = None
        self._asked = False
        self.name: Final = speaker.name

    # --- what the loop sees -------------------------------------------------------------------

    def start(self) -> None:
        """Begins to ask the hub; the speaker starts with it."""
        self._speaker.start()
        self._thread.start()

    def say(self, prompt: str, *then: str) -> None:
        """As a speaker. The first saved intake after the sample was asked for ends it all."""
        if prompt == SAVED and self._asked:
            self._asked = False
            self._show(None)
            log.info("setup: first-scan")
            self._speaker.say(DONE)
            try:
                self._store.forget()
            except OSError as error:
                log.warning("%s cannot be taken away: %s", self._store, error)
            return
        self._speaker.say(prompt, *then)

    def wait(self, within_s: float) -> None:
        """As a speaker."""
        self._speaker.wait(within_s)

    def close(self) -> None:
        """Stops asking. May be called twice."""
        self._stopping.set()
        self._speaker.close()

    def screen(self, screen: LaneScreen) -> LaneScreen:
        """A page that says what is left to do where it would greet."""
        self._screen = _Screen(screen, self._words)
        return self._screen

    # --- the thread ---------------------------------------------------------------------------

    def _wait(self) -> None:
        progress = self._progress
        if progress.keys is None:
            return
        invitation = parse(progress.invitation)
        while not self._stopping.is_set():
            try:
                enrolled = self._client.enrol(invitation, progress.authority, progress.keys)
                if enrolled.confirmed:
                    before = progress.enrolled
                    if enrolled.certificate and before and not before.certificate:
                        # Signed at the confirmation: the broker's other door asks for it.
                        self._renew(replace(progress, enrolled=enrolled))
                        return
                    self._ask()
                    return
            except HubError as error:
                if error.problem in _OVER:
                    log.warning("setup: not confirmed: %s", error.problem)
                    self._show(NOT_CONFIRMED)
                    self._light()
                    self._speaker.say(_OVER[error.problem])
                    return
            self._stopping.wait(self._poll_s)

    def _show(self, words: Words | None) -> None:
        self._words = words
        if self._screen is not None:
            self._screen.say(words)

    def _ask(self) -> None:
        log.info("setup: confirmed")
        self._show(SAMPLE)
        self._asked = True
        self._light()
        self._speaker.say(ASK)


class Waiting(Struct, frozen=True):
    """A lane whose greeting gives way to ``words``, as long as there are any."""

    inner: Lane
    words: Words | None

    @property
    def lane(self) -> str:
        return self.inner.lane

    @property
    def signal(self) -> SignalName:
        return self.inner.signal

    @property
    def beep(self) -> int:
        return self.inner.beep

    @property
    def at_rest(self) -> bool:
        return self.inner.at_rest

    def fades_at(self) -> int | None:
        return self.inner.fades_at()

    def drawn(self, now: int) -> LaneView:
        view = self.inner.drawn(now)
        if self.words is None or not view.greets:
            return view
        return replace(
            view,
            signal="attention",
            message_zh=self.words.zh,
            message_en=self.words.en,
            greets=False,
        )


class _Screen:
    """Tells the page of every lane, and again when the words have changed. The words change in
    another thread than the lanes."""

    def __init__(self, screen: LaneScreen, words: Words | None) -> None:
        self._screen: Final = screen
        self._words = words
        self._lanes: Final[dict[str, Lane]] = {}
        self._lock: Final = threading.Lock()

    def publish(self, lane: Lane) -> None:
        with self._lock:
            self._lanes[lane.lane] = lane
            self._screen.publish(Waiting(lane, self._words))

    def publish_claim(self, lane: str, address: Callable[[], str]) -> None:
        self._screen.publish_claim(lane, address)

    def say(self, words: Words | None) -> None:
        """Other words from now on; None: none."""
        with self._lock:
            self._words = words
            for lane in self._lanes.values():
                self._screen.publish(Waiting(lane, words))
