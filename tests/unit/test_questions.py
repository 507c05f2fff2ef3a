"""Which scan is an answer to "did the label come out?", and when a lane asks."""

import pytest

from contract.actions import Verb
from contract.codes import Kind, serial_code
from drivers.ports import Signal
from kiosk.inputs import ActionCard, Again, BoxLabel, ItemLabel, Scan, TakeOut, There
from kiosk.questions import ASK_AGAIN_MS, Questions
from kiosk.state import Allocator, LabelJob, LaneState, Message, Outcome, Phase

ITEM = serial_code(Kind.ITEM, "7K2M", 1)
OTHER = serial_code(Kind.ITEM, "7K2M", 2)
BOX = serial_code(Kind.BOX, "7K2M", 3)
REPRINT, UNDO, SAME = (ActionCard(verb) for verb in (Verb.REPRINT, Verb.UNDO, Verb.SAME))


def turn(
    *,
    jobs: tuple[LabelJob, ...] = (),
    cancelled: tuple[str, ...] = (),
    settled: tuple[str, ...] = (),
) -> Outcome:
    """A turn that came to this."""
    said = Message("undone")
    return Outcome(
        LaneState(), Allocator(), (), jobs, cancelled, None, {}, Signal.SAVED, said, {}, settled
    )


def asking(item: str = ITEM) -> Questions:
    questions = Questions([("door", item)])
    questions.said("door", item)
    return questions


@pytest.mark.parametrize("phase", Phase)
def test_the_label_and_the_reprint_card_answer_wherever_the_lane_is(phase: Phase) -> None:
    questions = asking()
    assert questions.as_answer("door", phase, ItemLabel(ITEM)) == There(ITEM)
    assert questions.as_answer("door", phase, REPRINT) == Again(ITEM)
    takes_back = phase in (Phase.REST, Phase.CARDED, Phase.INTAKE)
    answer = questions.as_answer("door", phase, UNDO)
    assert answer == (TakeOut(ITEM) if takes_back else UNDO)
    for scan in (ItemLabel(OTHER), BoxLabel(BOX), SAME):
        assert questions.as_answer("door", phase, scan) == scan


def test_a_boxs_label_answers_for_the_box() -> None:
    assert asking(BOX).as_answer("door", Phase.PACKING, BoxLabel(BOX)) == There(BOX)


@pytest.mark.parametrize("scan", [REPRINT, UNDO, ItemLabel(ITEM)])
def test_what_is_scanned_at_another_lane_or_after_something_else_is_no_answer(scan: Scan) -> None:
    questions = asking()
    assert questions.as_answer("back", Phase.REST, scan) == scan
    questions.heard("door", 1_000)
    assert questions.as_answer("door", Phase.REST, scan) == scan


def test_a_question_is_due_at_once_after_a_start_and_again_when_the_lane_was_quiet() -> None:
    questions = Questions([("door", ITEM), ("door", OTHER)])
    assert questions.due("door", Phase.REST, 0) == ITEM
    assert questions.due("back", Phase.REST, 0) is None
    questions.said("door", ITEM)
    assert questions.due("door", Phase.REST, 10_000_000) is None
    questions.heard("door", 1_000)
    assert questions.next_due(["door"]) == 1_000 + ASK_AGAIN_MS
    assert questions.due("door", Phase.REST, 999 + ASK_AGAIN_MS) is None
    assert questions.due("door", Phase.REST, 1_000 + ASK_AGAIN_MS) == ITEM


@pytest.mark.parametrize("phase", [Phase.ASKING, Phase.BINDING])
def test_a_lane_that_asks_something_else_asks_that_first(phase: Phase) -> None:
    assert Questions([("door", ITEM)]).due("door", phase, 0) is None


def test_a_new_question_is_asked_at_once_and_only_once() -> None:
    questions = Questions([])
    assert not questions
    questions.heard("door", 5_000)
    questions.ask("door", ITEM)
    questions.ask("back", ITEM)
    assert questions.due("door", Phase.INTAKE, 5_001) == ITEM
    assert questions.due("back", Phase.INTAKE, 5_001) is None


def test_who_is_there_is_asked_for_a_lane_that_is_gone() -> None:
    questions = Questions([("gone", ITEM)])
    assert questions.lanes == {"gone"}
    assert questions.due("door", Phase.REST, 0) is None
    assert questions.due("door", Phase.REST, 0, also={"gone"}) == ITEM


@pytest.mark.parametrize(
    "outcome",
    [
        turn(settled=(ITEM,)),
        turn(cancelled=(ITEM,)),
        turn(jobs=(LabelJob(ITEM, "F1", copy=True),)),
    ],
)
def test_what_is_answered_is_asked_no_more_and_the_next_one_is(outcome: Outcome) -> None:
    questions = asking()
    questions.ask("door", OTHER)
    questions.settle(outcome)
    assert ITEM not in questions
    assert questions.as_answer("door", Phase.REST, UNDO) == UNDO
    assert questions.due("door", Phase.REST, 0) == OTHER
    questions.settle(turn())
    assert questions.lanes == {"door"}
