"""``yicang provision scanner-sheets``: an A4 PDF that sets scanners up and then checks them.

The first sheet holds the calibration code (`drivers.calibration`): a kiosk that scans it says what
is set wrongly. Then comes a sheet for each family of scanners with the codes that their makers gave
them (`provisioning.scanner_families`), each with the page where it was seen. The last sheet says
for any other scanner what to look for in its manual.
"""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from drivers.barcodes import CODE128_QUIET, QR_QUIET, qr_modules
from drivers.calibration import HEAD, TAIL
from drivers.typography import FONT_PATH
from provisioning.scanner_families import FAMILIES
from provisioning.scanner_settings import LOOK_UNDER, PURPOSES, Family, Purpose, Setting

if TYPE_CHECKING:
    from fpdf import FPDF

FNC1: Final = "\xf1"
"""Code 128's function character 1, as python-barcode writes it: scanners send it as GS."""
CALIBRATION_CODE: Final = f"{HEAD}{FNC1}{TAIL}"

_BAR_MM: Final = 0.38
"""Wider than GS1's nominal 0.33 mm: office printers bleed, and cheap readers blur."""
_BAR_H: Final = 16.0
_STOP: Final = "1100011101011"
"""Code 128's stop character with its final bar (ISO/IEC 15417, 4.3.2)."""
_QR_MM: Final = 26.0
_DATAMATRIX_MM: Final = 16.0
_DATAMATRIX_QUIET: Final = 2
"""Blank modules around. ISO/IEC 16022, 7.1, asks for one."""
_LEFT: Final = 15.0
_WIDTH: Final = 180.0
_CODES_AT: Final = 85.0
_FONT: Final = "micro-hei"
_HOW_TO_CHECK: Final = (
    "把扫码枪接到终端，扫下面这个码。终端会说出哪里设置不对：键盘、大小写、分隔符、结束符。",
    "Plug the scanner into the kiosk and scan this one code. The kiosk names what is set wrongly.",
    "不对时，翻到它的厂家那一页，从上到下逐个扫码，再回来检查一次。",
    "If something is, turn to its maker's sheet, scan from top to bottom, and check again.",
)


_ERROR_TONE: Final = (
    "括号里是来源说的型号，同一厂家别的型号也可以试；扫后响错误音的，请查手册。",
    "In brackets: the model that the source names. Others of the maker may be tried.",
    "Where a code is answered by an error tone, look into the manual.",
)
_OTHERS: Final = (
    "得力 Deli、Inateck、商米 Sunmi、Tera，还有这里没有的厂家：没有找到可靠的设置码，不编造。",
    "Deli, Inateck, Sunmi, Tera, and makers that are not here: no codes were found that can be",
    "trusted, and none are made up.",
    "在它的说明书里（纸质的，或在厂家网站上按型号搜“设置手册”）找下面几项，扫那里的码：",
    "In its manual (on paper, or on the maker's site: “programming guide”), look for these:",
)


def write_sheets(path: Path) -> int:
    """Writes the PDF to `path`; the number of sheets. Raises OSError."""
    from fpdf import FPDF

    pdf = FPDF(unit="mm", format="A4")
    pdf.set_auto_page_break(False)
    pdf.set_margin(0)
    pdf.set_title("扫码枪设置页 · Scanner settings sheets")
    pdf.set_lang("zh-CN")
    pdf.add_font(_FONT, fname=FONT_PATH, collection_font_number=0)
    _calibration(pdf)
    for family in FAMILIES:
        _family(pdf, family)
    _any_other(pdf)
    path.write_bytes(bytes(pdf.output()))
    return 2 + len(FAMILIES)


def _calibration(pdf: FPDF) -> None:
    pdf.add_page()
    y = _heading(pdf, "扫码枪检查", "Check a scanner")
    y = _lines(pdf, y, _HOW_TO_CHECK)
    _bars(pdf, modules(CALIBRATION_CODE), _LEFT, y + 10)


def _family(pdf: FPDF, family: Family) -> None:
    pdf.add_page()
    y = _heading(pdf, family.name, family.models)
    if family.settings:
        y = _lines(pdf, y, ("从上到下逐个扫。/ Scan from top to bottom, one after the other.",))
    for number, setting in enumerate(family.settings, start=1):
        y = _setting(pdf, f"{number}. ", _step(family, number - 1), setting, y + 4)
    if any(setting.model for setting in family.settings):
        y = _lines(pdf, y + 4, _ERROR_TONE)
    if family.in_manual:
        manual = (
            "下面几项没有找到可靠的设置码，请在厂家手册里找：",
            "For these no code that can be trusted was found; look in the maker's manual:",
            family.manual,
        )
        y = _lines(pdf, y + 4, manual)
        y = _look_under(pdf, y, family.in_manual)
    _check_at_last(pdf, y + 4)


def _any_other(pdf: FPDF) -> None:
    """What to look for where no code is given."""
    pdf.add_page()
    y = _heading(pdf, "别的扫码枪", "Any other scanner")
    y = _lines(pdf, y, _OTHERS)
    y = _look_under(pdf, y + 4, tuple(LOOK_UNDER))
    _check_at_last(pdf, y + 8)


def _look_under(pdf: FPDF, y: float, purposes: tuple[Purpose, ...]) -> float:
    """Each purpose with the headings that manuals have for it."""
    for purpose in purposes:
        words, look = PURPOSES[purpose], LOOK_UNDER[purpose]
        y = _lines(pdf, y + 2, (f"• {words.zh} → {look.zh}", f"   {words.en} → {look.en}"))
    return y


