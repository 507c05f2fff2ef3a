"""Text for 203 dpi heads: cleaning, line breaking and one font, WenQuanYi Micro Hei.

Lines break at spaces and between any two Chinese characters, but closing punctuation never
begins a line and opening punctuation never ends one. A word longer than a line breaks anywhere.
"""

from __future__ import annotations

import functools
import unicodedata
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final

from drivers.ports import Size

if TYPE_CHECKING:
    from PIL.Image import Image
    from PIL.ImageFont import FreeTypeFont

FONT_PATH: Final = Path(__file__).parent / "fonts" / "wqy-microhei.ttc"

EM_MM: Final[dict[Size, float]] = {"small": 2.75, "normal": 3.25, "large": 4.5, "huge": 7.5}
"""Height of a Chinese character: 22, 26, 36 and 60 dots on the usual head. Below 22 dots the
strokes of dense characters run together on thermal paper."""

LEADING: Final = 1.22
"""Line height over character height."""
TIGHT_LEADING: Final = 1.1
"""The same where paper is short: strokes of two lines do not touch yet."""

_INK: Final = 150
"""Grey level (0 black) below which a dot burns. Above the middle, since thermal strokes of one
dot fade first; FreeType's own 1-bit mode draws them thinner."""

_CLOSING: Final = frozenset("，。、；：？！…）》」』】〕”’,.;:?!)]}%")
_OPENING: Final = frozenset("（《「『【〔“‘([{¥￥$")


def clean(text: str) -> str:
    """`text` without control, format, surrogate and private characters; newlines stay,
    tabs become spaces. What comes from outside can then neither steer a printer nor
    reverse the writing direction.
    """
    kept = (
        char
        for char in unicodedata.normalize("NFC", text.replace("\r\n", "\n").replace("\t", " "))
        if char == "\n" or unicodedata.category(char)[0] != "C"
    )
    return "".join(kept)


def _is_wide(char: str) -> bool:
    return unicodedata.east_asian_width(char) in "WF"


def _units(paragraph: str) -> Iterator[str]:
    """Pieces that must stay together, spaces as pieces of their own."""
    unit = ""
    for char in paragraph:
        if not unit:
            unit = char
        elif unit[-1] == " " or char == " ":
            together = unit[-1] == char
            if not together:
                yield unit
                unit = ""
            unit += char
        elif char in _CLOSING or unit[-1] in _OPENING or not (_is_wide(char) or _is_wide(unit[-1])):
            unit += char
        else:
            yield unit
            unit = char
    if unit:
        yield unit


def wrap(text: str, width: int, measure: Callable[[str], int]) -> list[str]:
    """`text` as lines no wider than `width` by `measure`; at least one line."""
    lines: list[str] = []
    for paragraph in clean(text).split("\n"):
        line = ""
        for unit in _units(paragraph):
            if measure(line + unit.rstrip()) <= width:
                line += unit
                continue
            if line.strip():
                lines.append(line.rstrip())
            line = unit.lstrip()
            while measure(line.rstrip()) > width and len(line) > 1:
                fits = max(1, _longest_prefix(line, width, measure))
                lines.append(line[:fits])
                line = line[fits:]
        lines.append(line.rstrip())
    return lines


def _longest_prefix(text: str, width: int, measure: Callable[[str], int]) -> int:
    """How many characters of `text` fit; widths grow with length, so halve the interval."""
    low, high = 0, len(text)
    while low < high:
        middle = (low + high + 1) // 2
        if measure(text[:middle]) <= width:
            low = middle
        else:
            high = middle - 1
    return low


class Typesetter:
    """Draws lines of text as black on white for one resolution. Not for several threads."""

    def __init__(self, dots_per_mm: int, *, leading: float = LEADING) -> None:
        self._dots_per_mm = dots_per_mm
        self._leading = leading

    def em(self, size: Size) -> int:
        """Character height in dots."""
        return round(EM_MM[size] * self._dots_per_mm)

    def line_height(self, size: Size) -> int:
        return round(self.em(size) * self._leading)

    def measure(self, line: str, size: Size, *, bold: bool = False) -> int:
        """Width in dots, the last stroke included."""
        if not line:
            return 0
        font = _font(self.em(size))
        right = font.getbbox(line)[2]
        return int(max(right, font.getlength(line))) + (_weight(self.em(size)) if bold else 0)

    def wrap(self, text: str, width: int, size: Size, *, bold: bool = False) -> list[str]:
        return wrap(text, width, lambda line: self.measure(line, size, bold=bold))

    def draw(self, line: str, size: Size, *, bold: bool = False) -> Image:
        """One line in a 1-bit picture as high as `line_height`, as wide as `measure`."""
        from PIL import Image, ImageDraw

        em = self.em(size)
        width = max(1, self.measure(line, size, bold=bold))
        grey = Image.new("L", (width, self.line_height(size)), 255)
        pen = ImageDraw.Draw(grey)
        font = _font(em)
        # The font's ascent leaves the top tenth blank; centring on the em box keeps
        # descenders within the line whatever the size.
        ascent, descent = font.getmetrics()
        top = (self.line_height(size) - ascent - descent) // 2
        for shift in range(_weight(em) + 1 if bold else 1):
            pen.text((shift, top), line, font=font, fill=0)
        return grey.point(lambda level: 255 if level >= _INK else 0).convert("1")


def _weight(em: int) -> int:
    """Dots by which bold strokes are widened: the font has one weight."""
    return 1 if em < 40 else 2


@functools.lru_cache(maxsize=1)
def _font(em: int) -> FreeTypeFont:
    """One size at a time: each one maps the file anew, 1.5 MB, and opening it takes 0.1 ms."""
    from PIL import ImageFont

    # Basic layout: the wheels of Pillow differ in whether they carry Raqm, and the same
    # document must give the same dots everywhere.
    return ImageFont.truetype(str(FONT_PATH), em, index=0, layout_engine=ImageFont.Layout.BASIC)
