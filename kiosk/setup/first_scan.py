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
from typing import Final, Protocol

from msgspec.structs import replace

from contract.enrolling import POLL_S, Refusal, parse
from drivers.ports import Speaker, Words
from kiosk.screen.view import DeviceView, KioskView
from kiosk.setup.client import HubClient, HubError
from kiosk.setup.flow import Progress
from kiosk.setup.papers import grouped
from kiosk.setup.progress import ProgressStore
from kiosk.setup.words import CONFIRMING, NOT_CONFIRMED, SAMPLE, filled

log = logging.getLogger(__name__)

SAVED: Final = "saved"
ASK: Final = "welcome"
DONE: Final = "setup-done"
NAME: Final = "设置 / set-up"
_OVER: Final = frozenset({Refusal.UNKNOWN, Refusal.EXPIRED, Refusal.USED, Refusal.CANCELLED})


class KioskScreen(Protocol):
    """Where the kiosk's own state is shown (as `kiosk.loop` needs it)."""

    def publish_kiosk(self, kiosk: KioskView) -> None: ...


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
        self._asked = False
        self.name: Final = speaker.name

    # --- what the loop sees -------------------------------------------------------------------

    def start(self) -> None:
        """Begins to ask the hub; the speaker starts with it."""
        self._speaker.start()
        self._thread.start()

    def say(self, prompt: str) -> None:
        """As a speaker. The first saved intake after the sample was asked for ends it all."""
        if prompt == SAVED and self._asked:
            self._asked = False
            self._words = None
            log.info("setup: first-scan")
            self._speaker.say(DONE)
            try:
                self._store.forget()
            except OSError as error:
                log.warning("%s cannot be taken away: %s", self._store, error)
            return
        self._speaker.say(prompt)

    def close(self) -> None:
        """Stops asking. May be called twice."""
        self._stopping.set()
        self._speaker.close()

    def shown(self, kiosk: KioskView) -> KioskView:
        """The page's view with what is left to do."""
        words = self._words
        if words is None:
            return kiosk
        left = DeviceView(NAME, "setup", False, words.zh, words.en)
        return replace(kiosk, devices=(left, *kiosk.devices))

    def screen(self, screen: KioskScreen) -> KioskScreen:
        """A page that shows it."""
        return _Screen(self, screen)

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
                    self._words = NOT_CONFIRMED
                    return
            self._stopping.wait(self._poll_s)

    def _ask(self) -> None:
        log.info("setup: confirmed")
        self._words = SAMPLE
        self._asked = True
        self._light()
        self._speaker.say(ASK)


class _Screen:
    def __init__(self, first: FirstScan, screen: KioskScreen) -> None:
        self._first: Final = first
        self._screen: Final = screen

    def publish_kiosk(self, kiosk: KioskView) -> None:
        self._screen.publish_kiosk(self._first.shown(kiosk))
