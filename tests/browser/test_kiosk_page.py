"""The kiosk's page in a real browser: scanned into, clicked, listened to and looked at."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from typing import Any

import pytest
import zxingcpp
from msgspec.structs import replace
from PIL import Image
from playwright.sync_api import Browser, BrowserContext, Page, expect

from contract.actions import CATEGORIES, Verb
from contract.codes import Kind, action_code, parse
from kiosk.screen.practice import SAMPLE_EAN13
from kiosk.screen.view import DeviceView, Language
from tests.support.browser import barriers, bring_axe
from tests.support.kiosk_page import ATTENTION, IDLE, ITEM, REFUSED, SAVED, PageKiosk

pytestmark = pytest.mark.browser

FAMILY = "F7311JBE8168RZB64F"
FINISH = action_code(Verb.FINISH)
SCANNER_KEYS = frozenset({"Enter", "Tab", "F8", "Control+BracketRight"})
READY = "body[data-ready]"
"""There once the page has its first state."""

BURST = """(codes) => {
  for (const code of codes) {
    const at = { code, key: "", bubbles: true, cancelable: true };
    document.body.dispatchEvent(new KeyboardEvent("keydown", at));
    document.body.dispatchEvent(new KeyboardEvent("keyup", at));
  }
}"""
"""A scanner as fast as can be, whatever else the machine is doing."""

PROBE = """
window.tones = [];
window.AudioContext = class extends window.AudioContext {
  createOscillator() {
    const tone = super.createOscillator();
    const start = tone.start.bind(tone);
    tone.start = (at) => { window.tones.push([tone.type, tone.frequency.value]); start(at); };
    return tone;
  }
};
"""
"""Writes down the tones that the page gives to the sound card."""


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    made = browser.new_context(viewport={"width": 1280, "height": 800})
    yield made
    made.close()


@pytest.fixture
def kiosk() -> Iterator[PageKiosk]:
    with PageKiosk() as running:
        running.view.publish(IDLE)
        yield running


@pytest.fixture
def page(context: BrowserContext, kiosk: PageKiosk) -> Iterator[Page]:
    """The page, opened and with its state; a test fails if it wrote to the console."""
    opened = context.new_page()
    written: list[str] = []
    opened.on("console", lambda message: written.append(message.text))
    opened.on("pageerror", lambda error: written.append(str(error)))
    opened.goto(kiosk.url)
    opened.wait_for_selector(READY)
    yield opened
    # The browser itself complains of a kiosk that is away or refuses; nothing else may.
    assert [line for line in written if not line.startswith("Failed to load resource")] == []


def key_codes(text: str) -> list[str]:
    return [f"Digit{c}" if c.isdigit() else f"Key{c}" for c in text]


@contextmanager
def one_moment(page: Page) -> Iterator[None]:
    """Stops the page's clock: whatever keys come meanwhile come at once.

    A scanner's keys come within milliseconds. Ours wait for each other, and on a busy machine
    the page would rightly take a scan with holes in it for two.
    """
    page.clock.install()
    page.clock.pause_at(_number(page, "Date.now()") / 1000 + 1)
    yield
    page.clock.resume()


def scan(page: Page, *parts: str) -> None:
    """A scanner types ``parts`` with real keys."""
    with one_moment(page):
        for part in parts:
            if part in SCANNER_KEYS:
                page.keyboard.press(part)
            else:
                page.keyboard.type(part)


# --- scanning and typing ---------------------------------------------------------------------


def test_a_scanner_that_types_works_without_a_click(page: Page, kiosk: PageKiosk) -> None:
    for code in (ITEM, SAMPLE_EAN13, FAMILY):
        scan(page, code, "Enter")
        assert kiosk.scan() == code


def test_a_scanner_that_ends_with_tab_works(page: Page, kiosk: PageKiosk) -> None:
    scan(page, ITEM, "Tab")
    assert kiosk.scan() == ITEM
    assert page.evaluate("document.activeElement === document.body")


def test_a_scanner_that_ends_with_nothing_works(page: Page, kiosk: PageKiosk) -> None:
    page.evaluate(BURST, key_codes(SAMPLE_EAN13))
    assert kiosk.scan() == SAMPLE_EAN13


def test_an_elbow_on_the_keyboard_does_not_spoil_the_next_scan(
    page: Page, kiosk: PageKiosk
) -> None:
    page.keyboard.press("x")
    pressed = _number(page, "performance.now()")
    _until(lambda: _number(page, "performance.now()") > pressed + 400)
    page.evaluate(BURST, [*key_codes(SAMPLE_EAN13), "Enter"])
    assert kiosk.scan() == SAMPLE_EAN13


def test_shifted_characters_of_a_link_arrive(page: Page, kiosk: PageKiosk) -> None:
    link = "https://hub.example/c/AB?x=1&y_z=%20+(a);{b}|'\"~<>#@!$^*\\[],.-:"
    scan(page, link, "Enter")
    assert kiosk.scan() == link


@pytest.mark.parametrize("separator", ["F8", "Control+BracketRight"])
def test_the_group_separator_of_gs1_codes_arrives(
    page: Page, kiosk: PageKiosk, separator: str
) -> None:
    scan(page, "]d2010690123456789210AB", separator, "17281231", "Enter")
    assert kiosk.scan() == "]d2010690123456789210AB\u001d17281231"


def test_a_person_may_type_slowly_and_correct_themselves(page: Page, kiosk: PageKiosk) -> None:
    page.keyboard.type("g4k2px", delay=120)
    page.keyboard.press("Backspace")
    page.keyboard.type("00042c", delay=120)
    expect(page.locator("#typed")).to_have_text("g4k2p00042c")
    assert kiosk.scans.empty(), "sent before Enter"
    page.keyboard.press("Enter")
    assert kiosk.scan() == "g4k2p00042c"
    expect(page.locator("#typed")).to_be_empty()


def test_escape_throws_away_what_was_typed(page: Page, kiosk: PageKiosk) -> None:
    page.keyboard.type("12", delay=60)
    page.keyboard.press("Escape")
    scan(page, ITEM, "Enter")
    assert kiosk.scan() == ITEM


def test_a_familys_token_is_not_shown_whole(page: Page, kiosk: PageKiosk) -> None:
    page.keyboard.type(FAMILY, delay=60)
    expect(page.locator("#typed")).to_have_text("F73" + "•" * (len(FAMILY) - 3))
    assert FAMILY not in page.content()
    page.keyboard.press("Enter")
    assert kiosk.scan() == FAMILY
    assert FAMILY not in page.content()
    assert FAMILY not in page.evaluate("JSON.stringify([{...localStorage}, {...sessionStorage}])")


def test_an_input_method_is_noticed_and_the_scan_still_read(page: Page, kiosk: PageKiosk) -> None:
    keys = page.context.new_cdp_session(page)
    with one_moment(page):
        for code in key_codes(ITEM):
            for kind in ("rawKeyDown", "keyUp"):
                keys.send(
                    "Input.dispatchKeyEvent",
                    {"type": kind, "windowsVirtualKeyCode": 229, "key": "Process", "code": code},
                )
        page.keyboard.press("Enter")
    assert kiosk.scan().upper() == ITEM
    notice = page.get_by_role("alert").filter(has_text="请切换到英文输入法")
    expect(notice).to_contain_text("Switch the input method to English")


def test_composing_in_the_field_warns_too(page: Page) -> None:
    page.locator("#drawer summary").click()
    page.get_by_label("Or type a code here").focus()
    page.context.new_cdp_session(page).send(
        "Input.imeSetComposition", {"text": "米", "selectionStart": 1, "selectionEnd": 1}
    )
    expect(page.locator("#notice")).to_contain_text("请切换到英文输入法")


def test_pasting_a_code_enters_it(page: Page, kiosk: PageKiosk) -> None:
    page.evaluate(
        """(text) => {
          const clipboardData = new DataTransfer();
          clipboardData.setData("text", text);
          document.body.dispatchEvent(
            new ClipboardEvent("paste", { clipboardData, bubbles: true, cancelable: true }));
        }""",
        f" {ITEM}\n",
    )
    assert kiosk.scan() == ITEM


def test_a_code_can_be_typed_into_a_field(page: Page, kiosk: PageKiosk) -> None:
    page.locator("#drawer summary").click()
    field = page.get_by_label("Or type a code here")
    field.click()
    page.keyboard.type(ITEM.lower(), delay=60)
    page.keyboard.press("Enter")
    assert kiosk.scan() == ITEM.lower()
    expect(field).to_have_value("")


def test_a_scanner_works_while_the_field_has_the_focus(page: Page, kiosk: PageKiosk) -> None:
    page.locator("#drawer summary").click()
    field = page.get_by_label("Or type a code here")
    field.click()
    for end in ("Enter", "Tab"):
        scan(page, ITEM, end)
        assert kiosk.scan() == ITEM
        expect(field).to_have_value("")
    assert kiosk.scans.empty()


def test_a_scan_after_finish_does_not_press_finish_again(page: Page, kiosk: PageKiosk) -> None:
    kiosk.view.publish(SAVED)
    page.get_by_role("button", name="Finish").click()
    assert kiosk.scan() == FINISH
    scan(page, "AB 12", "Enter")
    scan(page, ITEM, "Enter")
    assert [kiosk.scan(), kiosk.scan()] == ["AB 12", ITEM]
    assert kiosk.scans.empty()


def test_a_scan_that_the_kiosk_does_not_take_is_said_aloud(page: Page, kiosk: PageKiosk) -> None:
    kiosk.takes_scans = False
    scan(page, ITEM, "Enter")
    expect(page.get_by_role("alert")).to_contain_text("not taking scans")


# --- what is shown and heard -----------------------------------------------------------------


def test_each_signal_has_its_own_words_shape_and_colour(page: Page, kiosk: PageKiosk) -> None:
    seen = set()
    for lane, shape in ((SAVED, "saved"), (REFUSED, "refused"), (ATTENTION, "attention")):
        kiosk.view.publish(lane)
        said = page.get_by_role("status").filter(has_text=lane.message_en)
        expect(said).to_contain_text(lane.message_zh)
        expect(said).to_contain_text(lane.next_en)
        expect(page.locator(f".shape-{shape}")).to_be_visible()
        expect(page.locator(".mark > g:visible")).to_have_count(1)
        seen.add(
            page.evaluate("getComputedStyle(document.querySelector('.state')).backgroundColor")
        )
    assert len(seen) == 3


def test_the_list_shows_what_was_given_and_what_was_taken_back(
    page: Page, kiosk: PageKiosk
) -> None:
    kiosk.view.publish(SAVED)
    expect(page.locator("#items li")).to_have_count(3)
    expect(page.locator("#items li").first).to_contain_text(ITEM)
    expect(page.locator("#items s")).to_contain_text("Laundry and cleaning")
    expect(page.locator("#items-count")).to_have_text("2")
    expect(page.get_by_text("with a card")).to_be_visible()
    expect(page.locator("#seconds")).to_have_text("17")
    kiosk.view.publish(IDLE)
    expect(page.locator("#items")).to_be_hidden()
    expect(page.locator("#count")).to_be_hidden()
    kiosk.view.publish(replace(SAVED, state="asking"))
    expect(page.locator("#count")).to_contain_text("to be sorted")


def test_being_offline_and_a_broken_printer_are_shown(page: Page, kiosk: PageKiosk) -> None:
    expect(page.locator("#online")).to_contain_text("Online")
    printer = DeviceView("serial:/dev/ttyUSB0", "printer", False, "没有纸了", "out of paper")
    kiosk.view.publish_kiosk(replace(kiosk.kiosk, online=False, backlog=37, devices=(printer,)))
    expect(page.locator("#online")).to_contain_text("37")
    expect(page.locator("#online")).to_contain_text("Offline")
    expect(page.locator("#printing")).to_contain_text("everything is saved")
    page.locator("#devices summary").filter(has_text="out of paper").click()
    expect(page.locator("#devices li").filter(has_text="out of paper")).to_be_visible()


def test_paper_hangs_from_the_printer_dot_for_dot_newest_first(
    page: Page, kiosk: PageKiosk
) -> None:
    kiosk.print_label()
    expect(page.locator("#papers img")).to_have_count(1)
    kiosk.print_receipt()
    expect(page.locator("#papers img")).to_have_count(2)
    expect(page.locator("#papers img").first).to_have_attribute("alt", "收据 Receipt 2")
    label = page.get_by_alt_text("Label 1")
    label.scroll_into_view_if_needed()
    _until(lambda: _number(page, "document.getAnimations().length") == 0)
    box = label.bounding_box()
    (picture, _) = kiosk.printer.pictures()
    assert box is not None
    assert (box["width"], box["height"]) == (picture.width_dots, picture.height_dots)
    label.click()
    enlarged = page.locator("#zoom-image")
    expect(enlarged).to_be_visible()
    read = zxingcpp.read_barcodes(Image.open(BytesIO(enlarged.screenshot())))
    assert [found.text for found in read] == [ITEM]


def test_saved_refused_and_attention_sound_different_and_each_is_heard(
    context: BrowserContext, kiosk: PageKiosk
) -> None:
    context.add_init_script(PROBE)
    page = context.new_page()
    page.goto(kiosk.url)
    page.wait_for_selector(READY)
    page.keyboard.press("Shift")
    page.locator("h1").click()
    heard: dict[str, Any] = {}
    for lane in (SAVED, REFUSED, ATTENTION):
        page.evaluate("window.tones.length = 0")
        kiosk.view.publish(lane)
        _until(lambda: _number(page, "window.tones.length") > 1)
        expect(page.locator("body")).to_have_attribute("data-signal", lane.signal)
        heard[lane.signal] = page.evaluate("JSON.stringify(window.tones)")
    assert len(set(heard.values())) == 3

    page.get_by_role("button", name="Sound").click()
    page.evaluate("window.tones.length = 0")
    kiosk.view.publish(replace(SAVED, beep=9))
    expect(page.locator("body")).to_have_attribute("data-signal", "saved")
    assert page.evaluate("window.tones.length") == 0


def test_a_page_that_lost_the_kiosk_says_so_and_comes_back_by_itself(
    context: BrowserContext, page: Page, kiosk: PageKiosk
) -> None:
    port = kiosk.port
    kiosk.close()
    expect(page.get_by_role("alert").filter(has_text="lost the kiosk")).to_be_visible()
    with PageKiosk(port=port) as again:
        again.view.publish(REFUSED)
        expect(page.locator("#lost")).to_be_hidden()
        expect(page.locator("#message")).to_contain_text(REFUSED.message_zh)
        scan(page, ITEM, "Enter")
        assert again.scan() == ITEM


# --- with the mouse alone --------------------------------------------------------------------


def test_the_whole_path_can_be_walked_with_the_mouse(page: Page, kiosk: PageKiosk) -> None:
    def press(section: str, name: str) -> str:
        page.get_by_role("region", name=section).get_by_role("button", name=name).click()
        return kiosk.scan()

    page.get_by_text("Try it without a scanner").click()
    assert parse(press("1. Give", "A donor's card")).kind is Kind.PERSON
    assert press("1. Give", "A thing with a barcode") == SAMPLE_EAN13
    for category in CATEGORIES:
        assert parse(press("1. Give", category.en)).verb == f"C{category.key}"
    for number in (2, 3, 4, 5, 6):
        assert parse(press("1. Give", f"{number} of it")).verb == f"Q0{number}"

    kiosk.view.publish(SAVED)
    volunteer = press("2. Hand over", "A volunteer's card")
    assert press("2. Hand over", ITEM) == ITEM
    plan = press("2. Hand over", "A delivery plan")
    assert parse(plan).kind is Kind.PLAN
    assert parse(press("2. Hand over", "Intake shelf")).kind is Kind.PLACE
    kiosk.view.publish(IDLE)
    page.reload()
    page.get_by_text("Try it without a scanner").click()
    assert press("2. Hand over", ITEM) == ITEM, "the label is gone after the session"
    assert press("3. Deliver", "The same plan") == plan
    assert parse(press("3. Deliver", "The family's token")).kind is Kind.FAMILY
    assert parse(press("3. Deliver", "Not home")).verb == Verb.NOT_HOME
    assert press("2. Hand over", "A volunteer's card") != volunteer, "a token was kept on disk"
    page.get_by_role("button", name="Take fresh practice cards").click()
    expect(page.locator("#notice")).to_contain_text("Done")
    assert press("2. Hand over", "A delivery plan") != plan

    kiosk.view.publish(replace(SAVED, beep=8))
    for name, verb in (("Finish", Verb.FINISH), ("Undo", Verb.UNDO), ("Help", Verb.HELP)):
        page.get_by_role("contentinfo").get_by_role("button", name=name).click()
        assert kiosk.scan() == action_code(verb)


def test_a_label_taken_back_is_no_longer_offered(page: Page, kiosk: PageKiosk) -> None:
    page.get_by_text("Try it without a scanner").click()
    kiosk.view.publish(SAVED)
    expect(page.locator("#labels button")).to_have_count(2)
    line = replace(SAVED.lines[0], undone=True)
    kiosk.view.publish(replace(SAVED, lines=(line, *SAVED.lines[1:])))
    expect(page.locator("#labels button")).to_have_count(1)


def test_without_javascript_codes_can_be_typed_and_buttons_pressed(
    browser: Browser, kiosk: PageKiosk
) -> None:
    kiosk.view.publish(SAVED)
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(kiosk.url)
    page.get_by_text("Try it without a scanner").click()
    page.get_by_label("Or type a code here").fill(ITEM)
    page.get_by_role("button", name="Enter").click()
    assert kiosk.scan() == ITEM
    kiosk.view.publish(REFUSED)
    page.get_by_role("button", name="Finish").click()
    assert kiosk.scan() == FINISH
    expect(page.get_by_text(REFUSED.message_en)).to_be_visible()
    context.close()


# --- other people's pages --------------------------------------------------------------------


class _ForeignPage(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(b"<!doctype html><title>elsewhere</title><form method=post></form>")

    def log_message(self, *_: object) -> None:
        """Says nothing."""


@pytest.fixture
def foreign_url() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), _ForeignPage) as server:
        serving = {"poll_interval": 0.02}
        threading.Thread(target=server.serve_forever, kwargs=serving, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}/"
        server.shutdown()


def test_another_page_in_the_same_browser_cannot_scan(
    context: BrowserContext, kiosk: PageKiosk, foreign_url: str
) -> None:
    page = context.new_page()
    page.goto(kiosk.url)
    key = page.locator("meta[name=page-key]").get_attribute("content")
    page.goto(foreign_url)
    page.evaluate(
        """async ([url, text, key]) => {
          const forms = new URLSearchParams({ text, key });
          for (const body of [JSON.stringify({ text }), forms]) {
            await fetch(url, { method: "POST", mode: "no-cors", body }).catch(() => null);
          }
          await fetch(url, { method: "POST", body: JSON.stringify({ text }), headers: {
            "Content-Type": "application/json", "X-Yicang-Page": key } }).catch(() => null);
        }""",
        [kiosk.url + "scan", ITEM, key],
    )
    with page.expect_navigation() as navigation:
        page.evaluate(
            """([url, text, key]) => {
              const form = document.forms[0];
              form.action = url;
              for (const [name, value] of Object.entries({ text, key })) {
                const field = document.createElement("input");
                Object.assign(field, { name, value });
                form.append(field);
              }
              form.submit();
            }""",
            [kiosk.url + "scan", ITEM, key],
        )
    assert navigation.value is not None
    assert navigation.value.status == 403
    assert kiosk.scans.empty()


# --- for everybody ---------------------------------------------------------------------------


@pytest.mark.parametrize("language", ["zh", "en", "both"])
def test_the_page_is_accessible_and_fits(browser: Browser, language: Language) -> None:
    """On a phone and on a desk: loaded once, and made wide and narrow."""
    with PageKiosk(language) as kiosk:
        kiosk.print_label()
        page = browser.new_page()
        bring_axe(page)
        page.goto(kiosk.url)
        page.wait_for_selector("#papers img")
        for lane in (IDLE, SAVED, REFUSED, ATTENTION):
            kiosk.view.publish(lane)
            expect(page.locator("body")).to_have_attribute("data-signal", lane.signal)
            for width in (360, 1280):
                page.set_viewport_size({"width": width, "height": 740})
                page.evaluate("document.getElementById('drawer').open = true")
                _until(lambda: _number(page, "document.getAnimations().length") == 0)
                found = [(one["id"], one["impact"], one["nodes"][0]) for one in barriers(page)]
                assert found == []
                assert page.evaluate("document.documentElement.scrollWidth") == width
        said = page.locator("#message")
        for part, shown in (("zh", language != "en"), ("en", language != "zh")):
            expect(said.locator(f".{part}")).to_be_visible(visible=shown)
        page.close()


def _number(page: Page, script: str) -> float:
    number = page.evaluate(script)
    assert isinstance(number, float | int)
    return number


def _until(true: Callable[[], bool], seconds: float = 15) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it never came"
