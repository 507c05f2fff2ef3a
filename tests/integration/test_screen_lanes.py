"""What a kiosk with a page shows of its real journal: the day's figures, and a donor's own code."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from msgspec import structs

from contract.actions import Verb
from contract.codes import Kind, action_code, token_code
from drivers.fakes import FakePanel
from drivers.ports import ScanRead
from kiosk.clock import LearntClock
from kiosk.day_figures import DayFigures
from kiosk.documents import claim_address, item_count
from kiosk.lanes import REARM_MS, LaneDesk
from kiosk.screen.view import SHOWN_AFTER_MS, KioskView, LaneView, ScreenView
from kiosk.signer import ReceiptSigner
from kiosk.state import ReceiptJob
from tests.support.journals import DAY_MS, Home, OpenJournal, entropy

CHINA = timezone(timedelta(hours=8))
NOON = int(datetime(2026, 11, 2, 4, tzinfo=UTC).timestamp() * 1000)
"""Noon in China."""
RICE = action_code(Verb.CATEGORY, "F1")
FOUR = action_code(Verb.QUANTITY, "04")
WHOLE_BOX = action_code(Verb.WHOLE_BOX)
UNDO = action_code(Verb.UNDO)
FINISH = action_code(Verb.FINISH)
MARKET = action_code(Verb.MARKET)
FIVE_YUAN = action_code(Verb.PRICE, "01J")
CARD = token_code(Kind.PERSON, b"ann-ann-an")
HUB = "https://hub.example"


class Stop:
    """A kiosk with a page, started on a state directory."""

    def __init__(self, home: Home, *, wall: int | None = NOON) -> None:
        self.home = home
        signed = structs.replace(home.identity.load(), signing_key="5a" * 32)
        home.identity.save(signed)
        self.opened: OpenJournal = home.open()
        self.clock = LearntClock(home.clock)
        if wall is not None:
            self.clock.learn(wall - home.clock.now, "test")
        self.view = ScreenView(KioskView("站", "Stop"), self.clock.mono)
        self.figures = DayFigures(self.opened.journal, self.clock, CHINA)
        self.figures.refresh()
        self.signer = ReceiptSigner(home.identity)
        self.desk = LaneDesk(
            self.opened.journal,
            self.clock,
            FakePanel(),
            self.view,
            entropy(f"{home.directory}{wall}"),
            claim_address=self.address,
            figures=self.figures,
        )
        self.desk.open("screen")

    def address(self, claim: str, head: str, receipt: ReceiptJob) -> str:
        fragment = self.signer.fragment(head, claim, item_count(receipt))
        return claim_address(HUB, claim, fragment)

    def scan(self, *texts: str) -> LaneView:
        for text in texts:
            self.home.clock.now += 2_000
            self.desk.take(ScanRead("screen", text))
            self.desk.tick()
        return self.view.now().lanes[0].drawn(self.clock.mono())

    def today(self) -> tuple[int, int]:
        view = self.figures.view()
        return view.received, view.handed_over

    def stop(self) -> None:
        self.opened.journal.close()


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "kiosk")


@pytest.fixture
def stop(home: Home) -> Iterator[Stop]:
    running = Stop(home)
    yield running
    running.stop()


def test_a_donor_without_a_card_is_told_after_a_power_cut_that_everything_is_kept(
    home: Home,
) -> None:
    before = Stop(home)
    before.scan(RICE)
    before.stop()
    after = Stop(home)
    shown = after.view.now().lanes[0].drawn(after.clock.mono())
    assert "kept" in shown.message_en
    assert "card" not in shown.message_en
    after.stop()


# --- one read ----------------------------------------------------------------------------------


def test_what_lies_in_the_beam_counts_once_and_at_another_lane_it_is_another_thing(
    stop: Stop,
) -> None:
    def items_after(milliseconds: int, lane: str) -> int:
        stop.home.clock.now += milliseconds
        stop.desk.take(ScanRead(lane, RICE))
        return len(stop.opened.issued())

    stop.desk.open("door")
    assert items_after(0, "screen") == 1
    assert items_after(REARM_MS - 1, "screen") == 1
    assert items_after(REARM_MS - 1, "screen") == 1, "it has never been out of the beam"
    assert items_after(0, "door") == 2
    assert items_after(REARM_MS, "screen") == 3


# --- the day ---------------------------------------------------------------------------------


def test_the_day_counts_what_came_in_and_what_left(stop: Stop) -> None:
    stop.scan(RICE, FOUR, FINISH)
    assert stop.today() == (4, 0)
    stop.scan(MARKET, FIVE_YUAN, FINISH, FIVE_YUAN, FINISH)
    assert stop.today() == (4, 2)


def test_what_is_taken_back_is_not_counted(stop: Stop) -> None:
    stop.scan(RICE, FOUR, UNDO)
    assert stop.today()[0] < 4
    stop.scan(MARKET, FIVE_YUAN, FINISH, UNDO)
    assert stop.today()[1] == 0


def test_a_restart_forgets_nothing_of_the_day(home: Home) -> None:
    first = Stop(home)
    first.scan(RICE, FOUR, RICE, UNDO, FINISH, MARKET, FIVE_YUAN, FINISH)
    figures = first.today()
    first.stop()
    again = Stop(home)
    assert again.today() == figures == (4, 1)
    again.stop()


def test_midnight_begins_a_new_day(stop: Stop) -> None:
    stop.scan(RICE, FINISH)
    stop.home.clock.now += DAY_MS // 2 + 60_000
    stop.figures.refresh()
    assert stop.today() == (0, 0)
    stop.scan(RICE, FINISH)
    assert stop.today() == (1, 0)


def test_a_kiosk_that_learns_the_date_late_counts_the_morning_too(home: Home) -> None:
    stop = Stop(home, wall=None)
    stop.scan(RICE, FINISH)
    stop.figures.refresh()
    assert not stop.figures.view().dated
    assert stop.today() == (1, 0)
    stop.clock.learn(NOON - home.clock.now, "test")
    stop.figures.refresh()
    assert stop.figures.view().dated
    assert stop.today() == (1, 0)
    stop.stop()


def test_a_box_counts_as_what_is_in_it(stop: Stop) -> None:
    stop.scan(RICE, WHOLE_BOX, FOUR, FINISH)
    assert stop.today() == (4, 0)


# --- a donor's own code ------------------------------------------------------------------------


def test_the_code_on_the_screen_says_what_the_receipt_says(stop: Stop) -> None:
    stop.scan(CARD, RICE, FINISH)
    (claim,) = stop.view.claims().values()
    jobs = stop.opened.journal.queue.waiting()
    (receipt,) = [job for job in jobs if isinstance(job.paper, ReceiptJob)]
    assert isinstance(receipt.paper, ReceiptJob)
    assert receipt.secret is not None
    secret = stop.opened.journal.secret_of(receipt.secret)
    assert secret is not None
    assert claim.address() == stop.address(secret, receipt.head, receipt.paper)


def test_the_code_is_gone_after_twenty_seconds_and_with_the_next_person(stop: Stop) -> None:
    stop.scan(RICE, FINISH)
    assert stop.view.claims()
    stop.home.clock.now += SHOWN_AFTER_MS
    assert not stop.view.claims()
    stop.scan(RICE, FINISH)
    assert stop.view.claims()
    stop.scan(CARD)
    assert not stop.view.claims()


def test_a_card_that_ends_the_session_before_shows_nobody_its_code(stop: Stop) -> None:
    stop.scan(CARD, RICE)
    stop.home.clock.now += 30_000
    stop.scan(token_code(Kind.PERSON, b"bob-bob-bo"))
    assert not stop.view.claims()


def test_a_scan_that_is_refused_leaves_the_donors_code(stop: Stop) -> None:
    stop.scan(RICE, FINISH)
    view = stop.scan("what is this?")
    assert view.signal == "refused"
    assert stop.view.claims()
