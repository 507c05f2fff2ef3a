"""The kiosk's page on the displays it is made for, touched, in every phase and both languages."""

import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from io import BytesIO
from itertools import product
from typing import Any

import pytest
import zxingcpp
from msgspec.structs import replace
from PIL import Image
from playwright.sync_api import Browser, BrowserContext, Page, expect

from contract.actions import Verb, price_argument, quantity_argument
from contract.codes import action_code
from kiosk.screen.moment import Moment
from kiosk.screen.view import SHOWN_AFTER_MS, DayView, DeviceView, Language
from kiosk.state import Phase
from tests.support.browser import Console, barriers, bring_axe
from tests.support.kiosk_page import ITEM, PageKiosk
from tests.support.kiosk_scenes import of_phase, scenes, told
from tests.support.lanes import ANN, RICE

pytestmark = pytest.mark.browser

WIDE = (800, 480)
SIZES = (WIDE, (1024, 600), (360, 740))
ADDRESS = "https://hub.example/c/0000000000000000#1.stop-1"
LOOKED_AT = ("rest", "intake", "asking", "market", "shelf", "thanks", "refused")
"""Scenes that axe looks at: one of each layout and colour."""

CLIPPED = """() => {
  const outside = (one) => {
    const box = one.getBoundingClientRect(), [left, top] = [one.clientLeft, one.clientTop];
    return [...one.querySelectorAll(".both > span, svg")].some((part) => {
      const seen = part.getBoundingClientRect();
      const spare = part.tagName === "SPAN" ? 3 : 1;
      return seen.width && (seen.left < box.left + left - 1 || seen.right > box.right - left + 1
        || seen.top < box.top + top - spare || seen.bottom > box.bottom - top + spare);
    });
  };
  const wide = (one) => one.scrollWidth > one.clientWidth + 1;
  return [...document.querySelectorAll(".choice, .tile, .buttons button, .mode")]
    .filter((one) => one.offsetParent && outside(one))
    .concat([...document.querySelectorAll(".message, .next, .day dd")]
      .filter((one) => one.offsetParent && wide(one)))
    .map((one) => `${one.className}: ${one.textContent.trim()}`);
}"""
"""What reaches out of its own frame. (A line's box is a little higher than its letters.)"""
NEWEST = """async () => {
  await new Promise((painted) => requestAnimationFrame(() => requestAnimationFrame(painted)));
  const list = document.querySelector("#items"), newest = list.lastElementChild;
  const cut = () => newest.getBoundingClientRect().bottom - list.getBoundingClientRect().bottom;
  return newest && list.offsetParent ? Math.max(0, cut()) : 0;
}"""
"""How much of the list's newest line is below what is seen of the list."""
SECONDS = """() => {
  const seconds = document.querySelector("#seconds");
  return seconds.checkVisibility() ? seconds.getComputedTextLength() : 0;
}"""
COVERED = """() => {
  const boxes = [...document.querySelectorAll("main > :not(.pad)")]
    .filter((one) => one.checkVisibility()).map((one) => one.getBoundingClientRect());
  return boxes.some((one, at) => boxes.slice(at + 1).some((other) => one.width && other.width
    && Math.min(one.right, other.right) - Math.max(one.left, other.left) > 1
    && Math.min(one.bottom, other.bottom) - Math.max(one.top, other.top) > 1));
}"""
SMALLEST = """() => {
  const read = ".mode, .message, .next, .tile, .choice, .buttons button, .claim p, .printing,"
    + " #figures, #items .what";
  const sizes = [...document.querySelectorAll(read)]
    .flatMap((one) => [one, ...one.querySelectorAll("*")])
    .filter((one) => one.checkVisibility() && [...one.childNodes].some((part) =>
      part.nodeType === Node.TEXT_NODE && part.textContent.trim()))
    .map((one) => [parseFloat(getComputedStyle(one).fontSize), one.textContent.trim()]);
  return sizes.reduce((least, one) => (one[0] < least[0] ? one : least), [99, ""]);
}"""
"""Of what whoever stands there reads or presses; not what is told to those who look after it."""
DOT_MM = {800: 0.19, 1024: 0.149}
"""How large a dot of a display of seven inches is."""
SMALLEST_MM = 2.5
"""A font's size; its capital letters are seven tenths of that."""
IN_THE_RING = 2 * 42 - 11
ON_TOP = """(selector) => {
  const box = document.querySelector(selector).getBoundingClientRect();
  const seen = document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2);
  return seen !== null && seen.closest(selector) !== null;
}"""
HIDDEN_WORDS = """() => {
  const box = document.querySelector(".state").getBoundingClientRect();
  const words = document.querySelector(".words").getBoundingClientRect();
  return Math.max(0, words.bottom - box.bottom, box.top - words.top);
}"""


