"""Deciding about goods in the browser: what each form does, refuses and lets one take back."""

import csv
import html
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient

from contract import codes, events
from contract.codes import Kind
from contract.reference import Recall
from hub import db, overdue
from hub.access.permissions import Role
from hub.kiosks import catalogue
from hub.stock import transfer_settings
from hub.web.listing.listing import PAGE_ROWS
from tests.integration.test_web_operator import csrf, signed_in, words
from tests.support.hub_site import DAY_MS, HubSite, Place

MILK = "06901234567892"
SHELF = codes.PLACES[1].code
STOP_SHEET = codes.place_code("0000W1")
BOX, PALLET = (codes.serial_code(Kind.BOX, "00AA", serial) for serial in (1, 2))
PLAN = codes.serial_code(Kind.PLAN, "00AA", 1)


class House:
    """Two stops, a manager of both and one of the east alone."""

    def __init__(self, site: HubSite) -> None:
        self.site = site
        self.east = site.add_stop("east", "东门", "East", ("锦江区", "Jinjiang"), "4K2P")
        self.west = site.add_stop("west", "西门", "West", ("青羊区", "Qingyang"), "7TWX")
        site.writer.call(self._tell)
        self.ann = self.comes("ann")

    def comes(self, name: str, role: Role = Role.WAREHOUSE_MANAGER, *stops: str) -> FlaskClient:
        """The browser of a new account."""
        self.site.add_user(name, role, stops=stops)
        return signed_in(self.site, name)

    def _tell(self, connection: sa.Connection) -> None:
        catalogue.put(connection, "plans", [{"code": PLAN, "zh": "红梅", "en": "Red plum"}])
        sheet = {"code": STOP_SHEET, "kind": "stop", "zh": "西门站", "en": "West stop"}
        catalogue.put(connection, "places", [sheet])

    def write(self, place: Place, *bodies: events.Body) -> list[events.Event]:
        journal = place.journal
        written = [journal.write(body, self.site.now_ms) for body in bodies]
        self.site.receive(journal, written)
        return written

    def packaged(self, lot: str | None = None, expiry: str | None = None) -> str:
        """Food with a retail code, at the east."""
        code = self.east.journal.code()
        retail = events.Retail(MILK, lot=lot, expiry=expiry)
        received = events.Received(
            session=self.east.journal.session,
            item=code,
            category="F1",
            place=codes.PLACE_IN,
            retail=retail,
        )
        self.write(self.east, received, events.LabelAttached(item=code, how="printed"))
        return code

    def item(self, code: str) -> dict[str, Any]:
        with self.site.reader.connect() as connection:
            row = connection.execute(sa.select(db.item).where(db.item.c.code == code)).one()
            return dict(row._mapping)

    def status(self, *items: str) -> list[str]:
        return [self.item(code)["status"] for code in items]

    def sweep(self) -> None:
        self.site.writer.call(
            lambda connection: overdue.sweep(
                connection, self.site.now_ms, ZoneInfo("Asia/Shanghai")
            )
        )

    def incidents(self) -> list[tuple[str, str]]:
        """(kind, stop) of those that are open."""
        table = db.incident.c
        with self.site.reader.connect() as connection:
            rows = connection.execute(
                sa.select(table.kind, table.stop).where(table.closed_ms.is_(None))
            )
            return sorted((row.kind, row.stop) for row in rows)


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    site = HubSite(tmp_path)
    yield House(site)
    site.close()


def form_of(client: FlaskClient, path: str, to: str = "") -> dict[str, list[str]]:
    """The hidden fields and ticked boxes of a page's last form (that posts to ``to``), by name."""
    page = client.get(path)
    assert page.status_code == 200, (path, page.status_code)
    forms = re.findall(r"<form[^>]*method=\"post\".*?</form>", page.text, re.S)
    chosen = [one for one in forms if "logout" not in one and f'{to}"' in one][-1]
    fields: dict[str, list[str]] = {}
    for tag in re.findall(r"<input[^>]*>", chosen):
        kind = re.search(r'type="(\w+)"', tag)
        name, value = re.search(r'name="([^"]+)"', tag), re.search(r'value="([^"]*)"', tag)
        shown = kind is not None and kind[1] in ("hidden", "text", "number", "month")
        if name and (shown or " checked" in tag):
            fields.setdefault(name[1], []).append(value[1] if value else "")
    return fields


