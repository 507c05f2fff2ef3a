"""The cards of a stop, as data: what is on each for a scanner and for people.

`deck` is a function of what somebody chose and of what the hub has named; cards with random codes
come in ready (`provisioning.tokens`).
"""

import enum
from collections.abc import Iterable
from typing import Final

import msgspec

from contract.actions import (
    ACTIONS,
    ARGUMENTS,
    CATEGORIES,
    DISPOSALS,
    EXPIRY_YEARS,
    FIRST_EXPIRY_YEAR,
    GRADES,
    MAX_QUANTITY,
    PAYMENTS,
    SKILLS,
    VERB_WORDS,
    Action,
    Verb,
    campaign_argument,
    expiry_argument,
    price_argument,
    quantity_argument,
    words_of,
)
from contract.codes import PLACES, action_code, place_code
from contract.reference import Campaign, KnownPlace, NamedCategory, Skill
from provisioning import marks
from provisioning.marks import Colour, Mark


class Group(enum.StrEnum):
    """Cards that belong together; each begins a sheet of its own."""

    ACTION = "action"
    CATEGORY = "category"
    QUANTITY = "quantity"
    EXPIRY = "expiry"
    GRADE = "grade"
    PRICE = "price"
    PAY = "pay"
    SKILL = "skill"
    DISPOSE = "dispose"
    CAMPAIGN = "campaign"
    PLACE = "place"
    PERSON = "person"


class GroupLook(msgspec.Struct, frozen=True):
    """What all cards of a group share: their name and the colour of their upper edge."""

    zh: str
    en: str
    colour: Colour


GROUPS: Final = {
    Group.ACTION: GroupLook("操作", "Action", marks.BLUE),
    Group.CATEGORY: GroupLook("品类", "Category", marks.TEAL),
    Group.QUANTITY: GroupLook("数量", "Quantity", marks.BLACK),
    Group.EXPIRY: GroupLook("到期月份", "Best before", (0x8E, 0x24, 0x5C)),
    Group.GRADE: GroupLook("成色", "Condition", marks.ORANGE),
    Group.PRICE: GroupLook("价格", "Price", marks.RED),
    Group.PAY: GroupLook("付款方式", "Paid by", marks.GREEN),
    Group.SKILL: GroupLook("我会做的事", "What I can do", marks.PURPLE),
    Group.DISPOSE: GroupLook("报废原因", "Throw away, because", marks.SLATE),
    Group.CAMPAIGN: GroupLook("活动", "Campaign", marks.PINK),
    Group.PLACE: GroupLook("位置", "Place", marks.BROWN),
    Group.PERSON: GroupLook("义仓卡", "Yicang card", (0x0B, 0x4F, 0x8A)),
}

PRICE_CARDS: Final = (5, 10, 20, 30, 50, 80, 100, 150, 200, 300, 500, 1000)
"""Prices in jiao that come as cards. They add up: 13 yuan are the cards of 10 and 3."""

MONTHS: Final = 24
"""How many expiry cards there are when nobody says: canned food lasts two years and more."""


class Card(msgspec.Struct, frozen=True):
    """One card. ``number`` tells cards apart that look alike, where there are such; ``named``: the
    card has a line to write a name on."""

    group: Group
    code: str
    zh: str
    en: str
    mark: Mark
    number: str = ""
    named: bool = False


class Catalogue(msgspec.Struct, frozen=True):
    """What a hub tells its kiosks of names; the built-in ones where there is no hub."""

    categories: tuple[NamedCategory, ...]
    places: tuple[KnownPlace, ...]
    skills: tuple[Skill, ...]
    campaigns: tuple[Campaign, ...]


_MARKET: Final = place_code("00000M")

BUILT_IN: Final = Catalogue(
    categories=tuple(NamedCategory(one.key, one.zh, one.en) for one in CATEGORIES),
    places=tuple(
        KnownPlace(one.code, "market" if one.code == _MARKET else "shelf", one.zh, one.en)
        for one in PLACES
    ),
    skills=tuple(Skill(one.key, one.zh, one.en) for one in SKILLS),
    campaigns=(),
)


