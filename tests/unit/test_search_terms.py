"""What the search box makes of what is typed or scanned into it."""

import pytest

from contract.actions import Verb
from contract.codes import PLACE_IN, Kind, action_code, serial_code, token_code
from hub.search_terms import MAX_TERM, About, read

ITEM = serial_code(Kind.ITEM, "4K2P", 7)
FAMILY = token_code(Kind.FAMILY, bytes(range(10)))
CARD = token_code(Kind.PERSON, bytes(range(10, 20)))
CLAIM = "7Q2XK9ZD4M0RTB1W"
EVENT = "kiosk-east.2508aff7dbe25b75.12.2b8c1028ac28ac76"


@pytest.mark.parametrize(
    "typed",
    [
        ITEM,
        ITEM.lower(),
        f"{ITEM[0]} {ITEM[1:5]} {ITEM[5:10]} {ITEM[10]}",
        f"{ITEM}\r\n",
        "".join(chr(ord(char) + 0xFEE0) for char in ITEM),
        f"https://hub.example/t/{ITEM}",
    ],
)
def test_a_code_is_found_however_it_is_written(typed: str) -> None:
    term = read(typed)
    assert (term.about, term.text, term.kind) == (About.CODE, ITEM, Kind.ITEM)


def test_a_place_and_an_action_card_are_told_apart() -> None:
    assert read(PLACE_IN).kind is Kind.PLACE
    assert read(action_code(Verb.QUANTITY, "12")).about is About.ACTION


@pytest.mark.parametrize(
    "typed",
    [
        FAMILY,
        CARD,
        CARD.lower(),
        FAMILY[:-1],
        CARD[:3] + CARD[4:],
        f"https://hub.example/c/{CLAIM}",
        f"https://hub.example/c/{CLAIM}#1.abc",
        CLAIM,
    ],
)
def test_a_personal_code_goes_no_further(typed: str) -> None:
    term = read(typed)
    assert term.about is About.SECRET
    assert term.text == ""


@pytest.mark.parametrize(
    ("typed", "gtin"),
    [
        ("6901234567892", "06901234567892"),
        ("690 1234 567892", "06901234567892"),
        ("６９０１２３４５６７８９２", "06901234567892"),
        ("96385074", "00000096385074"),
        ("(01)06901234567892(17)270331(10)A1", "06901234567892"),
        ("]d2010690123456789217270331", "06901234567892"),
        ("0106901234567892\x1d10A1", "06901234567892"),
        ("https://id.example/01/06901234567892/10/A1", "06901234567892"),
    ],
)
def test_a_retail_code_is_found_as_it_is_scanned(typed: str, gtin: str) -> None:
    term = read(typed)
    assert (term.about, term.text) == (About.GTIN, gtin)


@pytest.mark.parametrize("typed", ["6901234567893", "123456", "East Gate", "东门", "A-17/3", "%"])
def test_anything_else_is_words(typed: str) -> None:
    term = read(typed)
    assert (term.about, term.text) == (About.WORDS, typed)


def test_an_events_id_is_one() -> None:
    assert read(f" {EVENT} ").text == EVENT
    assert read(EVENT).about is About.EVENT


def test_nothing_that_is_typed_breaks_it() -> None:
    for typed in ("", " ", "\0", "://", "http://[", "K" * 5000, "\ud800", "１２３"):
        assert len(read(typed).text) <= MAX_TERM
