"""The tables "what each light means" of docs/operate.md and docs/operate.zh.md, and the strips that
they show. Pure: `drivers.pages` writes them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from drivers import guidance
from drivers.guidance import NOBODY, Guidance
from drivers.light_pictures import light_told, sound_told, strip
from drivers.patterns import ALARMS, MODES, OTHER, SIGNALS, Pattern
from drivers.ports import Signal, Words

FOLDER: Final = "pictures/lights"
"""Where the strips lie, as seen from the pages."""

_Say = Callable[[Words], str]
_HEAD: Final = Words(
    "| 灯（三秒钟） | 声音 | 意思 | 现在做什么 | 给谁打电话；会问您什么 |",
    "| light (three seconds) | sound | means | do this now | whom to ring; what you are asked |",
)
_HEAD_MODES: Final = Words(
    "| 灯（三秒钟） | 在做什么 | 请扫 |", "| light (three seconds) | it is for | scan |"
)


def zh() -> Iterator[str]:
    """The tables in Chinese."""
    return _tables(lambda words: words.zh)


def en() -> Iterator[str]:
    """The tables in English."""
    return _tables(lambda words: words.en)


def strips() -> dict[str, str]:
    """Every strip by its file's name."""
    lights: dict[str, Pattern | None] = {
        **{signal.value: pattern for signal, pattern in SIGNALS.items()},
        **{alarm.value: pattern for alarm, pattern in ALARMS.items()},
        **MODES,
        "other": OTHER,
        "dark": None,
    }
    return {f"{name}.svg": strip(pattern) for name, pattern in lights.items()}


def _tables(say: _Say) -> Iterator[str]:
    yield say(_HEAD)
    yield "|---|---|---|---|---|"
    dark = (say(guidance.DARK_TOLD), say(guidance.SILENT), say(guidance.DARK_MEANS))
    for alarm, pattern in ALARMS.items():
        if not pattern.once:
            continue
        yield _row(alarm.value, *_told(pattern, say), guidance.ALARMS[alarm], say)
    yield _row("dark", *dark, guidance.DARK, say)
    for alarm, pattern in ALARMS.items():
        if pattern.once:
            continue
        yield _row(alarm.value, *_told(pattern, say), guidance.ALARMS[alarm], say)
    for signal, pattern in SIGNALS.items():
        if signal is not Signal.IDLE:
            yield _row(signal.value, *_told(pattern, say), guidance.SIGNALS[signal], say)
    yield ""
    yield say(_HEAD_MODES)
    yield "|---|---|---|"
    for name, pattern in {**MODES, "other": OTHER}.items():
        told = say(light_told(pattern))
        do = say(guidance.MODES_DO[name])
        yield f"| {_picture(name, told)} {told} | {say(pattern.tells)} | {do} |"


def _told(pattern: Pattern, say: _Say) -> tuple[str, str, str]:
    return say(light_told(pattern)), say(sound_told(pattern)), say(pattern.tells)


def _picture(name: str, told: str) -> str:
    return f"![{told}]({FOLDER}/{name}.svg)<br>"


def _row(name: str, told: str, sound: str, means: str, row: Guidance, say: _Say) -> str:
    ring = say(row.ring)
    if row.ring is not NOBODY:
        ring += say(Words(f"：“{row.asked.zh}”", f": “{row.asked.en}”"))
    return f"| {_picture(name, told)} {told} | {sound} | {means} | {say(row.do)} | {ring} |"
