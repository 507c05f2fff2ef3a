"""What every printer does, and that each of them puts the same dots on the paper."""

import io
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from PIL import Image

from drivers.fakes import FakePrinter
from drivers.ports import PROFILES, Code128, Document, LayoutError, Printer, PrinterProfile
from drivers.printer_escpos import EscposPrinter, encode
from drivers.printer_screen import ScreenPrinter
from drivers.raster import render
from drivers.registry import open_printer, parse_printer
from drivers.transports import SerialTransport
from tests.drivers.documents import CLAIM, ITEM, LABEL, RECEIPT, SLIP, TOKEN
from tests.support.paper import Code, PaperError, PaperReader, read_codes, read_pages
from tests.support.serial_devices import ThermalPrinter, wait_until

ROOT = Path(__file__).parents[2]
PROFILE = PrinterProfile()
LONG = Document("receipt", RECEIPT.blocks[:-1] * 8)
"""Far more bytes than a pseudo-terminal holds unread (20 kB)."""


def pixels(page: Image.Image) -> tuple[tuple[int, int], bytes]:
    return page.size, page.convert("L").tobytes()


@dataclass
class Bench:
    """A printer under test and a way to see its paper."""

    printer: Printer
    paper: Callable[[], list[Image.Image]]
    outcome: str


class NetworkPrinterSim:
    """Takes raw jobs on a loopback port, one connection each, and never answers."""

    def __init__(self) -> None:
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._server.getsockname()[1]
        self._jobs: list[bytes] = []
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        while True:
            try:
                connection, _ = self._server.accept()
            except OSError:
                return
            with connection:
                data = b""
                while piece := connection.recv(65536):
                    data += piece
            self._jobs.append(data)

    def pages(self) -> list[Image.Image]:
        return [page for job in list(self._jobs) for page in read_pages(job)]

    def close(self) -> None:
        self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()
        self._thread.join()


@pytest.fixture(params=["fake", "screen", "serial", "serial silent", "network", "file"])
def bench(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Bench]:
    match request.param:
        case "fake":
            fake = FakePrinter()
            yield Bench(fake, fake.images, "printed")
        case "screen":
            screen = open_printer(parse_printer("screen:"))
            assert isinstance(screen, ScreenPrinter)

            def shown() -> list[Image.Image]:
                return [Image.open(io.BytesIO(p.png)) for p in screen.pictures()]

            yield Bench(screen, shown, "printed")
        case "serial" | "serial silent" as kind:
            answers = kind == "serial"
            with ThermalPrinter(tmp_path / "printer", answers=answers) as device:
                printer = open_printer(parse_printer(f"serial:{device.path}?baud=921600"))
                yield Bench(printer, device.pages, "printed" if answers else "unknown")
                printer.close()
        case "network":
            server = NetworkPrinterSim()
            printer = open_printer(parse_printer(f"network:127.0.0.1:{server.port}"))
            yield Bench(printer, server.pages, "unknown")
            printer.close()
            server.close()
        case "file":
            path = tmp_path / "paper.escpos"
            printer = open_printer(parse_printer(f"file:{path}"))
            yield Bench(printer, lambda: read_pages(path.read_bytes()), "printed")
            printer.close()


def test_label_receipt_and_slip_come_out_dot_for_dot_as_drawn_and_read_back(
    bench: Bench,
) -> None:
    assert isinstance(bench.printer, Printer)
    for document in (LABEL, RECEIPT, SLIP):
        result = bench.printer.print(document)
        assert result.status == bench.outcome, result
        assert result.detail.zh
        assert result.detail.en
    wait_until(lambda: len(bench.paper()) == 3, "three pages")
    drawn = [page for document in (LABEL, RECEIPT, SLIP) for page in render(document, PROFILE)]
    assert [pixels(page) for page in bench.paper()] == [pixels(page) for page in drawn]
    assert [read_codes(page) for page in bench.paper()] == [
        [Code("Code128", ITEM)],
        [Code("QRCode", CLAIM)],
        [Code("Code128", TOKEN), Code("QRCode", TOKEN)],
    ]


def test_a_document_that_no_paper_can_hold_is_told_apart_from_a_faulty_printer(
    bench: Bench,
) -> None:
    with pytest.raises(LayoutError):
        bench.printer.print(Document("label", (Code128(TOKEN),)))
    assert bench.printer.print(LABEL).status == bench.outcome


def test_warming_up_puts_nothing_on_the_paper(bench: Bench) -> None:
    bench.printer.warm()
    assert bench.printer.print(LABEL).status == bench.outcome
    wait_until(lambda: len(bench.paper()) == 1, "one page")
    assert read_codes(bench.paper()[0]) == [Code("Code128", ITEM)]


