"""Pictures of every page in both languages: the hub's for phone and desktop, the kiosk's for its
displays. `make screenshots`."""

import argparse
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

from playwright.sync_api import Page

from tests.browser.kiosk_pictures import kiosk_pictures
from tests.support.browser import DESKTOP, PHONE, chromium, context
from tests.support.hub_scene import Scene, a_scene, served
from tests.support.hub_site import PASSWORD, USER
from tests.support.pages import EXPECTED_REFUSALS, VISITORS


def sign_in(page: Page, url: str, name: str) -> None:
    """Through the form, as a person does; whoever was signed in before signs out."""
    page.context.clear_cookies(name="yicang")
    page.goto(f"{url}/login")
    page.fill("#name", name)
    page.fill("#password", PASSWORD)
    page.click(".login button")
    page.wait_for_url("**/board")


def _invitation(page: Page, scene: Scene, url: str, target: Path, name: str) -> None:
    """A new invitation with its codes, which only the browser that made it can show."""
    sign_in(page, url, USER)
    page.goto(f"{url}/kiosks/new?replaces={scene.invited and 'kiosk-river'}")
    page.locator("main .card button[type=submit]").click()
    page.wait_for_url("**/kiosks/invitations/*")
    page.locator("summary").click()
    page.evaluate("() => scrollTo(0, 0)")  # the header stays where the window is
    page.screenshot(path=target / f"invitation-code-{name}.png", full_page=True)


def main(target: Path, only: str = "") -> int:
    """Write the pictures into ``target``; with ``only``, those whose names begin like this.

    Raises:
        SystemExit: a page answers with an error, which is no picture of it.
    """
    target.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory() as directory,
        a_scene(Path(directory)) as scene,
        served(scene.site) as url,
        chromium() as browser,
        ExitStack() as open_,
    ):
        profiles = [
            (
                f"{language}-{size[0]}",
                open_.enter_context(context(browser, language=language, size=size)).new_page(),
            )
            for language in ("zh", "en")
            for size in (PHONE, DESKTOP)
        ]
        for visitor, pages in VISITORS.items():
            wanted = {name: at for name, at in pages.items() if name.startswith(only)}
            if visitor and wanted:
                for _ending, page in profiles:
                    sign_in(page, url, visitor)
            for name, path in wanted.items():
                # Asked for once: what one page puts there, the next may show no longer as empty.
                address = path(scene)
                for ending, page in profiles:
                    answer = page.goto(url + address)
                    status = answer.status if answer is not None else 0
                    if status != EXPECTED_REFUSALS.get(name, 200):
                        raise SystemExit(f"{name} ({ending}): {address} is {status}")
                    page.screenshot(path=target / f"{name}-{ending}.png", full_page=True)
        if "invitation-code".startswith(only):
            for ending, page in profiles:
                _invitation(page, scene, url, target, ending)
        if only.startswith("kiosk-") or not only:
            kiosk_pictures(browser, target, only)
    return 0


if __name__ == "__main__":
    arguments = argparse.ArgumentParser(prog="screenshots", description=__doc__)
    arguments.add_argument("target", nargs="?", type=Path, default=Path("screenshots"))
    arguments.add_argument("only", nargs="?", default="", help="those whose names begin like this")
    given = arguments.parse_args()
    sys.exit(main(given.target, given.only))
