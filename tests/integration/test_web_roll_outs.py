"""What an operator does with releases from the browser, a machine over the API, and somebody at the
hub's own command line."""

import io
import json
import re
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from flask.testing import FlaskClient
from sqlalchemy import select

from hub import db
from hub.access.permissions import Role
from hub.commands import hub
from hub.fleet import releases
from tests.integration.test_web_operator import csrf, signed_in, words
from tests.support.alarm_scene import firing, health, look, say
from tests.support.hub_site import HubSite, Journal
from tests.support.releases import HERE, NEW, NEWER, OLD, Signer, bundle
from tests.support.roll_out_scene import Fleet

TARGET = f"{HERE.python}-{HERE.machine}"
EAST, WEST, SECOND = "kiosk-stop-east", "kiosk-stop-west", "east-two"


@pytest.fixture
def site(tmp_path: Path) -> Iterator[HubSite]:
    found = HubSite(tmp_path)
    found.add_users()
    yield found
    found.close()


@pytest.fixture
def fleet(site: HubSite, tmp_path: Path) -> Fleet:
    found = Fleet(site, tmp_path / "fleet")
    found.add(site.add_stop("stop-east", "东门站", "East Gate", ("", ""), "0E0E").journal)
    found.add(site.add_stop("stop-west", "西门站", "West Gate", ("", ""), "0E0F").journal)
    found.add(Journal(SECOND, "0E1E"), "stop-east")
    found.bring(0, 1)
    return found


def post(client: FlaskClient, path: str, page: str, **form: object) -> tuple[int, str]:
    answer = client.post(path, data={"csrf_token": csrf(client, page), **form})
    return answer.status_code, answer.location or words(answer.text)


def plan(client: FlaskClient, release: str = NEW, **form: object) -> str:
    """The address of a roll-out that was planned by the form."""
    values = {"release": release, "note": "Faster labels", "hours": "0", **form}
    status, where = post(client, "/roll-outs/new", "/roll-outs/new", **values)
    assert status == 303, where
    return where


STAGES = {f"stage.{EAST}": "1", f"stage.{SECOND}": "2", f"stage.{WEST}": "3"}


def test_a_release_is_brought_by_its_file_and_its_parts_taken_away(
    site: HubSite, fleet: Fleet
) -> None:
    client = signed_in(site)
    raw = fleet.bundle(2).read_bytes()
    form = {"file": (io.BytesIO(raw), "x.yrel"), "csrf_token": csrf(client, "/releases")}
    answer = client.post("/releases", data=form, follow_redirects=True)
    assert f"{NEWER} is kept. No kiosk is told yet" in words(answer.text)
    parts = client.get(f"/releases/{NEWER}/{TARGET}/parts")
    assert json.loads(parts.data)["bomFormat"] == "CycloneDX"
    assert NEWER in parts.headers["Content-Disposition"]
    listed = client.get("/releases?format=csv").text
    assert NEWER in listed
    assert "c" * 12 in listed
    gone = post(client, f"/releases/{NEWER}/{TARGET}/remove", "/releases")
    assert gone == (303, "/releases")
    assert NEWER not in client.get("/releases?format=csv").text


@pytest.mark.parametrize(
    ("language", "told"),
    [
        ("en", "It is not taken: it was signed with a key that is not trusted here"),
        ("zh", "没有收下：签名的密钥不在受信任之列"),
    ],
)
def test_a_strangers_release_is_refused_in_plain_words(
    site: HubSite, fleet: Fleet, tmp_path: Path, language: str, told: str
) -> None:
    stranger = bundle(tmp_path / "x.yrel", Signer(tmp_path / "stranger"), 2)
    client = signed_in(site, language=language)
    form = {"file": (io.BytesIO(stranger.read_bytes()), "x.yrel")}
    answer = client.post("/releases", data=form | {"csrf_token": csrf(client, "/releases")})
    assert answer.status_code == 400
    assert told in words(answer.text)
    empty = client.post("/releases", data={"csrf_token": csrf(client, "/releases")})
    assert empty.status_code == 400


