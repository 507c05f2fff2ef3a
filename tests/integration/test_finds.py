"""What had no label in a count turns out to be what the same count did not find."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from contract import events
from hub.access.permissions import Role
from tests.integration.test_counts import desk, outcomes
from tests.integration.test_counts_api import Machine
from tests.integration.test_web_operator import words
from tests.support.counts import ROOM, SHELF, CountSite, Desk, hidden


@pytest.fixture
def site(tmp_path: Path) -> Iterator[CountSite]:
    found = CountSite(tmp_path)
    yield found
    found.close()


def found_bare(site: CountSite) -> tuple[Desk, str, str]:
    """A count that missed an item of the shelf and found something without a label in the room;
    the manager, the find, the item."""
    lead = desk(site, "lead")
    lead.plan()
    missing, *rest = site.on_shelf
    find = site.east.journal.code()
    site.first.begin()
    site.first.shelf(SHELF, *rest)
    site.first.shelf(ROOM, *site.in_room, closed=False)
    site.first.write(
        events.FoundUnlabelled(count=site.first.part, place=ROOM, item=find, category="C1"),
        events.LabelAttached(item=find, how="printed"),
    )
    site.first.close(ROOM, 4)
    assert lead.post("join", part=site.first.part) == 303
    return desk(site, "manager", lead.count), find, missing


def identify(at: Desk, find: str, item: str, page: str = "") -> tuple[int, str]:
    """Fills in the form as ``page`` shows it; the answer's status and page."""
    shown = page or at.client.get(f"{at.path}/identify?find={find}").text
    names = ("csrf_token", "request", "find", f"seen.{find}", f"seen.{item}")
    form = {name: hidden(shown, name) for name in names if f'name="{name}"' in shown}
    answer = at.client.post(f"{at.path}/identify", data={**form, "item": item})
    return answer.status_code, answer.text


def test_a_find_that_is_recognised_is_the_item_and_nothing_is_missing(site: CountSite) -> None:
    manager, find, item = found_bare(site)
    assert outcomes(manager)[item] == "Not found"
    assert "Which item is it?" in manager.page()
    status, _page = identify(manager, find, item)
    assert status == 303
    assert site.status(find) == "voided", "its label is withdrawn"
    assert site.status(item) == "in_stock"
    found = outcomes(manager)
    assert find not in found
    assert found[item] == "Seen at another place", "in the room, not on its shelf"
    page = words(manager.page())
    assert "Recognised" in page
    assert f"{find} is {item}. Stick a label" in page
    told = words(manager.client.get(f"/events?subject={item}").text)
    assert f"{find}, found without a label at" in told
    before = outcomes(manager)
    site.writer.call(lambda writing: site.writer.projector.rebuild(writing, site.now_ms))
    assert (outcomes(manager), site.status(find)) == (before, "voided")


def test_recognising_is_taken_back_with_one_click(site: CountSite) -> None:
    manager, find, item = found_bare(site)
    before = outcomes(manager)
    identify(manager, find, item)
    page = manager.page()
    form = {name: hidden(page, name) for name in ("csrf_token", "of", "request", "back")}
    assert manager.client.post("/stock/undo", data=form).status_code == 303
    assert outcomes(manager) == before
    assert (site.status(find), site.status(item)) == ("in_stock", "in_stock")
    assert "Which item is it?" in manager.page()


def test_after_the_approval_it_is_found_again_and_the_figures_stay(site: CountSite) -> None:
    manager, find, item = found_bare(site)
    assert manager.approve() == 303
    assert site.status(item) == "missing"
    site.now_ms += 60_000
    assert identify(manager, find, item)[0] == 303
    assert (site.status(find), site.status(item)) == ("voided", "in_stock")
    assert outcomes(manager)[item] == "Not found", "as it was approved"
    page = words(manager.page())
    assert "1 item was found again" in page
    assert "Told differently now" in page
    assert manager.post("restate") == 303


def test_what_changed_since_the_form_was_shown_is_shown_first(site: CountSite) -> None:
    manager, find, item = found_bare(site)
    form = manager.client.get(f"{manager.path}/identify?find={find}").text
    site.second.write(events.Graded(items=(item,), grade="B"))
    status, page = identify(manager, find, item, form)
    assert status == 409
    assert "kiosk-east-2" in page
    assert site.status(find) == "in_stock"


def test_only_a_find_of_the_count_and_only_what_is_missing_can_be_matched(site: CountSite) -> None:
    manager, find, item = found_bare(site)
    status, page = identify(manager, find, site.on_shelf[1])
    assert status == 409
    assert "is not missing in this count" in words(page)
    assert manager.client.get(f"{manager.path}/identify?find={item}").status_code == 409
    assert identify(manager, find, item)[0] == 303
    assert manager.client.get(f"{manager.path}/identify?find={find}").status_code == 409
    lead = desk(site, "lead", manager.count)
    assert lead.client.get(f"{lead.path}/identify?find={find}").status_code == 403, "it is blind"


def test_a_machine_matches_over_the_api_once(site: CountSite) -> None:
    manager, find, item = found_bare(site)
    machine = Machine(site, Role.WAREHOUSE_MANAGER)
    path = f"/counts/{manager.count}"
    status, told = machine.get(path)
    assert [(one["find"], one["item"]) for one in told["finds"]] == [(find, None)]
    key = "00000000-0000-4000-8000-00000000000a"
    wish = {"find": find, "item": item}
    assert machine.post(f"{path}/identify", {**wish, "seen": {item: 1}}, key)[0] == 409
    status, told = machine.post(f"{path}/identify", wish, key)
    assert (status, told["finds"][0]["item"]) == (200, item)
    assert machine.post(f"{path}/identify", wish, key) == (200, told)
    other = "00000000-0000-4000-8000-00000000000b"
    assert machine.post(f"{path}/identify", wish, other)[0] == 409
