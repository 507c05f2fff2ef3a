"""Large files on their way to the hub: how far they are, and what is said when they do not come."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest
from playwright.sync_api import Browser, FilePayload, Page, expect

from contract.bundles import MAX_BUNDLE_BYTES
from tests.browser.test_hub_pages import a_page, sign_in
from tests.integration.test_web_lifecycle import Office
from tests.support.browser import DESKTOP, serious, sticking_out
from tests.support.hub_scene import served
from tests.support.releases import Signer, bundle

pytestmark = pytest.mark.browser

PHOTOGRAPH: Final = FilePayload(name="holiday.jpg", mimeType="image/jpeg", buffer=bytes(400_000))
BYTES_A_SECOND = 600_000

WATCH = """
() => {
  window.seen = [];
  document.addEventListener("htmx:xhr:progress", () => {
    const bar = document.getElementById("f-way");
    window.seen.push([bar.value, document.getElementById("f-way-said").textContent]);
  });
}
"""
"""Gone after a load: what is in it was seen on one page."""


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    found = Office(tmp_path_factory.mktemp("hub"))
    yield found
    found.site.close()


@pytest.fixture(scope="module")
def url(office: Office) -> Iterator[str]:
    with served(office.site) as found:
        yield found


def at(page: Page, url: str, path: str) -> None:
    sign_in(page, url)
    page.goto(url + path)


def slow(page: Page) -> None:
    """As over a line that lets little out."""
    line = page.context.new_cdp_session(page)
    limits = {"offline": False, "latency": 0, "downloadThroughput": -1}
    line.send("Network.emulateNetworkConditions", {**limits, "uploadThroughput": BYTES_A_SECOND})


def stick(office: Office, n: int) -> FilePayload:
    """A file from a stick."""
    return FilePayload(name="a.yicang", mimeType="", buffer=office.bundle(n))


def test_how_far_a_bundle_is_is_to_be_seen_and_what_came_of_it(
    browser: Browser, office: Office, url: str
) -> None:
    with a_page(browser) as page:
        at(page, url, "/bundles")
        slow(page)
        page.evaluate(WATCH)
        expect(page.get_by_label("On its way to the hub")).to_be_hidden()
        page.set_input_files("#f-file", [stick(office, 3), PHOTOGRAPH])
        page.get_by_role("button", name="Take them in").click()
        bar = page.get_by_label("On its way to the hub")
        expect(bar).to_be_visible()
        expect(page.get_by_role("button", name="Take them in")).to_be_disabled()
        assert serious(page) == []
        assert sticking_out(page) == []
        expect(page.locator(".message").first).to_contain_text("3 new events")
        expect(page.locator(".message").first).to_be_focused()
        expect(page.locator(".message").last).to_contain_text("no bundle of a kiosk")
        seen = page.evaluate("() => window.seen")
        assert [value for value, _said in seen if 0 < value < 1]
        assert "0.4 MB sent" in "".join(said for _value, said in seen)
        assert seen[-1][1].startswith("All is sent.")
        assert page.url == f"{url}/bundles"


def test_a_release_arrives_and_a_refused_one_says_why_in_chinese(
    browser: Browser, office: Office, url: str, tmp_path: Path
) -> None:
    signer = Signer(Path(office.site.config.release_keys_dir).parent)
    release = bundle(tmp_path / "new.yrel", signer, 1, {"sbom.cdx.json": b"{}"})
    foreign = bundle(tmp_path / "old.yrel", Signer(tmp_path / "other"), 0, {"sbom.cdx.json": b"{}"})
    with a_page(browser, "zh", DESKTOP, "status of 400", "htmx:") as page:
        at(page, url, "/releases")
        page.evaluate(WATCH)
        page.set_input_files("#f-file", foreign)
        page.get_by_role("button", name="验证并收下").click()
        expect(page.locator("main .alert")).to_contain_text("没有收下")
        expect(page.locator("main .alert")).to_be_focused()
        page.set_input_files("#f-file", release)
        page.get_by_role("button", name="验证并收下").click()
        expect(page.locator("main .message")).to_contain_text("0.1.0-")
        assert [said for _value, said in page.evaluate("() => window.seen") if "全部发送" in said]


def test_a_broken_connection_and_too_large_a_file_say_what_to_do(
    browser: Browser, url: str, tmp_path: Path
) -> None:
    huge = tmp_path / "huge.yicang"
    with huge.open("wb") as file:
        file.truncate(MAX_BUNDLE_BYTES + 1)  # takes no room
    with a_page(browser, "en", DESKTOP, "ERR_", "htmx:") as page:
        at(page, url, "/bundles")
        page.set_input_files("#f-file", huge)
        said: str = page.evaluate("() => document.getElementById('f-file').validationMessage")
        assert "more than 512 MB" in said
        page.set_input_files("#f-file", [PHOTOGRAPH])
        page.route("**/bundles", lambda route: route.abort("connectionreset"))
        page.get_by_role("button", name="Take them in").click()
        expect(page.locator("#f-way-said")).to_contain_text("nothing was taken in")
        expect(page.get_by_role("button", name="Take them in")).to_be_enabled()


def test_without_javascript_it_is_a_form_as_any_other(
    browser: Browser, office: Office, url: str
) -> None:
    with a_page(browser, javascript=False) as page:
        at(page, url, "/bundles")
        expect(page.locator("progress")).to_be_hidden()
        page.set_input_files("#f-file", [stick(office, 2)])
        page.get_by_role("button", name="Take them in").click()
        expect(page.locator(".message")).to_contain_text("2 new events")
