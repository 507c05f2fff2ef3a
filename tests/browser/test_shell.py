"""The frame of the staff’s pages in Chromium: with keys, with a scanner, without JavaScript."""

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.test_hub_pages import a_page, sign_in
from tests.support.browser import DESKTOP, PHONE, serious
from tests.support.hub_scene import ADMINISTRATOR, Scene

pytestmark = pytest.mark.browser

SCANNER_MS = 5
"""Between two keys of a scanner that types."""
PERSON_MS = 90


def test_the_slash_key_leads_to_the_search_box_and_enter_to_the_item(
    browser: Browser, scene: Scene, url: str
) -> None:
    with a_page(browser) as page:
        sign_in(page, url)
        page.keyboard.press("/")
        expect(page.locator("#q")).to_be_focused()
        expect(page.locator("#q")).to_have_value("")
        page.keyboard.type(scene.free.lower(), delay=PERSON_MS)
        page.keyboard.press("Enter")
        page.wait_for_url(f"**/items/{scene.free}")


def test_a_scanner_that_types_while_nothing_is_filled_in_finds_the_item(
    browser: Browser, scene: Scene, url: str
) -> None:
    with a_page(browser) as page:
        sign_in(page, url)
        page.goto(f"{url}/stock/items")
        page.locator("h1").click()
        page.keyboard.type(f"{scene.out}\n", delay=SCANNER_MS)
        page.wait_for_url(f"**/items/{scene.out}")


def test_a_person_who_types_on_the_page_is_no_scanner(browser: Browser, url: str) -> None:
    with a_page(browser) as page:
        sign_in(page, url)
        page.goto(f"{url}/stock/items")
        page.locator("h1").click()
        page.keyboard.type("hello there\n", delay=PERSON_MS)
        assert page.url == f"{url}/stock/items"
        expect(page.locator("#q")).to_have_value("")


@pytest.mark.parametrize("javascript", [True, False])
def test_the_menu_of_a_phone_opens_and_leads_on(
    browser: Browser, url: str, javascript: bool
) -> None:
    with a_page(browser, "en", PHONE, javascript=javascript) as page:
        sign_in(page, url, ADMINISTRATOR)
        menu = page.get_by_role("navigation", name="Sections")
        expect(menu).to_be_hidden()
        page.get_by_role("link", name="Menu", exact=True).click()
        expect(menu).to_be_visible()
        menu.get_by_role("link", name="Close the menu").click()
        expect(menu).to_be_hidden()
        page.get_by_role("link", name="Menu", exact=True).click()
        menu.get_by_role("link", name="All items", exact=True).click()
        page.wait_for_url("**/stock/items")


def test_escape_closes_the_menu(browser: Browser, url: str) -> None:
    with a_page(browser, "en", PHONE) as page:
        sign_in(page, url)
        page.get_by_role("link", name="Menu", exact=True).click()
        page.keyboard.press("Escape")
        expect(page.get_by_role("navigation", name="Sections")).to_be_hidden()


@pytest.mark.parametrize("javascript", [True, False])
def test_filters_stand_in_the_address_and_come_off_one_by_one(
    browser: Browser, url: str, javascript: bool
) -> None:
    with a_page(browser, javascript=javascript) as page:
        sign_in(page, url)
        page.goto(f"{url}/stock/items?sort=-received")
        page.get_by_label("Stop").select_option("east")
        page.get_by_label("Status").select_option("delivered")
        page.get_by_role("button", name="Filter", exact=True).click()
        page.wait_for_url("**status=delivered**")
        assert "stop=east" in page.url
        assert "sort=-received" in page.url
        if javascript:
            assert "lot=" not in page.url
        expect(page.locator("table.list tbody tr")).to_have_count(13)
        page.get_by_role("link", name="Stop East Gate").click()
        page.wait_for_url(lambda address: "stop=east" not in address)
        expect(page.locator("table.list tbody tr")).to_have_count(14)


def test_on_a_phone_a_row_is_a_card_with_its_titles(browser: Browser, url: str) -> None:
    with a_page(browser, "en", PHONE) as page:
        sign_in(page, url)
        page.goto(f"{url}/stock/items")
        cell = page.locator("table.list tbody td").first
        expect(page.locator("table.list tbody tr").first).to_have_css("display", "block")
        title = cell.evaluate("(cell) => getComputedStyle(cell, '::before').content")
        assert title == '"Category"'
        assert page.get_by_role("row").count() > 2, "it is still a table to a screen reader"


def test_an_export_is_a_file(browser: Browser, url: str) -> None:
    with a_page(browser) as page:
        sign_in(page, url)
        page.goto(f"{url}/stock/items?stop=east")
        with page.expect_download() as waiting:
            page.get_by_role("link", name="XLSX").click()
        assert waiting.value.suggested_filename == "items-2026-11-03.xlsx"


def test_the_language_chosen_above_a_table_keeps_its_filters(browser: Browser, url: str) -> None:
    with a_page(browser) as page:
        sign_in(page, url)
        page.goto(f"{url}/stock/items?stop=east")
        page.get_by_role("button", name="中文").click()
        expect(page.locator("html")).to_have_attribute("lang", "zh-Hans")
        assert page.url == f"{url}/stock/items?stop=east"
        page.get_by_role("button", name="English").click()
        expect(page.locator("html")).to_have_attribute("lang", "en")


def _reached(page: Page) -> list[str]:
    """What the Tab key reaches, one after the other."""
    page.evaluate("document.activeElement && document.activeElement.blur()")
    found = []
    for _ in range(12):
        page.keyboard.press("Tab")
        found.append(
            str(page.evaluate("(document.activeElement.textContent || '').trim().slice(0, 40)"))
        )
    return found


def test_the_tab_key_reaches_the_skip_link_first_and_then_the_search(
    browser: Browser, url: str
) -> None:
    with a_page(browser, "en", DESKTOP) as page:
        sign_in(page, url)
        page.goto(f"{url}/stock/items")
        assert _reached(page)[0] == "Skip to the content"
        page.goto(f"{url}/stock/items")
        page.keyboard.press("Tab")
        page.keyboard.press("Enter")
        page.keyboard.press("Tab")
        inside = page.evaluate("document.querySelector('main').contains(document.activeElement)")
        assert inside is True


def test_a_question_opens_over_the_page_and_escape_leaves_it(
    browser: Browser, scene: Scene, url: str
) -> None:
    with a_page(browser) as page:
        sign_in(page, url)
        page.goto(f"{url}/items/{scene.free}")
        page.locator("main a[data-dialog]").first.click()
        dialog = page.get_by_role("dialog")
        expect(dialog).to_be_visible()
        assert page.url == f"{url}/items/{scene.free}"
        assert serious(page) == []
        page.keyboard.press("Escape")
        expect(dialog).to_be_hidden()


def test_without_javascript_a_question_is_a_page(browser: Browser, scene: Scene, url: str) -> None:
    with a_page(browser, javascript=False) as page:
        sign_in(page, url)
        page.goto(f"{url}/items/{scene.free}")
        page.locator("main a[data-dialog]").first.click()
        page.wait_for_load_state()
        assert page.url != f"{url}/items/{scene.free}"
        expect(page.locator("main form button[type=submit]").first).to_be_visible()
