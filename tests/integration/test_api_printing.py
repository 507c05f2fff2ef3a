"""A program has labels printed at a kiosk, follows them and ends them, each order once."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from contract import codes, messages, topics
from contract.messages import Reply
from hub.access.permissions import Role
from tests.integration.test_api_decisions import ask
from tests.support.hub_site import HubSite, Place

EAST = "kiosk-stop-east"
KEY = str(UUID(int=7))


@pytest.fixture
def site(tmp_path: Path) -> Iterator[HubSite]:
    found = HubSite(tmp_path)
    yield found
    found.close()


@pytest.fixture
def east(site: HubSite) -> Place:
    return site.add_stop("stop-east", "东门站", "East Gate", ("", ""), "0E0E")


def roll(site: HubSite, n: int = 5, **more: Any) -> Any:
    status, told = ask(site, "POST", "/labels/rolls", json={"kiosk": EAST, "n": n}, **more)
    assert status == 200, told
    return told


def test_a_roll_is_printed_followed_and_ended(site: HubSite, east: Place) -> None:
    made = roll(site)
    command = made["command"]
    assert (command["state"], command["total"], command["about"]) == (
        "waiting",
        5,
        f"labels:{made['prefix']}",
    )
    assert all(codes.parse(code).ready_made for code in command["codes"])
    said = Reply(command["id"], True, state="printing", printed=2, left=3)
    site.send(topics.up(EAST, topics.REPLY), messages.encode(said))
    status, now = ask(site, "GET", f"/commands/{command['id']}")
    assert (status, now["state"], now["printed"], now["final"]) == (200, "printing", 2, False)
    status, ending = ask(site, "POST", f"/commands/{command['id']}/cancel", json={})
    assert (status, ending["cancel_ms"]) == (200, site.now_ms)
    assert ask(site, "POST", f"/commands/{command['id']}/cancel", json={})[0] == 409
    listed = ask(site, "GET", f"/kiosks/{EAST}/commands")[1]["commands"]
    assert {one["name"] for one in listed} == {"print-labels", "cancel"}


def test_the_same_request_again_prints_no_second_roll(site: HubSite, east: Place) -> None:
    token = {"Authorization": f"Bearer {site.token(Role.OPERATOR)}", "Idempotency-Key": KEY}
    body = {"kiosk": EAST, "n": 5}
    client = site.client()
    first = client.post("/api/v1/labels/rolls", json=body, headers=token)
    again = client.post("/api/v1/labels/rolls", json=body, headers=token)
    assert first.json == again.json
    assert len(ask(site, "GET", f"/kiosks/{EAST}/commands")[1]["commands"]) == 1


def test_blanks_of_a_run_go_to_a_kiosk_as_long_as_there_are_any(site: HubSite, east: Place) -> None:
    made = roll(site)
    path = f"/labels/{made['prefix']}/print"
    body = {"kiosk": EAST, "n": 1}
    status, told = ask(site, "POST", path, json=body)
    assert (status, told["detail"]) == (409, "too-many")
    said = Reply(made["command"]["id"], False, "no-labels", "refused")
    site.send(topics.up(EAST, topics.REPLY), messages.encode(said))
    status, told = ask(site, "POST", path, json=body)
    assert (status, told["codes"]) == (200, made["command"]["codes"][:1])
    assert ask(site, "POST", "/labels/ZZZZ/print", json=body)[0] == 404
    assert ask(site, "POST", path, json={"kiosk": "nowhere", "n": 1})[0] == 409
    assert ask(site, "POST", path, json={"kiosk": EAST, "n": 1201})[0] == 400


def test_labels_of_a_list_are_printed_at_a_kiosk(site: HubSite, east: Place) -> None:
    rows = [["category", "quantity"], ["F1", 3]]
    sent = {"stop": "stop-east", "rows": rows, "source": "A firm"}
    donation = ask(site, "POST", "/donations", json=sent)[1]["id"]
    path = f"/donations/{donation}/print"
    status, told = ask(site, "POST", path, json={"kiosk": EAST})
    assert (status, told["detail"]) == (409, "not-received")
    ask(site, "POST", f"/donations/{donation}/receive")
    status, told = ask(site, "POST", path, json={"kiosk": EAST, "n": 2})
    assert (status, told["total"]) == (200, 2)
    assert ask(site, "POST", path, json={"kiosk": EAST})[1]["total"] == 1
    status, told = ask(site, "POST", path, json={"kiosk": EAST})
    assert (status, told["detail"]) == (409, "no-labels")


def test_a_token_prints_within_its_scope_and_role(site: HubSite, east: Place) -> None:
    site.add_stop("stop-west", "西门站", "West Gate", ("", ""), "0W0W")
    body = {"kiosk": EAST, "n": 1}
    assert ask(site, "POST", "/labels/rolls", Role.VIEWER, json=body)[0] == 403
    west = site.token(Role.VOLUNTEER_LEAD, stops=["stop-west"])
    headers = {"Authorization": f"Bearer {west}"}
    client = site.client()
    assert client.post("/api/v1/labels/rolls", json=body, headers=headers).status_code == 403
    made = roll(site)
    path = f"/api/v1/commands/{made['command']['id']}"
    assert client.get(path, headers=headers).status_code == 403
    assert client.get(f"/api/v1/kiosks/{EAST}/commands", headers=headers).status_code == 403
