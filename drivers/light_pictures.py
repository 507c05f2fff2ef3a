"""Lights and sounds as people tell them to each other, and as strips of colour. Pure.

A strip shows three seconds: what is lit, in its colour and with its first letter for those who see
no colours, and black between. It is drawn from `drivers.patterns`, so a page cannot show a light
that no kiosk shows.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from typing import Final

from drivers.guidance import SILENT
from drivers.patterns import Colour, Pattern, Step, total_ms
from drivers.ports import Words

SHOWN_MS: Final = 3_000
"""How much of a light a strip shows."""
_QUICK_MS: Final = 800
"""A light and a dark moment that take longer together are slow to the eye."""
_LOW_HZ: Final = 900
_HIGH_HZ: Final = 1_500

COLOURS: Final = {
    Colour.RED: Words("红", "red"),
    Colour.GREEN: Words("绿", "green"),
    Colour.BLUE: Words("蓝", "blue"),
    Colour.YELLOW: Words("黄", "yellow"),
    Colour.MAGENTA: Words("紫", "purple"),
    Colour.CYAN: Words("青", "light blue"),
    Colour.WHITE: Words("白", "white"),
}
INK: Final = {
    Colour.OFF: "#22262b",
    Colour.RED: "#d7263d",
    Colour.GREEN: "#1b9e4b",
    Colour.BLUE: "#2563eb",
    Colour.YELLOW: "#f5c400",
    Colour.MAGENTA: "#b13fc4",
    Colour.CYAN: "#35c9dc",
    Colour.WHITE: "#ffffff",
}
_DARK_LETTER: Final = frozenset({Colour.YELLOW, Colour.CYAN, Colour.WHITE})
_WIDTH: Final = 300
_HEIGHT: Final = 26


def _runs(steps: tuple[Step, ...]) -> list[tuple[Colour, int]]:
    return [
        (light, sum(step.ms for step in part))
        for light, part in groupby(steps, lambda step: step.light)
    ]


def light_told(pattern: Pattern) -> Words:
    """The light as one would tell it on the telephone: ``蓝灯：连闪 2 下，停一停，重复``."""
    steps = pattern.loop or pattern.once
    runs = _runs(steps)
    lit = [(light, ms) for light, ms in runs if light is not Colour.OFF]
    if not lit:
        return Words("不变", "unchanged")
    if len({light for light, _ in lit}) > 1:
        return Words(
            "、".join(COLOURS[light].zh for light, _ in lit) + "，一个接一个",
            ", ".join(COLOURS[light].en for light, _ in lit) + ", one after the other",
        )
    colour = COLOURS[lit[0][0]]
    if len(runs) == 1 and not pattern.loop:
        seconds = f"{total_ms(steps) / 1000:g}"
        return Words(f"{colour.zh}灯亮 {seconds} 秒", f"{colour.en} for {seconds} s")
    if len(lit) == 1:
        rhythm = _one(lit[0][1], sum(ms for light, ms in runs if light is Colour.OFF))
    else:
        rhythm = _several([ms for _, ms in lit], again=bool(pattern.loop))
    return Words(f"{colour.zh}灯{rhythm.zh}", f"{colour.en}, {rhythm.en}")


def _one(lit: int, dark: int) -> Words:
    """A loop with one flash: what the eye makes of light and dark."""
    if not dark:
        return Words("一直亮", "always on")
    if lit >= 3 * dark:
        return Words("亮着，偶尔暗一下", "on, with a short dark moment now and then")
    if dark >= 3 * lit:
        return Words("每隔一会儿闪一下", "a short flash now and then")
    if lit + dark <= _QUICK_MS:
        return Words("快闪，不停", "flashing quickly, without a pause")
    return Words("慢闪，不停", "flashing slowly, without a pause")


def _several(lit: list[int], *, again: bool) -> Words:
    after = Words("，停一停，重复", ", a pause, and again") if again else Words("", "")
    lengths = _lengths(lit)
    if lengths is None:
        count = len(lit)
        return Words(f"连闪 {count} 下{after.zh}", f"{count} flashes{after.en}")
    zh, en = "、".join(one.zh for one in lengths), ", ".join(one.en for one in lengths)
    return Words(f"闪：{zh}{after.zh}", f"flashes: {en}{after.en}")


def _lengths(lit: list[int]) -> list[Words] | None:
    """Each as long or short beside the others; None where they are alike."""
    if max(lit) < 2 * min(lit):
        return None
    middle = (max(lit) + min(lit)) / 2
    return [Words("长", "long") if ms > middle else Words("短", "short") for ms in lit]


def sound_told(pattern: Pattern) -> Words:
    """The sound as one would tell it: ``2 声：低、低``; a mode has none."""
    beeps = [step for step in pattern.once if step.tone]
    if not beeps:
        return SILENT
    number, lengths = len(beeps), _lengths([step.ms for step in beeps])
    told = [_pitch(step.tone) for step in beeps]
    if lengths is not None:
        told = [
            Words(f"{length.zh}{pitch.zh}音", f"{length.en} {pitch.en}")
            for length, pitch in zip(lengths, told, strict=True)
        ]
    return Words(
        f"{number} 声：" + "、".join(one.zh for one in told),
        f"{number} beep{'s' if number > 1 else ''}: " + ", ".join(one.en for one in told),
    )


def _pitch(tone: int) -> Words:
    if tone < _LOW_HZ:
        return Words("低", "low")
    return Words("中", "middle") if tone < _HIGH_HZ else Words("高", "high")


def strip(pattern: Pattern | None) -> str:
    """The light as an SVG strip of `SHOWN_MS`; None is a light that is off."""
    parts = []
    for light, start, ms in shown(pattern):
        x, width = (round(value * _WIDTH / SHOWN_MS, 2) for value in (start, ms))
        parts.append(
            f'<rect x="{x:g}" y="0" width="{width:g}" height="{_HEIGHT}" fill="{INK[light]}"/>'
        )
        if light is not Colour.OFF and width >= 10:
            ink = "#111" if light in _DARK_LETTER else "#fff"
            parts.append(
                f'<text x="{x + width / 2:g}" y="18" font-family="sans-serif" font-size="12" '
                f'text-anchor="middle" fill="{ink}">{COLOURS[light].zh}</text>'
            )
    label = "dark" if pattern is None else light_told(pattern).en
    inside = "\n".join(parts)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{_WIDTH}" height="{_HEIGHT}" '
        f'viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="{label}">\n{inside}\n'
        f'<rect x="0.5" y="0.5" width="{_WIDTH - 1}" height="{_HEIGHT - 1}" fill="none" '
        'stroke="#777"/>\n</svg>\n'
    )


def shown(pattern: Pattern | None) -> Iterator[tuple[Colour, int, int]]:
    """Light, start and length in milliseconds, until `SHOWN_MS`: what lasts where something lasts.
    None is a light that is off."""
    steps = () if pattern is None else pattern.loop or pattern.once
    runs = _runs(steps) or [(Colour.OFF, SHOWN_MS)]
    at = 0
    while at < SHOWN_MS:
        for light, ms in runs:
            if at >= SHOWN_MS:
                return
            part = min(ms, SHOWN_MS - at)
            yield light, at, part
            at += part
        if pattern is None or not pattern.loop:
            runs = [(Colour.OFF, SHOWN_MS)]
