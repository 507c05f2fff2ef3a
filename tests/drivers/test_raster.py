"""What stands on the paper: it fits, it reads, and its Chinese is Chinese."""

import itertools
from pathlib import Path

import msgspec
import pytest
from fontTools.ttLib import TTCollection  # type: ignore[import-untyped]
from hypothesis import example, given, settings
from hypothesis import strategies as st
from PIL import Image, ImageChops, ImageDraw, ImageFont

from contract.actions import UNSORTED
from drivers.barcodes import code128_modules
from drivers.layout import lay_out
from drivers.ports import (
    PROFILES,
    Code128,
    Cut,
    Document,
    Feed,
    LayoutError,
    PrinterProfile,
    Qr,
    Row,
    Size,
    Text,
)
from drivers.printer_escpos import EscposLanguage
from drivers.printer_tspl import TsplLanguage
from drivers.raster import paper_mm, png, render
from drivers.typography import FONT_PATH, Typesetter, clean, wrap
from provisioning.deck import BUILT_IN, deck, months_from
from tests.drivers.documents import CLAIM, ITEM, LABEL, RECEIPT, SLIP, TOKEN
from tests.support.paper import Code, read_codes

CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
PROFILE = PrinterProfile()


def one_page(*blocks: Text | Row | Code128 | Qr | Feed, width: int = 384) -> Image.Image:
    (page,) = render(Document("label", blocks), PrinterProfile(width_dots=width))
    return page


def ink_box(page: Image.Image) -> tuple[int, int, int, int]:
    box = ImageChops.invert(page).getbbox()
    assert box is not None, "the page is blank"
    return box


def black_dots(page: Image.Image) -> int:
    return page.convert("L").histogram()[0]


def runs_of_bars(line: Image.Image) -> list[int]:
    """Widths in dots of the bars and spaces of a one-dot-high picture, outer spaces off."""
    dots = [line.getpixel((x, 0)) for x in range(line.width)]
    runs = [len(list(group)) for _, group in itertools.groupby(dots)]
    return runs[1:-1]


@pytest.mark.parametrize("profile", [PROFILES["58mm"], PROFILES["80mm"]], ids=lambda p: p.name)
@pytest.mark.parametrize("document", [LABEL, RECEIPT, SLIP], ids=lambda d: d.kind)
def test_every_document_is_as_wide_as_the_head_with_its_margins_blank(
    document: Document, profile: PrinterProfile
) -> None:
    pages = render(document, profile)
    assert len(pages) == 1
    assert pages[0].mode == "1"
    assert pages[0].width == profile.width_dots
    left, _, right, bottom = ink_box(pages[0])
    assert left >= profile.margin_dots
    assert right <= profile.width_dots - profile.margin_dots
    # Past the tear bar, nothing is lost under it.
    assert pages[0].height - bottom >= profile.tear_mm * profile.dots_per_mm


@pytest.mark.parametrize("name", ["58mm-gap", "tspl-80mm-mark-cutter"])
def test_a_label_fills_its_piece_of_stock_with_its_content_in_the_middle(name: str) -> None:
    profile = PROFILES[name]
    [page] = render(LABEL, profile)
    assert page.height == profile.label_mm * profile.dots_per_mm
    _, top, _, bottom = ink_box(page)
    assert abs(top - (page.height - bottom)) < 16
    assert paper_mm((page,), profile) == profile.label_mm + profile.gap_mm


def test_what_does_not_fit_a_label_is_refused_in_millimetres() -> None:
    with pytest.raises(LayoutError) as refused:
        render(RECEIPT, PROFILES["58mm-gap"])
    assert "40 mm" in refused.value.en
    assert refused.value.zh


def test_an_item_label_reads_back_with_bars_of_whole_dots_and_quiet_zones() -> None:
    (page,) = render(LABEL, PROFILE)
    assert read_codes(page) == [Code("Code128", ITEM)]
    bars = one_page(Code128(ITEM))
    line = bars.crop((0, 10, bars.width, 11))
    assert sum(runs_of_bars(line)) == 312
    assert all(run % 2 == 0 for run in runs_of_bars(line))
    left, _, right, _ = ink_box(bars)
    assert left >= 20
    assert bars.width - right >= 20


