"""Somebody adds a kiosk on the pages: invites it, watches it come, types its digits."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from contract import enrolling, events
from contract.codes import PLACE_IN
from contract.enrolling import EMPTY
from hub.access.permissions import Role
from provisioning.authority import Authority
from tests.integration.test_web_accounts import csrf, sign_in
from tests.support.hub_site import HOUR_MS, USER, HubSite, Journal
from tests.support.new_kiosk import NewKiosk, with_tls
from tests.support.pdf import codes_on

STOP = "stop-east"
OLD = f"kiosk-{STOP}"


@pytest.fixture
def site(tmp_path: Path) -> Iterator[HubSite]:
    found = HubSite(tmp_path)
    found.add_stop(STOP, "东门站", "East Gate", ("", ""), "0E0E")
    found.add_users()
    yield found
    found.close()


@pytest.fixture
def authority(site: HubSite, tmp_path: Path) -> Authority:
    return with_tls(site, tmp_path / "authority")


@pytest.fixture
def operator(site: HubSite, authority: Authority) -> FlaskClient:
    return sign_in(site, USER)


def post(client: FlaskClient, path: str, **form: str) -> str:
    """Posts as the page's own form would; where it leads."""
    token = csrf(client, "/kiosks/new")
    answer = client.post(path, data={"csrf_token": token, **form})
    assert answer.status_code == 303, answer.text
    return answer.location


def invite(client: FlaskClient, **form: str) -> str:
    """The page of a new invitation."""
    return post(client, "/kiosks/new", **{"stop": STOP, **form})


def code_of(client: FlaskClient, page: str) -> str:
    """The code on the sheet of an invitation, as a scanner reads it."""
    (text,) = codes_on(client.get(f"{page}/sheet.pdf").data)
    return enrolling.parse(text).code


def words(html: str) -> str:
    """What a page says, without its markup."""
    text = re.sub(r"<[^>]+>", " ", html.partition("<main")[2])
    return re.sub(r"\s+", " ", text)


def test_the_whole_way_is_shown_as_it_happens(site: HubSite, operator: FlaskClient) -> None:
    page = invite(operator)
    assert "Follow the sheet at the stop" in words(operator.get(page).text)
    before = operator.get(f"{page}/live")
    unchanged = operator.get(f"{page}/live", headers={"If-None-Match": before.headers["ETag"]})
    assert unchanged.status_code == 304

    kiosk = NewKiosk(code_of(operator, page))
    name = kiosk.enrolled(site.client()).kiosk
    news = operator.get(f"{page}/live", headers={"If-None-Match": before.headers["ETag"]})
    assert news.status_code == 200
    assert f"It came as {name}." in words("<main>" + news.text)
    assert "10000000abcdef01" in news.text
    assert "<svg" not in news.text, "a code that was used is shown no more"

    post(operator, f"{page}/confirm", digits=f" {kiosk.digits[:3]} {kiosk.digits[3:]} ")
    told = words(operator.get(page).text)
    assert f"{name} belongs to this hub now." in told
    assert "It does so by itself" in told

    journal = Journal(name, "0E0F")
    site.receive(journal, journal.opening(site.now_ms))
    site.writer.call(lambda writing: None)
    body = events.Received(
        session=journal.session, item=journal.code(), category="H1", place=PLACE_IN
    )
    site.receive(journal, [journal.write(body, site.now_ms)])
    done = operator.get(page).text
    assert "It works. The sheet can be torn up." in words(done)
    assert "hx-get" not in done, "nothing more will happen"


def test_the_sheet_holds_the_invitation_as_a_qr_code_and_in_bars(operator: FlaskClient) -> None:
    page = invite(operator)
    answer = operator.get(f"{page}/sheet.pdf")
    assert (answer.mimetype, answer.headers["Cache-Control"]) == ("application/pdf", "no-store")
    (text,) = codes_on(answer.data)
    assembly = EMPTY
    for part in codes_on(answer.data, 1):
        assembly = enrolling.take(assembly, part)
    assert enrolling.assembled(assembly) == enrolling.parse(text)
    assert enrolling.parse(text).url == "https://hub.yicang.example:8443"


def test_the_code_is_shown_in_the_browser_that_made_it_and_in_no_other(
    site: HubSite, operator: FlaskClient
) -> None:
    page = invite(operator)
    assert operator.get(page).text.count("<svg") == 1 + 5
    assert operator.get(page).headers["Cache-Control"] == "no-store"
    assert operator.get(page).text.count("<svg") == 6, "opening it again shows it again"
    elsewhere = sign_in(site, USER)
    shown = elsewhere.get(page)
    assert "<svg" not in shown.text
    assert "the hub keeps no copy" in words(shown.text)
    assert elsewhere.get(f"{page}/sheet.pdf").status_code == 404
    old = code_of(operator, page)
    new = post(elsewhere, "/kiosks/new", stop=STOP, instead=page.rpartition("/")[2])
    assert NewKiosk(old).ask(site.client()).status_code == 410
    assert NewKiosk(code_of(elsewhere, new), 2).ask(site.client()).status_code == 200


def test_wrong_digits_are_told_with_how_many_tries_are_left(
    site: HubSite, operator: FlaskClient
) -> None:
    page = invite(operator)
    kiosk = NewKiosk(code_of(operator, page))
    kiosk.enrolled(site.client())
    wrong = "000000" if kiosk.digits != "000000" else "111111"
    post(operator, f"{page}/confirm", digits="12345")
    assert "Six digits, please" in words(operator.get(page).text)
    told = []
    for _ in range(3):
        post(operator, f"{page}/confirm", digits=wrong)
        told.append(words(operator.get(page).text))
    assert "2 more tries" in told[0]
    assert "1 more try." in told[1]
    assert "for the third time" in told[2]
    assert "Make a new invitation, and let nobody else see it." in told[2]
    post(operator, f"{page}/confirm", digits=kiosk.digits)
    assert "This invitation is over already." in words(operator.get(page).text)


