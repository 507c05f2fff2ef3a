"""What only the passing of time makes wrong is seen, and gone when it is put right."""

from collections.abc import Iterator
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from contract import events
from hub import overdue
from tests.integration.test_web_operator import signed_in, words
from tests.support.hub_site import DAY_MS, HubSite, Place


@pytest.fixture
def site(tmp_path: Path) -> Iterator[HubSite]:
    found = HubSite(tmp_path)
    found.add_users()
    yield found
    found.close()


@pytest.fixture
def east(site: HubSite) -> Place:
    return site.add_stop("stop-east", "东门站", "East Gate", ("", ""), "0E0E")


def look(site: HubSite) -> str:
    """Looks as the hub does every few minutes; what the list of incidents says."""
    zone = ZoneInfo(site.config.timezone)
    site.writer.call(lambda connection: overdue.sweep(connection, site.now_ms, zone))
    return words(signed_in(site).get("/incidents").text)


def test_a_label_that_nobody_attached_is_asked_for_after_a_day(site: HubSite, east: Place) -> None:
    bare = site.intake(east, label=False)
    site.intake(east)
    assert "Nothing needs a human" in look(site)
    site.now_ms += DAY_MS + 1
    told = look(site)
    assert "Labels that were never attached" in told
    assert "1 things came in more than a day ago" in told
    attached = events.LabelAttached(item=bare, how="scanned")
    site.receive(east.journal, [east.journal.write(attached, site.now_ms)])
    assert "Nothing needs a human" in look(site)
