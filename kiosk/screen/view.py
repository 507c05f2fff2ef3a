"""What the kiosk's page shows: one snapshot, written by the loop, read by the page's threads.

The loop decides everything that stands here, the page only draws it. So a value is whole (a
reader never sees half of a change), and every change has a **revision**: a browser says which
one it has and waits for a newer one.

Snapshots can be skipped: two scans in the time of one network round trip give a browser one
new snapshot. What a person must hear can not, so the last signals are kept beside the snapshot,
each under the lane's own running number (`LaneView.beep`), and the page sounds every one that it
has not sounded yet.

Nothing personal stands here: that a card was scanned, never which.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Final, Literal, Protocol, TypeAlias

import msgspec

from kiosk.screen.lists import FigureView, LineView, ListView
from kiosk.screen.modes import MODES, ModeView
from kiosk.screen.offers import Offer
from kiosk.state import Phase

SignalName: TypeAlias = Literal["idle", "busy", "saved", "refused", "attention", "identify", "test"]
"""The values of `drivers.ports.Signal`; a page is told of the last two by ``attention``."""

Language: TypeAlias = Literal["zh", "en", "both"]

LANGUAGES: Final[dict[str, Language]] = {"zh": "zh", "en": "en", "both": "both"}
"""What a stop's settings may say; anything else leaves it to the kiosk's own."""

AUDIBLE: Final[frozenset[SignalName]] = frozenset({"saved", "refused", "attention"})

SIGNALS_KEPT: Final = 32
"""How many signals a browser may miss between two polls and still sound them all."""

SCREEN_LANE: Final = "screen"

SHOWN_AFTER_MS: Final = 20_000
"""How long the page shows how a session ended, and the code for the donor's phone."""


class LaneView(msgspec.Struct, frozen=True):
    """One lane (the screen's own, or a scanner's) as its person sees it."""

    state: str
    """The workflow's state name; the page only marks itself with it."""
    signal: SignalName
    message_zh: str
    """What just happened: "Saved: rice, flour, oil"."""
    message_en: str
    next_zh: str = ""
    """What to do now: "Take the label and stick it on"."""
    next_en: str = ""
    lines: tuple[LineView, ...] = ()
    """This session's things, oldest first."""
    person: bool = False
    """A card was scanned. Never whose."""
    deadline_mono_ms: int | None = None
    """When the session ends by itself, in the loop's monotonic milliseconds; None: it does not."""
    window_ms: int = 25_000
    """The whole wait that ends at the deadline, so that a ring can be drawn."""
    beep: int = 0
    """Counts the lane's signals. A higher number than before means: sound `signal` now."""
    lane: str = SCREEN_LANE
    mode: ModeView = MODES[Phase.REST]
    """What the lane is used for; always shown."""
    heading_zh: str = ListView().zh
    heading_en: str = ListView().en
    """What `lines` are."""
    figures: tuple[FigureView, ...] = ()
    """Sums and counts that belong to the lines."""
    count: int | None = None
    """How many things there are; None: as many as lines that are not undone."""
    offer: Offer = Offer()
    """What can be touched."""
    greets: bool = False
    """Nobody is here and nothing is left to say: the page invites."""

    @property
    def at_rest(self) -> bool:
        """Nobody is at this lane."""
        return self.state == Phase.REST.value

    def fades_at(self) -> int | None:
        """What is written here is for good."""
        return None

    def drawn(self, now: int) -> LaneView:
        """Itself."""
        return self


class Lane(Protocol):
    """What the loop publishes of a lane: values that never change, from which a page's own thread
    draws the view. So a scan costs the loop no drawing, and a kiosk that nobody looks at none at
    all."""

    @property
    def lane(self) -> str: ...

    @property
    def signal(self) -> SignalName: ...

    @property
    def beep(self) -> int: ...

    @property
    def at_rest(self) -> bool: ...

    def fades_at(self) -> int | None:
        """When, in monotonic milliseconds, `drawn` begins to say something else by itself."""

    def drawn(self, now: int) -> LaneView:
        """The view at ``now``."""


class DeviceView(msgspec.Struct, frozen=True):
    """A device and how it is."""

    name: str
    """Its URL without the query."""
    kind: str
    """``scanner``, ``printer`` or ``panel``."""
    ok: bool
    zh: str = ""
    en: str = ""


class DayView(msgspec.Struct, frozen=True):
    """What went through this kiosk today; ``dated`` is False while it does not know the date and
    counts since its start."""

    received: int = 0
    handed_over: int = 0
    dated: bool = True


class KioskView(msgspec.Struct, frozen=True):
    """What holds for the whole kiosk, whoever stands at it."""

    stop_zh: str
    stop_en: str
    language: Language = "both"
    online: bool = False
    """The hub acknowledges."""
    backlog: int = 0
    """Events in the journal that the hub has not acknowledged."""
    devices: tuple[DeviceView, ...] = ()
    papers_waiting: int = 0
    """Papers that were promised and have not left a printer."""
    labels_ordered: int = 0
    """Labels that the hub ordered and that were not begun: they come when nobody is served."""
    unsaved: bool = False
    """Nothing can be saved now: every scan is refused."""
    day: DayView = DayView()


