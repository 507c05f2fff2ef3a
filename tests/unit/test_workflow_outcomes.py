"""What a turn of the workflow writes, prints and remembers, and where its limits are."""

import msgspec
import pytest

from contract import events
from contract.actions import UNSORTED, Verb
from contract.codes import BLOCK, Kind, serial_code
from contract.events import (
    MAX_CODES_PER_EVENT,
    Back,
    ItemPicked,
    ItemSeen,
    Received,
    Retail,
    SessionClosed,
    Voided,
    claim_hash,
)
from kiosk.inputs import ActionCard, Card, InputKind, ItemLabel, RetailCode, Scan
from kiosk.state import Allocator, ItemFacts, LabelJob, LaneState, Phase, ReceiptJob, SlipJob
from kiosk.texts import next_step
from kiosk.workflow import restored, step
from kiosk.workflow.turn import MAX_ENTRIES
from tests.support.lanes import (
    ANN,
    BOB,
    CLOTHES,
    EPOCH,
    FAMILY,
    FINISH,
    MYSTERY,
    NEVER,
    NOT_HOME,
    OTHER_PLAN,
    PLAN,
    PREFIX,
    RICE,
    SHELF,
    STRANGER,
    TIMEOUT,
    UNDO,
    WALL,
    World,
    times,
    types_of,
)
from tests.support.stories import ONE_OF_EACH, reached
from tests.support.telling import ASKING, INTAKE, REFUSED, REST, SAVED

# --- what is on paper, in the events and in the lane --------------------------------------------


def test_each_item_gets_its_own_code_and_its_own_label() -> None:
    world = World()
    jobs = [job for scan in (RICE, times(5), CLOTHES) for job in world.scan(scan).jobs]
    assert jobs == [
        *(LabelJob(code, "F1") for code in world.issued()[:5]),
        LabelJob(world.issued()[5], "C1"),
    ]
    assert len(set(world.issued())) == 6
    assert {world.item(code).status for code in world.issued()} == {"here"}


def test_the_retail_code_stays_with_items_whose_category_came_later() -> None:
    world = World()
    lot = RetailCode(Retail(MYSTERY.retail.gtin, expiry="2027-03-31", lot="A7"))
    world.scans(lot, times(2), CLOTHES, MYSTERY, TIMEOUT)
    received = [body for body in world.bodies() if isinstance(body, Received)]
    assert [(body.category, body.retail) for body in received] == [
        ("C1", lot.retail),
        ("C1", lot.retail),
        (UNSORTED.key, MYSTERY.retail),
    ]


def test_the_receipt_lists_what_stayed_and_opens_with_the_claim_of_the_event() -> None:
    world = World()
    world.scans(RICE, times(2), CLOTHES, RICE, UNDO)
    outcome = world.scan(FINISH)
    closed = outcome.drafts[-1].body
    assert isinstance(closed, SessionClosed)
    assert outcome.claim is not None
    assert (closed.items, closed.claim) == (3, claim_hash(outcome.claim))
    (receipt,) = outcome.jobs
    assert isinstance(receipt, ReceiptJob)
    codes = world.issued()
    assert [(line.category, line.items) for line in receipt.lines] == [
        ("F1", (codes[0], codes[1])),
        ("C1", (codes[2],)),
    ]


def test_a_session_in_which_nothing_stayed_has_no_receipt_and_no_claim() -> None:
    world = World()
    world.scan(RICE)
    world.scan(UNDO)
    outcome = world.scan(FINISH)
    assert (outcome.jobs, outcome.claim) == ((), None)
    closed = outcome.drafts[-1].body
    assert isinstance(closed, SessionClosed)
    assert (closed.items, closed.claim) == (0, None)


def test_undo_names_the_events_it_takes_back_and_their_labels_need_no_print() -> None:
    world = World()
    world.scan(RICE)
    world.scan(times(3))
    outcome = world.scan(UNDO)
    (draft,) = outcome.drafts
    assert draft.body == Voided(
        events=tuple(event.id for event in world.events[1:4]), items=tuple(world.issued())
    )
    assert outcome.cancelled == tuple(world.issued())
    assert {world.item(code).status for code in world.issued()} == {"voided"}


def test_a_code_that_was_taken_back_is_never_given_again() -> None:
    world = World()
    for _ in range(5):
        world.scan(RICE)
        world.scan(UNDO)
    world.scan(RICE)
    assert len(set(world.issued())) == 6


