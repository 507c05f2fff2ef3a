"""The sheets that check scanners and set them up, read back from the printed pixels."""

import contextlib
import functools
import itertools
from collections.abc import Callable
from pathlib import Path

import pypdfium2
import pytest
import zxingcpp
from click.testing import CliRunner
from PIL import Image

from drivers.calibration import TEXT, diagnose
from provisioning.commands import provision
from provisioning.scanner_datalogic import GRYPHON
from provisioning.scanner_families import FAMILIES
from provisioning.scanner_settings import (
    FNC3,
    LOOK_UNDER,
    PURPOSES,
    Family,
    Purpose,
    Setting,
)
from tests.support.paper import Code, read_codes

FNC3_VALUE = 96
"""In code sets A and B (ISO/IEC 15417, table 1)."""

Printed = Callable[[int], list[Image.Image]]


@pytest.fixture(scope="module")
def pdf(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("sheets") / "sheets.pdf"
    result = CliRunner().invoke(provision, ["scanner-sheets", "--out", str(path)])
    assert result.exit_code == 0, result.output
    assert str(path) in result.output
    return path


def opened(pdf: Path) -> "contextlib.closing[pypdfium2.PdfDocument]":
    return contextlib.closing(pypdfium2.PdfDocument(pdf))  # type: ignore[no-untyped-call]


@pytest.fixture(scope="module")
def printed(pdf: Path) -> Printed:
    """The sheets at a resolution (dpi)."""

    @functools.cache
    def sheets(dpi: int) -> list[Image.Image]:
        with opened(pdf) as document:
            return [page.render(scale=dpi / 72).to_pil() for page in document]

    return sheets


def symbols_of(bars: str) -> tuple[int, ...]:
    """The values of a Code 128 code's symbols, without its check and stop. `bars` are modules."""
    from barcode.charsets.code128 import CODES  # type: ignore[import-untyped]

    values = [CODES.index(bars[at : at + 11]) for at in range(0, len(bars) - 13, 11)]
    weighted = values[0] + sum(at * value for at, value in enumerate(values[:-1]) if at)
    assert weighted % 103 == values[-1], "the check symbol is wrong"
    return tuple(values[:-1])


def printed_symbols(sheet: Image.Image) -> list[list[int]]:
    """The symbols of every bar code on the sheet, top to bottom, measured on the picture."""
    grey = sheet.convert("L")
    found = [
        result.position
        for result in zxingcpp.read_barcodes(grey)
        if str(result.format).replace(" ", "") == "Code128"
    ]
    codes = []
    for where in sorted(found, key=lambda position: position.top_left.y):
        y = (where.top_left.y + where.bottom_left.y) // 2
        across = range(where.top_left.x - 12, where.top_right.x + 12)
        row = [grey.getpixel((x, y)) < 128 for x in across]  # type: ignore[operator]
        runs = [len(list(run)) for _, run in itertools.groupby(row)][1:-1]  # without the blanks
        bars = ""
        for at in range(0, len(runs) - 7, 6):  # 3 bars and 3 spaces are 11 modules
            module = sum(runs[at : at + 6]) / 11
            for nth, length in enumerate(runs[at : at + 6]):
                bars += "10"[nth % 2] * max(1, round(length / module))
        codes.append(list(symbols_of(bars + "1100011101011")))
    return codes


def every_setting() -> list[Setting]:
    return [setting for family in FAMILIES for setting in family.settings]


def plain(content: str) -> str:
    """What a reader that ignores function characters sends."""
    return content.replace(FNC3, "")


def test_the_first_sheet_is_read_as_the_calibration_code(printed: Printed) -> None:
    (code,) = read_codes(printed(203)[0], scale=1)
    scanned = code.text.replace("<GS>", "\x1d")
    assert (code.symbology, scanned) == ("Code128", TEXT)
    found = diagnose(scanned, "cr")
    assert found is not None
    assert found.faults == ()


@pytest.mark.parametrize("dpi", [203, 300])
def test_every_settings_code_reads_from_its_sheet(printed: Printed, dpi: int) -> None:
    for family, sheet in zip(FAMILIES, printed(dpi)[1:-1], strict=True):
        names = {"code128": "Code128", "qr": "QRCode", "datamatrix": "DataMatrix"}
        expected = {Code(names[s.symbology], plain(s.content)) for s in family.settings}
        assert set(read_codes(sheet, scale=1)) == expected, family.name


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.name)
def test_the_function_character_that_makes_it_a_settings_code_is_on_the_paper(
    printed: Printed, family: Family
) -> None:
    sheet = printed(300)[1 + FAMILIES.index(family)]
    barred = [setting for setting in family.settings if setting.symbology == "code128"]
    for setting, values in zip(barred, printed_symbols(sheet), strict=True):
        assert values.count(FNC3_VALUE) == setting.content.count(FNC3)
        if "cordless" not in family.name:  # their radio takes plain codes with a $ or % in front
            assert setting.content.count(FNC3) == 1


