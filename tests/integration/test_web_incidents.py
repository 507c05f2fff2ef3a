"""An incident says what happened, shows the events in question, and is settled by one button."""

import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
from flask.testing import FlaskClient

from contract import codes, events
from contract.codes import Kind
from hub.access.permissions import Role
from hub.web.board import INCIDENT_ROWS
from tests.integration.test_web_operator import csrf, signed_in, words
from tests.support.hub_site import HubSite, Place

PLANS = [codes.serial_code(Kind.PLAN, "00ZZ", n) for n in (1, 2)]


class Shop(HubSite):
    """One stop, where one item was handed over twice."""

    def __init__(self, directory: Path) -> None:
        super().__init__(directory)
        self.add_users()
        self.add_user("lead", Role.VOLUNTEER_LEAD)
        self.east: Place = self.add_stop("stop-east", "东门站", "East Gate", ("", ""), "0E0E")
        self.item = self.intake(self.east)
        journal = self.east.journal
        for plan in PLANS:
            out = events.Delivered(plan=plan, items=(self.item,))
            self.receive(journal, [journal.write(out, self.now_ms)])
        self.later()

    def later(self) -> None:
        """A minute passes."""
        self.now_ms += 60_000

    def status(self, item: str) -> str:
        with self.reader.connect() as connection:
            found = connection.exec_driver_sql(f"SELECT status FROM item WHERE code = '{item}'")
            return str(found.scalar_one())

    def open_kinds(self) -> list[str]:
        with self.reader.connect() as connection:
            rows = connection.exec_driver_sql(
                "SELECT kind FROM incident WHERE closed_ms IS NULL AND acknowledged_ms IS NULL"
            )
            return [row[0] for row in rows]


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    found = Shop(tmp_path)
    yield found
    found.close()


def address(client: FlaskClient) -> str:
    """Of the first incident on the list."""
    found = re.search(r'href="(/incidents/one\?key=[^"]+)"', client.get("/incidents").text)
    assert found is not None
    return found[1].replace("&amp;", "&")


def fields(html: str) -> dict[str, str]:
    names = re.findall(
        r'<input type="hidden" name="(key|position|csrf_token)" value="([^"]*)"', html
    )
    return dict(names)


def settle(client: FlaskClient, ruling: str, **more: str) -> tuple[int, str]:
    form = fields(client.get(address(client)).text) | {"ruling": ruling} | more
    answer = client.post("/incidents/one", data=form)
    return answer.status_code, answer.text


def test_it_shows_what_happened_and_the_events_in_question(shop: Shop) -> None:
    client = signed_in(shop)
    page = words(client.get(address(client)).text)
    assert "Handed over twice" in page
    assert "What is assumed meanwhile" in page
    assert page.count("in question") == 2
    assert "A household has it" in page


@pytest.mark.parametrize(
    ("ruling", "status"),
    [("here", "in_stock"), ("delivered", "delivered"), ("missing", "missing"), ("sold", "sold")],
)
def test_one_button_settles_it_and_the_item_is_what_was_ruled(
    shop: Shop, ruling: str, status: str
) -> None:
    client = signed_in(shop)
    assert settle(client, ruling)[0] == 303
    assert (shop.status(shop.item), shop.open_kinds()) == (status, [])
    assert "Nothing needs a human" in words(client.get("/incidents").text)


def test_a_ruling_can_be_taken_back_by_somebody_else(shop: Shop) -> None:
    assert settle(signed_in(shop), "missing")[0] == 303
    shop.later()
    other = shop.add_user("second", Role.OPERATOR)
    assert other
    with shop.reader.connect() as connection:
        from hub.queries import events as log

        told = log.of_item(connection, shop.item)
        [ruled] = [one.id for one in told if one.type == "corrected"]
        key = connection.exec_driver_sql("SELECT key FROM incident").scalar_one()
    client = signed_in(shop, "second")
    form = {"events": ruled, "key": key, "csrf_token": csrf(client, "/incidents")}
    assert client.post("/incidents/undo", data=form).status_code == 303
    assert (shop.status(shop.item), shop.open_kinds()) == ("delivered", ["double-handover"])


def test_what_somebody_has_only_seen_can_still_be_settled(shop: Shop) -> None:
    client = signed_in(shop)
    where = address(client)
    form = {"key": fields(client.get(where).text)["key"], "csrf_token": csrf(client, where)}
    assert client.post("/incidents/acknowledge", data=form).status_code == 303
    page = client.get(where).text
    assert "A household has it" in page
    assert "I have seen it" not in page
    assert settle(client, "here")[0] == 303
    assert shop.status(shop.item) == "in_stock"
    assert "Nothing needs a human" in words(client.get("/incidents").text)


def test_two_people_who_settle_it_at_once_find_out(shop: Shop) -> None:
    one, two = signed_in(shop), signed_in(shop)
    form = fields(two.get(address(two)).text) | {"ruling": "sold"}
    assert settle(one, "here")[0] == 303
    assert two.post("/incidents/one", data=form).status_code == 409
    assert shop.status(shop.item) == "in_stock"


