"""Prices the day before, what was sold, and whether the box agreed: in the browser."""

import csv
import html
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from contract import events
from contract.actions import Verb, price_argument
from contract.codes import action_code
from hub.access.permissions import Role
from hub.web.listing.listing import PAGE_ROWS
from tests.integration.test_web_operator import signed_in, words
from tests.support.hub_site import HubSite, Place
from tests.support.pdf import codes_on, text_of

MARKET = "5e55000000000009"


@pytest.fixture
def site(tmp_path: Path) -> Iterator[HubSite]:
    found = HubSite(tmp_path)
    found.add_users()
    found.add_user("lead", Role.VOLUNTEER_LEAD)
    yield found
    found.close()


@pytest.fixture
def east(site: HubSite) -> Place:
    return site.add_stop("stop-east", "东门站", "East Gate", ("", ""), "0E0E")


def held(site: HubSite, place: Place, *bodies: events.Body) -> list[str]:
    """What happened at the market; the ids of these events."""
    site.now_ms += 60_000
    written = [place.journal.write(body, site.now_ms + n) for n, body in enumerate(bodies)]
    site.receive(place.journal, written)
    return [event.id for event in written]


def hidden(page: str) -> dict[str, str]:
    form = page[page.index("<main") :]
    return dict(re.findall(r'<input type="hidden" name="([a-z_]+)" value="([^"]*)"', form))


def price(client: FlaskClient, codes: str, yuan: str) -> tuple[int, str]:
    form = hidden(client.get("/market/prices").text) | {"codes": codes, "yuan": yuan}
    answer = client.post("/market/prices", data=form)
    return answer.status_code, words(answer.text)


def test_things_are_priced_and_their_labels_scan_as_prices(site: HubSite, east: Place) -> None:
    items = [site.intake(east, "T1") for _ in range(3)]
    client = signed_in(site, "lead")
    assert price(client, "\n".join(items[:2]), "5.5")[0] == 303
    labels = client.get("/market/prices/labels.pdf").data
    assert codes_on(labels) == [action_code(Verb.PRICE, price_argument(55))]
    assert items[0][-4:] in text_of(labels).replace(" ", "")
    assert "2 things in stock have a price" in words(client.get("/market/").text)


def test_no_labels_are_offered_while_nothing_has_a_price(site: HubSite, east: Place) -> None:
    client = signed_in(site, "lead")
    page = client.get("/market/prices").text
    assert "labels.pdf" not in page
    assert "Nothing that is free has a price yet" in words(page)
    assert price(client, site.intake(east, "T1"), "5")[0] == 303
    assert "labels.pdf" in client.get("/market/prices").text


@pytest.mark.parametrize(
    ("codes", "yuan", "told"),
    [
        ("{item}", "5.55", "A price in yuan"),
        ("{item}", "0", "A price in yuan"),
        ("{item}", "-3", "A price in yuan"),
        ("rice", "5", "“rice” is no item or box"),
        ("", "5", "Scan from 1 to"),
    ],
)
def test_a_price_that_cannot_be_says_why(
    site: HubSite, east: Place, codes: str, yuan: str, told: str
) -> None:
    item = site.intake(east)
    status, page = price(signed_in(site, "lead"), codes.format(item=item), yuan)
    assert (status, told in page) == (400, True)


def test_a_form_that_is_sent_again_with_another_price_says_so_and_keeps_what_was_typed(
    site: HubSite, east: Place
) -> None:
    """As somebody does who goes back, mends the price and sends the old page."""
    item = site.intake(east, "T1")
    client = signed_in(site, "lead")
    form = hidden(client.get("/market/prices").text) | {"codes": item, "yuan": "7"}
    assert [client.post("/market/prices", data=form).status_code for _ in range(2)] == [303, 303]
    again = client.post("/market/prices", data=form | {"yuan": "8"})
    assert (again.status_code, "was sent before" in words(again.text)) == (409, True)
    assert 'value="8"' in again.text
    mended = client.post("/market/prices", data=hidden(again.text) | {"codes": item, "yuan": "8"})
    assert mended.status_code == 303
    with site.reader.connect() as connection:
        assert connection.exec_driver_sql("SELECT price FROM item").scalars().all() == [80]


