"""What keys mean: every character, every way to type GS, and whatever goes wrong on the way."""

import string
from collections.abc import Iterable
from itertools import zip_longest

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers import keymap
from drivers.keymap import EV_SYN, SYN_DROPPED, SYN_REPORT, Decoded, KeyDecoder, Lost, Run
from drivers.ports import EndedBy
from drivers.scans import MAX_CHARACTERS
from tests.support.key_devices import (
    Recorded,
    Step,
    by_number,
    input_events,
    needs_evdev,
    press,
    stream,
    typed,
)

needs_evdev()

PRINTABLE = string.ascii_letters + string.digits + string.punctuation + " "
scans = st.text(st.sampled_from(PRINTABLE + "\x1d"), min_size=1, max_size=40)
ends: st.SearchStrategy[EndedBy] = st.sampled_from(["cr", "lf", "tab"])
ways = st.sampled_from(["ctrl", "f8", "alt"])


def decode(events: Iterable[Recorded], decoder: KeyDecoder | None = None) -> list[Decoded]:
    """Everything that the events complete, with a silence at the end."""
    decoder = decoder or KeyDecoder()
    got = [decoder.take(event) for event in input_events(events)]
    return [each for each in (*got, decoder.silence()) if each is not None]


def test_our_numbers_are_the_kernels() -> None:
    from evdev import ecodes

    for name in ("EV_SYN", "EV_KEY", "EV_LED", "SYN_REPORT", "SYN_DROPPED", "LED_CAPSL"):
        assert getattr(keymap, name) == getattr(ecodes, name)
    for name in ("KEY_TAB", "KEY_ENTER", "KEY_CAPSLOCK", "KEY_F8", "KEY_KPENTER", "KEY_LINEFEED"):
        assert getattr(keymap, name) == getattr(ecodes, name)
    assert {ecodes.KEY_LEFTSHIFT, ecodes.KEY_RIGHTSHIFT} == keymap.SHIFTS
    assert {ecodes.KEY_LEFTCTRL, ecodes.KEY_RIGHTCTRL} == keymap.CTRLS
    assert {ecodes.KEY_LEFTALT, ecodes.KEY_RIGHTALT} == keymap.ALTS
    for code, (plain, _) in keymap.US.items():
        if plain.isalnum():
            assert ecodes.KEY[code] == f"KEY_{plain.upper()}"
    for code, char in keymap.KEYPAD.items():
        if char.isdigit():
            assert ecodes.KEY[code] == f"KEY_KP{char}"


def test_every_printable_character_has_a_key() -> None:
    characters = {char for pair in keymap.US.values() for char in pair}
    assert characters == set(PRINTABLE)


@given(scans, ends, ways)
def test_whatever_a_scanner_types_comes_out(text: str, end: EndedBy, way: str) -> None:
    assert decode(stream(typed(text, end, gs=way))) == [Run(text, end)]


@given(scans)
def test_without_an_end_key_silence_ends_it(text: str) -> None:
    assert decode(stream(typed(text, "silence"))) == [Run(text, "silence")]


@given(scans, scans)
def test_two_scanners_at_a_millisecond_a_character_lose_and_mix_nothing(one: str, two: str) -> None:
    first, second = KeyDecoder(), KeyDecoder()
    got: dict[str, list[Decoded]] = {"one": [], "two": []}
    streams = (input_events(stream(typed(text), step_us=250)) for text in (one, two))
    for pair in zip_longest(*streams):
        for name, decoder, event in zip(got, (first, second), pair, strict=True):
            ended = decoder.take(event) if event is not None else None
            if ended is not None:
                got[name].append(ended)
    assert got == {"one": [Run(one, "cr")], "two": [Run(two, "cr")]}


@given(scans, st.data())
def test_lost_releases_and_repeats_change_nothing(text: str, data: st.DataObject) -> None:
    """Of the characters' keys; a lost release of Shift is told of below."""
    modifiers = keymap.SHIFTS | keymap.CTRLS | keymap.ALTS
    steps: list[Step] = []
    for key, value in typed(text):
        if key in modifiers or value == 1 or data.draw(st.booleans()):
            steps.append((key, value))
        if value == 1:
            steps += [(key, 2)] * data.draw(st.integers(0, 2))
    assert decode(stream(steps)) == [Run(text, "cr")]


def test_a_lost_release_of_shift_spoils_no_second_code() -> None:
    first = [step for step in typed("AB") if step != (keymap.LEFTSHIFT, 0)]
    assert decode(stream(first + typed("cd12"))) == [Run("AB", "cr"), Run("cd12", "cr")]


