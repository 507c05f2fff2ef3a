"""What a kiosk costs a small board: start, memory, idle and a scan, each beside its floor.

One real kiosk process (``python -m kiosk``), without a screen, with a scanner and a printer on
pseudo-terminals, a real Mosquitto and a small hub that acknowledges. Donors bring items with names
that the stop knows, 25 each; every item gets a label and every donor a signed receipt, as in a
shop. Its floors are processes that only load the libraries which every kiosk needs (Python,
SQLite, msgspec, paho-mqtt), and sleep, or commit a row for each scan.

* **start**: from the process's start to the first scan that is saved, when the lamp turns green.
* **memory**: resident after 200 scans and their labels. PSS counts what is shared with other
  processes by shares; on a board where nothing else runs Python it comes close to resident.
* **idle**: processor time of one core in three windows, all processes in the same windows.
* **scan**: processor time of all threads for one scan with its label (and a 25th of a receipt),
  and what of it is the loop's, which a donor waits for.

Every process runs with the environment of the kiosk's systemd unit. Figures are medians of runs
that took turns with the floor's.
"""

import shutil
import statistics
import tempfile
import time
import urllib.request
from collections.abc import Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Final

from msgspec import Struct

from bench.board_floor import LABEL_BYTES
from bench.board_hub import SmallHub
from bench.board_site import SESSION, BoardKiosk, Child, environment
from bench.scan import ean13
from tests.support.broker import Mosquitto
from tests.support.ports import free_port
from tests.support.serial_devices import HandScanner, wait_until
from tests.support.virtual_printer import PtyPrinter, VirtualPrinter

MEMORY_GOAL_MB: Final = 60.0
"""Resident at most, in 10^6 bytes, without the screen."""
IDLE_GOAL_PERCENT: Final = 1.0
"""Of one core, less than this."""
RUNS: Final = 3
STARTS: Final = 7
MEMORY_AT: Final = 200
SCANS: Final = 500
IDLE_S: Final = 20.0
IDLE_WINDOWS: Final = 3
CALM_S: Final = 5.0
"""Between the last scan and the first window: what it leaves to be done is the scan's."""


class Costs(Struct):
    """Every measured figure, run by run: seconds, MB, percent of a core, milliseconds."""

    start_s: list[float] = []
    start_floor_s: list[float] = []
    rss_mb: list[float] = []
    pss_mb: list[float] = []
    memory_floor_mb: list[float] = []
    pss_floor_mb: list[float] = []
    scan_ms: list[float] = []
    loop_ms: list[float] = []
    scan_floor_ms: list[float] = []
    idle_percent: list[float] = []
    idle_floor_percent: list[float] = []
    screen_rss_mb: float = 0.0
    screen_pss_mb: float = 0.0
    screen_idle_percent: float = 0.0


