"""Between enrolment and the first scan: the kiosk runs already, and waits to be confirmed.

It records from its first moment on; only the broker does not let it in before somebody at the hub
has typed its digits. So a thread asks the hub by the same request as before whether that has
happened, and then voice, light and page ask for the sample. The first intake that is saved after
that ends setting up, with its own words instead of "saved", and the document of
`kiosk.setup.progress` goes away.

It stands around speaker and page, as each of them would be seen by the loop: neither of them knows.
So it does around the scanners: once the hub has said that nothing comes of this enrolment, a new
code of a hub is taken out of what is scanned, and has the machine begin anew (`kiosk.setup.anew`).
Everything else goes on to the loop, which records it as before.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from contract.enrolling import (
    EMPTY,
    POLL_S,
    Invitation,
    InvitationError,
    InvitationProblem,
    Refusal,
    assembled,
    encode,
    parse,
    take,
)
from drivers.ports import ScanRead, Speaker, Words
from drivers.prompts import counted
from kiosk.inputs import LoopInput
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
UNREAD: Final = "setup-unread"
UNSAVED: Final = "setup-unsaved"
_OVER: Final[dict[Problem, str]] = {
    Refusal.UNKNOWN: "setup-wrong",
    Refusal.EXPIRED: "setup-expired",
    Refusal.USED: "setup-used",
    Refusal.CANCELLED: "setup-cancelled",
}
"""What the voice says of an enrolment that comes to nothing."""


class FirstScan:
    """``light`` asks for attention at every scanner; ``renew`` writes what the hub has told since
    and has the kiosk started again, ``again`` does only the latter. All may be called from any
    thread."""

    def __init__(
        self,
        store: ProgressStore,
        progress: Progress,
        client: HubClient,
        speaker: Speaker,
        light: Callable[[], None],
        renew: Callable[[Progress], None],
        again: Callable[[], None],
        *,
        poll_s: float = POLL_S,
    ) -> None:
        self._store: Final = store
        self._progress: Final = progress
        self._client: Final = client
        self._speaker: Final = speaker
        self._light: Final = light
        self._renew: Final = renew
        self._again: Final = again
        self._poll_s: Final = poll_s
        self._stopping: Final = threading.Event()
        self._thread: Final = threading.Thread(target=self._wait, name="confirmed?", daemon=True)
        self._words: Words | None = filled(CONFIRMING, digits=grouped(progress.digits))
        self._screen: _Screen | None = None
        self._asked = False
        self._over = ""
        self._leaving = False
        self._parts = EMPTY
        self._scans: Final = threading.Lock()
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

    def scans(self, post: Callable[[LoopInput], None]) -> Callable[[LoopInput], None]:
        """``post`` for everything but a new code of the hub, once one is waited for."""

        def sift(incoming: LoopInput) -> None:
            if not (self._over and isinstance(incoming, ScanRead) and self._takes(incoming.text)):
                post(incoming)

        return sift

    # --- a new code ---------------------------------------------------------------------------

    def _takes(self, text: str) -> bool:
        """Whether this was a code of a hub, or a part of one; in a scanner's thread."""
        with self._scans:
            try:
                return self._leaving or self._invited(parse(text))
            except InvitationError as error:
                if error.problem is not InvitationProblem.NOT_ONE:
                    self._speaker.say(UNREAD)
                    return True
            try:
                parts = take(self._parts, text)
                whole = assembled(parts)
            except InvitationError:
                return False  # it may be anything
            self._parts = parts
            of = len(parts.parts)
            if whole is not None:
                return self._invited(whole)
            self._speaker.say(*counted(of - len(parts.missing), of))
            return True

    def _invited(self, invitation: Invitation) -> bool:
        text = encode(invitation)
        if text == self._progress.invitation:
            self._speaker.say(self._over)
            return True
        enrolled = self._progress.enrolled
        assert enrolled is not None, "only such a kiosk waits for its first scan"
        try:
            self._store.save(Progress(invitation=text, anew=enrolled.kiosk))
        except OSError as error:
            log.error("the new code cannot be saved: %s", error)
            self._speaker.say(UNSAVED)
            return True
        log.info("setup: anew")
        self._leaving = True
        self._again()
        return True

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
                    self._over = _OVER[error.problem]
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
