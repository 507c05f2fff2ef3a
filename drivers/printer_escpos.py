"""ESC/POS: a layout as commands, and what the printer says of itself.

**Plain profiles** get five things: ``ESC @`` (initialise), ``GS v 0`` (raster), ``ESC a``
(justification), ``GS V`` (cut) or ``GS FF`` (next label) where there is one, and ``DLE EOT``
(status). Each cheap head knows them, whatever code page, font or bar code it lacks. Raster is
cropped to its ink, its place kept by justification, the one way of placing raster that printers
agree on. Blank paper is raster too, one byte a row: ``ESC J`` counts in a unit that differs between
makers, and the paper would not be the picture.

**Native profiles** let the printer draw bar codes, QR codes and text, and feed by ``ESC J`` after
``GS P`` has set its unit. Chinese beside Latin letters on one line is sent as ``ESC *``, dots that
stand in a line of text, where it is no higher than the letters. What remains is cropped raster.

Source: Epson's ESC/POS command reference.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final

import msgspec

from drivers.escpos_job import BAND_ROWS, CENTRE, LEFT, RIGHT, EscposJob
from drivers.layout import BarsBox, Box, Page, QrBox, TextBox
from drivers.native import (
    Cell,
    NativeText,
    apart,
    has_code,
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
    IS_LOW,
    IS_MUTE,
    IS_OPEN,
    IS_OUT,
    IS_READY,
    Job,
)
from drivers.transports import Transport
from drivers.typography import Typesetter

if TYPE_CHECKING:
    from PIL.Image import Image

GAP_ROWS: Final = 6
"""A shorter gap is cheaper left where it is: two more commands cost 16 bytes."""
_HEADER_BYTES: Final = 8

# DLE EOT n and GS r n, from Epson's ESC/POS command reference. An answer to the first has bits 1
# and 4 set, 0 and 7 clear; one to the second has 4 and 7 clear.
_ASK_OFFLINE: Final = b"\x10\x04\x02"
_ASK_PAPER: Final = b"\x10\x04\x04"
_ASK_PAPER_IN_ORDER: Final = b"\x1dr\x01"
_FIXED_MASK: Final = 0b1001_0011
_FIXED: Final = 0b0001_0010
_OFFLINE_COVER: Final = 0b0000_0100
_OFFLINE_NO_PAPER: Final = 0b0010_0000
_OFFLINE_ERROR: Final = 0b0100_0000
_PAPER_LOW: Final = 0b0000_1100
_PAPER_OUT: Final = 0b0110_0000
_IN_ORDER_MASK: Final = 0b1001_0000
_IN_ORDER_LOW: Final = 0b0000_0011
_IN_ORDER_OUT: Final = 0b0000_1100

_DOTS: Final = b"\x1dP\xcb\xcb"
"""GS P 203 203: distances in dots of a 203 dpi head from here on."""
_NO_CHINESE: Final = b"\x1c."
_CHINESE: Final = b"\x1c&"
_MOST_BAR_HEIGHT: Final = 255
_MOST_QR_DOT: Final = 16

# Font A, the one that every printer has: 12 by 24 dots, and twice that. Chinese is 24 by 24.
CELLS: Final = (Cell(12, 24, "A", 1), Cell(24, 48, "A", 2))


class EscposLanguage:
    """What an ESC/POS printer is told and how it is asked."""

    @property
    def prints_at_end(self) -> bool:
        """Lines come out as they arrive."""
        return False

    def encode(self, pages: Sequence[Page], profile: PrinterProfile) -> Job:
        job = EscposJob(profile)
        job.raw(b"\x1b@")
        for page in pages:
            if profile.native:
                _native_page(job, page)
            else:
                _plain_page(job, page)
            if profile.media != "continuous":
                job.raw(b"\x1d\x0c")  # GS FF: on to the next label
            if profile.cutter:
                # Cuts where the paper is: the feed to the knife is in the page already.
                job.raw(b"\x1dV\x00")
        return job.done()

    def guard(self) -> bytes:
        """NUL: a raster command cut in its head then has no rows, or the rows it was to have."""
        return bytes(2 * _HEADER_BYTES)

    def filler(self, profile: PrinterProfile) -> bytes:
        """NUL: blank dots within a raster command, ignored elsewhere, and no bar code has one."""
        return bytes(_HEADER_BYTES + BAND_ROWS * profile.width_bytes)

    def status(self, transport: Transport, patience_s: float) -> PrinterStatus:
        paper = transport.ask(_ASK_PAPER, patience_s)
        if not _is_status(paper):
            return IS_MUTE
        offline = transport.ask(_ASK_OFFLINE, patience_s)
        if _is_status(offline):
            if offline[0] & _OFFLINE_COVER:
                return IS_OPEN
            if offline[0] & _OFFLINE_NO_PAPER:
                return IS_OUT
            if offline[0] & _OFFLINE_ERROR:
                return IS_FAULTY
        if paper[0] & _PAPER_OUT:
            return IS_OUT
        return IS_LOW if paper[0] & _PAPER_LOW else IS_READY

    def status_in_order(self, transport: Transport, patience_s: float) -> PrinterStatus | None:
        answer = transport.ask(_ASK_PAPER_IN_ORDER, patience_s)
        if len(answer) != 1 or answer[0] & _IN_ORDER_MASK:
            return None
        if answer[0] & _IN_ORDER_OUT:
            return IS_OUT
        return IS_LOW if answer[0] & _IN_ORDER_LOW else IS_READY

    def busy(self, transport: Transport, patience_s: float) -> bool:
        """ESC/POS has no such status."""
        return False


def _is_status(answer: bytes) -> bool:
    return len(answer) == 1 and answer[0] & _FIXED_MASK == _FIXED


# --------------------------------------------------------------------------------------
# Every dot as raster


def _plain_page(job: EscposJob, page: Page) -> None:
    from drivers.raster import paint

    codes = [box for box in page.boxes if has_code(box)]
    # A code begins a band, and what it takes to print a row of it is then known exactly.
    edges = {box.y for box in codes} | {box.y + box.height for box in codes}
    tops = {box.y for box in codes}
    at = 0
    picture = paint(page, job.profile)
    for alignment, band in _bands(picture, edges, ends=job.profile.media == "continuous"):
        job.align(alignment)
        before = job.length + _HEADER_BYTES
        job.ink()
        job.image(band)
        if at in tops:
            job.code(before=before)
        at += band.height


def _bands(page: Image, edges: set[int], *, ends: bool) -> Iterator[tuple[int, Image]]:
    """Justification and dots, top to bottom, at most `BAND_ROWS` high, each cropped to its ink,
    none across one of `edges`. Gaps of `GAP_ROWS` and more are bands of their own: a blank row
    then costs a byte. Without `ends`, what is blank at the end is left away.
    """
    from PIL import ImageChops

    stride = (page.width + 7) // 8
    ink = ImageChops.invert(page)
    rows = ink.tobytes()
    inked = [any(rows[row * stride : (row + 1) * stride]) for row in range(page.height)]
    if not ends:
        while inked and not inked[-1]:
            inked.pop()
    for top, bottom in _runs(inked, edges):
        box = ink.crop((0, top, page.width, bottom)).getbbox()
        alignment, left, width = (LEFT, 0, 8) if box is None else _crop(box[0], box[2], page.width)
        yield alignment, page.crop((left, top, left + width, bottom))


def _runs(inked: list[bool], forced: set[int]) -> Iterator[tuple[int, int]]:
    """Row ranges that alternate between ink and gaps, none longer than `BAND_ROWS`."""
    edges = [0, *(edge for edge in forced if edge < len(inked))]
    row = 0
    while row < len(inked):
        gap = row
        while gap < len(inked) and not inked[gap]:
            gap += 1
        if gap - row >= GAP_ROWS:
            edges += [row, gap]
        row = gap + 1
    edges.append(len(inked))
    for start, stop in itertools.pairwise(sorted(edges)):
        for top in range(start, stop, BAND_ROWS):
            yield top, min(top + BAND_ROWS, stop)


# --------------------------------------------------------------------------------------
# What the printer can draw by itself, and raster for the rest


def _native_page(job: EscposJob, page: Page) -> None:
    job.raw(_DOTS + (_CHINESE if job.profile.drawing == "gb18030" else _NO_CHINESE))
    at = 0
    for line in lines(page.boxes):
        at = _line(job, line, at)
    if job.profile.media == "continuous":
        job.feed(page.height - at)


def _line(job: EscposJob, line: list[Box], at: int) -> int:
    """Puts one line of boxes on the paper, which is at row `at`; the row after it."""
    profile = job.profile
    box = line[0]
    if len(line) == 1 and isinstance(box, BarsBox):
        if native_bars(box, profile, most_height=_MOST_BAR_HEIGHT):
            return _bars(job, box, at)
    elif len(line) == 1 and isinstance(box, QrBox):
        # The printer justifies it without the quiet zone; in the middle that is no difference.
        centred = box.x == (profile.width_dots - box.width) // 2
        if centred and native_qr(box, profile, most_dot=_MOST_QR_DOT):
            return _qr(job, box, at)
    else:
        texts = [
            native_text(box, CELLS, CELLS, profile) for box in line if isinstance(box, TextBox)
        ]
        found = [text for text in texts if text is not None]
        # Texts of one line stand on one level, or the second would be printed over the first.
        level = len({(text.y, text.cell) for text in found}) == 1
        if len(found) == len(line) and level and apart(found, profile):
            return _texts(job, found, at)
        if len(line) == 1 and isinstance(box, TextBox):
            pieces = _both_scripts(box, profile)
            if pieces is not None:
                return _texts(job, pieces, at)
    return _dots(job, line, at)


def _texts(job: EscposJob, pieces: Sequence[NativeText | _Columns], at: int) -> int:
    """Pieces of one line, all as high as the printer's letters."""
    texts = [piece for piece in pieces if isinstance(piece, NativeText)]
    first = texts[0]
    job.feed(first.y - at)
    job.align(LEFT)
    job.spacing(first.cell.height)
    job.ink()
    for piece in sorted(pieces, key=lambda piece: piece.x):
        place = b"\x1b$" + piece.x.to_bytes(2, "little")
        if isinstance(piece, NativeText):
            job.style(piece.cell.times, bold=piece.bold)
            job.raw(place + piece.data)
        else:
            # ESC * 33: 24 dots high, as many columns, three bytes each.
            count = (len(piece.data) // 3).to_bytes(2, "little")
            job.raw(place + b"\x1b*\x21" + count + piece.data)
    job.raw(b"\n")
    return first.y + first.cell.height


class _Columns(msgspec.Struct, frozen=True):
    """Dots that stand in a line of text: 24 rows, three bytes a column."""

    x: int
    data: bytes


def _both_scripts(box: TextBox, profile: PrinterProfile) -> list[NativeText | _Columns] | None:
    """Letters and dots side by side, where the dots are no higher than the letters."""
    setter = Typesetter(profile.dots_per_mm)

    def measure(text: str) -> int:
        return setter.measure(text, box.size, bold=box.bold)

    cell = CELLS[0]
    pieces = split_line(box, (cell,), measure, profile)
    if pieces is None or not any(isinstance(piece, NativeText) for piece in pieces):
        return None
    top = (box.height - cell.height) // 2
    found: list[NativeText | _Columns] = []
    for piece in pieces:
        if isinstance(piece, NativeText):
            found.append(piece)
            continue
        columns = _columns(piece, top, cell.height, profile)
        if columns is None:
            return None
        found.append(columns)
    return found


def _columns(box: TextBox, top: int, rows: int, profile: PrinterProfile) -> _Columns | None:
    from PIL import Image as Pillow
    from PIL import ImageChops

    from drivers.raster import paint_boxes

    picture = paint_boxes([box], (box.x, box.y, box.width, box.height), profile)
    inked = ImageChops.invert(picture).getbbox()
    if inked is None or inked[1] < top or inked[3] > top + rows:
        return None
    left, right = inked[0], inked[2]
    window = ImageChops.invert(picture.crop((left, top, right, top + rows)))
    # On its side, each row is a column of the line, its uppermost dot first.
    return _Columns(box.x + left, window.transpose(Pillow.Transpose.TRANSPOSE).tobytes())


def _bars(job: EscposJob, box: BarsBox, at: int) -> int:
    job.feed(box.y - at)
    job.align(CENTRE)
    job.ink()
    # GS H 0 (no text), GS h (height), GS w (module), GS k 73 (Code 128), set B: "{B", "{{" for "{".
    data = b"{B" + box.value.replace("{", "{{").encode("ascii")
    job.raw(b"\x1dH\x00\x1dh" + bytes([box.height]) + b"\x1dw" + bytes([box.bar]))
    job.raw(b"\x1dk\x49" + bytes([len(data)]) + data)
    # It is drawn when its last byte has come, and not for a filler's NUL, which set B lacks.
    job.code(before=job.length - 1)
    return box.y + box.height


def _qr(job: EscposJob, box: QrBox, at: int) -> int:
    quiet = qr_quiet(box)
    job.feed(box.y + quiet - at)
    job.align(CENTRE)
    job.ink()
    job.qr(box.value, box.dot)
    job.code(before=job.length - 1)
    return box.y + box.height - quiet


def _dots(job: EscposJob, line: list[Box], at: int) -> int:
    """A line as raster, cropped to its ink."""
    from PIL import ImageChops

    from drivers.raster import paint_boxes

    profile = job.profile
    top = min(box.y for box in line)
    bottom = max(box.y + box.height for box in line)
    picture = paint_boxes(line, (0, top, profile.width_dots, bottom - top), profile)
    inked = ImageChops.invert(picture).getbbox()
    if inked is None:
        return at
    left, upper, right, lower = inked
    alignment, start, width = _crop(left, right, profile.width_dots)
    job.feed(top + upper - at)
    job.align(alignment)
    code = any(has_code(box) for box in line)
    for row in range(upper, lower, BAND_ROWS):
        band = picture.crop((start, row, start + width, min(row + BAND_ROWS, lower)))
        begun = job.length
        job.ink()
        job.image(band)
        if code:
            job.code(before=begun + _HEADER_BYTES)
    return top + lower


def _crop(left: int, right: int, paper: int) -> tuple[int, int, int]:
    """Justification, first column and width (whole bytes) of the narrowest crop that has the
    ink from `left` to `right` and stands right when the printer justifies it.
    """
    half = max(paper // 2 - left, right - paper // 2, 4)
    centred = min(paper, (2 * half + 7) // 8 * 8)
    choices = [
        ((right + 7) // 8 * 8, LEFT),
        (centred, CENTRE),
        ((paper - left + 7) // 8 * 8, RIGHT),
    ]
    width, alignment = min(choices)
    start = {LEFT: 0, CENTRE: (paper - width) // 2, RIGHT: paper - width}[alignment]
    return alignment, start, width
