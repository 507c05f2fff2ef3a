"""The page of labels that a kiosk prints: it follows the kiosk, and ends what is left."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from contract import messages, topics
from contract.messages import CANCEL, Command, KioskStatus, Reply
from hub.kiosks import kiosk_commands
from tests.browser.test_hub_pages import a_page, sign_in
from tests.support.hub_scene import served
from tests.support.hub_site import HubSite

pytestmark = pytest.mark.browser

EAST = "kiosk-stop-east"


@pytest.fixture
def site(tmp_path: Path) -> Iterator[HubSite]:
    found = HubSite(tmp_path)
    found.add_users()
    found.add_stop("stop-east", "东门站", "East Gate", ("", ""), "0E0E")
    found.send(topics.up(EAST, topics.STATUS), messages.encode(KioskStatus(online=True)))
    yield found
    found.close()


def sent(site: HubSite) -> list[Command]:
    """What the hub publishes to the kiosk now."""
    sends = site.writer.commit(lambda here: kiosk_commands.unsent(here, site.now_ms))
    return [messages.decode(one.payload, Command) for one in sends]


def answer(site: HubSite, reply: Reply) -> None:
    """The kiosk says it."""
    site.send(topics.up(EAST, topics.REPLY), messages.encode(reply))


def test_a_roll_is_ordered_followed_and_ended_without_a_reload(
    browser: Browser, site: HubSite
) -> None:
    with served(site) as url, a_page(browser, hasty=True) as page:
        sign_in(page, url)
        page.goto(f"{url}/labels/")
        page.fill("#f-roll-n", "6")
        page.get_by_role("button", name="Print them").click()
        expect(page.locator(".message")).to_contain_text("6 labels are being printed")
        [command] = sent(site)
        live = page.locator("#live")
        expect(live).to_contain_text("not answered yet")
        answer(site, Reply(command.id, True, "printer-waits", "printing", 2, 4))
        expect(live).to_contain_text("2 of 6 printed", timeout=15_000)
        expect(live).to_contain_text("look at its paper and cover")
        live.get_by_role("button", name="Print no more").click()
        expect(live).to_contain_text("being ended")
        [ending] = sent(site)
        assert (ending.name, ending.of) == (CANCEL, command.id)
        answer(site, Reply(command.id, True, "", "cancelled", 3, 3))
        expect(live).to_contain_text("3 of 6 printed", timeout=15_000)
        expect(live.get_by_role("button")).to_have_count(0)