@pytest.fixture
def kiosk() -> Iterator[PageKiosk]:
    """A kiosk on a wall: its papers come out of a real printer."""
    with PageKiosk(printer=False) as running:
        yield running


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    made = browser.new_context(viewport={"width": WIDE[0], "height": WIDE[1]}, has_touch=True)
    yield made
    made.close()


@pytest.fixture
def page(context: BrowserContext, kiosk: PageKiosk) -> Iterator[Page]:
    opened, console = context.new_page(), Console()
    console.watch(opened)
    opened.goto(kiosk.url)
    opened.wait_for_selector("body[data-ready]")
    yield opened
    console.assert_clean()


def publish(kiosk: PageKiosk, page: Page, moment: Moment) -> None:
    """Shows this moment, and waits until it is drawn."""
    kiosk.view.publish(moment)
    view = moment.drawn(kiosk.now_ms)
    expect(page.locator("body")).to_have_attribute("data-state", view.state)
    said = f"{view.message_zh}\n{view.message_en}"
    expect(page.locator("#message")).to_have_attribute("data-said", said)


def state(kiosk: PageKiosk) -> str:
    with urllib.request.urlopen(f"{kiosk.url}state", timeout=10) as answer:
        body: bytes = answer.read()
    return body.decode()


def status(url: str) -> int:
    try:
        with urllib.request.urlopen(url, timeout=10) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code


# --- every phase on every display ------------------------------------------------------------


def _everywhere() -> Iterator[object]:
    """Both languages at once, as kiosks are delivered and the fullest, on every display every day;
    each alone on one, and on the others with the proofs."""
    daily = {("zh", SIZES[0]), ("en", SIZES[2])}
    for language, size in product(("zh", "en", "both"), SIZES):
        marks = [] if language == "both" or (language, size) in daily else [pytest.mark.proof]
        yield pytest.param(size, language, id=f"{size[0]}x{size[1]}-{language}", marks=marks)


@pytest.mark.parametrize(("size", "language"), list(_everywhere()))
def test_every_phase_is_whole_and_readable(
    browser: Browser, size: tuple[int, int], language: Language
) -> None:
    console = Console()
    with PageKiosk(language, printer=False) as kiosk:
        page = browser.new_page(viewport={"width": size[0], "height": size[1]})
        bring_axe(page)
        console.watch(page)
        page.goto(kiosk.url)
        page.wait_for_selector("body[data-ready]")
        for name, moment in scenes().items():
            publish(kiosk, page, moment)
            if name == "thanks":
                kiosk.view.publish_claim("screen", lambda: ADDRESS)
                expect(page.locator("#claim-code")).to_be_visible()
            _is_whole(page, name, size, language)
            if name in LOOKED_AT:
                found = [(name, one["id"], one["nodes"][0]) for one in barriers(page)]
                assert found == []
        page.close()
    console.assert_clean()


def _is_whole(page: Page, name: str, size: tuple[int, int], language: Language) -> None:
    width = page.evaluate("document.documentElement.scrollWidth")
    assert width == size[0], f"{name} reaches beyond the display"
    if size[0] >= WIDE[0]:
        height = page.evaluate("document.querySelector('.stage').scrollHeight")
        assert height <= size[1], f"{name} needs scrolling"
        said = ".next" if page.evaluate("document.body.dataset.view") == "idle" else ".message"
        part = "en" if language == "en" else "zh"
        letters = page.evaluate(
            f"parseFloat(getComputedStyle(document.querySelector('{said} .{part}')).fontSize)"
        )
        assert letters >= 40, f"{name} is too small to read at arm's length"
        least, words = page.evaluate(SMALLEST)
        assert least * DOT_MM[size[0]] >= SMALLEST_MM, f"{name}: {words} is too small"
        assert not page.evaluate(COVERED), f"{name}: one part covers another"
        if not page.locator("#pad").is_visible():
            assert page.evaluate(HIDDEN_WORDS) <= 1, f"{name}: words are cut off"
        assert page.evaluate(NEWEST) <= 1, f"{name}: the newest line is cut off"
    assert page.evaluate(CLIPPED) == [], name
    assert page.evaluate(SECONDS) < IN_THE_RING, f"{name}: the seconds touch their ring"
    assert page.evaluate(ON_TOP, "#mode"), f"{name}: the mode is covered"


