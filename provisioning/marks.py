"""The pictogram of every card, as data: what tells cards apart for people who cannot read.

* A **shape** for each kind of card, which also tells kinds apart in black and white: what to do is
  round like a button, goods are square, numbers to count with stand on a die, prices on a
  banknote, months on a calendar's leaf, shelves under a roof. A **colour** for each card where it
  helps: finish is green, undo is red, a price has the colour of its banknote.
* An **icon**, or a sign in Arabic numerals, in the shape. No two cards of a deck look alike
  (`tests/unit/test_cards.py` compares the printed pixels).

Icons are files in ``icons/`` by their names there.
"""

import colorsys
import enum
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Final, TypeAlias

import msgspec

from contract.actions import GRADES, Verb
from contract.codes import PLACE_IN
from contract.reference import KnownPlace

Colour: TypeAlias = tuple[int, int, int]
"""Red, green and blue, 0 to 255."""


class Shape(enum.StrEnum):
    """The field that a card's icon stands on."""

    TILE = "tile"
    DISC = "disc"
    DIE = "die"
    NOTE = "note"
    CALENDAR = "calendar"
    FRAME = "frame"
    COIN = "coin"
    HEXAGON = "hexagon"
    DIAMOND = "diamond"
    HEART = "heart"
    HOUSE = "house"


class Mark(msgspec.Struct, frozen=True):
    """A pictogram. ``icons``: one in the middle, or up to three beside each other. ``sign``: a
    number or one character, beneath the icons where there are any. ``dots``: as many as the sign
    says. ``caption``: small, at the top of a calendar's leaf."""

    shape: Shape
    colour: Colour
    icons: tuple[str, ...] = ()
    sign: str = ""
    dots: int = 0
    caption: str = ""


GREEN: Final = (0x1B, 0x7F, 0x3B)
RED: Final = (0xB7, 0x1C, 0x1C)
BLUE: Final = (0x1F, 0x5F, 0xA8)
ORANGE: Final = (0xB4, 0x53, 0x09)
PURPLE: Final = (0x6A, 0x3D, 0x9A)
TEAL: Final = (0x00, 0x69, 0x5C)
BROWN: Final = (0x6D, 0x4C, 0x1B)
PINK: Final = (0xAD, 0x14, 0x57)
SLATE: Final = (0x37, 0x47, 0x4F)
BLACK: Final = (0x1A, 0x1A, 0x1A)

_VERB_MARKS: Final[dict[Verb, tuple[Colour, str]]] = {
    Verb.FINISH: (GREEN, "check-bold"),
    Verb.UNDO: (RED, "arrow-u-left-top"),
    Verb.HELP: (BLUE, "help"),
    Verb.SAME: (GREEN, "plus-box-multiple"),
    Verb.WHOLE_BOX: (TEAL, "package-variant-closed"),
    Verb.NOT_HOME: (PURPLE, "home-off"),
    Verb.MISSING: (ORANGE, "magnify-close"),
    Verb.RECEIVE: (BLUE, "truck-check"),
    Verb.PACK: (BROWN, "package-down"),
    Verb.UNPACK: (BROWN, "package-up"),
    Verb.SEAL: (BROWN, "archive-lock"),
    Verb.REPRINT: (SLATE, "printer"),
    Verb.WHERE: (BLUE, "map-marker-question"),
    Verb.QUARANTINE: (RED, "hand-back-left"),
    Verb.RELEASE: (GREEN, "check-decagram"),
    Verb.MARKET: (PINK, "storefront"),
    Verb.TAKE_BACK: (PINK, "cash-refund"),
    Verb.COUNT: (TEAL, "clipboard-list"),
    Verb.NO_LABEL: (TEAL, "tag-off"),
    Verb.PAUSE: (SLATE, "pause"),
    Verb.CLOSE: (BLACK, "flag-checkered"),
    Verb.OFFER_TIME: (PURPLE, "clock-plus-outline"),
    Verb.NEW_ROLL: (SLATE, "paper-roll"),
    Verb.NEW_RECEIPT_ROLL: (SLATE, "receipt-text"),
    Verb.WORK: (PURPLE, "account-clock"),
}
"""Colour and icon of every card without an argument. One colour for what belongs together: boxes
are brown, the market pink, the stocktake teal, the printer grey."""


