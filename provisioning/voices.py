"""Makes the placeholder recordings in ``drivers/sounds``: ``make sounds``.

They are spoken by espeak-ng, a free synthetic voice, so that a kiosk is not mute before somebody
has recorded a neighbour (docs/voices.md). espeak-ng has no voice for any stop's dialect: the files
there speak Mandarin, and their metadata says so.

Needs ``espeak-ng`` and ``sox`` from Debian. The same versions make the same bytes.

What is said every day has the band of a good radio, what is said on one day that of a telephone:
half the bytes, in an image that every kiosk fetches.
"""

import shutil
import struct
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final, NamedTuple

from drivers.prompts import ALL_PROMPTS, LANGUAGES, PROMPT_NAMES, Prompt
from drivers.sound_files import SHIPPED, check

RATE: Final = 16_000
SETUP_RATE: Final = 8_000
TAIL_S: Final = "0.05"
SETUP_TAIL_S: Final = "0.02"
SHORT: Final = 7
"""Characters: words this short would be too short to be heard without silence after them."""
TIMEOUT_S: Final = 30


class Voice(NamedTuple):
    """An espeak-ng voice, its words a minute, and what the metadata says of it."""

    name: str
    speed: int
    told: str


VOICES: Final = {
    "zh": Voice("cmn-latn-pinyin", 230, "PLACEHOLDER: synthetic Mandarin voice"),
    "dialect": Voice(
        "cmn-latn-pinyin", 230, "PLACEHOLDER: NOT the dialect, a synthetic Mandarin voice"
    ),
    "en": Voice("en-gb", 180, "PLACEHOLDER: synthetic English voice"),
}


def speak(prompt: Prompt, voice: Voice, words: str, folder: Path) -> bytes:
    """The WAV file of one prompt: 16 bits, one channel, trimmed, its peak at -3 dB.

    Raises:
        subprocess.CalledProcessError: espeak-ng or sox failed.
    """
    raw, ready = folder / "raw.wav", folder / "ready.wav"
    _run("espeak-ng", "-v", voice.name, "-s", str(voice.speed), "-w", str(raw), words)
    rate = RATE if prompt.name in PROMPT_NAMES else SETUP_RATE
    trim = ("silence", "1", "0.01", "0.5%", "reverse")
    _run(
        *("sox", str(raw), "-D", "-r", str(rate), "-c", "1", "-b", "16", str(ready)),
        *(
            *trim,
            *trim,
            "norm",
            "-3",
            "pad",
            "0.02",
            TAIL_S if rate == RATE or len(words) < SHORT else SETUP_TAIL_S,
        ),
    )
    facts = {"INAM": prompt.name, "ICMT": voice.told, "ISFT": "espeak-ng"}
    return with_facts(ready.read_bytes(), facts)


def with_facts(wav: bytes, facts: dict[str, str]) -> bytes:
    """A RIFF file with a LIST INFO chunk at its end, where players show who speaks.

    Multimedia Programming Interface and Data Specifications 1.0, IBM and Microsoft, 1991.
    """
    info = b"INFO"
    for key, text in facts.items():
        value = text.encode("ascii") + b"\0"
        info += (
            struct.pack("<4sI", key.encode("ascii"), len(value)) + value + b"\0" * (len(value) % 2)
        )
    body = wav[8:] + struct.pack("<4sI", b"LIST", len(info)) + info
    return struct.pack("<4sI", b"RIFF", len(body)) + body


def _run(*command: str) -> None:
    subprocess.run(command, check=True, timeout=TIMEOUT_S, capture_output=True)


def main() -> int:
    """Writes every recording; returns the exit status."""
    for program in ("espeak-ng", "sox"):
        if shutil.which(program) is None:
            print(f"缺少 {program} / missing: apt-get install {program}", file=sys.stderr)
            return 2
    with tempfile.TemporaryDirectory() as folder:
        for language in LANGUAGES:
            target = SHIPPED / language
            target.mkdir(parents=True, exist_ok=True)
            for prompt in ALL_PROMPTS:
                words = prompt.en if language == "en" else prompt.zh.replace("，", "")
                made = speak(prompt, VOICES[language], words, Path(folder))
                (target / f"{prompt.name}.wav").write_bytes(made)
    faults = list(check(SHIPPED))
    for fault in faults:
        print(fault, file=sys.stderr)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
