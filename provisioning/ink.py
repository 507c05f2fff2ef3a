"""What cards, labels and posters are drawn with: words that fit, bars, QR codes, icons.

Everything is vectors, so that it is sharp at any printer's resolution and on any screen. All
lengths are millimetres.
"""

from __future__ import annotations

import io
import itertools
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from drivers.barcodes import CODE128_QUIET, QR_QUIET, code128_modules, qr_modules
from drivers.typography import FONT_PATH
from provisioning.marks import Colour

if TYPE_CHECKING:
    from fpdf import FPDF

ICONS: Final = Path(__file__).parent / "icons"
FONT: Final = "micro-hei"

MIN_BAR_MM: Final = 0.3
"""Narrowest bar that cheap 1-D readers see at arm's length, worn lamination included."""

GAIN_MM: Final = 0.03
"""Bars are drawn this much narrower than they should come out: PDF paints every dot that an area
touches (ISO 32000-1, 10.6.5), half a dot more than its width, and ink and toner spread besides."""

BLACK: Final[Colour] = (0, 0, 0)
WHITE: Final[Colour] = (255, 255, 255)

_POINT_MM: Final = 25.4 / 72
_LEADING: Final = 1.2
_LONG: Final = 9
"""Chinese characters of which a line without punctuation is broken anywhere."""
_WORTH_BREAKING: Final = 1.2
"""Two lines are read less easily than one: only for type so much larger."""


class Ink:
    """Draws on the pages of one PDF."""

    def __init__(self, title: str) -> None:
        from fpdf import FPDF

        self.pdf: FPDF = FPDF(unit="mm")
        self.pdf.set_auto_page_break(False)
        self.pdf.set_margin(0)
        self.pdf.c_margin = 0
        self.pdf.set_title(title)
        self.pdf.set_lang("zh-CN")
        self.pdf.add_font(FONT, fname=FONT_PATH, collection_font_number=0)
        self._icons: dict[tuple[str, Colour], bytes] = {}

    def page(self, size: tuple[float, float]) -> None:
        """Begins a page of this width and height."""
        self.pdf.add_page(orientation="portrait", format=size)  # "landscape" would swap them

    def output(self) -> bytes:
        """The finished PDF."""
        return bytes(self.pdf.output())

    # --- words -------------------------------------------------------------------------------

    def fit(
        self,
        text: str,
        x: float,
        y: float,
        width: float,
        height: float,
        *,
        points: float,
        colour: Colour = BLACK,
        bold: bool = False,
        align: str = "L",
        leading: float = _LEADING,
    ) -> None:
        """Words in a box, as large as they go up to ``points``: in one line, or in two where that
        makes them much larger. They stand at the box's middle height."""
        lines: tuple[str, ...] = (text,)
        size = self._size(lines, width, height, points, leading)
        for broken in _breaks(text):
            larger = self._size(broken, width, height, points, leading)
            if larger > _WORTH_BREAKING * size:
                size, lines = larger, broken
        pdf = self.pdf
        pdf.set_font(FONT, size=size)
        pdf.set_text_color(*colour)
        step = size * _POINT_MM * leading
        at = y + (height - step * len(lines)) / 2
        with pdf.local_context(
            text_mode="FILL_STROKE" if bold else "FILL",
            line_width=size * _POINT_MM * 0.028,
            draw_color=colour,
        ):
            for line in lines:
                pdf.set_xy(x, at)
                pdf.cell(width, step, line, align=align)
                at += step

    def _size(
        self, lines: tuple[str, ...], width: float, height: float, points: float, leading: float
    ) -> float:
        """The largest type, in points, in which the lines fit."""
        self.pdf.set_font(FONT, size=points)
        widest = max(self.pdf.get_string_width(line) for line in lines) + 0.02 * width
        tallest = points * _POINT_MM * leading * len(lines)
        return points * min(1, width / widest, height / tallest)

    # --- codes -------------------------------------------------------------------------------

    def bars(self, code: str, x: float, y: float, width: float, height: float, bar: float) -> None:
        """Code 128 with its quiet zones in the middle of ``width``, with bars of ``bar``.

        Raises ValueError where that is too wide or the bars are too narrow for cheap readers.
        """
        modules = code128_modules(code)
        whole = (len(modules) + 2 * CODE128_QUIET) * bar
        if bar < MIN_BAR_MM or whole > width + 0.01:
            raise ValueError(f"{len(code)} characters in {width} mm: bars of {bar:.2f} mm")
        self.pdf.set_fill_color(0)
        at = x + (width - whole) / 2 + CODE128_QUIET * bar
        for ink, run in itertools.groupby(modules):
            length = len(list(run)) * bar
            if ink == "1":
                self.pdf.rect(at + GAIN_MM / 2, y, length - GAIN_MM, height, style="F")
            at += length

    def qr(self, code: str, x: float, y: float, side: float) -> None:
        """A QR code, quiet zone included, ``side`` wide."""
        rows = qr_modules(code)
        dot = side / (len(rows) + 2 * QR_QUIET)
        self.pdf.set_fill_color(0)
        for row_number, row in enumerate(rows):
            at = 0
            for dark, run in itertools.groupby(row):
                length = len(list(run))
                if dark:
                    left = x + (QR_QUIET + at) * dot
                    top = y + (QR_QUIET + row_number) * dot
                    # A hair of overlap downwards: viewers leave white lines between rectangles.
                    self.pdf.rect(left, top, length * dot, dot + 0.02, style="F")
                at += length

    # --- pictures ----------------------------------------------------------------------------

    def icon(self, name: str, x: float, y: float, side: float, colour: Colour) -> None:
        """A square icon. Raises OSError for a name that is no file in ``icons/``."""
        key = (name, colour)
        if key not in self._icons:
            drawing = (ICONS / f"{name}.svg").read_text()
            fill = "#{:02x}{:02x}{:02x}".format(*colour)
            self._icons[key] = drawing.replace("<path ", f'<path fill="{fill}" ').encode()
        self.pdf.image(io.BytesIO(self._icons[key]), x=x, y=y, w=side, h=side)

    def fill(self, colour: Colour) -> None:
        """The colour of the next areas."""
        self.pdf.set_fill_color(*colour)

    def line(self, colour: Colour, width: float) -> None:
        """The colour and width of the next lines."""
        self.pdf.set_draw_color(*colour)
        self.pdf.set_line_width(width)

    def polygon(self, points: Sequence[tuple[float, float]]) -> None:
        """A filled area."""
        self.pdf.polygon(list(points), style="F")


def widest_bar(code: str, width: float, most: float) -> float:
    """How wide a bar can be so that the code and its quiet zones take ``width`` at most."""
    return min(most, width / (len(code128_modules(code)) + 2 * CODE128_QUIET))


def _breaks(text: str) -> list[tuple[str, ...]]:
    """The text in two lines of about equal length, where it can be broken."""
    if " " in text:
        gaps = [at for at, char in enumerate(text) if char == " "]
        middle = min(gaps, key=lambda at: abs(at - len(text) / 2))
        return [(text[:middle], text[middle + 1 :])]
    if not text.isascii():
        marks = [at + 1 for at, char in enumerate(text[:-1]) if char in "，、：；。·"]
        if marks:
            middle = min(marks, key=lambda at: abs(at - len(text) / 2))
            return [(text[:middle], text[middle:])]
        if len(text) >= _LONG:  # shorter ones are words, which nothing may tear apart
            return [(text[: len(text) // 2], text[len(text) // 2 :])]
    return []
