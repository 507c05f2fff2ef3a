"""What pages prepare, a machine prepares: recipes, plans, labels, screens, incidents, counting."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from contract import events
from contract.codes import Kind
from hub.access.permissions import Role
from tests.integration.test_counts_api import Machine
from tests.integration.test_web_operator import signed_in, words
from tests.support.counts import SHELF, CountSite

KEYS = [f"00000000-0000-4000-8000-0000000000{n:02d}" for n in range(10)]


@pytest.fixture
def site(tmp_path: Path) -> Iterator[CountSite]:
    found = CountSite(tmp_path)
    yield found
    found.close()


@pytest.fixture
def machine(site: CountSite) -> Machine:
    return Machine(site, Role.ADMINISTRATOR)


def deleted(site: CountSite, path: str) -> int:
    headers = {"Authorization": f"Bearer {site.token(Role.ADMINISTRATOR)}"}
    return site.client().delete(f"/api/v1{path}", headers=headers).status_code


def test_a_recipe_is_made_once_and_taken_out_of_the_choice(machine: Machine) -> None:
    wish = {"zh": "冬衣包", "parts": [{"category": "C1", "count": 2}]}
    status, made = machine.post("/kits", wish, KEYS[0])
    assert status == 200, made
    assert machine.post("/kits", wish, KEYS[0]) == (200, made)
    assert machine.post(f"/kits/{made['key']}", {"offered": False})[0] == 200
    _status, told = machine.get("/kits")
    [kit] = told["kits"]
    assert (kit["en"], kit["offered"], len(kit["parts"])) == ("冬衣包", False, 1)
    for parts in ([], [{"category": "Q9", "count": 1}], [{"gtin": "12345678901234", "count": 1}]):
        assert machine.post("/kits", {"en": "x", "parts": parts})[0] == 400
    assert machine.post("/kits/kit-none", {"offered": True})[0] == 404


def test_a_plan_is_made_wants_goods_and_is_closed(machine: Machine) -> None:
    status, made = machine.post("/plans", {"en": "Blue lotus"}, KEYS[0])
    assert status == 200, made
    path = f"/plans/{made['key']}"
    assert machine.post(f"{path}/wants", {"category": "C1", "n": 3})[0] == 200
    assert machine.post(path, {"open": False})[0] == 200
    _status, told = machine.get(path)
    assert told["open"] is False
    assert [one["wanted"] for one in told["needs"]] == [3]
    assert machine.post(f"{path}/wants", {"category": "Q9", "n": 3})[0] == 400
    assert machine.post("/plans", {})[0] == 400
    assert machine.post("/plans/D0000000000", {"open": True})[0] == 404


def test_a_plan_that_somebody_else_changed_is_not_set_unseen(machine: Machine) -> None:
    _status, made = machine.post("/plans", {"en": "Blue lotus"})
    path = f"/plans/{made['key']}"
    shown = machine.get(path)[1]["version"]
    assert machine.post(f"{path}/wants", {"category": "C1", "n": 3, "seen": shown})[0] == 200
    assert machine.post(f"{path}/wants", {"category": "C1", "n": 9, "seen": shown})[0] == 409
    assert machine.post(path, {"open": False, "seen": shown})[0] == 409
    _status, told = machine.get(path)
    assert (told["open"], [one["wanted"] for one in told["needs"]]) == (True, [3])
    assert machine.post(path, {"open": False, "seen": told["version"]})[0] == 200


def test_a_field_that_nothing_knows_is_refused_by_its_name(machine: Machine) -> None:
    _status, made = machine.post("/plans", {"en": "Blue lotus"})
    status, told = machine.post(f"/plans/{made['key']}", {"open": False, "sen": "x"})
    assert (status, told["parameter"]) == (400, "sen")
    assert "no such field" in told["detail"]
    assert machine.get(f"/plans/{made['key']}")[1]["open"] is True
    kit = {"en": "x", "parts": [{"category": "C1", "count": 2}, {"category": "C1", "cuont": 2}]}
    assert machine.post("/kits", kit)[1]["parameter"] == "parts[1].cuont"


def test_every_body_of_the_document_takes_no_more_than_it_names(site: CountSite) -> None:
    document = msgspec.json.decode(site.client().get("/api/v1/openapi.json").data)
    bodies = {
        one["requestBody"]["content"]["application/json"]["schema"]["$ref"].rpartition("/")[2]
        for path in document["paths"].values()
        for one in path.values()
        if "application/json" in one.get("requestBody", {}).get("content", {})
    }
    schemas = document["components"]["schemas"]
    assert len(bodies) > 20
    lenient = {name for name in bodies if schemas[name].get("additionalProperties") is not False}
    # What a machine sends, not a person: a kiosk of a later release may say more of itself.
    assert lenient == {"EnrolmentRequest"}


def test_whoever_keeps_one_stop_sets_no_plan_of_the_whole_hub(
    site: CountSite, machine: Machine
) -> None:
    _status, made = machine.post("/plans", {"en": "Blue lotus"})
    path = f"/plans/{made['key']}"
    eastern = Machine(site, Role.VOLUNTEER_LEAD, "east")
    assert eastern.get(path)[0] == 200
    assert eastern.post("/plans", {"en": "White lotus"})[0] == 403
    assert eastern.post(f"{path}/wants", {"category": "C1", "n": 3})[0] == 403
    assert eastern.post(path, {"open": False})[0] == 403
    recipe = {"zh": "冬", "en": "Winter", "parts": [{"category": "C1", "gtin": "", "count": 1}]}
    status, kit = machine.post("/kits", recipe)
    assert status == 200, kit
    assert eastern.post("/kits", recipe)[0] == 403
    assert eastern.post(f"/kits/{kit['key']}", {"offered": False})[0] == 403


def test_transfers_are_set_as_the_page_sets_them(site: CountSite, machine: Machine) -> None:
    wish = {
        "days": 5,
        "contacts": {"east": {"who": "front desk", "phone": "+86 28 1234"}},
        "sheets": {},
    }
    status, told = machine.post("/settings/transfers", wish)
    assert (status, told["days"], told["contacts"]) == (200, 5, wish["contacts"])
    assert machine.get("/settings/transfers") == (200, told)
    site.add_user("boss", Role.ADMINISTRATOR)
    assert 'value="front desk"' in signed_in(site, "boss").get("/transfers/ask").text
    bad: list[dict[str, Any]] = [
        {**wish, "days": 0},
        {**wish, "contacts": {"nowhere": {}}},
        {**wish, "contacts": {"east": {"phone": "call me"}}},
        {**wish, "sheets": {"W000000": "east"}},
    ]
    assert [machine.post("/settings/transfers", one)[0] for one in bad] == [400] * 4


def test_labels_are_drawn_ahead_and_a_spoilt_one_is_given_up(machine: Machine) -> None:
    wish = {"kind": "item", "sheets": 1, "stop": "east"}
    status, run = machine.post("/labels", wish, KEYS[0])
    assert (status, len(run["codes"])) == (200, 24)
    assert machine.post("/labels", wish, KEYS[0]) == (200, run), "no second prefix"
    spoilt = run["codes"][3]
    assert machine.post("/labels/void", {"code": spoilt}) == (200, {"code": spoilt})
    assert machine.post("/labels/void", {"code": spoilt})[0] == 409
    status, told = machine.get(f"/labels/{run['prefix']}")
    assert (status, told["voided"]) == (200, [spoilt])
    machine.post("/labels", {**wish, "kind": "box"})
    _status, first = machine.get("/labels?limit=1")
    _status, last = machine.get(f"/labels?limit=1&after={first['next']}")
    assert {one["kind"] for one in (*first["runs"], *last["runs"])} == {"G", "B"}
    assert last["next"] is None
    assert machine.post("/labels", {**wish, "stop": "nowhere"})[0] == 400


def test_a_link_for_a_screen_is_made_opens_the_wall_and_is_taken_back(
    site: CountSite, machine: Machine
) -> None:
    status, made = machine.post("/wall-links", {"name": "hall", "stops": ["east"]})
    assert status == 200, made
    address = f"/wall/at/{made['secret']}"
    assert site.client().get(address).status_code == 200
    _status, told = machine.get("/wall-links")
    assert [one["name"] for one in told["links"]] == ["hall"]
    assert deleted(site, f"/wall-links/{made['link']['id']}") == 200
    assert site.client().get(address).status_code == 404
    assert deleted(site, f"/wall-links/{made['link']['id']}") == 404


def test_an_incident_is_seen_ruled_on_and_opened_again(site: CountSite, machine: Machine) -> None:
    stranger = site.east.journal.code()
    site.first.write(events.Moved(place=SHELF, items=(stranger,)))
    key = f"unknown-item:{stranger}"
    wish = {"key": key, "ruling": "receive", "intake": {"category": "C1", "stop": "east"}}
    status, ruled = machine.post("/incidents/rule", wish)
    assert status == 200, ruled
    assert site.status(stranger) == "in_stock"
    back = {"key": key, "events": ruled["events"]}
    status, told = machine.post("/incidents/take-back", back)
    assert status == 200, told
    assert machine.post("/incidents/take-back", back)[0] == 409
    assert machine.post("/incidents/acknowledge", {"key": key}) == (
        200,
        {"key": key, "fresh": True},
    )
    assert machine.post("/incidents/acknowledge", {"key": key})[1]["fresh"] is False
    assert machine.post("/incidents/acknowledge", {"key": "none:here"})[0] == 404


def test_a_machine_counts_a_shelf_and_takes_a_label_back(site: CountSite) -> None:
    lead = Machine(site, Role.VOLUNTEER_LEAD)
    _status, planned = lead.post("/counts", {"stop": "east", "places": [SHELF]})
    count = planned["id"]
    turn = {"count": count, "begun": KEYS[0], "place": SHELF}

    def scan(key: str, action: str, **more: object) -> int:
        act = {"action": action, **({"count": count} if action == "count-begin" else turn), **more}
        return lead.post("/scans", {"act": act}, key)[0]

    assert scan(KEYS[1], "count-open") == 409, "no turn has begun"
    assert scan(KEYS[0], "count-begin") == 200
    assert scan(KEYS[1], "count-open") == 200
    for key, item in zip(KEYS[2:5], site.on_shelf, strict=False):
        assert scan(key, "count-item", item=item) == 200
        assert scan(key, "count-item", item=item) == 200, "the same again counts once"
    assert scan(KEYS[5], "count-undo", item=site.on_shelf[2], counted=KEYS[4]) == 200
    assert scan(KEYS[6], "count-close", seen=2) == 200
    manager = Machine(site, Role.WAREHOUSE_MANAGER)
    _status, told = manager.get(f"/counts/{count}/items?verdict=ok")
    assert {one["item"] for one in told["items"]} == set(site.on_shelf[:2])


def test_the_audit_log_tells_what_machines_prepared(site: CountSite, machine: Machine) -> None:
    machine.post("/wall-links", {"name": "hall"})
    machine.post("/labels", {"kind": "item", "sheets": 1})
    machine.post("/plans", {"en": "Blue lotus"})
    site.add_user("boss", Role.ADMINISTRATOR)
    told = words(signed_in(site, "boss").get("/audit").text)
    for text in ("Made a link for a screen", "Drew a prefix for labels", "Changed reference data"):
        assert text in told


def test_whoever_keeps_one_stop_prepares_nothing_for_another(site: CountSite) -> None:
    eastern = Machine(site, Role.ADMINISTRATOR, "east")
    assert eastern.post("/labels", {"kind": "item", "sheets": 1, "stop": "river"})[0] == 403
    assert eastern.post("/labels", {"kind": "item", "sheets": 1})[0] == 403
    assert eastern.post("/wall-links", {"name": "hall", "stops": ["river"]})[0] == 403
    assert eastern.post("/wall-links", {"name": "hall"})[0] == 403
    stranger = site.river.journal.code(Kind.ITEM)
    site.receive(
        site.river.journal,
        [site.river.journal.write(events.Moved(place=SHELF, items=(stranger,)), site.now_ms)],
    )
    assert eastern.post("/incidents/acknowledge", {"key": f"unknown-item:{stranger}"})[0] == 403
    assert msgspec.json.encode(eastern.get("/wall-links")[1]) == b'{"links":[]}'
