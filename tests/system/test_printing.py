"""Labels that somebody orders at the hub come out of a kiosk's printer: each code once.

The whole way with real processes: API, database, Mosquitto, kiosk, serial printer, paper; what is
on the paper is read by a decoder of its own.
"""

import json
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest

from contract.codes import PLACE_IN
from tests.support import people
from tests.support.processes import until
from tests.support.site import Kiosk, Site
from tests.support.virtual_printer import PtyPrinter, VirtualPrinter


class Stop:
    """A site with one kiosk and its printer, and a token that may order labels."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.machine = VirtualPrinter()
        self.line = PtyPrinter(site.folder / "printer", self.machine)
        # With letters of its own it answers when a label is out, and nobody waits for slow paper.
        url = f"serial:{site.folder / 'printer'}?baud=115200&profile=58mm-native"
        self.kiosk: Kiosk = site.kiosk(printers=[url])
        made = site.yicang("hub", "token", "--role", "operator", "--data", str(site.data))
        self._token = made.splitlines()[-1]

    def order(self, count: int) -> Any:
        """A roll of new blank labels; the command."""
        request = urllib.request.Request(
            f"{self.site.hub_url}/api/v1/labels/rolls",
            data=json.dumps({"kiosk": "kiosk-1", "n": count}).encode(),
            headers={
                "Authorization": f"Bearer {self._token}",
                "Content-Type": "application/json",
            },
        )
        with urllib.request.urlopen(request, timeout=20) as response:
            return json.load(response)["command"]

    def told(self, command: Any) -> Any:
        """What the hub knows of it now."""
        return self.site.api(f"commands/{command['id']}")

    def wait_for(self, command: Any, *states: str) -> Any:
        """Until the kiosk has said one of these."""
        until(
            f"the command is {' or '.join(states)}",
            lambda: self.told(command)["state"] in states,
            deadline_s=60,
        )
        return self.told(command)

    def codes(self) -> list[str]:
        """Every code on the paper, in the order in which it came out."""
        return [code.text for piece in self.machine.codes() for code in piece]

    def voided(self) -> list[str]:
        """The labels that the hub has given up."""
        events = self.site.events()
        return [e["public"]["body"]["item"] for e in events if e["type"] == "label.voided"]


@pytest.fixture
def stop(site: Site) -> Iterator[Stop]:
    made = Stop(site)
    yield made
    made.line.close()


def test_a_roll_ordered_at_the_hub_comes_out_and_is_bound_by_a_scan(stop: Stop) -> None:
    stop.kiosk.start()
    command = stop.order(4)
    told = stop.wait_for(command, "done")
    assert (told["printed"], told["doubtful"]) == (4, [])
    assert stop.codes() == command["codes"]
    assert "label.attached" not in {event["type"] for event in stop.site.events()}
    stop.kiosk.scan(people.RICE)
    blank = command["codes"][2]
    assert stop.kiosk.scan(blank).signal == "saved"
    stop.kiosk.wait_acknowledged()
    until("it is in stock", lambda: stop.site.api(f"items/{blank}")["status"] == "in_stock")
    assert stop.site.api(f"items/{blank}")["place"] == PLACE_IN


def test_a_kiosk_that_was_off_prints_when_it_is_back(stop: Stop) -> None:
    command = stop.order(2)
    assert stop.told(command)["state"] == "waiting"
    stop.kiosk.start()
    stop.wait_for(command, "done")
    assert stop.codes() == command["codes"]


@pytest.mark.parametrize("when", ["ordered", "accepted", "first label"])
def test_a_kiosk_that_is_killed_prints_no_code_twice(stop: Stop, when: str) -> None:
    stop.kiosk.start()
    stop.kiosk.wait_acknowledged()
    if when == "accepted":
        stop.machine.arm("cover-open", 0)
    command = stop.order(4)
    if when == "accepted":
        stop.wait_for(command, "accepted", "printing")
    elif when == "first label":
        until("a label is out", lambda: len(stop.machine.pages) >= 1, deadline_s=30)
    stop.kiosk.kill()
    stop.machine.mend()
    stop.kiosk.start()
    told = stop.wait_for(command, "done")
    found = stop.codes()
    assert len(found) == len(set(found)), "no code is on two labels"
    sure = [code for code in command["codes"] if code not in told["doubtful"]]
    assert [code for code in found if code in sure] == sure
    assert told["printed"] == len(sure)
    assert len(told["doubtful"]) <= 1
    until("what is in doubt is given up", lambda: stop.voided() == told["doubtful"])


def test_the_hub_stops_and_hears_the_end_of_it_afterwards(stop: Stop) -> None:
    stop.kiosk.start()
    stop.kiosk.wait_acknowledged()
    stop.machine.arm("cover-open", 0)
    command = stop.order(3)
    stop.wait_for(command, "accepted", "printing")
    stop.site.stop_hub()
    stop.machine.mend()
    until("all labels are out", lambda: len(stop.machine.pages) == 3, deadline_s=60)
    stop.site.start_hub()
    told = stop.wait_for(command, "done")
    assert told["printed"] == 3
    assert stop.codes() == command["codes"]
