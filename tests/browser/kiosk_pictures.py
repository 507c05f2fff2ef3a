"""Pictures of the kiosk's page in every phase, in each language and on each display."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from msgspec.structs import replace
from playwright.sync_api import Browser, Page, expect

from kiosk.screen.moment import Moment
from kiosk.screen.view import DayView, DeviceView, Language
from kiosk.state import Phase
from tests.support.kiosk_page import PageKiosk
from tests.support.kiosk_scenes import of_phase, scenes

DISPLAYS: Final = ((800, 480), (1024, 600), (360, 740))
LANGUAGES: Final[tuple[Language, ...]] = ("zh", "en", "both")
PADS: Final = {"quantity": Phase.OFFERING, "price": Phase.MARKET, "more": Phase.INTAKE}
"""Pads that are opened by touch, and a phase that has them."""
READY: Final = DeviceView("serial:/dev/ttyUSB0", "printer", True, "就绪", "ready")
EMPTY: Final = replace(READY, ok=False, zh="没有纸了", en="out of paper")


def kiosk_pictures(browser: Browser, target: Path, only: str = "") -> None:
    """Writes ``kiosk-<scene>-<language>-<width>.png`` into ``target``; with ``only``, those whose
    names begin like this."""
    for language in LANGUAGES:
        for size in DISPLAYS:
            with PageKiosk(language, printer=False) as kiosk:
                page = browser.new_page(viewport={"width": size[0], "height": size[1]})
                page.goto(kiosk.url)
                page.wait_for_selector("body[data-ready]")
                for name in (f"kiosk-{scene}" for scene in _shown(page, kiosk)):
                    if name.startswith(only):
                        page.screenshot(path=target / f"{name}-{language}-{size[0]}.png")
                page.close()


def _shown(page: Page, kiosk: PageKiosk) -> Iterator[str]:
    """Shows one scene after the other; what each is called."""
    fine = replace(kiosk.kiosk, day=DayView(37, 12), devices=(READY,))
    kiosk.view.publish_kiosk(fine)
    for number, (name, moment) in enumerate(scenes().items()):
        _publish(page, kiosk, replace(moment, beep=1_000 + number))
        if name == "thanks":
            kiosk.view.publish_claim("screen", lambda: "https://hub.example/c/0000000000000000#1.x")
            expect(page.locator("#claim-code")).to_be_visible()
            page.locator("#claim-code").evaluate("(image) => image.decode()")
        yield name
    for number, (pad, phase) in enumerate(PADS.items()):
        _publish(page, kiosk, replace(of_phase(phase), beep=2_000 + number))
        page.locator(f"#choices [data-pad={pad}]").click()
        yield f"pad-{pad}"
    trouble = replace(fine, online=False, backlog=213, devices=(EMPTY,), papers_waiting=2)
    kiosk.view.publish_kiosk(trouble)
    kiosk.view.publish(of_phase(Phase.SHELF, lane="lane-1"))
    _publish(page, kiosk, replace(of_phase(Phase.HANDOVER), beep=3_000))
    expect(page.locator("#lanes")).to_be_visible()
    yield "trouble"


def _publish(page: Page, kiosk: PageKiosk, moment: Moment) -> None:
    kiosk.view.publish(moment)
    expect(page.locator("body")).to_have_attribute("data-state", moment.state.phase.value)
    said = moment.drawn(kiosk.now_ms).message_zh
    expect(page.locator("#message")).to_have_attribute("data-said", re.compile(re.escape(said)))
