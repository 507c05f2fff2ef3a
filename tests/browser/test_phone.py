"""Scanning with a phone in a real Chromium: nothing is green before the hub has answered, nothing
that was scanned is lost by a dead network, a reload or the end of a session."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import zxingcpp
from PIL import Image
from playwright.sync_api import Browser, BrowserContext, Page, Route, expect

from contract import codes, events
from contract.codes import Kind, grouped
from hub.access.permissions import Role
from hub.queries import stocktakes
from tests.browser.test_hub_pages import sign_in
from tests.integration.test_web_operator import signed_in
from tests.integration.test_web_phone import CARD, plan_code, told
from tests.support.browser import Console, chromium, context, serious, too_wide
from tests.support.counts import SHELF, CountSite, Desk
from tests.support.hub_scene import served

pytestmark = pytest.mark.browser

SMALL = (360, 640)
SCANNER_MS = 5
AWAY = "ERR_INTERNET_DISCONNECTED"
PICTURE = (640, 480)
FILMED = codes.serial_code(Kind.ITEM, "0E0E", 1)
"""The first label on the shelf."""


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """Its camera sees the label `FILMED`, and nobody is asked whether it may."""
    seen = tmp_path_factory.mktemp("camera") / "label.y4m"
    film(FILMED, seen)
    with chromium(
        "--use-fake-ui-for-media-stream",
        "--use-fake-device-for-media-stream",
        f"--use-file-for-fake-video-capture={seen}",
    ) as found:
        yield found


@pytest.fixture
def site(tmp_path: Path) -> Iterator[CountSite]:
    found = CountSite(tmp_path)
    found.add_user("east-manager", Role.WAREHOUSE_MANAGER, stops=["east"])
    yield found
    found.close()


@pytest.fixture
def url(site: CountSite) -> Iterator[str]:
    with served(site) as found:
        yield found


@contextmanager
def a_phone(
    browser: Browser, url: str, *expected: str, keeper: bool = False, language: str = "en"
) -> Iterator[Page]:
    """The page on a phone, signed in as a manager; with ``keeper`` it stays there offline. Its
    console must be clean when the test is done."""
    console = Console()
    blocked = () if keeper else ("Service Worker registration blocked",)
    console.expect(*blocked, *expected)
    workers = {"service_workers": "allow" if keeper else "block"}
    with context(browser, language=language, size=SMALL, **workers) as profile:
        page = profile.new_page()
        console.watch(page)
        sign_in(page, url, "manager")
        show(page, url)
        if keeper:
            kept(profile)
        yield page
        console.assert_clean()


def show(page: Page, url: str) -> None:
    page.goto(f"{url}/phone")
    expect(page.locator("#phone")).to_have_attribute("data-ready", "yes")


def kept(profile: BrowserContext) -> None:
    """Until the page is kept for when there is no network."""
    page = profile.pages[0]
    page.evaluate("async () => { await navigator.serviceWorker.ready }")


def typed(page: Page, code: str) -> None:
    page.fill("#code", code)
    page.press("#code", "Enter")


def outcome(page: Page, state: str) -> None:
    expect(page.locator("#outcome")).to_have_attribute("data-state", state)


def rows(page: Page, state: str, n: int) -> None:
    expect(page.locator(f"#kept-list .is-{state}")).to_have_count(n)


def hand_out(page: Page, *items: str) -> None:
    """Scans items and a plan, and says that they left."""
    page.click("[data-mode=hand]")
    for item in items:
        typed(page, item)
    expect(page.locator("#hand-list li")).to_have_count(len(items))
    typed(page, plan_code())
    page.click("[data-hand=out]")


# --- with a network -----------------------------------------------------------------------------


def test_a_code_is_looked_up_as_it_is_typed_or_comes_from_a_scanner_that_types(
    browser: Browser, site: CountSite, url: str
) -> None:
    with a_phone(browser, url) as page:
        typed(page, site.on_shelf[0].lower())
        outcome(page, "found")
        expect(page.locator("#lines")).to_contain_text("East Gate")
        page.locator("h1").click()
        page.keyboard.type(f"{site.in_room[0]}\n", delay=SCANNER_MS)
        expect(page.locator("#text")).to_contain_text(codes.grouped(site.in_room[0]))
        rows(page, "found", 2)
        assert page.url == f"{url}/phone"


def test_goods_go_out_from_a_phone_and_a_refusal_is_red_with_its_reason(
    browser: Browser, site: CountSite, url: str
) -> None:
    with a_phone(browser, url, "status of 409") as page:
        hand_out(page, *site.on_shelf[:2])
        outcome(page, "saved")
        assert [site.status(code) for code in site.on_shelf[:2]] == ["out", "out"]
        hand_out(page, site.on_shelf[0])
        outcome(page, "refused")
        expect(page.locator("#text")).to_contain_text("is not free")
        rows(page, "refused", 1)
        assert len(told(site, "out")) == 1


def test_a_button_pressed_twice_hands_over_once_and_loses_no_scan_made_meanwhile(
    browser: Browser, site: CountSite, url: str
) -> None:
    with a_phone(browser, url) as page:
        page.click("[data-mode=hand]")
        typed(page, site.on_shelf[0])
        typed(page, plan_code())
        expect(page.locator("#hand-plan")).to_be_visible()
        page.evaluate(
            """code => {
              const button = document.querySelector("[data-hand=out]");
              button.click();
              button.click();
              document.getElementById("code").value = code;
              document.getElementById("entry").requestSubmit();
            }""",
            site.on_shelf[1],
        )
        rows(page, "saved", 1)
        expect(page.locator("#kept-list li")).to_have_count(1)
        expect(page.locator("#hand-list li")).to_have_count(1)
        expect(page.locator("#hand-list")).to_contain_text(grouped(site.on_shelf[1]))
        assert len(told(site, "out")) == 1


def test_a_shelf_is_counted_with_a_scanner_that_types(
    browser: Browser, site: CountSite, url: str
) -> None:
    lead = Desk(signed_in(site, "lead"))
    lead.plan()
    with a_phone(browser, url) as page:
        page.click("[data-mode=count]")
        page.click("#count-choose button")
        expect(page.locator("#count-hint")).to_contain_text("shelf’s sheet")
        page.locator("h1").click()
        for code in (SHELF, *site.on_shelf[:3], site.on_shelf[0], SHELF):
            page.keyboard.type(f"{code}\n", delay=SCANNER_MS)
        rows(page, "saved", 6)
        seen = [event.public.body for event in told(site, "counted")]
        assert [one.item for one in seen if isinstance(one, events.Counted)] == site.on_shelf[:3]
        [closed] = told(site, "shelf.closed")
        assert isinstance(closed.public.body, events.ShelfClosed)
        assert closed.public.body.seen == 3


def test_what_was_counted_by_mistake_is_taken_back_with_and_without_a_network(
    browser: Browser, site: CountSite, url: str
) -> None:
    lead = Desk(signed_in(site, "lead"))
    lead.plan()
    right, wrong, stray = site.on_shelf[:3]
    with a_phone(browser, url, AWAY, keeper=True) as page:
        page.click("[data-mode=count]")
        page.click("#count-choose button")
        for code in (SHELF, right, wrong):
            typed(page, code)
        rows(page, "saved", 4)
        page.context.set_offline(True)
        typed(page, stray)
        outcome(page, "waiting")
        for code in (wrong, stray):
            page.locator("#count-list li").filter(has_text=grouped(code)).get_by_role(
                "button"
            ).click()
        expect(page.locator("#count-list li")).to_have_count(1)
        expect(page.locator("#count-n")).to_contain_text("1 counted here")
        rows(page, "waiting", 3)
        assert serious(page) == []
        page.context.set_offline(False)
        rows(page, "saved", 7)
        with site.reader.connect() as connection:
            found = stocktakes.stocktake(connection, lead.count)
        assert found is not None
        shelf = found.shelf(SHELF)
        assert shelf is not None
        assert [one.item for one in shelf.sightings] == [right]
        typed(page, wrong)  # it stands here after all
        rows(page, "saved", 8)


def test_a_personal_card_is_neither_sent_nor_kept(
    browser: Browser, site: CountSite, url: str
) -> None:
    with a_phone(browser, url) as page:
        asked: list[str] = []
        page.on("request", lambda request: asked.append(f"{request.url} {request.post_data}"))
        for text in (CARD, CARD.lower(), "110105194912310021", "7Q2XK9ZD4M0RTB1W"):
            typed(page, text)
            outcome(page, "refused")
        typed(page, site.on_shelf[0])
        outcome(page, "found")
        rows(page, "found", 1)
        rows(page, "refused", 0)
        assert not any("/phone/act" in one and site.on_shelf[0] not in one for one in asked)


# --- without one --------------------------------------------------------------------------------


def test_what_is_scanned_without_a_network_waits_through_a_reload_and_is_then_saved_once(
    browser: Browser, site: CountSite, url: str
) -> None:
    with a_phone(browser, url, AWAY, keeper=True) as page:
        page.context.set_offline(True)
        hand_out(page, *site.on_shelf[:2])
        outcome(page, "waiting")
        rows(page, "waiting", 1)
        expect(page.locator("#connection")).to_have_text("No connection")
        page.reload()
        expect(page.locator("#phone")).to_have_attribute("data-ready", "yes")
        rows(page, "waiting", 1)
        assert told(site, "out") == []
        assert serious(page) == []
        page.context.set_offline(False)
        rows(page, "saved", 1)
        outcome(page, "saved")
        [out] = told(site, "out")
        assert out.public.request is not None
        assert [site.status(code) for code in site.on_shelf[:2]] == ["out", "out"]


def test_an_answer_that_was_lost_leaves_no_green_and_counts_once(
    browser: Browser, site: CountSite, url: str
) -> None:
    with a_phone(browser, url, "ERR_FAILED") as page:
        lost: list[int] = []

        def lose(route: Route) -> None:
            if "hand-out" in (route.request.post_data or "") and not lost:
                lost.append(route.fetch().status)
                route.abort()
            else:
                route.continue_()

        page.route("**/phone/act", lose)
        hand_out(page, site.on_shelf[0])
        rows(page, "waiting", 1)
        outcome(page, "waiting")
        rows(page, "saved", 1)
        assert lost == [200]
        assert len(told(site, "out")) == 1


def test_a_hub_in_trouble_is_asked_again(browser: Browser, site: CountSite, url: str) -> None:
    with a_phone(browser, url, "status of 503") as page:
        trouble = [503]
        asked: list[int] = []

        def answer(route: Route) -> None:
            asked.append(len(trouble))
            if trouble:
                route.fulfill(status=trouble[0], body="<h1>Out of order</h1>")
            else:
                route.continue_()

        page.route("**/phone/act", answer)
        typed(page, site.on_shelf[0])
        rows(page, "waiting", 1)  # for as long as the trouble lasts
        expect(page.locator("#connection")).to_have_class(re.compile("is-away"))
        trouble.clear()
        rows(page, "found", 1)
        assert asked[0] == 1
        assert asked[-1] == 0


def test_a_scan_that_comes_before_it_is_known_who_is_signed_in_is_not_lost(
    browser: Browser, site: CountSite, url: str
) -> None:
    console = Console()
    console.expect("Service Worker registration blocked")
    with context(browser, language="en", size=SMALL, service_workers="block") as profile:
        page = profile.new_page()
        console.watch(page)
        sign_in(page, url, "manager")
        held: list[Route] = []
        page.route("**/phone/session", lambda route: held.append(route))
        with page.expect_request("**/phone/session"):
            page.goto(f"{url}/phone")
        typed(page, site.on_shelf[0])
        typed(page, site.in_room[0])
        rows(page, "found", 0)
        expect(page.locator("#outcome")).not_to_have_attribute("data-state", "refused")
        for route in held:
            route.continue_()
        rows(page, "found", 2)
    console.assert_clean()


def test_what_waits_when_the_session_ends_is_sent_after_signing_in_again(
    browser: Browser, site: CountSite, url: str
) -> None:
    with a_phone(browser, url, "status of 400") as page:
        page.context.clear_cookies(name="yicang")
        hand_out(page, site.on_shelf[0])
        rows(page, "waiting", 1)
        expect(page.locator("#note")).to_contain_text("You are signed out")
        assert told(site, "out") == []
        page.locator("#sign-in a").click()
        page.fill("#name", "manager")
        page.fill("#password", "correct horse battery")
        page.click(".login button")
        page.wait_for_url("**/phone")
        rows(page, "saved", 1)
        assert len(told(site, "out")) == 1


def test_what_one_account_scanned_is_not_sent_in_the_name_of_another(
    browser: Browser, site: CountSite, url: str
) -> None:
    with a_phone(browser, url, "status of 400") as page:
        page.context.clear_cookies(name="yicang")
        hand_out(page, site.on_shelf[0])
        expect(page.locator("#note")).to_contain_text("You are signed out")
        sign_in(page, url, "other-manager")
        show(page, url)
        rows(page, "waiting", 1)
        expect(page.locator("#kept-list")).to_contain_text("Scanned under another account")
        assert told(site, "out") == []
        sign_in(page, url, "manager")
        show(page, url)
        rows(page, "waiting", 0)
        [out] = told(site, "out")
        assert out.private.account == site.ids["manager"]


# --- the camera ---------------------------------------------------------------------------------


def film(code: str, path: Path) -> None:
    """A label as a camera sees it: a picture that stands still, as YUV4MPEG2."""
    made = zxingcpp.create_barcode(code, zxingcpp.BarcodeFormat.Code128)
    label = Image.fromarray(made.to_image(scale=3)).convert("L")
    picture = Image.new("L", PICTURE, 225)
    picture.paste(label.resize((560, 160)), (40, 160))
    width, height = PICTURE
    grey = bytes([128]) * (width * height // 2)
    head = f"YUV4MPEG2 W{width} H{height} F10:1 Ip A1:1 C420jpeg\n".encode()
    path.write_bytes(head + (b"FRAME\n" + picture.tobytes() + grey) * 3)


def test_the_camera_reads_a_label(browser: Browser, site: CountSite, url: str) -> None:
    assert site.on_shelf[0] == FILMED
    with a_phone(browser, url) as page:
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        page.click("#camera")
        outcome(page, "found")
        own = page.evaluate("() => 'BarcodeDetector' in window")
        assert own or f"{url}/static/vendor/zxing_reader.wasm" in asked
        expect(page.locator("#text")).to_contain_text(codes.grouped(FILMED))
        expect(page.locator("#camera")).to_have_text("Switch the camera off")
        assert serious(page) == []
        page.click("#camera")
        expect(page.locator("#view")).to_be_hidden()
        rows(page, "found", 1)


def test_without_a_camera_the_page_says_what_to_do_instead(
    browser: Browser, url: str, site: CountSite
) -> None:
    with a_phone(browser, url) as page:
        page.add_init_script("Object.defineProperty(navigator, 'mediaDevices', {value: null})")
        show(page, url)
        page.click("#camera")
        expect(page.locator("#camera-note")).to_contain_text("it needs HTTPS")
        typed(page, site.on_shelf[0])
        outcome(page, "found")


# --- what a scan is ----------------------------------------------------------------------------


def test_the_phone_tells_codes_apart_as_the_hub_does(browser: Browser, url: str) -> None:
    whole = [
        codes.serial_code(kind, prefix, serial)
        for kind in (Kind.ITEM, Kind.BOX, Kind.PLAN)
        for prefix, serial in (("0E0E", 1), ("ZZZZ", 33_554_431), ("7KX2", 4711))
    ] + [place.code for place in codes.PLACES]
    damaged = [
        code[:at] + ("0" if code[at] != "0" else "1") + code[at + 1 :]
        for code in whole[:6]
        for at in range(1, len(code))
    ]
    swapped = [code[:-2] + code[-1] + code[-2] for code in whole if code[-1] != code[-2]]
    secret = [
        CARD,
        CARD.lower(),
        CARD[:-1],
        "7Q2X K9ZD 4M0R TB1W",
        "https://x.example/c/7Q2XK9ZD4M0RTB1W",
    ]
    retail = ["6901234567892", "(01)06901234567892(17)270101", "96385074"]
    strange = ["", "hello", "110105194912310021", "13800138000", "https://x.example/pay?id=9"]
    written = [codes.grouped(code).lower() for code in whole]
    with a_phone(browser, url) as page:

        def kinds(texts: list[str]) -> list[str]:
            found: list[str] = page.evaluate(
                """async (texts) => {
                  const { read } = await import("/static/phone/codes.js");
                  return texts.map((text) => read(text).kind);
                }""",
                texts,
            )
            return found

        assert kinds(whole) == kinds(written) == [code[0] for code in whole]
        assert set(kinds(damaged + swapped)) == {"mistyped"}
        assert set(kinds(secret)) == {"secret"}
        assert set(kinds(retail)) == {"retail"}
        assert set(kinds(strange)) == {"strange"}


# --- for everybody ------------------------------------------------------------------------------


@pytest.mark.parametrize("language", ["en", "zh"])
def test_no_part_has_a_barrier_or_runs_off_a_small_phone(
    browser: Browser, site: CountSite, url: str, language: str
) -> None:
    Desk(signed_in(site, "lead")).plan()
    with a_phone(browser, url, language=language) as page:
        found = []
        for mode, scans in (
            ("look", [site.on_shelf[0]]),
            ("hand", [*site.on_shelf[:2], plan_code()]),
            ("count", []),
        ):
            page.click(f"[data-mode={mode}]")
            for code in scans:
                typed(page, code)
            found += [*serious(page), too_wide(page)]
        assert found == [0, 0, 0]
        for button in page.locator("#phone button:visible").all():
            box = button.bounding_box()
            assert box is not None
            assert (button.inner_text(), min(box["width"], box["height"]) >= 44) == (
                button.inner_text(),
                True,
            )
