"""A table as a file: whole, readable by spreadsheets, and computed by none."""

import csv
import datetime as dt
import io
import tracemalloc
import zipfile
from collections.abc import Iterator
from typing import Final
from xml.etree import ElementTree
from zoneinfo import ZoneInfo

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st

from hub.web.listing import Column, Kind
from hub.web.listing.exports import DANGEROUS, harmless, to_csv, to_xlsx

Row = tuple[str, int | None]
NOON: Final = 1_793_678_400_000
SHEET: Final = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"

COLUMNS: Final = (
    Column[Row](key="name", title="名称", value=lambda row: row[0]),
    Column[Row](key="n", title="n", kind=Kind.NUMBER, value=lambda row: row[1]),
    Column[Row](key="at", title="at", kind=Kind.MOMENT, value=lambda _row: NOON),
    Column[Row](key="fen", title="yuan", kind=Kind.MONEY, value=lambda row: row[1]),
    Column[Row](key="day", title="day", kind=Kind.DATE, value=lambda _row: "2026-11-03"),
)


@pytest.fixture(autouse=True)
def _in_an_app() -> Iterator[None]:
    app = Flask(__name__)
    app.config["TIMEZONE"] = ZoneInfo("Asia/Shanghai")
    with app.app_context():
        yield


def in_csv(*rows: Row) -> list[list[str]]:
    text = b"".join(to_csv(COLUMNS, rows)).decode("utf-8")
    assert text.startswith("\ufeff")
    return list(csv.reader(io.StringIO(text[1:], newline="")))


def in_xlsx(*rows: Row) -> list[list[tuple[str, str]]]:
    """Type and value of every cell."""
    archive = zipfile.ZipFile(io.BytesIO(b"".join(to_xlsx("名称", COLUMNS, rows))))
    assert archive.testzip() is None
    sheet = ElementTree.fromstring(archive.read("xl/worksheets/sheet1.xml"))
    assert not list(sheet.iter(f"{SHEET}f")), "a formula"
    return [
        [(cell.get("t", "n"), "".join(cell.itertext())) for cell in row.iter(f"{SHEET}c")]
        for row in sheet.iter(f"{SHEET}row")
    ]


def test_csv_has_a_line_of_titles_and_each_row_with_crlf() -> None:
    lines = b"".join(to_csv(COLUMNS, [('say "hi", 你好\nx', 7)])).decode().split("\r\n")
    assert lines[0] == "\ufeff名称,n,at,yuan,day"
    assert lines[1] == '"say ""hi"", 你好\nx",7,2026-11-03 12:00:00,0.07,2026-11-03'
    assert lines[2] == ""


@pytest.mark.parametrize("sign", DANGEROUS)
def test_no_cell_begins_as_a_formula_does(sign: str) -> None:
    bad = f'{sign}cmd|" /C calc"!A1'
    assert in_csv((bad, 1))[1][0] == f"'{bad}"
    kind, text = in_xlsx((bad, 1))[1][0]
    assert kind in ("inlineStr", "s")
    assert text.replace("_x000D_", "\r").replace("_x0009_", "\t") == bad


def test_a_negative_number_stays_a_number() -> None:
    assert in_csv(("a", -5))[1][1] == "-5"
    assert in_xlsx(("a", -5))[1][1] == ("n", "-5")
    assert in_xlsx(("a", -5))[1][3] == ("n", "-0.05")


@given(st.text())
def test_whatever_a_text_is_csv_gives_it_back_and_it_is_harmless(text: str) -> None:
    written = harmless(text)
    assert not written.startswith(DANGEROUS)
    assert written.removeprefix("'") == text.removeprefix("'")


def test_moments_are_dates_that_a_spreadsheet_can_sort() -> None:
    kind, number = in_xlsx(("a", 1))[1][2]
    assert kind == "n"
    day = dt.datetime(1899, 12, 30) + dt.timedelta(days=float(number))  # noqa: DTZ001
    assert day == dt.datetime(2026, 11, 3, 12)  # noqa: DTZ001


def test_a_missing_value_is_an_empty_cell() -> None:
    assert in_csv(("a", None))[1][1] == ""


@pytest.mark.parametrize("form", ["csv", "xlsx"])
def test_a_long_table_takes_no_more_memory_than_a_short_one(form: str) -> None:
    def rows(count: int) -> Iterator[Row]:
        return ((f"row {number} with some words in it", number) for number in range(count))

    def peak(count: int) -> int:
        made = to_csv(COLUMNS, rows(count)) if form == "csv" else to_xlsx("t", COLUMNS, rows(count))
        tracemalloc.start()
        sent = sum(len(chunk) for chunk in made)
        _now, highest = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert sent > count
        return highest

    peak(10)
    assert peak(6_000) < peak(600) + 1_000_000
