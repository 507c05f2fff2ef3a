"""The tables of docs/panel.md, docs/voices.md, docs/operate.md and docs/operate.zh.md, drawn from
`drivers.patterns`, `drivers.prompts` and `drivers.guidance`.

``python -m drivers.pages docs/panel.md docs/voices.md docs/operate.md docs/operate.zh.md`` rewrites
what stands between the markers of those pages, and the pictures of lights beside the last two; a
test fails when a page or a picture is older than the code.
"""

import sys
from collections.abc import Iterable, Iterator
from itertools import groupby
from pathlib import Path
from typing import Final

from drivers import light_pages
from drivers.patterns import ALARMS, MODES, OTHER, SIGNALS, Pattern, Step
from drivers.prompts import NUMBERS, PROMPTS, SETUP_PROMPTS

BEGIN: Final = "<!-- drawn by python -m drivers.pages: begin -->"
END: Final = "<!-- drawn by python -m drivers.pages: end -->"


def light_words(steps: Iterable[Step]) -> str:
    """Lit and dark by turns, in milliseconds: ``red 600, dark 200, red 700``."""
    runs = [
        (light.name.lower().replace("off", "dark"), sum(step.ms for step in part))
        for light, part in groupby(steps, lambda step: step.light)
    ]
    if len(runs) == 1:
        return f"{runs[0][0]}, steady"
    return ", ".join(f"{name} {ms}" for name, ms in runs)


def sound_words(steps: Iterable[Step]) -> str:
    """Beeps and pauses, in milliseconds, with their pitch: ``400 at 440 Hz, pause 400, …``."""
    runs = [
        (tone, sum(step.ms for step in part)) for tone, part in groupby(steps, lambda s: s.tone)
    ]
    while runs and runs[-1][0] == 0:
        runs.pop()
    return ", ".join(f"{ms} at {tone} Hz" if tone else f"pause {ms}" for tone, ms in runs)


def _signal_row(name: str, pattern: Pattern) -> str:
    light = light_words(pattern.once) if pattern.once else ""
    if pattern.loop:
        loop = f"again and again: {light_words(pattern.loop)}"
        light = f"{light}; then {loop}" if light else loop
    elif pattern.once:
        light += " ms" if "steady" not in light else f", {pattern.once_ms} ms"
    sound = sound_words(pattern.once) or "silent"
    return f"| {name} | {pattern.tells.zh} / {pattern.tells.en} | {light or '-'} | {sound} |"


def patterns() -> Iterator[str]:
    """The table of docs/panel.md."""
    yield "| signal | tells | light | sound |"
    yield "|---|---|---|---|"
    for signal, pattern in SIGNALS.items():
        yield _signal_row(signal.value, pattern)
    yield ""
    yield "| alarm | tells | light | sound, when it begins |"
    yield "|---|---|---|---|"
    for alarm, pattern in ALARMS.items():
        yield _signal_row(alarm.value, pattern)
    yield ""
    yield "| mode | what the lane is used for | light, again and again |"
    yield "|---|---|---|"
    for mode, pattern in {**MODES, "any other": OTHER}.items():
        yield f"| {mode} | {pattern.tells.zh} / {pattern.tells.en} | {light_words(pattern.loop)} |"


def prompts() -> Iterator[str]:
    """The table of docs/voices.md."""
    yield "| file | Mandarin, and the dialect in its own words | English |"
    yield "|---|---|---|"
    for prompt in PROMPTS:
        yield f"| `{prompt.name}.wav` | {prompt.zh} | {prompt.en} |"
    yield ""
    yield "Said only while a kiosk is set up; may stay as they are shipped:"
    yield ""
    yield "| file | Mandarin | English |"
    yield "|---|---|---|"
    for prompt in SETUP_PROMPTS:
        if prompt in NUMBERS:
            continue
        yield f"| `{prompt.name}.wav` | {prompt.zh} | {prompt.en} |"
    first, last = NUMBERS[0], NUMBERS[-1]
    yield (
        f"| `{first.name}.wav` … `{last.name}.wav` | {first.zh} … {last.zh} "
        f"| {first.en} … {last.en} |"
    )


DRAWN: Final = {
    "panel.md": patterns,
    "voices.md": prompts,
    "operate.md": light_pages.en,
    "operate.zh.md": light_pages.zh,
}
ILLUSTRATED: Final = ("operate.md", "operate.zh.md")
"""Pages that show the strips of `drivers.light_pages`."""


def renewed(name: str, page: str) -> str:
    """``page`` with its drawn part as the code has it now.

    Raises:
        ValueError: the markers are missing, or nothing is drawn on a page of this name.
    """
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end or name not in DRAWN:
        raise ValueError(f"{name} needs the lines {BEGIN} and {END}")
    return "\n".join([before + begin, "", *DRAWN[name](), "", end + after])


def main(arguments: list[str]) -> int:
    """Rewrites the pages; returns the exit status."""
    for argument in arguments:
        page = Path(argument)
        page.write_text(renewed(page.name, page.read_text(encoding="utf-8")), encoding="utf-8")
        print(page)
        if page.name in ILLUSTRATED:
            folder = page.parent / light_pages.FOLDER
            folder.mkdir(parents=True, exist_ok=True)
            for name, picture in light_pages.strips().items():
                (folder / name).write_text(picture, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
