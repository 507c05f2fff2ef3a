"""What a USB printer's interface says beside the data: one suite over both ways to ask it.

A machine without a printer has no ``/dev/usb``: here the node is a pseudo-terminal, and what the
kernel's driver would answer comes from the virtual printer behind it. The way without the kernel
goes through the real PyUSB.
"""

import errno
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import msgspec
import pytest

from drivers.link_faults import LinkError
from drivers.port_status import (
    NO_ERROR,
    PAPER_EMPTY,
    SELECTED,
    PortStatus,
    port_status,
)
from drivers.ports import PROFILES, Condition, Document
from drivers.printer_escpos import EscposLanguage
from drivers.printer_wire import WirePrinter
from drivers.transport_usb import UsbTransport
from drivers.transports import Transport, UsbNodeTransport, ask_node
from tests.drivers.documents import ITEM, LABEL, RECEIPT
from tests.support.paper import Code
from tests.support.serial_devices import wait_until
from tests.support.usb_bus import UsbBus
from tests.support.virtual_printer import PtyPrinter, VirtualPrinter

LONG = Document("receipt", RECEIPT.blocks[:-1] * 8)
"""Far more bytes than printer and kernel hold between them."""


@dataclass
class Bench:
    printer: WirePrinter
    machine: VirtualPrinter
    tells: list[int | None]
    """What the interface answers: its own byte with nothing in here; None: it refuses."""
    asked: list[int]


def build(link: str, folder: Path, stack: ExitStack, stall_s: float) -> Bench:
    machine = VirtualPrinter(answers=False)
    tells: list[int | None] = []
    asked: list[int] = []

    def answer(_: int = 0) -> int:
        byte = tells[-1] if tells else machine.port_byte
        asked.append(0)
        if byte is None:
            raise OSError(errno.EIO, "Input/output error")
        return byte

    if link == "node":
        stack.enter_context(PtyPrinter(folder / "lp0", machine))
        transport: Transport = UsbNodeTransport(
            str(folder / "lp0"), stall_s=stall_s, ask_port=answer
        )
    else:
        bus = UsbBus(machine, port=answer)
        transport = UsbTransport(0x0416, 0x5011, stall_s=stall_s, backend=bus)
    profile = msgspec.structs.replace(PROFILES["58mm"], speed_mm_s=1e6, settle_s=0.0)
    printer = WirePrinter("printer:test", transport, EscposLanguage(), profile=profile)
    stack.callback(printer.close)
    return Bench(printer, machine, tells, asked)


@pytest.fixture(params=["node", "bus"])
def bench(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Bench]:
    """Gives nobody up that a busy machine merely holds up."""
    with ExitStack() as stack:
        yield build(request.param, tmp_path, stack, stall_s=20.0)


@pytest.fixture(params=[pytest.param("node", marks=pytest.mark.proof), "bus"])
def hasty(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Bench]:
    """Gives up soon. Behind a pseudo-terminal a thread reads, which may be late."""
    with ExitStack() as stack:
        stall_s = 1.0 if request.param == "node" else 0.1
        yield build(request.param, tmp_path, stack, stall_s=stall_s)


def test_a_silent_printer_without_paper_gets_nothing_and_says_so(bench: Bench) -> None:
    bench.machine.paper_out = True
    result = bench.printer.print(LABEL)
    assert (result.status, result.progress) == ("failed", "none")
    assert "out of paper" in result.detail.en
    assert "没有纸" in result.detail.zh
    assert bench.printer.status().condition == "paper-out"
    mend(bench.machine)
    assert bench.printer.status().condition == "unknown"
    assert bench.printer.print(LABEL).status == "unknown"
    once = [[Code("Code128", ITEM)]]
    wait_until(lambda: bench.machine.codes() == once, "the label on the paper")


def mend(machine: VirtualPrinter) -> None:
    machine.mend()
    machine.answers = False


