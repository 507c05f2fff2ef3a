"""The board of kiosks: thirty of them in mixed states, and what an operator sees first."""

import csv
import functools
import io
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest
from flask.testing import FlaskClient
from sqlalchemy import Connection, insert

from hub import db
from hub.access.permissions import Role
from tests.integration.test_web_accounts import csrf
from tests.support.fleet_scene import (
    ACKNOWLEDGED,
    CLOSED,
    COUNT,
    GONE,
    NEW,
    OLDER,
    SILENT,
    STALE,
    VERSION,
    Fleet,
    kiosk_id,
)
from tests.support.hub_site import PASSWORD, USER, HubSite

HX: Final = {"HX-Request": "true", "HX-Target": "live"}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HubSite]:
    found = HubSite(Path(tmp_path_factory.mktemp("hub")))
    found.add_users()
    Fleet(found)
    found.add_user("only-two", Role.OPERATOR, stops=("stop-02",))
    yield found
    found.close()


@functools.cache
def signed_in(site: HubSite, name: str = USER, language: str = "en") -> FlaskClient:
    client = site.client(language)
    form = {"csrf_token": csrf(client, "/login"), "name": name, "password": PASSWORD}
    assert client.post("/login", data=form).status_code == 303
    return client


def shown(html: str) -> list[str]:
    """The kiosks of the table, from the top."""
    return re.findall(r'href="/kiosks/(stop-\d\d-k1)"', html)


def row(html: str, n: int) -> str:
    found = re.search(rf'<tr role="row">(?:(?!</tr>).)*{kiosk_id(n)}.*?</tr>', html, re.DOTALL)
    assert found is not None
    return re.sub(r"<[^>]+>", " ", found[0])


def rows_of_file(client: FlaskClient, query: str = "") -> dict[str, dict[str, str]]:
    answer = client.get(f"/kiosks?format=csv{query}")
    assert answer.status_code == 200
    found = list(csv.DictReader(io.StringIO(answer.text.lstrip("\ufeff"))))
    return {one["Kiosk"]: one for one in found}


def test_a_dead_scanner_of_a_kiosk_that_is_online_stands_first(site: HubSite) -> None:
    html = signed_in(site).get("/kiosks").text
    assert shown(html)[0] == kiosk_id(2)
    told = row(html, 2)
    for words in ("Urgent", "The scanner does not work", "online", "028 5550 1202"):
        assert words in told
    assert "Does the scanner light up" in told


def test_whoever_is_well_or_gone_stands_last(site: HubSite) -> None:
    order = shown(signed_in(site).get("/kiosks").text)
    assert len(order) == COUNT
    assert order[-1] == kiosk_id(18)
    urgent = {kiosk_id(n) for n in (2, 27, *SILENT, *STALE)}
    assert set(order[:5]) == urgent
    assert order[5] == kiosk_id(ACKNOWLEDGED), "what somebody takes care of comes after"


def test_an_old_online_that_nothing_follows_is_not_presence(site: HubSite) -> None:
    [n] = STALE
    told = row(signed_in(site).get("/kiosks").text, n)
    assert "offline" in told
    assert "1 hour ago" in told
    found = rows_of_file(signed_in(site), "&state=offline")
    assert set(found) == {kiosk_id(n) for n in SILENT | STALE | CLOSED}


def test_a_screen_on_the_wall_and_the_live_board_count_no_ghost_as_online(site: HubSite) -> None:
    client = signed_in(site)
    online = COUNT - len(GONE | NEW | SILENT | STALE | CLOSED)
    assert f"{online} of {COUNT - len(GONE)} online" in client.get("/wall").text
    [stale] = STALE
    html = client.get("/board").text
    card = html.partition(f'href="/kiosks/{kiosk_id(stale)}"')[2].partition("</li>")[0]
    assert '<span class="bad">offline</span>' in card


def test_closed_is_not_silent(site: HubSite) -> None:
    html = signed_in(site).get("/kiosks?level=away").text
    assert set(shown(html)) == {kiosk_id(n) for n in CLOSED}
    assert "stop closed" in row(html, min(CLOSED))
    assert set(shown(signed_in(site).get("/kiosks?level=new").text)) == {kiosk_id(n) for n in NEW}


