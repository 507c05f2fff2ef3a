"""What stands on a label and on a receipt, by the template that a stop chose. Pure: values in,
`drivers.ports.Document` out. The kiosk prints by it and the hub's editor shows by it, so that what
somebody sees there is what comes out.

Rules
-----
* `contract.papers.NEEDED` is always there: a template that lacks any of it counts for nothing.
* What belongs to the item stands where it does on every stop's papers: a whole box and a note
  below the category, the mark of a copy below the code, on a receipt at its end.
* Each part stands in the stop's language, or in both. Words in one language only stand there in
  any.
* Where label stock is too short for everything, lines and the logo go first, then the stop's own
  words, its name, and the category's second language (`Document.spare`): a label comes out,
  whatever was chosen.
* The name of the stop is the hub's where it tells one, else the kiosk's own.
"""

from collections.abc import Callable, Mapping, Sequence
from itertools import zip_longest
from types import MappingProxyType
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from contract.codes import Kind, claim_text, grouped, serial_code
from contract.papers import LANGUAGES, Papers, Part, Template, logo_bytes, usable
from drivers.ports import (
    Block,
    Code128,
    Cut,
    Document,
    DocumentKind,
    Feed,
    Picture,
    Qr,
    Row,
    Rule,
    Size,
    Text,
    Words,
)

THANKS: Final = Words("谢谢您的捐赠", "Thank you for your gift")
COPY: Final = Words("副本", "COPY")
BOX: Final = Words("箱子", "Box")
ITEM: Final = Words("物品", "Item")
FOLLOW: Final = Words("用手机扫码，看您的东西去了哪里", "Scan with a phone to follow your gift")
KEEP: Final = Words("只有您有这个码，请保管好", "Only you have this code: keep it")
POSITION: Final = Words("账本位置", "Record position")
TOTAL: Final = Words("合计", "Total")
MAX_RECEIPT_CODES: Final = 60
"""Items whose codes a receipt lists one by one; beyond that it counts them and the claim's page
lists them: 60 lines are 40 cm of paper."""

SPARE: Final = ("rule", "logo", "words", "stop", "category")
"""What a short label goes without, in this order; of one kind the last one first. A line that
parted nothing any more would look like a mistake. Of a category, its name in the second language
only."""

_SIZE: Final[Mapping[str, Size]] = MappingProxyType(
    {"small": "small", "normal": "normal", "large": "large"}
)
_LARGER: Final[Mapping[Size, Size]] = MappingProxyType(
    {"small": "normal", "normal": "large", "large": "huge"}
)
LOGO_MM: Final[Mapping[Size, float]] = MappingProxyType(
    {"small": 8.0, "normal": 14.0, "large": 20.0}
)
"""How high a logo may become; `contract.papers.LOGO_DOTS` is 20 mm."""
BARS_MM: Final[Mapping[Size, float]] = MappingProxyType(
    {"small": 7.0, "normal": 10.0, "large": 14.0}
)
MODULE_MM: Final[Mapping[Size, float]] = MappingProxyType(
    {"small": 0.375, "normal": 0.5, "large": 0.625}
)
"""Of the claim's QR code: three, four and five dots on the usual head; telephones read three."""


class Letterhead(Struct, frozen=True):
    """What every paper of this stop shares; ``language`` is zh, en or both."""

    stop: Words
    hub_url: str
    language: str = "both"

    def spoken(self, chosen: str) -> "Letterhead":
        """In the language that the stop chose at the hub; any other word changes nothing."""
        return replace(self, language=chosen) if chosen in LANGUAGES else self

    def pick(self, words: Words, between: str = " ") -> str:
        """The words in the stop's language, or both with ``between``."""
        if self.language == "zh":
            return words.zh
        if self.language == "en":
            return words.en
        return f"{words.zh}{between}{words.en}"


class LabelFacts(Struct, frozen=True):
    """What one label is for. ``category`` None: what a packed box holds changes, and goods of
    another stop are known by their code alone. ``whole_box`` is how many a whole box holds, 1 where
    nobody said; None for anything else."""

    code: str
    category: Words | None = None
    note: Words | None = None
    whole_box: int | None = None
    copy: bool = False


class Goods(Struct, frozen=True):
    """Goods of one category on a receipt; ``quantities`` are how many are in each, where some are
    whole boxes."""

    category: Words
    codes: tuple[str, ...]
    quantities: tuple[int, ...] = ()


