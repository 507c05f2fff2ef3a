"""What the hub has a kiosk do, the whole way: API, database, Mosquitto, a kiosk's process, its
files and papers. Each is done once, whatever is killed in between."""

import base64
import gzip
import io
import json
import urllib.error
import urllib.request
import zipfile
from pathlib import Path
from typing import Any

import pytest

from contract import codes
from contract.codes import Kind
from kiosk.identity import IdentityStore
from tests.support import people
from tests.support.processes import until
from tests.support.site import Kiosk, Site

EXIT_AGAIN = 75
SHELF = codes.with_check(Kind.PLACE.value + "SHE1F0")
NETWORK = "Granny's Wi-Fi"


class Told:
    """A site with one kiosk, and a token that may tell it what to do."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.runtime = site.folder / "runtime"
        self.runtime.mkdir()
        self.kiosk: Kiosk = site.kiosk()
        made = site.yicang("hub", "token", "--role", "operator", "--data", str(site.data))
        self._token = made.splitlines()[-1]
        self.start()

    def start(self) -> None:
        """The kiosk starts, as its service does."""
        self.kiosk.start(env={"RUNTIME_DIRECTORY": str(self.runtime)})

    def leaves(self) -> int:
        """The process ends by itself; its exit status."""
        assert self.kiosk.process is not None
        status = self.kiosk.process.process.wait(30)
        self.kiosk.process = None
        return status

    def api(self, path: str, body: Any = None) -> Any:
        """An answer of the API."""
        request = urllib.request.Request(
            f"{self.site.hub_url}/api/v1/{path}",
            data=None if body is None else json.dumps(body).encode(),
            headers={"Authorization": f"Bearer {self._token}", "Content-Type": "application/json"},
        )
        try:
            with urllib.request.urlopen(request, timeout=20) as response:
                return json.load(response)
        except urllib.error.HTTPError as error:
            raise AssertionError(f"{error.code}: {error.read().decode()}") from None

    def order(self, name: str, **more: Any) -> str:
        """Has it do something; the command's id."""
        return str(self.api("kiosks/kiosk-1/commands", {"name": name, **more})["id"])

    def wait(self, command: str, *states: str, deadline_s: float = 60.0) -> Any:
        """Until the hub has heard one of these."""
        until(
            f"{command} is {states}",
            lambda: self.api(f"commands/{command}")["state"] in states,
            deadline_s=deadline_s,
        )
        return self.api(f"commands/{command}")

    def file(self, command: str) -> bytes:
        """What it sent."""
        return base64.b64decode(self.api(f"commands/{command}/file")["data"])

    def wish(self, values: dict[str, Any]) -> str:
        """Another configuration, told to the kiosk; the command's id."""
        made = self.api("configurations", {"note": "a test", "values": values})
        told = self.api(f"configurations/{made['id']}/stages", {"kiosks": ["kiosk-1"]})
        return str(told["kiosks"][0]["command"])

    def health(self) -> Any:
        """What the kiosk last told of itself."""
        return self.site.api("kiosks")["kiosks"][0]

    def log(self) -> str:
        """The kiosk's output."""
        return (self.kiosk.folder / "kiosk.log").read_text()


@pytest.fixture
def told(site: Site) -> Told:
    return Told(site)


def test_what_needs_no_restart_is_done_and_answered(told: Told) -> None:
    kiosk = told.kiosk
    item = kiosk.scan(people.RICE).codes[-1]
    kiosk.scan(people.FINISH)
    sounds = max(s["no"] for s in kiosk.state()["sounds"])
    assert told.wait(told.order("identify"), "done", deadline_s=30)["state"] == "done"
    assert max(s["no"] for s in kiosk.state()["sounds"]) >= sounds + 3
    assert "carrying out identify" in told.log()

    tested = told.wait(told.order("self-test"), "done")
    found = {check["name"].partition(" ")[0]: check["ok"] for check in tested["checks"]}
    assert found == {
        "scanner": True,
        "lights": None,
        "buzzer": None,
        "disk": True,
        "clock": True,
        "network": True,
        "printer": True,
    }
    assert any(paper["kind"] == "slip" for paper in kiosk.state()["papers"])

    labels = sum(paper["kind"] == "label" for paper in kiosk.state()["papers"])
    again = told.wait(told.order("reprint", code=item), "done")
    assert (again["state"], again["printed"]) == ("done", 0)  # the hub named no labels
    until(
        "the copy is out",
        lambda: sum(p["kind"] == "label" for p in kiosk.state()["papers"]) == labels + 1,
    )
    kiosk.wait_acknowledged()
    assert [e for e in told.site.events() if e["type"] == "label.reprinted"]

    assert (
        told.wait(told.order("open-stocktake", place=SHELF), "done", "refused")["state"] == "done"
    )
    lane = next(lane for lane in kiosk.state()["lanes"] if lane["lane"] == "screen")
    assert lane["state"] == "shelf"
    assert told.order("open-stocktake", place=SHELF) != ""


