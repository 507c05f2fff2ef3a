"""A journal is damaged on its card: the kiosk says so, goes on, and the hub shows it."""

import pytest

from tests.support import people
from tests.support.processes import until
from tests.support.site import Kiosk, Site

PAGE = 4096
EXIT_DAMAGED = 75


def work(kiosk: Kiosk, items: int) -> list[str]:
    """Some items come in, and what is saved is brought into the database by a clean stop."""
    kiosk.start()
    cards, many = people.category_cards(), people.quantity(24)
    codes: list[str] = []
    while len(codes) < items:
        kiosk.scan(next(cards))
        codes += kiosk.scan(many).codes
        kiosk.scan(people.FINISH)
    kiosk.wait_acknowledged()
    assert kiosk.process is not None
    kiosk.process.stop()
    return codes


def overwrite_pages(kiosk: Kiosk) -> None:
    size = kiosk.journal.stat().st_size
    assert size > 4 * PAGE
    with kiosk.journal.open("r+b") as file:
        for at in range(PAGE, size, PAGE):
            file.seek(at)
            file.write(b"\xff" * 64)


def noticed(site: Site) -> list[str]:
    return [one["detail"].get("what", "") for one in site.incidents()]


@pytest.mark.parametrize("when", ["while it was off", "while it ran"])
def test_a_damaged_journal_costs_no_code_and_nothing_that_was_sent(site: Site, when: str) -> None:
    kiosk = site.kiosk()
    before = work(kiosk, 72)
    if when == "while it ran":
        kiosk.start()
        overwrite_pages(kiosk)
        kiosk.enter(people.SOAP)
        assert kiosk.process is not None
        assert kiosk.process.process.wait(30) == EXIT_DAMAGED, kiosk.process.text()
    else:
        overwrite_pages(kiosk)
    damaged = kiosk.journal.read_bytes()
    kiosk.start()
    [kept] = kiosk.folder.glob("journal.sqlite3.damaged-*-0")
    assert kept.read_bytes() == damaged
    fresh = kiosk.scan(people.RICE).codes
    assert set(fresh).isdisjoint(before)
    kiosk.wait_acknowledged()
    until("the hub shows it", lambda: "journal-damaged" in noticed(site))
    received = site.received_or_nothing()  # the scan that met the damage may have been saved
    assert set(received) >= {*before, *fresh}
    assert len(received) == len(set(received))
    page = site.api("kiosks")["kiosks"][0]
    assert page["online"] is True
