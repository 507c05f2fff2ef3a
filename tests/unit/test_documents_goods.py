"""Labels and slips of boxes, quarantine and deliveries: what stands on them, read off the paper."""

from io import BytesIO

import pytest
from PIL import Image

from contract.codes import PLACES, Kind, grouped, serial_code
from drivers.ports import Code128, Document, Feed, PrinterProfile, Row, Text, Words
from drivers.raster import png, render
from kiosk.documents import MAX_SPACES, Letterhead, Stamp, layout
from kiosk.state import LabelJob, Message, PaperJob, ReceiptJob, ReceiptLine, SlipJob
from tests.support.paper import read_codes

ITEMS = tuple(serial_code(Kind.ITEM, "7XK2", n) for n in range(30))
BOX = serial_code(Kind.BOX, "7XK2", 40)
PLAN = serial_code(Kind.PLAN, "ZZZZ", 1)
BOTH = Letterhead(Words("一号站", "Stop 1"), "http://hub.example")
STAMP = Stamp("stop-1.0123456789abcdef.12.0011223344556677", "2026-11-22 10:00")


def paper(job: PaperJob) -> Document:
    return layout(job, BOTH, STAMP)


def told(job: PaperJob) -> list[str]:
    return [block.text for block in paper(job).blocks if isinstance(block, Text)]


def codes(job: PaperJob) -> list[str]:
    """What a scanner reads off the printed paper."""
    pages = render(paper(job), PrinterProfile())
    return [c.text for page in pages for c in read_codes(Image.open(BytesIO(png(page))))]


@pytest.mark.parametrize(
    ("quantity", "words"), [(12, "整箱 × 12 box of 12"), (1, "整箱 whole box")]
)
def test_a_whole_box_says_what_and_how_many_and_scans(quantity: int, words: str) -> None:
    job = LabelJob(BOX, "F1", quantity=quantity)
    assert told(job)[:3] == ["米面粮油", "Rice, flour, oil", words]
    assert codes(job) == [BOX]


def test_a_packed_box_is_a_box_and_an_item_nobody_knows_is_an_item() -> None:
    assert told(LabelJob(BOX, ""))[:2] == ["箱子", "Box"]
    copy = LabelJob(ITEMS[0], "", copy=True)
    assert told(copy)[:2] == ["物品", "Item"]
    assert "副本 COPY" in told(copy)
    assert codes(copy) == [ITEMS[0]]


def test_a_label_says_that_its_item_waits_to_be_checked() -> None:
    assert "待检 quarantine" in told(LabelJob(ITEMS[0], "F1", note="quarantine"))
    assert "待检 quarantine" not in told(LabelJob(ITEMS[0], "F1"))


def test_the_delivery_slip_has_a_space_for_the_label_of_each_item() -> None:
    job = SlipJob("out", PLAN, ITEMS[:3], 1)
    blocks = paper(job).blocks
    rows = [(block.left, block.right) for block in blocks if isinstance(block, Row)]
    assert rows[:3] == [(f"{n} / 3", grouped(ITEMS[n - 1])) for n in (1, 2, 3)]
    spaces = [block for block in blocks if isinstance(block, Feed) and block.mm > 20]
    assert len(spaces) == 3
    assert codes(job) == [PLAN]


def test_a_long_delivery_slip_names_every_item_but_does_not_use_up_the_roll() -> None:
    blocks = paper(SlipJob("out", PLAN, ITEMS, 1)).blocks
    spaces = [block for block in blocks if isinstance(block, Feed) and block.mm > 20]
    assert len(spaces) == MAX_SPACES
    rows = {block.right for block in blocks if isinstance(block, Row)}
    assert {grouped(code) for code in ITEMS} <= rows
    assert any("背面" in text for text in told(SlipJob("out", PLAN, ITEMS, 1)))


def test_a_contents_slip_is_the_sealed_box_s_label() -> None:
    job = SlipJob("sealed", BOX, ITEMS[:2], 1)
    assert codes(job) == [BOX]
    assert [grouped(code) in told(job) for code in ITEMS[:3]] == [True, True, False]


def test_the_answer_where_something_is_can_not_be_taken_for_its_label() -> None:
    note = Message("where-box-at", {"count": 2, "place": PLACES[1].code})
    job = SlipJob("where", BOX, ITEMS[:2], 1, note=note)
    assert not [block for block in paper(job).blocks if isinstance(block, Code128)]
    sentence = f"箱子在：{PLACES[1].zh}，里面有 2 件\nThe box is at {PLACES[1].en}. In it: 2"
    assert sentence in told(job)
    assert grouped(BOX) in told(job)


def test_a_slip_says_why_something_was_thrown_away() -> None:
    job = SlipJob("disposed", "", ITEMS[:1], 1, note=Message("why", {"why": "X"}))
    assert "原因：过期\nWhy: Past its date" in told(job)


def test_a_receipt_says_how_many_were_in_a_box() -> None:
    job = ReceiptJob((ReceiptLine("F1", (ITEMS[0], BOX), (1, 12)),))
    lines = told(job)
    assert lines[lines.index(grouped(BOX)) + 1] == "整箱 × 12 box of 12"
    assert lines[lines.index(grouped(ITEMS[0])) + 1] == grouped(BOX)
