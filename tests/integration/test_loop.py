"""What a kiosk's loop makes of inputs that no desk sees alone, with a journal on disk."""

from pathlib import Path

import pytest

from drivers.fakes import FakePrinter
from drivers.ports import PrintResult, Signal, Words
from kiosk.state import Phase
from tests.support.journals import Home
from tests.support.loop_scene import Running
from tests.support.people import RICE, SOAP
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
