"""The hub's pages in a real Chromium: clean console, accessible, usable at 360 pixels, live."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.support.browser import (
    COLOURS,
    DESKTOP,
    PHONE,
    Console,
    bring_axe,
    context,
    hasten,
    serious,
    sticking_out,
    too_wide,
)
from tests.support.hub_scene import CLAIM, Scene, served
from tests.support.hub_site import PASSWORD, USER, HubSite
from tests.support.pages import PARTS, PUBLIC

pytestmark = pytest.mark.browser

Colours = Literal["light", "dark"]
SIZES: Mapping[str, tuple[tuple[int, int], Colours]] = {
    "desktop": (DESKTOP, "light"),
    "phone": (PHONE, "light"),
}
LOOKS = {"zh": SIZES, "en": {**SIZES, "in the dark": (DESKTOP, "dark")}}
"""How every page is looked at; the dark differs in nothing but colours, so one language does."""


@contextmanager
def a_page(
    browser: Browser,
    language: str = "en",
    size: tuple[int, int] = DESKTOP,
    *expected: str,
    javascript: bool = True,
    hasty: bool = False,
) -> Iterator[Page]:
    """A page in a fresh profile; its console must be clean when the test is done. A ``hasty`` one
    asks for news ten times as often."""
    console = Console()
    # Chromium reports each 404 and 401 of an address that a test asks for on purpose.
    console.expect("status of 404", *expected)
    with context(browser, language=language, size=size, java_script_enabled=javascript) as profile:
        page = profile.new_page()
        console.watch(page)
        if hasty:
            hasten(page)
        yield page
        console.assert_clean()


def sign_in(page: Page, url: str, name: str = USER) -> None:
    page.context.clear_cookies(name="yicang")
    page.goto(f"{url}/login")
    page.fill("#name", name)
    page.fill("#password", PASSWORD)
    page.click(".login button")
    page.wait_for_url("**/board")


def show(page: Page, size: tuple[int, int], colours: Colours) -> None:
    page.set_viewport_size({"width": size[0], "height": size[1]})
    page.emulate_media(color_scheme=colours)


@pytest.mark.parametrize(
    ("language", "part"),
    [
        # Every part in one language every day, and in the other with the proofs.
        pytest.param(language, part, marks=[pytest.mark.proof] if (number + turn) % 2 else [])
        for turn, language in enumerate(("zh", "en"))
        for number, part in enumerate(PARTS)
    ],
)
def test_no_page_has_a_serious_barrier_or_runs_off_the_screen_or_out_of_its_box(
    browser: Browser, scene: Scene, url: str, language: str, part: str
) -> None:
    """Every page of the table, as whoever it is for, loaded once and looked at in each way."""
    found = {}
    visitor, pages = PARTS[part]
    with a_page(browser, language) as page:
        if visitor:
            sign_in(page, url, visitor)
        bring_axe(page)
        for name, address in pages.items():
            page.goto(url + address(scene))
            for way, look in LOOKS[language].items():
                show(page, *look)
                problems = serious(page, *(COLOURS if look[1] == "dark" else ()))
                beyond = sticking_out(page) if look[1] == "light" else []
                if problems or beyond or too_wide(page) > 0:
                    found[name, way] = (problems, beyond, too_wide(page))
    assert found == {}


def test_the_check_for_barriers_would_find_one(browser: Browser, url: str) -> None:
    with a_page(browser) as page:
        page.goto(url)
        page.evaluate("() => document.querySelector('label[for=code]').remove()")
        assert "label" in [found["id"] for found in serious(page)]


def test_the_check_for_width_would_find_a_table_of_which_only_a_part_is_to_be_seen(
    browser: Browser, scene: Scene, url: str
) -> None:
    with a_page(browser) as page:
        sign_in(page, url)
        page.goto(f"{url}/kiosks")
        assert sticking_out(page) == []
        page.evaluate("() => document.querySelector('#kiosks td').append('m'.repeat(120))")
        page.evaluate("() => { document.querySelector('h1').style.whiteSpace = 'nowrap'; }")
        page.evaluate("() => document.querySelector('h1').append('m'.repeat(120))")
        found = {one.partition(" ")[0] for one in sticking_out(page)}
        assert {"div.scroll", "main.wide"} <= found


def test_the_check_of_the_console_would_hear_an_inline_script(browser: Browser, url: str) -> None:
    console = Console()
    with context(browser) as profile:
        page = profile.new_page()
        console.watch(page)
        page.goto(url)
        page.evaluate("() => document.body.insertAdjacentHTML('beforeend', '<p style=\"top:0\">')")
    assert "Content Security Policy" in "".join(console.complaints)


def test_what_can_be_pressed_on_a_phone_is_large_enough_for_a_finger(
    browser: Browser, scene: Scene, url: str
) -> None:
    with a_page(browser, "zh", PHONE) as page:
        for address in (PUBLIC["home"], PUBLIC["claim"], PUBLIC["login"]):
            page.goto(url + address(scene))
            for target in page.locator("main button, main input:not([type=hidden])").all():
                box = target.bounding_box()
                assert box is not None
                assert box["height"] >= 44


def test_typing_a_code_from_a_label_leads_to_its_journey(
    browser: Browser, scene: Scene, url: str
) -> None:
    with a_page(browser) as page:
        page.goto(url)
        page.fill("#code", f"{scene.free[0].lower()} {scene.free[1:5]} {scene.free[5:]}")
        page.keyboard.press("Enter")
        page.wait_for_url(f"**/t/{scene.free}")
        expect(page.locator("h1")).to_have_text("Rice, flour, oil")
        expect(page.locator(".status").first).to_have_text("In stock at the stop")


def test_a_donors_list_leads_to_each_item_and_never_tells_its_address(
    browser: Browser, scene: Scene, url: str
) -> None:
    with a_page(browser) as page:
        asked: list[dict[str, str]] = []
        page.on("request", lambda request: asked.append(request.all_headers()))
        page.goto(f"{url}/c/{CLAIM}")
        page.get_by_role("link", name="Rice, flour, oil").click()
        page.wait_for_url(f"**/t/{scene.free}")
        assert asked
        assert not [headers for headers in asked if CLAIM in headers.get("referer", "")]


def test_the_language_switch_changes_the_page_and_stays(browser: Browser, url: str) -> None:
    with a_page(browser, "zh") as page:
        page.goto(url)
        expect(page.locator("html")).to_have_attribute("lang", "zh-Hans")
        page.get_by_role("link", name="English").click()
        expect(page.locator("h1")).to_have_text("Follow what you gave")
        page.goto(f"{url}/login")
        expect(page.locator("html")).to_have_attribute("lang", "en")


def test_the_keyboard_alone_reaches_the_content_first(browser: Browser, url: str) -> None:
    with a_page(browser) as page:
        page.goto(url)
        page.keyboard.press("Tab")
        assert page.evaluate("() => document.activeElement.getAttribute('href')") == "#main"


def test_an_item_scanned_at_a_stop_appears_on_the_board_without_a_reload(
    browser: Browser, tmp_path: Path
) -> None:
    site = HubSite(tmp_path)
    site.add_users()
    try:
        place = site.add_stop("east", "东门义仓站", "East Gate", ("", ""), "4K2P")
        with served(site) as url, a_page(browser, hasty=True) as page:
            sign_in(page, url)
            expect(page.locator("#live-state")).to_have_text("Live")
            page.evaluate("() => { window.notReloaded = true; }")
            code = site.intake(place, "F1")
            expect(page.locator(".events")).to_contain_text(f"Received {code}", timeout=10_000)
            expect(page.locator(".tables")).to_contain_text("Rice, flour, oil")
            assert page.evaluate("() => window.notReloaded") is True
    finally:
        site.close()


def test_a_board_where_nothing_happens_is_not_drawn_again(
    browser: Browser, scene: Scene, url: str
) -> None:
    with a_page(browser, hasty=True) as page:
        sign_in(page, url)
        with page.expect_response("**/board/live") as answered:
            page.evaluate("() => { document.querySelector('#live .board').kept = true; }")
        assert answered.value.status == 304
        with page.expect_response("**/board/live"):
            pass
        assert page.evaluate("() => document.querySelector('#live .board').kept") is True


def test_a_board_whose_server_is_gone_says_so_and_recovers(browser: Browser, scene: Scene) -> None:
    gone = ("ERR_", "htmx:")
    with a_page(browser, "en", DESKTOP, *gone, hasty=True) as page:
        with served(scene.site) as url:
            sign_in(page, url)
            expect(page.locator("#live-state")).to_have_text("Live")
        state = page.locator("#live-state")
        expect(state).to_have_text("No answer from the server; trying again", timeout=15_000)
        with served(scene.site, int(url.rpartition(":")[2])):
            expect(state).to_have_text("Live", timeout=15_000)


def test_who_is_signed_out_elsewhere_is_taken_to_the_login(
    browser: Browser, scene: Scene, url: str
) -> None:
    with a_page(browser, "en", DESKTOP, "status of 401", "htmx:", hasty=True) as page:
        sign_in(page, url)
        page.context.clear_cookies(name="yicang")
        page.wait_for_url("**/login?next=/board", timeout=15_000)


def test_without_javascript_everything_is_there_but_not_live(
    browser: Browser, scene: Scene, url: str
) -> None:
    with a_page(browser, javascript=False) as page:
        sign_in(page, url)
        expect(page.locator("#live")).to_contain_text("Needs a human")
        expect(page.locator("#live-state")).to_be_hidden()
        page.goto(url)
        page.fill("#code", scene.free)
        page.click(".find button")
        expect(page.locator("h1")).to_have_text("Rice, flour, oil")
