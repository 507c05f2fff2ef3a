"""API tokens in the browser and over the API: made, shown once, used, taken back."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from flask.testing import FlaskClient

from hub.access.permissions import Role
from tests.integration.test_web_operator import signed_in, words
from tests.support.hub_site import HubSite

KEY = "00000000-0000-4000-8000-0000000000aa"


@pytest.fixture
def site(tmp_path: Path) -> Iterator[HubSite]:
    found = HubSite(tmp_path)
    found.add_stop("east", "东门站", "East Gate", ("锦江区", "Jinjiang"), "0E0E")
    found.add_stop("river", "河边站", "Riverside", ("武侯区", "Wuhou"), "0R0R")
    found.add_user("boss", Role.ADMINISTRATOR)
    yield found
    found.close()


def csrf(client: FlaskClient, path: str) -> str:
    return client.get(path).text.partition('name="csrf_token" value="')[2].partition('"')[0]


def make(client: FlaskClient, **form: object) -> tuple[int, str]:
    given = {"csrf_token": csrf(client, "/tokens/new"), "name": "yearly report", "role": "viewer"}
    answer = client.post("/tokens/new", data={**given, "where": "some", "stop": "east", **form})
    return answer.status_code, answer.text


def asked(site: HubSite, token: str, path: str, **more: Any) -> tuple[int, Any]:
    headers = {"Authorization": f"Bearer {token}", **more.pop("headers", {})}
    method = more.pop("method", "GET")
    answer = site.client().open(f"/api/v1{path}", method=method, headers=headers, **more)
    return answer.status_code, msgspec.json.decode(answer.data)


def test_a_token_is_shown_once_and_opens_what_it_was_given(site: HubSite) -> None:
    boss = signed_in(site, "boss")
    status, page = make(boss)
    assert status == 200
    secret = re.search(r'id="token">([^<]+)<', page)
    assert secret is not None
    assert "It is shown only this once" in page
    listed = words(boss.get("/tokens").text)
    assert "yearly report" in listed
    assert "East Gate" in listed
    assert secret[1] not in boss.get("/tokens").text
    site.now_ms += 60_000
    assert asked(site, secret[1], "/kiosks")[0] == 200
    row = boss.get("/tokens?format=csv").data.decode("utf-8-sig").splitlines()[1]
    assert re.search(r"yearly report,[^,]+,East Gate,[^,]+,boss,\d{4}-", row), row
    assert asked(site, secret[1], "/tokens")[0] == 403, "a viewer makes no tokens"
    audited = words(boss.get("/audit").text)
    assert "Made an API token" in audited


def test_a_token_that_is_taken_back_is_refused_from_the_next_request_on(site: HubSite) -> None:
    boss = signed_in(site, "boss")
    _status, page = make(boss)
    secret = re.search(r'id="token">([^<]+)<', page)
    assert secret is not None
    href = re.search(r'href="(/tokens/[0-9a-f]{16}/revoke)"', boss.get("/tokens").text)
    assert href is not None
    assert "cannot be undone" in boss.get(href[1]).text
    form = {"csrf_token": csrf(boss, href[1])}
    assert boss.post(href[1], data=form).status_code == 303
    assert asked(site, secret[1], "/kiosks")[0] == 401
    assert "Took an API token back" in words(boss.get("/audit").text)
    assert boss.post(href[1], data=form).status_code == 404


def test_nobody_gives_more_stops_than_they_have_or_a_token_without_a_name(site: HubSite) -> None:
    boss = signed_in(site, "boss")
    assert make(boss, name=" ")[0] == 400
    site.add_user("eastern", Role.ADMINISTRATOR, stops=("east",))
    eastern = signed_in(site, "eastern")
    assert make(eastern, where="everywhere")[0] == 400
    assert make(eastern, stop="river")[0] == 400
    assert make(boss, stop="river", name="of the river")[0] == 200
    assert "of the river" not in eastern.get("/tokens").text


def test_a_machine_makes_lists_and_revokes_tokens(site: HubSite) -> None:
    boss = site.token(Role.ADMINISTRATOR)
    wish = {"label": "dashboard", "role": "viewer", "stops": ["east"]}

    def issue() -> tuple[int, Any]:
        key = {"Idempotency-Key": KEY}
        return asked(site, boss, "/tokens", method="POST", json=wish, headers=key)

    status, issued = issue()
    assert status == 200, issued
    assert asked(site, issued["secret"], "/kiosks")[0] == 200
    status, told = issue()
    assert status == 409
    assert "told once" in told["detail"]
    with site.reader.connect() as connection:
        kept = connection.exec_driver_sql("SELECT content FROM reply").scalars().all()
    assert not any(issued["secret"].encode() in bytes(one) for one in kept), "kept nowhere"
    _status, first = asked(site, boss, "/tokens?limit=1")
    _status, second = asked(site, boss, f"/tokens?limit=1&after={first['next']}")
    labels = {one["label"] for one in (*first["tokens"], *second["tokens"])}
    assert labels == {"", "dashboard"}
    assert second["next"] is None
    made = issued["token"]["id"]
    assert asked(site, boss, f"/tokens/{made}", method="DELETE")[0] == 200
    assert asked(site, issued["secret"], "/kiosks")[0] == 401
    assert asked(site, boss, f"/tokens/{made}", method="DELETE")[0] == 404


def test_a_machine_manages_accounts(site: HubSite) -> None:
    boss = site.token(Role.ADMINISTRATOR)
    wish = {"name": "li", "role": "viewer", "stops": ["east"]}
    status, added = asked(site, boss, "/accounts", method="POST", json=wish)
    assert status == 200, added
    li = added["account"]["id"]
    path = f"/accounts/{li}"
    change = {**wish, "role": "operator", "version": added["account"]["version"]}
    status, changed = asked(site, boss, path, method="POST", json=change)
    assert (status, changed["role"]) == (200, "operator")
    assert asked(site, boss, path, method="POST", json=change)[0] == 409, "it is not as it was"
    status, fresh = asked(site, boss, f"{path}/password", method="POST")
    assert status == 200
    assert fresh["password"] != added["password"]
    off = {"active": False}
    assert asked(site, boss, f"{path}/active", method="POST", json=off)[1]["deactivated_ms"]
    assert asked(site, boss, f"{path}/sessions", method="POST") == (200, {"ended": 0})
    _status, told = asked(site, boss, "/accounts")
    assert {one["name"] for one in told["accounts"]} == {"boss", "li"}
    assert asked(site, site.token(Role.OPERATOR), "/accounts")[0] == 403
    bad = {**wish, "name": "wu", "stops": ["nowhere"]}
    assert asked(site, boss, "/accounts", method="POST", json=bad)[0] == 400
    only = site.token(Role.ADMINISTRATOR, stops=["east"])
    wide = {"name": "wu", "role": "viewer"}
    assert asked(site, only, "/accounts", method="POST", json=wide)[0] == 403
