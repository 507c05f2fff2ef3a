"""What a scan means, and that nothing of what it must not keep is in the meaning."""

import string

import biip
import msgspec
import pytest
from biip.checksums import gs1_standard_check_digit
from hypothesis import given
from hypothesis import strategies as st

from contract import actions, codes, events
from contract.actions import CATEGORIES, MAX_QUANTITY, Verb
from contract.codes import CodeProblem, Kind, action_code
from contract.events import Retail, family_hash, person_hash
from drivers.ports import Signal
from kiosk.inputs import (
    ActionCard,
    BoxLabel,
    Card,
    CategoryCard,
    ClaimScan,
    Damaged,
    Family,
    Foreign,
    ItemLabel,
    PlaceSheet,
    PlanSlip,
    QuantityCard,
    RetailCode,
)
from kiosk.interpreter import interpret
from tests.support.lanes import World

GS = "\x1d"
RICE = "06901234567892"
PERSON = codes.token_code(Kind.PERSON, b"0123456789")
FAMILY = codes.token_code(Kind.FAMILY, b"0123456789")
CLAIM = codes.claim_text(b"0123456789")
ITEM = codes.serial_code(Kind.ITEM, "7K2M", 1234)
BOX = codes.serial_code(Kind.BOX, "7K2M", 1)
PLAN = codes.serial_code(Kind.PLAN, "7K2M", 1)
FULL_WIDTH = str.maketrans({chr(n): chr(n + 0xFEE0) for n in range(0x21, 0x7F)})

PROBLEMS = {"empty", "foreign", "too-long"}
"""The machine words that `Foreign` may carry."""


def identity_number(body: str) -> str:
    """An 18-character identity number with its check character (GB 11643)."""
    weights = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2]
    total = sum(int(digit) * weight for digit, weight in zip(body, weights, strict=True))
    return body + "10X98765432"[total % 11]


def pieces(text: str) -> set[str]:
    """Every run of four characters."""
    return {text[start : start + 4] for start in range(len(text) - 3)}


def kept_of(text: str) -> str:
    """Everything that stays of a scan, as it would be written to disk."""
    return msgspec.json.encode(interpret(text)).decode()


# --- ours -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "meaning"),
    [
        (ITEM, ItemLabel(ITEM)),
        (codes.serial_code(Kind.BOX, "7K2M", 1), BoxLabel(codes.serial_code(Kind.BOX, "7K2M", 1))),
        (
            codes.serial_code(Kind.PLAN, "7K2M", 1),
            PlanSlip(codes.serial_code(Kind.PLAN, "7K2M", 1)),
        ),
        (codes.PLACE_IN, PlaceSheet(codes.PLACE_IN)),
        (PERSON, Card(person_hash(PERSON))),
        (FAMILY, Family(family_hash(FAMILY))),
        *(
            (action_code(verb), ActionCard(verb))
            for verb in (Verb.FINISH, Verb.UNDO, Verb.HELP, Verb.NOT_HOME)
        ),
        *(
            (action_code(Verb.QUANTITY, actions.quantity_argument(n)), QuantityCard(n))
            for n in range(2, MAX_QUANTITY + 1)
        ),
        *(
            (action_code(Verb.CATEGORY, category.key), CategoryCard(category.key))
            for category in CATEGORIES
        ),
    ],
)
def test_our_codes_mean_what_is_printed_on_them(text: str, meaning: object) -> None:
    assert interpret(text) == meaning


@pytest.mark.parametrize(
    "typed",
    [
        ITEM.lower(),
        f" {ITEM}\r\n",
        f"{ITEM[:3]}-{ITEM[3:7]} {ITEM[7:]}",
        ITEM.translate(FULL_WIDTH),
        ITEM.lower().translate(FULL_WIDTH),
        ITEM.replace("0", "O").replace("1", "l"),
        f"]C0{ITEM}",
    ],
)
def test_a_label_typed_by_hand_or_with_an_input_method_is_the_same_item(typed: str) -> None:
    assert interpret(typed) == ItemLabel(ITEM)


@pytest.mark.parametrize("token", [PERSON, FAMILY])
def test_a_token_is_a_hash_from_here_on(token: str) -> None:
    for form in (token, token.lower(), token.translate(FULL_WIDTH), f"]Q3{token}"):
        assert not pieces(token) & pieces(kept_of(form).upper())


def test_a_token_typed_in_another_way_is_the_same_person() -> None:
    assert interpret(PERSON.lower().translate(FULL_WIDTH)) == interpret(f" {PERSON} ")


