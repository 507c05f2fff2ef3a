"""The board of thirty kiosks in a browser: what stands first, that it is live, and that everybody
can read it."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.test_hub_pages import LOOKS, a_page, show, sign_in
from tests.support.alarm_scene import look, say
from tests.support.browser import COLOURS, DESKTOP, PHONE, serious, too_wide
from tests.support.fleet_scene import BROKEN, Fleet, kiosk_id, well
from tests.support.hub_scene import served
from tests.support.hub_site import HubSite

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HubSite]:
    found = HubSite(tmp_path_factory.mktemp("hub"))
    found.add_users()
    Fleet(found).history()
    yield found
    found.close()


@pytest.fixture(scope="module")
def url(site: HubSite) -> Iterator[str]:
    with served(site) as found:
        yield found


@pytest.mark.parametrize("language", ["zh", "en"])
def test_everybody_can_read_it_on_any_screen(browser: Browser, url: str, language: str) -> None:
    with a_page(browser, language=language) as page:
        sign_in(page, url)
        for path in (
            "/kiosks",
            "/kiosks?view=stops",
            f"/kiosks/{kiosk_id(2)}",
            f"/kiosks/history?kiosk={kiosk_id(2)}",
        ):
            page.goto(url + path)
            for size, colours in LOOKS[language].values():
                show(page, size, colours)
                rules = COLOURS if colours == "dark" else ()
                assert serious(page, *rules) == [], (path, size, colours)
                assert not too_wide(page), (path, size)


def test_what_needs_a_human_comes_up_by_itself(browser: Browser, site: HubSite, url: str) -> None:
    with a_page(browser, language="en", size=DESKTOP, hasty=True) as page:
        sign_in(page, url)
        page.goto(f"{url}/kiosks")
        row = page.locator("#kiosks tr", has_text=kiosk_id(3))
        expect(row).to_contain_text("Well")
        page.locator("details summary", has_text="More filters").click()
        say(site, kiosk_id(3), told=well(BROKEN))
        look(site)
        expect(row).to_contain_text("The scanner does not work", timeout=15_000)
        expect(page.locator("#kiosks tbody tr").nth(1)).to_contain_text(kiosk_id(3))
        assert page.locator("details[open] summary", has_text="More filters").is_visible(), (
            "what somebody opened stays open"
        )


def test_a_level_leads_to_its_kiosks_and_a_stop_to_its_own(browser: Browser, url: str) -> None:
    with a_page(browser, language="en", size=PHONE) as page:
        sign_in(page, url)
        page.goto(f"{url}/kiosks")
        page.get_by_role("link", name="Away, stop closed").click()
        assert page.url.endswith("?level=away")
        expect(page.locator("#kiosks tbody tr")).to_have_count(2)
        page.get_by_role("link", name="By stop").click()
        expect(page.locator(".stop-marks li")).to_have_count(2)
        page.locator(".stop-marks a").first.click()
        expect(page.locator("#kiosks tbody tr")).to_have_count(1)


def test_a_telephone_is_one_touch_away(browser: Browser, url: str) -> None:
    with a_page(browser, language="zh", size=PHONE) as page:
        sign_in(page, url)
        page.goto(f"{url}/kiosks")
        first = page.locator("#kiosks tbody tr").first.locator("a.tel")
        assert first.get_attribute("href") == "tel:02855501202"
        box = first.bounding_box()
        assert box is not None
        assert box["height"] >= 24
