"""A whole stop on this machine: a real Mosquitto, the hub and kiosks as processes of their own.

Everything can be killed, stopped, started again or have its files replaced, as it happens in a
shop. What is asserted is read where a person would look: the API, the pages, the paper.
"""

import atexit
import contextlib
import functools
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple, Self

import msgspec

from contract.enrolment import Grant, Identity, encode_identity
from kiosk.screen.app import KEY_HEADER
from provisioning.render import Value, merge
from tests.support.broker import Mosquitto
from tests.support.ports import free_ports
from tests.support.processes import ROOT, healthy, run, until
from tests.support.warm import Forked, needs_start

SETUP_S = 60.0


class Process:
    """One ``yicang …`` child with its output in a file: forked from an interpreter that has loaded
    it, or with ``cold``, a ``wrapper`` or an ``env`` that needs it from Python's start on.
    ``wrapper`` are words in front of it, of a command that becomes it in the end."""

    def __init__(
        self,
        log: Path,
        *arguments: str,
        wrapper: Sequence[str] = (),
        env: Mapping[str, str] | None = None,
        cold: bool = False,
    ) -> None:
        self.log = log
        self.process: subprocess.Popen[bytes] | Forked
        with log.open("ab") as out:
            if not (cold or wrapper or needs_start(env)):
                self.process = Forked(arguments, stdin=True, stdout=out, stderr=out, env=env)
                return
            self.process = subprocess.Popen(
                [*wrapper, sys.executable, "-m", "yicang", *arguments],
                cwd=ROOT,
                env={**os.environ, **(env or {})},
                stdin=subprocess.PIPE,  # its end is the child's lifeline
                stdout=out,
                stderr=subprocess.STDOUT,
            )

    @property
    def pid(self) -> int:
        """The process id."""
        return self.process.pid

    def kill(self) -> None:
        """SIGKILL: what a power cut is to a process."""
        self.process.kill()
        self.process.wait(10)
        self._close()

    def stop(self, *, deadline_s: float = 60.0) -> int:
        """SIGTERM, and its exit status; kills what does not end."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(deadline_s)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(10)
            raise AssertionError(f"did not end in {deadline_s} s:\n{self.text()}") from None
        finally:
            self._close()

    def _close(self) -> None:
        if self.process.stdin is not None:
            with contextlib.suppress(BrokenPipeError):
                self.process.stdin.close()

    def text(self) -> str:
        """All that it has written."""
        return self.log.read_text(encoding="utf-8", errors="replace")


class Lane:
    """What the page says of the screen's lane."""

    def __init__(self, state: Mapping[str, Any]) -> None:
        lanes = [lane for lane in state["lanes"] if lane["lane"] == "screen"]
        self.state: str = lanes[0]["state"]
        self.signal: str = lanes[0]["signal"]
        self.message: str = lanes[0]["message_en"]
        self.codes: list[str] = [line["code"] for line in lanes[0]["lines"]]
        mine = (s["no"] for s in state["sounds"] if s["lane"] == "screen")
        self.sounds: int = max(mine, default=0)


