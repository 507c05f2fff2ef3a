"""Where everything stands on the paper: a document as boxes in dots, before any dot is drawn.

One layout serves every printer. `drivers.raster` draws the boxes; a language driver may let the
printer draw some of them by itself (`drivers.native` says which). Lines break and boxes lie the
same either way, so that the picture on the kiosk's page is what comes out.

Imports Pillow (the font measures the lines) at the first document, not at start.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, TypeAlias

import msgspec

from drivers.barcodes import CODE128_QUIET, QR_QUIET, code128_modules, qr_modules
from drivers.pictures import read_picture, shrunk
from drivers.ports import (
    Align,
    Block,
    Code128,
    Cut,
    Document,
    Feed,
    LayoutError,
    Picture,
    PrinterProfile,
    Qr,
    Row,
    Rule,
    Size,
    Text,
    Words,
)
from drivers.typography import LEADING, TIGHT_LEADING, Typesetter

MIN_BAR_MM: Final = 0.25
"""Narrowest module of a 1-D code: two dots at 203 dpi. One dot (0.125 mm) is below what hand
scanners of the cheap kind resolve."""
MAX_BAR_MM: Final = 0.5
MIN_QR_MM: Final = 0.25
GAP_DOTS: Final = 12
"""Least blank between the two sides of a `Row`."""
RULE_DOTS: Final = 2
TIGHT_BARS_MM: Final = 7.0
"""Bars no higher than this where a label is short: a hand still hits them."""
TIGHT_FEED_MM: Final = 0.5
TIGHT_PICTURE_MM: Final = 8.0
"""Pictures no higher than this where text is set smaller."""
BELOW_PICTURE_MM: Final = 1.0
TIGHTEST: Final = 3
"""Of the squeezes of `_Placer`."""
_SMALLER: Final[dict[Size, Size]] = {
    "huge": "large", "large": "normal", "normal": "small", "small": "small",
}  # fmt: skip
MAX_PAGE_MM: Final = 1500.0
"""A longer page is refused: no receipt is, and a mistake would empty the roll."""


class _Box(msgspec.Struct, frozen=True):
    """A rectangle in dots from the page's upper left corner."""

    x: int
    y: int
    width: int
    height: int

    def __repr__(self) -> str:
        # Never what stands in it: a receipt carries a claim.
        place = f"{self.x}, {self.y}, {self.width} x {self.height}"
        return f"{type(self).__name__}({place})"


class TextBox(_Box, frozen=True):
    """One line of text; `height` is the line's, `width` the ink's."""

    text: str
    size: Size
    bold: bool
    align: Align


class BarsBox(_Box, frozen=True):
    """A Code 128 bar code with its quiet zones; `bar` is the width of a module."""

    value: str
    bar: int
    along: bool


class QrBox(_Box, frozen=True):
    """A QR code with its quiet zone; `dot` is the side of a module."""

    value: str
    dot: int


class RuleBox(_Box, frozen=True):
    """A black rectangle."""


class PictureBox(_Box, frozen=True):
    """A picture as rows of dots, packed as Pillow's mode ``1`` has them (a 0 bit is black)."""

    dots: bytes


Box: TypeAlias = TextBox | BarsBox | QrBox | RuleBox | PictureBox


class Page(msgspec.Struct, frozen=True):
    """One piece of paper, `height` dots long, its boxes from top to bottom."""

    height: int
    boxes: tuple[Box, ...]


def lay_out(document: Document, profile: PrinterProfile) -> tuple[Page, ...]:
    """`document` as pages: one up to each `Cut`, and one for what follows the last.

    On continuous media a cut page ends with the feed to the tear bar; on labels every page is
    one label long, its content in the middle (die-cut stock lies a millimetre off at times). What
    is too long for a label is set tighter, then smaller, then goes without what is spare, before
    it is refused.
    Raises `LayoutError` when a block does not fit this paper, or the page is absurdly long.
    """
    if profile.media == "continuous":
        return _lay_out(document.blocks, _Placer(profile))
    places = [_Placer(profile, squeeze) for squeeze in range(TIGHTEST + 1)]
    for blocks in _ever_fewer(document):
        for place in places:
            try:
                return _lay_out(blocks, place)
            except _TooLongError as error:
                refused = error
    raise refused


