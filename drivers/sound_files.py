"""Recordings of prompts: where they lie, whether one can be used, how loud it is.

``FOLDER/LANGUAGE/PROMPT.wav``, and the first folder that has a usable one wins: the kiosk's own
state folder, ``/etc/yicang/sounds``, what is shipped. A voice is changed by putting files there.

Only plain WAV is taken, 16 bits, one channel: every recorder writes it, Python's own library reads
it, and `aplay` needs no decoder.
"""

from __future__ import annotations

import difflib
import sys
import wave
from array import array
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from msgspec import Struct

from drivers.ports import DeviceError, Words
from drivers.prompts import ALL_NAMES, LANGUAGES, MAX_MS, PROMPT_NAMES

SHIPPED: Final = Path(__file__).parent / "sounds"
SYSTEM: Final = Path("/etc/yicang/sounds")

RATES: Final = range(8_000, 48_001)
FULL: Final = 32_767
CLIPPED_RUN: Final = 4
"""So many samples at full scale in a row are a wave whose top was cut off."""
QUIET_PEAK: Final = FULL // 8
"""A peak below this (-18 dB) is lost beside a street."""
MIN_MS: Final = 200


class SoundError(DeviceError):
    """A recording that cannot be used; the words say why, without the file's name."""


class Sound(Struct, frozen=True):
    """``samples``: signed 16 bits, little-endian, one channel; ``rate`` of them a second."""

    samples: bytes
    rate: int

    @property
    def ms(self) -> int:
        """How long it takes."""
        return len(self.samples) * 500 // self.rate

    @property
    def values(self) -> array[int]:
        """The samples as numbers."""
        values = array("h", self.samples)
        if sys.byteorder == "big":
            values.byteswap()
        return values

    def louder(self, percent: int) -> Sound:
        """The same at so many per cent of its amplitude, at most 100."""
        if percent >= 100:
            return self
        scaled = array("h", [value * percent // 100 for value in self.values])
        if sys.byteorder == "big":
            scaled.byteswap()
        return Sound(scaled.tobytes(), self.rate)


def sound_folders(state: Path) -> tuple[Path, ...]:
    """Where recordings are looked for, the first usable one first."""
    return (state / "sounds", SYSTEM, SHIPPED)


def read_sound(path: Path) -> Sound:
    """The recording in a file.

    Raises:
        SoundError: it cannot be read, or is no WAV file of 16 bits and one channel.
    """
    try:
        with wave.open(str(path), "rb") as file:
            shape = (file.getnchannels(), file.getsampwidth() * 8, file.getframerate())
            samples = file.readframes(file.getnframes())
    except OSError as error:
        reason = error.strerror or "?"
        raise SoundError(Words(f"读不了（{reason}）", f"cannot be read ({reason})")) from None
    except (wave.Error, EOFError):
        raise SoundError(
            Words("不是 PCM 格式的 WAV 文件", "is no WAV file of plain (PCM) samples")
        ) from None
    channels, bits, rate = shape
    if channels != 1 or bits != 16 or rate not in RATES:
        raise SoundError(
            Words(
                f"格式是 {channels} 声道、{bits} 位、{rate} Hz；应为单声道、16 位、"
                f"{RATES.start} 到 {RATES.stop - 1} Hz",
                f"has {channels} channels, {bits} bits, {rate} Hz; needed are one channel, 16 bits,"
                f" {RATES.start} to {RATES.stop - 1} Hz",
            )
        )
    return Sound(samples[: len(samples) // 2 * 2], rate)


def problems(sound: Sound) -> Iterator[Words]:
    """What a listener would mind: too long, too short, cut off at the top, too quiet."""
    if sound.ms >= MAX_MS:
        yield Words(
            f"长 {sound.ms / 1000:.1f} 秒，应短于 {MAX_MS // 1000} 秒",
            f"takes {sound.ms / 1000:.1f} s; it must be under {MAX_MS // 1000} s",
        )
    if sound.ms < MIN_MS:
        yield Words(f"只有 {sound.ms} 毫秒", f"takes {sound.ms} ms only")
        return
    values = sound.values
    if max(max(values), -min(values)) < QUIET_PEAK:
        yield Words("声音太小，请靠近话筒重录", "is too quiet: record it closer to the microphone")
    if _is_clipped(values):
        yield Words("声音太大，失真了", "is too loud: its top is cut off")


def _is_clipped(values: array[int]) -> bool:
    run = 0
    for value in values:
        run = run + 1 if abs(value) >= FULL else 0
        if run >= CLIPPED_RUN:
            return True
    return False


def find(folders: Sequence[Path], language: str, prompt: str) -> Sound | None:
    """The first recording that can be played; a damaged one never silences a shipped one."""
    for folder in folders:
        path = folder / language / f"{prompt}.wav"
        try:
            sound = read_sound(path)
        except SoundError:
            continue
        if MIN_MS <= sound.ms < MAX_MS:
            return sound
    return None


def check(folder: Path) -> Iterator[Words]:
    """Everything that is wrong with a folder of recordings, each with the file's name: what is
    missing, too long, of a wrong format, clipped or too quiet, or named like no prompt. Prompts of
    setting up may be missing: what is shipped says them."""
    languages = [name for name in LANGUAGES if (folder / name).is_dir()]
    if not languages:
        listed = ", ".join(LANGUAGES)
        yield Words(
            f"{folder}：里面没有 {listed} 任何一个文件夹",
            f"{folder}: has none of the folders {listed}",
        )
    for language in languages:
        there = {path.stem: path for path in sorted((folder / language).glob("*.wav"))}
        for name in sorted(PROMPT_NAMES - set(there)):
            path = folder / language / f"{name}.wav"
            yield Words(f"{path}：缺少", f"{path}: missing")
        for name, path in there.items():
            yield from _check_file(name, path)


def _check_file(name: str, path: Path) -> Iterator[Words]:
    if name not in ALL_NAMES:
        near = difflib.get_close_matches(name, ALL_NAMES, n=1)
        zh = f"；是不是 {near[0]}.wav？" if near else ""
        en = f"; did you mean {near[0]}.wav?" if near else ""
        yield Words(f"{path}：没有这个提示{zh}", f"{path}: there is no such prompt{en}")
        return
    try:
        found = list(problems(read_sound(path)))
    except SoundError as error:
        found = [error.words]
    for words in found:
        yield Words(f"{path}：{words.zh}", f"{path}: {words.en}")
