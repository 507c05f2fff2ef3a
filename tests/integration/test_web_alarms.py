"""The pages and the API of alarms: who is told what, who may do what, and what leaves the hub."""

import csv
import functools
import io
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import msgspec
import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient
from sqlalchemy import Connection

from contract.configuration import Configuration
from contract.reference import PARTS
from hub import db
from hub.access.audit import By
from hub.access.permissions import Role
from hub.alerts import contacts, outbox, store
from hub.alerts.contacts import Contact
from hub.alerts.opening import Hours
from hub.fleet import configurations
from hub.kiosks import catalogue
from tests.integration.test_web_accounts import csrf
from tests.support.alarm_scene import Alarms, firing, health, look, say
from tests.support.hub_site import DAY_MS, HOUR_MS, PASSWORD, USER, HubSite

PHONE: Final = "028 5550 1234"
KIOSKS: Final = ("kiosk-east", "kiosk-river")
WEBHOOK: Final = "https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=0f9e8d7c-TOPSECRET"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HubSite]:
    found = HubSite(Path(tmp_path_factory.mktemp("hub")))
    found.add_users()
    administrator = found.add_user("administrator", Role.ADMINISTRATOR)
    found.add_user("only-river", Role.OPERATOR, stops=("river",))
    found.add_stop("east", "东门义仓站", "East Gate", ("锦江区", "Jinjiang"), "4K2P")
    found.add_stop("river", "河边义仓站", "Riverside", ("武侯区", "Wuhou"), "7TWX")
    Alarms(found, ("east", "river"), KIOSKS, administrator)
    yield found
    found.close()


@functools.cache
def signed_in(site: HubSite, name: str = USER, language: str = "en") -> FlaskClient:
    """A browser that stays signed in: who signs in for each test would be asked to wait."""
    client = site.client(language)
    form = {"csrf_token": csrf(client, "/login"), "name": name, "password": PASSWORD}
    assert client.post("/login", data=form).status_code == 303
    return client


def post(client: FlaskClient, path: str, page: str, **form: str) -> Any:
    return client.post(path, data={"csrf_token": csrf(client, page), **form})


def words(html: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html.partition("<main")[2]))


def alarm_of(site: HubSite, kind: str) -> int:
    [found] = [one for one in firing(site) if one.kind == kind]
    return found.id


class Machine:
    """Somebody with a token."""

    def __init__(self, site: HubSite, role: Role, stops: tuple[str, ...] = ()) -> None:
        self._client: Final = site.client()
        self._heads: Final = {"Authorization": f"Bearer {site.token(role, stops=stops)}"}

    def get(self, path: str) -> Any:
        return self._client.get(f"/api/v1{path}", headers=self._heads)

    def post(self, path: str, **body: object) -> Any:
        sent = {"json": body} if body else {}
        return self._client.post(f"/api/v1{path}", headers=self._heads, **sent)


# --- what is an alarm -----------------------------------------------------------------------------


def test_an_operator_sees_what_why_whom_to_ring_and_what_to_ask(site: HubSite) -> None:
    page = signed_in(site).get("/alerts").text
    told = words(page)
    assert "The scanner does not work" in told
    assert "The kiosk runs, but no scanner answers" in told
    assert "Does the scanner light up when you pull its trigger?" in told
    assert 'href="tel:02855501234"' in page
    assert "At the hub" in told
    chinese = words(signed_in(site, language="zh").get("/alerts").text)
    assert "扫码枪不工作" in chinese
    assert "按下扫码枪的扳机，它会亮吗？" in chinese


def test_whoever_may_only_look_sees_no_telephone_and_no_button(site: HubSite) -> None:
    page = signed_in(site, "viewer").get("/alerts").text
    assert "The scanner does not work" in page
    assert "5550" not in page
    assert "I take care of it" not in page


