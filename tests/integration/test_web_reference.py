"""What an operator sees of codes that want a name, and of machines that are not well."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from contract import codes, events, messages, topics
from contract.events import Retail
from contract.messages import DeviceHealth, Health, PartHealth, Product
from hub.kiosks import catalogue
from tests.integration.test_web_operator import signed_in
from tests.support.hub_site import HubSite, Place

GTIN = "06901234567892"


@pytest.fixture
def site(tmp_path: Path) -> Iterator[HubSite]:
    made = HubSite(tmp_path)
    made.add_users()
    yield made
    made.close()


@pytest.fixture
def place(site: HubSite) -> Place:
    return site.add_stop("east", "东站", "East", ("锦江区", "Jinjiang"), "00AA")


@pytest.fixture
def operator(site: HubSite) -> FlaskClient:
    return signed_in(site)


def take_in(site: HubSite, place: Place, category: str, gtin: str = GTIN) -> None:
    body = events.Received(
        session=place.journal.session,
        item=place.journal.code(),
        category=category,
        place=codes.PLACE_IN,
        retail=Retail(gtin),
    )
    site.receive(place.journal, [place.journal.write(body, site.now_ms)])


def test_codes_that_nobody_named_are_counted_listed_and_gone_once_named(
    site: HubSite, place: Place, operator: FlaskClient
) -> None:
    for category in ("F2", "F1", "F1", "ZZ"):
        take_in(site, place, category)
    assert "1 code to name" in operator.get("/board").text
    page = operator.get("/codes").text
    assert GTIN in page
    assert "Rice, flour, oil" in page
    headers = {"Authorization": f"Bearer {site.token()}"}
    [told] = site.client().get("/api/v1/codes-to-name", headers=headers).get_json()["codes"]
    assert (told["gtin"], told["items"], told["category"]) == (GTIN, 4, "F1")
    named = {"gtin": GTIN, "category": "F1", "zh": "米", "en": "Rice"}
    site.writer.call(lambda connection: catalogue.put(connection, "products", [named]))
    assert "code to name" not in operator.get("/board").text
    assert "Every code that came in has a name." in operator.get("/codes").text


def test_of_many_codes_those_without_a_name_wait_the_most_frequent_first(
    site: HubSite, place: Place, operator: FlaskClient
) -> None:
    codes_of_goods = ["06901234500016", "06901234500023", "06901234500030"]
    for gtin, times in zip(codes_of_goods, (1, 2, 3), strict=True):
        for _ in range(times):
            take_in(site, place, "F1", gtin)
    named = {"gtin": codes_of_goods[1], "category": "F1", "zh": "米", "en": "Rice"}
    site.writer.call(lambda connection: catalogue.put(connection, "products", [named]))
    assert "2 codes to name" in operator.get("/board").text
    assert "2 retail codes want a name" in operator.get("/names/").text
    headers = {"Authorization": f"Bearer {site.token()}"}
    told = site.client().get("/api/v1/codes-to-name", headers=headers).get_json()["codes"]
    assert [(one["gtin"], one["items"]) for one in told] == [
        (codes_of_goods[2], 3),
        (codes_of_goods[0], 1),
    ]


def test_a_kiosk_s_page_tells_what_its_machine_suffers_from(
    site: HubSite, place: Place, operator: FlaskClient
) -> None:
    kiosk = place.journal.kiosk
    well = Health(0, 0, 5, clock=True, clock_source="ntp", throttling=(), temperature_c=41.0)
    site.send(topics.up(kiosk, topics.HEALTH), messages.encode(well))
    page = operator.get(f"/kiosks/{kiosk}").text
    assert "41 °C" in page
    assert "by a time server" in page
    assert "Refuses" not in page
    damaged = PartHealth("places", ok=False, detail="a piece is damaged")
    ill = Health(
        0, 0, 5, clock=True, refusing="read-only", throttling=("under-voltage",),
        temperature_c=84.0, reference=(damaged,),
        devices=(DeviceHealth("serial--dev-ttyUSB0", "printer", ok=True, paper_mm=3400),),
    )  # fmt: skip
    site.send(topics.up(kiosk, topics.HEALTH), messages.encode(ill))
    page = operator.get(f"/kiosks/{kiosk}").text
    for words in ("the disk takes no data", "84 °C", "too little voltage", "places"):
        assert words in page
    assert "3.4 m of paper left" in page


@pytest.mark.parametrize(
    ("part", "entry", "words"),
    [
        ("capabilities", {"person": "a" * 64, "can": ["recipient"]}, "deliver, count"),
        ("capabilities", {"person": "Ann", "can": ["lead"]}, "person"),
        ("places", {"code": "W00000AT", "kind": "moon", "zh": "月", "en": "Moon"}, "shelf, stop"),
        (
            "products",
            {"gtin": GTIN, "category": "Q9", "zh": "米", "en": "Rice"},
            "no such category",
        ),
        ("products", {"gtin": "12", "category": "F1", "zh": "米", "en": "Rice"}, "gtin"),
        ("campaigns", {"number": 0, "zh": "米", "en": "Rice"}, "number"),
        ("weather", {}, "no such part"),
    ],
)
def test_what_kiosks_must_not_be_told_is_refused_in_words(
    site: HubSite, part: str, entry: dict[str, object], words: str
) -> None:
    with pytest.raises(catalogue.CatalogueError, match=words):
        site.writer.call(lambda connection: catalogue.put(connection, part, [entry]))


def test_a_product_is_what_the_contract_says_of_one(site: HubSite) -> None:
    named = {"gtin": GTIN, "category": "F1", "zh": "米", "en": "Rice"}
    site.writer.call(lambda connection: catalogue.put(connection, "products", [named]))
    found = site.writer.call(lambda connection: catalogue.entries(connection, "products"))
    assert found == (Product(**named),)
