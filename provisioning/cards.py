"""``yicang provision cards``: an A4 PDF of the deck, eight cards a sheet, to cut and laminate.

Bars and QR modules are vector rectangles, so they are sharp at any printer's resolution and on
any screen. A bar is never narrower than 0.33 mm (GS1's nominal X-dimension): worn lamination and
cheap scanners are what these cards meet.
"""

from __future__ import annotations

import colorsys
import itertools
import math
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from drivers.barcodes import CODE128_QUIET, QR_QUIET, code128_modules, qr_modules
from drivers.typography import FONT_PATH
from provisioning.deck import GROUP_NAMES, Card, Group, deck

if TYPE_CHECKING:
    from fpdf import FPDF

MIN_BAR_MM: Final = 0.33
MAX_BAR_MM: Final = 0.5

_PAGE_W: Final = 210.0
_PAGE_H: Final = 297.0
_COLUMNS: Final = 2
_ROWS: Final = 4
_CARD_W: Final = 92.0
_CARD_H: Final = 67.0
_LEFT: Final = (_PAGE_W - _COLUMNS * _CARD_W) / 2
_TOP: Final = 9.0
_PAD: Final = 4.0
_MARK: Final = 24.0
_BAR_H: Final = 20.0
_QR: Final = 22.0
_FONT: Final = "micro-hei"
_NOTE: Final = (
    "按 100% 打印，沿虚线剪开，建议塑封。  ·  "
    "Print at 100 %, cut along the dashes, laminate if you can."
)

_ACTION_COLOURS: Final = {
    "finish": (0x1B, 0x7F, 0x3B),
    "undo": (0xB2, 0x3A, 0x1E),
    "help": (0x1F, 0x5F, 0xA8),
    "not-home": (0x6A, 0x45, 0x8F),
}
_PLACE_COLOUR: Final = (0x8A, 0x5A, 0x14)
_QUANTITY_COLOUR: Final = (0x2B, 0x2B, 0x2B)

_Colour = tuple[int, int, int]


def write_cards(path: Path) -> int:
    """Writes the PDF to `path`; the number of cards. Raises OSError."""
    from fpdf import FPDF

    pdf = FPDF(unit="mm", format="A4")
    pdf.set_auto_page_break(False)
    pdf.set_margin(0)
    pdf.set_title("义仓站操作卡 · Yicang Stop cards")
    pdf.set_lang("zh-CN")
    pdf.add_font(_FONT, fname=FONT_PATH, collection_font_number=0)
    cards = deck()
    hues = _hues(cards)
    for _, group in itertools.groupby(cards, key=lambda card: card.group):
        for number, card in enumerate(group):
            place = number % (_COLUMNS * _ROWS)
            if place == 0:
                pdf.add_page()
                _note(pdf)
            x = _LEFT + place % _COLUMNS * _CARD_W
            y = _TOP + place // _COLUMNS * _CARD_H
            _card(pdf, card, x, y, hues[card.code])
    path.write_bytes(bytes(pdf.output()))
    return len(cards)


def _hues(cards: tuple[Card, ...]) -> dict[str, _Colour]:
    """A colour for each card: its meaning's, or for categories one of their own."""
    categories = [card.code for card in cards if card.group is Group.CATEGORY]
    colours: dict[str, _Colour] = {}
    for card in cards:
        match card.group:
            case Group.ACTION:
                colours[card.code] = _ACTION_COLOURS[card.mark]
            case Group.PLACE:
                colours[card.code] = _PLACE_COLOUR
            case Group.QUANTITY:
                colours[card.code] = _QUANTITY_COLOUR
            case Group.CATEGORY:
                # Neighbours on the sheet are far apart on the colour wheel; dark enough
                # that white on it reads (contrast 4.5 and more).
                hue = categories.index(card.code) * 7 % len(categories) / len(categories)
                red, green, blue = colorsys.hls_to_rgb(hue, 0.28, 0.75)
                colours[card.code] = (round(255 * red), round(255 * green), round(255 * blue))
    return colours


