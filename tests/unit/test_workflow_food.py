"""Food at intake: what is written down, printed and said of what is put aside or turned away."""

from datetime import date

import pytest

from contract.actions import UNSORTED
from contract.events import FoodRefused, Quarantined, Received, Retail, SessionClosed, Voided
from contract.reference import Recall, StopSettings
from drivers.ports import Signal
from kiosk.food_gate import Today
from kiosk.inputs import RetailCode
from kiosk.state import LabelJob, Outcome
from kiosk.texts import render
from tests.support.lanes import CLOTHES, FINISH, MYSTERY, RICE, TIMEOUT, UNDO, World, times
from tests.support.lanes import types_of as types

GTIN = RICE.retail.gtin
PAST = RetailCode(Retail(GTIN, expiry="2025-10-08", lot="A7"))
SOON = RetailCode(Retail(GTIN, expiry="2025-10-11"))
LATER = RetailCode(Retail(GTIN, expiry="2027-03-31", lot="B2"))
YEARS = RetailCode(Retail(GTIN, best_before="2030-01-31"))


def stop(policy: str = "refuse", margin: int = 0) -> World:
    """A kiosk of a stop with these settings."""
    world = World()
    world.settings = StopSettings(food_margin_days=margin, food_gate=policy)
    return world


def heard(outcome: Outcome) -> tuple[Signal, str]:
    return outcome.signal, outcome.message.key


def test_what_is_turned_away_is_written_down_with_its_code_and_its_reason() -> None:
    world = stop()
    outcome = world.scan(PAST)
    assert world.bodies()[-1] == FoodRefused(
        category="F1", why="expired", retail=PAST.retail, session=world.state().session
    )
    assert outcome.jobs == ()
    assert world.issued() == []
    words = render(outcome.message)
    assert "2025-10-08" in words.zh
    assert "2025-10-08" in words.en


def test_a_refusal_costs_no_item_code_and_no_receipt() -> None:
    world = stop()
    before = world.allocator
    world.scan(PAST)
    closed = world.scan(FINISH)
    assert world.allocator == before
    assert closed.claim is None
    assert isinstance(closed.drafts[-1].body, SessionClosed)


def test_undo_names_the_refusal_and_touches_no_item() -> None:
    world = stop()
    world.scans(LATER, PAST)
    refusal = next(e for e in world.events if isinstance(e.public.body, FoodRefused))
    undone = world.scan(UNDO)
    assert [draft.body for draft in undone.drafts] == [Voided(events=(refusal.id,), items=())]
    assert world.item(world.issued()[0]).status == "here"


@pytest.mark.parametrize(
    ("margin", "scan", "why"),
    [(0, PAST, "expired"), (3, PAST, "expired"), (3, SOON, "expires-soon")],
)
def test_a_stop_that_puts_food_aside_gives_it_a_code_and_a_label_that_says_so(
    margin: int, scan: RetailCode, why: str
) -> None:
    world = stop("quarantine", margin)
    outcome = world.scan(scan)
    assert types(outcome) == ["session.opened", "received", "quarantined"]
    (code,) = world.issued()
    assert outcome.drafts[-1].body == Quarantined(
        items=(code,), why=why, session=world.state().session
    )
    assert outcome.jobs == (LabelJob(code, "F1", note="quarantine"),)
    assert world.item(code).status == "quarantined"
    assert heard(outcome) == (Signal.ATTENTION, f"quarantined-{why}")


def test_all_of_a_quantity_is_put_aside_and_counted_aloud() -> None:
    world = stop("quarantine")
    world.scan(PAST)
    outcome = world.scan(times(3))
    assert types(outcome) == ["received", "received", "quarantined"]
    assert heard(outcome) == (Signal.ATTENTION, "quarantined-expired")
    assert "3" in render(outcome.message).en
    assert {world.item(code).status for code in world.issued()} == {"quarantined"}


def test_undo_takes_the_quarantine_and_the_intake_back_together() -> None:
    world = stop("quarantine")
    world.scans(LATER, PAST, times(3))
    outcome = world.scan(UNDO)
    voided = {name for draft in outcome.drafts for name in body(draft.body).events}
    meant = {
        event.id
        for event in world.events
        if (isinstance(event.public.body, Received) and event.public.body.item != world.issued()[0])
        or isinstance(event.public.body, Quarantined)
    }
    assert voided == meant
    codes = world.issued()
    assert {code for draft in outcome.drafts for code in body(draft.body).items} == set(codes[1:])
    assert [world.item(code).status for code in codes] == ["here"] + ["voided"] * 3
    assert set(outcome.cancelled) == set(codes[1:])
    assert heard(outcome) == (Signal.SAVED, "undone")
    assert heard(world.scan(FINISH)) == (Signal.SAVED, "thanks")


def body(voided: object) -> Voided:
    assert isinstance(voided, Voided)
    return voided


def test_a_kiosk_that_does_not_know_the_date_puts_aside_and_turns_nothing_away() -> None:
    world = stop("refuse", 3)
    world.today = None
    for scan in (PAST, LATER, YEARS):
        assert heard(world.scan(scan)) == (Signal.ATTENTION, "quarantined-date-unsure")
    assert heard(world.scan(RICE)) == (Signal.SAVED, "received")


def test_a_kiosk_that_lost_the_date_still_takes_what_keeps_for_years() -> None:
    world = stop("refuse", 3)
    world.today = Today(date(2025, 10, 9), date(2026, 11, 13))
    assert heard(world.scan(YEARS)) == (Signal.SAVED, "received")
    assert heard(world.scan(PAST)) == (Signal.ATTENTION, "quarantined-expired")
    assert "food.refused" not in world.types()


def test_what_nobody_sorted_is_judged_as_food() -> None:
    world = stop("refuse", 3)
    soon = RetailCode(Retail(MYSTERY.retail.gtin, expiry="2025-10-11"))
    world.scan(soon)
    assert heard(world.scan(TIMEOUT)) == (Signal.REFUSED, "food-expires-soon")
    assert world.bodies()[-1] == FoodRefused(
        category=UNSORTED.key, why="expires-soon", retail=soon.retail,
        session=world.state().session,
    )  # fmt: skip
    world.scan(soon)
    assert heard(world.scan(CLOTHES)) == (Signal.SAVED, "received")


def test_a_recalled_batch_is_said_at_the_scan_and_put_aside() -> None:
    world = stop("refuse")
    world.recalls = (Recall(GTIN, ("B2",)),)
    assert heard(world.scan(LATER)) == (Signal.ATTENTION, "quarantined-recalled")
    assert heard(world.scan(RICE)) == (Signal.ATTENTION, "quarantined-perhaps-recalled")
    other = RetailCode(Retail(GTIN, expiry="2027-03-31", lot="B3"))
    assert heard(world.scan(other)) == (Signal.SAVED, "received")
    assert [event.why for event in world.bodies() if isinstance(event, Quarantined)] == [
        "recalled",
        "perhaps-recalled",
    ]


def test_a_word_that_this_release_does_not_know_is_the_strict_one() -> None:
    assert heard(stop("ask-the-mayor").scan(PAST)) == (Signal.REFUSED, "food-expired")
