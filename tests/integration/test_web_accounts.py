"""The accounts' pages: who manages whom, what one's own page does, and who sees what where."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from hub.access.permissions import Permission, Role
from hub.web import account_words
from tests.support.hub_site import HOUR_MS, PASSWORD, HubSite

CHENGDU = "成都市"


@pytest.fixture
def site(tmp_path: Path) -> Iterator[HubSite]:
    found = HubSite(tmp_path)
    found.add_user("chief", Role.ADMINISTRATOR)
    found.add_stop("east", "东门义仓站", "East Gate", ("锦江区", "Jinjiang"), "4K2P")
    found.add_stop("river", "河边义仓站", "Riverside", ("武侯区", "Wuhou"), "7TWX")
    yield found
    found.close()


def csrf(client: FlaskClient, path: str) -> str:
    found = re.search(r'name="csrf_token" value="([^"]+)"', client.get(path).text)
    assert found is not None
    return found[1]


def sign_in(
    site: HubSite, name: str, password: str = PASSWORD, language: str = "en"
) -> FlaskClient:
    client = site.client(language)
    form = {"name": name, "password": password, "csrf_token": csrf(client, "/login")}
    assert client.post("/login", data=form).status_code == 303
    return client


def words(html: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html)).strip()


def send(client: FlaskClient, page: str, to: str, **form: object) -> tuple[int, str]:
    """Sends a form of ``page``; the status, and the words of what comes in the end."""
    answer = client.post(to, data={**form, "csrf_token": csrf(client, page)}, follow_redirects=True)
    return answer.status_code, words(answer.text)


def add(
    client: FlaskClient, name: str, role: Role, where: str = "everywhere", **scope: object
) -> tuple[str, str]:
    """A new account through the form; its address and its password."""
    form = {"name": name, "role": role.value, "where": where, **scope}
    status, page = send(client, "/accounts/new", "/accounts/new", **form)
    assert status == 200, page
    password = re.search(r"[2-9a-z]{4}(-[2-9a-z]{4}){3}", page)
    assert password is not None
    href = re.search(rf'href="(/accounts/[0-9a-f]{{16}})">{name}<', client.get("/accounts").text)
    assert href is not None
    return href[1], password[0]


def version(client: FlaskClient, address: str) -> str:
    found = re.search(r'name="version" value="([^"]+)"', client.get(address).text)
    assert found is not None
    return found[1]


def acts(site: HubSite) -> list[tuple[str, str]]:
    """What the audit log says: who (by name where there is one) did what."""
    with site.reader.connect() as connection:
        rows = connection.exec_driver_sql(
            'SELECT u.name, a.who, a.what FROM audit a LEFT JOIN "user" u ON u.id = a.who'
            " ORDER BY a.id"
        )
        return [(name or who, what) for name, who, what in rows]


# --- managing ----------------------------------------------------------------------------------


def test_a_new_account_gets_a_password_that_is_shown_once_and_works(site: HubSite) -> None:
    chief = sign_in(site, "chief")
    _, password = add(chief, "wang", Role.VOLUNTEER_LEAD)
    page = words(chief.get("/accounts").text)
    assert "wang" in page
    assert "wang Volunteer lead All stops active" in page
    assert password not in chief.get("/accounts").text
    assert sign_in(site, "wang", password).get("/board").status_code == 200
    assert ("chief", "account.added") in acts(site)


def test_a_page_with_a_password_is_kept_by_no_cache(site: HubSite) -> None:
    chief = sign_in(site, "chief")
    form = {"name": "wang", "role": "viewer", "where": "everywhere"}
    form["csrf_token"] = csrf(chief, "/accounts/new")
    assert chief.post("/accounts/new", data=form).headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    ("form", "told"),
    [
        ({"name": "chief", "where": "everywhere"}, "there is an account of this name already"),
        ({"name": " ", "where": "everywhere"}, "Name: please write 1 to 64 characters"),
        ({"name": "wang", "where": "some"}, "please choose at least one stop or city"),
        ({"name": "wang", "where": "some", "stop": "moon"}, "one of them does not exist any more"),
    ],
)
def test_a_form_that_cannot_be_says_which_field_and_why(
    site: HubSite, form: dict[str, str], told: str
) -> None:
    chief = sign_in(site, "chief")
    status, page = send(chief, "/accounts/new", "/accounts/new", role="viewer", **form)
    assert status == 400
    assert told in page


def test_another_role_holds_from_the_next_page_on(site: HubSite) -> None:
    chief = sign_in(site, "chief")
    address, password = add(chief, "wang", Role.VIEWER)
    wang = sign_in(site, "wang", password)
    assert wang.get("/quarantine").status_code == 403
    form = {"name": "wang", "role": "operator", "where": "everywhere"}
    send(chief, address, address, version=version(chief, address), **form)
    assert wang.get("/quarantine").status_code == 200


def test_two_who_edit_one_account_at_once_do_not_undo_each_other(site: HubSite) -> None:
    chief = sign_in(site, "chief")
    address, _ = add(chief, "wang", Role.VIEWER)
    seen = version(chief, address)
    form = {"name": "wang", "where": "everywhere", "version": seen}
    assert send(chief, address, address, role="operator", **form)[0] == 200
    status, page = send(chief, address, address, role="auditor", **form)
    assert status == 409
    assert "Somebody else has just changed this account" in page
    assert "wang Operator" in words(chief.get("/accounts").text)


def test_a_deactivated_account_lets_nobody_in_until_it_is_brought_back(site: HubSite) -> None:
    chief = sign_in(site, "chief")
    address, password = add(chief, "wang", Role.VIEWER)
    wang = sign_in(site, "wang", password)
    _, page = send(chief, address, f"{address}/active", active="no")
    assert "is deactivated and signed out everywhere" in page
    assert wang.get("/board").status_code == 303
    form = {"name": "wang", "password": password, "csrf_token": csrf(wang, "/login")}
    assert wang.post("/login", data=form).status_code == 401
    send(chief, address, f"{address}/active", active="yes")
    assert sign_in(site, "wang", password).get("/board").status_code == 200
    assert [what for _, what in acts(site) if what.startswith("account.")] == [
        "account.added",
        "account.deactivated",
        "account.reactivated",
    ]


def test_the_last_administrator_can_neither_go_nor_become_less(site: HubSite) -> None:
    chief = sign_in(site, "chief")
    found = re.search(r'href="(/accounts/[0-9a-f]{16})">chief<', chief.get("/accounts").text)
    assert found is not None
    address = found[1]
    form = {"name": "chief", "where": "everywhere", "version": version(chief, address)}
    status, page = send(chief, address, address, role="viewer", **form)
    assert (status, "This is the last administrator" in page) == (400, True)
    form["where"] = "some"
    status, page = send(chief, address, address, role="administrator", stop="east", **form)
    assert (status, "This is the last administrator" in page) == (400, True)
    status, page = send(chief, address, f"{address}/active", active="no")
    assert (status, "You cannot deactivate your own account" in page) == (400, True)


def test_a_reset_password_signs_every_device_out(site: HubSite) -> None:
    chief = sign_in(site, "chief")
    address, old = add(chief, "wang", Role.VIEWER)
    wang = sign_in(site, "wang", old)
    _, page = send(chief, address, f"{address}/password")
    drawn = re.search(r"[2-9a-z]{4}(-[2-9a-z]{4}){3}", page)
    assert drawn is not None
    assert wang.get("/board").status_code == 303
    assert sign_in(site, "wang", drawn[0]).get("/board").status_code == 200


def test_a_manager_of_one_city_manages_nobody_beyond_it(site: HubSite) -> None:
    chief = sign_in(site, "chief")
    _, password = add(chief, "city", Role.ADMINISTRATOR, "some", stop="east")
    everywhere, _ = add(chief, "wang", Role.VIEWER)
    city = sign_in(site, "city", password)
    assert "wang" not in words(city.get("/accounts").text)
    assert city.get(everywhere).status_code == 403
    new = {"name": "li", "role": "viewer"}
    status, page = send(city, "/accounts/new", "/accounts/new", where="everywhere", **new)
    assert (status, "no more stops than your own" in page) == (400, True)
    status, page = send(city, "/accounts/new", "/accounts/new", where="some", stop="river", **new)
    assert (status, "no more stops than your own" in page) == (400, True)
    add(city, "li", Role.VIEWER, "some", stop="east")


# --- permissions and scopes --------------------------------------------------------------------


@pytest.mark.parametrize("role", list(Role))
def test_only_who_may_manage_accounts_reaches_their_pages(site: HubSite, role: Role) -> None:
    site.add_user("somebody", role)
    client = sign_in(site, "somebody")
    wanted = 200 if role is Role.ADMINISTRATOR else 403
    assert client.get("/accounts").status_code == wanted
    assert client.get("/account").status_code == 200


def test_a_page_that_is_refused_says_which_role_it_takes_and_who_can_help(site: HubSite) -> None:
    site.add_user("lead", Role.VOLUNTEER_LEAD)
    page = words(sign_in(site, "lead").get("/quarantine").text)
    assert "Your role Volunteer lead" in page
    assert "Roles that may Operator, Auditor, Administrator" in page
    assert "Who can change what your account may do: chief." in page


def test_every_role_and_permission_has_words(site: HubSite) -> None:
    assert set(account_words.ROLES) == set(Role)
    assert set(account_words.PERMISSIONS) == set(Permission)


def test_an_account_of_one_stop_sees_that_stop_alone(site: HubSite) -> None:
    here = site.intake(site.places["east"])
    there = site.intake(site.places["river"])
    site.add_user("lead", Role.WAREHOUSE_MANAGER, stops=["east"])
    client = sign_in(site, "lead")
    board = client.get("/board").text
    assert here in board
    assert there not in board
    assert "kiosk-river" not in board
    assert client.get(f"/items/{here}").status_code == 200
    refused = client.get(f"/items/{there}")
    assert refused.status_code == 403
    assert "a stop that your account does not cover" in words(refused.text)
    assert client.get("/kiosks/kiosk-river").status_code == 403


def test_an_account_of_a_city_sees_a_stop_that_opens_there_later(site: HubSite) -> None:
    site.add_user("lead", Role.VIEWER, cities=[CHENGDU])
    client = sign_in(site, "lead")
    assert "kiosk-east" in client.get("/board").text
    site.add_stop("south", "南门站", "South Gate", ("", ""), "9ZZA")
    assert "kiosk-south" in client.get("/board").text
    site.add_user("elsewhere", Role.VIEWER, cities=["重庆市"])
    assert "kiosk-east" not in sign_in(site, "elsewhere").get("/board").text


def test_a_token_of_one_stop_gets_that_stops_data_alone(site: HubSite) -> None:
    site.intake(site.places["east"])
    there = site.intake(site.places["river"])
    headers = {"Authorization": f"Bearer {site.token(stops=['east'])}"}
    client = site.client()
    assert client.get(f"/api/v1/items/{there}", headers=headers).status_code == 403
    stock = client.get("/api/v1/stock", headers=headers).get_json()["stock"]
    assert {line["stop"] for line in stock} == {"east"}
    events = client.get("/api/v1/events", headers=headers).get_json()["events"]
    assert {event["kiosk"] for event in events} == {"kiosk-east"}


def test_a_signed_in_browser_is_nobody_to_the_api(site: HubSite) -> None:
    assert sign_in(site, "chief").get("/api/v1/stock").status_code == 401


# --- one's own account -------------------------------------------------------------------------


def test_the_own_password_is_changed_by_who_knows_it_and_ends_other_sessions(
    site: HubSite,
) -> None:
    here, there = sign_in(site, "chief"), sign_in(site, "chief")
    form = {"new": "quite another one", "again": "quite another one"}
    status, page = send(here, "/account", "/account/password", old="not this one", **form)
    assert (status, "Present password: it is not right." in page) == (400, True)
    status, page = send(here, "/account", "/account/password", old=PASSWORD, **form)
    assert (status, "Your password is changed." in page) == (200, True)
    assert there.get("/board").status_code == 303
    assert here.get("/board").status_code == 200
    sign_in(site, "chief", "quite another one")


def test_somebody_sees_where_they_are_signed_in_and_ends_it_from_elsewhere(site: HubSite) -> None:
    here = sign_in(site, "chief")
    there = site.client()
    there.environ_base["HTTP_USER_AGENT"] = "Mozilla/5.0 (Linux; Android 14) Chrome/130 Mobile"
    there.environ_base["REMOTE_ADDR"] = "192.0.2.7"
    form = {"name": "chief", "password": PASSWORD, "csrf_token": csrf(there, "/login")}
    there.post("/login", data=form)
    page = here.get("/account").text
    assert "Chrome on Android" in page
    assert "192.0.2.7" in page
    session = re.search(r'name="session" value="([^"]+)"', page)
    assert session is not None
    send(here, "/account", "/account/sessions", session=session[1])
    assert there.get("/board").status_code == 303
    assert here.get("/board").status_code == 200


def test_nobody_ends_a_session_of_somebody_else_by_its_id(site: HubSite) -> None:
    site.add_user("wang", Role.VIEWER)
    chief, wang = sign_in(site, "chief"), sign_in(site, "wang")
    with site.reader.connect() as connection:
        rows = connection.exec_driver_sql(
            'SELECT s.id FROM session s JOIN "user" u ON u.id = s."user" WHERE u.name = \'chief\''
        )
        (session,) = rows.one()
    send(wang, "/account", "/account/sessions", session=session)
    assert chief.get("/board").status_code == 200


def test_a_session_that_nobody_uses_for_a_day_has_ended(site: HubSite) -> None:
    client = sign_in(site, "chief")
    site.now_ms += 11 * HOUR_MS
    assert client.get("/board").status_code == 200
    site.now_ms += 11 * HOUR_MS
    assert client.get("/board").status_code == 200
    site.now_ms += 24 * HOUR_MS
    assert client.get("/board").status_code == 303


def test_a_copied_cookie_is_worth_nothing_after_signing_out(site: HubSite) -> None:
    client = sign_in(site, "chief")
    cookie = client.get_cookie("yicang")
    assert cookie is not None
    client.post("/logout", data={"csrf_token": csrf(client, "/board")})
    thief = site.client()
    thief.set_cookie("yicang", cookie.value)
    assert thief.get("/board").status_code == 303


def test_the_language_of_an_account_follows_it_to_another_browser(site: HubSite) -> None:
    send(sign_in(site, "chief"), "/account", "/account/language", language="zh")
    assert "最近发生的事" in sign_in(site, "chief", language="en").get("/board").text


# --- throttling --------------------------------------------------------------------------------


def try_in(client: FlaskClient, name: str, password: str, address: str) -> int:
    client.environ_base["REMOTE_ADDR"] = address
    form = {"name": name, "password": password, "csrf_token": csrf(client, "/login")}
    return client.post("/login", data=form).status_code


def many_names(site: HubSite, count: int) -> list[str]:
    """Names to guess at. There is one account less: a guess at a name that nobody has takes as long
    as one at an account of full cost (see `HubSite.add_user`), and one such guess will do."""
    names = [f"name {n}" for n in range(count)]
    for name in names[1:]:
        site.add_user(name, Role.VIEWER)
    return names


def test_guesses_are_remembered_through_a_restart_and_forgiven_with_time(
    site: HubSite, tmp_path: Path
) -> None:
    client = site.client()
    assert [try_in(client, "chief", "wrong one", "192.0.2.1") for _ in range(6)][-1] == 429
    site.restart()
    client = site.client()
    assert try_in(client, "chief", PASSWORD, "192.0.2.1") == 429
    site.now_ms += 21_000
    assert try_in(client, "chief", PASSWORD, "192.0.2.1") == 303


def test_guessing_from_afar_does_not_keep_the_owner_out(site: HubSite) -> None:
    afar = site.client()
    for _ in range(7):
        try_in(afar, "chief", "wrong one", "203.0.113.9")
    assert try_in(site.client(), "chief", PASSWORD, "192.0.2.1") == 303


def test_one_address_cannot_try_many_names(site: HubSite) -> None:
    client = site.client()
    names = many_names(site, 25)
    statuses = [try_in(client, name, "wrong one", "203.0.113.9") for name in names]
    assert statuses.count(401) == 20
    assert statuses[-1] == 429


def test_one_name_cannot_be_tried_from_many_addresses(site: HubSite) -> None:
    client = site.client()
    statuses = [try_in(client, "chief", "wrong one", f"198.51.100.{n}") for n in range(53)]
    assert statuses.count(401) == 50
    assert statuses[-1] == 429


def guesses(site: HubSite) -> list[int]:
    """One name each, each from another address, all through the same proxy."""
    client = site.client()
    statuses = []
    for n, name in enumerate(many_names(site, 22)):
        client.environ_base["HTTP_X_FORWARDED_FOR"] = f"198.51.100.{n}"
        statuses.append(try_in(client, name, "wrong one", "127.0.0.1"))
    return statuses


def test_behind_a_proxy_of_ours_everybody_has_an_address_of_their_own(tmp_path: Path) -> None:
    site = HubSite(tmp_path, trusted_proxies=1)
    assert set(guesses(site)) == {401}
    site.close()


def test_nobody_gets_a_new_address_by_claiming_one(site: HubSite) -> None:
    assert guesses(site)[-2:] == [429, 429]