def verb_mark(verb: Verb) -> Mark:
    """The mark of a card without an argument. Raises KeyError for a verb that takes one."""
    colour, icon = _VERB_MARKS[verb]
    return Mark(Shape.DISC, colour, (icon,))


_CATEGORY_ICONS: Final[dict[str, tuple[str, ...]]] = {
    "F1": ("rice",),
    "F2": ("food-apple", "bottle-soda-classic"),
    "H1": ("washing-machine",),
    "H2": ("lotion-plus", "toothbrush-paste"),
    "C1": ("tshirt-crew",),
    "C2": ("human-child", "tshirt-crew"),
    "S1": ("shoe-sneaker", "bag-personal"),
    "B1": ("bed-king",),
    "K1": ("pot-steam",),
    "E1": ("kettle", "fan"),
    "T1": ("teddy-bear",),
    "R1": ("book-open-variant", "pencil"),
    "M1": ("baby-bottle",),
    "N1": ("wheelchair", "human-cane"),
    "Z1": ("shape",),
}


def category_marks(named: Sequence[tuple[str, str]]) -> dict[str, Mark]:
    """The marks of categories by key; ``named`` is each one's key and Chinese name.

    A category without an icon of its own gets the first character of its name that no other has.
    """
    marks: dict[str, Mark] = {}
    signs: set[str] = set()
    for at, (key, zh) in enumerate(named):
        colour = _hue(at * 7 % max(1, len(named)) / max(1, len(named)))
        icons = _CATEGORY_ICONS.get(key)
        if icons is not None:
            marks[key] = Mark(Shape.TILE, colour, icons)
        else:
            sign = next((char for char in zh if char not in signs), key)
            signs.add(sign)
            marks[key] = Mark(Shape.TILE, colour, sign=sign)
    return marks


def _hue(turn: float) -> Colour:
    """A colour of the wheel, dark enough that white on it reads (contrast 4.5 and more)."""
    red, green, blue = colorsys.hls_to_rgb(turn, 0.27, 0.75)
    return round(255 * red), round(255 * green), round(255 * blue)


def quantity_mark(number: int) -> Mark:
    """A number, and as many dots to count."""
    return Mark(Shape.DIE, BLACK, sign=str(number), dots=number)


_BANKNOTES: Final[dict[int, Colour]] = {
    10: (0x66, 0x77, 0x22),
    50: (0x72, 0x3F, 0x8C),
    100: (0x1B, 0x5E, 0x9E),
    200: (0x7A, 0x4A, 0x1E),
    500: (0x1E, 0x76, 0x4A),
    1000: (0xB8, 0x23, 0x2F),
}
"""The colours of the fifth series of renminbi, by jiao: people know a twenty by its brown."""


def price_mark(jiao: int) -> Mark:
    """The amount in yuan on a banknote of its colour."""
    return Mark(Shape.NOTE, _BANKNOTES.get(jiao, SLATE), sign=f"{jiao / 10:g}")


def expiry_mark(month: str) -> Mark:
    """A calendar's leaf of the month ``YYYY-MM``; each month of the year has its colour."""
    number = int(month[5:])
    return Mark(Shape.CALENDAR, _hue((number - 1) / 12), sign=str(number), caption=month[:4])


def grade_mark(key: str) -> Mark:
    """Three stars for the best condition, none for what is broken."""
    stars = len(GRADES) - 1 - [grade.key for grade in GRADES].index(key)
    icons = ("star",) * stars if stars else ("star-off",)
    return Mark(Shape.FRAME, ORANGE, icons)


_PAY_MARKS: Final[dict[str, Mark]] = {
    "C": Mark(Shape.COIN, (0xB8, 0x23, 0x2F), ("cash-multiple",)),
    "W": Mark(Shape.COIN, (0x06, 0x7A, 0x3E), sign="微"),
    "A": Mark(Shape.COIN, (0x0B, 0x5C, 0xBF), sign="支"),
}
"""By the colours that people know these ways to pay by; no company's sign."""


