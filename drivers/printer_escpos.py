"""ESC/POS printers: a document's dots as commands, and what the printer says of itself.

Only four things are sent: ``ESC @`` (initialise), ``GS v 0`` (raster), ``GS V`` (cut, where
there is a cutter) and ``DLE EOT`` (status). Each cheap head knows them, whatever code page, font
or bar code it lacks. Blank paper is raster too, one byte a row: ``ESC J`` counts in a unit that
differs between makers, and the paper would not be the picture.

The wire is slow (115,200 baud: 11.5 kB a second), so each band is cropped at its right-hand end.

A job that broke off, in this process or with the one before it, leaves the printer waiting for
the rest of a band, and it would take the next job for that. The next one is therefore preceded
by as many NUL as a band can want; a printer that waits for nothing ignores them.
"""

from __future__ import annotations

import itertools
import os
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from drivers.ports import (
    BOTH_ROLES,
    DeviceError,
    Document,
    PrinterProfile,
    PrinterStatus,
    PrintResult,
    Role,
    Words,
)
from drivers.transports import Transport

if TYPE_CHECKING:
    from PIL.Image import Image

BAND_ROWS: Final = 64
"""Most rows in one raster command: 3 kB at 384 dots, within the smallest receive buffers."""

GAP_ROWS: Final = 6
"""A shorter gap is cheaper left where it is: two more commands cost 16 bytes."""
_HEADER_BYTES: Final = 8
ANSWER_S: Final = 1.0
"""How long a status answer may take once the wire is free."""
SILENT_ANSWER_S: Final = 0.05
"""The same for a printer that never answered: most cheap ones are silent, and a donor waits."""

# DLE EOT n, from Epson's ESC/POS command reference. An answer has bits 1 and 4 set, 0 and 7 clear.
_ASK_OFFLINE: Final = b"\x10\x04\x02"
_ASK_PAPER: Final = b"\x10\x04\x04"
_FIXED_MASK: Final = 0b1001_0011
_FIXED: Final = 0b0001_0010
_OFFLINE_COVER: Final = 0b0000_0100
_OFFLINE_NO_PAPER: Final = 0b0010_0000
_OFFLINE_ERROR: Final = 0b0100_0000
_PAPER_LOW: Final = 0b0000_1100
_PAPER_OUT: Final = 0b0110_0000

_READY: Final = Words(zh="就绪", en="ready")
_PRINTED: Final = Words(zh="已打印", en="printed")
_LOW: Final = Words(zh="纸快用完了", en="paper is running low")
_SILENT: Final = Words(
    zh="已发送，打印机没有回应，请看一眼纸",
    en="sent; the printer does not answer, look at the paper",
)
_OUT: Final = Words(zh="没有纸了，请换纸", en="out of paper: put in a new roll")
_COVER: Final = Words(zh="打印机上盖开着", en="the printer's cover is open")
_ERROR: Final = Words(
    zh="打印机报错，请关机再开", en="the printer reports an error: switch it off and on"
)


class EscposPrinter:
    """An ESC/POS printer behind any transport."""

    def __init__(
        self,
        name: str,
        transport: Transport,
        *,
        profile: PrinterProfile | None = None,
        roles: frozenset[Role] = BOTH_ROLES,
    ) -> None:
        self.name: Final = name
        self.roles: Final = roles
        self.profile: Final = profile if profile is not None else PrinterProfile()
        self._transport = transport
        self._broken_off = True
        self._answers: bool | None = None

    def warm(self) -> None:
        from drivers.raster import warm

        encode(warm(self.profile), self.profile)

    def print(self, document: Document) -> PrintResult:
        """Raises `LayoutError`; every fault of the device is in the result."""
        from drivers.raster import paper_mm, render

        pages = render(document, self.profile)
        try:
            return self._send(encode(pages, self.profile), paper_mm(pages, self.profile))
        finally:
            self._transport.finish()

    def _send(self, data: bytes, used_mm: float) -> PrintResult:
        try:
            before = self._look()
            if before.state == "attention":
                # Not sent: a printer that holds it would print it later, beside the reprint.
                return PrintResult("failed", before.detail)
            if self._broken_off and self._transport.silence == "unknown":
                self._transport.send(bytes(_HEADER_BYTES + BAND_ROWS * _width_bytes(self.profile)))
            self._broken_off = True
            self._transport.send(data)
            self._broken_off = False
        except DeviceError as error:
            self._answers = None
            return PrintResult("failed", error.words)
        try:
            after = self._look()
        except DeviceError as error:
            # Every byte was taken and then it went away: on paper or not, nobody knows.
            self._answers = None
            return PrintResult("unknown", error.words, used_mm)
        if after.state == "attention":
            # The sensor sits before the head: this document may be whole, cut short or absent.
            return PrintResult("unknown", after.detail, used_mm)
        if after.state == "unknown" and self._transport.silence == "unknown":
            return PrintResult("unknown", _SILENT, used_mm)
        return PrintResult("printed", _LOW if after.detail == _LOW else _PRINTED, used_mm)

    def status(self) -> PrinterStatus:
        try:
            seen = self._look()
            if seen.state == "unknown" and self._transport.silence == "printed":
                return PrinterStatus("ready", _READY)
            return seen
        except DeviceError as error:
            self._answers = None
            return PrinterStatus("away", error.words)
        finally:
            self._transport.finish()

    def close(self) -> None:
        self._transport.close()

    def _look(self) -> PrinterStatus:
        """What the sensors say now; raises `DeviceError` when it is away."""
        patience = SILENT_ANSWER_S if self._answers is False else ANSWER_S
        paper = self._transport.ask(_ASK_PAPER, patience)
        self._answers = _is_status(paper)
        if not self._answers:
            return PrinterStatus("unknown", _SILENT)
        if paper[0] & _PAPER_OUT:
            return PrinterStatus("attention", _OUT)
        offline = self._transport.ask(_ASK_OFFLINE, patience)
        if _is_status(offline):
            if offline[0] & _OFFLINE_COVER:
                return PrinterStatus("attention", _COVER)
            if offline[0] & _OFFLINE_NO_PAPER:
                return PrinterStatus("attention", _OUT)
            if offline[0] & _OFFLINE_ERROR:
                return PrinterStatus("attention", _ERROR)
        return PrinterStatus("ready", _LOW if paper[0] & _PAPER_LOW else _READY)


