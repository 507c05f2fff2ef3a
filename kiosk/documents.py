"""What stands on labels, receipts and slips. Pure: values in, `drivers.ports.Document` out.

Labels and receipts follow the stop's templates (`drivers.papers`); slips look alike everywhere.
Both languages stand on every paper unless the stop chose one: the donor may read one, the family
the other. No paper names a person.
"""

from collections.abc import Callable
from typing import Final

from msgspec import Struct

from contract.codes import PLACE_BY_CODE, PLACE_IN, Kind, grouped
from contract.papers import DEFAULT, Papers
from drivers.papers import (
    COPY,
    TOTAL,
    Goods,
    LabelFacts,
    ReceiptFacts,
    compose_label,
    compose_receipt,
    headed,
    position,
)
from drivers.papers import Letterhead as Letterhead
from drivers.papers import claim_address as claim_address
from drivers.ports import Block, Code128, Cut, Document, Feed, Row, Rule, Text, Words
from kiosk.state import LabelJob, PaperJob, ReceiptJob, ShelfResult, SlipJob
from kiosk.texts import FIGURES, NOTES, WHAT, category_words, render

HAS_SPACES: Final = "out"
"""The slip that goes along to the family has spaces for labels."""
SPACE_MM: Final = 24.0
"""As high as a label's bars, code and category."""
MAX_SPACES: Final = 24
"""Spaces on one slip, of 29 mm each: 70 cm of paper."""


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


def layout(
    paper: PaperJob,
    letterhead: Letterhead,
    stamp: Stamp,
    papers: Papers = DEFAULT,
    named: Callable[[str], Words] = category_words,
) -> Document:
    """The document of a paper that waits in the print queue, as the stop wants its ``papers``, with
    its categories ``named`` as the hub says."""
    match paper:
        case LabelJob():
            return label(paper, letterhead, stamp, papers, named)
        case ReceiptJob():
            return receipt(paper, letterhead, stamp, papers, named)
        case SlipJob():
            return slip(paper, headed(letterhead, papers), stamp)


def label(
    job: LabelJob,
    letterhead: Letterhead,
    stamp: Stamp,
    papers: Papers = DEFAULT,
    named: Callable[[str], Words] = category_words,
) -> Document:
    """The label of an item or box. What a packed box holds changes, and goods of another stop are
    known by their code alone: no category then."""
    whole_box = job.item.startswith(Kind.BOX) and job.category
    facts = LabelFacts(
        job.item,
        named(job.category) if job.category else None,
        NOTES[job.note] if job.note else None,
        job.quantity if whole_box else None,
        stamp.copy or job.copy,
    )
    return compose_label(facts, papers, letterhead)


def receipt(
    job: ReceiptJob,
    letterhead: Letterhead,
    stamp: Stamp,
    papers: Papers = DEFAULT,
    named: Callable[[str], Words] = category_words,
) -> Document:
    """A donor's receipt."""
    goods = tuple(Goods(named(line.category), line.items, line.quantities) for line in job.lines)
    facts = ReceiptFacts(goods, stamp.head, stamp.when, stamp.claim, stamp.fragment, stamp.copy)
    return compose_receipt(facts, papers, letterhead)


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
    blocks += position(stamp.head, letterhead)
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
    total = letterhead.pick(TOTAL)
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
    blocks.append(Row(letterhead.pick(TOTAL), str(len(items)), size="normal", bold=True))
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