@pytest.fixture(scope="module")
def one_kiosk() -> Iterator[PageKiosk]:
    """One that goes from phase to phase, as it does at a stop."""
    with PageKiosk(printer=False) as running:
        yield running


@pytest.fixture(scope="module")
def one_page(browser: Browser, one_kiosk: PageKiosk) -> Iterator[Page]:
    opened, console = browser.new_page(viewport={"width": WIDE[0], "height": WIDE[1]}), Console()
    console.watch(opened)
    opened.goto(one_kiosk.url)
    opened.wait_for_selector("body[data-ready]")
    yield opened
    console.assert_clean()
    opened.close()


@pytest.mark.parametrize("phase", Phase)
def test_only_what_means_something_now_can_be_pressed(
    one_page: Page, one_kiosk: PageKiosk, phase: Phase
) -> None:
    page, kiosk, moment = one_page, one_kiosk, of_phase(phase)
    publish(kiosk, page, moment)
    offer = moment.drawn(kiosk.now_ms).offer
    for name, card in (("help", offer.help), ("undo", offer.undo), ("finish", offer.finish)):
        if card is None:
            expect(page.locator(f"#{name}")).to_be_disabled()
        else:
            expect(page.locator(f"#{name}")).to_be_enabled()
    if page.locator("#pad").is_visible():
        page.locator("#pad-close").click()
    shown = page.eval_on_selector_all(
        "#choices button", "(all) => all.map((one) => one.dataset.pad || one.value)"
    )
    page.locator("#choices [data-pad=more]").click()
    more = page.eval_on_selector_all(
        "#pad-body button", "(all) => all.map((one) => one.dataset.pad || one.value)"
    )
    everything = {pad.key for pad in offer.pads} | {card.code for card in offer.cards}
    assert {*shown, *more} == everything | {"more", "type"}
    assert len(shown) + len(more) == len(everything) + 2


# --- touching ----------------------------------------------------------------------------------


def test_a_kind_is_chosen_by_touch_where_the_kiosk_asks_for_it(
    page: Page, kiosk: PageKiosk
) -> None:
    publish(kiosk, page, of_phase(Phase.ASKING))
    expect(page.locator("#pad-seconds")).not_to_be_empty()
    page.get_by_role("button", name="Baby things").tap()
    assert kiosk.scan() == action_code(Verb.CATEGORY, "M1")
    assert kiosk.entries[-1].pressed
    expect(page.locator("#pad")).to_be_hidden()


def test_how_many_is_said_by_touch(page: Page, kiosk: PageKiosk) -> None:
    publish(kiosk, page, told(ANN, RICE))
    page.get_by_role("button", name="How many?").tap()
    expect(page.locator("#pad-body button")).to_have_count(23)
    page.get_by_role("button", name="24", exact=True).tap()
    assert kiosk.scan() == action_code(Verb.QUANTITY, quantity_argument(24))


def test_a_price_is_typed_on_glass(page: Page, kiosk: PageKiosk) -> None:
    publish(kiosk, page, of_phase(Phase.MARKET))
    page.get_by_role("button", name="How much?").tap()
    done = page.get_by_role("button", name="OK")
    expect(done).to_be_disabled()
    for key in ("1", "2", ".", "5"):
        page.locator("#pad").get_by_role("button", name=key, exact=True).tap()
    expect(page.locator(".display")).to_have_text("¥12.5")
    done.tap()
    assert kiosk.scan() == action_code(Verb.PRICE, price_argument(125))
    page.locator("#pad-close").tap()
    expect(page.locator("#pad")).to_be_hidden()


