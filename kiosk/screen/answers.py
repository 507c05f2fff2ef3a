"""What the page's requests are answered with, as values."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Protocol

import msgspec

from kiosk.screen.view import KioskView, LaneView, LineView, SignalName, Snapshot, Sounded

MAX_SCAN_CHARACTERS: Final = 512
PICTURES_SHOWN: Final = 12


class Picture(Protocol):
    """One printed paper; ids rise with time."""

    @property
    def id(self) -> int: ...

    @property
    def kind(self) -> str: ...

    @property
    def width_dots(self) -> int: ...

    @property
    def height_dots(self) -> int: ...

    @property
    def png(self) -> bytes: ...


class Papers(Protocol):
    """Where the pictures of printed papers come from (the screen's printer)."""

    def pictures(self) -> Sequence[Picture]: ...

    def picture(self, number: int, /) -> Picture | None: ...


class Paper(msgspec.Struct, frozen=True):
    """A picture the page may fetch: its number and what kind of document it is."""

    id: int
    kind: str
    width: int
    height: int


class LaneState(msgspec.Struct, frozen=True):
    """A `LaneView` with the time that is left instead of a clock's reading."""

    lane: str
    state: str
    signal: SignalName
    message_zh: str
    message_en: str
    next_zh: str
    next_en: str
    lines: tuple[LineView, ...]
    person: bool
    deadline_ms_left: int | None
    window_ms: int


class State(msgspec.Struct, frozen=True):
    """The answer of ``/state``. ``at`` is opaque: it goes back as ``after``."""

    at: str
    run: str
    key: str
    kiosk: KioskView
    lanes: tuple[LaneState, ...]
    active: str | None
    sounds: tuple[Sounded, ...]
    papers: tuple[Paper, ...]
    has_printer: bool


class Answer(msgspec.Struct, frozen=True):
    """Whether a scan was handed on; what came of it arrives by ``/state``."""

    accepted: bool
    reason: str = ""
    """``stale`` (an older run's page), ``empty``, ``long``, ``form``, ``stopping``."""
    zh: str = ""
    en: str = ""


STALE: Final = Answer(
    False, "stale", "请刷新本页后再扫一次", "Please reload this page and scan again"
)
EMPTY: Final = Answer(False, "empty", "没有内容", "There is nothing in it")
LONG: Final = Answer(
    False,
    "long",
    f"太长了：最多 {MAX_SCAN_CHARACTERS} 个字符",
    f"Too long: at most {MAX_SCAN_CHARACTERS} characters",
)
FORM: Final = Answer(False, "form", "这不是一次扫码", "This is not a scan")
STOPPING: Final = Answer(
    False, "stopping", "机器现在不接收扫码", "The kiosk is not taking scans at the moment"
)


def newest_papers(papers: Papers) -> tuple[Paper, ...]:
    """The last `PICTURES_SHOWN` pictures, newest first."""
    newest_first = sorted(papers.pictures(), key=lambda picture: -picture.id)
    return tuple(
        Paper(p.id, p.kind, p.width_dots, p.height_dots) for p in newest_first[:PICTURES_SHOWN]
    )


def position(run: str, snapshot: Snapshot, shown: tuple[Paper, ...]) -> str:
    """What a browser has seen: this run of the kiosk, the revision, the newest paper."""
    newest = shown[0].id if shown else "-"
    return f"{run}.{snapshot.revision}.{newest}"


def state_answer(
    snapshot: Snapshot,
    shown: tuple[Paper, ...],
    run: str,
    key: str,
    now_ms: int,
    *,
    has_printer: bool,
) -> State:
    """The whole page's state; ``now_ms`` is the reading of the deadlines' clock."""
    return State(
        at=position(run, snapshot, shown),
        run=run,
        key=key,
        kiosk=snapshot.kiosk,
        lanes=tuple(_lane_state(lane, now_ms) for lane in snapshot.lanes),
        active=snapshot.active,
        sounds=snapshot.sounds,
        papers=shown,
        has_printer=has_printer,
    )


def _lane_state(lane: LaneView, now_ms: int) -> LaneState:
    deadline = lane.deadline_mono_ms
    return LaneState(
        lane=lane.lane,
        state=lane.state,
        signal=lane.signal,
        message_zh=lane.message_zh,
        message_en=lane.message_en,
        next_zh=lane.next_zh,
        next_en=lane.next_en,
        lines=lane.lines,
        person=lane.person,
        deadline_ms_left=None if deadline is None else max(0, deadline - now_ms),
        window_ms=lane.window_ms,
    )
