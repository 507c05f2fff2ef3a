"""The disk takes nothing more: the kiosk says so, stays, and goes on when there is room again."""

import resource
import time
from collections.abc import Iterator
from contextlib import contextmanager

from tests.support import people
from tests.support.processes import healthy, until
from tests.support.site import Kiosk, Site

IDLE_S = 3.0
"""More than two of the kiosk's idle moments."""
NOTHING_BYTES = 8_192
"""A file may not be written beyond here: less than the journal's log needs for any scan."""


@contextmanager
def _full_disk(kiosk: Kiosk) -> Iterator[None]:
    """Inside, the kiosk's writes are refused by the kernel, as on a full disk."""
    assert kiosk.process is not None
    pid = kiosk.process.pid
    before = resource.prlimit(pid, resource.RLIMIT_FSIZE)
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (NOTHING_BYTES, before[1]))
    try:
        yield
    finally:
        resource.prlimit(pid, resource.RLIMIT_FSIZE, before)


def test_a_full_disk_refuses_scans_visibly_and_the_kiosk_outlives_it(site: Site) -> None:
    kiosk = site.kiosk()
    kiosk.start()
    cards, many = people.category_cards(), people.quantity(24)
    saved: set[str] = set()
    for _ in range(3):  # enough for a checkpoint in the next idle moment, and papers under way
        kiosk.scan(next(cards))
        listed = kiosk.scan(many).codes  # the page lists the newest
        saved.update(listed)
    with _full_disk(kiosk):
        lane = kiosk.scan(next(cards))
        assert (lane.signal, lane.codes) == ("refused", listed), lane.message
        assert "NOT SAVED" in lane.message
        began = time.monotonic()
        until("idle moments have passed", lambda: time.monotonic() - began > IDLE_S)
        assert healthy(kiosk.port)
    saved.update(kiosk.scan(next(cards)).codes)
    until("no paper waits", lambda: _attached(site) == sorted(saved), deadline_s=60)
    kiosk.wait_acknowledged()
    assert kiosk.process is not None
    assert kiosk.process.process.poll() is None, kiosk.process.text()
    assert sorted(site.received_or_nothing()) == sorted(saved)


def _attached(site: Site) -> list[str]:
    """The items whose label left the printer, once for each time."""
    return sorted(
        event["public"]["body"]["item"]
        for event in site.events()
        if event["type"] == "label.attached"
    )
