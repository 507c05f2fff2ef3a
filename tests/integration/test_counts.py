"""A stop is counted by several kiosks and a phone at once, judged item by item, and approved."""

import csv
import io
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from contract import events
from contract.codes import Kind, grouped
from hub.access.permissions import Role
from tests.integration.test_web_operator import signed_in, words
from tests.support.counts import ROOM, SHELF, CountSite, Desk, hidden
from tests.support.hub_site import DAY_MS


@pytest.fixture
def site(tmp_path: Path) -> Iterator[CountSite]:
    found = CountSite(tmp_path)
    yield found
    found.close()


def desk(site: CountSite, name: str, count: str = "") -> Desk:
    found = Desk(signed_in(site, name))
    found.count = count
    return found


def outcomes(at: Desk) -> dict[str, str]:
    """What the export says of each item."""
    text = at.client.get(f"{at.path}/items?format=csv").data.decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(text)))
    return {row["Item"]: row["Outcome"] for row in rows}


def counted(site: CountSite) -> tuple[Desk, Desk]:
    """A count of two kiosks at once, in which two items were not found; the lead, the manager."""
    lead = desk(site, "lead")
    lead.plan()
    a, b, c, *_rest = site.on_shelf
    site.first.begin()
    site.second.begin()
    site.first.shelf(SHELF, a, closed=False)
    site.second.shelf(ROOM, *site.in_room[:2], c)
    site.first.write(
        *(
            events.Counted(count=site.first.part, place=SHELF, item=item, outcome="ok")
            for item in (b, site.on_shelf[3])
        )
    )
    site.first.close(SHELF, 3)
    for lane in (site.first, site.second):
        assert lead.post("join", part=lane.part) == 303
    return lead, desk(site, "manager", lead.count)


def test_two_kiosks_count_at_once_and_each_item_has_one_outcome(site: CountSite) -> None:
    _lead, manager = counted(site)
    shelf, room = site.on_shelf, site.in_room
    assert outcomes(manager) == {
        shelf[0]: "As it should be",
        shelf[1]: "As it should be",
        shelf[2]: "Seen at another place",
        shelf[3]: "As it should be",
        shelf[4]: "Not found",
        room[0]: "As it should be",
        room[1]: "As it should be",
        room[2]: "Not found",
    }
    page = words(manager.page())
    assert "2 Not found" in page or "Not found 2" in page
    assert "kiosk-east-2" in page


def test_who_counts_blind_is_not_told_what_is_expected(site: CountSite) -> None:
    lead, manager = counted(site)
    page = words(lead.page())
    assert "This count is blind" in page
    assert "Not found" not in page
    assert lead.client.get(f"{lead.path}/items").status_code == 403
    assert "Leave the counting to others" in words(manager.page())
    site.phone("manager", lead.count, SHELF, [site.on_shelf[4]])
    page = words(manager.page())
    assert "you take part in it" in page
    assert "Not found" not in page
    assert manager.approve() != 303, "who has counted does not approve"


def test_another_person_approves_and_what_is_missing_is_so_item_by_item(site: CountSite) -> None:
    lead, manager = counted(site)
    assert lead.approve() == 403, "a lead may not approve"
    assert manager.approve() == 303
    assert [site.status(item) for item in site.items].count("missing") == 2
    assert site.status(site.on_shelf[2]) == "in_stock"
    page = words(manager.page())
    assert "Approved" in page
    assert "do not change" in page
    listing = words(manager.client.get("/counts").text)
    assert "East Gate The whole stop Approved 6 2" in listing
    assert manager.approve() == 409, "it is decided"


def test_who_planned_or_counted_by_phone_does_not_approve(site: CountSite) -> None:
    planner = desk(site, "manager")
    planner.plan()
    site.phone("other-manager", planner.count, SHELF, site.on_shelf)
    assert planner.approve() == 409
    assert "Somebody else has to approve it" in words(planner.page())
    other = desk(site, "other-manager", planner.count)
    assert other.approve() == 409
    site.add_user("boss", Role.ADMINISTRATOR)
    third = desk(site, "boss", planner.count)
    assert third.approve() == 303


def test_what_arrives_while_somebody_decides_has_to_be_looked_at_first(site: CountSite) -> None:
    _lead, manager = counted(site)
    asked = manager.client.get(f"{manager.path}/approve").text
    form = {name: hidden(asked, name) for name in ("csrf_token", "seal", "request")}
    plan = site.east.journal.code(Kind.PLAN)
    site.first.write(events.Out(plan=plan, items=(site.on_shelf[4],)))
    answer = manager.client.post(f"{manager.path}/approve", data=form)
    assert answer.status_code == 409
    assert "Something arrived since you looked" in words(answer.text)
    assert outcomes(manager)[site.on_shelf[4]] == "Turned up afterwards"


