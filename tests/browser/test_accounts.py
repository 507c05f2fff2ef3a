"""Passkeys in a real Chromium with an authenticator of its own, and the accounts' pages in it."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, CDPSession, Page, expect

from hub.access.permissions import Role
from tests.support.browser import Console, context
from tests.support.hub_scene import served
from tests.support.hub_site import PASSWORD, HubSite

pytestmark = pytest.mark.browser

AUTHENTICATOR = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}


@pytest.fixture
def site(tmp_path: Path) -> Iterator[HubSite]:
    found = HubSite(tmp_path)
    found.add_user("chief", Role.ADMINISTRATOR)
    yield found
    found.close()


@pytest.fixture
def url(site: HubSite) -> Iterator[str]:
    with served(site) as found:
        yield found.replace("127.0.0.1", "localhost")  # passkeys need a name


class Authenticator:
    """A phone's finger sensor, as Chromium plays it."""

    def __init__(self, page: Page) -> None:
        self._cdp: CDPSession = page.context.new_cdp_session(page)
        self._cdp.send("WebAuthn.enable")
        made = self._cdp.send("WebAuthn.addVirtualAuthenticator", {"options": AUTHENTICATOR})
        self._id = {"authenticatorId": made["authenticatorId"]}

    def refuses(self) -> None:
        """From now on it does not know the finger."""
        self._cdp.send("WebAuthn.setUserVerified", {**self._id, "isUserVerified": False})

    def passkeys(self) -> list[dict[str, object]]:
        """What it keeps."""
        found: list[dict[str, object]] = self._cdp.send("WebAuthn.getCredentials", self._id)[
            "credentials"
        ]
        return found

    def rewind(self) -> None:
        """Its passkey is what a copy of it was before it signed anything."""
        (kept,) = self.passkeys()
        self._cdp.send(
            "WebAuthn.removeCredential", {**self._id, "credentialId": kept["credentialId"]}
        )
        self._cdp.send(
            "WebAuthn.addCredential", {**self._id, "credential": {**kept, "signCount": 0}}
        )


@contextmanager
def a_phone(browser: Browser, *expected: str) -> Iterator[tuple[Page, Authenticator]]:
    console = Console()
    console.expect(*expected)
    with context(browser) as profile:
        page = profile.new_page()
        console.watch(page)
        yield page, Authenticator(page)
        console.assert_clean()


def sign_in(page: Page, url: str) -> None:
    page.goto(f"{url}/login")
    page.fill("#name", "chief")
    page.fill("#password", PASSWORD)
    page.click(".login button")
    page.wait_for_url("**/board")


def make_passkey(page: Page, url: str) -> None:
    sign_in(page, url)
    page.goto(f"{url}/account")
    page.get_by_role("button", name="Make a passkey on this device").click()
    expect(page.get_by_text("The passkey is kept.")).to_be_visible()


def sign_out(page: Page) -> None:
    page.get_by_role("navigation").get_by_role("button", name="Sign out", exact=True).click()
    page.wait_for_url("**/")


def test_a_passkey_is_made_signs_in_without_a_name_and_is_taken_back(
    browser: Browser, url: str
) -> None:
    with a_phone(browser, "status of 401") as (page, authenticator):
        make_passkey(page, url)
        assert len(authenticator.passkeys()) == 1
        sign_out(page)
        page.goto(f"{url}/login?next=/account")
        page.get_by_role("button", name="Sign in with a passkey").click()
        page.wait_for_url("**/account")
        expect(page.get_by_text("by passkey")).to_be_visible()
        page.get_by_role("link", name="Remove the passkey").click()
        page.get_by_role("dialog").get_by_role("button", name="Remove").click()
        expect(page.get_by_text("The passkey is removed.")).to_be_visible()
        sign_out(page)
        page.goto(f"{url}/login")
        page.get_by_role("button", name="Sign in with a passkey").click()
        expect(page.get_by_text("This passkey is not known here.")).to_be_visible()


def test_a_passkey_whose_owner_was_not_checked_lets_nobody_in(browser: Browser, url: str) -> None:
    with a_phone(browser) as (page, authenticator):
        make_passkey(page, url)
        sign_out(page)
        authenticator.refuses()
        page.goto(f"{url}/login")
        page.get_by_role("button", name="Sign in with a passkey").click()
        expect(page.get_by_text("No passkey was used.")).to_be_visible()


def test_a_copy_of_a_passkey_is_refused(browser: Browser, url: str) -> None:
    with a_phone(browser, "status of 401") as (page, authenticator):
        make_passkey(page, url)
        sign_out(page)
        page.goto(f"{url}/login")
        page.get_by_role("button", name="Sign in with a passkey").click()
        page.wait_for_url("**/board")
        sign_out(page)
        authenticator.rewind()
        page.goto(f"{url}/login")
        page.get_by_role("button", name="Sign in with a passkey").click()
        expect(page.get_by_text("This passkey is not known here.")).to_be_visible()


def test_a_passkey_of_a_deactivated_account_lets_nobody_in(
    browser: Browser, url: str, site: HubSite
) -> None:
    with a_phone(browser, "status of 401") as (page, _):
        make_passkey(page, url)
        sign_out(page)
        site.writer.call(
            lambda connection: connection.exec_driver_sql('UPDATE "user" SET deactivated_ms = 1')
        )
        page.goto(f"{url}/login")
        page.get_by_role("button", name="Sign in with a passkey").click()
        expect(page.get_by_text("This passkey is not known here.")).to_be_visible()
