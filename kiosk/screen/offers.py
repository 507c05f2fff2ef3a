"""Which cards the page offers to touch, asked of the workflow itself. Pure.

Nothing here knows what a phase allows. Every card that the page could offer is put to the workflow
in a **rehearsal**: `kiosk.workflow.step` is pure, so a turn can be taken and thrown away. What it
would refuse is not offered. So a button is never meaningless, and a row that is added to the table
brings its button with it.

The rehearsal knows the lane's state, the allocator and the stop's settings. What only a journal
knows (what is in a box, what stands on a shelf) is left blank, since no row refuses for it; a
price, a month or a quantity stands for all of its kind.
"""

from __future__ import annotations

from typing import Final

import msgspec

from contract.actions import (
    ARGUMENTS,
    DISPOSALS,
    GRADES,
    PAYMENTS,
    SKILLS,
    VERB_WORDS,
    Action,
    Verb,
    campaign_argument,
    words_of,
)
from contract.codes import action_code
from contract.reference import StopSettings
from drivers.ports import Signal
from kiosk.inputs import ActionCard, CategoryCard, InputKind, QuantityCard, Scan
from kiosk.state import Allocator, EventRef, ItemFacts, LaneState, Phase
from kiosk.workflow import Facts, step
from kiosk.workflow.table import ROWS
from kiosk.workflow.turn import Work


class Card(msgspec.Struct, frozen=True):
    """A card: what is on it for the scanner, and for people."""

    code: str
    zh: str
    en: str
    icon: str = ""


class Pad(msgspec.Struct, frozen=True):
    """A button that opens a choice. ``cards`` are all there are of it; empty for numbers, money
    and months, whose cards the page has once for all (`kiosk.screen.decks`)."""

    key: str
    zh: str
    en: str
    icon: str
    cards: tuple[Card, ...] = ()


class Offer(msgspec.Struct, frozen=True):
    """What can be touched now. ``pads`` and ``cards`` stand in the order of their use; ``first``
    names the pads and codes that this phase is about. ``open_pad``: shown without a touch, since
    nothing else answers."""

    finish: Card | None = None
    undo: Card | None = None
    help: Card | None = None
    pads: tuple[Pad, ...] = ()
    cards: tuple[Card, ...] = ()
    first: tuple[str, ...] = ()
    open_pad: str = ""


ICONS: Final[dict[Verb, str]] = {
    Verb.FINISH: "check-bold",
    Verb.UNDO: "arrow-u-left-top",
    Verb.HELP: "help",
    Verb.SAME: "plus-box-multiple",
    Verb.WHOLE_BOX: "package-variant-closed",
    Verb.NOT_HOME: "home-off",
    Verb.MISSING: "magnify-close",
    Verb.RECEIVE: "truck-check",
    Verb.PACK: "package-down",
    Verb.UNPACK: "package-up",
    Verb.SEAL: "archive-lock",
    Verb.REPRINT: "printer",
    Verb.WHERE: "map-marker-question",
    Verb.QUARANTINE: "hand-back-left",
    Verb.RELEASE: "check-decagram",
    Verb.MARKET: "storefront",
    Verb.TAKE_BACK: "cash-refund",
    Verb.COUNT: "clipboard-list",
    Verb.NO_LABEL: "tag-off",
    Verb.PAUSE: "pause",
    Verb.CLOSE: "flag-checkered",
    Verb.OFFER_TIME: "clock-plus-outline",
    Verb.NEW_ROLL: "paper-roll",
    Verb.NEW_RECEIPT_ROLL: "receipt-text",
    Verb.WORK: "account-clock",
    Verb.QUANTITY: "numeric",
    Verb.GRADE: "star",
    Verb.EXPIRY: "calendar-remove",
    Verb.PRICE: "tag",
    Verb.PAY: "cash-multiple",
    Verb.SKILL: "hand-heart",
    Verb.DISPOSE: "trash-can",
    Verb.CAMPAIGN: "rice",
    Verb.CATEGORY: "shape",
}
"""The pictogram of each verb's card, as a symbol of ``static/icons.svg``."""

