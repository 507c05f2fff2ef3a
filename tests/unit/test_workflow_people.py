"""Time offered, time worked, spoons of rice: what is recorded, for whom, and the small tickets."""

import msgspec
import pytest

from contract.events import Contributed, TimeOffered, Voided, WorkEnded, WorkStarted, type_of
from contract.reference import Campaign
from drivers.ports import Words
from kiosk.inputs import Scan
from kiosk.state import EventRef, LaneState, Phase, SlipJob
from kiosk.workflow import restored, step
from kiosk.workflow.people import RULE_MINUTES, expired_work
from kiosk.workflow.turn import Work
from tests.support.lanes import ANN, BOB, FINISH, UNDO, World, times
from tests.support.stories_people import COOKING, OFFER, SEWING, SPOON, WORK, campaign
from tests.support.telling import ATTENTION, SAVED

MINUTE = 60_000


def stands(world: World) -> list[object]:
    """The bodies of what undo did not take back."""
    voided = {n for body in world.bodies() if isinstance(body, Voided) for n in body.events}
    return [event.public.body for event in world.events if event.id not in voided]


def half_hours(world: World) -> int:
    return sum(body.half_hours for body in stands(world) if isinstance(body, TimeOffered))


def spoons(world: World) -> int:
    return sum(body.count for body in stands(world) if isinstance(body, Contributed))


def slip(world: World, *scans: Scan) -> SlipJob:
    (job,) = world.scans(*scans).jobs
    assert isinstance(job, SlipJob)
    return job


# --- time offered -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("scans", "expected"),
    [
        ((ANN, COOKING), 1),
        ((COOKING, ANN), 1),
        ((OFFER, ANN, COOKING, times(4)), 4),
        ((OFFER, COOKING, times(4), ANN), 4),
        ((ANN, COOKING, times(4), SEWING), 5),
        ((ANN, COOKING, times(4), SEWING, UNDO), 4),
        ((ANN, COOKING, times(4), UNDO), 0),
    ],
)
def test_card_and_skill_are_half_an_hour_and_a_quantity_says_how_many(
    scans: tuple[Scan, ...], expected: int
) -> None:
    world = World()
    world.scans(*scans)
    assert half_hours(world) == expected
    offered = [e for e in world.events if isinstance(e.public.body, TimeOffered)]
    assert {event.private.person for event in offered} == {ANN.person}


def test_the_ticket_adds_up_each_skill_and_names_nobody() -> None:
    world = World()
    ticket = slip(world, ANN, COOKING, times(3), SEWING, COOKING, FINISH)
    assert (ticket.what, ticket.figures) == ("time-offered", (("skill-03", 4), ("skill-08", 1)))
    assert ANN.person.encode() not in msgspec.json.encode(ticket)


def test_without_a_card_no_time_is_recorded_and_no_ticket_comes() -> None:
    world = World()
    world.scans(OFFER, COOKING)
    (timeout,) = world.wait(60_000)
    assert (timeout.signal, timeout.message.key, timeout.jobs) == (ATTENTION, "offer-dropped", ())
    assert half_hours(world) == 0


def test_another_persons_card_gets_the_first_one_a_ticket_and_none_of_the_time() -> None:
    world = World()
    ticket = slip(world, ANN, COOKING, BOB)
    assert ticket.figures == (("skill-03", 1),)
    world.scan(SEWING)
    persons = [e.private.person for e in world.events if isinstance(e.public.body, TimeOffered)]
    assert persons == [ANN.person, BOB.person]


# --- time worked --------------------------------------------------------------------------------


def test_card_in_and_card_out_tell_the_minutes_on_a_slip() -> None:
    world = World()
    world.scans(WORK, ANN, FINISH)
    world.now += 125 * MINUTE
    ticket = slip(world, WORK, ANN)
    assert (ticket.what, ticket.figures) == ("work", (("worked", 125),))
    ended = next(body for body in world.bodies() if isinstance(body, WorkEnded))
    began = next(e for e in world.events if isinstance(e.public.body, WorkStarted))
    assert (ended.started, ended.minutes, ended.how) == (began.id, 125, "card")
    assert world.works[ANN.person] is None
    assert began.private.person == ANN.person


