"""What the routes for passkeys do with answers that no browser would send."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from werkzeug.test import TestResponse

from hub.access.permissions import Role
from tests.integration.test_web_accounts import csrf, sign_in
from tests.support.hub_site import HubSite

HTTPS = {"base_url": "http://localhost"}

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=8,
)
FIELD = JSON | st.binary(max_size=40).map(lambda raw: raw.hex()) | st.just("AAAA")
ANSWER = st.fixed_dictionaries(
    {},
    optional={
        "id": FIELD,
        "rawId": FIELD,
        "type": FIELD | st.just("public-key"),
        "response": JSON
        | st.fixed_dictionaries(
            {},
            optional={
                "clientDataJSON": FIELD,
                "attestationObject": FIELD,
                "authenticatorData": FIELD,
                "signature": FIELD,
                "userHandle": FIELD,
            },
        ),
    },
)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HubSite]:
    found = HubSite(tmp_path_factory.mktemp("hub"))
    found.add_user("chief", Role.ADMINISTRATOR)
    yield found
    found.close()


@pytest.fixture(scope="module")
def chief(site: HubSite) -> FlaskClient:
    """A browser that is signed in; one for all, since a password's check is slow on purpose."""
    return sign_in(site, "chief")


def post(client: FlaskClient, path: str, token: str, body: bytes = b"") -> TestResponse:
    headers = {"X-CSRFToken": token, "Content-Type": "application/json"}
    return client.post(path, data=body, headers=headers, **HTTPS)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(answer=ANSWER)
def test_an_answer_that_is_rubbish_lets_nobody_in(site: HubSite, answer: dict[str, Any]) -> None:
    client = site.client()
    token = csrf(client, "http://localhost/login")
    assert post(client, "/login/passkey/ask", token).status_code == 200
    site.now_ms += 60_000  # so that it is not for haste that it is refused
    given = post(client, "/login/passkey", token, json.dumps(answer).encode())
    assert given.status_code == 401
    assert client.get("/board").status_code == 303


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(answer=ANSWER)
def test_a_passkey_that_is_rubbish_is_not_kept(chief: FlaskClient, answer: dict[str, Any]) -> None:
    client = chief
    token = csrf(client, "http://localhost/account")
    assert post(client, "/account/passkeys/offer", token).status_code == 200
    given = post(client, "/account/passkeys", token, json.dumps(answer).encode())
    assert given.status_code == 400
    assert "Remove the passkey" not in client.get("/account").text


def test_a_challenge_serves_once_and_not_for_long(site: HubSite) -> None:
    client = site.client()
    token = csrf(client, "http://localhost/login")
    assert post(client, "/login/passkey", token, b"{}").status_code == 400
    post(client, "/login/passkey/ask", token)
    assert post(client, "/login/passkey", token, b"{}").status_code == 401
    assert post(client, "/login/passkey", token, b"{}").status_code == 400
    post(client, "/login/passkey/ask", token)
    site.now_ms += 301_000
    assert post(client, "/login/passkey", token, b"{}").status_code == 400


@pytest.mark.parametrize("sent", [b'{"id":"\xff"}', b'{"id":' * 5_000], ids=["no-utf-8", "nested"])
def test_what_is_no_json_is_an_answer_that_cannot_be_taken(site: HubSite, sent: bytes) -> None:
    client = site.client()
    token = csrf(client, "http://localhost/login")
    post(client, "/login/passkey/ask", token)
    assert post(client, "/login/passkey", token, sent).status_code == 400


def test_passkeys_need_the_token_of_the_page(site: HubSite) -> None:
    client = site.client()
    assert post(client, "/login/passkey/ask", "").status_code == 400
    assert re.search("too long", post(client, "/login/passkey/ask", "x").text)


def test_there_are_no_passkeys_without_https(site: HubSite) -> None:
    client = site.client()
    page = client.get("/login", base_url="http://192.0.2.5:8080").text
    assert "use-passkey" not in page
    assert "use-passkey" in client.get("/login", base_url="https://hub.example").text
