"""Runs simulated kiosks against a hub, and sums up how it went.

One thread says who scans next; every kiosk has its own loop and link, as a real one has. What the
summary calls a wait is the time from an event's COMMIT in the kiosk's journal to the hub's
acknowledgement; it holds the hub, the broker, and this process itself, whose share of a processor
is told beside it: above 0.8 of one core it is the simulation that is slow.
"""

import heapq
import math
import os
import resource
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from random import Random
from typing import Final

from msgspec import Struct

from contract.enrolment import Identity
from kiosk.fleet.simulated import SimulatedKiosk, Where
from kiosk.fleet.visits import Stock, Visit, visits
from kiosk.identity import IdentityStore

LOOK_S: Final = 0.2
"""How often progress is told, in seconds."""
BUSY: Final = 0.8
"""Share of one core from which on the simulation itself is what is slow."""


LINK_FILES: Final = 3
"""What a kiosk's link has open: its socket, and the two ends of what wakes it."""
FILES_EACH: Final = LINK_FILES + 5
"""With the journal's three, and a document or two that is being written."""
FILES_BESIDES: Final = 100
MAX_KIOSKS: Final = (1024 - FILES_BESIDES) // LINK_FILES
"""In one process: see `Simulation`."""


class TooFewFilesError(Exception):
    """The system lets a process open too few files for so many kiosks."""

    def __init__(self, wanted: int, allowed: int) -> None:
        super().__init__(
            f"要同时打开 {wanted} 个文件，系统只允许 {allowed} 个，请减少终端或提高 ulimit -Hn"
            f" / {wanted} files must be open at once and the system allows {allowed}:"
            " simulate fewer kiosks, or raise ulimit -Hn"
        )


class Plan(Struct, frozen=True):
    """What is to be simulated. ``visits_each`` people come to each kiosk, of whom ``backlog`` come
    before it is connected; ``pace_s`` seconds lie between two scans at a kiosk, on average, and
    ``cuts`` times each connection is lost on the way."""

    visits_each: int
    pace_s: float
    backlog: int = 0
    cuts: int = 0
    seed: int = 1
    patience_s: float = 120.0
    """How long the hub may take, once the last scan is over, without acknowledging anything."""


class Progress(Struct, frozen=True):
    """Where the simulation is."""

    scans: int
    events: int
    acked: int
    online: int


class Summary(Struct, frozen=True):
    """How it went. Waits are in seconds: what half, 99 % and all of the events that were recorded
    online waited at most. ``caught_up`` is how long what had been recorded before took, from the
    moment of connecting."""

    kiosks: int
    scans: int
    events: int
    acked: int
    seconds: float
    wait_half: float
    wait_99: float
    wait_most: float
    caught_up: float
    own_share: float
    """Of one processor core, that this process used."""
    memory_mb: float

    @property
    def left(self) -> int:
        """Events that the hub has not acknowledged."""
        return self.events - self.acked