class Kiosk:
    """One kiosk's folder and, while it runs, its process. Scans go in through its page."""

    def __init__(self, folder: Path, name: str, mqtt_port: int, **settings: object) -> None:
        self.folder = folder
        self.name = name
        self.port = free_ports(1)[0]
        self.process: Process | None = None
        self._key = ""
        values: dict[str, Any] = {
            "kiosk": name,
            "stop_zh": "义仓一号站",
            "stop_en": "Yicang Stop 1",
            "hub_url": "http://127.0.0.1:8080",
            "mqtt_port": mqtt_port,
            "scanners": ["screen:"],
            "printers": ["screen:"],
            "screen_port": self.port,
            "state_dir": str(folder),
            **settings,
        }
        merge(folder / "kiosk.toml", values, "test")

    def configure(self, **settings: Value) -> None:
        """Other settings from the next start on."""
        merge(self.folder / "kiosk.toml", settings, "test")

    @property
    def url(self) -> str:
        """The page, without a slash at the end."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def journal(self) -> Path:
        """The journal's database file."""
        return self.folder / "journal.sqlite3"

    def start(self, *, wrapper: Sequence[str] = (), env: Mapping[str, str] | None = None) -> None:
        """Starts the process and waits until its page answers."""
        self.launch(wrapper=wrapper, env=env)
        until(f"kiosk {self.name} answers", self._answers, deadline_s=SETUP_S)
        self._key = self.state()["key"]

    def launch(self, *, wrapper: Sequence[str] = (), env: Mapping[str, str] | None = None) -> None:
        """Starts the process and waits for nothing."""
        self.process = Process(
            self.folder / "kiosk.log",
            "kiosk",
            "run",
            "--config",
            str(self.folder / "kiosk.toml"),
            wrapper=wrapper,
            env=env,
        )

    def _answers(self) -> bool:
        assert self.process is not None
        if self.process.process.poll() is not None:
            raise AssertionError(f"kiosk {self.name} ended:\n{self.process.text()}")
        return healthy(self.port)

    def state(self) -> dict[str, Any]:
        """What the page would show now."""
        with urllib.request.urlopen(f"{self.url}/state", timeout=25) as response:
            answer: dict[str, Any] = json.load(response)
            return answer

    def enter(self, text: str) -> None:
        """Posts a scan as the page does; returns when it is taken, not when it is saved."""
        request = urllib.request.Request(
            f"{self.url}/scan",
            data=json.dumps({"text": text}).encode(),
            headers={
                "Content-Type": "application/json",
                KEY_HEADER: self._key,
                "Origin": self.url,
            },
        )
        with urllib.request.urlopen(request, timeout=60):
            pass

    def scan(self, text: str, *, deadline_s: float = 60.0) -> Lane:
        """Enters a scan and waits for its signal."""
        state = self.state()
        self._key = state["key"]  # another one when the page was served anew
        before = Lane(state).sounds
        self.enter(text)

        def signalled() -> Lane | None:
            lane = Lane(self.state())
            return lane if lane.sounds > before else None

        return until("a signal for the scan", signalled, deadline_s=deadline_s)

    def backlog(self) -> int:
        """Events that the hub has not acknowledged, as the page says."""
        return int(self.state()["kiosk"]["backlog"])

    def wait_acknowledged(self, *, deadline_s: float = 60.0) -> None:
        """Until the hub has everything."""
        until(
            f"{self.name} has no backlog",
            lambda: self.state()["kiosk"]["online"] and self.backlog() == 0,
            deadline_s=deadline_s,
        )

    def kill(self) -> None:
        """A power cut, as far as a process can have one."""
        assert self.process is not None
        self.process.kill()
        self.process = None

    def stop(self) -> None:
        """A clean end."""
        if self.process is not None:
            process, self.process = self.process, None
            assert process.stop() == 0, process.text()

    def copy_to(self, folder: Path) -> None:
        """Copies what a memory card holds of this kiosk; it must not run."""
        assert self.process is None
        shutil.copytree(self.folder, folder)


class Provisioned(NamedTuple):
    """What ``yicang provision local`` made, and the password that it showed; to be copied."""

    folder: Path
    password: str


@functools.cache
def provisioned() -> Provisioned:
    """Made once in this test process: it takes longer than many a test."""
    folder = _kept() / "site"
    done = yicang("provision", "local", "--data", str(folder), "--json")
    return Provisioned(folder, json.loads(done)["password"])


@functools.cache
def _with_token() -> tuple[Path, str]:
    """The same with a viewer's API token, and that."""
    folder = _kept() / "site"
    shutil.copytree(provisioned().folder, folder)
    said = yicang("hub", "token", "--role", "viewer", "--data", str(folder))
    return folder, said.splitlines()[-1]


def _kept() -> Path:
    made = Path(tempfile.mkdtemp(prefix="yicang-provisioned-"))
    atexit.register(shutil.rmtree, made, ignore_errors=True)
    return made


def yicang(*arguments: str) -> str:
    """Runs a command of ours and gives its standard output; fails when it does."""
    done = run(*arguments, deadline_s=SETUP_S)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


