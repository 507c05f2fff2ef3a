"""Whole boxes, ready-made labels, marks, boxes and transfers: what is written, printed, known."""

from collections.abc import Iterator

import pytest

from contract import events
from contract.codes import PLACE_IN
from contract.events import (
    Arrived,
    BoxReceived,
    Disposed,
    Graded,
    LabelReprinted,
    Missing,
    Out,
    Packed,
    Quarantined,
    Received,
    Sent,
    Unpacked,
    Voided,
)
from drivers.ports import Signal
from kiosk.inputs import BoxLabel, ItemLabel, PlaceSheet, Scan
from kiosk.state import ItemFacts, LabelJob, Message, ReceiptJob, SlipJob
from kiosk.texts import render
from tests.support.lanes import (
    ANN,
    BLANK,
    BLANK_BOX,
    CLOTHES,
    FAMILY,
    FINISH,
    MYSTERY,
    NOT_HOME,
    OTHER_STOP,
    PLAN,
    RICE,
    SHELF,
    STRANGER,
    TEAM,
    TIMEOUT,
    UNDO,
    WALL,
    World,
    times,
    types_of,
)
from tests.support.stories import STORIES, scanned
from tests.support.stories_boxes import CRATE, PACK, REPRINT, SEAL, UNPACK, WHERE
from tests.support.stories_intake import (
    GOOD,
    IS_PAST,
    KEEPS,
    OTHER_BLANK,
    QUARANTINE,
    RELEASE,
    SAME,
    WHOLE_BOX,
    WORN,
)
from tests.support.stories_transfers import BROKEN, MISSING, RECEIVE
from tests.support.telling import REST, After


def given(count: int = 3) -> tuple[World, list[ItemLabel]]:
    """A world in which so many packs of rice stand, and their labels."""
    world = World()
    world.scans(RICE, times(count), FINISH)
    return world, [ItemLabel(code) for code in world.issued()]


def boxed() -> tuple[World, list[ItemLabel], BoxLabel]:
    """Three packs of rice stand here, two of them in a sealed box."""
    world, labels = given()
    world.scans(PACK, labels[0], labels[1], SEAL, FINISH)
    return world, labels, BoxLabel(world.boxes()[0])


# --- ready-made labels and whole boxes ----------------------------------------------------------


def test_a_ready_made_label_takes_the_place_of_ours_and_calls_its_print_off() -> None:
    world = World()
    world.scan(RICE)
    (own,) = world.issued()
    outcome = world.scan(BLANK)
    voided, received, _ = (draft.body for draft in outcome.drafts)
    assert voided == Voided(events=(world.events[1].id,), items=(own,))
    assert isinstance(received, Received)
    assert (received.item, received.ready_made) == (BLANK.code, True)
    assert (received.category, received.retail) == ("F1", RICE.retail)
    assert (outcome.jobs, outcome.cancelled) == ((), (own,))
    assert world.item(own).status == "voided"
    assert world.item(BLANK.code) == ItemFacts("here", place=PLACE_IN, category="F1")
    (receipt,) = world.scan(FINISH).jobs
    assert isinstance(receipt, ReceiptJob)
    assert [line.items for line in receipt.lines] == [(BLANK.code,)]


def test_with_no_code_left_a_ready_made_label_still_takes_goods_in() -> None:
    world = World(prefix=None)
    assert world.scan(RICE).message.key == "no-codes"
    outcome = world.scans(BLANK, RICE)
    assert (outcome.signal, outcome.message.key, outcome.jobs) == (
        Signal.SAVED,
        "label-bound",
        (),
    )
    assert world.item(BLANK.code).status == "here"


def test_a_ready_made_label_that_was_taken_back_can_be_stuck_on_something_else() -> None:
    world = World()
    world.scans(RICE, BLANK, UNDO, CLOTHES)
    outcome = world.scan(BLANK)
    assert outcome.message == Message("label-bound", {"count": 1, "category": "C1"})
    assert world.item(BLANK.code).category == "C1"


