"""A hub's database filled the way that a hub fills it, and the application over it."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final, TypeVar

from argon2 import PasswordHasher
from flask import Flask
from flask.testing import FlaskClient
from jinja2.bccache import Bucket, BytecodeCache
from msgspec import Struct
from sqlalchemy import Connection, insert

from contract import batches, codes, events, topics
from contract.batches import Header
from contract.codes import Kind
from hub import db
from hub.access import accounts, tokens
from hub.access.permissions import Role
from hub.access.scope import make
from hub.config import HubConfig
from hub.folds.item import fold_item
from hub.kiosks.reference import Reference
from hub.log.event_log import EventLog
from hub.log.ingest import Ingest, Message
from hub.projections.projector import Projector
from hub.web.app import create_app
from provisioning.identity import publish_key
from tests.support.databases import DATABASES, unsynced
from tests.support.hubdb import CONFORMANCE, problems_of

T = TypeVar("T")

NOON: int = 1_793_678_400_000
"""Tuesday 3 November 2026, 12:00 in Shanghai, in Unix milliseconds."""

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
USER, PASSWORD = "operator", "correct horse battery"
_HASHER = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
"""Argon2id as cheap as it gets: hundreds of tests add people and sign in as them."""


def signing_key(kiosk: str) -> str:
    """The private key of a kiosk: always the same, so that pictures of pages are too."""
    return hashlib.sha256(f"key {kiosk}".encode()).hexdigest()


class KeptTemplates(BytecodeCache):
    """Templates that one application of this process compiled are there for the next."""

    def __init__(self) -> None:
        self._code: Final[dict[str, bytes]] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        if bucket.key in self._code:
            bucket.bytecode_from_string(self._code[bucket.key])

    def dump_bytecode(self, bucket: Bucket) -> None:
        self._code[bucket.key] = bucket.bytecode_to_string()


_TEMPLATES: Final = KeptTemplates()


class DirectWriter:
    """A writer without its thread: each piece of work is one transaction, and what came of it is
    folded before anybody gets the answer."""

    def __init__(self, url: str, now_ms: Callable[[], int]) -> None:
        self.engine = unsynced(db.open_writer(url))
        self.ingest = Ingest(EventLog(), Reference())
        self.projector = Projector(fold_item)
        self._now_ms = now_ms

    def call(self, work: Callable[[Connection], T]) -> T:
        result = self.commit(work)
        self.ingest.changed()
        self.project()
        return result

    def commit(self, work: Callable[[Connection], T]) -> T:
        """Does the work and folds nothing, as it is between a message and its projection."""
        try:
            with self.engine.begin() as connection:
                return work(connection)
        except BaseException:
            self.ingest.forget()
            self.projector.forget()
            raise

    def project(self) -> None:
        """Fold what was committed."""
        with self.engine.begin() as connection:
            self.projector.project(connection, {}, self._now_ms())


class Journal:
    """One kiosk's journal; ``clock`` tells whether its boot learns the time."""

    def __init__(self, kiosk: str, prefix: str, *, clock: bool = True, number: int = 1) -> None:
        self.kiosk = kiosk
        self.prefix = prefix
        self.epoch = hashlib.sha256(f"{kiosk} {number}".encode()).hexdigest()[:16]
        self.boot = hashlib.sha256(f"boot {kiosk} {number}".encode()).hexdigest()[:32]
        self.sessions = 0
        self.new_session()
        self.clock = clock
        self.prev = events.ZERO_HASH
        self.seq = 0
        self.serial = 0
        self.started_ms: int | None = None

    def new_session(self) -> None:
        """The next donor comes."""
        self.sessions += 1
        named = f"session {self.kiosk} {self.sessions}"
        self.session = hashlib.sha256(named.encode()).hexdigest()[:16]

    def code(self, kind: Kind = Kind.ITEM) -> str:
        """A new code of this journal."""
        self.serial += 1
        return codes.serial_code(kind, self.prefix, self.serial)

    def write(
        self, body: events.Body, at_ms: int, *, person: str | None = None, family: str | None = None
    ) -> events.Event:
        """Append an event that happened at ``at_ms``."""
        if self.started_ms is None:
            self.started_ms = at_ms - 60_000
        self.seq += 1
        public = events.Public(
            v=events.VERSION,
            kiosk=self.kiosk,
            epoch=self.epoch,
            seq=self.seq,
            boot=self.boot,
            mono=at_ms - self.started_ms,
            wall=at_ms,
            clock=self.clock,
            lane="screen",
            body=body,
        )
        salt = hashlib.sha256(f"{self.epoch} {self.seq}".encode()).digest()[:16]
        private = events.Private(person=person, family=family)
        event = events.encode(public, private, prev=self.prev, salt=salt)
        self.prev = event.hash
        return event

    def opening(self, at_ms: int) -> list[events.Event]:
        """The first events of a start."""
        opened = self.write(events.EpochOpened(journal=self.session, prefix=self.prefix), at_ms)
        if not self.clock:
            return [opened]
        offset = at_ms - 60_000
        return [opened, self.write(events.ClockLearned(offset=offset, source="welcome"), at_ms)]


