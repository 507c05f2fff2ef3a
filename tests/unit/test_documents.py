"""What a slip says: the same code in the same groups as the pages, and a place by its name."""

import pytest

from contract.codes import (
    PLACES,
    Kind,
    Place,
    grouped,
    serial_code,
)
from drivers.ports import Document, Text, Words
from kiosk.documents import Letterhead, Stamp, slip
from kiosk.state import SlipJob

ITEM = serial_code(Kind.ITEM, "7XK2", 5)
STAMP = Stamp("kiosk-1.0.1.x")


def texts(document: Document) -> list[str]:
    return [block.text for block in document.blocks if isinstance(block, Text)]


@pytest.mark.parametrize("place", PLACES, ids=lambda place: place.en)
@pytest.mark.parametrize(("language", "between"), [("zh", ""), ("en", ""), ("both", " / ")])
def test_a_slip_to_a_shelf_names_it_in_words_with_its_code(
    place: Place, language: str, between: str
) -> None:
    letterhead = Letterhead(Words("一号站", "Stop 1"), "http://hub", language)
    told = texts(slip(SlipJob("moved", place.code, (ITEM,)), letterhead, STAMP))
    name = {"zh": place.zh, "en": place.en, "both": f"{place.zh}{between}{place.en}"}[language]
    assert told[told.index(name) + 1] == grouped(place.code)
    assert f"{ITEM[0]} {ITEM[1:5]} {ITEM[5:10]} {ITEM[10]}" in told


def test_a_slip_to_a_place_without_a_printed_name_shows_its_code_alone() -> None:
    plan = serial_code(Kind.PLAN, "ZZZZ", 1)
    letterhead = Letterhead(Words("一号站", "Stop 1"), "http://hub", "en")
    told = texts(slip(SlipJob("out", plan, (ITEM,)), letterhead, STAMP))
    assert grouped(plan) in told
    assert not {place.en for place in PLACES} & set(told)
