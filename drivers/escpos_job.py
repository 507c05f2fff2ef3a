"""The commands of one ESC/POS job as they are written, and python-escpos's recorder for them.

Bytes come from python-escpos where it has them: raster, QR code. Its bar code prints to the
terminal and its text changes code pages, so those are written by `drivers.printer_escpos`.
"""

from __future__ import annotations

import os
import shutil
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from drivers.ports import PrinterProfile
from drivers.printer_wire import Job

if TYPE_CHECKING:
    from PIL.Image import Image

BAND_ROWS: Final = 64
"""Most rows in one raster command: 3 kB at 384 dots, within the smallest receive buffers."""
LEFT, CENTRE, RIGHT = 0, 1, 2
_MOST_FEED: Final = 255
_NEAREST: Final = 0
"""Pillow's ``Resampling.NEAREST``, which is imported with the first document only."""


class EscposJob:
    """Commands so far, where on the paper they have led, and from which byte on it is serious."""

    def __init__(self, profile: PrinterProfile) -> None:
        self.profile: Final = profile
        self._recorder: Final = _dummy()
        self._length = 0
        self._safe: int | None = None
        self._first_ink: int | None = None
        self._alignment = LEFT
        self._spacing: int | None = None
        self._style: tuple[int, bool] = (1, False)

    def raw(self, data: bytes) -> None:
        self._recorder._raw(data)
        self._length += len(data)

    def image(self, band: Image) -> None:
        """A raster command; where every row stands twice (a bar code's do), half of them."""
        twice = band.height % 2 == 0 and _rows_stand_twice(band)
        if twice:
            band = band.resize((band.width, band.height // 2), _NEAREST)
        self._recorder.image(
            band,
            impl="bitImageRaster",
            fragment_height=BAND_ROWS,
            high_density_vertical=not twice,
        )
        self._length = len(self._recorder.output)

    def qr(self, value: str, dot: int) -> None:
        """A QR code of model 2, error correction M."""
        from escpos.constants import QR_ECLEVEL_M

        self._recorder.qr(value, ec=QR_ECLEVEL_M, size=dot, native=True)
        self._length = len(self._recorder.output)

    def align(self, alignment: int) -> None:
        if alignment != self._alignment:
            self.raw(b"\x1ba" + bytes([alignment]))
            self._alignment = alignment

    def spacing(self, dots: int) -> None:
        if dots != self._spacing:
            self.raw(b"\x1b3" + bytes([dots]))
            self._spacing = dots

    def style(self, times: int, *, bold: bool) -> None:
        if times != self._style[0]:
            self.raw(b"\x1d!" + bytes([(times - 1) * 0x11]))
        if bold != self._style[1]:
            self.raw(b"\x1bE" + bytes([bold]))
        self._style = (times, bold)

    def feed(self, rows: int) -> None:
        """Blank paper, by the printer's own unit."""
        while rows > 0:
            step = min(rows, _MOST_FEED)
            self.raw(b"\x1bJ" + bytes([step]))
            rows -= step

    def ink(self) -> None:
        """From the next byte on there may be something on the paper."""
        if self._first_ink is None:
            self._first_ink = self._length

    def code(self, *, before: int) -> None:
        """A code is on the paper once the printer has more than `before` bytes of this job."""
        if self._safe is None:
            self._safe = before

    @property
    def length(self) -> int:
        return self._length

    def done(self) -> Job:
        data = bytes(self._recorder.output)
        first_ink = len(data) if self._first_ink is None else self._first_ink
        return Job(data, first_ink if self._safe is None else self._safe)


def _rows_stand_twice(band: Image) -> bool:
    data, stride = band.tobytes(), band.width // 8
    return all(
        data[start : start + stride] == data[start + stride : start + 2 * stride]
        for start in range(0, len(data), 2 * stride)
    )


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
