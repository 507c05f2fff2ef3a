"""A lane as the page draws it: lists, sums, and what is forgotten when a session has ended."""

import msgspec
import pytest
from msgspec.structs import replace

from contract.actions import Verb
from contract.codes import action_code
from contract.events import family_hash, person_hash
from drivers.ports import Words
from kiosk.inputs import ActionCard, Scan
from kiosk.screen.lists import list_of
from kiosk.screen.moment import Moment
from kiosk.screen.view import SHOWN_AFTER_MS, KioskView, LaneView, ScreenView
from kiosk.state import LaneState, Message, Phase
from tests.support.kiosk_scenes import of_phase, told
from tests.support.lanes import ANN, BOB, CLOTHES, FAMILY, FINISH, MYSTERY, PLAN, RICE, times
from tests.support.telling import Label

KIOSK = KioskView("春晓社区小站", "Chunxiao Stop")


def drawn(moment: Moment, after_ms: int = 0) -> LaneView:
    return moment.drawn(moment.at + after_ms)


def values(view: LaneView) -> dict[str, str]:
    return {figure.en: figure.value for figure in view.figures}


@pytest.mark.parametrize("phase", Phase)
def test_every_phase_shows_its_mode_and_what_to_do(phase: Phase) -> None:
    view = drawn(of_phase(phase))
    assert view.state == phase.value
    assert "" not in (view.mode.zh, view.mode.en, view.mode.icon, view.next_zh, view.next_en)


def test_the_visit_lists_what_came_in_and_what_was_said_of_it() -> None:
    view = drawn(of_phase(Phase.INTAKE))
    assert view.count == 6
    assert [line.en for line in view.lines][-2:] == ["Adults' clothing", "Kitchen and tableware"]
    assert view.lines[-2].note_en == "Good"
    assert view.lines[-1].note_en == "a box of 12"
    assert view.person


def test_what_waits_for_its_kind_is_on_the_list_and_not_yet_saved() -> None:
    view = drawn(told(RICE, MYSTERY))
    assert view.lines[-1].note_en == "not saved yet"
    assert view.lines[-1].code == ""


def test_the_market_shows_its_sum_and_the_sale_in_the_making() -> None:
    view = drawn(of_phase(Phase.MARKET))
    assert values(view) == {"Sold": "3", "Total": "¥43.5"}
    assert [line.value for line in view.lines] == ["¥15", "¥8.5", "¥20"]
    assert view.lines[-1].note_en == "WeChat Pay"
    assert values(drawn(of_phase(Phase.SELLING)))["This one"] == "¥22.5"


def test_who_counts_the_cash_is_not_told_what_should_be_there() -> None:
    view = drawn(of_phase(Phase.CASHING))
    assert values(view) == {"Cash counted": "¥15"}


def test_a_shelf_shows_how_many_were_counted_and_how_many_should_be() -> None:
    view = drawn(of_phase(Phase.SHELF))
    assert (values(view)["Counted"], values(view)["Expected"]) == ("2", "2")
    assert view.lines[-1].note_en == "not expected here"
    assert drawn(of_phase(Phase.COUNTING)).lines[0].note_en == "1 missing"


def test_a_box_shows_its_label_and_what_went_in() -> None:
    view = drawn(of_phase(Phase.PACKING))
    assert values(view)["Box"].startswith("B ")
    assert view.count == 3


def test_a_long_list_shows_its_end_and_how_long_it_is() -> None:
    cases: tuple[Scan, ...] = (times(24), CLOTHES)
    world = told(CLOTHES, *cases * 4)
    view = drawn(world)
    assert view.count == 4 * 24 + 1
    assert len(view.lines) < view.count
    assert view.lines[-1].code == world.state.entries[-1].code


def test_how_a_session_ended_is_shown_for_a_while_and_then_forgotten() -> None:
    moment = told(ANN, RICE, FINISH)
    assert drawn(moment).message_en == "Thank you! 1 in all"
    assert drawn(moment, SHOWN_AFTER_MS - 1).signal == "saved"
    later = drawn(moment, SHOWN_AFTER_MS)
    assert (later.signal, later.message_en, later.greets) == ("idle", "Hello", True)
    assert later.lines == ()
    assert moment.fades_at() == moment.at + SHOWN_AFTER_MS
    assert told(ANN, RICE).fades_at() is None