def test_a_whole_box_is_one_label_that_says_how_many() -> None:
    world = World()
    outcome = world.scans(RICE, WHOLE_BOX, times(12))
    (box,) = world.boxes()
    received = outcome.drafts[-1].body
    assert isinstance(received, BoxReceived)
    assert (received.box, received.quantity, received.category) == (box, 12, "F1")
    assert received.retail == RICE.retail
    assert outcome.jobs == (LabelJob(box, "F1", quantity=12),)
    assert outcome.cancelled == (world.issued()[0],)
    closed = world.scan(FINISH)
    (receipt,) = closed.jobs
    assert isinstance(receipt, ReceiptJob)
    assert [(line.items, line.quantities) for line in receipt.lines] == [((box,), (12,))]


def test_a_number_that_comes_late_prints_a_copy_of_the_same_box_label() -> None:
    world = World()
    first = world.scans(RICE, WHOLE_BOX, TIMEOUT)
    (box,) = world.boxes()
    assert first.jobs == (LabelJob(box, "F1"),)
    late = world.scan(times(6))
    assert late.jobs == (LabelJob(box, "F1", copy=True, quantity=6),)
    assert world.boxes() == [box]
    assert world.item(box).status == "here"


def test_a_ready_made_box_label_needs_no_printer() -> None:
    world = World(prefix=None)
    outcome = world.scans(BLANK_BOX, RICE, times(12))
    (received,) = [body for body in world.bodies() if isinstance(body, BoxReceived)]
    assert (received.box, received.quantity, received.ready_made) == (BLANK_BOX.code, 12, True)
    assert outcome.jobs == ()


def test_the_same_again_has_all_that_was_said_of_the_first() -> None:
    world = World()
    world.scans(RICE, WORN, KEEPS, SAME)
    first, second = world.issued()
    said = [b for b in world.bodies() if isinstance(b, Graded | events.ExpirySet)]
    assert [body.items for body in said] == [(first,), (first,), (second,), (second,)]
    received = [body for body in world.bodies() if isinstance(body, Received)]
    assert received[0].retail == received[1].retail == RICE.retail


def test_items_whose_labels_were_not_scanned_back_are_named_and_nothing_waits_for_them() -> None:
    world = World()
    world.scan_back = True
    world.scans(RICE, times(2))
    first, second = world.issued()
    world.scan(ItemLabel(first))
    outcome = world.scan(FINISH)
    assert (outcome.signal, outcome.message.key) == (Signal.ATTENTION, "thanks-unchecked")
    words = render(outcome.message)
    assert second[-6:] in words.zh
    assert second[-6:] in words.en
    assert first[-6:] not in words.en
    assert (outcome.state.phase, outcome.claim is not None) == (REST, True)
    world.scan(RICE)
    world.scans(ItemLabel(world.issued()[-1]), BLANK, RICE)
    assert world.scan(FINISH).message.key == "thanks"


# --- marks --------------------------------------------------------------------------------------


def test_what_is_put_aside_gets_a_label_that_says_so_and_a_clean_one_once_it_is_good() -> None:
    world, labels = given()
    code = labels[0].code
    aside = world.scans(ANN, labels[0], QUARANTINE)
    assert aside.drafts[-1].body == Quarantined(
        items=(code,), why="card", session=world.state().session
    )
    assert aside.jobs == (LabelJob(code, "F1", copy=True, note="quarantine"),)
    assert aside.cancelled == (code,)
    assert world.item(code).status == "quarantined"
    good = world.scan(RELEASE)
    assert good.jobs == (LabelJob(code, "F1", copy=True),)
    assert world.item(code).status == "here"
    assert world.scan(SHELF).message.key == "moved"


def test_a_card_speaks_of_what_was_chosen_since_the_card_before() -> None:
    world, labels = given()
    world.scans(ANN, labels[0], labels[1], GOOD, labels[2], WORN, KEEPS)
    graded = [(b.items, b.grade) for b in world.bodies() if isinstance(b, Graded)]
    dated = [b.items for b in world.bodies() if isinstance(b, events.ExpirySet)]
    codes = world.issued()
    assert graded == [(tuple(codes[:2]), "B"), ((codes[2],), "C")]
    assert dated == [(codes[2],)]


