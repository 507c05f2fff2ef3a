"""Labels and receipts as the hub says that this stop wants them, read off a printer's paper."""

import base64
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import msgspec
import pytest
from PIL import Image, ImageDraw

from contract.actions import Verb
from contract.codes import action_code
from contract.papers import DEFAULT, Papers, PapersOf, Part, Template
from contract.reference import NamedCategory
from drivers.layout import PictureBox, lay_out
from drivers.ports import PROFILES, Words
from drivers.printer_escpos import EscposLanguage
from drivers.printer_wire import WirePrinter
from drivers.raster import png
from drivers.transports import SerialTransport
from kiosk.documents import Stamp, layout
from kiosk.state import LabelJob
from tests.support.journals import KIOSK, Home
from tests.support.paper import read_codes
from tests.support.print_desk import LETTERHEAD, PrintDesk, is_picture, machine_for, printer_on
from tests.support.reference import tell
from tests.support.virtual_printer import DirectLink, PtyPrinter, VirtualPrinter

RICE: Final = action_code(Verb.CATEGORY, "F1")
FINISH: Final = action_code(Verb.FINISH)
PROFILE: Final = "58mm"


def mark() -> Image.Image:
    """A stop's logo."""
    picture = Image.new("1", (160, 80), 255)
    ImageDraw.Draw(picture).polygon([(0, 79), (40, 0), (80, 79), (120, 20), (159, 79)], fill=0)
    return picture


OURS: Final = Papers(
    label=Template(
        (
            Part("logo"),
            Part("stop", "large"),
            Part("category"),
            Part("bars"),
            Part("code"),
            Part("words", "small", "不得转卖", "Not for sale"),
        ),
        "both",
    ),
    stop_zh="新城义仓驿站",
    stop_en="New Town Stop",
    logo=base64.b64encode(png(mark())).decode(),
)


def label_by(papers: Papers, item: str) -> Image.Image:
    """The label as these papers have it."""
    machine = machine_for(PROFILE)
    document = layout(LabelJob(item, "F1"), LETTERHEAD, Stamp("h"), papers)
    printer_on(DirectLink(machine), PROFILE).print(document)
    [piece] = machine.pieces
    return piece


@contextmanager
def at_work(home: Home, machine: VirtualPrinter) -> Iterator[PrintDesk]:
    """A kiosk with this printer on a wire, from switching on to switching off."""
    desk = PrintDesk(home, printer_on(DirectLink(machine), PROFILE), seed=str(len(machine.pieces)))
    desk.switch_on()
    try:
        yield desk
    finally:
        desk.off()


def next_label(desk: PrintDesk, machine: VirtualPrinter) -> tuple[str, Image.Image]:
    """Something is scanned in; its code and its label."""
    known = set(desk.items())
    desk.scan(RICE)
    desk.work()
    [item] = set(desk.items()) - known
    return item, machine.pieces[-1]


def test_a_new_template_holds_from_the_next_label_on_and_its_code_reads(tmp_path: Path) -> None:
    machine = machine_for(PROFILE)
    serial = tmp_path / "printer"
    with PtyPrinter(serial, machine, baud=921_600):
        profile = msgspec.structs.replace(PROFILES[PROFILE], speed_mm_s=1e9, settle_s=0.0)
        transport = SerialTransport(str(serial), baud=921_600)
        desk = PrintDesk(
            Home(tmp_path / "kiosk"),
            WirePrinter("printer", transport, EscposLanguage(), profile=profile),
        )
        desk.switch_on()
        try:
            before, old = next_label(desk, machine)
            tell(desk.open.reference, "papers", PapersOf((), OURS))
            after, new = next_label(desk, machine)
        finally:
            desk.off()
    assert is_picture(old, label_by(DEFAULT, before))
    assert is_picture(new, label_by(OURS, after))
    assert [code.text for code in read_codes(old)] == [before]
    assert [code.text for code in read_codes(new)] == [after]
    [logo] = [
        box
        for box in lay_out(
            layout(LabelJob(after, "F1"), LETTERHEAD, Stamp("h"), OURS), PROFILES[PROFILE]
        )[0].boxes
        if isinstance(box, PictureBox)
    ]
    window = new.crop((logo.x, logo.y, logo.x + logo.width, logo.y + logo.height))
    assert window.convert("1").tobytes() == mark().tobytes()
    assert machine.strays == b""