def jam_paper(machine: VirtualPrinter) -> None:
    machine.arm("paper-out", 6_000)


def jam_cover(machine: VirtualPrinter) -> None:
    machine.cover_open = True


def jam_head(machine: VirtualPrinter) -> None:
    machine.error = True


@pytest.mark.parametrize(
    ("jam", "condition", "word"),
    [
        (jam_paper, "paper-out", "out of paper"),
        (jam_cover, "paused", "close its cover"),
        (jam_head, "error", "switch it off and on"),
    ],
)
def test_one_that_takes_no_more_bytes_says_why(
    hasty: Bench, jam: Callable[[VirtualPrinter], None], condition: Condition, word: str
) -> None:
    jam(hasty.machine)
    result = hasty.printer.print(LONG)
    assert result.status == "failed"
    assert word in result.detail.en
    status = hasty.printer.status()
    assert (status.state, status.condition) == ("attention", condition)


def test_no_constant_of_a_cheap_board_makes_a_silent_printer_ready_or_stops_it(
    bench: Bench,
) -> None:
    for byte in (0x18, 0x00, 0xFF, 0x08, 0x10):
        bench.tells.append(byte)
        assert bench.printer.status().condition == "unknown", hex(byte)
    for byte in (0x00, 0xFF):
        bench.tells.append(byte)
        assert bench.printer.print(LABEL).status == "unknown", hex(byte)
    twice = 2 * [[Code("Code128", ITEM)]]
    wait_until(lambda: bench.machine.codes() == twice, "the labels on the paper")


def test_an_interface_that_refuses_is_unknown_and_not_asked_again(hasty: Bench) -> None:
    hasty.tells.append(None)
    for _ in range(3):
        assert hasty.printer.status().condition == "unknown"
    assert len(hasty.asked) == 1
    hasty.machine.cover_open = True
    result = hasty.printer.print(LONG)
    assert "takes no data" in result.detail.en
    assert hasty.printer.status().condition == "away"


def test_a_printer_that_answers_by_itself_is_believed_before_its_interface(bench: Bench) -> None:
    bench.machine.answers = True
    bench.tells.append(0x38)
    assert bench.printer.status().condition == "ready"
    assert bench.printer.print(LABEL).status == "printed"
    assert bench.asked == []


def test_a_node_that_takes_no_byte_is_asked_before_it_is_let_go(tmp_path: Path) -> None:
    machine = VirtualPrinter(answers=False)
    machine.paper_out = True
    with PtyPrinter(tmp_path / "lp0", machine):
        transport = UsbNodeTransport(
            str(tmp_path / "lp0"), stall_s=0.5, ask_port=lambda _: machine.port_byte
        )
        with pytest.raises(LinkError) as stuck:
            transport.send(bytes(100_000))
        assert stuck.value.port == port_status(PAPER_EMPTY | SELECTED | NO_ERROR)
        transport.close()


def test_a_node_that_is_no_printers_says_nothing(tmp_path: Path) -> None:
    """The real question, put to a terminal: it is refused, and the printer is unknown."""
    machine = VirtualPrinter(answers=False)
    with PtyPrinter(tmp_path / "lp0", machine):
        transport = UsbNodeTransport(str(tmp_path / "lp0"))
        assert transport.port() is None
        transport.close()
    with (tmp_path / "plain").open("wb") as plain, pytest.raises(OSError, match="ioctl"):
        ask_node(plain.fileno())


def test_the_bits_are_those_of_the_printing_class() -> None:
    well = PortStatus(paper_out=False, off_line=False, error=False)
    assert port_status(0x18) == well
    assert port_status(0x38) == PortStatus(paper_out=True, off_line=False, error=False)
    assert port_status(0x08) == PortStatus(paper_out=False, off_line=True, error=False)
    assert port_status(0x10) == PortStatus(paper_out=False, off_line=False, error=True)
    assert port_status(0xD8) == well, "a parallel port's busy and acknowledge"