def catalogue(
    categories: Iterable[NamedCategory],
    places: Iterable[KnownPlace],
    skills: Iterable[Skill],
    campaigns: Iterable[Campaign],
) -> Catalogue:
    """What a hub has named, over what is built in, as kiosks see it. Only what a card can say:
    categories of this release that are still offered, skills that have a card, campaigns that are
    open."""
    keys = set(ARGUMENTS[Verb.CATEGORY])
    all_places = {one.code: one for one in BUILT_IN.places} | {one.code: one for one in places}
    all_skills = {one.key: one for one in BUILT_IN.skills} | {
        one.key: one for one in skills if one.key in ARGUMENTS[Verb.SKILL]
    }
    numbers = set(ARGUMENTS[Verb.CAMPAIGN])
    return Catalogue(
        categories=tuple(one for one in categories if one.key in keys and one.offered),
        places=tuple(all_places.values()),
        skills=tuple(all_skills.values()),
        campaigns=tuple(
            one for one in campaigns if one.open and campaign_argument(one.number) in numbers
        ),
    )


def months_from(first: str, count: int) -> tuple[str, ...]:
    """``count`` months ``YYYY-MM`` from ``first`` on.

    Raises:
        ValueError: a month that no card can say (`contract.actions.expiry_argument`).
    """
    start = (int(first[:4]) - FIRST_EXPIRY_YEAR) * 12 + int(first[5:]) - 1
    expiry_argument(first)
    if start + count > EXPIRY_YEARS * 12:
        raise ValueError(f"no expiry card after {FIRST_EXPIRY_YEAR + EXPIRY_YEARS - 1}-12")
    return tuple(
        f"{FIRST_EXPIRY_YEAR + at // 12}-{at % 12 + 1:02d}" for at in range(start, start + count)
    )


def deck(known: Catalogue, months: Iterable[str]) -> tuple[Card, ...]:
    """Every card of a stop but people's, in the order in which the sheets are printed."""
    return (
        *_actions(),
        *_categories(known.categories),
        *(
            _card(Group.QUANTITY, Verb.QUANTITY, quantity_argument(n), marks.quantity_mark(n))
            for n in range(2, MAX_QUANTITY + 1)
        ),
        *(
            _card(Group.EXPIRY, Verb.EXPIRY, expiry_argument(month), marks.expiry_mark(month))
            for month in months
        ),
        *(
            Card(
                Group.GRADE, action_code(Verb.GRADE, one.key), one.zh, one.en,
                marks.grade_mark(one.key),
            )
            for one in GRADES
        ),
        *(price_card(jiao) for jiao in PRICE_CARDS),
        *(
            Card(
                Group.PAY, action_code(Verb.PAY, one.key), one.zh, one.en,
                marks.pay_mark(one.key, one.zh),
            )
            for one in PAYMENTS
        ),
        *(
            Card(
                Group.SKILL, action_code(Verb.SKILL, one.key), one.zh, one.en,
                marks.skill_mark(one.key),
            )
            for one in known.skills
        ),
        *(
            Card(
                Group.DISPOSE, action_code(Verb.DISPOSE, one.key), one.zh, one.en,
                marks.disposal_mark(one.key),
            )
            for one in DISPOSALS
        ),
        *(campaign_card(one.number, one.zh, one.en) for one in known.campaigns),
        *_places(known.places),
    )  # fmt: skip


def _card(group: Group, verb: Verb, argument: str, mark: Mark) -> Card:
    zh, en = words_of(Action(verb, argument))
    return Card(group, action_code(verb, argument), zh, en, mark)


def _actions() -> Iterable[Card]:
    for action in ACTIONS.values():
        if action.verb not in ARGUMENTS:
            zh, en = VERB_WORDS[action.verb]
            mark = marks.verb_mark(action.verb)
            yield Card(Group.ACTION, action_code(action.verb), zh, en, mark)


def _categories(named: tuple[NamedCategory, ...]) -> Iterable[Card]:
    looks = marks.category_marks([(one.key, one.zh) for one in named])
    for one in named:
        code = action_code(Verb.CATEGORY, one.key)
        yield Card(Group.CATEGORY, code, one.zh, one.en, looks[one.key])


def _places(places: tuple[KnownPlace, ...]) -> Iterable[Card]:
    looks = marks.place_marks(places)
    for one in places:
        yield Card(Group.PLACE, one.code, one.zh, one.en, looks[one.code])


def price_card(jiao: int) -> Card:
    """A price as a card or label. Raises `contract.codes.CodeError` where none can say it."""
    argument = price_argument(jiao)
    return _card(Group.PRICE, Verb.PRICE, argument, marks.price_mark(jiao))


def campaign_card(number: int, zh: str, en: str) -> Card:
    """A campaign's card: its number and title."""
    code = action_code(Verb.CAMPAIGN, campaign_argument(number))
    return Card(Group.CAMPAIGN, code, zh, en, marks.campaign_mark(number))
