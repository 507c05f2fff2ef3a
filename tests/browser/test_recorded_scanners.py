"""The recorded scanners of the drivers' tests, typing into the kiosk's page."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from drivers import keymap
from tests.support.key_devices import Recorded, recording
from tests.support.kiosk_page import IDLE, PageKiosk

pytestmark = pytest.mark.browser

RECORDINGS = sorted((Path(__file__).parents[1] / "drivers" / "recordings").glob("*.jsonl"))
PAUSE_US = 80_000

TYPE = """(keys) => {
  for (const [type, at] of keys) {
    document.body.dispatchEvent(
      new KeyboardEvent(type, { ...at, key: "", bubbles: true, cancelable: true }));
  }
}"""

PUNCTUATION = {
    "-": "Minus", "=": "Equal", "[": "BracketLeft", "]": "BracketRight", "\\": "Backslash",
    ";": "Semicolon", "'": "Quote", "`": "Backquote", ",": "Comma", ".": "Period", "/": "Slash",
    " ": "Space", "<": "IntlBackslash",
}  # fmt: skip
OTHERS = {
    keymap.KEY_ENTER: "Enter", keymap.KEY_TAB: "Tab", keymap.KEY_F8: "F8", 69: "NumLock",
    29: "ControlLeft", 97: "ControlRight", 42: "ShiftLeft", 54: "ShiftRight",
    56: "AltLeft", 100: "AltRight",
}  # fmt: skip


def dom_code(key: int) -> str:
    """`KeyboardEvent.code` of a key (UI Events KeyboardEvent code Values, W3C)."""
    if key in OTHERS:
        return OTHERS[key]
    if key in keymap.KEYPAD and keymap.KEYPAD[key].isdigit():
        return f"Numpad{keymap.KEYPAD[key]}"
    char = keymap.US[key][0]
    if char.isdigit():
        return f"Digit{char}"
    return f"Key{char.upper()}" if char.isalpha() else PUNCTUATION[char]


def bursts(events: list[Recorded]) -> Iterator[list[tuple[str, dict[str, object]]]]:
    """What a browser makes of the events, parted where the recording pauses."""
    held: set[int] = set()
    burst: list[tuple[str, dict[str, object]]] = []
    last = None
    for event in events:
        now = event.sec * 1_000_000 + event.usec
        if last is not None and now - last >= PAUSE_US:
            yield burst
            burst = []
        last = now
        if event.type != keymap.EV_KEY:
            continue
        if event.value:
            held.add(event.code)
        else:
            held.discard(event.code)
        at = {
            "code": dom_code(event.code),
            "shiftKey": bool(held & keymap.SHIFTS),
            "ctrlKey": bool(held & keymap.CTRLS),
            "altKey": bool(held & keymap.ALTS),
            "repeat": event.value == 2,
        }
        burst.append(("keydown" if event.value else "keyup", at))
    yield burst


@pytest.fixture
def kiosk() -> Iterator[PageKiosk]:
    with PageKiosk() as running:
        running.view.publish(IDLE)
        yield running


@pytest.fixture
def page(browser: Browser, kiosk: PageKiosk) -> Iterator[Page]:
    opened = browser.new_page()
    opened.goto(kiosk.url)
    opened.wait_for_selector("body[data-ready]")
    yield opened
    opened.close()


@pytest.mark.parametrize("path", RECORDINGS, ids=lambda path: path.stem)
def test_a_recorded_scanner_is_understood_by_the_page(
    path: Path, page: Page, kiosk: PageKiosk
) -> None:
    got = []
    for burst in bursts(recording(path)):
        page.evaluate(TYPE, burst)
        got.append(kiosk.scan())
    assert got == json.loads(path.read_text().splitlines()[0])["means"]


def test_typing_by_numbers_is_told_on_the_page(page: Page, kiosk: PageKiosk) -> None:
    path = next(path for path in RECORDINGS if path.stem == "alt-typing")
    for burst in bursts(recording(path)):
        page.evaluate(TYPE, burst)
    assert kiosk.scan() == "G0001A"
    expect(page.get_by_text("set it to a USA keyboard")).to_be_visible()