def test_a_hub_that_trusts_no_key_says_where_it_belongs(site: HubSite) -> None:
    page = words(signed_in(site).get("/releases").text)
    assert "there is no trusted public key" in page
    assert str(Path(site.config.release_keys_dir)) in page


def test_the_form_proposes_one_then_some_then_all(site: HubSite, fleet: Fleet) -> None:
    html = signed_in(site).get(f"/roll-outs/new?release={NEW}").text
    chosen = re.findall(r'<option value="([^"]+)" selected>', html)
    assert chosen == [NEW, "1", "2", "3"]


def test_a_roll_out_goes_from_the_plan_to_the_last_kiosk_by_buttons(
    site: HubSite, fleet: Fleet
) -> None:
    client = signed_in(site)
    where = plan(client, **STAGES)
    assert "Begin stage 1" in client.get(where).text
    post(client, f"{where}/advance", where)
    assert "will get it when it asks" in words(client.get(where).text)
    assert "Begin stage 2" not in client.get(where).text
    fleet.switch(EAST, NEW)
    assert "Begin stage 2" in client.get(where).text
    post(client, f"{where}/advance", where)
    fleet.switch(SECOND, NEW)
    post(client, f"{where}/advance", where)
    assert fleet.states(1) == {EAST: "well", SECOND: "well", WEST: "told"}
    assert "2 of 3 have it" in client.get("/roll-outs?format=csv").text
    table = client.get(f"{where}/kiosks?format=csv").text
    assert table.count(NEW) == 2
    assert "West Gate" in table


def test_a_whole_stop_is_chosen_at_once(site: HubSite, fleet: Fleet) -> None:
    plan(signed_in(site), **{"stop.stop-east": "1", f"stage.{WEST}": "2"})
    assert {one.kiosk: one.stage for one in fleet.one(1).members} == {EAST: 1, SECOND: 1, WEST: 2}


@pytest.mark.parametrize(
    ("form", "told"),
    [
        ({"note": " "}, "Say in a few words why"),
        ({"hours": "x"}, "So many hours are not possible"),
        ({"hours": "1000"}, "So many hours are not possible"),
        ({"release": "0.9.9-20261118T092640-ffffffff"}, "This release is not kept here"),
        (dict.fromkeys(STAGES, "0"), "Choose the kiosks"),
        (dict.fromkeys(STAGES, "2"), "at least one kiosk for the first stage"),
    ],
)
def test_a_plan_that_cannot_be_is_given_back_with_what_is_wrong(
    site: HubSite, fleet: Fleet, form: dict[str, str], told: str
) -> None:
    client = signed_in(site)
    values = {"release": NEW, "note": "Kept words", "hours": "6", **STAGES, **form}
    status, text = post(client, "/roll-outs/new", "/roll-outs/new", **values)
    assert status == 400
    assert told in text


def test_it_is_paused_halted_gone_on_with_and_taken_back(site: HubSite, fleet: Fleet) -> None:
    client = signed_in(site)
    where = plan(client, **STAGES)
    post(client, f"{where}/advance", where)
    fleet.switch(EAST, NEW)
    for act, state in (("pause", "paused"), ("resume", "running"), ("halt", "halted")):
        post(client, f"{where}/{act}", where)
        assert fleet.one(1).state == state
    assert "Somebody halted it." in words(client.get(where).text)
    assert "Nothing recorded is lost" in words(client.get(f"{where}/back").text)
    post(client, f"{where}/back", where)
    assert (fleet.one(2).release, fleet.one(2).state) == (OLD, "running")
    post(client, f"{where}/pause", where)
    assert "cannot be done" in words(client.get(where).text)
    with site.reader.connect() as here:
        acts = here.scalars(select(db.audit.c.what).where(db.audit.c.what.like("roll-out.%"))).all()
    assert acts == [
        "roll-out.made", "roll-out.stage", "roll-out.paused", "roll-out.resumed",
        "roll-out.halted", "roll-out.made", "roll-out.stage",
    ]  # fmt: skip


