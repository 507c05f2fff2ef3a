"""A hub's database without its threads: ingest and project by hand, and look at all of it."""

import sqlite3
from collections.abc import Callable, Iterable
from contextlib import closing
from pathlib import Path
from typing import Any, Final

import sqlalchemy as sa

from contract import messages, topics
from hub import db
from hub.folds.item import fold_item
from hub.kiosks.reference import Reference
from hub.log.event_log import EventLog
from hub.log.ingest import Handled, Ingest, Message
from hub.projections.projector import Projector
from hub.projections.refold import Fold
from tests.support.conformance import Conformance
from tests.support.databases import DATABASES, unsynced

STOPS = (
    {"id": "stop-1", "zh": "一号站", "en": "Stop one"},
    {"id": "stop-2", "zh": "二号站", "en": "Stop two"},
)
KIOSKS = (("kiosk-a", "stop-1"), ("kiosk-b", "stop-2"))


CONFORMANCE: Final = Conformance()


def problems_of(message: Message) -> list[str]:
    return CONFORMANCE.problems(message.topic, message.payload, message.properties)


def make_template(path: Path) -> Path:
    """A migrated database with two stops and a kiosk at each; copy it instead of migrating.

    ``path`` is the file, or what stands for it (`tests.support.databases`)."""
    engine = db.open_writer(DATABASES.migrated(path))
    with engine.begin() as connection:
        connection.execute(sa.insert(db.stop), list(STOPS))
        rows = [{"id": kiosk, "stop": stop, "created_ms": 0} for kiosk, stop in KIOSKS]
        connection.execute(sa.insert(db.kiosk), rows)
    engine.dispose()
    return path


class HubDb:
    """Use as a context manager; ``path`` is a copy of `make_template`'s file."""

    def __init__(self, path: Path, fold: Fold = fold_item) -> None:
        self.path = path
        self.now_ms = 1_800_000_000_000
        self._fold = fold
        self._open()

    def _open(self) -> None:
        self.engine = unsynced(db.open_writer(DATABASES.at(self.path)))
        self.reference = Reference()
        self.ingest = Ingest(EventLog(), self.reference)
        self.projector = Projector(self._fold)

    @classmethod
    def copy_of(cls, template: Path, path: Path, fold: Fold = fold_item) -> "HubDb":
        """A fresh database at ``path``."""
        DATABASES.copy(template, path)
        return cls(path, fold)

    def __enter__(self) -> "HubDb":
        return self

    def __exit__(self, *_: object) -> None:
        self.engine.dispose()

    def take(self, *group: Message, project: bool = True, garbage: bool = False) -> list[Handled]:
        """Ingest a group in one transaction, then project it as the writer does.

        Every message is held against the contract, and so is every answer; with ``garbage`` at
        least one message must violate it.
        """
        problems = [line for one in group for line in problems_of(one)]
        assert bool(problems) == garbage, problems or "this was announced as garbage"
        self.now_ms += 1
        with self.engine.begin() as connection:
            self.ingest.begin(connection)
            handled = [self.ingest.handle(connection, one, self.now_ms) for one in group]
            self.ingest.finish(connection, self.now_ms)
        for send in (send for one in handled for send in one.sends):
            assert CONFORMANCE.problems(send.topic, send.payload, {}) == []
        for ack in acks(handled):
            down = topics.down("kiosk-a", topics.ACK)
            assert CONFORMANCE.problems(down, messages.encode(ack), {}) == []
        if project:
            fresh = {new.row: new for one in handled for new in one.fresh}
            with self.engine.begin() as connection:
                self.projector.project(connection, fresh, self.now_ms)
        return handled

    def lose_memory(self) -> None:
        """What a rolled back transaction leaves behind: nothing is remembered."""
        self.projector.forget()
        self.ingest.forget()

    def restart(self) -> None:
        """The hub's process ends and another opens the same file."""
        self.engine.dispose()
        self._open()

    def project(self) -> None:
        """Project what waits, from disk."""
        with self.engine.begin() as connection:
            self.projector.project(connection, {}, self.now_ms)

    def rebuild(self) -> None:
        """Drop and refold."""
        with self.engine.begin() as connection:
            self.projector.rebuild(connection, self.now_ms)

    def change(self, what: Callable[[sa.Connection], Any]) -> Any:
        """Run ``what`` in a transaction."""
        with self.engine.begin() as connection:
            return what(connection)

    def rows(self, query: str, *parameters: Any) -> list[tuple[Any, ...]]:
        """What a query finds."""
        with self.engine.connect() as connection:
            found = connection.exec_driver_sql(query, parameters)
            return [tuple(row) for row in found]

    def item(self, code: str) -> dict[str, Any]:
        """An item's row by column; raises AssertionError when there is none."""
        with self.engine.connect() as connection:
            row = connection.execute(sa.select(db.item).where(db.item.c.code == code)).first()
        assert row is not None, f"no item {code}"
        return dict(row._mapping)

    def open_incidents(self, kind: str | None = None) -> list[tuple[Any, ...]]:
        """(key, kind, subject, kiosk, stop, detail) of incidents whose cause is there."""
        rows = self.rows(
            "SELECT key, kind, subject, kiosk, stop, detail FROM incident"
            " WHERE closed_ms IS NULL ORDER BY key"
        )
        return [row for row in rows if kind is None or row[1] == kind]

    def closed_incidents(self) -> list[tuple[Any, ...]]:
        """The same of incidents whose cause went away again. Which those are depends on the way
        that the events came; what they say does not."""
        return self.rows(
            "SELECT key, kind, subject, kiosk, stop, detail FROM incident"
            " WHERE closed_ms IS NOT NULL ORDER BY key"
        )

    def state(self) -> dict[str, list[tuple[Any, ...]]]:
        """What is so, without the order of arrival: no row ids, no positions, no hub times."""
        with self.engine.connect() as connection:
            columns = [column.name for column in db.item.columns if column.name != "position"]
            facts = [
                column.name
                for column in db.stream.columns
                if column.name not in {"hash", "received_ms", "safe"}
            ]
            queries = {
                "item": f"SELECT {', '.join(columns)} FROM item ORDER BY code",
                "stock": "SELECT stop, category, status, n FROM stock ORDER BY 1, 2, 3",
                "movement": "SELECT m.item, m.n, m.t, e.hash, m.cause, m.from_status, m.from_stop,"
                " m.to_status, m.to_stop, m.category, m.quantity FROM movement m"
                " JOIN event e ON e.id = m.event ORDER BY 1, 2",
                "flow": "SELECT day, stop, category, status, way, cause, n FROM flow"
                " ORDER BY 1, 2, 3, 4, 5, 6",
                "tally": "SELECT measure, week, month, stop, category, n FROM tally"
                " ORDER BY 1, 2, 3, 4, 5",
                "sale": "SELECT s.market, s.t, e.hash, s.kind, s.stop, s.item, s.amount, s.pay,"
                " s.recorded, s.cash FROM sale s JOIN event e ON e.id = s.event ORDER BY 1, 2, 3",
                "ledger": "SELECT * FROM ledger ORDER BY 1, 2, 3",
                "market": "SELECT * FROM market ORDER BY 1",
                "proceeds": "SELECT * FROM proceeds ORDER BY 1, 2, 3",
                "claim": "SELECT hash, kiosk, session FROM claim ORDER BY 1",
                "box": 'SELECT code, stop, status, place, "outer", sealed, kit, changed_t,'
                " known_time FROM box ORDER BY 1",
                "leg": 'SELECT l.item, l.n, e.hash, l.sent_t, l.origin, l."to", l.kind, l.outcome,'
                " l.ended_t, l.at, l.quantity FROM leg l JOIN event e ON e.id = l.sent"
                " ORDER BY 1, 2",
                "recall": "SELECT id, gtin, lot, why, stop, opened_t, closed_t FROM recall"
                " ORDER BY 1",
                "met": "SELECT * FROM met ORDER BY 1, 2, 3",
                "stocktake": "SELECT * FROM stocktake ORDER BY 1",
                "count_part": "SELECT * FROM count_part ORDER BY 1",
                "delivery": "SELECT item, family, stop, t FROM delivery ORDER BY 1",
                "given": "SELECT number, n FROM given ORDER BY 1",
                "stream": 'SELECT "' + '", "'.join(facts) + '" FROM stream ORDER BY 1, 2',
                "touch": "SELECT t.subject, e.hash FROM touch t JOIN event e ON e.id = t.event_id"
                " ORDER BY 1, 2",
                "event": "SELECT kiosk, epoch, seq, hash, problem FROM event ORDER BY 1, 2, 3, 4",
                "hole": "SELECT kiosk, epoch, first, last FROM hole ORDER BY 1, 2, 3",
            }
            found = {
                name: [tuple(row) for row in connection.exec_driver_sql(query)]
                for name, query in queries.items()
            }
        found["incident"] = self.open_incidents()
        return found