def test_who_shows_the_card_before_the_work_card_needs_no_second_scan_of_it() -> None:
    world = World()
    assert world.scans(ANN, WORK).message.key == "work-started"
    world.scan(FINISH)
    assert world.scans(ANN, WORK).message.key == "work-ended"


def test_several_come_together_and_each_goes_alone() -> None:
    world = World()
    world.scans(WORK, ANN, BOB, FINISH)
    world.now += 60 * MINUTE
    world.scans(WORK, BOB, FINISH)
    world.now += 60 * MINUTE
    world.scans(WORK, ANN)
    minutes = [body.minutes for body in world.bodies() if isinstance(body, WorkEnded)]
    assert minutes == [60, 120]


def test_after_going_home_by_mistake_the_time_goes_on_from_the_beginning() -> None:
    world = World()
    world.scans(WORK, ANN, FINISH)
    world.now += 60 * MINUTE
    world.scans(WORK, ANN, UNDO, FINISH)
    world.now += 60 * MINUTE
    assert slip(world, WORK, ANN).figures == (("worked", 120),)


def test_a_card_that_was_shown_at_another_lane_since_is_not_taken_back() -> None:
    world = World()
    world.scans(WORK, ANN)
    for scan in (WORK, ANN, ANN):
        world.scan(scan, "back")
    began = world.works[ANN.person]
    assert world.scan(UNDO).message.key == "work-went-on"
    assert world.works[ANN.person] == began
    assert world.scan(UNDO, "back").message.key == "work-undone"


def test_when_the_power_was_cut_the_minutes_are_nobodys_guess() -> None:
    world = World()
    world.scans(WORK, ANN, FINISH, WORK)
    facts = world.facts(ANN)
    assert facts.work is not None
    unknown = msgspec.structs.replace(facts, work=Work(facts.work.ref, None))
    outcome = step(world.state(), world.allocator, ANN, unknown)
    (job,) = outcome.jobs
    assert isinstance(job, SlipJob)
    assert (job.figures, outcome.message.key) == ((("work-unknown", 0),), "work-ended-unknown")
    ended = next(d.body for d in outcome.drafts if isinstance(d.body, WorkEnded))
    assert ended.minutes is None


def test_forgotten_work_is_closed_by_rule_and_marked() -> None:
    world = World()
    world.scans(WORK, ANN, BOB, FINISH)
    ids = {EventRef(e.public.epoch, e.public.seq): e.id for e in world.events}
    began = {p: ref for p, ref in world.works.items() if ref is not None}
    works = [
        (ANN.person, Work(began[ANN.person], RULE_MINUTES + 300)),
        (BOB.person, Work(began[BOB.person], RULE_MINUTES - 1)),
    ]
    over = expired_work(works, "0" * 16, ids.__getitem__)
    (draft,) = over.drafts
    assert draft.body == WorkEnded(
        session="0" * 16,
        started=ids[began[ANN.person]],
        minutes=RULE_MINUTES,
        how="rule",
    )
    assert draft.private.person == ANN.person
    assert over.works == {ANN.person: None}


def test_work_of_unknown_length_is_not_closed_by_rule() -> None:
    ref = EventRef("0" * 16, 1)
    assert expired_work([(ANN.person, Work(ref, None))], "0" * 16, str).drafts == ()


def test_a_card_that_comes_before_the_rule_was_applied_begins_anew() -> None:
    world = World()
    world.scans(WORK, ANN, FINISH)
    world.now += (RULE_MINUTES + 600) * MINUTE
    outcome = world.scans(WORK, ANN)
    assert [type_of(d.body) for d in outcome.drafts][1:3] == ["work.ended", "work.started"]
    ended = outcome.drafts[1].body
    assert isinstance(ended, WorkEnded)
    assert (ended.minutes, ended.how) == (RULE_MINUTES, "rule")
    world.now += 30 * MINUTE
    world.wait(60_000)
    assert slip(world, WORK, ANN).figures == (("worked", 31),)


