"""Somebody adds a kiosk in a browser: the page follows the kiosk by itself, and a scanner could
read what it shows."""

import io
from collections.abc import Iterator
from pathlib import Path

import pytest
import zxingcpp
from PIL import Image
from playwright.sync_api import Browser, Page, expect

from contract import enrolling, events, messages, topics
from contract.codes import PLACE_IN
from contract.enrolling import EMPTY
from contract.messages import KioskStatus
from tests.browser.test_hub_pages import SIZES, a_page, sign_in
from tests.support.browser import DESKTOP, serious, too_wide
from tests.support.hub_scene import served
from tests.support.hub_site import HubSite, Journal
from tests.support.new_kiosk import NewKiosk, with_tls

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HubSite]:
    directory: Path = tmp_path_factory.mktemp("hub")
    found = HubSite(directory)
    found.add_stop("east", "东门义仓站", "East Gate", ("", ""), "4K2P")
    found.add_users()
    with_tls(found, directory / "authority")
    yield found
    found.close()


@pytest.fixture(scope="module")
def url(site: HubSite) -> Iterator[str]:
    with served(site) as found:
        yield found


def invite(page: Page, url: str) -> None:
    """From the list of kiosks to a new invitation, as a person goes."""
    sign_in(page, url)
    page.goto(f"{url}/kiosks")
    page.get_by_role("link", name="Add a kiosk").first.click()
    page.get_by_role("button", name="Make the invitation").click()
    page.wait_for_url("**/kiosks/invitations/*")


def scanned(page: Page, selector: str) -> list[str]:
    """What a scanner that looks at this part of the screen reads."""
    picture = Image.open(io.BytesIO(page.locator(selector).screenshot()))
    return [found.text for found in zxingcpp.read_barcodes(picture)]


def test_the_page_follows_the_kiosk_from_the_sheet_to_its_first_scan(
    browser: Browser, site: HubSite, url: str
) -> None:
    with a_page(browser, hasty=True) as page:
        invite(page, url)
        now = page.locator("[aria-current=step]")
        expect(now).to_contain_text("The kiosk scans the code")
        (text,) = scanned(page, ".code-qr")
        kiosk = NewKiosk(enrolling.parse(text).code)
        name = kiosk.enrolled(site.client()).kiosk

        expect(now).to_contain_text("You type the six digits")
        expect(page.locator(".code-qr")).to_have_count(0)
        page.get_by_label("Six digits").fill(kiosk.digits)
        page.get_by_role("button", name="Confirm").click()
        expect(page.get_by_text(f"{name} belongs to this hub now.")).to_be_visible()

        expect(now).to_contain_text("It connects")
        said = KioskStatus(online=True)
        site.send(topics.up(name, topics.STATUS), messages.encode(said))
        expect(now).to_contain_text("The first scan is received")

        journal = Journal(name, "7TWY")
        site.receive(journal, journal.opening(site.now_ms))
        body = events.Received(
            session=journal.session, item=journal.code(), category="H1", place=PLACE_IN
        )
        site.receive(journal, [journal.write(body, site.now_ms)])
        expect(page.get_by_text("It works. The sheet can be torn up.")).to_be_visible()
        expect(now).to_have_count(0)


def test_what_is_typed_is_not_lost_while_the_page_asks_for_news(
    browser: Browser, site: HubSite, url: str
) -> None:
    with a_page(browser, hasty=True) as page:
        invite(page, url)
        (text,) = scanned(page, ".code-qr")
        NewKiosk(enrolling.parse(text).code, 5).enrolled(site.client())
        field = page.get_by_label("Six digits")
        field.fill("123")
        for _ in range(2):
            with page.expect_response("**/live"):
                pass
        assert field.input_value() == "123"


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_codes_are_read_from_the_screen_at_any_size_and_bar_nobody(
    browser: Browser, site: HubSite, url: str, language: str
) -> None:
    with a_page(browser, language, DESKTOP) as page:
        sign_in(page, url)
        page.goto(f"{url}/kiosks/new?stop=east")
        page.locator("main .card button[type=submit]").click()
        page.wait_for_url("**/kiosks/invitations/*")
        page.locator("summary").click()
        for way, (size, colours) in SIZES.items():
            page.set_viewport_size({"width": size[0], "height": size[1]})
            page.emulate_media(color_scheme=colours)
            assert (way, serious(page), too_wide(page)) == (way, [], 0)
            (text,) = scanned(page, ".code-qr")
            assembly = EMPTY
            if way == "desktop":  # a telephone's screen is too narrow for bars
                for n in range(page.locator(".code-bars").count()):
                    (part,) = scanned(page, f".parts li:nth-child({n + 1}) .code-bars")
                    assembly = enrolling.take(assembly, part)
                assert enrolling.assembled(assembly) == enrolling.parse(text)
        page.emulate_media(color_scheme="dark")
        assert serious(page) == []
        assert scanned(page, ".code-qr") == [text], "dark on white, whatever the page is"


def test_without_javascript_everything_can_be_done(
    browser: Browser, site: HubSite, url: str
) -> None:
    with a_page(browser, javascript=False) as page:
        invite(page, url)
        (text,) = scanned(page, ".code-qr")
        kiosk = NewKiosk(enrolling.parse(text).code, 9)
        kiosk.enrolled(site.client())
        page.reload()
        page.get_by_label("Six digits").fill(kiosk.digits)
        page.get_by_role("button", name="Confirm").click()
        expect(page.get_by_text("belongs to this hub now.")).to_be_visible()
