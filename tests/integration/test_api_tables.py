"""Whatever a page lists, a program pages through: the same rows, filters and order."""

from collections.abc import Iterator
from typing import Any

import pytest

from hub.access.permissions import Role
from hub.api.tables import TABLES
from tests.support.hub_scene import Scene, a_scene


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    with a_scene(tmp_path_factory.mktemp("hub")) as found:
        yield found


def ask(scene: Scene, path: str, role: Role = Role.OPERATOR, **query: Any) -> tuple[int, Any]:
    headers = {"Authorization": f"Bearer {scene.site.token(role)}"}
    answer = scene.site.client().get(f"/api/v1{path}", headers=headers, query_string=query)
    return answer.status_code, answer.get_json()


def test_every_table_says_what_it_has_and_gives_it(scene: Scene) -> None:
    status, told = ask(scene, "/tables", Role.ADMINISTRATOR)
    assert status == 200
    assert [one["name"] for one in told["tables"]] == list(TABLES)
    for table in told["tables"]:
        status, page = ask(scene, f"/tables/{table['name']}", Role.ADMINISTRATOR)
        assert status == 200
        for row in page["rows"]:
            assert list(row) == [column["key"] for column in table["columns"]]


def test_paging_through_gives_each_row_once_in_order(scene: Scene) -> None:
    _, whole = ask(scene, "/tables/items", limit=500, sort="code")
    assert len(whole["rows"]) > 20
    assert whole["next"] is None
    found: list[dict[str, Any]] = []
    after = ""
    while True:
        _, page = ask(scene, "/tables/items", limit=7, sort="code", after=after)
        found += page["rows"]
        if page["next"] is None:
            break
        after = page["next"]
    assert found == whole["rows"]
    codes = [row["code"] for row in found]
    assert codes == sorted(set(codes))


def test_filters_are_the_pages(scene: Scene) -> None:
    _, page = ask(scene, "/tables/items", stop="river", limit=500)
    _, whole = ask(scene, "/tables/items", limit=500)
    assert 0 < len(page["rows"]) < len(whole["rows"])


def test_what_a_token_may_not_see_is_not_there(scene: Scene) -> None:
    _, told = ask(scene, "/tables", Role.VIEWER)
    assert "quarantine" not in [one["name"] for one in told["tables"]]
    assert ask(scene, "/tables/quarantine", Role.VIEWER)[0] == 403
    assert ask(scene, "/tables/nothing")[0] == 404
    status, told = ask(scene, "/tables/items", limit=0)
    assert (status, told["parameter"]) == (400, "limit")
