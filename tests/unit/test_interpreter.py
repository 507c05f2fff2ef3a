"""What a scan means, and that nothing of what it must not keep is in the meaning."""

import itertools
import string

import biip
import msgspec
import pytest
from biip.checksums import gs1_standard_check_digit
from biip.gs1_prefixes import GS1Prefix
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
    InputKind,
    ItemLabel,
    PlaceSheet,
    PlanSlip,
    QuantityCard,
    RetailCode,
    StoreGoods,
)
from kiosk.interpreter import interpret
from kiosk.retail_numbers import RetailProblem
from kiosk.state import Message
from kiosk.texts import render
from kiosk.texts.retail import refusal_key
from tests.support.lanes import World

GS = "\x1d"
RICE = "06901234567892"
WEIGHED = "96901234567895"
PERSON = codes.token_code(Kind.PERSON, b"0123456789")
FAMILY = codes.token_code(Kind.FAMILY, b"0123456789")
CLAIM = codes.claim_text(b"0123456789")
ITEM = codes.serial_code(Kind.ITEM, "7K2M", 1234)
BOX = codes.serial_code(Kind.BOX, "7K2M", 1)
PLAN = codes.serial_code(Kind.PLAN, "7K2M", 1)
FULL_WIDTH = str.maketrans({chr(n): chr(n + 0xFEE0) for n in range(0x21, 0x7F)})

PROBLEMS = {"empty", "foreign", "too-long", *RetailProblem}
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
        (f"01{RICE}15270300", Retail(RICE, best_before="2027-03-31")),
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


@pytest.mark.parametrize("first", ["10", "11", "15", "17", "90"])
def test_a_plain_number_is_a_number_and_no_lot_or_date(first: str) -> None:
    body = f"{first}01234567890"
    text = body + str(gs1_standard_check_digit(body))
    assert interpret(text, "]I1") == RetailCode(Retail(text))


@pytest.mark.parametrize(
    "text",
    [
        "00006901234567892016",  # an SSCC has no GTIN
        f"ftp://id.example/01/{RICE}",
        "https://news.example/2026/01/20260115",
        "https://shop.example/p/6901234567892",
        "6901234567892 rice",
        "10LOT1",
    ],
)
def test_what_only_looks_like_a_retail_code_is_not_ours(text: str) -> None:
    assert interpret(text) == Foreign(len(text), "foreign")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("6901234567893", RetailProblem.CHECK_DIGIT),
        ("690123456789", RetailProblem.CHECK_DIGIT),
        ("]E069012345678", RetailProblem.GTIN_LENGTH),
        ("]I1690123456789", RetailProblem.GTIN_LENGTH),
        ("]E0690123456789X", RetailProblem.GTIN_DIGITS),
        (f"01{RICE[:-1]}3", RetailProblem.CHECK_DIGIT),
        (f"01{RICE[:-1]}317270331", RetailProblem.CHECK_DIGIT),
        ("]C101690123456789217270331", RetailProblem.CHECK_DIGIT),
        ("]C10169012345678", RetailProblem.GTIN_LENGTH),
        ("01069012E456789217270331", RetailProblem.GTIN_DIGITS),
        (f"01{RICE}17271331", RetailProblem.EXPIRY_MONTH),
        (f"01{RICE}17270031", RetailProblem.EXPIRY_MONTH),
        (f"01{RICE}17270229", RetailProblem.EXPIRY_DAY),
        (f"01{RICE}1727033", RetailProblem.EXPIRY_SHORT),
        (f"01{RICE}17O70331", RetailProblem.EXPIRY_SHORT),
        (f"01{RICE}15271331", RetailProblem.BEST_BEFORE_MONTH),
        (f"01{RICE}15270431", RetailProblem.BEST_BEFORE_DAY),
        (f"01{RICE}1527", RetailProblem.BEST_BEFORE_SHORT),
        (f"01{RICE}11271331", RetailProblem.PRODUCED_MONTH),
        (f"01{RICE}11270431", RetailProblem.PRODUCED_DAY),
        (f"01{RICE}1127", RetailProblem.PRODUCED_SHORT),
        (f"01{RICE}13271331", RetailProblem.DATE_MONTH),
        (f"01{RICE}16270431", RetailProblem.DATE_DAY),
        (f"01{RICE}1627", RetailProblem.DATE_SHORT),
        (f"01{RICE}10LOT117270331", RetailProblem.NO_SEPARATOR),
        (f"01{RICE}10LOT11727033121SERIAL", RetailProblem.NO_SEPARATOR),
        (f"01{RICE}21SN00115270300", RetailProblem.NO_SEPARATOR),
        (f"01{RICE}10LOT20270331ABCDEFGHIJK17270331", RetailProblem.NO_SEPARATOR),
        (f"]d201{RICE}88X", RetailProblem.UNKNOWN_AI),
        (f"01{RICE}17270331?", RetailProblem.UNKNOWN_AI),
        (f"01{RICE}10", RetailProblem.FIELD_EMPTY),
        (f"01{RICE}10{GS}17270331", RetailProblem.FIELD_EMPTY),
        (f"01{RICE}10LOT 1", RetailProblem.FIELD_CHARACTERS),
        (f"01{RICE}310300125", RetailProblem.FIELD_SHORT),
        (f"01{RICE}1727033117270401", RetailProblem.REPEATED_FIELD),
        (f"01{RICE}31030012503102000125", RetailProblem.REPEATED_FIELD),
        ("]C100006901234567892016", RetailProblem.NO_GTIN),
        (f"]C100{RICE}2016", RetailProblem.NO_GTIN),
        ("]C11727033110LOT1", RetailProblem.NO_GTIN),
        ("9912345678909", RetailProblem.COUPON),
        ("4412345678909", RetailProblem.UNASSIGNED),
        ("https://id.example/01/06901234567893", RetailProblem.CHECK_DIGIT),
        ("https://id.example/01/690123456789200", RetailProblem.GTIN_LENGTH),
        (f"https://id.example/01/{RICE}?17=271331", RetailProblem.EXPIRY_MONTH),
        (f"https://id.example/01/{RICE}?17=", RetailProblem.FIELD_EMPTY),
        (f"https://id.example/01/{RICE}/21/S/10/L", RetailProblem.LINK_PATH),
    ],
)
def test_a_damaged_retail_code_says_what_is_wrong_and_keeps_nothing(
    text: str, problem: RetailProblem
) -> None:
    mark = text[1:3] if text.startswith("]") else ""
    length = len(text) - len(f"]{mark}" if mark else "")
    assert interpret(text) == Foreign(length, problem.value, mark)


