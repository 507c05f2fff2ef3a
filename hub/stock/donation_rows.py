"""A donation that comes as a list: its rows, read and checked. Pure.

Rules
-----
* The first row with at least two known headings is the head; what stands above it (a title, an
  address) is skipped. Headings are known in Chinese and English, in any order; others are ignored.
* A line needs a quantity, and a category or a retail code that has a name here. Everything that is
  wrong is told at once, with its row as a spreadsheet counts it and its column.
* Without a retail code no lot is kept, and of a date only a month, to whose end the thing is good
  (`contract.events.ExpirySet`): the last one in which it is good every day.
* A line becomes so many items with a label each, or one whole box with one label: "box" in the
  column of that name, or what was chosen for the whole list.
"""

import datetime as dt
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Final, Literal, TypeAlias

from msgspec import Struct

from contract import gtins
from hub.typed import narrow

MAX_ROWS: Final = 2_000
MAX_ITEMS: Final = 2_000
"""Labels of one list: what somebody can stick on in a day."""

Cell: TypeAlias = str | int | float | bool | dt.date | dt.datetime | dt.time | dt.timedelta | None
Column: TypeAlias = Literal["gtin", "name", "category", "quantity", "lot", "expiry", "each"]
Why: TypeAlias = Literal[
    "no-head",
    "no-rows",
    "too-many-rows",
    "too-many-items",
    "missing",
    "not-a-number",
    "too-many",
    "bad-gtin",
    "unknown-category",
    "unknown-gtin",
    "bad-date",
    "too-long",
    "bad-each",
]

HEADINGS: Final[Mapping[Column, tuple[str, ...]]] = {
    "gtin": ("条码", "商品条码", "条形码", "gtin", "ean", "barcode", "retailcode"),
    "name": ("名称", "品名", "商品名称", "物品", "name", "article", "description"),
    "category": ("品类", "类别", "分类", "category", "kind"),
    "quantity": ("数量", "件数", "quantity", "qty", "count", "pieces"),
    "lot": ("批号", "批次", "lot", "batch"),
    "expiry": ("保质期至", "有效期至", "到期日", "有效期", "expiry", "bestbefore", "useby"),
    "each": ("标签", "包装", "label", "packing"),
}
"""How columns may be headed; spaces, case, colons and stars do not matter."""

_BOX: Final = frozenset({"箱", "整箱", "box", "carton", "case"})
_PIECE: Final = frozenset({"件", "个", "单件", "item", "piece", "each"})


class Fault(Struct, frozen=True):
    """What is wrong: in this row (as a spreadsheet counts; 0: the list as a whole) and column."""

    row: int
    column: Column | None
    why: Why
    value: str = ""


class Row(Struct, frozen=True):
    """A line that can be taken in. ``expiry`` is ``YYYY-MM-DD`` or ``YYYY-MM``."""

    row: int
    category: str
    quantity: int
    name: str = ""
    gtin: str | None = None
    lot: str | None = None
    expiry: str | None = None
    box: bool = False

    @property
    def labels(self) -> int:
        """How many labels it needs."""
        return 1 if self.box else self.quantity

    @property
    def kept_lot(self) -> str | None:
        """What is recorded of the lot."""
        return self.lot if self.gtin is not None else None

    @property
    def kept_expiry(self) -> str | None:
        """What is recorded of the expiry."""
        if self.gtin is not None or self.expiry is None:
            return self.expiry
        return _whole_month(self.expiry)

    @property
    def says_more(self) -> bool:
        """Whether the list says more of its lot and expiry than is recorded."""
        return (self.lot, self.expiry) != (self.kept_lot, self.kept_expiry)


def _whole_month(expiry: str) -> str:
    """The last month (``YYYY-MM``) at whose end something is good that is until ``expiry``."""
    if len(expiry) == 7:
        return expiry
    following = dt.date.fromisoformat(expiry) + dt.timedelta(days=1)
    return (following.replace(day=1) - dt.timedelta(days=1)).isoformat()[:7]


class Known(Struct, frozen=True):
    """What the hub has names for: categories by everything that they are called, in lower case,
    and the category of each retail code."""

    categories: Mapping[str, str]
    products: Mapping[str, str]


class Reading(Struct, frozen=True):
    """Rows that can be taken in, and what is wrong with the others."""

    rows: tuple[Row, ...]
    faults: tuple[Fault, ...]

    @property
    def pieces(self) -> int:
        """How many pieces."""
        return sum(row.quantity for row in self.rows)

    @property
    def labels(self) -> int:
        """How many labels."""
        return sum(row.labels for row in self.rows)


