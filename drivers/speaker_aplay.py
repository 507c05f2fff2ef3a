"""The voice: recordings through ``aplay``, ALSA's own player.

Why a program and not a library: no Python binding of ALSA is published as a wheel for 64-bit ARM,
and those on PortAudio need a Debian package as well. ``aplay`` (alsa-utils) is on every Raspberry
Pi OS. It keeps a sound card's faults and hangs in a process that can be ended, and costs the kiosk
no memory while nothing is said.

A thread of its own plays one prompt after another. The newest prompt is the only one that is
right: it ends the one that is being said, takes the place of one that waits, and is dropped itself
when its moment has passed (`STALE_S`). The prompt that is being said already goes on.
"""

from __future__ import annotations

import io
import itertools
import subprocess
import threading
import time
import wave
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from drivers.ports import DeviceState, Post, Words
from drivers.sound_cards import AUTO, CARDS, usual_device
from drivers.sound_files import Sound, find

STALE_S: Final = 2.0
"""A prompt that could not begin within this time is about something that is over."""
EXTRA_S: Final = 3.0
"""How much longer than its recording a player may take until it is ended: opening a card, waking
an amplifier."""
RETRY_S: Final = 30.0
"""How often a sound card that failed is tried again."""
CLOSE_S: Final = 2.0
PROBE: Final = Sound(bytes(1600), 16_000)
"""50 ms of silence: whether there is a sound card is known before somebody needs it."""

_READY: Final = Words(zh="就绪", en="ready")
_MISSING: Final = Words(
    zh="缺少 aplay，请安装：sudo apt-get install alsa-utils",
    en="aplay is missing; install it with: sudo apt-get install alsa-utils",
)


class AplaySpeaker:
    """A voice on an ALSA ``device`` (``auto``: as `drivers.sound_cards` finds it), in ``languages``
    one after the other, from ``folders`` (see `drivers.sound_files`). ``volume`` is per cent;
    ``player`` is the command before its options, ``cards`` where the kernel lists sound cards.
    """

    def __init__(
        self,
        device: str,
        languages: Sequence[str],
        folders: Sequence[Path],
        post: Post,
        *,
        volume: int = 100,
        player: Sequence[str] = ("aplay",),
        cards: Path = CARDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.name: Final = f"alsa:{device}"
        self._device: Final = device
        self._player: Final = tuple(player)
        self._cards: Final = cards
        self._languages: Final = tuple(languages)
        self._folders: Final = tuple(folders)
        self._post: Final = post
        self._volume: Final = volume
        self._clock: Final = clock
        self._sounds: Final[dict[tuple[str, str], Sound | None]] = {}
        self._changed: Final = threading.Condition()
        self._next: tuple[tuple[str, ...], float] | None = None
        self._saying: tuple[str, ...] = ()
        self._process: subprocess.Popen[bytes] | None = None
        self._closed = False
        self._told: DeviceState | None = None
        self._thread: Final = threading.Thread(target=self._run, name="speaker", daemon=True)

    # --- from any thread ---

    def start(self) -> None:
        self._thread.start()

    def say(self, prompt: str, *then: str) -> None:
        prompts = (prompt, *then)
        with self._changed:
            if prompts == self._saying and self._next is None:
                return
            self._next = (prompts, self._clock())
            self._interrupt()

    def wait(self, within_s: float) -> None:
        with self._changed:
            self._changed.wait_for(
                lambda: self._closed or (self._next is None and not self._saying), within_s
            )

    def close(self) -> None:
        with self._changed:
            self._closed = True
            self._interrupt()
        if self._thread.is_alive():
            self._thread.join(CLOSE_S)

    def _interrupt(self) -> None:
        if self._process is not None:
            self._process.terminate()
        self._changed.notify_all()

    # --- the speaker's own thread ---

    def _run(self) -> None:
        self._play(PROBE)
        while (prompts := self._take()) is not None:
            if not prompts:
                self._play(PROBE)
                continue
            for language, prompt in itertools.product(self._languages, prompts):
                sound = self._sound(language, prompt)
                if sound is not None and not self._play(sound):
                    break
            with self._changed:
                self._saying = ()
                self._changed.notify_all()

    def _take(self) -> tuple[str, ...] | None:
        """The prompts to say now; none to try the sound card again; None at the end."""
        with self._changed:
            while True:
                works = self._told is not None and self._told.ok
                self._changed.wait_for(
                    lambda: self._closed or self._next is not None, None if works else RETRY_S
                )
                if self._closed:
                    return None
                if self._next is None:
                    return ()
                (prompts, asked), self._next = self._next, None
                if self._clock() - asked <= STALE_S:
                    self._saying = prompts
                    return prompts

    def _sound(self, language: str, prompt: str) -> Sound | None:
        key = (language, prompt)
        if key not in self._sounds:
            found = find(self._folders, language, prompt)
            self._sounds[key] = found.louder(self._volume) if found is not None else None
        return self._sounds[key]

    def _command(self) -> tuple[str, ...]:
        """Looks anew each time: a speaker may have been plugged in since."""
        device = usual_device(self._cards) if self._device == AUTO else self._device
        return (*self._player, "-q", "-D", device, "-t", "wav", "-")

    def _play(self, sound: Sound) -> bool:
        """Whether it was said to its end, and nothing newer waits."""
        try:
            # Outside the lock: starting a program takes milliseconds that `say` must not wait for.
            process = subprocess.Popen(
                self._command(),
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
            )
        except OSError:
            self._tell(_MISSING)
            return False
        with self._changed:
            self._process = process
            if self._closed or self._next is not None:
                process.terminate()
        failed = self._wait(process, sound)
        with self._changed:
            self._process = None
            interrupted = self._closed or self._next is not None
        if failed is None or not interrupted:
            self._tell(failed)
        return failed is None and not interrupted

    def _wait(self, process: subprocess.Popen[bytes], sound: Sound) -> Words | None:
        """Feeds the player; why it failed, or None."""
        try:
            _, said = process.communicate(wav(sound), timeout=sound.ms / 1000 + EXTRA_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
            return Words(zh="声卡没有反应", en="the sound card does not answer")
        if process.returncode <= 0:  # 0: said; negative: ended by a signal, ours
            return None
        lines = said.decode(errors="replace").strip().splitlines()
        reason = lines[-1][:100] if lines else str(process.returncode)
        return Words(zh=f"没有可用的声卡（{reason}）", en=f"no usable sound card ({reason})")

    def _tell(self, failed: Words | None) -> None:
        state = DeviceState(self.name, "speaker", failed is None, failed or _READY)
        if self._told is None or state.ok != self._told.ok:
            self._told = state
            self._post(state)


def wav(sound: Sound) -> bytes:
    """A sound as a WAV file."""
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(sound.rate)
        file.writeframes(sound.samples)
    return buffer.getvalue()
