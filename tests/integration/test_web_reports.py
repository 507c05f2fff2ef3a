"""Charts and their figures agree with what happened, and each leads to exactly what it counts."""

import re
from collections.abc import Iterator
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from contract import codes, events
from hub.access.permissions import Role
from tests.integration.test_web_operator import signed_in, words
from tests.support.hub_site import DAY_MS, NOON, HubSite, Place

WEEK_MS = 7 * DAY_MS


class City(HubSite):
    """Two stops. Last week three pieces of food came in at East; this week one there, of which two
    went out and one was delivered, and a jacket at River."""

    def __init__(self, directory: Path) -> None:
        super().__init__(directory)
        self.add_users()
        self.now_ms = NOON - WEEK_MS
        self.east = self.add_stop("east", "东门站", "East Gate", ("", ""), "0E0E")
        self.river = self.add_stop("river", "河边站", "Riverside", ("", ""), "0R0R")
        self.food = [self.take_in(self.east, "F1", "261101") for _ in range(2)]
        self.food.append(self.take_in(self.east, "F1", "261120"))
        self.now_ms = NOON
        self.food.append(self.take_in(self.east, "F1", "261120"))
        self.jacket = self.intake(self.river, "C1")
        self.plan = self.hand_out(self.east, *self.food[:2])
        self.deliver(self.east, self.plan, 1)

    def take_in(self, place: Place, category: str, expiry: str) -> str:
        """Something with a date, YYMMDD."""
        journal = place.journal
        code = journal.code()
        retail = events.Retail(
            gtin="06901234567892", expiry=f"20{expiry[:2]}-{expiry[2:4]}-{expiry[4:]}"
        )
        received = events.Received(
            session=journal.session,
            item=code,
            category=category,
            place=codes.PLACE_IN,
            retail=retail,
        )
        label = events.LabelAttached(item=code, how="printed")
        at = self.now_ms
        self.receive(journal, [journal.write(received, at), journal.write(label, at)])
        return code


@pytest.fixture
def city(tmp_path: Path) -> Iterator[City]:
    found = City(tmp_path)
    yield found
    found.close()


def page(client: FlaskClient, address: str = "/reports") -> str:
    answer = client.get(address)
    assert answer.status_code == 200
    return answer.text


def chart(text: str, name: str) -> dict[str, list[int]]:
    """The figures of a chart's table."""
    [section] = re.findall(rf'<section[^>]*aria-labelledby="h-{name}">(.*?)</section>', text, re.S)
    found: dict[str, list[int]] = {}
    for row in re.findall(r"<tr><th scope=\"row\">(.*?)</tr>", section, re.S):
        head, *cells = re.split(r"</th>|</td>", row)
        numbers = [words(cell) for cell in cells if words(cell)]
        found[unescape(words(head))] = [int(one.replace(",", "")) for one in numbers]
    return found


def bars(text: str, name: str) -> list[str]:
    """Where the bars of a chart lead."""
    [section] = re.findall(rf'<section[^>]*aria-labelledby="h-{name}">(.*?)</section>', text, re.S)
    return [unescape(one) for one in re.findall(r'<a class="bar" href="([^"]+)"', section)]


def listed(client: FlaskClient, address: str) -> int:
    """Pieces of a list."""
    [count] = re.findall(r"([0-9]+) rows?", words(page(client, address)))
    return int(count)


def test_charts_show_what_came_went_and_stands(city: City) -> None:
    text = page(signed_in(city))
    weeks = ("Week 44 of 2026 (26 Oct–1 Nov)", "Week 45 of 2026 (2 Nov–8 Nov)")
    intake, handover, level = (chart(text, name) for name in ("intake", "handover", "level"))
    assert [intake[week] for week in weeks] == [[3, 0], [1, 1]]
    assert [handover[week] for week in weeks] == [[0, 0, 0], [2, 2, 0]]
    assert [level[week] for week in weeks] == [[3], [3]]
    assert chart(text, "stops") == {"East Gate": [4, 2], "Riverside": [1, 0]}
    assert chart(text, "categories") == {"Rice, flour, oil": [4, 2], "Adults' clothing": [1, 0]}
    assert list(chart(text, "age").values()) == [[3], [0], [0], [0], [0]]
    expiry = chart(text, "expiry")
    assert expiry["Past its date, and still here"] == [0]
    assert expiry["Week 47 of 2026 (16 Nov–22 Nov)"] == [2]


def test_every_figure_leads_to_exactly_what_it_counts(city: City) -> None:
    client = signed_in(city)
    text = page(client)
    followed = 0
    for name in ("intake", "handover", "level", "expiry", "age", "categories", "stops"):
        [section] = re.findall(rf'aria-labelledby="h-{name}">(.*?)</section>', text, re.S)
        for href, n in re.findall(r'<td class="n"><a href="([^"]+)">([0-9,]+)</a>', section):
            assert (name, href, listed(client, unescape(href))) == (name, href, int(n))
            followed += 1
    assert followed > 12


