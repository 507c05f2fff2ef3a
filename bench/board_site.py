"""A real kiosk process for `bench.board`, with a scanner and a printer on pseudo-terminals.

What it has done is read from outside: from the file of its journal, which a green lamp comes right
after, from what the hub hears, and from ``/proc``. It runs with the environment of its systemd
unit, and with compiled modules as on any second start.
"""

import contextlib
import os
import secrets
import select
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from bench.board_hub import SmallHub
from bench.scan import ean13
from contract.actions import Verb
from contract.codes import action_code
from contract.enrolment import Grant, Identity, encode_identity
from contract.messages import Product, digest
from contract.reference import pieces
from kiosk.reference import ReferenceStore
from provisioning.render import merge
from tests.support.serial_devices import HandScanner
from tests.support.virtual_printer import PtyPrinter, VirtualPrinter

ROOT: Final = Path(__file__).resolve().parents[1]
UNIT: Final = ROOT / "systemd" / "yicang-kiosk.service"
NAMED: Final = 2_000
"""Retail codes that the stop has a name for."""
SESSION: Final = 25
"""Items a donor brings; then comes the receipt."""
BAUD: Final = 921_600
"""Ten labels a second: nobody has to wait. What a label costs is the same at any rate."""
WITHIN_S: Final = 30.0
TICK_S: Final = 1 / os.sysconf("SC_CLK_TCK")
FINISH: Final = action_code(Verb.FINISH)


def unit_environment() -> dict[str, str]:
    """What the kiosk's systemd unit puts into its environment."""
    lines = UNIT.read_text(encoding="utf-8").splitlines()
    words = [line.partition("=")[2] for line in lines if line.startswith("Environment=")]
    return {word.partition("=")[0]: word.partition("=")[2] for word in words}


def environment(compiled: Path) -> dict[str, str]:
    """A child's: the unit's words, compiled modules kept in the folder ``compiled``."""
    ours = {**os.environ, **unit_environment(), "PYTHONPYCACHEPREFIX": str(compiled)}
    ours.pop("PYTHONDONTWRITEBYTECODE", None)
    return ours


class Child:
    """A process of ours that ends with its standard input, and what the kernel says of it."""

    def __init__(self, words: Sequence[str], env: Mapping[str, str], log: Path) -> None:
        self._log = log
        self.started: Final = time.monotonic()
        with log.open("ab") as out:
            self.process: Final = subprocess.Popen(
                [sys.executable, "-m", *words],
                cwd=ROOT,
                env=env,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=out,
            )

    def ready_s(self) -> float:
        """Seconds from its start until it says that it is ready."""
        assert self.process.stdout is not None
        ready, _, _ = select.select([self.process.stdout], [], [], WITHIN_S)
        if not ready or not os.read(self.process.stdout.fileno(), 1):
            raise AssertionError(f"not ready:\n{self.log()}")
        return time.monotonic() - self.started

    def log(self) -> str:
        """What it wrote to standard error."""
        return self._log.read_text(encoding="utf-8", errors="replace")

    def cpu_s(self, *, first_thread: bool = False) -> float:
        """Seconds of processor time so far, user and system, ended threads included (proc(5)); or
        those of its first thread alone, which is a kiosk's loop."""
        pid = self.process.pid
        stat = Path(f"/proc/{pid}/task/{pid}/stat" if first_thread else f"/proc/{pid}/stat")
        fields = stat.read_text(encoding="utf-8").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) * TICK_S

    def threads_cpu_s(self) -> float:
        """The same of the threads that live, to the nanosecond (``schedstat``, sched-stats.rst)."""
        tasks = Path(f"/proc/{self.process.pid}/task").iterdir()
        return sum(int((task / "schedstat").read_text().split()[0]) for task in tasks) / 1e9

    def memory_mb(self) -> tuple[float, float]:
        """Resident and proportional set size in MB (10^6 bytes)."""
        rollup = Path(f"/proc/{self.process.pid}/smaps_rollup").read_text(encoding="utf-8")
        kib = {line.split(":")[0]: line.split()[1] for line in rollup.splitlines()[1:]}
        return int(kib["Rss"]) * 1024 / 1e6, int(kib["Pss"]) * 1024 / 1e6

    def has_open(self, path: Path) -> bool:
        """Whether it has this file open."""
        wanted = path.resolve()
        with contextlib.suppress(OSError):  # one that was closed meanwhile
            return any(
                entry.readlink() == wanted
                for entry in Path(f"/proc/{self.process.pid}/fd").iterdir()
            )
        return False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Ends it."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.close()
        self.process.terminate()
        try:
            self.process.wait(WITHIN_S)
        finally:
            self.process.kill()
            self.process.wait()
            self.process.stdout.close()


