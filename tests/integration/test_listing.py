"""Tables: whatever sorts and filters them, paging shows each row once and exports all of them."""

import csv
import io
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest
from flask.testing import FlaskClient
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Column as SqlColumn
from sqlalchemy import (
    Connection,
    Integer,
    MetaData,
    Row,
    String,
    Table,
    create_engine,
    insert,
    select,
)

from contract import events
from contract.codes import PLACE_IN
from hub.access.permissions import Role
from hub.web.listing import Column, Listing, MemorySource, SqlSource
from hub.web.listing.listing import Asked, Cursor, Source, read_cursor, write_cursor
from tests.integration.test_web_operator import signed_in, words
from tests.support.hub_scene import ADMINISTRATOR, Scene, a_scene
from tests.support.hub_site import HubSite

Thing = tuple[int, str, int | None]

THINGS: Final = Table(
    "thing",
    MetaData(),
    SqlColumn("id", Integer, primary_key=True),
    SqlColumn("name", String, nullable=False),
    SqlColumn("age", Integer),
)


def _made(_connection: Connection, found: object) -> list[Thing]:
    assert isinstance(found, list)
    rows: list[Row[tuple[int, str, int | None]]] = found
    return [(row.id, row.name, row.age) for row in rows]


def things(source: Source[Thing]) -> Listing[Thing]:
    return Listing[Thing](
        name="things",
        title="Things",
        order="id",
        empty="",
        source=source,
        columns=(
            Column("id", "id", lambda row: row[0], sort=THINGS.c.id),
            Column("name", "name", lambda row: row[1], sort=THINGS.c.name),
            Column("age", "age", lambda row: row[2], sort=THINGS.c.age),
        ),
    )


def in_order(rows: list[Thing], key: str, descending: bool) -> list[Thing]:
    at = ("id", "name", "age").index(key)
    filled = [row for row in rows if row[at] is not None]
    empty = [row for row in rows if row[at] is None]
    for group in (filled, empty):
        group.sort(key=lambda row: (row[at] or 0 if at != 1 else row[1], row[0]))
        if descending:
            group.reverse()
    return filled + empty


@settings(max_examples=60, deadline=None)
@given(
    values=st.lists(
        st.tuples(st.sampled_from("aAbé中"), st.none() | st.integers(0, 3)), max_size=23
    ),
    key=st.sampled_from(["id", "name", "age"]),
    descending=st.booleans(),
    size=st.integers(1, 7),
)
def test_paging_there_and_back_shows_every_row_once_in_order(
    values: list[tuple[str, int | None]], key: str, descending: bool, size: int
) -> None:
    rows: list[Thing] = [(number, name, age) for number, (name, age) in enumerate(values)]
    engine = create_engine("sqlite://")
    source = SqlSource[Thing](select=select(THINGS), key=(THINGS.c.id,), rows=_made)
    listing = things(source)
    with engine.connect() as connection:
        THINGS.create(connection)
        if rows:
            names = ("id", "name", "age")
            given_rows = [dict(zip(names, row, strict=True)) for row in rows]
            connection.execute(insert(THINGS), given_rows)
        wanted = in_order(rows, key, descending)
        seen: list[Thing] = []
        after: Cursor | None = None
        pages = []
        while True:
            page = source.page(connection, listing, Asked(key, descending, {}, after=after), size)
            seen += page.rows
            pages.append(list(page.rows))
            assert (page.before is None) == (len(pages) == 1)
            if page.after is None:
                break
            after = read_cursor(write_cursor(page.after))
            assert after == page.after
        assert seen == wanted
        back = []
        while page.before is not None:
            asked = Asked(key, descending, {}, before=page.before)
            page = source.page(connection, listing, asked, size)
            back.append(list(page.rows))
        assert back == pages[-2::-1]
        connection.commit()
        assert list(source.every(connection, listing, Asked(key, descending, {}))) == wanted


def test_rows_that_python_made_page_the_same_way(tmp_path: Path) -> None:
    rows: list[Thing] = [(number, "x", number % 3 or None) for number in range(10)]
    source = MemorySource[Thing](rows=lambda _connection: rows)
    listing = things(source)
    with create_engine("sqlite://").connect() as connection:
        first = source.page(connection, listing, Asked("age", False, {}), 4)
        assert [row[2] for row in first.rows] == [1, 1, 1, 2]
        assert first.before is None
        second = source.page(connection, listing, Asked("age", False, {}, after=first.after), 4)
        again = source.page(connection, listing, Asked("age", False, {}, before=second.before), 4)
        assert again.rows == first.rows


