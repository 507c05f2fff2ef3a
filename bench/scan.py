"""Scan to green against a bare commit on the same disk, interleaved.

The floor is one insert of an event's size and its COMMIT, WAL and synchronous=FULL, in a database
beside the journal. Ours runs from the scanner's read, through interpreter, workflow and journal,
to the moment the panel is told to show green. Each round does one of each, so that a slow moment
of the disk hits both. Checkpoints happen between rounds for both, as an idle kiosk does them.
"""

import secrets
import shutil
import sqlite3
import statistics
import tempfile
import time
from pathlib import Path
from typing import Final

from msgspec import Struct

from contract.enrolment import Grant, Identity
from contract.messages import Product
from drivers.ports import ScanRead, Signal
from kiosk.clock import LearntClock, SystemClock
from kiosk.identity import IdentityStore
from kiosk.journal import Journal
from kiosk.lanes import LaneDesk, NoScreen
from kiosk.spool import Spool

ROUNDS: Final = 2_000
LINE_BYTES: Final = 420
"""A received event's line."""


class Ratio(Struct, frozen=True):
    """Milliseconds of the floor and of ours at one quantile, and ours divided by the floor."""

    quantile: str
    floor_ms: float
    ours_ms: float

    @property
    def ratio(self) -> float:
        """Ours / floor; the promise is at most 1.5 at p99."""
        return self.ours_ms / self.floor_ms


class _Green:
    """A panel that notes when it was told to show green."""

    name: Final = "bench:"

    def __init__(self) -> None:
        self.at = 0
        self.signal = Signal.IDLE

    def show(self, lane: str, signal: Signal) -> None:
        """The end of the measured time."""
        self.at, self.signal = time.perf_counter_ns(), signal

    def close(self) -> None:
        """Nothing to give back."""


def ean13(number: int) -> str:
    """A valid EAN-13 with prefix 690 (GS1 General Specifications, check digit calculation)."""
    body = f"690{number:09d}"
    total = sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(body))
    return f"{body}{-total % 10}"


def run(rounds: int = ROUNDS, where: Path | None = None) -> list[Ratio]:
    """Measures; ``where`` is a directory on the disk in question."""
    folder = Path(tempfile.mkdtemp(prefix="yicang-bench-", dir=where))
    try:
        return _run(folder, rounds)
    finally:
        shutil.rmtree(folder)


def _run(folder: Path, rounds: int) -> list[Ratio]:
    bare = sqlite3.connect(folder / "bare.sqlite3", isolation_level=None)
    bare.execute("PRAGMA journal_mode = WAL")
    bare.execute("PRAGMA synchronous = FULL")
    bare.execute("PRAGMA wal_autocheckpoint = 100000")
    bare.execute("CREATE TABLE event (epoch TEXT, seq INTEGER, raw BLOB, PRIMARY KEY (epoch, seq))")
    identity = IdentityStore(folder / "identity.json")
    identity.save(Identity("kiosk-bench", "kiosk-bench", "x" * 24, (Grant("7XK2"),)))
    clock = LearntClock(SystemClock())
    journal = Journal(
        folder / "journal.sqlite3", identity, clock, spool=Spool(folder / "spool"), software="bench"
    )
    codes = [ean13(number) for number in range(rounds)]
    journal.knowledge.store_products(
        "0" * 64, [Product(f"0{code}", "F1", "米", "Rice") for code in codes]
    )
    panel = _Green()
    desk = LaneDesk(journal, clock, panel, NoScreen(), secrets.token_bytes)
    floor: list[int] = []
    ours: list[int] = []
    line = secrets.token_bytes(LINE_BYTES)
    for number, code in enumerate(codes):
        started = time.perf_counter_ns()
        bare.execute("BEGIN IMMEDIATE")
        bare.execute("INSERT INTO event VALUES ('0123456789abcdef', ?, ?)", (number, line))
        bare.execute("COMMIT")
        floor.append(time.perf_counter_ns() - started)
        lane = f"lane-{number // 400}"  # a session holds 500 items at most
        started = time.perf_counter_ns()
        desk.take(ScanRead(lane, code))
        if panel.signal is not Signal.SAVED:
            raise RuntimeError(f"scan {number} was not green")
        ours.append(panel.at - started)
        if number % 50 == 49:
            bare.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            journal.idle()
    journal.close()
    bare.close()
    return [
        Ratio("p50", _quantile(floor, 50), _quantile(ours, 50)),
        Ratio("p90", _quantile(floor, 90), _quantile(ours, 90)),
        Ratio("p99", _quantile(floor, 99), _quantile(ours, 99)),
    ]


def _quantile(nanoseconds: list[int], percent: int) -> float:
    return statistics.quantiles(nanoseconds, n=100)[percent - 1] / 1e6


def report() -> None:
    """Prints the ratios."""
    print(f"scan to green against a bare commit, {ROUNDS} rounds interleaved")
    for ratio in run():
        print(
            f"  {ratio.quantile}: floor {ratio.floor_ms:.3f} ms, "
            f"ours {ratio.ours_ms:.3f} ms, ratio {ratio.ratio:.2f}"
        )
