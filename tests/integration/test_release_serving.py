"""A kiosk's updater and the hub, over TLS: offered, fetched in parts, installed, told, shown."""

import base64
import hashlib
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.serving import make_server
from werkzeug.test import EnvironBuilder, TestResponse
from werkzeug.wsgi import ClosingIterator

from contract import messages, topics
from contract.messages import Health
from hub import db
from hub.fleet import releases, roll_outs
from hub.kiosks import broker_accounts
from kiosk.update_facts import write_facts
from kiosk.update_words import KioskFacts
from provisioning.mosquitto import SALT_BYTES, verifier
from provisioning.updates.progress import Result
from tests.support.alarm_scene import health
from tests.support.certificates import Authority
from tests.support.hub_site import HubSite, Journal
from tests.support.processes import ROOT
from tests.support.release_server import ACCOUNT, settings
from tests.support.releases import HERE, NEW, OLD, PYTHON, Machine, Manners
from tests.support.roll_out_scene import BY, Fleet

KIOSK = "stop-1"
PASSWORD = "password-password-password-11"
TARGET = f"{HERE.python}-{HERE.machine}"
OFFER = f"/api/v1/releases/offer?release={OLD}&target={TARGET}"
BUNDLE = f"/api/v1/releases/{NEW}/bundle?target={TARGET}"
MINE = {"Authorization": ACCOUNT}


@pytest.fixture
def site(tmp_path: Path) -> Iterator[HubSite]:
    (tmp_path / "hub").mkdir()
    found = HubSite(tmp_path / "hub")
    yield found
    found.close()


@pytest.fixture
def fleet(site: HubSite, tmp_path: Path) -> Fleet:
    found = Fleet(site, tmp_path / "fleet")
    site.add_stop("east", "东门站", "East Gate", ("", ""), "0E0E")
    found.add(Journal(KIOSK, "0E1E"), "east")
    found.bring(0, 1)
    made = verifier(PASSWORD, b"s" * SALT_BYTES)
    site.writer.call(lambda here: broker_accounts.allow(here, KIOSK, made, site.now_ms))
    return found


@pytest.fixture
def client(fleet: Fleet) -> FlaskClient:
    return fleet.site.client()


