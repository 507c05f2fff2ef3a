"""What every printer does: one suite over every language, paper and link, fakes included.

What reached a printer is read by interpreters that share no code with the drivers, and the codes on
the paper by zxing-cpp.
"""

import io
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import msgspec
import pytest
from PIL import Image

from drivers.fakes import FakePrinter
from drivers.ports import (
    PROFILES,
    Code128,
    Document,
    LayoutError,
    Printer,
    PrinterProfile,
    Text,
)
from drivers.printer_escpos import EscposLanguage
from drivers.printer_screen import TAKEN_AWAY_MS, ScreenPrinter
from drivers.printer_tspl import TsplLanguage
from drivers.printer_wire import WirePrinter
from drivers.raster import render
from drivers.registry import open_printer, parse_printer
from drivers.transport_network import TcpTransport
from drivers.transports import (
    FileTransport,
    SerialTransport,
    Transport,
    UsbNodeTransport,
)
from tests.drivers.documents import CLAIM, ITEM, LABEL, RECEIPT, SLIP, TOKEN
from tests.support.paper import Code, read_codes
from tests.support.serial_devices import wait_until
from tests.support.virtual_printer import PtyPrinter, TcpPrinter, VirtualPrinter

ROOT = Path(__file__).parents[2]
Link = Literal["serial", "usb", "network", "file"]
CODES = {
    "label": [Code("Code128", ITEM)],
    "receipt": [Code("QRCode", CLAIM)],
    "slip": [Code("Code128", TOKEN), Code("QRCode", TOKEN)],
}


def pixels(page: Image.Image) -> tuple[tuple[int, int], bytes]:
    return page.size, page.convert("L").tobytes()


@dataclass
class Bench:
    """A printer under test and a way to see its paper."""

    printer: Printer
    paper: Callable[[], list[Image.Image]]
    outcome: str
    machine: VirtualPrinter | None = None

    @property
    def documents(self) -> list[Document]:
        """Those that its paper can hold."""
        endless = self.printer.profile.media == "continuous"
        return [LABEL, RECEIPT, SLIP] if endless else [LABEL]


def machine_for(profile: PrinterProfile, *, answers: bool = True) -> VirtualPrinter:
    rows = round((profile.label_mm + profile.gap_mm) * profile.dots_per_mm)
    return VirtualPrinter(
        profile.language,
        width=profile.width_dots,
        label_rows=None if profile.media == "continuous" else rows,
        chinese=profile.drawing == "gb18030",
        answers=answers,
    )


def quick(name: str) -> PrinterProfile:
    """A profile whose paper moves at once, so that nobody waits for it."""
    return msgspec.structs.replace(PROFILES[name], speed_mm_s=1e6, settle_s=0.0)


def wired(transport: Transport, profile: PrinterProfile) -> WirePrinter:
    language = TsplLanguage() if profile.language == "tspl" else EscposLanguage()
    return WirePrinter("printer:test", transport, language, profile=profile)


def open_bench(kind: str, folder: Path, stack: ExitStack) -> Bench:
    """`kind` is ``fake``, ``screen``, or a link and a profile."""
    if kind == "fake":
        fake = FakePrinter()
        return Bench(fake, fake.images, "printed")
    if kind == "screen":
        screen = open_printer(parse_printer("screen:"))
        assert isinstance(screen, ScreenPrinter)

        def shown() -> list[Image.Image]:
            return [Image.open(io.BytesIO(p.png)) for p in screen.pictures()]

        return Bench(screen, shown, "printed")
    link, name, *rest = kind.split()
    profile = quick(name)
    machine = machine_for(profile, answers=not rest)
    outcome = "unknown" if rest else "printed"
    match link:
        case "serial":
            stack.enter_context(PtyPrinter(folder / "printer", machine, baud=921600))
            transport: Transport = SerialTransport(str(folder / "printer"), baud=921600)
        case "usb":
            stack.enter_context(PtyPrinter(folder / "lp0", machine))
            transport = UsbNodeTransport(str(folder / "lp0"))
        case "network":
            server = TcpPrinter(machine)
            stack.callback(server.close)
            transport = TcpTransport("127.0.0.1", server.port)
        case _:
            path = folder / "paper"
            transport = FileTransport(path, suffix=profile.language)

            def read() -> list[Image.Image]:
                fresh = machine_for(profile)
                if path.exists():
                    fresh.take(path.read_bytes())
                assert fresh.strays == b""
                return fresh.pieces

            return Bench(wired(transport, profile), read, "printed")
    printer = wired(transport, profile)
    stack.callback(printer.close)
    return Bench(printer, lambda: machine.pieces, outcome, machine)


