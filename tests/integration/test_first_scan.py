"""Between enrolment and the first scan: waiting to be confirmed, the sample, the last word."""

import shutil
import threading
from pathlib import Path

import msgspec
import pytest

from contract.enrolling import Enrolled, Invitation, Refusal, encode, parts
from drivers.fakes import FakeSpeaker
from drivers.ports import ScanRead
from kiosk.clock import LearntClock, SystemClock
from kiosk.inputs import LoopInput
from kiosk.lanes import LaneScreen
from kiosk.screen.moment import Moment
from kiosk.screen.view import KioskView, LaneView, ScreenView
from kiosk.setup.client import HubClient, HubError
from kiosk.setup.first_scan import FirstScan
from kiosk.setup.flow import Keys, Progress
from kiosk.setup.progress import ProgressStore
from kiosk.state import LaneState, Message, Phase
from tests.support.fleet_keys import KEYS
from tests.support.full_disk import full_disk
from tests.support.processes import until
from tests.support.setup_stories import AUTHORITY, ENROLLED, RICE, invitation

PROGRESS = Progress(
    invitation=encode(invitation()),
    keys=KEYS[0],
    authority=AUTHORITY,
    enrolled=ENROLLED,
    settled=True,
)
REST = Moment("lane-1", LaneState(), "idle", Message("rest"), 0, 0)


class Hub(HubClient):
    """Answers with what it has at the time."""

    def __init__(self) -> None:
        super().__init__(LearntClock(SystemClock()))
        self.answer: Enrolled | HubError = ENROLLED
        self.asked = 0

    def enrol(self, invitation: Invitation, authority: str, keys: Keys) -> Enrolled:
        self.asked += 1
        if isinstance(self.answer, HubError):
            raise self.answer
        return self.answer


class Kiosk:
    """A kiosk that is enrolled and runs."""

    def __init__(self, state: Path) -> None:
        self.hub, self.voice = Hub(), FakeSpeaker()
        self.store = ProgressStore(state)
        self.store.save(PROGRESS)
        self.lit = threading.Event()
        self.renewed: list[Progress] = []
        self.left = threading.Event()
        self.first = FirstScan(
            self.store, PROGRESS, self.hub, self.voice, self.lit.set, self.renewed.append,
            self.left.set, poll_s=0.02,
        )  # fmt: skip
        self.recorded: list[str] = []
        self.post = self.first.scans(self._record)
        self.view = ScreenView(KioskView("站", "Stop"))
        self.screen: LaneScreen = self.first.screen(self.view)
        self.screen.publish(REST)
        self.first.start()

    def _record(self, incoming: LoopInput) -> None:
        assert isinstance(incoming, ScanRead)
        self.recorded.append(incoming.text)

    def scan(self, text: str) -> None:
        self.post(ScanRead("lane-1", text))

    def told(self, why: Refusal, said: str) -> None:
        """The hub says that nothing comes of this enrolment."""
        self.hub.answer = HubError(why)
        until("the voice tells", lambda: said in self.voice.said)

    def page(self) -> LaneView:
        [lane] = self.view.now().lanes
        return lane.drawn(0)


def test_the_digits_stay_on_the_page_until_the_hub_has_confirmed(tmp_path: Path) -> None:
    kiosk = Kiosk(tmp_path)
    digits = PROGRESS.digits
    assert f"{digits[:3]} {digits[3:]}" in kiosk.page().message_en
    until("it asks again and again", lambda: kiosk.hub.asked > 3)
    assert kiosk.voice.said == []
    kiosk.hub.answer = msgspec.structs.replace(ENROLLED, confirmed=True)
    until("it asks for the sample", lambda: kiosk.voice.said == ["welcome"])
    assert kiosk.lit.is_set()
    until("so does the page", lambda: "Scan the sample" in kiosk.page().message_en)
    kiosk.first.say("saved")
    assert kiosk.voice.said == ["welcome", "setup-done"]
    assert kiosk.store.load() is None, "what was secret is gone"
    assert kiosk.page() == REST.drawn(0), "from now on it greets like any other"
    kiosk.first.say("saved")
    assert kiosk.voice.said[-1] == "saved"
    kiosk.first.close()


def test_a_scan_before_the_confirmation_is_a_scan_like_any_other(tmp_path: Path) -> None:
    kiosk = Kiosk(tmp_path)
    kiosk.first.say("saved")
    assert kiosk.voice.said == ["saved"]
    assert kiosk.store.load() == PROGRESS
    kiosk.first.close()


