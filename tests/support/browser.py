"""A real Chromium that fails the test when a page's console is not clean, and asks axe."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from playwright.sync_api import Browser, BrowserContext, Page, Request, sync_playwright

CHROMIUM: Final = "/usr/bin/chromium"
QUIET: Final = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
AXE: Final = Path(__file__).parents[1] / "browser" / "vendor" / "axe.min.js"
PHONE: Final = (360, 740)
DESKTOP: Final = (1280, 800)

COLOURS: Final = ("color-contrast", "link-in-text-block")
"""The rules of axe about colours, for a page that differs in nothing else from one looked at."""

_RUN_AXE: Final = """
async (rules) => (await axe.run(document, {
  resultTypes: ["violations"],
  preload: false,  // the style sheets once more, which none of its rules for pages asks for
  ...(rules.length ? {runOnly: {type: "rule", values: rules}} : {}),
})).violations.map(
  (found) => ({id: found.id, impact: found.impact, nodes: found.nodes.map((node) => node.html)}))
"""

_HASTY: Final = """
for (const name of ["setTimeout", "setInterval"]) {
  const slow = window[name];
  window[name] = (work, ms, ...more) => slow(work, ms >= 1000 ? ms / 10 : ms, ...more);
}
"""

_STICKING_OUT: Final = """
() => {
  const form = "input, select, textarea, option, progress";
  const found = [];
  for (const element of document.querySelectorAll("body *")) {
    if (element.clientWidth < 2 || element.closest("svg") || element.matches(form)) continue;
    const more = element.scrollWidth - element.clientWidth;
    if (more < 2) continue;  // fractions of a pixel are rounded up
    const style = getComputedStyle(element);
    if (style.display === "inline") continue;
    const scrolls = style.overflowX === "auto" || style.overflowX === "scroll";
    if (scrolls && element.tabIndex === 0 && !element.querySelector("table")) continue;
    const name = [element.tagName.toLowerCase(), ...element.classList].join(".");
    found.push(`${name} ${element.id}: ${more} px more than its ${element.clientWidth}`);
  }
  return found;
}
"""
"""Elements with more in them than is to be seen: whatever its box does with what is too wide, of a
table nothing may be beyond an edge; other things may scroll, if a keyboard reaches them."""


class Console:
    """What pages complained about; `expect` lets one kind of complaint pass."""

    def __init__(self) -> None:
        self.complaints: list[str] = []
        self._expected: tuple[str, ...] = ()

    def expect(self, *parts: str) -> None:
        """Complaints that contain one of ``parts`` are what the test is about."""
        self._expected += parts

    def watch(self, page: Page) -> None:
        page.on("console", lambda message: self._hear(message.type, message.text))
        page.on("pageerror", lambda error: self._hear("error", str(error)))
        page.on("requestfailed", self._hear_failure)

    def _hear_failure(self, request: Request) -> None:
        # A page that is left while it asks for news did not fail.
        if request.failure != "net::ERR_ABORTED":
            self._hear("error", f"{request.failure}: {request.url}")

    def _hear(self, kind: str, text: str) -> None:
        if kind in ("error", "warning") and not any(part in text for part in self._expected):
            self.complaints.append(f"{kind}: {text}")

    def assert_clean(self) -> None:
        assert self.complaints == [], "\n".join(self.complaints)


@contextmanager
def chromium(*more: str) -> Iterator[Browser]:
    """Debian's Chromium, with nothing that asks the network by itself, and ``more`` switches.

    Its home is a folder that goes away with it: it would write crash reports, a cache and the
    sound's socket into those of whoever runs the tests.
    """
    with (
        tempfile.TemporaryDirectory(prefix="chromium-", ignore_cleanup_errors=True) as home,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM,
            args=[*QUIET, *more],
            env={
                **{name: value for name, value in os.environ.items() if name[:4] != "XDG_"},
                "HOME": home,
                "TMPDIR": home,
            },
        )
        try:
            yield browser
        finally:
            browser.close()


def context(
    browser: Browser, *, language: str = "en", size: tuple[int, int] = DESKTOP, **options: Any
) -> BrowserContext:
    """A fresh profile with a browser language and a window of ``size`` CSS pixels."""
    locale = {"zh": "zh-CN", "en": "en-GB"}[language]
    viewport = {"width": size[0], "height": size[1]}
    return browser.new_context(locale=locale, viewport=viewport, **options)  # type: ignore[arg-type]


def hasten(page: Page) -> None:
    """From the next load on, whatever waits for a second or more waits for a tenth of that: a page
    that asks for news every few seconds shows them soon."""
    page.add_init_script(_HASTY)


def bring_axe(page: Page) -> None:
    """Axe comes along with every page from the next load on: sooner there than for each by hand."""
    page.add_init_script(path=AXE)


def barriers(page: Page, *rules: str) -> list[dict[str, Any]]:
    """What axe finds on the page as it is shown now, by all its rules or these. Axe comes in beside
    the page's own policy, as a browser extension would, once for each load."""
    if not page.evaluate("() => 'axe' in window"):
        page.evaluate(AXE.read_text(encoding="utf-8") + "; undefined")
    found: list[dict[str, Any]] = page.evaluate(_RUN_AXE, list(rules))
    return found


def serious(page: Page, *rules: str) -> list[dict[str, Any]]:
    """Those of the `barriers` that are serious or critical."""
    return [one for one in barriers(page, *rules) if one["impact"] in ("serious", "critical")]


def too_wide(page: Page) -> int:
    """How many CSS pixels the page reaches beyond its window, sideways."""
    wide: int = page.evaluate(
        "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"
    )
    return wide


def sticking_out(page: Page) -> list[str]:
    """What reaches beyond its box, sideways: cut off, over something else, or a table of which only
    a part is to be seen. Named so that somebody finds it."""
    found: list[str] = page.evaluate(_STICKING_OUT)
    return found
