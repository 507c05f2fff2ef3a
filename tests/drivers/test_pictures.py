"""A stop's picture on paper: every printer burns its dots, and a bad one costs no label."""

import io
import zlib
from typing import Final

import msgspec
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from PIL import Image, ImageChops, ImageDraw

from drivers.layout import PictureBox, lay_out
from drivers.pictures import read_picture
from drivers.ports import (
    PROFILES,
    Code128,
    Cut,
    Document,
    LayoutError,
    Picture,
    PrinterProfile,
    Text,
)
from drivers.printer_escpos import EscposLanguage
from drivers.printer_tspl import TsplLanguage
from drivers.printer_wire import WirePrinter
from drivers.raster import render
from tests.drivers.documents import ITEM
from tests.support.paper import Code, read_codes
from tests.support.virtual_printer import DirectLink, VirtualPrinter


def saved(picture: Image.Image, form: str = "PNG") -> bytes:
    out = io.BytesIO()
    picture.save(out, form)
    return out.getvalue()


def house(width: int, height: int) -> Image.Image:
    """A picture with a corner, an edge and a hole, unlike its own mirror images."""
    picture = Image.new("1", (width, height), 255)
    pen = ImageDraw.Draw(picture)
    pen.polygon([(0, height // 2), (width // 3, 0), (width - 1, height // 2)], fill=0)
    pen.rectangle((width // 8, height // 2, width * 3 // 4, height - 1), fill=0)
    pen.rectangle((width // 4, height * 2 // 3, width // 3, height - 1), fill=255)
    return picture


HOUSE: Final = saved(house(200, 96))
NOISE: Final = saved(Image.effect_noise((256, 64), 200).convert("1"))
"""Every byte that a printer could take for a command."""


def label(*pictures: Picture) -> Document:
    category = Text("米面粮油 Rice", "large", "centre")
    code = Text("G7K2 M0001 XA", align="centre")
    return Document("label", (*pictures, category, Code128(ITEM, 8.0), code, Cut()))


def boxes(document: Document, profile: PrinterProfile) -> list[PictureBox]:
    pages = lay_out(document, profile)
    return [box for page in pages for box in page.boxes if isinstance(box, PictureBox)]


def printed(document: Document, profile: PrinterProfile) -> Image.Image:
    """The piece of paper, as an independent reader of the printer's language has it."""
    rows = round((profile.label_mm + profile.gap_mm) * profile.dots_per_mm)
    machine = VirtualPrinter(
        profile.language,
        width=profile.width_dots,
        label_rows=None if profile.media == "continuous" else rows,
        chinese=profile.drawing == "gb18030",
    )
    language = TsplLanguage() if profile.language == "tspl" else EscposLanguage()
    quick = replace(profile, speed_mm_s=1e9, settle_s=0.0)
    printer = WirePrinter("printer:test", DirectLink(machine), language, profile=quick)
    assert printer.print(document).progress == "confirmed"
    assert machine.strays == b""
    [piece] = machine.pieces
    return piece


@pytest.mark.parametrize("png", [HOUSE, NOISE], ids=["house", "noise"])
@pytest.mark.parametrize("name", PROFILES)
def test_every_printer_burns_the_picture_dot_for_dot_above_a_code_that_reads(
    name: str, png: bytes
) -> None:
    document = label(Picture(png, max_height_mm=14.0))
    [box] = boxes(document, PROFILES[name])
    piece = printed(document, PROFILES[name])
    window = piece.crop((box.x, box.y, box.x + box.width, box.y + box.height))
    dots = Image.open(io.BytesIO(png))
    assert window.size == dots.size
    assert window.convert("1").tobytes() == dots.tobytes()
    assert Code("Code128", ITEM) in read_codes(piece)


@pytest.mark.parametrize("name", ["58mm", "80mm"])
def test_a_picture_is_made_smaller_where_it_must_and_never_larger(name: str) -> None:
    profile = PROFILES[name]
    [small] = boxes(label(Picture(HOUSE)), profile)
    assert (small.width, small.height) == (200, 96)
    [wide] = boxes(label(Picture(saved(house(1200, 200)))), profile)
    assert wide.x == profile.margin_dots
    assert wide.width == profile.width_dots - 2 * profile.margin_dots
    assert abs(wide.width / wide.height - 6) < 0.2
    [high] = boxes(label(Picture(saved(house(300, 300)), max_height_mm=8.0)), profile)
    assert (high.width, high.height) == (64, 64)
    assert abs(high.x + 32 - profile.width_dots / 2) <= 1


def test_what_was_made_smaller_is_still_the_same_picture() -> None:
    [box] = boxes(label(Picture(saved(house(800, 384)), max_height_mm=12.0)), PROFILES["58mm"])
    dots = Image.frombytes("1", (box.width, box.height), box.dots)
    differing = ImageChops.logical_xor(dots, house(200, 96)).histogram()[255]
    assert (box.width, box.height) == (200, 96)
    assert differing < 0.03 * 200 * 96


def flat(mode: str, colour: tuple[int, ...] | int) -> bytes:
    return saved(Image.new(mode, (40, 40), colour))


@pytest.mark.parametrize(
    ("png", "ink"),
    [
        (flat("RGB", (200, 30, 30)), True),
        (flat("RGB", (250, 220, 90)), False),
        (flat("RGBA", (0, 0, 0, 0)), False),
        (flat("RGBA", (0, 0, 0, 255)), True),
        (flat("LA", (0, 40)), False),
        (flat("L", 100), True),
        (flat("P", 0), True),
    ],
    ids=["red", "yellow", "clear", "black", "faint", "grey", "palette"],
)
def test_dark_colours_are_burnt_and_light_or_clear_ones_are_paper(png: bytes, ink: bool) -> None:
    picture = read_picture(png)
    assert picture is not None
    assert picture.mode == "1"
    assert (ImageChops.invert(picture).getbbox() == (0, 0, 40, 40)) is ink


def claiming(width: int, height: int) -> bytes:
    """A PNG whose header claims this size."""
    head = HOUSE[12:16] + width.to_bytes(4) + height.to_bytes(4) + HOUSE[24:29]
    return HOUSE[:12] + head + zlib.crc32(head).to_bytes(4) + HOUSE[33:]


UNREADABLE: Final = {
    "nothing": b"",
    "text": b"a logo",
    "cut short": HOUSE[: len(HOUSE) // 2],
    "head only": HOUSE[:40],
    "JPEG": saved(house(40, 40).convert("L"), "JPEG"),
    "endless": claiming(200_000, 200_000),
    "no rows": claiming(200, 0),
}


@pytest.mark.parametrize("png", UNREADABLE.values(), ids=UNREADABLE)
def test_a_picture_that_cannot_be_read_is_left_out_and_the_label_comes_out(png: bytes) -> None:
    profile = PROFILES["58mm"]
    [with_it] = render(label(Picture(png)), profile)
    [without] = render(label(), profile)
    assert with_it.tobytes() == without.tobytes()
    assert Code("Code128", ITEM) in read_codes(printed(label(Picture(png)), profile))


@given(at=st.integers(0, len(HOUSE) - 1), value=st.integers(0, 255), rest=st.booleans())
@example(at=28, value=1, rest=True)
@settings(max_examples=300, deadline=None)
def test_whatever_is_wrong_with_a_picture_the_label_comes_out(
    at: int, value: int, rest: bool
) -> None:
    damaged = HOUSE[:at] + bytes([value]) + (HOUSE[at + 1 :] if rest else b"")
    [page] = render(label(Picture(damaged)), PROFILES["58mm"])
    assert Code("Code128", ITEM) in read_codes(page, scale=1)


@pytest.mark.parametrize(("length", "fits"), [(40.0, True), (24.0, True), (18.0, False)])
def test_short_stock_goes_without_a_spare_picture_before_it_refuses(
    length: float, fits: bool
) -> None:
    stock = replace(PROFILES["58mm-gap"], label_mm=length)
    plain = label(Picture(HOUSE))
    spare = replace(plain, spare=(0,))
    [page] = render(spare, stock)
    assert Code("Code128", ITEM) in read_codes(page)
    assert bool(boxes(spare, stock)) is fits
    if not fits:
        with pytest.raises(LayoutError, match="18 mm"):
            render(plain, stock)


def test_on_a_roll_nothing_spare_is_left_out() -> None:
    document = replace(label(Picture(HOUSE)), spare=(0, 1, 99))
    assert boxes(document, PROFILES["58mm"])


def test_a_document_with_a_picture_travels_as_json_and_tells_a_log_nothing() -> None:
    document = label(Picture(HOUSE))
    assert msgspec.json.decode(msgspec.json.encode(document), type=Document) == document
    assert repr(document.blocks[0]) == f"Picture(length={len(HOUSE)})"
    assert "PNG" not in repr(boxes(document, PROFILES["58mm"]))
