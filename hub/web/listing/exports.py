"""A table as a file: CSV and XLSX, written row by row, in which no text is ever a formula.

What stands in a cell may have come from outside (a product's name, a lot as a barcode said it).
Opened in a spreadsheet, a text that begins with ``=`` would be computed on the operator's machine.
In XLSX a cell has a type, and texts are written as such. CSV knows no types: texts that begin with
one of `DANGEROUS` get an apostrophe before them, as OWASP advises; among these are the full-width
signs, which spreadsheets set to Chinese read as the others. Numbers of ours stay numbers.
"""

import csv
import datetime as dt
import io
from collections.abc import Iterable, Iterator, Sequence
from tempfile import TemporaryFile
from typing import Any, Final, TypeVar

from xlsxwriter import Workbook
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from hub.web import i18n
from hub.web.listing.columns import Column, Kind, Value

T = TypeVar("T")

CSV_TYPE: Final = "text/csv; charset=utf-8; header=present"
XLSX_TYPE: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

DANGEROUS: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")

BOM: Final = "\ufeff"
"""Without it, spreadsheets on Windows read Chinese as another encoding."""
CHUNK_ROWS: Final = 200
CHUNK_BYTES: Final = 64 * 1024
SHEET_ROWS: Final = 1_000_000
"""Rows of one sheet; XLSX ends at 1,048,576."""
MAX_CELL: Final = 32_767
"""Characters of a cell in XLSX."""

_WIDTHS: Final = {Kind.TEXT: 24, Kind.CODE: 16, Kind.MOMENT: 18, Kind.DATE: 12}


def harmless(text: str) -> str:
    """``text`` as a cell of CSV that no spreadsheet computes."""
    return f"'{text}" if text.startswith(DANGEROUS) else text


def to_csv(columns: Sequence[Column[T]], rows: Iterable[T]) -> Iterator[bytes]:
    """The rows as RFC 4180: CRLF, quotes where needed, a line of titles first; in UTF-8."""
    target = io.StringIO()
    writer = csv.writer(target)
    target.write(BOM)
    writer.writerow([harmless(str(column.title)) for column in columns])
    for number, row in enumerate(rows, start=1):
        writer.writerow([_in_csv(column.kind, column.value(row)) for column in columns])
        if number % CHUNK_ROWS == 0:
            yield _emptied(target)
    yield _emptied(target)


def _emptied(target: io.StringIO) -> bytes:
    chunk = target.getvalue().encode()
    target.seek(0)
    target.truncate()
    return chunk


def _in_csv(kind: Kind, value: Value) -> str | int:
    if value is None:
        return ""
    if isinstance(value, int):
        match kind:
            case Kind.MOMENT:
                return i18n.local(value).strftime("%Y-%m-%d %H:%M:%S")
            case Kind.MONEY:
                return f"{value / 100:.2f}"
            case _:
                return value
    return harmless(value)


def to_xlsx(title: str, columns: Sequence[Column[T]], rows: Iterable[T]) -> Iterator[bytes]:
    """The rows as a workbook. It is put together in files without a name, a row at a time in
    memory, and sent when it is whole: a ZIP has its table of contents at the end."""
    with TemporaryFile(prefix="yicang-export-") as file:
        book = Workbook(
            file,
            {
                "constant_memory": True,
                "strings_to_formulas": False,
                "strings_to_urls": False,
                "strings_to_numbers": False,
            },
        )
        _fill(book, title, columns, rows)
        book.close()
        file.seek(0)
        while chunk := file.read(CHUNK_BYTES):
            yield chunk


def _fill(book: Workbook, title: str, columns: Sequence[Column[T]], rows: Iterable[T]) -> None:
    formats = {
        Kind.MOMENT: book.add_format({"num_format": "yyyy-mm-dd hh:mm"}),
        Kind.DATE: book.add_format({"num_format": "yyyy-mm-dd"}),
        Kind.NUMBER: book.add_format({"num_format": "#,##0"}),
        Kind.MONEY: book.add_format({"num_format": "#,##0.00"}),
    }
    bold = book.add_format({"bold": True, "bottom": 1})
    sheet, at = _sheet(book, title, columns, bold), 0
    for row in rows:
        if at == SHEET_ROWS:
            sheet, at = _sheet(book, title, columns, bold), 0
        at += 1
        for place, column in enumerate(columns):
            _write(sheet, at, place, column.kind, column.value(row), formats)
    if at:
        sheet.autofilter(0, 0, at, len(columns) - 1)


def _sheet(book: Workbook, title: str, columns: Sequence[Column[Any]], bold: Format) -> Worksheet:
    known = len(book.worksheets())
    name = "".join(char for char in title if char not in "[]:*?/\\'")[:25] or "1"
    sheet: Worksheet = book.add_worksheet(name if known == 0 else f"{name} {known + 1}")
    sheet.freeze_panes(1, 0)
    for place, column in enumerate(columns):
        sheet.set_column(place, place, _WIDTHS.get(column.kind, 12))
        sheet.write_string(0, place, str(column.title), bold)
    return sheet


def _write(
    sheet: Worksheet, at: int, place: int, kind: Kind, value: Value, formats: dict[Kind, Format]
) -> None:
    if value is None or value == "":
        return
    if isinstance(value, int):
        if kind is Kind.MOMENT:
            moment = i18n.local(value).replace(tzinfo=None)
            sheet.write_datetime(at, place, moment, formats[kind])
        else:
            number = value / 100 if kind is Kind.MONEY else value
            sheet.write_number(at, place, number, formats.get(kind))
        return
    day = _day(value) if kind is Kind.DATE else None
    if day is not None:
        sheet.write_datetime(at, place, day, formats[kind])
    else:
        sheet.write_string(at, place, value[:MAX_CELL])


def _day(text: str) -> dt.datetime | None:
    try:
        return dt.datetime.fromisoformat(text) if len(text) == 10 else None
    except ValueError:
        return None
