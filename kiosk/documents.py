"""What stands on labels, receipts and slips. Pure: values in, `drivers.ports.Document` out.

Both languages stand on every paper unless the stop chose one: the donor may read one, the family
the other. No paper names a person.
"""

from itertools import zip_longest
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from contract.codes import PLACE_BY_CODE, PLACE_IN, Kind, grouped
from drivers.ports import (
    Block,
    Code128,
    Cut,
    Document,
    Feed,
    Qr,
    Row,
    Rule,
    Text,
    Words,
)
from kiosk.state import LabelJob, PaperJob, ReceiptJob, ShelfResult, SlipJob
from kiosk.texts import FIGURES, NOTES, WHAT, category_words, render

THANKS: Final = Words("谢谢您的捐赠", "Thank you for your gift")
COPY: Final = Words("副本", "COPY")
BOX: Final = Words("箱子", "Box")
ITEM: Final = Words("物品", "Item")
HAS_SPACES: Final = "out"
"""The slip that goes along to the family has spaces for labels."""
SPACE_MM: Final = 24.0
"""As high as a label's bars, code and category."""
MAX_SPACES: Final = 24
"""Spaces on one slip, of 29 mm each: 70 cm of paper."""
MAX_RECEIPT_CODES: Final = 60
"""Items whose codes a receipt lists one by one; beyond that it counts them and the claim's page
lists them: 60 lines are 40 cm of paper."""


class Letterhead(Struct, frozen=True):
    """What every paper of this stop shares; ``language`` is zh, en or both."""

    stop: Words
    hub_url: str
    language: str = "both"

    def spoken(self, chosen: str) -> "Letterhead":
        """In the language that the stop chose at the hub; any other word changes nothing."""
        return replace(self, language=chosen) if chosen in ("zh", "en", "both") else self

    def pick(self, words: Words, between: str = " ") -> str:
        """The words in the stop's language, or both with ``between``."""
        if self.language == "zh":
            return words.zh
        if self.language == "en":
            return words.en
        return f"{words.zh}{between}{words.en}"


class Stamp(Struct, frozen=True):
    """What is known only when the paper is printed: the journal's head at its commit (an event
    id), the local time as text when the clock is trusted, the claim, whether it is a copy, and the
    signature as the QR code carries it (`contract.receipts.write_fragment`)."""

    head: str
    when: str | None = None
    claim: str | None = None
    copy: bool = False
    fragment: str | None = None


def item_count(job: ReceiptJob) -> int:
    """How many items a receipt is for."""
    return sum(len(line.items) for line in job.lines)


def layout(paper: PaperJob, letterhead: Letterhead, stamp: Stamp) -> Document:
    """The document of a paper that waits in the print queue."""
    match paper:
        case LabelJob():
            return label(paper, letterhead, stamp)
        case ReceiptJob():
            return receipt(paper, letterhead, stamp)
        case SlipJob():
            return slip(paper, letterhead, stamp)


def label(job: LabelJob, letterhead: Letterhead, stamp: Stamp) -> Document:
    """The label of an item or box: what it is, its code as bars and as text, whose stop. What a
    packed box holds changes, and goods of another stop are known by their code alone: no
    category then."""
    blocks: list[Block] = []
    boxed = job.item.startswith(Kind.BOX)
    category = category_words(job.category) if job.category else BOX if boxed else ITEM
    first, *rest = letterhead.pick(category, "\n").split("\n")
    blocks.append(Text(first, size="large", align="centre", bold=True))
    blocks += [Text(line, size="small", align="centre") for line in rest]
    if boxed and job.category:
        blocks.append(Text(whole_box(job.quantity, letterhead), align="centre", bold=True))
    if job.note:
        note = letterhead.pick(NOTES[job.note])
        blocks.append(Text(note, size="large", align="centre", bold=True))
    blocks.append(Code128(job.item, height_mm=10.0))
    blocks.append(Text(grouped(job.item), size="normal", align="centre", bold=True))
    if stamp.copy or job.copy:
        blocks.append(Text(letterhead.pick(COPY), size="normal", align="centre", bold=True))
    blocks.append(Text(letterhead.pick(letterhead.stop), size="small", align="centre"))
    blocks.append(Cut())
    return Document("label", tuple(blocks))


