"""What was decided at the hub stands on pages with its own stop, and leads to no kiosk."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from contract import codes, events
from hub.access import tokens
from hub.access.permissions import Role
from hub.access.scope import make
from hub.log import recording
from hub.log.recording import Actor, Draft
from tests.integration.test_web_operator import signed_in, words
from tests.support.hub_site import HubSite


@pytest.fixture
def site(tmp_path: Path) -> Iterator[HubSite]:
    found = HubSite(tmp_path)
    found.add_users()
    yield found
    found.close()


def received(site: HubSite) -> str:
    """A thing that was taken in at the hub, for the stop ``east``."""
    place = site.add_stop("east", "东门站", "East Gate", ("", ""), "4K2P")
    code = place.journal.code()
    body = events.Received(session="0" * 16, item=code, category="R1", place=codes.PLACE_IN)
    site.writer.call(
        lambda here: recording.record(here, [Draft(body, "east")], Actor(), now_ms=site.now_ms)
    )
    return code


def test_the_board_says_at_which_stop_it_was_and_leads_to_no_kiosk_called_hub(
    site: HubSite,
) -> None:
    received(site)
    board = signed_in(site).get("/board").text
    assert "a stop not registered here" not in board
    assert "/kiosks/hub" not in board
    told = words(board[board.index('id="h-events"') :])
    assert "East Gate · hub" in told


def test_the_page_of_an_item_that_came_in_at_the_hub_leads_to_no_kiosk(site: HubSite) -> None:
    page = signed_in(site).get(f"/items/{received(site)}")
    assert page.status_code == 200
    assert "/kiosks/hub" not in page.text


def test_whoever_keeps_one_stop_sees_what_the_hub_decided_about_it_and_no_other(
    site: HubSite,
) -> None:
    code = received(site)
    site.add_stop("west", "西门站", "West Gate", ("", ""), "5K2P")
    for name in ("east", "west"):
        site.add_user(name, Role.OPERATOR, stops=[name])
    for path in ("/events", f"/events?subject={code}", "/board"):
        assert f"Received {code}" in words(signed_in(site, "east").get(path).text), path
        assert f"Received {code}" not in words(signed_in(site, "west").get(path).text), path
    east, west = (
        site.client().get(
            "/api/v1/events",
            headers={"Authorization": f"Bearer {site.token(Role.OPERATOR, stops=[stop])}"},
        )
        for stop in ("east", "west")
    )
    assert [code in answer.text for answer in (east, west)] == [True, False]


def test_the_list_of_events_tells_who_decided_what_and_lists_one_accounts_decisions(
    site: HubSite,
) -> None:
    place = site.add_stop("east", "东门站", "East Gate", ("", ""), "4K2P")
    code = site.intake(place)
    who = {name: site.add_user(name, Role.WAREHOUSE_MANAGER) for name in ("wang", "zhao")}
    for name, grade in (("wang", "B"), ("zhao", "C"), ("zhao", "A")):
        drafts = [Draft(events.Graded(items=(code,), grade=grade), "east")]
        actor = Actor(who[name])
        site.writer.call(partial(recording.record, drafts=drafts, by=actor, now_ms=site.now_ms))
    client = signed_in(site)
    page = words(client.get("/events?kiosk=hub").text)
    assert (page.count(" wang"), page.count(" zhao")) >= (1, 2)
    assert "1 row " in words(client.get(f"/events?who={who['wang']}").text)
    assert "2 rows" in words(client.get(f"/events?who={who['zhao']}").text)
    rows = client.get(f"/events?who={who['zhao']}&format=csv").text
    assert rows.count("zhao") == 2


def test_what_a_program_decided_is_told_by_what_its_token_is_for(site: HubSite) -> None:
    place = site.add_stop("east", "东门站", "East Gate", ("", ""), "4K2P")
    code = site.intake(place)
    site.now_ms += 1000
    token = site.writer.call(
        lambda here: tokens.create(here, Role.OPERATOR, site.now_ms, "yearly report", make((), ()))
    )
    asked = {"action": {"action": "move", "items": [code], "place": "W000001E"}}
    answer = site.client().post(
        "/api/v1/decisions", json=asked, headers={"Authorization": f"Bearer {token}"}
    )
    assert answer.status_code == 200
    for path in (f"/items/{code}", "/events?kiosk=hub"):
        page = words(signed_in(site).get(path).text)
        assert "API yearly report" in page, path
        assert "an account that is gone" not in page, path