def test_only_what_may_leave_is_on_the_slip_and_the_rest_is_named_there() -> None:
    world, labels = given()
    world.scans(ANN, labels[0], QUARANTINE, labels[1], labels[2])
    outcome = world.scan(PLAN)
    (out,) = [draft.body for draft in outcome.drafts if isinstance(draft.body, Out)]
    going = (labels[1].code, labels[2].code)
    assert out.items == going
    note = Message("quarantined-stays", {"aside": 1})
    assert outcome.jobs == (SlipJob("out", PLAN.code, going, WALL + world.now, note=note),)
    assert world.item(labels[0].code).status == "quarantined"


def test_a_past_date_on_food_by_card_puts_it_aside_with_its_reason() -> None:
    world = World()
    outcome = world.scans(RICE, IS_PAST)
    dated, aside = (draft.body for draft in outcome.drafts)
    assert isinstance(dated, events.ExpirySet)
    assert dated.month == "2025-09"
    assert isinstance(aside, Quarantined)
    assert aside.why == "expired"
    assert outcome.jobs == (LabelJob(world.issued()[0], "F1", copy=True, note="quarantine"),)


# --- boxes --------------------------------------------------------------------------------------


def test_the_first_thing_packed_without_a_box_gets_a_new_box_and_its_label() -> None:
    world, labels = given()
    outcome = world.scans(PACK, labels[0])
    (box,) = world.boxes()
    assert outcome.drafts[-1].body == Packed(
        box=box, items=(labels[0].code,), session=world.state().session
    )
    assert outcome.jobs == (LabelJob(box, ""),)
    assert world.item(labels[0].code).box == box
    assert world.scan(labels[1]).jobs == ()


def test_a_box_that_was_never_begun_needs_no_label() -> None:
    world, labels = given()
    world.scans(PACK, labels[0])
    (box,) = world.boxes()
    outcome = world.scan(UNDO)
    assert outcome.cancelled == (box,)
    assert outcome.state.box is None
    assert world.item(labels[0].code).box is None
    assert world.item(box).status == "unknown"


def test_sealing_prints_what_is_in_the_box() -> None:
    world, labels = given()
    world.scans(PACK, labels[1], labels[0])
    outcome = world.scan(SEAL)
    (box,) = world.boxes()
    inside = (labels[0].code, labels[1].code)
    assert outcome.jobs == (SlipJob("sealed", box, inside, WALL + world.now),)
    assert world.item(box).sealed


def test_what_is_in_a_box_goes_where_the_box_goes() -> None:
    world, labels, box = boxed()
    code = labels[0].code
    world.scans(ANN, box, SHELF)
    assert (world.item(code).status, world.item(code).place) == ("here", SHELF.code)
    world.scans(ANN, box, PLAN)
    assert (world.item(code).status, world.item(code).plan) == ("out", PLAN.code)
    world.scans(PLAN, FAMILY)
    assert world.item(code).status == "delivered"
    assert world.item(labels[2].code).status == "here"


def test_a_box_in_a_box_takes_all_of_it_along() -> None:
    world, labels, inner = boxed()
    world.scans(PACK, labels[2], inner, FINISH)
    outer = BoxLabel(world.boxes()[1])
    world.scans(ANN, outer, TEAM)
    codes = [inner.code, *(label.code for label in labels)]
    assert {world.item(code).status for code in codes} == {"sent"}


def test_what_is_taken_from_a_sealed_box_is_out_of_it_and_the_seal_is_broken() -> None:
    world, labels, box = boxed()
    outcome = world.scans(UNPACK, labels[0])
    assert outcome.drafts[-1].body == Unpacked(
        box=box.code, items=(labels[0].code,), session=world.state().session
    )
    assert not world.item(box.code).sealed
    assert world.item(labels[0].code).box is None
    assert world.item(labels[1].code).box == box.code


