"""``screen:`` - a printer whose paper is shown on the kiosk's page.

What it keeps is the picture that `drivers.raster` makes, dot for dot what a thermal printer of
the same profile burns. Pictures live in memory only, and receipts and slips not for long: a
receipt carries a claim, and the next person must not find it.
"""

from __future__ import annotations

import itertools
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Final

import msgspec

from drivers.ports import (
    BOTH_ROLES,
    Document,
    DocumentKind,
    PrinterProfile,
    PrinterStatus,
    PrintResult,
    Role,
    Words,
)

KEPT: Final = 24
TAKEN_AWAY_MS: Final = 20_000
"""How long a paper of somebody's own lies here: whoever it is for takes real paper along."""
_PRIVATE: Final = frozenset({"receipt", "slip"})
_PRINTED: Final = Words(zh="已显示在屏幕上", en="shown on the screen")


class Picture(msgspec.Struct, frozen=True):
    """One piece of paper. `id` counts up from 1 within this process."""

    id: int
    kind: DocumentKind
    width_dots: int
    height_dots: int
    png: bytes

    def __repr__(self) -> str:
        return f"Picture({self.id}, {self.kind!r}, {self.width_dots}x{self.height_dots})"


class ScreenPrinter:
    """Keeps the newest `kept` pieces of paper; its pictures may be read from any thread."""

    def __init__(
        self,
        *,
        name: str = "screen:",
        profile: PrinterProfile | None = None,
        roles: frozenset[Role] = BOTH_ROLES,
        kept: int = KEPT,
        now_ms: Callable[[], int] = lambda: time.monotonic_ns() // 1_000_000,
    ) -> None:
        self.name: Final = name
        self.roles: Final = roles
        self.profile: Final = profile if profile is not None else PrinterProfile()
        self._kept = kept
        self._now_ms: Final = now_ms
        self._taken_at: Final[dict[int, int]] = {}
        self._ids = itertools.count(1)
        self._pictures: OrderedDict[int, Picture] = OrderedDict()
        self._lock = threading.Lock()
        self._closed = threading.Event()

    def warm(self) -> None:
        from drivers.raster import warm

        warm(self.profile)

    def print(self, document: Document) -> PrintResult:
        """Raises `LayoutError`, as any printer does."""
        from drivers.raster import paper_mm, png, render

        if self._closed.is_set():
            closed = Words(zh="打印机已关闭", en="the printer is closed")
            return PrintResult("failed", closed, progress="none")
        pages = render(document, self.profile)
        for page in pages:
            picture = Picture(next(self._ids), document.kind, page.width, page.height, png(page))
            with self._lock:
                self._pictures[picture.id] = picture
                if document.kind in _PRIVATE:
                    self._taken_at[picture.id] = self._now_ms() + TAKEN_AWAY_MS
                while len(self._pictures) > self._kept:
                    self._forget(next(iter(self._pictures)))
        return PrintResult("printed", _PRINTED, paper_mm(pages, self.profile), progress="confirmed")

    def pictures(self) -> tuple[Picture, ...]:
        """What is kept, oldest first."""
        with self._lock:
            self._take_away()
            return tuple(self._pictures.values())

    def picture(self, picture_id: int) -> Picture | None:
        """One of them, or None when it was never there, was taken away or has made room."""
        with self._lock:
            self._take_away()
            return self._pictures.get(picture_id)

    def _take_away(self) -> None:
        now = self._now_ms()
        for picture in [number for number, at in self._taken_at.items() if now >= at]:
            self._forget(picture)

    def _forget(self, picture: int) -> None:
        del self._pictures[picture]
        self._taken_at.pop(picture, None)

    def status(self) -> PrinterStatus:
        if self._closed.is_set():
            closed = Words(zh="打印机已关闭", en="the printer is closed")
            return PrinterStatus("away", closed, "away")
        return PrinterStatus("ready", Words(zh="就绪", en="ready"), "ready")

    def close(self) -> None:
        self._closed.set()
