"""Codes: a damaged, mistyped or half-read code is refused; a good one reads however it comes."""

import json
import random
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract import actions, codes
from contract.actions import ALPHABET, Verb
from contract.codes import CodeError, CodeProblem, Kind, TokenDomain

GOLDEN = Path(__file__).parent / "golden" / "codes.json"
PER_KIND = 150
SERIAL_KINDS = (Kind.ITEM, Kind.BOX, Kind.PLAN)
TOKEN_KINDS = (Kind.PERSON, Kind.FAMILY)


def sum_by_long_division(text: str) -> int:
    """The check sum by other means: the code as one polynomial over GF(2), reduced once.

    Character i from the right contributes its five bits times x^i; the remainder modulo
    x^5 + x^2 + 1 is the sum over GF(32) with powers of x as weights.
    """
    whole = 0
    for power, char in enumerate(reversed(text)):
        whole ^= ALPHABET.index(char) << power
    while whole.bit_length() > 5:
        whole ^= 0b100101 << whole.bit_length() - 6
    return whole


def random_codes(kind: Kind, count: int) -> Iterator[str]:
    """Codes of a kind from a fixed seed, the smallest and largest included."""
    source = random.Random(f"codes {kind}")
    for number in range(count):
        body = source.choices(ALPHABET, k=codes.LENGTHS[kind] - 2)
        if number < 2:
            body = [ALPHABET[0] if number == 0 else ALPHABET[31]] * len(body)
        yield codes.with_check(kind.value + "".join(body))


def every_action() -> list[str]:
    return [codes.with_check(Kind.ACTION.value + action) for action in sorted(actions.ACTIONS)]


def codes_of(kind: Kind) -> list[str]:
    return every_action() if kind is Kind.ACTION else list(random_codes(kind, PER_KIND))


def accepted(text: str) -> bool:
    try:
        codes.parse(text)
    except CodeError:
        return False
    return True


@pytest.mark.parametrize("kind", Kind)
def test_every_single_substitution_is_refused(kind: Kind) -> None:
    tried = 0
    for code in codes_of(kind):
        assert accepted(code)
        for place, right in enumerate(code):
            for wrong in ALPHABET:
                if wrong != right:
                    tried += 1
                    damaged = code[:place] + wrong + code[place + 1 :]
                    assert not accepted(damaged), f"{damaged} read for {code}"
    assert tried > 5_000


@pytest.mark.parametrize("kind", Kind)
def test_every_lost_character_is_refused(kind: Kind) -> None:
    for code in codes_of(kind):
        for place in range(len(code)):
            damaged = code[:place] + code[place + 1 :]
            assert not accepted(damaged), f"{damaged} read for {code}"


@pytest.mark.parametrize("kind", Kind)
def test_every_adjacent_swap_is_refused(kind: Kind) -> None:
    for code in codes_of(kind):
        for place in range(len(code) - 1):
            left, right = code[place], code[place + 1]
            if left != right:
                damaged = code[:place] + right + left + code[place + 2 :]
                assert not accepted(damaged), f"{damaged} read for {code}"


@pytest.mark.parametrize("kind", Kind)
def test_a_character_too_many_is_refused(kind: Kind) -> None:
    for code in codes_of(kind)[:40]:
        for place in range(len(code) + 1):
            for extra in ALPHABET:
                assert not accepted(code[:place] + extra + code[place:])


@given(st.text(ALPHABET, min_size=1, max_size=30))
def test_the_check_character_is_what_long_division_gives(body: str) -> None:
    code = codes.with_check(body)
    assert sum_by_long_division(code) == 0
    for wrong in set(ALPHABET) - {code[-1]}:
        assert sum_by_long_division(body + wrong) != 0


def test_a_body_longer_than_the_weights_reach_gets_no_check_character() -> None:
    with pytest.raises(IndexError):
        codes.check_character("0" * 31)


