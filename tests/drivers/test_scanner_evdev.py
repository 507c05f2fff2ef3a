"""What only a scanner that types can do, and do wrong."""

import json
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from drivers import keymap
from drivers.evdev_source import open_grabbed
from drivers.keymap import KeyEvent
from drivers.ports import DeviceInput, DeviceState, ScanRead, ScanUnreadable
from drivers.record import FORMAT, lines, main
from drivers.registry import open_scanner, parse_scanner
from drivers.scanner_evdev import EvdevScanner, KeyDevice
from drivers.scans import SILENCE_S
from tests.drivers.test_scanners import Inbox, key_scanner
from tests.support.key_devices import (
    KeyScanner,
    Recorded,
    by_number,
    needs_evdev,
    press,
    recording,
    stream,
    typed,
)
from tests.support.serial_devices import HandScanner, wait_until

needs_evdev()

ROOT = Path(__file__).parents[2]
TRIES = 10
"""A hand that was held up in the middle of a code proves nothing, and plays once more."""
RECORDINGS = sorted((Path(__file__).parent / "recordings").glob("*.jsonl"))


@pytest.fixture
def inbox() -> Inbox:
    return Inbox()


@pytest.fixture
def hand(tmp_path: Path) -> Iterator[KeyScanner]:
    with KeyScanner(tmp_path / "event3") as device:
        yield device


@pytest.fixture
def scanner(hand: KeyScanner, inbox: Inbox) -> Iterator[EvdevScanner]:
    scanner = key_scanner(hand, "door", inbox)
    scanner.start()
    assert inbox.next_state().ok
    yield scanner
    scanner.close()


def about(path: Path) -> dict[str, object]:
    found = json.loads(path.read_text().splitlines()[0])
    assert isinstance(found, dict)
    return found


@pytest.mark.parametrize("path", RECORDINGS, ids=lambda path: path.stem)
@pytest.mark.usefixtures("scanner")
def test_a_recorded_scanner_is_understood(path: Path, hand: KeyScanner, inbox: Inbox) -> None:
    hand.play(recording(path))
    means = about(path)["means"]
    assert isinstance(means, list)
    got: list[str] = []
    while len(got) < len(means):
        scan = inbox.next()
        if isinstance(scan, ScanRead):
            got.append((scan.symbology or "") + scan.text)
    assert got == means


def test_a_recording_can_be_made_of_any_scanner(hand: KeyScanner) -> None:
    events = stream(typed("6901234567892"))
    hand.play(events)
    made = lines(str(hand.path), hand.open)
    header = json.loads(next(made))
    assert header == {"format": FORMAT, "device": str(hand.path)}
    assert [Recorded(*json.loads(next(made))) for _ in events] == events
    hand.unplug()
    assert list(made) == []


def test_recording_what_is_not_there_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([], sys.stdout) == 2
    assert "usage" in capsys.readouterr().err
    assert main([str(tmp_path / "event9")], sys.stdout) == 2
    assert "event9" in capsys.readouterr().err


def test_two_scanners_at_a_millisecond_a_character_lose_and_mix_nothing(tmp_path: Path) -> None:
    """One that types and one on a serial line, and two of each, all at once."""
    codes = [[f"{lane}{number:05}ABC" for number in range(100)] for lane in range(4)]
    for attempt in range(TRIES):
        folder = tmp_path / str(attempt)
        folder.mkdir()
        read = burst(folder, codes)
        if read is not None:
            break
    else:
        pytest.fail("this machine never typed without a pause")
    for lane, got in enumerate(read):
        assert got == [ScanRead(str(lane), code, ended_by="cr") for code in codes[lane]]


