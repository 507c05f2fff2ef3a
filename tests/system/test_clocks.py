"""Kiosks whose machines believe in nonsense: they connect, by TLS too, and keep their order."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from contract.messages import Health, decode
from provisioning.render import merge
from tests.support import people
from tests.support.broker import Mosquitto
from tests.support.certificates import Authority, tls_listener
from tests.support.faketime import FakeTime
from tests.support.ports import free_port
from tests.support.processes import until
from tests.support.site import Kiosk, Site
from tests.support.tap import Tap

DAY_MS = 24 * 3_600_000
NONSENSE = ("@1970-01-01 00:00:10", "@2099-06-01 12:00:00", "+10y", "-10y")


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path / "ca")


@pytest.fixture
def tls_port() -> int:
    return free_port()


@pytest.fixture
def mosquitto(tmp_path: Path, authority: Authority, tls_port: int) -> Any:
    """The broker of these tests speaks TLS as well, with a certificate from 2020 to 2045."""
    folder = tmp_path / "broker"
    folder.mkdir()
    settings = tls_listener(tls_port, authority, authority.broker())
    with Mosquitto(folder, settings=settings) as broker:
        yield broker


@pytest.fixture
def kiosk(site: Site, authority: Authority, tls_port: int) -> Kiosk:
    made = site.kiosk(mqtt_tls_ca=str(authority.file))
    merge(made.folder / "kiosk.toml", {"mqtt_port": tls_port}, "test")
    return made


def received(site: Site) -> list[dict[str, Any]]:
    """Every event of an item that came in, in the hub's order of time."""
    events = [one for one in site.events() if one["type"] == "received"]
    return sorted(events, key=lambda one: (one["t"], one["public"]["epoch"], one["public"]["seq"]))


def codes(site: Site) -> list[str]:
    return [one["public"]["body"]["item"] for one in received(site)]


def machine_years(site: Site) -> list[int]:
    """What the kiosk's machine believed, by year, where its clock was not trusted."""
    return [
        datetime.fromtimestamp(one["public"]["wall"] / 1000, UTC).year
        for one in site.events()
        if one["type"] == "epoch.opened"
    ]


def learnt(tap: Tap, after: int = 0) -> bool:
    """Whether the kiosk knows the time, by its healths after so many."""
    healths = tap.heard("health", "kiosk-1")[after:]
    return bool(healths) and decode(healths[-1].payload, Health).clock


def test_a_kiosk_that_starts_in_any_year_connects_by_tls_and_learns_the_time(
    site: Site, tap: Tap, kiosk: Kiosk, tmp_path: Path
) -> None:
    cards = people.category_cards()
    scanned: list[str] = []
    for number, moment in enumerate(NONSENSE):
        clock = FakeTime(tmp_path / f"time-{number}", moment)
        if number == 2:  # a start that nobody can tell the time of, until the next one
            site.stop_hub()
        told = len(tap.heard("health", "kiosk-1"))
        kiosk.start(env=clock.environment())
        scanned.append(kiosk.scan(next(cards)).codes[-1])
        if number == 2:
            kiosk.kill()
            site.start_hub()
            continue
        kiosk.wait_acknowledged()
        until("the kiosk has learnt the time", lambda told=told: learnt(tap, told))  # type: ignore[misc]
        kiosk.kill()
    until("every item is here", lambda: sorted(codes(site)) == sorted(scanned))
    assert codes(site) == scanned
    now = datetime.now(UTC).timestamp() * 1000
    assert all(abs(one["t"] - now) < DAY_MS for one in received(site))
    assert sorted(machine_years(site))[0] == 1970
    assert sorted(machine_years(site))[-1] == 2099


def test_steps_of_ten_years_while_a_kiosk_runs_move_nothing(
    site: Site, tap: Tap, kiosk: Kiosk, tmp_path: Path
) -> None:
    clock = FakeTime(tmp_path / "time", "+0")
    kiosk.start(env=clock.environment())
    until("the kiosk has learnt the time", lambda: learnt(tap))
    cards = people.category_cards()
    scanned = []
    for step in ("+0", "+10y", "-10y", "@1970-01-01 00:00:10", "+0"):
        clock.set(step)
        scanned.append(kiosk.scan(next(cards)).codes[-1])
    kiosk.wait_acknowledged()
    until("every item is here", lambda: sorted(codes(site)) == sorted(scanned))
    assert codes(site) == scanned
    now = datetime.now(UTC).timestamp() * 1000
    events = received(site)
    assert all(abs(one["t"] - now) < DAY_MS for one in events)
    assert all(abs(one["public"]["wall"] - now) < DAY_MS for one in events)
    learnings = [one for one in site.events() if one["type"] == "clock.learned"]
    assert len(learnings) == 1
