"""What kiosks say of themselves, on the board: in words, in both languages, until it is settled."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from contract import events, messages, topics
from tests.integration.test_web_operator import csrf, signed_in, words
from tests.support.hub_site import HubSite, Place

WORDS = (
    "hash-disputed",
    "no-prefix-left",
    "receipt-expired",
    "layout-failed",
    "state-lost",
    "job-lost",
    "a-word-of-a-later-release",
)


@pytest.fixture
def site(tmp_path: Path) -> Iterator[HubSite]:
    found = HubSite(tmp_path)
    found.add_users()
    yield found
    found.close()


@pytest.fixture
def place(site: HubSite) -> Place:
    return site.add_stop("east", "东门站", "East Gate", ("", ""), "4K2P")


def tell(site: HubSite, place: Place, *bodies: events.Body) -> None:
    site.receive(place.journal, [place.journal.write(body, site.now_ms) for body in bodies])


def health(site: HubSite, *, ok: bool) -> None:
    site.send(topics.up("kiosk-east", topics.STATUS), b'{"online":true}')
    device = messages.DeviceHealth("serial-ttyACM0", "scanner", ok, "" if ok else "unplugged")
    told = messages.Health(0, 0, 9, True, devices=(device,))
    site.send(topics.up("kiosk-east", topics.HEALTH), messages.encode(told))


@pytest.mark.parametrize("language", ["en", "zh"])
def test_everything_that_a_kiosk_may_notice_has_words_of_its_own(
    site: HubSite, place: Place, language: str
) -> None:
    tell(site, place, *(events.Noticed(kind=word) for word in WORDS))
    page = signed_in(site, language=language).get("/incidents").text
    titles = re.findall(r"<h3>(?:<a [^>]*>)?([^<]+)<", page)
    assert len(set(titles)) == len(WORDS)
    text = words(page)
    assert "%(" not in text
    for word in WORDS[:-1]:
        assert word not in text
    assert WORDS[-1] in text


def test_a_dead_device_is_on_the_board_once_whoever_told_of_it(site: HubSite, place: Place) -> None:
    client = signed_in(site)
    health(site, ok=False)
    page = words(client.get("/board").text)
    assert page.count("A device does not work") == 1
    assert "Needs a human 1" in page
    assert "Nothing. What the system" not in page
    tell(site, place, events.DeviceChanged(device="serial-ttyACM0", kind="scanner", ok=False))
    page = words(client.get("/board").text)
    assert page.count("A device does not work") == 1
    health(site, ok=True)
    tell(site, place, events.DeviceChanged(device="serial-ttyACM0", kind="scanner", ok=True))
    assert "A device does not work" not in words(client.get("/board").text)


def test_a_call_for_help_leaves_the_board_when_an_operator_has_seen_it(
    site: HubSite, place: Place
) -> None:
    tell(site, place, events.HelpWanted())
    client = signed_in(site)
    html = client.get("/incidents").text
    assert "Somebody asked for help" in html
    key = re.search(r'name="key" value="([^"]+)"', html)
    assert key is not None
    form = {"key": key[1], "csrf_token": csrf(client, "/incidents")}
    client.post("/incidents/acknowledge", data=form)
    assert "Somebody asked for help" not in client.get("/board").text.partition("h-kiosks")[0]
    assert "Somebody asked for help" in client.get("/incidents?closed=1").text
    tell(site, place, events.HelpWanted())
    assert "Somebody asked for help" in client.get("/incidents").text
