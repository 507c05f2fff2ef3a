"""Templates in a real Chromium: the picture follows what is typed, and keys alone are enough."""

import base64
import io
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, expect

from hub.printing import papers
from tests.browser.test_hub_pages import a_page, sign_in
from tests.support.browser import DESKTOP, PHONE, serious, too_wide
from tests.support.hub_scene import served
from tests.support.hub_site import HubSite

pytestmark = pytest.mark.browser

LABEL, RECEIPT = "#seen-label img", "#seen-receipt img"


@pytest.fixture
def site(tmp_path: Path) -> Iterator[HubSite]:
    found = HubSite(tmp_path)
    found.add_users()
    found.add_stop("east", "东门义仓站", "East Gate", ("", ""), "4K2P")
    yield found
    found.close()


def dots(page: Page, picture: str) -> Image.Image:
    source = page.locator(picture).get_attribute("src") or ""
    return Image.open(io.BytesIO(base64.b64decode(source.partition(",")[2])))


def shown(page: Page, picture: str) -> Image.Image:
    """The pixels on the screen."""
    taken = page.locator(picture).screenshot()
    return Image.open(io.BytesIO(taken)).convert("L")


def containing(text: str) -> re.Pattern[str]:
    return re.compile(re.escape(text))


def own_name(site: HubSite) -> str:
    with site.reader.connect() as connection:
        found = papers.own(connection, "east")
    return "" if found is None else found.stop_en


def test_the_picture_follows_what_is_typed_and_the_old_one_stays_until_then(
    browser: Browser, site: HubSite
) -> None:
    with served(site) as url, a_page(browser) as page:
        sign_in(page, url)
        page.goto(f"{url}/papers/east")
        expect(page.locator(RECEIPT)).to_have_attribute("alt", containing("East Gate"))
        page.evaluate("() => { window.notReloaded = true; window.without = 0; }")
        page.evaluate(
            "() => new MutationObserver(() => {"
            " if (!document.querySelector('#seen-label img')) window.without += 1;"
            "}).observe(document.getElementById('seen-label'), {childList: true})"
        )
        page.get_by_label("Name in English").fill("East of the old gate")
        expect(page.locator(RECEIPT)).to_have_attribute("alt", containing("East of the old gate"))
        expect(page.locator(LABEL)).to_have_attribute("alt", containing("East of the old gate"))
        assert page.evaluate("() => [window.notReloaded, window.without]") == [True, 0]
        assert own_name(site) == "", "nothing is saved by looking"
        page.get_by_role("button", name="Save", exact=True).click()
        expect(page.locator(".message")).to_contain_text("Saved")
        assert own_name(site) == "East of the old gate"
        page.locator(".message").get_by_role("button", name="Undo").click()
        expect(page.locator(".message")).to_contain_text("Put back")
        assert own_name(site) == ""


def test_a_pixel_on_the_screen_is_a_dot_on_the_paper(browser: Browser, site: HubSite) -> None:
    with served(site) as url, a_page(browser) as page:
        sign_in(page, url)
        page.goto(f"{url}/papers/east")
        paper, screen = dots(page, LABEL), shown(page, LABEL)
        # The picture has a frame, and may begin within a pixel of the screen.
        places = [(x, y) for x in range(4) for y in range(4)]
        found = [screen.crop((x, y, x + paper.width, y + paper.height)) for x, y in places]
        assert paper.convert("L").tobytes() in [one.tobytes() for one in found]


def test_keys_alone_move_a_part_to_the_top(browser: Browser, site: HubSite) -> None:
    with served(site) as url, a_page(browser) as page:
        sign_in(page, url)
        page.goto(f"{url}/papers/east")
        page.locator("#label-4-up").focus()
        for place in (3, 2, 1):
            page.keyboard.press("Enter")
            moved = f"#label-{place}-{'up' if place > 1 else 'down'}"
            expect(page.locator(moved)).to_be_focused()
            expect(page.locator(f"input[name=label-{place}-kind]")).to_have_value("stop")
        expect(page.locator(LABEL)).to_have_attribute("alt", containing("东门义仓站 East Gate, 米"))


def test_everything_works_without_javascript(browser: Browser, site: HubSite) -> None:
    with served(site) as url, a_page(browser, javascript=False) as page:
        sign_in(page, url)
        page.goto(f"{url}/papers/east")
        page.select_option("#label-new", "words")
        page.click("#label-add")
        page.locator("#label-5-en").fill("Not for sale")
        page.click("#show-label")
        expect(page.locator(LABEL)).to_have_attribute("alt", containing("Not for sale"))
        expect(page.locator("#show-label")).to_be_focused()
        page.get_by_role("button", name="Save", exact=True).click()
        expect(page.locator(".message")).to_contain_text("Saved")
        expect(page.locator("#label-5-en")).to_have_value("Not for sale")


@pytest.mark.parametrize("size", [PHONE, DESKTOP], ids=["phone", "desktop"])
def test_the_editor_with_a_logo_and_words_has_no_barriers(
    browser: Browser, site: HubSite, size: tuple[int, int]
) -> None:
    logo = io.BytesIO()
    Image.linear_gradient("L").save(logo, "PNG")
    with served(site) as url, a_page(browser, "zh", size, "status of 400") as page:
        sign_in(page, url)
        page.goto(f"{url}/papers/east")
        file = {"name": "logo.png", "mimeType": "image/png", "buffer": logo.getvalue()}
        page.set_input_files("#logo", file)  # type: ignore[arg-type]
        page.get_by_role("button", name="用这张图片").click()
        expect(page.locator(LABEL)).to_have_attribute("alt", containing("（标志）"))
        page.select_option("#receipt-new", "words")
        page.click("#receipt-add")
        expect(page.locator("#receipt-11-zh")).to_be_focused()
        page.get_by_role("button", name="保存", exact=True).click()
        expect(page.locator("[role=alert]")).to_contain_text("第11项")
        assert serious(page) == []
        assert too_wide(page) == 0
