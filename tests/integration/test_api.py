"""The API: what it answers is what its document says, and errors are problems with a name."""

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from jsonschema import Draft202012Validator
from sqlalchemy import Connection
from werkzeug.test import TestResponse

from contract import batches, codes, events, topics
from contract.batches import Header
from contract.codes import Kind
from hub.access import tokens
from hub.api import parts
from hub.log import quarantine
from tests.support.hub_scene import CLAIM, Scene, a_scene
from tests.support.hub_site import PASSWORD, USER, HubSite


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    with a_scene(tmp_path_factory.mktemp("hub")) as found:
        yield found


@pytest.fixture(scope="module")
def program(scene: Scene) -> FlaskClient:
    client = scene.site.client()
    client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {scene.site.token()}"
    return client


@pytest.fixture
def site(tmp_path: Path) -> Iterator[HubSite]:
    found = HubSite(tmp_path)
    yield found
    found.close()


@pytest.fixture(scope="module")
def document(scene: Scene) -> dict[str, Any]:
    response = scene.site.client().get("/api/v1/openapi.json")
    assert response.status_code == 200
    loaded: dict[str, Any] = json.loads(response.data)
    return loaded


def assert_as_documented(document: dict[str, Any], path: str, response: TestResponse) -> Any:
    """The answer's status, media type and body are ones that the document names; the body."""
    responses = document["paths"][path]["get"]["responses"]
    assert str(response.status_code) in responses, (path, response.status_code, response.text)
    content = responses[str(response.status_code)]["content"]
    assert response.content_type in content
    schema = dict(content[response.content_type]["schema"])
    schema["components"] = document["components"]
    body = json.loads(response.data)
    errors = [error.message for error in Draft202012Validator(schema).iter_errors(body)]
    assert errors == []
    return body


def problem(response: TestResponse, status: int) -> dict[str, Any]:
    assert response.status_code == status
    assert response.content_type == "application/problem+json"
    body: dict[str, Any] = json.loads(response.data)
    assert body["status"] == status
    assert body["title"]
    return body


def test_every_route_answers_as_the_document_says(
    scene: Scene, program: FlaskClient, document: dict[str, Any]
) -> None:
    unknown = codes.serial_code(Kind.ITEM, "QQQQ", 1)
    asked = {
        "/api/v1/items/{code}": [
            *(f"/api/v1/items/{code}" for code in (scene.fresh, scene.stranger, scene.uncertain)),
            f"/api/v1/items/{unknown}",
            "/api/v1/items/nonsense",
        ],
        "/api/v1/stock": ["/api/v1/stock"],
        "/api/v1/kiosks": ["/api/v1/kiosks"],
        "/api/v1/codes-to-name": ["/api/v1/codes-to-name"],
        "/api/v1/incidents": [
            "/api/v1/incidents",
            "/api/v1/incidents?closed=true",
            "/api/v1/incidents?closed=maybe",
        ],
        "/api/v1/events": ["/api/v1/events?limit=1000", "/api/v1/events?after=x"],
        "/api/v1/openapi.json": ["/api/v1/openapi.json"],
        "/healthz": ["/healthz"],
    }
    declared = {f"/api/v1{route.path}" for route in parts.ROUTES}  # these have tests of their own
    declared |= {
        "/api/v1/enrolments",
        "/api/v1/releases/offer",
        "/api/v1/releases/{release}/bundle",
    }
    assert set(asked) == set(document["paths"]) - declared
    for path, addresses in asked.items():
        for address in addresses:
            assert_as_documented(document, path, program.get(address))
        if "security" not in document["paths"][path]["get"]:
            assert_as_documented(document, path, scene.site.client().get(addresses[0]))


def test_the_document_has_every_route_of_the_application(
    scene: Scene, document: dict[str, Any]
) -> None:
    routes = {
        rule.rule.replace("<", "{").replace(">", "}")
        for rule in scene.site.app.url_map.iter_rules()
        if rule.rule.startswith(("/api/", "/healthz"))
    }
    assert routes == set(document["paths"])


def test_the_document_is_itself_valid_and_every_reference_leads_somewhere(
    document: dict[str, Any],
) -> None:
    assert document["openapi"].startswith("3.1.")
    for schema in document["components"]["schemas"].values():
        Draft202012Validator.check_schema(schema)
    text = json.dumps(document)
    for name in document["components"]["schemas"]:
        text = text.replace(f'"#/components/schemas/{name}"', "")
    assert "#/components/schemas/" not in text


