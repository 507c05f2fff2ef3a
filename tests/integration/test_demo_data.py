"""`yicang hub demo-data` fills a hub through the contract; every page has something to show."""

import sqlite3
from collections import Counter
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from hub.commands import hub
from hub.control import writer_lock
from provisioning.local import provision

SMALL = ("--stops", "8", "--events", "6000", "--until", "2026-10-31")


def run(data: Path, *words: str) -> Result:
    return CliRunner().invoke(hub, ["demo-data", "--data", str(data), *words])


def rows(data: Path, query: str) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(data / "hub" / "hub.sqlite3")) as database:
        return database.execute(query).fetchall()


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A hub with a small city's year; look, do not change it."""
    data = tmp_path_factory.mktemp("demo")
    provision(data)
    done = run(data, *SMALL)
    assert done.exit_code == 0, done.output
    return data


def test_the_hub_holds_the_events_and_says_how_many(filled: Path) -> None:
    ((count,),) = rows(filled, "SELECT count(*) FROM event WHERE kiosk <> 'hub'")
    assert 5_800 < count < 6_200


def test_nothing_waits_to_be_projected(filled: Path) -> None:
    ((newest,),) = rows(filled, "SELECT max(position) FROM event")
    assert rows(filled, "SELECT value FROM meta WHERE key = 'projected'") == [(str(newest),)]
    current = "SELECT count(*) FROM meta WHERE key = 'projection'"
    assert rows(filled, current) == [(1,)], "the first start would fold everything anew"


def test_things_are_in_every_state(filled: Path) -> None:
    states = {row[0] for row in rows(filled, "SELECT DISTINCT status FROM item")}
    assert states >= {
        "in_stock", "unlabelled", "quarantined", "out", "delivered", "sent", "sold", "missing",
        "disposed", "voided", "unknown",
    }  # fmt: skip


def test_every_kind_of_trouble_happened(filled: Path) -> None:
    kinds = Counter(row[0] for row in rows(filled, "SELECT kind FROM incident"))
    assert set(kinds) >= {
        "device-down", "double-handover", "fork", "help-wanted", "hole", "kiosk-noticed",
        "left-quarantine", "quarantined", "unknown-item", "unreadable",
    }  # fmt: skip
    assert "unknown-kiosk" not in kinds
    assert "chain-break" not in kinds


def test_a_kiosk_without_a_network_told_of_weeks_at_once(filled: Path) -> None:
    late = rows(
        filled,
        "SELECT max(e.received_ms - (s.placed + e.mono)) FROM event e"
        " JOIN stream s ON s.kiosk = e.kiosk AND s.epoch = e.epoch WHERE s.known",
    )
    assert late[0][0] > 14 * 86_400_000


def test_some_things_have_a_time_that_nobody_is_sure_of(filled: Path) -> None:
    assert rows(filled, "SELECT count(*) FROM item WHERE NOT known_time")[0][0] > 0


def test_the_catalogue_is_filled_and_some_codes_wait_for_a_name(filled: Path) -> None:
    for table in ("product", "place", "plan", "capability", "campaign"):
        assert rows(filled, f"SELECT count(*) FROM {table}")[0][0] > 0, table
    waiting = "SELECT count(*) FROM item WHERE gtin NOT IN (SELECT gtin FROM product)"
    assert rows(filled, waiting)[0][0] > 0


def test_people_decided_things_at_the_hub(filled: Path) -> None:
    decided = {row[0] for row in rows(filled, "SELECT DISTINCT type FROM event WHERE kiosk='hub'")}
    assert decided >= {"reserved", "priced", "count.planned", "count.approved", "recall.opened"}
    assert decided >= {"kit.built", "month.closed", "find.identified"}


def test_the_office_did_its_work(filled: Path) -> None:
    assert rows(filled, "SELECT count(*), min(month) FROM statement") == [(11, "2025-11")]
    assert rows(filled, "SELECT count(*) FROM donation WHERE received_ms IS NOT NULL") == [(1,)]
    for table in ("kit", "kit_line", "label_run", "place_stop", "recall", "sale"):
        assert rows(filled, f"SELECT count(*) FROM {table}")[0][0] > 0, table


def test_folding_all_of_it_anew_gives_the_same(filled: Path) -> None:
    queries = (
        "SELECT stop, category, status, n FROM stock ORDER BY 1, 2, 3",
        "SELECT code, stop, status, place, plan, box FROM item ORDER BY 1",
        "SELECT day, stop, category, status, way, cause, n FROM flow ORDER BY 1, 2, 3, 4, 5, 6",
        "SELECT key FROM incident WHERE closed_ms IS NULL ORDER BY 1",
    )
    before = [rows(filled, query) for query in queries]
    rebuilt = CliRunner().invoke(hub, ["rebuild", "--data", str(filled)])
    assert rebuilt.exit_code == 0, rebuilt.output
    assert [rows(filled, query) for query in queries] == before


def test_a_hub_with_events_is_left_alone(filled: Path) -> None:
    refused = run(filled, *SMALL)
    assert refused.exit_code == 2
    assert "--into-existing" in refused.output
    assert "事件" in refused.output
    again = run(filled, *SMALL, "--into-existing")
    assert again.exit_code == 2
    assert "holds the demonstration already" in again.output


def test_a_hub_that_runs_must_be_stopped_first(filled: Path) -> None:
    with writer_lock(filled / "hub"):
        refused = run(filled, *SMALL)
    assert refused.exit_code == 2
    assert "请先停止中心" in refused.output


def test_without_a_hub_it_says_what_to_run(tmp_path: Path) -> None:
    refused = run(tmp_path)
    assert refused.exit_code == 2
    assert "yicang up" in refused.output