EVERY = [
    "fake",
    "screen",
    *(f"serial {name}" for name in PROFILES if "cutter" not in name),
    "serial 80mm-cutter",
    "serial 80mm-cutter-native",
    "serial tspl-80mm-cutter",
    "serial 58mm silent",
    "serial 58mm-native silent",
    "serial tspl-58mm-gap-native silent",
    *(
        f"{link} {name}"
        for link in ("usb", "network", "file")
        for name in ("58mm", "80mm-cutter-native", "tspl-58mm-gap-native", "tspl-58mm-gb18030")
    ),
    "network 58mm silent",
]


@pytest.fixture(params=EVERY)
def bench(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Bench]:
    with ExitStack() as stack:
        yield open_bench(request.param, tmp_path, stack)


@pytest.fixture(params=["fake", "screen", "serial 58mm", "usb tspl-58mm-gap-native",
                        "network 58mm-native", "file 58mm"])  # fmt: skip
def any_bench(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Bench]:
    with ExitStack() as stack:
        yield open_bench(request.param, tmp_path, stack)


def test_label_receipt_and_slip_come_out_whole_and_read_back(bench: Bench) -> None:
    assert isinstance(bench.printer, Printer)
    for document in bench.documents:
        result = bench.printer.print(document)
        assert result.status == bench.outcome, result
        assert result.progress == ("confirmed" if bench.outcome == "printed" else "complete?")
        assert result.detail.zh
        assert result.detail.en
        assert result.paper_mm > 20
        assert result.taken == result.total
    expected = [CODES[document.kind] for document in bench.documents]
    wait_until(lambda: [read_codes(page) for page in bench.paper()] == expected, "all codes")
    profile = bench.printer.profile
    for page, document in zip(bench.paper(), bench.documents, strict=True):
        [drawn] = render(document, profile)
        if profile.drawing == "raster" and (
            profile.language == "tspl" or profile.media == "continuous"
        ):
            assert pixels(page) == pixels(drawn), "dot for dot as on the kiosk's page"
        else:
            # The printer's own letters; what is where is the same, to the dot.
            assert page.width == drawn.width
            if profile.media == "continuous":
                assert page.height == drawn.height
    if bench.machine is not None:
        assert bench.machine.strays == b"", "no character that nobody meant"


def test_a_document_that_no_paper_can_hold_is_told_apart_from_a_faulty_printer(
    any_bench: Bench,
) -> None:
    with pytest.raises(LayoutError):
        any_bench.printer.print(Document("label", (Code128(TOKEN),)))
    assert any_bench.printer.print(LABEL).status == any_bench.outcome


def test_warming_up_puts_nothing_on_the_paper(any_bench: Bench) -> None:
    any_bench.printer.warm()
    assert any_bench.printer.print(LABEL).status == any_bench.outcome
    wait_until(lambda: len(any_bench.paper()) == 1, "one page")
    assert read_codes(any_bench.paper()[0]) == CODES["label"]


def test_a_closed_printer_says_so_and_prints_nothing(any_bench: Bench) -> None:
    any_bench.printer.close()
    result = any_bench.printer.print(LABEL)
    assert (result.status, result.progress) == ("failed", "none")
    assert "closed" in result.detail.en
    assert any_bench.printer.status().condition == "away"
    assert any_bench.paper() == []