def test_a_kiosk_that_was_offline_explains_days_later_what_was_missing(site: CountSite) -> None:
    lead = desk(site, "lead")
    lead.plan()
    fetched, lost, *rest = site.on_shelf
    site.first.begin()
    site.first.shelf(SHELF, *rest, closed=False)
    site.second.online = False
    plan = site.second.journal.code(Kind.PLAN)
    site.second.write(events.Out(plan=plan, items=(fetched,)))
    site.first.close(SHELF, len(rest))
    site.first.shelf(ROOM, *site.in_room)
    lead.post("join", part=site.first.part)
    manager = desk(site, "manager", lead.count)
    assert re.search(r"You can wait for them: kiosk-east-2 ", words(manager.page()))
    assert manager.approve() == 303
    assert (site.status(fetched), site.status(lost)) == ("missing", "missing")
    before = outcomes(manager)
    site.now_ms += 3 * DAY_MS
    site.second.send()
    assert (site.status(fetched), site.status(lost)) == ("out", "missing")
    manager = desk(site, "manager", lead.count)
    page = words(manager.page())
    assert "Told differently now" in page
    assert f"{grouped(fetched)} Not found Left during the count (set out with a volunteer)" in page
    assert "1 item was found again" in page
    assert outcomes(manager) == before, "what was approved stays"
    assert manager.post("restate") == 303
    page = words(manager.page())
    assert "Told differently now" not in page
    assert "Restated 6 Nov" in page
    assert manager.post("restate") == 409


def test_what_was_missing_returns_when_anything_shows_it(site: CountSite) -> None:
    _lead, manager = counted(site)
    manager.approve()
    missing = site.on_shelf[4]
    site.now_ms += DAY_MS
    journal = site.river.journal
    seen = events.ItemSeen(item=missing, outcome="fine")
    site.receive(journal, [journal.write(seen, site.now_ms)])
    assert site.status(missing) == "in_stock"
    manager = desk(site, "manager", manager.count)
    page = words(manager.page())
    assert f"1 item was found again {grouped(missing)}" in page
    assert "Told differently now" not in page, "it was found after the count"


def test_places_that_differ_are_counted_again_before_anybody_approves(site: CountSite) -> None:
    lead = desk(site, "lead")
    lead.plan(recount="differs", whole="no", place=[SHELF])
    site.first.begin()
    site.first.shelf(SHELF, *site.on_shelf[1:])
    lead.post("join", part=site.first.part)
    manager = desk(site, "manager", lead.count)
    assert manager.approve() == 409
    assert "Have 1 place counted again" in words(manager.page())
    assert manager.post("again", place=SHELF) == 303
    assert "To be counted again (round 2)" in words(manager.page())
    assert manager.approve() == 409
    site.second.begin()
    site.second.shelf(SHELF, *site.on_shelf[:4])
    lead.post("join", part=site.second.part)
    assert outcomes(manager) == {
        **dict.fromkeys(site.on_shelf[:4], "As it should be"),
        site.on_shelf[4]: "Not found",
    }
    assert manager.approve() == 303


def test_a_lane_that_is_interrupted_goes_on_where_it_was(site: CountSite) -> None:
    lead = desk(site, "lead")
    lead.plan(blind="")
    site.first.begin()
    lead.post("join", part=site.first.part)
    site.first.shelf(SHELF, *site.on_shelf[:2], closed=False)
    site.first.write(events.CountPaused(count=site.first.part, why="idle"))
    page = words(lead.page())
    assert "Has a break" in page
    assert "Being counted" in page
    manager = desk(site, "manager", lead.count)
    assert manager.approve() == 409, "a shelf is open"
    site.now_ms += DAY_MS
    manager = desk(site, "manager", lead.count)
    resumed = events.CountResumed(count=site.first.part)
    site.first.write(
        resumed,
        *(
            events.Counted(count=site.first.part, place=SHELF, item=item, outcome="ok")
            for item in site.on_shelf[2:]
        ),
    )
    site.first.close(SHELF, 5)
    site.first.end()
    found = outcomes(manager)
    assert {found[item] for item in site.on_shelf} == {"As it should be"}
    assert {found[item] for item in site.in_room} == {"Its place was not counted"}
    assert manager.approve() == 303
    assert "missing" not in {site.status(item) for item in site.items}


def test_a_count_that_does_not_belong_is_taken_out_again(site: CountSite) -> None:
    lead, manager = counted(site)
    page = lead.client.get(lead.path).text
    joined = hidden(page.split("Who counts")[1], "joined")
    assert lead.post("leave", joined=joined) == 303
    assert "Belongs to this count" in words(lead.page())
    assert outcomes(manager)[site.on_shelf[0]] == "Its place was not counted"
    assert lead.post("leave", joined=joined) == 409


