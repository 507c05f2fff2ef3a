"""A hub's own process, a broker, and a kiosk's updater: a release goes out, and stops by itself."""

import json
import secrets
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from contract import messages, topics
from contract.messages import Health, Hello, Kept, KioskStatus
from hub import db
from hub.config import load
from hub.kiosks import broker_accounts
from kiosk.update_facts import write_facts
from kiosk.update_words import KioskFacts
from provisioning.mosquitto import SALT_BYTES, verifier
from provisioning.render import merge
from provisioning.updates.progress import Result
from tests.support.alarm_scene import health
from tests.support.broker import Mosquitto
from tests.support.processes import ROOT, until
from tests.support.publisher import Publisher
from tests.support.releases import NEW, OLD, PYTHON, Machine, Manners, Signer, bundle
from tests.support.site import Site

KIOSK = "kiosk-1"


class Rolling:
    """The hub's process with two releases; a machine that asks it, and tells of itself by MQTT."""

    def __init__(self, site: Site, folder: Path) -> None:
        self.site = site
        signer = Signer(folder / "person")
        hub_toml = site.data / "hub" / "hub.toml"
        merge(hub_toml, {"release_keys_dir": str(signer.folder)}, "test")
        data = ("--data", str(site.data))
        for index in (0, 1):
            file = bundle(folder / f"{index}.yrel", signer, index)
            site.yicang("hub", "release", "add", *data, str(file))
        self._token = site.yicang("hub", "token", "--role", "operator", *data).splitlines()[-1]
        self.config = site.kiosk(hub_url=site.hub_url).folder / "kiosk.toml"
        identity = json.loads((self.config.parent / "identity.json").read_text())
        engine = db.open_writer(load(hub_toml).database)
        with engine.begin() as connection:
            made = verifier(identity["password"], secrets.token_bytes(SALT_BYTES))
            broker_accounts.allow(connection, KIOSK, made, 0)
        engine.dispose()
        self.machine = Machine(folder / "root", signer, {OLD: Manners(), NEW: Manners()})
        self.machine.prepare()
        self.machine.start_kiosk()
        site.start_hub()

    def api(self, path: str, body: object = None) -> Any:
        request = urllib.request.Request(
            f"{self.site.hub_url}/api/v1/{path}",
            headers={"Authorization": f"Bearer {self._token}", "Content-Type": "application/json"},
            data=None if body is None else json.dumps(body).encode(),
            method="GET" if body is None else "POST",
        )
        with urllib.request.urlopen(request, timeout=20) as response:
            return json.load(response)

    def says(self, told: Health) -> None:
        hello = Hello("0123456789abcdef", (Kept("f" * 16, 1, 0, "0" * 64),))
        with Publisher("127.0.0.1", self.site.broker.port) as line:
            line.send(topics.up(KIOSK, topics.STATUS), messages.encode(KioskStatus(True)))
            line.send(topics.up(KIOSK, topics.HELLO), messages.encode(hello))
            line.send(topics.up(KIOSK, topics.HEALTH), messages.encode(told))

    def fetch(self) -> str:
        places = self.machine.places
        write_facts(places.heard.parent, KioskFacts(open_now=True))
        done = subprocess.run(
            [
                sys.executable, "-m", "yicang", "update", "fetch", "--config", str(self.config),
                "--root", str(places.root), "--python", str(PYTHON),
            ],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
        self.machine.tell()
        return done.stdout

    def state(self, number: int) -> tuple[str, str]:
        found = self.api(f"roll-outs/{number}")
        return found["state"], found["kiosks"][0]["state"]

    def plan(self, release: str) -> int:
        body = {"release": release, "note": "x", "kiosks": [{"kiosk": KIOSK, "stage": 1}]}
        number: int = self.api("roll-outs", body)["id"]
        self.api(f"roll-outs/{number}/stages", {})
        return number


@pytest.fixture
def rolling(tmp_path: Path, mosquitto: Mosquitto) -> Iterator[Rolling]:
    with Site(tmp_path, mosquitto) as site:
        yield Rolling(site, tmp_path / "rolling")


@pytest.mark.proof
def test_a_release_goes_from_the_hubs_process_to_the_kiosk_and_halts_when_it_fails(
    rolling: Rolling,
) -> None:
    rolling.says(health(release=OLD))
    until(
        "the hub knows what the kiosk runs",
        lambda: rolling.api("kiosks")["kiosks"][0]["online"],
    )
    number = rolling.plan(NEW)
    for _ in range(4):  # more than fetch at once: each gives its place back
        assert f"fetched {NEW}" in rolling.fetch()
        for path in rolling.machine.places.incoming.iterdir():
            path.unlink()
    assert f"fetched {NEW}" in rolling.fetch()
    assert rolling.machine.updater().run().result is Result.CONFIRMED
    rolling.says(health(release=NEW, update="confirmed", update_release=NEW))
    until("the hub hears it", lambda: rolling.state(number) == ("running", "well"))

    [back] = rolling.api(f"roll-outs/{number}/back", {})["roll_outs"]
    told = health(release=NEW, update="reverted", update_release=OLD, update_detail="crashes")
    rolling.says(told)
    until("it halts by itself", lambda: rolling.state(back) == ("halted", "reverted"))
    incidents = rolling.api("incidents")["incidents"]
    assert "roll-out-halted" in [one["kind"] for one in incidents]
    assert "offers nothing new" in rolling.fetch()
