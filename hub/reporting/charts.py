"""Charts as SVG: stacked columns, lines, and rows of bars. Pure: figures in, text out.

Rules
-----
* Whole without JavaScript: each column, point and row is a link to what it counts, with its words
  as a title. A script may show these words nicer (``data-tip``); it adds nothing.
* Nothing inline that a strict content policy refuses: no ``style``, no script. Colours are classes
  (``c0`` … ``c5``), which a sheet gives for light and dark.
* Never by colour alone: every series but the first has a pattern over its colour, lines have
  dashes and marks, and numbers stand beside the bars.
* Letters keep their size: a chart of columns is as wide as it needs and scrolls in a narrow window,
  rows take what width there is.

No library fits: those that draw SVG in Python put style sheets or style attributes into it.
"""

from collections.abc import Sequence
from typing import Final

from markupsafe import Markup, escape
from msgspec import Struct

MOST_SERIES: Final = 6
TOP: Final = 26
BOTTOM: Final = 46
LEFT: Final = 52
HEIGHT: Final = 190
"""Of the area that columns stand in."""
STEP: Final = 54
NARROW: Final = 27
WIDE: Final = 640
BAR: Final = 16
NAME: Final = 24
GAP: Final = 12
LONGEST: Final = 80
"""Length of the longest bar of a row, in hundredths of the width."""

_DASHES: Final = ("", "7 4", "2 4", "10 3 2 3", "1 3", "12 5")


class Bar(Struct, frozen=True):
    """A place on the axis: its short ``label``, ``told`` in full, and where it leads (or not)."""

    label: str
    told: str
    href: str = ""


class Series(Struct, frozen=True):
    """Figures, one for each `Bar`, none below 0."""

    name: str
    values: Sequence[int]


class Chart(Struct, frozen=True):
    """``name`` is a machine word, the only one of its kind on the page; ``title`` and ``about`` say
    what a screen reader tells. ``bars`` and the values of each series are as many."""

    name: str
    title: str
    about: str
    bars: Sequence[Bar]
    series: Sequence[Series]

    @property
    def totals(self) -> list[int]:
        """Each bar's sum."""
        return [sum(one.values[n] for one in self.series) for n in range(len(self.bars))]

    @property
    def empty(self) -> bool:
        """Whether there is nothing to draw."""
        return not any(self.totals)


def ticks(most: int, about: int = 4) -> list[int]:
    """Round numbers from 0 to the first that is not below ``most``, some ``about`` steps."""
    if most <= 0:
        return [0, 1]
    step = 1
    while step * about < most:
        for factor in (2, 5, 10):
            if step * factor * about >= most or factor == 10:
                step *= factor
                break
    return list(range(0, most + step, step)) if most % step else list(range(0, most + 1, step))


def short(text: str, width: int) -> str:
    """``text`` in at most ``width`` Latin letters; a Chinese character is as wide as two."""
    used = 0
    for n, char in enumerate(text):
        used += 1 if ord(char) < 0x2E80 else 2
        if used > width:
            return text[: max(1, n - 1)] + "…"
    return text


def tip(chart: Chart, n: int) -> str:
    """What a bar says: one line each for its name, its series and, of several, their sum."""
    lines = [chart.bars[n].told]
    lines += [f"{one.name}\t{one.values[n]:,}" for one in chart.series if one.values[n]]
    if len(lines) == 1:
        lines.append("0")
    return "\n".join(lines)


def columns(chart: Chart) -> Markup:
    """Columns over the bars, the series one upon another."""
    step = _step(len(chart.bars))
    scale, axis = _axis(max(chart.totals, default=0), len(chart.bars) * step)
    parts = [axis]
    for n, bar in enumerate(chart.bars):
        x, y = LEFT + n * step + step * 0.16, float(TOP + HEIGHT)
        drawn, told = [], ""
        for k, one in enumerate(chart.series):
            tall = one.values[n] * scale
            if tall > 0:
                y -= tall
                drawn.append(_block(chart, k, *(f"{one:.1f}" for one in (x, y, step * 0.68, tall))))
        if chart.totals[n] and (len(chart.bars) - 1 - n) % _every(step) == 0:
            told = _text("v", f"{x + step * 0.34:.1f}", y - 5, f"{chart.totals[n]:,}")
        parts.append(_linked(chart, n, _hit(n, step) + "".join(drawn)) + told)
        parts.append(_label(bar, n, step, len(chart.bars)))
    return _drawing(chart, parts, _size(chart, step))