def test_an_item_comes_with_its_state_and_all_its_events(
    scene: Scene, program: FlaskClient
) -> None:
    found = program.get(f"/api/v1/items/{scene.fresh.lower()}").get_json()
    assert found["code"] == scene.fresh
    assert found["status"] == "delivered"
    assert found["stop"] == "east"
    assert found["category_name"] == {"zh": "洗涤清洁", "en": "Laundry and cleaning"}
    assert [event["type"] for event in found["events"]] == [
        "received",
        "label.attached",
        "out",
        "delivered",
    ]


def test_anybody_can_recompute_an_events_hash_but_learns_nothing_private(
    scene: Scene, program: FlaskClient
) -> None:
    raw = program.get("/api/v1/events?limit=1000").data
    page = json.loads(raw)
    assert len(page["events"]) > 50
    for event in page["events"]:
        public = json.dumps(event["public"], separators=(",", ":"), ensure_ascii=False).encode()
        assert public in raw
        recomputed = hashlib.sha256(
            b"yicang/1/event\0"
            + bytes.fromhex(event["prev"])
            + hashlib.sha256(public).digest()
            + bytes.fromhex(event["private_digest"])
        ).hexdigest()
        assert recomputed == event["hash"]
        assert "private" not in event
        assert "salt" not in event
    for secret in (b"person", b"family", CLAIM.encode()):
        assert secret not in raw


def test_positions_tell_how_far_stock_is_counted_not_what_has_only_just_arrived(
    site: HubSite,
) -> None:
    place = site.add_stop("east", "东门站", "East Gate", ("", ""), "4K2P")
    site.intake(place)
    client = site.client()
    client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {site.token()}"
    shown = client.get("/api/v1/events").get_json()
    assert len(shown["events"]) == shown["next"] == 4
    seen = place.journal.write(events.HelpWanted(), site.now_ms)
    header = Header(place.journal.epoch, seen.public.seq, 1, seen.hash)
    payload = batches.encode(header, [seen.raw])
    topic = topics.up(place.journal.kiosk, topics.EVENTS)
    site.send(topic, payload, dict(batches.properties(header)))  # kept, but not yet projected
    assert client.get("/api/v1/events").get_json() == shown
    assert client.get("/api/v1/stock").get_json()["position"] == 4
    assert client.get("/healthz").get_json()["position"] == 4
    site.intake(place)  # projects both
    assert client.get("/api/v1/events?after=4").get_json()["next"] == 7


def test_a_mended_event_says_so_and_keeps_the_hash_of_what_came(site: HubSite) -> None:
    place = site.add_stop("east", "东门站", "East Gate", ("", ""), "4K2P")
    journal = place.journal
    code = journal.code()
    body = events.Received(session=journal.session, item=code, category="F1", place=codes.PLACE_IN)
    meant = journal.write(body, site.now_ms)
    garbled = b"not a line"
    header = Header(journal.epoch, meant.public.seq, 1, meant.hash)
    site.receive_lines(journal.kiosk, header, (garbled,), garbage=True)

    def mend(connection: Connection) -> None:
        row = connection.exec_driver_sql("SELECT id FROM event WHERE problem IS NOT NULL").scalar()
        quarantine.repair(connection, int(row or 0), meant.raw, site.now_ms)

    site.writer.call(mend)
    site.intake(place)  # what was mended is projected
    headers = {"Authorization": f"Bearer {site.token()}"}
    answer = site.client().get(f"/api/v1/items/{code}", headers=headers).get_json()
    [(hash_, mended)] = [(one["hash"], one["repaired"]) for one in answer["events"]]
    assert (hash_, mended) == (meant.hash, True)
    page = site.client().get("/api/v1/events", headers=headers).get_json()
    assert sum(one["repaired"] for one in page["events"]) == 1


def test_events_are_paged_without_gap_or_repeat(program: FlaskClient) -> None:
    everything = program.get("/api/v1/events?limit=1000").get_json()["events"]
    paged: list[Any] = []
    after = 0
    while True:
        page = program.get(f"/api/v1/events?after={after}&limit=7").get_json()
        if not page["events"]:
            assert page["next"] == after
            break
        assert len(page["events"]) <= 7
        paged += page["events"]
        after = page["next"]
    assert paged == everything
    positions = [event["position"] for event in everything]
    assert positions == sorted(set(positions))


def test_stock_counts_what_the_board_counts(program: FlaskClient) -> None:
    stock = program.get("/api/v1/stock").get_json()["stock"]
    by_category = {(line["stop"], line["category"]): line for line in stock}
    assert by_category["east", "H1"]["delivered"] == 13
    assert by_category["east", "T1"]["unlabelled"] == 1
    assert sum(line["in_stock"] for line in stock) == 3