@pytest.mark.parametrize("text", ["", "x", "W10", "bnVsbA", "é", "A" * 5000, "W251bGwsW11d"])
def test_a_cursor_that_nobody_wrote_is_none(text: str) -> None:
    assert read_cursor(text) is None


# --- the pages -----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    with a_scene(tmp_path_factory.mktemp("hub")) as found:
        yield found


@pytest.fixture(scope="module")
def client(scene: Scene) -> FlaskClient:
    return signed_in(scene.site)


def rows_of(html: str) -> list[str]:
    body = re.search(r"<tbody.*?</tbody>", html, re.DOTALL)
    return [] if body is None else [words(row) for row in body[0].split("</tr>")[:-1]]


def test_filters_in_the_address_leave_what_they_say(scene: Scene, client: FlaskClient) -> None:
    page = client.get("/stock/items?status=delivered&stop=east").text
    shown = rows_of(page)
    assert len(shown) == 13
    assert all("Delivered" in row and "East Gate" in row for row in shown)
    assert "13 rows" in page
    assert "Show everything" in page


def test_a_figure_of_the_board_is_the_length_of_the_list_behind_it(
    scene: Scene, client: FlaskClient
) -> None:
    here = client.get("/stock/items?stop=east&status=in_stock").text
    assert len(rows_of(here)) == 2


def test_each_title_sorts_and_says_so(client: FlaskClient) -> None:
    page = client.get("/stock/items?sort=-received").text
    assert 'aria-sort="descending"><a class="sort" href="/stock/items?sort=received"' in page
    assert rows_of(page) != rows_of(client.get("/stock/items?sort=received").text)


@pytest.mark.parametrize(
    "query",
    [
        "sort=nothing",
        "sort=-",
        "after=%00",
        "after=WzFd&sort=code",
        "after=WyJhIiwiYiJd",
        "before=WzE4NDQ2NzQ0MDczNzA5NTUxNjE2XQ",
        "stop=%00&status=%F0%9F%98%80",
        "expiry_from=2026-13-40&received_to=x",
        "age=99999999999999999999",
        "age=-1",
        "gtin=%27%22%3B--",
        "code=%25_",
        "received_from=0001-01-01&received_to=9999-12-31",
    ],
)
@pytest.mark.parametrize("path", ["/stock/items", "/events"])
def test_nothing_that_stands_in_an_address_breaks_a_table(
    client: FlaskClient, path: str, query: str
) -> None:
    assert client.get(f"{path}?{query}").status_code == 200


def test_an_export_has_every_row_that_the_filters_leave_and_is_noted(
    scene: Scene, client: FlaskClient
) -> None:
    answer = client.get("/events?type=received&format=csv")
    assert answer.headers["Content-Type"].startswith("text/csv; charset=utf-8")
    assert 'filename="events-2026-11-03.csv"' in answer.headers["Content-Disposition"]
    read = list(csv.DictReader(io.StringIO(answer.data.decode("utf-8-sig"))))
    wanted = len(rows_of(client.get("/events?type=received").text))
    assert len(read) == wanted
    assert {row["Type in the log"] for row in read} == {"received"}
    with scene.site.reader.connect() as connection:
        query = "SELECT subject, detail FROM audit WHERE what = 'table.exported' ORDER BY id DESC"
        subject, detail = tuple(connection.exec_driver_sql(query).first() or ())
    assert subject == "events"
    assert json.loads(detail) == {"format": "csv", "filters": {"type": "received"}}


def test_a_workbook_is_one(client: FlaskClient) -> None:
    answer = client.get("/stock/items?format=xlsx")
    assert answer.status_code == 200
    assert answer.data.startswith(b"PK")


def test_who_may_not_export_is_offered_none_and_gets_none(scene: Scene) -> None:
    viewer = signed_in(scene.site, "viewer")
    assert "XLSX" not in viewer.get("/stock/items").text
    assert viewer.get("/stock/items?format=csv").status_code == 403


def test_a_scope_shows_its_stops_alone(scene: Scene) -> None:
    scene.site.add_user("river", Role.VIEWER, stops=["river"])
    shown = rows_of(signed_in(scene.site, "river").get("/stock/items").text)
    assert shown
    assert all("Riverside" in row for row in shown)