def test_whether_a_label_came_out_can_be_answered_by_touch() -> None:
    question = Message("label-unsure", {"label": "G4K2P00042C"})
    at_rest = replace(told(RICE, FINISH), signal="attention", message=question)
    for moment in (at_rest, replace(told(ANN, RICE), signal="attention", message=question)):
        view = drawn(moment, SHOWN_AFTER_MS)
        assert view.message_en.startswith("Did label G 4K2P")
        again = action_code(Verb.REPRINT)
        assert again in [card.code for card in view.offer.cards]
        assert view.offer.first == (again,)
        assert view.offer.undo is not None
    assert told(RICE, FINISH).drawn(0).offer.undo is None


def test_that_nothing_was_saved_is_not_forgotten() -> None:
    moment = Moment("screen", LaneState(), "refused", Message("not-saved"), 1, 0)
    assert moment.fades_at() is None
    assert moment.drawn(10**9).signal == "refused"


def test_the_calibration_sheets_own_words_are_shown() -> None:
    moment = replace(told(), said=Words("布局不对", "wrong layout"), message=Message("calibration"))
    assert drawn(moment).message_en == "wrong layout"
    assert drawn(moment, SHOWN_AFTER_MS).message_en == "Hello"


@pytest.mark.parametrize("phase", Phase)
def test_no_card_and_no_family_is_in_what_a_page_gets(phase: Phase) -> None:
    shown = msgspec.json.encode(drawn(of_phase(phase)))
    for hashed in (ANN.person, BOB.person, FAMILY.family, person_hash("x"), family_hash("x")):
        assert hashed.encode() not in shown
        assert hashed[:16].encode() not in shown


def test_after_a_handover_nothing_tells_for_whom() -> None:
    moment = told(RICE, FINISH, ANN, Label(0), PLAN)
    assert PLAN.code.encode() not in msgspec.json.encode(drawn(moment, SHOWN_AFTER_MS))


def test_at_rest_there_is_no_list_even_if_a_market_is_open() -> None:
    moment = told(ActionCard(Verb.MARKET), FINISH)
    assert moment.state.market is not None
    assert list_of(moment.state).lines == ()
    assert list_of(moment.state).figures == ()


# --- the code for a donor's phone ---------------------------------------------------------------


class Clock:
    now = 5_000


def view_with_claim() -> tuple[ScreenView, Clock]:
    clock = Clock()
    view = ScreenView(KIOSK, lambda: clock.now)
    view.publish(told(RICE, FINISH))
    view.publish_claim("screen", lambda: "https://hub.example/c/0000000000000000")
    return view, clock


def test_a_claim_is_shown_for_twenty_seconds_and_then_gone_for_good() -> None:
    view, clock = view_with_claim()
    clock.now += SHOWN_AFTER_MS - 1
    assert list(view.claims()) == ["screen"]
    clock.now += 1
    assert view.claims() == {}
    clock.now -= SHOWN_AFTER_MS
    assert view.claims() == {}


def test_a_kiosk_that_nobody_looks_at_forgets_the_claim_as_well() -> None:
    view, clock = view_with_claim()
    clock.now += SHOWN_AFTER_MS
    view.publish_kiosk(KIOSK)
    clock.now -= SHOWN_AFTER_MS
    assert view.claims() == {}


def test_the_next_person_does_not_find_the_claim_before() -> None:
    view, _ = view_with_claim()
    view.publish(told(BOB))
    assert view.claims() == {}


def test_a_claim_belongs_to_its_lane() -> None:
    view, _ = view_with_claim()
    view.publish(told(BOB, lane="lane-1"))
    assert list(view.claims()) == ["screen"]


def test_a_claims_address_is_not_in_its_picture_of_itself() -> None:
    view, _ = view_with_claim()
    assert "hub.example" not in repr(view.claims())
