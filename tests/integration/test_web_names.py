"""A retail code is named once in the browser and every kiosk is told; nobody overwrites another."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from hub.access.permissions import Role
from hub.kiosks import catalogue
from tests.integration.test_web_operator import signed_in, words
from tests.support.hub_site import HubSite

GTIN = "06901234567892"
RICE = {"gtin": "6901234567892", "zh": "五常大米", "en": "Wuchang rice", "category": "F1"}


@pytest.fixture
def site(tmp_path: Path) -> Iterator[HubSite]:
    found = HubSite(tmp_path)
    found.add_users()
    yield found
    found.close()


def known(site: HubSite, part: str = "products") -> list[str]:
    """The Chinese names of a part as kiosks are told of it."""
    with site.reader.connect() as connection:
        return [one.zh for one in catalogue.told(connection, part)]  # type: ignore[union-attr]


def hidden(html: str) -> dict[str, str]:
    form = html[html.index("<main") :]
    return dict(re.findall(r'<input type="hidden" name="([a-z_]+)" value="([^"]*)"', form))


def save(client: FlaskClient, part: str, key: str = "", **values: str) -> tuple[int, str]:
    page = client.get(f"/names/{part}/entry", query_string={"key": key, "new": "1"}).text
    answer = client.post(f"/names/{part}/entry", data=hidden(page) | values)
    return answer.status_code, words(answer.text)


def test_a_code_is_named_and_the_name_can_be_taken_back(site: HubSite) -> None:
    client = signed_in(site)
    assert save(client, "products", **RICE)[0] == 303
    assert known(site) == ["五常大米"]
    page = client.get("/names/products").text
    assert "Wuchang rice" in page
    assert GTIN in page
    undo = hidden(page)
    assert client.post("/names/products/remove", data=undo).status_code == 303
    assert known(site) == []
    again = hidden(client.get("/names/products").text)
    assert client.post("/names/products/entry", data=again).status_code == 303
    assert known(site) == ["五常大米"]


def test_a_wrong_check_digit_is_refused_beside_its_field(site: HubSite) -> None:
    client = signed_in(site)
    status, page = save(client, "products", **RICE | {"gtin": "6901234567893"})
    assert (status, known(site)) == (400, [])
    assert "This is not such a code or number" in page
    status, page = save(client, "products", **RICE | {"zh": ""})
    assert (status, "Please fill this in" in page) == (400, True)


def test_two_people_who_change_one_name_find_out(site: HubSite) -> None:
    one, two = signed_in(site), signed_in(site)
    save(one, "products", **RICE)
    form = hidden(two.get(f"/names/products/entry?key={GTIN}").text)
    assert save(one, "products", GTIN, **RICE | {"zh": "东北大米"})[0] == 303
    answer = two.post("/names/products/entry", data=form | RICE | {"zh": "泰国香米"})
    assert answer.status_code == 409
    assert "东北大米" in answer.text
    assert known(site) == ["东北大米"]


@pytest.mark.parametrize(
    ("part", "values"),
    [
        ("plans", {"zh": "红茶花", "en": "Red camellia", "items": "3", "open": "yes"}),
        ("places", {"zh": "一号架", "en": "Shelf 1", "kind": "shelf"}),
        ("campaigns", {"number": "7", "zh": "一勺米", "en": "A spoon of rice", "target": "100"}),
        ("skills", {"key": "77", "zh": "理发", "en": "Haircut"}),
        ("categories", {"key": "Q7", "zh": "雨具", "en": "Umbrellas", "offered": "yes"}),
    ],
)
def test_everything_that_has_a_name_gets_it_here(
    site: HubSite, part: str, values: dict[str, str]
) -> None:
    client = signed_in(site)
    page = client.get(f"/names/{part}/entry").text
    drawn = re.search(r'name="code" type="text" value="([A-Z0-9]+)"', page)
    form = hidden(page) | values | ({"code": drawn[1]} if drawn else {})
    assert client.post(f"/names/{part}/entry", data=form).status_code == 303
    assert values["zh"] in known(site, part)
    assert values["zh"] in client.get(f"/names/{part}", headers={"Accept-Language": "zh"}).text


def test_who_may_not_name_things_may_look(site: HubSite) -> None:
    client = signed_in(site, "viewer")
    page = client.get("/names/products")
    assert page.status_code == 200
    assert "No retail code has a name yet" in words(page.text)
    assert client.get("/names/products/entry").status_code == 403


def test_a_lead_of_one_stop_does_not_change_names_for_all(site: HubSite) -> None:
    site.add_stop("east", "东门站", "East Gate", ("", ""), "0E0E")
    site.add_user("east-lead", Role.VOLUNTEER_LEAD, stops=["east"])
    client = signed_in(site, "east-lead")
    assert client.get("/names/products/entry").status_code == 403


def test_every_page_opens_in_chinese(site: HubSite) -> None:
    client = signed_in(site, language="zh")
    assert "名称" in client.get("/names/").text
    for part in ("products", "categories", "places", "plans", "campaigns", "skills"):
        assert client.get(f"/names/{part}").status_code == 200
        assert client.get(f"/names/{part}/entry").status_code == 200
    assert client.get("/names/nothing").status_code == 404


def test_plans_are_found_by_any_word_of_theirs(site: HubSite) -> None:
    plans = [
        {"code": one, "zh": zh, "en": en, "items": items, "open": is_open}
        for one, zh, en, items, is_open in (
            ("D05V2T19155", "红茶花", "Red camellia", 3, True),
            ("D05V2BC3120", "紫菊花", "Purple chrysanthemum", 12, False),
        )
    ]
    site.writer.call(lambda connection: catalogue.put(connection, "plans", plans))
    client = signed_in(site)
    assert titles(client, "") == ["Purple chrysanthemum", "Red camellia"]
    assert titles(client, "?sort=items") == ["Red camellia", "Purple chrysanthemum"]
    assert titles(client, "?q=CAMELLIA") == ["Red camellia"]
    assert titles(client, "?q=菊") == ["Purple chrysanthemum"]
    assert titles(client, "?q=12") == ["Purple chrysanthemum"]
    assert titles(client, "?q=yes") == ["Red camellia"]
    assert titles(client, "?q=rose") == []


def titles(client: FlaskClient, asked: str) -> list[str]:
    page = client.get(f"/names/plans{asked}").text
    return re.findall("Red camellia|Purple chrysanthemum", page)
