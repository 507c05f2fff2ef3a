"""Backups: they show nothing without the key, count only when they open, and bring all back."""

import gzip
import io
import itertools
import os
import queue
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import TypeVar
from uuid import UUID

import pyrage
import pytest
import sqlalchemy as sa
from click.testing import CliRunner
from sqlalchemy import Connection
from sqlalchemy.exc import OperationalError

from contract import events
from hub import db
from hub.backup import (
    BackupError,
    Progress,
    disk,
    hub_events,
    keys,
    restoring,
    sealing,
    state,
    verify,
)
from hub.backup.commands import verify_command
from hub.backup.keeper import Keeper
from hub.backup.taking import of_sqlite
from hub.log import recording
from hub.log.recording import Draft
from tests.support.backups import KEEPER, BackedUp, meta
from tests.support.databases import DATABASES, SQLITE
from tests.support.events import Journal, message_of, runs
from tests.support.hubdb import HubDb, make_template
from tests.support.processes import until

T = TypeVar("T")

LATE_S = 3600
HOUR_MS = 3_600_000


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[HubDb]:
    (tmp_path / "hub").mkdir()
    with HubDb(make_template(tmp_path / "hub" / "hub.sqlite3")) as hub:
        yield hub


@pytest.fixture
def backed(hub: HubDb, tmp_path: Path) -> Iterator[BackedUp]:
    made = BackedUp(hub, tmp_path / "away", backup_late_s=LATE_S)
    yield made
    made.close()


@pytest.fixture
def journal(hub: HubDb) -> Journal:
    """Three items came in at a kiosk."""
    journal = Journal("kiosk-a", "00AA")
    journal.start()
    journal.learn_time()
    for _ in range(3):
        journal.receive()
    send(hub, journal)
    return journal


def send(hub: HubDb, journal: Journal) -> None:
    for run in runs(journal.written):
        hub.take(message_of(run))


def items(hub: HubDb) -> list[str]:
    return [row[0] for row in hub.rows("SELECT code FROM item ORDER BY code")]


def lose(hub: HubDb, item: str) -> Draft:
    """Somebody looked for it and did not find it."""
    return Draft(events.Corrected(items=(item,), status="missing", why="looked"), "stop-1")


def restore(backed: BackedUp, file: str) -> restoring.Restored:
    """The hub stops, its database is replaced, and it starts again."""
    backed.close()
    hub = backed.hub
    hub.engine.dispose()
    identities = [backed.key]
    copies = restoring.read_copies(backed.away / "hub-events", identities)
    if DATABASES.kind == SQLITE:
        done = restoring.restore_sqlite(Path(file), hub.path, copies, identities, hub.now_ms)
    else:
        done = restoring.restore_postgresql(
            Path(file), backed.config.database, copies, identities, hub.now_ms
        )
    hub.restart()
    backed.reader = db.open_reader(backed.config.database)
    backed.restart()
    hub.project()
    return done


# --- what is written ---------------------------------------------------------------------------


@pytest.mark.usefixtures("journal")
def test_a_backup_shows_nothing_to_who_has_no_key(backed: BackedUp) -> None:
    made = backed.back_up()
    assert Path(made.file).read_bytes().startswith(b"age-encryption.org/v1\n")
    everything = b"".join(path.read_bytes() for path in backed.away.rglob("*") if path.is_file())
    assert b"kiosk-a" not in everything
    assert b"SQLite" not in everything
    with pytest.raises(BackupError, match="this key does not open it"):
        sealing.unseal(Path(made.file), [keys.new()], io.BytesIO())


@pytest.mark.sqlite
@pytest.mark.usefixtures("journal")
def test_any_age_and_gunzip_open_a_backup_without_our_code(
    backed: BackedUp, tmp_path: Path
) -> None:
    made = backed.back_up()
    plain = gzip.decompress(pyrage.decrypt(Path(made.file).read_bytes(), [backed.key]))
    (tmp_path / "plain.sqlite3").write_bytes(plain)
    held, _ = verify.verify_file(tmp_path / "plain.sqlite3")
    assert held == made.held
    assert held.events == 8


@pytest.mark.usefixtures("journal")
def test_without_a_key_nothing_is_written_and_the_message_says_what_to_do(
    hub: HubDb, tmp_path: Path
) -> None:
    backed = BackedUp(hub, tmp_path / "away", backup_key="")
    with pytest.raises(BackupError, match="yicang hub backup-key"):
        backed.back_up()
    assert not backed.away.exists()
    backed.close()


