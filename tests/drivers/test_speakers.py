"""What every speaker does, and what a sound card can do wrong.

The player in most tests is a program of ours that takes what ``aplay`` takes, so that a test can
hold it in the middle of a word. Where ``aplay`` is installed it speaks into a file.
"""

import queue
import shutil
import sys
import threading
import time
from array import array
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from drivers.fakes import FakeSpeaker
from drivers.ports import DeviceInput, DeviceState, Speaker
from drivers.prompts import PROMPTS, counted
from drivers.sound_files import SHIPPED, Sound, read_sound
from drivers.speaker_aplay import PROBE, AplaySpeaker, wav
from drivers.speaker_null import NullSpeaker
from tests.support.stopwatch import Stopwatch

WITHIN_S = 20.0

PLAYER = """
import io, os, signal, sys, time, wave
from pathlib import Path

folder, arguments = Path(sys.argv[1]), sys.argv[2:]
assert arguments == ["-q", "-D", "default", "-t", "wav", "-"], arguments
mode = (folder / "mode").read_text()
if mode == "deaf":
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
if mode == "absent":
    sys.exit("ALSA lib: noise\\naplay: main:831: audio open error: No such file or directory")
with wave.open(io.BytesIO(sys.stdin.buffer.read())) as file:
    assert (file.getnchannels(), file.getsampwidth()) == (1, 2)
    frames = file.readframes(file.getnframes())
number = len(list(folder.glob("*.raw")))
(folder / f"{number}.part").write_bytes(frames)
os.rename(folder / f"{number}.part", folder / f"{number}.raw")
if len(frames) != 1600 and mode in ("hold", "deaf"):
    while not (folder / "go").exists():
        time.sleep(0.01)
"""


def until(what: Callable[[], bool], within_s: float = WITHIN_S) -> None:
    """Waits for something to become true."""
    end = time.monotonic() + within_s
    while not what():
        assert time.monotonic() < end, "it never happened"
        threading.Event().wait(0.005)