class ReceiptFacts(Struct, frozen=True):
    """What one receipt is for: the journal's head at its commit (an event id), the local time as
    text when the clock is trusted, the claim with its signature as the QR code carries it
    (`contract.receipts.write_fragment`), whether it is a copy."""

    goods: tuple[Goods, ...]
    head: str
    when: str | None = None
    claim: str | None = None
    fragment: str | None = None
    copy: bool = False


def headed(letterhead: Letterhead, papers: Papers) -> Letterhead:
    """The letterhead with the name that the hub tells, in each language in which it does."""
    stop = letterhead.stop
    return replace(letterhead, stop=Words(papers.stop_zh or stop.zh, papers.stop_en or stop.en))


def compose_label(facts: LabelFacts, papers: Papers, letterhead: Letterhead) -> Document:
    """The label of an item or box."""
    template = usable("label", papers.label)
    head = headed(letterhead, papers).spoken(template.language)

    def blocks(part: Part, size: Size) -> list[Block]:
        match part.kind:
            case "category":
                return _category(facts, size, head)
            case "bars":
                return [Code128(facts.code, height_mm=BARS_MM[size])]
            case "code":
                text = Text(grouped(facts.code), size=size, align="centre", bold=True)
                return [text, _copy(head, "normal")] if facts.copy else [text]
            case _:
                return _of_any_paper(part, size, papers, head)

    return _document("label", template, blocks)


def compose_receipt(facts: ReceiptFacts, papers: Papers, letterhead: Letterhead) -> Document:
    """A donor's receipt: thanks, what came in, the private claim, the journal's head."""
    template = usable("receipt", papers.receipt)
    head = headed(letterhead, papers).spoken(template.language)

    def blocks(part: Part, size: Size) -> list[Block]:
        match part.kind:
            case "thanks":
                return [_lines(THANKS, size, head)]
            case "date" if facts.when is not None:
                return [Text(facts.when, size=size, align="centre")]
            case "items":
                return _items(facts, size, head)
            case "total":
                return [Row(head.pick(TOTAL), str(_count(facts)), size=size, bold=True)]
            case "claim" if facts.claim is not None:
                return _claim(facts.claim, facts.fragment, size, head)
            case "position":
                return position(facts.head, head, size)
            case _:
                return _of_any_paper(part, size, papers, head)

    return _document("receipt", template, blocks, [_copy(head, "large")] if facts.copy else [])


def whole_box(count: int, letterhead: Letterhead) -> str:
    """What a label and a receipt say of a whole box; of 1 nobody said how many are in it."""
    words = Words(f"整箱 × {count}", f"box of {count}") if count > 1 else Words("整箱", "whole box")
    return letterhead.pick(words)


def claim_address(hub_url: str, claim: str, fragment: str | None) -> str:
    """The address that a receipt's QR code says; a browser keeps what follows the ``#`` to
    itself."""
    address = f"{hub_url.rstrip('/')}/c/{claim}"
    return address if fragment is None else f"{address}#{fragment}"


def position(head: str, letterhead: Letterhead, size: Size = "small") -> list[Block]:
    """The journal's head in text: whoever holds the paper can show what the record must contain."""
    return [
        Feed(1.0),
        Text(letterhead.pick(POSITION), size=size),
        Text(head.replace(".", " "), size=size),
    ]


# --- parts -------------------------------------------------------------------------------------


def _document(
    kind: DocumentKind,
    template: Template,
    blocks_of: Callable[[Part, Size], list[Block]],
    last: Sequence[Block] = (),
) -> Document:
    """The parts from top to bottom, then ``last``."""
    blocks: list[Block] = []
    spare: dict[str, list[int]] = {kind: [] for kind in SPARE}
    for part in template.parts:
        found = blocks_of(part, _SIZE[part.size])
        if part.kind in spare:
            spare[part.kind] += [
                number
                for number, block in enumerate(found, start=len(blocks))
                if part.kind != "category" or (isinstance(block, Text) and not block.bold)
            ]
        blocks += found
    order = [number for kind in SPARE for number in reversed(spare[kind])]
    return Document(kind, (*blocks, *last, Cut()), spare=tuple(order))


