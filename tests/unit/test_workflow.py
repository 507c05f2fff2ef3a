"""What every scan does in every phase: inputs go in, and what comes out is compared.

`tests.support.stories` holds what people do, a line a scan. A test here fails when a row of the
workflow's table is in no story, another when something without a row does anything but say no.
"""

import pytest

from contract import events
from contract.codes import CodeProblem
from kiosk.inputs import Damaged, InputKind
from kiosk.state import Phase
from kiosk.texts import MESSAGES, NEXT, render
from kiosk.workflow import TABLE
from kiosk.workflow.table import ROWS
from tests.support.lanes import (
    World,
    types_of,
)
from tests.support.stories import EVERYWHERE, ONE_OF_EACH, STORIES, reached, row_key, scanned
from tests.support.telling import REFUSED, REST, SAVED, After


@pytest.mark.parametrize("name", STORIES)
def test_people_hear_and_see(name: str) -> None:
    world = World()
    for number, line in enumerate(STORIES[name]):
        if isinstance(line, After):
            world.after(line.milliseconds, cut=line.cut)
            continue
        before = world.state()
        scan = scanned(world, line.scan)
        outcome = world.scan(scan)
        came = (types_of(outcome), outcome.signal, outcome.message.key, outcome.state.phase)
        assert came == (line.events.split(), *line[2:]), f"line {number}: {line.scan}"
        assert outcome.state.phase in ROWS[row_key(before.phase, scan)].to or (
            outcome.signal is REFUSED and outcome.state == before
        ), f"line {number}: not where the table says"
        assert (
            scan.kind is not InputKind.TIMEOUT
            or before.deadline is None
            or (before.deadline <= world.now)
        ), f"line {number}: too early for a timeout"


@pytest.mark.parametrize("kind", EVERYWHERE)
@pytest.mark.parametrize("phase", Phase)
def test_what_means_the_same_everywhere_leaves_the_lane_as_it_is(
    phase: Phase, kind: InputKind
) -> None:
    world = reached(phase)
    before = world.state()
    scan, types, signal, message = EVERYWHERE[kind]
    outcome = world.scan(scan)
    assert (types_of(outcome), outcome.signal) == (types.split(), signal)
    assert outcome.message.key == message.format(phase=phase.value)
    assert outcome.state == before


def test_every_row_of_the_table_is_in_a_story() -> None:
    told = {(phase, kind) for phase in Phase for kind in EVERYWHERE}
    for story in STORIES.values():
        world = World()
        for line in story:
            if isinstance(line, After):
                world.after(line.milliseconds, cut=line.cut)
                continue
            scan = scanned(world, line.scan)
            told.add(row_key(world.state().phase, scan))
            world.scan(scan)
    assert told == set(ROWS)


def test_every_kind_of_input_is_known_to_these_tests() -> None:
    assert set(ONE_OF_EACH) == set(InputKind)
    assert {kind: scan.kind for kind, scan in ONE_OF_EACH.items()} == {k: k for k in InputKind}


@pytest.mark.parametrize(
    ("phase", "kind"),
    [(phase, kind) for phase in Phase for kind in InputKind if (phase, kind) not in ROWS],
)
def test_what_has_no_row_is_refused_and_changes_nothing(phase: Phase, kind: InputKind) -> None:
    world = reached(phase)
    before, allocator, known = world.state(), world.allocator, dict(world.known)
    outcome = world.scan(ONE_OF_EACH[kind])
    if kind is InputKind.READY_MADE and (phase, InputKind.ITEM) in ROWS:
        assert outcome.drafts or outcome.state != before  # taken as another stop's item label
        return
    assert [draft.body for draft in outcome.drafts] == [
        events.Refused(
            input=kind.value if kind is not InputKind.READY_MADE else "item", state=phase.value
        )
    ]
    assert (outcome.signal, outcome.message.key) == (REFUSED, "refused")
    assert (outcome.state, outcome.allocator, world.known) == (before, allocator, known)
    assert (outcome.jobs, outcome.claim, outcome.cancelled) == ((), None, ())


@pytest.mark.parametrize("phase", Phase)
def test_every_phase_has_a_way_out_by_time_alone(phase: Phase) -> None:
    world = reached(phase)
    world.wait(3_600_000)
    assert (world.state().phase, world.state().session, world.state().person) == (REST, None, None)


@pytest.mark.parametrize("phase", Phase)
@pytest.mark.parametrize("kind", InputKind)
def test_green_always_stands_for_an_event_and_every_message_has_words(
    phase: Phase, kind: InputKind
) -> None:
    outcome = reached(phase).scan(ONE_OF_EACH[kind])
    assert outcome.signal is not SAVED or outcome.drafts
    assert outcome.message.key in MESSAGES
    assert "{" not in render(outcome.message).zh + render(outcome.message).en
    assert outcome.state.phase in NEXT


def test_every_row_says_what_it_does_and_where_it_leads() -> None:
    for row in TABLE:
        assert row.does
        assert row.to


def test_an_unknown_kind_of_card_is_told_apart_from_a_damaged_one() -> None:
    outcome = World().scan(Damaged(CodeProblem.UNKNOWN_ACTION, 5))
    assert outcome.message.key == "unknown-card"
    assert outcome.drafts[0].body == events.Unrecognised(length=5, problem="unknown-action")