def test_kiosks_tell_backlog_presence_and_devices(program: FlaskClient) -> None:
    kiosks = {one["id"]: one for one in program.get("/api/v1/kiosks").get_json()["kiosks"]}
    east = kiosks["kiosk-east"]
    assert (east["online"], east["backlog"], east["stop"]) == (True, 3, "east")
    assert {device["name"]: device["ok"] for device in east["devices"]} == {
        "ttyACM0": True,
        "ttyUSB0": False,
    }
    assert kiosks["kiosk-school"]["online"] is None


def test_incidents_name_their_kind_and_subject(scene: Scene, program: FlaskClient) -> None:
    found = program.get("/api/v1/incidents").get_json()["incidents"]
    assert {"quarantined", "unreadable", "unknown-item"} == {one["kind"] for one in found}
    unknown = next(one for one in found if one["kind"] == "unknown-item")
    assert unknown["subject"] == scene.stranger


@pytest.mark.parametrize("header", [None, "", "Basic eDp5", "Bearer", "Bearer ", "Bearer nonsense"])
def test_without_a_good_token_there_is_a_401_that_says_how(
    scene: Scene, header: str | None
) -> None:
    headers = {} if header is None else {"Authorization": header}
    response = scene.site.client().get("/api/v1/stock", headers=headers)
    assert problem(response, 401)["detail"]
    assert response.headers["WWW-Authenticate"].startswith("Bearer")


def test_a_token_that_was_taken_back_opens_nothing(site: HubSite) -> None:
    token = site.token()
    headers = {"Authorization": f"Bearer {token}"}
    assert site.client().get("/api/v1/stock", headers=headers).status_code == 200
    [made] = site.writer.call(tokens.everyone)
    assert site.writer.call(lambda connection: tokens.revoke(connection, made.id))
    problem(site.client().get("/api/v1/stock", headers=headers), 401)


def test_a_session_of_the_pages_is_no_token(scene: Scene) -> None:
    client = scene.site.client()
    page = client.get("/login").text
    csrf = page.partition('name="csrf_token" value="')[2].partition('"')[0]
    form = {"name": USER, "password": PASSWORD, "csrf_token": csrf}
    assert client.post("/login", data=form).status_code == 303
    problem(client.get("/api/v1/stock"), 401)


@pytest.mark.parametrize(
    ("path", "parameter"),
    [
        ("events?after=-1", "after"),
        ("events?after=1.5", "after"),
        ("events?after=²", "after"),
        ("events?after=99999999999999999999", "after"),
        ("events?limit=0", "limit"),
        ("events?limit=1001", "limit"),
        ("events?limit=", "limit"),
        ("incidents?closed=yes", "closed"),
        ("items/G123", "code"),
        ("items/P00000000000000000", "code"),
        (f"items/{codes.PLACE_IN}", "code"),
    ],
)
def test_a_parameter_that_cannot_be_used_is_named(
    program: FlaskClient, path: str, parameter: str
) -> None:
    assert problem(program.get(f"/api/v1/{path}"), 400)["parameter"] == parameter


def test_every_other_error_is_a_problem_too(scene: Scene, program: FlaskClient) -> None:
    nothing = problem(program.get("/api/v1/nothing"), 404)
    assert nothing["detail"].startswith("There is nothing at this address")
    problem(program.get(f"/api/v1/items/{scene.never}"), 404)
    response = program.post("/api/v1/stock")
    assert problem(response, 405)["detail"].startswith("This address does not take this method")
    assert "GET" in response.headers["Allow"]
    problem(program.delete("/healthz"), 405)


def test_a_failure_is_a_problem_without_its_innards(site: HubSite) -> None:
    token = site.token()
    with site.writer.engine.begin() as connection:
        connection.exec_driver_sql("DROP TABLE stock")
    site.app.config["PROPAGATE_EXCEPTIONS"] = False
    response = site.client().get("/api/v1/stock", headers={"Authorization": f"Bearer {token}"})
    told = problem(response, 500)
    assert "stock" not in json.dumps(told)


def test_healthz_is_well_without_a_token_and_says_what_ails_it(
    site: HubSite,
) -> None:
    assert site.client().get("/healthz").get_json() == {"status": "ok", "position": 0}
    site.ailments += ["writer", "broker"]
    assert problem(site.client().get("/healthz"), 503)["reasons"] == ["writer", "broker"]
