"""Many kiosks at once, simulated, against a hub and a broker that are real."""

import contextlib
import fcntl
import os
import pty
import shutil
import sqlite3
import struct
import subprocess
import sys
import termios
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from kiosk.fleet.simulation import Summary
from tests.support.broker import Mosquitto
from tests.support.new_kiosk_site import InstalledHub
from tests.support.processes import ROOT, Up, Yicang, healthy, until


def simulate(data: Path, *options: str) -> tuple[int, Summary | None, str]:
    """``yicang fleet simulate``: its exit status, its summary, and all that it said."""
    with Yicang("fleet", "simulate", "--data", str(data), "--json", *options) as command:
        status = command.wait(deadline_s=90)
        said = command.output
    told = [line for line in said.splitlines() if line.startswith("{")]
    return status, msgspec.json.decode(told[-1], type=Summary) if told else None, said


def count(data: Path, question: str) -> int:
    """A number out of the hub's database."""
    with sqlite3.connect(f"file:{data}/hub/hub.sqlite3?mode=ro", uri=True) as database:
        return int(database.execute(question).fetchone()[0])


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Mosquitto]:
    (tmp_path / "broker").mkdir()
    with Mosquitto(tmp_path / "broker") as running:
        yield running


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A hub's data directory for trials, not yet used."""
    data = tmp_path_factory.mktemp("fleet") / "data"
    with Yicang("provision", "local", "--data", str(data)) as command:
        assert command.wait() == 0
    return data


@pytest.fixture
def data(tmp_path: Path, template: Path) -> Path:
    """Another such directory; nothing runs on it."""
    return Path(shutil.copytree(template, tmp_path / "data"))


EVENTS = "SELECT count(*) FROM event WHERE kiosk LIKE 'sim-%'"
TWICE = """SELECT count(*) FROM (SELECT 1 FROM event WHERE kiosk LIKE 'sim-%'
    GROUP BY kiosk, epoch, seq HAVING count(*) > 1)"""
WRONG = "SELECT count(*) FROM incident WHERE kind IN ('fork', 'gap', 'unreadable', 'quarantined')"


def test_a_fleet_that_was_offline_and_loses_its_line_is_counted_once(
    tmp_path: Path, broker: Mosquitto
) -> None:
    data = tmp_path / "data"
    with Up(data, "--broker", f"127.0.0.1:{broker.port}") as up:
        until("the hub", lambda: healthy(up.hub_port))
        options = ("--kiosks", "5", "--visits", "6", "--backlog", "3", "--cuts", "2")
        status, first, said = simulate(data, *options, "--pace", "0.02")
        assert status == 0, said
        assert first is not None
        assert first.kiosks == 5
        assert first.left == 0
        assert count(data, EVENTS) == first.events
        status, second, said = simulate(data, "--kiosks", "6", "--visits", "2", "--pace", "0.02")
        assert status == 0, said
        assert second is not None
        assert count(data, EVENTS) == first.events + second.events
        assert count(data, TWICE) == 0
        assert count(data, WRONG) == 0
        assert count(data, "SELECT count(*) FROM item WHERE stop = 'simulated'") > 20
        assert count(data, "SELECT count(DISTINCT kiosk) FROM event WHERE kiosk LIKE 'sim-%'") == 6


@pytest.mark.proof
def test_a_hub_as_it_is_installed_is_tried_through_the_kiosks_own_door(tmp_path: Path) -> None:
    with InstalledHub(tmp_path / "hub") as hub:
        door = ("--broker", f"127.0.0.1:{hub.broker.kiosk_port}")
        trust = ("--tls-ca", str(hub.papers.authority_file))
        few = ("--kiosks", "3", "--visits", "2", "--pace", "0.02", "--cuts", "1")
        status, summary, said = simulate(hub.data, *few, *door, *trust)
        assert status == 0, said
        assert summary is not None
        assert summary.acked == summary.events > 0
        assert count(hub.data, EVENTS) == summary.events
        one = ("--kiosks", "1", "--visits", "1", "--pace", "0", "--patience", "2")
        status, without, said = simulate(hub.data, *one, *door)
        assert status != 0, "nobody comes in there without TLS"
        assert without is None or without.acked == 0, said


