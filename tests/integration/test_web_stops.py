"""Somebody adds a stop on the pages or over the API, and names it anew."""

import functools
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient

from hub import db
from hub.access.permissions import Role
from tests.integration.test_web_accounts import csrf
from tests.support.hub_site import PASSWORD, USER, HubSite
from tests.support.new_kiosk import with_tls

NAMES: Final = {"zh": "西门站", "en": "West Gate"}
CHENGDU: Final = {"city_zh": "成都市", "city_en": "Chengdu"}
CHONGQING: Final = {"city_zh": "重庆市", "city_en": "Chongqing"}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HubSite]:
    found = HubSite(Path(tmp_path_factory.mktemp("hub")))
    with_tls(found, Path(tmp_path_factory.mktemp("authority")))
    found.add_users()
    found.add_user("manager", Role.WAREHOUSE_MANAGER)
    found.add_user("of-chengdu", Role.OPERATOR, cities=("成都市",))
    found.add_user("of-river", Role.OPERATOR, stops=("river",))
    yield found
    found.close()


@pytest.fixture(scope="module")
def river(site: HubSite) -> str:
    """A stop in Chengdu with a kiosk; the hub has none before it."""
    return site.add_stop("river", "河边站", "Riverside", ("武侯区", "Wuhou"), "7TWX").stop


@functools.cache
def signed_in(site: HubSite, name: str = USER, language: str = "en") -> FlaskClient:
    client = site.client(language)
    form = {"csrf_token": csrf(client, "/login"), "name": name, "password": PASSWORD}
    assert client.post("/login", data=form).status_code == 303
    return client


def post(client: FlaskClient, path: str, page: str = "", **form: str) -> Any:
    return client.post(path, data={"csrf_token": csrf(client, page or path), **form})


def words(html: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html.partition("<main")[2]))


def problem(html: str, field: str) -> str:
    found = re.search(rf'id="p-{field}">([^<]+)<', html)
    return found[1] if found else ""


def noted(site: HubSite, stop: str) -> int:
    wanted = (db.audit.c.what == "stop.put") & (db.audit.c.subject == stop)
    with site.reader.connect() as here:
        return here.scalar(sa.select(sa.func.count()).select_from(db.audit).where(wanted)) or 0


class Machine:
    """Somebody with a token."""

    def __init__(self, site: HubSite, role: Role, stops: tuple[str, ...] = ()) -> None:
        self._client: Final = site.client()
        self._heads: Final = {"Authorization": f"Bearer {site.token(role, stops=stops)}"}

    def get(self, path: str) -> Any:
        return self._client.get(f"/api/v1{path}", headers=self._heads)

    def post(self, path: str, key: str = "", **body: object) -> Any:
        heads = self._heads | ({"Idempotency-Key": key} if key else {})
        return self._client.post(f"/api/v1{path}", headers=heads, json=body)


def test_on_an_empty_hub_one_comes_from_adding_a_kiosk_to_a_stop_and_back(site: HubSite) -> None:
    client = signed_in(site)
    assert "There is no stop yet. Add one" in words(client.get("/stops").text)
    assert 'href="/stops/new"' in client.get("/stops").text
    assert 'href="/stops/new?then=kiosk"' in client.get("/kiosks/new").text
    answer = post(client, "/stops/new", then="kiosk", zh=" 东门站 ", en="The East  Gate")
    assert (answer.status_code, answer.location) == (303, "/kiosks/new?stop=the-east-gate")
    page = client.get(answer.location).text
    assert "The East Gate was added." in words(page)
    assert '<option value="the-east-gate" selected>The East Gate</option>' in page
    assert noted(site, "the-east-gate") == 1
    assert "The East Gate" in words(client.get("/stops").text)
    assert "东门站" in words(signed_in(site, language="zh").get("/stops").text)


def test_a_name_that_is_there_already_gets_an_id_with_a_number(site: HubSite, river: str) -> None:
    client = signed_in(site)
    for _again in range(3):
        answer = post(client, "/stops/new", zh="河边二站", en="River")
        assert (answer.status_code, answer.location) == (303, "/stops")
    assert [noted(site, f"river-{n}") for n in (2, 3, 4)] == [1, 1, 1]


@pytest.mark.parametrize(
    ("typed", "field", "status", "en", "zh"),
    [
        ({"id": "river"}, "id", 409, "with this id already", "已有使用此编号的站点"),
        ({"id": "West Gate"}, "id", 400, "1 to 32 small letters", "1到32个小写字母"),
        ({"en": "西门"}, "id", 400, "none can be made", "请填写编号"),
        ({"zh": " "}, "zh", 400, "1 to 60 characters", "1到60个字"),
        ({"en": "W" * 61}, "en", 400, "1 to 60 characters", "1到60个字"),
        ({"city_zh": "成都市"}, "city_en", 400, "In both languages", "中文和英文"),
        ({"district_en": "Wuhou"}, "district_zh", 400, "In both languages", "中文和英文"),
    ],
)
def test_what_cannot_be_is_told_at_its_field_in_both_languages(
    site: HubSite, river: str, typed: dict[str, str], field: str, status: int, en: str, zh: str
) -> None:
    for language, told in (("en", en), ("zh", zh)):
        client = signed_in(site, language=language)
        answer = post(client, "/stops/new", **{**NAMES, **typed})
        assert answer.status_code == status
        assert told in problem(answer.text, field)
    assert not noted(site, "west-gate")


