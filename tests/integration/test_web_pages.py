"""The table of pages that pictures and axe visit: nothing is left out of it."""

from collections.abc import Iterator

import msgspec
import pytest
from sqlalchemy import select

from hub import db
from hub.queries import incidents
from hub.web import audit_details
from kiosk.screen.app import create_app
from tests.integration.test_web_operator import signed_in
from tests.support.hub_scene import Scene, a_scene
from tests.support.kiosk_page import PageKiosk
from tests.support.pages import EXPECTED_REFUSALS, NOT_PAGES, VISITORS

FRAMELESS = {"wall"}
"""Has the whole window to itself; it says itself what needs a human."""


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    with a_scene(tmp_path_factory.mktemp("hub")) as found:
        yield found


def test_every_page_that_the_application_has_is_in_the_table_of_pages(scene: Scene) -> None:
    routes = scene.site.app.url_map.bind("localhost")
    visited = set()
    for pages in VISITORS.values():
        for name, address in pages.items():
            if name != "missing":
                endpoint, _arguments = routes.match(address(scene).partition("?")[0])
                visited.add(endpoint)
    known = {
        rule.endpoint
        for rule in scene.site.app.url_map.iter_rules()
        if "GET" in (rule.methods or ()) and not rule.endpoint.startswith("api.")
    }
    assert known - visited - NOT_PAGES == set(), "add them to tests/support/pages.py"
    assert NOT_PAGES - known == set(), "there is no such route any more"


def test_a_kiosk_has_no_page_but_the_one_that_its_pictures_are_of() -> None:
    with PageKiosk("both") as kiosk:
        app = create_app(kiosk.view, kiosk.printer, lambda _entered: True)
        client = app.test_client()
        found = [
            rule.rule
            for rule in app.url_map.iter_rules()
            if "GET" in (rule.methods or ())
            and not rule.arguments
            and client.get(rule.rule).mimetype == "text/html"
        ]
    assert found == ["/"], "take pictures of it in tests/browser/kiosk_pictures.py"


def test_every_page_of_the_table_answers_whoever_it_is_for(scene: Scene) -> None:
    for name, pages in VISITORS.items():
        client = signed_in(scene.site, name) if name else scene.site.client()
        for page, address in pages.items():
            wanted = EXPECTED_REFUSALS.get(page, 200)
            assert (page, client.get(address(scene)).status_code) == (page, wanted)


def test_every_page_says_how_many_incidents_are_open(scene: Scene) -> None:
    for name, pages in VISITORS.items():
        if name:
            client = signed_in(scene.site, name)
            for page, address in pages.items():
                if page in FRAMELESS | {"wall-gone"}:
                    continue
                path = address(scene)  # which may be what makes one
                with scene.site.reader.connect() as here:
                    n = incidents.open_count(here)
                assert n >= 3
                html = client.get(path).text
                assert (page, f"{n} open incidents" in html) == (page, True)


def test_no_page_has_anything_inline_that_the_policy_would_refuse(scene: Scene) -> None:
    for name, pages in VISITORS.items():
        client = signed_in(scene.site, name) if name else scene.site.client()
        for page, address in pages.items():
            html = client.get(address(scene)).text
            for forbidden in (" style=", "<style", " onclick=", " onchange=", "javascript:"):
                assert (page, forbidden in html) == (page, False)
            assert html.count("<script") == html.count("<script src="), page


def test_the_audit_log_tells_nothing_by_the_names_of_the_code(scene: Scene) -> None:
    for pages in VISITORS.values():
        for address in pages.values():
            address(scene)
    with scene.site.reader.connect() as here:
        details = here.execute(select(db.audit.c.detail)).scalars().all()
    names = {name for detail in details for name in msgspec.json.decode(detail)}
    assert len(names) > 20
    assert names - set(audit_details.NAMES) == set()