def test_what_was_taken_stands_beside_what_was_counted(site: HubSite, east: Place) -> None:
    item = site.intake(east, "T1")
    held(
        site,
        east,
        events.MarketOpened(market=MARKET),
        events.Sold(market=MARKET, price=55, item=item, pay="C"),
        events.Sold(market=MARKET, price=120, category="R1", pay="W"),
        events.Sold(market=MARKET, price=20, category="R1", pay="C"),
        events.SaleTakenBack(market=MARKET, price=20, pay="C"),
        events.MarketClosed(market=MARKET, sales=3, recorded=175, cash=55, counted=50),
    )
    client = signed_in(site)
    page = words(client.get(f"/market/{MARKET}").text)
    assert "Taken ¥17.50 Cash ¥5.50 WeChat Pay ¥12.00" in page
    assert "Cash by the sales ¥5.50" in page
    assert "Cash that was counted ¥5.00" in page
    assert re.search(r"Difference [-−]?¥?[-−]?0\.50", page)
    assert "differs" in words(client.get("/market/").text)
    assert "T1" not in page
    proceeds = words(client.get("/market/proceeds").text)
    assert "Toys 1 ¥5.50" in proceeds
    sales = client.get("/market/sales?format=csv")
    assert sales.status_code == 200
    assert len(sales.text.splitlines()) == 5
    told = client.get(f"/market/{MARKET}?format=csv").text.lstrip("\ufeff").splitlines()
    lines = [(one["What"], one["Item"], one["Amount"]) for one in csv.DictReader(told)]
    assert lines == [
        ("market opened", "", ""),
        ("sold", item, "5.50"),
        ("sold", "", "12.00"),
        ("sold", "", "2.00"),
        ("taken back", "", "-2.00"),
        ("market closed", "", "5.00"),
    ]


def test_a_market_of_more_than_a_page_adds_up_all_and_shows_it_page_by_page(
    site: HubSite, east: Place
) -> None:
    sales = [events.Sold(market=MARKET, price=10 + n, pay="C") for n in range(PAGE_ROWS + 2)]
    held(site, east, *sales)
    client = signed_in(site)
    first = client.get(f"/market/{MARKET}").text
    assert "Taken ¥184.60" in words(first)
    [after] = re.findall(r'rel="next" href="([^"]+)"', first)
    second = client.get(html.unescape(after)).text
    assert "Taken ¥184.60" in words(second)
    shown = [re.findall(r'data-label="Amount">¥([0-9.]+)<', page) for page in (first, second)]
    assert [len(rows) for rows in shown] == [PAGE_ROWS, 2]
    assert shown[0] + shown[1] == [f"{(10 + n) / 10:.2f}" for n in range(PAGE_ROWS + 2)]


def test_a_sale_that_was_undone_later_changes_what_was_taken(site: HubSite, east: Place) -> None:
    _, sold, _ = held(
        site,
        east,
        events.MarketOpened(market=MARKET),
        events.Sold(market=MARKET, price=55, category="T1", pay="C"),
        events.MarketClosed(market=MARKET, sales=1, recorded=55, cash=55, counted=0),
    )
    held(site, east, events.Voided(events=(sold,)))
    page = words(signed_in(site).get(f"/market/{MARKET}").text)
    assert "Taken ¥0.00" in page
    assert "the kiosk had added up ¥5.50" in page


def test_nobody_sees_another_stops_market(site: HubSite, east: Place) -> None:
    site.add_stop("stop-west", "西门站", "West Gate", ("", ""), "0W0W")
    site.add_user("west", Role.VOLUNTEER_LEAD, stops=["stop-west"])
    held(site, east, events.MarketOpened(market=MARKET))
    client = signed_in(site, "west")
    assert client.get(f"/market/{MARKET}").status_code == 403
    assert "No market yet" in words(client.get("/market/").text)
    assert client.get("/market/nothing").status_code == 404


def test_a_number_of_sales_leads_to_those_sales_and_no_others(site: HubSite, east: Place) -> None:
    """Of one category, until a month ends by the hub's clock; what came back is counted apart."""
    midnight = 1_796_054_400_000  # 1 December 2026 in Shanghai
    toy = site.intake(east, "T1")
    site.now_ms = midnight - 120_000
    held(
        site,
        east,
        events.Sold(market=MARKET, price=55, item=toy, pay="C"),
        events.Sold(market=MARKET, price=30, pay="C"),
        events.SaleTakenBack(market=MARKET, price=55, item=toy, pay="C"),
    )
    site.now_ms = midnight
    held(site, east, events.Sold(market=MARKET, price=20, category="T1", pay="C"))
    client = signed_in(site)

    def sales(page: str) -> list[list[str]]:
        """The amounts behind each number of sales, which are as many."""
        found = []
        for link, number in re.findall(r'<a href="(/market/sales\?[^"]+)">(\d+)</a>', page):
            told = client.get(f"{html.unescape(link)}&format=csv").text.lstrip("\ufeff")
            found.append([row["Amount"] for row in csv.DictReader(told.splitlines())])
            assert len(found[-1]) == int(number), link
        return found

    assert sales(client.get("/market/proceeds").text) == [["2.00"], ["5.50"], ["3.00"]]
    assert sorted(*sales(client.get("/market/").text)) == ["2.00", "3.00", "5.50"]
