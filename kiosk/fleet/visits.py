"""Who comes to a simulated stop, and what they scan there: donors, and volunteers who take away.

Pure: the same seed and the same labels give the same scans. Every code is one that a scanner
could read, so it goes through the kiosk's own interpreter and workflow like any other.
"""

from collections.abc import Iterator
from random import Random
from typing import Final

from biip.checksums import gs1_standard_check_digit
from msgspec import Struct

from contract import actions, codes
from contract.actions import Verb
from contract.codes import Kind

_RETAIL: Final = 0.6
"""How many of the things that are given carry a retail code."""
_VOLUNTEER: Final = 0.2
"""How many of the visits take away, once there is something to take."""
_MOST_GIVEN: Final = 6
_MOST_TAKEN: Final = 4
_DELIVERED: Final = 0.7
"""How many of the plans that went out are delivered while we look."""
_PRODUCTS: Final = 400
"""How many different retail codes are given, so that some come again and again."""


class Visit(Struct, frozen=True):
    """What one person scans, in order."""

    scans: tuple[str, ...]


class Stock:
    """Labels that have been printed here and not been taken away."""

    def __init__(self) -> None:
        self._labels: Final[list[str]] = []

    def __len__(self) -> int:
        return len(self._labels)

    def add(self, code: str) -> None:
        """A label came out."""
        self._labels.append(code)

    def take(self, count: int) -> tuple[str, ...]:
        """The oldest ones, at most ``count``."""
        taken = tuple(self._labels[:count])
        del self._labels[:count]
        return taken


def visits(random: Random, stock: Stock, prefix: str) -> Iterator[Visit]:
    """One visit after the other, for ever. ``prefix`` (four characters) makes this stop's delivery
    plans differ from the others'."""
    finish = codes.action_code(Verb.FINISH)
    cards = [
        codes.action_code(Verb.CATEGORY, category.key)
        for category in actions.CATEGORIES
        if category.key not in actions.FOOD_CATEGORIES
    ]
    number = 0
    last = ""
    while True:
        if len(stock) and random.random() < _VOLUNTEER:
            number += 1
            yield Visit(_taken_away(random, stock, codes.serial_code(Kind.PLAN, prefix, number)))
            continue
        scans: list[str] = []
        for _ in range(random.randint(1, _MOST_GIVEN)):
            if random.random() < _RETAIL:
                scans.append(retail_code(random.randrange(_PRODUCTS)))
            # Never the card of before: what is read twice within moments lies in the beam.
            last = random.choice([card for card in cards if card != last])
            scans.append(last)
        yield Visit((*scans, finish))


def _taken_away(random: Random, stock: Stock, plan: str) -> tuple[str, ...]:
    volunteer = codes.token_code(Kind.PERSON, random.randbytes(10))
    family = codes.token_code(Kind.FAMILY, random.randbytes(10))
    out = (volunteer, *stock.take(random.randint(1, _MOST_TAKEN)), plan)
    return (*out, volunteer, plan, family) if random.random() < _DELIVERED else out


def retail_code(number: int) -> str:
    """An EAN-13 from the range that GS1 keeps for use within a shop (prefix 20), so that it is no
    real product's."""
    body = f"20{number:010d}"
    return f"{body}{gs1_standard_check_digit(body)}"
