"""What the kiosk's page is told, and when it is woken."""

import threading
from collections.abc import Callable

import pytest
from msgspec.structs import replace

from contract.actions import CATEGORIES
from contract.codes import Kind, parse
from kiosk.screen.practice import SAMPLE_EAN13, practice_codes, tray
from kiosk.screen.view import (
    SIGNALS_KEPT,
    KioskView,
    LaneView,
    ScreenView,
    SignalName,
    Snapshot,
)
from tests.support.stopwatch import Stopwatch

KIOSK = KioskView("春晓社区小站", "Chunxiao Stop")
LONG = 30.0
"""Seconds that no wait here should take."""


def lane(signal: SignalName = "saved", beep: int = 1, name: str = "screen") -> LaneView:
    return LaneView("intake", signal, "已保存", "Saved", beep=beep, lane=name)


def waited(view: ScreenView, act: Callable[[], None]) -> Snapshot:
    """What a browser gets that waits for news while ``act`` happens."""
    got: list[Snapshot] = []
    after = view.now().revision
    waiter = threading.Thread(target=lambda: got.append(view.wait(after, LONG)))
    waiter.start()
    act()
    waiter.join(LONG / 2)
    assert not waiter.is_alive(), "nobody woke the browser"
    return got[0]


def test_a_waiting_page_is_woken_by_what_happens_in_a_lane() -> None:
    view = ScreenView(KIOSK)
    assert waited(view, lambda: view.publish(lane())).lanes == (lane(),)


def test_a_waiting_page_is_woken_when_the_network_goes() -> None:
    view = ScreenView(replace(KIOSK, online=True))
    seen = waited(view, lambda: view.publish_kiosk(replace(KIOSK, backlog=3)))
    assert (seen.kiosk.online, seen.kiosk.backlog) == (False, 3)


def test_a_waiting_page_is_let_go_when_the_kiosk_stops() -> None:
    view = ScreenView(KIOSK)
    assert waited(view, view.close).revision == 0
    assert view.closed


def test_the_same_thing_said_twice_wakes_nobody() -> None:
    view = ScreenView(KIOSK)
    view.publish(lane())
    before = view.now()
    view.publish(lane())
    view.publish_kiosk(KIOSK)
    assert view.wait(before.revision, 0.05) == before


def test_a_page_from_an_earlier_run_gets_the_state_at_once() -> None:
    view = ScreenView(KIOSK)
    with Stopwatch() as watch:
        assert view.wait(after=812, timeout=LONG).revision == 0
    assert watch.seconds < LONG / 2


def test_signals_between_two_polls_are_all_heard_in_order() -> None:
    view = ScreenView(KIOSK)
    view.publish(lane("saved", 1))
    view.publish(lane("refused", 2))
    view.publish(lane("refused", 3))
    assert [(s.no, s.signal) for s in view.now().sounds] == [
        (1, "saved"),
        (2, "refused"),
        (3, "refused"),
    ]


def test_a_new_countdown_or_quiet_state_repeats_no_sound() -> None:
    view = ScreenView(KIOSK)
    view.publish(lane("saved", 1))
    view.publish(replace(lane("saved", 1), deadline_mono_ms=5))
    view.publish(lane("idle", 1))
    view.publish(lane("busy", 2))
    assert [s.signal for s in view.now().sounds] == ["saved"]


def test_only_the_last_signals_are_kept() -> None:
    view = ScreenView(KIOSK)
    for beep in range(1, SIGNALS_KEPT + 6):
        view.publish(lane("saved", beep))
    sounds = view.now().sounds
    assert len(sounds) == SIGNALS_KEPT
    assert sounds[-1].no == SIGNALS_KEPT + 5


def test_lanes_stand_side_by_side_and_the_screens_own_comes_first() -> None:
    view = ScreenView(KIOSK)
    view.publish(lane("saved", 1, "gun"))
    view.publish(lane("idle", 0, "screen"))
    seen = view.now()
    assert [one.lane for one in seen.lanes] == ["screen", "gun"]
    assert seen.active == "gun"


def test_every_button_of_the_page_is_a_card_of_the_contract() -> None:
    cards = tray()
    ours = (cards.finish, cards.undo, cards.help, cards.not_home, *cards.quantities)
    assert {parse(card.code).kind for card in ours} == {Kind.ACTION}
    assert parse(cards.place_in.code).kind is Kind.PLACE
    assert len({parse(card.code).verb for card in cards.categories}) == len(CATEGORIES)


def test_practice_codes_are_whole_and_never_the_same_twice() -> None:
    counter = iter(range(1, 99))

    def counted(length: int) -> bytes:
        return next(counter).to_bytes(length)

    first, second = practice_codes(counted), practice_codes(counted)
    for codes in (first, second):
        kinds = [parse(code).kind for code in (codes.donor, codes.volunteer, codes.plan)]
        assert kinds == [Kind.PERSON, Kind.PERSON, Kind.PLAN]
        assert parse(codes.family).kind is Kind.FAMILY
    everything = {getattr(codes, f) for codes in (first, second) for f in codes.__struct_fields__}
    assert len(everything) == 8


@pytest.mark.parametrize("highest", [b"\xff" * 16])
def test_practice_codes_fit_whatever_the_dice_say(highest: bytes) -> None:
    assert parse(practice_codes(lambda length: highest[:length]).plan).kind is Kind.PLAN


def test_the_sample_barcode_is_a_valid_ean_13() -> None:
    digits = [int(digit) for digit in SAMPLE_EAN13]
    assert len(digits) == 13
    assert sum(digits[0::2]) % 10 == (10 - 3 * sum(digits[1::2]) % 10) % 10
