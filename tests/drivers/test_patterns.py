"""The table of lights and sounds: what a person must be able to tell apart, measured."""

from collections.abc import Callable, Iterable
from itertools import combinations, pairwise
from math import log2

import pytest

from drivers.patterns import ALARMS, MODES, OTHER, SIGNALS, Colour, Pattern, Step, resting, total_ms
from drivers.ports import Alarm, Signal

ONCE = {
    **{signal.value: pattern for signal, pattern in SIGNALS.items() if pattern.once},
    **{alarm.value: pattern for alarm, pattern in ALARMS.items() if pattern.once},
}
LOOPS = {
    **{f"mode {mode}": pattern for mode, pattern in MODES.items()},
    "mode of any other kind": OTHER,
    **{signal.value: pattern for signal, pattern in SIGNALS.items() if pattern.loop},
    **{alarm.value: pattern for alarm, pattern in ALARMS.items() if pattern.loop},
}
EVERY = {**{f"{name} once": p for name, p in ONCE.items()}, **LOOPS}
SILENT = {Signal.BUSY.value, Signal.IDLE.value, Alarm.OFFLINE.value}
TWICE = 1.0
"""A beat or pause is told from another when one is at least twice as long: log2 of 2."""
BEATS_MAX = 4


def lit(step: Step) -> bool:
    """Whatever the colour: to an eye that knows no colours."""
    return step.light is not Colour.OFF


def sounding(step: Step) -> bool:
    """Whatever the pitch: from a buzzer that knows one."""
    return step.tone > 0


def runs(steps: Iterable[Step], on: Callable[[Step], bool]) -> list[tuple[bool, int]]:
    """Neighbours that are alike, together: (on or off, milliseconds)."""
    found: list[tuple[bool, int]] = []
    for step in steps:
        state, ms = on(step), step.ms
        if found and found[-1][0] is state:
            ms += found.pop()[1]
        found.append((state, ms))
    return found


def once_rhythm(pattern: Pattern, on: Callable[[Step], bool]) -> list[int]:
    """Beat, pause, beat, …, beat. The silence around it is no part of it."""
    found = runs(pattern.once, on)
    while found and not found[0][0]:
        found.pop(0)
    while found and not found[-1][0]:
        found.pop()
    return [ms for _, ms in found]


def loop_rhythm(pattern: Pattern) -> list[int]:
    """Beat, pause, …, one period, starting at a beat; a steady light is one endless beat."""
    found = runs(pattern.loop, lit)
    if len(found) < 2:
        return []
    if found[0][0] is found[-1][0]:
        found[0] = (found[0][0], found[0][1] + found.pop()[1])
    if not found[0][0]:
        found.append(found.pop(0))
    return [ms for _, ms in found]


def furthest(a: list[int], b: list[int]) -> float:
    """How much the most different beat or pause differs; infinite with another number."""
    if len(a) != len(b):
        return float("inf")
    return max(abs(log2(x / y)) for x, y in zip(a, b, strict=True))


def loop_distance(a: list[int], b: list[int]) -> float:
    """The same for endless repetition: nobody knows where it began."""
    if len(a) != len(b):
        return float("inf")
    if not a:
        return 0.0
    return min(furthest(a, b[at:] + b[:at]) for at in range(0, len(b), 2))


@pytest.mark.parametrize(("one", "other"), [*combinations(ONCE, 2)])
def test_any_two_sounds_differ_in_rhythm_even_from_a_buzzer_of_one_pitch(
    one: str, other: str
) -> None:
    a, b = (once_rhythm(ONCE[name], sounding) for name in (one, other))
    assert furthest(a, b) >= TWICE, (a, b)


@pytest.mark.parametrize(("one", "other"), [*combinations(ONCE, 2)])
def test_any_two_flashes_differ_in_rhythm_even_to_an_eye_without_colours(
    one: str, other: str
) -> None:
    a, b = (once_rhythm(ONCE[name], lit) for name in (one, other))
    assert furthest(a, b) >= TWICE, (a, b)


@pytest.mark.parametrize(("one", "other"), [*combinations(LOOPS, 2)])
def test_any_two_lasting_lights_differ_in_rhythm_even_to_an_eye_without_colours(
    one: str, other: str
) -> None:
    a, b = (loop_rhythm(LOOPS[name]) for name in (one, other))
    assert loop_distance(a, b) >= TWICE, (a, b)


@pytest.mark.parametrize(
    ("a", "b", "apart"),
    [
        ([120], [120], False),
        ([120], [200], False),
        ([120], [240], True),
        ([400, 100, 400], [400, 100, 400, 100, 400], True),
        ([400, 150, 400], [400, 180, 450], False),
    ],
)
def test_rhythms_that_nobody_could_tell_apart_are_caught(
    a: list[int], b: list[int], apart: bool
) -> None:
    assert (furthest(a, b) >= TWICE) is apart


def test_the_same_loop_begun_elsewhere_is_the_same_loop() -> None:
    assert loop_distance([200, 300, 800, 900], [800, 900, 200, 300]) == 0.0


