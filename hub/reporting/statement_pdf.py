"""A statement on paper: the stock ledger (进销存) as a PDF, to be printed and signed.

Imported by whoever draws one, not at the hub's start: fpdf2 and the fonts' tools behind it take a
fifth of all the time that the hub's modules need.
"""

from collections.abc import Sequence
from typing import Final

from fpdf import FPDF
from fpdf.fonts import FontFace

from drivers.typography import FONT_PATH
from hub.queries.statements import Closed
from hub.reporting.statement_files import (
    COLUMNS,
    SAMPLE_HEADINGS,
    TAKINGS_HEADINGS,
    UNHEARD_HEADINGS,
    Names,
    Section,
    day,
    ledger,
    notes,
    takings,
    title,
)
from hub.reporting.statements import Statement

_FONT: Final = "micro-hei"


class _Pages(FPDF):
    """A4, landscape, with the page's number at the foot."""

    def footer(self) -> None:
        self.set_y(-10)
        self.set_font(_FONT, size=8)
        self.cell(0, 5, f"{self.page_no()} / {{nb}}", align="C")


def pdf(statement: Statement, closed: Closed, names: Names) -> bytes:
    """The ledger to be printed and signed."""
    pages = _Pages(orientation="landscape", unit="mm", format="A4")
    pages.set_title(title(statement, closed.number))
    pages.set_lang("zh-CN")
    pages.add_font(_FONT, fname=FONT_PATH, collection_font_number=0)
    pages.set_auto_page_break(True, margin=14)
    pages.set_margin(10)
    pages.add_page()
    pages.set_font(_FONT, size=15)
    pages.cell(0, 9, title(statement, closed.number), new_x="LMARGIN", new_y="NEXT")
    for section in ledger(statement, names):
        _pdf_section(pages, section)
    if statement.takings:
        _pdf_list(pages, "义卖收入 / market", TAKINGS_HEADINGS, takings(statement, names))
    if statement.unheard:
        rows: list[Sequence[str]] = [
            (one.kiosk, names.stop(one.stop), day(one.since_ms, statement.timezone))
            for one in statement.unheard
        ]
        _pdf_list(pages, "尚未联系的终端 / not yet heard from", UNHEARD_HEADINGS, rows)
    if statement.sample:
        rows = [
            (one.item, names.stop(one.stop), names.category(one.category), one.place or "", "□")
            for one in statement.sample
        ]
        _pdf_list(pages, "抽查：请去找到这些物品 / go and find these", SAMPLE_HEADINGS, rows)
    pages.ln(3)
    pages.set_font(_FONT, size=8)
    for note in notes(statement, closed):
        pages.multi_cell(0, 4.5, note, new_x="LMARGIN", new_y="NEXT")
    _keep_together(pages, 14)
    pages.ln(4)
    pages.set_font(_FONT, size=10)
    pages.cell(90, 8, "制表 / made by: ______________")
    pages.cell(90, 8, "复核 / checked by: ______________")
    pages.cell(90, 8, "日期 / date: ______________")
    return bytes(pages.output())


def _keep_together(pages: FPDF, height_mm: float) -> None:
    """A heading must not stand alone at the foot of a page."""
    if pages.will_page_break(height_mm):
        pages.add_page()


def _pdf_section(pages: FPDF, section: Section) -> None:
    _keep_together(pages, 32)
    pages.ln(2)
    pages.set_font(_FONT, size=10)
    pages.cell(0, 6, section.name, new_x="LMARGIN", new_y="NEXT")
    pages.set_font(_FONT, size=6.5)
    widths = (40, *([13.8] * len(COLUMNS)))
    heads = FontFace(fill_color=(235, 238, 235))
    with pages.table(
        col_widths=widths,
        line_height=4,
        headings_style=heads,
        text_align=("LEFT", *(["RIGHT"] * len(COLUMNS))),
        num_heading_rows=1,
    ) as table:
        row = table.row()
        row.cell("品类\ncategory")
        for column in COLUMNS:
            row.cell("\n".join(column.heading))
        for line in section.rows:
            row = table.row(style=FontFace(fill_color=(246, 246, 240)) if line.strong else None)
            row.cell(line.name)
            for figure in line.figures:
                row.cell(f"{figure:,}" if figure else "·")


def _pdf_list(
    pages: FPDF, name: str, headings: Sequence[str], rows: Sequence[Sequence[str]]
) -> None:
    _keep_together(pages, 24)
    pages.ln(3)
    pages.set_font(_FONT, size=10)
    pages.cell(0, 6, name, new_x="LMARGIN", new_y="NEXT")
    pages.set_font(_FONT, size=8)
    with pages.table(line_height=5, headings_style=FontFace(fill_color=(235, 238, 235))) as table:
        for cells in (headings, *rows):
            row = table.row()
            for text in cells:
                row.cell(text)
