"""What a phone sends counts once, is refused with its reason, and stays within its account."""

import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from contract import codes, events
from contract.codes import Kind
from hub.access.permissions import Role
from hub.queries import stocktakes
from tests.integration.test_web_operator import signed_in
from tests.support.counts import ROOM, SHELF, CountSite, Desk
from tests.support.hub_site import USER

CARD = codes.token_code(Kind.PERSON, bytes(range(10)))


@pytest.fixture
def site(tmp_path: Path) -> Iterator[CountSite]:
    found = CountSite(tmp_path)
    found.add_user("east-manager", Role.WAREHOUSE_MANAGER, stops=["east"])
    found.add_user("river-manager", Role.WAREHOUSE_MANAGER, stops=["river"])
    yield found
    found.close()


class Phone:
    """A phone at the page's route, signed in as ``name``."""

    def __init__(self, site: CountSite, name: str) -> None:
        self.client: FlaskClient = signed_in(site, name)
        self.session: dict[str, Any] = self.client.get("/phone/session").get_json()

    def send(
        self, act: dict[str, Any], request: str = "", expects: dict[str, int] | None = None
    ) -> tuple[int, dict[str, Any]]:
        """The hub's answer to a request; a fresh one unless ``request`` names it."""
        body = {"request": request or str(uuid.uuid4()), "act": act, "expects": expects or {}}
        answer = self.client.post(
            "/phone/act", json=body, headers={"X-CSRFToken": self.session["csrf"]}
        )
        return answer.status_code, answer.get_json()

    def look(self, text: str) -> tuple[int, dict[str, Any]]:
        return self.send({"action": "look", "text": text})


def told(site: CountSite, kind: str) -> list[events.Event]:
    """The hub's own events of a type, as the log has them."""
    with site.reader.connect() as connection:
        rows = connection.exec_driver_sql(
            "SELECT raw FROM event WHERE kiosk = 'hub' ORDER BY position"
        )
        return [
            event
            for event in (events.decode(bytes(row[0])) for row in rows)
            if events.type_of(event.public.body) == kind
        ]


def plan_code(n: int = 1) -> str:
    return codes.serial_code(Kind.PLAN, "0E0E", 9000 + n)


# --- handovers ----------------------------------------------------------------------------------


def test_a_handover_that_is_sent_again_counts_once(site: CountSite) -> None:
    phone, asked = Phone(site, "manager"), str(uuid.uuid4())
    act = {"action": "hand-out", "plan": plan_code(), "items": site.on_shelf[:2]}
    first, again = phone.send(act, asked), phone.send(act, asked)
    assert (first[0], first[1]["outcome"], first[1]["repeated"]) == (200, "saved", False)
    assert (again[0], again[1]["outcome"], again[1]["repeated"]) == (200, "saved", True)
    [out] = told(site, "out")
    assert (out.public.lane, out.public.request, out.public.stop) == ("phone", asked, "east")
    assert out.private.account == site.ids["manager"]
    assert site.status(site.on_shelf[0]) == "out"


def test_the_same_request_with_something_else_in_it_is_refused(site: CountSite) -> None:
    phone, asked = Phone(site, "manager"), str(uuid.uuid4())
    assert (
        phone.send({"action": "move", "place": ROOM, "items": site.on_shelf[:1]}, asked)[0] == 200
    )
    status, answer = phone.send(
        {"action": "move", "place": ROOM, "items": site.on_shelf[1:2]}, asked
    )
    assert (status, answer["outcome"]) == (422, "refused")
    assert len(told(site, "moved")) == 1