@given(st.text(st.sampled_from(PRINTABLE), min_size=1, max_size=40))
def test_caps_lock_of_the_device_itself_swaps_letters_only(text: str) -> None:
    caps = press(keymap.KEY_CAPSLOCK)
    got = decode(stream(caps + typed(text.swapcase()) + caps + typed(text)))
    assert got == [Run(text, "cr"), Run(text, "cr")]


@given(st.text(st.sampled_from("0123456789+-*/.="), min_size=1, max_size=40))
def test_digits_may_come_from_the_keypad(text: str) -> None:
    keys = {char: code for code, char in keymap.KEYPAD.items()}
    steps = [step for char in text for step in press(keys[char])]
    assert decode(stream(steps + press(keymap.KEY_KPENTER))) == [Run(text, "cr")]


@given(scans)
def test_typing_by_numbers_is_read_and_told(text: str) -> None:
    steps = [step for char in text for step in by_number(f"{ord(char):03}")]
    wrongly = any(char != "\x1d" for char in text)
    assert decode(stream([*steps, *press(28)])) == [Run(text, "cr", by_numbers=wrongly)]


@pytest.mark.parametrize(
    ("number", "char"),
    [("0228", "ä"), ("132", "ä"), ("0128", "€"), ("22823", "大"), ("55296", "�")],
)
def test_numbers_above_ascii_are_those_of_windows(number: str, char: str) -> None:
    assert decode(stream([*by_number(number), *press(28)])) == [Run(char, "cr", by_numbers=True)]


@pytest.mark.parametrize(
    ("steps", "end"),
    [
        (press(50, keymap.LEFTCTRL), "cr"),
        (press(36, keymap.LEFTCTRL), "lf"),
        (press(23, keymap.LEFTCTRL), "tab"),
        (by_number("013"), "cr"),
        (by_number("010"), "lf"),
    ],
)
def test_an_end_may_be_typed_as_a_control_character(steps: list[Step], end: EndedBy) -> None:
    assert decode(stream(typed("12", "silence") + steps)) == [Run("12", end)]


def test_return_and_line_feed_make_one_scan() -> None:
    assert decode(stream(typed("12", "cr") + press(101))) == [Run("12", "cr")]


def test_a_pause_between_two_codes_parts_them_although_nobody_looked_in_between() -> None:
    early = stream(typed("12", "silence"))
    late = stream(typed("34"), start_us=200_000)
    assert decode(early + late) == [Run("12", "silence"), Run("34", "cr")]


def test_stamps_of_a_clock_that_jumps_part_nothing() -> None:
    early = stream(typed("12", "silence"))
    late = stream(typed("34"), start_us=9_000_000)
    assert decode(early + late, KeyDecoder(timed=False)) == [Run("1234", "cr")]


def with_a_gap(whole: list[Recorded], at: int, gone: int) -> list[Recorded]:
    """``whole`` as it is read when the kernel's queue ran over at ``at``."""
    sec, usec = whole[at].sec, whole[at].usec
    dropped = [
        Recorded(sec, usec, EV_SYN, SYN_DROPPED, 0),
        Recorded(sec, usec, EV_SYN, SYN_REPORT, 0),
    ]
    return [*whole[:at], *dropped, *whole[at + gone :]]


@given(scans, st.data())
def test_events_that_the_kernel_dropped_make_no_shorter_code(
    text: str, data: st.DataObject
) -> None:
    """After SYN_DROPPED everything up to the next report is to be ignored."""
    whole = stream(typed(text))
    at = data.draw(st.integers(0, len(whole) - 4))
    gone = data.draw(st.integers(1, len(whole) - at - 3))
    got = decode([*with_a_gap(whole, at, gone), *stream(typed("next"), start_us=10**7)])
    assert isinstance(got[0], Lost)
    assert got[-1] == Run("next", "cr")
    assert all(isinstance(each, Lost) for each in got[:-1])


def test_what_was_dropped_may_have_taken_longer_than_a_pause() -> None:
    whole = stream(typed("6901234567892"), step_us=10_000)
    assert decode(with_a_gap(whole, 6, len(whole) - 14)) == [Lost(3)]


def test_an_endless_run_is_dropped_with_its_length_and_the_next_is_whole() -> None:
    length = MAX_CHARACTERS + 500
    got = decode(stream(typed("7" * length) + typed("next"), step_us=100))
    assert got == [Lost(length), Run("next", "cr")]


def test_a_number_that_was_not_finished_is_no_character() -> None:
    steps = [*typed("12", "silence"), (keymap.LEFTALT, 1), *press(73)]
    assert decode(stream(steps)) == [Lost(2)]


def test_keys_without_a_character_type_nothing() -> None:
    steps = [*press(69), *press(59), *press(103), *typed("12")]  # Num Lock, F1, Up
    assert decode(stream(steps)) == [Run("12", "cr")]