@pytest.mark.parametrize(
    ("name", "bars", "qr", "text"),
    [
        ("58mm", False, False, False),
        ("58mm-native", True, True, True),
        ("80mm-gap-native", True, False, True),
        ("58mm-gb18030", True, True, True),
        ("tspl-58mm", False, False, False),
        ("tspl-58mm-native", True, True, True),
        ("tspl-58mm-gb18030", True, True, True),
    ],
)
def test_a_printer_draws_by_itself_what_its_profile_says_it_can(
    name: str, bars: bool, qr: bool, text: bool, tmp_path: Path
) -> None:
    with ExitStack() as stack:
        bench = open_bench(f"usb {name}", tmp_path, stack)
        assert bench.machine is not None
        for document in bench.documents:
            bench.printer.print(document)
        used = set(bench.machine.commands)
        assert bool(used & {"bars", "BARCODE"}) == bars
        assert bool(used & {"qr", "QRCODE"}) == qr
        assert bool(used & {"text", "TEXT"}) == text


@pytest.mark.parametrize("name", ["80mm-cutter", "58mm-cutter-native", "tspl-80mm-cutter"])
def test_a_cutter_cuts_each_page_and_the_tear_bar_costs_no_paper(name: str, tmp_path: Path) -> None:
    with ExitStack() as stack:
        bench = open_bench(f"usb {name}", tmp_path, stack)
        assert bench.machine is not None
        bench.printer.print(LABEL)
        bench.printer.print(SLIP)
        pages = bench.machine.wait_for_pages(2)
        assert [read_codes(page)[0].text for page in pages] == [ITEM, TOKEN]
        cuts = [one for one in bench.machine.commands if one in ("cut", "SET CUTTER 1")]
        assert len(cuts) == 2


@pytest.mark.parametrize(
    "name", ["58mm-gap", "58mm-mark-native", "tspl-58mm-gap", "tspl-58mm-mark"]
)
def test_labels_begin_where_the_stock_does(name: str, tmp_path: Path) -> None:
    with ExitStack() as stack:
        bench = open_bench(f"usb {name}", tmp_path, stack)
        assert bench.machine is not None
        for _ in range(3):
            bench.printer.print(LABEL)
        pages = bench.machine.wait_for_pages(3)
        assert len({pixels(page) for page in pages}) == 1
        if name.startswith("tspl"):
            assert "BLINE" in bench.machine.commands or "GAP" in bench.machine.commands
        else:
            assert bench.machine.commands.count("next label") == 3


def test_nothing_heavy_is_imported_before_the_first_document() -> None:
    """A kiosk must be ready before Pillow is: 350 ms on a small machine."""
    program = (
        "import sys\n"
        "from drivers.registry import open_printer, open_scanner, parse_printer, parse_scanner\n"
        "open_printer(parse_printer('screen:'))\n"
        "open_printer(parse_printer('serial:/dev/none'))\n"
        "open_printer(parse_printer('usb:0416:5011?profile=tspl-58mm'))\n"
        "open_printer(parse_printer('usb:/dev/usb/lp7'))\n"
        "open_scanner(parse_scanner('serial:/dev/none'), 'a', print).close()\n"
        "heavy = ('PIL', 'segno', 'escpos', 'barcode', 'serial', 'usb')\n"
        "print([m for m in heavy if m in sys.modules])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=ROOT
    )
    assert done.stdout.strip() == "[]"


