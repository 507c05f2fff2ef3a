"""The page of a count in a browser: it moves while people count, and approves in a dialog."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from hub.counts import counting
from hub.counts.counting import Plan
from hub.log.recording import Actor
from tests.browser.test_hub_pages import a_page, sign_in
from tests.support.counts import ROOM, SHELF, CountSite
from tests.support.hub_scene import served

pytestmark = pytest.mark.browser


@pytest.fixture
def site(tmp_path: Path) -> Iterator[CountSite]:
    found = CountSite(tmp_path)
    yield found
    found.close()


def test_a_page_that_is_open_follows_the_lanes_and_approves_what_it_shows(
    browser: Browser, site: CountSite
) -> None:
    by, now_ms = Actor(site.ids["lead"]), site.now_ms
    plan = Plan("east", (SHELF, ROOM), recount="never")
    asked = "00000000-0000-4000-8000-000000000001"
    count = site.writer.call(lambda here: counting.plan(here, plan, by, now_ms, asked))
    with served(site) as url, a_page(browser, hasty=True) as page:
        sign_in(page, url, "manager")
        page.goto(f"{url}/counts/{count}")
        expect(page.locator("main")).to_contain_text("Nobody yet")
        site.first.begin()
        site.first.shelf(SHELF, *site.on_shelf[1:])
        page.get_by_role("button", name="Belongs to this count").click(timeout=15_000)
        expect(page.locator(".message")).to_contain_text("belongs to it now")
        site.first.shelf(ROOM, *site.in_room)
        counted = page.locator("section", has_text="Places").filter(has_text="2 of 2 counted")
        expect(counted).to_be_visible(timeout=15_000)
        page.get_by_role("link", name="Approve", exact=True).click()
        dialog = page.locator("dialog")
        expect(dialog).to_contain_text("1 item is presumed missing from then on")
        dialog.get_by_role("button", name="Approve it").click()
        expect(page.locator(".message")).to_contain_text("What is found later is told here")
    assert site.status(site.on_shelf[0]) == "missing"
