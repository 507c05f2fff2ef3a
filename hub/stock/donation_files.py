"""The first sheet of an uploaded list as cells: CSV as spreadsheets write it, or a workbook."""

import codecs
import csv
import io
from collections.abc import Sequence
from typing import Final

from python_calamine import CalamineError, load_workbook

from hub.stock.donation_rows import MAX_ROWS, Cell

MAX_BYTES: Final = 2 * 1024 * 1024
_ENCODINGS: Final = ("utf-8-sig", "gb18030")
"""What spreadsheets in China save CSV as; every text is valid GB18030 or it is none of ours.
"Unicode text", which begins with a mark of UTF-16, is read too."""


class FileError(ValueError):
    """It cannot be read; ``why`` is a machine word: empty, too-large, not-a-table."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


def cells(content: bytes) -> Sequence[Sequence[Cell]]:
    """The cells of the first sheet.

    Raises:
        FileError: it is none, or larger than a list of goods.
    """
    if not content:
        raise FileError("empty")
    if len(content) > MAX_BYTES:
        raise FileError("too-large")
    if content[:4] in (b"PK\x03\x04", b"\xd0\xcf\x11\xe0"):  # a zip, or the older Excel's file
        return _workbook(content)
    return _csv(content)


def _workbook(content: bytes) -> Sequence[Sequence[Cell]]:
    try:
        book = load_workbook(io.BytesIO(content))
        sheet = book.get_sheet_by_index(0)
        return sheet.to_python(skip_empty_area=False, nrows=MAX_ROWS + 100)
    except (CalamineError, IndexError, OSError, ValueError) as error:
        raise FileError("not-a-table") from error


def _csv(content: bytes) -> Sequence[Sequence[Cell]]:
    utf_16 = content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    for encoding in ("utf-16",) if utf_16 else _ENCODINGS:
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" in text:
            break
        try:
            return list(csv.reader(io.StringIO(text), delimiter=_separator(text)))
        except csv.Error:
            break
    raise FileError("not-a-table")


def _separator(text: str) -> str:
    """What stands in most of the first lines: a title above them need have none, or another."""
    lines = text.splitlines()[:20]
    return max(
        ",;\t，",
        key=lambda mark: (sum(mark in line for line in lines), "".join(lines).count(mark)),
    )