@pytest.mark.parametrize(
    "url",
    [
        f"https://hub.example/c/{CLAIM}#s=0a1b",
        f"http://192.0.2.7:8080/c/{CLAIM}",
        f"HTTPS://HUB.EXAMPLE/C/{CLAIM}",
        f"https://hub.example/c/{CLAIM.lower()}/",
        f"]Q1https://hub.example/c/{CLAIM}?lang=zh",
    ],
)
def test_a_donors_claim_is_known_as_one_and_dropped(url: str) -> None:
    assert interpret(url) == ClaimScan()


def test_a_claim_that_was_damaged_is_nothing_of_ours() -> None:
    kept = interpret(f"https://hub.example/c/{CLAIM[:-1]}")
    assert kept == Foreign(len("https://hub.example/c/") + 15, "foreign")


@given(
    st.sampled_from([ITEM, PERSON, FAMILY, codes.PLACE_IN, action_code(Verb.FINISH)]),
    st.integers(1, 100),
    st.sampled_from(actions.ALPHABET),
)
def test_a_damaged_code_is_never_another_one_and_keeps_nothing(
    code: str, place: int, char: str
) -> None:
    place = 1 + place % (len(code) - 1)
    changed = code[:place] + char + code[place + 1 :]
    if changed == code:
        return
    meaning = interpret(changed)
    assert isinstance(meaning, Damaged)
    assert meaning == Damaged(meaning.problem, len(code))


@pytest.mark.parametrize("code", [ITEM, PERSON, FAMILY])
def test_a_code_with_a_character_lost_is_damaged(code: str) -> None:
    assert interpret(code[:-1]) == Damaged(CodeProblem.LENGTH, len(code) - 1)


def test_a_card_of_a_later_release_is_told_apart() -> None:
    assert interpret(codes.with_check("KZZ")) == Damaged(CodeProblem.UNKNOWN_ACTION, 4)


# --- retail codes ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "retail"),
    [
        ("6901234567892", Retail(RICE)),
        ("]E06901234567892", Retail(RICE)),
        (" 6901234567892\r\n", Retail(RICE)),
        ("96385074", Retail("00000096385074")),
        ("036000291452", Retail("00036000291452")),
        ("06901234567892", Retail(RICE)),
        ("16901234567899", Retail("16901234567899")),
        (f"01{RICE}", Retail(RICE)),
        (f"01{RICE}17270331", Retail(RICE, expiry="2027-03-31")),
        (f"01{RICE}15270300", Retail(RICE, expiry="2027-03-31")),
        (f"]C101{RICE}1727033110A-7/B", Retail(RICE, expiry="2027-03-31", lot="A-7/B")),
        (f"]d201{RICE}10LOT1{GS}17270331", Retail(RICE, expiry="2027-03-31", lot="LOT1")),
        (f"]e001{RICE}10LOT1", Retail(RICE, lot="LOT1")),
        (f"01{RICE}10LOT1{GS}17270331", Retail(RICE, expiry="2027-03-31", lot="LOT1")),
        (
            f"https://id.example/01/{RICE}/10/A7?17=270331",
            Retail(RICE, expiry="2027-03-31", lot="A7"),
        ),
        (f"]Q1https://id.example/01/{RICE}", Retail(RICE)),
    ],
)
def test_retail_codes_of_every_form_are_the_same_goods(text: str, retail: Retail) -> None:
    assert interpret(text) == RetailCode(retail)


@pytest.mark.parametrize("first", ["10", "11", "15", "17", "21", "90"])
def test_a_plain_number_is_a_number_and_no_lot_or_date(first: str) -> None:
    body = f"{first}01234567890"
    text = body + str(gs1_standard_check_digit(body))
    meaning = interpret(text)
    assert meaning in (RetailCode(Retail(text)), Foreign(14, "foreign"))


@pytest.mark.parametrize(
    "text",
    [
        "6901234567893",  # check digit
        "690123456789",
        "2112345678900",  # weighed goods: the number means something in one shop only
        "00006901234567892016",  # an SSCC has no GTIN
        f"]C100{RICE}2016",
        f"01{RICE[:-1]}3",
        f"ftp://id.example/01/{RICE}",
        "https://id.example/01/06901234567893",
    ],
)
def test_what_only_looks_like_a_retail_code_is_not_ours(text: str) -> None:
    assert interpret(text) == Foreign(
        len(text.removeprefix("]C1")), "foreign", "C1" if text.startswith("]C1") else ""
    )


def test_the_scanners_own_word_for_the_symbology_is_kept() -> None:
    assert interpret("hello there", "]Q3") == Foreign(11, "foreign", "Q3")
    assert interpret("6901234567892", "]E0") == RetailCode(Retail(RICE))


