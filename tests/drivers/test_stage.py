"""What is lit and sounds at a moment, by the clock of the test."""

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from drivers.patterns import ALARMS, MODES, SIGNALS, Colour, mode_pattern
from drivers.ports import Alarm, Signal
from drivers.stage import AGAIN_MS, Look, Stage

LANES = ("door", "shelf")


def looks(stage: Stage, lane: str, start: int, end: int) -> list[tuple[int, Look]]:
    """Every change in one lane from ``start`` until ``end``, as whoever moves the pins sees it."""
    found: list[tuple[int, Look]] = []
    now: int | None = start
    while now is not None and now < end:
        frame = stage.frame(now)
        if not found or found[-1][1] != frame.looks[lane]:
            found.append((now, frame.looks[lane]))
        assert frame.next_ms is None or frame.next_ms > now
        now = frame.next_ms
    return found


def test_green_and_its_beep_come_at_once_and_the_modes_light_returns() -> None:
    stage = Stage(LANES, 0)
    stage.mode("door", "intake", 0)
    stage.show("door", Signal.SAVED, 1000)
    assert looks(stage, "door", 1000, 2501) == [
        (1000, Look(Colour.GREEN, 2400)),
        (1120, Look(Colour.GREEN)),
        (2500, Look(Colour.CYAN)),
    ]


def test_a_new_signal_takes_the_place_of_the_old_one_at_once() -> None:
    stage = Stage(LANES, 0)
    stage.show("door", Signal.SAVED, 0)
    stage.show("door", Signal.REFUSED, 50)
    after = looks(stage, "door", 50, 700)
    assert (50 + AGAIN_MS, Look(Colour.RED, 440)) in after
    assert Colour.GREEN not in [look.light for _, look in after]


def test_two_equal_scans_in_a_second_are_two_beeps_and_two_lights() -> None:
    stage = Stage(LANES, 0)
    stage.show("door", Signal.SAVED, 0)
    assert stage.frame(400).looks["door"].light is Colour.GREEN
    stage.show("door", Signal.SAVED, 400)
    seen = looks(stage, "door", 400, 700)
    assert seen[0] == (400, Look())
    assert seen[1] == (400 + AGAIN_MS, Look(Colour.GREEN, 2400))


def test_one_lane_tells_nothing_of_another() -> None:
    stage = Stage(LANES, 0)
    stage.show("door", Signal.REFUSED, 0)
    assert stage.frame(0).looks["shelf"] == Look(Colour.WHITE)


def test_busy_lasts_until_the_outcome_is_there() -> None:
    stage = Stage(LANES, 0)
    stage.show("door", Signal.BUSY, 0)
    assert stage.frame(60_000).looks["door"].tone == 0
    assert {look.light for _, look in looks(stage, "door", 0, 60_000)} == {Colour.WHITE, Colour.OFF}
    stage.show("door", Signal.SAVED, 60_001)
    assert Colour.GREEN in [look.light for _, look in looks(stage, "door", 60_001, 60_100)]


def test_idle_ends_whatever_is_shown() -> None:
    stage = Stage(LANES, 0)
    stage.show("door", Signal.SAVED, 0)
    stage.show("door", Signal.IDLE, 10)
    assert stage.frame(10).looks["door"] == Look(Colour.WHITE)


def test_an_alarm_waits_for_the_signal_and_then_sounds_once() -> None:
    stage = Stage(LANES, 0)
    stage.show("door", Signal.SAVED, 0)
    stage.alarm(Alarm.PAPER, True, 5)
    seen = looks(stage, "door", 5, 60_000)
    assert seen[0][1].light is Colour.GREEN
    tones = [(at, look.tone) for at, look in seen if look.tone]
    assert tones == [(5, 2400), (1500, 1600), (2150, 800)]
    assert Colour.YELLOW in [look.light for at, look in seen if at > 10_000], "its light stays"


