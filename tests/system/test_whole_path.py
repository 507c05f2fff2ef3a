"""An item's whole way: serial scanner, journal, broker, hub, paper, pages."""

import base64
import hashlib
import json
import re
import time

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from contract.codes import PLACE_IN, Kind, parse
from tests.support import people
from tests.support.processes import until
from tests.support.serial_devices import HandScanner
from tests.support.site import Site
from tests.support.tap import Tap
from tests.support.virtual_printer import PtyPrinter, VirtualPrinter

REARM_S = 1.6


def _item_on(printer: VirtualPrinter, page: int) -> str:
    texts = [code.text for code in printer.codes()[page]]
    items = [text for text in texts if parse(text).kind is Kind.ITEM]
    assert len(items) == 1, f"a label carries one item code, not {texts}"
    return items[0]


def _status(site: Site, code: str) -> str | None:
    known = {event["type"] for event in site.events()}
    if "received" not in known:
        return None
    return str(site.api(f"items/{code}")["status"])


def _assert_signed(site: Site, claim: str, fragment: str, *, items: int) -> None:
    """By the words of the contract's page, and with the library alone."""
    version, kiosk, epoch, seq, head, count, key_id, signature = fragment.split(".")
    assert (version, kiosk, int(count)) == ("1", "kiosk-1", items)
    status, published = site.page("/keys.json")
    assert status == 200
    [key] = [
        base64.b64decode(key["public_key"])
        for key in json.loads(published)["keys"]
        if (key["kiosk"], key["key_id"]) == (kiosk, key_id)
    ]
    digest = hashlib.sha256(f"yicang/1/claim\0{claim}".encode()).hexdigest()
    statement = f"yicang/1/receipt\0{kiosk}.{epoch}.{seq}.{head}\0{digest}\0{count}"
    Ed25519PublicKey.from_public_bytes(key).verify(
        base64.urlsafe_b64decode(signature + "=="), statement.encode()
    )
    until(
        "the hub has the event that the receipt names",
        lambda: f"{kiosk}.{epoch}.{seq}.{head}" in [event["id"] for event in site.events()],
    )


@pytest.mark.parametrize(
    "language",
    [
        # What one language alone prints is read back in tests/drivers and tests/unit every day.
        pytest.param("zh", marks=pytest.mark.proof),
        pytest.param("en", marks=pytest.mark.proof),
        "both",
    ],
)
def test_a_scanned_pack_is_labelled_published_stored_and_delivered(
    site: Site, tap: Tap, language: str
) -> None:
    folder = site.folder
    with (
        HandScanner(folder / "scanner") as scanner,
        PtyPrinter(folder / "printer", VirtualPrinter()) as line,
    ):
        printer = line.printer
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
        address, _, fragment = claim_url.partition("#")
        claim = address.rpartition("/")[2]
        _assert_signed(site, claim, fragment, items=1)

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


def test_the_board_hears_at_once_that_a_backlog_is_gone_and_the_time_known(site: Site) -> None:
    kiosk = site.kiosk()
    kiosk.start()
    kiosk.scan(people.RICE)
    kiosk.wait_acknowledged()

    def told() -> bool:
        [heard] = [one for one in site.api("kiosks")["kiosks"] if one["id"] == "kiosk-1"]
        return heard["backlog"] == 0 and heard["clock"] is True

    until("the hub knows that nothing waits", told, deadline_s=30)
