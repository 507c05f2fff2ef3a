"""The pages behind the login: who gets in, and what an operator sees there."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from contract import codes, events
from contract.batches import Header
from hub.access import account_operations, accounts, tokens
from hub.access.accounts import AccountError
from hub.access.permissions import Role
from tests.support.hub_scene import KIOSK, Scene, a_scene
from tests.support.hub_site import PASSWORD, USER, HubSite
from tests.support.pages import OPERATOR


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    with a_scene(tmp_path_factory.mktemp("hub")) as found:
        yield found


@pytest.fixture
def site(tmp_path: Path) -> Iterator[HubSite]:
    found = HubSite(tmp_path)
    found.add_users()
    yield found
    found.close()


def csrf(client: FlaskClient, path: str = "/login") -> str:
    found = re.search(r'name="csrf_token" value="([^"]+)"', client.get(path).text)
    assert found is not None
    return found[1]


def sign_in(
    client: FlaskClient, name: str = USER, password: str = PASSWORD, target: str = ""
) -> tuple[int, str | None]:
    form = {"name": name, "password": password, "next": target, "csrf_token": csrf(client)}
    response = client.post("/login", data=form)
    return response.status_code, response.location


def signed_in(site: HubSite, name: str = USER, language: str = "en") -> FlaskClient:
    client = site.client(language)
    assert sign_in(client, name) == (303, "/board")
    return client


def words(html: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html)).strip()


@pytest.mark.parametrize("page", sorted(OPERATOR))
def test_nobody_sees_an_operators_page_without_signing_in(scene: Scene, page: str) -> None:
    response = scene.site.client().get(OPERATOR[page](scene))
    assert response.status_code == 303
    assert (response.location or "").startswith("/login?next=/")


def test_a_part_of_the_board_without_a_session_sends_the_whole_page_to_the_login(
    scene: Scene,
) -> None:
    response = scene.site.client().get("/board/live", headers={"HX-Request": "true"})
    assert response.status_code == 401
    assert response.headers["HX-Redirect"] == "/login?next=/board"
    assert response.data == b""


def test_signing_in_leads_to_the_page_that_was_asked_for(site: HubSite) -> None:
    assert sign_in(site.client(), target="/incidents") == (303, "/incidents")


@pytest.mark.parametrize("target", ["https://evil.example/", "//evil.example", "/\\evil.example"])
def test_signing_in_never_leads_to_another_site(site: HubSite, target: str) -> None:
    assert sign_in(site.client(), target=target) == (303, "/board")


def test_a_wrong_password_and_an_unknown_name_look_the_same(site: HubSite) -> None:
    client = site.client("en")
    answers = []
    for name, password in ((USER, "wrong password"), ("nobody", PASSWORD)):
        form = {"name": name, "password": password, "csrf_token": csrf(client)}
        answers.append(client.post("/login", data=form))
    assert [answer.status_code for answer in answers] == [401, 401]
    assert all("Name or password is not right." in answer.text for answer in answers)
    assert client.get("/board").status_code == 303


def test_after_five_wrong_passwords_even_the_right_one_has_to_wait(site: HubSite) -> None:
    client = site.client("en")
    assert [sign_in(client, password="wrong password")[0] for _ in range(6)] == [401] * 5 + [429]
    assert sign_in(client)[0] == 429
    assert sign_in(site.client(), "viewer")[0] == 303


def test_a_form_without_its_token_changes_nothing(site: HubSite) -> None:
    response = site.client("en").post("/login", data={"name": USER, "password": PASSWORD})
    assert response.status_code == 400
    assert "This page was open for too long" in response.text
    client = signed_in(site)
    assert client.post("/incidents/acknowledge", data={"key": "x"}).status_code == 400


def test_signing_out_ends_the_session(site: HubSite) -> None:
    client = signed_in(site)
    token = csrf(client, "/board")
    assert client.post("/logout", data={"csrf_token": token}).status_code == 303
    assert client.get("/board").status_code == 303


def test_a_new_password_ends_older_sessions(site: HubSite) -> None:
    client = signed_in(site)
    site.writer.call(
        lambda connection: account_operations.set_password(
            connection, USER, "another password", site.now_ms
        )
    )
    assert client.get("/board").status_code == 303
    assert sign_in(site.client(), password="another password")[0] == 303


def test_the_session_cookie_is_out_of_reach_for_scripts_and_other_sites(site: HubSite) -> None:
    client = site.client()
    form = {"name": USER, "password": PASSWORD, "csrf_token": csrf(client)}
    cookie = client.post("/login", data=form).headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie


@pytest.mark.parametrize(
    ("name", "password"), [("", "long enough"), (" a", "long enough"), ("a", "short")]
)
def test_an_account_that_nobody_could_use_is_refused(
    site: HubSite, name: str, password: str
) -> None:
    with pytest.raises(AccountError):
        site.writer.call(
            lambda connection: accounts.add(connection, name, password, Role.VIEWER, 0)
        )


@pytest.mark.sqlite
def test_neither_password_nor_token_can_be_read_from_the_database(site: HubSite) -> None:
    token = site.token()
    kept = b"".join(
        path.read_bytes() for path in Path(site.config.secret_key_file).parent.iterdir()
    )
    assert b"$argon2id$" in kept
    assert tokens.digest(token).encode() in kept
    assert PASSWORD.encode() not in kept
    assert token.encode() not in kept


def test_the_board_tells_stock_events_kiosks_and_what_needs_a_human(scene: Scene) -> None:
    page = words(signed_in(scene.site).get("/board").text)
    assert "Needs a human 4" in page
    assert "Lines that nobody understands" in page
    assert "1 line in quarantine" in page
    assert "kiosk-east East Gate · online" in page
    assert "Not yet sent 3 events" in page
    assert "Printer (ttyUSB0) does not work: out of paper" in page
    assert "kiosk-river Riverside · offline" in page
    assert "kiosk-school Riverside · never seen" in page
    assert "Rice, flour, oil 1 0 0 0" in page
    assert "Toys 0 0 1 0 0" in page
    assert "Bedding 0 0 0 1 0" in page
    assert "Laundry and cleaning 0 0 0 0 13" in page
    assert f"Scanned {scene.stranger}: from another stop" in page


def test_the_board_is_in_chinese_for_who_reads_chinese(scene: Scene) -> None:
    page = words(signed_in(scene.site, language="zh").get("/board").text)
    for told in ("需要有人处理", "库存", "最近发生的事", "打印机（ttyUSB0）不能用：没有纸了"):
        assert told in page


def test_an_unchanged_board_is_not_sent_again_and_a_changed_one_is(site: HubSite) -> None:
    place = site.add_stop("east", "东门站", "East Gate", ("", ""), "4K2P")
    client = signed_in(site)
    shown = re.search(r"data-etag='([^']+)'", client.get("/board").text)
    assert shown is not None
    etag = {"If-None-Match": shown[1].replace("&#34;", '"')}
    assert client.get("/board/live", headers=etag).status_code == 304
    code = site.intake(place)
    changed = client.get("/board/live", headers=etag)
    assert changed.status_code == 200
    assert code in changed.text
    assert "<html" not in changed.text


def test_an_empty_hub_says_what_to_do_first(site: HubSite) -> None:
    page = words(signed_in(site).get("/board").text)
    assert "open the kiosk’s page and scan" in page
    assert "Scan a retail code or a category card" in page
    assert "No kiosk is registered yet" in page
    assert "Nothing. What the system cannot settle by itself appears here." in page


def test_an_incident_says_what_happened_what_was_assumed_and_what_to_do(site: HubSite) -> None:
    place = site.add_stop("east", "东门站", "East Gate", ("", ""), "4K2P")
    code = site.intake(place)
    site.hand_out(place, code)
    site.hand_out(place, code)
    page = words(signed_in(site).get("/incidents").text)
    assert "Handed over twice" in page
    assert f"Two scans say different things about who has item {code}." in page
    assert "Assumed: The later scan counts; both are kept." in page
    assert "To do: Ask the stop which of the two is true" in page


def test_an_operator_marks_an_incident_as_seen_and_it_stays_open(site: HubSite) -> None:
    place = site.add_stop("east", "东门站", "East Gate", ("", ""), "4K2P")
    code = site.intake(place)
    site.hand_out(place, code)
    site.hand_out(place, code)
    client = signed_in(site)
    html = client.get("/incidents").text
    key = re.search(r'name="key" value="([^"]+)"', html)
    assert key is not None
    form = {"key": key[1], "csrf_token": csrf(client, "/incidents")}
    assert client.post("/incidents/acknowledge", data=form).location == "/incidents"
    page = words(client.get("/incidents").text)
    assert "Handed over twice" in page
    assert "Seen by operator" in page
    assert 'name="key"' not in client.get("/incidents").text


def test_an_incident_whose_cause_is_gone_moves_to_the_closed_ones(site: HubSite) -> None:
    place = site.add_stop("east", "东门站", "East Gate", ("", ""), "4K2P")
    journal = place.journal
    code = journal.code()
    seen = journal.write(events.ItemSeen(item=code, outcome="unknown"), site.now_ms)
    site.receive(journal, [seen])
    client = signed_in(site)
    assert "Scanned, but never received" in words(client.get("/incidents").text)
    body = events.Received(session=journal.session, item=code, category="F1", place=codes.PLACE_IN)
    site.receive(journal, [journal.write(body, site.now_ms)])
    assert "Scanned, but never received" not in words(client.get("/incidents").text)
    closed = words(client.get("/incidents?closed=1").text)
    assert "Scanned, but never received" in closed
    assert "Closed 3 Nov 12:00" in closed


def test_quarantine_shows_what_was_received_byte_for_byte_and_harmless(site: HubSite) -> None:
    place = site.add_stop("east", "东门站", "East Gate", ("", ""), "4K2P")
    journal = place.journal
    header = Header(journal.epoch, journal.seq + 1, 1, "ab" * 32)
    site.receive_lines(
        journal.kiosk, header, (b'<script>alert("\xff\x00")</script>',), garbage=True
    )
    html = signed_in(site).get("/quarantine").text
    assert "<script>alert" not in html
    assert "&lt;script&gt;alert(&#34;\\xff\ufffd&#34;)&lt;/script&gt;" in html
    assert "not readable at all" in html


def test_a_kiosks_page_tells_how_it_is_and_how_far_its_journal_is_here(scene: Scene) -> None:
    page = words(signed_in(scene.site).get(f"/kiosks/{KIOSK}").text)
    assert "Software 0.1.0" in page
    assert "Paper waiting 1" in page
    assert "Free disk 20.5 GB" in page
    journal = scene.east.journal
    assert f"{journal.epoch} {journal.seq} 0 known" in page
    assert signed_in(scene.site).get("/kiosks/no-such-kiosk").status_code == 404


def test_an_items_page_has_every_event_with_hash_and_line(scene: Scene) -> None:
    html = signed_in(scene.site).get(f"/items/{scene.fresh}").text
    page = words(html)
    assert f"Received {scene.fresh}: Laundry and cleaning" in page
    assert f"Label of {scene.fresh}: printed" in page
    assert f"{scene.fresh} set out for plan D" in page
    assert "was delivered" in page
    assert html.count("{&#34;prev&#34;:&#34;") == 4
    lower = f"/items/{scene.fresh.lower()}"
    assert signed_in(scene.site).get(lower).location == f"/items/{scene.fresh}"
    assert signed_in(scene.site).get("/items/GARBAGE").status_code == 404


def test_a_viewer_sees_the_board_but_neither_quarantine_nor_raw_lines(scene: Scene) -> None:
    client = signed_in(scene.site, "viewer")
    assert client.get("/board").status_code == 200
    assert client.get("/quarantine").status_code == 403
    assert "Your account may not do that" in client.get("/quarantine").text
    assert "prev&#34;" not in client.get(f"/items/{scene.fresh}").text
    token = csrf(client, "/board")
    form = {"key": "x", "csrf_token": token}
    assert client.post("/incidents/acknowledge", data=form).status_code == 403


def test_operators_pages_are_kept_by_no_shared_cache(scene: Scene) -> None:
    client = signed_in(scene.site)
    for path in OPERATOR.values():
        assert client.get(path(scene)).headers["Cache-Control"] == "private, no-cache"
