"""The drill: the hub's machine is gone; yesterday's backup, the private key and the kiosks bring
everything back, once."""

import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from contract import events
from hub import db
from hub.backup import hub_events
from hub.log import recording
from hub.log.recording import COMMAND, Actor, Draft
from provisioning.render import merge
from tests.support import people
from tests.support.broker import Mosquitto
from tests.support.processes import alive, children, until
from tests.support.shop import enrol_another
from tests.support.site import Kiosk, Site
from tests.support.tap import Tap


class _State(NamedTuple):
    """What a hub makes of its events."""

    stock: list[str]
    items: dict[str, str]
    events: list[str]
    incidents: list[str]


def _state(site: Site) -> _State:
    told = site.events()
    received = sorted(
        {event["public"]["body"]["item"] for event in told if event["type"] == "received"}
    )
    return _State(
        sorted(map(str, site.api("stock")["stock"])),
        {code: site.api(f"items/{code}")["status"] for code in received},
        sorted(event["id"] for event in told),
        sorted(incident["kind"] for incident in site.incidents()),
    )


def _take_in(kiosk: Kiosk, count: int) -> list[str]:
    cards = people.category_cards()
    codes = [kiosk.scan(next(cards)).codes[-1] for _ in range(count)]
    kiosk.scan(people.FINISH)
    until("all papers are out", lambda: kiosk.state()["kiosk"]["papers_waiting"] == 0)
    return codes


def _not_found(site: Site, item: str) -> None:
    """Somebody at the hub looked for an item in vain, and said so."""
    site.stop_hub()
    engine = db.open_writer(db.sqlite_url(site.database))
    draft = Draft(events.Corrected(items=(item,), status="missing", why="looked"), "stop-1")
    try:
        with engine.begin() as connection:
            recording.record(
                connection, [draft], Actor(lane=COMMAND), now_ms=time.time_ns() // 1_000_000
            )
    finally:
        engine.dispose()
    site.start_hub()


def _copied(site: Site, away: Path) -> bool:
    engine = db.open_reader(db.sqlite_url(site.database))
    try:
        with engine.connect() as connection:
            here = hub_events.streams(connection)
    finally:
        engine.dispose()
    return bool(here) and hub_events.copied(hub_events.segments(away / "hub-events")) == here


class _Drill(NamedTuple):
    site: Site
    kiosks: list[Kiosk]
    away: Path
    key: Path


@pytest.fixture
def drill(tmp_path: Path, mosquitto: Mosquitto, tap: Tap) -> Iterator[_Drill]:
    """A hub with two kiosks whose backups go to another machine, as far as it knows."""
    assert tap.subscriptions
    with Site(tmp_path, mosquitto) as site:
        away, key = tmp_path / "away", tmp_path / "private-key"
        site.yicang("hub", "backup-key", "--data", str(site.data), "--out", str(key))
        merge(
            site.data / "hub" / "hub.toml",
            {"backup_dir": str(away), "backup_off_machine": True},
            "a test",
        )
        second = Kiosk(enrol_another(site, "kiosk-2", "stop-2"), "kiosk-2", mosquitto.port)
        site.kiosks.append(second)
        kiosks = [site.kiosk(), second]
        site.start_hub()
        for kiosk in kiosks:
            kiosk.start()
        yield _Drill(site, kiosks, away, key)


def _safe(site: Site) -> int:
    engine = db.open_reader(db.sqlite_url(site.database))
    try:
        with engine.connect() as connection:
            query = "SELECT coalesce(sum(safe), 0) FROM stream"
            return int(connection.exec_driver_sql(query).scalar_one())
    finally:
        engine.dispose()


def test_the_machine_burns_down_and_yesterdays_backup_and_the_kiosks_bring_everything_back(
    drill: _Drill,
) -> None:
    site, (first, second) = drill.site, drill.kiosks
    until("the first backup of a new hub", lambda: list(drill.away.glob("*.age")))
    yesterday = _take_in(first, 2) + _take_in(second, 2)
    for kiosk in drill.kiosks:
        kiosk.wait_acknowledged()
    _not_found(site, yesterday[0])
    made = site.yicang("hub", "backup", "--data", str(site.data))
    file = max(drill.away.glob("*.sqlite3.gz.age"))
    assert str(file) in made
    assert _safe(site) > 0

    today = _take_in(first, 2) + _take_in(second, 2)
    for kiosk in drill.kiosks:
        kiosk.wait_acknowledged()
    _not_found(site, yesterday[3])
    _not_found(site, today[0])
    until("what people did at the hub is off the machine", lambda: _copied(site, drill.away))
    for kiosk in drill.kiosks:
        kiosk.wait_acknowledged()
    before = _state(site)
    assert before.items[yesterday[3]] == before.items[today[0]] == "missing"

    assert site.hub is not None
    workers = children(site.hub.pid)
    assert workers
    site.hub.kill()
    site.hub = None
    until("the last of it is gone", lambda: not any(map(alive, workers)))  # a moment later
    settings = (site.data / "hub" / "hub.toml").read_text()
    secret = (site.data / "hub" / "secret.key").read_text()
    shutil.rmtree(site.data / "hub")
    meanwhile = _take_in(first, 1)

    (site.data / "hub").mkdir()
    (site.data / "hub" / "hub.toml").write_text(settings)
    (site.data / "hub" / "secret.key").write_text(secret)
    restored = site.yicang(
        "hub", "restore", str(file), "--key", str(drill.key), "--data", str(site.data)
    )
    assert "restored" in restored
    site.start_hub()
    for kiosk in drill.kiosks:
        kiosk.wait_acknowledged()
    until("the item of in between", lambda: meanwhile[0] in _state(site).items)
    # A kiosk without backlog learns only from the hub's answer what that one has lost.
    until("all of today's", lambda: set(before.events) <= set(_state(site).events))
    after = _state(site)
    assert {code: after.items[code] for code in before.items} == before.items
    assert set(before.events) <= set(after.events)
    assert len(after.events) == len(set(after.events))
    assert set(after.items) == {*before.items, *meanwhile}
    assert after.incidents == before.incidents

    # The restored hub takes what people do at it, in an epoch of its own.
    _not_found(site, meanwhile[0])
    assert _state(site).items[meanwhile[0]] == "missing"
    assert "fork" not in _state(site).incidents
