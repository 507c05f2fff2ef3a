"""The broker's files while a kiosk is held off, and when it may come again."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

import pytest
from sqlalchemy import Connection

from hub import db
from hub.kiosks import broker_accounts
from hub.kiosks.broker_keeper import FORGIVEN_S, HOLD_S, KICKS_S, MAX_HOLD_S, BrokerKeeper
from provisioning import mosquitto
from provisioning.mosquitto import ACCOUNTS, ACL, RELOAD
from tests.support.databases import DATABASES
from tests.support.hubdb import HubDb, make_template
from tests.support.processes import until

T = TypeVar("T")

NOISY = "kiosk-a"
QUIET = "kiosk-b"
NOW_MS = 1_800_000_000_000


class Kept:
    """A keeper, its files, its clock, and the sessions that it ended."""

    def __init__(self, hub: HubDb, directory: Path) -> None:
        self.now = 0.0
        self.ended: list[tuple[str, bool, bool]] = []
        self.renewed = 0
        self.directory = directory
        self.hub = hub
        directory.mkdir()
        self.keeper = self._new()

    def _new(self) -> BrokerKeeper:
        return BrokerKeeper(
            db.open_reader(DATABASES.at(self.hub.path)),
            self.change,
            self._kick,
            lambda: NOW_MS,
            self._renew,
            directory=self.directory,
            mono=lambda: self.now,
        )

    def start_anew(self) -> None:
        """The hub's process is another one."""
        self.keeper.stop()
        self.ended.clear()
        self.keeper = self._new()
        self.keeper.start()

    def change(self, change: Callable[[Connection], T], /) -> T:
        with self.hub.engine.begin() as connection:
            return change(connection)

    def _kick(self, kiosk: str, /, *, say: bool, for_good: bool) -> None:
        self.ended.append((kiosk, say, for_good))

    def _renew(self) -> None:
        self.renewed += 1

    def let_in(self) -> list[str]:
        """Whose accounts the broker would find."""
        file = self.directory / ACCOUNTS
        lines = file.read_text().splitlines() if file.exists() else []
        return [line.split(":")[0] for line in lines]

    def read(self) -> None:
        """As the broker's unit does."""
        until("the files are to be read", (self.directory / RELOAD).exists)
        (self.directory / RELOAD).unlink()


@pytest.fixture
def kept(tmp_path: Path) -> Iterator[Kept]:
    with HubDb(make_template(tmp_path / "hub.sqlite3")) as hub:
        made = Kept(hub, tmp_path / "broker")

        def open_accounts(connection: Connection) -> None:
            for kiosk in (NOISY, QUIET):
                secret = mosquitto.verifier(kiosk, b"s" * mosquitto.SALT_BYTES)
                broker_accounts.allow(connection, kiosk, secret, 1)

        made.change(open_accounts)
        made.keeper.start()
        until("both are let in", lambda: made.let_in() == [NOISY, QUIET])
        made.read()
        yield made
        made.keeper.stop()


def test_who_is_held_off_comes_again_after_a_minute_and_the_next_time_after_two(
    kept: Kept,
) -> None:
    for times in (1, 2):
        kept.keeper.hold(NOISY)
        until("it is out", lambda: kept.let_in() == [QUIET])
        assert f"user {NOISY}\ntopic deny #" in (kept.directory / ACL).read_text()
        kept.read()
        kept.now += HOLD_S * times - 1
        kept.keeper.hold(NOISY)  # while it is out that changes nothing
        until("its session was ended", lambda times=times: kept.renewed == times)  # type: ignore[misc]
        assert kept.let_in() == [QUIET]
        kept.now += 2
        until("it is back", lambda: kept.let_in() == [NOISY, QUIET])
        kept.read()
    assert {kiosk for kiosk, _, _ in kept.ended} == {NOISY}
    assert not any(for_good for _, _, for_good in kept.ended)
    assert MAX_HOLD_S > HOLD_S


def test_after_a_day_of_peace_the_next_time_is_the_first_one_again(kept: Kept) -> None:
    for _ in range(2):
        kept.keeper.hold(NOISY)
        until("it is out", lambda: kept.let_in() == [QUIET])
        kept.now += FORGIVEN_S + 2 * HOLD_S
        until("it is back", lambda: kept.let_in() == [NOISY, QUIET])
    kept.keeper.hold(NOISY)
    until("it is out", lambda: kept.let_in() == [QUIET])
    kept.now += HOLD_S + 1
    until("it is back after a minute", lambda: kept.let_in() == [NOISY, QUIET])