def test_full_width_digits_are_digits(site: HubSite, operator: FlaskClient) -> None:
    page = invite(operator)
    kiosk = NewKiosk(code_of(operator, page))
    kiosk.enrolled(site.client())
    typed = kiosk.digits.translate(str.maketrans("0123456789", "０１２３４５６７８９"))
    post(operator, f"{page}/confirm", digits=typed)
    assert "belongs to this hub now" in words(operator.get(page).text)


def test_an_invitation_is_taken_back_after_a_question(site: HubSite, operator: FlaskClient) -> None:
    page = invite(operator)
    code = code_of(operator, page)
    assert "Take this invitation back?" in words(operator.get(f"{page}/cancel").text)
    post(operator, f"{page}/cancel")
    assert "Its code works no more." in words(operator.get(page).text)
    assert NewKiosk(code).ask(site.client()).status_code == 410
    post(operator, f"{page}/cancel")
    assert "This invitation is over already." in words(operator.get(page).text)


def test_a_broken_kiosk_is_replaced_from_its_own_page(site: HubSite, operator: FlaskClient) -> None:
    link = re.search(r'href="(/kiosks/new\?replaces=[^"]+)"', operator.get(f"/kiosks/{OLD}").text)
    assert link is not None
    asked = operator.get(link[1])
    assert f"Replace {OLD}" in words(asked.text)
    page = invite(operator, replaces=OLD)
    assert f"A kiosk in place of {OLD}" in words(operator.get(page).text)
    kiosk = NewKiosk(code_of(operator, page))
    name = kiosk.enrolled(site.client()).kiosk
    post(operator, f"{page}/confirm", digits=kiosk.digits)
    assert f"{name} belongs to this hub now, and {OLD} is out of use." in words(
        operator.get(page).text
    )
    again = operator.post(
        "/kiosks/new",
        data={"csrf_token": csrf(operator, "/kiosks/new"), "stop": STOP, "replaces": OLD},
    )
    assert again.status_code == 409
    assert "Another kiosk has taken its place already." in words(again.text)


def test_open_and_past_invitations_are_listed_and_found_by_their_state(
    site: HubSite, operator: FlaskClient
) -> None:
    assert "Nobody was invited yet." in words(operator.get("/kiosks/invitations").text)
    taken_back = invite(operator)
    post(operator, f"{taken_back}/cancel")
    invite(operator, hours="1")
    site.now_ms += 2 * HOUR_MS
    page = invite(operator)
    listed = words(operator.get("/kiosks/invitations").text)
    assert "3 rows" in listed
    for state in ("taken back", "expired", "waits for the kiosk"):
        assert state in listed
    waiting = operator.get("/kiosks/invitations?state=waiting").text
    assert "1 row" in words(waiting)
    assert page in waiting
    assert "Open invitations" in words(operator.get("/kiosks/new").text)
    assert operator.get("/kiosks/invitations?format=csv").status_code == 200


def test_a_stop_must_be_chosen(operator: FlaskClient) -> None:
    answer = operator.post(
        "/kiosks/new", data={"csrf_token": csrf(operator, "/kiosks/new"), "stop": ""}
    )
    assert answer.status_code == 400
    assert "Stop: please choose one." in words(answer.text)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_hub_without_tls_says_what_is_missing_instead_of_a_form(
    site: HubSite, language: str
) -> None:
    page = sign_in(site, USER, language=language).get("/kiosks/new").text
    assert "yicang provision hub" in page
    assert 'name="stop"' not in page


def test_who_may_not_add_kiosks_sees_how_far_they_are_and_nothing_to_press(
    site: HubSite, operator: FlaskClient
) -> None:
    page = invite(operator)
    viewer = sign_in(site, "viewer")
    assert viewer.get("/kiosks/new").status_code == 403
    assert "Add a kiosk" not in words(viewer.get("/kiosks").text)
    seen = viewer.get(page).text
    assert "Follow the sheet at the stop" in words(seen)
    assert "Take the invitation back" not in seen
    assert "Make a new code" not in seen
    NewKiosk(code_of(operator, page)).enrolled(site.client())
    assert "Somebody who may add kiosks is to type them here." in words(viewer.get(page).text)
    site.add_stop("stop-west", "西门站", "West Gate", ("", ""), "0W0W")
    site.add_user("west", Role.OPERATOR, stops=["stop-west"])
    west = sign_in(site, "west")
    assert west.get(page).status_code == 403
    assert "Nobody was invited yet." in words(west.get("/kiosks/invitations").text)
    token = csrf(west, "/kiosks/new")
    answer = west.post("/kiosks/new", data={"csrf_token": token, "stop": STOP})
    assert answer.status_code == 403
    assert "stop-east" not in west.get("/kiosks/new").text


def test_what_people_did_stands_in_the_audit_log_in_both_languages(
    site: HubSite, operator: FlaskClient
) -> None:
    page = invite(operator)
    code = code_of(operator, page)
    kiosk = NewKiosk(code)
    kiosk.enrolled(site.client())
    post(operator, f"{page}/confirm", digits=kiosk.digits)
    site.add_user("chief", Role.ADMINISTRATOR)
    for language, told in (
        ("en", ("Invited a kiosk", "Came as a new kiosk", "a kiosk itself", "Confirmed a new")),
        ("zh", ("邀请了一台终端", "作为新终端接入", "终端自己", "确认了一台新终端")),
    ):
        shown = sign_in(site, "chief", language=language).get("/audit").text
        for one in told:
            assert one in shown
        assert code not in shown