def _ever_fewer(document: Document) -> Iterator[tuple[Block, ...]]:
    """All blocks, then without the first that is spare, without the first two, and so on."""
    left = dict(enumerate(document.blocks))
    yield document.blocks
    for number in document.spare:
        if left.pop(number, None) is not None:
            yield tuple(left.values())


def _lay_out(blocks: tuple[Block, ...], place: _Placer) -> tuple[Page, ...]:
    pages: list[Page] = []
    pending: list[Block] = []
    for block in blocks:
        if isinstance(block, Cut):
            pages.append(place.page(pending, cut=True))
            pending = []
        else:
            pending.append(block)
    if pending:
        pages.append(place.page(pending, cut=False))
    return tuple(pages)


class _TooLongError(LayoutError):
    """The content is longer than a label."""


class _Strip(msgspec.Struct, frozen=True):
    """Boxes with y from the strip's own top."""

    height: int
    boxes: tuple[Box, ...] = ()


class _Placer:
    """Puts blocks one under the other for one profile.

    `squeeze` 1 sets lines closer, 2 also sets text and pictures smaller, 3 also shortens bars and
    feeds.
    """

    def __init__(self, profile: PrinterProfile, squeeze: int = 0) -> None:
        self._profile = profile
        self._squeeze = squeeze
        self._type = Typesetter(profile.dots_per_mm, leading=TIGHT_LEADING if squeeze else LEADING)
        self._inner = profile.width_dots - 2 * profile.margin_dots
        self._set: Final[dict[Block, _Strip]] = {}

    def page(self, blocks: list[Block], *, cut: bool) -> Page:
        strips = [self._once(block) for block in blocks]
        height = sum(strip.height for strip in strips)
        top = 0
        if self._profile.media == "continuous":
            content = height
            if cut:
                height += self._dots(self._profile.tear_mm)
            if height > MAX_PAGE_MM * self._profile.dots_per_mm:
                raise LayoutError(
                    Words(
                        zh=f"纸张长度超过 {MAX_PAGE_MM:.0f} 毫米",
                        en=f"the page is longer than {MAX_PAGE_MM:.0f} mm",
                    )
                )
        else:
            content, height = height, self._dots(self._profile.label_mm)
            if content > height:
                needed = content / self._profile.dots_per_mm
                raise _TooLongError(
                    Words(
                        zh=f"内容高 {needed:.0f} 毫米，标签只有 {self._profile.label_mm:g} 毫米",
                        en=f"{needed:.0f} mm of content does not fit a label of "
                        f"{self._profile.label_mm:g} mm",
                    )
                )
            top = (height - content) // 2
        placed: list[Box] = []
        for strip in strips:
            placed += [_moved(box, top) for box in strip.boxes]
            top += strip.height
        return Page(height, tuple(placed))

    def _once(self, block: Block) -> _Strip:
        """Each block is set once, however often a label is tried with fewer of them."""
        if block not in self._set:
            self._set[block] = self._strip(block)
        return self._set[block]

    def _strip(self, block: Block) -> _Strip:
        match block:
            case Text():
                return self._text(block)
            case Row():
                return self._row(block)
            case Code128():
                return self._code128(block)
            case Qr():
                return self._qr(block)
            case Rule():
                return self._rule()
            case Picture():
                return self._picture(block)
            case Feed(mm):
                wanted = min(max(mm, 0.0), MAX_PAGE_MM)
                return _Strip(self._dots(min(wanted, TIGHT_FEED_MM) if self._tightest else wanted))
            case Cut():
                return _Strip(0)

    @property
    def _tightest(self) -> bool:
        return self._squeeze >= TIGHTEST

    def _size(self, size: Size) -> Size:
        return _SMALLER[size] if self._squeeze >= 2 else size

    def _dots(self, mm: float) -> int:
        return round(mm * self._profile.dots_per_mm)

    def _left(self, width: int, align: Align) -> int:
        free = self._profile.width_dots - width
        if align == "centre":
            return free // 2
        margin = min(self._profile.margin_dots, max(free, 0))
        return margin if align == "left" else free - margin

    def _line(self, text: str, y: int, size: Size, align: Align, *, bold: bool) -> tuple[Box, ...]:
        if not text:
            return ()
        width = self._type.measure(text, size, bold=bold)
        height = self._type.line_height(size)
        return (TextBox(self._left(width, align), y, width, height, text, size, bold, align),)

    def _text(self, block: Text) -> _Strip:
        size, bold = self._size(block.size), block.bold
        lines = self._type.wrap(block.text, self._inner, size, bold=bold)
        height = self._type.line_height(size)
        boxes: list[Box] = []
        for number, line in enumerate(lines):
            boxes += self._line(line, number * height, size, block.align, bold=bold)
        return _Strip(height * len(lines), tuple(boxes))

    def _row(self, block: Row) -> _Strip:
        size, bold = self._size(block.size), block.bold
        height = self._type.line_height(size)
        right = " ".join(self._type.wrap(block.right, 10**6, size, bold=bold))
        right_width = self._type.measure(right, size, bold=bold)
        left_width = self._inner - right_width - GAP_DOTS
        if left_width < self._inner // 3:
            # No room beside it: one under the other, still to their own edges.
            above = self._text(Text(block.left, block.size, "left", bold))
            below = self._text(Text(block.right, block.size, "right", bold))
            moved = tuple(_moved(box, above.height) for box in below.boxes)
            return _Strip(above.height + below.height, above.boxes + moved)
        lines = self._type.wrap(block.left, left_width, size, bold=bold)
        boxes = list(self._line(right, 0, size, "right", bold=bold))
        for number, line in enumerate(lines):
            boxes += self._line(line, number * height, size, "left", bold=bold)
        return _Strip(height * len(lines), tuple(boxes))

    def _code128(self, block: Code128) -> _Strip:
        length = len(code128_modules(block.value)) + 2 * CODE128_QUIET
        least = max(1, self._dots(MIN_BAR_MM))
        wanted_mm = min(block.height_mm, TIGHT_BARS_MM) if self._tightest else block.height_mm
        height = max(1, self._dots(wanted_mm))
        if block.along:
            height = min(height, self._profile.width_dots)
            left = self._left(height, "centre")
            box = BarsBox(left, 0, height, length * least, block.value, least, along=True)
            return _Strip(box.height, (box,))
        bar = min(self._profile.width_dots // length, self._dots(MAX_BAR_MM))
        if bar < least:
            raise LayoutError(
                Words(
                    zh=f"{len(block.value)} 个字符的条形码横放太宽，应沿纸张方向打印",
                    en=f"a bar code of {len(block.value)} characters is too wide for the "
                    "paper; print it along the paper",
                )
            )
        left = self._left(length * bar, "centre")
        return _Strip(height, (BarsBox(left, 0, length * bar, height, block.value, bar, False),))

    def _qr(self, block: Qr) -> _Strip:
        side = len(qr_modules(block.value)) + 2 * QR_QUIET
        dot = min(max(1, self._dots(block.module_mm)), self._profile.width_dots // side)
        if dot < self._dots(MIN_QR_MM):
            raise LayoutError(
                Words(
                    zh=f"{len(block.value)} 个字符的二维码在这种纸上太密",
                    en=f"a QR code of {len(block.value)} characters is too dense for this paper",
                )
            )
        left = self._left(side * dot, block.align)
        return _Strip(side * dot, (QrBox(left, 0, side * dot, side * dot, block.value, dot),))

    def _picture(self, block: Picture) -> _Strip:
        most_mm = block.max_height_mm
        if self._squeeze >= 2:
            most_mm = min(most_mm, TIGHT_PICTURE_MM)
        picture = read_picture(block.png)
        if picture is None:
            return _Strip(0)
        picture = shrunk(picture, self._inner, max(1, self._dots(most_mm)))
        width, height = picture.size
        left = self._left(width, block.align)
        box = PictureBox(left, 0, width, height, picture.tobytes())
        return _Strip(height + self._dots(BELOW_PICTURE_MM), (box,))

    def _rule(self) -> _Strip:
        height = self._dots(2.0)
        margin = self._profile.margin_dots
        width = self._profile.width_dots - 2 * margin
        return _Strip(height, (RuleBox(margin, (height - RULE_DOTS) // 2, width, RULE_DOTS),))


def _moved(box: Box, down: int) -> Box:
    return msgspec.structs.replace(box, y=box.y + down)