@pytest.mark.usefixtures("journal")
def test_a_backup_is_its_owners_alone_and_leaves_no_plain_copy(
    hub: HubDb, backed: BackedUp
) -> None:
    before = os.umask(0)
    try:
        made = backed.back_up()
    finally:
        os.umask(before)
    assert (backed.away.stat().st_mode & 0o777, Path(made.file).stat().st_mode & 0o777) == (
        0o700,
        0o600,
    )
    left = {path.name for path in hub.path.parent.iterdir()}
    assert not [name for name in left if "snapshot" in name or "partial" in name]
    assert [path.name for path in backed.away.iterdir()] == [Path(made.file).name]


@pytest.mark.usefixtures("journal")
def test_people_see_how_far_a_backup_is(backed: BackedUp) -> None:
    seen: list[Progress] = []
    made = backed.back_up(seen.append)
    steps = list(dict.fromkeys(one.step for one in seen))
    assert steps[-3:] == ["check", "seal", "reread"]
    assert all(0 <= one.done <= one.total for one in seen)
    assert made.size == Path(made.file).stat().st_size


def test_a_backup_that_does_not_fit_is_refused_before_anything_is_written(
    hub: HubDb, backed: BackedUp
) -> None:
    backed.away.mkdir()
    free = os.statvfs(backed.away)
    with pytest.raises(BackupError, match=r"not enough room: about .* MiB are needed"):
        disk.require_room(backed.away, free.f_bavail * free.f_frsize)
    assert hub.rows("SELECT value FROM meta WHERE key = 'backup'") == []


def test_a_disk_that_gives_back_other_bytes_makes_no_backup(tmp_path: Path) -> None:
    key = keys.new()
    target = tmp_path / "file.gz.age"
    made = sealing.seal(io.BytesIO(b"every item" * 10_000), target, key.to_public())
    sealed = bytearray(target.read_bytes())
    sealed[len(sealed) // 2] ^= 1
    target.write_bytes(sealed)
    with pytest.raises(BackupError, match="damaged"):
        sealing.unseal(target, [key], io.BytesIO())
    target.write_bytes(sealed[: made.sealed_bytes // 2])
    with pytest.raises(BackupError, match="damaged"):
        sealing.unseal(target, [key], io.BytesIO())


def test_a_full_disk_is_named() -> None:
    everything = io.BytesIO(os.urandom(1_000_000))
    with (
        Path("/dev/full").open("wb", buffering=0) as full,
        pytest.raises(BackupError, match="No space left"),
    ):
        sealing.write(everything, full, [keys.new().to_public()])


# --- what counts -------------------------------------------------------------------------------


def safe(hub: HubDb) -> list[tuple[int, int]]:
    return [
        (row[0], row[1])
        for row in hub.rows("SELECT through, safe FROM stream WHERE kiosk = 'kiosk-a'")
    ]


def test_only_what_outlives_the_machine_is_safe(
    hub: HubDb, backed: BackedUp, journal: Journal, tmp_path: Path
) -> None:
    hub.now_ms += 1000
    here = backed.keeper.back_up(tmp_path / "same disk")
    assert not here.apart
    assert safe(hub) == [(8, 0)]
    assert backed.back_up().apart
    assert safe(hub) == [(8, 8)]
    journal.receive()
    send(hub, journal)
    assert safe(hub) == [(10, 8)]
    for below in (hub.path.parent, hub.path.parent / "below"):
        with pytest.raises(BackupError, match="another directory"):
            backed.keeper.back_up(below, off_machine=True)


NO_HASH = "0" * 63 + "1"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"hash": NO_HASH}, "does not match its hash|chain is broken"),
        ({"raw": (b'"H1"', b'"F2"')}, "does not match its hash"),
        ({"prev": NO_HASH}, "chain is broken"),
        (None, r"lacks 5\.\.5"),
    ],
    ids=["hash", "one letter of the line", "predecessor", "gone"],
)
def test_an_event_that_is_not_what_it_was_when_it_was_verified_makes_no_backup(
    hub: HubDb,
    backed: BackedUp,
    journal: Journal,
    change: dict[str, str | tuple[bytes, bytes]] | None,
    said: str,
) -> None:
    first = backed.back_up()
    [received] = [event for event in journal.written if event.public.seq == 5]
    values = {
        name: received.raw.replace(*value) if isinstance(value, tuple) else value
        for name, value in (change or {}).items()
    }
    assert values.get("raw") != received.raw
    where = db.event.c.hash == received.hash
    statement = (
        sa.update(db.event).where(where).values(**values)
        if values
        else sa.delete(db.event).where(where)
    )
    hub.change(lambda connection: connection.execute(statement))
    with pytest.raises(BackupError, match=said):
        backed.back_up()
    assert [path.name for path in backed.away.glob("*.age")] == [Path(first.file).name]


