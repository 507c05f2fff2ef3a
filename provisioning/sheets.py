"""Cards and labels on pages: what a page is, what stands where on a card, where to cut.

Three formats: large cards on A4 (eight a sheet, to laminate; place sheets two a sheet), cards of
ID-1 size one a page for card printers (ISO/IEC 7810: 85.6 x 54 mm), and the same ten on a sheet
of A4. Labels go on A4 sheets of self-adhesive labels, or one a page for label printers.

A card, top to bottom: its group's name on its group's colour; pictogram and words; Code 128 with
its quiet zones and at least 12 mm high, for readers that know nothing else; the QR code of the
same text beside it, for those that read it faster.
"""

import enum
import itertools
from collections.abc import Callable, Iterable, Sequence
from typing import Final, TypeVar

import msgspec

from contract.codes import grouped
from provisioning.deck import GROUPS, Card, Group
from provisioning.ink import MIN_BAR_MM, WHITE, Ink, widest_bar
from provisioning.mark_drawing import draw_mark
from provisioning.marks import Mark

T = TypeVar("T")

A4: Final = (210.0, 297.0)
ID1: Final = (85.6, 54.0)
"""ISO/IEC 7810, the size of bank cards."""

MIN_BAR_H: Final = 12.0
_DOT_MM: Final = 0.125
"""A dot of label printers (203 to the inch): their bars are whole dots wide, or they differ."""
MAX_BAR_MM: Final = 0.5
"""Bars of a card; those of sheets for the wall grow with the sheet, to be read from farther off."""

_GREY: Final = (90, 90, 90)
_NOTE_ZH: Final = "按 100% 打印，沿角线剪开，建议塑封。"
_NOTE_EN: Final = "Print at 100 %, cut along the corner marks, laminate if you can."


class Format(enum.StrEnum):
    """What comes out of the printer."""

    A4 = "a4"
    CARD = "card"
    A4_CARDS = "a4-cards"


class Language(enum.StrEnum):
    """Whose words stand on the cards."""

    ZH = "zh"
    EN = "en"
    BOTH = "both"

    def words(self, zh: str, en: str, between: str = " · ") -> str:
        """One language's words, or both in a line."""
        match self:
            case Language.ZH:
                return zh
            case Language.EN:
                return en
            case Language.BOTH:
                return f"{zh}{between}{en}"


class Grid(msgspec.Struct, frozen=True):
    """Fields of one size on a page: everything in mm. ``cut``: marks show where to cut."""

    page: tuple[float, float]
    columns: int
    rows: int
    field: tuple[float, float]
    left: float = 0.0
    top: float = 0.0
    cut: bool = False

    def at(self, place: int) -> tuple[float, float]:
        """The upper left corner of a field, row by row."""
        return (
            self.left + place % self.columns * self.field[0],
            self.top + place // self.columns * self.field[1],
        )

    @property
    def fields(self) -> int:
        """How many fields a page has."""
        return self.columns * self.rows


_LARGE: Final = Grid(A4, 2, 4, (92.0, 67.0), left=13.0, top=9.0, cut=True)
_WALL: Final = Grid(A4, 1, 2, (190.0, 134.0), left=10.0, top=9.0, cut=True)
_ID1_ON_A4: Final = Grid(A4, 2, 5, ID1, left=19.4, top=9.0, cut=True)
_ID1: Final = Grid(ID1, 1, 1, ID1)


def grid_of(layout: Format, group: Group) -> Grid:
    """The fields for a group's cards."""
    match layout:
        case Format.CARD:
            return _ID1
        case Format.A4_CARDS:
            return _ID1_ON_A4
        case Format.A4:
            return _WALL if group is Group.PLACE else _LARGE


def draw_cards(ink: Ink, cards: Iterable[Card], layout: Format, language: Language) -> None:
    """All cards; each group begins a page."""
    for group, members in itertools.groupby(cards, key=lambda card: card.group):

        def card_at(card: Card, x: float, y: float, width: float, height: float) -> None:
            draw_card(ink, card, x, y, width, height, language)

        fill_pages(ink, grid_of(layout, group), list(members), card_at, language)


def fill_pages(
    ink: Ink,
    grid: Grid,
    things: Sequence[T],
    draw: Callable[[T, float, float, float, float], None],
    language: Language,
) -> None:
    """Each thing in a field of its own, on as many pages as it takes."""
    for number, thing in enumerate(things):
        place = number % grid.fields
        if place == 0:
            ink.page(grid.page)
            if grid.cut:
                _cut_marks(ink, grid, min(len(things) - number, grid.fields))
                _note(ink, grid, language)
        draw(thing, *grid.at(place), *grid.field)


def _cut_marks(ink: Ink, grid: Grid, used: int) -> None:
    """A small cross at each corner of each field in use."""
    ink.line((120, 120, 120), 0.15)
    corners = set()
    for place in range(used):
        x, y = grid.at(place)
        corners |= {
            (round(x + dx, 3), round(y + dy, 3))
            for dx in (0, grid.field[0])
            for dy in (0, grid.field[1])
        }
    for x, y in sorted(corners):
        ink.pdf.line(x - 1.8, y, x + 1.8, y)
        ink.pdf.line(x, y - 1.8, x, y + 1.8)


def _note(ink: Ink, grid: Grid, language: Language) -> None:
    text = language.words(_NOTE_ZH, _NOTE_EN, "  ·  ")
    bottom = grid.top + grid.rows * grid.field[1]
    ink.fit(text, 15, bottom + 3, 180, 5, points=8, colour=_GREY, align="C")


# --- a card ------------------------------------------------------------------------------------