def test_a_count_that_was_given_up_changes_nothing(site: CountSite) -> None:
    lead, manager = counted(site)
    assert lead.post("cancel", why="none of these") == 400
    assert lead.post("cancel", why="disturbed") == 303
    assert "Disturbed too much to be right" in words(lead.page())
    assert manager.approve() == 409
    assert "missing" not in {site.status(item) for item in site.items}
    assert "Given up" in words(lead.client.get("/counts").text)


def test_counts_of_other_stops_are_neither_seen_nor_approved(site: CountSite) -> None:
    lead, _manager = counted(site)
    site.add_user("riverside", Role.WAREHOUSE_MANAGER, stops=["river"])
    other = desk(site, "riverside", lead.count)
    assert other.client.get(other.path).status_code == 403
    assert "0 rows" in words(other.client.get("/counts").text)
    assert other.client.get("/counts/plan?stop=east").status_code == 200
    assert "East Gate" not in words(other.client.get("/counts/plan?stop=east").text)


def test_the_live_part_is_sent_only_when_it_changed(site: CountSite) -> None:
    lead, _manager = counted(site)
    first = lead.client.get(f"{lead.path}/live")
    tag = first.headers["ETag"]
    again = lead.client.get(f"{lead.path}/live", headers={"If-None-Match": tag})
    assert again.status_code == 304
    site.first.shelf(SHELF, site.on_shelf[4])
    now = lead.client.get(f"{lead.path}/live", headers={"If-None-Match": tag})
    assert now.status_code == 200


def test_the_form_wants_a_stop_and_places(site: CountSite) -> None:
    lead = desk(site, "lead")
    page = lead.client.get("/counts/plan?stop=east").text
    form = {"csrf_token": hidden(page, "csrf_token"), "stop": "east", "whole": "no"}
    answer = lead.client.post("/counts/plan", data=form)
    assert answer.status_code == 400
    assert "Choose the places" in words(answer.text)
    answer = lead.client.post("/counts/plan", data={**form, "stop": "nowhere"})
    assert answer.status_code == 400


def test_the_same_click_again_plans_and_approves_once(site: CountSite) -> None:
    lead = desk(site, "lead")
    request = "00000000-0000-4000-8000-000000000001"
    assert lead.plan(request=request) == lead.plan(request=request)
    assert words(lead.client.get("/counts").text).count("Going on") >= 1
    with site.reader.connect() as connection:
        text = "SELECT COUNT(*) FROM event WHERE type = 'count.planned'"
        assert connection.exec_driver_sql(text).scalar() == 1


@pytest.mark.parametrize("order", [0, 1, 2])
def test_a_rebuilt_hub_and_another_order_of_arrival_find_the_same(
    site: CountSite, order: int
) -> None:
    lead = desk(site, "lead")
    lead.plan()
    site.first.online = site.second.online = order == 0
    site.first.begin()
    site.second.begin()
    site.first.shelf(SHELF, *site.on_shelf[:3])
    site.second.shelf(ROOM, site.on_shelf[3], *site.in_room)
    for lane in (site.first, site.second) if order == 1 else (site.second, site.first):
        lane.send()
    for lane in (site.first, site.second):
        lead.post("join", part=lane.part)
    manager = desk(site, "manager", lead.count)
    found = outcomes(manager)
    assert found[site.on_shelf[3]] == "Seen at another place"
    assert found[site.on_shelf[4]] == "Not found"
    site.writer.call(lambda writing: site.writer.projector.rebuild(writing, site.now_ms))
    assert outcomes(manager) == found


def test_the_list_of_events_tells_a_count_in_words(site: CountSite) -> None:
    lead, manager = counted(site)
    assert manager.post("again", place=SHELF) == 303
    assert lead.post("cancel", why="disturbed") == 303
    page = words(lead.client.get(f"/events?subject=N{lead.count}").text)
    for text in (
        "A stocktake of the whole stop was planned",
        "A lane’s count belongs to a planned stocktake",
        "To be counted again:",
        "A stocktake was given up",
    ):
        assert text in page
    page = words(lead.client.get(f"/events?subject=N{site.first.part}").text)
    assert "A stocktake began at this lane" in page
    assert "is counted: 3 labels" in page


def test_a_hub_without_the_kept_figures_says_so_and_tells_them_from_the_log(
    site: CountSite,
) -> None:
    _lead, manager = counted(site)
    manager.approve()
    site.writer.call(lambda here: here.exec_driver_sql("DELETE FROM stocktake_result"))
    page = words(manager.page())
    assert "by manager: 6 seen, 2 not found. This hub has no copy" in page
    assert "2 Not found" in page or "Not found 2" in page
    assert manager.post("restate") == 409