def test_lines_that_were_parsed_once_are_read_but_not_parsed_again(
    hub: HubDb, journal: Journal
) -> None:
    with hub.engine.connect() as connection:
        _, ledger = verify.verify(connection)
    journal.receive()
    send(hub, journal)
    with hub.engine.connect() as connection:
        _, after = verify.verify(connection, ledger)
    assert set(ledger.blocks) == set(after.blocks) == {0}
    assert ledger.blocks != after.blocks


@pytest.mark.usefixtures("journal")
def test_old_backups_go_and_the_newest_stay(hub: HubDb, tmp_path: Path) -> None:
    backed = BackedUp(
        hub,
        tmp_path / "away",
        backup_keep_last=2,
        backup_keep_daily=0,
        backup_keep_weekly=0,
        backup_keep_monthly=0,
    )
    (tmp_path / "away").mkdir()
    (tmp_path / "away" / "yicang-notes.age").write_text("not ours")
    made = [Path(backed.back_up().file).name for _ in range(4)]
    assert sorted(path.name for path in backed.away.iterdir()) == [*made[2:], "yicang-notes.age"]
    backed.close()


# --- the hub's own events ----------------------------------------------------------------------


def test_what_people_do_at_the_hub_is_off_the_machine_with_the_next_copy(
    hub: HubDb, backed: BackedUp, journal: Journal
) -> None:
    backed.copy_hub_events()
    assert backed.copies() == []
    item = items(hub)[0]
    [event] = backed.record(lose(hub, item))
    with hub.engine.connect() as connection:
        assert state.standing(connection).behind == 3  # its epoch's opening, the clock, the event
    backed.copy_hub_events()
    [name] = backed.copies()
    found = hub_events.read(backed.away / "hub-events" / name, [backed.key])
    ids = [events.decode(line).id for batch in found for line in batch.lines]
    assert ids[-1] == event
    with hub.engine.connect() as connection:
        assert state.standing(connection).behind == 0
    backed.copy_hub_events()
    assert backed.copies() == [name]


def test_small_copies_become_a_large_one_and_nothing_is_missing_meanwhile(
    hub: HubDb, backed: BackedUp, journal: Journal
) -> None:
    item = items(hub)[0]
    for _ in range(hub_events.MANY + 3):
        backed.record(lose(hub, item))
        backed.copy_hub_events()
    present = hub_events.segments(backed.away / "hub-events")
    assert len(present) < hub_events.MANY
    [(epoch, through)] = hub.rows("SELECT epoch, through FROM stream WHERE kiosk = 'hub'")
    assert hub_events.copied(present) == {epoch: through}


def test_an_empty_disk_in_the_old_ones_place_gets_every_event_anew(
    hub: HubDb, backed: BackedUp, journal: Journal
) -> None:
    backed.record(lose(hub, items(hub)[0]))
    backed.copy_hub_events()
    for path in (backed.away / "hub-events").iterdir():
        path.unlink()
    hub.now_ms += 61_000
    backed.copy_hub_events()
    assert len(backed.copies()) == 1


def test_a_copy_that_cannot_be_written_is_told_and_made_good(
    hub: HubDb, backed: BackedUp, journal: Journal
) -> None:
    backed.away.write_text("a file where the disk should be")
    backed.record(lose(hub, items(hub)[0]))
    backed.copy_hub_events()
    assert "Not a directory" in (meta(hub, "hub_copy") or "")
    hub.now_ms += state.COPY_LATE_MS + 1
    backed.copy_hub_events()
    assert [row[1] for row in hub.open_incidents(state.COPY_LATE)] == [state.COPY_LATE]
    backed.away.unlink()
    hub.now_ms += 61_000
    backed.copy_hub_events()
    hub.now_ms += 61_000
    backed.copy_hub_events()
    assert hub.open_incidents(state.COPY_LATE) == []
    assert len(backed.copies()) == 1


def test_a_backup_that_is_overdue_becomes_an_incident_until_the_next_one(
    hub: HubDb, backed: BackedUp, journal: Journal
) -> None:
    backed.copy_hub_events()
    assert hub.open_incidents(state.BACKUP_LATE) == []
    hub.now_ms += LATE_S * 1000 + 1
    backed.copy_hub_events()
    assert [row[1] for row in hub.open_incidents()] == [state.BACKUP_LATE]
    backed.back_up()
    assert hub.open_incidents() == []