def test_something_that_happened_meanwhile_is_a_conflict(shop: Shop) -> None:
    client = signed_in(shop)
    form = fields(client.get(address(client)).text) | {"ruling": "missing"}
    journal = shop.east.journal
    moved = events.Moved(place=codes.PLACE_IN, items=(shop.item,))
    shop.later()
    shop.receive(journal, [journal.write(moved, shop.now_ms)])
    answer = client.post("/incidents/one", data=form)
    assert answer.status_code == 409
    assert "moved to" in words(answer.text)
    assert shop.status(shop.item) == "in_stock"


def test_a_thing_that_was_never_received_is_taken_in(shop: Shop) -> None:
    client = signed_in(shop)
    settle(client, "delivered")
    shop.later()
    journal = shop.east.journal
    stranger = codes.serial_code(Kind.ITEM, "QQQQ", 5)
    moved = events.Moved(place=codes.PLACE_IN, items=(stranger,))
    shop.receive(journal, [journal.write(moved, shop.now_ms)])
    assert shop.open_kinds() == ["unknown-item"]
    assert settle(client, "receive")[0] == 400
    assert settle(client, "receive", category="F1", stop="stop-east")[0] == 303
    assert (shop.status(stranger), shop.open_kinds()) == ("in_stock", [])


def take_back(client: FlaskClient, key: str, named: str) -> int:
    form = {"key": key, "events": named, "csrf_token": csrf(client, "/incidents")}
    return client.post("/incidents/undo", data=form).status_code


def test_what_was_taken_in_can_be_taken_back_and_the_incident_waits_again(shop: Shop) -> None:
    client = signed_in(shop)
    settle(client, "delivered")
    shop.later()
    journal = shop.east.journal
    stranger = codes.serial_code(Kind.ITEM, "QQQQ", 5)
    moved = events.Moved(place=codes.PLACE_IN, items=(stranger,))
    shop.receive(journal, [journal.write(moved, shop.now_ms)])
    shop.later()
    assert settle(client, "receive", category="F1", stop="stop-east")[0] == 303
    page = client.get("/incidents").text
    named = re.search(r'name="events" value="([^"]+)"', page)
    assert named is not None
    shop.later()
    assert take_back(client, f"unknown-item:{stranger}", named[1]) == 303
    assert "Taken back: the incident is open again." in client.get("/incidents").text
    assert shop.open_kinds() == ["voided-but-moved"]
    with shop.reader.connect() as connection:
        noted = connection.exec_driver_sql("SELECT what FROM audit ORDER BY id DESC LIMIT 1")
        assert noted.scalar_one() == "incident.reopened"


def test_a_ruling_elsewhere_or_on_something_else_is_not_taken_back(shop: Shop) -> None:
    shop.add_stop("west", "西门站", "West Gate", ("", ""), "0W0W")
    shop.add_user("westerner", Role.OPERATOR, stops=["west"])
    client = signed_in(shop)
    key = re.findall(r'name="key" value="([^"]+)"', client.get(address(client)).text)[0]
    assert settle(client, "here")[0] == 303
    named = re.findall(r'name="events" value="([^"]+)"', client.get("/incidents").text)
    assert take_back(signed_in(shop, "westerner"), key, named[0]) == 403
    assert take_back(client, "unknown-item:nothing", named[0]) == 404
    assert take_back(client, key, "no event at all") == 400
    assert (shop.status(shop.item), shop.open_kinds()) == ("in_stock", [])


def test_who_may_not_settle_sees_it_without_buttons(shop: Shop) -> None:
    client = signed_in(shop, "lead")
    page = client.get(address(client))
    assert "A household has it" not in page.text
    form = {"key": fields(page.text).get("key", ""), "ruling": "here"}
    form["csrf_token"] = csrf(client, "/incidents")
    assert client.post("/incidents/one", data=form).status_code in (403, 404)
    assert client.get("/incidents/one?key=" + quote("nothing")).status_code == 404


def test_every_open_incident_can_be_reached_however_many_there_are(shop: Shop) -> None:
    for n in range(INCIDENT_ROWS):
        stranger = codes.serial_code(Kind.ITEM, "QQQQ", n)
        body = events.Moved(place=codes.PLACE_IN, items=(stranger,))
        shop.receive(shop.east.journal, [shop.east.journal.write(body, shop.now_ms)])
    client = signed_in(shop)
    first, second = (client.get(path).text for path in ("/incidents", "/incidents?page=2"))
    keys = [re.findall(r'<h3><a href="([^"]+)"', page) for page in (first, second)]
    assert [len(keys[0]), len(keys[1])] == [INCIDENT_ROWS, 1]
    assert not set(keys[0]) & set(keys[1])
    assert 'href="/incidents?page=2"' in first
    assert 'href="/incidents?page=1"' in second
    assert client.get("/incidents?page=3").location == "/incidents?page=1"
