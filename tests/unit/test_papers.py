"""Labels and receipts by the stop's template; without one they are what they always were.

``papers_before_templates.jsonl`` holds what was composed before there were templates, a paper a
line.
"""

import base64
from pathlib import Path
from typing import Final

import msgspec
import pytest
from msgspec import Struct
from msgspec.structs import replace
from PIL import Image

from contract.actions import CATEGORY_BY_KEY
from contract.codes import Kind, grouped, serial_code
from contract.papers import LABEL, LANGUAGES, NEEDED, RECEIPT, SIZES, Papers, Part, Template
from drivers.layout import PictureBox, TextBox, lay_out
from drivers.papers import (
    SAMPLE_BOX,
    SAMPLE_LABEL,
    SAMPLE_RECEIPT,
    LabelFacts,
    Letterhead,
    compose_label,
    compose_receipt,
)
from drivers.ports import PROFILES, Document, LayoutError, PrinterProfile, Row, Text, Words
from drivers.raster import png, render
from drivers.url_reader import LABEL_LENGTHS_MM
from kiosk.documents import Stamp, layout
from kiosk.state import LabelJob, PaperJob, ReceiptJob, ReceiptLine, SlipJob
from tests.support.paper import read_codes

ITEM: Final = serial_code(Kind.ITEM, "7XK2", 5)
BOX: Final = serial_code(Kind.BOX, "7XK2", 7)
LONGEST: Final = max(CATEGORY_BY_KEY, key=lambda key: len(CATEGORY_BY_KEY[key].en))
STOP: Final = Words("阳光社区义仓驿站", "Sunshine Community Stop")
HEAD: Final = "kiosk-1.00000000000000aa.17.50066cfc8e4591d7"
CLAIM: Final = "ABCDEFGH12345678"


def items(first: int, last: int) -> tuple[str, ...]:
    return tuple(serial_code(Kind.ITEM, "7XK2", number) for number in range(first, last + 1))


JOBS: Final[dict[str, PaperJob]] = {
    "label": LabelJob(ITEM, "F1"),
    "label-longest": LabelJob(ITEM, LONGEST),
    "label-quarantine": LabelJob(ITEM, "F1", note="quarantine"),
    "label-copy": LabelJob(ITEM, "F2", copy=True),
    "label-blank": LabelJob(ITEM, ""),
    "label-box": LabelJob(BOX, ""),
    "label-whole-box": LabelJob(BOX, "F1", quantity=24),
    "label-whole-box-of-unknown": LabelJob(BOX, "F1", note="quarantine", copy=True),
    "label-unknown-category": LabelJob(ITEM, "ZZ"),
    "receipt": ReceiptJob(
        (ReceiptLine("F1", (ITEM, BOX), (1, 12)), ReceiptLine("F2", items(6, 6)))
    ),
    "receipt-many": ReceiptJob((ReceiptLine("F1", items(1, 61)),)),
}
STAMPS: Final = {
    "plain": Stamp(HEAD),
    "whole": Stamp(HEAD, "2026-11-21 09:30", CLAIM, False, "1.abcdefgh.ijk"),
    "again": Stamp(HEAD, "2026-11-21 09:30", CLAIM, True),
}
STOCK: Final = (
    PROFILES["58mm"],
    PROFILES["80mm"],
    PROFILES["58mm-gap"],
    replace(PROFILES["58mm-gap"], label_mm=30.0),
)


class Before(Struct, frozen=True):
    """One paper as it was composed: ``JOB STAMP LANGUAGE`` and what stood on it."""

    case: str
    document: Document


BEFORE: Final = [
    msgspec.json.decode(line, type=Before)
    for line in Path(__file__).with_name("papers_before_templates.jsonl").read_bytes().splitlines()
]


def drawn(document: Document, profile: PrinterProfile) -> list[Image.Image] | None:
    """Its pictures on this paper; None where it does not fit."""
    try:
        return list(render(document, profile))
    except LayoutError:
        return None


@pytest.mark.parametrize("before", BEFORE, ids=lambda before: before.case)
def test_a_stop_that_chose_nothing_has_the_papers_that_it_always_had(before: Before) -> None:
    job, stamp, language = before.case.split()
    letterhead = Letterhead(STOP, "https://stop.example/", language)
    now = layout(JOBS[job], letterhead, STAMPS[stamp])
    on_rolls = 0
    for profile in STOCK if now.kind == "label" else STOCK[:2]:
        old = drawn(before.document, profile)
        if old is not None:
            assert [(p.size, p.tobytes()) for p in old] == [
                (p.size, p.tobytes()) for p in drawn(now, profile) or []
            ]
            on_rolls += profile.media == "continuous"
    assert on_rolls == 2


# --- what a stop chose ---------------------------------------------------------------------------