def test_logs_and_bundles_say_nothing_of_persons_and_open_no_door(told: Told) -> None:
    kiosk = told.kiosk
    person, home = people.card(), people.family()
    kiosk.scan(person)
    item = kiosk.scan(people.RICE).codes[-1]
    kiosk.scan(people.FINISH)
    identity = IdentityStore(kiosk.folder / "identity.json").load()
    claim, phone, number = "C1A1M0123456789Z", "13912345678", "110105199001011234"
    canaries = [
        person,
        home,
        claim,
        phone,
        number,
        NETWORK,
        identity.password,
        identity.signing_key or "?",
        "a" * 64,
    ]
    planted = (
        f"lost {person} {home} at https://hub.example/c/{claim}#x, tel {phone}, id {number}",
        f'joined WIFI:S:{NETWORK};T:WPA;P:opensesame;; and ssid="{NETWORK}" psk=opensesame',
        f"hash {'a' * 64}, broker said {identity.password}, key {identity.signing_key}",
    )
    with (kiosk.folder / "log.jsonl").open("a") as log:
        for text in planted:
            log.write(json.dumps({"message": text}) + "\n")

    command = told.order("logs")
    told.wait(command, "done")
    text = gzip.decompress(told.file(command)).decode()
    assert "is ready" in text
    assert "lost " in text
    command = told.order("support-bundle")
    told.wait(command, "done")
    bundle = zipfile.ZipFile(io.BytesIO(told.file(command)))
    parts = {name: bundle.read(name).decode() for name in bundle.namelist()}
    assert parts.keys() == {
        "log.jsonl",
        "health.json",
        "versions.json",
        "settings.json",
        "journal.json",
    }
    journal = json.loads(parts["journal.json"])
    assert journal["whole"] is True
    assert journal["rows"]["event"] >= 3
    assert json.loads(parts["settings.json"])["kiosk"] == "kiosk-1"
    everything = text + "".join(parts.values())
    assert item not in everything
    for canary in [*canaries, "opensesame"]:
        assert canary not in everything, canary


def test_a_restart_is_done_once_even_when_the_kiosk_is_killed_meanwhile(told: Told) -> None:
    command = told.order("restart")
    assert told.leaves() == EXIT_AGAIN
    told.start()
    assert told.wait(command, "done")["state"] == "done"
    assert told.kiosk.process is not None
    assert told.kiosk.process.process.poll() is None

    again = told.order("restart")
    told.wait(again, "running", "done")
    told.kiosk.kill()
    told.start()
    assert told.wait(again, "done")["state"] == "done"
    told.kiosk.scan(people.RICE)
    assert told.log().count("carrying out restart") == 2


def test_the_machine_is_asked_to_reboot_once(told: Told) -> None:
    command = told.order("reboot")
    told.wait(command, "running")
    asked = told.runtime / "reboot"
    until("the file is there", asked.exists)
    told.kiosk.kill()
    asked.unlink()
    told.start()
    told.wait(command, "running")
    told.kiosk.scan(people.RICE)
    assert not asked.exists()
    assert told.log().count("carrying out reboot") == 1


@pytest.mark.proof
def test_a_configuration_that_works_is_kept(told: Told) -> None:
    command = told.wish({"min_free_mb": 17, "printers": ["screen:"]})
    assert told.leaves() == EXIT_AGAIN
    told.start()
    told.wait(command, "done", deadline_s=40)
    until("its health says so", lambda: told.health()["config_state"] == "confirmed")
    told.kiosk.stop()
    told.start()
    until("it still does", lambda: told.health()["config_state"] == "confirmed")


@pytest.mark.proof
def test_the_empty_configuration_is_the_way_back(told: Told) -> None:
    kept = told.wish({"min_free_mb": 17})
    assert told.leaves() == EXIT_AGAIN
    told.start()
    told.wait(kept, "done", deadline_s=40)
    back = told.wish({})
    assert told.leaves() == EXIT_AGAIN
    told.start()
    told.wait(back, "done", deadline_s=40)
    until("its health says so", lambda: told.health()["config_state"] == "confirmed")
    assert not told.health()["drift"]


@pytest.mark.proof
def test_a_configuration_with_which_the_kiosk_dies_is_given_up(told: Told) -> None:
    command = told.wish({"min_free_mb": 18})
    assert told.leaves() == EXIT_AGAIN
    for _ in range(2):
        told.start()
        until("it tries", lambda: told.health()["config_state"] == "trying")
        told.kiosk.kill()
    told.start()
    ended = told.wait(command, "failed")
    assert ended["detail"] == "died"
    until("it says so", lambda: told.health()["config_state"] == "reverted")
    assert told.health()["config"] == ""
    told.kiosk.scan(people.RICE)


def test_a_key_that_the_kiosk_cannot_use_is_named_and_nothing_is_tried(told: Told) -> None:
    """Only the kiosk knows its own settings: here a lane that its pins name would be gone."""
    told.kiosk.stop()
    settings = told.kiosk.folder / "kiosk.toml"
    settings.write_text(
        settings.read_text() + "\n[gpio.lanes.lane-1]\nred = 17\ngreen = 27\nblue = 22\n"
    )
    told.start()
    command = told.wish({"panel": "gpio:"})
    ended = told.wait(command, "refused")
    assert ended["detail"] == "bad-configuration"
    assert [check["name"] for check in ended["checks"]] == ["panel"]
    assert not (Path(told.kiosk.folder) / "configuration" / "candidate").exists()


@pytest.mark.proof
def test_a_printer_that_never_works_makes_the_kiosk_go_back_by_itself(told: Told) -> None:
    """Two minutes: that is how long a kiosk tries."""
    command = told.wish({"printers": ["network:127.0.0.1:1"]})
    assert told.leaves() == EXIT_AGAIN
    told.start()
    until("it tries", lambda: told.health()["config_state"] == "trying")
    told.kiosk.scan(people.RICE)
    assert told.kiosk.process is not None
    assert told.kiosk.process.process.wait(150) == EXIT_AGAIN
    told.kiosk.process = None
    told.start()
    ended = told.wait(command, "failed")
    assert ended["detail"].startswith("printer-fails network")
    until("the printer is back", lambda: told.kiosk.state()["papers"] != [])
