"""Code 128 and QR as modules, before any dots: shared by the printers and the card sheets."""

from __future__ import annotations

from typing import Final

from drivers.ports import LayoutError, Words

CODE128_QUIET: Final = 10
"""Blank modules at each end (ISO/IEC 15417, 4.4.1)."""
QR_QUIET: Final = 4
"""Blank modules around (ISO/IEC 18004, 6.3.8)."""


def code128_modules(value: str) -> str:
    """The bars of `value`, start to stop, as ``1`` (bar) and ``0`` (space), no quiet zones.

    Never more than 11 modules a character and 35 for start, check and stop: an item code of 11
    characters is at most 156 wide. Raises `LayoutError` for anything but printable ASCII.
    """
    if not value or not all(" " <= char <= "~" for char in value):
        raise LayoutError(
            Words(
                zh="条形码只能含有可打印的 ASCII 字符",
                en="a Code 128 bar code holds printable ASCII only",
            )
        )
    from barcode.codex import Code128  # type: ignore[import-untyped]

    return str(Code128(value).build()[0])


def qr_modules(value: str) -> list[list[bool]]:
    """The rows of `value`'s QR code (error correction M), quiet zone not included.

    Raises `LayoutError` for an empty or too long value.
    """
    import segno

    try:
        code = segno.make_qr(value, error="m", boost_error=False)
    except (segno.DataOverflowError, ValueError) as error:
        raise LayoutError(
            Words(zh="内容无法编成二维码", en="this does not go into a QR code")
        ) from error
    return [[bool(module) for module in row] for row in code.matrix]
