"""A hub as it is installed (TLS, its own authority, a broker with accounts), and a blank kiosk: a
process with a serial scanner, a serial printer, a voice that is written down, and nothing else."""

import contextlib
import json
import os
import sqlite3
import ssl
import stat
import sys
import threading
import urllib.request
import uuid
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from drivers.prompts import ALL_PROMPTS
from drivers.sound_files import SHIPPED, read_sound
from provisioning.mosquitto import HUB_USER, RELOAD, Style
from provisioning.render import merge
from tests.support import certificates as bought
from tests.support.broker_doors import HUB_PASSWORD, NOW, InstalledBroker, Papers
from tests.support.faketime import FakeTime
from tests.support.ports import free_ports
from tests.support.processes import run, until
from tests.support.serial_devices import HandScanner
from tests.support.site import Process
from tests.support.virtual_printer import PtyPrinter, VirtualPrinter

STOP: Final = "stop-1"
HOST: Final = "127.0.0.1"

PLAYER: Final = """#!/bin/sh
heard=$(tail -c +45 | sha256sum)
echo "${heard%% *}" >> "$(dirname "$0")/heard"
"""
"""It takes no longer than it must: a prompt that waits for another's end is left out after 2 s."""
NMCLI: Final = f"""#!{sys.executable}
import sys
said = sys.stdin.read()
if "connect" in sys.argv and said != "correct horse\\n":
    print("Error: Connection activation failed: (7) Secrets were required", file=sys.stderr)
    sys.exit(4)
"""


class InstalledHub:
    """Use it with ``with``."""

    def __init__(
        self,
        folder: Path,
        *,
        certificates: bool = False,
        given: bought.Authority | None = None,
        pinned: Path | None = None,
    ) -> None:
        """``given``: whose certificate its pages have, if not its own authority's; ``pinned``: the
        authority that kiosks pin then."""
        folder.mkdir(parents=True, exist_ok=True)
        self.folder: Final = folder
        self.data: Final = folder / "data"
        self.papers: Final = Papers(folder / "authority")
        self.broker: Final = InstalledBroker(folder / "broker", self.papers, Style.V2_0, None)
        made = run("provision", "local", "--data", str(self.data))
        assert made.returncode == 0, made.stderr
        self.port = free_ports(1)[0]
        web = self.papers.authority.web([HOST], NOW)
        pages = (web.certificate, web.key)
        if given is not None:
            certificate, key = given.broker(HOST)
            pages = (certificate.read_bytes(), key.read_bytes())
        for name, content in zip(("web.pem", "web.key"), pages, strict=True):
            (self.data / "hub" / name).write_bytes(content)
        self._trusted: Final = pinned or self.papers.authority_file
        merge(
            self.data / "hub" / "hub.toml",
            {
                "http_port": self.port,
                "public_url": f"https://{HOST}:{self.port}",
                "tls_certificate": "web.pem",
                "tls_key": "web.key",
                "tls_authority": str(pinned or ""),
                "authority_dir": str(self.papers.directory),
                "broker_dir": str(self.broker.directory),
                "mqtt_port": self.broker.hub_port,
                "mqtt_user": HUB_USER,
                "mqtt_password": HUB_PASSWORD,
                "kiosk_mqtt_port": (
                    self.broker.certificate_port if certificates else self.broker.kiosk_port
                ),
                "kiosk_certificates": certificates,
            },
            "test",
        )
        told = run("hub", "token", "--role", "administrator", "--data", str(self.data))
        assert told.returncode == 0, told.stderr
        self._token = told.stdout.splitlines()[-1]
        self._database: Final = f"file:{self.data / 'hub' / 'hub.sqlite3'}?mode=ro"
        self._process: Process | None = None
        self._over = threading.Event()
        self._unit = threading.Thread(target=self._watch, name="yicang-broker.path")

    def _watch(self) -> None:
        """The unit ``yicang-broker.path``: while the mark is there, have the files read."""
        while not self._over.wait(0.02):
            if (self.broker.directory / RELOAD).exists() and self.broker.running:
                self.broker.reload()

    def invited_two_hours_ago(self) -> Mapping[str, str]:
        """An invitation that was good for an hour: its ``id`` and ``text``. Before the hub runs."""
        clock = FakeTime(self.folder / "clock", "-2h")
        asked = ("--stop", STOP, "--hours", "1", "--data", str(self.data))
        made = run("hub", "kiosk", "invite", *asked, env=clock.environment())
        assert made.returncode == 0, made.stderr
        first, *_, text = made.stdout.splitlines()
        return {"id": first.partition(":")[0], "text": text}

    def __enter__(self) -> Self:
        self.broker.start()
        self._unit.start()
        self._process = Process(self.folder / "hub.log", "hub", "serve", "--data", str(self.data))
        until("the hub answers", self._answers)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._process is not None:
            self._process.stop()
        self._over.set()
        self._unit.join()
        self.broker.kill()

    def _answers(self) -> bool:
        assert self._process is not None
        assert self._process.process.poll() is None, self._process.text()
        try:
            return self.ask("GET", "kiosks/invitations") is not None
        except OSError:
            return False

    @property
    def log(self) -> str:
        """All that the hub has written."""
        assert self._process is not None
        return self._process.text()

    def ask(self, method: str, path: str, **body: object) -> Any:
        """An answer of ``/api/v1/…``; raises urllib.error.HTTPError."""
        request = urllib.request.Request(
            f"https://{HOST}:{self.port}/api/v1/{path}",
            method=method,
            data=json.dumps(body).encode() if method == "POST" else None,
            headers={
                "Authorization": f"Bearer {self._token}",
                "Content-Type": "application/json",
                "Idempotency-Key": str(uuid.uuid4()),
            },
        )
        trust = ssl.create_default_context(cafile=str(self._trusted))
        trust.verify_flags |= ssl.VerifyFlags.VERIFY_X509_PARTIAL_CHAIN
        with urllib.request.urlopen(request, timeout=20, context=trust) as response:
            return json.load(response)

    def invite(self) -> Mapping[str, Any]:
        """A new invitation for the stop: its ``id``, ``text`` and ``parts``."""
        made = self.ask("POST", "kiosks/invitations", stop=STOP)
        return {"id": made["invitation"]["id"], "text": made["text"], "parts": made["parts"]}

    def invitation(self, one: str) -> Mapping[str, Any]:
        """How far it has come."""
        told: Mapping[str, Any] = self.ask("GET", f"kiosks/invitations/{one}")
        return told

    def refusals(self) -> Counter[tuple[str, str]]:
        """How often which invitation was refused, by the hub's audit log, and why."""
        with contextlib.closing(sqlite3.connect(self._database, uri=True)) as database:
            rows = database.execute(
                "SELECT subject, detail FROM audit WHERE what = 'enrolment.refused'"
            ).fetchall()
        return Counter((subject, json.loads(detail)["why"]) for subject, detail in rows)