def test_whoever_has_one_stop_sees_that_stops_alarms_alone(site: HubSite) -> None:
    page = words(signed_in(site, "only-river").get("/alerts").text)
    assert "Little room on the kiosk" in page
    assert "The scanner does not work" not in page
    assert "backup" not in page.lower()


def test_the_head_of_every_page_counts_what_nobody_has_acknowledged(site: HubSite) -> None:
    expected = sum(one.acknowledged_ms is None for one in firing(site))
    assert expected > 1
    assert f"{expected} alarms" in signed_in(site).get("/stock").text


def test_an_alarm_is_acknowledged_with_an_undo(site: HubSite) -> None:
    client, alarm = signed_in(site), alarm_of(site, "scanner-down")
    assert post(client, "/alerts/acknowledge", "/alerts", alarm=str(alarm)).status_code == 303
    page = client.get("/alerts").text
    assert "Acknowledged by operator" in page
    assert 'action="/alerts/take-back"' in page
    again = post(client, "/alerts/acknowledge", "/alerts", alarm=str(alarm))
    assert again.status_code == 303
    assert "Somebody had acknowledged it already" in client.get("/alerts").text
    post(client, "/alerts/take-back", "/alerts", alarm=str(alarm))
    assert "Taken back" in client.get("/alerts").text
    [found] = [one for one in firing(site) if one.id == alarm]
    assert found.acknowledged_ms is None


@pytest.mark.parametrize(("name", "status"), [("viewer", 403), ("only-river", 403), (USER, 303)])
def test_only_who_may_settle_incidents_there_takes_care_of_an_alarm(
    site: HubSite, name: str, status: int
) -> None:
    alarm = str(alarm_of(site, "scanner-down"))
    client = signed_in(site, name)
    assert post(client, "/alerts/acknowledge", "/account", alarm=alarm).status_code == status
    if status == 303:
        post(client, "/alerts/take-back", "/account", alarm=alarm)


@pytest.mark.parametrize("alarm", ["", "x", "0", "999999", "-1", "1" * 13, "１"])
def test_an_alarm_that_there_is_not_is_not_found(site: HubSite, alarm: str) -> None:
    client = signed_in(site)
    assert post(client, "/alerts/acknowledge", "/account", alarm=alarm).status_code == 404


def test_the_history_holds_what_is_over_and_goes_away_as_a_file_without_a_telephone(
    site: HubSite,
) -> None:
    client = signed_in(site)
    page = words(client.get("/alerts/history?state=over").text)
    assert "The kiosk is too hot" in page
    text = client.get("/alerts/history?format=csv").text
    rows = list(csv.DictReader(io.StringIO(text.lstrip("\ufeff"))))
    assert {row["Stop"] for row in rows} >= {"East Gate", "Riverside", "At the hub"}
    assert "5550" not in text


def test_no_telephone_leaves_the_hub(site: HubSite) -> None:
    """Not to kiosks, not in messages, not in the audit log."""
    with site.reader.connect() as here:
        for part in PARTS:
            assert "5550" not in repr(catalogue.entries(here, part))
        said = here.execute(sa.select(db.alarm_message.c.body, db.alarm_message.c.title)).all()
        audit = here.execute(sa.select(db.audit.c.detail)).all()
    assert "5550" not in repr(said)
    assert "5550" not in repr(audit)


# --- opening hours and telephone ------------------------------------------------------------------


def hours(**changes: str) -> dict[str, str]:
    week = {f"day{number}": "09:00-17:00" for number in range(7)}
    return {"always": "", **week, "holidays": "", "phone": PHONE, **changes}


def version_of(site: HubSite, stop: str) -> str:
    with site.reader.connect() as here:
        return contacts.version(contacts.contact(here, stop))


