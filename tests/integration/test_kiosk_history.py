"""How kiosks were: what the hub writes down, how hours become days, and the charts of it."""

import datetime as dt
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final, TypeVar
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Connection, select

from contract.events import DeviceChanged
from hub import db
from hub.fleet import history
from hub.fleet.history import DAY, DAY_MS, HOUR, HOUR_MS, MINUTE_MS, Period, Sample, Span
from hub.fleet.history_keeper import HistoryKeeper
from tests.integration.test_web_operator import signed_in
from tests.support.alarm_scene import say
from tests.support.fleet_scene import Fleet, kiosk_id, well
from tests.support.hub_site import HubSite, Place

T = TypeVar("T")

KIOSK: Final = "kiosk-east"
ZONE: Final = ZoneInfo("Asia/Shanghai")


@pytest.fixture
def site(tmp_path: Path) -> Iterator[HubSite]:
    found = HubSite(tmp_path)
    found.add_users()
    yield found
    found.close()


@pytest.fixture
def east(site: HubSite) -> Place:
    place = site.add_stop("east", "东门义仓站", "East Gate", ("锦江区", "Jinjiang"), "4K2P")
    site.now_ms -= site.now_ms % HOUR_MS
    return place


def keeper(site: HubSite) -> HistoryKeeper:
    return HistoryKeeper(site.reader, site.writer, lambda: site.now_ms, "Asia/Shanghai")


def hours(site: HubSite, span: str = HOUR) -> list[Period]:
    with site.reader.connect() as here:
        return history.periods(here, KIOSK, span, 0)


def put(site: HubSite, at_ms: int, **values: int) -> None:
    sample = Sample(KIOSK, True, **values)
    site.writer.call(lambda here: history.write(here, [sample], 0, at_ms))


def test_each_look_goes_into_its_hour(site: HubSite, east: Place) -> None:
    watch = keeper(site)
    for backlog, warm in ((4, 50.0), (9, 61.5), (0, 55.0)):
        say(site, KIOSK, told=well(backlog=backlog, temperature_c=warm, disk_free_mb=9_000))
        watch.look()
        site.now_ms += MINUTE_MS
    [one] = hours(site)
    assert one.start_ms == site.now_ms - 3 * MINUTE_MS
    assert one.backlog == Span(0, 9, 0)
    assert one.warm == Span(500, 615, 550)
    assert one.disk == Span(9_000, 9_000, 9_000)
    assert one.minutes == 3


class Counted:
    """The site's writer; ``calls`` counts how often anybody asks for it."""

    def __init__(self, site: HubSite) -> None:
        self._site: Final = site
        self.calls = 0

    def call(self, work: Callable[[Connection], T]) -> T:
        self.calls += 1
        return self._site.writer.call(work)


def test_an_hour_without_the_kiosk_has_no_row_and_costs_no_write(
    site: HubSite, east: Place
) -> None:
    writer = Counted(site)
    watch = HistoryKeeper(site.reader, writer, lambda: site.now_ms, "Asia/Shanghai")
    say(site, KIOSK, told=well())
    watch.look()
    assert writer.calls == 1
    say(site, KIOSK, online=False)
    for _ in range(5):
        site.now_ms += HOUR_MS
        watch.look()
    assert writer.calls == 1
    assert [one.minutes for one in hours(site)] == [1]


def test_an_online_that_nothing_follows_counts_no_minutes(site: HubSite, east: Place) -> None:
    watch = keeper(site)
    say(site, KIOSK, told=well())
    for _ in range(10):
        watch.look()
        site.now_ms += MINUTE_MS
    assert [one.minutes for one in hours(site)] == [3]


def test_events_and_printers_that_failed_are_counted_once(site: HubSite, east: Place) -> None:
    watch = keeper(site)
    say(site, KIOSK, told=well())
    watch.look()  # what came in before is history that nobody watched
    site.intake(east)
    site.intake(east)
    away = DeviceChanged(device="usb-1", kind="printer", ok=False, detail="out of paper")
    back = DeviceChanged(device="usb-1", kind="printer", ok=True)
    dead = DeviceChanged(device="serial-1", kind="scanner", ok=False)
    journal = east.journal
    site.receive(journal, [journal.write(one, site.now_ms) for one in (away, back, dead)])
    watch.look()
    watch.look()
    keeper(site).look()  # after a restart of the hub
    [one] = hours(site)
    assert (one.events, one.print_failures) == (7, 1)


def test_a_connection_is_counted_but_not_what_a_hub_hears_when_it_starts(
    site: HubSite, east: Place
) -> None:
    watch = keeper(site)
    say(site, KIOSK, told=well())
    watch.look()
    site.now_ms += MINUTE_MS
    say(site, KIOSK, told=well())  # the broker's retained status comes again
    watch.look()
    assert [one.reconnects for one in hours(site)] == [0]
    site.now_ms += MINUTE_MS
    say(site, KIOSK, online=False)
    say(site, KIOSK, told=well())
    watch.look()
    site.now_ms += MINUTE_MS
    watch.look()
    assert [one.reconnects for one in hours(site)] == [1]