@given(
    st.sampled_from(SERIAL_KINDS),
    st.text(ALPHABET, min_size=4, max_size=4),
    st.integers(0, codes.SERIALS_PER_PREFIX - 1),
)
def test_prefix_and_serial_come_back_from_the_label(kind: Kind, prefix: str, serial: int) -> None:
    code = codes.parse(codes.serial_code(kind, prefix, serial))
    assert (code.kind, code.prefix, code.serial) == (kind, prefix, serial)
    assert len(code.text) == codes.LENGTHS[kind]


@given(st.sampled_from(TOKEN_KINDS), st.binary(min_size=10, max_size=10))
def test_a_token_card_reads_as_what_was_drawn(kind: Kind, drawn: bytes) -> None:
    code = codes.parse(codes.token_code(kind, drawn))
    assert code.kind is kind
    assert codes.from_base32(code.text[1:-1]).to_bytes(10) == drawn


@given(st.text(ALPHABET, min_size=6, max_size=6))
def test_a_place_sheet_reads_as_its_place(body: str) -> None:
    assert codes.parse(codes.place_code(body)) == codes.Code(Kind.PLACE, codes.place_code(body))


@pytest.mark.parametrize("serial", [-1, codes.SERIALS_PER_PREFIX])
def test_a_serial_beyond_the_prefix_is_never_printed(serial: int) -> None:
    with pytest.raises(ValueError, match="does not fit"):
        codes.serial_code(Kind.ITEM, "0000", serial)


@pytest.mark.parametrize("length", [0, 9, 11])
def test_a_token_of_other_than_80_bits_is_never_printed(length: int) -> None:
    with pytest.raises(ValueError, match="10 bytes"):
        codes.token_code(Kind.PERSON, bytes(length))


# --- how people and scanners write them ------------------------------------------------------


def _full_width(text: str) -> str:
    return "".join(chr(ord(char) + 0xFEE0) for char in text)


@pytest.mark.parametrize("kind", Kind)
def test_full_width_lower_case_spaced_and_lookalike_forms_read_the_same(kind: Kind) -> None:
    for code in codes_of(kind)[:60]:
        grouped = "-".join(code[start : start + 4] for start in range(0, len(code), 4))
        for written in (
            code.lower(),
            _full_width(code),
            _full_width(code.lower()),
            grouped,
            f"  {grouped.replace('-', ' ')}\r\n",
            grouped.replace("-", "\u3000"),
            grouped.replace("-", "–"),
            code.replace("0", "O").replace("1", "I"),
            code.replace("0", "o").replace("1", "l"),
            code.replace("1", "L").lower(),
        ):
            assert codes.parse(written).text == code, f"{written!r} for {code}"


@pytest.mark.parametrize("kind", [Kind.ITEM, Kind.BOX, Kind.PLAN, Kind.PLACE])
def test_a_code_in_groups_is_copied_back_as_the_code(kind: Kind) -> None:
    for code in codes_of(kind)[:60]:
        groups = codes.grouped(code).split(" ")
        assert codes.parse(codes.grouped(code)).text == code
        assert len(groups) >= 3
        assert max(map(len, groups)) <= 6


def test_a_claim_in_groups_is_copied_back_as_the_claim() -> None:
    claim = codes.claim_text(bytes(range(10)))
    assert codes.normalise(codes.grouped(claim)) == claim
    assert [len(group) for group in codes.grouped(claim).split(" ")] == [4, 4, 4, 4]


@given(st.text(max_size=60))
def test_any_text_is_read_or_refused_with_a_reason(text: str) -> None:
    if accepted(text):
        code = codes.parse(text)
        assert codes.parse(code.text) == code
        assert sum_by_long_division(code.text) == 0
    else:
        with pytest.raises(CodeError) as refused:
            codes.parse(text)
        assert refused.value.problem in CodeProblem


@given(st.text(ALPHABET, max_size=40))
def test_canonical_text_stays_as_it_is(text: str) -> None:
    assert codes.normalise(text) == text


