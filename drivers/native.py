"""Which boxes of a layout a printer can draw by itself, and in which of its fonts.

Pure. A box is left to the printer only when what the printer makes of it fits where the layout
put it, so that nothing moves; everything else is sent as dots.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from typing import Final

import msgspec

from drivers.barcodes import CODE128_QUIET, QR_QUIET
from drivers.layout import BarsBox, Box, QrBox, TextBox
from drivers.ports import PrinterProfile
from drivers.typography import EM_MM

LEAST_EM: Final = 0.79
"""A font of the printer may be this much lower than the size that was asked for."""
WORD_GAP_EM: Final = 0.3
"""Between two scripts on one line, of a character's height."""
CODE128_MODULES: Final = 11
CODE128_STOP: Final = 13
"""Modules of one symbol character and of the stop character (ISO/IEC 15417)."""


class Cell(msgspec.Struct, frozen=True):
    """One of a printer's fonts at one magnification; a Chinese character takes two cells."""

    width: int
    height: int
    font: str
    times: int = 1


class NativeText(msgspec.Struct, frozen=True):
    """A line that the printer sets: its upper left corner in dots, and the bytes."""

    x: int
    y: int
    width: int
    cell: Cell
    data: bytes
    bold: bool

    def __repr__(self) -> str:
        return f"NativeText({self.x}, {self.y}, length={len(self.data)})"


def encoded(text: str, profile: PrinterProfile) -> bytes | None:
    """`text` as the printer's fonts know it, a cell a byte, or None.

    ASCII; with Chinese fonts also what GB18030 writes in two bytes, which is GBK and what such
    fonts hold. Characters of four bytes are missing in most.
    """
    if not text:
        return None
    if all(" " <= char <= "~" for char in text):
        return text.encode("ascii")
    if profile.drawing != "gb18030":
        return None
    data = b""
    for char in text:
        if " " <= char <= "~":
            data += char.encode("ascii")
            continue
        try:
            two = char.encode("gb18030")
        except UnicodeEncodeError:
            return None
        if len(two) != 2:
            return None
        data += two
    return data


def native_text(
    box: TextBox,
    ascii_cells: Sequence[Cell],
    chinese_cells: Sequence[Cell],
    profile: PrinterProfile,
) -> NativeText | None:
    """`box` in the largest cell that fits its line and the paper, or None."""
    if not profile.native:
        return None
    data = encoded(box.text, profile)
    if data is None:
        return None
    em = EM_MM[box.size] * profile.dots_per_mm
    cells = ascii_cells if data.isascii() else chinese_cells
    for cell in sorted(cells, key=lambda cell: -cell.height):
        width = cell.width * len(data)
        # The least is the layout's own blank edge; the rest is the line's.
        if width > profile.width_dots - 2 * profile.margin_dots:
            continue
        if LEAST_EM * em <= cell.height <= box.height:
            x = {
                "left": box.x,
                "centre": (profile.width_dots - width) // 2,
                "right": box.x + box.width - width,
            }[box.align]
            y = box.y + (box.height - cell.height) // 2
            return NativeText(x, y, width, cell, data, box.bold)
    return None


def split_line(
    box: TextBox,
    cells: Sequence[Cell],
    measure: Callable[[str], int],
    profile: PrinterProfile,
) -> list[NativeText | TextBox] | None:
    """A line of both scripts as pieces side by side: ASCII for the printer to set, the rest as
    boxes to draw. `measure` gives the width in dots of what is drawn. None where the printer's
    letters, which are wider, leave no room.
    """
    if not profile.native:
        return None
    runs = [run.strip() for run in re.findall(r"[ -~]+|[^ -~]+", box.text)]
    runs = [run for run in runs if run]
    em = EM_MM[box.size] * profile.dots_per_mm
    between = round(em * WORD_GAP_EM)
    for cell in sorted(cells, key=lambda cell: -cell.height):
        if not LEAST_EM * em <= cell.height <= box.height:
            continue
        widths = [cell.width * len(run) if run.isascii() else measure(run) for run in runs]
        total = sum(widths) + between * (len(runs) - 1)
        if total > profile.width_dots - 2 * profile.margin_dots:
            continue
        x = {
            "left": box.x,
            "centre": (profile.width_dots - total) // 2,
            "right": box.x + box.width - total,
        }[box.align]
        pieces: list[NativeText | TextBox] = []
        for run, width in zip(runs, widths, strict=True):
            if run.isascii():
                y = box.y + (box.height - cell.height) // 2
                pieces.append(NativeText(x, y, width, cell, run.encode("ascii"), box.bold))
            else:
                pieces.append(msgspec.structs.replace(box, x=x, width=width, text=run))
            x += width + between
        return pieces if x - between <= profile.width_dots and pieces else None
    return None


def apart(texts: Iterable[NativeText], profile: PrinterProfile) -> bool:
    """Whether texts of one line leave each other room."""
    end = 0
    for text in sorted(texts, key=lambda text: text.x):
        if text.x < end:
            return False
        end = text.x + text.width
    return end <= profile.width_dots


def native_bars(box: BarsBox, profile: PrinterProfile, *, most_height: int) -> bool:
    """Whether the printer can draw this bar code: across the paper, in code set B throughout.

    A printer does not choose code sets by itself; in B every character takes 11 modules, which
    may be wider than our own choice.
    """
    if not profile.native or box.along or box.height > most_height or not 2 <= box.bar <= 6:
        return False
    modules = CODE128_MODULES * (len(box.value) + 2) + CODE128_STOP
    return (modules + 2 * CODE128_QUIET) * box.bar <= profile.width_dots


def bars_width(box: BarsBox) -> int:
    """Dots from the first bar to the last, in code set B."""
    return (CODE128_MODULES * (len(box.value) + 2) + CODE128_STOP) * box.bar


def native_qr(box: QrBox, profile: PrinterProfile, *, most_dot: int) -> bool:
    """Whether the printer can draw this QR code: printable ASCII, and modules not too large."""
    printable = all(" " <= char <= "~" for char in box.value)
    return profile.native and printable and 1 <= box.dot <= most_dot


def qr_quiet(box: QrBox) -> int:
    """Dots of quiet zone on each side, which printers do not draw."""
    return QR_QUIET * box.dot


def lines(boxes: Iterable[Box]) -> list[list[Box]]:
    """Boxes that share rows, together; from top to bottom."""
    groups: list[list[Box]] = []
    bottom = 0
    for box in sorted(boxes, key=lambda box: (box.y, box.x)):
        if not groups or box.y >= bottom:
            groups.append([])
            bottom = 0
        groups[-1].append(box)
        bottom = max(bottom, box.y + box.height)
    return groups


def has_code(box: Box) -> bool:
    """Whether a scanner could read something from it."""
    return isinstance(box, BarsBox | QrBox)
