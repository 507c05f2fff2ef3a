"""A donor's list is read as people write lists, and every fault is told with its row."""

import datetime as dt

import pytest

from hub.stock.donation_files import FileError, cells
from hub.stock.donation_rows import MAX_ITEMS, Cell, Known, Reading, categories, read

KNOWN = Known(
    categories([("F1", "米面粮油", "Rice, flour, oil"), ("H1", "洗涤清洁", "Laundry")]),
    {"06901234567892": "F1"},
)
HEAD: tuple[Cell, ...] = ("条码", "名称", "品类", "数量", "批号", "保质期至", "标签")


def reading(*lines: tuple[Cell, ...], boxes: bool = False) -> Reading:
    return read([HEAD, *lines], KNOWN, boxes=boxes)


def faults(*lines: tuple[Cell, ...]) -> list[tuple[int, str | None, str]]:
    return [(one.row, one.column, one.why) for one in reading(*lines).faults]


def test_a_list_as_a_firm_sends_it() -> None:
    found = reading(
        ("6901234567892", "大米", "", 20, "A1", dt.date(2027, 6, 30), ""),
        (None, "洗衣液", "洗涤清洁", 24.0, None, "2028年1月", "箱"),
        ("", "", "", "", "", "", ""),
        ("", "面粉", "rice, FLOUR, oil", "3", "", "2027/1/5", "件"),
    )
    assert found.faults == ()
    assert [(r.row, r.category, r.quantity, r.expiry, r.box) for r in found.rows] == [
        (2, "F1", 20, "2027-06-30", False),
        (3, "H1", 24, "2028-01", True),
        (5, "F1", 3, "2027-01-05", False),
    ]
    assert found.rows[0].gtin == "06901234567892"
    assert (found.pieces, found.labels) == (47, 24)


def test_numbers_and_lots_as_an_input_method_writes_them_are_what_scanners_read() -> None:
    found = reading(("６９０１２３４５６７８９２", "大米", "", "１，２００", "Ａ１　", "", ""))
    assert [(r.gtin, r.quantity, r.lot) for r in found.rows] == [("06901234567892", 1200, "A1")]


@pytest.mark.parametrize("typed", ["1,5", "1，5", "12,00", ",100", "1,000,0", "1 2"])
def test_a_comma_that_groups_no_thousands_makes_no_other_number(typed: str) -> None:
    assert faults(("", "面粉", "F1", typed, "", "", "")) == [(2, "quantity", "not-a-number")]


def test_a_category_is_known_in_wide_letters() -> None:
    assert [row.category for row in reading(("", "", "Ｆ１", 1, "", "", "")).rows] == ["F1"]


def test_every_fault_is_told_at_once_with_its_row_and_column() -> None:
    assert faults(
        ("6901234567893", "", "F1", 1, "", "", ""),
        ("", "", "Toys", 1, "", "", ""),
        ("", "", "", 1, "", "", ""),
        ("6900000000007", "", "", 1, "", "", ""),
        ("", "", "F1", "", "", "", ""),
        ("", "", "F1", "-3", "", "", ""),
        ("", "", "F1", 2.5, "x" * 21, "30.6.2027", "barrel"),
    ) == [
        (2, "gtin", "bad-gtin"),
        (3, "category", "unknown-category"),
        (4, "category", "missing"),
        (5, "category", "unknown-gtin"),
        (6, "quantity", "missing"),
        (7, "quantity", "not-a-number"),
        (8, "quantity", "not-a-number"),
        (8, "lot", "too-long"),
        (8, "expiry", "bad-date"),
        (8, "each", "bad-each"),
    ]


def test_titles_above_the_headings_are_skipped_and_english_will_do() -> None:
    table: list[tuple[Cell, ...]] = [
        ("Gift of a firm", None),
        (None, None),
        ("Qty*", "Category :"),
        (4, "F1"),
    ]
    found = read(table, KNOWN)
    assert [(row.row, row.quantity) for row in found.rows] == [(4, 4)]


@pytest.mark.parametrize(
    ("table", "why"),
    [
        ([("hello", "world")], "no-head"),
        ([], "no-head"),
        ([HEAD], "no-rows"),
        ([HEAD, *[("", "", "F1", 1)] * 2_001], "too-many-rows"),
        ([HEAD, ("", "", "F1", MAX_ITEMS + 1)], "too-many-items"),
    ],
)
def test_what_is_no_list_says_why(table: list[tuple[Cell, ...]], why: str) -> None:
    assert why in [fault.why for fault in read(table, KNOWN).faults]


def test_a_line_is_a_box_where_the_whole_list_is() -> None:
    found = reading(("", "", "F1", 50, "", "", ""), ("", "", "F1", 2, "", "", "件"), boxes=True)
    assert [row.box for row in found.rows] == [True, False]
    assert found.labels == 3


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_csv_is_read_as_spreadsheets_write_it(encoding: str, separator: str) -> None:
    text = f"数量{separator}品类\r\n3{separator}米面粮油\r\n"
    found = read(cells(text.encode(encoding)), KNOWN)
    assert [(row.category, row.quantity) for row in found.rows] == [("F1", 3)]


@pytest.mark.parametrize(
    ("content", "why"),
    [(b"", "empty"), (b"x" * 3_000_000, "too-large"), (b"PK\x03\x04nonsense", "not-a-table")],
)
def test_a_file_that_is_no_table_is_refused(content: bytes, why: str) -> None:
    with pytest.raises(FileError) as caught:
        cells(content)
    assert caught.value.why == why


@pytest.mark.parametrize("title", ["捐赠清单", "捐赠清单，2026年"])
@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gbk", "utf-16"])
def test_a_title_above_a_text_decides_nothing_about_its_columns(
    title: str, separator: str, encoding: str
) -> None:
    text = "\n".join([title, *(separator.join(line) for line in (["品类", "数量"], ["F1", "3"]))])
    assert [list(line) for line in cells(text.encode(encoding))] == [
        [title],
        ["品类", "数量"],
        ["F1", "3"],
    ]
