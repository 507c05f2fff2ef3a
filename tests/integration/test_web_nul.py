"""A NUL character, which no text has and PostgreSQL takes in none, is refused wherever it comes."""

import re
from collections.abc import Iterator

import pytest
from flask.testing import FlaskClient
from werkzeug.routing import Rule

from hub.access.permissions import Role
from tests.integration.test_web_operator import csrf, signed_in
from tests.support.hub_site import HubSite


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HubSite]:
    found = HubSite(tmp_path_factory.mktemp("hub"))
    found.add_users()
    found.add_user("administrator", Role.ADMINISTRATOR)
    yield found
    found.close()


@pytest.fixture(scope="module")
def client(site: HubSite) -> FlaskClient:
    return signed_in(site, "administrator")


def rules(site: HubSite, method: str) -> list[Rule]:
    every = site.app.url_map.iter_rules()
    return [one for one in every if method in (one.methods or ()) and one.endpoint != "static"]


def test_no_page_and_no_route_of_the_api_fails_over_one_in_its_address(
    site: HubSite, client: FlaskClient
) -> None:
    key = {"Authorization": f"Bearer {site.token(Role.ADMINISTRATOR)}"}
    asked = 0
    for rule in rules(site, "GET"):
        if "<" in rule.rule and "<int:" not in rule.rule:
            path = re.sub(r"<[^>]+>", "%00", rule.rule)
            assert (rule.rule, client.get(path, headers=key).status_code) == (rule.rule, 404)
            asked += 1
    assert asked > 20


def test_no_page_fails_over_one_in_its_filters(site: HubSite, client: FlaskClient) -> None:
    for path in ("/search?q=%00", "/stock?stop=%00", "/stock/items?lot=%00", "/stock?%00=1"):
        assert (path, client.get(path).status_code) == (path, 200)
    assert client.get("/incidents/one?key=%00").status_code == 404


def test_no_form_is_taken_with_one(site: HubSite, client: FlaskClient) -> None:
    token = csrf(client, "/account")
    for rule in rules(site, "POST"):
        if not rule.endpoint.startswith(("api.", "public.")):
            path = re.sub(r"<[^>]+>", "1", rule.rule)
            answer = client.post(path, data={"csrf_token": token, "key": "\0"})
            assert (rule.rule, answer.status_code) == (rule.rule, 400)


def test_no_json_is_taken_with_one(site: HubSite, client: FlaskClient) -> None:
    key = {"Authorization": f"Bearer {site.token(Role.ADMINISTRATOR)}"}
    for rule in rules(site, "POST"):
        if rule.endpoint.startswith("api."):
            path = re.sub(r"<[^>]+>", "1", rule.rule)
            answer = client.post(path, json={"key": "\0", "ruling": "seen"}, headers=key)
            assert (rule.rule, answer.status_code < 500) == (rule.rule, True)
    ruling = {"key": "\0", "ruling": "seen"}
    assert client.post("/api/v1/incidents/rule", json=ruling, headers=key).status_code == 400
    token = {"X-CSRFToken": csrf(client, "/account")}
    asked = {"request": "0" * 8 + "-0000-4000-8000-" + "0" * 12}
    look = asked | {"act": {"action": "look", "text": "\0"}}
    assert client.post("/phone/act", json=look, headers=token).status_code in (400, 409)
