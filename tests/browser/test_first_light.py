"""The whole stop in a real browser: typed at the kiosk, seen on the board, followed in public."""

import pytest
from playwright.sync_api import Browser

from contract.actions import Verb
from contract.codes import action_code
from tests.support.browser import DESKTOP, PHONE, Console, context, hasten, serious, too_wide
from tests.support.site import Site

WAIT_MS = 15_000
PERSON_MS = 60
"""Between two keys of somebody who types: slower than any scanner."""


@pytest.mark.browser
@pytest.mark.parametrize(
    ("language", "size"),
    # `test_hub_pages` and `test_kiosk_page` look at either language and size.
    [pytest.param("en", DESKTOP, marks=pytest.mark.proof), ("zh", PHONE)],
)
def test_what_is_typed_at_the_kiosk_appears_on_the_board_without_a_reload(
    browser: Browser, site: Site, language: str, size: tuple[int, int]
) -> None:
    kiosk = site.kiosk()
    kiosk.start()
    console = Console()
    with (
        context(browser, language=language, size=size) as operator,
        context(browser, language=language, size=size) as donor,
    ):
        board = operator.new_page()
        console.watch(board)
        hasten(board)
        board.goto(f"{site.hub_url}/login?next=/board")
        board.fill("#name", "operator")
        board.fill("#password", site.password)
        board.click("main button[type=submit]")
        board.wait_for_url("**/board")
        board.evaluate("window.neverReloaded = true")

        page = donor.new_page()
        console.watch(page)
        page.goto(f"{kiosk.url}/")
        page.keyboard.type("6901234567892\n", delay=PERSON_MS)
        page.wait_for_selector("[data-state=asking]", timeout=WAIT_MS, state="attached")
        page.keyboard.type(f"{action_code(Verb.CATEGORY, 'F1')}\n", delay=PERSON_MS)
        page.wait_for_selector("[data-state=intake]", timeout=WAIT_MS, state="attached")
        [code] = kiosk.scan(action_code(Verb.HELP)).codes
        assert serious(page) == []
        assert too_wide(page) <= 0

        board.wait_for_selector(f'a[href*="{code}"]', timeout=WAIT_MS, state="attached")
        assert board.evaluate("window.neverReloaded") is True
        assert serious(board) == []
        assert too_wide(board) <= 0

        public = donor.new_page()
        console.watch(public)
        public.goto(f"{site.hub_url}/t/{code}")
        assert code in public.content().replace(" ", "")
        assert serious(public) == []
        assert too_wide(public) <= 0
    console.assert_clean()