def test_a_box_that_is_emptied_by_finish_has_nothing_in_it() -> None:
    world, labels, box = boxed()
    world.scans(UNPACK, box, FINISH)
    assert world.inside(box, world.state()) == ()
    assert {world.item(label.code).status for label in labels} == {"here"}


def test_what_goes_out_by_its_own_label_came_out_of_its_box() -> None:
    world, labels, _ = boxed()
    outcome = world.scans(ANN, labels[0], PLAN)
    assert types_of(outcome)[0] == "unpacked"
    assert world.item(labels[0].code).box is None
    together, others, both = boxed()
    outcome = together.scans(ANN, others[0], both, PLAN)
    assert types_of(outcome) == ["out", "session.closed"]
    assert together.item(others[0].code).box == both.code


# --- transfers, disposal, missing ---------------------------------------------------------------


@pytest.mark.parametrize(("place", "kind"), [(TEAM, "team"), (OTHER_STOP, "stop")])
def test_what_leaves_for_a_team_or_a_stop_is_sent_there_with_a_slip(
    place: PlaceSheet, kind: str
) -> None:
    world, labels = given(2)
    outcome = world.scans(ANN, labels[0], labels[1], place)
    codes = (labels[0].code, labels[1].code)
    sent = outcome.drafts[0].body
    assert isinstance(sent, Sent)
    assert (sent.to, sent.kind, sent.items) == (place.code, kind, codes)
    assert outcome.jobs == (SlipJob("sent", place.code, codes, WALL + world.now),)
    assert world.item(codes[0]) == ItemFacts("sent", place=place.code, category="F1")


def test_what_is_thrown_away_says_why_on_the_slip_too() -> None:
    world, labels = given(2)
    outcome = world.scans(ANN, labels[0], BROKEN)
    body = outcome.drafts[0].body
    assert isinstance(body, Disposed)
    assert (body.items, body.why) == ((labels[0].code,), "B")
    (slip,) = outcome.jobs
    assert isinstance(slip, SlipJob)
    assert slip.note is not None
    assert render(slip.note).en == "Why: Broken"


def test_labels_before_the_answer_mean_these_only() -> None:
    world, labels = given()
    world.scans(ANN, *labels, PLAN)
    outcome = world.scans(PLAN, labels[1], FAMILY)
    assert outcome.message == Message("delivered-some", {"count": 1, "left": 2})
    assert [world.item(label.code).status for label in labels] == ["out", "delivered", "out"]
    outcome = world.scans(PLAN, labels[0], MISSING)
    lost = next(d.body for d in outcome.drafts if isinstance(d.body, Missing))
    assert (lost.plan, lost.items) == (PLAN.code, (labels[0].code,))
    world.scans(PLAN, NOT_HOME)
    assert [world.item(label.code).status for label in labels] == ["missing", "delivered", "here"]


def test_a_transfer_is_here_label_by_label_and_its_slip_lists_it() -> None:
    world = World()
    world.scans(RECEIVE, STRANGER, CRATE)
    outcome = world.scan(FINISH)
    arrived = [body for body in world.bodies() if isinstance(body, Arrived)]
    assert [(body.place, body.items) for body in arrived] == [
        (PLACE_IN, (STRANGER.code,)),
        (PLACE_IN, (CRATE.code,)),
    ]
    codes = (STRANGER.code, CRATE.code)
    assert outcome.jobs == (SlipJob("arrived", PLACE_IN, codes, WALL + world.now),)
    assert {world.item(code).status for code in codes} == {"here"}


# --- labels again, and where --------------------------------------------------------------------


def test_a_reprint_says_what_it_is_where_it_is_known_and_the_code_alone_where_not() -> None:
    world, labels = given(2)
    outcome = world.scans(REPRINT, labels[0])
    assert outcome.jobs == (LabelJob(labels[0].code, "F1", copy=True),)
    assert outcome.drafts[0].body == LabelReprinted(item=labels[0].code)
    outcome = world.scans(REPRINT, STRANGER)
    assert outcome.jobs == (LabelJob(STRANGER.code, "", copy=True),)


