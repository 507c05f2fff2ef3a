"""What an update does next, from where it stands and what can be seen."""

from dataclasses import replace
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from kiosk.update_hour import WINDOW_MINUTES, is_open, minute_of
from kiosk.update_words import KioskFacts
from provisioning.updates import steps
from provisioning.updates.progress import Phase, Result, State

OLD, NEW = "0.1.0-20261118T092640-aaaaaaa", "0.1.0-20261119T131320-bbbbbbb"
NONCE = "0123456789abcdef"
WELL = KioskFacts(
    release=OLD, wall=1, resting_s=600, devices={"scanner": 2, "printer": 1}, open_now=True,
    asked=NONCE, acked=True,
)  # fmt: skip
BEGUN = steps.begin(State(), NEW, OLD, source="/x.yrel", by_hand=False, forced=False)
WAITING = BEGUN.at(Phase.WAITING)
TRYING = BEGUN.at(Phase.TRYING, baseline={"scanner": 2, "printer": 1}, starts=1)
SHANGHAI = ZoneInfo("Asia/Shanghai")


def seen(kiosk: KioskFacts | None = WELL, **more: object) -> steps.Seen:
    return replace(steps.Seen(complete=True, kiosk=kiosk, nonce=NONCE, counted=True), **more)  # type: ignore[arg-type]


def test_a_kiosk_at_rest_with_nothing_unsent_is_switched() -> None:
    planned = steps.plan(WAITING, seen())
    assert planned.then.phase is Phase.SWITCHING
    assert planned.then.baseline == {"scanner": 2, "printer": 1}
    assert steps.plan(planned.then, seen()).action == steps.Switch(NEW)


@pytest.mark.parametrize(
    ("kiosk", "why"),
    [
        (None, "kiosk-silent"),
        (replace(WELL, open_now=False), "not-the-hour"),
        (replace(WELL, refusing="disk-low"), "refusing"),
        (replace(WELL, resting_s=100), "in-use"),
        (replace(WELL, acked=False), "not-acknowledged"),
        (replace(WELL, backlog=1), "backlog"),
        (replace(WELL, asked=""), "not-asked"),
    ],
)
def test_nothing_is_switched_at_a_bad_moment(kiosk: KioskFacts | None, why: str) -> None:
    planned = steps.plan(WAITING, seen(kiosk))
    assert planned.then.phase is Phase.WAITING
    assert planned.then.reason == why
    late = steps.plan(WAITING, seen(kiosk, waited_ms=steps.PATIENCE_MS))
    assert late.action == steps.Leave()
    assert late.then.phase is Phase.WAITING


def test_a_person_need_not_wait_for_the_hour_but_a_donor_is_not_cut_off() -> None:
    by_hand = replace(WAITING, by_hand=True)
    assert steps.plan(by_hand, seen(replace(WELL, open_now=False, resting_s=5))).then.phase is (
        Phase.SWITCHING
    )
    assert steps.plan(by_hand, seen(replace(WELL, resting_s=0))).then.reason == "in-use"


def test_a_kiosk_is_asked_to_write_an_event_only_when_all_else_is_right() -> None:
    unasked = replace(WELL, asked="")
    assert steps.wants_answer(WAITING, seen(unasked, nonce=""))
    for hindered in (
        None, replace(unasked, open_now=False), replace(unasked, backlog=3),
        replace(unasked, resting_s=1),
    ):  # fmt: skip
        assert not steps.wants_answer(WAITING, seen(hindered, nonce=""))


def test_a_release_that_works_as_before_is_confirmed() -> None:
    assert steps.plan(TRYING, seen(replace(WELL, release=NEW))).then.phase is Phase.CONFIRMING


@pytest.mark.parametrize(
    ("kiosk", "why"),
    [
        (None, "kiosk-silent"),
        (WELL, "kiosk-silent"),
        (replace(WELL, release=NEW, refusing="read-only"), "refusing"),
        (replace(WELL, release=NEW, devices={"scanner": 1, "printer": 1}), "scanner-missing"),
        (replace(WELL, release=NEW, devices={"scanner": 2}), "printer-missing"),
        (replace(WELL, release=NEW, acked=False), "not-acknowledged"),
        (replace(WELL, release=NEW, asked="an earlier question"), "not-acknowledged"),
    ],
)
def test_a_release_that_lacks_something_is_given_time_and_then_left(
    kiosk: KioskFacts | None, why: str
) -> None:
    early = steps.plan(TRYING, seen(kiosk))
    assert (early.action, early.then.phase) == (steps.Pause(), Phase.TRYING)
    late = steps.plan(TRYING, seen(kiosk, waited_ms=steps.TRIAL_MS)).then
    assert (late.phase, late.reason) == (Phase.RETURNING, why)
    back = steps.plan(late, seen(kiosk))
    assert back.action == steps.Switch(OLD)
    assert back.then.result is Result.REVERTED
    assert back.then.result_reason == why


def test_a_release_whose_process_ends_again_and_again_is_left_at_once() -> None:
    then = steps.plan(TRYING, seen(None, failures=steps.MAX_FAILURES)).then
    assert (then.phase, then.reason) == (Phase.RETURNING, "crashes")


def test_a_machine_that_starts_again_and_again_goes_back_before_the_kiosk_starts() -> None:
    state = replace(TRYING, starts=0)
    for _ in range(steps.MAX_STARTS):
        state = steps.plan(state, seen(None, early=True, counted=False)).then
        assert state.phase is Phase.TRYING
        assert steps.plan(state, seen(None, early=True)).action == steps.Leave()
    state = steps.plan(state, seen(None, early=True, counted=False)).then
    back = steps.plan(state, seen(None, early=True)).then
    assert (back.phase, back.reason) == (Phase.RETURNING, "start-loop")


def test_what_failed_is_not_tried_again_unless_the_hub_was_silent() -> None:
    bad = steps.plan(TRYING.at(Phase.RETURNING, reason="crashes"), seen()).then
    assert bad.refused == (NEW,)
    silent = steps.plan(TRYING.at(Phase.RETURNING, reason="not-acknowledged"), seen()).then
    assert silent.refused == ()


def test_a_confirmed_release_remembers_the_one_before_it() -> None:
    planned = steps.plan(TRYING.at(Phase.CONFIRMING), seen())
    assert planned.action == steps.Confirm(NEW, (NEW, OLD))
    assert planned.then.before == OLD
    assert planned.then.result is Result.CONFIRMED


def at(hour: int, minute: int) -> int:
    return int(datetime(2026, 11, 22, hour, minute, tzinfo=SHANGHAI).timestamp() * 1000)


def test_a_kiosk_has_its_own_minute_after_the_hour_in_its_own_time_zone() -> None:
    minute = minute_of("stop-1-k1")
    assert not is_open(at(3, minute) - 60_000, SHANGHAI, 3, "stop-1-k1")
    assert is_open(at(3, minute), SHANGHAI, 3, "stop-1-k1")
    ends = at(3, minute) + WINDOW_MINUTES * 60_000
    assert is_open(ends - 60_000, SHANGHAI, 3, "stop-1-k1")
    assert not is_open(ends, SHANGHAI, 3, "stop-1-k1")
    assert not is_open(at(3, minute), UTC, 3, "stop-1-k1")
    assert len({minute_of(f"stop-{number}-k1") for number in range(30)}) > 15


def test_the_window_may_go_past_midnight_and_nobody_knows_it_without_the_time() -> None:
    minute = minute_of("k")
    midnight = at(23, minute) + 61 * 60_000
    assert is_open(midnight, SHANGHAI, 23, "k")
    assert not is_open(None, SHANGHAI, 23, "k")