def test_days_find_the_events_recorded_in_them(client: FlaskClient) -> None:
    everything = client.get("/events?type=received").text
    before = client.get("/events?type=received&day_to=2026-10-31").text
    november = client.get("/events?type=received&day_from=2026-11-01").text
    assert rows_of(before)
    assert rows_of(november) + rows_of(before) == rows_of(everything)


def test_a_day_of_a_table_begins_at_midnight_by_the_hubs_clock(tmp_path: Path) -> None:
    site = HubSite(tmp_path)
    site.add_users()
    east = site.add_stop("stop-east", "东门站", "East Gate", ("", ""), "0E0E")
    first_of_december_ms = 1_796_054_400_000  # in Shanghai
    for minute in (-1, 0):
        site.now_ms = first_of_december_ms + minute * 60_000
        site.intake(east)
    client = signed_in(site)
    for days, moment in (
        ("day_to=2026-11-30", "2026-11-30 23:59:00"),
        ("day_from=2026-12-01", "2026-12-01 00:00:00"),
    ):
        told = client.get(f"/events?type=received&format=csv&{days}").text.lstrip("\ufeff")
        [row] = csv.DictReader(io.StringIO(told))
        assert moment in row.values()
    site.close()


def test_lots_and_retail_codes_are_found_in_the_wide_letters_of_an_input_method(
    tmp_path: Path,
) -> None:
    site = HubSite(tmp_path)
    site.add_users()
    east = site.add_stop("stop-east", "东门站", "East Gate", ("", ""), "0E0E")
    code = east.journal.code()
    received = events.Received(
        session=east.journal.session,
        item=code,
        category="F1",
        place=PLACE_IN,
        retail=events.Retail(gtin="06901234567892", lot="A1"),
    )
    site.receive(east.journal, [east.journal.write(received, site.now_ms)])
    site.intake(east)
    client = signed_in(site)
    for wanted in ("lot=Ａ１", "gtin=６９０１２３４５６７８９２"):
        told = client.get(f"/stock/items?format=csv&{wanted}").text.lstrip("\ufeff")
        assert [row["Code"] for row in csv.DictReader(io.StringIO(told))] == [code], wanted
    assert "lot=A1" in client.get("/search?q=Ａ１").text
    site.close()


def test_an_empty_table_teaches(tmp_path: Path) -> None:
    site = HubSite(tmp_path)
    site.add_users()
    page = signed_in(site).get("/stock/items").text
    assert "Scan a retail code or a category card at a kiosk" in page
    site.close()


# --- the search box ------------------------------------------------------------------------------


def search(client: FlaskClient, typed: str) -> str | None:
    page = client.get("/search").text
    token = re.search(r'name="csrf_token" value="([^"]+)"', page)
    assert token is not None
    answer = client.post("/search", data={"q": typed, "csrf_token": token[1]})
    return answer.location


def test_what_is_scanned_into_the_search_box_leads_to_it(scene: Scene, client: FlaskClient) -> None:
    assert search(client, f"{scene.free.lower()}\r") == f"/items/{scene.free}"
    assert search(client, "KIOSK-east") == "/kiosks/kiosk-east"
    assert (search(client, scene.plan) or "").endswith(scene.plan)
    assert (search(client, "east gate") or "") == "/search?q=east+gate"
    assert "East Gate" in client.get("/search?q=east+gate").text


def test_a_familys_slip_in_the_search_box_stands_nowhere_afterwards(client: FlaskClient) -> None:
    slip = "F000000000000001JZ"
    assert search(client, slip) is None
    page = client.get(f"/search?q={slip}").text
    assert "That is a personal code" in page
    assert slip not in page


def test_search_finds_only_what_the_scope_holds(scene: Scene) -> None:
    scene.site.add_user("shore", Role.OPERATOR, stops=["river"])
    client = signed_in(scene.site, "shore")
    assert (search(client, scene.free) or "").startswith("/search?q=")
    assert "East Gate" not in words(client.get("/search?q=east").text)


def test_the_navigation_shows_what_the_role_may_open(scene: Scene) -> None:
    viewer = signed_in(scene.site, "viewer").get("/board").text
    assert 'href="/stock/items"' in viewer
    assert 'href="/quarantine"' not in viewer  # neither there nor on the page itself
    assert 'href="/accounts"' not in viewer
    assert 'href="/accounts"' in signed_in(scene.site, ADMINISTRATOR).get("/board").text
