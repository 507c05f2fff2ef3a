"""An independent reader of what a printer was sent: ESC/POS bytes to paper, paper to codes.

Written from Epson's ESC/POS command reference and from nothing in ``drivers``, so that a mistake
there is not repeated here. It knows exactly the commands a raster-only job may hold and refuses
every other byte: a stray byte on a thermal printer is a stray character on the paper.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import zxingcpp
from PIL import Image

WIDTH_DOTS: Final = 384


class PaperError(ValueError):
    """Bytes that a printer would not have taken as meant; says at which offset."""


@dataclass(frozen=True)
class Code:
    """A bar code or QR code as read back from a picture."""

    symbology: str
    """``Code128``, ``QRCode`` and the like, as zxing-cpp names them without spaces."""
    text: str


class PaperReader:
    """Feeds on bytes as they arrive, in pieces of any size.

    `pages` are finished pieces of paper: up to a cut, the next initialisation, or a status request
    (which a driver sends when a job is over). `requests` are those status requests. The head's
    width is `width_dots`; a wider raster is refused.
    """

    def __init__(self, width_dots: int = WIDTH_DOTS) -> None:
        self.pages: list[Image.Image] = []
        self.requests: list[int] = []
        self.bytes_taken = 0
        self._width = width_dots
        self._buffer = bytearray()
        self._strips: list[Image.Image] = []

    def feed(self, data: bytes) -> None:
        """Raises `PaperError` at the first byte that makes no sense."""
        self._buffer += data
        while self._buffer:
            used = self._command()
            if used == 0:
                return
            self.bytes_taken += used
            del self._buffer[:used]

    def close(self) -> list[Image.Image]:
        """No more bytes will come: every page. Raises `PaperError` for a command cut short."""
        if self._buffer:
            raise PaperError(f"{len(self._buffer)} bytes of an unfinished command at the end")
        self._end_page()
        return self.pages

    @property
    def idle(self) -> bool:
        """Whether the bytes so far end with a whole command."""
        return not self._buffer

    def _command(self) -> int:
        """Takes one command from the front of the buffer; its length, 0 when incomplete."""
        data = bytes(self._buffer)
        if data[0] == 0x00:  # NUL: ignored
            return 1
        if data[:1] == b"\x10":  # DLE EOT n
            if len(data) < 3:
                return 0
            self._require(data[1] == 0x04 and 1 <= data[2] <= 4, data)
            self.requests.append(data[2])
            self._end_page()
            return 3
        if data[:1] == b"\x1b":  # ESC @
            if len(data) < 2:
                return 0
            self._require(data[1] == 0x40, data)
            self._end_page()
            return 2
        if data[:1] == b"\x1d":
            return self._gs(data)
        self._require(False, data)
        return 0

    def _gs(self, data: bytes) -> int:
        if len(data) < 2:
            return 0
        if data[1:2] == b"V":  # GS V m [n]
            if len(data) < 3:
                return 0
            self._require(data[2] in (0, 1, 48, 49, 65, 66), data)
            if data[2] in (65, 66):
                if len(data) < 4:
                    return 0
                self._blank(data[3])
                self._end_page()
                return 4
            self._end_page()
            return 3
        self._require(data[1:2] == b"v", data)
        if len(data) < 8:
            return 0
        self._require(data[2:3] == b"0" and data[3] == 0, data)  # GS v 0, normal size
        width_bytes = data[4] + 256 * data[5]
        rows = data[6] + 256 * data[7]
        self._require(0 < width_bytes <= (self._width + 7) // 8 and rows > 0, data)
        length = 8 + width_bytes * rows
        if len(data) < length:
            return 0
        raster = Image.frombytes("1", (8 * width_bytes, rows), data[8:length])
        strip = Image.new("1", (self._width, rows), 255)
        # In the command 1 is a burnt dot, in the picture 0 is black.
        strip.paste(raster.point(lambda level: 0 if level else 255), (0, 0))
        self._strips.append(strip)
        return length

    def _require(self, condition: bool, data: bytes) -> None:
        if not condition:
            raise PaperError(f"unexpected {data[:8].hex(' ')} at byte {self.bytes_taken}")

    def _blank(self, rows: int) -> None:
        if rows:
            self._strips.append(Image.new("1", (self._width, rows), 255))

    def _end_page(self) -> None:
        if not self._strips:
            return
        page = Image.new("1", (self._width, sum(strip.height for strip in self._strips)), 255)
        top = 0
        for strip in self._strips:
            page.paste(strip, (0, top))
            top += strip.height
        self._strips = []
        self.pages.append(page)


def read_pages(data: bytes, width_dots: int = WIDTH_DOTS) -> list[Image.Image]:
    """Every page of complete jobs, as 1-bit pictures (0 is black)."""
    reader = PaperReader(width_dots)
    reader.feed(data)
    return reader.close()


def read_codes(picture: Image.Image, scale: int = 2) -> list[Code]:
    """Every code on the picture, top to bottom; it is enlarged `scale` times and given a
    white border, as paper around the print is white.
    """
    grey = picture.convert("L")
    framed = Image.new("L", (grey.width + 40, grey.height + 40), 255)
    framed.paste(grey, (20, 20))
    large = framed.resize((framed.width * scale, framed.height * scale), Image.Resampling.NEAREST)
    # The reader's own search at lower resolution blurs narrow bars into others: it then finds a
    # code and, beside it, a misreading whose Code 128 checksum fits by chance.
    found = sorted(
        zxingcpp.read_barcodes(large, try_downscale=False),
        key=lambda result: result.position.top_left.y,
    )
    return [
        Code(str(result.format).replace(" ", "").split(".")[-1], result.text) for result in found
    ]
