"""The one writer: nothing that a message holds ends it, nothing is answered before its COMMIT."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy import Connection, Engine

from contract import messages, topics
from contract.events import Contributed
from contract.messages import Hello
from contract.reference import Campaign, read_part
from hub import db
from hub.folds.item import fold_item
from hub.kiosks import catalogue
from hub.kiosks.outgoing import Send
from hub.kiosks.reference import Reference
from hub.log.event_log import EventLog
from hub.log.ingest import Ingest, Message
from hub.log.writer import Writer, WriterStoppedError
from hub.projections.projector import Projector
from tests.support.databases import DATABASES
from tests.support.events import Journal, message_of
from tests.support.hubdb import CONFORMANCE, make_template, problems_of
from tests.support.processes import until

NOW_MS = 1_800_000_000_000

PATIENCE_S = 20.0


class LostReference(Reference):
    """A part whose data cannot be put together."""

    def manifest(
        self, connection: Connection, now_ms: int
    ) -> tuple[dict[str, str], tuple[Send, ...]]:
        raise LookupError("lost")


class Outbox:
    """What was published, and how many events were on disk at that moment."""

    def __init__(self, path: Path) -> None:
        self.sent: list[Send] = []
        self.problems: list[str] = []
        self.on_disk: list[int] = []
        self._reader = db.open_reader(DATABASES.at(path))

    def publish(self, send: Send) -> None:
        with self._reader.connect() as connection:
            count = connection.exec_driver_sql("SELECT count(*) FROM event").scalar_one()
        self.on_disk.append(count)
        self.sent.append(send)
        self.problems += CONFORMANCE.problems(send.topic, send.payload, {})

    def close(self) -> None:
        self._reader.dispose()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return make_template(tmp_path / "hub.sqlite3")


@pytest.fixture
def engine(path: Path) -> Iterator[Engine]:
    opened = db.open_writer(DATABASES.at(path))
    yield opened
    opened.dispose()


@pytest.fixture
def outbox(path: Path) -> Iterator[Outbox]:
    opened = Outbox(path)
    yield opened
    opened.close()
    assert opened.problems == []


def make(engine: Engine, outbox: Outbox, reference: Reference) -> Writer:
    ingest = Ingest(EventLog(), reference)
    return Writer(engine, ingest, Projector(fold_item), outbox.publish, lambda: NOW_MS)


def post(writer: Writer, message: Message) -> None:
    """As the link does, with a message that the contract knows."""
    assert problems_of(message) == []
    writer.post(message)


def test_a_message_that_cannot_be_handled_is_set_aside_and_its_neighbours_are_answered(
    engine: Engine, outbox: Outbox
) -> None:
    journal = Journal("kiosk-a", "00AA")
    journal.start()
    journal.receive()
    hello = Message(topics.up("kiosk-a", topics.HELLO), messages.encode(Hello("0" * 16, ())), {})
    writer = make(engine, outbox, LostReference())
    for message in (message_of(journal.written[:1]), hello, message_of(journal.written[1:])):
        post(writer, message)  # before the start: they are one group
    writer.start()
    acks = [topics.down("kiosk-a", topics.ACK)] * 2
    until(
        "both acknowledgements",
        lambda: [send.topic for send in outbox.sent] == acks,
        deadline_s=PATIENCE_S,
    )
    aside = writer.call(
        lambda connection: connection.exec_driver_sql("SELECT reason FROM unreadable").all()
    )
    assert [row[0] for row in aside] == ["failed"]
    assert writer.healthy
    writer.stop()


def test_answers_leave_only_when_their_events_are_on_disk(engine: Engine, outbox: Outbox) -> None:
    journal = Journal("kiosk-a", "00AA")
    journal.start()
    writer = make(engine, outbox, Reference())
    writer.start()
    for _ in range(20):
        first = len(journal.written)
        journal.receive()
        post(writer, message_of(journal.written[first if first > 1 else 0 :]))
        until("an acknowledgement", lambda: bool(outbox.sent), deadline_s=PATIENCE_S)
        ack = messages.decode(outbox.sent.pop().payload, messages.Ack)
        assert outbox.on_disk.pop() >= ack.through
    writer.stop()


@pytest.mark.sqlite
def test_a_power_cut_behind_an_answer_takes_none_of_its_events(
    engine: Engine, outbox: Outbox
) -> None:
    commits: list[tuple[int, int]] = []

    @sa.event.listens_for(engine, "commit")
    def look(connection: Connection) -> None:
        count = connection.exec_driver_sql("SELECT count(*) FROM event").scalar_one()
        level = connection.exec_driver_sql("PRAGMA synchronous").scalar_one()
        commits.append((count, level))

    journal = Journal("kiosk-a", "00AA")
    journal.start()
    writer = make(engine, outbox, Reference())
    writer.start()
    for _ in range(3):
        journal.receive()
        post(writer, message_of(journal.written[-2 if len(journal.written) > 3 else 0 :]))
        until("an acknowledgement", lambda: bool(outbox.sent), deadline_s=PATIENCE_S)
        outbox.sent.clear()
    writer.stop()
    growing = [level for (before, _), (now, level) in pairwise([(0, 0), *commits]) if now > before]
    assert growing == [2, 2, 2]  # synced (FULL); what is only derived from events need not be
    assert any(level == 1 for _, level in commits)


def test_a_call_behind_a_failing_answer_is_told_instead_of_left_waiting(
    engine: Engine, outbox: Outbox
) -> None:
    class Broken(Outbox):
        def publish(self, send: Send) -> None:
            raise OSError("no line")

    broken = Broken(Path(str(engine.url.database)))
    journal = Journal("kiosk-a", "00AA")
    journal.start()
    writer = make(engine, broken, Reference())
    post(writer, message_of(journal.written))
    with ThreadPoolExecutor(1) as others:
        asked = others.submit(writer.call, lambda connection: 1)
        until("both in the queue", lambda: writer.waiting == 2, deadline_s=PATIENCE_S)
        writer.start()  # takes both at once
        with pytest.raises(OSError, match="no line"):
            asked.result(20)
    assert writer.call(lambda connection: 2) == 2
    writer.stop()
    broken.close()


def test_a_stopped_writer_refuses_changes_instead_of_forgetting_them(
    engine: Engine, outbox: Outbox
) -> None:
    writer = make(engine, outbox, Reference())
    writer.start()
    writer.stop()
    assert not writer.healthy
    with pytest.raises(WriterStoppedError):
        writer.call(lambda connection: None)


def test_kiosks_hear_when_another_tenth_of_a_campaign_is_given(
    engine: Engine, outbox: Outbox
) -> None:
    with engine.begin() as connection:
        rice = {"number": 1, "zh": "一勺米", "en": "A Spoon of Rice", "target": 20}
        catalogue.put(connection, "campaigns", [rice])
    writer = make(engine, outbox, Reference())
    writer.start()

    def told() -> list[int]:
        return [
            entry.given
            for send in outbox.sent
            if b'"campaigns":[{' in send.payload
            for entry in read_part("campaigns", [send.payload])
            if isinstance(entry, Campaign)
        ]

    def gives() -> None:
        journal.add(Contributed(session="5e55000000000001", campaign=1))
        post(writer, message_of(journal.written[-1:]))

    journal = Journal("kiosk-a", "00AA")
    journal.start()
    post(writer, message_of(journal.written))
    try:
        gives()
        gives()
        until("two spoons are a tenth of twenty", lambda: told()[-1:] == [2], deadline_s=PATIENCE_S)
        gives()
        gives()
        until("four are two tenths", lambda: told()[-1:] == [4], deadline_s=PATIENCE_S)
        assert 3 not in told()  # a spoon alone moves no box
    finally:
        writer.stop()
