"""Retail codes against a second reading of the GS1 standard: ``gs1_reference.tsv`` says what the
reference answers, scan by scan, and where it comes from."""

import calendar
import re
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

import pytest

from contract.events import Retail
from kiosk.inputs import Foreign, RetailCode, StoreGoods
from kiosk.interpreter import interpret

TABLE = Path(__file__).with_name("gs1_reference.tsv")

KINDER = {
    "https://id.gs1.org/01/06901234567892?10=L": "the lot is legible though it belongs in the path",
    "https://id.gs1.org/01/06901234567892?21=S": "the serial too",
    "https://id.gs1.org/01/06901234567892?17=270331&999=1": "a parameter of the shop's own",
}
"""What we take although the reference refuses it: a donor cannot mend the pack's link."""

NOT_GOODS = {
    "00106141412345678908": "a parcel's number",
    "https://id.gs1.org/00/006141411234567890": "a parcel's number",
    "https://id.gs1.org/414/9520123456788": "a place's number",
}
"""What we refuse although the reference takes it: nothing in it names goods."""

WHY = {
    r"illegal month": r"(expiry|best-before|produced|date)-month|field-short|field-characters",
    r"illegal day": r"(expiry|best-before|produced|date)-day",
    r"check digit is incorrect|check digit": r"check-digit",
    r"Multiple instances|invalid to pair|is duplicated": r"repeated-field",
    r"No known AI": r"unknown-ai|foreign",
    r"is empty|must not be empty": r"field-empty|\w+-short|link-path|no-gtin|gtin-length|empty",
    r"Primary (scan data|message)": r"gtin-length|gtin-digits|check-digit",
    r"incorrect length|too short": r"gtin-length|\w+-short|field-short|link-path",
    r"too long": r"no-separator|gtin-length|link-path",
    r"CSET 82": r"field-characters|link-path",
    r"non-digit": r"gtin-digits|\w+-short|field-short|gtin-length",
    r"Required AIs": r"no-gtin",
    r"key-qualifier sequence|No GS1 DL keys": r"link-path|foreign",
}
"""The reference's complaint and the machine words that say the same."""


def rows() -> list[tuple[str, str, str]]:
    lines = TABLE.read_text().splitlines()
    parts = [line.split("\t") for line in lines if not line.startswith("#")]
    return [(mark, text.replace("<GS>", "\x1d"), answer) for mark, text, answer in parts]


ROWS = rows()
TAKEN = [row for row in ROWS if not row[2].startswith("!") and row[1] not in NOT_GOODS]
REFUSED = [row for row in ROWS if row[2].startswith("!") and row[1] not in KINDER]


def scan(mark: str, text: str) -> object:
    return interpret(text if mark == "-" else f"]{mark}{text}")


def elements(answer: str) -> dict[str, str]:
    found = re.findall(r"\((\d{2,4})\)((?:\\\(|[^(])*)", answer)
    return {ai: data.replace("\\(", "(") for ai, data in found}


def calendar_day(yymmdd: str) -> str:
    """GS1 General Specifications 3.4 and 7.12, written down a second time."""
    year = int(yymmdd[:2])
    year += 1900 if year > 76 else 2000
    month, day = int(yymmdd[2:4]), int(yymmdd[4:])
    return date(year, month, day or calendar.monthrange(year, month)[1]).isoformat()


def meaning(answer: str) -> Retail:
    """What the reference's element strings come to."""
    found = elements(answer)
    weight = next((ai for ai in found if ai.startswith("310")), None)
    grams = Decimal(found[weight]).scaleb(3 - int(weight[3])) if weight else None
    day = {ai: calendar_day(found[ai]) for ai in ("11", "15", "17") if ai in found}
    return Retail(
        found["01"],
        expiry=day.get("17") or (calendar_day(found["7003"][:6]) if "7003" in found else None),
        lot=found.get("10"),
        produced=day.get("11"),
        best_before=day.get("15"),
        serial=found.get("21"),
        net_grams=int(grams.quantize(Decimal(1), ROUND_HALF_UP)) if grams is not None else None,
    )


def test_the_table_holds_more_than_150_codes_of_every_carrier() -> None:
    assert len({(mark, text) for mark, text, _ in ROWS}) == len(ROWS) > 150
    assert len(TAKEN) > 100
    assert len(REFUSED) > 60
    assert {mark for mark, _, _ in ROWS} == {"E0", "E4", "I1", "C1", "d2", "e0", "Q3", "J1", "-"}
    texts = {text for _, text, _ in ROWS}
    assert texts >= KINDER.keys() | NOT_GOODS.keys()


@pytest.mark.parametrize(("mark", "text", "answer"), TAKEN)
def test_a_code_means_what_the_reference_says(mark: str, text: str, answer: str) -> None:
    assert scan(mark, text) == RetailCode(meaning(answer))


@pytest.mark.parametrize(("mark", "text", "answer"), REFUSED)
def test_a_code_that_the_reference_refuses_is_refused_for_the_same_reason(
    mark: str, text: str, answer: str
) -> None:
    found = scan(mark, text)
    assert isinstance(found, Foreign)
    words = [word for complaint, word in WHY.items() if re.search(complaint, answer)]
    assert words, answer
    assert re.fullmatch("|".join(words), found.problem), (found.problem, answer)


@pytest.mark.parametrize("text", KINDER)
def test_a_link_with_its_parts_in_the_wrong_place_is_still_read(text: str) -> None:
    found = interpret(text)
    assert isinstance(found, RetailCode)
    assert found.retail.gtin == "06901234567892"


@pytest.mark.parametrize("text", NOT_GOODS)
def test_the_numbers_of_parcels_and_places_are_no_goods(text: str) -> None:
    found = interpret(text if text.startswith("http") else f"]C1{text}")
    assert isinstance(found, Foreign)
    assert not isinstance(found, StoreGoods)


PAIRED = [
    (text, answer)
    for mark, text, answer in TAKEN
    if mark in ("C1", "d2") and {"01", "10", "17"} <= elements(answer).keys()
]


@pytest.mark.parametrize(("text", "answer"), PAIRED)
def test_element_strings_and_the_link_that_says_the_same_agree(text: str, answer: str) -> None:
    found = elements(answer)
    quote = {chr(n): f"%{n:02X}" for n in range(33, 127) if not chr(n).isalnum()}
    lot = "".join(quote.get(char, char) for char in found["10"])
    serial = "".join(quote.get(char, char) for char in found.get("21", ""))
    path = f"/01/{found['01']}/10/{lot}" + (f"/21/{serial}" if serial else "")
    rest = [f"{ai}={found[ai]}" for ai in found if ai in ("11", "15", "17") or ai[:3] == "310"]
    assert interpret(f"https://id.gs1.org{path}?{'&'.join(rest)}") == interpret(f"]d2{text}")