def test_the_same_price_twice_is_meant_twice(page: Page, kiosk: PageKiosk) -> None:
    publish(kiosk, page, of_phase(Phase.CASHING))
    page.get_by_role("button", name="How much?").tap()
    for _ in range(2):
        page.locator("#pad").get_by_role("button", name="5", exact=True).tap()
        page.get_by_role("button", name="OK").tap()
        assert kiosk.scan() == action_code(Verb.PRICE, price_argument(50))
    assert all(entry.pressed for entry in kiosk.entries)


@pytest.mark.parametrize("language", ["zh", "en", "both"])
def test_keys_on_glass_show_what_they_type_in_every_language(
    browser: Browser, language: Language
) -> None:
    with PageKiosk(language, printer=False) as kiosk:
        page = browser.new_page(viewport={"width": WIDE[0], "height": WIDE[1]})
        page.goto(kiosk.url)
        page.wait_for_selector("body[data-ready]")
        publish(kiosk, page, of_phase(Phase.CASHING))
        page.locator("#choices [data-pad=price]").click()
        keys = page.locator("#pad .keys button").all()
        assert "".join(key.inner_text() for key in keys) == "1234567890.⌫"
        publish(kiosk, page, of_phase(Phase.OFFERING))
        page.locator("#choices [data-pad=quantity]").click()
        numbers = page.locator("#pad-body .key").all()
        assert [one.inner_text() for one in numbers] == [str(n) for n in range(2, 25)]
        page.close()


@pytest.mark.parametrize(("language", "said"), [("zh", "未联网"), ("en", "Offline")])
def test_a_narrow_display_says_once_that_the_network_is_gone(
    browser: Browser, language: Language, said: str
) -> None:
    with PageKiosk(language, printer=False) as kiosk:
        page = browser.new_page(viewport={"width": 360, "height": 740})
        page.goto(kiosk.url)
        page.wait_for_selector("body[data-ready]")
        kiosk.view.publish_kiosk(replace(kiosk.kiosk, online=False, backlog=3))
        chip = page.locator(".chip[data-online=no]")
        expect(chip).to_be_visible()
        shown = [part.inner_text() for part in chip.locator("span:visible").all()]
        assert len(shown) == 1
        assert said in shown[0]
        page.close()


def test_a_month_is_chosen_by_year_and_month(page: Page, kiosk: PageKiosk) -> None:
    publish(kiosk, page, told(ANN, RICE))
    page.locator("[data-pad=more]").tap()
    page.get_by_role("button", name="Best before").tap()
    years = page.locator("#pad-body .year")
    years.nth(1).tap()
    expect(years.nth(1)).to_have_attribute("aria-pressed", "true")
    page.locator("#pad-body .key:not(.year)").nth(5).tap()
    assert kiosk.scan().startswith("KX")


def test_a_label_that_no_scanner_reads_is_typed_on_glass(page: Page, kiosk: PageKiosk) -> None:
    publish(kiosk, page, of_phase(Phase.REPRINTING))
    page.locator("[data-pad=more]").tap()
    page.get_by_role("button", name="Type a code").tap()
    for key in ITEM + "7":
        page.locator("#pad .keys").get_by_role("button", name=key, exact=True).tap()
    page.get_by_role("button", name="Delete").tap()
    expect(page.locator(".display")).to_have_text(ITEM)
    page.locator("#pad").get_by_role("button", name="Enter").tap()
    assert kiosk.scan() == ITEM


def test_everything_can_be_reached_with_the_keyboard_alone(page: Page, kiosk: PageKiosk) -> None:
    publish(kiosk, page, told(ANN, RICE))

    def tab_to(selector: str) -> None:
        for _ in range(40):
            page.keyboard.press("Tab")
            if page.evaluate(f"document.activeElement.matches('{selector}')"):
                outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
                assert outline == "solid", "nobody sees where the focus is"
                return
        raise AssertionError(f"{selector} cannot be reached")

    tab_to("[data-pad=category]")
    page.keyboard.press("Enter")
    expect(page.locator("#pad-body button").first).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert kiosk.scan() == action_code(Verb.CATEGORY, "F2")
    tab_to("[data-pad=more]")
    page.keyboard.press("Enter")
    page.keyboard.press("Escape")
    expect(page.locator("#pad")).to_be_hidden()
    expect(page.locator("[data-pad=more]")).to_be_focused()
    tab_to("#finish")
    page.keyboard.press("Space")
    assert kiosk.scan() == action_code(Verb.FINISH)