@example("G000B30B341")
@given(st.text(CROCKFORD, min_size=10, max_size=10).map(lambda body: "G" + body))
@settings(max_examples=60, deadline=None)
def test_any_item_code_fits_58_mm_paper_and_reads_back(code: str) -> None:
    assert len(code128_modules(code)) <= 156
    assert read_codes(one_page(Code128(code))) == [Code("Code128", code)]


def test_a_receipt_carries_one_code_the_claim() -> None:
    (page,) = render(RECEIPT, PROFILE)
    assert read_codes(page) == [Code("QRCode", CLAIM)]


def test_a_token_too_long_for_the_width_reads_along_the_paper() -> None:
    (page,) = render(SLIP, PROFILE)
    assert read_codes(page) == [Code("Code128", TOKEN), Code("QRCode", TOKEN)]


def test_a_bar_code_too_wide_for_the_paper_is_refused_with_the_way_out() -> None:
    with pytest.raises(LayoutError) as refused:
        one_page(Code128(TOKEN))
    assert "along the paper" in refused.value.en
    assert refused.value.zh


def test_a_qr_code_too_dense_for_the_paper_is_refused() -> None:
    with pytest.raises(LayoutError):
        one_page(Qr("x" * 900), width=200)


@pytest.mark.parametrize("value", ["", "大米", "a\nb", "\x1b@"])
def test_a_bar_code_of_anything_but_printable_ascii_is_refused(value: str) -> None:
    with pytest.raises(LayoutError):
        one_page(Code128(value))


def test_a_qr_code_shrinks_in_whole_dots_to_fit() -> None:
    page = one_page(Qr(CLAIM, module_mm=5.0))
    assert read_codes(page) == [Code("QRCode", CLAIM)]


def test_chinese_characters_are_drawn_and_differ_from_each_other() -> None:
    """A font without them would draw the same empty box each time."""
    text = (
        "洗涤清洁米面粮油食品饮料护理生衣物童鞋帽箱包床上用品厨房餐具家电玩书籍文婴幼辅待分类谢收据"
    )
    drawn = {Typesetter(8).draw(char, "normal").tobytes() for char in text}
    assert len(drawn) == len(set(text))
    missing = Typesetter(8).draw("\U0001f9f8", "normal").tobytes()
    assert missing not in drawn


def test_the_font_has_every_character_that_our_papers_and_cards_use() -> None:
    root = Path(__file__).parents[2]
    cards = deck(BUILT_IN, months_from("2026-12", 24))
    used = {char for card in cards for char in card.zh + card.en} | set(UNSORTED.zh)
    for module in (
        root / "kiosk/documents.py",
        root / "drivers/papers.py",
        *(root / "kiosk/texts").glob("*.py"),
        *(root / "provisioning" / f"{name}.py" for name in ("deck", "sheets", "tokens", "poster")),
    ):
        used |= {char for char in module.read_text() if char.isprintable()}
    has = TTCollection(FONT_PATH).fonts[0].getBestCmap()
    assert {char for char in used if ord(char) not in has} == set()


@pytest.mark.parametrize("size", ["small", "normal", "large", "huge"])
def test_nothing_of_a_character_is_cut_off_at_any_size(size: Size) -> None:
    """As much ink as on a canvas with room all around: accents, descenders, full height."""
    text = "gjpqy龘鬱ÅÉ国（）"
    setter = Typesetter(8)
    canvas = Image.new("L", (1000, 300), 255)
    font = ImageFont.truetype(str(FONT_PATH), setter.em(size), layout_engine=ImageFont.Layout.BASIC)
    ImageDraw.Draw(canvas).text((100, 100), text, font=font, fill=0)
    roomy = canvas.point(lambda level: 255 if level >= 150 else 0).convert("1")
    assert black_dots(setter.draw(text, size)) == black_dots(roomy)


def test_bold_is_heavier_and_sizes_grow() -> None:
    bold, plain = one_page(Text("洗涤", bold=True)), one_page(Text("洗涤"))
    assert black_dots(bold) > 1.15 * black_dots(plain)
    heights = [one_page(Text("洗", size)).height for size in ("small", "normal", "large", "huge")]
    assert heights == sorted(set(heights))