def test_no_environment_variable_directory_or_word_is_left_behind_by_the_escpos_library(
    tmp_path: Path,
) -> None:
    """It would unpickle from a directory that a variable names, leave one in /tmp, and print."""
    trap = tmp_path / "trap"
    trap.mkdir()
    program = (
        "import os\n"
        "from drivers.layout import lay_out\n"
        "from drivers.printer_escpos import EscposLanguage\n"
        "from drivers.ports import PROFILES\n"
        "from drivers.raster import SAMPLE\n"
        "before = dict(os.environ)\n"
        "profile = PROFILES['58mm-native']\n"
        "EscposLanguage().encode(lay_out(SAMPLE, profile), profile)\n"
        "assert dict(os.environ) == before\n"
    )
    environment = {
        **os.environ,
        "ESCPOS_CAPABILITIES_PICKLE_DIR": str(trap),
        "TMPDIR": str(tmp_path),
    }
    done = subprocess.run(
        [sys.executable, "-c", program],
        check=True,
        env=environment,
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert done.stdout == ""
    assert list(trap.iterdir()) == []
    assert list(tmp_path.iterdir()) == [trap]


def test_a_directory_gets_a_file_for_each_document(tmp_path: Path) -> None:
    printer = open_printer(parse_printer(f"file:{tmp_path}?profile=tspl-58mm"))
    printer.print(LABEL)
    printer.print(RECEIPT)
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names == ["000001.tspl", "000002.tspl"]


def test_closing_frees_a_print_that_hangs(tmp_path: Path) -> None:
    machine = VirtualPrinter(answers=False)
    machine.cover_open = True
    with PtyPrinter(tmp_path / "printer", machine):
        transport = SerialTransport(str(tmp_path / "printer"), baud=921600, stall_s=60.0)
        hanging = wired(transport, quick("58mm"))
        results: list[str] = []
        long = Document("receipt", RECEIPT.blocks[:-1] * 8)
        thread = threading.Thread(target=lambda: results.append(hanging.print(long).status))
        thread.start()
        wait_until(lambda: machine.room == 0, "the job is on its way")
        hanging.close()
        thread.join(timeout=10)
        assert results == ["failed"]


def test_the_screen_keeps_the_newest_pictures_only() -> None:
    screen = ScreenPrinter(kept=2)
    for document in (LABEL, RECEIPT, SLIP):
        screen.print(document)
    assert [(p.id, p.kind) for p in screen.pictures()] == [(2, "receipt"), (3, "slip")]
    assert screen.picture(1) is None
    newest = screen.picture(3)
    assert newest is not None
    assert newest.width_dots == 384


def test_a_receipt_and_a_slip_do_not_wait_on_the_screen_for_the_next_person() -> None:
    now = [0]
    screen = ScreenPrinter(now_ms=lambda: now[0])
    for document in (LABEL, RECEIPT, SLIP):
        screen.print(document)
    now[0] = TAKEN_AWAY_MS - 1
    assert [picture.kind for picture in screen.pictures()] == ["label", "receipt", "slip"]
    now[0] = TAKEN_AWAY_MS
    assert screen.picture(2) is None
    assert [picture.kind for picture in screen.pictures()] == ["label"]


def test_the_fake_fails_when_told_and_prints_when_mended() -> None:
    fake = FakePrinter()
    result = FakePrinter().print(LABEL)
    fake.fail(result.detail)
    assert fake.print(LABEL).status == "failed"
    fake.mend()
    assert fake.print(RECEIPT).status == "printed"
    assert fake.documents == (RECEIPT,)


@pytest.mark.parametrize(
    ("name", "dots"), [("58mm-native", "columns"), ("tspl-58mm-native", "BITMAP")]
)
def test_in_a_line_of_both_scripts_only_the_chinese_half_is_sent_as_dots(
    name: str, dots: str, tmp_path: Path
) -> None:
    document = Document("label", (Text("义仓驿站 Yicang Stop", "small", "centre"),))
    with ExitStack() as stack:
        bench = open_bench(f"usb {name}", tmp_path, stack)
        assert bench.machine is not None
        assert bench.printer.print(document).progress == "confirmed"
        used = bench.machine.commands
        assert dots in used
        assert {"text", "TEXT"} & set(used)
        assert bench.machine.strays == b""
        [page] = bench.machine.pages
        [drawn] = render(document, bench.printer.profile)
        # The Chinese half is ours, to the dot; only its place on the line may differ.
        [ours] = render(Document("label", (Text("义仓驿站", "small"),)), bench.printer.profile)
        width = black_columns(ours)
        assert width in windows(page, len(width))
        assert page.height == drawn.height


def black_columns(page: Image.Image) -> bytes:
    """How many dots are burnt in each column, blank ones at both ends left away."""
    grey = page.convert("L")
    counts = bytes(
        sum(grey.getpixel((x, y)) == 0 for y in range(grey.height)) for x in range(grey.width)
    )
    return counts.strip(b"\0")


def windows(page: Image.Image, length: int) -> set[bytes]:
    """Every run of `length` columns of the page's ink."""
    columns = black_columns(page)
    return {columns[start : start + length] for start in range(len(columns) - length + 1)}