def pay_mark(key: str, zh: str) -> Mark:
    """The mark of a way to pay."""
    return _PAY_MARKS.get(key, Mark(Shape.COIN, SLATE, sign=zh[:1]))


_SKILL_ICONS: Final[dict[str, tuple[str, ...]]] = {
    "01": ("dolly",),
    "02": ("moped",),
    "03": ("chef-hat",),
    "04": ("tea", "forum"),
    "05": ("hammer-wrench",),
    "06": ("hair-dryer",),
    "07": ("cellphone",),
    "08": ("scissors-cutting",),
    "09": ("baby-carriage",),
    "10": ("hand-heart",),
}


def skill_mark(key: str) -> Mark:
    """An icon, or for a skill that a hub has added its number."""
    icons = _SKILL_ICONS.get(key, ())
    return Mark(Shape.HEXAGON, PURPLE, icons, sign="" if icons else str(int(key)))


_DISPOSAL_ICONS: Final = {
    "X": "calendar-remove",
    "B": "glass-fragile",
    "V": "skull-crossbones",
    "R": "recycle",
}


def disposal_mark(key: str) -> Mark:
    """Why something is thrown away."""
    return Mark(Shape.DIAMOND, GREEN if key == "R" else BLACK, (_DISPOSAL_ICONS[key],))


def campaign_mark(number: int) -> Mark:
    """A heart with the campaign's number."""
    return Mark(Shape.HEART, PINK, sign=str(number))


_PLACE_ICONS: Final = {
    "shelf": "library-shelves",
    "stop": "home-group",
    "team": "account-group",
    "disposal": "trash-can",
    "market": "storefront",
    "outside": "exit-run",
}
_PLACE_COLOURS: Final = {"stop": BLUE, "team": PURPLE, "disposal": BLACK, "market": PINK}


def place_marks(places: Iterable[KnownPlace]) -> dict[str, Mark]:
    """The marks of place sheets by code: an icon for the kind, and where there are several of it
    the number in each one's name, or the first character of it that no other has taken."""
    marks: dict[str, Mark] = {}
    taken: dict[str, set[str]] = {}
    places = tuple(places)
    many = Counter(place.kind for place in places if place.code != PLACE_IN)
    for place in places:
        icon = _PLACE_ICONS.get(place.kind, "library-shelves")
        colour = _PLACE_COLOURS.get(place.kind, BROWN)
        if place.code == PLACE_IN:
            marks[place.code] = Mark(Shape.HOUSE, GREEN, ("inbox-arrow-down",))
            continue
        if many[place.kind] == 1 and place.kind in _PLACE_ICONS:
            marks[place.code] = Mark(Shape.HOUSE, colour, (icon,))
            continue
        used = taken.setdefault(icon, set())
        number = "".join(char for char in place.zh if char.isascii() and char.isdigit())
        free = [sign for sign in (number, *place.zh) if sign.strip() and sign not in used]
        sign = free[0] if free else place.code[-3:-1]
        used.add(sign)
        marks[place.code] = Mark(Shape.HOUSE, colour, (icon,), sign=sign)
    return marks


ANIMALS: Final = (
    "cat", "dog", "rabbit", "panda", "fish", "bird", "elephant", "turtle", "butterfly",
    "duck", "penguin", "sheep", "pig", "cow", "owl", "snail", "dolphin", "koala",
)  # fmt: skip
_COATS: Final = (BLUE, RED, GREEN, PURPLE, ORANGE, BLACK)


def person_mark(number: int) -> Mark:
    """An animal in a colour, by which people know their own card: 108 before one comes again."""
    animal = ANIMALS[number % len(ANIMALS)]
    coat = _COATS[(number // len(ANIMALS) + number) % len(_COATS)]
    return Mark(Shape.DISC, coat, (animal,))


FAMILY_MARK: Final = Mark(Shape.HEART, RED, ("home-heart",))
ITEM_MARK: Final = Mark(Shape.FRAME, BLACK, ("tag",))
BOX_MARK: Final = Mark(Shape.FRAME, BROWN, ("package-variant-closed",))