def whole_box(count: int, letterhead: Letterhead) -> str:
    """What a label and a receipt say of a whole box; of 1 nobody said how many are in it."""
    words = Words(f"整箱 × {count}", f"box of {count}") if count > 1 else Words("整箱", "whole box")
    return letterhead.pick(words)


def receipt(job: ReceiptJob, letterhead: Letterhead, stamp: Stamp) -> Document:
    """A donor's receipt: thanks, what came in, the private claim, the journal's head."""
    blocks: list[Block] = [
        Text(letterhead.pick(letterhead.stop, "\n"), size="large", align="centre", bold=True),
        Text(letterhead.pick(THANKS, "\n"), size="normal", align="centre"),
    ]
    if stamp.when is not None:
        blocks.append(Text(stamp.when, size="small", align="centre"))
    blocks.append(Rule())
    total = item_count(job)
    for line in job.lines:
        name = letterhead.pick(category_words(line.category), "\n")
        blocks.append(Row(name, f"× {len(line.items)}", size="normal", bold=True))
        if total <= MAX_RECEIPT_CODES:
            for code, count in zip_longest(line.items, line.quantities, fillvalue=1):
                blocks.append(Text(grouped(str(code)), size="small"))
                if str(code).startswith(Kind.BOX):
                    blocks.append(Text(whole_box(int(count), letterhead), size="small"))
    blocks.append(Rule())
    blocks.append(
        Row(letterhead.pick(Words("合计", "Total")), str(total), size="normal", bold=True)
    )
    if stamp.claim is not None:
        blocks += _claim(stamp.claim, stamp.fragment, letterhead)
    blocks += _head(stamp, letterhead)
    if stamp.copy:
        blocks.append(Text(letterhead.pick(COPY), size="large", align="centre", bold=True))
    blocks.append(Cut())
    return Document("receipt", tuple(blocks))


def claim_address(hub_url: str, claim: str, fragment: str | None) -> str:
    """The address that a receipt's QR code says; a browser keeps what follows the ``#`` to
    itself."""
    address = f"{hub_url.rstrip('/')}/c/{claim}"
    return address if fragment is None else f"{address}#{fragment}"


def _claim(claim: str, fragment: str | None, letterhead: Letterhead) -> list[Block]:
    url = claim_address(letterhead.hub_url, claim, fragment)
    return [
        Feed(2.0),
        Text(
            letterhead.pick(
                Words("用手机扫码，看您的东西去了哪里", "Scan with a phone to follow your gift"),
                "\n",
            ),
            size="small",
            align="centre",
        ),
        Qr(url, module_mm=0.5),
        Text(f"{grouped(claim)[:9]}\n{grouped(claim)[10:]}", size="large", align="centre"),
        Text(
            letterhead.pick(
                Words("只有您有这个码，请保管好", "Only you have this code: keep it"), "\n"
            ),
            size="small",
            align="centre",
        ),
    ]


def _head(stamp: Stamp, letterhead: Letterhead) -> list[Block]:
    """The journal's head in text: whoever holds the paper can show what the record must contain."""
    return [
        Feed(1.0),
        Text(letterhead.pick(Words("账本位置", "Record position")), size="small"),
        Text(stamp.head.replace(".", " "), size="small"),
    ]


def slip(job: SlipJob, letterhead: Letterhead, stamp: Stamp) -> Document:
    """What was handed over, sold, counted or given: items, figures, a plan or place. Never to
    whom, never from whom."""
    blocks: list[Block] = [
        Text(letterhead.pick(WHAT[job.what], "\n"), size="large", align="centre", bold=True),
        Text(letterhead.pick(letterhead.stop), size="small", align="centre"),
    ]
    if stamp.when is not None:
        blocks.append(Text(stamp.when, size="small", align="centre"))
    if job.about is not None:
        blocks.append(Text(letterhead.pick(job.about, "\n"), align="centre", bold=True))
    if job.target:
        # A slip that only answers is no second label of what it is about.
        blocks += _target(job.target, letterhead, bars=job.what != "where")
    blocks.append(Rule())
    if job.shelves:
        for shelf in job.shelves:
            blocks += _shelf(shelf, letterhead)
        blocks.append(Rule())
    for key, value in job.figures:
        figure = FIGURES[key]
        blocks.append(Row(letterhead.pick(figure.words), figure.told(value), size="normal"))
    if job.boxes is not None:
        blocks += _ten_boxes(job.boxes, letterhead)
    if job.note is not None:
        blocks.append(Text(letterhead.pick(render(job.note), "\n"), bold=True))
    if job.what == HAS_SPACES and job.items:
        blocks += _spaces(job.items, letterhead)
    elif job.items or not (job.figures or job.shelves or job.note):
        blocks += _items(job.items, letterhead)
    blocks += _head(stamp, letterhead)
    if stamp.copy:
        blocks.append(Text(letterhead.pick(COPY), size="large", align="centre", bold=True))
    blocks.append(Cut())
    return Document("slip", tuple(blocks))


