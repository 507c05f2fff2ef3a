"""What people hold in their hands at a stop: cards, plans, tokens, packs."""

import itertools
import secrets
from collections.abc import Iterator

from bench.scan import ean13
from contract.actions import CATEGORIES, Verb, quantity_argument
from contract.codes import Kind, action_code, serial_code, token_code

RICE = action_code(Verb.CATEGORY, "F1")
SOAP = action_code(Verb.CATEGORY, "H1")
FINISH = action_code(Verb.FINISH)
UNDO = action_code(Verb.UNDO)
NOT_HOME = action_code(Verb.NOT_HOME)


def card() -> str:
    """A person's card, new."""
    return token_code(Kind.PERSON, secrets.token_bytes(10))


def family() -> str:
    """A family's delivery token, new."""
    return token_code(Kind.FAMILY, secrets.token_bytes(10))


def plan(number: int = 1) -> str:
    """A delivery plan of a prefix that no kiosk has."""
    return serial_code(Kind.PLAN, "ZZZZ", number)


def quantity(number: int) -> str:
    """A quantity card."""
    return action_code(Verb.QUANTITY, quantity_argument(number))


def packs() -> Iterator[str]:
    """Retail packs that nobody has named, all different."""
    return (ean13(number) for number in itertools.count(1))


def category_cards() -> Iterator[str]:
    """Category cards in turn, so that no code is scanned twice within its re-arm time."""
    return itertools.cycle([action_code(Verb.CATEGORY, category.key) for category in CATEGORIES])