def burst(folder: Path, codes: list[list[str]]) -> list[list[DeviceInput]] | None:
    """What four scanners of which lanes 0 and 1 type make of these codes; None when the hand that
    plays them paused in the middle of a code for so long that this ends it by the rules."""
    inboxes = [Inbox() for _ in codes]
    with (
        KeyScanner(folder / "0") as key_0,
        KeyScanner(folder / "1") as key_1,
        HandScanner(folder / "2") as line_2,
        HandScanner(folder / "3") as line_3,
        ExitStack() as closing,
    ):
        scanners = [
            key_scanner(key_0, "0", inboxes[0]),
            key_scanner(key_1, "1", inboxes[1]),
            open_scanner(parse_scanner(f"serial:{line_2.path}"), "2", inboxes[2].post),
            open_scanner(parse_scanner(f"serial:{line_3.path}"), "3", inboxes[3].post),
        ]
        for scanner, inbox in zip(scanners, inboxes, strict=True):
            scanner.start()
            closing.callback(scanner.close)
            assert inbox.next_state().ok
        # Two events and their report for each millisecond of typing.
        keys = [
            stream([step for code in codes[lane] for step in typed(code)], step_us=500)
            for lane in (0, 1)
        ]
        wires = [("\r".join(codes[lane]) + "\r").encode() for lane in (2, 3)]
        longest, before = 0.0, time.monotonic()
        for at in range(len(wires[0])):
            for hand, events in ((key_0, keys[0]), (key_1, keys[1])):
                hand.play(events[at * 5 : at * 5 + 5])
            line_2.write(wires[0][at : at + 1])
            line_3.write(wires[1][at : at + 1])
            now = time.monotonic()
            longest, before = max(longest, now - before), now
        key_0.play(keys[0][len(wires[0]) * 5 :])
        key_1.play(keys[1][len(wires[0]) * 5 :])
        if max(longest, time.monotonic() - before) >= SILENCE_S / 2:
            return None
        return [[inbox.next() for _ in lane] for inbox, lane in zip(inboxes, codes, strict=True)]


@pytest.mark.usefixtures("scanner")
def test_typing_by_numbers_is_read_and_told_until_it_is_mended(
    hand: KeyScanner, inbox: Inbox
) -> None:
    hand.press([*(step for char in "G0001" for step in by_number(f"{ord(char):03}")), *press(28)])
    assert inbox.next() == ScanRead("door", "G0001", ended_by="cr", by_numbers=True)
    state = inbox.next_state()
    assert state.ok
    assert "Alt" in state.detail.zh
    assert "keyboard layout to USA" in state.detail.en
    hand.scan("G0001")
    assert inbox.next_text() == "G0001"
    assert inbox.next_state().detail.en == "connected"