def act(house: House, kind: str, *items: str, **values: str) -> Any:
    """Fills in the form of a decision about these and sends it."""
    asked = urlencode([("item", item) for item in items] + [("back", "/board")])
    form: dict[str, Any] = form_of(house.ann, f"/stock/act/{kind}?{asked}")
    return house.ann.post(f"/stock/act/{kind}", data=form | values)


def undo(client: FlaskClient) -> Any:
    """Presses the button of the message that the next page shows."""
    page = client.get("/board").text
    [form] = re.findall(r'<form method="post" action="/stock/undo">.*?</form>', page, re.S)
    fields = dict(re.findall(r'name="([^"]+)" value="([^"]*)"', form))
    return client.post("/stock/undo", data=fields)


# --- items ---------------------------------------------------------------------------------------


def test_every_decision_about_an_item_counts_at_once_and_can_be_taken_back(house: House) -> None:
    item = house.site.intake(house.east, "F1")
    before = house.item(item)
    told = {"position", "changed_t"}
    for kind, values, changed in (
        ("move", {"place": SHELF}, {"place": SHELF}),
        ("quarantine", {"why": "dirty"}, {"status": "quarantined"}),
        ("grade", {"grade": "B"}, {"grade": "B"}),
        ("expiry", {"month": "2027-02"}, {"expiry": "2027-02", "good_until": "2027-02-28"}),
        ("reserve", {"plan": PLAN}, {"status": "reserved", "reserved": PLAN}),
        ("pack", {"box": BOX}, {"box": BOX}),
        ("dispose", {"why": "B"}, {"status": "disposed"}),
        ("correct", {"status": "missing", "why": "not-there"}, {"status": "missing"}),
    ):
        house.site.now_ms += 60_000
        assert act(house, kind, item, **values).status_code == 303, kind
        now = house.item(item)
        assert {name: now[name] for name in changed} == changed, kind
        assert undo(house.ann).status_code == 303
        again = house.item(item)
        assert {n: again[n] for n in again if n not in told} == {
            n: before[n] for n in before if n not in told
        }, kind


def test_what_was_taken_back_offers_no_second_undo_which_would_be_refused(house: House) -> None:
    item = house.site.intake(house.east, "F1")
    assert act(house, "move", item, place=SHELF).status_code == 303
    assert undo(house.ann).status_code == 303
    page = house.ann.get("/board").text
    assert "Undone: it is as it was before." in page
    assert "/stock/undo" not in page


def test_a_form_whose_position_is_no_number_is_no_fault_of_ours(house: House) -> None:
    item = house.site.intake(house.east, "F1")
    assert act(house, "move", item, place=SHELF, **{f"seen.{item}": "²"}).status_code == 303


def test_an_items_page_tells_its_whole_journey_and_who_decided(house: House) -> None:
    item = house.site.intake(house.east, "F1")
    act(house, "quarantine", item, why="dirty")
    page = words(house.ann.get(f"/items/{item}").text)
    assert "set aside to be checked: It must be cleaned" in page
    assert "ann" in page
    assert "Release" in page
    seen = words(house.comes("viewer", Role.VIEWER).get(f"/items/{item}").text)
    assert "Undo this" not in seen


def test_whoever_was_slower_sees_what_changed_and_who_did_it(house: House) -> None:
    item = house.site.intake(house.east, "F1")
    ben = house.comes("ben")
    path = f"/stock/act/dispose?item={item}"
    slow = form_of(ben, path)
    act(house, "quarantine", item, why="dirty")
    answer = ben.post("/stock/act/dispose", data=slow | {"why": "B"})
    assert answer.status_code == 409
    assert "It must be cleaned" in words(answer.text)
    assert "ann" in words(answer.text)
    assert house.status(item) == ["quarantined"]


