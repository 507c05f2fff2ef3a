"""What a printer says of itself, what is made of it, and what happens when it stops."""

import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import msgspec
import pytest

from drivers.layout import lay_out
from drivers.ports import PROFILES, Condition, Document, PrinterProfile
from drivers.printer_escpos import EscposLanguage
from drivers.printer_tspl import TsplLanguage
from drivers.printer_wire import WirePrinter
from drivers.registry import open_printer, parse_printer
from drivers.transport_network import TcpTransport
from drivers.transports import SerialTransport, Transport, UsbNodeTransport
from tests.drivers.documents import ITEM, LABEL, RECEIPT
from tests.support.paper import Code
from tests.support.serial_devices import wait_until
from tests.support.virtual_printer import PtyPrinter, TcpPrinter, VirtualPrinter

LONG = Document("receipt", RECEIPT.blocks[:-1] * 8)
"""Far more bytes than printer and kernel hold between them."""
PATIENCE_S = 20.0
"""Longer than a busy machine holds up a printer that is well."""
ITEM_CODE = [Code("Code128", ITEM)]


@dataclass
class Bench:
    printer: WirePrinter
    machine: VirtualPrinter
    line: PtyPrinter | None = None


def language_of(profile: PrinterProfile) -> EscposLanguage | TsplLanguage:
    return TsplLanguage() if profile.language == "tspl" else EscposLanguage()


def build(
    link: str, name: str, folder: Path, stack: ExitStack, stall_s: float = PATIENCE_S
) -> Bench:
    profile = msgspec.structs.replace(PROFILES[name], speed_mm_s=1e6, settle_s=0.0)
    machine = VirtualPrinter(profile.language, width=profile.width_dots)
    line = None
    if link == "network":
        server = TcpPrinter(machine)
        stack.callback(server.close)
        transport: Transport = TcpTransport("127.0.0.1", server.port, stall_s=stall_s)
    else:
        line = stack.enter_context(PtyPrinter(folder / "printer", machine))
        transport = (
            SerialTransport(str(line.path), baud=921600, stall_s=stall_s)
            if link == "serial"
            else UsbNodeTransport(str(line.path), stall_s=stall_s)
        )
    printer = WirePrinter("printer:test", transport, language_of(profile), profile=profile)
    stack.callback(printer.close)
    return Bench(printer, machine, line)


@pytest.fixture(params=[
    "serial 58mm", "serial 58mm-native", "serial tspl-58mm-native", "usb tspl-58mm",
    "usb 58mm-native", "network 58mm-native", "network tspl-58mm",
])  # fmt: skip
def bench(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Bench]:
    with ExitStack() as stack:
        link, name = request.param.split()
        yield build(link, name, tmp_path, stack)


PLUGGED = ["serial 58mm", "serial tspl-58mm-native", "usb 58mm-native"]


@pytest.fixture(params=PLUGGED)
def plugged(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Bench]:
    with ExitStack() as stack:
        link, name = request.param.split()
        yield build(link, name, tmp_path, stack)


@pytest.fixture(params=PLUGGED)
def hasty(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Bench]:
    """Gives a printer up that takes nothing for a second."""
    with ExitStack() as stack:
        link, name = request.param.split()
        yield build(link, name, tmp_path, stack, stall_s=1.0)


def _out(machine: VirtualPrinter) -> None:
    machine.paper_out = True


def _open(machine: VirtualPrinter) -> None:
    machine.cover_open = True


def _error(machine: VirtualPrinter) -> None:
    machine.error = True


@pytest.mark.parametrize(
    ("break_it", "condition", "word"),
    [
        (_out, "paper-out", "paper"),
        (_open, "cover-open", "cover"),
        (_error, "error", "switch it off"),
    ],
)
def test_what_is_wrong_is_told_nothing_is_sent_and_mended_it_prints(
    bench: Bench, break_it: Callable[[VirtualPrinter], None], condition: Condition, word: str
) -> None:
    bench.printer.status()
    break_it(bench.machine)
    status = bench.printer.status()
    assert (status.state, status.condition) == ("attention", condition)
    assert word in status.detail.en
    result = bench.printer.print(LABEL)
    assert (result.status, result.progress, result.taken) == ("failed", "none", 0)
    assert word in result.detail.en
    assert result.before is not None
    assert result.before.condition == condition
    bench.machine.mend()
    assert bench.machine.pieces == []
    assert bench.printer.status().condition == "ready"
    assert bench.printer.print(LABEL).progress == "confirmed"
    assert bench.machine.codes() == [ITEM_CODE]


def test_little_paper_is_told_with_the_printed_label(tmp_path: Path) -> None:
    with ExitStack() as stack:
        bench = build("serial", "58mm", tmp_path, stack)
        bench.machine.paper_low = True
        result = bench.printer.print(LABEL)
        assert (result.status, result.progress) == ("printed", "confirmed")
        assert "low" in result.detail.en
        assert result.after is not None
        assert result.after.condition == "paper-low"
        assert bench.printer.status().condition == "paper-low"