def test_intake_of_one_item_with_a_card_takes_four_scans_at_most() -> None:
    world = World()
    outcome = world.scans(ANN, MYSTERY, CLOTHES, FINISH)
    assert [type(job) for job in outcome.jobs] == [ReceiptJob]
    assert world.item(world.issued()[0]).status == "here"


def test_a_handover_takes_three_scans_and_its_outcome_two() -> None:
    world = World()
    world.scan(RICE)
    world.scan(FINISH)
    item = ItemLabel(world.issued()[0])
    outcome = world.scans(ANN, item, PLAN)
    assert outcome.jobs == (SlipJob("out", PLAN.code, (item.code,), WALL + world.now),)
    assert world.item(item.code) == ItemFacts("out", PLAN.code, category="F1")
    outcome = world.scans(PLAN, FAMILY)
    assert [job.what for job in outcome.jobs if isinstance(job, SlipJob)] == ["delivered"]
    assert world.item(item.code) == ItemFacts("delivered", PLAN.code, category="F1")


@pytest.mark.parametrize("phase", Phase)
@pytest.mark.parametrize("kind", InputKind)
def test_nobody_is_named_in_the_public_part(phase: Phase, kind: InputKind) -> None:
    world = reached(phase)
    world.scans(BOB, ONE_OF_EACH[kind], TIMEOUT)
    for event in world.events:
        public = msgspec.json.encode(event.public)
        for person in (ANN.person, BOB.person, FAMILY.family):
            assert person.encode() not in public


def test_who_acted_stands_in_the_private_part() -> None:
    world = World()
    world.scan(RICE)
    world.scan(FINISH)
    world.scans(ANN, ItemLabel(world.issued()[0]), PLAN, BOB, PLAN, FAMILY)
    private = {
        events.type_of(event.public.body): (event.private.person, event.private.family)
        for event in world.events
    }
    assert private["out"] == (ANN.person, None)
    assert private["delivered"] == (BOB.person, FAMILY.family)
    assert private["received"] == (None, None)


def test_a_change_of_person_clears_everything() -> None:
    world = World()
    world.scans(ANN, RICE, BOB)
    state = world.state()
    assert (state.person, state.entries, state.groups, state.picks) == (BOB.person, (), (), ())


# --- undo of a handover -------------------------------------------------------------------------


def facts_of(world: World, codes: list[str]) -> dict[str, ItemFacts]:
    return {code: world.item(code) for code in codes}


@pytest.mark.parametrize("target", [PLAN, SHELF])
def test_after_a_handover_is_taken_back_everything_is_known_as_before(target: Scan) -> None:
    world = World()
    world.scans(RICE, times(3), MYSTERY, CLOTHES, UNDO, FINISH)
    here, out, gone, voided = world.issued()
    world.scans(ANN, ItemLabel(gone), OTHER_PLAN, OTHER_PLAN, FAMILY)
    world.scans(ANN, ItemLabel(out), OTHER_PLAN)
    assert [world.item(code).status for code in (gone, voided)] == ["delivered", "voided"]
    codes = [here, out, gone, voided, STRANGER.code, NEVER.code]
    before = facts_of(world, codes)
    world.scans(BOB, *(ItemLabel(code) for code in codes), target)
    assert facts_of(world, codes) != before
    outcome = world.scan(UNDO)
    assert outcome.message.key == "handover-undone"
    assert facts_of(world, codes) == before


@pytest.mark.parametrize("how", [FAMILY, NOT_HOME])
def test_after_the_outcome_of_a_plan_is_taken_back_its_items_are_out_again(how: Scan) -> None:
    world = World()
    world.scans(RICE, times(3), FINISH, ANN)
    for code in world.issued():
        world.scan(ItemLabel(code))
    world.scan(PLAN)
    before = facts_of(world, world.issued())
    world.scans(PLAN, how, UNDO)
    assert facts_of(world, world.issued()) == before
    assert world.out_for(PLAN.code) == tuple(world.issued())