def test_where_is_answered_in_words_and_on_paper() -> None:
    world, labels, box = boxed()
    outcome = world.scans(WHERE, labels[0])
    told = Message("where-in-box", {"label": box.code})
    assert outcome.message == told
    assert outcome.jobs == (SlipJob("where", labels[0].code, (), WALL + world.now, note=told),)
    outcome = world.scans(WHERE, box)
    (slip,) = outcome.jobs
    assert isinstance(slip, SlipJob)
    assert slip.items == (labels[0].code, labels[1].code)
    assert outcome.message.values["count"] == 2


# --- taking back --------------------------------------------------------------------------------

DONE: dict[str, tuple[tuple[Scan, ...], tuple[Scan, ...]]] = {
    "a quantity with marks": ((), (RICE, GOOD, QUARANTINE, times(3), KEEPS)),
    "the same again": ((RICE, WORN), (SAME,)),
    "a whole box": ((), (RICE, WHOLE_BOX, times(12))),
    "a whole box counted late": ((), (RICE, WHOLE_BOX, TIMEOUT, times(3))),
    "ready-made labels of a quantity": ((), (RICE, times(2), KEEPS, BLANK, OTHER_BLANK)),
    "a ready-made box label": ((), (RICE, WHOLE_BOX, times(3), BLANK_BOX)),
    "unknown goods in a box": ((), (MYSTERY, WHOLE_BOX, times(3), CLOTHES)),
}
"""What somebody did at an intake before, and what is taken back."""


@pytest.mark.parametrize("name", DONE)
def test_after_undo_nothing_of_it_stands_and_no_label_is_owed(name: str) -> None:
    before, done = DONE[name]
    world = World()
    world.scans(CLOTHES, *before)
    first, stands, entries = len(world.events), standing(world), world.state().entries
    outcomes = [world.scan(scan) for scan in done]
    while standing(world) != stands:
        outcomes.append(world.scan(UNDO))
        assert outcomes[-1].message.key == "undone"
    assert world.state().entries == entries
    printed = {job.item for o in outcomes for job in o.jobs if isinstance(job, LabelJob)}
    assert printed <= {code for o in outcomes for code in o.cancelled}
    fresh = [e.public.body for e in world.events[first:]]
    codes = {b.item for b in fresh if isinstance(b, Received) and not b.ready_made}
    assert {world.item(code).status for code in codes} <= {"voided"}
    assert world.item(BLANK.code).status == world.item(BLANK_BOX.code).status == "foreign"


def standing(world: World) -> set[str]:
    """The ids of all events about goods that nobody took back."""
    gone = {name for b in world.bodies() if isinstance(b, Voided) for name in b.events}
    quiet = (Voided, events.Noticed, events.Refused, events.ItemSeen)
    return {e.id for e in world.events if not isinstance(e.public.body, quiet)} - gone


HANDED: dict[str, tuple[Scan, ...]] = {
    "to a shelf": (SHELF,),
    "out": (PLAN,),
    "to a team": (TEAM,),
    "thrown away": (BROKEN,),
    "not to be found": (MISSING,),
}


@pytest.mark.parametrize("how", HANDED)
def test_after_a_handover_of_boxes_and_items_is_taken_back_all_is_as_before(how: str) -> None:
    world, labels, box = boxed()
    other, rest = boxed()[2], labels[2]
    assert other == box
    world.scans(PACK, rest, FINISH)
    before = {code: world.item(code) for code in world.known}
    stands = standing_custody(world)
    world.scans(ANN, box, rest, STRANGER, *HANDED[how])
    assert {code: world.item(code) for code in before} != before
    assert world.scan(UNDO).message.key == "handover-undone"
    assert {code: world.item(code) for code in before} == before
    assert standing_custody(world) == stands