def test_a_high_tone_says_yes_and_a_low_one_no() -> None:
    tones = {
        signal: {step.tone for step in SIGNALS[signal].once if step.tone}
        for signal in (Signal.SAVED, Signal.REFUSED, Signal.ATTENTION)
    }
    assert all(tones.values())
    for one, other in combinations(tones.values(), 2):
        assert not one & other
    octave = 1.0
    assert log2(min(tones[Signal.SAVED]) / max(tones[Signal.REFUSED])) >= octave
    assert len({pitch for pitches in tones.values() for pitch in pitches}) >= 3


def test_whatever_asks_for_somebody_sounds_and_nothing_else_does() -> None:
    told = {**{s.value: p for s, p in SIGNALS.items()}, **{a.value: p for a, p in ALARMS.items()}}
    silent = {name for name, pattern in told.items() if not any(map(sounding, pattern.once))}
    assert silent == SILENT
    assert not [name for name, pattern in EVERY.items() if any(map(sounding, pattern.loop))]


def test_there_is_a_pattern_for_every_signal_and_every_alarm() -> None:
    assert set(SIGNALS) == set(Signal)
    assert set(ALARMS) == set(Alarm)


def test_a_self_test_shows_every_colour_a_lamp_has_and_begins_with_no_promise() -> None:
    steps = SIGNALS[Signal.TEST].once
    assert steps[0].light is Colour.RED
    lights = [step.light.value for step in steps]
    assert all(any(light[lamp] for light in lights) for lamp in range(3))
    for lamp in range(3):
        alone = tuple(place == lamp for place in range(3))
        assert alone in lights


def test_only_what_is_saved_is_green() -> None:
    green = {
        name
        for name, p in EVERY.items()
        if any(step.light is Colour.GREEN for step in (*p.once, *p.loop))
    }
    assert green == {"saved once", "test once"}
    assert {step.light for step in SIGNALS[Signal.SAVED].once} == {Colour.GREEN}
    assert SIGNALS[Signal.SAVED].once[0].light is Colour.GREEN, "green comes at once"


def test_only_what_was_not_saved_is_red() -> None:
    red = {
        name.removesuffix(" once")
        for name, p in EVERY.items()
        if any(step.light is Colour.RED for step in (*p.once, *p.loop))
    }
    assert red == {"refused", "unsaved", "test"}


@pytest.mark.parametrize("name", EVERY)
def test_nothing_flashes_more_than_three_times_within_a_second(name: str) -> None:
    pattern = EVERY[name]
    assert most_flashes_a_second([*pattern.once, *pattern.loop * 4]) <= 3


@pytest.mark.parametrize("mode", [*MODES, "other"])
@pytest.mark.parametrize("alarms", [(), (Alarm.PAPER,), (Alarm.OFFLINE,), tuple(Alarm)[1:]])
def test_reminders_between_a_modes_light_flash_no_faster(
    mode: str, alarms: tuple[Alarm, ...]
) -> None:
    assert most_flashes_a_second([*resting(mode, alarms) * 3]) <= 3


def most_flashes_a_second(steps: list[Step]) -> int:
    found = runs(steps, lit)
    starts, at = [], 0
    for on, ms in found:
        if on:
            starts.append(at)
        at += ms
    return max(sum(start <= other < start + 1000 for other in starts) for start in starts)


def test_a_strobe_would_be_caught() -> None:
    strobe = [Step(100, Colour.RED), Step(100)] * 10
    assert most_flashes_a_second(strobe) == 5


@pytest.mark.parametrize("name", EVERY)
def test_no_pattern_has_more_beats_than_are_counted_at_a_glance(name: str) -> None:
    pattern = EVERY[name]
    for rhythm in (once_rhythm(pattern, lit), once_rhythm(pattern, sounding), loop_rhythm(pattern)):
        assert (len(rhythm) + 1) // 2 <= BEATS_MAX


def test_a_lasting_light_is_never_dark_for_long_and_comes_round_soon() -> None:
    for name, pattern in LOOPS.items():
        assert total_ms(pattern.loop) <= 4000, name
        assert not any(not lit(step) and step.ms > 1800 for step in pattern.loop), name


def test_a_kiosk_that_cannot_save_shows_nothing_else() -> None:
    for mode in MODES:
        assert resting(mode, set(Alarm)) == ALARMS[Alarm.UNSAVED].loop


def test_a_reminder_leaves_the_modes_light_most_of_the_time() -> None:
    for mode, pattern in MODES.items():
        steps = resting(mode, {Alarm.OFFLINE})
        assert steps[: len(pattern.loop)] == pattern.loop
        assert total_ms(ALARMS[Alarm.OFFLINE].loop) * 4 <= total_ms(steps)
        assert resting(mode, ()) == pattern.loop


def test_every_pattern_says_what_it_tells_in_both_languages() -> None:
    for pattern in (*SIGNALS.values(), *ALARMS.values(), *MODES.values(), OTHER):
        assert pattern.tells.zh
        assert pattern.tells.en
    told = [p.tells.en for p in (*SIGNALS.values(), *ALARMS.values(), *MODES.values(), OTHER)]
    assert len(set(told)) == len(told)


def test_steps_have_lengths_that_can_be_seen_and_heard() -> None:
    for name, pattern in EVERY.items():
        assert all(step.ms >= 100 for step in (*pattern.once, *pattern.loop)), name
        assert all(step.tone == 0 or 200 <= step.tone <= 4000 for step in pattern.once), name
    assert all(a.light != b.light or a.tone != b.tone
               for p in ONCE.values() for a, b in pairwise(p.once))  # fmt: skip