BOTH: Final = Letterhead(STOP, "https://stop.example/", "both")
TERSE: Final = Template((Part("code"), Part("bars", "small"), Part("category", "small")))
RICH: Final = Template(
    (
        Part("logo"),
        Part("rule"),
        Part("category", "large"),
        Part("bars", "large"),
        Part("code", "large"),
        Part("words", "small", "不得转卖", "Not for sale"),
        Part("stop"),
    )
)
LOGO: Final = base64.b64encode(png(Image.new("1", (384, 160), 0))).decode()


def papers(label: Template = LABEL, receipt: Template = RECEIPT, **more: str) -> Papers:
    return Papers(label, receipt, **more)


def told(document: Document) -> list[str]:
    """Every line of text, rows with their right side."""
    lines: list[str] = []
    for block in document.blocks:
        match block:
            case Text():
                lines += block.text.split("\n")
            case Row():
                lines += [*block.left.split("\n"), block.right]
    return lines


def kinds(document: Document) -> list[str]:
    return [type(block).__name__ for block in document.blocks]


def codes(document: Document, profile: PrinterProfile = STOCK[0]) -> list[str]:
    return [code.text for page in render(document, profile) for code in read_codes(page)]


def test_a_label_has_the_parts_of_its_template_from_top_to_bottom() -> None:
    document = compose_label(SAMPLE_LABEL, papers(RICH, logo=LOGO), BOTH)
    assert kinds(document) == [
        "Picture", "Rule", "Text", "Text", "Code128", "Text", "Text", "Text", "Cut",
    ]  # fmt: skip
    assert told(document) == [
        "米面粮油", "Rice, flour, oil", grouped(SAMPLE_LABEL.code),
        "不得转卖", "Not for sale", STOP.zh, STOP.en,
    ]  # fmt: skip
    assert codes(document) == [SAMPLE_LABEL.code]


def test_a_template_decides_order_and_sizes() -> None:
    document = compose_label(SAMPLE_LABEL, papers(TERSE), BOTH)
    assert told(document) == [grouped(SAMPLE_LABEL.code), "米面粮油", "Rice, flour, oil"]
    terse = render(document, STOCK[0])[0].height
    assert terse < render(compose_label(SAMPLE_LABEL, papers(), BOTH), STOCK[0])[0].height


def test_the_marks_of_an_item_stand_on_every_template() -> None:
    for template in (LABEL, TERSE, RICH):
        lines = told(compose_label(SAMPLE_BOX, papers(template), BOTH))
        category = lines.index("Rice, flour, oil")
        assert lines[category + 1 : category + 3] == ["整箱 × 12 box of 12", "待检 quarantine"]
        assert lines[lines.index(grouped(SAMPLE_BOX.code)) + 1] == "副本 COPY"
    assert told(compose_receipt(replace(SAMPLE_RECEIPT, copy=True), papers(), BOTH))[-1] == (
        "副本 COPY"
    )


def test_a_blank_label_says_what_it_is_for() -> None:
    blank = LabelFacts(ITEM)
    assert told(compose_label(blank, papers(RICH), BOTH))[:2] == ["物品", "Item"]
    assert codes(compose_label(blank, papers(RICH), BOTH)) == [ITEM]
    assert told(compose_label(LabelFacts(BOX), papers(TERSE), BOTH))[1:] == ["箱子", "Box"]


@pytest.mark.parametrize("missing", NEEDED["label"])
def test_a_label_template_without_what_it_needs_counts_for_nothing(missing: str) -> None:
    parts = tuple(part for part in RICH.parts if part.kind != missing)
    document = compose_label(SAMPLE_LABEL, papers(Template(parts)), BOTH)
    assert document == compose_label(SAMPLE_LABEL, papers(), BOTH)


@pytest.mark.parametrize("missing", NEEDED["receipt"])
def test_a_receipt_template_without_what_it_needs_counts_for_nothing(missing: str) -> None:
    parts = tuple(part for part in RECEIPT.parts if part.kind != missing)
    document = compose_receipt(SAMPLE_RECEIPT, papers(receipt=Template(parts[1:])), BOTH)
    assert document == compose_receipt(SAMPLE_RECEIPT, papers(), BOTH)


def test_a_part_of_a_later_release_is_skipped_and_the_rest_stands() -> None:
    later = Template((Part("hologram"), *TERSE.parts))
    assert compose_label(SAMPLE_LABEL, papers(later), BOTH) == compose_label(
        SAMPLE_LABEL, papers(TERSE), BOTH
    )