@pytest.mark.parametrize(
    ("n", "words"),
    [
        (5, ("The printer has no paper", "Somebody takes care of it", "out of paper")),
        (7, ("Paper is running low", "paper low: 1.2 m")),
        (9, ("1,840", "oldest: 2 hours ago", "Ring the operator")),
        (11, ("84 °C", "throttled", "The kiosk is too hot")),
        (13, ("clock not set",)),
        (15, ("240 MB free",)),
        (17, ("Well", "1.3.2-89ab4567", "not what most run")),
        (19, ("no spare prefix",)),
        (21, ("Panel (gpio) does not work",)),
        (23, ("too little voltage",)),
        (25, ("1 more",)),
        (27, ("The kiosk refuses every scan", "refuses every scan: the disk is nearly full")),
    ],
)
def test_the_board_tells_what_is_the_matter(site: HubSite, n: int, words: tuple[str, ...]) -> None:
    told = row(signed_in(site).get("/kiosks").text, n)
    for one in words:
        assert one in told


def test_the_stops_show_the_level_of_their_worst_kiosk_by_word_and_mark(site: HubSite) -> None:
    html = signed_in(site).get("/kiosks?view=stops").text
    headings = re.findall(r"<h2>([^<]*)</h2>", html.partition('class="overview"')[2])
    assert headings[:2] == ["Chengdu · Wuhou", "Chengdu · Jinjiang"]
    assert len(headings) == 5
    marks = re.findall(r'level-(\w+)"><a href="/kiosks\?stop=(stop-\d\d)"', html)
    assert ("urgent", "stop-02") in marks
    assert len(marks) == COUNT - len(GONE)
    assert 'East Gate 3<span class="hidden">: Urgent</span>' in html
    some = signed_in(site).get("/kiosks?view=stops&level=urgent").text
    assert len(re.findall(r'href="/kiosks\?stop=', some)) == 6


def test_a_filter_of_the_address_holds_for_the_page_the_files_and_the_api(site: HubSite) -> None:
    client = signed_in(site)
    wanted = [kiosk_id(7), kiosk_id(25)]
    assert sorted(set(shown(client.get("/kiosks?matter=paper-low").text))) == wanted
    assert sorted(rows_of_file(client, "&matter=paper-low")) == wanted
    headers = {"Authorization": f"Bearer {site.token()}"}
    answer = site.client().get("/api/v1/tables/kiosks?matter=paper-low", headers=headers)
    assert sorted(one["id"] for one in answer.get_json()["rows"]) == wanted


def test_a_file_holds_every_fact_and_no_telephone(site: HubSite) -> None:
    client = signed_in(site)
    found = rows_of_file(client)
    assert len(found) == COUNT
    hot = found[kiosk_id(11)]
    assert hot["Temperature, °C"] == "84"
    assert hot["Power and heat"] == "throttled hot"
    assert hot["What is the matter"] == "The kiosk is too hot; The kiosk has slowed down"
    assert found[kiosk_id(9)]["Oldest not yet sent, seconds"] == "9300"
    assert found[kiosk_id(17)]["Not what most run"] == "1"
    assert found[kiosk_id(ACKNOWLEDGED)]["Taken care of"] == "1"
    assert "5550" not in client.get("/kiosks?format=csv").text


def test_the_api_tells_what_the_board_tells_in_the_same_order(site: HubSite) -> None:
    headers = {"Authorization": f"Bearer {site.token()}"}
    found = site.client().get("/api/v1/kiosks", headers=headers).get_json()["kiosks"]
    assert [one["id"] for one in found] == shown(signed_in(site).get("/kiosks").text)
    first = found[0]
    assert (first["presence"], first["level"]) == ("online", "urgent")
    assert [one["kind"] for one in first["troubles"]] == ["scanner-down"]
    assert first["troubles"][0]["alarm"] is not None
    by_id = {one["id"]: one for one in found}
    [stale] = STALE
    assert by_id[kiosk_id(stale)]["online"] is True
    assert by_id[kiosk_id(stale)]["presence"] == "offline"
    assert by_id[kiosk_id(17)]["version_differs"] is True
    assert by_id[kiosk_id(7)]["paper_mm"] == 1200
    assert by_id[kiosk_id(18)]["ended"] == "retired"