def _note(pdf: FPDF) -> None:
    pdf.set_text_color(90)
    pdf.set_font(_FONT, size=8)
    pdf.set_xy(0, _PAGE_H - 14)
    pdf.cell(_PAGE_W, 5, _NOTE, align="C")


def _card(pdf: FPDF, card: Card, x: float, y: float, colour: _Colour) -> None:
    pdf.set_draw_color(150)
    pdf.set_line_width(0.2)
    pdf.set_dash_pattern(dash=2, gap=2)
    pdf.rect(x, y, _CARD_W, _CARD_H)
    pdf.set_dash_pattern()
    _mark(pdf, card, x + _PAD, y + _PAD, colour)
    _words(pdf, card, x + _PAD + _MARK + 4, y + _PAD, colour)
    below = y + _CARD_H - _PAD - _BAR_H - 6
    _qr(pdf, card.code, x + _CARD_W - _PAD - _QR, y + _CARD_H - _PAD - _QR - 3)
    _bars(pdf, card.code, x + _PAD / 2, below, _CARD_W - 1.5 * _PAD - _QR)


def _words(pdf: FPDF, card: Card, x: float, y: float, colour: _Colour) -> None:
    width = _CARD_W - _MARK - 4 - 2 * _PAD
    zh, en = GROUP_NAMES[card.group]
    pdf.set_text_color(*colour)
    pdf.set_font(_FONT, size=9)
    pdf.set_xy(x, y - 1)
    pdf.cell(width, 4, f"{zh} · {en}")
    pdf.set_text_color(0)
    _fit(pdf, card.zh, x, y + 4, width, points=34, height=13, bold=True)
    _fit(pdf, card.en, x, y + 18, width, points=17, height=7, bold=False)


def _fit(
    pdf: FPDF, text: str, x: float, y: float, width: float, *, points: float, height: float,
    bold: bool,
) -> None:  # fmt: skip
    """One line, made smaller until it fits `width` mm."""
    pdf.set_font(_FONT, size=points)
    needed = pdf.get_string_width(text) + 1
    if needed > width:
        pdf.set_font(_FONT, size=points * width / needed)
    with pdf.local_context(
        text_mode="FILL_STROKE" if bold else "FILL", line_width=0.3, draw_color=0
    ):
        pdf.set_xy(x, y)
        pdf.cell(width, height, text)


def _bars(pdf: FPDF, code: str, x: float, y: float, width: float) -> None:
    """Code 128 with its quiet zones in at most `width` mm, and the code in letters beneath."""
    modules = code128_modules(code)
    bar = min(MAX_BAR_MM, width / (len(modules) + 2 * CODE128_QUIET))
    if bar < MIN_BAR_MM:
        raise ValueError(f"{len(code)} characters do not fit a card at {MIN_BAR_MM} mm a bar")
    pdf.set_fill_color(0)
    at = x + CODE128_QUIET * bar
    for ink, run in itertools.groupby(modules):
        length = len(list(run)) * bar
        if ink == "1":
            pdf.rect(at, y, length, _BAR_H, style="F")
        at += length
    pdf.set_text_color(60)
    pdf.set_font(_FONT, size=9)
    pdf.set_xy(x, y + _BAR_H + 0.5)
    pdf.cell((len(modules) + 2 * CODE128_QUIET) * bar, 4, code, align="C")


def _qr(pdf: FPDF, code: str, x: float, y: float) -> None:
    """A QR code, quiet zone included, `_QR` mm wide."""
    rows = qr_modules(code)
    dot = _QR / (len(rows) + 2 * QR_QUIET)
    pdf.set_fill_color(0)
    for row_number, row in enumerate(rows):
        at = 0
        for dark, run in itertools.groupby(row):
            length = len(list(run))
            if dark:
                left = x + (QR_QUIET + at) * dot
                top = y + (QR_QUIET + row_number) * dot
                # A hair of overlap downwards: viewers leave white lines between rectangles.
                pdf.rect(left, top, length * dot, dot + 0.02, style="F")
            at += length


# --- pictograms -------------------------------------------------------------------------------