@pytest.mark.usefixtures("scanner")
def test_events_that_the_kernel_dropped_make_the_scan_unreadable(
    hand: KeyScanner, inbox: Inbox
) -> None:
    whole = stream(typed("6901234567892"), start_us=time.monotonic_ns() // 1000)
    lost = Recorded(*whole[20][:2], keymap.EV_SYN, keymap.SYN_DROPPED, 0)
    hand.play([*whole[:20], lost, *whole[30:]])
    got = inbox.next()
    assert isinstance(got, ScanUnreadable)
    assert got.lane == "door"
    hand.scan("next")
    assert inbox.next_text() == "next"


@pytest.mark.usefixtures("scanner")
def test_another_keyboards_caps_lock_is_kept_from_the_scanner(hand: KeyScanner) -> None:
    assert hand.lamp_switched_off == 1  # at the start
    hand.play([Recorded(1, 0, keymap.EV_LED, keymap.LED_CAPSL, 1)])
    wait_until(lambda: hand.lamp_switched_off == 2, "the lamp off again")


@pytest.mark.usefixtures("scanner")
def test_a_second_kiosk_on_the_same_scanner_is_told_that_it_is_in_use(hand: KeyScanner) -> None:
    other = Inbox()
    second = key_scanner(hand, "second", other)
    second.start()
    state = other.next_state()
    assert not state.ok
    assert "another program" in state.detail.en
    second.close()


def test_without_udev_a_scanner_is_still_found_within_two_seconds(
    hand: KeyScanner, inbox: Inbox
) -> None:
    path = str(hand.path)
    scanner = EvdevScanner(
        "evdev:x", path, "door", inbox.post, source=hand.open, hotplug=lambda: None
    )
    scanner.start()
    assert inbox.next_state().ok
    hand.unplug()
    assert not inbox.next_state(within_s=2.0).ok
    hand.plug()
    assert inbox.next_state(within_s=2.0).ok
    scanner.close()


def test_the_real_kernel_is_asked_and_its_refusal_told(tmp_path: Path, inbox: Inbox) -> None:
    """Without a device: what is not there is waited for, what is no input device is told."""
    scanner = open_scanner(parse_scanner(f"evdev:{tmp_path}/event0"), "door", inbox.post)
    scanner.start()
    state = inbox.next_state()
    assert not state.ok
    assert "unplugged" in state.detail.en
    scanner.close()
    notes = tmp_path / "notes.txt"
    notes.touch()
    with pytest.raises(OSError, match="Inappropriate ioctl"):
        open_grabbed(str(notes))
    scanner = open_scanner(parse_scanner(f"evdev:{notes}"), "door", inbox.post)
    scanner.start()
    state = inbox.next_state()
    assert isinstance(state, DeviceState)
    assert "keyboard-type scanner" in state.detail.en
    scanner.close()


def python(code: str) -> str:
    """What a fresh interpreter prints, in which evdev cannot be imported."""
    hidden = f"import sys; sys.modules['evdev'] = None\n{code}"
    done = subprocess.run(
        [sys.executable, "-c", hidden], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


def test_a_missing_library_names_the_package_in_both_languages() -> None:
    said = python(
        "from pathlib import Path\n"
        "from drivers import evdev_source\n"
        "from drivers.ports import DeviceError\n"
        "try:\n"
        "    evdev_source.library(Path('/nowhere/evdev/__init__.py'))\n"
        "except DeviceError as error:\n"
        "    print(error)\n"
    )
    assert said.count("python3-evdev") == 2
    assert "缺少" in said


def test_debians_own_library_is_used_where_ours_is_missing() -> None:
    import evdev

    said = python(
        "from pathlib import Path\n"
        "from drivers import evdev_source\n"
        "sys.base_prefix = '/usr'\n"
        f"print(evdev_source.library(Path({evdev.__file__!r})).InputDevice.__module__)\n"
    )
    assert said == "evdev.device"


class _Faulty(KeyScanner):
    """Its driver meets something that nobody thought of, once."""

    faults = 1

    def open(self, path: str) -> KeyDevice:
        return _FaultyDevice(self, super().open(path))


class _FaultyDevice:
    timed = True

    def __init__(self, scanner: _Faulty, device: KeyDevice) -> None:
        self._scanner = scanner
        self._device = device
        self.fileno = device.fileno
        self.close = device.close
        self.caps_lamp_off = device.caps_lamp_off

    def read(self) -> Iterable[KeyEvent]:
        if self._scanner.faults:
            self._scanner.faults -= 1
            self._scanner.unplug()
            self._scanner.plug()
            raise ZeroDivisionError("a mistake of ours")
        return self._device.read()


def test_a_mistake_in_the_driver_is_told_and_the_scanner_comes_back(
    tmp_path: Path, inbox: Inbox, caplog: pytest.LogCaptureFixture
) -> None:
    with _Faulty(tmp_path / "event3") as hand:
        scanner = key_scanner(hand, "door", inbox)
        scanner.start()
        assert inbox.next_state().ok
        hand.scan("lost")
        state = inbox.next_state()
        assert not state.ok
        assert "tries again" in state.detail.en
        assert inbox.next_state(within_s=2.0).ok
        hand.scan("G0001")
        assert inbox.next_text() == "G0001"
        assert "a mistake of ours" in caplog.text
        scanner.close()