def lines(chart: Chart) -> Markup:
    """A line for each series, with a mark at each bar."""
    step = _step(len(chart.bars))
    most = max((value for one in chart.series for value in one.values), default=0)
    scale, axis = _axis(most, len(chart.bars) * step)
    parts, marks = [axis], [""] * len(chart.bars)
    for k, one in enumerate(chart.series):
        points = []
        for n, value in enumerate(one.values):
            x, y = LEFT + (n + 0.5) * step, TOP + HEIGHT - value * scale
            points.append(f"{x:.1f},{y:.1f}")
            marks[n] += _mark(k, x, y)
        dashes = f' stroke-dasharray="{_DASHES[k]}"' if _DASHES[k] else ""
        parts.append(f'<polyline class="l c{k}" points="{" ".join(points)}"{dashes}/>')
    for n, bar in enumerate(chart.bars):
        parts.append(_linked(chart, n, _hit(n, step) + marks[n]))
        parts.append(_label(bar, n, step, len(chart.bars)))
    return _drawing(chart, parts, _size(chart, step))


def rows(chart: Chart) -> Markup:
    """For each bar its name, under it a bar for each series with its figure at the end. It takes
    the width that there is: lengths are shares of it."""
    most = max((value for one in chart.series for value in one.values), default=0) or 1
    tall = NAME + BAR * len(chart.series) + GAP
    parts = []
    for n, bar in enumerate(chart.bars):
        top = n * tall
        drawn = [f'<rect class="hit" x="0" y="{top}" width="100%" height="{tall - 4}"/>']
        told = _text("n", "4", top + NAME - 6, short(bar.label, 38))
        for k, one in enumerate(chart.series):
            y, long = top + NAME + k * BAR, one.values[n] * LONGEST / most
            if long > 0:
                drawn.append(_block(chart, k, "4", f"{y}", f"{long:.2f}%", f"{BAR - 3}"))
            told += _text("e", f"{long:.2f}%", y + 11, f"{one.values[n]:,}", ' dx="9"')
        parts.append(_linked(chart, n, "".join(drawn)) + told)
    size = f'width="100%" height="{len(chart.bars) * tall}"'
    return _drawing(chart, parts, f'class="chart wide" {size}')


def key(chart: Chart, *, as_lines: bool = False) -> Markup:
    """What the colours and patterns mean; nothing for a single series."""
    if len(chart.series) < 2:
        return Markup()
    told = []
    for k, one in enumerate(chart.series):
        if as_lines:
            dashes = f' stroke-dasharray="{_DASHES[k]}"' if _DASHES[k] else ""
            swatch = f'<path class="l c{k}" d="M0 8H26"{dashes}/>' + _mark(k, 13, 8)
        else:
            swatch = _block(chart, k, "2", "1", "22", "14")
        told.append(
            f'<li><svg class="swatch" width="26" height="16" aria-hidden="true">{swatch}</svg> '
            f"{escape(one.name)}</li>"
        )
    return Markup(f'<ul class="chart-key">{"".join(told)}</ul>')  # noqa: S704


# --- pieces ---------------------------------------------------------------------------------------


def _step(count: int) -> float:
    return min(STEP, max(NARROW, WIDE / max(1, count)))


def _size(chart: Chart, step: float) -> str:
    wide, tall = round(LEFT + len(chart.bars) * step + 8), TOP + HEIGHT + BOTTOM
    return f'class="chart" width="{wide}" height="{tall}" viewBox="0 0 {wide} {tall}"'


def _axis(most: int, width: float) -> tuple[float, str]:
    """Pixels of one piece, and the lines across with their numbers."""
    marks = ticks(most)
    scale = HEIGHT / marks[-1]
    drawn = []
    for mark in marks:
        y = TOP + HEIGHT - mark * scale
        drawn.append(f'<path class="grid" d="M{LEFT} {y:.1f}h{width:.0f}"/>')
        drawn.append(_text("y", f"{LEFT - 8}", y + 4, f"{mark:,}"))
    return scale, "".join(drawn)


