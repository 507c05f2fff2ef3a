"""The paper of a virtual printer: rows of dots that come out, torn or cut into pieces.

Written from makers' command references and from nothing in ``drivers``, so that a mistake there is
not repeated here. Native codes are drawn by zxing-cpp's writer, which the drivers do not use.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import zxingcpp
from PIL import Image, ImageDraw, ImageFont

FONT: Final = Path(__file__).parents[2] / "drivers" / "fonts" / "wqy-microhei.ttc"
"""A file with letters; which one a printer has in it is its own affair."""


class PaperError(ValueError):
    """Bytes that a printer would not have taken as meant."""


class Paper:
    """A roll under a head `width` dots wide (a multiple of 8); 0 is black, as in Pillow's "1"."""

    def __init__(self, width: int) -> None:
        self.width: Final = width
        self._rows = bytearray()
        self._pages: list[Image.Image] = []
        self._lines: list[str] = []
        self._texts: list[str] = []
        self._stride: Final = width // 8

    def burn(self, strip: Image.Image) -> None:
        """More rows, as wide as the head."""
        assert strip.width == self.width
        self._rows += strip.convert("1").tobytes()

    def letters(self, line: str) -> None:
        """What the printer's own letters say on the rows that follow."""
        self._lines.append(line)

    def burn_row(self, data: bytes, left: int = 0, times: int = 1) -> None:
        """One row of ``GS v 0`` (1 is a burnt dot) at `left` dots, `times` over."""
        # As one number, since `left` need not be a multiple of 8.
        shift = self.width - left - 8 * len(data)
        burnt = int.from_bytes(data, "big") << shift if shift >= 0 else 0
        white = (1 << self.width) - 1
        self._rows += (white ^ burnt).to_bytes(self._stride, "big") * times

    def feed(self, rows: int) -> None:
        """Blank paper."""
        self._rows += b"\xff" * (self._stride * rows)

    def blank(self, rows: int) -> Image.Image:
        """A white strip to draw on."""
        return Image.new("1", (self.width, rows), 255)

    def tear(self) -> None:
        """What came out so far is a piece of paper, if anything did."""
        if self._rows:
            self._pages.append(self._picture())
            self._texts.append("\n".join(self._lines))
            self._rows.clear()
            self._lines.clear()

    @property
    def pages(self) -> list[Image.Image]:
        """Finished pieces, oldest first."""
        return list(self._pages)

    @property
    def texts(self) -> list[str]:
        """What the printer's own letters say on each finished piece, a line each; what came as
        dots is not among them."""
        return list(self._texts)

    @property
    def hanging(self) -> Image.Image | None:
        """What has come out and is not torn off yet."""
        return self._picture() if self._rows else None

    @property
    def pieces(self) -> list[Image.Image]:
        """Everything a person could take into the hand."""
        return self.pages + ([self._picture()] if self._rows else [])

    def _picture(self) -> Image.Image:
        size = (self.width, len(self._rows) // self._stride)
        return Image.frombytes("1", size, bytes(self._rows))


def code128(text: str, module: int, height: int) -> Image.Image:
    """Bars without quiet zones."""
    return _bars(text).resize((_bars(text).width * module, height), Image.Resampling.NEAREST)


@lru_cache(maxsize=512)
def _bars(text: str) -> Image.Image:
    picture = _drawn(zxingcpp.create_barcode(text, zxingcpp.BarcodeFormat.Code128))
    return picture.crop((0, picture.height // 2, picture.width, picture.height // 2 + 1))


@lru_cache(maxsize=64)
def qr(text: str, dot: int, level: str) -> Image.Image:
    """Modules without the quiet zone; `level` is L, M, Q or H."""
    code = zxingcpp.create_barcode(text, zxingcpp.BarcodeFormat.QRCode, ec_level=level)
    picture = _drawn(code)
    size = (picture.width * dot, picture.height * dot)
    return picture.resize(size, Image.Resampling.NEAREST)


def _drawn(code: Any) -> Image.Image:
    drawn = zxingcpp.write_barcode_to_image(code, add_quiet_zones=False)
    picture = Image.fromarray(drawn) if not isinstance(drawn, Image.Image) else drawn
    return picture.convert("1")


@lru_cache(maxsize=4096)
def glyph(char: str, width: int, height: int) -> Image.Image:
    """A character within its cell, larger cells by drawing larger."""
    font = ImageFont.truetype(str(FONT), round(height * 0.8), layout_engine=ImageFont.Layout.BASIC)
    cell = Image.new("L", (width, height), 255)
    drawn = font.getlength(char)
    pen = ImageDraw.Draw(cell)
    pen.text(((width - drawn) / 2, height * 0.02), char, font=font, fill=0)
    return cell.point(lambda level: 255 if level >= 150 else 0).convert("1")
