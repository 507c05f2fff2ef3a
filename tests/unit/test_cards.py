"""The cards that `make cards` prints: complete, readable by scanners and by people."""

import contextlib
from collections import Counter
from pathlib import Path

import pypdfium2
import pytest
from click.testing import CliRunner
from PIL import Image

from contract.actions import ACTIONS, CATEGORIES, MAX_QUANTITY
from contract.codes import PLACE_BY_CODE, PLACE_IN, Kind, parse
from provisioning.cards import cards_command
from provisioning.deck import Group, deck
from tests.support.paper import Code, read_codes


@pytest.fixture(scope="module")
def pdf(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("cards") / "cards.pdf"
    result = CliRunner().invoke(cards_command, ["--out", str(path)])
    assert result.exit_code == 0, result.output
    assert str(path) in result.output
    return path


def opened(pdf: Path) -> "contextlib.closing[pypdfium2.PdfDocument]":
    return contextlib.closing(pypdfium2.PdfDocument(pdf))  # type: ignore[no-untyped-call]


def sheets(pdf: Path, dpi: int) -> list[Image.Image]:
    with opened(pdf) as document:
        return [page.render(scale=dpi / 72).to_pil() for page in document]


def test_there_is_a_card_for_every_action_category_quantity_and_place() -> None:
    cards = deck()
    codes = [parse(card.code) for card in cards]
    assert {code.verb for code in codes if code.kind is Kind.ACTION} <= ACTIONS.keys()
    assert {code.text for code in codes if code.kind is Kind.PLACE} == set(PLACE_BY_CODE)
    assert PLACE_IN in PLACE_BY_CODE
    by_group = Counter(card.group for card in cards)
    assert by_group[Group.CATEGORY] == len(CATEGORIES)
    assert by_group[Group.QUANTITY] == MAX_QUANTITY - 1
    for field in ("code", "zh", "en"):
        assert len({getattr(card, field) for card in cards}) == len(cards), field
    signs = [card.mark for card in cards if card.group is Group.CATEGORY]
    assert len(set(signs)) == len(signs)


@pytest.mark.parametrize("dpi", [150, 300])
def test_every_card_reads_from_paper_and_from_the_screen(pdf: Path, dpi: int) -> None:
    found = [code for sheet in sheets(pdf, dpi) for code in read_codes(sheet, scale=1)]
    assert set(found) == {
        Code(symbology, card.code) for card in deck() for symbology in ("Code128", "QRCode")
    }
    assert len(found) == 2 * len(deck())


def test_the_sheets_are_a4_with_every_word_in_both_languages(pdf: Path) -> None:
    with opened(pdf) as document:
        text = "\n".join(page.get_textpage().get_text_bounded() for page in document)
        for page in document:
            width, height = page.get_size()
            assert (round(width * 25.4 / 72), round(height * 25.4 / 72)) == (210, 297)
    for card in deck():
        assert card.zh in text
        assert card.en in text


def test_nothing_is_printed_where_printers_cannot_reach(pdf: Path) -> None:
    """Home printers leave 5 mm and more blank around."""
    edge = round(5 / 25.4 * 100)
    for sheet in sheets(pdf, 100):
        grey = sheet.convert("L")
        inner = grey.crop((edge, edge, grey.width - edge, grey.height - edge))
        frame = grey.copy()
        frame.paste(255, (edge, edge, edge + inner.width, edge + inner.height))
        assert frame.getextrema() == (255, 255)


def test_the_font_is_embedded_in_part_so_that_the_file_stays_small(pdf: Path) -> None:
    assert pdf.stat().st_size < 300_000


def test_a_place_that_cannot_be_written_is_one_clear_line(tmp_path: Path) -> None:
    result = CliRunner().invoke(cards_command, ["--out", str(tmp_path / "no" / "cards.pdf")])
    assert result.exit_code == 1
    assert "cannot write" in result.output