class Simulation:
    """Kiosks in ``folder``, one folder each by its name, which must hold an identity."""

    def __init__(self, folder: Path, names: Sequence[str], where: Where, plan: Plan) -> None:
        """Raises `kiosk.identity.IdentityError` and `kiosk.store.JournalError`."""
        self._plan: Final = plan
        self._random: Final = Random(plan.seed)  # noqa: S311 (no secret)
        self._held: Final = ExitStack()
        self.kiosks: Final[list[SimulatedKiosk]] = []
        self._people: Final[list[list[Visit]]] = []
        self.scans = 0
        stocks: list[Stock] = []
        # paho waits with select(2), which knows no file beyond number 1023: so the journals leave
        # the low numbers to the links.
        with ExitStack() as opening, _low_numbers_kept(len(names) * LINK_FILES + FILES_BESIDES):
            for name in names:
                stock = Stock()
                kiosk = SimulatedKiosk(folder / name, where, stock.add)
                opening.callback(kiosk.close)
                self.kiosks.append(kiosk)
                stocks.append(stock)
            self._held.push(opening.pop_all())
        self._coming: Final[list[Iterator[Visit]]] = [
            visits(Random(f"{plan.seed} {kiosk.name}"), stock, kiosk.prefix)  # noqa: S311
            for kiosk, stock in zip(self.kiosks, stocks, strict=True)
        ]

    def __enter__(self) -> "Simulation":
        return self

    def __exit__(self, *_: object) -> None:
        self._held.close()

    def run(self, tell: Callable[[Progress], None]) -> Summary:
        """Everybody comes, then the hub is waited for. Ends early, with events left, when it
        acknowledges nothing for `Plan.patience_s`."""
        plan = self._plan
        for kiosk in self.kiosks:
            kiosk.start()
        self._scan(plan.backlog, plan.pace_s, 0, tell)
        began = time.monotonic()
        used = _used_s()
        for kiosk in self.kiosks:
            kiosk.connect()
        self._scan(plan.visits_each - plan.backlog, plan.pace_s, plan.cuts, tell)
        self._wait(tell)
        seconds = time.monotonic() - began
        waits = sorted(wait for kiosk in self.kiosks for wait in tuple(kiosk.measured.waits))
        now = self._progress()
        return Summary(
            kiosks=len(self.kiosks),
            scans=self.scans,
            events=now.events,
            acked=now.acked,
            seconds=seconds,
            wait_half=statistics.median(waits) if waits else 0.0,
            wait_99=waits[math.ceil(len(waits) * 0.99) - 1] if waits else 0.0,
            wait_most=waits[-1] if waits else 0.0,
            caught_up=max(kiosk.measured.caught_up for kiosk in self.kiosks),
            own_share=(_used_s() - used) / max(seconds, 1e-9),
            memory_mb=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        )

    def _scan(
        self, visits_each: int, pace_s: float, cuts: int, tell: Callable[[Progress], None]
    ) -> None:
        """So many people at every kiosk, each kiosk at its own pace."""
        start = time.monotonic()
        due: list[tuple[float, int, int]] = []  # when, which kiosk, which of its scans or cuts
        scripts = [_script(coming, visits_each) for coming in self._coming]
        spare = [cuts] * len(self.kiosks)
        for number in range(len(self.kiosks)):
            heapq.heappush(due, (start + self._random.random() * pace_s, number, 0))
        told = start
        while due:
            at, number, step = heapq.heappop(due)
            while (wait := at - time.monotonic()) > 0:
                time.sleep(min(wait, LOOK_S))
                told = self._tell_now_and_then(told, tell)
            told = self._tell_now_and_then(told, tell)
            scan = next(scripts[number], None)
            if scan is None:
                continue
            self.kiosks[number].scan(scan)
            self.scans += 1
            if spare[number] and self._random.random() < 2 * cuts / max(1, visits_each * 5):
                spare[number] -= 1
                self.kiosks[number].cut()
            after = at + self._random.expovariate(1 / pace_s) if pace_s else at
            heapq.heappush(due, (after, number, step + 1))

    def _wait(self, tell: Callable[[Progress], None]) -> None:
        """Until the hub has everything, or has said nothing for too long."""
        last, since = -1, time.monotonic()
        settled = 0
        while True:
            now = self._progress()
            tell(now)
            if now.acked != last:
                last, since, settled = now.acked, time.monotonic(), 0
            elif now.acked == now.events:
                settled += 1  # what was scanned last may still be on its way into a journal
                if settled * LOOK_S > 1.0:
                    return
            if time.monotonic() - since > self._plan.patience_s:
                return
            time.sleep(LOOK_S)

    def _tell_now_and_then(self, told: float, tell: Callable[[Progress], None]) -> float:
        now = time.monotonic()
        if now - told < LOOK_S:
            return told
        tell(self._progress())
        return now

    def _progress(self) -> Progress:
        return Progress(
            scans=self.scans,
            events=sum(kiosk.measured.events for kiosk in self.kiosks),
            acked=sum(kiosk.measured.acked for kiosk in self.kiosks),
            online=sum(kiosk.online for kiosk in self.kiosks),
        )


def _script(coming: Iterator[Visit], count: int) -> Iterator[str]:
    """What ``count`` people scan, each made up when the one before is done: a volunteer takes what
    there is by then."""
    for _ in range(count):
        yield from next(coming).scans


def _used_s() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


@contextmanager
def _low_numbers_kept(count: int) -> Iterator[None]:
    """What is opened meanwhile gets file numbers above the first ``count`` that are free."""
    with ExitStack() as held:
        for _ in range(count):
            held.callback(os.close, os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC))
        yield


def require_files(kiosks: int) -> None:
    """Lets this process open what so many kiosks need: without it the last ones would never find a
    broker, and only their logs would say why.

    Raises:
        TooFewFilesError: the system allows fewer.
    """
    wanted = kiosks * (FILES_EACH + LINK_FILES) + 2 * FILES_BESIDES
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        if hard != resource.RLIM_INFINITY and hard < wanted:
            raise TooFewFilesError(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def missing(folder: Path, names: Sequence[str]) -> list[str]:
    """Those of ``names`` that have no identity in ``folder`` yet."""
    return [name for name in names if not (folder / name / "identity.json").exists()]


def keep(folder: Path, identities: Sequence[Identity]) -> None:
    """Puts identities where `Simulation` finds them. Raises OSError."""
    for identity in identities:
        own = folder / identity.kiosk
        own.mkdir(parents=True, exist_ok=True, mode=0o700)
        IdentityStore(own / "identity.json").save(identity)