def test_a_form_that_is_sent_twice_does_once(house: House) -> None:
    item = house.site.intake(house.east, "F1")
    form = form_of(house.ann, f"/stock/act/reserve?item={item}") | {"plan": [PLAN]}
    for _ in range(2):
        assert house.ann.post("/stock/act/reserve", data=form).status_code == 303
    events_page = house.ann.get(f"/events?subject={item}&type=reserved").text
    assert events_page.count('<tr role="row">') == 2, "the head and one event"


def test_another_takes_back_what_was_decided_and_the_page_shows_it(house: House) -> None:
    item = house.site.intake(house.east, "F1")
    act(house, "correct", item, status="missing", why="not-there")
    ben = house.comes("ben")
    page = ben.get(f"/items/{item}").text
    [form] = re.findall(
        r'<form class="inline" method="post" action="/stock/undo">.*?</form>', page, re.S
    )
    fields = dict(re.findall(r'name="([^"]+)" value="([^"]*)"', form))
    assert ben.post("/stock/undo", data=fields).status_code == 303
    assert house.status(item) == ["in_stock"]
    assert "undone" in words(ben.get(f"/items/{item}").text)


def test_goods_of_another_stop_are_neither_shown_nor_changed(house: House) -> None:
    there = house.site.intake(house.west, "F1")
    eve = house.comes("eve", Role.WAREHOUSE_MANAGER, "east")
    assert eve.get(f"/items/{there}").status_code == 403
    form = {"item": there, "place": SHELF, "csrf_token": csrf(eve, "/boxes")}
    eve.post("/stock/act/move", data=form)
    assert "does not cover" in words(eve.get("/board").text)
    assert house.item(there)["place"] == codes.PLACE_IN


def test_a_viewer_gets_no_form(house: House) -> None:
    item = house.site.intake(house.east, "F1")
    viewer = house.comes("viewer", Role.VIEWER)
    assert viewer.get(f"/stock/act/move?item={item}").status_code == 403
    page = viewer.get(f"/items/{item}").text
    assert "/stock/act/" not in page


@pytest.mark.parametrize(
    "path",
    [
        "/stock/act/explode?item=G",
        "/boxes/G",
        "/plans/D",
        "/kits/..",
        "/recalls/0",
        "/transfers/a.b",
    ],
)
def test_an_address_that_names_nothing_says_so(house: House, path: str) -> None:
    assert house.ann.get(path).status_code == 404


# --- boxes ---------------------------------------------------------------------------------------


def test_moving_a_pallet_moves_its_contents_once(house: House) -> None:
    items = [house.site.intake(house.east, "F1") for _ in range(2)]
    form = form_of(house.ann, f"/boxes/{BOX}")
    house.ann.post(f"/boxes/{BOX}/pack", data=form | {"items": " ".join(items)})
    form = form_of(house.ann, f"/boxes/{PALLET}")
    house.ann.post(f"/boxes/{PALLET}/pack", data=form | {"items": BOX})
    page = words(house.ann.get(f"/boxes/{PALLET}").text)
    assert all(codes.grouped(one) in page for one in (*items, BOX))
    act(house, "move", PALLET, place=SHELF)
    assert [house.item(one)["place"] for one in items] == [SHELF, SHELF]
    moved = house.ann.get(f"/events?subject={PALLET}&type=moved").text
    assert moved.count('<tr role="row">') == 2, "the head and one event"
    listed = words(house.ann.get("/boxes").text)
    assert codes.grouped(BOX) in listed
    act(house, "unpack", items[0])
    assert house.item(items[0])["box"] is None


def test_what_is_scanned_into_a_box_must_be_a_code(house: House) -> None:
    form = form_of(house.ann, f"/boxes/{BOX}")
    house.ann.post(f"/boxes/{BOX}/pack", data=form | {"items": "rice"})
    assert "is no item or box" in words(house.ann.get("/board").text)
    answer = house.ann.get("/boxes/open?code=" + BOX.lower())
    assert answer.location == f"/boxes/{BOX}"


# --- transfers -----------------------------------------------------------------------------------


