"""TSPL's traps: bytes that a printer obeys wherever they stand."""

from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from drivers.layout import lay_out
from drivers.ports import PROFILES, Code128, Document, Qr, Text
from drivers.printer_tspl import HAZARDS, TsplLanguage, bitmaps
from tests.support.paper import Code, read_codes
from tests.support.virtual_printer import VirtualPrinter

SHARP = b"\x1b!~!R\x00\xff\r\n"


@given(st.integers(1, 6), st.lists(st.sampled_from(SHARP), min_size=6, max_size=90))
@settings(max_examples=150, deadline=None)
def test_no_bitmap_holds_a_command_and_every_dot_of_it_arrives(width: int, dots: list[int]) -> None:
    rows = len(dots) // width
    if not rows:
        return
    data = bytes(dots[: rows * width])
    picture = Image.frombytes("1", (8 * width, rows), data)
    job = b"SIZE 48 mm,40 mm\r\nCLS\r\n"
    for command in bitmaps(picture, 3, 5):
        assert not any(hazard in command for hazard in HAZARDS)
        job += command + b"\r\n"
    machine = VirtualPrinter("tspl")
    machine.take(job + b"PRINT 1,1\r\n")
    assert machine.strays == b""
    [page] = machine.pages
    assert page.crop((24, 5, 24 + 8 * width, 5 + rows)).tobytes() == picture.tobytes()


def test_what_cannot_stand_between_quotes_comes_as_dots_and_still_reads() -> None:
    profile = PROFILES["tspl-58mm-native"]
    for value, code in (('A"B', 'A"B'), ("A~!B", "A~!B"), ("A\\[B", "A\r\nCLS")):
        document = Document("label", (Text(f'say "{value}"'), Code128(value), Qr(code)))
        job = TsplLanguage().encode(lay_out(document, profile), profile)
        machine = VirtualPrinter("tspl")
        machine.take(job.data)
        assert machine.strays == b""
        assert not {"TEXT", "BARCODE", "QRCODE"} & set(machine.commands)
        [page] = machine.pages
        assert read_codes(page) == [Code("Code128", value), Code("QRCode", code)]


def test_nothing_before_the_last_command_leaves_a_trace() -> None:
    profile = PROFILES["tspl-58mm-gap"]
    document = Document("label", (Text("米"), Code128("G7K2M0001XA")))
    job = TsplLanguage().encode(lay_out(document, profile), profile)
    machine = VirtualPrinter("tspl")
    machine.take(job.data[: job.safe])
    machine.take(TsplLanguage().filler(profile))
    assert machine.pieces == []
