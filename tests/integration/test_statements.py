"""A month is closed once, adds up, and is never changed by what arrives later."""

import csv
import hashlib
import html
import io
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from flask.testing import FlaskClient

from contract import codes, events
from contract.codes import Kind
from hub.access.permissions import Role
from tests.integration.test_web_operator import csrf, signed_in, words
from tests.support.hub_site import DAY_MS, NOON, HubSite, Place
from tests.support.pdf import text_of

PLAN = codes.serial_code(Kind.PLAN, "00ZZ", 1)
MARKET = "5e55000000000009"


class Books(HubSite):
    """A hub with one stop, whose October was: six in, two delivered, one sold."""

    def __init__(self, directory: Path) -> None:
        super().__init__(directory)
        self.add_users()
        self.add_user("manager", Role.WAREHOUSE_MANAGER)
        self.now_ms = NOON - 20 * DAY_MS
        self.east: Place = self.add_stop(
            "stop-east", "东门站", "East Gate", ("武侯区", "Wuhou"), "0E0E"
        )
        journal = self.east.journal
        at = self.now_ms
        self.items = [journal.code() for _ in range(6)]
        written = []
        for item in self.items:
            at += 1_000
            body = events.Received(
                session=journal.session, item=item, category="F1", place=codes.PLACE_IN
            )
            written.append(journal.write(body, at))
            label = events.LabelAttached(item=item, how="printed")
            written.append(journal.write(label, at))
        out = events.Out(plan=PLAN, items=tuple(self.items[:3]))
        written.append(journal.write(out, at + 1_000))
        delivered = events.Delivered(plan=PLAN, items=tuple(self.items[:2]))
        written.append(journal.write(delivered, at + 2_000))
        sold = events.Sold(market=MARKET, price=55, item=self.items[5], pay="C")
        written.append(journal.write(sold, at + 3_000))
        closed = events.MarketClosed(market=MARKET, sales=1, recorded=55, cash=55, counted=50)
        written.append(journal.write(closed, at + 4_000))
        self.receive(journal, written)
        self.at = at + 10_000
        self.now_ms = NOON

    def query(self, text: str) -> list[tuple[Any, ...]]:
        """What the database holds."""
        with self.reader.connect() as connection:
            return [tuple(row) for row in connection.exec_driver_sql(text)]


@pytest.fixture
def books(tmp_path: Path) -> Iterator[Books]:
    found = Books(tmp_path)
    yield found
    found.close()


def test_a_month_is_closed_only_after_asking(books: Books) -> None:
    client = signed_in(books, "manager")
    page = client.get("/months").text
    assert 'href="/months/close"' in page
    assert 'action="/months"' not in page
    asked = client.get("/months/close").text
    assert "Close October 2026?" in asked
    assert "cannot be undone" in asked
    assert closed_months(books) == 0
    fields = dict(
        re.findall(r'name="(\w+)" value="([^"]*)"', asked.partition('action="/months"')[2])
    )
    assert client.post("/months", data=fields).status_code == 303
    assert client.get("/months/close").status_code == 409, "November is not over yet"


def closed_months(books: Books) -> int:
    """How many months are closed."""
    [(n,)] = books.query("SELECT COUNT(*) FROM statement")
    return int(n)


def close(client: FlaskClient, month: str = "2026-10") -> tuple[int, str | None]:
    form = {"month": month, "csrf_token": csrf(client, "/months")}
    answer = client.post("/months", data=form)
    return answer.status_code, answer.location


def test_a_month_is_shown_closed_and_kept(books: Books) -> None:
    client = signed_in(books, "manager")
    page = words(client.get("/months").text)
    assert "Next: October 2026" in page
    assert "Rice, flour, oil 0 6 · · · 6 2 1 · · · 3 3 2 1 ·" in page
    assert "East Gate Cash 1 5.50 0.00 5.50 5.00" in page
    assert close(client) == (303, "/months/1")
    statement = words(client.get("/months/1").text)
    assert "Statement 1: October 2026" in statement
    assert "Rice, flour, oil 0 6 · · · 6 2 1 · · · 3 3 2 1 ·" in statement
    for item in (books.items[3], books.items[4]):
        assert codes.grouped(item) in statement, "items that are there are drawn to be found"
    assert close(client) == (409, None)
    assert close(client, "2026-11") == (409, None)
    assert "Next: November 2026" in words(client.get("/months").text)