@pytest.mark.parametrize("logo", ["", "***", base64.b64encode(b"no picture").decode()])
def test_without_a_readable_logo_the_label_is_the_one_without_a_logo(logo: str) -> None:
    without = Template(tuple(part for part in RICH.parts if part.kind != "logo"))
    [there] = render(compose_label(SAMPLE_LABEL, papers(RICH, logo=logo), BOTH), STOCK[0])
    [plain] = render(compose_label(SAMPLE_LABEL, papers(without), BOTH), STOCK[0])
    assert there.tobytes() == plain.tobytes()


@pytest.mark.parametrize(
    ("chosen", "category"),
    [("zh", ["米面粮油"]), ("en", ["Rice, flour, oil"]), ("", ["米面粮油", "Rice, flour, oil"])],
)
def test_each_paper_may_have_a_language_of_its_own(chosen: str, category: list[str]) -> None:
    mine = papers(replace(TERSE, language=chosen))
    assert told(compose_label(SAMPLE_LABEL, mine, BOTH))[1:] == category
    assert told(compose_receipt(SAMPLE_RECEIPT, mine, BOTH)) == told(
        compose_receipt(SAMPLE_RECEIPT, papers(), BOTH)
    )


def test_own_words_in_one_language_stand_there_in_any_and_once() -> None:
    template = Template((*TERSE.parts, Part("words", zh="不得转卖")))
    for language in LANGUAGES:
        head = replace(BOTH, language=language)
        assert told(compose_label(SAMPLE_LABEL, papers(template), head))[-1] == "不得转卖"
        assert "不得转卖" not in told(compose_label(SAMPLE_LABEL, papers(template), head))[:-1]


def test_the_hub_s_name_of_the_stop_stands_on_every_paper_in_each_language_that_it_has() -> None:
    named = papers(stop_zh="新站")
    jobs: list[PaperJob] = [JOBS["label"], JOBS["receipt"], SlipJob("out", "", (ITEM,))]
    for job in jobs:
        text = "\n".join(told(layout(job, BOTH, Stamp(HEAD), named)))
        assert "新站" in text
        assert STOP.en in text
        assert STOP.zh not in text


def test_a_receipt_s_claim_reads_on_any_template_and_paper() -> None:
    for size in SIZES:
        parts = tuple(replace(part, size=size) for part in RECEIPT.parts)
        document = compose_receipt(SAMPLE_RECEIPT, papers(receipt=Template(parts)), BOTH)
        for profile in STOCK[:2]:
            [address] = codes(document, profile)
            assert address == (
                f"https://stop.example/c/{SAMPLE_RECEIPT.claim}#{SAMPLE_RECEIPT.fragment}"
            )


def test_a_receipt_without_a_claim_or_a_trusted_clock_leaves_just_these_out() -> None:
    facts = replace(SAMPLE_RECEIPT, claim=None, fragment=None, when=None)
    document = compose_receipt(facts, papers(), BOTH)
    assert codes(document) == []
    assert "2026-01-01 09:00" not in told(document)
    assert told(document)[-1] == SAMPLE_RECEIPT.head.replace(".", " ")


# --- short stock ---------------------------------------------------------------------------------


@pytest.mark.parametrize("length", [50.0, 40.0, LABEL_LENGTHS_MM[0]])
@pytest.mark.parametrize("facts", [SAMPLE_LABEL, SAMPLE_BOX], ids=["item", "everything"])
@pytest.mark.parametrize("language", LANGUAGES)
def test_a_label_comes_out_on_any_stock_whatever_the_template(
    length: float, facts: LabelFacts, language: str
) -> None:
    stock = replace(PROFILES["58mm-gap"], label_mm=length)
    facts = replace(facts, category=Words("米" * 28, "rice and " * 6))
    words = [Part("words", "large", "不" * 60, "n" * 60)] * 9
    full = Template((*RICH.parts, *words), language)
    document = compose_label(facts, papers(full, logo=LOGO, stop_zh="站" * 60), BOTH)
    assert codes(document, stock) == [facts.code]
    assert codes(compose_label(facts, papers(RICH, logo=LOGO), BOTH), stock) == [facts.code]


def test_short_stock_goes_without_the_logo_then_the_words_and_the_name_last() -> None:
    document = compose_label(SAMPLE_LABEL, papers(RICH, logo=LOGO), BOTH)

    def there(length: float) -> tuple[bool, bool, bool]:
        [page] = lay_out(document, replace(PROFILES["58mm-gap"], label_mm=length))
        texts = {box.text for box in page.boxes if isinstance(box, TextBox)}
        logo = any(isinstance(box, PictureBox) for box in page.boxes)
        return logo, "不得转卖" in texts, STOP.zh in texts

    seen = [there(float(length)) for length in range(60, 18, -1)]
    assert list(dict.fromkeys(seen)) == [
        (True, True, True),
        (False, True, True),
        (False, False, True),
        (False, False, False),
    ]
