"""The card on the wall: what each light of a kiosk means, what to do, whom to ring.

One page of A4 beside the kiosk, drawn from the tables that the kiosk itself follows
(`drivers.patterns`, `drivers.guidance`). Trouble stands on top. Whoever is at the stop reads the
same words as whoever is asked at the hub.
"""

from collections.abc import Iterator
from typing import Final, NamedTuple

from drivers import guidance
from drivers.guidance import NOBODY, Guidance
from drivers.light_pictures import INK, SHOWN_MS, light_told, shown, sound_told
from drivers.patterns import ALARMS, MODES, SIGNALS, Pattern
from drivers.ports import Alarm, Signal, Words
from provisioning import marks
from provisioning.ink import BLACK, WHITE, Ink
from provisioning.marks import Colour
from provisioning.sheets import A4, Language

_LEFT: Final = 12.0
_WIDTH: Final = A4[0] - 2 * _LEFT
_STRIP: Final = (58.0, 8.0)
_ROW: Final = 27.0
_TOP: Final = 30.0
_GREY: Final = (70, 70, 70)
_SHOWN: Final = (Signal.SAVED, Signal.REFUSED, Signal.ATTENTION, Signal.IDENTIFY)


class _Row(NamedTuple):
    """``pattern`` is None where no light is on."""

    pattern: Pattern | None
    light: Words
    sound: Words
    means: Words
    do: Guidance


def rows() -> Iterator[_Row]:
    """What stands on the card, in its order."""
    for alarm in (Alarm.UNSAVED, Alarm.PAPER):
        yield _of(ALARMS[alarm], guidance.ALARMS[alarm])
    yield _Row(None, guidance.DARK_TOLD, guidance.SILENT, guidance.DARK_MEANS, guidance.DARK)
    yield _of(ALARMS[Alarm.OFFLINE], guidance.ALARMS[Alarm.OFFLINE])
    for signal in _SHOWN:
        yield _of(SIGNALS[signal], guidance.SIGNALS[signal])
    yield _of(MODES["rest"], Guidance(guidance.MODES_DO["rest"]))


def _of(pattern: Pattern, do: Guidance) -> _Row:
    return _Row(pattern, light_told(pattern), sound_told(pattern), pattern.tells, do)


def draw_lights(ink: Ink, language: Language) -> None:
    """The page."""
    ink.page(A4)
    ink.fit(
        language.words("看灯做事", "What the light means"),
        _LEFT, 9, _WIDTH, 13, points=30, bold=True, align="C",
    )  # fmt: skip
    for number, row in enumerate(rows()):
        _row(ink, row, _TOP - 4 + number * _ROW, language)
    y = _TOP - 2 + 9 * _ROW
    half = _WIDTH / 2
    for number, who in enumerate((guidance.HOST, guidance.HUB)):
        x = _LEFT + number * half
        ink.fit(_both(who, language), x, y, half - 45, 9, points=13, bold=True)
        ink.line(BLACK, 0.4)
        ink.pdf.line(x + half - 43, y + 8, x + half - 4, y + 8)


def _row(ink: Ink, row: _Row, y: float, language: Language) -> None:
    ink.line((170, 170, 170), 0.3)
    ink.pdf.line(_LEFT, y + _ROW - 2, _LEFT + _WIDTH, y + _ROW - 2)
    _strip(ink, row.pattern, _LEFT, y)
    width, height = _STRIP
    told = (row.light, row.sound)
    for number, words in enumerate(told):
        at = y + height + 0.5 + number * 8
        if language is Language.BOTH:
            ink.fit(words.zh, _LEFT, at, width, 4.6, points=11)
            ink.fit(words.en, _LEFT, at + 4.4, width, 3.4, points=8, colour=_GREY)
        else:
            ink.fit(language.words(words.zh, words.en), _LEFT, at, width, 7, points=12)
    left, room = _LEFT + width + 5, _WIDTH - width - 5
    lines = [(row.means, 14.0, True, BLACK), (row.do.do, 12.0, False, BLACK)]
    if row.do.ring is not NOBODY:
        zh, en = f"打电话：{row.do.ring.zh}", f"Ring: {row.do.ring.en}"
        lines.append((Words(zh, en), 11.0, True, marks.RED))
    at = y - 1
    for words, points, bold, colour in lines:
        _line(ink, words, (left, at, room), points, colour, language, bold=bold)
        at += 8.4


def _line(
    ink: Ink,
    words: Words,
    place: tuple[float, float, float],
    points: float,
    colour: Colour,
    language: Language,
    *,
    bold: bool,
) -> None:
    x, y, width = place
    if language is Language.BOTH:
        ink.fit(words.zh, x, y, width, 5, points=points, bold=bold, colour=colour)
        ink.fit(words.en, x, y + 4.7, width, 3.5, points=8.5, colour=_GREY)
    else:
        text = language.words(words.zh, words.en)
        ink.fit(text, x, y, width, 7.5, points=points + 1, bold=bold, colour=colour)


def _strip(ink: Ink, pattern: Pattern | None, x: float, y: float) -> None:
    width, height = _STRIP
    for light, start, ms in shown(pattern):
        ink.fill(_rgb(INK[light]))
        ink.pdf.rect(x + start * width / SHOWN_MS, y, ms * width / SHOWN_MS, height, style="F")
    ink.line(BLACK, 0.3)
    ink.pdf.rect(x, y, width, height)
    ink.fill(WHITE)


def _rgb(text: str) -> Colour:
    return (int(text[1:3], 16), int(text[3:5], 16), int(text[5:7], 16))


def _both(words: Words, language: Language) -> str:
    if language is Language.BOTH:
        return f"{words.zh} {words.en}"
    return language.words(words.zh, words.en)