def _mark(pdf: FPDF, card: Card, x: float, y: float, colour: _Colour) -> None:
    """A coloured field of `_MARK` mm with the card's sign in white."""
    pdf.set_fill_color(*colour)
    pdf.rect(x, y, _MARK, _MARK, style="F", round_corners=True, corner_radius=3)
    pdf.set_draw_color(255)
    pdf.set_fill_color(255)
    pdf.set_line_width(2.4)
    centre_x, centre_y = x + _MARK / 2, y + _MARK / 2
    match card.mark:
        case "finish":
            pdf.polyline([(x + 5, y + 12.5), (x + 10, y + 18), (x + 19, y + 6.5)])
        case "undo":
            _undo(pdf, centre_x, centre_y)
        case "not-home":
            _house(pdf, x, y)
        case "place":
            _shelf(pdf, card, x, y)
        case sign:
            _sign(pdf, "?" if sign == "help" else sign, x, y)
    pdf.set_line_width(0.2)


def _sign(pdf: FPDF, sign: str, x: float, y: float) -> None:
    pdf.set_text_color(255)
    pdf.set_font(_FONT, size=46)
    with pdf.local_context(text_mode="FILL_STROKE", line_width=0.5, draw_color=255):
        pdf.set_xy(x, y)
        pdf.cell(_MARK, _MARK, sign, align="C")


def _undo(pdf: FPDF, x: float, y: float) -> None:
    """Three quarters of a circle against the clock, with its head at the upper left."""
    radius = 6.5
    angles = [math.radians(degrees) for degrees in range(-135, 136, 9)]
    pdf.polyline([(x + radius * math.cos(a), y + radius * math.sin(a)) for a in angles])
    tip_x = x + radius * math.cos(math.radians(-135))
    tip_y = y + radius * math.sin(math.radians(-135))
    pdf.set_line_width(0.2)
    pdf.polygon([(tip_x - 3.5, tip_y + 4), (tip_x - 2.5, tip_y - 4), (tip_x + 4, tip_y)], style="F")


def _house(pdf: FPDF, x: float, y: float) -> None:
    """A house with a closed door and nobody in it: crossed out."""
    pdf.set_line_width(1.8)
    pdf.polyline([(x + 4, y + 12), (x + 12, y + 5), (x + 20, y + 12)])
    pdf.polyline([(x + 6, y + 11), (x + 6, y + 19.5), (x + 18, y + 19.5), (x + 18, y + 11)])
    pdf.line(x + 9.5, y + 11.5, x + 14.5, y + 16.5)
    pdf.line(x + 14.5, y + 11.5, x + 9.5, y + 16.5)


def _shelf(pdf: FPDF, card: Card, x: float, y: float) -> None:
    """Two boards; the digit of a numbered shelf stands between them."""
    pdf.set_line_width(1.6)
    for board in (6.0, 19.0):
        pdf.line(x + 4, y + board, x + 20, y + board)
    pdf.line(x + 4, y + 4, x + 4, y + 21)
    pdf.line(x + 20, y + 4, x + 20, y + 21)
    digits = "".join(char for char in card.zh if char.isdigit())
    if digits:
        pdf.set_text_color(255)
        pdf.set_font(_FONT, size=28)
        pdf.set_xy(x, y + 6)
        pdf.cell(_MARK, 13, digits, align="C")
    else:
        pdf.rect(x + 8, y + 11, 8, 7, style="F")


@click.command("cards")
@click.option(
    "--out",
    type=click.Path(dir_okay=False, writable=True, path_type=Path),
    default=Path("cards.pdf"),
    show_default=True,
    help="PDF 文件 / the PDF to write",
)
def cards_command(out: Path) -> None:
    """生成操作、类别、数量和位置卡片 / Write the action, category, quantity and place cards."""
    try:
        count = write_cards(out)
    except OSError as error:
        raise click.ClickException(
            f"无法写入 {out}：{error.strerror} / cannot write {out}: {error.strerror}"
        ) from error
    click.echo(f"{count} 张卡片 / cards: {out}")
