"""Draws a `provisioning.marks.Mark`: its shape, and on it icons, sign and dots."""

from __future__ import annotations

from typing import Final, NamedTuple

from provisioning.ink import WHITE, Ink
from provisioning.marks import Colour, Mark, Shape

_SIGN_LEADING: Final = 0.86
"""Digits are as high as three quarters of a line: a sign may fill its room."""


class _Room(NamedTuple):
    """A rectangle for what stands on a shape."""

    x: float
    y: float
    width: float
    height: float


def draw_mark(ink: Ink, mark: Mark, x: float, y: float, side: float) -> None:
    """The mark in a square of ``side`` mm."""
    room, colour = _shape(ink, mark, x, y, side)
    if mark.dots:
        lower = room.height * 0.36
        _dots(
            ink, mark.dots, _Room(room.x, room.y + room.height - lower, room.width, lower), colour
        )
        room = room._replace(height=room.height - lower)
    if mark.icons and mark.sign:
        upper = room.height * 0.4
        _icons(ink, mark.icons, room._replace(height=upper), colour)
        _sign(
            ink,
            mark.sign,
            room._replace(y=room.y + upper, height=room.height - upper),
            colour,
        )
    elif mark.icons:
        _icons(ink, mark.icons, room, colour)
    else:
        _sign(ink, mark.sign, room, colour)


def _sign(ink: Ink, sign: str, room: _Room, colour: Colour) -> None:
    ink.fit(
        sign,
        room.x,
        room.y + 0.05 * room.height,  # digits stand on the line and have nothing beneath it
        room.width,
        room.height,
        points=room.height / 0.3528,
        colour=colour,
        bold=True,
        align="C",
        leading=_SIGN_LEADING,
    )


def _icons(ink: Ink, names: tuple[str, ...], room: _Room, colour: Colour) -> None:
    """One in the middle, two across each other's corners, three in a triangle."""
    least = min(room.width, room.height)
    if len(names) == 1:
        x = room.x + (room.width - least) / 2
        ink.icon(names[0], x, room.y + (room.height - least) / 2, least, colour)
        return
    side = least * (0.6 if len(names) == 2 else 0.54)
    left, right = room.x, room.x + room.width - side
    top, bottom = room.y, room.y + room.height - side
    places = {
        2: [(left, top), (right, bottom)],
        3: [(room.x + (room.width - side) / 2, top), (left, bottom), (right, bottom)],
    }[len(names)]
    for name, (x, y) in zip(names, places, strict=True):
        ink.icon(name, x, y, side, colour)


def _dots(ink: Ink, count: int, room: _Room, colour: Colour) -> None:
    """Rows of five, which are seen at a glance, up to ten; beyond, rows of eight to two dozen."""
    columns, lines = (5, 2) if count <= 10 else (8, 3)
    rows = [columns] * (count // columns)
    if count % columns:
        rows.append(count % columns)
    step = min(room.width / columns, room.height / lines)
    size = step * 0.74
    ink.fill(colour)
    top = room.y + (room.height - step * len(rows)) / 2
    for row, number in enumerate(rows):
        left = room.x + (room.width - step * columns) / 2 + (step - size) / 2
        for at in range(number):
            ink.pdf.ellipse(
                left + at * step, top + row * step + (step - size) / 2, size, size, style="F"
            )


def _shape(ink: Ink, mark: Mark, x: float, y: float, side: float) -> tuple[_Room, Colour]:
    """Draws the shape; the room on it and the colour that shows there."""
    ink.fill(mark.colour)

    def room(left: float, top: float, width: float, height: float) -> _Room:
        return _Room(x + left * side, y + top * side, width * side, height * side)

    def area(*points: tuple[float, float]) -> None:
        ink.polygon([(x + px * side, y + py * side) for px, py in points])

    pdf = ink.pdf
    match mark.shape:
        case Shape.TILE:
            _rounded(ink, x, y, side, side, side * 0.12)
            return room(0.12, 0.12, 0.76, 0.76), WHITE
        case Shape.DISC:
            pdf.ellipse(x, y, side, side, style="F")
            return room(0.19, 0.19, 0.62, 0.62), WHITE
        case Shape.DIE | Shape.FRAME:
            _outline(ink, mark, x, y, side)
            return room(0.12, 0.09, 0.76, 0.82), mark.colour
        case Shape.NOTE:
            _rounded(ink, x, y + 0.17 * side, side, 0.66 * side, side * 0.04)
            ink.line(WHITE, side * 0.012)
            pdf.rect(x + 0.05 * side, y + 0.22 * side, 0.9 * side, 0.56 * side)
            return room(0.09, 0.25, 0.82, 0.5), WHITE
        case Shape.CALENDAR:
            _outline(ink, mark, x, y, side)
            pdf.rect(x + 0.03 * side, y + 0.03 * side, 0.94 * side, 0.28 * side, style="F")
            ink.fit(
                mark.caption, x, y + 0.05 * side, side, 0.24 * side,
                points=side * 0.22 / 0.3528, colour=WHITE, bold=True, align="C",
            )  # fmt: skip
            return room(0.1, 0.33, 0.8, 0.62), mark.colour
        case Shape.COIN:
            pdf.ellipse(x, y, side, side, style="F")
            ink.line(WHITE, side * 0.02)
            pdf.ellipse(x + 0.06 * side, y + 0.06 * side, 0.88 * side, 0.88 * side)
            return room(0.22, 0.22, 0.56, 0.56), WHITE
        case Shape.HEXAGON:
            area((0.25, 0.03), (0.75, 0.03), (1, 0.5), (0.75, 0.97), (0.25, 0.97), (0, 0.5))
            return room(0.2, 0.2, 0.6, 0.6), WHITE
        case Shape.DIAMOND:
            area((0.5, 0), (1, 0.5), (0.5, 1), (0, 0.5))
            return room(0.24, 0.24, 0.52, 0.52), WHITE
        case Shape.HEART:
            ink.icon("heart", x - 0.1 * side, y - 0.1 * side, 1.2 * side, mark.colour)
            return room(0.22, 0.16, 0.56, 0.5), WHITE
        case Shape.HOUSE:
            area((0.5, 0), (1, 0.34), (1, 1), (0, 1), (0, 0.34))
            return room(0.15, 0.26, 0.7, 0.7), WHITE


def _outline(ink: Ink, mark: Mark, x: float, y: float, side: float) -> None:
    edge = 0.05 if mark.shape is Shape.DIE else 0.03
    ink.line(mark.colour, side * edge)
    ink.pdf.rect(
        x + side * edge / 2,
        y + side * edge / 2,
        side * (1 - edge),
        side * (1 - edge),
        round_corners=True,
        corner_radius=side * 0.1,
    )


def _rounded(ink: Ink, x: float, y: float, width: float, height: float, radius: float) -> None:
    ink.pdf.rect(x, y, width, height, style="F", round_corners=True, corner_radius=radius)
