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
from collections import deque
from typing import Final, Literal, TypeAlias

import msgspec

SignalName: TypeAlias = Literal["idle", "busy", "saved", "refused", "attention"]
"""The values of `drivers.ports.Signal`."""

Language: TypeAlias = Literal["zh", "en", "both"]

AUDIBLE: Final[frozenset[SignalName]] = frozenset({"saved", "refused", "attention"})

SIGNALS_KEPT: Final = 32
"""How many signals a browser may miss between two polls and still sound them all."""

SCREEN_LANE: Final = "screen"


class LineView(msgspec.Struct, frozen=True):
    """One thing of the current session, as the donor would name it."""

    code: str
    """Its item or box code, empty while it has none."""
    zh: str
    en: str
    note_zh: str = ""
    """What became of it, where that needs saying: "label not printed yet", "taken back"."""
    note_en: str = ""
    undone: bool = False
    """Taken back: shown struck through."""


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


class DeviceView(msgspec.Struct, frozen=True):
    """A device and how it is."""

    name: str
    """Its URL without the query."""
    kind: str
    """``scanner``, ``printer`` or ``panel``."""
    ok: bool
    zh: str = ""
    en: str = ""


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


class Sounded(msgspec.Struct, frozen=True):
    """A signal a person should hear; `no` is its place in the page's own count, from 1."""

    no: int
    lane: str
    signal: SignalName


class Snapshot(msgspec.Struct, frozen=True):
    """Everything at one revision. Revisions count from 0 within one `ScreenView`."""

    revision: int
    kiosk: KioskView
    lanes: tuple[LaneView, ...]
    """The screen's lane first when there is one, then in the order of their first appearance."""
    active: str | None
    """The lane that signalled last."""
    sounds: tuple[Sounded, ...]
    """The last `SIGNALS_KEPT` signals, oldest first."""


class ScreenView:
    """Holds the newest `Snapshot`; thread-safe.

    One writer (the loop) calls `publish` and `publish_kiosk`; any number of readers `wait`.
    """

    def __init__(self, kiosk: KioskView) -> None:
        self._changed: Final = threading.Condition()
        self._lanes: Final[dict[str, LaneView]] = {}
        self._sounds: Final[deque[Sounded]] = deque(maxlen=SIGNALS_KEPT)
        self._sounds_made = 0
        self._closed = False
        self._snapshot = Snapshot(0, kiosk, (), None, ())

    def publish(self, lane: LaneView) -> None:
        """Replaces what is known of ``lane.lane`` and wakes every waiter if that is news."""
        with self._changed:
            before = self._lanes.get(lane.lane)
            if before == lane:
                return
            self._lanes[lane.lane] = lane
            active = self._snapshot.active
            if lane.signal in AUDIBLE and (before is None or before.beep != lane.beep):
                self._sounds_made += 1
                self._sounds.append(Sounded(self._sounds_made, lane.lane, lane.signal))
                active = lane.lane
            self._advance(self._snapshot.kiosk, active)

    def publish_kiosk(self, kiosk: KioskView) -> None:
        """Replaces what holds for the whole kiosk and wakes every waiter if that is news."""
        with self._changed:
            if kiosk != self._snapshot.kiosk:
                self._advance(kiosk, self._snapshot.active)

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
