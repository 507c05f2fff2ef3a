"""What a kiosk says of itself becomes an incident that somebody sees, and goes when it is over."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from contract import events
from hub import incidents
from tests.support.events import Journal, message_of
from tests.support.hubdb import HubDb, make_template

SCANNER = "serial-ttyACM0"


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[HubDb]:
    with HubDb(make_template(tmp_path / "hub.sqlite3")) as opened:
        yield opened


@pytest.fixture
def journal() -> Journal:
    made = Journal("kiosk-a", "00AA")
    made.start()
    return made


def device(journal: Journal, *, ok: bool, name: str = SCANNER) -> events.Event:
    return journal.add(events.DeviceChanged(device=name, kind="scanner", ok=ok))


def opened(hub: HubDb) -> list[tuple[str, str]]:
    """(kind, subject) of what is open."""
    return [(row[1], row[2]) for row in hub.open_incidents()]


def acknowledge(hub: HubDb, kind: str) -> None:
    [row] = hub.open_incidents(kind)
    hub.change(lambda writing: incidents.acknowledge(writing, row[0], "operator", hub.now_ms))


def test_a_dead_scanner_is_an_incident_until_it_works_again(hub: HubDb, journal: Journal) -> None:
    device(journal, ok=False)
    hub.take(message_of(journal.written))
    assert opened(hub) == [("device-down", f"kiosk-a:device:{SCANNER}")]
    device(journal, ok=True, name="another")
    hub.take(message_of(journal.written[-1:]))
    assert len(opened(hub)) == 1
    device(journal, ok=True)
    hub.take(message_of(journal.written[-1:]))
    assert opened(hub) == []


def test_a_scanner_that_died_again_is_a_new_incident_that_nobody_has_seen(
    hub: HubDb, journal: Journal
) -> None:
    device(journal, ok=False)
    hub.take(message_of(journal.written))
    acknowledge(hub, "device-down")
    assert len(opened(hub)) == 1  # it still does not work
    device(journal, ok=True)
    device(journal, ok=False)
    hub.take(message_of(journal.written[-2:]))
    assert hub.rows(
        "SELECT acknowledged_ms FROM incident WHERE kind = 'device-down' AND closed_ms IS NULL"
    ) == [(None,)]


def test_news_that_arrive_in_the_wrong_order_are_taken_in_the_kiosks_order(
    hub: HubDb, journal: Journal
) -> None:
    down, up = device(journal, ok=False), device(journal, ok=True)
    hub.take(message_of([up]))
    hub.take(message_of([down]))
    assert opened(hub) == []


def test_a_start_after_which_a_kiosk_does_not_complain_ends_the_outage(
    hub: HubDb, journal: Journal
) -> None:
    first = journal.written[-1]
    down = device(journal, ok=False)
    hub.take(message_of([first, down]))
    assert len(opened(hub)) == 1
    hub.take(message_of([journal.start(reboot=True)]))
    assert opened(hub) == []
    hub.take(message_of([device(journal, ok=False)]))
    assert len(opened(hub)) == 1


@pytest.mark.parametrize(
    "word",
    [
        "hash-disputed",
        "no-prefix-left",
        "receipt-expired",
        "layout-failed",
        "state-lost",
        "job-lost",
        "a-word-of-a-later-release",
    ],
)
def test_what_a_kiosk_noticed_is_open_until_somebody_has_seen_it(
    hub: HubDb, journal: Journal, word: str
) -> None:
    journal.add(events.Noticed(kind=word, epoch="0" * 16, seq=4))
    journal.add(events.Noticed(kind=word, epoch="0" * 16, seq=4))
    journal.add(events.Noticed(kind=word, epoch="0" * 16, seq=5))
    hub.take(message_of(journal.written))
    keys = [row[0] for row in hub.open_incidents()]
    assert keys == [f"kiosk-noticed:kiosk-a:{word}:{'0' * 16}:{seq}" for seq in (4, 5)]
    hub.change(lambda writing: incidents.acknowledge(writing, keys[0], "operator", hub.now_ms))
    hub.rebuild()
    assert [row[0] for row in hub.open_incidents()] == keys[1:]


@pytest.mark.parametrize("word", ["pending-dropped", "plan-dropped", "update-check"])
def test_what_the_person_at_the_kiosk_was_told_is_no_incident(
    hub: HubDb, journal: Journal, word: str
) -> None:
    journal.add(events.Noticed(kind=word))
    hub.take(message_of(journal.written))
    assert opened(hub) == []


def test_a_call_for_help_goes_when_it_was_seen_and_the_next_one_opens_it_again(
    hub: HubDb, journal: Journal
) -> None:
    journal.add(events.HelpWanted())
    journal.add(events.HelpWanted())
    hub.take(message_of(journal.written))
    assert opened(hub) == [("help-wanted", "kiosk-a:help:lane-1")]
    acknowledge(hub, "help-wanted")
    hub.rebuild()
    assert opened(hub) == []
    hub.take(message_of([journal.add(events.HelpWanted())]))
    assert opened(hub) == [("help-wanted", "kiosk-a:help:lane-1")]