# --- what people scan by mistake ------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        identity_number("11010119900307457"),
        identity_number("44030719491231002"),
        "11010119900307803X",
        "110101900307457",  # the old form of fifteen digits
        "13812345678",
        "+8613812345678",
        "008613812345678",
        "6222021234567890123",  # a bank card
        "https://qr.alipay.com/fkx012345abcdefghijkl",
        "wxp://f2f0AbCdEfGhIjKlMnOpQrStUvWxYz",
        "https://u.wechat.com/EAbCdEfGhIjKlMn",
        "BEGIN:VCARD\nN:Wang\nTEL:13812345678\nEND:VCARD",
        "WIFI:T:WPA;S:home;P:secret123;;",
        "张三 13812345678",
    ],
)
@pytest.mark.parametrize("mark", ["", "]C1", "]Q1", "]Q3"])
def test_of_peoples_own_cards_and_phones_only_the_length_stays(text: str, mark: str) -> None:
    meaning = interpret(mark + text)
    assert isinstance(meaning, Foreign | Damaged)
    assert meaning.length == len(text)
    assert meaning.symbology == mark[1:]
    assert not pieces(text) & pieces(kept_of(mark + text))


@given(st.integers(130_0000_0000, 199_9999_9999))
def test_a_telephone_number_with_its_country_is_never_taken_for_goods(number: int) -> None:
    for text in (f"86{number}", f"{number}"):
        assert interpret(text) == Foreign(len(text), "foreign")


@given(st.from_regex(r"[1-8][0-9]{5}(19|20)[0-9]{9}", fullmatch=True), st.booleans())
def test_no_identity_number_is_ever_taken_for_goods(body: str, marked: bool) -> None:
    number = identity_number(body)
    assert interpret(f"]C1{number}" if marked else number) == Foreign(
        18, "foreign", "C1" if marked else ""
    )


@pytest.mark.parametrize("text", ["", " ", "\r\n", "\u3000", "]C1"])
def test_an_empty_scan_is_called_empty(text: str) -> None:
    meaning = interpret(text)
    assert isinstance(meaning, Foreign)
    assert meaning.problem == "empty"


@pytest.mark.parametrize("length", [513, 100_000, 1_000_000])
def test_an_endless_scan_is_not_looked_at_and_can_still_be_recorded(length: int) -> None:
    world = World()
    outcome = world.scan(interpret("9" * length))
    assert outcome.signal is Signal.REFUSED
    assert world.bodies() == [events.Unrecognised(length=min(length, 100_000), problem="too-long")]


# --- any text at all ------------------------------------------------------------------------------

AIM = st.sampled_from(["", "]C1", "]E0", "]d2", "]Q3", "]", "]zz"])
ELEMENT = st.tuples(
    st.sampled_from(["00", "01", "10", "11", "15", "17", "21", "30", "3103", "37", "8020", "90"]),
    st.text("0123456789ABC/-+.%\x1d ", max_size=20),
).map("".join)
SCANS = st.one_of(
    st.text(max_size=80),
    st.text(string.printable + GS + "０１２Ｇ", max_size=60),
    st.text("0123456789", max_size=40),
    st.lists(ELEMENT, max_size=5).map("".join),
    st.lists(ELEMENT, max_size=5).map(lambda parts: f"01{RICE}{GS.join(parts)}"),
    st.text(actions.ALPHABET, min_size=1, max_size=20),
    st.text(string.ascii_letters + "/?=&%#.", max_size=60).map(lambda s: f"https://{s}"),
    st.text("0123456789/?=&%", max_size=60).map(lambda s: f"https://a.example/01/{RICE}/{s}"),
)


@given(AIM, SCANS)
def test_whatever_is_scanned_has_a_meaning_that_can_be_written_down(mark: str, text: str) -> None:
    meaning = interpret(mark + text)
    if isinstance(meaning, RetailCode):
        again = msgspec.json.decode(msgspec.json.encode(meaning.retail), type=Retail)
        assert again == meaning.retail
        assert biip.parse(again.gtin).gtin is not None
    if isinstance(meaning, Foreign | Damaged):
        problem = meaning.problem.replace(" ", "-")
        body = events.Unrecognised(
            length=meaning.length, problem=problem, symbology=meaning.symbology
        )
        assert msgspec.json.decode(msgspec.json.encode(body), type=events.Unrecognised) == body


@given(AIM, SCANS)
def test_nothing_of_a_scan_that_is_not_ours_is_kept(mark: str, text: str) -> None:
    meaning = interpret(mark + text)
    if isinstance(meaning, Foreign):
        assert meaning.problem in PROBLEMS
    elif isinstance(meaning, Damaged):
        assert meaning.problem in set(CodeProblem)
    else:
        return
    assert len(meaning.symbology) <= 2
    assert meaning.length <= len(mark + text)
    assert set(meaning.__struct_fields__) == {"problem", "length", "symbology"}
