"""A kiosk is stolen: a real Mosquitto with the hub's accounts, a hub, and what still comes."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from contract import topics
from hub.access.audit import By
from hub.fleet import lifecycle, reviewing
from hub.fleet.lifecycle import Mark
from tests.support.broker_site import BrokerSite, acknowledged, send
from tests.support.events import Journal, message_of
from tests.support.hubdb import make_template
from tests.support.processes import until
from tests.support.stopwatch import Stopwatch

KIOSK: Final = "kiosk-b"
OPERATOR: Final = By("0123456789abcdef")
SOON_S: Final = 2.0


@pytest.fixture
def site(tmp_path: Path) -> Iterator[BrokerSite]:
    (tmp_path / "hub").mkdir()
    with BrokerSite(tmp_path, make_template(tmp_path / "hub" / "hub.sqlite3")) as running:
        yield running


def test_a_stolen_kiosk_is_cut_off_at_once_and_what_still_comes_waits_until_it_is_accepted(
    site: BrokerSite,
) -> None:
    call = site.hub.writer.call
    journal = Journal(KIOSK, "00AB")
    journal.start()
    journal.receive()
    before = list(journal.written)
    epoch = str(journal.epoch)
    site.allow(KIOSK)
    with site.broker.by_password(KIOSK) as kiosk:
        kiosk.subscribe(topics.down(KIOSK, topics.ACK))
        send(kiosk, message_of(before))
        until("it is acknowledged", lambda: acknowledged(kiosk, KIOSK, epoch) == len(before))
        with Stopwatch() as watch:
            marks = call(lambda here: lifecycle.revoke(here, KIOSK, "stolen", OPERATOR, 5))
            kiosk.wait_ended()
        assert watch.seconds < SOON_S
    assert marks == [Mark(epoch, len(before), before[-1].hash)]
    assert call(lambda here: lifecycle.marks(here, KIOSK)) == marks
    with Stopwatch() as watch:
        until("it may not come in again", lambda: not site.lets_in(KIOSK))
    assert watch.seconds < SOON_S

    # What the broker had taken before: here, by the test's own door.
    journal.receive()
    late = journal.written[len(before) :]
    with site.broker.spy() as listener, site.broker.spy() as broker:
        listener.subscribe(topics.down(KIOSK, topics.ACK))
        send(broker, message_of(before))  # once more: answered as ever
        until("that is acknowledged", lambda: acknowledged(listener, KIOSK, epoch) == len(before))
        send(broker, message_of(late))
        until(
            "it waits for review",
            lambda: call(lambda here: reviewing.count(here, KIOSK)) == len(late),
        )
        assert acknowledged(listener, KIOSK, epoch) == len(before)
    done = call(lambda here: reviewing.accept(here, KIOSK, (), OPERATOR, 6))
    assert (done.fresh, done.left) == (len(late), 0)
    with site.hub.reader.connect() as here:
        [row] = here.exec_driver_sql(
            "SELECT through, hash FROM stream WHERE kiosk = ? AND epoch = ?", (KIOSK, epoch)
        )
    assert tuple(row) == (len(journal.written), late[-1].hash)