def test_hours_are_set_shown_and_listed(site: HubSite) -> None:
    client = signed_in(site)
    page = "/stops/east/contact"
    sent = hours(day6="", holidays="2026-10-01/2026-10-07，2027-01-01")
    answer = post(client, page, page, version=version_of(site, "east"), **sent)
    assert answer.status_code == 303
    shown = client.get(page).text
    assert 'value="2026-10-01/2026-10-07 2027-01-01"' in shown
    assert 'value="09:00-17:00"' in shown
    listed = words(client.get("/stops").text)
    assert "09:00-17:00" in listed
    assert "open now" in listed
    assert "5550" not in listed
    back = hours(always="1")
    assert post(client, page, page, version=version_of(site, "east"), **back).status_code == 303


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"day2": "9 to 5"}, "Hours look like 09:00-12:00"),
        ({"holidays": "soon"}, "A day looks like 2026-10-01"),
        ({"phone": "ask Zhang"}, "A telephone number has digits"),
    ],
)
def test_what_cannot_be_is_told_beside_its_field_and_nothing_is_lost(
    site: HubSite, changes: dict[str, str], told: str
) -> None:
    client, page = signed_in(site), "/stops/river/contact"
    before = version_of(site, "river")
    answer = post(client, page, page, version=before, **hours(**{"day0": "08:00-09:00", **changes}))
    assert answer.status_code == 400
    assert told in answer.text
    assert answer.text.count("aria-invalid") == 1
    assert 'value="08:00-09:00"' in answer.text
    assert version_of(site, "river") == before


def test_two_who_change_hours_at_once_do_not_overwrite_each_other(site: HubSite) -> None:
    client, page = signed_in(site), "/stops/river/contact"
    assert post(client, page, page, version="0" * 64, **hours()).status_code == 409


def test_whoever_has_one_stop_sets_that_one_alone(site: HubSite) -> None:
    client = signed_in(site, "only-river")
    assert client.get("/stops/river/contact").status_code == 200
    assert client.get("/stops/east/contact").status_code == 403
    assert client.get("/stops/nowhere/contact").status_code == 404
    assert post(client, "/stops/east/contact", "/account", **hours()).status_code == 403
    assert "East Gate" not in words(client.get("/stops").text)


def test_a_viewer_opens_none_of_the_settings(site: HubSite) -> None:
    client = signed_in(site, "viewer")
    for page in ("/stops", "/stops/east/contact", "/alerts/rules", "/alerts/channels"):
        assert client.get(page).status_code == 403


# --- limits ---------------------------------------------------------------------------------------


def test_a_limit_is_changed_for_all_and_for_one_stop_and_taken_back(site: HubSite) -> None:
    client = signed_in(site)
    page = "/alerts/rules"
    assert post(client, page, page, hot_c="70", quiet_from="21:30").status_code == 303
    shown = client.get(page).text
    assert 'value="70"' in shown
    assert 'value="21:30"' in shown
    assert post(client, page, page, stop="east", hot_c="75").status_code == 303
    assert 'value="75"' in client.get(f"{page}?stop=east").text
    assert 'placeholder="70 °C"' in client.get(f"{page}?stop=east").text
    post(client, page, page)
    post(client, page, page, stop="east")
    with site.reader.connect() as here:
        assert here.execute(sa.select(db.alarm_limit)).all() == []


@pytest.mark.parametrize(
    ("name", "value"),
    [("hot_c", "1000"), ("hot_c", "-1"), ("hot_c", "warm"), ("quiet_from", "25:00"),
     ("quiet_from", "12"), ("quiet_from", ":30"), ("quiet_from", "²1:30"), ("quiet_from", "21:"),
     ("quiet_to", "08:60"), ("repeat_min", "0")],
)  # fmt: skip
def test_a_limit_beyond_its_bounds_is_told_beside_its_field(
    site: HubSite, name: str, value: str
) -> None:
    client, page = signed_in(site), "/alerts/rules"
    answer = post(client, page, page, **{name: value})
    assert answer.status_code == 400
    assert f'id="p-{name}"' in answer.text
    assert f'value="{value}"' in answer.text


