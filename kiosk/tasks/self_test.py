"""The self-test: lights, buzzer and voice for whoever stands there, all else by looking, and paper.

Whether a lamp shone and a voice was heard nobody here can know: those lines say "look", unless the
device itself is known to be in trouble. A printer is tested by the page with all the other lines;
how that ended is its own line in the answer.
"""

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final, Protocol

from contract.messages import Check, Command, CommandState
from drivers.ports import DeviceState, Document, PrintResult, Signal
from kiosk.clock import LearntClock
from kiosk.health import word
from kiosk.lanes import LaneDesk
from kiosk.tasks.actions import Once
from kiosk.tasks.step import RUNNING, Step

SHOW_MS: Final = 4_000
"""The pattern takes 2.8 s, the voice as long."""
PRINT_MS: Final = 60_000
MAX_DETAIL: Final = 300
"""`contract.messages.Check` takes no more."""
DISK_BYTES: Final = 64 * 1024


class Printers(Protocol):
    """What is needed of the desk for paper."""

    def print_test(self, page: Document, label: Document) -> bool:
        """Hands the page to every printer, or the label where its paper has an end; False while
        one is busy."""

    def tested(self) -> Mapping[str, PrintResult | None]:
        """How that ended by printer, None: not yet."""


def disk_check(state: Path, mono: Callable[[], int]) -> Check:
    """A file written, synced and read back."""
    probe = state / ".self-test"
    wanted, began = os.urandom(DISK_BYTES), mono()
    try:
        try:
            with probe.open("wb") as file:
                file.write(wanted)
                file.flush()
                os.fsync(file.fileno())
            same = probe.read_bytes() == wanted
        finally:
            probe.unlink(missing_ok=True)
    except OSError as error:
        return Check("disk", False, error.strerror or "error")
    return Check("disk", same, f"{mono() - began} ms" if same else "read back otherwise")


def _short(device: DeviceState) -> str:
    """What is the matter with it, as far as a message has room."""
    return str(device.detail)[:MAX_DETAIL]


def device_checks(devices: tuple[DeviceState, ...], *, speaks: bool) -> list[Check]:
    """Scanners as they are; lights, buzzer and voice, which somebody must look at and hear."""
    found = [
        Check(word(f"scanner {one.device}"), one.ok, "" if one.ok else _short(one))
        for one in devices
        if one.kind == "scanner"
    ]
    if not found:
        found.append(Check("scanner", False, "没有 / none"))
    panels = [one for one in devices if one.kind == "panel"]
    broken = next((one for one in panels if not one.ok), None)
    for name in ("lights", "buzzer"):
        ok = False if broken is not None else None
        found.append(Check(name, ok, _short(broken) if broken is not None else ""))
    if speaks:
        voice = next((one for one in devices if one.kind == "speaker" and not one.ok), None)
        ok = False if voice is not None else None
        found.append(Check("speaker", ok, _short(voice) if voice is not None else ""))
    return found


class SelfTest(Once):
    """Shows, looks, prints. ``checks`` gives the lines of clock and network; ``page`` lays the
    lines out for paper, long and short."""

    waits_for_rest = True

    def __init__(
        self,
        lanes: LaneDesk,
        clock: LearntClock,
        printers: Printers,
        state: Path,
        devices: Callable[[], tuple[DeviceState, ...]],
        rest: Callable[[], list[Check]],
        page: Callable[[list[Check]], tuple[Document, Document]],
        *,
        speaks: bool,
    ) -> None:
        self._lanes: Final = lanes
        self._clock: Final = clock
        self._printers: Final = printers
        self._state: Final = state
        self._devices: Final = devices
        self._rest: Final = rest
        self._page: Final = page
        self._speaks: Final = speaks
        self._due = 0
        self._found: list[Check] | None = None
        self._printing = False

    def begin(self, command: Command) -> Step:
        """Lights, buzzer, voice."""
        self._found, self._printing = None, False
        self._due = self._clock.mono() + SHOW_MS
        self._lanes.call_out(Signal.TEST, "self-test", speak=True)
        return RUNNING

    def look(self, command: Command) -> Step:
        """Then the rest, then paper."""
        now = self._clock.mono()
        if self._found is None:
            if now < self._due:
                return RUNNING
            self._found = [
                *device_checks(self._devices(), speaks=self._speaks),
                disk_check(self._state, self._clock.mono),
                *self._rest(),
            ]
            self._due = now + PRINT_MS
        if not self._printing:
            self._printing = self._printers.print_test(*self._page(self._found))
        results = self._printers.tested() if self._printing else {}
        ended = self._printing and all(result is not None for result in results.values())
        if not ended and now < self._due:
            return RUNNING
        checks = (*self._found, *_of_printers(results, printing=self._printing))
        wrong = any(check.ok is False for check in checks)
        return Step(CommandState.DONE, "trouble" if wrong else "", checks[:64])


def _of_printers(results: Mapping[str, PrintResult | None], *, printing: bool) -> list[Check]:
    if not printing:
        return [Check("printer", False, "还在打印别的 / still printing something else")]
    if not results:
        return [Check("printer", False, "没有 / none")]
    found = []
    for name, result in results.items():
        ok = None if result is None or result.status == "unknown" else result.status == "printed"
        detail = "没有答复 / no answer" if result is None else str(result.detail)
        ok = False if result is None else ok
        found.append(Check(word(f"printer {name}"), ok, detail[:MAX_DETAIL]))
    return found
