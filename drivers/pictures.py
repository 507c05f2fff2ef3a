"""Pictures for paper: PNGs that came from outside as dots.

A thermal head burns a dot or does not: a picture is black where it is darker than half, and what
shines through is white. Nothing is dithered here, for single dots of 0.125 mm run together on cheap
paper and a picture of them does not shrink. Nothing is ever enlarged.

Whatever the bytes are, nothing here raises: a picture that cannot be read is None, and the paper
comes out without it. Imports Pillow when it is called.
"""

from __future__ import annotations

import io
import struct
import zlib
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from PIL.Image import Image

MAX_PIXELS: Final = 1_000_000
"""Of a picture for paper: more than 1.5 m of the widest. Its size is looked at before a dot is
unpacked."""
INK: Final = 128
"""Grey level (0 black) below which a dot burns."""

_UNREADABLE: Final = (OSError, ValueError, SyntaxError, EOFError, struct.error, zlib.error)
"""What Pillow raises for damaged files, by the place of the damage."""


def read_picture(png: bytes) -> Image | None:
    """A PNG in mode ``1`` (0 is black), or None."""
    from PIL import Image as Pillow
    from PIL import ImageOps

    try:
        with Pillow.open(io.BytesIO(png), formats=("PNG",)) as found:
            if found.width * found.height > MAX_PIXELS:
                return None
            picture = ImageOps.exif_transpose(found)
            if picture.mode == "1" and "transparency" not in picture.info:
                return picture.copy()
            clear = picture.convert("RGBA")
    except (*_UNREADABLE, Pillow.DecompressionBombError):
        return None
    paper = Pillow.new("RGBA", clear.size, (255, 255, 255, 255))
    paper.alpha_composite(clear)
    return _dots(paper.convert("L"))


def shrunk(picture: Image, width: int, height: int) -> Image:
    """`picture` (mode ``1``) no wider and no higher than this, its shape kept."""
    from PIL import Image as Pillow

    scale = min(width / picture.width, height / picture.height)
    if scale >= 1:
        return picture
    size = max(1, int(picture.width * scale)), max(1, int(picture.height * scale))
    return _dots(picture.convert("L").resize(size, Pillow.Resampling.BOX))


def _dots(grey: Image) -> Image:
    return grey.point(lambda level: 255 if level >= INK else 0).convert("1")
