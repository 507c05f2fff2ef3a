"""What the hub can have a kiosk do: the short ones. `kiosk.tasks.self_test` and
`kiosk.configuration` have the others."""

from collections.abc import Callable
from pathlib import Path
from typing import Final, Protocol

from contract.messages import Command
from drivers.ports import Signal
from kiosk.clock import LearntClock
from kiosk.lanes import LaneDesk
from kiosk.store import JournalError
from kiosk.tasks.own_log import last_lines, packed
from kiosk.tasks.step import DONE, INTERRUPTED, RUNNING, File, Step, failed, refused

IDENTIFY_MS: Final = 10_000
PATTERN_MS: Final = 2_500
"""The pattern takes 1.8 s; then a breath."""
LEAVE_MS: Final = 1_000
"""So long after its answer the process ends: the answer leaves first."""
REBOOT_MS: Final = 120_000
"""A machine that still runs after that is not rebooting."""


class Once:
    """An action that leaves nothing behind to look at."""

    waits_for_rest = False

    def mark(self) -> str:
        """Nothing."""
        return ""

    def look(self, command: Command) -> Step:
        """It was over when it began."""
        return INTERRUPTED

    def resume(self, command: Command, mark: str) -> Step:
        """Nobody knows how far it came."""
        return INTERRUPTED


class Identify(Once):
    """Every lane blinks and beeps for ten seconds, and the voice speaks: which kiosk is it?"""

    def __init__(self, lanes: LaneDesk, clock: LearntClock) -> None:
        self._lanes: Final = lanes
        self._clock: Final = clock
        self._until = 0
        self._next = 0

    def begin(self, command: Command) -> Step:
        """The first time."""
        self._next = self._clock.mono()
        self._until = self._next + IDENTIFY_MS
        return self.look(command)

    def look(self, command: Command) -> Step:
        """Again and again."""
        now = self._clock.mono()
        if now >= self._until:
            return DONE
        if now >= self._next:
            first = self._next + IDENTIFY_MS == self._until
            self._lanes.call_out(Signal.IDENTIFY, "identify", speak=first)
            self._next += PATTERN_MS
        return RUNNING


class OpenStocktake(Once):
    """A lane opens a shelf, as the shelf's sheet would."""

    def __init__(self, lanes: LaneDesk) -> None:
        self._lanes: Final = lanes

    def begin(self, command: Command) -> Step:
        """Done at once, or said why not."""
        if command.place is None:
            return refused("no-place")
        why = self._lanes.open_shelf(command.place, command.lane)
        return refused(why) if why else DONE


class Restart(Once):
    """The process ends, and whoever watches it starts it anew; that start is the answer."""

    waits_for_rest = True

    def __init__(self, clock: LearntClock, leave: Callable[[], None]) -> None:
        self._clock: Final = clock
        self._leave: Final = leave
        self._at: int | None = None

    def begin(self, command: Command) -> Step:
        """In a moment."""
        self._at = self._clock.mono() + LEAVE_MS
        return RUNNING

    def look(self, command: Command) -> Step:
        """Whether the moment has come."""
        if self._at is not None and self._clock.mono() >= self._at:
            self._at = None
            self._leave()
        return RUNNING

    def resume(self, command: Command, mark: str) -> Step:
        """This process is another one."""
        return DONE


class Rebooter(Protocol):
    """Has the machine start anew; the process has no right to do it itself."""

    @property
    def there(self) -> bool:
        """Whether anybody listens."""

    def ask(self) -> None:
        """Asks for it. Raises OSError."""

    def withdraw(self) -> None:
        """Asks no more."""


class RequestFile:
    """`yicang-reboot.path` waits for a file in the kiosk's runtime directory, which is in memory:
    the machine that has started anew no longer has it. ``folder`` None: nobody waits."""

    def __init__(self, folder: Path | None) -> None:
        self._path: Final = folder / "reboot" if folder is not None else None

    @property
    def there(self) -> bool:
        """Whether this machine has such a directory."""
        return self._path is not None and self._path.parent.is_dir()

    def ask(self) -> None:
        """Writes it. Raises OSError."""
        assert self._path is not None
        self._path.touch(mode=0o600)

    def withdraw(self) -> None:
        """Nobody came for it."""
        if self._path is not None:
            self._path.unlink(missing_ok=True)


class Reboot(Once):
    """The machine starts anew: a boot with another id is the answer."""

    waits_for_rest = True

    def __init__(self, clock: LearntClock, rebooter: Rebooter) -> None:
        self._clock: Final = clock
        self._rebooter: Final = rebooter
        self._until = 0

    def mark(self) -> str:
        """This boot."""
        return self._clock.boot

    def begin(self, command: Command) -> Step:
        """Asks the machine."""
        if not self._rebooter.there:
            return refused("no-reboot-here")
        try:
            self._rebooter.ask()
        except OSError:
            return failed("no-reboot")
        self._until = self._clock.mono() + REBOOT_MS
        return RUNNING

    def look(self, command: Command) -> Step:
        """The machine still runs."""
        if self._clock.mono() < self._until:
            return RUNNING
        self._rebooter.withdraw()
        return failed("no-reboot")

    def resume(self, command: Command, mark: str) -> Step:
        """It is another boot, or only another process."""
        if mark != self._clock.boot:
            return DONE
        self._until = self._clock.mono() + REBOOT_MS
        return RUNNING


class SendLogs(Once):
    """The last lines of the kiosk's own log."""

    def __init__(self, state: Path, secrets: Callable[[], tuple[str, ...]]) -> None:
        self._state: Final = state
        self._secrets: Final = secrets

    def begin(self, command: Command) -> Step:
        """Read, scrubbed and packed at once."""
        try:
            lines = last_lines(self._state, command.lines, self._secrets())
        except OSError:
            return failed("no-disk")
        return Step(DONE.state, file=File("log.jsonl.gz", packed(lines)))


class SendBundle(Once):
    """The support bundle; looking through the journal takes a moment, so nobody waits for it."""

    waits_for_rest = True

    def __init__(self, make: Callable[[], bytes]) -> None:
        self._make: Final = make

    def begin(self, command: Command) -> Step:
        """Gathered at once."""
        try:
            return Step(DONE.state, file=File("support.zip", self._make()))
        except (OSError, JournalError):
            return failed("no-disk")