def test_a_scanner_that_types_goes_before_whatever_is_open(page: Page, kiosk: PageKiosk) -> None:
    publish(kiosk, page, told(ANN, RICE))
    page.locator("[data-pad=more]").tap()
    page.keyboard.type(ITEM)
    page.keyboard.press("Enter")
    assert kiosk.scan() == ITEM
    assert not kiosk.entries[-1].pressed
    assert kiosk.scans.empty(), "the scanner's Enter pressed a button"


def test_a_kiosk_that_can_save_nothing_offers_nothing(page: Page, kiosk: PageKiosk) -> None:
    publish(kiosk, page, told(ANN, RICE))
    kiosk.view.publish_kiosk(replace(kiosk.kiosk, unsaved=True))
    expect(page.locator("#devices summary")).to_contain_text("Nothing can be saved")
    expect(page.locator("#finish")).to_be_disabled()
    expect(page.locator("#choices")).to_be_hidden()


# --- lanes -------------------------------------------------------------------------------------


def test_the_page_acts_for_the_lane_it_shows_and_tells_of_the_others(
    page: Page, kiosk: PageKiosk
) -> None:
    kiosk.view.publish(told(lane="screen"))
    publish(kiosk, page, of_phase(Phase.INTAKE, lane="lane-1"))
    kiosk.view.publish(of_phase(Phase.SHELF, lane="lane-2"))
    expect(page.locator("body")).to_have_attribute("data-state", "intake")
    other = page.locator("#lanes button").filter(has_text="Scanner 2")
    expect(other).to_contain_text("Counting a shelf")
    page.locator("#finish").tap()
    assert kiosk.scan() == action_code(Verb.FINISH)
    assert kiosk.entries[-1].lane == "lane-1"
    other.tap()
    expect(page.locator("body")).to_have_attribute("data-state", "shelf")
    page.locator("#finish").tap()
    kiosk.scan()
    assert kiosk.entries[-1].lane == "lane-2"
    page.keyboard.type(ITEM)
    page.keyboard.press("Enter")
    kiosk.scan()
    assert kiosk.entries[-1].lane is None, "a scanner at the page is a lane of its own"


def test_nobodys_buttons_change_under_their_finger(page: Page, kiosk: PageKiosk) -> None:
    publish(kiosk, page, told(ANN, RICE))
    kiosk.view.publish(of_phase(Phase.SHELF, lane="lane-1"))
    expect(page.locator("#lanes button")).to_have_count(1)
    expect(page.locator("body")).to_have_attribute("data-state", "intake")


# --- what is told and forgotten ------------------------------------------------------------------


def test_at_rest_the_day_is_told(page: Page, kiosk: PageKiosk) -> None:
    publish(kiosk, page, told())
    kiosk.view.publish_kiosk(replace(kiosk.kiosk, day=DayView(37, 12)))
    expect(page.locator("#day-received")).to_have_text("37")
    expect(page.locator("#day-handed")).to_have_text("12")
    kiosk.view.publish_kiosk(replace(kiosk.kiosk, day=DayView(3, 1, dated=False)))
    expect(page.locator("#day-title")).to_contain_text("Since the start")


def test_labels_that_the_hub_ordered_are_told_as_such(page: Page, kiosk: PageKiosk) -> None:
    publish(kiosk, page, told(ANN, RICE))
    printer = DeviceView("printer", "printer", True, "", "")
    kiosk.view.publish_kiosk(replace(kiosk.kiosk, devices=(printer,), labels_ordered=40))
    expect(page.locator("#printing")).to_contain_text("40 labels for the hub still to print")
    waits = replace(kiosk.kiosk, devices=(printer,), papers_waiting=1, labels_ordered=40)
    kiosk.view.publish_kiosk(waits)
    expect(page.locator("#printing")).to_contain_text("Printing: 41")


