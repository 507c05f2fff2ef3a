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
from kiosk.state import LabelJob, PaperJob, ReceiptJob, SlipJob
from kiosk.texts import WHAT, category_words

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
    """What was handed over: which items, to which plan or place. Never to whom."""
    blocks: list[Block] = [
        Text(letterhead.pick(WHAT[job.what], "\n"), size="large", align="centre", bold=True),
        Text(letterhead.pick(letterhead.stop), size="small", align="centre"),
    ]
    if stamp.when is not None:
        blocks.append(Text(stamp.when, size="small", align="centre"))
    if job.target != PLACE_IN:
        blocks.append(Code128(job.target, height_mm=10.0))
    place = PLACE_BY_CODE.get(job.target)
    if place is not None:
        name = letterhead.pick(Words(place.zh, place.en), " / ")
        blocks.append(Text(name, size="normal", align="centre", bold=True))
    blocks.append(Text(grouped(job.target), size="normal", align="centre", bold=True))
    blocks.append(Rule())
    blocks += [Text(grouped(code), size="normal") for code in job.items]
    if not job.items:
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
        Row(letterhead.pick(Words("合计", "Total")), str(len(job.items)), size="normal", bold=True)
    )
    blocks += _head(stamp, letterhead)
    if stamp.copy:
        blocks.append(Text(letterhead.pick(COPY), size="large", align="centre", bold=True))
    blocks.append(Cut())
    return Document("slip", tuple(blocks))
