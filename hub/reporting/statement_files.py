"""A statement as files: the stock ledger (进销存) as XLSX, and what `hub.reporting.statement_pdf`
draws.

Both are made from one table (`ledger`), in Chinese first, as the accountants who get them read it,
with English below.
"""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from io import BytesIO
from typing import Final
from zoneinfo import ZoneInfo

import xlsxwriter
from msgspec import Struct
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from contract.actions import PAYMENTS
from hub.queries.statements import Closed
from hub.reporting.statements import IN, OUT_OF, Line, Statement, by_category, total


class Column(Struct, frozen=True):
    """A column of the ledger: its group's and its own heading, and the figure of a line."""

    group: tuple[str, str]
    heading: tuple[str, str]
    figure: Callable[[Line], int]


def _part(name: str) -> Callable[[Line], int]:
    def figure(line: Line) -> int:
        value: int = getattr(line, name)
        return value

    return figure


_NAMES: Final = {
    "received": ("捐赠收入", "donated"),
    "given_back": ("退回", "given back"),
    "found": ("盘盈/找回", "found"),
    "taken_over": ("调入", "taken over"),
    "delivered": ("发放", "delivered"),
    "sold": ("义卖", "sold"),
    "disposed": ("报废", "disposed of"),
    "missing": ("盘亏/缺失", "missing"),
    "handed_over": ("调出", "handed over"),
}
_INCOME: Final = ("本期收入", "in")
_OUTGO: Final = ("本期发出", "out")
_MADE_UP: Final = ("其中", "made up of")

COLUMNS: Final = (
    Column(("", ""), ("期初结存", "opening"), _part("opening")),
    *(Column(_INCOME, _NAMES[name], _part(name)) for name in IN),
    Column(_INCOME, ("小计", "sum"), _part("came_in")),
    *(Column(_OUTGO, _NAMES[name], _part(name)) for name in OUT_OF),
    Column(_OUTGO, ("小计", "sum"), _part("went_out")),
    Column(("", ""), ("期末结存", "closing"), _part("closing")),
    Column(_MADE_UP, ("在库", "here"), _part("here")),
    Column(_MADE_UP, ("志愿者手中", "out"), _part("out")),
    Column(_MADE_UP, ("调拨途中", "on the way"), _part("on_the_way")),
)
"""The ledger's columns, in the order in which a Chinese stock ledger has them."""


class Row(Struct, frozen=True):
    """A row of the ledger: words first, then the figures of `COLUMNS`."""

    name: str
    figures: tuple[int, ...]
    strong: bool = False


class Section(Struct, frozen=True):
    """The rows of one stop, or of all together."""

    name: str
    rows: tuple[Row, ...]


class Names(Struct, frozen=True):
    """What stops and categories are called: both languages in one line."""

    stop: Callable[[str], str]
    category: Callable[[str], str]


def ledger(statement: Statement, names: Names) -> list[Section]:
    """All stops together first, then each."""
    sections = [
        _section("全部站点 / all stops", by_category(statement.lines), statement.total, names)
    ]
    for stop in dict.fromkeys(line.stop for line in statement.lines):
        lines = [line for line in statement.lines if line.stop == stop]
        sections.append(_section(names.stop(stop), lines, total(lines, stop), names))
    return sections


def _section(name: str, lines: Sequence[Line], summed: Line, names: Names) -> Section:
    rows = [Row(names.category(line.category), _figures(line)) for line in lines]
    return Section(name, (*rows, Row("合计 / total", _figures(summed), strong=True)))


def _figures(line: Line) -> tuple[int, ...]:
    return tuple(column.figure(line) for column in COLUMNS)


def title(statement: Statement, number: int) -> str:
    """The statement's name."""
    year, month = statement.month.split("-")
    return f"义仓物资进销存月报 第{number}号 · {year}年{int(month)}月"


def notes(statement: Statement, closed: Closed) -> Iterator[str]:
    """What must stand below the figures: where in the log it was made, and its digests."""
    moment = datetime.fromtimestamp(closed.closed_ms / 1000, ZoneInfo(statement.timezone))
    yield f"结账时间 / closed: {moment:%Y-%m-%d %H:%M} ({statement.timezone})"
    yield f"日志位置 / log position: {statement.position}"
    yield f"日志摘要 / digest of the log: {statement.head}"
    yield f"本表摘要 / digest of this statement: {closed.digest}"
    yield (
        "期初 + 收入 - 发出 = 期末；单位：件。结账后到达的记录只会另列更正，不会改动本表。"
        " / opening + in - out = closing, in pieces. What arrives later is a dated restatement and"
        " never changes this one."
    )


def money(jiao: int) -> str:
    """An amount in yuan."""
    sign, whole = ("-", -jiao) if jiao < 0 else ("", jiao)
    return f"{sign}{whole // 10}.{whole % 10}0"