class Place(Struct, frozen=True):
    """A stop with its kiosk's journal."""

    stop: str
    journal: Journal


class HubSite:
    """A real database in ``directory`` with stops, kiosks, events, an operator and a viewer."""

    def __init__(self, directory: Path, *, households: int = 10, trusted_proxies: int = 0) -> None:
        (directory / "secret.key").write_bytes(b"not a secret: only for tests")
        self.now_ms = NOON
        self.ailments: list[str] = []
        url = DATABASES.migrated(directory / "hub.sqlite3")
        self.config = HubConfig(
            database=url,
            secret_key_file=str(directory / "secret.key"),
            bundle_key_file=str(directory / "bundle.key"),
            releases_dir=str(directory / "releases"),
            release_keys_dir=str(directory / "signer" / "trusted"),
            households=households,
            trusted_proxies=trusted_proxies,
        )
        self.writer = DirectWriter(url, lambda: self.now_ms)
        self._ingest = self.writer.ingest
        self._projector = self.writer.projector
        self.reader = db.open_reader(url)
        self.places: dict[str, Place] = {}
        self.app: Flask
        self.restart()

    def restart(self) -> None:
        """The application starts again over the same database."""
        self.app = create_app(
            self.config,
            self.reader,
            self.writer,
            ailments=lambda: tuple(self.ailments),
            now=lambda: self.now_ms / 1000,
        )
        self.app.jinja_env.bytecode_cache = _TEMPLATES

    def close(self) -> None:
        """Let go of the database."""
        self.reader.dispose()
        self.writer.engine.dispose()

    # --- registry ----------------------------------------------------------------------------

    def add_stop(
        self, stop: str, zh: str, en: str, district: tuple[str, str], prefix: str
    ) -> Place:
        """A stop in Chengdu with one kiosk, whose first start is an hour ago."""
        journal = Journal(f"kiosk-{stop}", prefix)

        def write(connection: Connection) -> None:
            connection.execute(
                insert(db.stop).values(
                    id=stop,
                    zh=zh,
                    en=en,
                    district_zh=district[0],
                    district_en=district[1],
                    city_zh="成都市",
                    city_en="Chengdu",
                )
            )
            self._add_kiosk(connection, journal, stop)

        self.writer.call(write)
        self.receive(journal, journal.opening(self.now_ms - HOUR_MS))
        self.places[stop] = Place(stop, journal)
        return self.places[stop]

    def add_kiosk(self, journal: Journal, stop: str) -> None:
        """One more kiosk at a stop; it has not started yet."""
        self.writer.call(lambda connection: self._add_kiosk(connection, journal, stop))

    def _add_kiosk(self, connection: Connection, journal: Journal, stop: str) -> None:
        connection.execute(
            insert(db.kiosk).values(id=journal.kiosk, stop=stop, created_ms=self.now_ms)
        )
        connection.execute(
            insert(db.prefix).values(
                prefix=journal.prefix, kiosk=journal.kiosk, issued_ms=self.now_ms
            )
        )
        publish_key(connection, journal.kiosk, self.now_ms, signing_key(journal.kiosk))

    def add_users(self) -> None:
        """An operator and a viewer, with the same password."""
        self.add_user(USER, Role.OPERATOR)
        self.add_user("viewer", Role.VIEWER)

    def add_user(
        self, name: str, role: Role, *, stops: Sequence[str] = (), cities: Sequence[str] = ()
    ) -> str:
        """An account with the password of all; its id."""
        within = make(stops, cities)
        return self.writer.call(
            lambda connection: (
                accounts.add(
                    connection, name, PASSWORD, role, self.now_ms, within, hasher=_HASHER
                ).id
            )
        )

    def token(self, role: Role = Role.VIEWER, *, stops: Sequence[str] = ()) -> str:
        """A new API token."""
        within = make(stops, ())
        return self.writer.call(
            lambda connection: tokens.create(connection, role, self.now_ms, "", within)
        )

    # --- what kiosks send --------------------------------------------------------------------

    def receive(self, journal: Journal, happened: Sequence[events.Event]) -> None:
        """The hub receives these consecutive events now, and projects them."""
        public = happened[0].public
        header = Header(journal.epoch, public.seq, len(happened), happened[-1].hash)
        self.receive_lines(journal.kiosk, header, tuple(event.raw for event in happened))

    def receive_lines(
        self, kiosk: str, header: Header, lines: tuple[bytes, ...], *, garbage: bool = False
    ) -> None:
        """The hub receives a batch of these lines; ``garbage`` as in `send`."""
        payload = batches.encode(header, lines)
        topic, properties = topics.up(kiosk, topics.EVENTS), dict(batches.properties(header))
        self.send(topic, payload, properties, garbage=garbage)
        self.writer.call(lambda connection: self._projector.project(connection, {}, self.now_ms))

    def send(
        self,
        topic: str,
        payload: bytes,
        properties: Mapping[str, str] | None = None,
        *,
        garbage: bool = False,
    ) -> None:
        """The hub receives this message. It is held against the contract, and so is every answer;
        with ``garbage`` it must violate it."""
        message = Message(topic, payload, properties or {})
        problems = problems_of(message)
        assert bool(problems) == garbage, problems or "this was announced as garbage"

        def handle(connection: Connection) -> None:
            self._ingest.begin(connection)
            handled = self._ingest.handle(connection, message, self.now_ms)
            self._ingest.finish(connection, self.now_ms)
            for send in handled.sends:
                assert CONFORMANCE.problems(send.topic, send.payload, {}) == []

        self.writer.commit(handle)

    def intake(
        self, place: Place, category: str = "H1", *, at_ms: int | None = None, label: bool = True
    ) -> str:
        """An item comes in and, usually, gets its label; its code."""
        journal, at = place.journal, self.now_ms if at_ms is None else at_ms
        code = journal.code()
        received = events.Received(
            session=journal.session, item=code, category=category, place=codes.PLACE_IN
        )
        happened = [journal.write(received, at)]
        if label:
            happened.append(journal.write(events.LabelAttached(item=code, how="printed"), at))
        self.receive(journal, happened)
        return code

    def finish(self, place: Place, claim: str, count: int) -> None:
        """The donor's session ends with a claim."""
        journal = place.journal
        body = events.SessionClosed(
            session=journal.session, why="finish", items=count, claim=events.claim_hash(claim)
        )
        self.receive(journal, [journal.write(body, self.now_ms)])
        journal.new_session()

    def hand_out(self, place: Place, *items: str) -> str:
        """Items leave for a new plan; its code."""
        plan = place.journal.code(Kind.PLAN)
        happened = place.journal.write(events.Out(plan=plan, items=items), self.now_ms)
        self.receive(place.journal, [happened])
        return plan

    def deliver(self, place: Place, plan: str, family: int) -> None:
        """What is out for ``plan`` reaches the family with this number."""
        token = codes.token_code(Kind.FAMILY, family.to_bytes(10))
        body = events.Delivered(plan=plan)
        event = place.journal.write(body, self.now_ms, family=events.family_hash(token))
        self.receive(place.journal, [event])

    # --- who asks ----------------------------------------------------------------------------

    def client(self, language: str = "en") -> FlaskClient:
        """A browser that wants this language."""
        client = self.app.test_client()
        client.environ_base["HTTP_ACCEPT_LANGUAGE"] = language
        return client
