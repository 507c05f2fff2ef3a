"""What the page's requests are answered with, as values."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final, Protocol

import msgspec

from kiosk.screen.lists import FigureView, LineView
from kiosk.screen.modes import ModeView
from kiosk.screen.offers import Offer
from kiosk.screen.view import Claim, KioskView, Lane, LaneView, SignalName, Snapshot, Sounded

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


class ClaimShown(msgspec.Struct, frozen=True):
    """A donor's code can be fetched under this number, and for how long. Not what it says."""

    number: int
    ms_left: int


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
    mode: ModeView
    at_rest: bool
    heading_zh: str
    heading_en: str
    figures: tuple[FigureView, ...]
    count: int
    offer: Offer
    claim: ClaimShown | None
    greets: bool


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
    takes_scans: bool
    """Whether what is typed or touched here goes anywhere and can be saved."""


class Entered(msgspec.Struct, frozen=True):
    """What a page sent: a scan's text, for which lane (None: the page's own), and whether a button
    was touched, so that the second touch is meant as well."""

    text: str
    lane: str | None = None
    pressed: bool = False

    def __repr__(self) -> str:
        return f"Entered(length={len(self.text)}, lane={self.lane!r}, pressed={self.pressed})"


Post = Callable[[Entered], bool]
"""Hands one entry to the kiosk; thread-safe, quick, False when it takes none."""


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


def position(
    run: str, snapshot: Snapshot, shown: tuple[Paper, ...], claims: Mapping[str, Claim], now_ms: int
) -> str:
    """What a browser has seen: this run of the kiosk, the revision, the papers, and what of it
    has been shown long enough."""
    newest = f"{shown[0].id}-{len(shown)}" if shown else "-"
    faded = "".join(str(int(_is_due(lane, now_ms))) for lane in snapshot.lanes)
    codes = "-".join(str(claim.number) for claim in claims.values())
    return f"{run}.{snapshot.revision}.{newest}.{faded}.{codes}"


def _is_due(lane: Lane, now_ms: int) -> bool:
    fades_at = lane.fades_at()
    return fades_at is not None and now_ms >= fades_at


def next_change(snapshot: Snapshot, claims: Mapping[str, Claim], now_ms: int) -> int | None:
    """In how many milliseconds something goes away by itself; None: nothing will."""
    fading = [at for lane in snapshot.lanes if (at := lane.fades_at()) is not None]
    ahead = [at for at in (*fading, *(claim.until for claim in claims.values())) if at > now_ms]
    return min(ahead) - now_ms if ahead else None


def state_answer(
    snapshot: Snapshot,
    shown: tuple[Paper, ...],
    claims: Mapping[str, Claim],
    run: str,
    key: str,
    now_ms: int,
    *,
    has_printer: bool,
    takes_scans: bool,
) -> State:
    """The whole page's state; ``now_ms`` is the reading of the deadlines' clock."""
    takes_scans = takes_scans and not snapshot.kiosk.unsaved
    return State(
        at=position(run, snapshot, shown, claims, now_ms),
        run=run,
        key=key,
        kiosk=snapshot.kiosk,
        lanes=tuple(
            _lane_state(lane.drawn(now_ms), claims.get(lane.lane), now_ms, takes_scans=takes_scans)
            for lane in snapshot.lanes
        ),
        active=snapshot.active,
        sounds=snapshot.sounds,
        papers=shown,
        has_printer=has_printer,
        takes_scans=takes_scans,
    )


def _lane_state(
    lane: LaneView, claim: Claim | None, now_ms: int, *, takes_scans: bool
) -> LaneState:
    deadline = lane.deadline_mono_ms
    live = sum(not line.undone for line in lane.lines)
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
        mode=lane.mode,
        at_rest=lane.at_rest,
        heading_zh=lane.heading_zh,
        heading_en=lane.heading_en,
        figures=lane.figures,
        count=live if lane.count is None else lane.count,
        offer=lane.offer if takes_scans else Offer(),
        claim=None if claim is None else ClaimShown(claim.number, max(0, claim.until - now_ms)),
        greets=lane.greets and claim is None,
    )