class Site:
    """Broker, hub and kiosks below one folder; a context manager that ends all of it."""

    def __init__(self, folder: Path, broker: Mosquitto) -> None:
        self.folder = folder
        self.broker = broker
        self.data = folder / "site"
        self.hub_port = free_ports(1)[0]
        self.hub: Process | None = None
        self.kiosks: list[Kiosk] = []
        template, self.token = _with_token()
        shutil.copytree(template, self.data)
        self.password = provisioned().password
        merge(
            self.data / "hub" / "hub.toml",
            {"http_port": self.hub_port, "mqtt_port": broker.port},
            "test",
        )

    @property
    def hub_url(self) -> str:
        """The hub's pages, without a slash at the end."""
        return f"http://127.0.0.1:{self.hub_port}"

    @property
    def database(self) -> Path:
        """The hub's SQLite file."""
        return self.data / "hub" / "hub.sqlite3"

    def start_hub(self) -> None:
        """Starts the hub and waits until it answers and has its broker."""
        self.hub = Process(self.folder / "hub.log", "hub", "serve", "--data", str(self.data))
        until("the hub answers", self._hub_answers, deadline_s=SETUP_S)

    def _hub_answers(self) -> bool:
        assert self.hub is not None
        if self.hub.process.poll() is not None:
            raise AssertionError(f"the hub ended:\n{self.hub.text()}")
        return healthy(self.hub_port)

    def stop_hub(self) -> None:
        """A clean end of the hub."""
        if self.hub is not None:
            hub, self.hub = self.hub, None
            hub.stop()

    def yicang(self, *arguments: str) -> str:
        """Runs a command of ours and gives its standard output."""
        return yicang(*arguments)

    def kiosk(self, **settings: object) -> Kiosk:
        """The kiosk that provisioning made: not started."""
        kiosk = Kiosk(self.data / "kiosk", "kiosk-1", self.broker.port, **settings)
        self.kiosks.append(kiosk)
        return kiosk

    def adopt(self, folder: Path, **settings: object) -> Kiosk:
        """A kiosk from a copied folder, under the same name and on a port of its own."""
        kiosk = Kiosk(folder, "kiosk-1", self.broker.port, **settings)
        self.kiosks.append(kiosk)
        return kiosk

    def api(self, path: str) -> Any:
        """An answer of ``/api/v1/…``; raises urllib.error.HTTPError."""
        request = urllib.request.Request(
            f"{self.hub_url}/api/v1/{path}", headers={"Authorization": f"Bearer {self.token}"}
        )
        with urllib.request.urlopen(request, timeout=20) as response:
            return json.load(response)

    def page(self, path: str, language: str = "en") -> tuple[int, str]:
        """Status and text of a public page."""
        request = urllib.request.Request(
            f"{self.hub_url}{path}", headers={"Accept-Language": language}
        )
        try:
            with urllib.request.urlopen(request, timeout=20) as response:
                return response.status, response.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    def wait_projected(self) -> None:
        """Until the hub's pages have what it has acknowledged: it answers a kiosk when an event is
        saved, and folds it right after that."""
        newest = self._one("SELECT coalesce(max(position), 0) FROM event")
        until(
            "the hub has folded what it has",
            lambda: self._one("SELECT value FROM meta WHERE key = 'projected'") >= newest,
        )

    def _one(self, query: str) -> int:
        uri = f"file:{self.database}?mode=ro"
        with contextlib.closing(sqlite3.connect(uri, uri=True, timeout=10)) as database:
            row = database.execute(query).fetchone()
            return 0 if row is None else int(row[0])

    def events(self) -> list[dict[str, Any]]:
        """Every event that the hub has committed by now, by the paged API."""
        self.wait_projected()
        found: list[dict[str, Any]] = []
        after = 0
        while True:
            page = self.api(f"events?after={after}&limit=500")
            if not page["events"]:
                return found
            found += page["events"]
            after = page["next"]

    def received_or_nothing(self) -> list[str]:
        """The codes of all items that came in; nothing while the hub does not answer."""
        try:
            events = self.events()
        except OSError:
            return []
        return [e["public"]["body"]["item"] for e in events if e["type"] == "received"]

    def database_holds(self, code: str) -> bool:
        """Whether the file that now has the database's name holds this item."""
        uri = f"file:{self.database}?mode=ro"
        with contextlib.closing(sqlite3.connect(uri, uri=True, timeout=10)) as db:
            row = db.execute("SELECT 1 FROM item WHERE code = ?", (code,)).fetchone()
        return row is not None

    def incidents(self) -> Sequence[Mapping[str, Any]]:
        """Every open incident."""
        answer: list[dict[str, Any]] = self.api("incidents")["incidents"]
        return answer

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        for kiosk in self.kiosks:
            if kiosk.process is not None:
                kiosk.kill()
        if self.hub is not None:
            with contextlib.suppress(AssertionError):
                self.hub.stop()


def write_identity(folder: Path, name: str, prefixes: Sequence[str]) -> None:
    """An identity document with these spare prefixes."""
    folder.mkdir(parents=True, exist_ok=True)
    identity = Identity(name, name, "x" * 24, tuple(Grant(prefix) for prefix in prefixes))
    (folder / "identity.json").write_bytes(encode_identity(identity))


def canonical(value: object) -> bytes:
    """JSON with sorted keys, for comparing states."""
    return msgspec.json.encode(value, order="sorted")