def test_who_keeps_one_stop_changes_nothing_of_the_others(house: House) -> None:
    admin = house.comes("root", Role.ADMINISTRATOR)
    form = form_of(admin, "/transfers/ask")
    people = {"who.west": "门卫", f"stop.{STOP_SHEET}": "west", "days": "5"}
    assert admin.post("/transfers/ask", data=form | people).status_code == 303
    keeper = house.comes("olive", Role.OPERATOR, "east")
    own = form_of(keeper, "/transfers/ask")
    assert f"stop.{STOP_SHEET}" not in own
    assert "who.west" not in own
    assert "days" not in own
    wish = {"who.east": "前台", "days": "9", f"stop.{STOP_SHEET}": "", "who.west": "x"}
    assert keeper.post("/transfers/ask", data=own | wish).status_code == 303
    page = admin.get("/transfers/ask").text
    assert 'value="门卫"' in page
    assert 'value="前台"' in page
    assert 'value="5"' in page
    assert form_of(admin, "/transfers/ask").keys() == form.keys()
    with house.site.reader.connect() as connection:
        assert transfer_settings.read(connection).sheets == {STOP_SHEET: "west"}
        assert "west" not in transfer_settings.read(connection, frozenset({"east"})).contacts


def test_two_who_say_whom_to_ask_find_out_about_each_other(house: House) -> None:
    one, two = house.comes("root", Role.ADMINISTRATOR), house.comes("olive", Role.OPERATOR)
    first, second = (form_of(client, "/transfers/ask") for client in (one, two))
    assert one.post("/transfers/ask", data=first | {"who.west": "门卫"}).status_code == 303
    answer = two.post("/transfers/ask", data=second | {"who.east": "前台"})
    assert answer.status_code == 409
    assert "Somebody else was faster" in answer.text
    assert 'value="门卫"' in two.get("/transfers/ask").text


def test_what_left_and_was_not_seen_names_whom_to_ask_until_it_is_settled(house: House) -> None:
    items = [house.site.intake(house.east, "F1") for _ in range(3)]
    [sent] = house.write(house.east, events.Sent(to=STOP_SHEET, kind="stop", items=tuple(items)))
    house.site.now_ms += 3600_000
    house.write(house.west, events.Arrived(place=codes.PLACE_IN, items=(items[0],)))
    house.sweep()
    assert house.incidents() == []
    house.site.now_ms += 3 * DAY_MS
    admin = house.comes("root", Role.ADMINISTRATOR)
    form = form_of(admin, "/transfers/ask")
    people = {"who.west": "门卫", "phone.west": "028-555", f"stop.{STOP_SHEET}": "west"}
    assert admin.post("/transfers/ask", data=form | people).status_code == 303
    house.sweep()
    assert house.incidents() == [("custody-gap", "east")]
    told = words(admin.get("/incidents").text)
    house.ann = signed_in(house.site, "ann")
    assert "2 things left East for West" in told
    assert "West (门卫 028-555)" in told
    assert f'href="/transfers/{sent.id}"' in house.ann.get("/incidents").text
    page = words(house.ann.get(f"/transfers/{sent.id}").text)
    assert "From East to West stop" in page
    assert "门卫 028-555" in page
    act(house, "correct", items[1], status="missing", why="lost-on-the-way")
    act(house, "move", items[2], place=SHELF, stop="west")
    house.sweep()
    assert house.incidents() == []
    row = words(house.ann.get("/transfers").text)
    assert "East West stop 3 2 0 1" in row
    assert "East to West stop: Lost" in words(house.ann.get(f"/items/{items[1]}").text)


# --- plans ---------------------------------------------------------------------------------------


