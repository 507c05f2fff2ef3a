"""What the kiosk says, in Chinese and English. Short, for somebody with a bag of rice in hand.

Every key that `kiosk.workflow` says has an entry in `MESSAGES`, and every phase one in `NEXT`;
a test walks both. ``{category}`` is filled with the category's name in the same language. Each
field of work has a module of its own here.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Final, TypeVar

from contract.actions import CATEGORY_BY_KEY, DISPOSALS, GRADES, Word
from contract.codes import PLACE_BY_CODE, grouped
from drivers.ports import Words
from kiosk.state import LaneState, Message, Phase
from kiosk.texts import boxes, count, first, labels, market, people, retail, sticks, transfers
from kiosk.texts.figures import Figure

_K = TypeVar("_K")
_V = TypeVar("_V")


def _merged(*parts: Mapping[_K, _V]) -> dict[_K, _V]:
    """All of them; a key that two fields of work use is a mistake."""
    merged: dict[_K, _V] = {}
    for part in parts:
        twice = merged.keys() & part.keys()
        if twice:
            raise ValueError(f"two texts for {twice}")
        merged.update(part)
    return merged


MESSAGES: Final = _merged(
    first.MESSAGES,
    boxes.MESSAGES,
    labels.MESSAGES,
    transfers.MESSAGES,
    market.MESSAGES,
    count.MESSAGES,
    people.MESSAGES,
    retail.MESSAGES,
    sticks.MESSAGES,
)
"""Every message by its key."""

NEXT: Final[dict[Phase, Words]] = _merged(
    first.NEXT, boxes.NEXT, labels.NEXT, transfers.NEXT, market.NEXT, count.NEXT, people.NEXT
)
"""What can be done in each phase."""

NEXT_AFTER: Final = _merged(
    first.NEXT_AFTER,
    boxes.NEXT_AFTER,
    labels.NEXT_AFTER,
    transfers.NEXT_AFTER,
    market.NEXT_AFTER,
    count.NEXT_AFTER,
    people.NEXT_AFTER,
)
"""What to do next where the message matters more than the phase."""

NOTES: Final = _merged(retail.NOTES)
"""What a label says beside its category, by `LabelJob.note`."""

WHAT: Final = _merged(
    first.WHAT, boxes.WHAT, labels.WHAT, transfers.WHAT, market.WHAT, count.WHAT, people.WHAT
)
"""The headings of slips."""

FIGURES: Final[dict[str, Figure]] = _merged(market.FIGURES, count.FIGURES, people.FIGURES)
"""What the figures on slips are called."""


def category_words(key: str) -> Words:
    """A category's name; a key of a later release shows as itself."""
    category = CATEGORY_BY_KEY.get(key)
    return Words(category.zh, category.en) if category is not None else Words(key, key)


def place_words(code: str) -> Words:
    """A place's name as its printed sheet has it, else its code in groups."""
    place = PLACE_BY_CODE.get(code)
    return Words(place.zh, place.en) if place is not None else label_words(code)


def label_words(code: str) -> Words:
    """A code in groups that can be compared with a label by eye."""
    return Words(grouped(code), grouped(code))


def _word_of(words: Iterable[Word]) -> Callable[[str], Words]:
    by_key = {word.key: Words(word.zh, word.en) for word in words}
    return lambda key: by_key.get(key, Words(key, key))


_NAMED: Final[Mapping[str, Callable[[str], Words]]] = {
    "category": category_words,
    "place": place_words,
    "label": label_words,
    "grade": _word_of(GRADES),
    "why": _word_of(DISPOSALS),
}
"""Values of messages that have a name in each language."""


def next_step(message: Message, state: LaneState) -> Words:
    """What to do now, after this message in this state. A market or stocktake that is still open
    on a lane at rest is told of as long as it is."""
    then = NEXT_AFTER.get(message.key, NEXT[state.phase])
    if message.key == "undone" and "labels" in message.values:
        then = first.LABELS_GONE
    if state.phase is not Phase.REST:
        return then
    still = [market.STILL_OPEN] if state.market is not None else []
    still += [count.STILL_OPEN] if state.count is not None else []
    return Words(
        "。".join([then.zh, *(words.zh for words in still)]),
        ". ".join([then.en, *(words.en for words in still)]),
    )


def render(message: Message) -> Words:
    """A message with its values filled in."""
    words = MESSAGES[message.key]
    zh: dict[str, str | int] = {"category": ""}
    en: dict[str, str | int] = {"category": ""}
    for key, value in message.values.items():
        named = _NAMED[key](str(value)) if key in _NAMED else None
        zh[key] = named.zh if named is not None else value
        en[key] = named.en if named is not None else value
    return Words(words.zh.format(**zh), words.en.format(**en))
