"""A rebuild gives what was there, and happens by itself when the folds have changed."""

from pathlib import Path
from random import Random

import pytest

from hub import service
from tests.support.databases import DATABASES
from tests.support.events import Story, message_of, runs
from tests.support.hubdb import HubDb, make_template


@pytest.fixture(scope="module")
def long_day(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database after a long, confused day: clones, late clocks, voids, boxes in boxes."""
    path = make_template(tmp_path_factory.mktemp("busy") / "hub.sqlite3")
    chance = Random(11)
    story = Story()
    for _ in range(900):
        story.act(*(chance.randrange(64) for _ in range(4)))
    pieces = [message_of(run) for run in runs(story.written, 20)]
    chance.shuffle(pieces)
    with HubDb(path) as hub:
        for start in range(0, len(pieces), 6):
            hub.take(*pieces[start : start + 6])
            match chance.randrange(12):
                case 0:
                    hub.lose_memory()
                case 1:
                    hub.restart()
    return path


@pytest.fixture
def busy(long_day: Path, tmp_path: Path) -> Path:
    """A copy of it."""
    path = tmp_path / "hub.sqlite3"
    DATABASES.copy(long_day, path)
    return path


def test_a_rebuild_equals_the_incremental_state(busy: Path) -> None:
    with HubDb(busy) as hub:
        before = hub.state()
        closed = hub.closed_incidents()
        assert len(before["item"]) > 50
        assert len(before["incident"]) > 5
        assert len(closed) > 5
        positions = hub.rows("SELECT code, position FROM item ORDER BY code")
        hub.rebuild()
        assert hub.state() == before
        assert hub.closed_incidents() == closed
        assert hub.rows("SELECT code, position FROM item ORDER BY code") == positions


def test_a_rebuild_repairs_projections_that_somebody_damaged(busy: Path) -> None:
    with HubDb(busy) as hub:
        before = hub.state()
        hub.change(lambda connection: connection.exec_driver_sql("DELETE FROM stock"))
        hub.change(lambda connection: connection.exec_driver_sql("UPDATE item SET place = NULL"))
        hub.change(
            lambda connection: connection.exec_driver_sql(
                "DELETE FROM incident WHERE origin = 'fold'"
            )
        )
        hub.rebuild()
        assert hub.state() == before


def test_what_a_power_cut_took_from_the_projections_is_caught_up(busy: Path) -> None:
    with HubDb(busy) as hub:
        story = Story()
        for journal in story.journals:
            journal.name += " later"
            journal.start()
            journal.receive()
        for run in runs(story.written):
            hub.take(message_of(run), project=False)
    with HubDb(busy) as again:
        again.project()
        before = again.state()
        again.rebuild()
        assert again.state() == before


def test_a_stopped_hubs_database_is_rebuilt_by_the_command(busy: Path) -> None:
    with HubDb(busy) as hub:
        before = hub.state()
        hub.change(lambda connection: connection.exec_driver_sql("DELETE FROM item"))
    service.rebuild_database(DATABASES.at(busy), 1_800_000_000_000)
    with HubDb(busy) as hub:
        assert hub.state() == before
