"""Every address of the hub is either guarded or open on purpose; a new one cannot be forgotten."""

import re
from collections.abc import Iterator

import pytest
from werkzeug.routing import Rule

from hub.access import accounts
from hub.access.permissions import Permission, Role
from hub.web.login import NEEDS
from tests.integration.test_web_accounts import csrf, sign_in
from tests.support.hub_site import HubSite

OPEN = {
    "static",
    "public.home",
    "public.find",
    "public.item",
    "public.claim",
    "keys.page",
    "keys.document",
    "login.login",
    "login.logout",
    "passkeys.ask",
    "passkeys.sign_in",
    "health.healthz",
    "metrics.scrape",
    "wall.linked",
    "wall.linked_live",
    "api.document",
    "authority.authority",
    "enrolments.ask",
    "kiosk_releases.offer",
    "kiosk_releases.bundle",
}
"""What donors see, what lets somebody in, and what machines may ask."""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HubSite]:
    found = HubSite(tmp_path_factory.mktemp("hub"))
    yield found
    found.close()


@pytest.fixture(scope="module")
def rules(site: HubSite) -> list[Rule]:
    return [rule for rule in site.app.url_map.iter_rules() if rule.endpoint not in OPEN]


def address(rule: Rule) -> str:
    """The rule's address with something in each gap."""
    return re.sub(r"<[^>]+>", "1", rule.rule)


def methods(rule: Rule) -> set[str]:
    return set(rule.methods or ()) - {"HEAD", "OPTIONS"}


def test_every_page_that_is_not_open_names_the_permission_it_needs(
    site: HubSite, rules: list[Rule]
) -> None:
    for rule in rules:
        if not rule.endpoint.startswith("api."):
            needed = getattr(site.app.view_functions[rule.endpoint], NEEDS, None)
            assert (rule.endpoint, needed in set(Permission)) == (rule.endpoint, True)


def test_whoever_is_not_signed_in_is_led_to_the_sign_in_page_from_every_other(
    site: HubSite, rules: list[Rule]
) -> None:
    client = site.client()
    token = csrf(client, "/login")
    for rule in rules:
        if rule.endpoint.startswith("api."):
            continue
        for method in methods(rule):
            form = {"csrf_token": token} if method == "POST" else None
            answer = client.open(address(rule), method=method, data=form)
            told = (method, rule.rule, answer.status_code, (answer.location or "")[:6])
            assert told == (method, rule.rule, 303, "/login")


def test_the_api_asks_for_a_token_at_every_address(site: HubSite, rules: list[Rule]) -> None:
    client = site.client()
    asked = 0
    for rule in rules:
        if rule.endpoint.startswith("api."):
            for method in methods(rule):
                answer = client.open(address(rule), method=method)
                assert (method, rule.rule, answer.status_code) == (method, rule.rule, 401)
                asked += 1
    assert asked > 5


def test_no_form_is_taken_without_its_token(site: HubSite, rules: list[Rule]) -> None:
    client = site.client()
    for rule in rules:
        if "POST" in methods(rule) and not rule.endpoint.startswith("api."):
            answer = client.post(address(rule), data={})
            assert (rule.rule, answer.status_code) == (rule.rule, 400)


@pytest.mark.parametrize("gap", ["9" * 20, f"hub.0123456789abcdef.{'9' * 20}.0123456789abcdef"])
def test_no_address_fails_over_a_number_that_no_database_holds(
    site: HubSite, rules: list[Rule], gap: str
) -> None:
    if not site.writer.call(accounts.everyone):
        site.add_user("chief", Role.ADMINISTRATOR)
    client = sign_in(site, "chief")
    key = {"Authorization": f"Bearer {site.token(Role.ADMINISTRATOR)}"}
    asked = 0
    for rule in rules:
        if "GET" in methods(rule) and "<" in rule.rule:
            answer = client.get(re.sub(r"<[^>]+>", gap, rule.rule), headers=key)
            assert (rule.rule, answer.status_code < 500) == (rule.rule, True)
            asked += 1
    assert asked > 30
