"""A document as dots: one 1-bit picture per piece of paper, for every kind of printer.

The picture is the truth. The ESC/POS driver sends these dots and no others, the kiosk's page
shows them, so that what is seen there is what the head burns. Bars and QR modules are whole dots
wide: a bar code scaled by a fraction has bars of unequal width and does not read.

Pillow and segno are imported at the first document, not at start (350 ms on a small machine);
`warm` does it ahead of need.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from drivers.barcodes import CODE128_QUIET, QR_QUIET, code128_modules, qr_modules
from drivers.ports import (
    Align,
    Block,
    Code128,
    Cut,
    Document,
    Feed,
    LayoutError,
    PrinterProfile,
    Qr,
    Row,
    Rule,
    Text,
    Words,
)
from drivers.typography import Typesetter

if TYPE_CHECKING:
    from PIL.Image import Image

MIN_BAR_MM: Final = 0.25
"""Narrowest module of a 1-D code: two dots at 203 dpi. One dot (0.125 mm) is below what hand
scanners of the cheap kind resolve."""
MAX_BAR_MM: Final = 0.5
MIN_QR_MM: Final = 0.25
GAP_DOTS: Final = 12
"""Least blank between the two sides of a `Row`."""
MAX_PAGE_MM: Final = 1500.0
"""A longer page is refused: no receipt is, and a mistake would empty the roll."""


def render(document: Document, profile: PrinterProfile) -> tuple[Image, ...]:
    """`document` as pictures in mode ``1`` (0 is black), `profile.width_dots` wide: one up to
    each `Cut` (the feed to the tear bar included), and one for what follows the last.

    Raises `LayoutError` when a block does not fit this paper, or the page is absurdly long.
    """
    draw = _Painter(profile)
    pages: list[Image] = []
    strips: list[Image] = []
    for block in document.blocks:
        if isinstance(block, Cut):
            strips.append(draw.blank(profile.tear_mm))
            pages.append(draw.stack(strips))
            strips = []
        else:
            strips.append(draw.block(block))
    if strips:
        pages.append(draw.stack(strips))
    return tuple(pages)


def paper_mm(pages: tuple[Image, ...], profile: PrinterProfile) -> float:
    """Paper that these pages use."""
    return sum(page.height for page in pages) / profile.dots_per_mm


def png(page: Image) -> bytes:
    """`page` as a PNG of one bit per dot, at its true resolution."""
    import io

    out = io.BytesIO()
    page.save(out, "PNG", optimize=True)
    return out.getvalue()


def warm(profile: PrinterProfile) -> tuple[Image, ...]:
    """Imports and fonts ahead of the first label: draws one of each block, which nobody prints."""
    return render(
        Document("label", (Text("暖 warm"), Code128("WARM"), Qr("WARM"), Row("a", "b"))), profile
    )


class _Painter:
    """Strips of paper, `profile.width_dots` wide."""

    def __init__(self, profile: PrinterProfile) -> None:
        self._profile = profile
        self._type = Typesetter(profile.dots_per_mm)
        self._inner = profile.width_dots - 2 * profile.margin_dots

    def block(self, block: Block) -> Image:
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
            case Feed(mm):
                return self.blank(mm)
            case Cut():
                return self.blank(self._profile.tear_mm)

    def blank(self, mm: float) -> Image:
        return self._strip(self._dots(min(max(mm, 0.0), MAX_PAGE_MM)))

    def stack(self, strips: list[Image]) -> Image:
        height = sum(strip.height for strip in strips)
        if height > MAX_PAGE_MM * self._profile.dots_per_mm:
            raise LayoutError(
                Words(
                    zh=f"纸张长度超过 {MAX_PAGE_MM:.0f} 毫米",
                    en=f"the page is longer than {MAX_PAGE_MM:.0f} mm",
                )
            )
        page = self._strip(height)
        top = 0
        for strip in strips:
            page.paste(strip, (0, top))
            top += strip.height
        return page

    def _dots(self, mm: float) -> int:
        return round(mm * self._profile.dots_per_mm)

    def _strip(self, height: int) -> Image:
        from PIL import Image

        return Image.new("1", (self._profile.width_dots, height), 255)

    def _left(self, width: int, align: Align) -> int:
        free = self._profile.width_dots - width
        if align == "centre":
            return free // 2
        margin = min(self._profile.margin_dots, max(free, 0))
        return margin if align == "left" else free - margin

    def _text(self, block: Text) -> Image:
        size, bold = block.size, block.bold
        lines = self._type.wrap(block.text, self._inner, size, bold=bold)
        height = self._type.line_height(size)
        strip = self._strip(height * len(lines))
        for number, line in enumerate(lines):
            ink = self._type.draw(line, size, bold=bold)
            strip.paste(ink, (self._left(ink.width, block.align), number * height))
        return strip

    def _row(self, block: Row) -> Image:
        size, bold = block.size, block.bold
        height = self._type.line_height(size)
        right = " ".join(self._type.wrap(block.right, 10**6, size, bold=bold))
        right_width = self._type.measure(right, size, bold=bold)
        left_width = self._inner - right_width - GAP_DOTS
        if left_width < self._inner // 3:
            # No room beside it: one under the other, still to their own edges.
            above = self._text(Text(block.left, size, "left", bold))
            below = self._text(Text(block.right, size, "right", bold))
            return self.stack([above, below])
        lines = self._type.wrap(block.left, left_width, size, bold=bold)
        strip = self._strip(height * len(lines))
        for number, line in enumerate(lines):
            ink = self._type.draw(line, size, bold=bold)
            strip.paste(ink, (self._left(ink.width, "left"), number * height))
        if right:
            ink = self._type.draw(right, size, bold=bold)
            strip.paste(ink, (self._left(ink.width, "right"), 0))
        return strip

    def _code128(self, block: Code128) -> Image:
        from PIL import Image

        modules = code128_modules(block.value)
        length = len(modules) + 2 * CODE128_QUIET
        least = max(1, self._dots(MIN_BAR_MM))
        height = max(1, self._dots(block.height_mm))
        if block.along:
            bar, height = least, min(height, self._profile.width_dots)
        else:
            bar = min(self._profile.width_dots // length, self._dots(MAX_BAR_MM))
            if bar < least:
                raise LayoutError(
                    Words(
                        zh=f"{len(block.value)} 个字符的条形码横放太宽，应沿纸张方向打印",
                        en=f"a bar code of {len(block.value)} characters is too wide for the "
                        "paper; print it along the paper",
                    )
                )
        line = Image.new("1", (length, 1), 255)
        for x, module in enumerate(modules, start=CODE128_QUIET):
            if module == "1":
                line.putpixel((x, 0), 0)
        bars = line.resize((length * bar, height), Image.Resampling.NEAREST)
        if block.along:
            bars = bars.transpose(Image.Transpose.ROTATE_90)
        strip = self._strip(bars.height)
        strip.paste(bars, (self._left(bars.width, "centre"), 0))
        return strip

    def _qr(self, block: Qr) -> Image:
        from PIL import Image

        rows = qr_modules(block.value)
        side = len(rows) + 2 * QR_QUIET
        dot = min(max(1, self._dots(block.module_mm)), self._profile.width_dots // side)
        if dot < self._dots(MIN_QR_MM):
            raise LayoutError(
                Words(
                    zh=f"{len(block.value)} 个字符的二维码在这种纸上太密",
                    en=f"a QR code of {len(block.value)} characters is too dense for this paper",
                )
            )
        code = Image.new("1", (side, side), 255)
        for y, row in enumerate(rows):
            for x, dark in enumerate(row):
                if dark:
                    code.putpixel((x + QR_QUIET, y + QR_QUIET), 0)
        code = code.resize((side * dot, side * dot), Image.Resampling.NEAREST)
        strip = self._strip(code.height)
        strip.paste(code, (self._left(code.width, block.align), 0))
        return strip

    def _rule(self) -> Image:
        strip = self._strip(self._dots(2.0))
        middle = strip.height // 2
        for y in (middle - 1, middle):
            strip.paste(0, (self._profile.margin_dots, y, self._profile.width_dots, y + 1))
        margin = self._profile.margin_dots
        if margin:
            edge = self._profile.width_dots - margin
            strip.paste(255, (edge, 0, self._profile.width_dots, strip.height))
        return strip
