"""A QR code and bar codes as drawings in the page: sharp on any screen, and in no file of the hub.

They stand on white with their quiet zones, whatever the page's colours are.
"""

import itertools
from typing import Final

from markupsafe import Markup, escape

from drivers.barcodes import CODE128_QUIET, QR_QUIET, code128_modules, qr_modules

_BAR_H: Final = 60
"""Modules: a quarter of the widest part's length."""


def qr(text: str, label: str) -> Markup:
    """The QR code of ``text``; ``label`` says to whom cannot see it what it is."""
    rows = qr_modules(text)
    side = len(rows) + 2 * QR_QUIET
    path = "".join(
        f"M{x + QR_QUIET} {y + QR_QUIET}h{length}v1h-{length}z"
        for y, row in enumerate(rows)
        for x, length in _runs(row)
    )
    return _drawing("qr", side, side, path, label, 8)


def bars(text: str, label: str) -> Markup:
    """The Code 128 of ``text``."""
    modules = code128_modules(text)
    path = "".join(
        f"M{x + CODE128_QUIET} 0h{length}v{_BAR_H}h-{length}z"
        for x, length in _runs([module == "1" for module in modules])
    )
    return _drawing("bars", len(modules) + 2 * CODE128_QUIET, _BAR_H, path, label, 2)


def _runs(row: list[bool]) -> list[tuple[int, int]]:
    """Where dark modules begin, and how many there are."""
    found, at = [], 0
    for dark, run in itertools.groupby(row):
        length = len(list(run))
        if dark:
            found.append((at, length))
        at += length
    return found


def _drawing(kind: str, width: int, height: int, path: str, label: str, dots: int) -> Markup:
    """``dots`` is how many of the screen's a module has where there is room: a whole number, so
    that bars that are equally wide stay so."""
    return Markup(  # noqa: S704  # numbers, and a label that is escaped
        f'<svg class="code-{kind}" role="img" aria-label="{escape(label)}"'
        f' width="{width * dots}" height="{height * dots}"'
        f' viewBox="0 0 {width} {height}" shape-rendering="crispEdges">'
        f'<rect width="{width}" height="{height}" fill="#fff"/><path d="{path}"/></svg>'
    )
