"""Cards and labels whose codes are drawn here and now: people's cards, families' one-time tokens,
labels printed ahead.

A person's card and a family's token are bearer tokens: whoever holds the paper is meant. The plain
text stands on the paper and in the PDF, and nowhere else; a hub is told the hash alone
(`contract.events.person_hash`), and even that only where a card is to be allowed something.
"""

import csv
import io
from collections.abc import Callable, Sequence
from typing import Final

import msgspec

from contract.codes import SERIALS_PER_PREFIX, Kind, grouped, serial_code, token_code
from contract.events import person_hash
from provisioning import marks
from provisioning.deck import Card, Group, price_card
from provisioning.sheets import Label

TOKEN_BYTES: Final = 10

COLUMNS: Final = ("person", "can", "number", "kind")
"""Of the CSV file: the hash, what the card may do, the number printed on it, anonymous or personal.
`yicang hub capability import` takes the first two and leaves the others."""


def person_cards(count: int, random: Callable[[int], bytes], *, named: bool) -> tuple[Card, ...]:
    """New cards for people; with a line for the name if ``named``. ``random(n)`` gives n bytes.

    The number on a card is the beginning of its hash: it finds the card's line in the CSV file
    and tells nothing about the token. Which animal comes first is chance, so that two batches do
    not begin alike.
    """
    first = int.from_bytes(random(2))
    zh, en = ("我的卡", "My card") if named else ("邻里卡", "Neighbour's card")
    cards = []
    for at in range(count):
        code = token_code(Kind.PERSON, random(TOKEN_BYTES))
        cards.append(
            Card(
                Group.PERSON,
                code,
                zh,
                en,
                marks.person_mark(first + at),
                number=number_of(person_hash(code)),
                named=named,
            )
        )
    return tuple(cards)


def number_of(person: str) -> str:
    """What is printed on a card of this hash to find it by: its first six digits."""
    digits = person[:6].upper()
    return f"{digits[:3]} {digits[3:]}"


def hashes_csv(cards: Sequence[Card], can: Sequence[str]) -> str:
    """A line for each person's card, with its hash and without its code. Those with a name may do
    what ``can`` says."""
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(COLUMNS)
    for card in cards:
        allowed = " ".join(can) if card.named else ""
        kind = "personal" if card.named else "anonymous"
        writer.writerow((person_hash(card.code), allowed, card.number, kind))
    return file.getvalue()


def family_labels(count: int, random: Callable[[int], bytes]) -> tuple[Label, ...]:
    """One-time tokens for families: each is stuck on a delivery and scanned when it is there."""
    return tuple(
        Label(
            code=token_code(Kind.FAMILY, random(TOKEN_BYTES)),
            zh="送到时扫，只用一次",
            en="scan on delivery, once",
            mark=marks.FAMILY_MARK,
            big="送到了",
            big_en="It is here",
            qr=True,
        )
        for _ in range(count)
    )


def ready_made_labels(kind: Kind, prefix: str, start: int, count: int) -> tuple[Label, ...]:
    """Labels for items or boxes with the serials from ``start`` on.

    Raises:
        ValueError: the prefix holds no more serials.
    """
    if start + count > SERIALS_PER_PREFIX:
        raise ValueError("serials beyond the prefix")
    zh, en, mark = (
        ("物品标签", "Item", marks.ITEM_MARK)
        if kind is Kind.ITEM
        else ("箱子标签", "Box", marks.BOX_MARK)
    )
    codes = [serial_code(kind, prefix, start + at) for at in range(count)]
    return tuple(Label(code=code, zh=zh, en=en, mark=mark, big=grouped(code)) for code in codes)


def price_labels(jiao: int, count: int) -> tuple[Label, ...]:
    """Labels with one price. Raises `contract.codes.CodeError` where no label can say it."""
    card = price_card(jiao)
    label = Label(
        code=card.code, zh="义卖", en="Charity market", mark=card.mark, big=card.zh, big_en=card.en
    )
    return (label,) * count


def with_words(label: Label, zh: str, en: str) -> Label:
    """The same label with other words on it."""
    return msgspec.structs.replace(label, zh=zh, en=en)
