"""Ingest: what a message from a kiosk makes of the database, and what is answered.

The topic says whose message it is (the broker's access rules vouch for that); nothing inside a
message is believed about it. Everything here happens in the caller's transaction: the replies may
leave only after its COMMIT.

A hello is answered from the database. What it says is held against what is there:

* a journal whose oldest event is beyond what the hub has next can never fill what lies between:
  a hole is recorded and the stream goes on;
* a head that the hub knows under another hash is a fork; an epoch that is no longer the newest and
  ends before what the hub has was restored from an old copy: ``journal-behind``.

A revoked kiosk is asked nothing and told nothing: its events wait for a person
(`hub.fleet.reviewing`), and what else it says is left. Which kiosks those are is kept in memory, so
that every other message pays for a look into a set.
"""

import json
from collections.abc import Collection, Iterable, Mapping
from typing import Final

import msgspec
from msgspec import Struct
from sqlalchemy import Connection

from contract import batches, messages, topics
from contract.events import KioskId
from contract.messages import Ack, Health, Hello, Kept, KioskStatus, Position, Reply, Welcome
from hub import incidents
from hub.fleet import reviewing
from hub.incidents import Trouble
from hub.kiosks import kiosk_commands
from hub.kiosks.outgoing import Send
from hub.kiosks.reference import Reference
from hub.log import positions, recording
from hub.log.event_log import EventLog, Fresh

MAX_KEPT_UNREADABLE: Final = 200
"""Unreadable messages kept for each kiosk, topic and reason; further ones are only counted."""

MAX_UNREADABLE_BYTES: Final = 256 * 1024

REPEAT_MS: Final = 5_000
"""How often at most all reference data is published once more because a kiosk cannot use it."""


class Message(Struct, frozen=True):
    """An MQTT message as it came, with its user properties."""

    topic: str
    payload: bytes
    properties: Mapping[str, str]


class Handled(Struct, frozen=True):
    """What a message led to. ``ack`` is (kiosk, ack): only an epoch's newest need be sent."""

    sends: tuple[Send, ...] = ()
    ack: tuple[str, Ack] | None = None
    fresh: tuple[Fresh, ...] = ()


_NOTHING: Final = Handled()

_STATUS: Final = """
INSERT INTO kiosk_state (kiosk, online, status_ms) VALUES (?, ?, ?)
ON CONFLICT (kiosk) DO UPDATE SET online = excluded.online, status_ms = excluded.status_ms
"""
_HEALTH: Final = """
INSERT INTO kiosk_state (kiosk, health, health_ms) VALUES (?, ?, ?)
ON CONFLICT (kiosk) DO UPDATE SET health = excluded.health, health_ms = excluded.health_ms
"""
_HELLO: Final = """
INSERT INTO kiosk_state (kiosk, hello, hello_ms) VALUES (?, ?, ?)
ON CONFLICT (kiosk) DO UPDATE SET hello = excluded.hello, hello_ms = excluded.hello_ms
"""
_LAST_EVENT: Final = """
INSERT INTO kiosk_state (kiosk, last_event_ms) VALUES (?, ?)
ON CONFLICT (kiosk) DO UPDATE SET last_event_ms = excluded.last_event_ms
"""


