"""The poster beside the kiosk: how to give, how to hand over, in eight pictures and six codes.

One page of A4 for a newcomer who never held a card. The codes are those that somebody needs who
has no cards at hand; goods with a bar code of their own need no card at all.
"""

from typing import Final, NamedTuple

from contract.actions import VERB_WORDS, Verb
from contract.codes import action_code
from provisioning import marks
from provisioning.ink import BLACK, WHITE, Ink, widest_bar
from provisioning.mark_drawing import draw_mark
from provisioning.marks import Colour, Mark, Shape
from provisioning.sheets import A4, MAX_BAR_MM, Language


class _Step(NamedTuple):
    """What to do next: its picture and its words."""

    icons: tuple[str, ...]
    zh: str
    en: str


class _Part(NamedTuple):
    """Half of the poster."""

    colour: Colour
    zh: str
    en: str
    steps: tuple[_Step, ...]
    verbs: tuple[Verb, ...]


PARTS: Final = (
    _Part(
        marks.GREEN,
        "给东西",
        "To give",
        (
            _Step(("barcode-scan",), "有条码：扫条码", "Bar code: scan it"),
            _Step(("rice", "tshirt-crew"), "没条码：扫品类卡", "None: scan a category card"),
            _Step(("sticker-check",), "贴上标签", "Stick the label on"),
            _Step(("receipt-text-check",), "扫“完成”，拿收据", "Scan Finish, take the receipt"),
        ),
        (Verb.FINISH, Verb.UNDO, Verb.HELP),
    ),
    _Part(
        marks.BLUE,
        "拿去送",
        "To hand over",
        (
            _Step(("card-account-details",), "扫自己的卡", "Scan your own card"),
            _Step(("tag",), "扫每一件", "Scan each thing"),
            _Step(("map-marker-check",), "扫去处", "Scan where it goes"),
            _Step(
                ("home-heart",), "送到后：扫送货单和“送到了”", "After: scan the slip and its token"
            ),
        ),
        (Verb.NOT_HOME, Verb.MISSING, Verb.WHERE),
    ),
)

_LEFT: Final = 12.0
_WIDTH: Final = A4[0] - 2 * _LEFT
_GREY: Final = (70, 70, 70)


def draw_poster(ink: Ink, language: Language) -> None:
    """The page."""
    ink.page(A4)
    ink.fit(
        language.words("义仓站怎么用", "How to use the Yicang Stop"),
        _LEFT, 10, _WIDTH, 14, points=32, bold=True, align="C",
    )  # fmt: skip
    for number, part in enumerate(PARTS):
        _part(ink, part, 29 + number * 125.5, language)
    y = 281.0
    ink.icon("lightbulb-on", _LEFT, y - 1, 9, marks.GREEN)
    ink.fit(
        language.words("绿灯亮、嘀一声，就是记下了", "Green light and a beep: it is saved"),
        _LEFT + 11, y, _WIDTH - 11, 7, points=17, colour=marks.GREEN, bold=True,
    )  # fmt: skip


def _part(ink: Ink, part: _Part, y: float, language: Language) -> None:
    ink.fill(part.colour)
    ink.pdf.rect(_LEFT, y, _WIDTH, 13, style="F", round_corners=True, corner_radius=3)
    ink.fit(
        language.words(part.zh, part.en), _LEFT + 5, y, _WIDTH - 10, 13,
        points=27, colour=WHITE, bold=True,
    )  # fmt: skip
    step = _WIDTH / len(part.steps)
    for number, one in enumerate(part.steps):
        _step(ink, one, number + 1, part.colour, _LEFT + number * step, y + 17, step, language)
    block = _WIDTH / len(part.verbs)
    for number, verb in enumerate(part.verbs):
        _code(ink, verb, _LEFT + number * block, y + 81, block, language)


def _step(
    ink: Ink,
    step: _Step,
    number: int,
    colour: Colour,
    x: float,
    y: float,
    width: float,
    language: Language,
) -> None:
    side = 33.0
    left = x + (width - side) / 2
    draw_mark(ink, Mark(Shape.TILE, colour, step.icons), left, y + 3, side)
    ink.fill(BLACK)
    ink.line(WHITE, 0.8)
    ink.pdf.ellipse(left - 4, y, 11, 11, style="DF")
    ink.fit(str(number), left - 4, y, 11, 11, points=22, colour=WHITE, bold=True, align="C",
            leading=0.9)  # fmt: skip
    inner = width - 3
    if language is Language.BOTH:
        ink.fit(step.zh, x + 1.5, y + 37, inner, 15.5, points=18, bold=True, align="C")
        ink.fit(step.en, x + 1.5, y + 52.5, inner, 10, points=12, colour=_GREY, align="C")
    else:
        words = language.words(step.zh, step.en)
        ink.fit(words, x + 1.5, y + 37, inner, 20, points=20, bold=True, align="C")


def _code(ink: Ink, verb: Verb, x: float, y: float, width: float, language: Language) -> None:
    code, (zh, en) = action_code(verb), VERB_WORDS[verb]
    ink.line((150, 150, 150), 0.3)
    ink.pdf.rect(x + 1, y, width - 2, 38, round_corners=True, corner_radius=2)
    draw_mark(ink, marks.verb_mark(verb), x + 4, y + 3, 15)
    room = width - 25
    if language is Language.BOTH:
        ink.fit(zh, x + 21, y + 2.5, room, 9.5, points=19, bold=True)
        ink.fit(en, x + 21, y + 12, room, 6.5, points=12)
    else:
        ink.fit(language.words(zh, en), x + 21, y + 3, room, 15, points=22, bold=True)
    room = width - 4
    ink.bars(code, x + 2, y + 20.5, room, 15, widest_bar(code, room, MAX_BAR_MM))