@given(st.from_regex(r"[0-9]{6,20}", fullmatch=True))
def test_a_number_on_a_packet_or_card_is_never_ours(number: str) -> None:
    with pytest.raises(CodeError) as refused:
        codes.parse(number)
    assert refused.value.problem is CodeProblem.NOT_OURS


@given(st.binary(min_size=10, max_size=10))
def test_a_claim_is_never_taken_for_a_code(drawn: bytes) -> None:
    claim = codes.claim_text(drawn)
    assert codes.is_claim(claim)
    assert not accepted(claim)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", CodeProblem.EMPTY),
        (" \t\r\n", CodeProblem.EMPTY),
        ("6901234567892", CodeProblem.NOT_OURS),
        ("HELLO", CodeProblem.NOT_OURS),
        ("G" + "0" * 9, CodeProblem.LENGTH),
        ("G" + "0" * 30, CodeProblem.NOT_OURS),
        ("GU000000000", CodeProblem.CHARACTER),
        ("G0000000000", CodeProblem.CHECK),
        (codes.with_check("KQ99"), CodeProblem.UNKNOWN_ACTION),
    ],
)
def test_a_refusal_says_why(text: str, problem: CodeProblem) -> None:
    with pytest.raises(CodeError) as refused:
        codes.parse(text)
    assert refused.value.problem is problem


# --- actions and places ----------------------------------------------------------------------


def test_no_action_card_can_be_read_as_anything_else() -> None:
    cards = every_action()
    assert len(set(cards)) == len(cards) == len(actions.ACTIONS)
    assert {codes.parse(card).kind for card in cards} == {Kind.ACTION}
    assert {len(card) for card in cards}.isdisjoint(codes.LENGTHS.values())


def test_no_two_action_cards_are_one_misread_apart() -> None:
    cards = every_action()
    for index, one in enumerate(cards):
        for other in cards[index + 1 :]:
            differing = sum(a != b for a, b in zip(one, other, strict=False))
            assert len(one) != len(other) or differing >= 2, f"{one} {other}"


def test_every_quantity_and_category_has_a_card() -> None:
    for number in range(2, actions.MAX_QUANTITY + 1):
        card = codes.action_code(Verb.QUANTITY, actions.quantity_argument(number))
        assert codes.parse(card).verb == f"Q{number:02d}"
    for category in actions.CATEGORIES:
        assert codes.parse(codes.action_code(Verb.CATEGORY, category.key)).verb[1:] == category.key
    with pytest.raises(CodeError):
        codes.action_code(Verb.CATEGORY, actions.UNSORTED.key)
    with pytest.raises(CodeError):
        codes.action_code(Verb.QUANTITY, "01")


def test_categories_have_keys_of_their_own_in_the_alphabet_and_both_languages() -> None:
    every = (*actions.CATEGORIES, actions.UNSORTED)
    assert len(actions.CATEGORY_BY_KEY) == len(every)
    for category in every:
        assert len(category.key) == 2
        assert set(category.key) <= set(ALPHABET)
        assert category.zh
        assert category.en


# --- tokens ----------------------------------------------------------------------------------


def test_equal_texts_hash_apart_when_they_mean_different_things() -> None:
    hashes = {codes.token_hash(domain, "0" * 16) for domain in TokenDomain}
    assert len(hashes) == len(TokenDomain)


def test_codes_that_are_printed_stay_valid_for_ever() -> None:
    golden = json.loads(GOLDEN.read_text(encoding="utf-8"))
    for kind, printed in golden["codes"].items():
        for code in printed:
            assert codes.parse(code) == codes.Code(Kind(kind), code)
    assert codes.PLACE_IN in golden["codes"]["W"]
    assert set(every_action()) >= set(golden["codes"]["K"])
    for domain, text, digest in golden["hashes"]:
        assert codes.token_hash(TokenDomain(domain), text) == digest