def test_whoever_has_one_stop_is_led_to_its_limits(site: HubSite) -> None:
    client = signed_in(site, "only-river")
    assert client.get("/alerts/rules").location == "/alerts/rules?stop=river"
    assert client.get("/alerts/rules?stop=east").status_code == 403
    assert post(client, "/alerts/rules", "/account", hot_c="70").status_code == 403


# --- channels -------------------------------------------------------------------------------------


def test_a_channel_is_added_tried_and_taken_away_and_its_key_is_never_shown(site: HubSite) -> None:
    client, page = signed_in(site), "/alerts/channels"
    form = {"stop": "east", "kind": "wecom", "name": "东门群", "address": WEBHOOK, "secret": "sss"}
    assert post(client, page, page, **form).status_code == 303
    shown = client.get(page).text
    assert "https://qyapi.weixin.qq.com/…CRET" in shown
    assert "TOPSECRET" not in shown
    found = re.search(r'name="channel" value="([0-9a-f]+)"', shown)
    assert found is not None
    assert post(client, f"{page}/test", page, channel=found[1]).status_code == 303
    assert "A test message is on its way" in client.get(page).text
    with site.reader.connect() as here:
        [waiting] = outbox.due(here, site.now_ms)
    assert "This is a test" in waiting.letter.text
    asked = client.get(f"{page}/remove?channel={found[1]}").text
    assert "TOPSECRET" not in asked
    assert post(client, f"{page}/remove", page, channel=found[1]).status_code == 303
    with site.reader.connect() as here:
        assert outbox.due(here, site.now_ms) == []
        assert "TOPSECRET" not in repr(here.execute(sa.select(db.audit)).all())
    assert client.get(f"{page}/remove?channel={found[1]}").status_code == 404


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"address": "https://evil.example/x"}, "Messages may not go to this host"),
        ({"address": "qyapi"}, "This is no address to send to"),
        ({"address": "http://127.0.0.1/x"}, "Messages may not go to this host"),
        ({"name": " "}, "Give it a name"),
        ({"secret": "a b"}, "visible characters"),
        ({"kind": "email", "address": "a@b.example"}, "The hub has no mail server"),
        ({"kind": "fax"}, "Choose one of the list"),
    ],
)
def test_a_channel_that_cannot_be_is_told_beside_its_field(
    site: HubSite, change: dict[str, str], told: str
) -> None:
    client, page = signed_in(site), "/alerts/channels"
    form = {"stop": "", "kind": "wecom", "name": "group", "address": WEBHOOK, **change}
    answer = post(client, page, page, **form)
    assert answer.status_code == 400
    assert told in answer.text


def test_whoever_has_one_stop_adds_channels_to_that_one_alone(site: HubSite) -> None:
    client, page = signed_in(site, "only-river"), "/alerts/channels"
    form = {"kind": "wecom", "name": "group", "address": WEBHOOK}
    assert post(client, page, page, stop="east", **form).status_code == 403
    assert post(client, page, page, stop="", **form).status_code == 403
    assert post(client, page, page, stop="river", **form).status_code == 303
    found = re.search(r'name="channel" value="([0-9a-f]+)"', client.get(page).text)
    assert found is not None
    post(client, f"{page}/remove", page, channel=found[1])


# --- a machine ------------------------------------------------------------------------------------


def test_a_machine_reads_alarms_in_both_languages_and_takes_care_of_one(site: HubSite) -> None:
    machine = Machine(site, Role.OPERATOR)
    found = {one["kind"]: one for one in machine.get("/alerts").json["alarms"]}
    scanner = found["scanner-down"]
    assert scanner["title"] == {"zh": "扫码枪不工作", "en": "The scanner does not work"}
    assert scanner["phone"] == PHONE
    done = machine.post("/alerts/acknowledge", alarm=scanner["id"]).json
    assert done == {"alarm": scanner["id"], "changed": True}
    assert not machine.post("/alerts/acknowledge", alarm=scanner["id"]).json["changed"]
    assert machine.post("/alerts/take-back", alarm=scanner["id"]).json["changed"]
    assert machine.post("/alerts/acknowledge", alarm=99999).status_code == 404


