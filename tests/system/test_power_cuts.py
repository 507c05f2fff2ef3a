"""The kiosk is killed at any instant; nothing that was green is lost, doubled or renamed."""

import contextlib
import random
import threading
import time
import urllib.error
from collections import Counter
from http.client import HTTPException

import pytest

from tests.support import people
from tests.support.site import Kiosk, Lane, Site

LOST_CONTACT = (urllib.error.URLError, HTTPException, ConnectionError, TimeoutError)


def _scan_until_killed(kiosk: Kiosk, cards: list[str], dice: random.Random) -> list[str]:
    """Scans until the process is killed, half of the times right after a green light and half at
    a random moment within the next scan; the codes of all items that were shown as saved."""
    green: list[str] = []
    scans = dice.randint(1, 4)
    for number, text in enumerate(cards[:scans]):
        last = number == scans - 1
        if last and dice.random() < 0.5:
            assert kiosk.process is not None
            timer = threading.Timer(dice.uniform(0, 0.05), kiosk.process.kill)
            timer.start()
            with contextlib.suppress(*LOST_CONTACT):
                green += _scan_at_once(kiosk, text)
            timer.join()
            break
        green += _scan_at_once(kiosk, text)
    kiosk.kill()
    return green


def _scan_at_once(kiosk: Kiosk, text: str) -> list[str]:
    """Enters a scan and returns in the moment its green light is seen."""
    before = Lane(kiosk.state())
    kiosk.enter(text)
    end = time.monotonic() + 10
    while time.monotonic() < end:
        lane = Lane(kiosk.state())
        if lane.sounds > before.sounds:
            if lane.signal == "attention" and "saved already" in lane.message:
                return []  # the first goods after a cut are those that it cut off
            assert lane.signal == "saved", lane.message
            return [code for code in lane.codes if code not in before.codes]
    raise AssertionError("no signal for a scan")


def _cut_power(site: Site, times: int, seed: int) -> None:
    dice = random.Random(seed)
    kiosk = site.kiosk()
    cards = [card for card, _ in zip(people.category_cards(), range(15), strict=False)]
    green: list[str] = []
    for _ in range(times):
        kiosk.start()
        dice.shuffle(cards)
        green += _scan_until_killed(kiosk, cards, dice)
    kiosk.start()
    kiosk.wait_acknowledged(deadline_s=120)
    received = Counter(
        event["public"]["body"]["item"] for event in site.events() if event["type"] == "received"
    )
    assert len(green) >= times
    assert [code for code in green if code not in received] == []
    assert [code for code, count in received.items() if count > 1] == []
    assert len(set(green)) == len(green), "a code was shown for two items"
    assert [
        i["kind"] for i in site.incidents() if i["kind"] in ("fork", "hole", "journal-lost")
    ] == []


def test_a_few_cuts_of_power_lose_and_double_nothing(site: Site) -> None:
    _cut_power(site, 5, seed=5)


@pytest.mark.proof
@pytest.mark.timeout(1800)
def test_two_hundred_cuts_of_power_lose_and_double_nothing(site: Site) -> None:
    _cut_power(site, 200, seed=200)
