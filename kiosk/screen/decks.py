"""The cards that a page needs once for all: numbers, money, months, and the buttons of the printer.

They never change while a release runs, so a page fetches them once; what can be touched now is in
each state's `kiosk.screen.offers.Offer`.
"""

from __future__ import annotations

from typing import Final

import msgspec

from contract.actions import ARGUMENTS, Verb, expiry_of, price_of
from contract.codes import action_code
from kiosk.screen.offers import Card, card_of


class Decks(msgspec.Struct, frozen=True):
    """Codes by what they say: ``quantities`` by number, ``prices`` by jiao, ``months`` by
    ``YYYY-MM``."""

    quantities: dict[str, str]
    prices: dict[str, str]
    months: dict[str, str]
    rolls: tuple[Card, ...]


def decks() -> Decks:
    """Every card of this release that a number pad can make."""
    return Decks(
        quantities={
            str(int(one)): action_code(Verb.QUANTITY, one) for one in ARGUMENTS[Verb.QUANTITY]
        },
        prices={str(price_of(one)): action_code(Verb.PRICE, one) for one in ARGUMENTS[Verb.PRICE]},
        months={expiry_of(one): action_code(Verb.EXPIRY, one) for one in ARGUMENTS[Verb.EXPIRY]},
        rolls=tuple(card_of(verb) for verb in ROLLS),
    )


ROLLS: Final = (Verb.NEW_ROLL, Verb.NEW_RECEIPT_ROLL)
"""Cards that belong to a printer: they mean the same in every phase."""
