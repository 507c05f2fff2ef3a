"""Charts by pointer and by keyboard, and a wall display that fits its screen and tells its age."""

from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.test_hub_pages import a_page, sign_in
from tests.support.browser import PHONE, serious
from tests.support.hub_scene import Scene, served
from tests.support.hub_site import HubSite

pytestmark = pytest.mark.browser

WALL = (1920, 1080)


def focused(page: Page) -> str:
    return str(page.evaluate("() => document.activeElement.getAttribute('aria-label') || ''"))


def test_arrows_walk_through_a_chart_and_enter_opens_the_list_behind_a_column(
    browser: Browser, url: str
) -> None:
    with a_page(browser) as page:
        sign_in(page, url)
        page.goto(f"{url}/reports")
        page.locator("#h-intake ~ .chart-box").focus()
        page.keyboard.press("Tab")
        assert focused(page).startswith("Week 45 of 2026 (2 Nov–8 Nov), ")
        tip = page.locator("#tip")
        expect(tip).to_contain_text("Week 45 of 2026")
        page.keyboard.press("ArrowLeft")
        page.keyboard.press("ArrowLeft")
        page.keyboard.press("ArrowLeft")
        assert focused(page).startswith("Week 42 of 2026")
        expect(tip).to_contain_text("Laundry and cleaning12")
        page.keyboard.press("Enter")
        page.wait_for_url("**/reports/movements?what=received&t_from=2026-10-12&t_to=2026-10-18")
        expect(page.locator(".row-count")).to_have_text("12 rows")


def test_tab_passes_a_chart_in_one_step(browser: Browser, url: str) -> None:
    with a_page(browser) as page:
        sign_in(page, url)
        page.goto(f"{url}/reports")
        page.locator("#h-intake ~ .chart-box").focus()
        page.keyboard.press("Tab")
        page.keyboard.press("Tab")
        assert page.evaluate("() => document.activeElement.tagName") == "SUMMARY"


def test_a_column_under_the_pointer_says_its_figures(browser: Browser, url: str) -> None:
    with a_page(browser) as page:
        sign_in(page, url)
        page.goto(f"{url}/reports")
        page.locator("#h-handover ~ .chart-box a.bar").nth(8).hover()
        expect(page.locator("#tip")).to_contain_text("Handed to volunteers12")
        page.locator("h1").hover()
        expect(page.locator("#tip")).to_be_hidden()


def test_without_javascript_a_column_is_a_link_with_a_title(browser: Browser, url: str) -> None:
    with a_page(browser, javascript=False) as page:
        sign_in(page, url)
        page.goto(f"{url}/reports")
        bar = page.locator("#h-intake ~ .chart-box a.bar").last
        assert "Small appliances 24" in (bar.locator("title").text_content() or "")
        bar.click()
        page.wait_for_url("**/reports/movements?what=received&*")


def test_a_narrow_window_shows_the_newest_columns_first(browser: Browser, url: str) -> None:
    with a_page(browser, "zh", PHONE) as page:
        sign_in(page, url)
        page.goto(f"{url}/reports")
        page.locator("#h-intake ~ details").scroll_into_view_if_needed()
        expect(page.locator("#h-intake ~ .chart-box a.bar").last).to_be_in_viewport()
        first = page.locator("#h-intake ~ .chart-box a.bar").first
        expect(first).not_to_be_in_viewport()


def test_thirty_stops_fit_a_wall_without_scrolling_in_letters_read_from_afar(
    browser: Browser, tmp_path: Path
) -> None:
    site = HubSite(tmp_path)
    site.add_users()
    try:
        letters = "ABCDEFGHJKMNPQRSTVWXYZ"
        for n in range(30):
            prefix = f"2{letters[n // 20]}{letters[n % 20]}0"
            place = site.add_stop(
                f"stop{n:02}", f"玉林北路社区第{n}义仓站", f"Yulin North Stop {n}", ("", ""), prefix
            )
            site.intake(place, "F1")
        with served(site) as url, a_page(browser, "zh", WALL) as page:
            sign_in(page, url)
            page.goto(f"{url}/wall")
            assert page.locator(".wall-name").count() == 30
            for row in (page.locator(".wall-stops tbody tr").nth(n) for n in (9, 19, 29)):
                box, around = row.bounding_box(), page.locator(".wall-stops").bounding_box()
                assert box is not None
                assert around is not None
                assert box["y"] + box["height"] <= around["y"] + around["height"]
                assert box["x"] + box["width"] <= around["x"] + around["width"]
            size = page.evaluate(
                "() => parseFloat(getComputedStyle(document.querySelector('.wall-name')).fontSize)"
            )
            assert size >= 26
            tall = page.evaluate("() => document.documentElement.scrollHeight")
            assert tall <= WALL[1]
            assert serious(page) == []
    finally:
        site.close()


def test_a_wall_without_an_answer_keeps_its_figures_and_says_how_old_they_are(
    browser: Browser, scene: Scene
) -> None:
    with a_page(browser, "en", WALL, "ERR_", "htmx:") as page:
        page.clock.install()
        with served(scene.site) as url:
            sign_in(page, url)
            page.goto(f"{url}/wall")
            expect(page.locator("#wall-state")).to_have_text("Live")
        state = page.locator("#wall-state")
        page.clock.fast_forward(190_000)
        expect(state).to_contain_text("Last heard 3 min ago")
        expect(page.locator(".wall-figures dd").first).to_be_visible()
        with served(scene.site, int(url.rpartition(":")[2])):
            page.clock.fast_forward(10_000)
            expect(state).to_have_text("Live", timeout=15_000)