@pytest.mark.proof
def test_a_person_at_a_terminal_sees_it_count_in_one_line_and_then_the_sum(
    data: Path, broker: Mosquitto
) -> None:
    words = ["--kiosks", "3", "--visits", "2", "--pace", "0.02", "--data", str(data)]
    with Up(data, "--broker", f"127.0.0.1:{broker.port}") as up:
        until("the hub", lambda: healthy(up.hub_port))
        terminal, line = pty.openpty()
        fcntl.ioctl(line, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
        ran = subprocess.Popen(
            [sys.executable, "-m", "yicang", "fleet", "simulate", *words],
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=line,
            stderr=line,
        )
        os.close(line)
        said = read_to_the_end(terminal)
        assert ran.wait(60) == 0, said
    counting, *summary = said.split("\r\n")
    looks = counting.split("\r")[1:]
    assert len(looks) > 1
    assert all(one.startswith("在线 / online ") and one.endswith("\x1b[K") for one in looks)
    assert "online 3/3" in counting
    [events] = [one for one in summary if one.startswith("事件 / events: ")]
    total = events.rpartition(" ")[2]
    assert f"acknowledged by the hub: {total}" in said
    assert f"acknowledged {total}/{total}\x1b[K" in looks[-1]


def read_to_the_end(terminal: int) -> str:
    """All that comes, until nobody has the other end any more."""
    found = b""
    with contextlib.suppress(OSError):  # Linux's word for a terminal's end
        while more := os.read(terminal, 65536):
            found += more
    os.close(terminal)
    return found.decode()


@pytest.mark.proof
def test_what_no_hub_acknowledged_is_told_and_comes_with_the_next_run(
    tmp_path: Path, data: Path, broker: Mosquitto
) -> None:
    away = ("--kiosks", "2", "--visits", "2", "--pace", "0", "--patience", "1")
    status, summary, said = simulate(data, *away, "--broker", f"127.0.0.1:{broker.port}")
    assert status == 1, said
    assert summary is not None
    assert summary.acked == 0
    assert summary.left == summary.events > 0
    with Up(data, "--broker", f"127.0.0.1:{broker.port}") as up:
        until("the hub", lambda: healthy(up.hub_port))
        status, then, said = simulate(data, "--kiosks", "2", "--visits", "1", "--pace", "0")
        assert status == 0, said
        assert then is not None
        assert then.acked >= summary.left
        assert count(data, EVENTS) == then.acked


def test_a_hub_with_real_goods_is_left_alone(data: Path) -> None:
    with sqlite3.connect(data / "hub" / "hub.sqlite3") as database:
        columns = {row[1]: row for row in database.execute("PRAGMA table_info(item)")}
        given = {"code": "GAAAA000000", "kiosk": "kiosk-1", "stop": "stop-1", "status": "here"}
        for name, column in columns.items():
            if column[3] and column[4] is None and name not in given:  # NOT NULL, no default
                given[name] = "" if "CHAR" in column[2] or column[2] == "TEXT" else "0"
        places = ", ".join("?" for _ in given)
        stock = f"INSERT INTO item ({', '.join(given)}) VALUES ({places})"
        database.execute(stock, tuple(given.values()))
    status, summary, said = simulate(data, "--kiosks", "1", "--visits", "1")
    assert (status, summary) == (2, None)
    assert "--into-existing" in said
    assert "已有真实终端的记录" in said
    assert count(data, "SELECT count(*) FROM kiosk WHERE id LIKE 'sim-%'") == 0


def test_more_kiosks_than_the_system_allows_are_refused_before_anything_is_made(
    data: Path,
) -> None:
    words = [sys.executable, "-m", "yicang", "fleet", "simulate", "--data", str(data)]
    asked = subprocess.run(
        ["/bin/sh", "-c", 'ulimit -n 300; exec "$@"', "sh", *words, "--kiosks", "200"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert asked.returncode == 2
    assert "ulimit -Hn" in asked.stderr
    assert not (data / "simulated").exists()


@pytest.mark.parametrize(
    ("options", "named"),
    [
        (("--broker", "nowhere"), "HOST:PORT"),
        (("--visits", "2", "--backlog", "3"), "--backlog 3"),
    ],
)
def test_what_cannot_be_is_named(data: Path, options: tuple[str, ...], named: str) -> None:
    status, _, said = simulate(data, "--kiosks", "1", *options)
    assert status == 2
    assert named in said