class _Board:
    """Everything that runs on one machine during a measurement."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self._folder = folder
        self._compiled = folder / "compiled"
        self._count = 0
        broker = stack.enter_context(Mosquitto(folder))
        self._hubs = [
            stack.enter_context(SmallHub(broker.port, name))
            for name in ("kiosk-bench", "kiosk-bench-screen")
        ]
        self.costs = Costs()
        self._warm_up()

    def kiosk(self, *, screen_port: int = 0) -> BoardKiosk:
        self._count += 1
        return BoardKiosk(
            self._folder / f"kiosk-{self._count}",
            self._compiled,
            self._hubs[bool(screen_port)],
            screen_port=screen_port,
        )

    def _floor(self, *words: str) -> Child:
        self._count += 1
        log = self._folder / f"floor-{self._count}.log"
        return Child(["bench.board_floor", *words], environment(self._compiled), log)

    def _warm_up(self) -> None:
        """Not counted: modules are compiled, the disk's cache is filled."""
        with self._floor("imports") as floor:
            floor.ready_s()
        for screen_port in (0, free_port()):
            with self.kiosk(screen_port=screen_port) as kiosk:
                kiosk.first_green_s()
                kiosk.scan(SESSION)

    def start(self) -> None:
        """One start, and one of the floor."""
        self._imports()
        with self.kiosk() as kiosk:
            self.costs.start_s.append(kiosk.first_green_s())

    def _imports(self) -> None:
        with self._floor("imports") as floor:
            self.costs.start_floor_s.append(floor.ready_s())
            rss, pss = floor.memory_mb()
            self.costs.memory_floor_mb.append(rss)
            self.costs.pss_floor_mb.append(pss)

    def work(self, kiosk: BoardKiosk) -> None:
        """A kiosk's start and `SCANS` scans, and then as many bare commits."""
        self._imports()
        costs, child = self.costs, kiosk.child
        costs.start_s.append(kiosk.first_green_s())
        before, loop_before = child.cpu_s(), child.cpu_s(first_thread=True)
        kiosk.scan(MEMORY_AT)
        rss, pss = child.memory_mb()
        costs.rss_mb.append(rss)
        costs.pss_mb.append(pss)
        kiosk.scan(SCANS - MEMORY_AT)
        costs.scan_ms.append((child.cpu_s() - before) / SCANS * 1000)
        loop = child.cpu_s(first_thread=True) - loop_before
        costs.loop_ms.append(loop / SCANS * 1000)
        costs.scan_floor_ms.append(self._commits())

    def _commits(self) -> float:
        self._count += 1
        folder = self._folder / f"bare-{self._count}"
        folder.mkdir()
        sink = VirtualPrinter("escpos")
        with (
            HandScanner(folder / "scanner") as scanner,
            PtyPrinter(folder / "printer", sink),
            self._floor(
                "commits", str(folder / "scanner"), str(folder / "printer"), str(folder / "bare.db")
            ) as floor,
        ):
            floor.ready_s()
            before = floor.cpu_s()
            for number in range(SCANS):
                scanner.scan(ean13(number))
                wait_until(partial(_has, sink, LABEL_BYTES * (number + 1)), "a bare commit")
            return (floor.cpu_s() - before) / SCANS * 1000

    def idle(self, kiosk: BoardKiosk) -> None:
        """The kiosk that has worked, one with a screen, and a floor, in the same windows."""
        screen_port = free_port()
        with self.kiosk(screen_port=screen_port) as screen, self._floor("waits") as floor:
            screen.first_green_s()
            screen.scan(MEMORY_AT - 1)
            with urllib.request.urlopen(f"http://127.0.0.1:{screen_port}/", timeout=10) as page:
                page.read()
            self.costs.screen_rss_mb, self.costs.screen_pss_mb = screen.child.memory_mb()
            children = (kiosk.child, floor, screen.child)
            time.sleep(CALM_S)
            windows = [self._window(children) for _ in range(IDLE_WINDOWS)]
        ours, bare, with_screen = zip(*windows, strict=True)
        self.costs.idle_percent += ours
        self.costs.idle_floor_percent += bare
        self.costs.screen_idle_percent = statistics.median(with_screen)

    def _window(self, children: Sequence[Child]) -> list[float]:
        begun = time.monotonic()
        before = [child.threads_cpu_s() for child in children]
        time.sleep(IDLE_S)
        taken = time.monotonic() - begun
        return [
            (child.threads_cpu_s() - was) / taken * 100
            for child, was in zip(children, before, strict=True)
        ]


def _has(sink: VirtualPrinter, count: int) -> bool:
    return sink.taken >= count


def measure() -> Costs:
    """Everything, in a new folder; about four minutes."""
    folder = Path(tempfile.mkdtemp(prefix="yicang-bench-"))
    try:
        with ExitStack() as stack:
            board = _Board(folder, stack)
            for _ in range(STARTS - RUNS):
                board.start()
            for run in range(RUNS):
                with board.kiosk() as kiosk:
                    board.work(kiosk)
                    if run == RUNS - 1:
                        board.idle(kiosk)
            return board.costs
    finally:
        shutil.rmtree(folder)


def run() -> bool:
    """Prints a table; whether memory and idle keep to their goals."""
    costs = measure()
    median = statistics.median
    rows = (
        ("start to the first saved scan, s", costs.start_floor_s, costs.start_s, 3, None),
        ("resident, MB", costs.memory_floor_mb, costs.rss_mb, 1, MEMORY_GOAL_MB),
        ("proportional (PSS), MB", costs.pss_floor_mb, costs.pss_mb, 1, None),
        ("idle, % of a core", costs.idle_floor_percent, costs.idle_percent, 3, IDLE_GOAL_PERCENT),
        ("a scan with its label, CPU ms", costs.scan_floor_ms, costs.scan_ms, 2, None),
        ("  of it in the loop, CPU ms", costs.scan_floor_ms, costs.loop_ms, 2, None),
    )
    reached = True
    print(f"  {'':<36}{'floor':>8}{'ours':>8}{'ratio':>7}{'goal':>6}")
    for what, floor, ours, digits, goal in rows:
        bare, own = median(floor), median(ours)
        met = goal is None or own <= goal
        reached = reached and met
        print(
            f"  {what:<36}{bare:>8.{digits}f}{own:>8.{digits}f}"
            f"{_ratio(own, bare):>7}{'-' if goal is None else f'{goal:g}':>6}"
            f"{'' if goal is None else '  met' if met else '  MISSED'}"
        )
    print(
        f"  with the screen: resident {costs.screen_rss_mb:.1f} MB, "
        f"PSS {costs.screen_pss_mb:.1f} MB, idle {costs.screen_idle_percent:.3f} %"
    )
    return reached


def _ratio(ours: float, floor: float) -> str:
    return f"{ours / floor:.2f}" if floor else "-"