def draw_card(
    ink: Ink, card: Card, x: float, y: float, width: float, height: float, language: Language
) -> None:
    """One card in a field of ``width`` x ``height`` mm; proportions are those of ID-1."""
    unit = height / ID1[1]
    pad = 2.5 * unit
    _band(ink, card, x + pad, y + pad, width - 2 * pad, 6 * unit, language)
    side = 25 * unit
    draw_mark(ink, card.mark, x + pad + 0.5 * unit, y + 10 * unit, side)

    qr = 17 * unit
    bar = widest_bar(card.code, width - 2 * pad - qr, MAX_BAR_MM * max(1.0, unit * 0.8))
    words_right = x + width - pad
    if bar >= MIN_BAR_MM + 0.03:
        ink.qr(card.code, x + width - pad - qr + 1.2 * unit, y + 35.5 * unit, qr)
        bars_x, bars_width = x + pad, width - 2 * pad - qr
    else:  # a long code takes the whole width, its quiet zones reach to the card's edges (on ID-1
        # its bars are then four dots of a card printer wide); its QR code stands beside the words
        bars_x, bars_width = x, width
        bar = widest_bar(card.code, bars_width, MAX_BAR_MM)
        ink.qr(card.code, x + width - pad - qr, y + 9.5 * unit, qr)
        words_right -= qr
    ink.bars(card.code, bars_x, y + 36.6 * unit, bars_width, max(MIN_BAR_H, 12.4 * unit), bar)
    ink.fit(
        grouped(card.code), bars_x, y + 49.2 * unit, bars_width, 3 * unit,
        points=7 * unit, colour=_GREY, align="C",
    )  # fmt: skip

    left = x + pad + side + 3 * unit
    _words(ink, card, left, y + 9.6 * unit, words_right - left, 26 * unit, language)


def _band(
    ink: Ink, card: Card, x: float, y: float, width: float, height: float, language: Language
) -> None:
    look = GROUPS[card.group]
    ink.fill(look.colour)
    ink.pdf.rect(x, y, width, height, style="F", round_corners=True, corner_radius=height * 0.25)
    inner = width - height * 0.8
    ink.fit(
        language.words(look.zh, look.en), x + height * 0.4, y, inner, height,
        points=height * 1.9, colour=WHITE, bold=True,
    )  # fmt: skip
    if card.number:
        ink.fit(
            f"No. {card.number}", x + height * 0.4, y, inner, height,
            points=height * 1.4, colour=WHITE, align="R",
        )  # fmt: skip


def _words(
    ink: Ink, card: Card, x: float, y: float, width: float, height: float, language: Language
) -> None:
    unit = height / 26
    if card.named:
        line = y + height - 1.5 * unit
        ink.fit(
            language.words("姓名", "Name", " "), x, line - 10 * unit, width, 3 * unit,
            points=6 * unit, colour=_GREY,
        )  # fmt: skip
        ink.line(_GREY, 0.2)
        ink.pdf.line(x, line, x + width, line)
        height -= 12 * unit
    if language is Language.BOTH:
        upper = height * 0.58
        ink.fit(card.zh, x, y, width, upper, points=30 * unit, bold=True)
        ink.fit(card.en, x, y + upper, width, height - upper, points=15 * unit)
    else:
        ink.fit(language.words(card.zh, card.en), x, y, width, height, points=30 * unit, bold=True)


# --- labels ------------------------------------------------------------------------------------


class Label(msgspec.Struct, frozen=True):
    """A self-adhesive label. ``big`` stands large, in English ``big_en`` where it differs; ``qr``
    for codes that are read with phones as well."""

    code: str
    zh: str
    en: str
    mark: Mark
    big: str
    big_en: str = ""
    qr: bool = False


SMALL_LABELS: Final = Grid(A4, 3, 8, (70.0, 37.0), top=0.5)
"""The usual sheet of 24 labels, 70 x 37 mm, without margins."""
WIDE_LABELS: Final = Grid(A4, 2, 8, (105.0, 37.0), top=0.5)
"""The usual sheet of 16 labels, 105 x 37 mm, without margins."""


def draw_labels(
    ink: Ink, labels: Sequence[Label], grid: Grid, layout: Format, language: Language
) -> None:
    """All labels on sheets of ``grid``, or one a page for label printers."""
    if layout is Format.CARD:
        grid = Grid(grid.field, 1, 1, grid.field)

    def label_at(label: Label, x: float, y: float, width: float, height: float) -> None:
        draw_label(ink, label, x, y, width, height, language)

    fill_pages(ink, grid, labels, label_at, language)


def draw_label(
    ink: Ink, label: Label, x: float, y: float, width: float, height: float, language: Language
) -> None:
    """One label. Nothing stands nearer than 5 mm to its edges: printers leave as much blank."""
    pad = 5.0
    side = height - 2 * pad - MIN_BAR_H - 1.5
    draw_mark(ink, label.mark, x + pad, y + pad, side)
    right = x + width - pad
    if label.qr:
        ink.qr(label.code, right - side - 2.5, y + pad - 1.5, side + 2.5)
        right -= side + 3
    left = x + pad + side + 2
    ink.fit(
        language.words(label.zh, label.en), left, y + pad, right - left, 4.2, points=9, colour=_GREY
    )
    big = label.big_en if language is Language.EN and label.big_en else label.big
    ink.fit(big, left, y + pad + 4.2, right - left, side - 4.2, points=24, bold=True)
    # The quiet zones are blank: they may lie where a printer leaves the paper blank anyway.
    room = width - 3.0
    bar = widest_bar(label.code, room, MAX_BAR_MM)
    bar = max(bar // _DOT_MM * _DOT_MM, MIN_BAR_MM)
    ink.bars(label.code, x + 1.5, y + height - pad - MIN_BAR_H, room, MIN_BAR_H, bar)
