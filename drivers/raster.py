"""A document as dots: one 1-bit picture per piece of paper, for every kind of printer.

The picture is the truth. A printer of a plain profile gets these dots and no others, the kiosk's
page shows them, so that what is seen there is what the head burns. Bars and QR modules are whole
dots wide: a bar code scaled by a fraction has bars of unequal width and does not read.

Pillow and segno are imported at the first document, not at start (350 ms on a small machine);
`warm` does it ahead of need.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

from drivers.barcodes import CODE128_QUIET, QR_QUIET, code128_modules, qr_modules
from drivers.ports import Code128, Document, PrinterProfile, Qr, Row, Text
from drivers.typography import Typesetter

if TYPE_CHECKING:
    from PIL.Image import Image

    from drivers.layout import BarsBox, Box, Page, QrBox

SAMPLE: Final = Document("label", (Text("暖 warm"), Code128("WARM"), Qr("WARM"), Row("a", "b")))
"""One of each block that needs a library, to load them ahead of the first label."""


def render(document: Document, profile: PrinterProfile) -> tuple[Image, ...]:
    """`document` as pictures in mode ``1`` (0 is black), `profile.width_dots` wide: one up to
    each `Cut` (the feed to the tear bar included), and one for what follows the last.

    Raises `LayoutError` when a block does not fit this paper, or the page is absurdly long.
    """
    from drivers.layout import lay_out

    return tuple(paint(page, profile) for page in lay_out(document, profile))


def paint(page: Page, profile: PrinterProfile) -> Image:
    """A laid-out page as a picture."""
    return paint_boxes(page.boxes, (0, 0, profile.width_dots, page.height), profile)


def paint_boxes(
    boxes: Iterable[Box], window: tuple[int, int, int, int], profile: PrinterProfile
) -> Image:
    """What `boxes` show within `window` (left, top, width, height), in mode ``1``."""
    from PIL import Image as Pillow

    left, top, width, height = window
    picture = Pillow.new("1", (width, height), 255)
    pen = _Pen(profile)
    for box in boxes:
        picture.paste(pen.draw(box), (box.x - left, box.y - top))
    return picture


def paper_mm(pages: tuple[Image, ...], profile: PrinterProfile) -> float:
    """Paper that these pages use."""
    between = 0.0 if profile.media == "continuous" else profile.gap_mm * len(pages)
    return sum(page.height for page in pages) / profile.dots_per_mm + between


def png(page: Image) -> bytes:
    """`page` as a PNG of one bit per dot, at its true resolution."""
    import io

    out = io.BytesIO()
    page.save(out, "PNG", optimize=True)
    return out.getvalue()


def warm(profile: PrinterProfile) -> tuple[Image, ...]:
    """Imports and fonts ahead of the first label: draws one of each block, which nobody prints."""
    import msgspec

    return render(SAMPLE, msgspec.structs.replace(profile, media="continuous"))


class _Pen:
    """Draws single boxes."""

    def __init__(self, profile: PrinterProfile) -> None:
        self._type = Typesetter(profile.dots_per_mm)

    def draw(self, box: Box) -> Image:
        from PIL import Image as Pillow

        from drivers.layout import BarsBox, PictureBox, QrBox, RuleBox, TextBox

        match box:
            case TextBox():
                line = self._type.draw(box.text, box.size, bold=box.bold)
                # Drawn with room above and below, of which a tight line has less.
                over = (line.height - box.height) // 2
                return line.crop((0, over, line.width, over + box.height)) if over > 0 else line
            case BarsBox():
                return self._bars(box)
            case QrBox():
                return self._qr(box)
            case RuleBox():
                return Pillow.new("1", (box.width, box.height), 0)
            case PictureBox():
                return Pillow.frombytes("1", (box.width, box.height), box.dots)

    def _bars(self, box: BarsBox) -> Image:
        from PIL import Image as Pillow

        modules = code128_modules(box.value)
        length = len(modules) + 2 * CODE128_QUIET
        line = Pillow.new("1", (length, 1), 255)
        for x, module in enumerate(modules, start=CODE128_QUIET):
            if module == "1":
                line.putpixel((x, 0), 0)
        across = box.width if box.along else box.height
        bars = line.resize((length * box.bar, across), Pillow.Resampling.NEAREST)
        return bars.transpose(Pillow.Transpose.ROTATE_90) if box.along else bars

    def _qr(self, box: QrBox) -> Image:
        from PIL import Image as Pillow

        rows = qr_modules(box.value)
        side = len(rows) + 2 * QR_QUIET
        code = Pillow.new("1", (side, side), 255)
        for y, row in enumerate(rows):
            for x, dark in enumerate(row):
                if dark:
                    code.putpixel((x + QR_QUIET, y + QR_QUIET), 0)
        return code.resize((box.width, box.height), Pillow.Resampling.NEAREST)