def _is_status(answer: bytes) -> bool:
    return len(answer) == 1 and answer[0] & _FIXED_MASK == _FIXED


def _width_bytes(profile: PrinterProfile) -> int:
    return (profile.width_dots + 7) // 8


def encode(pages: tuple[Image, ...], profile: PrinterProfile) -> bytes:
    """The pages as one job; a cut after each where the profile has a cutter."""
    job = _dummy()
    job.hw("INIT")
    for page in pages:
        for band in _bands(page):
            job.image(band, impl="bitImageRaster", fragment_height=BAND_ROWS)
        if profile.cutter:
            # The feed to the knife is in the picture already.
            job.cut(feed=False)
    return bytes(job.output)


def _bands(page: Image) -> Iterator[Image]:
    """Top to bottom, at most `BAND_ROWS` high, each cropped at the right to the byte its ink
    ends in. Gaps of `GAP_ROWS` and more are bands of their own: a blank row then costs a byte.
    """
    from PIL import Image as Pillow
    from PIL import ImageChops

    stride = (page.width + 7) // 8
    ink = ImageChops.invert(page).tobytes()
    ends = [len(ink[row * stride : (row + 1) * stride].rstrip(b"\0")) for row in range(page.height)]
    for top, bottom in _runs(ends):
        width = 8 * max(1, *ends[top:bottom])
        band = Pillow.new("1", (width, bottom - top), 255)
        band.paste(page.crop((0, top, min(width, page.width), bottom)), (0, 0))
        yield band


def _runs(ends: list[int]) -> Iterator[tuple[int, int]]:
    """Row ranges that alternate between ink and gaps, none longer than `BAND_ROWS`."""
    edges = [0]
    row = 0
    while row < len(ends):
        gap = row
        while gap < len(ends) and ends[gap] == 0:
            gap += 1
        if gap - row >= GAP_ROWS:
            edges += [row, gap]
        row = gap + 1
    edges.append(len(ends))
    for start, stop in itertools.pairwise(edges):
        for top in range(start, stop, BAND_ROWS):
            yield top, min(top + BAND_ROWS, stop)


_import_lock = threading.Lock()


def _dummy() -> Any:
    """python-escpos's recorder of commands.

    At import the library parses a database of all printers as YAML (half a second on a small
    machine), keeps it as a pickle, and unpickles whatever lies where
    ``ESCPOS_CAPABILITIES_PICKLE_DIR`` points. It gets a one-profile file of ours instead, and a
    fresh private directory that is gone afterwards: nothing foreign is ever unpickled.
    """
    with _import_lock:
        wanted = {
            "ESCPOS_CAPABILITIES_FILE": str(Path(__file__).parent / "escpos_capabilities.json"),
            "ESCPOS_CAPABILITIES_PICKLE_DIR": None,
        }
        before = {key: os.environ.get(key) for key in wanted}
        _set_environment(wanted)
        try:
            from escpos import capabilities
            from escpos.printer.dummy import Dummy
        finally:
            _set_environment(before)
        shutil.rmtree(capabilities.pickle_dir, ignore_errors=True)
    return Dummy()


def _set_environment(values: dict[str, str | None]) -> None:
    for key, value in values.items():
        if value is None:
            os.environ.pop(key, None)
        else:
            os.environ[key] = value
