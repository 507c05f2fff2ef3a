"""A hub of several processes on PostgreSQL is one hub to kiosks and people."""

import contextlib
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from contract import events
from hub import db, postgresql
from hub.city import SharedWriter
from hub.log import recording
from hub.log.recording import Actor, Draft
from hub.projections.leadership import PROJECTING
from tests.support.broker import Mosquitto
from tests.support.city import City, Crowd, SendingKiosk, at_work
from tests.support.databases import DATABASES
from tests.support.databases import on_postgresql as on_postgresql
from tests.support.notify import NotifySocket
from tests.support.processes import Yicang, healthy, run, until
from tests.support.stopwatch import Stopwatch

TAKES_OVER_S = 5.0


@pytest.fixture
def city(tmp_path: Path, mosquitto: Mosquitto) -> Iterator[City]:
    with City(tmp_path, mosquitto) as made:
        yield made


def leader_and_standby(projectors: list[Yicang]) -> tuple[Yicang, Yicang]:
    """Of two that were started: the one that projects, and the other once it stands by."""
    first = until("one projects", lambda: at_work(projectors))
    [second] = [one for one in projectors if one is not first]
    second.wait_for("standing by")
    return first, second


def takes_over(standby: Yicang) -> None:
    """It projects before long."""
    with Stopwatch() as watch:
        until("the standby projects", lambda: at_work([standby]))
    assert watch.seconds < TAKES_OVER_S


def test_a_standby_takes_over_within_five_seconds_and_everything_counts_once(city: City) -> None:
    kiosks = [
        SendingKiosk(city.broker, name, prefix)
        for name, prefix in (("kiosk-a", "00AA"), ("kiosk-b", "00BB"))
    ]
    workers = [city.start("ingest") for _ in range(2)]
    projectors = [city.start("project") for _ in range(2)]
    with Crowd(kiosks, items_a_second=100) as crowd:
        first, _ = leader_and_standby(projectors)
        until("goods arrive", lambda: all(kiosk.through > 20 for kiosk in kiosks))
        first.process.kill()
        killed = time.monotonic()
        with Stopwatch() as watch:
            until("the hub is there again", lambda: kiosks[0].incarnations[-1][0] > killed)
        assert watch.seconds < TAKES_OVER_S
        until("the other projects", lambda: at_work(projectors))
        before = [kiosk.through for kiosk in kiosks]
        until(
            "goods arrive again",
            lambda: all(k.through > was for k, was in zip(kiosks, before, strict=True)),
        )
        workers[0].process.kill()
        crowd.finish(30)
    items = sum(kiosk.items for kiosk in kiosks)
    until(
        "everything counts",
        lambda: city.rows("SELECT sum(n) FROM stock WHERE status = 'in_stock'") == [(items,)],
    )
    written = sum(len(kiosk.journal.written) for kiosk in kiosks)
    [(rows, lowest, highest)] = city.rows(
        "SELECT count(*), min(position), max(position) FROM event WHERE kiosk <> 'hub'"
    )
    assert (rows, lowest, highest) == (written, 1, written)
    # The new projector looks for what is overdue at once; these kiosks live weeks ago, and an item
    # whose label was still on its way then counts as one without a label until the next look.
    assert (
        city.rows("SELECT kind FROM incident WHERE closed_ms IS NULL AND kind <> 'label-missing'")
        == []
    )
    for process in (workers[1], at_work(projectors)):
        assert process is not None
        process.signal(signal.SIGTERM)
        assert process.wait() == 0


def test_a_projector_that_lost_the_database_ends_and_never_writes_beside_its_successor(
    city: City,
) -> None:
    projectors = [city.start("project") for _ in range(2)]
    first, second = leader_and_standby(projectors)
    cut = city.rows(
        "SELECT pg_terminate_backend(pid) FROM pg_locks JOIN pg_database d ON d.oid = database"
        " WHERE locktype = 'advisory' AND datname = current_database() AND granted"
        f" AND objsubid = 1 AND objid::bigint = {PROJECTING & 0xFFFFFFFF}"
    )
    assert cut == [(True,)]
    with Stopwatch() as watch:
        assert first.wait() == 1
    assert watch.seconds < TAKES_OVER_S, "it kept whoever waits for it waiting"
    assert "the connection to the database broke" in first.output
    takes_over(second)


def test_what_a_person_records_is_shown_when_the_page_answers(city: City) -> None:
    kiosk = SendingKiosk(city.broker, "kiosk-a", "00AA")
    city.start("ingest")
    projector = city.start("project")
    kiosk.take_in(1)
    with Crowd([kiosk], items_a_second=0.001):
        until("the item is acknowledged", lambda: kiosk.done)
        body = kiosk.journal.written[2].public.body
        assert isinstance(body, events.Received)
        item = body.item
        status = f"SELECT status FROM item WHERE code = '{item}'"
        until(
            "it is in stock",
            lambda: city.rows(status) == [("in_stock",)],
        )
        engine = postgresql.open_many(city.url, 2)
        SharedWriter(engine).call(
            lambda connection: recording.record(
                connection,
                [Draft(events.Corrected(items=(item,), status="missing", why="looked"), "stop-1")],
                Actor("00000000000000a1"),
                now_ms=1_800_000_000_000,
            )
        )
        assert city.rows(status) == [("missing",)]
        engine.dispose()
    projector.signal(signal.SIGTERM)
    assert projector.wait() == 0