# --- coming back -------------------------------------------------------------------------------


def test_a_restored_hub_has_what_people_did_at_it_after_the_backup_and_nothing_twice(
    hub: HubDb, backed: BackedUp, journal: Journal
) -> None:
    first, second, third = items(hub)
    request = str(UUID(int=7))
    backed.record(lose(hub, first))
    made = backed.back_up()
    backed.record(lose(hub, second), request=request)
    backed.restart()  # another epoch of the hub
    backed.record(lose(hub, third))
    journal.receive()
    send(hub, journal)
    backed.copy_hub_events()
    before = hub.state()

    done = restore(backed, made.file)
    assert done.unreadable == ()
    assert done.replayed == 4
    assert hub.rows("SELECT subject FROM audit WHERE what = 'backup.restored'") == [
        (Path(made.file).name,)
    ]
    assert hub.item(second)["status"] == hub.item(third)["status"] == "missing"
    send(hub, journal)  # the kiosk says hello and fills in
    assert hub.state() == before

    # The old epochs are closed: what happens now opens one that names the newest event it has.
    heads = dict(hub.rows("SELECT epoch, hash FROM stream WHERE kiosk = 'hub'"))
    backed.record(lose(hub, first))
    [opening] = [
        events.decode(bytes(raw))
        for epoch, raw in hub.rows("SELECT epoch, raw FROM event WHERE kiosk = 'hub' AND seq = 1")
        if epoch not in heads
    ]
    assert isinstance(opening.public.body, events.EpochOpened)
    assert heads[opening.public.body.prev_epoch or ""] == opening.prev
    assert hub.open_incidents("fork") == []

    # A phone that never got its answer asks again, and is answered without a second event.
    def again(connection: sa.Connection) -> recording.Recorded:
        return recording.record(
            connection, [lose(hub, second)], KEEPER, now_ms=hub.now_ms, request=request
        )

    assert hub.change(again).repeated


def test_a_damaged_copy_keeps_none_of_the_others_back(
    hub: HubDb, backed: BackedUp, journal: Journal
) -> None:
    made = backed.back_up()
    for item in items(hub)[:2]:
        backed.record(lose(hub, item))
        backed.copy_hub_events()
    damaged, _ = backed.copies()
    (backed.away / "hub-events" / damaged).write_bytes(b"\0" * 500)
    done = restore(backed, made.file)
    assert damaged in done.unreadable[0]
    assert len(done.unreadable) == 1
    assert done.replayed == 1


@pytest.mark.sqlite
def test_the_old_database_stays_beside_the_restored_one_and_a_wrong_key_touches_nothing(
    hub: HubDb, backed: BackedUp, journal: Journal
) -> None:
    made = backed.back_up()
    held = hub.path.read_bytes()
    backed.close()
    hub.engine.dispose()
    nothing = restoring.Copies((), ())
    with pytest.raises(BackupError, match="this key does not open it"):
        restoring.restore_sqlite(Path(made.file), hub.path, nothing, [keys.new()], 1)
    assert hub.path.exists()
    hub.path.write_bytes(b"lost")
    restoring.restore_sqlite(Path(made.file), hub.path, nothing, [backed.key], 2)
    assert hub.path.with_name("hub.sqlite3.before-2").read_bytes() == b"lost"
    assert hub.path.stat().st_mode & 0o777 == 0o600
    assert len(held) > 4
    hub.restart()
    assert len(items(hub)) == 3


@pytest.mark.sqlite
def test_a_restore_takes_nothing_from_one_of_another_backup_that_was_killed(
    hub: HubDb, backed: BackedUp, journal: Journal
) -> None:
    """SQLite reads a log that stands beside a database, whichever database wrote it."""
    made = backed.back_up()
    backed.close()
    hub.engine.dispose()
    half = hub.path.with_name(f"{hub.path.name}.partial")
    with closing(sqlite3.connect(half, isolation_level=None)) as killed:
        killed.execute("PRAGMA journal_mode=WAL")
        killed.execute("CREATE TABLE other (text)")
        killed.execute("INSERT INTO other VALUES (zeroblob(100000))")
        wal = half.with_name(f"{half.name}-wal")
        left = wal.read_bytes()
    wal.write_bytes(left)
    restoring.restore_sqlite(Path(made.file), hub.path, restoring.Copies((), ()), [backed.key], 2)
    hub.restart()
    assert len(items(hub)) == 3