@pytest.mark.parametrize("how", ["silent", "garbage"])
def test_silence_and_gibberish_are_unknown_never_adequate(bench: Bench, how: str) -> None:
    if how == "silent":
        bench.machine.answers = False
    else:
        bench.machine.garbage = True
    assert bench.printer.status().state == "unknown"
    result = bench.printer.print(LABEL)
    assert (result.status, result.progress) == ("unknown", "complete?")
    bench.machine.mend()
    # One that was silent gets 50 ms for its next answer: a busy machine may need another.
    wait_until(lambda: bench.printer.status().state == "ready", "it answers again")
    assert bench.printer.print(LABEL).progress == "confirmed"
    assert bench.machine.codes() == [ITEM_CODE] * 2


def test_paper_that_ends_within_a_label_is_no_printed_label(bench: Bench) -> None:
    bench.printer.status()
    job = bench.printer.print(LABEL)
    bench.machine.arm("paper-out", job.total // 2)
    result = bench.printer.print(LABEL)
    assert result.status != "printed"
    assert result.progress in ("partial", "complete?")
    if result.status == "unknown":
        assert result.after is not None
        assert result.after.condition == "paper-out"
        assert "paper" in result.detail.en


def test_a_printer_that_answers_at_once_but_is_held_up_is_not_believed(tmp_path: Path) -> None:
    """A status is answered ahead of what waits: "ready" behind half a label means nothing."""
    with ExitStack() as stack:
        bench = build("serial", "58mm-native", tmp_path, stack)
        assert bench.printer.print(LABEL).progress == "confirmed"
        bench.machine.ordered = False
        result = bench.printer.print(LABEL)
        assert (result.status, result.progress) == ("unknown", "complete?")
        assert "whole" in result.detail.en


def test_a_jammed_printer_fails_in_time_and_prints_whole_when_freed(hasty: Bench) -> None:
    hasty.printer.status()
    hasty.machine.answers = False
    hasty.machine.cover_open = True
    result = hasty.printer.print(LONG)
    # A TSPL printer prints nothing before the last command, which never came.
    language = hasty.printer.profile.language
    assert (result.status, result.progress) == (
        "failed", "none" if language == "tspl" else "partial",
    )  # fmt: skip
    assert "takes no data" in result.detail.en
    assert 0 < result.taken < result.total
    hasty.machine.mend()
    wait_until(lambda: hasty.machine.room == 4096, "it goes on")
    wait_until(lambda: hasty.printer.status().state == "ready", "it answers again")
    assert hasty.printer.print(LABEL).progress == "confirmed"
    [whole] = hasty.machine.codes()[-1:]
    assert whole == ITEM_CODE


def test_a_printer_switched_off_and_on_prints_again_without_a_restart(plugged: Bench) -> None:
    assert plugged.line is not None
    assert plugged.printer.print(LABEL).progress == "confirmed"
    plugged.line.unplug()
    plugged.machine.power_off()
    result = plugged.printer.print(LABEL)
    assert (result.status, result.progress) == ("failed", "none")
    assert "away" in result.detail.en
    status = plugged.printer.status()
    assert (status.state, status.condition) == ("away", "away")
    plugged.machine.mend()
    plugged.line.plug()
    assert plugged.printer.print(LABEL).progress == "confirmed"
    assert plugged.machine.codes() == [ITEM_CODE] * 2


@pytest.mark.parametrize("part", [0.05, 0.6, 0.95])
def test_a_printer_unplugged_in_a_label_says_how_far_it_came(plugged: Bench, part: float) -> None:
    assert plugged.line is not None
    printer = plugged.printer
    job = language_of(printer.profile).encode(lay_out(LABEL, printer.profile), printer.profile)
    printer.status()
    filler = len(language_of(printer.profile).filler(printer.profile))
    wait_until(lambda: plugged.machine.taken >= filler, "the filler is through")
    plugged.machine.arm("disconnect", int(len(job.data) * part))
    result = printer.print(LABEL)
    assert result.progress != "confirmed"
    assert result.taken >= int(len(job.data) * part) - 16 or result.status == "unknown"
    assert (result.progress == "none") == (result.taken <= job.safe)
    plugged.machine.mend()
    plugged.line.plug()
    assert printer.print(LABEL).progress == "confirmed"
    assert plugged.machine.codes()[-1] == ITEM_CODE


def test_a_network_printer_that_hangs_up_in_a_label_is_not_believed_and_prints_later(
    tmp_path: Path,
) -> None:
    with ExitStack() as stack:
        bench = build("network", "58mm-native", tmp_path, stack)
        bench.printer.status()
        bench.machine.arm("disconnect", 1_000)
        result = bench.printer.print(LABEL)
        assert result.progress != "confirmed"
        assert result.taken > 900 or result.progress == "none"
        bench.machine.mend()
        assert bench.printer.print(LABEL).progress == "confirmed"
        assert bench.machine.codes()[-1] == ITEM_CODE


def test_a_path_that_is_no_serial_line_is_told_as_that(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").touch()
    result = open_printer(parse_printer(f"serial:{tmp_path}/notes.txt")).print(LABEL)
    assert result.status == "failed"
    assert "serial line" in result.detail.en


@pytest.mark.parametrize("scheme", ["serial", "usb"])
def test_a_printer_that_was_never_there_fails_with_its_path(scheme: str, tmp_path: Path) -> None:
    printer = open_printer(parse_printer(f"{scheme}:{tmp_path}/nothing"))
    result = printer.print(LABEL)
    assert (result.status, result.progress) == ("failed", "none")
    assert f"{tmp_path}/nothing" in result.detail.en
    assert printer.status().condition == "away"


def test_a_network_printer_that_is_off_fails_with_its_address() -> None:
    server = TcpPrinter(VirtualPrinter())
    server.close()
    result = open_printer(parse_printer(f"network:127.0.0.1:{server.port}")).print(LABEL)
    assert (result.status, result.progress) == ("failed", "none")
    assert f"127.0.0.1:{server.port}" in result.detail.en


def test_a_pipe_that_nobody_reads_is_away_and_hangs_nobody(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    result = open_printer(parse_printer(f"file:{tmp_path}/pipe")).print(LABEL)
    assert (result.status, result.progress) == ("failed", "none")


def test_control_characters_from_outside_never_reach_the_printer(bench: Bench) -> None:
    from drivers.ports import Text

    nasty = '\x1b@\x1dV\x00\x10\x14\x08 ~!D \x1b!R PRINT "9,9" \\[L] \r\nCLS\r\n'
    document = Document("label", (Text(nasty), *LABEL.blocks))
    assert bench.printer.print(document).progress == "confirmed"
    assert bench.machine.strays == b""
    assert bench.machine.codes() == [ITEM_CODE]


@pytest.mark.parametrize(("name", "ordered"), [("58mm", True), ("58mm-native", False)])
def test_ready_is_believed_only_when_the_paper_has_had_its_time(
    name: str, ordered: bool, tmp_path: Path
) -> None:
    """And a printer without the ordered question is found out, and not asked it again."""
    with ExitStack() as stack:
        bench = build("usb", name, tmp_path, stack)
        slow = msgspec.structs.replace(bench.printer.profile, speed_mm_s=50.0)
        bench.machine.ordered = ordered
        transport = UsbNodeTransport(str(tmp_path / "printer"))
        bench.printer.close()
        printer = WirePrinter("p", transport, EscposLanguage(), profile=slow)
        stack.callback(printer.close)
        for _ in range(2):
            begun = time.monotonic()
            result = printer.print(LABEL)
            assert result.progress == "confirmed"
            assert time.monotonic() - begun >= result.paper_mm / 50.0


def test_a_label_printer_that_goes_on_printing_is_waited_for_and_not_for_ever(
    tmp_path: Path,
) -> None:
    with ExitStack() as stack:
        bench = build("usb", "tspl-58mm-native", tmp_path, stack)
        bench.printer.close()
        # It begins a moment after its last command, as motors do.
        profile = msgspec.structs.replace(bench.printer.profile, settle_s=0.1)
        transport = UsbNodeTransport(str(tmp_path / "printer"))
        printer = WirePrinter("p", transport, TsplLanguage(), profile=profile)
        stack.callback(printer.close)
        bench.machine.busy_s = 0.4
        begun = time.monotonic()
        assert printer.print(LABEL).progress == "confirmed"
        assert time.monotonic() - begun >= 0.4
        bench.machine.busy_s = 60.0
        result = printer.print(LABEL)
        assert (result.status, result.progress) == ("unknown", "complete?")


def test_a_printer_that_says_stop_is_waited_for_and_loses_nothing(tmp_path: Path) -> None:
    """XOFF and XON, which a pseudo-terminal's kernel side obeys as a real line's does."""
    with ExitStack() as stack:
        machine = VirtualPrinter(answers=False)
        line = stack.enter_context(PtyPrinter(tmp_path / "printer", machine))
        printer = WirePrinter(
            "p",
            SerialTransport(str(line.path), baud=115200, flow="xon", stall_s=1.0),
            EscposLanguage(),
            profile=PROFILES["58mm"],
        )
        stack.callback(printer.close)
        printer.status()
        line.write(b"\x13")
        stopped = printer.print(LABEL)
        assert (stopped.status, stopped.progress) == ("failed", "none")
        assert "takes no data" in stopped.detail.en
        line.write(b"\x13")
        resumed = threading.Timer(0.3, line.write, [b"\x11"])
        resumed.start()
        stack.callback(resumed.join)
        assert printer.print(LABEL).taken > 0
        wait_until(lambda: machine.codes()[-1:] == [ITEM_CODE], "the label")