def test_old_hours_become_whole_days_once_and_old_days_go(site: HubSite, east: Place) -> None:
    now = site.now_ms
    first = history.day_start_ms(now - 32 * DAY_MS, ZONE)
    put(site, first + HOUR_MS, backlog=5, warm=500, events=10)
    put(site, first + 5 * HOUR_MS, backlog=50, warm=610, disk=800, events=20, print_failures=1)
    put(site, first + 23 * HOUR_MS, backlog=1, disk=700, events=30, reconnects=2)
    put(site, first + DAY_MS, backlog=7)
    put(site, now - 29 * DAY_MS, backlog=3)
    put(site, now - 402 * DAY_MS, backlog=2)

    def roll(here: Connection) -> None:
        history.roll(here, now, ZONE)

    with site.reader.connect() as here:
        assert history.due(here, now, ZONE)
    site.writer.call(roll)
    days = hours(site, DAY)
    assert [one.start_ms for one in days] == [first, first + DAY_MS]
    assert days[0] == Period(
        first, Span(1, 50, 1), Span(500, 610, 610), Span(700, 800, 700), 3, 60, 2, 1
    )
    assert [one.backlog.last for one in hours(site)] == [3]
    with site.reader.connect() as here:
        assert not history.due(here, now, ZONE)
    site.writer.call(roll)
    assert hours(site, DAY) == days


def test_days_are_those_of_the_hubs_time_zone() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    noon = int(dt.datetime(2026, 10, 25, 12, tzinfo=berlin).timestamp() * 1000)
    start = history.day_start_ms(noon, berlin)
    assert noon - start == 13 * HOUR_MS, "the day on which clocks go back is an hour longer"


def test_a_day_has_no_more_minutes_than_it_has() -> None:
    one = history.of(Sample("x", True), 0)
    whole = one
    for _ in range(100):
        whole = whole.then(one, 60)
    assert whole.minutes == 60


def test_a_keeper_rolls_by_itself(site: HubSite, east: Place) -> None:
    put(site, site.now_ms - 40 * DAY_MS, backlog=5)
    keeper(site).look()
    assert len(hours(site, DAY)) == 1
    assert site.now_ms not in [one.start_ms for one in hours(site, DAY)]
    assert all(one.start_ms > site.now_ms - DAY_MS for one in hours(site))


def test_a_restored_hub_counts_on_from_what_it_has(site: HubSite, east: Place) -> None:
    site.writer.call(lambda here: history.write(here, [], 1_000_000, site.now_ms))
    keeper(site).look()
    with site.reader.connect() as here:
        newest = here.scalar(select(db.event.c.position).order_by(db.event.c.position.desc()))
        assert history.happened(here)[1] == {}
    say(site, KIOSK, told=well())
    keeper(site).look()
    with site.reader.connect() as here:
        assert history.cursor(here) == newest


# --- the page -------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HubSite]:
    found = HubSite(tmp_path_factory.mktemp("fleet"))
    found.add_users()
    Fleet(found).history()
    yield found
    found.close()


def section(html: str) -> str:
    return html.partition('id="history"')[2].partition("</section>")[0]


def test_a_kiosks_page_draws_its_last_days(fleet: HubSite) -> None:
    client = signed_in(fleet)
    html = section(client.get(f"/kiosks/{kiosk_id(2)}").text)
    names = re.findall(r"<dt>([^<]*)</dt>", html)
    assert names == [
        "Online",
        "Not yet sent",
        "Temperature",
        "Free disk",
        "Events",
        "Connections",
        "Printer failures",
    ]
    assert html.count("<svg") == len(names)
    assert 'aria-label="Not yet sent: most: 40"' in html
    lines = re.findall(r"<polyline", html.partition("Not yet sent")[2].partition("</svg>")[0])
    assert len(lines) == 2, "the night without a network is a gap"
    for days, name in ((1, "24 hours"), (30, "30 days"), (365, "a year")):
        html = section(client.get(f"/kiosks/{kiosk_id(2)}?days={days}").text)
        assert f'aria-current="true">{name}' in html
        assert "<svg" in html


def test_a_kiosk_of_which_nothing_is_known_yet_says_how_that_comes(fleet: HubSite) -> None:
    html = section(signed_in(fleet).get(f"/kiosks/{kiosk_id(16)}").text)
    assert "the hub writes down every minute" in html
    assert "<svg" not in html


def test_the_charts_are_there_as_a_table_and_as_files(fleet: HubSite) -> None:
    client = signed_in(fleet)
    page = client.get(f"/kiosks/{kiosk_id(2)}").text
    address = f"/kiosks/history?kiosk={kiosk_id(2)}"
    assert f'href="{address}"' in page
    html = client.get(address).text
    assert "Temperature at most, °C" in html
    rows = client.get(f"{address}&format=csv").text.splitlines()
    assert len(rows) == 1 + 33 * 24 - 9
    again = client.get(f"{address}&sort=kiosk").text
    after = re.search(r'rel="next" href="([^"]*)"', again)
    assert after is not None
    more = client.get(after[1].replace("&amp;", "&")).text
    assert re.findall(r"<time[^>]*>", more) != re.findall(r"<time[^>]*>", again)
