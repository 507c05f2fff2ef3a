"""Pictures of every page in both languages: the hub's for phone and desktop, the kiosk's for its
displays. `make screenshots`."""

import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Page

from tests.browser.kiosk_pictures import kiosk_pictures
from tests.support.browser import DESKTOP, PHONE, chromium, context
from tests.support.hub_scene import a_scene, served
from tests.support.hub_site import PASSWORD, USER
from tests.support.pages import OPERATOR, PUBLIC


def sign_in(page: Page, url: str) -> None:
    """Through the form, as a person does."""
    page.goto(f"{url}/login")
    page.fill("#name", USER)
    page.fill("#password", PASSWORD)
    page.click(".login button")
    page.wait_for_url("**/board")


def main(target: Path) -> int:
    """Write the pictures into ``target``."""
    target.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory() as directory,
        a_scene(Path(directory)) as scene,
        served(scene.site) as url,
        chromium() as browser,
    ):
        for language in ("zh", "en"):
            for size in (PHONE, DESKTOP):
                with context(browser, language=language, size=size) as profile:
                    page = profile.new_page()
                    for pages in (PUBLIC, OPERATOR):
                        if pages is OPERATOR:
                            sign_in(page, url)
                        for name, path in pages.items():
                            page.goto(url + path(scene))
                            picture = target / f"{name}-{language}-{size[0]}.png"
                            page.screenshot(path=picture, full_page=True)
        kiosk_pictures(browser, target)
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1] if len(sys.argv) > 1 else "screenshots")))
