"""The hub looks by itself for what only time makes wrong."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from contract import events
from hub import db
from hub.folds.item import fold_item
from hub.kiosks.reference import Reference
from hub.log.event_log import EventLog
from hub.log.ingest import Ingest
from hub.log.writer import Writer
from hub.overdue_watch import OverdueWatch
from hub.projections.projector import Projector
from hub.stock.stock_actions import Dispose
from hub.stock.stock_changes import Keeper, carry_out
from tests.support.hub_site import DAY_MS, HubSite
from tests.support.processes import until


@pytest.fixture
def site(tmp_path: Path) -> Iterator[HubSite]:
    found = HubSite(tmp_path)
    yield found
    found.close()


def open_now(site: HubSite) -> list[str]:
    table = db.incident.c
    with site.reader.connect() as connection:
        rows = connection.scalars(sa.select(table.kind).where(table.closed_ms.is_(None)))
        return sorted(rows)


def test_what_passes_its_date_overnight_is_an_incident_without_any_scan(site: HubSite) -> None:
    east = site.add_stop("east", "东门", "East", ("锦江区", "Jinjiang"), "4K2P")
    item = site.intake(east, "F1")
    read = east.journal.write(events.ExpirySet(items=(item,), month="2026-11"), site.now_ms)
    site.receive(east.journal, [read])
    writer = Writer(
        site.writer.engine,
        Ingest(EventLog(), Reference()),
        Projector(fold_item),
        lambda _: None,
        lambda: site.now_ms,
    )
    watch = OverdueWatch(writer, lambda: site.now_ms, "Asia/Shanghai", every_s=0.05)
    writer.start()
    watch.start()
    try:
        writer.call(lambda _: None)
        assert open_now(site) == []
        site.now_ms += 28 * DAY_MS
        until("the date has passed", lambda: open_now(site) == ["past-expiry"])
        keeper = Keeper("00000000000000a1", lambda _stop: True)
        gone = Dispose((item,), "X")
        writer.call(lambda writing: carry_out(writing, gone, keeper, now_ms=site.now_ms))
        until("it is gone", lambda: open_now(site) == [])
    finally:
        watch.stop()
        writer.stop()
