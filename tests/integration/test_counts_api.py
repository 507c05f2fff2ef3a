"""A stocktake from beginning to end over the API, and what a blind one does not tell."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from hub.access.permissions import Role
from tests.support.counts import ROOM, SHELF, CountSite


@pytest.fixture
def site(tmp_path: Path) -> Iterator[CountSite]:
    found = CountSite(tmp_path)
    yield found
    found.close()


class Machine:
    """Whoever holds a token."""

    def __init__(self, site: CountSite, role: Role, *stops: str) -> None:
        self._client = site.client()
        self._headers = {"Authorization": f"Bearer {site.token(role, stops=stops)}"}

    def get(self, path: str) -> tuple[int, Any]:
        answer = self._client.get(f"/api/v1{path}", headers=self._headers)
        return answer.status_code, msgspec.json.decode(answer.data)

    def post(self, path: str, body: object = None, key: str = "") -> tuple[int, Any]:
        headers = {**self._headers, **({"Idempotency-Key": key} if key else {})}
        if body is None:
            answer = self._client.post(f"/api/v1{path}", headers=headers)
        else:
            data = msgspec.json.encode(body)
            answer = self._client.post(
                f"/api/v1{path}", data=data, headers=headers, content_type="application/json"
            )
        return answer.status_code, msgspec.json.decode(answer.data)


def test_a_count_is_planned_made_and_approved(site: CountSite) -> None:
    lead, manager = Machine(site, Role.VOLUNTEER_LEAD), Machine(site, Role.WAREHOUSE_MANAGER)
    wish = {"stop": "east", "places": [SHELF], "recount": "never"}
    key = "00000000-0000-4000-8000-000000000009"
    status, made = lead.post("/counts", wish, key)
    assert status == 200, made
    assert lead.post("/counts", wish, key) == (200, made)
    count = made["id"]
    site.first.begin()
    site.first.shelf(SHELF, *site.on_shelf[1:])
    site.first.shelf(ROOM, site.in_room[0])
    status, told = lead.get(f"/counts/{count}")
    [offered] = told["offered"]
    assert (status, offered["part"], told["places"]) == (200, site.first.part, None)
    assert lead.get(f"/counts/{count}/items")[0] == 403
    assert lead.post(f"/counts/{count}/join", {"parts": [offered["part"]]})[0] == 200
    assert lead.post(f"/counts/{count}/join", {"parts": [offered["part"]]})[0] == 409
    status, told = manager.get(f"/counts/{count}")
    assert {one["verdict"]: one["n"] for one in told["verdicts"]} == {"ok": 4, "missing": 1}
    assert told["hindrances"] == []
    status, page = manager.get(f"/counts/{count}/items?limit=3")
    assert (len(page["items"]), page["next"]) == (3, page["items"][-1]["item"])
    status, page = manager.get(f"/counts/{count}/items?verdict=missing")
    assert [one["item"] for one in page["items"]] == [site.on_shelf[0]]
    wrong = {"seal": "0" * 64}
    assert manager.post(f"/counts/{count}/approve", wrong)[0] == 409
    assert lead.post(f"/counts/{count}/approve", {"seal": told["seal"]})[0] == 403
    status, done = manager.post(f"/counts/{count}/approve", {"seal": told["seal"]})
    assert (status, done["state"], len(done["told"])) == (200, "approved", 1)
    assert site.status(site.on_shelf[0]) == "missing"
    assert manager.post(f"/counts/{count}/restate")[0] == 409
    status, listed = lead.get("/counts?state=approved")
    assert [one["id"] for one in listed["counts"]] == [count]


def test_what_is_asked_for_wrongly_is_named(site: CountSite) -> None:
    lead = Machine(site, Role.VOLUNTEER_LEAD)
    assert lead.post("/counts", {"stop": "nowhere"})[1]["parameter"] == "stop"
    spoilt = SHELF[:-1] + ("0" if SHELF[-1] != "0" else "1")
    assert lead.post("/counts", {"stop": "east", "places": [spoilt]})[1]["parameter"] == "places"
    for name in ("no-such-count", "%00", "0" * 16):
        assert lead.get(f"/counts/{name}")[0] == 404
    assert lead.get("/counts?after=0000000000000000")[1]["parameter"] == "after"
    made = lead.post("/counts", {"stop": "east"})[1]
    assert lead.post(f"/counts/{made['id']}/cancel", {"why": "because"})[0] == 400
    assert lead.post(f"/counts/{made['id']}/again", {"places": [ROOM]})[0] == 409
    assert lead.post(f"/counts/{made['id']}/cancel", {"why": "mistake"})[0] == 200
    assert lead.post(f"/counts/{made['id']}/cancel", {"why": "mistake"})[0] == 409
    elsewhere = Machine(site, Role.WAREHOUSE_MANAGER, "river")
    assert elsewhere.get(f"/counts/{made['id']}")[0] == 403
    assert elsewhere.get("/counts")[1]["counts"] == []