class Ingest:
    """Handles messages one after the other, inside transactions that the caller owns."""

    def __init__(self, log: EventLog, reference: Reference) -> None:
        self.log: Final = log
        self._reference: Final = reference
        self._registered: set[str] = set()
        self._active: set[str] = set()  # kiosks with new events in this transaction
        self._repeated_ms = -REPEAT_MS  # when all reference data was published once more
        self._revoked: Collection[str] | None = None

    def begin(self, connection: Connection, group: Iterable[Message] = ()) -> None:
        """Call first in every transaction; ``group`` is what will be handled in it."""
        self._active.clear()
        self.log.begin(connection, {sender(message) for message in group})
        if self._revoked is None or not positions.drawn_by_ingest(connection):
            self._revoked = reviewing.revoked(connection)

    def finish(self, connection: Connection, now_ms: int) -> None:
        """Call last in every transaction: writes what `handle` gathered."""
        self.log.finish(connection, now_ms)
        if self._active:
            rows = [(kiosk, now_ms) for kiosk in sorted(self._active)]
            connection.exec_driver_sql(_LAST_EVENT, rows)

    def forget(self) -> None:
        """Call after a rollback."""
        self.log.forget()
        self._reference.forget()
        self._registered.clear()
        self._revoked = None

    def changed(self) -> None:
        """Call after somebody else's change of the database: it may have touched what is
        remembered here."""
        self.log.forget()
        self._reference.stale()
        self._registered.clear()
        self._revoked = None

    def told_more(self) -> None:
        """Call when what kiosks are told follows from events that changed it."""
        self._reference.stale()

    def news(self, connection: Connection, now_ms: int) -> tuple[Send, ...]:
        """Reference data that kiosks do not have yet: to be published, and then announced."""
        return self._reference.manifest(connection, now_ms)[1]

    def orders(self, connection: Connection, now_ms: int) -> tuple[Send, ...]:
        """Commands to kiosks that were made and not sent yet."""
        return kiosk_commands.unsent(connection, now_ms)

    def handle(self, connection: Connection, message: Message, now_ms: int) -> Handled:
        """Store what ``message`` says; the answer to it."""
        parsed = topics.parse_up(message.topic)
        if parsed is None or not _is_kiosk(parsed.kiosk):
            self.set_aside(connection, message, "bad-topic", now_ms)
            return _NOTHING
        kiosk = parsed.kiosk
        self._require_registered(connection, kiosk, now_ms)
        try:
            if self._revoked and kiosk in self._revoked:
                return self._from_revoked(connection, kiosk, parsed.name, message, now_ms)
            if parsed.name == topics.EVENTS:
                return self._events(connection, kiosk, message, now_ms)
            if parsed.name == topics.HELLO:
                hello = messages.decode(message.payload, Hello)
                return self._hello(connection, kiosk, hello, now_ms)
            if parsed.name == topics.STATUS:
                if message.payload:  # an empty retained message only clears the topic
                    status = messages.decode(message.payload, KioskStatus)
                    connection.exec_driver_sql(_STATUS, (kiosk, status.online, now_ms))
            elif parsed.name == topics.HEALTH:
                health = messages.decode(message.payload, Health)
                text = messages.encode(health).decode()
                connection.exec_driver_sql(_HEALTH, (kiosk, text, now_ms))
                if not all(part.ok for part in health.reference) and self._may_repeat(now_ms):
                    # The broker's copies may be damaged: those are what that kiosk waits for.
                    return Handled(sends=tuple(self._reference.retained()))
            else:
                reply = messages.decode(message.payload, Reply)
                kiosk_commands.answered(connection, kiosk, reply, now_ms)
        except messages.MessageError:
            self.set_aside(connection, message, "bad-message", now_ms)
        except batches.BatchError as error:
            self.set_aside(connection, message, error.reason, now_ms)
        return _NOTHING

    def _may_repeat(self, now_ms: int) -> bool:
        """Whether all reference data may be published once more: not for whoever asks, always."""
        due = not self._repeated_ms <= now_ms < self._repeated_ms + REPEAT_MS
        if due:
            self._repeated_ms = now_ms
        return due

    # --- events ----------------------------------------------------------------------------

    def _events(self, connection: Connection, kiosk: str, message: Message, now_ms: int) -> Handled:
        batch = batches.decode(message.payload, message.properties)
        appended = self.log.append(connection, kiosk, batch, now_ms)
        if appended.fresh:
            self._active.add(kiosk)
        return Handled(ack=(kiosk, appended.ack), fresh=tuple(appended.fresh))

    def _from_revoked(
        self, connection: Connection, kiosk: str, name: str, message: Message, now_ms: int
    ) -> Handled:
        """Its events wait; a hello tells that the broker still lets it in."""
        if name == topics.HELLO:
            detail: dict[str, str | int] = {"kiosk": kiosk}
            trouble = Trouble(f"revoked-heard:{kiosk}", "revoked-heard", kiosk, kiosk, detail, 1)
            incidents.note(connection, trouble, now_ms)
        if name != topics.EVENTS:
            return _NOTHING
        batch = batches.decode(message.payload, message.properties)
        aside = reviewing.take(connection, self.log, kiosk, batch, reviewing.MQTT, now_ms)
        ack = reviewing.acknowledged(aside)
        fresh = tuple(aside.appended.fresh) if aside.appended is not None else ()
        return Handled(ack=(kiosk, ack) if ack is not None else None, fresh=fresh)

    # --- hello -----------------------------------------------------------------------------

    def _hello(self, connection: Connection, kiosk: str, hello: Hello, now_ms: int) -> Handled:
        positions = []
        for kept in hello.epochs:
            newest = kept is hello.epochs[-1]
            positions.append(self._position(connection, kiosk, kept, newest, now_ms))
        text = messages.encode(hello).decode()
        connection.exec_driver_sql(_HELLO, (kiosk, text, now_ms))
        manifest, sends = self._reference.manifest(connection, now_ms)
        welcome = Welcome(hello.nonce, tuple(positions), now_ms, manifest)
        reply = Send(topics.down(kiosk, topics.WELCOME), messages.encode(welcome), qos=1)
        again = kiosk_commands.after_hello(connection, kiosk, now_ms)
        return Handled(sends=(*sends, reply, *again))

    def _position(
        self, connection: Connection, kiosk: str, kept: Kept, newest: bool, now_ms: int
    ) -> Position:
        through, digest, safe = self.log.streams.position(connection, kiosk, kept.epoch)
        if through + 1 < kept.oldest <= kept.head:
            self.log.streams.open_hole(connection, kiosk, kept.epoch, kept.oldest - 1, now_ms)
            through, digest, safe = self.log.streams.position(connection, kiosk, kept.epoch)
        if 0 < kept.head <= through:
            self._compare(connection, kiosk, kept, (through, newest), now_ms)
        return Position(kept.epoch, through, digest, safe)

    def _compare(
        self,
        connection: Connection,
        kiosk: str,
        kept: Kept,
        ours: tuple[int, bool],
        now_ms: int,
    ) -> None:
        through, newest = ours
        rows = connection.exec_driver_sql(
            "SELECT hash FROM event WHERE kiosk = ? AND epoch = ? AND seq = ?"
            " AND prev IS NOT NULL",  # without a frame the hash is only what neighbours said
            (kiosk, kept.epoch, kept.head),
        )
        held = {row[0] for row in rows}
        detail: dict[str, str | int] = {"epoch": kept.epoch, "seq": kept.head, "through": through}
        if held and kept.hash not in held:
            key = f"fork:{kiosk}:{kept.epoch}:{kept.head}:{kept.hash[:16]}"
            incidents.note(connection, Trouble(key, "fork", kept.epoch, kiosk, detail), now_ms)
        elif kept.head < through and not newest:
            # The newest epoch still grows: an old hello that was delivered late proves nothing.
            key = f"journal-behind:{kiosk}:{kept.epoch}"
            trouble = Trouble(key, "journal-behind", kept.epoch, kiosk, detail)
            incidents.note(connection, trouble, now_ms)

    # --- what cannot be placed -------------------------------------------------------------

    def set_aside(self, connection: Connection, message: Message, reason: str, now_ms: int) -> None:
        """Keep a message that cannot be placed, and open or count its incident."""
        parsed = topics.parse_up(message.topic)
        kiosk = parsed.kiosk if parsed is not None and _is_kiosk(parsed.kiosk) else ""
        topic = message.topic[:256]
        kept = connection.exec_driver_sql(
            "SELECT count(*) FROM unreadable WHERE topic = ? AND reason = ?", (topic, reason)
        ).scalar_one()
        if kept < MAX_KEPT_UNREADABLE:
            connection.exec_driver_sql(
                "INSERT INTO unreadable (kiosk, topic, payload, properties, received_ms, reason)"
                " VALUES (?, ?, ?, ?, ?, ?)",
                (
                    kiosk,
                    topic,
                    message.payload[:MAX_UNREADABLE_BYTES],
                    json.dumps(dict(message.properties))[:MAX_UNREADABLE_BYTES],
                    now_ms,
                    reason,
                ),
            )
        key = f"unreadable:{topic}:{reason}"
        detail: dict[str, str | int] = {"topic": topic, "why": reason}
        incidents.note(connection, Trouble(key, "unreadable", topic, kiosk, detail, 1), now_ms)

    def _require_registered(self, connection: Connection, kiosk: str, now_ms: int) -> None:
        if kiosk in self._registered:
            return
        row = connection.exec_driver_sql("SELECT 1 FROM kiosk WHERE id = ?", (kiosk,)).first()
        key = f"unknown-kiosk:{kiosk}"
        if row is None:
            trouble = Trouble(key, "unknown-kiosk", kiosk, kiosk, {"kiosk": kiosk})
            incidents.note(connection, trouble, now_ms)
        else:
            incidents.close(connection, key, now_ms)
            self._registered.add(kiosk)


def sender(message: Message) -> str:
    """Whose the message is; "" for nobody's."""
    parsed = topics.parse_up(message.topic)
    return parsed.kiosk if parsed is not None else ""


def _is_kiosk(name: str) -> bool:
    if name == recording.KIOSK:
        return False  # the hub's own stream: nobody else writes it
    try:
        msgspec.convert(name, KioskId)
    except msgspec.ValidationError:
        return False
    return True
