"""A stop without a network: what it scanned is carried to the hub, and counts once."""

import json
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest

from contract.bundles import FOLDER
from tests.support import people
from tests.support.broker import Mosquitto
from tests.support.namespaces import OWN_MOUNTS, needs_mounts
from tests.support.processes import run, until
from tests.support.site import Kiosk, Site

PLUGGED: Final = """
mount -t tmpfs none "$0" && mkdir "$0/sda1" && mount --bind "$1" "$0/sda1" && shift && exec "$@"
"""


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    broker = Mosquitto(tmp_path)
    broker.start()
    with Site(tmp_path, broker) as found:
        found.start_hub()
        yield found
    broker.kill()


pytestmark = needs_mounts


def with_a_stick(kiosk: Kiosk, tmp_path: Path) -> Path:
    """Starts the kiosk with a stick in it; where its files are."""
    stick, sticks = tmp_path / "stick", tmp_path / "sticks"
    stick.mkdir(exist_ok=True)
    sticks.mkdir(exist_ok=True)
    kiosk.configure(sticks=str(sticks))
    kiosk.start(wrapper=(*OWN_MOUNTS, "sh", "-c", PLUGGED, str(sticks), str(stick)))
    return stick


def post(site: Site, path: str, body: dict[str, Any]) -> Any:
    """As a program with an operator's token does it."""
    token = site.yicang("hub", "token", "--role", "operator", "--data", str(site.data))
    headers = {
        "Authorization": f"Bearer {token.splitlines()[-1]}",
        "Content-Type": "application/json",
    }
    request = urllib.request.Request(
        f"{site.hub_url}/api/v1/{path}", json.dumps(body).encode(), headers
    )
    with urllib.request.urlopen(request, timeout=20) as response:
        return json.load(response)


def bundles_on(stick: Path) -> list[Path]:
    return sorted((stick / FOLDER).glob("*.yicang"))


def test_a_stick_a_late_network_and_a_revocation_leave_one_record_of_each_scan(
    site: Site, tmp_path: Path
) -> None:
    kiosk, cards = site.kiosk(), people.category_cards()
    kiosk.start()
    kiosk.scan(next(cards))
    kiosk.wait_acknowledged()
    site.broker.kill()
    for _ in range(5):
        kiosk.scan(next(cards))
    kiosk.kill()  # the power fails as well

    stick = with_a_stick(kiosk, tmp_path)
    until("the bundle is on the stick", lambda: bundles_on(stick) != [])
    [file] = bundles_on(stick)
    told = site.yicang("hub", "bundle", "import", "--data", str(site.data), str(file))
    assert "0 for review" in told
    site.wait_projected()
    carried = site.events()

    site.broker.start()
    kiosk.wait_acknowledged()
    again = site.yicang("hub", "bundle", "import", "--data", str(site.data), str(file))
    assert "/ 0 new" in again
    everything = site.events()
    ids = [one["id"] for one in everything]
    assert len(ids) == len(set(ids))
    assert {one["id"] for one in carried} <= set(ids)

    junk = tmp_path / "holiday.jpg"
    junk.write_bytes(b"\xff\xd8" * 9)
    mixed = run("hub", "bundle", "import", "--data", str(site.data), str(junk), str(file))
    assert mixed.returncode == 2
    assert "this is no bundle of a kiosk" in mixed.stderr
    assert "here already" in mixed.stdout  # the good one is taken in all the same

    posted = post(site, "kiosks/kiosk-1/revoke", {"why": "stolen"})
    assert posted["revoked_ms"] is not None
    kiosk.scan(next(cards))

    def waiting() -> Any:
        return site.api("kiosks/kiosk-1/review")["lines"]

    until("what it scans now waits for a person", lambda: waiting() > 0)
    assert kiosk.backlog() > 0
    assert len(site.events()) == len(everything)
    done = post(site, "kiosks/kiosk-1/review/accept", {})
    assert done["lines"] == done["fresh"] > 0
    site.wait_projected()
    ids = [one["id"] for one in site.events()]
    assert len(ids) == len(set(ids)) == len(everything) + done["fresh"]
