"""A kiosk being set up with devices in a test's hand: what is heard, lit, shown and printed."""

import errno
import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from contract.enrolling import Enrolled, Invitation, Refusal, encode, parts
from drivers.fakes import FakePanel, FakePrinter, FakeScanner, FakeSpeaker
from drivers.ports import DeviceState, PrintResult, Signal, Text, Words
from kiosk.clock import LearntClock, SystemClock
from kiosk.inputs import PrinterFound, PrinterLost, Stop
from kiosk.papers import PrinterThread
from kiosk.screen.view import KioskView, ScreenView
from kiosk.setup.client import HubClient, HubError
from kiosk.setup.desk import SetupDesk
from kiosk.setup.flow import Keys, Problem, Progress
from kiosk.setup.network import FakeNetwork
from kiosk.setup.progress import ProgressStore
from tests.support.processes import until
from tests.support.setup_stories import AUTHORITY, ENROLLED, HOME, RICE, WRONG, invitation


class Hub(HubClient):
    """A hub that grants everything, or has a problem."""

    def __init__(self, clock: LearntClock) -> None:
        super().__init__(clock)
        self.problem: Problem | None = None
        self.surprises: list[Exception] = []

    def authority(self, invitation: Invitation) -> str:
        if self.surprises:
            raise self.surprises.pop()
        if self.problem is not None:
            raise HubError(self.problem)
        return AUTHORITY

    def enrol(self, invitation: Invitation, authority: str, keys: Keys) -> Enrolled:
        return ENROLLED


class FullStore(ProgressStore):
    """A disk that takes nothing while it is told so."""

    full = False

    def save(self, progress: Progress) -> None:
        if self.full:
            raise OSError(errno.ENOSPC, "No space left on device")
        super().save(progress)


class HastyClock(SystemClock):
    """A clock that a test sets ahead."""

    ahead_ms = 0

    def mono(self) -> int:
        return super().mono() + self.ahead_ms


class Desk:
    def __init__(self, state: Path, *printers: FakePrinter, cable: bool = True) -> None:
        self.hasty = HastyClock()
        clock = LearntClock(self.hasty)
        self.voice, self.lights, self.hub = FakeSpeaker(), FakePanel(), Hub(clock)
        self.network = FakeNetwork({"Home": "correct horse"}, cable=cable)
        self.store = FullStore(state)
        self.settled: list[tuple[Progress, bool]] = []
        self.page = ScreenView(KioskView("新", "New"), clock.mono)
        self.ended: list[bool] = []
        self._post: list[Callable[[Any], None]] = []
        self.desk = SetupDesk(
            store=self.store,
            network=self.network,
            client=self.hub,
            clock=clock,
            entropy=os.urandom,
            settle=lambda progress, voice: self.settled.append((progress, voice)),
            panel=self.lights,
            speaker=self.voice,
            screen=self.page,
            printers=[PrinterThread(one, lambda posted: self._post[0](posted)) for one in printers],
        )
        self._post.append(self.desk.post)
        self.scanner = FakeScanner("lane-1", self.desk.post)
        self._thread = threading.Thread(target=lambda: self.ended.append(self.desk.run()))

    def start(self) -> "Desk":
        self.desk.open("lane-1")
        self._thread.start()
        self.scanner.start()
        return self

    def stop(self) -> None:
        if self._thread.ident is not None:
            self.desk.post(Stop())
            self._thread.join(10)

    def scan(self, text: str) -> None:
        self.scanner.scan(text)

    def hears(self, prompt: str) -> None:
        until(f"{prompt} in {self.voice.said}", lambda: prompt in self.voice.said)

    def ends_in_time(self) -> None:
        """It is done, however long that takes by its own clock, which runs a second ahead at every
        look."""

        def look() -> bool:
            self.hasty.ahead_ms += 1_000
            self.desk.post(PrinterLost("none of them"))  # wakes it, and says nothing
            return self.ended == [True]

        until("it is done", look)

    @property
    def message(self) -> str:
        [lane] = self.page.now().lanes
        return lane.drawn(0).message_en


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    made = Desk(tmp_path)
    yield made
    made.stop()


