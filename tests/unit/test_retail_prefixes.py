"""The short way to judge an EAN-13 says what biip says of the whole number."""

import random
from functools import lru_cache

import pytest
from biip import ParseError
from biip.checksums import gs1_standard_check_digit
from biip.gtin import Gtin
from biip.rcn import Rcn

from kiosk.retail_numbers import RetailError, RetailProblem, StoreNumber, gtin14


def ours(digits: str) -> str:
    try:
        return gtin14(digits, vouched=False)
    except RetailError as error:
        return error.problem.value
    except StoreNumber:
        return "store"


def by_biip(digits: str) -> str:
    try:
        gtin = Gtin.parse(digits)
    except ParseError:
        return RetailProblem.CHECK_DIGIT.value
    if isinstance(gtin, Rcn):
        return "store"
    return RetailProblem.UNASSIGNED.value if gtin.prefix is None else gtin.as_gtin_14()


def special(digits: str) -> bool:
    """Telephones and coupons, which biip does not know."""
    return digits.startswith(("861", "980", "981", "982", "983", "984", "99"))


@lru_cache
def numbers() -> tuple[str, ...]:
    """For each four digits one EAN-13 with a random rest, and one with a wrong check digit."""
    dice = random.Random(13)
    made = []
    for prefix in range(1000, 10_000):
        body = f"{prefix}{dice.randrange(10**8):08d}"
        right = gs1_standard_check_digit(body)
        made += [f"{body}{right}", f"{body}{(right + dice.randrange(1, 10)) % 10}"]
    return tuple(made)


@pytest.mark.parametrize("first", range(1, 10))
def test_every_prefix_is_judged_as_biip_judges_the_whole_number(first: int) -> None:
    checked = [n for n in numbers() if n[0] == str(first) and not special(n)]
    assert len(checked) > 1_500
    assert [(n, ours(n)) for n in checked] == [(n, by_biip(n)) for n in checked]
