"""What a kiosk's loop makes of inputs that no desk sees alone, with a journal on disk."""

import errno
import threading
from pathlib import Path

import pytest

from contract.events import LabelAttached
from drivers.fakes import FakePrinter
from drivers.ports import Alarm, PrintResult, Qr, Signal, Words
from kiosk.inputs import PrintDone
from kiosk.loop import LOOK_MS
from kiosk.papers import RETRY_MS
from kiosk.state import Phase
from tests.support.full_disk import full_disk
from tests.support.journals import Home
from tests.support.loop_scene import Running
from tests.support.people import FINISH, RICE, SOAP
from tests.support.processes import until

DOOR, BACK = "scanner-1", "scanner-2"
"""The first lane is there from the start; the second one's scanner is found later."""


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "kiosk")


def test_a_donor_at_a_scanner_that_is_found_later_is_there_after_a_restart_too(home: Home) -> None:
    before = Running(home, lanes=[DOOR])
    before.find_scanner(BACK)
    before.scan(RICE, lane=BACK)
    assert before.lanes.states[BACK].phase is Phase.INTAKE
    before.off()
    after = Running(home, lanes=[DOOR])
    after.find_scanner(BACK)
    assert after.shown()[BACK].state == Phase.INTAKE
    assert after.panel.modes[BACK] == "intake"
    after.find_scanner(BACK)
    assert after.panel.shown.count((BACK, Signal.IDLE)) == 1, "what is there is greeted once"
    after.off()


def test_a_label_that_broke_off_is_asked_about_where_its_donor_stands(home: Home) -> None:
    before = Running(home, lanes=[DOOR])
    before.find_scanner(BACK)
    before.scan(SOAP, lane=BACK)
    before.off()
    printer = FakePrinter()
    printer.next_results = [PrintResult("failed", Words("断", "broke off"), progress="partial")]
    after = Running(home, lanes=[DOOR], printers=[printer])
    after.find_scanner(BACK)
    after.switch_on()
    until("it is asked", lambda: after.turns() and "label" in after.message(BACK))
    assert after.panel.shown[-1] == (BACK, Signal.ATTENTION)
    assert "label" not in after.message(DOOR)
    after.off()


def test_the_alarm_ends_when_the_disk_takes_again_though_nobody_scans(home: Home) -> None:
    kiosk = Running(home, lanes=[DOOR])
    with full_disk(home.path):
        kiosk.scan(SOAP, lane=DOOR)
        assert kiosk.panel.shown[-1] == (DOOR, Signal.REFUSED)
        kiosk.wait(LOOK_MS)
        assert Alarm.UNSAVED in kiosk.panel.alarms
    kiosk.wait(LOOK_MS)
    kiosk.wait(0)
    assert Alarm.UNSAVED not in kiosk.panel.alarms
    kiosk.off()


class Unloaded(FakePrinter):
    """A printer whose libraries cannot be loaded at first, as on a disk that fails for a while."""

    def __init__(self) -> None:
        super().__init__()
        self.tried = threading.Event()

    def warm(self) -> None:
        self.tried.set()
        raise OSError(errno.EIO, "a library cannot be read")


def test_a_printer_that_could_not_be_made_ready_ahead_prints_when_it_can(home: Home) -> None:
    printer = Unloaded()
    kiosk = Running(home, lanes=[DOOR], printers=[printer])
    kiosk.switch_on()
    assert printer.tried.wait(10)
    kiosk.scan(SOAP, lane=DOOR)
    until("the label", lambda: kiosk.turns() and not kiosk.journal.queue.count())
    assert [document.kind for document in printer.documents] == ["label"]
    kiosk.off()


@pytest.mark.parametrize("left", [b"", b"\xff\xfe", b"C1A1M\x00\x00\x00"])
def test_a_donor_whose_claim_was_damaged_on_the_disk_gets_a_receipt_without_it(
    home: Home, left: bytes
) -> None:
    printer = FakePrinter()
    kiosk = Running(home, lanes=[DOOR], printers=[printer])
    kiosk.scan(SOAP, FINISH, lane=DOOR)
    [spooled] = home.spool.iterdir()
    spooled.write_bytes(left)
    kiosk.switch_on()
    until("both papers", lambda: kiosk.turns() and not kiosk.journal.queue.count())
    assert [document.kind for document in printer.documents] == ["label", "receipt"]
    assert not any(isinstance(block, Qr) for block in printer.documents[1].blocks)
    assert list(home.spool.iterdir()) == []
    kiosk.off()


def label_fails(kiosk: Running, printer: FakePrinter, result: PrintResult) -> None:
    """Somebody brings soap, and what the printer tells of its label comes while the disk is full
    and takes nothing; then there is room."""
    kiosk.switch_on()
    until("the printer is there", lambda: kiosk.turns() and kiosk.threads[0].ok is True)
    printer.next_results = [result]
    kiosk.scan(SOAP, lane=DOOR)
    until("the printer has told", lambda: any(isinstance(i, PrintDone) for i in kiosk.posted))
    with full_disk(kiosk.home.path):
        kiosk.take()
        kiosk.take()
    assert kiosk.lanes.unsaved is False


def test_a_label_that_did_not_come_out_while_the_disk_was_full_comes_when_there_is_room(
    home: Home,
) -> None:
    printer = FakePrinter()
    kiosk = Running(home, lanes=[DOOR], printers=[printer])
    label_fails(kiosk, printer, PrintResult("failed", Words("没纸", "no paper"), progress="none"))
    assert list(printer.documents) == []
    kiosk.wait(RETRY_MS)
    until("the label", lambda: kiosk.turns() and not kiosk.journal.queue.count())
    [label] = printer.documents
    assert "copy" not in str(label.blocks).lower()
    [item] = kiosk.open.issued()
    attached = [e.public.body for e in kiosk.open.lines()]
    assert LabelAttached(item=item, how="printed") in attached
    kiosk.off()


def test_a_label_that_came_out_while_the_disk_was_full_is_recorded_once_and_not_printed_again(
    home: Home,
) -> None:
    printer = FakePrinter()
    kiosk = Running(home, lanes=[DOOR], printers=[printer])
    label_fails(kiosk, printer, PrintResult("printed", Words("好", "fine"), progress="confirmed"))
    kiosk.wait(RETRY_MS)
    assert kiosk.journal.queue.count() == 0
    assert len(printer.documents) == 1
    [item] = kiosk.open.issued()
    bodies = [e.public.body for e in kiosk.open.lines()]
    assert bodies.count(LabelAttached(item=item, how="printed")) == 1
    kiosk.off()