def test_its_digest_is_in_an_event_and_anybody_can_compute_it(books: Books) -> None:
    client = signed_in(books, "manager")
    close(client)
    text = client.get("/months/1/statement.json").data
    [raw] = books.query("SELECT raw FROM event WHERE type = 'month.closed'")
    body = events.decode(raw[0]).public.body
    assert isinstance(body, events.MonthClosed)
    assert body.digest == hashlib.sha256(text).hexdigest()
    hashes = books.query(
        f"SELECT hash FROM event WHERE position <= {body.position} ORDER BY position"
    )
    state = hashlib.sha256(bytes(32))
    for (one,) in hashes:
        state.update(bytes.fromhex(one))
    assert body.head == state.hexdigest()


def test_what_arrives_late_is_a_dated_restatement_and_changes_no_closed_figure(
    books: Books,
) -> None:
    client = signed_in(books, "manager")
    close(client)
    before = client.get("/months/1/statement.json").data
    journal = books.east.journal
    delivered = events.Delivered(plan=PLAN, items=(books.items[2],))
    books.receive(journal, [journal.write(delivered, books.at)])
    page = words(client.get("/months/1").text)
    assert "Told differently now" in page
    assert "East Gate Rice, flour, oil Delivered 2 3" in page
    assert "East Gate Rice, flour, oil Closing 3 2" in page
    assert codes.grouped(books.items[2]) in page
    assert client.get("/months/1/statement.json").data == before
    form = {"csrf_token": csrf(client, "/months/1")}
    assert client.post("/months/1/restate", data=form).status_code == 303
    page = words(client.get("/months/1").text)
    assert "Told differently now" not in page
    assert "Restated 3 Nov 12:00" in page
    assert client.get("/months/1/statement.json").data == before
    assert client.post("/months/1/restate", data=form).status_code == 409


def test_of_very_much_that_arrived_late_all_can_be_listed(books: Books) -> None:
    client = signed_in(books, "manager")
    close(client)
    journal = books.east.journal
    late = [
        journal.write(
            events.Received(
                session=journal.session, item=journal.code(), category="C1", place=codes.PLACE_IN
            ),
            books.at + n,
        )
        for n in range(103)
    ]
    books.receive(journal, late)
    page = client.get("/months/1").text
    [where, told] = re.findall(r'<a href="([^"]*known=[^"]*)">([^<]*)</a>', page)[0]
    assert told == "and 3 more: show all"
    listed = {row["Item"] for row in rows_of(client, html.unescape(where))}
    assert len(listed) == 103
    assert not listed & set(books.items)


def test_a_month_opens_with_what_the_last_one_closed_with_or_its_restatement_says_why(
    books: Books,
) -> None:
    client = signed_in(books, "manager")
    close(client)
    journal = books.east.journal
    delivered = events.Delivered(plan=PLAN, items=(books.items[2],))
    books.receive(journal, [journal.write(delivered, books.at)])
    books.now_ms = NOON + 31 * DAY_MS
    client = signed_in(books, "manager")
    assert close(client, "2026-11") == (303, "/months/2")
    october = words(client.get("/months/1").text)
    assert "Told differently now" not in october
    assert "Restated 4 Dec 12:00" in october
    assert "East Gate Rice, flour, oil Closing 3 2" in october
    november = words(client.get("/months/2").text)
    assert "Rice, flour, oil 2 · · · · 0 · · · · · 0 2" in november
    assert books.query("SELECT number FROM restatement") == [(1,)]


def test_money_that_is_told_later_is_a_restatement_too(books: Books) -> None:
    client = signed_in(books, "manager")
    close(client)
    journal = books.east.journal
    sale = events.Sold(market=MARKET, price=12, pay="W")
    counted = events.MarketClosed(market=MARKET, sales=1, recorded=55, cash=55, counted=5)
    books.receive(journal, [journal.write(sale, books.at), journal.write(counted, books.at + 1)])
    page = words(client.get("/months/1").text)
    assert "Told differently now" in page
    assert "East Gate Market, WeChat Pay Sales 0 1" in page
    assert "East Gate Market, WeChat Pay Sold (yuan) 0.00 1.20" in page
    assert "East Gate Market, Cash Cash counted (yuan) 5.00 5.50" in page
    form = {"csrf_token": csrf(client, "/months/1")}
    assert client.post("/months/1/restate", data=form).status_code == 303
    page = words(client.get("/months/1").text)
    assert "Told differently now" not in page
    assert "East Gate Market, WeChat Pay Sales 0 1" in page