def test_a_plan_is_reserved_by_what_must_go_out_first_and_fetched_by_place(house: House) -> None:
    late, soon, past = (
        house.packaged(expiry=day) for day in ("2027-05-01", "2026-12-01", "2026-10-01")
    )
    undated = house.site.intake(house.east, "F1")
    form = form_of(house.ann, f"/plans/{PLAN}")
    assert (
        house.ann.post(f"/plans/{PLAN}/want", data=form | {"category": "F1", "n": "2"}).status_code
        == 303
    )
    proposed = form_of(house.ann, f"/plans/{PLAN}/propose?category=F1&n=3")
    assert proposed["item"] == [soon, late, undated]
    proposed["item"] = [soon, late]
    house.ann.post("/stock/act/reserve", data=proposed)
    assert house.status(soon, late, undated, past) == ["reserved", "reserved"] + ["in_stock"] * 2
    assert "Food" in words(house.ann.get(f"/plans/{PLAN}").text)
    fetch = words(house.ann.get(f"/plans/{PLAN}/fetch").text)
    assert codes.grouped(soon) in fetch
    assert "Intake shelf" in fetch
    listed = words(house.ann.get("/plans").text)
    assert f"{codes.grouped(PLAN)} 2 2 0 0 open" in listed
    house.write(house.east, events.Out(plan=PLAN, items=(soon,)))
    assert f"{codes.grouped(PLAN)} 2 1 1 0 open" in words(house.ann.get("/plans").text)
    page = house.ann.get(f"/plans/{PLAN}").text
    [free] = re.findall(rf'action="/plans/{PLAN}/release">.*?</form>', page, re.S)
    fields = dict(re.findall(r'name="([^"]+)" value="([^"]*)"', free))
    house.ann.post(f"/plans/{PLAN}/release", data=fields)
    assert house.status(soon, late) == ["out", "in_stock"]


def test_who_keeps_one_stop_sees_of_a_plan_what_is_kept_there_and_how_much_elsewhere(
    house: House,
) -> None:
    lead = house.comes("eve", Role.WAREHOUSE_MANAGER, "east")
    west = house.west
    here, there, also = house.packaged(), house.site.intake(west), house.site.intake(west)
    for kept in ((there, also), (here,)):
        form = form_of(house.ann, "/stock/act/reserve?" + "&".join(f"item={one}" for one in kept))
        house.ann.post("/stock/act/reserve", data=form | {"plan": [PLAN]})
        assert "Nothing is reserved for it." not in words(lead.get(f"/plans/{PLAN}").text)
    for page in (f"/plans/{PLAN}", f"/plans/{PLAN}/fetch"):
        text = lead.get(page).text
        assert codes.grouped(here) in text
        assert not [one for one in (there, also) if one in text or codes.grouped(one) in text]
        assert "2 items are reserved for it at stops that your account does not cover" in text
        assert codes.grouped(there) in house.ann.get(page).text
        assert "does not cover" not in house.ann.get(page).text
    told_of: list[tuple[list[str], list[str]]] = [
        (["east"], [here]),
        ([], sorted((here, there, also))),
    ]
    for stops, codes_kept in told_of:
        key = {"Authorization": f"Bearer {house.site.token(Role.VIEWER, stops=stops)}"}
        told = house.site.client().get(f"/api/v1/plans/{PLAN}", headers=key).get_json()
        assert sorted(told["kept"]) == codes_kept


def test_what_a_plan_wants_is_set_by_whoever_keeps_all_stops(house: House) -> None:
    lead = house.comes("eve", Role.WAREHOUSE_MANAGER, "east")
    food = house.packaged()
    token = {"csrf_token": csrf(lead, f"/plans/{PLAN}")}
    wish = form_of(house.ann, f"/plans/{PLAN}") | token | {"category": "F1", "n": "2"}
    assert lead.post(f"/plans/{PLAN}/want", data=wish).status_code == 403
    assert lead.post(f"/plans/{PLAN}/state", data=wish | {"open": "0"}).status_code == 403
    assert lead.get("/plans/new").status_code == 403
    assert lead.post("/plans/new", data=token | {"en": "Green bamboo"}).status_code == 403
    page = lead.get(f"/plans/{PLAN}").text
    assert f'action="/plans/{PLAN}/want"' not in page
    assert f'action="/plans/{PLAN}/state"' not in page
    assert 'href="/plans/new"' not in lead.get("/plans").text
    kept = form_of(lead, f"/plans/{PLAN}/propose?category=F1&n=1")
    assert kept["item"] == [food]
    lead.post("/stock/act/reserve", data=kept)
    assert house.status(food) == ["reserved"], "goods of the own stop are kept for it"


