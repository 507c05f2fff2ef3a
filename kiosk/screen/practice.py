"""What the page's drawer offers to somebody who has no scanner or no cards at hand.

The cards are the ones that `yicang` prints; the practice codes are real codes that nobody else
has, since a newcomer's try must go the same way as everything else.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import msgspec

from contract.actions import CATEGORIES, Verb, quantity_argument
from contract.codes import (
    PLACE_IN,
    Kind,
    action_code,
    serial_code,
    to_base32,
    token_code,
)
from kiosk.screen.offers import ICONS, Card

SAMPLE_EAN13: Final = "6901234567892"
"""A well-formed EAN-13 (GS1 China's range) with a made-up number and a right check digit."""

QUANTITIES: Final = (2, 3, 4, 5, 6)


class Tray(msgspec.Struct, frozen=True):
    """All cards that the drawer shows, and the buttons that are always there."""

    finish: Card
    undo: Card
    help: Card
    not_home: Card
    place_in: Card
    sample: Card
    quantities: tuple[Card, ...]
    categories: tuple[Card, ...]


class PracticeCodes(msgspec.Struct, frozen=True):
    """Fresh, valid codes of nobody: two cards, and a plan with its family's token."""

    donor: str
    volunteer: str
    plan: str
    family: str


def tray() -> Tray:
    return Tray(
        finish=Card(action_code(Verb.FINISH), "完成", "Finish", ICONS[Verb.FINISH]),
        undo=Card(action_code(Verb.UNDO), "撤销", "Undo", ICONS[Verb.UNDO]),
        help=Card(action_code(Verb.HELP), "帮助", "Help", ICONS[Verb.HELP]),
        not_home=Card(action_code(Verb.NOT_HOME), "没人在家", "Not home"),
        place_in=Card(PLACE_IN, "入库区", "Intake shelf"),
        sample=Card(SAMPLE_EAN13, "有条码的物品", "A thing with a barcode"),
        quantities=tuple(
            Card(action_code(Verb.QUANTITY, quantity_argument(n)), f"共 {n} 件", f"{n} of it")
            for n in QUANTITIES
        ),
        categories=tuple(Card(action_code(Verb.CATEGORY, c.key), c.zh, c.en) for c in CATEGORIES),
    )


def practice_codes(random: Callable[[int], bytes]) -> PracticeCodes:
    """Draws from ``random(number of bytes)``."""
    prefix = to_base32(int.from_bytes(random(3)) & 0xFFFFF, 4)
    serial = int.from_bytes(random(4)) & 0x1FFFFFF
    return PracticeCodes(
        donor=token_code(Kind.PERSON, random(10)),
        volunteer=token_code(Kind.PERSON, random(10)),
        plan=serial_code(Kind.PLAN, prefix, serial),
        family=token_code(Kind.FAMILY, random(10)),
    )
