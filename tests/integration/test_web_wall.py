"""The wall display: a city's figures at a glance, for who is signed in or by a link."""

import re
from collections.abc import Iterator
from html import unescape
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from hub import db
from hub.access.permissions import Role
from tests.integration.test_web_operator import csrf, signed_in, words
from tests.support.hub_scene import Scene
from tests.support.hub_site import HubSite


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    site = HubSite(tmp_path_factory.mktemp("wall"))
    yield Scene(site)
    site.close()


def make_link(site: HubSite, client: FlaskClient, shows: str = "") -> str:
    """The path of a new link."""
    form = {"name": "Town hall", "shows": shows, "csrf_token": csrf(client, "/wall/links")}
    answer = client.post("/wall/links", data=form)
    assert (answer.status_code, answer.headers["Cache-Control"]) == (200, "no-store")
    [address] = re.findall(r'<p class="code">([^<]+)</p>', answer.text)
    return "/" + unescape(address).split("/", 3)[3]


def lines(text: str) -> dict[str, list[str]]:
    """A stop's figures: here, in, out."""
    rows = re.findall(r'wall-name">([^<]+)</span></th>(.*?)</tr>', text, re.S)
    return {name: re.findall(r'<td class="n">([0-9,]+)', cells) for name, cells in rows}


def test_today_at_every_stop_is_on_one_screen(scene: Scene) -> None:
    text = signed_in(scene.site).get("/wall").text
    assert set(lines(text)) == {"East Gate", "Riverside"}
    here, came, out = (int(n) for n in lines(text)["East Gate"])
    assert out == 2
    assert came > here - 2
    assert "1 of 3 online" in text
    assert "A device does not work" in text
    assert 'role="img" aria-label="kiosk away"' in text


def test_a_wall_where_nothing_changed_is_not_sent_again(scene: Scene) -> None:
    client = signed_in(scene.site)
    first = client.get("/wall/live")
    again = client.get("/wall/live", headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")
    scene.site.intake(scene.river, "C1")
    after = client.get("/wall/live", headers={"If-None-Match": first.headers["ETag"]})
    assert after.status_code == 200
    before = int(lines(first.text)["Riverside"][1])
    assert int(lines(after.text)["Riverside"][1]) == before + 1


def test_a_screen_needs_nobody_signed_in_and_shows_figures_only(scene: Scene) -> None:
    path = make_link(scene.site, signed_in(scene.site))
    screen = scene.site.client("en")
    answer = screen.get(path)
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-store"
    assert "noindex" in answer.headers["X-Robots-Tag"]
    assert set(lines(answer.text)) == {"East Gate", "Riverside"}
    told = words(answer.text)
    for secret in (scene.free, scene.out, scene.plan, "operator", scene.administrator):
        assert secret not in told
    assert screen.get("/board").status_code == 303
    [at] = re.findall(r'hx-get="([^"]+)"', answer.text)
    assert screen.get(unescape(at)).status_code == 200


def test_a_link_shows_only_the_stop_it_was_made_for(scene: Scene) -> None:
    path = make_link(scene.site, signed_in(scene.site), "stop:river")
    text = scene.site.client("en").get(path).text
    assert set(lines(text)) == {"Riverside"}
    assert "East Gate" not in text


def test_a_link_that_was_taken_back_shows_nothing_any_more(scene: Scene) -> None:
    client = signed_in(scene.site)
    path = make_link(scene.site, client)
    page = client.get("/wall/links").text
    [link, *others] = re.findall(r'href="/wall/links/remove\?link=([^"]+)"', page)
    for one in (link, *others):
        asked = client.get(f"/wall/links/remove?link={one}").text
        assert f'name="link" value="{one}"' in asked
    assert scene.site.client("en").get(path).status_code == 200, "only asked so far"
    for one in (link, *others):
        form = {"link": one, "csrf_token": csrf(client, "/wall/links")}
        assert client.post("/wall/links/remove", data=form).status_code == 303
    screen = scene.site.client("en")
    assert screen.get(path).status_code == 404
    assert screen.get(f"{path}/live").status_code == 404
    with scene.site.reader.connect() as connection:
        noted = connection.execute(
            db.audit.select().where(db.audit.c.subject == link).order_by(db.audit.c.id)
        )
        assert [row.what for row in noted] == ["wall.added", "wall.removed"]


def test_the_secret_of_a_link_is_kept_nowhere(scene: Scene) -> None:
    secret = make_link(scene.site, signed_in(scene.site)).rpartition("/")[2]
    with scene.site.reader.connect() as connection:
        kept = [
            tuple(row)
            for table in (db.wall, db.audit)
            for row in connection.execute(table.select())
        ]
    assert kept
    assert secret not in str(kept)


def test_who_answers_for_one_stop_makes_links_for_that_stop_only(scene: Scene) -> None:
    site = scene.site
    site.add_user("river-operator", Role.OPERATOR, stops=["river"])
    client = signed_in(site, "river-operator")
    assert set(lines(make_page(site, client, "stop:river"))) == {"Riverside"}
    for shows in ("", "stop:east"):
        form = {"name": "Hall", "shows": shows, "csrf_token": csrf(client, "/wall/links")}
        assert client.post("/wall/links", data=form).status_code == 400
    make_link(site, signed_in(site))
    assert "All stops" not in client.get("/wall/links").text
    assert signed_in(site, "viewer").get("/wall/links").status_code == 403


def make_page(site: HubSite, client: FlaskClient, shows: str) -> str:
    return site.client("en").get(make_link(site, client, shows)).text


def test_a_link_without_a_name_says_what_is_missing(scene: Scene) -> None:
    client = signed_in(scene.site)
    form = {"name": " ", "shows": "", "csrf_token": csrf(client, "/wall/links")}
    answer = client.post("/wall/links", data=form)
    assert answer.status_code == 400
    assert "Say where the screen hangs" in words(answer.text)


def test_whoever_guesses_links_is_slowed_down(tmp_path: Path) -> None:
    site = HubSite(tmp_path)
    try:
        client = site.client("en")
        answers = [client.get(f"/wall/at/guess-{n}").status_code for n in range(30)]
        assert answers[0] == 404
        assert answers[-1] == 429
    finally:
        site.close()


def test_many_stops_take_turns(tmp_path: Path) -> None:
    site = HubSite(tmp_path)
    site.add_users()
    try:
        letters = "ABCDEFGHJKMNPQRSTVWXYZ"
        for n in range(32):
            prefix = f"2{letters[n // 20]}{letters[n % 20]}0"
            site.add_stop(f"stop{n:02}", f"{n}号站", f"Stop {n}", ("", ""), prefix)
        client = signed_in(site)
        seen = set()
        for _ in range(2):
            text = client.get("/wall/live").text
            assert len(lines(text)) <= 30
            seen |= set(lines(text))
            site.now_ms += 15_000
        assert len(seen) == 32
    finally:
        site.close()
