"""After ``yicang hub demo-data`` every list of the hub has something to show, and the same seed
tells the same story."""

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, Final

import pytest
from click.testing import CliRunner

from hub.access.permissions import Role
from hub.api.tables import TABLES
from hub.commands import hub
from provisioning.local import provision
from tests.integration.test_web_operator import signed_in
from tests.support.databases import DATABASES, SQLITE
from tests.support.hub_site import HubSite

SMALL: Final = ("--stops", "8", "--events", "6000", "--until", "2026-10-31")
NOBODYS: Final = frozenset(
    {"accounts", "sessions", "tokens", "invitations", "bundles", "kiosk-history"}
)
"""Doors into the hub: demonstration data opens none. Files that somebody carried here. And what a
hub measures from minute to minute while it runs."""
OTHER_LISTS: Final = {
    "/names/products": "<tbody",
    "/names/places": "<tbody",
    "/names/plans": "<tbody",
    "/names/campaigns": "<tbody",
    "/names/categories": "<tbody",
    "/audit": "<tbody",
    "/reports/movements": "<tbody",
    "/stock": 'href="/stock/items',
    "/stock/expiry": 'href="/items/G',
    "/stock/aside": 'href="/items/G',
    "/kits": 'href="/kits/',
    "/months/1": "<tbody",
    "/stock/items?status=reserved": "<tbody",
    "/boxes?kit=winter": "<tbody",
    "/counts?state=counting": "<tbody",
    "/incidents": 'class="incident',
    "/incidents?closed=1": 'class="incident',
}
"""Lists that the API has no table of, and states that only a believable city has; with what shows
that there is something."""


def filled(data: Path) -> Path:
    provision(data)
    done = CliRunner().invoke(hub, ["demo-data", "--data", str(data), *SMALL])
    assert done.exit_code == 0, done.output
    return data / "hub" / "hub.sqlite3"


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return filled(tmp_path_factory.mktemp("demo"))


@pytest.fixture(scope="module")
def site(database: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[HubSite]:
    directory = tmp_path_factory.mktemp("site")
    found = HubSite(directory)
    found.close()
    shutil.copyfile(database, directory / "hub.sqlite3")
    found.restart()
    found.add_user("boss", Role.ADMINISTRATOR)
    yield found
    found.close()


pytestmark = pytest.mark.skipif(
    DATABASES.kind != SQLITE, reason="the command fills the hub's own file"
)


@pytest.mark.parametrize("table", sorted(TABLES.keys() - NOBODYS))
def test_every_table_has_a_row(site: HubSite, table: str) -> None:
    headers = {"Authorization": f"Bearer {site.token(Role.ADMINISTRATOR)}"}
    answer = site.client().get(f"/api/v1/tables/{table}?limit=5", headers=headers)
    assert answer.status_code == 200
    assert answer.get_json()["rows"] != []


@pytest.mark.parametrize(("address", "shows"), OTHER_LISTS.items())
def test_every_other_list_has_something_to_show(site: HubSite, address: str, shows: str) -> None:
    answer = signed_in(site, "boss").get(address)
    assert answer.status_code == 200
    assert shows in answer.text.partition("<main")[2]


def story(database: Path) -> list[tuple[Any, ...]]:
    """What happened, in order; hashes and epochs of the hub's own events are drawn anew."""
    with closing(sqlite3.connect(database)) as connection:
        query = (
            "SELECT kiosk, type, mono FROM event ORDER BY position",
            "SELECT status, stop, category, n FROM stock ORDER BY 1, 2, 3",
            "SELECT kind, kiosk, stop FROM incident ORDER BY 1, 2, 3, opened_ms",
        )
        return [row for one in query for row in connection.execute(one).fetchall()]


@pytest.mark.proof  # that the events are the same is told every day by `tests.unit.test_demo_year`
def test_the_same_seed_tells_the_same_story(database: Path, tmp_path: Path) -> None:
    assert story(filled(tmp_path)) == story(database)
