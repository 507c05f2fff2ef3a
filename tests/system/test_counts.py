"""A stop is counted by two lanes at once, approved over the API, and what was missing turns up."""

import json
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest

from contract.actions import Verb
from contract.codes import action_code
from tests.support import people
from tests.support.processes import until
from tests.support.shop import Counter, Shop, open_shop
from tests.system.test_workflows_count import CLOSE, COUNT, NEXT_SHELF, SHELF, put, take_in

WHERE = action_code(Verb.WHERE)


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    with open_shop(tmp_path_factory.mktemp("counts"), other=1) as shop:
        rows = [(SHELF, "shelf", "米架", "Rice shelf"), (NEXT_SHELF, "shelf", "皂架", "Soap shelf")]
        shop.table("place", "code,kind,zh,en", rows)
        for counter in shop.kiosks:
            counter.start()
        yield shop


class Office:
    """Somebody with a token for the API."""

    def __init__(self, shop: Shop, role: str) -> None:
        self._url = f"{shop.site.hub_url}/api/v1"
        self._token = shop.hub("token", "--role", role).split()[-1]

    def asks(self, path: str, body: object = None, *, post: bool = False) -> Any:
        """The answer to a request; raises what is no 200."""
        request = urllib.request.Request(
            self._url + path,
            data=json.dumps(body).encode() if post else None,
            headers={
                "Authorization": f"Bearer {self._token}",
                "Content-Type": "application/json",
            },
        )
        with urllib.request.urlopen(request, timeout=20) as answer:
            return json.loads(answer.read())


def told_at(counter: Counter) -> list[str]:
    """Lane, time and type of what a kiosk told of the count, in the order of its journal."""
    written = [
        event
        for lane in counter.lanes
        for event in counter.shop.events_at(counter.kiosk.name, lane.lane)
    ]
    written.sort(key=lambda event: event["public"]["seq"])
    return [f"{one['public']['lane']} {one['public']['mono']} {one['type']}" for one in written]


def test_what_two_lanes_did_not_find_is_missing_until_anything_shows_it(shop: Shop) -> None:
    counter, away = shop.kiosks
    first, second = counter.lanes
    here, strayed, taken, lost, fetched = take_in(shop, second, 5)
    put(shop, second, SHELF, here, taken, lost, fetched)
    put(shop, second, NEXT_SHELF, strayed)

    lead, manager = Office(shop, "volunteer-lead"), Office(shop, "warehouse-manager")
    stop = shop.item(here)["stop"]
    count = lead.asks("/counts", {"stop": stop, "recount": "never"}, post=True)["id"]
    first.does("count.opened", COUNT)
    first.does("shelf.opened", SHELF)
    first.does("counted", here)
    second.does("count.opened", COUNT)
    second.does("shelf.opened", NEXT_SHELF)
    second.does("counted counted", strayed, taken)
    second.does("shelf.closed count.closed", CLOSE)
    # Somebody fetches one for a neighbour while the first shelf is counted.
    put(shop, second, NEXT_SHELF, fetched)
    first.does("shelf.closed count.closed", CLOSE)

    offered = lead.asks(f"/counts/{count}")["offered"]
    assert [one["labels"] for one in offered] == [1, 2]
    parts = [one["part"] for one in offered]
    lead.asks(f"/counts/{count}/join", {"parts": parts}, post=True)
    found = {one["item"]: one for one in manager.asks(f"/counts/{count}/items")["items"]}
    assert {item: one["verdict"] for item, one in found.items()} == {
        here: "ok",
        strayed: "ok",
        taken: "elsewhere",
        lost: "missing",
        fetched: "left",
    }, json.dumps({"line": found[fetched], "told": told_at(counter)})
    seal = manager.asks(f"/counts/{count}")["seal"]
    approved = manager.asks(f"/counts/{count}/approve", {"seal": seal}, post=True)
    assert approved["state"] == "approved"
    shop.becomes("missing", lost)
    shop.becomes("in_stock", here, strayed, taken, fetched)

    # Days later somebody at another stop asks whose it is.
    [stand] = away.lanes
    stand.scan(WHERE, lost)
    shop.becomes("in_stock", lost)
    [again] = until("it is found again", lambda: manager.asks(f"/counts/{count}")["found_again"])
    assert again["item"] == lost
    stand.scan(people.FINISH)