def test_two_people_on_two_web_workers_who_change_one_item_find_out(city: City) -> None:
    """No projector runs: what the first recorded stands in the log alone."""
    engine = postgresql.open_many(city.url, 2)
    writers = SharedWriter(engine), SharedWriter(engine)
    draft = Draft(
        events.Corrected(items=("G00AA00001X",), status="missing", why="looked"), "stop-1"
    )

    def record(writer: SharedWriter) -> recording.Recorded:
        return writer.call(
            lambda connection: recording.record(
                connection,
                [draft],
                Actor("00000000000000a1"),
                now_ms=1_800_000_000_000,
                expects={"G00AA00001X": 0},
            ),
            timeout_s=0.0,
        )

    [name] = record(writers[0]).events
    with pytest.raises(recording.Conflict) as found:
        record(writers[1])
    assert found.value.events == (name,)
    engine.dispose()


def test_pages_are_served_by_processes_of_their_own(city: City) -> None:
    web = city.start("serve", "--no-ingest", "--workers", "2")
    web.wait_for("Listening at")
    until("a hub without a projector says so", lambda: not healthy(city.http_port))
    city.start("project")
    until("it is well", lambda: healthy(city.http_port))
    web.signal(signal.SIGTERM)
    assert web.wait() == 0


def test_a_command_has_the_projector_rebuild(city: City) -> None:
    kiosk = SendingKiosk(city.broker, "kiosk-a", "00AA")
    city.start("ingest")
    city.start("project")
    kiosk.take_in(3)
    stock = "SELECT sum(n) FROM stock"
    with Crowd([kiosk], items_a_second=0.001) as crowd:
        crowd.finish(30)
    until("it is counted", lambda: city.rows(stock) == [(kiosk.items,)])
    engine = postgresql.open_many(city.url, 1)
    with engine.begin() as connection:
        connection.exec_driver_sql("UPDATE stock SET n = n + 7")
    engine.dispose()
    made = run("hub", "rebuild", "--data", str(city.data))
    assert made.returncode == 0, made.stderr
    assert city.rows(stock) == [(kiosk.items,)]


def test_one_process_does_all_of_it_on_postgresql_too(city: City) -> None:
    kiosk = SendingKiosk(city.broker, "kiosk-a", "00AA")
    hub = city.start("serve")
    until("it is ready", lambda: healthy(city.http_port))
    with Crowd([kiosk], items_a_second=50) as crowd:
        until("goods arrive", lambda: kiosk.through > 20)
        crowd.finish(30)
    until(
        "everything counts",
        lambda: city.rows("SELECT sum(n) FROM stock") == [(kiosk.items,)],
    )
    made = run("hub", "token", "--role", "viewer", "--data", str(city.data))
    assert made.returncode == 0, made.stderr
    standby = city.start("project")
    standby.wait_for("standing by")
    hub.process.kill()
    takes_over(standby)


def hears(manager: NotifySocket, word: str) -> Callable[[], bool]:
    """Asks whether systemd was told this."""
    return lambda: word in manager.listen()


@pytest.mark.proof
def test_each_part_of_a_city_is_ready_and_watched_over_by_systemd_and_so_is_who_stands_by(
    city: City, tmp_path: Path
) -> None:
    parts = {
        "ingest": ("ingest",),
        "project": ("project",),
        "standby": ("project",),
        "web": ("serve", "--no-ingest"),
    }
    with contextlib.ExitStack() as stack:
        managers = {
            name: stack.enter_context(NotifySocket(tmp_path / f"notify-{name}")) for name in parts
        }
        running = {
            name: city.start(*words, env=managers[name].environment)
            for name, words in parts.items()
        }
        for name, manager in managers.items():
            until(f"{name} is ready", hears(manager, "READY=1"))
        leader_and_standby([running["project"], running["standby"]])
        for name, manager in managers.items():
            until(f"{name} is fed", hears(manager, "WATCHDOG=1"))


def test_a_database_that_is_away_is_told_in_one_line(city: City) -> None:
    settings = city.data / "hub" / "hub.toml"
    settings.write_text('database = "postgresql+psycopg://nobody@127.0.0.1:1/none"\n')
    for command in ("ingest", "project"):
        refused = run("hub", command, "--data", str(city.data))
        assert refused.returncode == 1
        assert "cannot be reached" in refused.stderr
        assert "Traceback" not in refused.stderr


def test_a_database_that_sorts_by_a_language_is_refused(tmp_path: Path) -> None:
    engine = db.open_writer(DATABASES.sorted_by_a_language(tmp_path / "other"))
    with pytest.raises(postgresql.CollationError, match="--locale=C"):
        db.migrate(engine)
    engine.dispose()


def test_what_a_command_names_reaches_the_kiosks(city: City) -> None:
    kiosk = SendingKiosk(city.broker, "kiosk-a", "00AA")
    city.start("ingest")
    city.start("project")
    with Crowd([kiosk], items_a_second=0.001) as crowd:
        crowd.finish(30)
        before = dict(kiosk.manifest)
        words = ("product", "add", "6901234567892", "F1", "大米", "Rice")
        named = run("hub", *words, "--data", str(city.data))
        assert named.returncode == 0, named.stderr
        until("kiosks are told of it", lambda: kiosk.manifest != before)


def test_on_sqlite_the_parts_are_refused_with_the_reason(tmp_path: Path) -> None:
    (tmp_path / "hub").mkdir()
    (tmp_path / "hub" / "hub.toml").write_text('database = "hub.sqlite3"\n')
    for command in (("ingest",), ("project",), ("serve", "--no-ingest")):
        refused = run("hub", *command, "--data", str(tmp_path))
        assert refused.returncode == 2
        assert "PostgreSQL" in refused.stderr
