"""TSPL, the language of TSC's label printers and of most cheap ones: a layout as commands.

The printer draws into a picture of one label and prints nothing before ``PRINT``. A job that
breaks off earlier leaves no trace, so that here only the last few bytes are serious.

Places are absolute, in dots from the upper left corner. A 0 bit is a burnt dot.

There is a hazard: ``ESC !`` and ``~!`` begin commands that are obeyed at once, wherever they
stand; ``ESC ! R`` in the middle of a bitmap would restart the printer. Bitmaps are therefore cut
between such bytes, and text that holds one is sent as dots.

Source: TSC's "TSPL/TSPL2 Programming Language" manual. No library is used: on PyPI the language is
known only to whole applications for one printer or another (with a web page, or USB transport of
their own), and what is needed here is ten lines of text.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final

from drivers.barcodes import CODE128_QUIET
from drivers.layout import BarsBox, Box, Page, QrBox, TextBox
from drivers.native import (
    Cell,
    NativeText,
    apart,
    bars_width,
    lines,
    native_bars,
    native_qr,
    native_text,
    qr_quiet,
    split_line,
)
from drivers.ports import PrinterProfile, PrinterStatus
from drivers.printer_wire import (
    IS_FAULTY,
    IS_MUTE,
    IS_OPEN,
    IS_OUT,
    IS_PAUSED,
    IS_READY,
    Job,
)
from drivers.transports import Transport
from drivers.typography import Typesetter

if TYPE_CHECKING:
    from PIL.Image import Image

PIECE_BYTES: Final = 1024
"""Most data in one BITMAP: what a filler must be able to end."""
GAP_ROWS: Final = 4
"""A blank gap of this many rows ends a BITMAP: the next one's header costs 25 bytes."""
HAZARDS: Final = (b"\x1b!", b"~!")

ASCII_CELLS: Final = (
    Cell(12, 20, "2"),
    Cell(16, 24, "3"),
    Cell(24, 32, "4"),
    Cell(32, 48, "5"),
)
"""TSPL's built-in fonts; "1" is too small to read, and widths are the cells', not the glyphs'."""
CHINESE_CELLS: Final = (Cell(12, 24, "TSS24.BF2", 1), Cell(24, 48, "TSS24.BF2", 2))
"""The simplified Chinese font, GB18030, of printers that have one."""

_ASK: Final = b"\x1b!?"
_OPEN: Final = 0x01
_JAM: Final = 0x02
_OUT: Final = 0x04
_RIBBON: Final = 0x08
_PAUSE: Final = 0x10
_PRINTING: Final = 0x20
_OTHER: Final = 0x80
_KNOWN: Final = frozenset({*range(0x10), _PAUSE, _PRINTING, _OTHER})
"""Answers that the manual or a known clone has. Some clones list causes instead of adding bits
(an open lid alone is 07), so the lid is looked at first."""
_MOST_BAR_HEIGHT: Final = 800
_MOST_QR_DOT: Final = 10


