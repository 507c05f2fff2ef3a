"""Whoever sees a table takes it away as CSV and XLSX, from its page or from the one it leads to."""

import csv
import io
import re
from collections.abc import Iterator, Mapping
from typing import Final

import pytest
from python_calamine import CalamineWorkbook

from tests.integration.test_web_operator import signed_in
from tests.support.hub_scene import Scene, a_scene
from tests.support.pages import ADMINISTRATOR, OPERATOR, STOCK, VISITORS

LEADS_ON: Final[Mapping[str, str]] = {
    "board": "/stock/items",
    "kiosk": "/events",
    "kiosk-orders": "/events",
    "kiosk-told": "/events",
    "configuration": "/configurations/kiosks",
    "configuration-given-up": "/configurations/kiosks",
    "roll-out-new": "/kiosks",
    "roll-out-planned": "/roll-outs/",
    "roll-out-going": "/roll-outs/",
    "roll-out-failed": "/roll-outs/",
    "roll-out-drifted": "/roll-outs/",
    "roll-out-done": "/roll-outs/",
    "kiosk-revoked": "/events",
    "kiosk-retired": "/events",
    "stock": "/stock/items",
    "transfer": "/items/",
    "plan": "/stock/items",
    "kit": "/kits",
    "count-blind": "/counts",
    "count-approved": "/items",
    "count-going": "/items",
    "count-ready": "/items",
}
"""Sums and parts of another table: their page leads to it, with the filter set."""
OF_ITS_OWN: Final[Mapping[str, str]] = {
    "wall": "hangs on a wall: nobody stands there to take a file",
    "month": "is taken away whole, as PDF, XLSX and JSON, with its digest",
}


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    with a_scene(tmp_path_factory.mktemp("hub")) as found:
        yield found


def test_every_page_with_a_table_offers_both_files_or_leads_to_them(scene: Scene) -> None:
    lacking = {}
    tables = 0
    for name, pages in VISITORS.items():
        client = signed_in(scene.site, name) if name else scene.site.client()
        for page, address in pages.items():
            html = client.get(address(scene)).text
            if "<table" not in html:
                continue
            tables += 1
            if "format=csv" in html and "format=xlsx" in html:
                continue
            lacking[page] = html
    assert tables > 30
    assert lacking.keys() == LEADS_ON.keys() | OF_ITS_OWN.keys()
    for page, there in LEADS_ON.items():
        main = lacking[page].partition("<main")[2]
        assert f'href="{there}' in main or f"{there}?" in main or f'{there}"' in main, page


LISTS: Final = (
    "incidents-table",
    "months",
    "accounts",
    "account-sessions",
    "tokens",
    "kiosks",
    "items",
    "donation-in",
)
"""Lists in which each page that asks for a file is no row of its own, as in the audit log."""


@pytest.mark.parametrize("page", LISTS)
def test_both_files_hold_the_rows_of_the_page(scene: Scene, page: str) -> None:
    client = signed_in(scene.site, "administrator")
    address = {**OPERATOR, **STOCK, **ADMINISTRATOR}[page](scene)
    html = client.get(address).text
    links = [
        found.replace("&amp;", "&")
        for found in re.findall(r'href="([^"]*format=(?:csv|xlsx)[^"]*)"', html)
    ]
    csv_link, xlsx_link = (
        next(one for one in links if f"format={kind}" in one) for kind in ("csv", "xlsx")
    )
    base = address.partition("?")[0]
    answer = client.get(csv_link if csv_link.startswith("/") else base + csv_link)
    rows = list(csv.reader(io.StringIO(answer.data.decode("utf-8-sig"))))
    answer = client.get(xlsx_link if xlsx_link.startswith("/") else base + xlsx_link)
    sheet = CalamineWorkbook.from_filelike(io.BytesIO(answer.data)).get_sheet_by_index(0)
    cells = sheet.to_python()
    assert [len(cells), len(cells[0])] == [len(rows), len(rows[0])]
    assert len(rows) > 1, "the scene has something there"


def test_incidents_are_filtered_sorted_and_kept_in_an_address(scene: Scene) -> None:
    client = signed_in(scene.site, "administrator")

    def states(query: str) -> list[str]:
        text = client.get(f"/incidents/table?{query}&format=csv").data.decode("utf-8-sig")
        return [row["State"] for row in csv.DictReader(io.StringIO(text))]

    everything = states("")
    assert set(states("state=open")) == {"open"}
    assert 0 < len(states("state=open")) <= len(everything)
    assert states("about=no-such-thing") == []
    kinds = len(states("kind=unknown-item"))
    assert 0 < kinds < len(everything)
    assert client.get("/incidents/table?sort=-times&stop=east").status_code == 200