@pytest.mark.parametrize("between", [MYSTERY, ASKING])
def test_a_handover_can_not_be_taken_back_after_a_minute_by_any_way(between: object) -> None:
    world = World()
    world.scans(RICE, FINISH)
    world.scans(ANN, ItemLabel(world.issued()[0]), PLAN)
    world.wait(50_000)
    world.scan(MYSTERY)
    if between is MYSTERY:
        world.scan(UNDO)
    world.wait(3_600_000)
    assert world.scan(UNDO).message.key == "nothing-to-undo"
    assert world.item(world.issued()[0]).status == "out"


def test_a_plan_with_more_items_than_an_event_holds_comes_back_whole() -> None:
    world = World()
    for _ in range(3):
        for _ in range(4):
            world.scan(RICE)
            world.scan(times(24))
        world.scan(FINISH)
    for start in range(0, 288, 96):
        world.scan(ANN)
        for code in world.issued()[start : start + 96]:
            world.scan(ItemLabel(code))
        world.scan(PLAN)
    world.scan(PLAN)
    outcome = world.scan(FAMILY)
    delivered = [d.body for d in outcome.drafts if isinstance(d.body, events.Delivered)]
    assert [len(body.items) for body in delivered] == [120, 120, 48]
    assert sorted(code for body in delivered for code in body.items) == sorted(world.issued())
    outcome = world.scan(UNDO)
    voided = [d.body for d in outcome.drafts if isinstance(d.body, Voided)]
    assert sorted(code for body in voided for code in body.items) == sorted(world.issued())
    assert len({name for body in voided for name in body.events}) == 3
    assert all(len(body.items) <= MAX_CODES_PER_EVENT for body in voided)
    assert len(world.out_for(PLAN.code)) == 288


def test_more_chosen_items_than_one_event_holds_are_refused() -> None:
    world = World()
    world.scan(ANN)
    for serial in range(MAX_CODES_PER_EVENT):
        world.scan(ItemLabel(serial_code(Kind.ITEM, "8888", serial)))
    before = world.state()
    outcome = world.scan(STRANGER)
    assert (outcome.signal, outcome.message.key) == (REFUSED, "too-many")
    assert outcome.state == before
    assert types_of(world.scan(PLAN)) == ["out", "session.closed"]


# --- limits -------------------------------------------------------------------------------------


def test_without_a_prefix_nothing_is_taken_in_and_it_says_so() -> None:
    world = World(prefix=None)
    outcome = world.scan(RICE)
    assert (types_of(outcome), outcome.signal, outcome.message.key) == (
        ["noticed"],
        REFUSED,
        "no-codes",
    )
    assert (outcome.state, outcome.jobs) == (LaneState(), ())


def test_without_a_prefix_an_unknown_code_does_not_hold_the_lane() -> None:
    world = World(prefix=None)
    world.scan(ANN)
    world.scan(MYSTERY)
    (timeout, *_) = world.wait(15_000)
    assert (timeout.signal, timeout.message.key) == (REFUSED, "no-codes")
    world.wait(60_000)
    assert world.state().phase is REST


def test_without_a_prefix_finish_after_an_unknown_code_says_so_once_and_then_finishes() -> None:
    world = World(prefix=None)
    world.scan(ANN)
    world.scan(MYSTERY)
    assert world.scan(FINISH).message.key == "no-codes"
    assert world.scan(FINISH).state.phase is REST


def test_without_a_prefix_handovers_go_on() -> None:
    world = World(prefix=None)
    outcome = world.scans(ANN, STRANGER, PLAN)
    assert outcome.signal is SAVED


def test_a_session_has_a_largest_size_and_can_be_finished_there() -> None:
    world = World()
    while len(world.issued()) < MAX_ENTRIES:
        world.scan(RICE)
    before = world.state()
    more: tuple[Scan, ...] = (RICE, CLOTHES)
    for scan in more:
        outcome = world.scan(scan)
        assert (outcome.signal, outcome.message.key, outcome.state) == (REFUSED, "too-many", before)
    assert world.scan(times(2)).state == before
    assert world.scan(FINISH).message.values == {"count": MAX_ENTRIES}


def test_codes_go_on_in_the_next_block_without_a_gap_in_uniqueness() -> None:
    world = World()
    world.allocator = Allocator(PREFIX, 101 * BLOCK - 10, 101 * BLOCK)
    world.scan(RICE)
    world.scan(times(24))
    assert len(set(world.issued())) == 24
    assert world.allocator == Allocator(PREFIX, 101 * BLOCK + 14, 102 * BLOCK)