def _of_any_paper(part: Part, size: Size, papers: Papers, head: Letterhead) -> list[Block]:
    """What labels and receipts have alike; nothing for a kind of a later release."""
    match part.kind:
        case "logo":
            logo = logo_bytes(papers)
            return [Picture(logo, max_height_mm=LOGO_MM[size])] if logo else []
        case "stop" if size == "small":
            return [Text(head.pick(head.stop), size=size, align="centre")]
        case "stop":
            return [Text(head.pick(head.stop, "\n"), size=size, align="centre", bold=True)]
        case "words" if part.zh or part.en:
            return [_lines(Words(part.zh or part.en, part.en or part.zh), size, head)]
        case "rule":
            return [Rule()]
        case _:
            return []


def _lines(words: Words, size: Size, head: Letterhead) -> Text:
    """In each language a line of its own, unless they are the same."""
    text = words.zh if words.zh == words.en else head.pick(words, "\n")
    return Text(text, size=size, align="centre")


def _copy(head: Letterhead, size: Size) -> Text:
    return Text(head.pick(COPY), size=size, align="centre", bold=True)


def _category(facts: LabelFacts, size: Size, head: Letterhead) -> list[Block]:
    words = facts.category or (BOX if facts.code.startswith(Kind.BOX) else ITEM)
    first, *rest = head.pick(words, "\n").split("\n")
    blocks: list[Block] = [Text(first, size=size, align="centre", bold=True)]
    blocks += [Text(line, size="small", align="centre") for line in rest]
    if facts.whole_box is not None:
        blocks.append(Text(whole_box(facts.whole_box, head), align="centre", bold=True))
    if facts.note is not None:
        blocks.append(Text(head.pick(facts.note), size="large", align="centre", bold=True))
    return blocks


def _count(facts: ReceiptFacts) -> int:
    return sum(len(goods.codes) for goods in facts.goods)


def _items(facts: ReceiptFacts, size: Size, head: Letterhead) -> list[Block]:
    blocks: list[Block] = []
    for goods in facts.goods:
        name = head.pick(goods.category, "\n")
        blocks.append(Row(name, f"× {len(goods.codes)}", size=size, bold=True))
        if _count(facts) <= MAX_RECEIPT_CODES:
            for code, count in zip_longest(goods.codes, goods.quantities, fillvalue=1):
                blocks.append(Text(grouped(str(code)), size="small"))
                if str(code).startswith(Kind.BOX):
                    blocks.append(Text(whole_box(int(count), head), size="small"))
    return blocks


def _claim(claim: str, fragment: str | None, size: Size, head: Letterhead) -> list[Block]:
    url = claim_address(head.hub_url, claim, fragment)
    code = f"{grouped(claim)[:9]}\n{grouped(claim)[10:]}"
    return [
        Feed(2.0),
        _lines(FOLLOW, "small", head),
        Qr(url, module_mm=MODULE_MM[size]),
        Text(code, size=_LARGER[size], align="centre"),
        _lines(KEEP, "small", head),
    ]


# --- for a preview -----------------------------------------------------------------------------

SAMPLE_LABEL: Final = LabelFacts(
    serial_code(Kind.ITEM, "0000", 1), Words("米面粮油", "Rice, flour, oil")
)
SAMPLE_BOX: Final = LabelFacts(
    serial_code(Kind.BOX, "0000", 2),
    Words("米面粮油", "Rice, flour, oil"),
    note=Words("待检", "quarantine"),
    whole_box=12,
    copy=True,
)
"""With everything that a label can say."""
SAMPLE_RECEIPT: Final = ReceiptFacts(
    goods=(
        Goods(
            Words("米面粮油", "Rice, flour, oil"),
            (serial_code(Kind.ITEM, "0000", 1), serial_code(Kind.BOX, "0000", 2)),
            (1, 12),
        ),
        Goods(Words("洗涤清洁", "Cleaning"), (serial_code(Kind.ITEM, "0000", 3),)),
    ),
    head="kiosk-1.0000000000000000.1.0000000000000000",
    when="2026-01-01 09:00",
    claim=claim_text(bytes(10)),
    fragment=f"1.kiosk-1.{0:016x}.1.{0:016x}.3.{0:08x}.{'A' * 86}",
)
"""The claim and its signature are nobody's, and as long as real ones."""