def test_a_template_for_this_kiosk_comes_before_the_one_for_all(tmp_path: Path) -> None:
    machine = machine_for(PROFILE)
    other = msgspec.structs.replace(OURS, stop_en="Another Stop")
    for_all = Papers(stop_en="Every Stop")
    with at_work(Home(tmp_path / "kiosk"), machine) as desk:
        mine, all_, theirs = (
            PapersOf((KIOSK,), OURS),
            PapersOf((), for_all),
            PapersOf(("x-2",), other),
        )
        tell(desk.open.reference, "papers", theirs, mine, all_)
        item, piece = next_label(desk, machine)
        assert is_picture(piece, label_by(OURS, item))
        tell(desk.open.reference, "papers", theirs, all_)
        item, piece = next_label(desk, machine)
        assert is_picture(piece, label_by(for_all, item))
        tell(desk.open.reference, "papers", theirs)
        item, piece = next_label(desk, machine)
        assert is_picture(piece, label_by(DEFAULT, item))


def test_a_template_outlasts_a_restart_without_the_hub(tmp_path: Path) -> None:
    machine, home = machine_for(PROFILE), Home(tmp_path / "kiosk")
    with at_work(home, machine) as desk:
        tell(desk.open.reference, "papers", PapersOf((), OURS))
    with at_work(home, machine) as desk:
        item, piece = next_label(desk, machine)
    assert is_picture(piece, label_by(OURS, item))


def test_a_receipt_by_a_template_carries_the_donor_s_claim(tmp_path: Path) -> None:
    machine = machine_for(PROFILE)
    parts = (Part("logo", "large"), Part("claim", "large"), Part("total"), Part("items", "small"))
    ours = msgspec.structs.replace(OURS, receipt=Template((*parts, Part("position", "small"))))
    with at_work(Home(tmp_path / "kiosk"), machine) as desk:
        tell(desk.open.reference, "papers", PapersOf((), ours))
        desk.scan(RICE, FINISH)
        desk.work()
        receipt = machine.pieces[-1]
    [code] = read_codes(receipt)
    assert code.symbology == "QRCode"
    assert code.text.startswith("http://hub.example/c/")
    left = (receipt.width - 160) // 2
    window = receipt.crop((left, 0, left + 160, 80))
    assert window.convert("1").tobytes() == mark().tobytes(), "the logo is on top"


def test_a_category_is_called_what_the_hub_calls_it_from_the_next_paper_on(tmp_path: Path) -> None:
    machine = machine_for(PROFILE)
    with at_work(Home(tmp_path / "kiosk"), machine) as desk:
        item, piece = next_label(desk, machine)
        assert is_picture(piece, label_by(DEFAULT, item))
        tell(desk.open.reference, "categories", NamedCategory("F1", "五谷", "Grain"))
        item, piece = next_label(desk, machine)
    document = layout(
        LabelJob(item, "F1"),
        LETTERHEAD,
        Stamp("h"),
        named={"F1": Words("五谷", "Grain")}.__getitem__,
    )
    renamed = machine_for(PROFILE)
    printer_on(DirectLink(renamed), PROFILE).print(document)
    assert is_picture(piece, renamed.pieces[0])


@pytest.mark.parametrize("length", [30.0, 40.0])
@pytest.mark.parametrize("profile", ["58mm-gap", "tspl-58mm-gap-native"])
def test_on_short_label_stock_the_label_comes_out_and_counts_as_attached(
    tmp_path: Path, profile: str, length: float
) -> None:
    stock = PROFILES[profile]
    rows = round((length + stock.gap_mm) * stock.dots_per_mm)
    machine = VirtualPrinter(stock.language, label_rows=rows)
    printer = printer_on(DirectLink(machine), profile, length=length)
    desk = PrintDesk(Home(tmp_path / "kiosk"), printer)
    desk.switch_on()
    try:
        tell(desk.open.reference, "papers", PapersOf((), OURS))
        item, piece = next_label(desk, machine)
        assert [code.text for code in read_codes(piece)] == [item]
        assert desk.attached(item) == ["printed"]
    finally:
        desk.off()