def _every(step: float) -> int:
    """Every how many-th column has room for words."""
    return 1 if step >= 40 else 2 if step >= 30 else 4


def _text(kind: str, x: str, y: float, words: str, more: str = "") -> str:
    """Words for the eye alone, beside the link and not in it: the link says the same and more."""
    place = f'x="{x}" y="{y:.1f}"{more}'
    return f'<text class="{kind}" {place} aria-hidden="true">{escape(words)}</text>'


def _label(bar: Bar, n: int, step: float, count: int) -> str:
    """Every label where there is room, else every second or fourth, counted from the newest."""
    if (count - 1 - n) % _every(step):
        return ""
    x, y = LEFT + (n + 0.5) * step, TOP + HEIGHT + 18
    words = bar.label.split("\n")
    spans = "".join(
        f'<tspan x="{x:.1f}" dy="{0 if i == 0 else 16}">{escape(word)}</tspan>'
        for i, word in enumerate(words)
    )
    return f'<text class="x" x="{x:.1f}" y="{y}" aria-hidden="true">{spans}</text>'


def _hit(n: int, step: float) -> str:
    place = f'x="{LEFT + n * step:.1f}" y="{TOP - 18}" width="{step:.1f}" height="{HEIGHT + 18}"'
    return f'<rect class="hit" {place}/>'


def _block(chart: Chart, k: int, x: str, y: str, width: str, height: str) -> str:
    place = f'x="{x}" y="{y}" width="{width}" height="{height}"'
    over = f'<rect {place} fill="url(#{chart.name}-p{k})"/>' if k else ""
    return f'<rect class="f c{k}" {place}/>{over}'


def _mark(k: int, x: float, y: float) -> str:
    match k % 3:
        case 0:
            return f'<circle class="f c{k}" cx="{x:.1f}" cy="{y:.1f}" r="4"/>'
        case 1:
            return f'<rect class="f c{k}" x="{x - 4:.1f}" y="{y - 4:.1f}" width="8" height="8"/>'
        case _:
            return f'<path class="f c{k}" d="M{x - 5:.1f} {y + 4:.1f}h10l-5 -9z"/>'


def _linked(chart: Chart, n: int, drawn: str) -> str:
    told = tip(chart, n)
    spoken = escape(told.replace("\t", " ").replace("\n", ", "))
    inside = f"<title>{spoken}</title>{drawn}"
    kept = str(escape(told)).replace("\n", "&#10;").replace("\t", "&#9;")
    words = f'data-tip="{kept}"'
    if not chart.bars[n].href:
        return f'<g class="bar" {words}>{inside}</g>'
    href = escape(chart.bars[n].href)
    return f'<a class="bar" href="{href}" aria-label="{spoken}" {words}>{inside}</a>'


def _drawing(chart: Chart, parts: Sequence[str], size: str) -> Markup:
    name = chart.name
    return Markup(  # noqa: S704  # every text in it has been escaped
        f'<svg {size} role="group" aria-labelledby="{name}-t {name}-d">'
        f'<title id="{name}-t">{escape(chart.title)}</title>'
        f'<desc id="{name}-d">{escape(chart.about)}</desc>'
        f"{_patterns(chart)}{''.join(parts)}</svg>"
    )


_INKS: Final = (
    "",
    "M-2 2l4 -4M0 8l8 -8M6 10l4 -4",
    "M0 4h8",
    "M2 2h1.6v1.6h-1.6zM6 6h1.6v1.6h-1.6z",
    "M-2 6l4 4M0 0l8 8M6 -2l4 4",
    "M4 0v8",
)


def _patterns(chart: Chart) -> str:
    made = "".join(
        f'<pattern id="{chart.name}-p{k}" width="8" height="8" patternUnits="userSpaceOnUse">'
        f'<path class="over" d="{_INKS[k]}"/></pattern>'
        for k in range(1, min(len(chart.series), MOST_SERIES))
    )
    return f"<defs>{made}</defs>" if made else ""