def _target(target: str, letterhead: Letterhead, *, bars: bool) -> list[Block]:
    """The plan, place or box: bars to scan it by, its name where it has one, its code."""
    blocks: list[Block] = []
    if bars and target != PLACE_IN:
        blocks.append(Code128(target, height_mm=10.0))
    name = _place_name(target, letterhead)
    if name is not None:
        blocks.append(Text(name, size="normal", align="centre", bold=True))
    blocks.append(Text(grouped(target), size="normal", align="centre", bold=True))
    return blocks


def _place_name(code: str, letterhead: Letterhead) -> str | None:
    place = PLACE_BY_CODE.get(code)
    return None if place is None else letterhead.pick(Words(place.zh, place.en), " / ")


def _spaces(items: tuple[str, ...], letterhead: Letterhead) -> list[Block]:
    """A space for the removable label of each item: peeled off at the family's door, so that no
    code stays there, and scanned at the stop when not all of them were taken."""
    blocks: list[Block] = [
        Text(
            letterhead.pick(
                Words(
                    "送到后揭下标签，贴在这里", "At the door: peel each label off, stick it here"
                ),
                "\n",
            ),
            size="small",
        )
    ]
    for number, code in enumerate(items, start=1):
        blocks.append(Row(f"{number} / {len(items)}", grouped(code)))
        if number <= MAX_SPACES:
            blocks += [Feed(SPACE_MM), Rule()]
    if len(items) > MAX_SPACES:
        words = Words("其余的贴在背面", "Stick the others on the back")
        blocks += [Text(letterhead.pick(words, "\n"), size="small"), Rule()]
    total = letterhead.pick(Words("合计", "Total"))
    blocks.append(Row(total, str(len(items)), size="normal", bold=True))
    return blocks


def _items(items: tuple[str, ...], letterhead: Letterhead) -> list[Block]:
    blocks: list[Block] = [Text(grouped(code), size="normal") for code in items]
    if not items:
        blocks.append(
            Text(
                letterhead.pick(Words("本机没有登记的物品", "No items known here"), "\n"),
                size="small",
            )
        )
    blocks.append(Rule())
    blocks.append(
        Row(letterhead.pick(Words("合计", "Total")), str(len(items)), size="normal", bold=True)
    )
    return blocks


def _shelf(shelf: ShelfResult, letterhead: Letterhead) -> list[Block]:
    """A counted shelf: how many of how many, and where it differs the labels to look for."""
    name = _place_name(shelf.place, letterhead) or grouped(shelf.place)
    blocks: list[Block] = [Row(name, f"{shelf.seen} / {shelf.expected}", bold=True)]
    if shelf.surplus:
        blocks.append(Row(letterhead.pick(FIGURES["surplus"].words), str(shelf.surplus)))
    if shelf.missing:
        blocks.append(Row(letterhead.pick(FIGURES["missing"].words), str(shelf.missing)))
        blocks += [Text(grouped(code), size="small") for code in shelf.codes]
    if len(shelf.codes) < shelf.missing:
        more = shelf.missing - len(shelf.codes)
        words = Words(f"还有 {more} 件，见义仓网页", f"and {more} more: see the hub's page")
        blocks.append(Text(letterhead.pick(words, "\n"), size="small"))
    return blocks


def _ten_boxes(full: int, letterhead: Letterhead) -> list[Block]:
    return [
        Text("■" * full + "□" * (10 - full), size="huge", align="centre"),
        Text(
            letterhead.pick(Words(f"十格已满 {full} 格", f"{full} of ten boxes are full"), "\n"),
            size="small",
            align="centre",
        ),
    ]
