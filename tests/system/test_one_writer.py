"""On SQLite exactly one connection can ever write or checkpoint while a hub runs.

Every Python that takes part, the hub and each command, writes down as what it opens the hub's file
(`tests/support/sqlite_watch`). How a file is opened is what no later PRAGMA takes back, so each
address is then tried: whether who opens it can begin to write, and whether it can checkpoint.
"""

import json
import os
import signal
import sqlite3
import subprocess
import sys
import urllib.request
from contextlib import closing
from pathlib import Path
from typing import Any, Final

import pytest

from provisioning.render import merge
from tests.support.broker import Mosquitto
from tests.support.ports import free_ports
from tests.support.processes import ROOT, Yicang, healthy, run, until
from tests.support.sqlite_watch.sitecustomize import LOG

WATCH: Final = Path(__file__).parents[1] / "support" / "sqlite_watch"


class Watched:
    """A hub whose every connection is written down."""

    def __init__(self, directory: Path, mqtt_port: int) -> None:
        self.data = directory / "data"
        self._log = directory / "connections"
        self.environment = {LOG: str(self._log), "PYTHONPATH": str(WATCH)}
        self.command("provision", "local")
        self.file = self.data / "hub" / "hub.sqlite3"
        (self.port,) = free_ports(1)
        settings = {"http_port": self.port, "mqtt_port": mqtt_port}
        merge(self.data / "hub" / "hub.toml", settings, "a test")

    def command(self, *words: str) -> None:
        """Carries out a command of ours, watched."""
        done = subprocess.run(
            [sys.executable, "-m", "yicang", *words, "--data", str(self.data)],
            cwd=ROOT,
            env={**os.environ, **self.environment},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr

    def start(self) -> Yicang:
        """Runs the hub, watched, until it answers."""
        process = Yicang("hub", "serve", "--data", str(self.data), env=self.environment)
        until("the hub is ready", lambda: healthy(self.port))
        return process

    def connections(self) -> list[dict[str, Any]]:
        """Those to the hub's file, in the order in which they were opened."""
        lines = self._log.read_text(encoding="utf-8").splitlines()
        found: list[dict[str, Any]] = [json.loads(line) for line in lines]
        names = {str(self.file), self.file.as_uri()}
        return [one for one in found if one["address"].split("?")[0] in names]

    def forget(self) -> None:
        """What comes from here on is what counts."""
        self._log.write_text("")


def is_harmless(address: str, file: Path) -> bool:
    """Whether who opens ``file`` by this address can neither write nor checkpoint it."""
    with (
        closing(sqlite3.connect(file)) as writer,
        closing(sqlite3.connect(address, uri=address.startswith("file:"))) as connection,
    ):
        writer.execute("PRAGMA user_version = 1")  # there is something to check in
        refused = 0
        for statement in ("PRAGMA wal_checkpoint", "CREATE TABLE probe (x)"):
            try:
                connection.execute(statement).fetchall()
            except sqlite3.OperationalError:
                refused += 1
    return refused == 2


def test_the_probe_knows_a_connection_that_can_write(tmp_path: Path) -> None:
    file = tmp_path / "file.sqlite3"
    with closing(sqlite3.connect(file)) as writer:
        writer.execute("PRAGMA journal_mode=WAL")
    assert is_harmless(f"{file.as_uri()}?mode=ro", file)
    assert not is_harmless(f"{file.as_uri()}?mode=rw", file)
    assert not is_harmless(str(file), file)


@pytest.fixture
def watched(tmp_path: Path, mosquitto: Mosquitto) -> Watched:
    return Watched(tmp_path, mosquitto.port)


def test_one_connection_of_a_running_hub_can_write_and_no_other_can_even_checkpoint(
    watched: Watched, tmp_path: Path
) -> None:
    watched.command("hub", "backup-key", "--out", str(tmp_path / "private.key"))
    watched.forget()
    with watched.start() as hub:
        for page in ("", "healthz", "keys", "login"):
            urllib.request.urlopen(f"http://127.0.0.1:{watched.port}/{page}", timeout=10).close()
        watched.command("hub", "token", "--role", "viewer")
        watched.command("hub", "category", "list")
        watched.command("hub", "quarantine", "list")
        watched.command("hub", "backup", "--to", str(tmp_path / "copies"), "--off-machine")
        watched.command("hub", "rebuild")
        hub.signal(signal.SIGTERM)
        assert hub.wait() == 0
    opened = watched.connections()
    addresses = {one["address"] for one in opened}
    harmless = {address for address in addresses if is_harmless(address, watched.file)}
    by = [one["words"][:2] for one in opened if one["address"] in harmless]
    assert by.count(["hub", "serve"]) > 1, "pages and the backup read through connections of theirs"
    able = [one["words"][:2] for one in opened if one["address"] not in harmless]
    assert able == [["hub", "serve"]]


def test_a_command_that_finds_no_hub_has_one_connection_that_writes(watched: Watched) -> None:
    watched.forget()
    watched.command("hub", "token", "--role", "viewer")
    [opened] = watched.connections()
    assert not is_harmless(opened["address"], watched.file)


def test_while_a_command_writes_no_hub_starts(watched: Watched) -> None:
    from hub.control import writer_lock

    with writer_lock(watched.data / "hub"):
        refused = run("hub", "serve", "--data", str(watched.data))
    assert refused.returncode == 2
    assert "another hub is running" in refused.stderr