def test_every_reason_a_retail_code_can_be_refused_for_is_told_in_both_languages() -> None:
    for problem in RetailProblem:
        words = render(Message(refusal_key(problem.value)))
        assert words != render(Message("foreign"))
        assert words.zh
        assert words.en
    assert refusal_key("foreign") == "foreign"


def test_a_lot_that_only_resembles_a_date_is_a_lot() -> None:
    for lot in ("20270331", "L170331", "A17991231", "B2617133199", "17270331"):
        found = interpret(f"01{RICE}10{lot}")
        assert found == RetailCode(Retail(RICE, lot=lot))


def test_a_lot_before_a_separator_may_read_like_anything() -> None:
    assert interpret(f"01{RICE}10LOT117270331{GS}17280331") == RetailCode(
        Retail(RICE, expiry="2028-03-31", lot="LOT117270331")
    )


@pytest.mark.parametrize(
    ("text", "gtin"),
    [
        # UPC-E by its last digit, worked out with GS1 General Specifications 5.2.2.4.2
        ("06543217", "00065100004327"),
        ("04252614", "00042100005264"),
        ("01234531", "00012300000451"),
        ("01234543", "00012340000053"),
        ("01234558", "00012345000058"),
        ("]E001234565", "00012345000065"),
        ("]E0123456", "00012345000065"),
        ("]E00123456", "00012345000065"),
    ],
)
def test_a_short_american_code_is_the_long_one(text: str, gtin: str) -> None:
    assert interpret(text) == RetailCode(Retail(gtin))


@pytest.mark.parametrize("text", ["123456", "0123456", "654321"])
def test_six_or_seven_digits_of_unknown_origin_are_a_pin_not_goods(text: str) -> None:
    assert interpret(text) == Foreign(len(text), "foreign")


def test_the_add_on_of_a_magazine_is_left_out() -> None:
    assert interpret("]E3977167407800805") == RetailCode(Retail("09771674078008"))
    assert interpret("]E3978711544619051234") == RetailCode(Retail("09787115446190"))


@pytest.mark.parametrize(
    "text",
    [
        "2112345678900",
        "]E02201234005001",
        "2901234012345",
        "0200000012341",
        "204123456784",
        "]E404123456",
        "]E420123451",
        f"]C101{'02112345678900'}17270331",
    ],
)
def test_a_number_that_one_shop_gave_is_goods_and_nothing_of_it_is_kept(text: str) -> None:
    number = text.removeprefix("]E0").removeprefix("]E4")
    if len(number) <= 13:
        number = number[:-1] + str(gs1_standard_check_digit(number[:-1]))
    meaning = interpret(text[: len(text) - len(number)] + number)
    assert meaning == StoreGoods()
    assert meaning.kind is InputKind.RETAIL


@pytest.mark.parametrize(
    ("measure", "grams"),
    [
        ("3103001250", 1250),
        ("3102000125", 1250),
        ("3101000013", 1300),
        ("3100000002", 2000),
        ("3104012345", 1235),
        ("3105000040", None),
    ],
)
def test_weighed_goods_bring_their_weight(measure: str, grams: int | None) -> None:
    assert interpret(f"]C101{WEIGHED}{measure}17270331") == RetailCode(
        Retail(WEIGHED, expiry="2027-03-31", net_grams=grams)
    )


