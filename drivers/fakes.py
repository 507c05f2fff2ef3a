"""Fakes that ship beside the real drivers and record what they were asked.

They hold to the same contracts (the suites in ``tests/drivers`` run against both), so a kiosk
cannot tell them from hardware.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Final

from drivers.ports import (
    BOTH_ROLES,
    Alarm,
    DeviceState,
    Document,
    Post,
    PrinterProfile,
    PrinterStatus,
    PrintResult,
    Role,
    ScanRead,
    Signal,
    Words,
)

if TYPE_CHECKING:
    from PIL.Image import Image

_CONNECTED: Final = Words(zh="已连接", en="connected")
_UNPLUGGED: Final = Words(zh="已断开，请检查插头", en="unplugged, please check the plug")
_READY: Final = Words(zh="就绪", en="ready")


class FakeScanner:
    """A scanner in a test's hand: `scan`, `unplug`, `replug`."""

    def __init__(self, lane: str, post: Post, *, name: str = "fake:scanner") -> None:
        self.name: Final = name
        self.lane: Final = lane
        self._post = post
        self._started = False
        self._plugged = True

    def start(self) -> None:
        self._started = True
        if self._plugged:
            self._tell(True, _CONNECTED)

    def scan(self, text: str) -> None:
        """Reads `text`; nothing comes of it while unplugged, unstarted or closed."""
        if self._started and self._plugged and text:
            self._post(ScanRead(self.lane, text))

    def unplug(self) -> None:
        self._plugged = False
        self._tell(False, _UNPLUGGED)

    def replug(self) -> None:
        self._plugged = True
        self._tell(True, _CONNECTED)

    def close(self) -> None:
        self._started = False

    def _tell(self, ok: bool, detail: Words) -> None:
        if self._started:
            self._post(DeviceState(self.name, "scanner", ok, detail, self.lane))


class FakePrinter:
    """Draws and remembers every document it printed.

    `next_results` are handed out one a print, before it goes back to "printed".
    """

    def __init__(
        self,
        *,
        name: str = "fake:printer",
        roles: frozenset[Role] = BOTH_ROLES,
        profile: PrinterProfile | None = None,
    ) -> None:
        self.name: Final = name
        self.roles: Final = roles
        self.profile: Final = profile if profile is not None else PrinterProfile()
        self.next_results: list[PrintResult] = []
        self._documents: list[Document] = []
        self._images: list[Image] = []
        self._lock = threading.Lock()
        self._trouble: Words | None = None
        self._closed = False

    def fail(self, detail: Words) -> None:
        """Every print fails until `mend`."""
        self._trouble = detail

    def mend(self) -> None:
        self._trouble = None

    @property
    def documents(self) -> tuple[Document, ...]:
        """What came out, oldest first; failed prints are not in it."""
        with self._lock:
            return tuple(self._documents)

    def images(self) -> list[Image]:
        """The same as 1-bit pictures, one a piece of paper."""
        with self._lock:
            return list(self._images)

    def warm(self) -> None:
        """There is nothing to load."""

    def print(self, document: Document) -> PrintResult:
        """Raises `LayoutError`, as any printer does."""
        from drivers.raster import paper_mm, render

        if self._closed:
            closed = Words(zh="打印机已关闭", en="the printer is closed")
            return PrintResult("failed", closed, progress="none")
        if self._trouble is not None:
            return PrintResult("failed", self._trouble, progress="none")
        pages = render(document, self.profile)
        if self.next_results:
            result = self.next_results.pop(0)
            if result.status == "failed":
                return result
        else:
            result = PrintResult(
                "printed", _READY, paper_mm(pages, self.profile), progress="confirmed"
            )
        with self._lock:
            self._documents.append(document)
            self._images.extend(pages)
        return result

    def status(self) -> PrinterStatus:
        if self._closed:
            return PrinterStatus("away", _UNPLUGGED, "away")
        if self._trouble is not None:
            return PrinterStatus("attention", self._trouble, "error")
        return PrinterStatus("ready", _READY, "ready")

    def close(self) -> None:
        self._closed = True


class FakePanel:
    """Remembers each signal as (lane, signal), each lane's mode and which alarms are on."""

    def __init__(self, *, name: str = "fake:panel") -> None:
        self.name: Final = name
        self.shown: Final[list[tuple[str, Signal]]] = []
        self.modes: Final[dict[str, str]] = {}
        self.alarms: Final[set[Alarm]] = set()
        self._closed = False

    def start(self) -> None:
        """Nothing to open."""

    def show(self, lane: str, signal: Signal) -> None:
        if not self._closed:
            self.shown.append((lane, signal))

    def mode(self, lane: str, mode: str) -> None:
        self.modes[lane] = mode

    def alarm(self, alarm: Alarm, on: bool) -> None:
        if on:
            self.alarms.add(alarm)
        else:
            self.alarms.discard(alarm)

    def close(self) -> None:
        self._closed = True


class FakeSpeaker:
    """Remembers each prompt it was asked to say."""

    def __init__(self, *, name: str = "fake:speaker") -> None:
        self.name: Final = name
        self.said: Final[list[str]] = []

    def start(self) -> None:
        """Nothing to open."""

    def say(self, prompt: str, *then: str) -> None:
        self.said.extend((prompt, *then))

    def wait(self, within_s: float) -> None:
        """It was said at once."""

    def close(self) -> None:
        """Nothing to give back."""