class TsplLanguage:
    """What a TSPL printer is told and how it is asked."""

    @property
    def prints_at_end(self) -> bool:
        """PRINT comes last."""
        return True

    def encode(self, pages: Sequence[Page], profile: PrinterProfile) -> Job:
        data = bytearray()
        safe: int | None = None
        for page in pages:
            data += _setting(page, profile)
            for command in _drawing(page, profile):
                data += command + b"\r\n"
            if safe is None:
                safe = len(data)
            data += b"PRINT 1,1\r\n"
        return Job(bytes(data), len(data) if safe is None else safe)

    def guard(self) -> bytes:
        """A line end: a command cut short is then a mistake, which printers pass over."""
        return b"\r\n"

    def filler(self, profile: PrinterProfile) -> bytes:
        """Line ends: dots of a bitmap that is then cleared, and elsewhere empty commands."""
        return b"\r\n" * (PIECE_BYTES // 2 + 1) + b"CLS\r\n"

    def status(self, transport: Transport, patience_s: float) -> PrinterStatus:
        # Twice: "ready" is a single zero byte, which is also what a disturbed line reads as.
        for _ in range(2):
            answer = transport.ask(_ASK, patience_s)
            if len(answer) != 1 or answer[0] not in _KNOWN:
                return IS_MUTE
        said = answer[0]
        if said & _OPEN:
            return IS_OPEN
        if said & _OUT:
            return IS_OUT
        if said & (_JAM | _RIBBON | _OTHER):
            return IS_FAULTY
        return IS_PAUSED if said & _PAUSE else IS_READY

    def status_in_order(self, transport: Transport, patience_s: float) -> PrinterStatus | None:
        """TSPL answers everything at once; `busy` tells when it is done."""
        return None

    def busy(self, transport: Transport, patience_s: float) -> bool:
        answer = transport.ask(_ASK, patience_s)
        return len(answer) == 1 and answer[0] in _KNOWN and bool(answer[0] & _PRINTING)


def _setting(page: Page, profile: PrinterProfile) -> bytes:
    width_mm = profile.width_dots / profile.dots_per_mm
    gap = f"{profile.gap_mm:g} mm,0 mm"
    commands = [
        f"SIZE {width_mm:g} mm,{page.height / profile.dots_per_mm:g} mm",
        {
            "continuous": "GAP 0,0",
            "gap": f"GAP {gap}",
            "mark": f"BLINE {gap}",
        }[profile.media],
    ]
    if profile.media == "continuous":
        # The feed to the tear bar or knife is in the page already.
        commands.append("SET TEAR OFF")
    if profile.cutter:
        commands.append("SET CUTTER 1")
    commands += ["DIRECTION 0", "REFERENCE 0,0", "CLS"]
    if profile.drawing == "gb18030":
        commands.append("CODEPAGE 437")  # UTF-8, if somebody set it, would take GB18030 apart
    return "".join(f"{command}\r\n" for command in commands).encode("ascii")


def _drawing(page: Page, profile: PrinterProfile) -> Iterator[bytes]:
    """Commands without their line ends."""
    if not profile.native:
        yield from _dots(list(page.boxes), profile)
        return
    for line in lines(page.boxes):
        box = line[0]
        if len(line) == 1 and isinstance(box, BarsBox) and _plain(box.value.encode()):
            x = box.x + CODE128_QUIET * box.bar
            fits = x + bars_width(box) + CODE128_QUIET * box.bar <= profile.width_dots
            if fits and native_bars(box, profile, most_height=_MOST_BAR_HEIGHT):
                yield (
                    f'BARCODE {x},{box.y},"128",{box.height},0,0,{box.bar},{box.bar},"{box.value}"'
                ).encode("ascii")
                continue
        elif len(line) == 1 and isinstance(box, QrBox) and _plain(box.value.encode()):
            if native_qr(box, profile, most_dot=_MOST_QR_DOT):
                x, y = box.x + qr_quiet(box), box.y + qr_quiet(box)
                # M2: the model that telephones read; the default is its predecessor.
                yield f'QRCODE {x},{y},M,{box.dot},A,0,M2,S7,"{box.value}"'.encode("ascii")
                continue
        elif all(isinstance(box, TextBox) for box in line):
            texts = [
                native_text(box, ASCII_CELLS, CHINESE_CELLS, profile)
                for box in line
                if isinstance(box, TextBox)
            ]
            found = [text for text in texts if text is not None and _plain(text.data)]
            if len(found) == len(line) and apart(found, profile):
                for text in found:
                    yield from _text(text)
                continue
            if len(line) == 1 and isinstance(box, TextBox):
                pieces = _both_scripts(box, profile)
                if pieces is not None:
                    for piece in pieces:
                        if isinstance(piece, NativeText):
                            yield from _text(piece)
                        else:
                            yield from _dots([piece], profile)
                    continue
        yield from _dots(line, profile)


def _both_scripts(box: TextBox, profile: PrinterProfile) -> list[NativeText | TextBox] | None:
    """Places are absolute here, so that letters can stand beside dots."""
    setter = Typesetter(profile.dots_per_mm)

    def measure(text: str) -> int:
        return setter.measure(text, box.size, bold=box.bold)

    pieces = split_line(box, ASCII_CELLS, measure, profile)
    if pieces is None or len(pieces) == 1:
        return None
    written = [piece.data for piece in pieces if isinstance(piece, NativeText)]
    return pieces if all(_plain(data) for data in written) else None


def _plain(data: bytes) -> bool:
    """Whether `data` may stand between quotes: no quote, no escape, no immediate command."""
    return not any(bad in data for bad in (b'"', b"\\[", *HAZARDS))


def _text(text: NativeText) -> Iterator[bytes]:
    # These fonts have one weight: bold is the text again, a dot to the right.
    for shift in (0, 1) if text.bold else (0,):
        times = text.cell.times
        head = f'TEXT {text.x + shift},{text.y},"{text.cell.font}",0,{times},{times},"'
        yield head.encode("ascii") + text.data + b'"'


# --------------------------------------------------------------------------------------
# Dots


def _dots(boxes: Sequence[Box], profile: PrinterProfile) -> Iterator[bytes]:
    """Boxes as bitmaps, cropped to their ink on every side."""
    from drivers.raster import paint_boxes

    if not boxes:
        return
    top = min(box.y for box in boxes)
    bottom = max(box.y + box.height for box in boxes)
    picture = paint_boxes(boxes, (0, top, 8 * profile.width_bytes, bottom - top), profile)
    for start, end in _inked_rows(picture):
        part = picture.crop((0, start, picture.width, end))
        left, right = _inked_columns(part)
        rows = max(1, PIECE_BYTES // (right - left))
        for row in range(0, part.height, rows):
            piece = part.crop((8 * left, row, 8 * right, min(row + rows, part.height)))
            yield from bitmaps(piece, left, top + start + row)


def _inked_rows(picture: Image) -> list[tuple[int, int]]:
    """Row ranges with ink; gaps shorter than `GAP_ROWS` stay within."""
    from PIL import ImageChops

    stride = picture.width // 8
    ink = ImageChops.invert(picture).tobytes()
    ranges: list[tuple[int, int]] = []
    for row in range(picture.height):
        if any(ink[row * stride : (row + 1) * stride]):
            if ranges and row - ranges[-1][1] < GAP_ROWS:
                ranges[-1] = ranges[-1][0], row + 1
            else:
                ranges.append((row, row + 1))
    return ranges


def _inked_columns(part: Image) -> tuple[int, int]:
    """First and past the last column of bytes with ink."""
    from PIL import ImageChops

    box = ImageChops.invert(part).getbbox()
    assert box is not None, "a range of inked rows has ink"
    return box[0] // 8, (box[2] + 7) // 8


def bitmaps(piece: Image, left: int, top: int) -> Iterator[bytes]:
    """A BITMAP, or two and more where its data would hold an immediate command.

    `left` in bytes, `top` in dots. Mode 1 lays dots over what is there, so that the white of
    one bitmap does not wipe out the edge of another.
    """
    data = piece.tobytes()  # in mode "1", as on the wire, a 0 bit is black
    width = piece.width // 8
    at = min((data.find(hazard) for hazard in HAZARDS if hazard in data), default=None)
    if at is None:
        head = f"BITMAP {8 * left},{top},{width},{piece.height},1,"
        yield head.encode("ascii") + data
        return
    row, column = divmod(at, width)
    if column + 1 < width:
        cut = 8 * (column + 1)
        yield from bitmaps(piece.crop((0, 0, cut, piece.height)), left, top)
        rest = piece.crop((cut, 0, piece.width, piece.height))
        yield from bitmaps(rest, left + column + 1, top)
    else:
        yield from bitmaps(piece.crop((0, 0, piece.width, row + 1)), left, top)
        rest = piece.crop((0, row + 1, piece.width, piece.height))
        yield from bitmaps(rest, left, top + row + 1)