def test_goods_go_out_reach_their_family_or_come_back(site: CountSite) -> None:
    phone, plan = Phone(site, "manager"), plan_code()
    one, two, three = site.on_shelf[:3]
    phone.send({"action": "hand-out", "plan": plan, "items": [one, two, three]})
    assert phone.send({"action": "deliver", "plan": plan, "items": [one]})[0] == 200
    assert phone.send({"action": "bring-back", "plan": plan, "items": [two]})[0] == 200
    assert [site.status(code) for code in (one, two, three)] == ["delivered", "in_stock", "out"]
    assert phone.send({"action": "deliver", "plan": plan, "items": []})[0] == 200
    assert site.status(three) == "delivered"
    status, answer = phone.send({"action": "deliver", "plan": plan, "items": []})
    assert (status, answer["text"]) == (409, "There is nothing left to do.")


def test_what_cannot_be_is_refused_with_its_reason_and_writes_nothing(site: CountSite) -> None:
    phone = Phone(site, "manager")
    stranger = codes.serial_code(Kind.ITEM, "ZZZZ", 7)
    status, answer = phone.send({"action": "move", "place": ROOM, "items": [stranger]})
    assert (status, answer["outcome"]) == (409, "refused")
    assert codes.grouped(stranger) in answer["text"]
    status, answer = phone.send(
        {"action": "deliver", "plan": plan_code(), "items": site.on_shelf[:1]}
    )
    assert (status, "is not out with this delivery plan" in answer["text"]) == (409, True)
    assert told(site, "moved") == told(site, "delivered") == []


def test_what_changed_since_the_phone_was_shown_it_is_told_and_nobody_is_named(
    site: CountSite,
) -> None:
    phone, item = Phone(site, "manager"), site.on_shelf[0]
    seen = phone.look(item)[1]["position"]
    other = Phone(site, "other-manager")
    assert other.send({"action": "move", "place": ROOM, "items": [item]})[0] == 200
    act = {"action": "hand-out", "plan": plan_code(), "items": [item]}
    status, answer = phone.send(act, expects={item: seen})
    assert (status, answer["outcome"]) == (409, "refused")
    assert "changed since you looked" in answer["text"]
    assert "other-manager" not in answer["text"]
    assert told(site, "out") == []
    seen = phone.look(item)[1]["position"]
    assert phone.send(act, expects={item: seen})[0] == 200


def test_a_phone_reaches_no_stop_beyond_its_accounts_scope(site: CountSite) -> None:
    phone, item = Phone(site, "river-manager"), site.on_shelf[0]
    for status, answer in (
        phone.look(item),
        phone.send({"action": "move", "place": ROOM, "items": [item]}),
        phone.send({"action": "hand-out", "plan": plan_code(), "items": [item]}),
    ):
        assert status == 409
        assert answer["text"].endswith("is at a stop that your account does not cover.")
    assert told(site, "moved") == told(site, "out") == []


def test_each_part_takes_its_permission(site: CountSite) -> None:
    viewer, lead, manager = (Phone(site, name) for name in ("viewer", "lead", "manager"))
    assert viewer.session["may"] == ["look"]
    assert lead.session["may"] == ["look", "count"]
    assert manager.session["may"] == ["look", "hand", "count"]
    act = {"action": "move", "place": ROOM, "items": site.on_shelf[:1]}
    assert lead.send(act) == (403, {"outcome": "refused", "text": "Your account may not do that"})
    begin = {"action": "count-begin", "count": "0" * 16}
    assert viewer.send(begin)[0] == 403
    assert told(site, "moved") == []


# --- look-ups -----------------------------------------------------------------------------------


def test_a_look_tells_what_it_is_and_where_and_never_who(site: CountSite) -> None:
    phone = Phone(site, "manager")
    status, answer = phone.look(site.on_shelf[0].lower())
    assert (status, answer["outcome"], answer["code"]) == (200, "found", site.on_shelf[0])
    lines = dict(answer["lines"])
    assert (lines["Status"], lines["Stop"]) == ("Free", "East Gate")
    phone.send({"action": "hand-out", "plan": plan_code(), "items": site.on_shelf[:2]})
    assert dict(phone.look(plan_code())[1]["lines"])["Out"] == "2"
    assert dict(phone.look(ROOM)[1]["lines"])["Items here"] == "3"