def test_a_recipe_is_made_by_whoever_keeps_all_stops(house: House) -> None:
    form = form_of(house.ann, "/kits/new")
    recipe = {"en": "Winter", "category.0": "C1", "count.0": "1"}
    path = house.ann.post("/kits/new", data=form | recipe).location or ""
    lead = house.comes("eve", Role.WAREHOUSE_MANAGER, "east")
    token = {"csrf_token": csrf(lead, path)}
    assert lead.get("/kits/new").status_code == 403
    assert lead.post("/kits/new", data=token | recipe).status_code == 403
    assert lead.post(f"{path}/state", data=token | {"offered": "0"}).status_code == 403
    assert 'href="/kits/new"' not in lead.get("/kits").text
    assert f'action="{path}/state"' not in lead.get(path).text
    assert f'action="{path}/state"' in house.ann.get(path).text


def test_two_who_set_a_plan_at_once_do_not_overwrite_each_other(house: House) -> None:
    bob = house.comes("bob")
    page = f"/plans/{PLAN}"
    hers, his = form_of(house.ann, page), form_of(bob, page)
    house.ann.post(f"{page}/want", data=hers | {"category": "F1", "n": "2"})
    late = bob.post(f"{page}/want", data=his | {"category": "F1", "n": "7"})
    assert late.status_code == 409
    assert "Somebody else was faster" in words(late.text)
    assert bob.post(f"{page}/state", data=his | {"open": "0"}).status_code == 409
    assert f"{codes.grouped(PLAN)} 2 0 0 0 open" in words(bob.get("/plans").text)
    his = form_of(bob, page)
    assert bob.post(f"{page}/state", data=his | {"open": "0"}).status_code == 303
    assert f"{codes.grouped(PLAN)} 2 0 0 0 closed" in words(bob.get("/plans").text)


def test_a_new_plan_gets_a_code_that_kiosks_are_told(house: House) -> None:
    form = form_of(house.ann, "/plans/new")
    answer = house.ann.post("/plans/new", data=form | {"zh": "青竹", "en": "Green bamboo"})
    assert answer.location is not None
    code = answer.location.removeprefix("/plans/")
    assert codes.parse(code).kind is Kind.PLAN
    with house.site.reader.connect() as connection:
        told = {one.code for one in catalogue.entries(connection, "plans")}  # type: ignore[union-attr]
    assert code in told
    page = house.ann.get(f"/plans/{code}").text
    assert "青竹" not in page
    assert "Green bamboo" in page


# --- dates, quarantine, recalls ------------------------------------------------------------------


def test_goods_past_their_date_are_an_incident_until_they_are_gone(house: House) -> None:
    past, good = house.packaged(expiry="2026-10-01"), house.packaged(expiry="2027-10-01")
    house.sweep()
    assert house.incidents() == [("past-expiry", "east")]
    shown = re.findall(
        r'href="(/stock/items[^"]*expiry_from[^"]*)"', house.ann.get("/incidents").text
    )
    assert past in house.ann.get(shown[0].replace("&amp;", "&")).text
    page = house.ann.get("/stock/expiry").text
    assert page.index(past) < page.index(good)
    assert "past its date" in words(page)
    act(house, "quarantine", past, why="expired")
    house.sweep()
    assert house.incidents() == []
    assert codes.grouped(past) in words(house.ann.get("/stock/aside").text)
    act(house, "release", past, why="date-read")
    house.sweep()
    assert house.incidents() == [("past-expiry", "east")]


