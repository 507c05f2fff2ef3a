"""The laminated cards of this release, as data: what is on each for a scanner and for people."""

from __future__ import annotations

import enum
from typing import Final

import msgspec

from contract.actions import (
    CATEGORIES,
    MAX_QUANTITY,
    Verb,
    quantity_argument,
)
from contract.codes import PLACES, action_code


class Group(enum.StrEnum):
    """Cards that belong together; each begins a sheet of its own."""

    ACTION = "action"
    PLACE = "place"
    CATEGORY = "category"
    QUANTITY = "quantity"


GROUP_NAMES: Final = {
    Group.ACTION: ("操作", "Action"),
    Group.PLACE: ("位置", "Place"),
    Group.CATEGORY: ("类别", "Category"),
    Group.QUANTITY: ("数量", "Quantity"),
}
"""Chinese and English name of each group."""


class Card(msgspec.Struct, frozen=True):
    """One card. `mark` is its pictogram's name or the sign in its coloured field."""

    group: Group
    code: str
    zh: str
    en: str
    mark: str


def _marks() -> list[str]:
    """One Chinese character for each category: the first of its name that no other has taken."""
    taken: list[str] = []
    for category in CATEGORIES:
        taken.append(next(char for char in category.zh if char not in taken))
    return taken


def deck() -> tuple[Card, ...]:
    """Every card, in the order in which the sheets are printed."""
    return (
        Card(Group.ACTION, action_code(Verb.FINISH), "完成", "Finish", "finish"),
        Card(Group.ACTION, action_code(Verb.UNDO), "撤销上一步", "Undo the last step", "undo"),
        Card(Group.ACTION, action_code(Verb.HELP), "帮助", "Help", "help"),
        Card(Group.ACTION, action_code(Verb.NOT_HOME), "没人在家", "Not home", "not-home"),
        *(Card(Group.PLACE, place.code, place.zh, place.en, "place") for place in PLACES),
        *(
            Card(
                Group.CATEGORY,
                action_code(Verb.CATEGORY, category.key),
                category.zh,
                category.en,
                mark,
            )
            for category, mark in zip(CATEGORIES, _marks(), strict=True)
        ),
        *(
            Card(
                Group.QUANTITY,
                action_code(Verb.QUANTITY, quantity_argument(number)),
                f"一共 {number} 件",
                f"{number} in all",
                str(number),
            )
            for number in range(2, MAX_QUANTITY + 1)
        ),
    )
