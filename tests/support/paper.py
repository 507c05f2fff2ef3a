"""Codes read back from pictures, by a decoder that shares nothing with our encoders."""

from __future__ import annotations

from dataclasses import dataclass

import zxingcpp
from PIL import Image


@dataclass(frozen=True)
class Code:
    """A bar code or QR code as read back from a picture."""

    symbology: str
    """``Code128``, ``QRCode`` and the like, as zxing-cpp names them without spaces."""
    text: str


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
