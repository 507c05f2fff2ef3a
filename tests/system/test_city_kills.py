"""A city's hub under load while its processes are killed at random: nothing lost, nothing doubled,
positions without holes, and a standby at work within five seconds."""

import random
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from contract import codes, events
from contract.codes import Kind
from hub import db, postgresql
from hub.city import SharedWriter
from hub.folds.item import fold_item
from hub.log import recording
from hub.log.recording import Actor, Draft
from hub.projections.projector import Projector
from tests.support.broker import Mosquitto
from tests.support.city import City, Crowd, SendingKiosk, at_work
from tests.support.databases import on_postgresql as on_postgresql
from tests.support.processes import Yicang, until

LOAD_S = 60.0
TAKES_OVER_S = 5.0
ITEMS_A_SECOND = 120.0
PREFIXES = ("00AA", "00BB", "00CC", "00DD", "00EE", "00FF")
KIOSKS = ("kiosk-a", "kiosk-b", "kiosk-c", "kiosk-d", "kiosk-e", "kiosk-f")


@pytest.fixture
def city(tmp_path: Path, mosquitto: Mosquitto) -> Iterator[City]:
    with City(tmp_path, mosquitto, KIOSKS[2:]) as made:
        yield made


class Typist:
    """A web worker's thread that records corrections, each with a request of its own, and asks
    again when no answer came."""

    def __init__(self, url: str, number: int) -> None:
        self._engine = postgresql.open_many(url, 1)
        self._number = number
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self.recorded: list[str] = []
        self._thread.start()

    def _run(self) -> None:
        writer = SharedWriter(self._engine)
        made = 0
        while not self._stopping.wait(0.1):
            made += 1
            code = codes.serial_code(Kind.ITEM, f"9ZZ{self._number}", made)
            draft = Draft(events.Corrected(items=(code,), status="missing", why="looked"), "stop-1")
            request = f"00000000-0000-4000-8000-{self._number:04d}{made:08d}"
            done = [
                writer.call(
                    lambda connection, draft=draft, request=request: recording.record(  # type: ignore[misc]
                        connection,
                        [draft],
                        Actor("00000000000000a1"),
                        now_ms=int(time.time() * 1000),
                        request=request,
                    ),
                    timeout_s=0.0,
                )
                for _ in range(2)
            ]
            assert done[0].events == done[1].events
            self.recorded += done[0].events

    def stop(self) -> None:
        self._stopping.set()
        self._thread.join(30)
        assert not self._thread.is_alive()
        self._engine.dispose()


@pytest.mark.proof
@pytest.mark.timeout(400)
def test_workers_and_projectors_killed_at_random_lose_and_double_nothing(city: City) -> None:
    dice = random.Random(20261122)
    kiosks = [
        SendingKiosk(city.broker, name, prefix)
        for name, prefix in zip(KIOSKS, PREFIXES, strict=True)
    ]
    workers = [city.start("ingest") for _ in range(3)]
    projectors = [city.start("project") for _ in range(2)]
    until("one projects", lambda: at_work(projectors))
    typists = [Typist(city.url, number) for number in range(2)]
    takeovers: list[float] = []
    kills = 0
    with Crowd(kiosks, ITEMS_A_SECOND) as crowd:
        end = time.monotonic() + LOAD_S
        while time.monotonic() < end:
            time.sleep(dice.uniform(0.3, 2.0))  # when, is chance: that is the test
            if dice.random() < 0.3:
                takeovers.append(_kill_the_projector(city, projectors, kiosks))
            else:
                slot = dice.randrange(len(workers))
                workers[slot].process.kill()
                workers[slot] = city.start("ingest")
            kills += 1
        crowd.finish(60)
    for typist in typists:
        typist.stop()
    assert kills >= 25
    assert len(takeovers) >= 5
    assert max(takeovers) < TAKES_OVER_S, takeovers
    until(
        "all is projected",
        lambda: city.rows("SELECT count(*) FROM event WHERE position < 0") == [(0,)],
        deadline_s=60,
    )
    _require_each_once(city, kiosks, typists)
    before = _projections(city)
    for process in [*workers, *(one for one in projectors if one.process.poll() is None)]:
        process.signal(signal.SIGTERM)
        assert process.wait() == 0
    engine = db.open_writer(city.url)
    with engine.begin() as connection:
        Projector(fold_item).rebuild(connection, 1_800_000_000_000)
    engine.dispose()
    assert _projections(city) == before


def _kill_the_projector(city: City, projectors: list[Yicang], kiosks: list[SendingKiosk]) -> float:
    """Kill the one that works, start another standby; seconds until kiosks hear a hub again."""
    victim = until("one projects", lambda: at_work(projectors))
    victim.process.kill()
    killed = time.monotonic()
    projectors.remove(victim)
    assert projectors, "a standby was there"
    until("another projects", lambda: at_work(projectors))
    until("the hub is there", lambda: kiosks[0].incarnations[-1][0] > killed)
    projectors.append(city.start("project"))
    return kiosks[0].incarnations[-1][0] - killed


def _require_each_once(city: City, kiosks: list[SendingKiosk], typists: list[Typist]) -> None:
    for kiosk in kiosks:
        held = city.rows(
            f"SELECT seq, hash FROM event WHERE kiosk = '{kiosk.name}' ORDER BY seq, hash"
        )
        assert held == [(event.public.seq, event.hash) for event in kiosk.journal.written]
    hub = city.rows("SELECT epoch, seq, hash FROM event WHERE kiosk = 'hub'")
    names = {
        events.event_id("hub", str(epoch), int(str(seq)), str(digest)) for epoch, seq, digest in hub
    }
    recorded = [name for typist in typists for name in typist.recorded]
    assert len(set(recorded)) == len(recorded) > 50
    assert names >= set(recorded)
    assert (
        city.rows(
            "SELECT epoch FROM event WHERE kiosk = 'hub' GROUP BY epoch"
            " HAVING count(*) <> max(seq) OR count(DISTINCT seq) <> max(seq)"
        )
        == []
    )
    [(rows, lowest, highest, different)] = city.rows(
        "SELECT count(*), min(position), max(position), count(DISTINCT position) FROM event"
    )
    assert (lowest, highest, different) == (1, rows, rows)
    items = sum(kiosk.items for kiosk in kiosks)
    assert city.rows("SELECT sum(n) FROM stock WHERE status = 'in_stock'") == [(items,)]
    kinds = {row[0] for row in city.rows("SELECT kind FROM incident WHERE closed_ms IS NULL")}
    assert kinds <= {"unknown-item"}, kinds  # what was corrected had never come in


def _projections(city: City) -> list[list[tuple[object, ...]]]:
    return [
        city.rows(query)
        for query in (
            "SELECT code, status, stop, category, changed_t, label FROM item ORDER BY code",
            "SELECT stop, category, status, n FROM stock ORDER BY 1, 2, 3",
            "SELECT day, stop, category, status, way, cause, n FROM flow ORDER BY 1, 2, 3, 4, 5, 6",
        )
    ]