CATEGORY_ICONS: Final[dict[str, str]] = {
    "F1": "rice",
    "F2": "food-apple",
    "H1": "washing-machine",
    "H2": "toothbrush-paste",
    "C1": "tshirt-crew",
    "C2": "human-child",
    "S1": "shoe-sneaker",
    "B1": "bed-king",
    "K1": "pot-steam",
    "E1": "kettle",
    "T1": "teddy-bear",
    "R1": "book-open-variant",
    "M1": "baby-bottle",
    "N1": "wheelchair",
    "Z1": "shape",
}
_OTHER_ICONS: Final[dict[tuple[Verb, str], str]] = {
    **{(Verb.CATEGORY, key): icon for key, icon in CATEGORY_ICONS.items()},
    (Verb.PAY, "W"): "cellphone",
    (Verb.PAY, "A"): "cellphone",
}

_ALWAYS: Final = (Verb.FINISH, Verb.UNDO, Verb.HELP)
"""They have their fixed places."""
_PRINTER: Final = (Verb.NEW_ROLL, Verb.NEW_RECEIPT_ROLL)
"""They belong to the printer, wherever the lane is, and stand beside it."""
_PLAIN: Final = tuple(
    verb for verb in Verb if verb not in ARGUMENTS and verb not in (*_ALWAYS, *_PRINTER)
)

_PAD_WORDS: Final[dict[Verb, tuple[str, str]]] = {
    Verb.CATEGORY: ("选品类", "Choose a kind"),
    Verb.QUANTITY: ("几件？", "How many?"),
    Verb.PRICE: ("多少钱？", "How much?"),
    Verb.PAY: ("怎么付？", "How paid?"),
    Verb.GRADE: ("成色", "Condition"),
    Verb.EXPIRY: ("到期月份", "Best before"),
    Verb.SKILL: ("会做什么？", "Which skill?"),
    Verb.DISPOSE: ("报废", "Throw away"),
    Verb.CAMPAIGN: ("一勺米", "A spoon of rice"),
}
_LISTED: Final[dict[Verb, tuple[str, ...]]] = {
    Verb.PAY: tuple(way.key for way in PAYMENTS),
    Verb.GRADE: tuple(grade.key for grade in GRADES),
    Verb.SKILL: tuple(skill.key for skill in SKILLS),
    Verb.DISPOSE: tuple(why.key for why in DISPOSALS),
}
"""Short choices, each card of which is asked about."""

_P = Phase
_FIRST: Final[dict[Phase, tuple[Verb, ...]]] = {
    _P.REST: (Verb.CATEGORY,),
    _P.CARDED: (Verb.CATEGORY,),
    _P.INTAKE: (Verb.CATEGORY, Verb.QUANTITY, Verb.SAME),
    _P.ASKING: (Verb.CATEGORY, Verb.WHOLE_BOX),
    _P.HANDOVER: (Verb.DISPOSE, Verb.MISSING),
    _P.PLAN: (Verb.NOT_HOME, Verb.MISSING),
    _P.PACKING: (Verb.SEAL,),
    _P.UNPACKING: (Verb.PACK,),
    _P.REPRINTING: (Verb.WHERE,),
    _P.LOOKING: (Verb.REPRINT,),
    _P.BINDING: (Verb.CATEGORY,),
    _P.MARKET: (Verb.PRICE, Verb.PAY, Verb.TAKE_BACK),
    _P.SELLING: (Verb.PRICE, Verb.PAY),
    _P.RETURNING: (Verb.PRICE, Verb.PAY),
    _P.CASHING: (Verb.PRICE,),
    _P.COUNTING: (Verb.PAUSE, Verb.CLOSE),
    _P.SHELF: (Verb.NO_LABEL, Verb.PAUSE),
    _P.UNLABELLED: (Verb.CATEGORY,),
    _P.OFFERING: (Verb.SKILL, Verb.QUANTITY),
    _P.GIVING: (Verb.CAMPAIGN, Verb.QUANTITY),
}
"""What each phase is about; the rest is behind one more touch."""

_OPENS: Final[dict[Phase, Verb]] = {
    _P.ASKING: Verb.CATEGORY,
    _P.UNLABELLED: Verb.CATEGORY,
}
"""Where only one thing answers the question."""


_ANSWERS: Final = {Verb.REPRINT: InputKind.AGAIN, Verb.UNDO: InputKind.TAKE_OUT}
"""What these cards mean while a question about a label is what the lane said last."""
_GOES_ON: Final = {_P.MARKET: Verb.MARKET}
"""A card that only says again what the lane is doing already."""


class _AnyId(dict[EventRef, str]):
    """A rehearsal's event ids: what they say is thrown away."""

    def __missing__(self, ref: EventRef) -> str:
        return f"rehearsal.{ref.epoch}.{ref.seq}.0000000000000000"