def test_a_machine_that_may_only_look_gets_no_telephone_and_no_settings(site: HubSite) -> None:
    machine = Machine(site, Role.VIEWER)
    assert "5550" not in machine.get("/alerts").text
    assert machine.post("/alerts/acknowledge", alarm=1).status_code == 403
    for path in ("/alert-channels", "/alert-limits", "/stops/east/contact"):
        assert machine.get(path).status_code == 403


def test_a_machine_of_one_stop_reaches_no_other(site: HubSite) -> None:
    machine = Machine(site, Role.OPERATOR, ("river",))
    alarm = alarm_of(site, "scanner-down")
    assert {one["stop"] for one in machine.get("/alerts").json["alarms"]} == {"river"}
    assert machine.post("/alerts/acknowledge", alarm=alarm).status_code == 403
    assert machine.get("/stops/east/contact").status_code == 403
    assert machine.get("/alert-limits").status_code == 403
    assert machine.get("/alert-limits?stop=river").status_code == 200
    body = {"kind": "wecom", "name": "x", "address": WEBHOOK}
    assert machine.post("/alert-channels", **body).status_code == 403


def test_a_machine_sets_hours_limits_and_channels(site: HubSite) -> None:
    machine = Machine(site, Role.OPERATOR)
    kept = machine.get("/stops/east/contact").json
    body = {"week": ["09:00－17:00"] * 7, "phone": PHONE, "seen": kept["version"]}
    changed = machine.post("/stops/east/contact", **body).json
    assert changed["week"] == ["09:00-17:00"] * 7
    assert machine.post("/stops/east/contact", **body).status_code == 409
    back = {"week": [], "phone": PHONE}
    assert machine.post("/stops/east/contact", **back).json["week"] == []
    wrong = machine.post("/stops/east/contact", week=["9"] * 7)
    assert (wrong.status_code, wrong.json["parameter"]) == (400, "week")
    limits = machine.post("/alert-limits", limits={"hot_c": 66}).json["limits"]
    assert {one["name"]: one["value"] for one in limits}["hot_c"] == 66
    assert machine.post("/alert-limits", limits={"hot_c": 1}).status_code == 400
    assert machine.post("/alert-limits", limits={"hot_c": None}).status_code == 200
    made = machine.post("/alert-channels", kind="wecom", name="x", address=WEBHOOK)
    assert "TOPSECRET" not in made.text
    channel = made.json["id"]
    assert channel in machine.get("/alert-channels").text
    assert machine.post(f"/alert-channels/{channel}/test").json["done"]
    assert machine.post(f"/alert-channels/{channel}/remove").json["done"]
    assert machine.post(f"/alert-channels/{channel}/remove").status_code == 404
    refused = machine.post(
        "/alert-channels", kind="webhook", name="x", address="https://evil.example/x"
    )
    assert (refused.status_code, refused.json["parameter"]) == (400, "address")


# --- the sweep over a real database ---------------------------------------------------------------


def test_a_closed_stops_kiosk_goes_away_without_an_alarm_and_an_open_ones_with_one(
    tmp_path: Path,
) -> None:
    site = HubSite(tmp_path)
    try:
        for stop, prefix in (("east", "4K2P"), ("river", "7TWX")):
            site.add_stop(stop, stop, stop, ("", ""), prefix)
        closed = Contact(Hours(("",) * 7))
        site.writer.commit(lambda here: contacts.put(here, "river", closed, By("a"), site.now_ms))
        for kiosk in KIOSKS:
            say(site, kiosk, told=health())
        look(site)
        for kiosk in KIOSKS:
            say(site, kiosk, online=False)
        for _ in range(10):
            site.now_ms += 60_000
            look(site)
        assert [(one.kind, one.kiosk) for one in firing(site)] == [("kiosk-silent", "kiosk-east")]
    finally:
        site.close()


