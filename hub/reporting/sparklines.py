"""A small line over time as SVG: what it was lately, at a glance. Pure: figures in, text out.

It shows a shape, its most and its least; the figures themselves stand beside it and in a table. A
time of which nothing is known leaves a gap: a line through it would say that all was well. As with
`hub.reporting.charts` nothing in it is inline that a strict content policy refuses.
"""

from collections.abc import Sequence
from typing import Final

from markupsafe import Markup, escape

WIDE: Final = 240
TALL: Final = 44
EDGE: Final = 4
"""Room for the line's width and its marks."""


def line(title: str, values: Sequence[float | None], *, floor: float | None = 0) -> Markup:
    """A line from the oldest to the newest value, None where nothing is known. ``floor`` is the
    least of the scale, None for the least value."""
    known = [one for one in values if one is not None]
    if not known:
        return Markup()
    low = min(known) if floor is None else min(floor, *known)
    high = max(max(known), low + 1)
    parts = [
        f'<path class="grid" d="M0 {TALL - EDGE}H{WIDE}"/>',
        *(_piece(run, len(values), low, high) for run in _runs(values)),
    ]
    at = max(n for n, one in enumerate(values) if one is not None)
    last = values[at]
    if last is not None:
        x, y = _point(at, last, len(values), low, high)
        parts.append(f'<circle class="dot" cx="{x:.1f}" cy="{y:.1f}" r="3.5"/>')
    return _drawing(title, parts)


def bars(title: str, values: Sequence[float | None], *, most: float | None = None) -> Markup:
    """A bar for each value; ``most`` is the whole height, None for the greatest value."""
    known = [one for one in values if one is not None]
    if not known:
        return Markup()
    high = max(most or 0, *known) or 1
    step = WIDE / len(values)
    parts = [f'<path class="grid" d="M0 {TALL - EDGE}H{WIDE}"/>']
    for n, value in enumerate(values):
        if value:
            tall = value * (TALL - 2 * EDGE) / high
            place = f'x="{n * step:.2f}" y="{TALL - EDGE - tall:.2f}"'
            parts.append(
                f'<rect class="bar" {place} width="{max(0.8, step * 0.8):.2f}"'
                f' height="{tall:.2f}"/>'
            )
    return _drawing(title, parts)


def _runs(values: Sequence[float | None]) -> list[list[tuple[int, float]]]:
    """Stretches without a gap."""
    found: list[list[tuple[int, float]]] = [[]]
    for n, value in enumerate(values):
        if value is None:
            found.append([])
        else:
            found[-1].append((n, value))
    return [run for run in found if run]


def _piece(run: Sequence[tuple[int, float]], count: int, low: float, high: float) -> str:
    points = [_point(n, value, count, low, high) for n, value in run]
    if len(points) == 1:
        x, y = points[0]
        return f'<circle class="dot" cx="{x:.1f}" cy="{y:.1f}" r="2"/>'
    told = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    return f'<polyline class="spark" points="{told}"/>'


def _point(n: int, value: float, count: int, low: float, high: float) -> tuple[float, float]:
    across = WIDE - 2 * EDGE
    x = EDGE + (across * n / (count - 1) if count > 1 else across)
    return x, TALL - EDGE - (value - low) * (TALL - 2 * EDGE) / (high - low)


def _drawing(title: str, parts: Sequence[str]) -> Markup:
    told = escape(title)
    return Markup(  # noqa: S704  # the only text in it has been escaped
        f'<svg class="sparkline" viewBox="0 0 {WIDE} {TALL}" role="img" aria-label="{told}">'
        f"<title>{told}</title>{''.join(parts)}</svg>"
    )
