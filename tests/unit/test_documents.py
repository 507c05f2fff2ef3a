"""What a slip says: the same code in the same groups as the pages, and a place by its name."""

import pytest

from contract.codes import (
    PLACES,
    Kind,
    Place,
    grouped,
    serial_code,
)
from drivers.ports import Code128, Document, Row, Text, Words
from kiosk.documents import Letterhead, Stamp, slip
from kiosk.state import ShelfResult, SlipJob

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


def rows(document: Document) -> list[tuple[str, str]]:
    return [(block.left, block.right) for block in document.blocks if isinstance(block, Row)]


ENGLISH = Letterhead(Words("一号站", "Stop 1"), "http://hub", "en")
SHELF_ONE = PLACES[1]


def test_a_market_slip_sets_the_counted_money_beside_the_recorded() -> None:
    figures = (
        ("sales", 3),
        ("recorded", 125),
        ("pay-C", 120),
        ("counted", 115),
        ("difference", -5),
    )
    document = slip(SlipJob("market", "", (), figures=figures), ENGLISH, STAMP)
    assert rows(document) == [
        ("Sales", "3"),
        ("Recorded", "¥ 12.50"),
        ("Cash", "¥ 12.00"),
        ("Counted", "¥ 11.50"),
        ("Difference", "¥ -0.50"),
    ]
    assert not any(isinstance(block, Code128) for block in document.blocks)
    assert "Total" not in dict(rows(document))


def test_a_stocktake_slip_names_what_is_missing_on_each_shelf() -> None:
    shelves = (
        ShelfResult(SHELF_ONE.code, 48, 50, 3, 1, (ITEM,)),
        ShelfResult("W" + "SHE1F1T", 5, 5),
    )
    job = SlipJob("count", "", (), figures=(("missing", 3),), shelves=shelves)
    document = slip(job, ENGLISH, STAMP)
    assert rows(document) == [
        (SHELF_ONE.en, "48 / 50"),
        ("Not expected", "1"),
        ("Missing", "3"),
        (grouped("WSHE1F1T"), "5 / 5"),
        ("Missing", "3"),
    ]
    told = texts(document)
    assert grouped(ITEM) in told
    assert any(line.startswith("and 2 more") for line in told)


def test_time_is_told_in_hours_and_what_nobody_knows_is_left_open() -> None:
    offered = SlipJob("time-offered", "", (), figures=(("skill-03", 3),))
    assert rows(slip(offered, ENGLISH, STAMP)) == [("Cooking", "1:30 h")]
    worked = SlipJob("work", "", (), figures=(("worked", 125),))
    assert rows(slip(worked, ENGLISH, STAMP)) == [("Time worked", "2:05 h")]
    unknown = SlipJob("work", "", (), figures=(("work-unknown", 0),))
    assert [right for _, right in rows(slip(unknown, ENGLISH, STAMP))] == [""]


@pytest.mark.parametrize("full", [0, 7, 10])
def test_a_spoon_of_rice_fills_its_boxes(full: int) -> None:
    about = Words("一勺米", "A Spoon of Rice")
    job = SlipJob("spoons", "", (), figures=(("spoons", 2),), about=about, boxes=full)
    told = texts(slip(job, ENGLISH, STAMP))
    assert "A Spoon of Rice" in told
    assert "■" * full + "□" * (10 - full) in told
    assert f"{full} of ten boxes are full" in told