def takings(statement: Statement, names: Names) -> list[tuple[str, ...]]:
    """The markets' money: stop, way of paying, sales, sold, taken back, net, counted cash."""
    words = {pay.key: f"{pay.zh} / {pay.en}" for pay in PAYMENTS}
    return [
        (
            names.stop(one.stop),
            words.get(one.pay, one.pay),
            str(one.sales),
            money(one.sold),
            money(one.taken_back),
            money(one.sold - one.taken_back),
            money(one.counted) if one.counted is not None else "未清点 / not counted",
        )
        for one in statement.takings
    ]


TAKINGS_HEADINGS: Final = (
    "站点 / stop",
    "支付方式 / paid by",
    "笔数 / sales",
    "售出（元）/ sold",
    "退款（元）/ taken back",
    "净额（元）/ net",
    "清点现金（元）/ counted cash",
)


SAMPLE_HEADINGS: Final = (
    "物品 / item",
    "站点 / stop",
    "品类 / category",
    "位置 / place",
    "找到 / found",
)
UNHEARD_HEADINGS: Final = ("终端 / kiosk", "站点 / stop", "最近联系 / last heard")


# --- XLSX ----------------------------------------------------------------------------------------


def xlsx(statement: Statement, closed: Closed, names: Names) -> bytes:
    """The ledger as a workbook: figures are numbers, words never a formula."""
    target = BytesIO()
    book = xlsxwriter.Workbook(
        target, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    )
    bold = book.add_format({"bold": True})
    head = book.add_format(
        {"bold": True, "text_wrap": True, "align": "center", "valign": "vcenter", "border": 1}
    )
    cell = book.add_format({"border": 1, "num_format": "#,##0"})
    strong = book.add_format({"border": 1, "num_format": "#,##0", "bold": True})
    sheet = book.add_worksheet("进销存")
    sheet.set_landscape()
    sheet.set_paper(9)  # A4
    sheet.fit_to_pages(1, 0)
    sheet.set_column(0, 0, 26)
    sheet.set_column(1, len(COLUMNS), 9)
    sheet.write_string(0, 0, title(statement, closed.number), bold)
    row = 2
    for section in ledger(statement, names):
        sheet.write_string(row, 0, section.name, bold)
        row = _write_heads(sheet, row + 1, head)
        for line in section.rows:
            sheet.write_string(row, 0, line.name, strong if line.strong else cell)
            for number, figure in enumerate(line.figures, start=1):
                sheet.write_number(row, number, figure, strong if line.strong else cell)
            row += 1
        row += 1
    for note in notes(statement, closed):
        sheet.write_string(row, 0, note)
        row += 1
    _write_list(book, "义卖收入", TAKINGS_HEADINGS, takings(statement, names), bold)
    sample: list[Sequence[str]] = [
        (one.item, names.stop(one.stop), names.category(one.category), one.place or "", "")
        for one in statement.sample
    ]
    _write_list(book, "抽查", SAMPLE_HEADINGS, sample, bold)
    unheard: list[Sequence[str]] = [
        (one.kiosk, names.stop(one.stop), day(one.since_ms, statement.timezone))
        for one in statement.unheard
    ]
    _write_list(book, "尚未联系", UNHEARD_HEADINGS, unheard, bold)
    book.close()
    return target.getvalue()


def _write_heads(sheet: Worksheet, row: int, head: Format) -> int:
    sheet.write_string(row, 0, "", head)
    sheet.write_string(row + 1, 0, "品类\ncategory", head)
    sheet.set_row(row + 1, 44)
    number = 1
    while number <= len(COLUMNS):
        group = COLUMNS[number - 1].group
        last = number
        while last < len(COLUMNS) and COLUMNS[last].group == group and group[0]:
            last += 1
        text = f"{group[0]} {group[1]}".strip()
        if last > number:
            sheet.merge_range(row, number, row, last, text, head)
        else:
            sheet.write_string(row, number, text, head)
        number = last + 1
    for number, column in enumerate(COLUMNS, start=1):
        sheet.write_string(row + 1, number, "\n".join(column.heading), head)
    return row + 2


def _write_list(
    book: xlsxwriter.Workbook,
    name: str,
    headings: Sequence[str],
    rows: Sequence[Sequence[str]],
    bold: Format,
) -> None:
    sheet = book.add_worksheet(name)
    sheet.set_column(0, len(headings) - 1, 24)
    for number, heading in enumerate(headings):
        sheet.write_string(0, number, heading, bold)
    for row, cells in enumerate(rows, start=1):
        for number, text in enumerate(cells):
            sheet.write_string(row, number, text)


def day(moment_ms: int | None, timezone: str) -> str:
    """A moment (Unix milliseconds) as papers say it."""
    if moment_ms is None:
        return "从未 / never"
    return f"{datetime.fromtimestamp(moment_ms / 1000, ZoneInfo(timezone)):%Y-%m-%d %H:%M}"