def standing_custody(world: World) -> set[str]:
    """The ids of the events that say where something is, and that nobody took back."""
    kinds = (events.Moved, Out, Sent, Disposed, Missing, Packed, Unpacked, Received, Arrived)
    return {e.id for e in world.events if isinstance(e.public.body, kinds)} & standing(world)


@pytest.mark.parametrize(
    "done",
    [
        (PACK, STRANGER),
        (PACK, CRATE, STRANGER),
        (RECEIVE, STRANGER, CRATE),
    ],
)
def test_every_step_of_a_mode_can_be_taken_back(done: tuple[Scan, ...]) -> None:
    world, labels, box = boxed()
    before = {code: world.item(code) for code in (*world.known, STRANGER.code, CRATE.code)}
    stands = standing_custody(world)
    world.scans(*done, labels[2], box)
    while world.state().phase is not REST:
        world.scan(UNDO)
    assert {code: world.item(code) for code in before} == before
    assert standing_custody(world) == stands


# --- four scans ---------------------------------------------------------------------------------

HANDS_OVER = (Out, Sent, Disposed, events.Moved, events.Delivered, events.Back)


def visits() -> Iterator[tuple[str, int, list[events.Body]]]:
    """Of every story each visit, from rest to rest, in which nothing went wrong and nothing was
    taken back: the story, how many scans it took, and the bodies of its events."""
    for name, story in STORIES.items():
        world, scans, first, plain = World(), 0, 0, True
        for line in story:
            if isinstance(line, After):
                world.now += line.milliseconds
                continue
            scan = scanned(world, line.scan)
            scans += scan.kind.value != "timeout"
            plain = plain and line.signal is not Signal.REFUSED and scan != UNDO
            state = world.scan(scan).state
            if state.phase is REST:
                if plain:
                    yield name, scans, world.bodies()[first:]
                scans, first, plain = 0, len(world.events), True


def test_one_item_comes_in_and_one_is_handed_over_in_four_scans_at_most() -> None:
    taken, handed = [], []
    for name, scans, bodies in visits():
        came = [type(body) for body in bodies if isinstance(body, Received | BoxReceived)]
        went = [body for body in bodies if isinstance(body, HANDS_OVER)]
        if came == [Received] and not went:
            taken.append((scans, name))
        picked = [body for body in bodies if isinstance(body, events.ItemPicked)]
        if len(went) == 1 and len(went[0].items) == 1 and len(picked) <= 1 and not came:
            handed.append((scans, name))
    assert len(taken) > 10
    assert len(handed) > 10
    assert max(taken)[0] <= 4, max(taken)
    assert max(handed)[0] <= 4, max(handed)


# --- two lanes ----------------------------------------------------------------------------------


def test_undo_at_one_lane_does_not_bring_back_what_another_handed_over_since() -> None:
    world, labels = given()
    world.scans(ANN, labels[0], SHELF)
    for scan in (ANN, labels[0], PLAN, PLAN, FAMILY):
        world.scan(scan, "back")
    assert world.scan(UNDO).message.key == "handover-undone"
    assert world.item(labels[0].code).status == "delivered"


def test_undo_of_a_transfer_does_not_bring_back_what_went_out_since() -> None:
    world = World()
    world.scans(RECEIVE, STRANGER)
    for scan in (ANN, STRANGER, PLAN):
        world.scan(scan, "back")
    assert world.scan(UNDO).message.key == "undone"
    assert world.item(STRANGER.code).status == "out"


def test_what_is_put_aside_is_out_of_its_box_and_cannot_leave_with_it() -> None:
    world, labels, box = boxed()
    outcome = world.scans(ANN, labels[0], QUARANTINE)
    assert types_of(outcome) == ["unpacked", "quarantined"]
    world.scans(box, PLAN)
    assert world.item(labels[0].code).status == "quarantined"
    assert world.item(labels[1].code).status == "out"
    again, others, _ = boxed()
    before = again.item(others[0].code)
    again.scans(ANN, others[0], QUARANTINE, UNDO)
    assert again.item(others[0].code) == before