@pytest.mark.parametrize(
    ("content", "values"),
    [
        # Measured on the pictures that `Setting.source` names: start, symbols.
        (f"~KBDCAS1.{FNC3}", [104, 94, 43, 34, 36, 35, 33, 51, 17, 14, 96]),
        (f"{FNC3}@SETUPE1", [104, 96, 32, 51, 37, 52, 53, 48, 37, 17]),
        (f"{FNC3}@TSUSET0D0A", [104, 96, 32, 52, 51, 53, 51, 37, 52, 16, 36, 16, 33]),
        (f"303005{FNC3}2", [105, 30, 30, 5, 100, 96, 18]),
        (f"3030{FNC3}0C1", [105, 30, 30, 100, 96, 16, 35, 17]),
        (f"205020{FNC3}9", [105, 20, 50, 20, 100, 96, 25]),
        (f"606010{FNC3}1", [105, 60, 60, 10, 100, 96, 17]),
        (f"{FNC3}014200", [104, 96, 99, 1, 42, 0]),
        (f"{FNC3}0212@\r", [103, 96, 99, 2, 12, 101, 32, 77]),
        (f"{FNC3}02311", [104, 96, 16, 99, 23, 11]),
        (f"{FNC3}0005000", [104, 96, 16, 99, 0, 50, 0]),
        (f"{FNC3}8410090.", [104, 96, 24, 99, 41, 0, 90, 100, 14]),
        (f"{FNC3}890000.", [104, 96, 99, 89, 0, 0, 100, 14]),
        (f"{FNC3}8610023.", [104, 96, 24, 99, 61, 0, 23, 100, 14]),
        (f"{FNC3}8210010.", [104, 96, 24, 99, 21, 0, 10, 100, 14]),
        (f"{FNC3}881001133.", [104, 96, 24, 99, 81, 0, 11, 33, 100, 14]),
        ("$BUZZ#0", [104, 4, 34, 53, 58, 58, 3, 16]),
        ("$LAN#EN", [104, 4, 44, 33, 46, 3, 37, 46]),
        ("%#IFSNO$3", [104, 5, 3, 41, 38, 51, 46, 47, 4, 19]),
    ],
)
def test_our_codes_are_symbol_for_symbol_those_of_the_makers(
    content: str, values: list[int]
) -> None:
    from provisioning.scanner_sheets import bars

    found = {symbols_of(bars(setting)) for setting in every_setting() if setting.content == content}
    assert found == {tuple(values)}


def test_each_code_says_where_it_was_seen_and_each_sheet_in_both_languages(pdf: Path) -> None:
    with opened(pdf) as document:
        texts = [page.get_textpage().get_text_bounded() for page in document]
    for setting in every_setting():
        assert setting.source.startswith("https://")
    for family, text in zip(FAMILIES, texts[1:-1], strict=True):
        seen = "".join(text.split())
        assert family.name.replace(" ", "") in seen
        for setting in family.settings:
            assert setting.source in seen
            assert PURPOSES[setting.purpose].zh in text
            assert PURPOSES[setting.purpose].en in text
            assert setting.model.replace(" ", "") in seen
        if family.in_manual:
            assert family.manual in seen
        for purpose in family.in_manual:
            assert "".join(LOOK_UNDER[purpose].zh.split()) in seen, family.name
            assert "".join(LOOK_UNDER[purpose].en.split()) in seen, family.name


def test_the_last_sheet_says_for_any_other_scanner_what_to_look_for(pdf: Path) -> None:
    with opened(pdf) as document:
        last = "".join(document[len(document) - 1].get_textpage().get_text_bounded().split())
    for maker in ("得力", "Inateck", "商米", "Tera"):
        assert maker in last
    for words in LOOK_UNDER.values():
        assert "".join(words.zh.split()) in last
        assert "".join(words.en.split()) in last


def test_codes_for_one_purpose_are_counted(pdf: Path) -> None:
    zebra = next(family for family in FAMILIES if family.name.startswith("Zebra"))
    with opened(pdf) as document:
        text = document[1 + FAMILIES.index(zebra)].get_textpage().get_text_bounded()
    steps = [setting.content for setting in zebra.settings if setting.purpose is Purpose.ENDS]
    assert steps == [f"{FNC3}{rule}" for rule in ("80", "7B1211", "6A110", "6A14470D", "4")]
    for step in range(1, 6):
        assert f"{step}. {PURPOSES[Purpose.ENDS].zh} ({step}/5)" in text
    assert f"6. {PURPOSES[Purpose.LOOKS].zh}\r\n" in text


def test_a_gryphon_is_told_by_reader_programming_symbols(printed: Printed) -> None:
    sheet = printed(300)[1 + FAMILIES.index(GRYPHON)]
    read = zxingcpp.read_barcodes(sheet.convert("L"))
    assert len(read) == len(GRYPHON.settings)
    assert all("'ReaderInit': True" in str(code.extra) for code in read)


def test_what_a_family_lacks_is_told_not_invented() -> None:
    wanted = {Purpose.SILENT, Purpose.ENDS, Purpose.LOOKS, Purpose.LAYOUT}
    for family in FAMILIES:
        there = {setting.purpose for setting in family.settings}
        assert wanted <= there | set(family.in_manual), family.name
        assert not there & set(family.in_manual), family.name
        # A scanner that was told to begin must be told to end.
        assert (Purpose.BEGIN in there) == (Purpose.FINISH in there), family.name


def test_a_place_that_cannot_be_written_is_one_clear_line(tmp_path: Path) -> None:
    out = tmp_path / "no" / "sheets.pdf"
    result = CliRunner().invoke(provision, ["scanner-sheets", "--out", str(out)])
    assert result.exit_code == 1
    assert "cannot write" in result.output
