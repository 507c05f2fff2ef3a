"""What labels and receipts look like, read, changed and seen by a program as on the page."""

import base64
import io
from typing import Any
from uuid import UUID

from flask.testing import FlaskClient
from PIL import Image

from hub.access.permissions import Role
from tests.integration.test_papers import EAST, EVERY, dots_in, told
from tests.integration.test_papers import operator as operator
from tests.integration.test_papers import site as site
from tests.support.hub_site import HubSite


def ask(
    site: HubSite, method: str, path: str, role: Role = Role.OPERATOR, **more: Any
) -> tuple[int, Any]:
    headers = {
        "Authorization": f"Bearer {site.token(role, stops=more.pop('stops', ()))}",
        **more.pop("headers", {}),
    }
    answer = site.client().open(f"/api/v1{path}", method=method, headers=headers, **more)
    return answer.status_code, answer.get_json()


def test_the_api_does_what_the_page_does(site: HubSite, operator: FlaskClient) -> None:
    status, found = ask(site, "GET", EAST, Role.VIEWER)
    assert (status, found["own"], found["version"]) == (200, False, 0)
    ours = {"stop_zh": "东门", "stop_en": "East", "label": {**found["papers"].get("label", {})}}
    ours["label"] = {"parts": [{"kind": kind} for kind in ("bars", "category", "code")]}
    body = {"papers": ours, "seen": 0}
    key = {"Idempotency-Key": str(UUID(int=7))}
    token = {"Authorization": f"Bearer {site.token(Role.OPERATOR)}"}
    first, again = (
        site.client().post(f"/api/v1{EAST}", json=body, headers=token | key) for _ in range(2)
    )
    assert (first.status_code, again.status_code) == (200, 200)
    assert first.get_json() == again.get_json()
    assert first.get_json()["version"] == 1, "the same request again saves no second version"
    assert [part.kind for part in told(site)[("kiosk-east",)].label.parts] == [
        "bars",
        "category",
        "code",
    ]
    assert ask(site, "POST", EAST, json=body)[0] == 409
    _, seen = ask(site, "POST", f"{EAST}/preview", json={"papers": ours, "paper": "label"})
    shown = dots_in(operator.get(EAST).text, -2)
    picture = Image.open(io.BytesIO(base64.b64decode(seen["png"])))
    assert (picture.tobytes(), picture.size) == (shown.tobytes(), (seen["width"], seen["height"]))
    assert seen["lines"] == ["米面粮油", "Rice, flour, oil", "G 0000 00001 Z"]
    status, back = ask(site, "POST", f"{EAST}/back", json={"version": 0, "seen": 1})
    assert (status, back["own"], back["version"]) == (200, False, 2)
    _, kept = ask(site, "GET", f"{EAST}/versions")
    assert [one["version"] for one in kept["versions"]] == [2, 1]


def test_the_api_says_which_part_cannot_be(site: HubSite) -> None:
    short = {"parts": [{"kind": "bars"}, {"kind": "poem"}]}
    body = {"papers": {"label": short, "logo": "bm8="}, "seen": 0}
    status, told_ = ask(site, "POST", EAST, json=body)
    assert (status, told_["parameter"]) == (400, "papers")
    for fault in ("label missing-code", "label missing-category", "label kind-2", "logo"):
        assert fault in told_["detail"]
    seen = {"papers": {}, "paper": "receipt", "printer": "58mm-30"}
    assert ask(site, "POST", f"{EAST}/preview", json=seen)[0] == 400


def test_a_token_for_one_stop_reaches_no_other(site: HubSite) -> None:
    body = {"papers": {}, "seen": 0}
    assert ask(site, "POST", EAST, stops=["east"], json=body)[0] == 200
    assert ask(site, "POST", "/papers/river", stops=["east"], json=body)[0] == 403
    assert ask(site, "POST", EVERY, stops=["east"], json=body)[0] == 403
    assert ask(site, "GET", EVERY, stops=["east"])[0] == 200
    assert ask(site, "POST", EAST, Role.VOLUNTEER_LEAD, json=body)[0] == 403
