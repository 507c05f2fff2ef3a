"""The hub's watchdog, fed over a real socket as long as a real writer does its work."""

import sqlite3
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from drivers.service_manager import ServiceManager
from hub import db
from hub.feeding import Feeding
from hub.folds.item import fold_item
from hub.kiosks.reference import Reference
from hub.log.event_log import EventLog
from hub.log.ingest import Ingest
from hub.log.writer import Writer
from hub.projections import wishes
from hub.projections.projector import Projector
from hub.projections.refold import Fold
from hub.watchdog import writes
from tests.support.databases import DATABASES
from tests.support.events import Journal, message_of
from tests.support.notify import NotifySocket
from tests.support.processes import until

STUCK_S = 0.5
"""A writer that follows others goes round twenty times a second when it idles."""
SOON_S = 15.0
"""How long one feed may take on a machine that has much else to do."""


class Hub:
    def __init__(
        self,
        path: Path,
        manager: ServiceManager,
        fold: Fold = fold_item,
    ) -> None:
        self.engine = db.open_writer(db.sqlite_url(path))
        db.migrate(self.engine)
        self.writer = Writer(
            self.engine,
            Ingest(EventLog(), Reference()),
            Projector(fold),
            lambda _send: None,
            lambda: 1_800_000_000_000,
            follows=True,
        )
        self.feeding = Feeding(manager, self._works, interval_s=0.05)
        self.writer.start()
        self.feeding.start()

    def _works(self) -> bool:
        return writes(self.writer.facts, time.monotonic(), stuck_s=STUCK_S, unwell_s=STUCK_S)

    def close(self) -> None:
        self.feeding.stop()
        self.writer.stop()
        self.engine.dispose()


@pytest.fixture
def manager_socket(tmp_path: Path) -> Iterator[NotifySocket]:
    with NotifySocket(tmp_path / "notify") as listening:
        yield listening


@pytest.fixture
def hub(tmp_path: Path, manager_socket: NotifySocket) -> Iterator[Hub]:
    manager = ServiceManager.from_environment(manager_socket.environment)
    made = Hub(tmp_path / "hub.sqlite3", manager)
    yield made
    made.close()


def test_a_hub_that_works_says_that_it_is_ready_and_feeds(
    hub: Hub, manager_socket: NotifySocket
) -> None:
    assert manager_socket.environment == {}  # no library speaks in our name
    until("it is ready", lambda: "READY=1" in manager_socket.listen())
    for _ in range(3):
        assert manager_socket.feeds_within(SOON_S)


def test_a_writer_that_hangs_is_not_fed_for_and_is_again_when_it_goes_on(
    hub: Hub, manager_socket: NotifySocket
) -> None:
    until("it feeds", manager_socket.fed)
    go_on = threading.Event()
    hanging = threading.Thread(target=_call, args=(hub, go_on))
    hanging.start()
    hanging.join()
    until("it feeds no more", lambda: not manager_socket.feeds_within(0.5))
    go_on.set()
    assert manager_socket.feeds_within(SOON_S)


def _call(hub: Hub, go_on: threading.Event) -> None:
    with pytest.raises(TimeoutError):
        hub.writer.call(lambda _connection: go_on.wait(30), timeout_s=STUCK_S)


def test_work_that_was_given_its_time_is_waited_for(hub: Hub, manager_socket: NotifySocket) -> None:
    go_on = threading.Event()
    long = threading.Thread(target=hub.writer.call, args=(lambda _connection: go_on.wait(30), 60.0))
    long.start()
    started = time.monotonic()
    while time.monotonic() < started + 2 * STUCK_S:
        assert manager_socket.feeds_within(SOON_S)
    go_on.set()
    long.join()


@pytest.mark.sqlite  # on PostgreSQL nobody projects without the leadership that a service takes
def test_a_rebuild_that_another_process_asks_for_has_its_time(
    tmp_path: Path, manager_socket: NotifySocket
) -> None:
    slow, go_on, begun = threading.Event(), threading.Event(), threading.Event()

    def fold(*told: Any, **more: Any) -> Any:
        if slow.is_set():
            begun.set()
            go_on.wait(30)
        return fold_item(*told, **more)

    manager = ServiceManager.from_environment(manager_socket.environment)
    hub = Hub(tmp_path / "hub.sqlite3", manager, fold)
    journal = Journal("kiosk-a", "00AA")
    journal.start()
    journal.receive()
    hub.writer.post(message_of(journal.written))
    items = "SELECT count(*) FROM item"
    until("it is shown", lambda: DATABASES.look(tmp_path / "hub.sqlite3", items) == [(1,)])
    slow.set()
    hub.writer.call(lambda connection: wishes.ask(connection, wishes.REBUILD))
    assert begun.wait(10)
    started = time.monotonic()
    while time.monotonic() < started + 2 * STUCK_S:
        assert manager_socket.feeds_within(SOON_S)
    go_on.set()
    hub.close()


def test_a_database_that_takes_nothing_is_not_fed_for(
    hub: Hub, manager_socket: NotifySocket, tmp_path: Path
) -> None:
    until("it feeds", manager_socket.fed)
    journal = Journal("kiosk-a", "00AA")
    journal.start()
    with sqlite3.connect(tmp_path / "hub.sqlite3") as other:
        other.execute("ALTER TABLE event RENAME TO elsewhere")
    hub.writer.post(message_of(journal.written))
    until("it feeds no more", lambda: not manager_socket.feeds_within(0.5))
    assert not manager_socket.feeds_within(1)  # turns with nothing to write prove nothing
    with sqlite3.connect(tmp_path / "hub.sqlite3") as other:
        other.execute("ALTER TABLE elsewhere RENAME TO event")
    hub.writer.post(message_of(journal.written))  # the kiosk sends it again
    assert manager_socket.feeds_within(SOON_S)
