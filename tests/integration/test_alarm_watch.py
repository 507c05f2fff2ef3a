"""What the hub gathers for its rules, and the thread that looks for alarms."""

import datetime as dt
import logging
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa
from sqlalchemy import Connection

from hub import db
from hub.alerts import gathering, sending, store
from hub.alerts.watch import AlarmWatch
from hub.config import HubConfig
from hub.serve import ailments
from hub.service import HubService
from tests.support.alarm_scene import firing, health, look, say
from tests.support.certificates import Authority
from tests.support.hub_site import DAY_MS, DirectWriter, HubSite
from tests.support.processes import until

T = TypeVar("T")
KIOSK = "kiosk-east"


@pytest.fixture
def site(tmp_path: Path) -> Iterator[HubSite]:
    found = HubSite(tmp_path)
    found.add_stop("east", "东门", "East", ("锦江区", "Jinjiang"), "4K2P")
    yield found
    found.close()


class CountingWriter:
    """Passes on, and counts how often it was asked."""

    def __init__(self, writer: DirectWriter) -> None:
        self._writer = writer
        self.calls = 0

    def call(self, work: Callable[[Connection], T]) -> T:
        self.calls += 1
        return self._writer.commit(work)


def watching(
    site: HubSite, writer: CountingWriter, broker: Callable[[], bool] = lambda: True
) -> AlarmWatch:
    config = HubConfig(database=site.config.database)
    sender = sending.sender(config, site.reader, writer, lambda: site.now_ms)
    return AlarmWatch(
        config,
        site.reader,
        writer,
        sender,
        lambda: site.now_ms,
        broker=broker,
        well=lambda: True,
        data=None,
        every_s=0.01,
    )


def test_a_hub_on_which_all_is_well_writes_nothing(site: HubSite) -> None:
    writer = CountingWriter(site.writer)
    watch = watching(site, writer)
    watch.look()
    before = writer.calls  # it has let go of what is long over
    for _ in range(50):
        site.now_ms += 5000
        say(site, KIOSK, told=health())
        watch.look()
    assert writer.calls == before


def test_an_alarm_that_changes_nothing_is_not_written_again(site: HubSite) -> None:
    writer = CountingWriter(site.writer)
    watch = watching(site, writer)
    for _ in range(30):
        site.now_ms += 5000
        say(site, KIOSK, told=health(disk_free_mb=100))
        watch.look()
    assert [one.kind for one in firing(site)] == ["disk-low"]
    before = writer.calls
    for _ in range(20):
        site.now_ms += 5000
        say(site, KIOSK, told=health(disk_free_mb=100))
        watch.look()
    assert writer.calls == before


def test_a_look_that_fails_is_told_and_the_next_one_is_taken(
    site: HubSite, caplog: pytest.LogCaptureFixture
) -> None:
    asked = threading.Event()
    failing = [True]

    def broker() -> bool:
        if failing:
            failing.clear()
            raise ZeroDivisionError
        asked.set()
        return True

    watch = watching(site, CountingWriter(site.writer), broker)
    with caplog.at_level(logging.ERROR):
        watch.start()
        try:
            until("it looks again", asked.is_set, deadline_s=10)
        finally:
            watch.stop()
    assert "could not look for alarms" in caplog.text


def test_a_kiosk_that_starts_again_and_again_is_an_alarm(site: HubSite) -> None:
    journal = site.places["east"].journal
    for n in range(2, 7):
        site.now_ms += 5 * 60_000
        journal.epoch = f"{n:016x}"
        journal.seq, journal.started_ms = 0, None
        site.receive(journal, journal.opening(site.now_ms))
    for _ in range(3):
        site.now_ms += 60_000
        say(site, KIOSK, told=health())
        look(site)
    assert [one.kind for one in firing(site)] == ["restarting"]


def test_a_kiosk_that_was_taken_out_of_service_is_no_alarm_any_more(site: HubSite) -> None:
    for online in (True, False):
        say(site, KIOSK, online=online, told=health() if online else None)
        for _ in range(3):
            site.now_ms += 60_000
            look(site)
    assert [one.kind for one in firing(site)] == ["kiosk-silent"]
    retire = sa.update(db.kiosk).values(retired_ms=site.now_ms)
    site.writer.commit(lambda writing: writing.execute(retire))
    for _ in range(7):
        site.now_ms += 60_000
        look(site)
    assert firing(site) == []


def test_certificates_are_read_for_when_they_end(site: HubSite, tmp_path: Path) -> None:
    soon = dt.datetime.fromtimestamp(site.now_ms / 1000, dt.UTC) + dt.timedelta(days=9)
    certificate, _key = Authority(tmp_path / "authority").broker(last=soon)
    pem = certificate.read_text()
    row = {
        "id": "e1",
        "code_hash": "h",
        "stop": "east",
        "account": "a",
        "made_ms": site.now_ms,
        "expires_ms": site.now_ms,
        "kiosk": KIOSK,
        "certificate": pem,
        "confirmed_ms": site.now_ms,
    }
    site.writer.commit(lambda writing: writing.execute(sa.insert(db.enrolment).values(row)))
    with site.reader.connect() as here:
        [facts] = gathering.kiosk_facts(here, site.now_ms, ZoneInfo("Asia/Shanghai"))
        config = HubConfig(
            database="x",
            tls_certificate=str(certificate),
            tls_key="y",
            broker_certificate=str(certificate),
        )
        hub = gathering.hub_facts(
            here, config, site.now_ms, broker_since_ms=0, writer=True, data=tmp_path
        )
    for ends in (
        facts.certificate_ends_ms,
        hub.certificate_ends_ms,
        hub.broker_certificate_ends_ms,
    ):
        assert ends is not None
        assert 8 * DAY_MS < ends - site.now_ms <= 9 * DAY_MS
    assert hub.disk_free_mb is not None
    assert gathering.certificate_end_ms("no certificate") is None


def test_the_count_in_every_pages_head_is_answered_from_an_index(site: HubSite) -> None:
    if site.reader.dialect.name != "sqlite":
        pytest.skip("how SQLite plans it")
    asked: list[tuple[str, Any]] = []

    def hear(_c: Any, _cursor: Any, statement: str, values: Any, *_rest: Any) -> None:
        asked.append((statement, values))

    sa.event.listen(site.reader, "before_cursor_execute", hear)
    with site.reader.connect() as here:
        assert store.firing_count(here) == 0
        [(statement, values)] = [one for one in asked if "alarm" in one[0]]
        plan = here.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values).all()
    assert "alarm_open" in str(plan)


@pytest.mark.sqlite
def test_a_hub_that_cannot_look_for_alarms_says_so_itself(tmp_path: Path) -> None:
    """Nobody is told by an alarm that there are none."""
    config = HubConfig(database=db.sqlite_url(tmp_path / "hub.sqlite3"), mqtt_port=1)
    service = HubService(config, alarms_every_s=0.02)
    service.start()
    try:
        until("it is well but for its broker", lambda: ailments(service) == ["broker"])
        with closing(sqlite3.connect(tmp_path / "hub.sqlite3")) as plain:
            plain.execute("ALTER TABLE alarm RENAME TO gone")
        until("it says so", lambda: "alarms" in ailments(service))
        with closing(sqlite3.connect(tmp_path / "hub.sqlite3")) as plain:
            plain.execute("ALTER TABLE gone RENAME TO alarm")
        until("it looks again", lambda: "alarms" not in ailments(service))
    finally:
        service.stop()