class Room:
    """A sound card in a test's hand: what was heard, and how it behaves."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.posted: queue.Queue[DeviceInput] = queue.Queue()
        self.time = 0.0
        self.own = folder / "own"
        (folder / "player.py").write_text(PLAYER)
        self.behave("good")
        self._speakers: list[AplaySpeaker] = []

    def behave(self, mode: str) -> None:
        """``good``; ``hold``: speaks until `let_go`; ``deaf``: the same, and cannot be interrupted;
        ``absent``: there is no card."""
        (self.folder / "mode").write_text(mode)

    def let_go(self) -> None:
        (self.folder / "go").touch()

    def speaker(self, *languages: str, volume: int = 100) -> AplaySpeaker:
        made = AplaySpeaker(
            "default",
            languages or ("zh",),
            (self.own, SHIPPED),
            self.posted.put,
            volume=volume,
            player=(sys.executable, str(self.folder / "player.py"), str(self.folder)),
            clock=lambda: self.time,
        )
        self._speakers.append(made)
        return made

    def started(self, *languages: str, volume: int = 100) -> AplaySpeaker:
        speaker = self.speaker(*languages, volume=volume)
        speaker.start()
        assert self.state().ok
        return speaker

    def state(self) -> DeviceState:
        got = self.posted.get(timeout=WITHIN_S)
        assert isinstance(got, DeviceState)
        assert got.kind == "speaker"
        return got

    def heard(self) -> list[bytes]:
        """Everything but the silence with which a card is tried."""
        files = sorted(self.folder.glob("*.raw"), key=lambda path: int(path.stem))
        return [found for path in files if (found := path.read_bytes()) != PROBE.samples]

    def end(self) -> None:
        self.let_go()
        for speaker in self._speakers:
            speaker.close()


@pytest.fixture
def room(tmp_path: Path) -> Iterator[Room]:
    found = Room(tmp_path)
    yield found
    found.end()


def shipped(language: str, prompt: str) -> bytes:
    return read_sound(SHIPPED / language / f"{prompt}.wav").samples


# --- every speaker ---


@pytest.fixture(params=["none", "fake", "aplay", "aplay without a card"])
def speaker(request: pytest.FixtureRequest, room: Room) -> Speaker:
    if request.param == "none":
        return NullSpeaker()
    if request.param == "fake":
        return FakeSpeaker()
    room.behave("good" if request.param == "aplay" else "absent")
    return room.speaker()


def test_a_speaker_takes_every_prompt_before_start_while_it_runs_and_after_close(
    speaker: Speaker,
) -> None:
    assert isinstance(speaker, Speaker)
    assert speaker.name
    speaker.say("saved")
    speaker.start()
    with Stopwatch() as watch:
        for prompt in PROMPTS:
            speaker.say(prompt.name)
        speaker.say("a prompt of a later release")
    assert watch.seconds < 1.0
    speaker.close()
    speaker.say("saved")
    speaker.close()


# --- aplay ---


def test_a_prompt_is_heard_as_it_was_recorded(room: Room) -> None:
    room.started().say("saved")
    until(lambda: room.heard() == [shipped("zh", "saved")])


def test_every_language_is_spoken_in_the_order_that_was_asked_for(room: Room) -> None:
    room.started("en", "dialect").say("thanks")
    until(lambda: room.heard() == [shipped("en", "thanks"), shipped("dialect", "thanks")])


def test_a_count_is_said_as_one_sentence_in_one_language_after_the_other(room: Room) -> None:
    sentence = counted(2, 6)
    room.started("zh", "en").say(*sentence)
    both = [shipped(language, prompt) for language in ("zh", "en") for prompt in sentence]
    until(lambda: room.heard() == both)


def test_a_new_prompt_ends_a_sentence_too(room: Room) -> None:
    room.behave("hold")
    speaker = room.started()
    speaker.say(*counted(2, 6))
    until(lambda: len(room.heard()) == 1)
    room.behave("good")
    speaker.say("saved")
    until(lambda: room.heard() == [shipped("zh", "setup-part"), shipped("zh", "saved")])


def test_whoever_waits_for_the_voice_is_let_go_when_it_has_spoken(room: Room) -> None:
    room.behave("hold")
    speaker = room.started()
    speaker.say("saved")
    until(lambda: len(room.heard()) == 1)
    before = time.monotonic()
    speaker.wait(0.3)
    assert time.monotonic() - before >= 0.3, "it is still being said"
    waiting = threading.Thread(target=speaker.wait, args=(WITHIN_S,))
    waiting.start()
    room.let_go()
    waiting.join(WITHIN_S / 2)
    assert not waiting.is_alive()
    speaker.say("a prompt of a later release")
    speaker.wait(WITHIN_S)


def test_half_the_volume_is_half_of_every_sample(room: Room) -> None:
    room.started(volume=50).say("saved")
    until(lambda: len(room.heard()) == 1)
    loud, quiet = (array("h", data) for data in (shipped("zh", "saved"), room.heard()[0]))
    assert len(loud) == len(quiet)
    assert all(abs(a / 2 - b) <= 1 for a, b in zip(loud, quiet, strict=True))


def test_a_neighbours_recording_takes_the_place_of_the_shipped_one(room: Room) -> None:
    voice = Sound(array("h", [9000, -9000] * 4000).tobytes(), 22_050)
    (room.own / "zh").mkdir(parents=True)
    (room.own / "zh" / "saved.wav").write_bytes(wav(voice))
    (room.own / "zh" / "thanks.wav").write_bytes(b"not a recording")
    speaker = room.started()
    speaker.say("saved")
    until(lambda: room.heard() == [voice.samples])
    speaker.say("thanks")
    until(lambda: room.heard() == [voice.samples, shipped("zh", "thanks")])


def test_a_new_prompt_ends_the_one_that_is_being_said(room: Room) -> None:
    room.behave("hold")
    speaker = room.started()
    speaker.say("thanks")
    until(lambda: room.heard() == [shipped("zh", "thanks")])
    room.behave("good")
    speaker.say("saved")
    until(lambda: room.heard() == [shipped("zh", "thanks"), shipped("zh", "saved")])
    assert room.posted.empty(), "being interrupted is no fault of the card"


def test_only_the_newest_prompt_is_said_of_those_that_waited(room: Room) -> None:
    room.behave("deaf")
    speaker = room.started()
    speaker.say("thanks")
    until(lambda: len(room.heard()) == 1)
    for prompt in ("saved", "category", "undone"):
        speaker.say(prompt)
    room.let_go()
    until(lambda: room.heard()[1:] == [shipped("zh", "undone")])


def test_a_prompt_whose_moment_has_passed_is_dropped(room: Room) -> None:
    room.behave("deaf")
    speaker = room.started()
    speaker.say("thanks")
    until(lambda: len(room.heard()) == 1)
    speaker.say("saved")
    room.time += 2.5
    room.let_go()
    until(lambda: not speaker._saying)
    speaker.say("undone")
    until(lambda: room.heard()[1:] == [shipped("zh", "undone")])


def test_the_prompt_that_is_being_said_does_not_begin_again(room: Room) -> None:
    room.behave("hold")
    speaker = room.started()
    speaker.say("saved")
    until(lambda: len(room.heard()) == 1)
    for _ in range(5):
        speaker.say("saved")
    room.let_go()
    until(lambda: not speaker._saying)
    speaker.say("undone")
    until(lambda: room.heard() == [shipped("zh", "saved"), shipped("zh", "undone")])


def test_a_prompt_without_any_recording_is_silence(room: Room) -> None:
    speaker = room.started()
    speaker.say("a prompt of a later release")
    speaker.say("saved")
    until(lambda: room.heard() == [shipped("zh", "saved")])


def test_a_missing_sound_card_is_told_once_and_its_return_too(room: Room) -> None:
    room.behave("absent")
    speaker = room.speaker()
    speaker.start()
    state = room.state()
    assert not state.ok
    assert state.device == "alsa:default"
    assert "audio open error" in state.detail.en
    assert "声卡" in state.detail.zh
    speaker.say("saved")
    until(lambda: speaker._next is None and not speaker._saying)
    room.behave("good")
    speaker.say("thanks")
    assert room.state().ok
    until(lambda: room.heard() == [shipped("zh", "thanks")])
    assert room.posted.empty()


def test_a_card_that_never_answers_is_given_up(room: Room) -> None:
    room.behave("deaf")
    speaker = room.started()
    speaker.say("undone")
    state = room.state()
    assert not state.ok
    assert "does not answer" in state.detail.en


def test_a_machine_without_aplay_is_told_which_package_it_lacks(room: Room) -> None:
    player = (str(room.folder / "no-such-program"),)
    speaker = AplaySpeaker("default", ("zh",), (SHIPPED,), room.posted.put, player=player)
    speaker.start()
    state = room.state()
    assert not state.ok
    assert "alsa-utils" in state.detail.en
    assert "alsa-utils" in state.detail.zh
    speaker.close()


def test_closing_ends_a_prompt_in_the_middle(room: Room) -> None:
    room.behave("hold")
    speaker = room.started()
    speaker.say("thanks")
    until(lambda: len(room.heard()) == 1)
    with Stopwatch() as watch:
        speaker.close()
    assert watch.seconds < 1.5
    assert not speaker._thread.is_alive()


@pytest.mark.skipif(shutil.which("aplay") is None, reason="alsa-utils is not installed here")
def test_aplay_itself_plays_a_prompt(tmp_path: Path) -> None:
    heard = tmp_path / "heard.raw"
    (tmp_path / "asound.conf").write_text(
        f"""pcm.room {{
            type file
            slave {{ pcm {{ type null }} }}
            file "{heard}"
            format "raw"
        }}"""
    )
    posted: queue.Queue[DeviceInput] = queue.Queue()
    player = ("env", f"ALSA_CONFIG_PATH={tmp_path / 'asound.conf'}", "aplay")
    speaker = AplaySpeaker("room", ("zh",), (SHIPPED,), posted.put, player=player)
    speaker.start()
    state = posted.get(timeout=WITHIN_S)
    assert isinstance(state, DeviceState)
    assert state.ok, state
    speaker.say("saved")
    until(lambda: heard.exists() and heard.read_bytes()[-1000:] == shipped("zh", "saved")[-1000:])
    speaker.close()
    absent = AplaySpeaker("no-such-card", ("zh",), (SHIPPED,), posted.put, player=player)
    absent.start()
    state = posted.get(timeout=WITHIN_S)
    assert isinstance(state, DeviceState)
    assert not state.ok
    absent.close()