def test_an_alarm_is_heard_even_if_people_go_on_scanning() -> None:
    stage = Stage(LANES, 0)
    stage.show("door", Signal.SAVED, 0)
    stage.alarm(Alarm.PAPER, True, 5)
    for at in range(400, 4_001, 400):
        stage.show("door", Signal.SAVED, at)
    tones = [look.tone for _, look in looks(stage, "door", 4_400, 60_000) if look.tone]
    assert tones == [1600, 800]


def test_an_alarm_that_was_mended_before_its_turn_is_not_heard() -> None:
    stage = Stage(LANES, 0)
    stage.show("door", Signal.SAVED, 0)
    stage.alarm(Alarm.PAPER, True, 5)
    stage.alarm(Alarm.PAPER, False, 300)
    assert [look.tone for _, look in looks(stage, "door", 300, 60_000) if look.tone] == []


def test_an_alarm_that_is_over_leaves_the_modes_light_alone() -> None:
    stage = Stage(LANES, 0)
    stage.alarm(Alarm.OFFLINE, True, 0)
    assert Colour.BLUE in [look.light for _, look in looks(stage, "door", 0, 20_000)]
    stage.alarm(Alarm.OFFLINE, False, 20_000)
    assert looks(stage, "door", 20_000, 60_000) == [(20_000, Look(Colour.WHITE))]


def test_a_kiosk_that_cannot_save_is_red_in_every_lane() -> None:
    stage = Stage(LANES, 0)
    stage.alarm(Alarm.UNSAVED, True, 0)
    for lane in LANES:
        lights = {look.light for at, look in looks(stage, lane, 0, 30_000)}
        assert lights == {Colour.RED, Colour.OFF}


def test_a_steady_light_asks_for_no_waking() -> None:
    stage = Stage(LANES, 0)
    assert stage.frame(123).next_ms is None


def test_an_unknown_lane_and_an_unknown_mode_are_no_fault() -> None:
    stage = Stage(LANES, 0)
    stage.show("cellar", Signal.SAVED, 0)
    stage.mode("cellar", "rest", 0)
    stage.mode("door", "something of a later release", 0)
    assert stage.frame(0).looks["door"].light is mode_pattern("?").loop[0].light
    assert set(stage.frame(0).looks) == set(LANES)


EVENTS = st.one_of(
    st.tuples(st.just("show"), st.sampled_from(LANES), st.sampled_from(Signal)),
    st.tuples(st.just("mode"), st.sampled_from(LANES), st.sampled_from([*MODES, "other"])),
    st.tuples(st.just("alarm"), st.sampled_from(Alarm), st.booleans()),
)


@given(st.lists(st.tuples(st.integers(0, 3000), EVENTS), max_size=25))
def test_whatever_happens_the_last_signal_shows_and_rest_returns(
    happenings: Sequence[tuple[int, tuple[object, ...]]],
) -> None:
    stage, now = Stage(LANES, 0), 0
    modes = dict.fromkeys(LANES, "rest")
    alarms: set[Alarm] = set()
    for pause, happening in happenings:
        now += pause
        match happening:
            case ("show", str(lane), Signal() as signal):
                stage.show(lane, signal, now)
                if SIGNALS[signal].once:
                    first = SIGNALS[signal].once[0]
                    look = stage.frame(now + AGAIN_MS).looks[lane]
                    assert look == Look(first.light, first.tone)
            case ("mode", str(lane), str(mode)):
                stage.mode(lane, mode, now)
                modes[lane] = mode
            case ("alarm", Alarm() as alarm, bool(on)):
                stage.alarm(alarm, on, now)
                (alarms.add if on else alarms.discard)(alarm)
        frame = stage.frame(now)
        assert frame.next_ms is None or frame.next_ms > now
    for lane in LANES:
        stage.show(lane, Signal.IDLE, now)
        said = now + 5_000  # alarms that waited for the signals sound first
        lights = {look.light for _, look in looks(stage, lane, said, said + 30_000)}
        expected = {step.light for step in mode_pattern(modes[lane]).loop}
        if Alarm.UNSAVED in alarms:
            expected = {step.light for step in ALARMS[Alarm.UNSAVED].loop}
        else:
            for alarm in alarms:
                expected |= {step.light for step in ALARMS[alarm].loop}
        assert lights == expected
