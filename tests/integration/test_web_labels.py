"""Labels are printed ahead in the browser, bound at their first scan, and given up when spoilt."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from contract import codes, events
from hub.access.permissions import Role
from tests.integration.test_web_operator import csrf, signed_in, words
from tests.support.hub_site import HubSite, Place
from tests.support.pdf import codes_on


@pytest.fixture
def site(tmp_path: Path) -> Iterator[HubSite]:
    found = HubSite(tmp_path)
    found.add_users()
    yield found
    found.close()


@pytest.fixture
def east(site: HubSite) -> Place:
    return site.add_stop("stop-east", "东门站", "East Gate", ("", ""), "0E0E")


def make(client: FlaskClient, sheets: str = "1", **more: str) -> tuple[int, str]:
    form = {"csrf_token": csrf(client, "/labels/"), "kind": "item", "sheets": sheets, **more}
    answer = client.post("/labels/", data=form)
    return answer.status_code, answer.location or words(answer.text)


def printed(client: FlaskClient, address: str) -> list[str]:
    """The codes on the first sheet, by an independent reader."""
    return codes_on(client.get(f"{address}/sheets.pdf").data)


def test_a_sheet_is_made_and_its_labels_are_bound_by_a_scan(site: HubSite, east: Place) -> None:
    client = signed_in(site)
    status, address = make(client, stop="stop-east")
    assert status == 303
    labels = printed(client, address)
    assert len(labels) == 24
    assert all(codes.parse(label).ready_made for label in labels)
    body = events.Received(
        session=east.journal.session,
        item=labels[0],
        category="F1",
        place=codes.PLACE_IN,
        ready_made=True,
    )
    site.receive(east.journal, [east.journal.write(body, site.now_ms)])
    assert "On something 1" in words(client.get(address).text)
    assert "Still blank 23" in words(client.get(address).text)
    assert printed(client, address) == labels, "printing again gives the same codes"


def test_two_runs_never_share_a_code(site: HubSite, east: Place) -> None:
    client = signed_in(site)
    first, second = make(client)[1], make(client)[1]
    assert first != second
    assert not set(printed(client, first)) & set(printed(client, second))


def test_a_spoilt_label_is_given_up_once(site: HubSite, east: Place) -> None:
    client = signed_in(site)
    _, address = make(client)
    label = printed(client, address)[3]
    form = {"csrf_token": csrf(client, "/labels/"), "code": codes.grouped(label)}
    asked = client.get(f"/labels/void?code={label}")
    assert (asked.status_code, f"{codes.grouped(label)}?" in asked.text) == (200, True)
    assert "Given up 0" in words(client.get(address).text), "asking gives nothing up"
    assert client.post("/labels/void", data=form).status_code == 303
    again = client.get(f"/labels/void?code={label}")
    assert (again.status_code, "given up before" in again.text) == (409, True)
    page = words(client.get(address).text)
    assert "Given up 1" in page
    assert "Still blank 23" in page
    again = client.post("/labels/void", data=form)
    assert (again.status_code, "given up before" in again.text) == (409, True)
    stranger = site.intake(east)
    form["code"] = stranger
    assert client.post("/labels/void", data=form).status_code == 409


@pytest.mark.parametrize("sheets", ["0", "51", "-1", "many", ""])
def test_a_number_that_cannot_be_says_so(site: HubSite, sheets: str) -> None:
    status, page = make(signed_in(site), sheets)
    assert (status, "From 1 to 50 sheets at once" in page) == (400, True)


def test_a_lead_of_one_stop_makes_labels_for_that_stop_only(site: HubSite, east: Place) -> None:
    site.add_stop("stop-west", "西门站", "West Gate", ("", ""), "0W0W")
    site.add_user("west", Role.VOLUNTEER_LEAD, stops=["stop-west"])
    client = signed_in(site, "west")
    assert make(client)[0] == 403
    assert make(client, stop="stop-east")[0] == 403
    assert make(client, stop="stop-west")[0] == 303
    assert re.search(r"West Gate", client.get("/labels/").text)
    viewer = signed_in(site, "viewer")
    assert viewer.get("/labels/").status_code == 200
    assert make(viewer, stop="stop-west")[0] == 403
