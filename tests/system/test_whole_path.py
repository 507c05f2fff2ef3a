"""An item's whole way: serial scanner, journal, broker, hub, paper, pages."""

import re
import time

import pytest

from contract.codes import PLACE_IN, Kind, parse
from tests.support import people
from tests.support.processes import until
from tests.support.serial_devices import HandScanner, ThermalPrinter
from tests.support.site import Site
from tests.support.tap import Tap

REARM_S = 1.6


def _item_on(printer: ThermalPrinter, page: int) -> str:
    texts = [code.text for code in printer.codes()[page]]
    items = [text for text in texts if parse(text).kind is Kind.ITEM]
    assert len(items) == 1, f"a label carries one item code, not {texts}"
    return items[0]


def _status(site: Site, code: str) -> str | None:
    known = {event["type"] for event in site.events()}
    if "received" not in known:
        return None
    return str(site.api(f"items/{code}")["status"])


@pytest.mark.parametrize("language", ["zh", "en", "both"])
def test_a_scanned_pack_is_labelled_published_stored_and_delivered(
    site: Site, tap: Tap, language: str
) -> None:
    folder = site.folder
    with (
        HandScanner(folder / "scanner") as scanner,
        ThermalPrinter(folder / "printer") as printer,
    ):
        kiosk = site.kiosk(
            language=language,
            scanners=[f"serial:{folder / 'scanner'}?baud=9600"],
            printers=[f"serial:{folder / 'printer'}?baud=115200"],
        )
        kiosk.start()

        scanner.scan("6901234567892")
        scanner.scan(people.RICE)
        printer.wait_for_pages(1, within_s=20)
        item = _item_on(printer, 0)
        scanner.scan(people.FINISH)
        printer.wait_for_pages(2, within_s=20)
        [claim_url] = [code.text for code in printer.codes()[1] if "/c/" in code.text]
        claim = claim_url.rpartition("/")[2]

        until("the item is in stock", lambda: _status(site, item) == "in_stock")
        found = site.api(f"items/{item}")
        assert found["category"] == "F1"
        assert found["gtin"] == "06901234567892"
        assert found["place"] == PLACE_IN
        status, page = site.page(f"/c/{claim}", language="en")
        assert (status, item in page.replace(" ", "")) == (200, True)
        for tongue in ("zh", "en"):
            status, page = site.page(f"/t/{item}", language=tongue)
            assert status == 200
            assert re.search(rf'<html[^>]* lang="{tongue}', page), page[:300]

        volunteer, plan, home = people.card(), people.plan(), people.family()
        scanner.scan(volunteer)
        scanner.scan(item)
        scanner.scan(plan)
        out_at = time.monotonic()
        printer.wait_for_pages(3, within_s=20)
        assert plan in [code.text for code in printer.codes()[2]]
        until("the item is out", lambda: _status(site, item) == "out")

        until("the plan's code may be read again", lambda: time.monotonic() - out_at > REARM_S)
        scanner.scan(plan)
        scanner.scan(home)
        until("the item is delivered", lambda: _status(site, item) == "delivered")
        status, page = site.page(f"/t/{item}", language="en")
        assert status == 200
        assert plan not in page
        for secret in (volunteer, home, claim):
            assert tap.carried(secret) == []


def test_scans_of_a_day_without_hub_arrive_when_it_is_back(site: Site, tap: Tap) -> None:
    kiosk = site.kiosk()
    kiosk.start()
    site.stop_hub()
    cards = people.category_cards()
    codes = [kiosk.scan(next(cards)).codes[-1] for _ in range(5)]
    assert kiosk.backlog() >= 5
    site.start_hub()
    kiosk.wait_acknowledged()
    until(
        "every item is in stock",
        lambda: all(site.api(f"items/{code}")["status"] == "in_stock" for code in codes),
    )
