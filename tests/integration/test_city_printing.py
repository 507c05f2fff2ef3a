"""Where the hub is several processes, whoever orders labels need not be who talks to kiosks."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Connection

from contract import messages, topics
from contract.codes import Kind
from contract.messages import Command, Hello, Reply
from hub import db
from hub.access.audit import By
from hub.city import SharedWriter
from hub.printing import label_orders
from tests.support.broker import Mosquitto
from tests.support.city import City, at_work
from tests.support.databases import on_postgresql as on_postgresql
from tests.support.processes import until
from tests.support.publisher import Publisher
from tests.support.tap import Heard, Tap

KIOSK = "kiosk-a"
NOW = 1_793_678_400_000


@pytest.fixture
def city(tmp_path: Path, mosquitto: Mosquitto) -> Iterator[City]:
    with City(tmp_path, mosquitto) as made:
        yield made


def test_a_roll_ordered_at_one_process_is_sent_and_answered_by_others(
    city: City, mosquitto: Mosquitto, tap: Tap
) -> None:
    projector = city.start("project")
    worker = city.start("ingest")
    until("the hub is there", lambda: at_work([projector]) and "ready" in worker.output)
    engine = db.open_writer(city.url)

    def roll(connection: Connection) -> tuple[str, str]:
        return label_orders.print_roll(
            connection, Kind.ITEM, 3, "stop-1", KIOSK, By("00000000000000a1"), NOW
        )

    _prefix, command = SharedWriter(engine).call(roll)
    engine.dispose()
    first = until("it is sent", lambda: told(tap))[0]
    asked = messages.decode(first.payload, Command)
    assert (asked.id, len(asked.labels), asked.known) == (command, 3, False)
    lost = asked.labels[1].code
    with Publisher(mosquitto.host, mosquitto.port) as kiosk:
        said = Reply(command, True, "", "printing", 1, 1, (lost,))
        kiosk.send(topics.up(KIOSK, topics.REPLY), messages.encode(said))
        until("the label in doubt is given up", lambda: voided(city) == [lost])
        kiosk.send(topics.up(KIOSK, topics.HELLO), messages.encode(Hello("0" * 16, ())))
        again = until("it is asked again", lambda: told(tap)[1:])[0]
        assert messages.decode(again.payload, Command).known
        done = messages.encode(Reply(command, True, "", "done", 2, 0, (lost,)))
        kiosk.send(topics.up(KIOSK, topics.REPLY), done)
    until(
        "its end is known",
        lambda: city.rows("SELECT state, printed FROM command") == [("done", 2)],
    )


def told(tap: Tap) -> list[Heard]:
    """The commands that went through the broker."""
    return tap.heard(topics.COMMAND, KIOSK)


def voided(city: City) -> list[object]:
    """The labels that the hub gave up."""
    query = (
        "SELECT subject FROM touch JOIN event ON event.id = event_id WHERE type = 'label.voided'"
    )
    return [row[0] for row in city.rows(query)]