def test_the_page_shows_whoever_is_there_before_what_is_left(tmp_path: Path) -> None:
    kiosk = Kiosk(tmp_path)
    busy = msgspec.structs.replace(
        REST, state=LaneState(phase=Phase.INTAKE), message=Message("undone", {"count": 1}), beep=1
    )
    kiosk.screen.publish(busy)
    assert kiosk.page() == busy.drawn(0)
    kiosk.first.close()


def test_a_hub_that_cannot_be_reached_is_asked_again(tmp_path: Path) -> None:
    kiosk = Kiosk(tmp_path)
    kiosk.hub.answer = HubError("unreachable")
    asked = kiosk.hub.asked
    until("it goes on asking", lambda: kiosk.hub.asked > asked + 3)
    kiosk.hub.answer = msgspec.structs.replace(ENROLLED, confirmed=True)
    until("it asks for the sample", lambda: kiosk.voice.said == ["welcome"])
    kiosk.first.close()


def test_a_disk_without_room_for_the_question_is_a_hub_that_is_asked_again(
    tmp_path: Path,
) -> None:
    client = HubClient(LearntClock(SystemClock()), timeout_s=0.1)
    with full_disk(tmp_path / "anything"), pytest.raises(HubError) as missed:
        client.enrol(invitation(), AUTHORITY, KEYS[0])
    assert missed.value.problem == "hub-error"


@pytest.mark.parametrize(
    ("why", "said"),
    [(Refusal.CANCELLED, "setup-cancelled"), (Refusal.EXPIRED, "setup-expired")],
)
def test_an_enrolment_that_comes_to_nothing_is_told_by_page_light_and_voice(
    tmp_path: Path, why: Refusal, said: str
) -> None:
    kiosk = Kiosk(tmp_path)
    kiosk.hub.answer = HubError(why)
    until("the page tells", lambda: "did not confirm" in kiosk.page().message_en)
    until("the voice tells", lambda: said in kiosk.voice.said)
    assert kiosk.lit.is_set()
    asked = kiosk.hub.asked
    kiosk.first.close()
    assert kiosk.hub.asked == asked, "and it asks no more"


NEW = encode(invitation(2))


def test_a_new_code_begins_anew_once_the_hub_has_said_that_the_first_is_over(
    tmp_path: Path,
) -> None:
    kiosk = Kiosk(tmp_path)
    kiosk.scan(NEW)
    assert kiosk.recorded == [NEW], "until then it is a scan like any other"
    kiosk.told(Refusal.CANCELLED, "setup-cancelled")
    for text in (RICE, "E-bike battery", "https://example.org/", "G" + "0" * 10):
        kiosk.scan(text)
        assert kiosk.recorded[-1] == text, "whatever else is scanned is recorded"
    kiosk.scan(PROGRESS.invitation)
    until("it is over, again", lambda: kiosk.voice.said.count("setup-cancelled") == 2)
    assert not kiosk.left.is_set()
    kiosk.scan(NEW)
    assert kiosk.left.is_set()
    assert kiosk.store.load() == Progress(invitation=NEW, anew=ENROLLED.kiosk)
    kiosk.scan(NEW)
    assert kiosk.recorded.count(NEW) == 1, "what still lies in the beam is no scan"
    kiosk.first.close()


def test_a_new_code_may_come_as_bars_one_by_one(tmp_path: Path) -> None:
    kiosk = Kiosk(tmp_path)
    kiosk.told(Refusal.EXPIRED, "setup-expired")
    *most, last = parts(invitation(2))
    for have, part in enumerate(most, start=1):
        kiosk.scan(part)
        assert kiosk.voice.said[-3] == f"number-{have}"
    assert not kiosk.left.is_set()
    kiosk.scan(last)
    assert kiosk.left.is_set()
    assert kiosk.recorded == []
    kiosk.first.close()


def test_a_new_code_that_cannot_be_kept_is_told_and_nothing_ends(tmp_path: Path) -> None:
    kiosk = Kiosk(tmp_path)
    kiosk.told(Refusal.CANCELLED, "setup-cancelled")
    shutil.rmtree(tmp_path)
    kiosk.scan(NEW)
    assert kiosk.voice.said[-1] == "setup-unsaved"
    assert not kiosk.left.is_set()
    kiosk.first.close()


def test_a_certificate_that_comes_with_the_confirmation_is_taken_first(tmp_path: Path) -> None:
    kiosk = Kiosk(tmp_path)
    signed = msgspec.structs.replace(ENROLLED, confirmed=True, certificate="-----BEGIN…")
    kiosk.hub.answer = signed
    until("it is written", lambda: kiosk.renewed)
    assert kiosk.renewed[0].enrolled == signed
    assert kiosk.voice.said == []
    kiosk.first.close()