class BoardKiosk:
    """One kiosk: a context manager that starts it, and ends it with its devices."""

    def __init__(
        self,
        folder: Path,
        compiled: Path,
        hub: SmallHub,
        *,
        screen_port: int = 0,
        env: Mapping[str, str] | None = None,
    ) -> None:
        folder.mkdir()
        name = hub.kiosk
        self._scanner_path = folder / "scanner"
        self._number = 0
        self._items = 0
        identity = Identity(
            name, name, "x" * 24, (Grant("7XK2"), Grant("7XK3")), signing_key=secrets.token_hex(32)
        )
        (folder / "identity.json").write_bytes(encode_identity(identity))
        _name_products(folder / "reference", name)
        merge(
            folder / "kiosk.toml",
            {
                "kiosk": name,
                "stop_zh": "阳光社区义仓驿站",
                "stop_en": "Sunshine Community Stop",
                "hub_url": "https://stop.example",
                "mqtt_port": hub.port,
                "scanners": [f"serial:{self._scanner_path}?baud=9600"],
                "printers": [f"serial:{folder / 'printer'}?baud={BAUD}&profile=58mm-native"],
                "screen_port": screen_port,
                "min_free_mb": 1,
            },
            "bench",
        )
        self._hub = hub
        self._before = hub.heard.copy()
        self._wal = folder / "journal.sqlite3-wal"
        self._scanner: Final = HandScanner(self._scanner_path)
        self.machine: Final = VirtualPrinter("escpos")
        self._printer: Final = PtyPrinter(folder / "printer", self.machine)
        self.child: Final = Child(
            ["kiosk", "--config", str(folder / "kiosk.toml")],
            {**environment(compiled), **(env or {})},
            folder / "kiosk.log",
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.child.close()
        self._scanner.close()
        self._printer.close()

    def first_green_s(self) -> float:
        """Seconds from the process's start until its first scan is saved.

        A scanner that is read all the time: opening a serial line drops what came before.
        """
        deadline = self.child.started + WITHIN_S
        while not self.child.has_open(self._scanner_path):
            self._alive(deadline)
            time.sleep(0.001)
        code = ean13(self._number)
        sent = 0.0
        while not self._saved():
            self._alive(deadline)
            if time.monotonic() - sent > 0.005:
                self._scanner.scan(code)
                sent = time.monotonic()
            time.sleep(0.0005)
        taken = time.monotonic() - self.child.started
        self._number += 1
        self._items += 1
        self._settled()
        return taken

    def scan(self, count: int) -> None:
        """Donors bring ``count`` items, one after another; every label comes out, every donor
        gets a receipt."""
        for _ in range(count):
            self._scanner.scan(ean13(self._number))
            self._number += 1
            self._items += 1
            self._settled()
            if self._items % SESSION == 0:
                sessions = self._items // SESSION
                self._scanner.scan(FINISH)
                self._until(partial(self._closed, sessions))

    def _saved(self) -> bool:
        """Whether an item came in. The journal is the kiosk's alone, so its file is looked at."""
        return self._wal.exists() and b'"received"' in self._wal.read_bytes()

    def _closed(self, sessions: int) -> bool:
        return self._hub.heard["session.closed"] - self._before["session.closed"] >= sessions

    def _settled(self) -> None:
        self._until(
            lambda: (
                self._hub.heard["label.attached"] - self._before["label.attached"] >= self._items
            )
        )

    def _until(self, condition: Callable[[], bool]) -> None:
        deadline = time.monotonic() + WITHIN_S
        while not condition():
            self._alive(deadline)
            time.sleep(0.002)

    def _alive(self, deadline: float) -> None:
        if self.child.process.poll() is not None or time.monotonic() > deadline:
            raise AssertionError(f"the kiosk does not come on:\n{self.child.log()}")


def _name_products(folder: Path, kiosk: str) -> None:
    store = ReferenceStore(folder, kiosk)
    named = [Product(f"0{ean13(number)}", "F1", "米", "Rice") for number in range(NAMED)]
    payloads = pieces("products", named)
    for payload in payloads:
        store.keep(digest(payload), payload)
    store.adopt("products", tuple(digest(payload) for payload in payloads))