def test_nothing_heavy_is_imported_before_the_first_document() -> None:
    """A kiosk must be ready before Pillow is: 350 ms on a small machine."""
    program = (
        "import sys\n"
        "from drivers.registry import open_printer, open_scanner, parse_printer, parse_scanner\n"
        "open_printer(parse_printer('screen:'))\n"
        "open_printer(parse_printer('serial:/dev/none'))\n"
        "open_scanner(parse_scanner('serial:/dev/none'), 'a', print).close()\n"
        "print([m for m in ('PIL', 'segno', 'escpos', 'barcode', 'serial') if m in sys.modules])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=ROOT
    )
    assert done.stdout.strip() == "[]"


def test_no_environment_variable_or_directory_is_left_behind_by_the_escpos_library(
    tmp_path: Path,
) -> None:
    """It would unpickle from a directory that a variable names, and leave one in /tmp."""
    trap = tmp_path / "trap"
    trap.mkdir()
    program = (
        "import os\n"
        "from drivers.printer_escpos import encode\n"
        "from drivers.ports import Document, Feed, PrinterProfile\n"
        "from drivers.raster import render\n"
        "before = dict(os.environ)\n"
        "profile = PrinterProfile()\n"
        "encode(render(Document('label', (Feed(1),)), profile), profile)\n"
        "assert dict(os.environ) == before\n"
    )
    environment = {
        **os.environ,
        "ESCPOS_CAPABILITIES_PICKLE_DIR": str(trap),
        "TMPDIR": str(tmp_path),
    }
    subprocess.run([sys.executable, "-c", program], check=True, env=environment, cwd=ROOT)
    assert list(trap.iterdir()) == []
    assert list(tmp_path.iterdir()) == [trap]


def test_a_closed_printer_says_so_and_prints_nothing(bench: Bench) -> None:
    bench.printer.close()
    result = bench.printer.print(LABEL)
    assert result.status == "failed"
    assert "closed" in result.detail.en
    assert bench.printer.status().state == "away"


# --- ESC/POS on a line ---


@pytest.fixture
def device(tmp_path: Path) -> Iterator[ThermalPrinter]:
    with ThermalPrinter(tmp_path / "printer") as thermal:
        yield thermal


@pytest.fixture
def printer(device: ThermalPrinter) -> Iterator[EscposPrinter]:
    transport = SerialTransport(str(device.path), baud=921600, stall_s=0.3)
    opened = EscposPrinter("serial:test", transport)
    yield opened
    opened.close()


def test_without_paper_nothing_is_sent_and_after_a_new_roll_it_prints(
    device: ThermalPrinter, printer: EscposPrinter
) -> None:
    device.paper_bits = ThermalPrinter.PAPER_OUT
    assert printer.status().state == "attention"
    result = printer.print(LABEL)
    assert result.status == "failed"
    assert "paper" in result.detail.en
    assert device.pages() == []
    device.paper_bits = 0
    assert printer.print(LABEL).status == "printed"
    assert device.codes() == [[Code("Code128", ITEM)]]


def test_little_paper_is_told_with_the_printed_label(
    device: ThermalPrinter, printer: EscposPrinter
) -> None:
    device.paper_bits = ThermalPrinter.PAPER_LOW
    result = printer.print(LABEL)
    assert result.status == "printed"
    assert "low" in result.detail.en
    assert result.paper_mm == render(LABEL, PROFILE)[0].height / 8


def test_a_silent_printer_is_unknown_never_adequate(
    device: ThermalPrinter, printer: EscposPrinter
) -> None:
    device.answers = False
    assert printer.status().state == "unknown"
    assert printer.print(LABEL).status == "unknown"
    device.answers = True
    assert printer.print(LABEL).status == "printed"


def test_a_jammed_printer_fails_in_time_and_prints_whole_when_freed(
    device: ThermalPrinter, printer: EscposPrinter
) -> None:
    device.answers = False
    device.jam()
    result = printer.print(LONG)
    assert result.status == "failed"
    assert "takes no data" in result.detail.en
    device.free()
    device.answers = True
    assert printer.print(LABEL).status == "printed"
    # The long one broke off somewhere; the label after it is whole and alone on its page.
    assert pixels(device.pages()[-1]) == pixels(render(LABEL, PROFILE)[0])


