"""What the pages do, a program does over the API, by the same rules."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from contract import codes, events
from hub.access.permissions import Role
from hub.kiosks import catalogue
from tests.support.hub_site import HubSite, Place

KEY = str(UUID(int=9))


@pytest.fixture
def site(tmp_path: Path) -> Iterator[HubSite]:
    found = HubSite(tmp_path)
    yield found
    found.close()


@pytest.fixture
def east(site: HubSite) -> Place:
    return site.add_stop("stop-east", "东门站", "East Gate", ("", ""), "0E0E")


def ask(
    site: HubSite, method: str, path: str, role: Role = Role.OPERATOR, **more: Any
) -> tuple[int, Any]:
    headers = {"Authorization": f"Bearer {site.token(role)}", **more.pop("headers", {})}
    answer = site.client().open(f"/api/v1{path}", method=method, headers=headers, **more)
    return answer.status_code, answer.get_json()


def statuses(site: HubSite) -> list[str]:
    with site.reader.connect() as connection:
        return list(connection.exec_driver_sql("SELECT status FROM item ORDER BY code").scalars())


def test_an_incident_is_settled_over_the_api(site: HubSite, east: Place) -> None:
    item = site.intake(east)
    for number in (1, 2):
        plan = codes.serial_code(codes.Kind.PLAN, "00ZZ", number)
        body = events.Delivered(plan=plan, items=(item,))
        site.receive(east.journal, [east.journal.write(body, site.now_ms)])
    site.now_ms += 60_000
    [incident] = ask(site, "GET", "/incidents")[1]["incidents"]
    ruling = {"key": incident["key"], "ruling": "missing"}
    assert ask(site, "POST", "/incidents/rule", Role.VIEWER, json=ruling)[0] == 403
    position = ask(site, "GET", f"/items/{item}")[1]["position"]
    stale = ruling | {"position": position - 1}
    status, told = ask(site, "POST", "/incidents/rule", json=stale)
    assert (status, told["parameter"]) == (409, item)
    status, told = ask(site, "POST", "/incidents/rule", json=ruling | {"position": position})
    assert (status, len(told["events"])) == (200, 1)
    assert statuses(site) == ["missing"]
    assert ask(site, "POST", "/incidents/rule", json=ruling)[0] == 409
    assert ask(site, "POST", "/incidents/rule", json={"key": "no", "ruling": "here"})[0] == 404


def test_things_get_names_over_the_api(site: HubSite, east: Place) -> None:
    rice = {"gtin": "06901234567892", "zh": "大米", "en": "Rice", "category": "F1"}
    status, _ = ask(site, "POST", "/names/products", json={"entries": [rice]})
    assert status == 200
    assert ask(site, "GET", "/names/products")[1] == {"entries": [rice]}
    wrong = rice | {"category": "X9"}
    status, told = ask(site, "POST", "/names/products", json={"entries": [wrong]})
    assert (status, "X9" in told["detail"]) == (400, True)
    assert ask(site, "DELETE", f"/names/products/{rice['gtin']}")[0] == 200
    assert ask(site, "DELETE", f"/names/products/{rice['gtin']}")[0] == 404
    with site.reader.connect() as connection:
        assert catalogue.told(connection, "products") == ()


@pytest.mark.parametrize("key", ["8", "0", "seven", "²", "99999999999999999999"])
def test_a_campaign_that_there_is_not_is_not_taken_away(site: HubSite, key: str) -> None:
    spoon = {"number": 7, "zh": "一勺米", "en": "A spoon of rice", "target": 100}
    assert ask(site, "POST", "/names/campaigns", json={"entries": [spoon]})[0] == 200
    assert ask(site, "DELETE", f"/names/campaigns/{key}")[0] == 404
    assert ask(site, "DELETE", "/names/campaigns/7")[0] == 200


def test_a_donation_comes_as_rows_and_counts_once(site: HubSite, east: Place) -> None:
    rows = [["category", "quantity"], ["F1", 3], ["H1", "2"]]
    sent = {"stop": "stop-east", "rows": rows, "source": "A firm"}
    headers = {"Idempotency-Key": KEY}
    token = {"Authorization": f"Bearer {site.token(Role.OPERATOR)}", **headers}
    client = site.client()
    first = client.post("/api/v1/donations", json=sent, headers=token).get_json()
    again = client.post("/api/v1/donations", json=sent, headers=token).get_json()
    assert (first["pieces"], first["faults"], first["id"]) == (5, [], again["id"])
    status, told = ask(site, "POST", f"/donations/{first['id']}/receive")
    assert (status, len(told["codes"])) == (200, 5)
    assert statuses(site) == ["unlabelled"] * 5
    assert ask(site, "POST", f"/donations/{first['id']}/receive")[0] == 409
    assert ask(site, "POST", f"/donations/{first['id']}/labelled")[0] == 200
    assert statuses(site) == ["in_stock"] * 5
    faulty = {"stop": "stop-east", "rows": [["category", "quantity"], ["F1", "many"]]}
    status, told = ask(site, "POST", "/donations", json=faulty)
    assert (status, told["faults"][0]["why"]) == (200, "not-a-number")
    assert ask(site, "POST", f"/donations/{told['id']}/receive")[0] == 409
    status, told = ask(site, "POST", "/donations", json=sent | {"stop": "nowhere"})
    assert (status, told["parameter"]) == (400, "stop")