class BlankKiosk:
    """A machine with a fresh card. Use it with ``with``; `plug_in` gives it power."""

    def __init__(self, folder: Path, **settings: object) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder: Final = folder
        self.state: Final = folder / "state"
        self.state.mkdir()
        self.printer: Final = VirtualPrinter(chinese=True)
        self.scanner: Final = HandScanner(folder / "scanner")
        self._line: Final = PtyPrinter(folder / "printer", self.printer)
        self._process: Process | None = None
        tools = folder / "bin"
        tools.mkdir()
        for name, content in (("aplay", PLAYER), ("nmcli", NMCLI)):
            (tools / name).write_text(content, encoding="utf-8")
            (tools / name).chmod(stat.S_IRWXU)
        self._heard: Final = tools / "heard"
        self._sounds: Final = _digests(volume=80)
        values: dict[str, Any] = {
            "scanners": [f"serial:{folder / 'scanner'}?baud=9600"],
            "printers": [f"serial:{folder / 'printer'}?baud=115200&profile=58mm-gb18030"],
            "screen_port": 0,
            "state_dir": str(self.state),
            **settings,
        }
        merge(folder / "kiosk.toml", values, "test")

    def plug_in(self) -> None:
        """Power."""
        path = f"{self.folder / 'bin'}:{os.environ['PATH']}"
        self._process = Process(
            self.folder / "kiosk.log",
            "kiosk",
            "run",
            "--config",
            str(self.folder / "kiosk.toml"),
            env={"PATH": path},
        )

    def pull_the_plug(self) -> None:
        """No power, at once."""
        assert self._process is not None
        self._process.kill()
        self._process = None

    def wait_ended(self) -> int:
        """Its exit status, when it has ended by itself."""
        assert self._process is not None
        status = self._process.process.wait(40)
        self._process = None
        return status

    @property
    def log(self) -> str:
        """All that it has written."""
        return (self.folder / "kiosk.log").read_text(encoding="utf-8", errors="replace")

    @property
    def heard(self) -> list[str]:
        """Prompts that were spoken, oldest first."""
        if not self._heard.exists():
            return []
        return [
            self._sounds[one]
            for one in self._heard.read_text(encoding="ascii").split()
            if one in self._sounds
        ]

    def scan_until(self, text: str, what: str, seen: Callable[[], bool]) -> None:
        """Scans, and once more when nothing comes of it for a while, as people do: what a serial
        line brings while it is being opened is lost. ``what`` comes of it when ``seen`` says so."""
        tries = 4
        for left in reversed(range(tries)):
            self.scanner.scan(text)
            try:
                until(what, seen, deadline_s=15)
            except AssertionError:
                if not left:
                    raise
            else:
                return

    def wait_heard(self, prompt: str, after: int = 0) -> None:
        """Until the voice has said it."""
        try:
            until(f"it says {prompt}", lambda: prompt in self.heard[after:], deadline_s=40)
        except AssertionError as error:
            raise AssertionError(f"{error}\nheard: {self.heard}\n{self.log}") from None

    def wait_printed(self, *words: str) -> str:
        """The text of a finished page that holds all these."""
        try:
            return until(
                f"a page with {words}",
                lambda: next(
                    (text for text in self.printer.texts if all(w in text for w in words)), None
                ),
                deadline_s=40,
            )
        except AssertionError as error:
            raise AssertionError(f"{error}\nprinted: {self.printer.texts}\n{self.log}") from None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._process is not None:
            self._process.stop()
        self.scanner.close()
        self._line.close()


def _digests(*, volume: int) -> dict[str, str]:
    """Which prompt a sound is, by the digest of its samples as they are played."""
    import hashlib

    return {
        hashlib.sha256(
            read_sound(SHIPPED / language / f"{prompt.name}.wav").louder(volume).samples
        ).hexdigest(): prompt.name
        for language in ("zh", "en")
        for prompt in ALL_PROMPTS
    }