# --- spoons of rice -----------------------------------------------------------------------------


def test_each_scan_is_a_spoon_and_a_quantity_says_how_many() -> None:
    world = World()
    world.scans(SPOON, SPOON, times(10), SPOON)
    assert spoons(world) == 12
    assert slip(world, UNDO, FINISH).figures == (("spoons", 11),)
    assert spoons(world) == 11


def test_the_card_that_joins_stands_beside_what_comes_after_and_the_session() -> None:
    world = World()
    world.scans(SPOON, ANN, SPOON, FINISH)
    persons = [e.private.person for e in world.events if isinstance(e.public.body, Contributed)]
    assert persons == [None, ANN.person]


@pytest.mark.parametrize(
    ("given", "target", "boxes"), [(0, 100, 0), (97, 100, 10), (450, 1000, 4), (5, 0, None)]
)
def test_the_ticket_fills_ten_boxes_as_far_as_the_hub_told(
    given: int, target: int, boxes: int | None
) -> None:
    world = World()
    world.campaigns[1] = Campaign(1, "一勺米", "A Spoon of Rice", target, given=given)
    ticket = slip(world, SPOON, times(3), FINISH)
    assert (ticket.about, ticket.boxes) == (Words("一勺米", "A Spoon of Rice"), boxes)


def test_what_the_hub_has_heard_of_these_gifts_already_does_not_count_twice() -> None:
    world = World()
    world.campaigns[1] = Campaign(1, "一勺米", "A Spoon of Rice", 20)
    world.scans(SPOON, times(10))
    world.campaigns[1] = Campaign(1, "一勺米", "A Spoon of Rice", 20, given=10)
    assert slip(world, FINISH).boxes == 5


def test_a_campaign_that_nobody_has_named_gets_a_ticket_without_boxes() -> None:
    ticket = slip(World(), SPOON, FINISH)
    assert (ticket.about, ticket.boxes, ticket.figures) == (None, None, (("spoons", 1),))


def test_another_campaigns_card_is_a_ticket_for_the_first_one() -> None:
    world = World()
    world.campaigns[1] = Campaign(1, "一勺米", "A Spoon of Rice", 10)
    world.scans(ANN, SPOON, SPOON)
    ticket = slip(world, campaign(2))
    assert ticket.figures == (("spoons", 2),)
    assert (ticket.about, ticket.boxes) == (Words("一勺米", "A Spoon of Rice"), 2)
    assert [b.campaign for b in world.bodies() if isinstance(b, Contributed)] == [1, 1, 2]
    assert world.state().person == ANN.person


def test_a_spoon_for_a_campaign_that_is_over_is_recorded_and_looked_at() -> None:
    world = World()
    world.campaigns[1] = Campaign(1, "一勺米", "A Spoon of Rice", 10, open=False)
    outcome = world.scan(SPOON)
    assert (outcome.signal, outcome.message.key) == (ATTENTION, "spoon-over")
    assert spoons(world) == 1


@pytest.mark.parametrize("scans", [(ANN, COOKING), (SPOON, ANN), (WORK, ANN)])
def test_after_rest_a_lane_remembers_nobody(scans: tuple[Scan, ...]) -> None:
    world = World()
    world.scans(*scans)
    world.wait(60_000)
    assert world.state() == LaneState(touched=world.state().touched)


def test_after_a_cut_of_power_a_gift_is_finished_as_it_was() -> None:
    world = World()
    world.scans(ANN, COOKING)
    state = msgspec.json.decode(msgspec.json.encode(world.state()), type=LaneState)
    world.lanes["door"] = restored(state, world.now)
    assert state.phase is Phase.OFFERING
    outcome = world.scan(FINISH)
    assert (outcome.signal, len(outcome.jobs)) == (SAVED, 1)