def test_a_label_is_whole_after_a_power_cut_of_the_kiosk_in_the_middle_of_another(
    device: ThermalPrinter,
) -> None:
    data = encode(render(RECEIPT, PROFILE), PROFILE)
    before = SerialTransport(str(device.path), baud=921600)
    before.send(data[: len(data) // 2])
    before.close()
    after = EscposPrinter("p", SerialTransport(str(device.path), baud=921600))
    assert after.print(LABEL).status == "printed"
    after.close()
    assert pixels(device.pages()[-1]) == pixels(render(LABEL, PROFILE)[0])


def test_a_path_that_is_no_serial_line_is_told_as_that(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").touch()
    result = open_printer(parse_printer(f"serial:{tmp_path}/notes.txt")).print(LABEL)
    assert result.status == "failed"
    assert "serial line" in result.detail.en


def test_a_printer_switched_off_and_on_prints_again_without_a_restart(
    device: ThermalPrinter, printer: EscposPrinter
) -> None:
    assert printer.print(LABEL).status == "printed"
    device.unplug()
    result = printer.print(LABEL)
    assert result.status == "failed"
    assert "away" in result.detail.en
    assert printer.status().state == "away"
    device.plug()
    assert printer.print(RECEIPT).status == "printed"
    assert [codes[0].text for codes in device.codes()] == [ITEM, CLAIM]


def test_a_printer_that_was_never_there_fails_with_its_path(tmp_path: Path) -> None:
    missing = open_printer(parse_printer(f"serial:{tmp_path}/nothing"))
    result = missing.print(LABEL)
    assert result.status == "failed"
    assert f"{tmp_path}/nothing" in result.detail.en


def test_closing_frees_a_print_that_hangs(device: ThermalPrinter) -> None:
    device.answers = False
    device.jam()
    hanging = EscposPrinter("p", SerialTransport(str(device.path), baud=921600, stall_s=60.0))
    results: list[str] = []
    thread = threading.Thread(target=lambda: results.append(hanging.print(LONG).status))
    thread.start()
    wait_until(lambda: device.bytes_waiting() > 1_000, "the job is on its way")
    hanging.close()
    thread.join(timeout=10)
    assert results == ["failed"]


def test_a_network_printer_that_is_off_fails_with_its_address() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    result = open_printer(parse_printer(f"network:127.0.0.1:{port}")).print(LABEL)
    assert result.status == "failed"
    assert f"127.0.0.1:{port}" in result.detail.en


def test_a_directory_gets_a_file_for_each_document(tmp_path: Path) -> None:
    printer = open_printer(parse_printer(f"file:{tmp_path}"))
    printer.print(LABEL)
    printer.print(RECEIPT)
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names == ["000001.escpos", "000002.escpos"]
    assert read_codes(read_pages((tmp_path / names[0]).read_bytes())[0])[0].text == ITEM


def test_a_printer_with_a_cutter_cuts_after_each_page() -> None:
    profile = PROFILES["80mm"]
    data = encode(render(LABEL, profile) + render(SLIP, profile), profile)
    assert [read_codes(page)[0].text for page in read_pages(data, 576)] == [ITEM, TOKEN]


def test_fewer_bytes_than_the_plain_picture_go_over_the_wire() -> None:
    pages = render(LABEL, PROFILE)
    assert len(encode(pages, PROFILE)) < 0.6 * sum(page.height * 48 for page in pages)


def test_the_screen_keeps_the_newest_pictures_only() -> None:
    screen = ScreenPrinter(kept=2)
    for document in (LABEL, RECEIPT, SLIP):
        screen.print(document)
    assert [(p.id, p.kind) for p in screen.pictures()] == [(2, "receipt"), (3, "slip")]
    assert screen.picture(1) is None
    newest = screen.picture(3)
    assert newest is not None
    assert newest.width_dots == 384


def test_the_fake_fails_when_told_and_prints_when_mended() -> None:
    fake = FakePrinter()
    result = FakePrinter().print(LABEL)
    fake.fail(result.detail)
    assert fake.print(LABEL).status == "failed"
    fake.mend()
    assert fake.print(RECEIPT).status == "printed"
    assert fake.documents == (RECEIPT,)


# --- the reader itself ---


@pytest.mark.parametrize("data", [b"text", b"\x1b!0", b"\x1dv0\x00\x31\x00\x01\x00" + bytes(49)])
def test_the_reader_refuses_bytes_that_a_printer_would_print_as_rubbish(data: bytes) -> None:
    with pytest.raises(PaperError):
        read_pages(data)


def test_the_reader_notices_a_job_cut_short() -> None:
    data = encode(render(LABEL, PROFILE), PROFILE)
    reader = PaperReader()
    reader.feed(data[:-1])
    with pytest.raises(PaperError):
        reader.close()