def test_what_a_case_was_marked_with_is_all_read_in_any_order() -> None:
    whole = Retail(
        RICE,
        expiry="2027-03-31",
        lot="A7",
        produced="2026-03-01",
        best_before="2027-02-28",
        serial="S-1",
    )
    for fields in itertools.permutations(
        [f"01{RICE}", f"10A7{GS}", "11260301", "15270200", "17270331", f"21S-1{GS}"]
    ):
        for mark in ("]d2", "]C1", GS):
            assert interpret(mark + "".join(fields)) == RetailCode(whole)


@pytest.mark.parametrize(
    ("yymmdd", "day"),
    [("270331", "2027-03-31"), ("760101", "2076-01-01"), ("770101", "1977-01-01"),
     ("000131", "2000-01-31"), ("280200", "2028-02-29"), ("270200", "2027-02-28")],
)  # fmt: skip
def test_a_date_is_read_without_asking_the_machine_for_the_year(yymmdd: str, day: str) -> None:
    assert interpret(f"01{RICE}17{yymmdd}") == RetailCode(Retail(RICE, expiry=day))


def test_the_scanners_own_word_for_the_symbology_is_kept() -> None:
    assert interpret("hello there", "]Q1") == Foreign(11, "foreign", "Q1")
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
        "281234567890123456",  # a payment code at a till
        "134567890123456789",
        "JT0012345678901",  # a parcel
        "0086138123456789",
    ],
)
@pytest.mark.parametrize("mark", ["", "]C1", "]Q1", "]Q3"])
def test_of_peoples_own_cards_and_phones_only_the_length_stays(text: str, mark: str) -> None:
    meaning = interpret(mark + text)
    assert isinstance(meaning, Foreign | Damaged)
    assert meaning.length == len(text)
    assert meaning.symbology == mark[1:]
    assert not pieces(text) & pieces(kept_of(mark + text))


@pytest.mark.parametrize("mark", ["]A0", "]F0", "]G0", "]L0", "]M0"])
def test_digits_of_a_library_or_membership_card_are_never_goods(mark: str) -> None:
    """Code 39, Codabar, Code 93, PDF417 and MSI carry no GTINs."""
    for text in ("6901234567892", "96385074", f"01{RICE}17270331"):
        assert interpret(mark + text) == Foreign(len(text), "foreign", mark[1:])


@given(st.integers(0, 10**10 - 1), st.sampled_from(["44", "46", "75", "77", "31", "43", "55"]))
def test_the_number_of_a_parcel_is_kept_only_where_its_prefix_is_some_countrys(
    rest: int, first: str
) -> None:
    text = f"{first}{rest:010d}"
    text += str(gs1_standard_check_digit(text))
    meaning = interpret(text, "]C0")
    if GS1Prefix.extract(text) is None:
        assert meaning == Foreign(13, RetailProblem.UNASSIGNED.value, "C0")
    else:
        assert isinstance(meaning, RetailCode)


@given(st.integers(130_0000_0000, 199_9999_9999))
def test_a_telephone_number_is_no_goods_in_any_wrapping(number: int) -> None:
    phone = f"86{number}"
    for text in (f"01{phone.zfill(14)}", f"]C101{phone.zfill(14)}21ABC", phone.zfill(14),
                 f"https://a.example/01/{phone}"):  # fmt: skip
        meaning = interpret(text)
        assert isinstance(meaning, Foreign)
        assert not pieces(phone) & pieces(kept_of(text))


@given(st.text("0123456789ABCDEFGHXYZ", min_size=4, max_size=20))
def test_a_serial_number_is_kept_only_together_with_goods(serial: str) -> None:
    for before in ("", f"01{RICE[:-1]}3", f"00106141412345678908{GS}", "0102112345678900"):
        kept = kept_of(f"]d2{before}21{serial}")
        assert not pieces(serial) & pieces(kept)


@given(st.integers(130_0000_0000, 199_9999_9999))
def test_a_telephone_number_with_its_country_is_never_taken_for_goods(number: int) -> None:
    for text in (f"86{number}", f"{number}"):
        assert interpret(text) == Foreign(len(text), "foreign")


@given(st.from_regex(r"[1-8][0-9]{5}(19|20)[0-9]{9}", fullmatch=True), st.booleans())
def test_no_identity_number_is_ever_taken_for_goods(body: str, marked: bool) -> None:
    number = identity_number(body)
    meaning = interpret(f"]C1{number}" if marked else number)
    assert isinstance(meaning, Foreign)
    assert meaning.problem in PROBLEMS
    assert not pieces(number) & pieces(kept_of(number))


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