def test_a_recall_shows_every_match_now_and_later_and_never_who_has_it(house: House) -> None:
    here, unread, gone = house.packaged("LOT7"), house.packaged(None), house.packaged("lot 7")
    house.site.deliver(house.east, house.site.hand_out(house.east, gone), 1)
    form = form_of(house.ann, "/recalls/new")
    wrong = house.ann.post("/recalls/new", data=form | {"gtin": "6901234567893", "why": "maker"})
    assert wrong.status_code == 422
    opened = house.ann.post(
        "/recalls/new", data=form | {"gtin": "6901234567892", "lot": "Lot7", "why": "maker"}
    )
    assert opened.status_code == 303
    path = opened.location or ""
    with house.site.reader.connect() as connection:
        assert catalogue.entries(connection, "recalls") == (Recall(MILK, ("Lot7",)),)
    page = house.ann.get(path).text
    assert "Could still go out 1" in words(page)
    assert "Delivered or sold 1" in words(page)
    assert here in page
    assert unread in page
    assert gone not in page
    house.sweep()
    assert house.incidents() == [("recalled-here", "east")]
    assert "must not go out" in words(house.ann.get(f"/items/{here}").text)
    assert (
        house.ann.post(f"{path}/aside", data=form_of(house.ann, path, "/aside")).status_code == 303
    )
    assert house.status(here, unread, gone) == ["quarantined", "in_stock", "delivered"]
    later = house.packaged("LOT 7")
    assert later in house.ann.get(path).text
    house.sweep()
    assert house.incidents() == [("recalled-here", "east")]
    house.ann.post(f"{path}/aside", data=form_of(house.ann, path, "/aside"))
    house.ann.post(f"{path}/close", data=form_of(house.ann, path))
    assert "over" in words(house.ann.get("/recalls?open=no").text)
    with house.site.reader.connect() as connection:
        assert catalogue.entries(connection, "recalls") == ()


def test_a_recall_as_an_input_method_writes_it_meets_what_a_scanner_read(house: House) -> None:
    meant = house.packaged("LOT7")
    wide = {"gtin": "６９０１２３４５６７８９２", "lot": "ｌｏｔ　７", "why": "maker"}
    form = form_of(house.ann, "/recalls/new")
    path = house.ann.post("/recalls/new", data=form | wide).location or ""
    assert "Could still go out 1" in words(house.ann.get(path).text)
    house.ann.post(f"{path}/aside", data=form_of(house.ann, path, "/aside"))
    assert house.status(meant) == ["quarantined"]


def test_a_recall_is_ended_by_whoever_keeps_all_stops(house: House) -> None:
    lead = house.comes("eve", Role.WAREHOUSE_MANAGER, "east")
    house.packaged()
    form = form_of(house.ann, "/recalls/new")
    wish = {"gtin": "6901234567892", "lot": "", "why": "maker"}
    path = house.ann.post("/recalls/new", data=form | wish).location or ""
    assert f'action="{path}/close"' not in lead.get(path).text
    told = lead.post(f"{path}/close", data=form_of(lead, path), follow_redirects=True)
    assert "somebody whose account covers all of them ends it" in words(told.text)
    house.ann.post(f"{path}/close", data=form_of(house.ann, path, "/close"))
    assert "over" in words(house.ann.get("/recalls?open=no").text)


def test_a_recall_of_more_than_a_page_is_turned_to_and_is_whole_in_its_file(house: House) -> None:
    unread = house.packaged(None)
    sure = {house.packaged("LOT7") for _ in range(PAGE_ROWS)}
    form = form_of(house.ann, "/recalls/new")
    wish = {"gtin": "6901234567892", "lot": "Lot7", "why": "maker"}
    path = house.ann.post("/recalls/new", data=form | wish).location or ""
    act(house, "quarantine", aside := min(sure), why="damaged")
    first = house.ann.get(path).text
    assert set(re.findall(r'href="/items/(G\w+)"', first)) == {*sure, unread} - {aside}
    assert "1 item is perhaps of this lot." in words(first)
    [after] = re.findall(r'rel="next" href="([^"]+)"', first)
    assert re.findall(r'href="/items/(G\w+)"', house.ann.get(html.unescape(after)).text) == [aside]
    perhaps = house.ann.get(f"{path}?lot=perhaps").text
    assert re.findall(r'href="/items/(G\w+)"', perhaps) == [unread]
    file = house.ann.get(f"{path}?format=csv").text.lstrip("\ufeff")
    table = list(csv.DictReader(file.splitlines()))
    assert len(table) == PAGE_ROWS + 1
    assert [row["Item"] for row in table if row["State"] == table[-1]["State"]] == [aside]


# --- kits ----------------------------------------------------------------------------------------