class _Anything(dict[str, ItemFacts]):
    """What a rehearsal knows of any label."""

    def __missing__(self, code: str) -> ItemFacts:
        return ItemFacts("here")


def _facts(
    state: LaneState, settings: StopSettings, now: int, capabilities: frozenset[str] | None
) -> Facts:
    begun = state.clocked[-1].after if state.clocked else None
    return Facts(
        now=now,
        next=EventRef("0" * 16, 1),
        sessions=("0" * 16, "1" * 16),
        claim=bytes(10),
        event_ids=_AnyId(),
        known=_Anything(),
        settings=settings,
        work=None if begun is None else Work(begun, None),
        capabilities=capabilities,
    )


def scan_of(verb: Verb, argument: str = "") -> Scan:
    """The scan that this card makes."""
    match verb:
        case Verb.QUANTITY:
            return QuantityCard(int(argument))
        case Verb.CATEGORY:
            return CategoryCard(argument)
    return ActionCard(verb, argument)


def card_of(verb: Verb, argument: str = "") -> Card:
    """The card itself, with the words that it carries."""
    if argument:
        zh, en = words_of(Action(verb, argument))
        if verb in (Verb.GRADE, Verb.PAY, Verb.SKILL, Verb.DISPOSE):
            zh, en = zh.partition("：")[2], en.partition(": ")[2]  # the choice says the rest
    else:
        zh, en = VERB_WORDS[verb]
    icon = _OTHER_ICONS.get((verb, argument), ICONS[verb])
    return Card(action_code(verb, argument), zh, en, icon)


def offer(
    state: LaneState,
    allocator: Allocator,
    settings: StopSettings,
    now: int,
    campaigns: tuple[int, ...] = (),
    *,
    asked: bool = False,
    capabilities: frozenset[str] | None = None,
) -> Offer:
    """What the page offers in this state at monotonic ``now``. ``campaigns`` are the numbers of
    those that are open. ``asked``: the lane has just asked whether a label came out, which the
    cards for "print again" and "undo" answer (see `kiosk.questions`). ``capabilities`` are those
    of whoever is at the lane, None where everybody may do everything."""
    facts = _facts(state, settings, now, capabilities)

    def takes(verb: Verb, argument: str = "") -> bool:
        if asked and verb in _ANSWERS:
            return (state.phase, _ANSWERS[verb]) in ROWS
        scan = scan_of(verb, argument)
        if (state.phase, scan.kind) not in ROWS:
            return False
        return step(state, allocator, scan, facts).signal is not Signal.REFUSED

    def always(verb: Verb) -> Card | None:
        return card_of(verb) if takes(verb) else None

    pads: list[Pad] = []
    for verb, (zh, en) in _PAD_WORDS.items():
        arguments = _arguments(verb, state, campaigns)
        if verb in _LISTED or verb is Verb.CAMPAIGN:
            arguments = tuple(one for one in arguments if takes(verb, one))
        elif not (arguments and takes(verb, arguments[0])):
            arguments = ()
        if not arguments:
            continue
        listed = verb in _LISTED or verb in (Verb.CAMPAIGN, Verb.CATEGORY)
        cards = tuple(card_of(verb, one) for one in arguments) if listed else ()
        pads.append(Pad(verb.name.lower(), zh, en, ICONS[verb], cards))
    first = (Verb.REPRINT,) if asked else _FIRST.get(state.phase, ())
    idle = _GOES_ON.get(state.phase)
    cards = tuple(card_of(verb) for verb in _PLAIN if verb is not idle and takes(verb))
    opens = _OPENS.get(state.phase)
    return Offer(
        finish=always(Verb.FINISH),
        undo=always(Verb.UNDO),
        help=always(Verb.HELP),
        pads=tuple(pads),
        cards=cards,
        first=tuple(
            verb.name.lower() if verb in ARGUMENTS else action_code(verb) for verb in first
        ),
        open_pad=next((p.key for p in pads if opens and p.key == opens.name.lower()), ""),
    )


def _arguments(verb: Verb, state: LaneState, campaigns: tuple[int, ...]) -> tuple[str, ...]:
    """The cards of a verb that the page may offer."""
    if verb is not Verb.CAMPAIGN:
        return ARGUMENTS[verb]
    given = (state.campaign,) if state.campaign is not None else campaigns
    return tuple(campaign_argument(number) for number in given)