def test_a_kiosk_that_the_restored_backup_does_not_know_is_not_locked_out(kept: Kept) -> None:
    file, newest = kept.directory / ACCOUNTS, "kiosk-c"
    secret = mosquitto.verifier(newest, b"s" * mosquitto.SALT_BYTES)
    file.write_text(f"{file.read_text()}{newest}:{secret}\n", encoding="utf-8")
    later = mosquitto.verifier(QUIET, b"t" * mosquitto.SALT_BYTES)
    kept.change(lambda connection: broker_accounts.allow(connection, QUIET, later, 2))
    until("its new password is in the file", lambda: later in file.read_text())
    assert kept.let_in() == [NOISY, QUIET, newest]
    query = "SELECT kiosk, verifier, allowed FROM broker_account WHERE kiosk = 'kiosk-c'"
    until(
        "the database knows it",
        lambda: (
            [tuple(row) for row in DATABASES.look(kept.hub.path, query)] == [(newest, secret, True)]
        ),
    )
    kept.change(lambda connection: broker_accounts.forbid(connection, newest, 3))
    until("it can be forbidden as any other", lambda: kept.let_in() == [NOISY, QUIET])


def test_who_was_revoked_is_out_though_the_hub_died_before_it_had_told_the_broker(
    kept: Kept,
) -> None:
    kept.change(lambda connection: broker_accounts.forbid(connection, NOISY, NOW_MS))
    until("it is out of the files", lambda: kept.let_in() == [QUIET])
    kept.read()
    kept.start_anew()
    kept.read()  # the broker is told again, since nobody knows that it was
    until("its session is ended", lambda: (NOISY, True, True) in kept.ended)
    assert {kiosk for kiosk, _, _ in kept.ended} == {NOISY}


def test_who_was_revoked_is_out_though_the_disk_refused_in_between(kept: Kept) -> None:
    (kept.directory / RELOAD).symlink_to(kept.directory / "none" / "mark")  # it cannot be made
    kept.change(lambda connection: broker_accounts.forbid(connection, NOISY, NOW_MS))
    until("it is out of the files", lambda: kept.let_in() == [QUIET])
    (kept.directory / RELOAD).unlink()
    kept.read()
    until("its session is ended", lambda: (NOISY, True, True) in kept.ended)


def test_a_hub_that_starts_ends_no_session_of_who_was_revoked_long_ago(kept: Kept) -> None:
    long_ago = NOW_MS - 2 * 24 * 3_600_000
    kept.change(lambda connection: broker_accounts.forbid(connection, NOISY, long_ago))
    until("it is out of the files", lambda: kept.let_in() == [QUIET])
    kept.read()
    kept.start_anew()
    kept.read()
    kept.keeper.hold(QUIET)
    until("another's session is ended", lambda: kept.ended != [])
    assert {kiosk for kiosk, _, _ in kept.ended} == {QUIET}


def _acl(kept: Kept) -> str:
    return (kept.directory / ACL).read_text()


def test_files_that_somebody_has_spoilt_are_made_anew(kept: Kept) -> None:
    (kept.directory / ACL).write_bytes(b"\xff\xfe nonsense")
    kept.keeper.hold(NOISY)
    until("it is out", lambda: kept.let_in() == [QUIET])


def test_nothing_begins_anew_before_the_broker_has_read_who_is_out(kept: Kept) -> None:
    kept.keeper.hold(NOISY)
    until("it is out", lambda: kept.let_in() == [QUIET])
    for number, at in enumerate(KICKS_S[:5], start=1):
        kept.now = at
        until("its session is ended again", lambda number=number: len(kept.ended) >= number)  # type: ignore[misc]
        assert kept.renewed == 0
    kept.read()
    kept.now = KICKS_S[6]
    until("all begins anew", lambda: kept.renewed == 1)


def test_an_incident_counts_how_often_a_kiosk_was_held_off(kept: Kept) -> None:
    query = "SELECT kiosk, count FROM incident WHERE kind = 'sends-too-much'"
    kept.keeper.hold(NOISY)
    until("the incident", lambda: DATABASES.look(kept.hub.path, query) == [(NOISY, 1)])
    kept.now += HOLD_S + 1
    until("it is back", lambda: kept.let_in() == [NOISY, QUIET])
    kept.keeper.hold(NOISY)
    until("once more", lambda: DATABASES.look(kept.hub.path, query) == [(NOISY, 2)])
