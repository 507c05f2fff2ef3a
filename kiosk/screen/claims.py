"""The code that a donor's phone reads off the screen."""

from __future__ import annotations

from io import BytesIO
from typing import Final

QUIET_MODULES: Final = 4
"""The light border that ISO/IEC 18004 asks for, in modules."""


def qr_picture(address: str) -> bytes:
    """A QR code of this address as SVG, dark on light, with its quiet zone, level M as on paper."""
    import segno  # not before the first one: a kiosk without a page never needs it

    picture = BytesIO()
    segno.make_qr(address, error="m", boost_error=False).save(
        picture, kind="svg", border=QUIET_MODULES, light="#fff", dark="#000", xmldecl=False,
        omitsize=True,
    )  # fmt: skip
    return picture.getvalue()
