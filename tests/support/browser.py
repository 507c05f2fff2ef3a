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

_RUN_AXE: Final = """
async () => (await axe.run(document, {resultTypes: ["violations"]})).violations.map(
  (found) => ({id: found.id, impact: found.impact, nodes: found.nodes.map((node) => node.html)}))
"""


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


def serious(page: Page) -> list[dict[str, Any]]:
    """What axe finds serious or critical on the page as it is shown now. Axe comes in beside the
    page's own policy, as a browser extension would, once for each load."""
    if not page.evaluate("() => 'axe' in window"):
        page.evaluate(AXE.read_text(encoding="utf-8") + "; undefined")
    found: list[dict[str, Any]] = page.evaluate(_RUN_AXE)
    return [one for one in found if one["impact"] in ("serious", "critical")]


def too_wide(page: Page) -> int:
    """How many CSS pixels the page reaches beyond its window, sideways."""
    wide: int = page.evaluate(
        "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"
    )
    return wide