def _check_at_last(pdf: FPDF, y: float) -> None:
    _lines(
        pdf, y, ("最后扫第一页上的检查码。/ At last scan the code on the first sheet to check.",)
    )


def _step(family: Family, place: int) -> str:
    """ " (2/5)" where a purpose needs five codes and this is the second; "" where it needs one."""
    same = [
        at
        for at, setting in enumerate(family.settings)
        if setting.purpose is family.settings[place].purpose
    ]
    return f" ({same.index(place) + 1}/{len(same)})" if len(same) > 1 else ""


def _setting(pdf: FPDF, number: str, step: str, setting: Setting, y: float) -> float:
    """One step: words at the left, the code at the right. Where the next may begin."""
    words = PURPOSES[setting.purpose]
    pdf.set_text_color(0)
    pdf.set_font(_FONT, size=15)
    pdf.set_xy(_LEFT, y)
    pdf.cell(_CODES_AT - _LEFT, 8, f"{number}{words.zh}{step}")
    pdf.set_font(_FONT, size=11)
    pdf.set_xy(_LEFT + 6, y + 8)
    pdf.cell(_CODES_AT - _LEFT, 6, words.en)
    match setting.symbology:
        case "qr":
            _square(pdf, qr_modules(setting.content), QR_QUIET, _QR_MM, y)
            below = y + _QR_MM
        case "datamatrix":
            rows = [[module == "1" for module in row] for row in setting.modules]
            _square(pdf, rows, _DATAMATRIX_QUIET, _DATAMATRIX_MM, y)
            below = y + _DATAMATRIX_MM
        case "code128":
            _bars(pdf, bars(setting), _CODES_AT, y)
            below = y + _BAR_H
    pdf.set_text_color(110)
    pdf.set_font(_FONT, size=6)
    pdf.set_xy(_LEFT, below + 0.5)
    named = f"（{setting.model}）" if setting.model else ""
    pdf.cell(_WIDTH, 3, f"来源 / source: {setting.source}{named}")
    if setting.form:
        below += 3
        pdf.set_xy(_LEFT, below + 0.5)
        pdf.cell(_WIDTH, 3, f"形式 / form: {setting.form}")
    return below + 6


def _heading(pdf: FPDF, first: str, second: str) -> float:
    pdf.set_text_color(0)
    pdf.set_font(_FONT, size=26)
    pdf.set_xy(_LEFT, 14)
    pdf.cell(_WIDTH, 12, first)
    pdf.set_font(_FONT, size=13)
    pdf.set_xy(_LEFT, 27)
    pdf.multi_cell(_WIDTH, 7, second, align="L", new_x="LMARGIN", new_y="NEXT")
    return float(pdf.get_y()) + 4


def _lines(pdf: FPDF, y: float, texts: tuple[str, ...]) -> float:
    pdf.set_text_color(40)
    pdf.set_font(_FONT, size=11)
    for text in texts:
        pdf.set_xy(_LEFT, y)
        pdf.multi_cell(_WIDTH, 6, text, align="L", new_x="LMARGIN", new_y="NEXT")
        y = pdf.get_y() + 1
    return y


def modules(content: str) -> str:
    """The bars of a Code 128 code, function characters included, as ``1`` and ``0``."""
    from barcode.codex import Code128  # type: ignore[import-untyped]

    return str(Code128(content).build()[0])


def bars(setting: Setting) -> str:
    """The bars of a setting's Code 128 code, by its maker's own symbols where they are given."""
    if not setting.symbols:
        return modules(setting.content)
    from barcode.charsets.code128 import CODES  # type: ignore[import-untyped]

    start, *data = setting.symbols
    check = start + sum(place * value for place, value in enumerate(data, start=1))
    return "".join(CODES[value] for value in (start, *data, check % 103)) + _STOP


def _bars(pdf: FPDF, pattern: str, x: float, y: float) -> None:
    pdf.set_fill_color(0)
    at = x + CODE128_QUIET * _BAR_MM
    for ink, run in itertools.groupby(pattern):
        length = len(list(run)) * _BAR_MM
        if ink == "1":
            pdf.rect(at, y, length, _BAR_H, style="F")
        at += length


def _square(pdf: FPDF, rows: list[list[bool]], quiet: int, side: float, y: float) -> None:
    """A two-dimensional code, `side` millimetres wide with its margin of `quiet` modules."""
    dot = side / (len(rows) + 2 * quiet)
    pdf.set_fill_color(0)
    for row_number, row in enumerate(rows):
        at = 0
        for dark, run in itertools.groupby(row):
            length = len(list(run))
            if dark:
                # A hair of overlap downwards: viewers leave white lines between rectangles.
                pdf.rect(
                    _CODES_AT + (quiet + at) * dot,
                    y + (quiet + row_number) * dot,
                    length * dot,
                    dot + 0.02,
                    style="F",
                )
            at += length


@click.command("scanner-sheets")
@click.option(
    "--out",
    type=click.Path(dir_okay=False, writable=True, path_type=Path),
    default=Path("scanner-sheets.pdf"),
    show_default=True,
    help="PDF 文件 / the PDF to write",
)
def scanner_sheets_command(out: Path) -> None:
    """生成扫码枪检查页和设置页 / Write the sheets that check scanners and set them up."""
    try:
        count = write_sheets(out)
    except OSError as error:
        raise click.ClickException(
            f"无法写入 {out}：{error.strerror} / cannot write {out}: {error.strerror}"
        ) from error
    click.echo(f"{count} 页 / sheets: {out}")
