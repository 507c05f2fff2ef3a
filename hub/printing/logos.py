"""A stop's picture for its papers: from any picture that somebody sends to dots that burn or not.

What comes in is somebody's file. Its size is looked at before a dot is unpacked, and only formats
that everybody's pictures are in are tried. What goes out is small: it travels to every kiosk.

Drawn marks of a few colours keep their edges: ink and paper are told apart wherever they differ the
most. A photograph has every shade and would be a blot, so it is dithered.
"""

import io
import struct
import zlib
from typing import TYPE_CHECKING, Final

from contract.papers import LOGO_DOTS, MAX_LOGO_BYTES

if TYPE_CHECKING:
    from PIL.Image import Image

MAX_BYTES: Final = 12 * 1024 * 1024
MAX_PIXELS: Final = 25_000_000
"""75 MB once unpacked; a telephone's usual photograph has 12 million."""
FORMATS: Final = ("PNG", "JPEG", "GIF", "WEBP", "BMP")
_PAPER: Final = 16
"""So near to white is the edge that is cut off."""
_SHADE: Final = 16
"""Levels that count as one shade: JPEG does not keep them apart."""
_FEW: Final = 4
_MOST: Final = 0.75
"""A drawing has so much of what is not paper in so few shades."""
_DAMAGED: Final = (OSError, ValueError, SyntaxError, EOFError, struct.error, zlib.error)
"""What Pillow raises, by the place of the damage."""


class LogoError(Exception):
    """No picture could be made; ``why`` is a machine word: ``empty``, ``too-large``,
    ``too-many-dots``, ``not-a-picture`` or ``blank``."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why: Final = why


def make(upload: bytes) -> bytes:
    """The picture as a PNG of one bit a dot within `LOGO_DOTS` and `MAX_LOGO_BYTES`, blank edges
    cut off, never enlarged.

    Raises:
        LogoError: see there.
    """
    from PIL import Image as Pillow
    from PIL import ImageOps

    if not upload:
        raise LogoError("empty")
    if len(upload) > MAX_BYTES:
        raise LogoError("too-large")
    grey = _grey(upload)
    dark = ImageOps.invert(grey).point([0 if level <= _PAPER else 255 for level in range(256)])
    inked = dark.getbbox()
    if inked is None:
        raise LogoError("blank")
    grey = grey.crop(inked)
    drawn = _is_drawn(grey)
    width, height = LOGO_DOTS
    while True:
        small = grey.copy()
        small.thumbnail((width, height), Pillow.Resampling.LANCZOS)
        made = _png(_dots(small, drawn=drawn))
        if len(made) <= MAX_LOGO_BYTES:
            return made
        width, height = width * 7 // 8, height * 7 // 8


def is_logo(png: bytes) -> bool:
    """Whether this is a picture as `make` gives them."""
    from PIL import Image as Pillow

    if len(png) > MAX_LOGO_BYTES:
        return False
    try:
        with Pillow.open(io.BytesIO(png), formats=("PNG",)) as found:
            fits = found.width <= LOGO_DOTS[0] and found.height <= LOGO_DOTS[1]
            if not fits or found.mode != "1":
                return False
            found.load()
            return True
    except (*_DAMAGED, Pillow.DecompressionBombError):
        return False


def _grey(upload: bytes) -> "Image":
    """The picture in mode ``L``, upright, on white."""
    from PIL import Image as Pillow
    from PIL import ImageOps

    try:
        with Pillow.open(io.BytesIO(upload), formats=FORMATS) as found:
            if found.width * found.height > MAX_PIXELS:
                raise LogoError("too-many-dots")
            # A photograph is unpacked no larger than twice what is wanted of it.
            found.draft("L", (2 * LOGO_DOTS[0], 2 * LOGO_DOTS[0]))
            upright = ImageOps.exif_transpose(found)
            if upright.has_transparency_data:
                seen = upright.convert("RGBA")
                paper = Pillow.new("RGBA", seen.size, "white")
                return Pillow.alpha_composite(paper, seen).convert("L")
            return upright.convert("L")
    except Pillow.DecompressionBombError:
        raise LogoError("too-many-dots") from None
    except _DAMAGED:
        raise LogoError("not-a-picture") from None


def _is_drawn(grey: "Image") -> bool:
    """Whether most of what is not paper has few shades."""
    counts = grey.histogram()
    shades = sorted(sum(counts[low : low + _SHADE]) for low in range(0, 256 - _PAPER, _SHADE))
    return sum(shades[-_FEW:]) > _MOST * sum(shades)


def _dots(grey: "Image", *, drawn: bool) -> "Image":
    from PIL import Image as Pillow
    from PIL import ImageOps

    clear = ImageOps.autocontrast(grey)
    if not drawn:
        return clear.convert("1", dither=Pillow.Dither.FLOYDSTEINBERG)
    ink = _parting(clear.histogram())
    black_or_white = clear.point([0 if level <= ink else 255 for level in range(256)])
    return black_or_white.convert("1", dither=Pillow.Dither.NONE)


def _parting(counts: list[int]) -> int:
    """The lightest level that is ink: the two groups that it parts differ the most (N. Otsu, IEEE
    Trans. SMC 9, 1979), so that pale marks are printed as well."""
    total, weighted = sum(counts), sum(level * n for level, n in enumerate(counts))
    below = weight = 0
    best, found = -1.0, 255
    for level, n in enumerate(counts[:-1]):
        below += n
        weight += level * n
        if not 0 < below < total:
            continue
        apart = weight / below - (weighted - weight) / (total - below)
        between = below * (total - below) * apart * apart
        if between > best:
            best, found = between, level
    return found


def _png(picture: "Image") -> bytes:
    out = io.BytesIO()
    picture.save(out, "PNG", optimize=True)
    return out.getvalue()