def test_what_nobody_thought_of_does_not_end_setting_up(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    desk.hub.surprises.append(ValueError("nobody thought of this"))
    desk.start()
    desk.scan(encode(invitation()))
    desk.hears("setup-unreachable")
    desk.hears("setup-enrolled")
    [said] = [one.getMessage() for one in caplog.records if "met an error" in one.getMessage()]
    assert "ValueError" in said
    assert "self.surprises.pop()" in said, "where it was"
    assert "nobody thought of this" not in said


def test_how_many_of_the_printed_bars_are_read_is_heard(desk: Desk) -> None:
    *most, last = parts(invitation())
    desk.start().hears("setup-hub")
    for have, part in enumerate(most, start=1):
        desk.scan(part)
        desk.hears(f"number-{have}")
        assert desk.voice.said[-4:] == [
            "setup-part",
            f"number-{have}",
            "setup-of",
            f"number-{len(most) + 1}",
        ]
    desk.scan(last)
    desk.hears("setup-enrolled")


@pytest.mark.parametrize(
    ("problem", "prompt"),
    [
        (Refusal.TOO_MANY, "setup-hub-busy"),
        ("hub-error", "setup-nonsense"),
        ("unreachable", "setup-unreachable"),
        (Refusal.EXPIRED, "setup-expired"),
    ],
)
def test_each_trouble_with_the_hub_is_heard_apart(
    desk: Desk, problem: Problem, prompt: str
) -> None:
    desk.hub.problem = problem
    desk.start().scan(encode(invitation()))
    desk.hears(prompt)
    troubles = {said for said in desk.voice.said if said not in ("setup-hub", "setup-working")}
    assert troubles == {prompt}


def words(printer: FakePrinter) -> str:
    """All that was printed."""
    return "\n".join(
        block.text
        for document in printer.documents
        for block in document.blocks
        if isinstance(block, Text)
    )


def test_without_a_printer_voice_and_page_lead_through(desk: Desk) -> None:
    desk.start().hears("setup-hub")
    desk.scan(encode(invitation()))
    desk.hears("setup-enrolled")
    until("the digits are on the page", lambda: "Enrolled" in desk.message)
    [lane] = desk.page.now().lanes
    progress = desk.store.load()
    assert progress is not None
    assert f"{progress.digits[:3]} {progress.digits[3:]}" in lane.drawn(0).next_en
    desk.ends_in_time()  # without a ticket
    assert desk.settled[0][0].enrolled == ENROLLED


def test_without_a_voice_paper_leads_through(tmp_path: Path) -> None:
    printer = FakePrinter()
    desk = Desk(tmp_path, printer, cable=False).start()
    until("the first slip", lambda: "Ready to be set up" in words(printer))
    desk.scan(WRONG)
    until("what is wrong", lambda: "password is wrong" in words(printer))
    desk.scan(HOME)
    until("the next step", lambda: "The Wi-Fi is joined" in words(printer))
    desk.scan(encode(invitation()))
    until("it is done", lambda: desk.ended == [True])
    told = words(printer)
    assert "Willow Lane Stop" in told
    assert "柳树里义仓站" in told
    digits = desk.settled[0][0].digits
    assert f"{digits[:3]} {digits[3:]}" in told
    assert desk.settled[0][1] is False, "no voice was heard"


def test_a_speaker_that_works_stays_switched_on(tmp_path: Path) -> None:
    desk = Desk(tmp_path, FakePrinter()).start()
    desk.desk.post(DeviceState("alsa:default", "speaker", True, Words("好", "ready")))
    desk.scan(encode(invitation()))
    until("it is done", lambda: desk.ended == [True])
    assert desk.settled[0][1] is True


def test_a_ticket_that_broke_off_is_printed_again(tmp_path: Path) -> None:
    printer = FakePrinter()
    desk = Desk(tmp_path, printer)
    desk.start().hears("setup-hub")
    until("the first slip", lambda: "The network works" in words(printer))
    printer.next_results.append(PrintResult("failed", Words("缺纸", "no paper")))
    desk.scan(encode(invitation()))
    until("it failed", lambda: not printer.next_results)
    desk.ends_in_time()
    assert "Willow Lane Stop" in words(printer)


def test_a_printer_that_is_plugged_in_later_is_used(desk: Desk) -> None:
    desk.start().hears("setup-hub")
    printer = FakePrinter()
    desk.desk.post(PrinterFound(printer))
    until("what to do now", lambda: "The network works" in words(printer))


def test_a_refusal_is_red_at_the_scanner_and_names_nothing_that_was_scanned(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(0):
        desk.start().hears("setup-hub")
        desk.scan(RICE)
        desk.hears("setup-not-yet")
        until("red", lambda: desk.lights.shown[-1] == ("lane-1", Signal.REFUSED))
        desk.scan(HOME)
        until("joined", lambda: "The Wi-Fi is joined" in desk.message)
    assert "setup: not-yet" in caplog.text
    for secret in (RICE, "Home", "horse"):
        assert secret not in caplog.text
    assert desk.store.load() is None, "and nothing of it is kept"


def test_what_lies_in_the_beam_is_one_scan(desk: Desk) -> None:
    desk.start().hears("setup-hub")
    for _ in range(5):
        desk.scan(RICE)
    desk.hears("setup-not-yet")
    desk.scan(HOME)
    until("joined", lambda: "The Wi-Fi is joined" in desk.message)
    assert desk.voice.said.count("setup-not-yet") == 1


def test_a_full_disk_is_told_and_nothing_is_sent_before_it_takes_again(tmp_path: Path) -> None:
    desk = Desk(tmp_path, FakePrinter())
    desk.start().hears("setup-hub")
    desk.store.full = True
    desk.scan(encode(invitation()))
    desk.hears("setup-unsaved")
    assert desk.settled == []
    desk.store.full = False
    desk.scan(encode(invitation(2)))
    until("it is done", lambda: desk.ended == [True])


def test_it_can_be_stopped_at_any_time(desk: Desk) -> None:
    desk.hub.problem = "unreachable"
    desk.start()
    desk.scan(encode(invitation()))
    desk.hears("setup-unreachable")
    desk.stop()
    assert desk.ended == [False]
    progress = desk.store.load()
    assert progress is not None
    assert progress.keys is not None, "the next start goes on with these"


def test_without_its_data_partition_a_kiosk_keeps_nothing(tmp_path: Path) -> None:
    store = ProgressStore(tmp_path, mount=str(tmp_path))
    with pytest.raises(OSError, match="data partition"):
        store.save(Progress(invitation=encode(invitation())))
    assert list(tmp_path.iterdir()) == []