def test_a_kit_is_built_by_its_recipe_and_taken_apart_again(house: House) -> None:
    rice = [house.packaged(expiry=day) for day in ("2027-05-01", "2026-12-01")]
    cloth = house.site.intake(house.east, "C1")
    form = form_of(house.ann, "/kits/new")
    recipe = {"en": "Winter", "category.0": "C1", "count.0": "1", "gtin.1": MILK, "count.1": "1"}
    made = house.ann.post("/kits/new", data=form | recipe)
    assert made.status_code == 303
    path = made.location or ""
    assert "Enough is free for 1." in words(house.ann.get(path).text)
    form = form_of(house.ann, f"{path}/build?stop=east")
    assert form["item"] == [cloth, rice[1]]
    built = house.ann.post(f"{path}/build", data=form | {"box": BOX})
    assert built.location == f"/boxes/{BOX}"
    assert [house.item(one)["box"] for one in form["item"]] == [BOX, BOX]
    page = words(house.ann.get(f"/boxes/{BOX}").text)
    assert "Kit: Winter" in page
    assert "put together as a kit" in words(house.ann.get(f"/items/{cloth}").text)
    assert "1 stands ready" in words(house.ann.get("/kits").text)
    assert f'href="/boxes/{BOX}"' in house.ann.get(path).text
    lacking = words(house.ann.get(f"{path}/build?stop=east").text)
    assert "Not enough is free" in lacking
    act(house, "reserve", BOX, plan=PLAN)
    assert house.status(*form["item"]) == ["reserved", "reserved"]
    house.ann.post("/kits/break", data=form_of(house.ann, f"/boxes/{BOX}", "/kits/break"))
    assert [house.item(one)["box"] for one in form["item"]] == [None, None]
    assert "None stands ready." in words(house.ann.get(path).text)


def test_a_lot_is_found_by_the_search_box(house: House) -> None:
    house.packaged(lot="L77")
    assert 'href="/stock/items?lot=L77"' in house.ann.get("/search?q=L77").text
    assert "lot=L78" not in house.ann.get("/search?q=L78").text


def test_a_kit_that_went_to_a_household_does_not_stand_any_more(house: House) -> None:
    house.packaged()
    form = form_of(house.ann, "/kits/new")
    made = house.ann.post("/kits/new", data=form | {"zh": "奶", "gtin.0": MILK, "count.0": "1"})
    path = made.location or ""
    form = form_of(house.ann, f"{path}/build?stop=east")
    house.ann.post(f"{path}/build", data=form | {"box": BOX})
    assert f'href="/boxes/{BOX}"' in house.ann.get(path).text
    out = events.Out(plan=PLAN, items=(BOX,))
    house.write(house.east, out, events.Delivered(plan=PLAN, items=(BOX,)))
    assert house.status(*form["item"]) == ["delivered"]
    assert "None stands ready." in words(house.ann.get(path).text)


def test_a_kit_takes_only_what_its_recipe_says(house: House) -> None:
    house.packaged()
    other = house.site.intake(house.east, "C1")
    form = form_of(house.ann, "/kits/new")
    made = house.ann.post("/kits/new", data=form | {"zh": "奶", "gtin.0": MILK, "count.0": "1"})
    path = made.location or ""
    form = form_of(house.ann, f"{path}/build?stop=east")
    house.ann.post(f"{path}/build", data=form | {"box": BOX, "item": [other]})
    assert "does not belong into this kit" in words(house.ann.get("/board").text)
    assert house.item(other)["box"] is None


# --- figures -------------------------------------------------------------------------------------


def test_every_figure_of_the_stock_leads_to_exactly_what_it_counts(house: House) -> None:
    free = [house.site.intake(house.east, "F1") for _ in range(3)]
    house.packaged(expiry="2026-10-01")
    act(house, "reserve", free[0], plan=PLAN)
    act(house, "quarantine", free[1], why="dirty")
    house.site.intake(house.west, "C1")
    pages = house.ann.get("/stock").text + house.ann.get("/stock?stop=east").text
    figures = set(re.findall(r'href="([^"]*/stock/items[^"]*)">([\d,]+)</a>', pages))
    assert len(figures) > 15
    for href, n in figures:
        rows = house.ann.get(href.replace("&amp;", "&")).text.count('<tr role="row">') - 1
        assert rows == int(n), href