# --- lanes and restarts -------------------------------------------------------------------------


def test_a_volunteer_at_one_scanner_does_not_disturb_a_donor_at_another() -> None:
    world = World()
    world.scan(RICE, "door")
    world.scan(ANN, "back")
    world.scan(CLOTHES, "door")
    world.scan(STRANGER, "back")
    assert [entry.category for entry in world.state("door").entries] == ["F1", "C1"]
    assert world.state("door").person is None
    assert world.state("back").person == ANN.person
    assert world.state("back").entries == ()
    assert len(set(world.issued())) == 2


@pytest.mark.parametrize("phase", Phase)
def test_after_a_restart_whoever_was_there_goes_on_with_the_whole_of_the_time(
    phase: Phase,
) -> None:
    state = reached(phase).state()
    after = restored(state, now=5)
    if phase is REST:
        assert after == LaneState(touched=5)
        return
    assert after.deadline is not None
    assert after.deadline > 5
    assert (after.phase, after.session, after.entries) == (phase, state.session, state.entries)
    assert msgspec.json.decode(msgspec.json.encode(state), type=LaneState) == state


def test_a_turn_is_a_function_of_what_goes_in() -> None:
    world = reached(INTAKE)
    for kind in InputKind:
        facts = world.facts(ONE_OF_EACH[kind])
        args = (world.state(), world.allocator, ONE_OF_EACH[kind], facts)
        assert step(*args) == step(*args)


def test_a_card_is_only_ever_a_hash_here() -> None:
    world = World()
    world.scan(Card(ANN.person))
    opened = world.events[0]
    assert opened.private.person == ANN.person
    assert opened.public.epoch == EPOCH


def test_who_takes_goods_back_is_told_what_becomes_of_their_label_and_not_to_stick_it_on() -> None:
    world = World()
    stuck = next_step(world.scan(CLOTHES).message, world.state())
    world.scan(ActionCard(Verb.GRADE, "B"))
    marked = next_step(world.scan(UNDO).message, world.state())
    gone = next_step(world.scan(UNDO).message, world.state())
    assert "Stick the label on" in stuck.en
    assert marked == stuck  # only what was said of them was taken back
    assert ("Throw its label away" in gone.en, "扔掉" in gone.zh) == (True, True)
    assert "Stick" not in gone.en


def test_what_is_odd_about_a_chosen_item_stands_in_its_event() -> None:
    world = World()
    world.scans(CLOTHES, times(3), FINISH)
    here, out, gone = map(ItemLabel, world.issued())
    world.scans(ANN, gone, PLAN, PLAN, FAMILY)
    world.scans(ANN, out, OTHER_PLAN)
    world.scans(ANN, here, STRANGER, NEVER, gone, out)
    picked = [e.public.body for e in world.events if isinstance(e.public.body, ItemPicked)]
    assert [(body.item, body.outcome) for body in picked[2:]] == [
        (here.code, "ok"),
        (STRANGER.code, "foreign"),
        (NEVER.code, "unknown"),
        (gone.code, "delivered"),
        (out.code, "out"),
    ]


def test_what_a_label_is_that_somebody_only_looks_up_stands_in_its_event() -> None:
    world = World()
    world.scans(CLOTHES, times(2), FINISH)
    here, gone = map(ItemLabel, world.issued())
    world.scans(ANN, gone, PLAN, PLAN, FAMILY, here, STRANGER, NEVER, gone)
    seen = [e.public.body for e in world.events if isinstance(e.public.body, ItemSeen)]
    assert [(body.item, body.outcome) for body in seen] == [
        (here.code, "here"),
        (STRANGER.code, "foreign"),
        (NEVER.code, "unknown"),
        (gone.code, "delivered"),
    ]


def test_why_a_session_ended_and_why_goods_came_back_stand_in_their_events() -> None:
    world = World()
    world.scans(CLOTHES, FINISH, RICE)
    world.wait(3_600_000)
    world.scans(ANN, ItemLabel(world.issued()[0]), PLAN, PLAN, NOT_HOME)
    bodies = [event.public.body for event in world.events]
    ended = [body.why for body in bodies if isinstance(body, SessionClosed)]
    assert ended == ["finished", "rest", "handed-over", "handed-over"]
    assert [body.why for body in bodies if isinstance(body, Back)] == ["not-home"]