def test_a_personal_card_is_refused_and_comes_to_stand_nowhere(site: CountSite) -> None:
    phone = Phone(site, "manager")
    status, answer = phone.look(CARD)
    assert (status, CARD in answer["text"]) == (409, False)
    status, answer = phone.send({"action": "move", "place": ROOM, "items": [CARD]})
    assert (status, answer["outcome"], CARD in answer["text"]) == (400, "refused", False)
    with site.reader.connect() as connection:
        for table in ("request", "event"):
            column = "digest" if table == "request" else "raw"
            rows = connection.exec_driver_sql(f"SELECT {column} FROM {table}")
            assert not any(CARD in str(row[0]) for row in rows)


def test_what_the_hub_does_not_understand_is_refused_for_good(site: CountSite) -> None:
    phone = Phone(site, "manager")
    for body in ("{", '{"request": "1"}', '{"request": "1", "act": {"action": "explode"}}'):
        answer = phone.client.post(
            "/phone/act", data=body, headers={"X-CSRFToken": phone.session["csrf"]}
        )
        assert (answer.status_code, answer.get_json()["outcome"]) == (400, "refused")


# --- counts -------------------------------------------------------------------------------------


def counting(site: CountSite, name: str, **form: object) -> tuple[Desk, Phone, str]:
    """A planned count with a phone's turn in it: the desk, the phone, the turn's request."""
    lead = Desk(signed_in(site, "lead"))
    lead.plan(**form)
    phone, begun = Phone(site, name), str(uuid.uuid4())
    status, _answer = phone.send({"action": "count-begin", "count": lead.count}, begun)
    assert status == 200
    return lead, phone, begun


def step(phone: Phone, lead: Desk, begun: str, action: str, place: str, **more: object) -> Any:
    act = {"action": action, "count": lead.count, "begun": begun, "place": place, **more}
    return phone.send(act)


def test_two_phones_count_two_shelves_at_once_and_each_label_counts_once(site: CountSite) -> None:
    lead, phone, begun = counting(site, "east-manager")
    other, other_begun = Phone(site, "other-manager"), str(uuid.uuid4())
    other.send({"action": "count-begin", "count": lead.count}, other_begun)
    step(phone, lead, begun, "count-open", SHELF)
    step(other, lead, other_begun, "count-open", ROOM)
    for mine, theirs in zip(site.on_shelf[:3], site.in_room, strict=True):
        asked = str(uuid.uuid4())
        for _ in range(2):  # the first answer was lost
            act = {
                "action": "count-item",
                "count": lead.count,
                "begun": begun,
                "place": SHELF,
                "item": mine,
            }
            assert phone.send(act, asked)[0] == 200
        assert step(other, lead, other_begun, "count-item", ROOM, item=theirs)[0] == 200
    assert step(phone, lead, begun, "count-close", SHELF, seen=3)[0] == 200
    assert len(told(site, "counted")) == 6
    with site.reader.connect() as connection:
        found = stocktakes.stocktake(connection, lead.count)
    assert found is not None
    shelf, room = found.shelf(SHELF), found.shelf(ROOM)
    assert shelf is not None
    assert room is not None
    assert (shelf.state, [one.item for one in shelf.sightings]) == ("counted", site.on_shelf[:3])
    assert (room.state, [one.item for one in room.sightings]) == ("open", site.in_room)
    assert len(found.parts) == 2
    assert len(found.counters) == 2