def test_a_stop_gets_new_names_and_keeps_its_id(site: HubSite, river: str) -> None:
    client, page = signed_in(site), f"/stops/{river}/name"
    assert f'href="{page}"' in client.get(f"/stops/{river}/contact").text
    shown = client.get(page).text
    found = re.search(r'name="version" value="([0-9a-f]+)"', shown)
    assert found is not None
    assert 'value="Riverside"' in shown
    form = {"zh": "新河边站", "en": "New Riverside", **CHENGDU, "version": found[1]}
    assert post(client, page, **form).status_code == 303
    assert "New Riverside" in words(client.get("/stops").text)
    assert noted(site, river) == 1
    late = post(client, page, **{**form, "en": "Other"})
    assert (late.status_code, "Somebody else was faster" in late.text) == (409, True)
    fresh = re.search(r'name="version" value="([0-9a-f]+)"', client.get(page).text)
    assert fresh is not None
    form["version"] = fresh[1]
    wrong = post(client, page, **{**form, "en": ""})
    assert (wrong.status_code, "1 to 60" in problem(wrong.text, "en")) == (400, True)
    assert client.get("/stops/nowhere/name").status_code == 404


def test_whoever_has_a_city_adds_stops_there_alone(site: HubSite, river: str) -> None:
    client = signed_in(site, "of-chengdu")
    assert 'value="成都市"' in client.get("/stops/new").text
    for elsewhere in ({}, CHONGQING):
        refused = post(client, "/stops/new", **NAMES, **elsewhere)
        assert refused.status_code == 400
        assert "成都市" in problem(refused.text, "city_zh")
    assert post(client, "/stops/new", id="ctu", **NAMES, **CHENGDU).status_code == 303
    assert client.get("/stops/ctu/name").status_code == 200
    assert "West Gate" in words(client.get("/stops").text)
    moved = post(client, "/stops/ctu/name", **NAMES, **CHONGQING)
    assert (moved.status_code, "成都市" in problem(moved.text, "city_zh")) == (400, True)


def test_whoever_has_one_stop_adds_none_and_names_no_other(site: HubSite, river: str) -> None:
    client = signed_in(site, "of-river")
    assert "/stops/new" not in client.get("/stops").text + client.get("/kiosks/new").text
    assert client.get("/stops/new").status_code == 403
    own = f"/stops/{river}/name"
    assert post(client, "/stops/new", own, **NAMES).status_code == 403
    assert client.get("/stops/the-east-gate/name").status_code in (403, 404)
    moved = post(client, own, **NAMES, **CHONGQING)
    assert "may not move" in problem(moved.text, "city_zh")


def test_a_manager_who_sets_no_hours_goes_on_to_the_kiosk(site: HubSite, river: str) -> None:
    answer = post(signed_in(site, "manager"), "/stops/new", id="south", **NAMES)
    assert answer.location == "/kiosks/new?stop=south"
    assert signed_in(site, "viewer").get("/stops/new").status_code == 403


def test_a_machine_adds_a_stop_once_and_names_it_anew(site: HubSite, river: str) -> None:
    machine, key = Machine(site, Role.OPERATOR), "7f0cb3b2-58a8-4be5-9c8c-6d3a2d4f5e60"
    body = {"zh": "北门站", "en": "North Gate", **CHENGDU}
    made = machine.post("/stops", key, **body).json
    assert made["id"] == "north-gate"
    assert machine.post("/stops", key, **body).json == made
    assert machine.post("/stops", id="north-gate", **body).status_code == 409
    wrong = machine.post("/stops", zh="北", en="N", city_zh="成都市")
    assert (wrong.status_code, wrong.json["parameter"]) == (400, "city_en")
    assert machine.post("/stops", zh="北", en="北").json["parameter"] == "id"

    names = {"zh": "新北门站", "en": "New North Gate", "seen": made["version"]}
    named = machine.post("/stops/north-gate", **names).json
    assert (named["id"], named["zh"], named["city_en"]) == ("north-gate", "新北门站", "")
    assert machine.post("/stops/north-gate", **names).status_code == 409
    assert machine.get("/stops/north-gate").json == named
    assert named in machine.get("/stops").json["stops"]
    assert noted(site, "north-gate") == 2
    assert machine.post("/stops/nowhere", zh="北", en="N").status_code == 404


def test_a_machine_of_one_stop_sees_that_one_and_adds_none(site: HubSite, river: str) -> None:
    machine = Machine(site, Role.OPERATOR, (river,))
    assert [one["id"] for one in machine.get("/stops").json["stops"]] == [river]
    assert machine.post("/stops", **NAMES).status_code == 403
    kept = machine.get(f"/stops/{river}").json
    same = {key: kept[key] for key in ("zh", "en", "city_zh", "city_en")}
    assert machine.post(f"/stops/{river}", **same).status_code == 200
    assert machine.post(f"/stops/{river}", **{**same, **CHONGQING}).status_code == 403
    assert Machine(site, Role.VIEWER).post(f"/stops/{river}", **same).status_code == 403
