"""The warehouse over the API: decisions with keys, conflicts and refusals, and what it answers."""

import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from contract import codes, events
from contract.codes import Kind
from hub.access.permissions import Role
from tests.support.hub_site import HubSite, Place

BOX = codes.serial_code(Kind.BOX, "00AA", 1)
SHELF = codes.PLACES[1].code


class Program:
    """A program with a manager's token, and the stop whose goods it decides about."""

    def __init__(self, site: HubSite) -> None:
        self.site = site
        self.east: Place = site.add_stop("east", "东门", "East", ("锦江区", "Jinjiang"), "4K2P")
        self.west: Place = site.add_stop("west", "西门", "West", ("青羊区", "Qingyang"), "7TWX")
        self._tokens = {
            "": site.token(Role.WAREHOUSE_MANAGER),
            "east": site.token(Role.WAREHOUSE_MANAGER, stops=["east"]),
            "viewer": site.token(Role.VIEWER),
        }
        self._client = site.app.test_client()

    def get(self, path: str, who: str = "") -> Any:
        head = {"Authorization": f"Bearer {self._tokens[who]}"}
        return self._client.get(f"/api/v1/{path}", headers=head)

    def decide(
        self,
        kind: str,
        who: str = "",
        key: str = "",
        seen: dict[str, int] | None = None,
        **what: Any,
    ) -> Any:
        head = {"Authorization": f"Bearer {self._tokens[who]}"}
        if key:
            head["Idempotency-Key"] = key
        body = {"action": {"action": kind, **what}, "seen": seen or {}}
        self.site.now_ms += 1000
        return self._client.post("/api/v1/decisions", json=body, headers=head)

    def item(self, code: str) -> Any:
        return self.get(f"items/{code}").get_json()


@pytest.fixture
def program(tmp_path: Path) -> Iterator[Program]:
    site = HubSite(tmp_path)
    yield Program(site)
    site.close()


def test_a_decision_with_a_key_counts_once_and_can_be_taken_back(program: Program) -> None:
    item = program.site.intake(program.east, "F1")
    key = str(uuid.UUID(int=5))
    first = program.decide("quarantine", key=key, items=[item], why="dirty")
    again = program.decide("quarantine", key=key, items=[item], why="dirty")
    assert (first.status_code, again.status_code) == (200, 200)
    assert first.get_json()["events"] == again.get_json()["events"]
    assert program.item(item)["status"] == "quarantined"
    assert program.decide("release", key=key, items=[item], why="good").status_code == 422
    undone = program.decide("undo", events=first.get_json()["events"])
    assert undone.status_code == 200
    assert program.item(item)["status"] == "in_stock"


def test_a_program_that_knew_less_gets_a_conflict_that_names_what_is_newer(
    program: Program,
) -> None:
    item = program.site.intake(program.east, "F1")
    seen = {item: program.item(item)["position"]}
    done = program.decide("grade", items=[item], grade="A", seen=seen).get_json()["events"]
    late = program.decide("dispose", items=[item], why="B", seen=seen)
    assert late.status_code == 409
    assert late.get_json()["reasons"] == done
    assert program.item(item)["status"] == "in_stock"


@pytest.mark.parametrize(
    ("who", "kind", "what", "status"),
    [
        ("viewer", "move", {"place": SHELF}, 403),
        ("east", "move", {"place": SHELF}, 409),
        ("", "release", {"why": "good"}, 409),
        ("", "explode", {}, 400),
        ("", "move", {"place": "here"}, 400),
        ("", "move", {"place": SHELF, "more": 1}, 400),
    ],
)
def test_what_cannot_be_is_told_by_its_status(
    program: Program, who: str, kind: str, what: dict[str, Any], status: int
) -> None:
    item = program.site.intake(program.west, "F1")
    assert program.decide(kind, who, items=[item], **what).status_code == status
    assert program.item(item)["place"] == codes.PLACE_IN


def test_boxes_and_transfers_are_paged_within_the_tokens_stops(program: Program) -> None:
    items = [program.site.intake(program.east, "F1") for _ in range(2)]
    assert program.decide("pack", box=BOX, items=items).status_code == 200
    assert program.get(f"boxes/{BOX}").get_json()["inside"] == items
    assert [one["code"] for one in program.get("boxes?limit=1").get_json()["boxes"]] == [BOX]
    assert program.get(f"boxes?after={BOX}").get_json() == {"boxes": [], "next": None}
    journal = program.east.journal
    sent = journal.write(events.Sent(to=SHELF, kind="stop", items=(BOX,)), program.site.now_ms)
    program.site.receive(journal, [sent])
    found = program.get("transfers").get_json()["transfers"]
    assert [(one["event"], one["n"], one["between"]) for one in found] == [(sent.id, 2, 2)]
    legs = program.get(f"transfers/{sent.id}").get_json()["legs"]
    assert [(one["item"], one["outcome"]) for one in legs] == [(one, "between") for one in items]
    assert program.get(f"transfers/{items[0]}").status_code == 404


def test_a_proposal_names_the_position_that_a_decision_gives_back(program: Program) -> None:
    item = program.site.intake(program.east, "C1")
    [pick] = program.get("proposals?category=C1&n=5").get_json()["picks"]
    assert (pick["code"], pick["position"]) == (item, program.item(item)["position"])
    seen = {item: pick["position"]}
    assert program.decide("grade", items=[item], grade="D", seen=seen).status_code == 200
    assert program.get("proposals?category=C1&n=5").get_json()["picks"] == []
    assert program.get("proposals?category=C1&n=0").status_code == 400


def test_a_recall_tells_how_much_it_meets_and_never_who_has_it(program: Program) -> None:
    opened = program.decide(
        "open-recall", recall="00000000000000ee", gtin="06901234567892", why="maker", lot="L7"
    )
    assert opened.status_code == 200
    [recall] = program.get("recalls").get_json()["recalls"]
    assert (recall["lot"], recall["met"], recall["closed_t"]) == ("L7", {}, None)
    assert program.get("kits").get_json() == {"kits": []}