@pytest.mark.sqlite
def test_a_plain_copy_of_the_database_is_taken_too(
    hub: HubDb, backed: BackedUp, journal: Journal, tmp_path: Path
) -> None:
    with of_sqlite(hub.path, lambda _: None) as snapshot:
        (tmp_path / "old.sqlite3").write_bytes(snapshot.source.read())
    backed.close()
    hub.engine.dispose()
    done = restoring.restore_sqlite(
        tmp_path / "old.sqlite3", hub.path, restoring.Copies((), ()), [], 3
    )
    assert done.held.events == 8


def test_of_a_dump_of_postgresql_no_more_is_said_than_was_looked_at(tmp_path: Path) -> None:
    key, file = keys.new(), tmp_path / "yicang-20261122T000000-000.pgdump.age"
    sealing.seal(io.BytesIO(b"no dump"), file, key.to_public(), compressed=True)
    private = tmp_path / "key"
    private.write_text(str(key))
    done = CliRunner().invoke(verify_command, [str(file), "--key", str(private)])
    assert done.exit_code == 0, done.output
    assert "this key opens it" in done.output
    assert "checked only when it is restored" in done.output
    assert "sound" not in done.output


def test_a_private_key_is_read_from_what_was_typed_off_paper(tmp_path: Path) -> None:
    key = keys.new()
    file = tmp_path / "key"
    file.write_text(f"# kept in the drawer\n\n  {str(key).lower()}  \n")
    assert str(keys.read_private(file)) == str(key)
    file.write_text(str(key)[:-1] + ("Q" if str(key)[-1] != "Q" else "P"))
    with pytest.raises(BackupError, match="compare each character"):
        keys.read_private(file)
    file.write_text("age1something")
    with pytest.raises(BackupError, match="AGE-SECRET-KEY-1"):
        keys.read_private(file)


@pytest.mark.usefixtures("journal")
def test_what_a_hub_that_was_cut_off_left_half_written_goes_with_the_next_backup(
    backed: BackedUp,
) -> None:
    copies = backed.away / "hub-events"
    copies.mkdir(parents=True)
    for half in (backed.away / "yicang-20260101T000000-000.sqlite3.gz.age", copies / "hub-x"):
        half.with_name(half.name + ".partial").write_bytes(b"half")
    made = backed.back_up()
    backed.copy_hub_events()
    assert list(copies.iterdir()) == []
    assert sorted(path.name for path in backed.away.iterdir()) == [
        "hub-events",
        Path(made.file).name,
    ]


@pytest.mark.usefixtures("journal")
def test_a_hub_that_stops_waits_for_no_backup(backed: BackedUp) -> None:
    backed.keeper.stop()
    with pytest.raises(BackupError, match="the hub is stopping"):
        backed.back_up()
    assert list(backed.away.glob("*")) == []


@pytest.mark.usefixtures("journal")
def test_an_error_that_nobody_foresaw_is_shown_and_the_next_backup_is_made(
    backed: BackedUp,
) -> None:
    errors = [KeyError("what nobody foresaw")]
    told: queue.Queue[str | None] = queue.Queue()
    hours = itertools.count(backed.hub.now_ms, HOUR_MS)

    def change(what: Callable[[Connection], T], /) -> T:
        if errors:
            raise errors.pop()
        result = backed.change(what)
        with backed.reader.connect() as connection:
            failed = state.standing(connection).failed
        told.put(None if failed is None else failed.error)
        return result

    keeper = Keeper(backed.config, backed.reader, change, lambda: next(hours))
    keeper.start()
    try:
        assert "the backup met an error: KeyError" in (told.get(timeout=20.0) or "")
        assert told.get(timeout=20.0) is None
        assert len(list(backed.away.glob("*.age"))) == 2
    finally:
        keeper.stop()


@pytest.mark.usefixtures("journal")
def test_a_last_backup_that_cannot_be_read_is_one_more_reason_to_make_one(
    backed: BackedUp,
) -> None:
    errors = [OSError("disk I/O error")]
    hours = itertools.count(backed.hub.now_ms, HOUR_MS)

    @sa.event.listens_for(backed.reader, "engine_connect")
    def refuse_once(_connection: Connection) -> None:
        if errors:
            raise OperationalError("SELECT", {}, errors.pop())

    keeper = Keeper(backed.config, backed.reader, backed.change, lambda: next(hours))
    keeper.start()
    try:
        until("a backup is made", lambda: any(backed.away.glob("*.age")))
        assert errors == []
    finally:
        keeper.stop()
        sa.event.remove(backed.reader, "engine_connect", refuse_once)