def test_the_page_asks_for_its_part_again_and_gets_nothing_while_nothing_changed(
    site: HubSite,
) -> None:
    client = signed_in(site)
    first = client.get("/kiosks?level=urgent", headers=HX)
    assert "<html" not in first.text
    assert "<form" not in first.text.partition("<table")[0], "filters stay while somebody types"
    etag = first.headers["ETag"]
    again = client.get("/kiosks?level=urgent", headers={**HX, "If-None-Match": etag})
    assert again.status_code == 304
    whole = client.get("/kiosks?level=urgent").text
    assert etag.replace('"', "&#34;") in whole or etag in whole


def test_whoever_sees_one_stop_sees_its_kiosk_alone_and_a_viewer_no_telephone(
    site: HubSite,
) -> None:
    html = signed_in(site, "only-two").get("/kiosks").text
    assert shown(html) == [kiosk_id(2)]
    assert "028 5550 1202" in html
    viewer = signed_in(site, "viewer").get("/kiosks").text
    assert "Ring the host of the stop" in viewer
    assert "5550" not in viewer


def test_in_chinese_nothing_is_left_in_english(site: HubSite) -> None:
    html = signed_in(site, USER, "zh").get("/kiosks").text
    rows = html.partition('<tbody role="rowgroup">')[2].partition("</table>")[0]
    body = re.sub(r"<[^>]+>", " ", rows)
    assert "扫码枪不工作" in body
    words = set(re.findall(r"[A-Za-z]{4,}", body))
    assert words <= {"stop", "ttyACM", "gpio", "abcd"}, words


def test_a_kiosks_own_page_says_all_that_is_the_matter_and_whom_to_ring(site: HubSite) -> None:
    html = signed_in(site).get(f"/kiosks/{kiosk_id(25)}").text
    told = re.sub(r"<[^>]+>", " ", html.partition('class="watched needs"')[2].partition("<dl")[0])
    for words in (
        "Not urgent",
        "Paper is running low",
        "Lights or speaker do not work",
        "Too many records are not sent",
        "The kiosk does not know the time",
        "028 5550 1225",
    ):
        assert words in told
    [stale] = STALE
    away = signed_in(site).get(f"/kiosks/{kiosk_id(stale)}").text
    assert "offline" in away.partition("<h1>")[2].partition("</div>")[0]
    assert 'class="watched needs"' not in signed_in(site).get(f"/kiosks/{kiosk_id(0)}").text


def test_a_kiosk_that_a_roll_out_has_told_is_held_against_that_release(site: HubSite) -> None:
    now = site.now_ms

    def tell(here: Connection) -> None:
        made = {"release": VERSION, "note": "x", "account": "x", "made_ms": now, "state": "running"}
        stages = {
            "why": "{}",
            "stage": 1,
            "stage_ms": now,
            "hours": 0,
            "back": False,
            "looks": "{}",
        }
        number = here.execute(
            insert(db.roll_out).values(**made, **stages).returning(db.roll_out.c.id)
        ).scalar_one()
        member = {"roll_out": number, "kiosk": kiosk_id(17), "stage": 1, "told_ms": now}
        state = {"before": OLDER, "state": "told", "state_ms": now, "detail": ""}
        here.execute(insert(db.roll_out_kiosk).values(**member, **state))

    site.writer.call(tell)
    assert f"should be {VERSION}" in row(signed_in(site).get("/kiosks").text, 17)
    headers = {"Authorization": f"Bearer {site.token()}"}
    found = site.client().get("/api/v1/kiosks", headers=headers).get_json()["kiosks"]
    [told] = [one for one in found if one["id"] == kiosk_id(17)]
    assert (told["version_wanted"], told["version_differs"]) == (VERSION, True)


def test_a_hub_without_kiosks_leads_to_adding_one(tmp_path: Path) -> None:
    site = HubSite(tmp_path)
    site.add_user("administrator", Role.ADMINISTRATOR)
    html = signed_in(site, "administrator").get("/kiosks").text.partition("<main")[2]
    assert "No kiosk is registered yet" in html
    assert html.count('href="/kiosks/new"') == 2
    site.close()