def test_cash_that_was_counted_where_no_cash_sale_was_recorded_is_told(books: Books) -> None:
    books.now_ms = NOON - 20 * DAY_MS
    west = books.add_stop("stop-west", "西门站", "West Gate", ("", ""), "0W0W")
    market = "5e55000000000010"
    sold = events.Sold(market=market, price=12, pay="W")
    counted = events.MarketClosed(market=market, sales=1, recorded=12, cash=0, counted=30)
    books.receive(west.journal, [west.journal.write(one, books.now_ms) for one in (sold, counted)])
    books.now_ms = NOON
    page = words(signed_in(books, "manager").get("/months").text)
    assert "West Gate WeChat Pay 1 1.20 0.00 1.20" in page
    assert "West Gate Cash 0 0.00 0.00 0.00 3.00" in page


def test_kiosks_that_were_not_heard_from_are_named(books: Books) -> None:
    client = signed_in(books, "manager")
    page = words(client.get("/months").text)
    assert "Not yet heard from" in page
    assert books.east.journal.kiosk in page
    assert "1 kiosk was not heard from since the month ended" in page


@pytest.mark.parametrize("name", ["viewer", "operator"])
def test_only_who_may_close_a_month_can(books: Books, name: str) -> None:
    client = signed_in(books, name)
    page = client.get("/months")
    assert page.status_code == 200
    assert 'href="/months/close"' not in page.text
    assert client.get("/months/close").status_code == 403
    form = {"month": "2026-10", "csrf_token": csrf(client, "/months")}
    assert client.post("/months", data=form).status_code == 403


def test_a_month_that_is_not_over_cannot_be_closed(books: Books) -> None:
    books.now_ms = NOON - 10 * DAY_MS
    client = signed_in(books, "manager")
    assert "This month is not over yet" in words(client.get("/months").text)
    assert close(client) == (409, None)


def test_books_that_do_not_add_up_are_neither_closed_nor_told_anew_and_say_what_helps(
    books: Books,
) -> None:
    client = signed_in(books, "manager")
    damage = "UPDATE ledger SET received = received + 1, here = here + 1 WHERE month = '{}'"
    assert close(client)[0] == 303
    books.writer.call(lambda here: here.exec_driver_sql(damage.format("2026-10")))
    token = {"csrf_token": csrf(client, "/months")}
    told = client.post("/months/1/restate", data=token)
    assert told.status_code == 409
    assert "The figures do not add up now: rebuild the hub." in words(told.text)
    books.now_ms += 31 * DAY_MS
    client = signed_in(books, "manager")
    token = {"csrf_token": csrf(client, "/months")}
    refused = client.post("/months", data={"month": "2026-11", **token})
    assert refused.status_code == 409
    assert "Have somebody run: yicang hub rebuild" in words(refused.text)
    assert closed_months(books) == 1


def test_the_ledger_is_a_workbook_of_numbers_and_a_page_to_sign(books: Books) -> None:
    client = signed_in(books, "manager")
    close(client)
    with zipfile.ZipFile(io.BytesIO(client.get("/months/1/statement.xlsx").data)) as book:
        sheet = book.read("xl/worksheets/sheet1.xml").decode()
        strings = book.read("xl/sharedStrings.xml").decode()
    assert "<f>" not in sheet
    assert "期初结存" in strings
    assert "期末结存" in strings
    assert re.search(r"<v>6</v>", sheet)
    text = text_of(client.get("/months/1/statement.pdf").data)
    assert "义仓物资进销存月报" in text
    assert "期末结存" in text
    assert "5.50" in text


def test_an_empty_hub_says_what_will_stand_here(tmp_path: Path) -> None:
    site = HubSite(tmp_path)
    site.add_users()
    page = words(signed_in(site).get("/months").text)
    site.close()
    assert "Nothing has come in yet" in page


def test_a_month_is_closed_over_the_api_once(books: Books) -> None:
    token = books.token(Role.WAREHOUSE_MANAGER)
    client = books.client()
    headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": str(UUID(int=5))}
    assert client.get("/api/v1/months", headers=headers).get_json() == {
        "months": [],
        "next": "2026-10",
    }
    first = client.post("/api/v1/months", json={"month": "2026-10"}, headers=headers)
    again = client.post("/api/v1/months", json={"month": "2026-10"}, headers=headers)
    assert (first.status_code, again.status_code) == (200, 200)
    assert again.get_json() == first.get_json()
    other = client.post("/api/v1/months", json={"month": "2026-11"}, headers=headers)
    assert other.status_code == 422
    del headers["Idempotency-Key"]
    assert (
        client.post("/api/v1/months", json={"month": "2026-10"}, headers=headers).status_code == 409
    )
    told = client.get("/api/v1/months/1", headers=headers).get_json()
    assert told["statement"]["lines"][0]["closing"] == 3
    assert told["changed"] == []
    wrong = client.post("/api/v1/months", json={"month": "October"}, headers=headers)
    assert (wrong.status_code, wrong.get_json()["parameter"]) == (400, "month")
    assert client.post("/api/v1/months", data="x", headers=headers).status_code == 415
    viewer = {"Authorization": f"Bearer {books.token()}"}
    assert (
        client.post("/api/v1/months", json={"month": "2026-11"}, headers=viewer).status_code == 403
    )