def test_a_long_row_wraps_beside_its_number_and_never_through_it() -> None:
    page = one_page(Row("米面粮油" * 8, "×12"))
    number = one_page(Row("", "×12"))
    left = ink_box(number)[0]
    under = page.crop((left - 6, number.height, page.width, page.height))
    assert page.height >= 3 * number.height
    assert ImageChops.invert(under).getbbox() is None


def test_a_row_with_two_long_sides_puts_one_under_the_other() -> None:
    page = one_page(Row("left side of the row", "a right side that is very long indeed"))
    assert page.height > one_page(Row("left", "right")).height
    assert ink_box(page)[2] <= 384 - PROFILE.margin_dots


def test_each_cut_ends_a_page_and_paper_is_counted() -> None:
    document = Document("label", (Feed(10), Cut(), Feed(20)))
    pages = render(document, PROFILE)
    assert [page.height for page in pages] == [80 + 96, 160]
    assert paper_mm(pages, PROFILE) == 42.0


def test_a_page_that_would_empty_the_roll_is_refused() -> None:
    with pytest.raises(LayoutError):
        render(Document("label", (Feed(1000), Feed(1000))), PROFILE)


def test_the_png_is_one_bit_a_dot() -> None:
    (page,) = render(LABEL, PROFILE)
    data = png(page)
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    assert data[24] == 1  # bit depth in IHDR


def test_a_document_survives_its_trip_through_json() -> None:
    for document in (LABEL, RECEIPT, SLIP):
        data = msgspec.json.encode(document)
        assert msgspec.json.decode(data, type=Document) == document


def test_no_token_shows_when_a_document_lands_in_a_log() -> None:
    assert TOKEN not in repr(SLIP)
    assert TOKEN not in repr(Code128(TOKEN))
    assert TOKEN not in repr(Qr(TOKEN))


# --- text alone ---


def columns(line: str) -> int:
    """A ruler: two columns for a wide character, as on a terminal."""
    return sum(2 if char > "\u2e7f" else 1 for char in line)


def test_chinese_breaks_anywhere_but_not_before_closing_punctuation() -> None:
    assert wrap("谢谢您，再见（朋友）", 6, columns) == ["谢谢", "您，再", "见（朋", "友）"]


def test_words_break_at_spaces_and_only_too_long_ones_within() -> None:
    assert wrap("laundry and cleaning", 11, columns) == ["laundry and", "cleaning"]
    assert wrap("a extraordinary", 6, columns) == ["a", "extrao", "rdinar", "y"]


@given(st.text(), st.integers(min_value=2, max_value=30))
def test_no_line_is_wider_than_the_paper_and_no_character_is_lost(text: str, width: int) -> None:
    lines = wrap(text, width, columns)
    assert all(columns(line) <= width for line in lines)
    assert "".join("".join(lines).split()) == "".join(clean(text).split())


def test_control_and_direction_characters_from_outside_are_dropped() -> None:
    assert clean("a\x1b@b\x07\u202ec\u200bd\ufeff\x9b") == "a@bcd"
    assert clean("one\r\ntwo\tthree") == "one\ntwo three"


def test_nothing_secret_shows_when_a_layout_or_a_job_is_logged() -> None:
    for name in ("58mm-gb18030", "tspl-58mm-native"):
        profile = PROFILES[name]
        pages = lay_out(RECEIPT, profile) + lay_out(SLIP, profile)
        language = TsplLanguage() if profile.language == "tspl" else EscposLanguage()
        shown = f"{pages!r} {language.encode(pages, profile)!r}"
        for secret in (CLAIM, "ABCD EFGH", TOKEN, "F0123"):
            assert secret not in shown


@pytest.mark.parametrize("length_mm", [40, 30, 25])
def test_a_short_label_sets_its_text_closer_and_smaller_and_still_reads(length_mm: float) -> None:
    profile = msgspec.structs.replace(PROFILES["tspl-58mm-gap"], label_mm=length_mm)
    [page] = render(LABEL, profile)
    assert page.height == length_mm * 8
    assert read_codes(page) == [Code("Code128", ITEM)]
    left, top, right, bottom = ink_box(page)
    assert 0 <= top < bottom <= page.height
    assert left >= profile.margin_dots
    assert right <= profile.width_dots - profile.margin_dots
