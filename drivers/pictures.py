"""Pictures for paper: PNGs that came from outside as dots, and the other way round.

A thermal head burns a dot or does not: a picture is black where it is darker than half, and what
shines through is white. Nothing is dithered, for single dots of 0.125 mm run together on cheap
paper and a picture of them does not shrink. Nothing is ever enlarged.

Whatever the bytes are, nothing here raises: a picture that cannot be read is None, and the paper
comes out without it. Imports Pillow when it is called.
"""

from __future__ import annotations

import io
import struct
import zlib
from typing import TYPE_CHECKING, Final

from contract.papers import LOGO_DOTS, MAX_LOGO_BYTES

if TYPE_CHECKING:
    from PIL.Image import Image

MAX_PIXELS: Final = 1_000_000
"""Of a picture for paper: more than 1.5 m of the widest. Its size is looked at before a dot is
unpacked."""
MAX_UPLOAD_PIXELS: Final = 16_000_000
"""Of a picture that somebody gives as a logo: 64 MB while it is read."""
INK: Final = 128
"""Grey level (0 black) below which a dot burns."""

_UNREADABLE: Final = (OSError, ValueError, SyntaxError, EOFError, struct.error, zlib.error)
"""What Pillow raises for damaged files, by the place of the damage."""


def read_picture(png: bytes) -> Image | None:
    """A PNG in mode ``1`` (0 is black), or None."""
    return _read(png, ("PNG",), MAX_PIXELS)


def shrunk(picture: Image, width: int, height: int) -> Image:
    """`picture` (mode ``1``) no wider and no higher than this, its shape kept."""
    from PIL import Image as Pillow

    scale = min(width / picture.width, height / picture.height)
    if scale >= 1:
        return picture
    size = max(1, int(picture.width * scale)), max(1, int(picture.height * scale))
    return _dots(picture.convert("L").resize(size, Pillow.Resampling.BOX))


def as_logo(upload: bytes) -> bytes | None:
    """A PNG or JPEG as a logo: a PNG of one bit a dot within `LOGO_DOTS` and `MAX_LOGO_BYTES`,
    blank edges cut off. None when it cannot be read or nothing of it is dark enough to print.

    A picture so busy that its PNG is too long is made smaller until it is not.
    """
    from PIL import ImageChops

    picture = _read(upload, ("PNG", "JPEG"), MAX_UPLOAD_PIXELS)
    inked = None if picture is None else ImageChops.invert(picture).getbbox()
    if picture is None or inked is None:
        return None
    picture = picture.crop(inked)
    width, height = LOGO_DOTS
    while True:
        made = _png(shrunk(picture, width, height))
        if len(made) <= MAX_LOGO_BYTES:
            return made
        width, height = width * 7 // 8, height * 7 // 8


def _read(data: bytes, formats: tuple[str, ...], most_pixels: int) -> Image | None:
    from PIL import Image as Pillow
    from PIL import ImageOps

    try:
        with Pillow.open(io.BytesIO(data), formats=formats) as found:
            if found.width * found.height > most_pixels:
                return None
            # As a telephone held it; the picture in its own memory.
            picture = ImageOps.exif_transpose(found)
            if picture.mode == "1" and "transparency" not in picture.info:
                return picture.copy()
            clear = picture.convert("RGBA")
    except (*_UNREADABLE, Pillow.DecompressionBombError):
        return None
    paper = Pillow.new("RGBA", clear.size, (255, 255, 255, 255))
    paper.alpha_composite(clear)
    return _dots(paper.convert("L"))


def _dots(grey: Image) -> Image:
    return grey.point(lambda level: 255 if level >= INK else 0).convert("1")


def _png(picture: Image) -> bytes:
    out = io.BytesIO()
    picture.save(out, "PNG", optimize=True)
    return out.getvalue()