def figures(page: str) -> list[tuple[str, int]]:
    """Where each figure of the ledgers leads, and the figure."""
    found = re.findall(r'<a href="(/reports/movements\?[^"]*)">([0-9,]+)</a>', page)
    return [(html.unescape(where), int(n.replace(",", ""))) for where, n in found]


def pieces(client: FlaskClient, where: str) -> int:
    """All that the list behind a figure adds up to."""
    return sum(int(row["Pieces"]) for row in rows_of(client, where))


def rows_of(client: FlaskClient, where: str) -> list[dict[str, str]]:
    text = client.get(f"{where}&format=csv").text.lstrip("\ufeff")
    return list(csv.DictReader(io.StringIO(text)))


def standing(client: FlaskClient, where: str) -> int:
    """Pieces that came to stand as the address says, less those that no longer do."""
    kind, stop = re.findall(r"[?&](here|out|on_the_way)=([^&]+)", where)[0]
    name = {"here": "At the stop", "out": "Out", "on_the_way": "Sent on"}[kind]
    named = {"stop-east": "East Gate", "stop-west": "West Gate"}.get(stop, "")
    rows = rows_of(client, where)
    came = [row["After"] == name and named in row["Stop"] for row in rows]
    return sum(
        int(row["Pieces"]) if into else -int(row["Pieces"])
        for row, into in zip(rows, came, strict=True)
    )


def two_stops(books: Books) -> None:
    """West takes something in, and one of East's things goes there."""
    books.now_ms = NOON - 20 * DAY_MS
    west = books.add_stop("stop-west", "西门站", "West Gate", ("青羊区", "Qingyang"), "0F0F")
    mine = west.journal
    own = mine.code()
    body = events.Received(session=mine.session, item=own, category="F2", place=codes.PLACE_IN)
    arrived = events.Arrived(items=(books.items[3],), place=codes.PLACE_IN)
    books.receive(mine, [mine.write(body, books.at), mine.write(arrived, books.at + 1_000)])
    books.now_ms = NOON


def test_every_figure_leads_to_the_movements_that_it_adds_up(books: Books) -> None:
    two_stops(books)
    client = signed_in(books, "manager")
    seen = 0
    for page in ("/months", "/months?stop=stop-east", "/months?stop=stop-west"):
        for where, n in figures(client.get(page).text):
            part = re.search(r"ledger=(\w+)", where)
            if part is None:
                assert standing(client, where) == n, f"{page} {where}"
                seen += 1
            elif part[1] == "changed":
                assert client.get(where).status_code == 200
            else:
                assert pieces(client, where) == n, f"{page} {where}"
                seen += 1
    assert seen > 20


def test_a_stop_has_a_ledger_of_its_own(books: Books) -> None:
    two_stops(books)
    client = signed_in(books, "manager")
    close(client)
    for page in ("/months/1", "/months"):
        shown = client.get(page).text
        assert 'href="?stop=stop-west"' in shown or page == "/months"
    west = words(client.get("/months/1?stop=stop-west").text)
    assert "West Gate" in west
    assert "Clothes" not in west
    assert "Rice, flour, oil 0 · · · 1 1" in west
    assert "Rice, flour, oil 0 6" not in west
    assert "All stops" in west


def test_who_sees_one_stop_sees_one_stop_of_a_month(books: Books) -> None:
    two_stops(books)
    close(signed_in(books, "manager"))
    books.add_user("west", Role.WAREHOUSE_MANAGER, stops=("stop-west",))
    client = signed_in(books, "west")
    page = words(client.get("/months/1").text)
    assert "West Gate" in page
    assert "East Gate" not in page
    assert books.items[4] not in page
    assert "East Gate" not in words(client.get("/months/1?stop=stop-east").text)
    text = text_of(client.get("/months/1/statement.pdf").data)
    assert "West Gate" in text
    assert "East Gate" not in text
    assert client.get("/months/1/statement.json").status_code == 403
