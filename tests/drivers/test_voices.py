"""The recordings that are shipped, and what is said of a folder of somebody's own."""

import shutil
import struct
import wave
from array import array
from math import sqrt
from pathlib import Path

import pytest

from drivers.prompts import (
    ALL_PROMPTS,
    LANGUAGES,
    MAX_MS,
    MAX_PROMPTS,
    PROMPT_NAMES,
    PROMPTS,
)
from drivers.sound_files import (
    SHIPPED,
    Sound,
    SoundError,
    check,
    find,
    problems,
    read_sound,
    sound_folders,
)
from drivers.speaker_aplay import wav
from provisioning.voices import with_facts
from tests.support.processes import run

FILES = [(language, prompt.name) for language in LANGUAGES for prompt in ALL_PROMPTS]
SMALL_BYTES = 4_000_000


def tone(ms: int = 1000, peak: int = 12_000, rate: int = 16_000) -> Sound:
    """Something to hear: a square wave of 400 Hz."""
    half = rate // 800
    count = rate * ms // 1000
    values = [peak if place // half % 2 else -peak for place in range(count)]
    return Sound(array("h", values).tobytes(), rate)


def facts(path: Path) -> dict[str, str]:
    """The LIST INFO chunk of a RIFF file, read without our own writer."""
    data, at, found = path.read_bytes(), 12, {}
    while at + 8 <= len(data):
        name, size = struct.unpack_from("<4sI", data, at)
        if name == b"LIST" and data[at + 8 : at + 12] == b"INFO":
            inner = at + 12
            while inner + 8 <= at + 8 + size:
                key, length = struct.unpack_from("<4sI", data, inner)
                value = data[inner + 8 : inner + 8 + length].rstrip(b"\0")
                found[key.decode()] = value.decode()
                inner += 8 + length + length % 2
        at += 8 + size + size % 2
    return found


def test_there_are_a_dozen_prompts_at_most_each_in_words_of_its_own() -> None:
    assert len(PROMPTS) <= MAX_PROMPTS
    assert len(PROMPTS) == len(PROMPT_NAMES)


def test_no_two_prompts_say_the_same() -> None:
    for values in zip(*((p.name, p.zh, p.en) for p in ALL_PROMPTS), strict=True):
        assert len(set(values)) == len(ALL_PROMPTS)


@pytest.mark.parametrize(("language", "prompt"), FILES)
def test_a_shipped_recording_can_be_heard_and_is_short(language: str, prompt: str) -> None:
    sound = read_sound(SHIPPED / language / f"{prompt}.wav")
    assert sound.rate == (16_000 if prompt in PROMPT_NAMES else 8_000)
    assert 300 <= sound.ms < MAX_MS
    assert list(problems(sound)) == []
    values = sound.values
    loudness = sqrt(sum(value * value for value in values) / len(values))
    assert loudness > 1_000, "that is silence"


@pytest.mark.parametrize(("language", "prompt"), FILES)
def test_a_shipped_recording_says_in_its_metadata_that_it_is_a_placeholder(
    language: str, prompt: str
) -> None:
    told = facts(SHIPPED / language / f"{prompt}.wav")
    assert told["INAM"] == prompt
    assert told["ICMT"].startswith("PLACEHOLDER: ")
    assert ("NOT the dialect" in told["ICMT"]) is (language == "dialect")


def test_the_shipped_folder_is_whole_small_and_says_what_it_is() -> None:
    assert list(check(SHIPPED)) == []
    files = list(SHIPPED.rglob("*.wav"))
    assert len(files) == len(FILES)
    assert sum(path.stat().st_size for path in files) < SMALL_BYTES
    for readme in (SHIPPED / "README.md", SHIPPED / "dialect" / "README.md"):
        assert "laceholder" in readme.read_text(encoding="utf-8")


def test_prompts_of_one_language_do_not_sound_the_same() -> None:
    for language in LANGUAGES:
        sounds = {read_sound(SHIPPED / language / f"{p.name}.wav").samples for p in ALL_PROMPTS}
        assert len(sounds) == len(ALL_PROMPTS)


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """A whole folder of somebody's recordings."""
    for prompt in PROMPTS:
        path = tmp_path / "dialect" / f"{prompt.name}.wav"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(wav(tone()))
    return tmp_path


def test_good_recordings_have_nothing_said_of_them(own: Path) -> None:
    assert list(check(own)) == []


def test_everything_that_is_wrong_with_a_folder_is_told_with_the_files_name(own: Path) -> None:
    folder = own / "dialect"
    (folder / "welcome.wav").unlink()
    (folder / "saved.wav").write_bytes(wav(tone(ms=4_200)))
    (folder / "thanks.wav").write_bytes(wav(tone(peak=32_767)))
    (folder / "help.wav").write_bytes(wav(tone(peak=900)))
    (folder / "paper.wav").write_bytes(b"ID3 this is an MP3 file")
    (folder / "again.wav").write_bytes(wav(tone(ms=50)))
    (folder / "catgory.wav").write_bytes(wav(tone()))
    with wave.open(str(folder / "staff.wav"), "wb") as stereo:
        stereo.setnchannels(2)
        stereo.setsampwidth(2)
        stereo.setframerate(44_100)
        stereo.writeframes(bytes(44_100))
    told = [words.en for words in check(own)]
    for name, part in {
        "welcome": "missing",
        "saved": "takes 4.2 s; it must be under 4 s",
        "thanks": "too loud",
        "help": "too quiet",
        "paper": "is no WAV file",
        "again": "takes 50 ms only",
        "catgory": "did you mean category.wav?",
        "staff": "has 2 channels, 16 bits, 44100 Hz",
    }.items():
        line = f"{folder / name}.wav: "
        assert [part in words for words in told if words.startswith(line)] == [True], name
    assert len(told) == 8
    assert all(words.zh and words.zh != words.en for words in check(own))


def test_a_folder_without_a_language_is_told(tmp_path: Path) -> None:
    (told,) = check(tmp_path)
    assert "zh, dialect, en" in told.en


@pytest.mark.parametrize(
    "damage", [b"", b"RIFF", b"not a recording at all", b"RIFF\x24\0\0\0WAVEfmt "]
)
def test_a_damaged_recording_is_refused_in_words(tmp_path: Path, damage: bytes) -> None:
    path = tmp_path / "saved.wav"
    path.write_bytes(damage)
    with pytest.raises(SoundError, match="WAV"):
        read_sound(path)
    with pytest.raises(SoundError, match="cannot be read"):
        read_sound(tmp_path)


def test_a_recording_cut_short_on_its_way_is_played_as_far_as_it_goes(tmp_path: Path) -> None:
    path = tmp_path / "saved.wav"
    path.write_bytes(wav(tone())[:-7_001])
    assert 700 < read_sound(path).ms < 1000


def test_own_recordings_come_before_the_machines_and_those_before_the_shipped(
    tmp_path: Path,
) -> None:
    assert sound_folders(tmp_path)[0] == tmp_path / "sounds"
    assert sound_folders(tmp_path)[-1] == SHIPPED
    first, second = tmp_path / "first", tmp_path / "second"
    for folder, ms in ((first, 500), (second, 700)):
        (folder / "zh").mkdir(parents=True)
        (folder / "zh" / "saved.wav").write_bytes(wav(tone(ms)))
    folders = (first, second, SHIPPED)

    def length() -> int:
        sound = find(folders, "zh", "saved")
        assert sound is not None
        return sound.ms

    assert length() == 500
    (first / "zh" / "saved.wav").write_bytes(wav(tone(9_000)))
    assert length() == 700, "what is too long is not played"
    shutil.rmtree(second)
    assert length() == read_sound(SHIPPED / "zh" / "saved.wav").ms
    assert find(folders, "zh", "no such prompt") is None


def test_metadata_leaves_every_sample_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "named.wav"
    path.write_bytes(with_facts(wav(tone()), {"INAM": "odd", "ICMT": "even"}))
    assert read_sound(path) == tone()
    assert facts(path) == {"INAM": "odd", "ICMT": "even"}


def test_the_command_names_each_fault_and_is_content_with_a_good_folder(own: Path) -> None:
    good = run("kiosk", "sounds", str(own))
    assert (good.returncode, good.stderr) == (0, "")
    (own / "dialect" / "welcome.wav").unlink()
    (own / "dialect" / "help.wav").write_bytes(wav(tone(peak=900)))
    told = run("kiosk", "sounds", str(own))
    assert told.returncode == 1
    (quiet, missing) = sorted(told.stderr.splitlines())
    assert "help.wav" in quiet
    assert "too quiet" in quiet
    assert missing.endswith("welcome.wav: missing")
