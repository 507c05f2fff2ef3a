"""Labels and receipts by the stop's template; without one they are what they always were.

``papers_before_templates.jsonl`` holds what was composed before there were templates, a paper a
line.
"""

from pathlib import Path
from typing import Final

import msgspec
import pytest
from msgspec import Struct
from msgspec.structs import replace
from PIL.Image import Image

from contract.actions import CATEGORY_BY_KEY
from contract.codes import Kind, serial_code
from drivers.ports import PROFILES, Document, LayoutError, PrinterProfile, Words
from drivers.raster import render
from kiosk.documents import Letterhead, Stamp, layout
from kiosk.state import LabelJob, PaperJob, ReceiptJob, ReceiptLine

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


def drawn(document: Document, profile: PrinterProfile) -> list[Image] | None:
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
