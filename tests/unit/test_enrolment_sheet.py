"""The sheet that sets a kiosk up: any scanner reads it, in both languages, as printers print it."""

import itertools
import re
from typing import Final

import pypdfium2
import pytest
import zxingcpp
from PIL import Image

from contract import enrolling
from contract.enrolling import EMPTY, Invitation
from provisioning.enrolment_sheet import STEPS, Facts, draw
from provisioning.ink import ICONS
from tests.support.pdf import text_of

LONG_HOST: Final = "A-RATHER-LONG-NAME.OF-A-HUB.YICANG.EXAMPLE"


def invitation(host: str = "HUB.YICANG.EXAMPLE") -> Invitation:
    return Invitation(enrolling.new_code(bytes(range(10))), enrolling.pin(b"it"), host, 8443)


def sheet(host: str = "HUB.YICANG.EXAMPLE", replaces: str = "") -> bytes:
    return draw(invitation(host), Facts("东门站", "East Gate", "2026-11-23 18:30", replaces))


def pages(content: bytes, dpi: int) -> list[Image.Image]:
    """What a printer of so many dots to the inch burns: black or white, nothing between."""
    document = pypdfium2.PdfDocument(content)  # type: ignore[no-untyped-call]
    try:
        return [page.render(scale=dpi / 72).to_pil().convert("1") for page in document]
    finally:
        document.close()  # type: ignore[no-untyped-call]


@pytest.mark.parametrize("dpi", [203, 300])
@pytest.mark.parametrize("host", ["HUB.YICANG.EXAMPLE", "192.168.178.20", LONG_HOST])
def test_the_first_page_is_read_at_once_and_the_others_bar_by_bar(host: str, dpi: int) -> None:
    first, *others = pages(sheet(host), dpi)
    (qr,) = zxingcpp.read_barcodes(first)
    assert qr.format == zxingcpp.BarcodeFormat.QRCode
    assert enrolling.parse(qr.text) == invitation(host)
    assembly = EMPTY
    for page in others:
        for bar in zxingcpp.read_barcodes(page):
            assert bar.format == zxingcpp.BarcodeFormat.Code128
            assembly = enrolling.take(assembly, bar.text)
    assert enrolling.assembled(assembly) == invitation(host)


def test_a_hand_that_shakes_reads_one_bar_code_and_not_its_neighbour() -> None:
    _, page = pages(sheet(), 203)
    mm = 203 / 25.4
    found = zxingcpp.read_barcodes(page)
    tops = sorted(min(bar.position.top_left.y, bar.position.top_right.y) for bar in found)
    gaps = [after - before for before, after in itertools.pairwise(tops)]
    assert min(gaps) > 25 * mm
    assert max(bar.position.top_right.x for bar in found) < (210 - 10) * mm


def test_the_sheet_says_in_both_languages_what_to_do_where_and_until_when() -> None:
    text = text_of(sheet(replaces="east-k1"))
    for step in STEPS:
        assert {step.zh[0] in text, step.en[0].split(",")[0] in text} == {True}
    for word in ("东门站", "East Gate", "2026-11-23 18:30", "east-k1", "hub.yicang.example:8443"):
        assert word in text
    assert "east-k1" not in text_of(sheet())


def test_every_step_has_pictures_for_who_reads_neither() -> None:
    for step in STEPS:
        assert step.icons
        assert all((ICONS / f"{icon}.svg").exists() for icon in step.icons)


def test_the_code_stands_on_the_sheet_in_bars_and_in_no_line_that_one_could_copy() -> None:
    first = re.sub(r"\s", "", text_of(sheet()).partition("E1")[0])
    assert invitation().code not in first