def test_who_looks_sees_what_changes_and_nothing_is_drawn_anew_that_did_not(
    site: HubSite, fleet: Fleet
) -> None:
    client = signed_in(site)
    where = plan(client, **STAGES)
    post(client, f"{where}/advance", where)
    first = client.get(f"{where}/live")
    tag = {"If-None-Match": first.headers["ETag"]}
    assert client.get(f"{where}/live", headers=tag).status_code == 304
    told = health(release=OLD, update="waiting", update_release=NEW, update_detail="in-use")
    fleet.says(EAST, told)
    fleet.look()
    then = client.get(f"{where}/live", headers=tag)
    assert then.status_code == 200
    assert "somebody is using it" in words(then.text)


def test_a_halted_roll_out_is_an_alarm_and_so_is_the_kiosk(site: HubSite, fleet: Fleet) -> None:
    fleet.plan({EAST: 1})
    told = health(release=OLD, update="reverted", update_release=NEW, update_detail="crashes")
    fleet.says(EAST, told)
    fleet.look()
    for _ in range(5):
        site.now_ms += 60_000
        say(site, EAST, told=told)
        look(site)
    kinds = {one.kind for one in firing(site)}
    assert {"incident-roll-out-halted", "update-failed"} <= kinds
    page = words(signed_in(site).get("/roll-outs/1").text)
    assert "went back by itself" in page
    assert "process ends again and again" in page
    assert "A roll-out halted by itself" in words(signed_in(site).get("/incidents").text)


def test_only_who_may_change_how_kiosks_work_sees_any_of_it(site: HubSite, fleet: Fleet) -> None:
    site.add_user("lead", Role.VOLUNTEER_LEAD)
    client = signed_in(site, "lead")
    for path in ("/releases", "/roll-outs", "/roll-outs/new"):
        assert client.get(path).status_code == 403
    token = {"Authorization": f"Bearer {site.token(Role.VIEWER)}"}
    assert site.client().get("/api/v1/releases", headers=token).status_code == 403


def test_who_has_one_stop_sees_and_tells_its_kiosks_alone(site: HubSite, fleet: Fleet) -> None:
    site.add_user("west", Role.OPERATOR, stops=["stop-west"])
    client = signed_in(site, "west")
    assert EAST not in client.get("/roll-outs/new").text
    where = plan(signed_in(site), **STAGES)
    assert EAST not in client.get(f"{where}/kiosks?format=csv").text
    assert client.post(
        f"{where}/advance", data={"csrf_token": csrf(client, where)}
    ).status_code == 403  # fmt: skip
    assert fleet.one(1).state == "ready"
    values = {"release": NEW, "note": "x", "hours": "0", f"stage.{EAST}": "1"}
    assert post(client, "/roll-outs/new", "/roll-outs/new", **values)[0] == 403


# --- the API and the command line -----------------------------------------------------------------