def acks(handled: Iterable[Handled]) -> list[messages.Ack]:
    """The acknowledgements among the answers."""
    return [one.ack[1] for one in handled if one.ack is not None]


def take_back_to(path: Path, revision: str) -> None:
    """The database at ``path`` as that migration left it: what came later is dropped."""
    plain = path.with_name(f"{path.name}.{revision}")
    engine = db.open_writer(db.sqlite_url(plain))
    db.migrate(engine, revision)
    engine.dispose()
    with closing(sqlite3.connect(plain)) as old:
        wanted = {name: _columns(old, name) for name in _named(old, "table")}
        made = dict(old.execute("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL"))
        indices = dict(old.execute("SELECT name, tbl_name FROM sqlite_master WHERE type = 'index'"))
    with closing(sqlite3.connect(path)) as database:
        for name in set(_named(database, "index")) - indices.keys():
            database.execute(f"DROP INDEX {name}")
        for name in set(_named(database, "table")) - wanted.keys():
            database.execute(f"DROP TABLE {name}")
        for name, columns in wanted.items():
            there = _columns(database, name)
            if there == columns:
                continue
            shared = ", ".join(f'"{column}"' for column in columns if column in there)
            kept = database.execute(f'SELECT {shared} FROM "{name}"').fetchall()
            database.execute(f'DROP TABLE "{name}"')
            database.execute(made[name])
            marks = ", ".join("?" * (shared.count(",") + 1))
            database.executemany(f'INSERT INTO "{name}" ({shared}) VALUES ({marks})', kept)
            for index, table in indices.items():
                if table == name and index in made:
                    database.execute(made[index])
        database.execute("UPDATE alembic_version SET version_num = ?", (revision,))
        database.commit()
    plain.unlink()


def _named(database: sqlite3.Connection, kind: str) -> list[str]:
    query = "SELECT name FROM sqlite_master WHERE type = ? AND name NOT LIKE 'sqlite_%'"
    return [row[0] for row in database.execute(query, (kind,))]


def _columns(database: sqlite3.Connection, table: str) -> list[str]:
    return [row[1] for row in database.execute(f"PRAGMA table_info({table})")]