def test_a_printer_without_paper_is_told_calmly(page: Page, kiosk: PageKiosk) -> None:
    publish(kiosk, page, told(ANN, RICE))
    expect(page.locator("#preview-code")).to_be_visible()
    printer = DeviceView("serial:/dev/ttyUSB0", "printer", True, "就绪", "ready")
    kiosk.view.publish_kiosk(replace(kiosk.kiosk, devices=(printer,), papers_waiting=2))
    expect(page.locator("#printing")).to_contain_text("Printing: 2")
    empty = replace(printer, ok=False, zh="没有纸了", en="out of paper")
    kiosk.view.publish_kiosk(replace(kiosk.kiosk, devices=(empty,), papers_waiting=2))
    expect(page.locator("#printing")).to_contain_text("out of paper. 2 wait to be printed")
    page.locator("#devices summary").tap()
    page.get_by_role("button", name="New roll of labels").tap()
    assert kiosk.scan() == action_code(Verb.NEW_ROLL)


@pytest.mark.parametrize("size", SIZES, ids=["800x480", "1024x600", "360x740"])
def test_the_donors_code_can_be_read_off_the_display(
    browser: Browser, kiosk: PageKiosk, size: tuple[int, int]
) -> None:
    page = browser.new_page(viewport={"width": size[0], "height": size[1]})
    page.goto(kiosk.url)
    page.wait_for_selector("body[data-ready]")
    publish(kiosk, page, scenes()["thanks"])
    kiosk.view.publish_claim("screen", lambda: ADDRESS)
    code = page.locator("#claim-code")
    expect(code).to_be_visible()
    code.evaluate("(image) => image.decode()")
    box = code.bounding_box()
    assert box is not None
    assert min(box["width"], box["height"]) >= 200
    (read,) = zxingcpp.read_barcodes(Image.open(BytesIO(page.screenshot())))
    assert read.text == ADDRESS
    page.close()


def test_twenty_seconds_after_a_session_nothing_of_it_is_left(browser: Browser) -> None:
    with PageKiosk() as kiosk:
        page = browser.new_page(viewport={"width": 1280, "height": 800})
        page.goto(kiosk.url)
        page.wait_for_selector("body[data-ready]")
        moment = scenes()["thanks"]
        publish(kiosk, page, moment)
        kiosk.view.publish_claim("screen", lambda: ADDRESS)
        kiosk.print_receipt()
        expect(page.locator("#claim-code")).to_be_visible()
        expect(page.locator("#papers img")).to_have_count(1)
        page.get_by_alt_text("Receipt 1").click()
        expect(page.locator("#zoom-image")).to_be_visible()
        assert "hub.example" not in state(kiosk), "the address is in the page's data"
        claim = f"{kiosk.url}claim/1.svg"
        assert (status(claim), status(f"{kiosk.url}paper/1.png")) == (200, 200)

        kiosk.now_ms = moment.at + SHOWN_AFTER_MS
        expect(page.locator("#message")).to_contain_text("Hello")
        expect(page.locator("#claim")).to_be_hidden()
        expect(page.locator("#papers img")).to_have_count(0)
        expect(page.locator("#zoom-image")).to_be_hidden()
        assert (status(claim), status(f"{kiosk.url}paper/1.png")) == (404, 404)
        left: dict[str, Any] = json.loads(state(kiosk))
        (lane,) = left["lanes"]
        assert (lane["claim"], lane["lines"], lane["person"]) == (None, [], False)
        assert left["papers"] == []
        document = page.content()
        for trace in ("claim/1.svg", "paper/1.png", "Thank you! 4", "谢谢您！共 4"):
            assert trace not in document
        page.close()


def test_a_page_that_lost_the_kiosk_hides_the_donors_code_by_itself(
    page: Page, kiosk: PageKiosk
) -> None:
    publish(kiosk, page, scenes()["thanks"])
    page.clock.install()
    kiosk.view.publish_claim("screen", lambda: ADDRESS)
    expect(page.locator("#claim-code")).to_be_visible()
    page.clock.fast_forward(SHOWN_AFTER_MS + 1_000)
    expect(page.locator("#claim")).to_be_hidden()
    assert page.locator("#claim-code").get_attribute("src") is None