class Claim(msgspec.Struct, frozen=True):
    """A donor's private address, for as long as it is shown. Its plaintext is in ``address``
    alone, which is asked only when a page draws the code."""

    lane: str
    number: int
    until: int
    """Monotonic milliseconds."""
    address: Callable[[], str]

    def __repr__(self) -> str:
        return f"Claim(lane={self.lane!r}, number={self.number})"


class Sounded(msgspec.Struct, frozen=True):
    """A signal a person should hear; `no` is its place in the page's own count, from 1."""

    no: int
    lane: str
    signal: SignalName


class Snapshot(msgspec.Struct, frozen=True):
    """Everything at one revision. Revisions count from 0 within one `ScreenView`."""

    revision: int
    kiosk: KioskView
    lanes: tuple[Lane, ...]
    """The screen's lane first when there is one, then in the order of their first appearance."""
    active: str | None
    """The lane that signalled last."""
    sounds: tuple[Sounded, ...]
    """The last `SIGNALS_KEPT` signals, oldest first."""


class ScreenView:
    """Holds the newest `Snapshot` and the claims that are shown; thread-safe.

    One writer (the loop) publishes; any number of readers `wait`. ``now_ms`` is the clock of
    deadlines.
    """

    def __init__(self, kiosk: KioskView, now_ms: Callable[[], int] | None = None) -> None:
        self.now_ms: Final = now_ms if now_ms is not None else _monotonic_ms
        self._changed: Final = threading.Condition()
        self._lanes: Final[dict[str, Lane]] = {}
        self._claims: Final[dict[str, Claim]] = {}
        self._claims_made = 0
        self._sounds: Final[deque[Sounded]] = deque(maxlen=SIGNALS_KEPT)
        self._sounds_made = 0
        self._closed = False
        self._snapshot = Snapshot(0, kiosk, (), None, ())

    def publish(self, lane: Lane) -> None:
        """Replaces what is known of ``lane.lane`` and wakes every waiter if that is news. Whoever
        begins at a lane ends the showing of the claim before."""
        with self._changed:
            before = self._lanes.get(lane.lane)
            if before is not None and before.beep == lane.beep and before == lane:
                return
            self._lanes[lane.lane] = lane
            if not lane.at_rest:
                self._claims.pop(lane.lane, None)
            active = self._snapshot.active
            if lane.signal in AUDIBLE and (before is None or before.beep != lane.beep):
                self._sounds_made += 1
                self._sounds.append(Sounded(self._sounds_made, lane.lane, lane.signal))
                active = lane.lane
            self._advance(self._snapshot.kiosk, active)

    def publish_claim(self, lane: str, address: Callable[[], str]) -> None:
        """Shows the code of this private address at this lane, for `SHOWN_AFTER_MS`."""
        with self._changed:
            self._claims_made += 1
            until = self.now_ms() + SHOWN_AFTER_MS
            self._claims[lane] = Claim(lane, self._claims_made, until, address)
            self._advance(self._snapshot.kiosk, self._snapshot.active)

    def publish_kiosk(self, kiosk: KioskView) -> None:
        """Replaces what holds for the whole kiosk and wakes every waiter if that is news."""
        with self._changed:
            self._forget_claims()
            if kiosk != self._snapshot.kiosk:
                self._advance(kiosk, self._snapshot.active)

    def claims(self) -> dict[str, Claim]:
        """The claims that are shown now, by lane."""
        with self._changed:
            self._forget_claims()
            return dict(self._claims)

    def _forget_claims(self) -> None:
        now = self.now_ms()
        for lane, claim in list(self._claims.items()):
            if now >= claim.until:
                del self._claims[lane]

    def now(self) -> Snapshot:
        """The newest snapshot, at once."""
        with self._changed:
            return self._snapshot

    def wait(self, after: int, timeout: float) -> Snapshot:
        """The newest snapshot once its revision differs from ``after``.

        It also returns, with whatever is there, after ``timeout`` seconds and at `close`. A
        revision that differs in the other direction comes from an earlier run of the kiosk:
        whoever has it needs the news just as much.
        """
        with self._changed:
            self._changed.wait_for(
                lambda: self._closed or self._snapshot.revision != after, timeout
            )
            return self._snapshot

    @property
    def closed(self) -> bool:
        """The kiosk is stopping: `wait` no longer waits."""
        with self._changed:
            return self._closed

    def close(self) -> None:
        """Wakes every waiter, now and from now on. May be called twice."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def _advance(self, kiosk: KioskView, active: str | None) -> None:
        lanes = sorted(self._lanes.values(), key=lambda lane: lane.lane != SCREEN_LANE)
        self._snapshot = Snapshot(
            self._snapshot.revision + 1, kiosk, tuple(lanes), active, tuple(self._sounds)
        )
        self._changed.notify_all()


def _monotonic_ms() -> int:
    return time.monotonic_ns() // 1_000_000