def read(table: Sequence[Sequence[Cell]], known: Known, *, boxes: bool = False) -> Reading:
    """The lines of a sheet; ``boxes``: a line is one whole box where it does not say."""
    head = _head(table)
    if head is None:
        return Reading((), (Fault(0, None, "no-head"),))
    at, columns = head
    lines = [
        (number, line)
        for number, line in enumerate(table[at + 1 :], start=at + 2)
        if any(_text(cell) for cell in line)
    ]
    if not lines:
        return Reading((), (Fault(0, None, "no-rows"),))
    if len(lines) > MAX_ROWS:
        return Reading((), (Fault(0, None, "too-many-rows", str(len(lines))),))
    rows: list[Row] = []
    faults: list[Fault] = []
    for number, line in lines:
        cells = {
            column: line[place] if place < len(line) else None for column, place in columns.items()
        }
        row, wrong = _line(number, cells, known, boxes)
        faults += wrong
        if row is not None:
            rows.append(row)
    reading = Reading(tuple(rows), tuple(faults))
    if reading.labels > MAX_ITEMS:
        faults.append(Fault(0, None, "too-many-items", str(reading.labels)))
    return Reading(tuple(rows), tuple(faults))


def _head(table: Sequence[Sequence[Cell]]) -> tuple[int, dict[Column, int]] | None:
    names = {word: column for column, words in HEADINGS.items() for word in words}
    for number, line in enumerate(table[:20]):
        found: dict[Column, int] = {}
        for place, cell in enumerate(line):
            column = names.get(re.sub(r"[\s:：*（）()_-]", "", _text(cell)).lower())
            if column is not None and column not in found:
                found[column] = place
        if len(found) >= 2:
            return number, found
    return None


def _line(
    number: int, cells: Mapping[Column, Cell], known: Known, boxes: bool
) -> tuple[Row | None, list[Fault]]:
    faults: list[Fault] = []

    def wrong(column: Column, why: Why) -> None:
        faults.append(Fault(number, column, why, _text(cells.get(column))[:40]))

    gtin = _narrow(cells.get("gtin")).replace(" ", "")
    full: str | None = None
    if gtin:
        full = gtins.full(gtin)
        if full is None:
            wrong("gtin", "bad-gtin")
    category = _text(cells.get("category"))
    key = known.categories.get(category.lower()) if category else None
    if category and key is None:  # a name may itself be of wide signs
        key = known.categories.get(narrow(category).lower())
    if category and key is None:
        wrong("category", "unknown-category")
    if not category:
        key = known.products.get(full or "")
        if key is None and (full is not None or not gtin):
            wrong("category", "missing" if not gtin else "unknown-gtin")
    quantity = _quantity(cells.get("quantity"))
    if quantity is None:
        wrong("quantity", "not-a-number" if _text(cells.get("quantity")) else "missing")
    elif quantity > MAX_ITEMS * 50:
        wrong("quantity", "too-many")
    lot = _narrow(cells.get("lot"))
    if len(lot) > 20:
        wrong("lot", "too-long")
    expiry = _date(cells.get("expiry"))
    if expiry is None:
        wrong("expiry", "bad-date")
    each = _text(cells.get("each")).lower()
    if each and each not in _BOX | _PIECE:
        wrong("each", "bad-each")
    name = _text(cells.get("name"))[:60]
    if faults or key is None or quantity is None:
        return None, faults
    box = each in _BOX or (boxes and each not in _PIECE)
    return Row(number, key, quantity, name, full, lot or None, expiry or None, box), []


def _text(cell: Cell) -> str:
    if cell is None:
        return ""
    if isinstance(cell, float) and cell.is_integer():
        cell = int(cell)
    if isinstance(cell, dt.datetime):
        cell = cell.date()
    return str(cell).replace("\u3000", " ").strip()


def _narrow(cell: Cell) -> str:
    """A number or code in the forms that codes have, whatever keyboard it was typed with."""
    return narrow(_text(cell))


def _quantity(cell: Cell) -> int | None:
    text = _narrow(cell)
    if not re.fullmatch(r"[0-9]{1,9}|[0-9]{1,3}(?:,[0-9]{3}){1,2}", text):
        return None
    return int(text.replace(",", "")) or None


def _date(cell: Cell) -> str | None:
    """A date as text, empty for none, None for what is no date."""
    if isinstance(cell, dt.datetime):
        return cell.date().isoformat()
    if isinstance(cell, dt.date):
        return cell.isoformat()
    text = _narrow(cell)
    if not text:
        return ""
    found = re.fullmatch(
        r"([0-9]{4})\s*[-/.年]\s*([0-9]{1,2})(?:\s*[-/.月]\s*([0-9]{1,2})\s*日?|\s*月)?", text
    )
    if found is None:
        return None
    year, month, day = found.groups()
    try:
        made = dt.date(int(year), int(month), int(day or 1))
    except ValueError:
        return None
    return made.isoformat() if day else made.isoformat()[:7]


def categories(entries: Iterable[tuple[str, str, str]]) -> dict[str, str]:
    """Keys of categories (key, zh, en) by everything that they are called."""
    found: dict[str, str] = {}
    for key, zh, en in entries:
        for name in (key, zh, en):
            found.setdefault(name.lower(), key)
    return found