def test_a_machine_does_all_of_it_over_the_api(site: HubSite, fleet: Fleet) -> None:
    client = site.client()
    mine = {"Authorization": f"Bearer {site.token(Role.OPERATOR)}"}

    def send(path: str, body: object = None, key: str | None = None) -> tuple[int, Any]:
        headers = mine | ({"Idempotency-Key": key} if key else {})
        sent: dict[str, Any] = {} if body is None else {"json": body}
        answer = client.post(f"/api/v1{path}", headers=headers, **sent)
        return answer.status_code, answer.get_json()

    raw = fleet.bundle(2).read_bytes()
    binary = mine | {"Content-Type": "application/octet-stream"}
    added = client.post("/api/v1/releases", data=raw, headers=binary).get_json()
    assert (added["id"], added["there"], added["needed"]) == (NEWER, True, False)
    spoilt = client.post("/api/v1/releases", data=raw[:-2000] + b"x" * 2000, headers=binary)
    assert spoilt.status_code == 409
    listed = client.get("/api/v1/releases", headers=mine).get_json()["releases"]
    assert [one["id"] for one in listed] == [NEWER, NEW, OLD]
    sbom = client.get(f"/api/v1/releases/{NEWER}/{TARGET}/parts", headers=mine).get_json()
    assert sbom["sbom"]["bomFormat"] == "CycloneDX"
    assert send(f"/releases/{NEWER}/{TARGET}/remove")[0] == 200

    body = {
        "release": NEW,
        "note": "by machine",
        "kiosks": [{"kiosk": EAST, "stage": 1}, {"kiosk": WEST, "stage": 2}],
        "hours": 0,
    }
    key = str(uuid.uuid4())
    status, made = send("/roll-outs", body, key)
    assert (status, made["id"], made["state"]) == (200, 1, "ready")
    assert send("/roll-outs", body, key) == (status, made)
    assert send("/roll-outs/1/stages")[1]["state"] == "running"
    assert send("/roll-outs/1/stages")[0] == 409
    assert send("/roll-outs/1/pause")[1]["state"] == "paused"
    assert send("/roll-outs/1/resume")[1]["state"] == "running"
    assert send("/roll-outs/1/left-out", {"kiosk": WEST})[1]["kiosks"][1]["state"] == "left-out"
    assert send("/roll-outs/1/halt")[1]["why"] == {"why": "by-hand"}
    assert send("/roll-outs/1/back")[1] == {"roll_outs": [2]}
    assert send("/roll-outs/9/halt")[0] == 409
    found = client.get("/api/v1/roll-outs", headers=mine).get_json()["roll_outs"]
    assert [(one["id"], one["state"]) for one in found] == [(2, "running"), (1, "halted")]
    assert client.get("/api/v1/roll-outs/1", headers=mine).get_json()["kiosks"][0]["before"] == OLD


def test_a_token_for_one_stop_tells_no_other(site: HubSite, fleet: Fleet) -> None:
    client = site.client()
    mine = {"Authorization": f"Bearer {site.token(Role.OPERATOR, stops=['stop-west'])}"}
    body = {"release": NEW, "note": "x", "kiosks": [{"kiosk": EAST, "stage": 1}]}
    assert client.post("/api/v1/roll-outs", json=body, headers=mine).status_code == 403
    fleet.plan({EAST: 1, WEST: 2})
    assert client.post("/api/v1/roll-outs/1/halt", headers=mine).status_code == 403
    shown = client.get("/api/v1/roll-outs/1", headers=mine).get_json()
    assert [one["kiosk"] for one in shown["kiosks"]] == [WEST]


def test_somebody_at_the_machine_brings_and_lists_releases(tmp_path: Path) -> None:
    folder = tmp_path / "data" / "hub"
    folder.mkdir(parents=True)
    signer = Signer(tmp_path / "person")
    (folder / "hub.toml").write_text(
        f'database = "hub.sqlite3"\nrelease_keys_dir = "{signer.folder}"\n', encoding="utf-8"
    )
    (folder / "secret.key").write_bytes(b"not a secret: only for tests")
    file = bundle(tmp_path / "new.yrel", signer, 1)
    data = ["--data", str(tmp_path / "data")]
    done = CliRunner().invoke(hub, ["release", "add", *data, str(file)])
    assert done.exit_code == 0, done.output
    assert f"{NEW} (test)" in done.output
    listed = CliRunner().invoke(hub, ["release", "list", *data])
    assert NEW in listed.output
    assert "file is gone" not in listed.output
    assert len(list((folder / "releases").glob("*.yrel"))) == 1
    stranger = bundle(tmp_path / "x.yrel", Signer(tmp_path / "stranger"), 2)
    refused = CliRunner().invoke(hub, ["release", "add", *data, str(stranger)])
    assert refused.exit_code == 2
    assert "not trusted here" in refused.output
    assert len(list((folder / "releases").iterdir())) == 2


def test_a_release_whose_file_was_lost_is_said_to_be(site: HubSite, fleet: Fleet) -> None:
    for path in releases.folder_of(site.config).glob(f"{NEW}*.yrel"):
        path.unlink()
    assert "its file is gone: bring it again" in words(signed_in(site).get("/releases").text)
