"""What stands on labels, receipts and slips. Pure: values in, `drivers.ports.Document` out.

Both languages stand on every paper unless the stop chose one: the donor may read one, the family
the other. No paper names a person.
"""

from typing import Final

from msgspec import Struct

from contract.codes import PLACE_BY_CODE, PLACE_IN, grouped
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
from kiosk.texts import FIGURES, NOTES, WHAT, category_words

THANKS: Final = Words("谢谢您的捐赠", "Thank you for your gift")
COPY: Final = Words("副本", "COPY")
MAX_RECEIPT_CODES: Final = 60
"""Items whose codes a receipt lists one by one; beyond that it counts them and the claim's page
lists them: 60 lines are 40 cm of paper."""


class Letterhead(Struct, frozen=True):
    """What every paper of this stop shares; ``language`` is zh, en or both."""

    stop: Words
    hub_url: str
    language: str = "both"

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
    """An item's label: what it is, its code as bars and as text, whose stop."""
    blocks: list[Block] = []
    category = category_words(job.category)
    first, *rest = letterhead.pick(category, "\n").split("\n")
    blocks.append(Text(first, size="large", align="centre", bold=True))
    blocks += [Text(line, size="small", align="centre") for line in rest]
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
            blocks += [Text(grouped(code), size="small") for code in line.items]
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


def _claim(claim: str, fragment: str | None, letterhead: Letterhead) -> list[Block]:
    url = f"{letterhead.hub_url.rstrip('/')}/c/{claim}"
    if fragment is not None:
        url += f"#{fragment}"  # a browser keeps it to itself
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
        blocks += _target(job.target, letterhead)
    blocks.append(Rule())
    if job.shelves:
        for shelf in job.shelves:
            blocks += _shelf(shelf, letterhead)
        blocks.append(Rule())
    for key, value in job.figures:
        figure = FIGURES[key]
        name = letterhead.pick(figure.words, "\n")
        blocks.append(Row(name, figure.told(value), size="normal"))
    if job.boxes is not None:
        blocks += _ten_boxes(job.boxes, letterhead)
    if job.items or not (job.figures or job.shelves):
        blocks += _items(job.items, letterhead)
    blocks += _head(stamp, letterhead)
    if stamp.copy:
        blocks.append(Text(letterhead.pick(COPY), size="large", align="centre", bold=True))
    blocks.append(Cut())
    return Document("slip", tuple(blocks))


def _target(target: str, letterhead: Letterhead) -> list[Block]:
    """The plan, place or box: bars to scan it by, its name where it has one, its code."""
    blocks: list[Block] = []
    if target != PLACE_IN:
        blocks.append(Code128(target, height_mm=10.0))
    name = _place_name(target, letterhead)
    if name is not None:
        blocks.append(Text(name, size="normal", align="centre", bold=True))
    blocks.append(Text(grouped(target), size="normal", align="centre", bold=True))
    return blocks


def _place_name(code: str, letterhead: Letterhead) -> str | None:
    place = PLACE_BY_CODE.get(code)
    return None if place is None else letterhead.pick(Words(place.zh, place.en), " / ")


def _items(items: tuple[str, ...], letterhead: Letterhead) -> list[Block]:
    blocks: list[Block] = [Text(grouped(code), size="normal") for code in items]
    if not items:
        blocks.append(
            Text(
                letterhead.pick(
                    Words("本机没有这张单的物品", "No items of this plan known here"), "\n"
                ),
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
        Text("■" * full + "□" * (10 - full), size="large", align="centre"),
        Text(
            letterhead.pick(Words(f"十格已满 {full} 格", f"{full} of ten boxes are full"), "\n"),
            size="small",
            align="centre",
        ),
    ]
