"""A kiosk is killed at every step between a scan and its label, as a process of its own.

The printer hangs at a slow line, so that a step can be met. After the restart an honest person does
what the page says: scans a whole label, or asks for another one by card. In the end one label
carries the item's code, and the tin that was scanned again is still one tin.
"""

import time
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

import pytest

from contract.actions import Verb
from contract.codes import action_code
from tests.support.people import FINISH, RICE, SOAP, quantity
from tests.support.ports import free_port
from tests.support.processes import until
from tests.support.shop import REARM_S
from tests.support.site import Kiosk, Lane, write_identity
from tests.support.virtual_printer import PtyPrinter, VirtualPrinter

BAUD = 19200
QUESTION = "Did label"
ASK_S = 40.0


class Stop:
    """A kiosk with a page to scan at and a printer on a slow line (or another)."""

    def __init__(self, folder: Path, *, baud: int = BAUD, more: str = "") -> None:
        write_identity(folder / "kiosk", "kiosk-1", ["7K2M", "0001"])
        self.machine = VirtualPrinter()
        self.line = PtyPrinter(folder / "printer", self.machine, baud=baud)
        self.kiosk = Kiosk(
            folder / "kiosk",
            "kiosk-1",
            free_port(),
            printers=[f"serial:{folder / 'printer'}?baud={baud}&profile=58mm-native{more}"],
            language="en",
        )

    def lane(self) -> Lane:
        return Lane(self.kiosk.state())

    def printer(self, *, ok: bool) -> str | None:
        """What the page says of the printer, when it is well, or when it is not."""
        devices = self.kiosk.state()["kiosk"]["devices"]
        words = (d["en"] for d in devices if d["kind"] == "printer" and d["ok"] is ok)
        return next(words, None)

    def codes(self) -> list[list[str]]:
        return [[code.text for code in piece] for piece in self.machine.codes()]

    def plain_and_copies(self, item: str) -> tuple[int, int]:
        """Finished labels with this code, without the word copy and with it."""
        pages, texts = self.machine.pages, self.machine.texts
        both = [
            "COPY" in text
            for codes, text in zip(self.codes()[: len(pages)], texts, strict=True)
            if item in codes
        ]
        return both.count(False), both.count(True)

    def is_whole(self, item: str, since: int) -> bool:
        """Whether a label came out to its last line, the name of the stop."""
        return any(
            item in codes and "Yicang Stop 1" in text
            for codes, text in zip(self.codes()[since:], self.machine.texts[since:], strict=False)
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self.kiosk.process is not None:
            self.kiosk.kill()
        self.line.close()


@pytest.fixture
def stop(tmp_path: Path) -> Iterator[Stop]:
    with Stop(tmp_path) as made:
        yield made


def kill_at(stop: Stop, step: str) -> None:
    """Scans, and kills the kiosk at that step."""
    before = stop.machine.taken
    if step == "scan":
        stop.kiosk.enter(RICE)
        until("the code is taken", lambda: stop.kiosk.folder.joinpath("journal.sqlite3").exists())
    else:
        assert stop.kiosk.scan(RICE).signal == "saved"
    if step.isdigit():
        until("so many bytes", lambda: stop.machine.taken >= before + int(step), deadline_s=ASK_S)
    if step == "printed":
        until("the label is out", lambda: len(stop.machine.pages) == 2, deadline_s=ASK_S)
    if step == "recorded":
        until(
            "nothing waits",
            lambda: stop.kiosk.state()["kiosk"]["papers_waiting"] == 0,
            deadline_s=ASK_S,
        )
    stop.kiosk.kill()


def settled(stop: Stop) -> None:
    """Waits until no bytes come and the kiosk has nothing to print."""

    def quiet() -> bool:
        waiting = stop.kiosk.state()["kiosk"]["papers_waiting"]
        return bool(waiting == 0 and stop.machine.idle)

    until("all papers are out", quiet, deadline_s=ASK_S)


@pytest.mark.parametrize("step", ["scan", "green", "20", "350", "printed", "recorded"])
def test_one_label_and_one_tin_wherever_the_kiosk_is_killed(stop: Stop, step: str) -> None:
    stop.kiosk.start()
    stop.kiosk.scan(SOAP)
    settled(stop)
    first = stop.lane().codes
    kill_at(stop, step)
    pieces = len(stop.machine.pieces)
    stop.kiosk.start()
    lane = stop.lane()
    items = [code for code in lane.codes if code not in first]
    if step == "scan" and not items:
        return  # it was killed before anything was saved, and nothing was green
    [shown] = items
    item = shown.replace(" ", "")
    torn = 0
    if QUESTION in lane.message:
        assert lane.signal == "attention"
        until("the line is quiet", lambda: stop.machine.idle or step.isdigit(), deadline_s=ASK_S)
        if stop.is_whole(item, 1):
            assert stop.kiosk.scan(item).signal == "saved"
        else:
            torn = len(stop.machine.pieces)
            assert stop.kiosk.scan(action_code(Verb.REPRINT)).message == "The label prints again"
    else:
        assert not step.isdigit(), "bytes had left it, and nobody was asked"
    again = stop.kiosk.scan(RICE)
    at = time.monotonic()
    assert (again.signal, len(again.codes)) == ("attention", 2), again.message
    settled(stop)
    plain, copies = stop.plain_and_copies(item)
    thrown_away = sum(item in codes for codes in stop.codes()[1:torn])
    assert (plain - thrown_away, copies) == ((0, 1) if torn else (1, 0))
    assert pieces <= len(stop.machine.pieces)
    until("it may be read again", lambda: time.monotonic() - at > REARM_S)
    other = stop.kiosk.scan(RICE)
    assert other.signal == "saved"
    assert len(set(other.codes)) == 3


@pytest.fixture
def fast_stop(tmp_path: Path) -> Iterator[Stop]:
    """With a line on which many labels come out soon, and the shortest roll."""
    with Stop(tmp_path, baud=115200, more="&roll=1000") as made:
        yield made


def test_the_page_says_when_the_paper_runs_low_and_when_a_new_roll_is_in(fast_stop: Stop) -> None:
    stop = fast_stop
    stop.kiosk.start()
    new_roll = action_code(Verb.NEW_ROLL)
    assert stop.kiosk.scan(new_roll).message == "New roll noted"
    stop.kiosk.scan(RICE)
    until("the printer is well", lambda: stop.printer(ok=True))
    stop.kiosk.scan(quantity(16))
    stop.kiosk.scan(FINISH)  # whose receipt begins the last labels' worth of the roll
    said = until("the paper runs low", lambda: stop.printer(ok=False), deadline_s=60)
    assert "have a new roll ready" in said
    settled(stop)
    stop.kiosk.kill()
    stop.kiosk.start()
    until("it is known after a cut as well", lambda: stop.printer(ok=False))
    stop.kiosk.scan(new_roll)
    until("all is well", lambda: stop.printer(ok=True))