def test_what_stands_as_other_categories_leads_to_the_others_alone(city: City) -> None:
    for category in ("B1", "C2", "E1", "H1", "K1", "R1"):
        city.intake(city.river, category)
    client = signed_in(city)
    text = page(client)
    [section] = re.findall(r'aria-labelledby="h-intake">(.*?)</section>', text, re.S)
    assert "Other categories" in words(section)
    cells = re.findall(r'<td class="n"><a href="([^"]+)">([0-9,]+)</a>', section)
    others = [(unescape(href), int(n)) for href, n in cells if "without=" in href]
    assert [n for _, n in others if n] == [3]
    for href, n in others:
        assert listed(client, href) == n


def test_filters_are_in_the_address_and_reach_every_link(city: City) -> None:
    client = signed_in(city)
    text = page(client, "/reports?stop=east&category=F1&span=m12")
    assert chart(text, "intake")["October 2026"] == [3]
    assert chart(text, "stops") == {"East Gate": [4, 2]}
    for href in bars(text, "intake"):
        assert {"stop=east", "category=F1", "what=received"} <= set(href.split("?")[1].split("&"))
    assert listed(client, bars(text, "intake")[-1]) == 1
    unread = page(client, "/reports?stop=nowhere&category=%01&span=never")
    assert chart(unread, "stops") == chart(page(client), "stops")


def test_somebody_of_one_stop_sees_that_stop(city: City) -> None:
    city.add_user("lead", Role.VOLUNTEER_LEAD, stops=["river"])
    text = page(signed_in(city, "lead"))
    assert chart(text, "stops") == {"Riverside": [1, 0]}
    assert "East Gate" not in text
    assert chart(page(signed_in(city, "lead"), "/reports?stop=east"), "stops") == {}
    assert listed(signed_in(city, "lead"), "/reports/movements") == 1


def test_the_figures_can_be_taken_away_as_a_file(city: City) -> None:
    client = signed_in(city)
    answer = client.get("/reports?format=csv&stop=east")
    lines = answer.text.lstrip("\ufeff").splitlines()
    assert lines[1:] == [
        '2026-11-02,east,East Gate,"Rice, flour, oil",1,2,2,0,0,0,-1',
        '2026-10-26,east,East Gate,"Rice, flour, oil",3,0,0,0,0,0,3',
    ]
    assert client.get("/reports?format=xlsx").data[:2] == b"PK"
    assert signed_in(city, "viewer").get("/reports?format=csv").status_code == 403


def test_a_void_takes_its_piece_out_of_every_figure(city: City) -> None:
    journal = city.river.journal
    code = journal.code()
    body = events.Received(session=journal.session, item=code, category="C1", place=codes.PLACE_IN)
    received = journal.write(body, city.now_ms)
    city.receive(journal, [received])
    assert chart(page(signed_in(city)), "stops")["Riverside"] == [2, 0]
    void = events.Voided(events=(received.id,), items=(code,))
    city.receive(journal, [journal.write(void, city.now_ms)])
    assert chart(page(signed_in(city)), "stops")["Riverside"] == [1, 0]


def test_of_very_many_stops_the_table_has_those_that_the_chart_has_not(city: City) -> None:
    for n in range(45):
        place = city.add_stop(f"stop-{n}", f"{n}号站", f"Stop {n}", ("", ""), f"1{n:03d}")
        city.intake(place, "C1")
    text = page(signed_in(city))
    assert len(chart(text, "stops")) == 47
    assert len(bars(text, "stops")) == 40
    assert "7 more stand in the table" in words(text)


def test_an_empty_hub_says_what_would_fill_its_charts(tmp_path: Path) -> None:
    site = HubSite(tmp_path)
    site.add_users()
    try:
        text = page(signed_in(site))
        assert "<svg" not in text
        assert "Scan something in at a kiosk" in text
    finally:
        site.close()


def test_chinese_pages_number_weeks_in_chinese(city: City) -> None:
    assert "2026年第45周（11月2日至11月8日）" in page(signed_in(city, language="zh"))


# --- over the API ---------------------------------------------------------------------------------


def asked(city: City, address: str, **token: Any) -> Any:
    client = city.app.test_client()
    answer = client.get(address, headers={"Authorization": f"Bearer {city.token(**token)}"})
    return answer.status_code, answer.json


def test_programs_get_the_same_figures_page_by_page(city: City) -> None:
    status, first = asked(city, "/api/v1/reports/flows?limit=2")
    assert status == 200
    assert [(one["period"], one["stop"], one["received"]) for one in first["flows"]] == [
        ("2026-11-02", "east", 1),
        ("2026-11-02", "river", 1),
    ]
    _, second = asked(city, f"/api/v1/reports/flows?limit=2&after={first['next']}")
    assert [(one["period"], one["more"]) for one in second["flows"]] == [("2026-10-26", 3)]
    assert second["next"] is None
    _, scoped = asked(city, "/api/v1/reports/flows?by=month", stops=["river"])
    assert [(one["period"], one["stop"]) for one in scoped["flows"]] == [("2026-11", "river")]


def test_programs_learn_what_stands_there_and_how_old_it_is(city: City) -> None:
    status, shelf = asked(city, "/api/v1/reports/shelf?weeks=3")
    assert (status, shelf["pieces"], shelf["past"]) == (200, 3, 0)
    assert shelf["ages"][0] == {"from_days": 0, "to_days": 7, "pieces": 3}
    assert [one["pieces"] for one in shelf["ahead"]] == [0, 0, 2]
    status, problem = asked(city, "/api/v1/reports/flows?count=0")
    assert (status, problem["parameter"]) == (400, "count")