def test_the_hours_that_kiosks_are_told_hold_where_no_others_are_set(tmp_path: Path) -> None:
    site = HubSite(tmp_path)
    try:
        site.add_stop("east", "east", "east", ("", ""), "4K2P")
        shut = ["", *["09:00-17:00"] * 6]
        night = ["", "", *["09:00-17:00"] * 5]  # now is a Tuesday
        none = ["18:00-08:00"] * 7
        for week, expected in ((shut, ["kiosk-silent"]), (night, []), (none, ["kiosk-silent"])):
            site.writer.commit(lambda here: catalogue.put_setting(here, "east", "opening", week))  # noqa: B023
            say(site, "kiosk-east", told=health())
            look(site)
            for _ in range(8):
                site.now_ms += 60_000
                say(site, "kiosk-east", told=health())
                look(site)
            assert firing(site) == []
            say(site, "kiosk-east", online=False)
            for _ in range(5):
                site.now_ms += 60_000
                look(site)
            assert [one.kind for one in firing(site)] == expected
            site.now_ms += HOUR_MS
    finally:
        site.close()


def test_a_configuration_that_does_not_take_effect_is_an_alarm(tmp_path: Path) -> None:
    site = HubSite(tmp_path)
    try:
        site.add_stop("east", "east", "east", ("", ""), "4K2P")

        def wish(writing: Connection) -> str:
            made = configurations.make(
                writing, Configuration(min_free_mb=500), "why", By("a"), site.now_ms
            )
            configurations.stage(writing, made, ["kiosk-east"], By("a"), site.now_ms)
            found = configurations.one(writing, made)
            assert found is not None
            return found.version

        version = site.writer.commit(wish)
        for minute in range(40):
            site.now_ms += 60_000
            say(site, "kiosk-east", told=health())
            look(site)
            expected = ["configuration-drift"] if minute >= 31 else []
            if minute not in (29, 30):
                assert [one.kind for one in firing(site)] == expected
        for _ in range(8):
            site.now_ms += 60_000
            say(site, "kiosk-east", told=health(config=version, config_state="confirmed"))
            look(site)
        assert firing(site) == []
        reverted = health(config_state="reverted", config_detail="device-down")
        for _ in range(3):
            site.now_ms += 60_000
            say(site, "kiosk-east", told=reverted)
            look(site)
        assert [one.kind for one in firing(site)] == ["configuration-reverted"]
    finally:
        site.close()


def test_what_is_over_stays_in_the_history_for_a_year_and_what_never_was_goes(
    tmp_path: Path,
) -> None:
    site = HubSite(tmp_path)
    try:
        site.add_stop("east", "east", "east", ("", ""), "4K2P")
        for told in (health(disk_free_mb=1), health(), health(temperature_c=99.0)):
            for _ in range(8 if told.temperature_c != 99.0 else 1):
                site.now_ms += 60_000
                say(site, "kiosk-east", told=told)
                look(site)
        say(site, "kiosk-east", told=health())
        for _ in range(3):
            site.now_ms += HOUR_MS
            say(site, "kiosk-east", told=health())
            look(site)
        site.writer.commit(lambda here: store.prune(here, site.now_ms + DAY_MS))
        with site.reader.connect() as here:
            kinds = here.scalars(sa.select(db.alarm.c.kind)).all()
            assert kinds == ["disk-low"]
        site.writer.commit(lambda here: store.prune(here, site.now_ms + 500 * DAY_MS))
        with site.reader.connect() as here:
            assert here.scalars(sa.select(db.alarm.c.kind)).all() == []
    finally:
        site.close()


def test_an_alarms_values_survive_the_database(site: HubSite) -> None:
    [low] = [one for one in firing(site) if one.kind == "disk-low"]
    assert low.values == {"n": 300}
    assert msgspec.json.decode(msgspec.json.encode(low.changes))