def get(client: FlaskClient, path: str, **headers: str) -> TestResponse:
    """The whole answer, after which the hub is done with it, as a server has it."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return client.get(path, headers=MINE | named, buffered=True)


def begun(site: HubSite, path: str) -> ClosingIterator:
    """An answer that somebody has begun to fetch."""
    status, answer = [], EnvironBuilder(path=path, headers=[*MINE.items()]).get_environ()
    going = site.app(answer, lambda told, _headers, _error=None: status.append(told))  # type: ignore[arg-type]
    assert status == ["200 OK"]
    return ClosingIterator(going)


def account(name: str, password: str) -> dict[str, str]:
    told = base64.b64encode(f"{name}:{password}".encode()).decode()
    return {"Authorization": f"Basic {told}"}


# --- who gets what --------------------------------------------------------------------------------


def test_a_kiosk_that_nobody_told_is_offered_nothing_and_gets_no_bundle(
    client: FlaskClient,
) -> None:
    answer = client.get(OFFER, headers=MINE)
    assert (answer.status_code, answer.data) == (204, b"")
    assert get(client, BUNDLE).status_code == 404


def test_a_kiosk_that_was_told_gets_exactly_the_bundle_that_is_kept(
    fleet: Fleet, client: FlaskClient
) -> None:
    fleet.plan({KIOSK: 1})
    offer = client.get(OFFER, headers=MINE).get_json()
    content = fleet.bundle(1).read_bytes()
    assert offer == {
        "release": NEW,
        "target": TARGET,
        "size": len(content),
        "sha256": hashlib.sha256(content).hexdigest(),
    }
    answer = get(client, BUNDLE)
    assert answer.data == content
    assert answer.headers["ETag"] == f'"{offer["sha256"]}"'
    assert answer.headers["Cache-Control"] == "no-store"


def test_it_gets_the_rest_of_what_was_cut_off_and_all_of_what_is_another(
    fleet: Fleet, client: FlaskClient
) -> None:
    fleet.plan({KIOSK: 1})
    content = fleet.bundle(1).read_bytes()
    tag = f'"{hashlib.sha256(content).hexdigest()}"'
    rest = get(client, BUNDLE, Range="bytes=1000-", If_Range=tag)
    assert (rest.status_code, rest.data) == (206, content[1000:])
    assert rest.headers["Content-Range"] == f"bytes 1000-{len(content) - 1}/{len(content)}"
    other = get(client, BUNDLE, Range="bytes=1000-", If_Range='"other"')
    assert (other.status_code, other.data) == (200, content)
    beyond = get(client, BUNDLE, Range=f"bytes={len(content)}-", If_Range=tag)
    assert beyond.status_code == 416


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 401),
        (account(KIOSK, "another"), 401),
        (account("kiosk-stop-east", PASSWORD), 401),
        (account("' OR 1=1 --", PASSWORD), 401),
        ({"Authorization": "Basic !!!"}, 401),
        ({"Authorization": "Bearer x"}, 401),
    ],
)
def test_nobody_else_is_offered_anything(
    fleet: Fleet, client: FlaskClient, headers: dict[str, str], status: int
) -> None:
    fleet.plan({KIOSK: 1})
    assert client.get(OFFER, headers=headers).status_code == status
    assert client.get(BUNDLE, headers=headers).status_code == status


def test_a_kiosk_that_was_revoked_is_told_so(fleet: Fleet, client: FlaskClient) -> None:
    fleet.plan({KIOSK: 1})
    site = fleet.site
    site.writer.call(lambda here: broker_accounts.forbid(here, KIOSK, site.now_ms))
    assert client.get(OFFER, headers=MINE).status_code == 403
    assert get(client, BUNDLE).status_code == 403


def test_whoever_guesses_passwords_has_to_wait(fleet: Fleet, client: FlaskClient) -> None:
    for _ in range(20):
        client.get(OFFER, headers=account(KIOSK, "guess"))
    answer = client.get(OFFER, headers=MINE)
    assert answer.status_code == 429
    assert int(answer.headers["Retry-After"]) > 0


def test_a_few_kiosks_fetch_at_once_and_the_others_are_told_when_to_come_again(
    fleet: Fleet, client: FlaskClient
) -> None:
    fleet.plan({KIOSK: 1})
    going = [begun(fleet.site, BUNDLE) for _ in range(2)]
    busy = get(client, BUNDLE)
    assert busy.status_code == 503
    assert 60 <= int(busy.headers["Retry-After"]) <= 240
    going[0].close()
    assert get(client, BUNDLE).status_code == 200
    going[1].close()
    both = [begun(fleet.site, BUNDLE) for _ in range(2)]
    for one in both:
        one.close()


def test_what_it_asks_is_noted_once_an_hour_or_when_it_differs(
    fleet: Fleet, client: FlaskClient
) -> None:
    def asked() -> list[tuple[str, str, int]]:
        with fleet.site.reader.connect() as here:
            table = db.release_ask.c
            query = select(table.release, table.offered, table.asked_ms)
            return [(row[0], row[1], row[2]) for row in here.execute(query)]

    began = fleet.site.now_ms
    client.get(OFFER, headers=MINE)
    fleet.site.now_ms += 900_000
    client.get(OFFER, headers=MINE)
    assert asked() == [(OLD, "", began)]
    fleet.plan({KIOSK: 1})
    client.get(OFFER, headers=MINE)
    assert asked() == [(OLD, NEW, began + 900_000)]


def test_a_file_that_got_lost_is_not_offered_as_if_it_were_there(
    fleet: Fleet, client: FlaskClient
) -> None:
    fleet.plan({KIOSK: 1})
    folder = releases.folder_of(fleet.site.config)
    next(folder.glob(f"{NEW}*.yrel")).unlink()
    assert get(client, BUNDLE).status_code == 404
    fleet.bring(1)
    assert get(client, BUNDLE).status_code == 200


# --- the whole way --------------------------------------------------------------------------------


class Whole:
    """The hub's application behind TLS, and a machine whose updater asks it."""

    def __init__(self, fleet: Fleet, folder: Path, url: str, authority: Path) -> None:
        self.fleet = fleet
        self.machine = Machine(folder / "root", fleet.signer, {OLD: Manners(), NEW: Manners()})
        self.machine.prepare()
        self.machine.start_kiosk()
        self._home = folder / "kiosk"
        self._home.mkdir()
        self._config = settings(self._home, url, authority)

    def fetch(self) -> str:
        """``yicang update fetch``, as its unit calls it."""
        places = self.machine.places
        write_facts(places.heard.parent, KioskFacts(open_now=True))
        done = subprocess.run(
            [
                sys.executable, "-m", "yicang", "update", "fetch", "--config", str(self._config),
                "--root", str(places.root), "--python", str(PYTHON),
            ],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def night(self) -> Result:
        """The updater's own run, and what the kiosk reports of it."""
        self.machine.tell()
        result = self.machine.updater().run().result
        told = self.machine.told()
        health_: Health = health(
            release=self.machine.in_use(),
            update=told["update"],
            update_release=told["release"],
            update_detail=told["reason"],
        )
        self.fleet.site.send(topics.up(KIOSK, topics.HEALTH), messages.encode(health_))
        self.fleet.look()
        return result


@pytest.fixture
def whole(fleet: Fleet, tmp_path: Path) -> Iterator[Whole]:
    authority = Authority(tmp_path / "authority")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*authority.broker())
    server = make_server("127.0.0.1", 0, fleet.site.app, threaded=True, ssl_context=context)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield Whole(fleet, tmp_path, f"https://127.0.0.1:{server.port}", authority.file)
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_a_release_goes_from_the_hub_to_the_kiosk_and_back_again(whole: Whole) -> None:
    fleet, site = whole.fleet, whole.fleet.site
    assert "offers nothing new" in whole.fetch()
    number = fleet.plan({KIOSK: 1}, hours=1)
    assert f"fetched {NEW}" in whole.fetch()
    assert whole.night() is Result.CONFIRMED
    assert whole.machine.running == NEW
    assert fleet.states(number) == {KIOSK: "well"}
    site.now_ms += 3_600_000
    fleet.says(KIOSK, health(release=NEW))
    fleet.look()
    assert fleet.one(number).state == "done"
    assert "offers nothing new" in whole.fetch()

    [back] = site.writer.call(lambda here: roll_outs.go_back(here, number, BY, site.now_ms))
    assert f"fetched {OLD}" in whole.fetch()
    assert whole.night() is Result.CONFIRMED
    assert whole.machine.running == OLD
    assert fleet.states(back) == {KIOSK: "well"}


@pytest.mark.proof
def test_a_release_with_which_the_scanner_is_gone_is_left_and_the_hub_hears_why(
    whole: Whole,
) -> None:
    number = whole.fleet.plan({KIOSK: 1})
    whole.machine.manners[NEW].devices = {"printer": 1}
    whole.fetch()
    assert whole.night() is Result.REVERTED
    assert whole.machine.running == OLD
    one = whole.fleet.one(number)
    assert (one.state, one.why["detail"]) == ("halted", "scanner-missing")
    assert "offers nothing new" in whole.fetch()


@pytest.mark.proof
def test_a_kiosk_goes_back_to_what_it_had_before_and_to_nothing_older(whole: Whole) -> None:
    fleet = whole.fleet
    fleet.bring(2)
    whole.machine.manners["newer"] = Manners()
    fleet.plan({KIOSK: 1})
    whole.fetch()
    whole.night()
    whole.machine.places.state.unlink()  # it does not know what it had before
    fleet.plan({KIOSK: 1}, OLD)
    whole.fetch()
    assert whole.night() is Result.REFUSED
    assert whole.machine.told()["reason"] == "older"
    assert whole.machine.running == NEW