def test_what_was_counted_by_mistake_is_taken_back_once_and_can_be_counted_again(
    site: CountSite,
) -> None:
    lead, phone, begun = counting(site, "east-manager")
    step(phone, lead, begun, "count-open", SHELF)
    item, asked = site.on_shelf[0], str(uuid.uuid4())
    act = {"count": lead.count, "begun": begun, "place": SHELF, "item": item}
    assert phone.send({"action": "count-item", **act}, asked)[0] == 200
    back, again = {"action": "count-undo", **act, "counted": asked}, str(uuid.uuid4())
    for _ in range(2):  # the first answer was lost
        status, answer = phone.send(back, again)
        assert (status, answer["text"].startswith("Taken back: ")) == (200, True)

    def seen() -> list[str]:
        with site.reader.connect() as connection:
            found = stocktakes.stocktake(connection, lead.count)
        assert found is not None
        shelf = found.shelf(SHELF)
        assert shelf is not None
        return [one.item for one in shelf.sightings]

    assert (seen(), len(told(site, "voided"))) == ([], 1)
    status, answer = phone.send(back)
    assert (status, "taken back before" in answer["text"]) == (409, True)
    other = Phone(site, "other-manager")
    assert phone.send({"action": "count-item", **act})[0] == 200
    assert seen() == [item]
    status, _answer = other.send({**back, "counted": asked})
    assert status == 409, "another account's turn"


def test_a_step_of_another_accounts_turn_is_refused(site: CountSite) -> None:
    lead, _phone, begun = counting(site, "east-manager")
    other = Phone(site, "other-manager")
    status, answer = step(other, lead, begun, "count-item", SHELF, item=site.on_shelf[0])
    assert (status, "has not begun this count" in answer["text"]) == (409, True)
    assert told(site, "counted") == []


def test_what_was_counted_too_late_or_elsewhere_is_refused_with_its_reason(
    site: CountSite,
) -> None:
    lead, phone, begun = counting(site, "east-manager", whole="no", place=SHELF)
    status, answer = step(phone, lead, begun, "count-open", ROOM)
    assert (status, answer["text"]) == (409, "This place is not part of this count.")
    step(phone, lead, begun, "count-open", SHELF)
    lead.post("cancel", why="no-time")
    status, answer = step(phone, lead, begun, "count-item", SHELF, item=site.on_shelf[0])
    assert (status, answer["text"]) == (409, "It is decided already.")


def test_a_count_of_another_stop_is_neither_offered_nor_open_to_a_phone(site: CountSite) -> None:
    lead, _phone, _begun = counting(site, "east-manager")
    assert [one["id"] for one in Phone(site, "east-manager").session["counts"]] == [lead.count]
    river = Phone(site, "river-manager")
    assert river.session["counts"] == []
    status, answer = river.send({"action": "count-begin", "count": lead.count})
    assert (status, "your account does not cover" in answer["text"]) == (409, True)


# --- the page -----------------------------------------------------------------------------------


def test_only_this_page_may_use_the_camera_and_a_reader_in_webassembly(site: CountSite) -> None:
    client = signed_in(site, USER)
    page, board = client.get("/phone"), client.get("/board")
    assert "camera=(self)" in page.headers["Permissions-Policy"]
    assert "script-src 'self' 'wasm-unsafe-eval';" in page.headers["Content-Security-Policy"]
    assert "camera=()" in board.headers["Permissions-Policy"]
    assert "wasm" not in board.headers["Content-Security-Policy"]


def test_the_page_that_a_phone_keeps_names_nobody_and_holds_no_key(site: CountSite) -> None:
    client = signed_in(site, USER)
    kept = client.get("/phone/offline").text
    assert USER not in kept
    assert "csrf" not in kept
    assert site.ids["lead"] not in kept


def test_the_pages_keeper_keeps_every_part_that_the_page_loads(site: CountSite) -> None:
    client = signed_in(site, USER)
    answer = client.get("/phone/worker.js")
    assert answer.headers["Service-Worker-Allowed"] == "/phone"
    folder = Path(site.app.static_folder or "") / "phone"
    for part in folder.glob("*.*"):
        assert (part.name, f'"/static/phone/{part.name}"' in answer.text) == (
            part.name,
            part.name != "worker.js",
        )
