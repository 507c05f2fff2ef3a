"""A firm's list is looked at, taken in, labelled and, if need be, taken back, in the browser."""

import csv
import io
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from contract import events
from contract.codes import PLACE_IN, Kind, serial_code
from tests.integration.test_web_operator import csrf, signed_in, words
from tests.support.hub_site import HubSite, Place
from tests.support.pdf import codes_on

GOOD = "品类,数量,名称,标签,保质期至\nF1,3,大米,件,2027-01\nH1,24,洗衣液,箱,\n"
BAD = "品类,数量,名称\nF1,many,大米\nX9,2,谜\n"


@pytest.fixture
def site(tmp_path: Path) -> Iterator[HubSite]:
    found = HubSite(tmp_path)
    found.add_users()
    yield found
    found.close()


@pytest.fixture
def east(site: HubSite) -> Place:
    return site.add_stop("stop-east", "东门站", "East Gate", ("", ""), "0E0E")


def upload(client: FlaskClient, content: bytes, name: str = "list.csv", **more: str) -> str:
    form = {
        "csrf_token": csrf(client, "/donations/new"),
        "stop": "stop-east",
        "source": "A firm",
        "each": "item",
        "file": (io.BytesIO(content), name),
        **more,
    }
    answer = client.post("/donations/new", data=form, content_type="multipart/form-data")
    assert answer.status_code == 303, words(answer.text)
    assert answer.location is not None
    return answer.location


def do(client: FlaskClient, address: str, what: str) -> int:
    form = {"csrf_token": csrf(client, address)}
    return client.post(f"{address}/{what}", data=form).status_code


def statuses(site: HubSite) -> list[tuple[str, str, int]]:
    with site.reader.connect() as connection:
        rows = connection.exec_driver_sql(
            "SELECT category, status, quantity FROM item ORDER BY category, code"
        )
        return [(row[0], row[1], row[2]) for row in rows]


def test_a_list_is_looked_at_before_anything_follows(site: HubSite, east: Place) -> None:
    client = signed_in(site)
    address = upload(client, GOOD.encode())
    page = words(client.get(address).text)
    assert "The list is right" in page
    assert "Take in 27 pieces" in page
    assert statuses(site) == []


def test_a_long_list_is_read_whole_and_a_longer_form_than_any_is_not(
    site: HubSite, east: Place
) -> None:
    client = signed_in(site)
    name = "特级新鲜五常大米真空包装" * 4
    long = GOOD + f"F1,1,{name},箱,2027-01\n" * 900
    assert len(long.encode()) > 128 * 1024
    page = words(client.get(upload(client, long.encode())).text)
    assert "Take in 927 pieces" in page
    form = {"csrf_token": csrf(client, "/donations/new"), "file": (io.BytesIO(bytes(3 << 20)), "x")}
    answer = client.post("/donations/new", data=form, content_type="multipart/form-data")
    assert answer.status_code == 413
    assert client.post("/names/plans/entry", data={"zh": "x" * 70_000}).status_code == 413


def test_it_is_taken_in_labelled_and_free(site: HubSite, east: Place) -> None:
    client = signed_in(site)
    address = upload(client, GOOD.encode())
    assert do(client, address, "receive") == 303
    assert statuses(site) == [
        *[("F1", "unlabelled", 1)] * 3,
        ("H1", "unlabelled", 24),
    ]
    assert do(client, address, "receive") == 409
    read = set(codes_on(client.get(f"{address}/labels.pdf").data))
    page = client.get(address).text
    codes = set(re.findall(r'href="/items/([GB][0-9A-Z]{10})"', page))
    assert len(codes) == 4
    assert codes <= read
    assert do(client, address, "labelled") == 303
    assert [status for _, status, _ in statuses(site)] == ["in_stock"] * 4
    assert "labels are on" in words(client.get("/donations/").text)


def test_faults_are_told_by_row_and_nothing_can_be_taken_in(site: HubSite, east: Place) -> None:
    client = signed_in(site)
    address = upload(client, BAD.encode())
    page = words(client.get(address).text)
    assert "2 Quantity many is no whole number from 1 on" in page
    assert "3 Category X9 is no category here" in page
    assert "Take in" not in page
    assert do(client, address, "receive") == 409
    assert statuses(site) == []


def test_a_whole_list_is_taken_back_while_all_of_it_is_there(site: HubSite, east: Place) -> None:
    client = signed_in(site)
    address = upload(client, GOOD.encode())
    do(client, address, "receive")
    site.now_ms += 1_000
    assert do(client, address, "take-back") == 303
    assert {status for _, status, _ in statuses(site)} == {"voided"}
    assert do(client, address, "take-back") == 409
    assert client.get(f"{address}/labels.pdf").status_code == 404, "they stand for nothing now"


def test_what_has_left_keeps_a_list_from_being_taken_back(site: HubSite, east: Place) -> None:
    client = signed_in(site)
    address = upload(client, GOOD.encode())
    do(client, address, "receive")
    site.now_ms += 1_000
    with site.reader.connect() as connection:
        [code, *_] = connection.exec_driver_sql("SELECT code FROM item").scalars()
    out = events.Out(plan=serial_code(Kind.PLAN, "00ZZ", 1), items=(code,))
    site.receive(east.journal, [east.journal.write(out, site.now_ms)])
    assert do(client, address, "take-back") == 409
    assert "voided" not in {status for _, status, _ in statuses(site)}


def test_a_list_whose_box_holds_something_else_by_now_is_not_taken_back(
    site: HubSite, east: Place
) -> None:
    client = signed_in(site)
    address = upload(client, GOOD.encode())
    do(client, address, "receive")
    do(client, address, "labelled")
    toy = site.intake(east, "T1")
    with site.reader.connect() as connection:
        [box] = connection.exec_driver_sql("SELECT code FROM box").scalars()
    packed = events.Packed(box=box, items=(toy,))
    site.now_ms += 1_000
    site.receive(east.journal, [east.journal.write(packed, site.now_ms)])
    site.now_ms += 1_000
    assert do(client, address, "take-back") == 409
    assert "voided" not in {status for _, status, _ in statuses(site)}


def test_a_list_of_which_something_stands_at_another_stop_is_not_taken_back(
    site: HubSite, east: Place
) -> None:
    west = site.add_stop("stop-west", "西门站", "West Gate", ("", ""), "0W0W")
    client = signed_in(site)
    address = upload(client, GOOD.encode())
    do(client, address, "receive")
    do(client, address, "labelled")
    with site.reader.connect() as connection:
        [code, *_] = connection.exec_driver_sql("SELECT code FROM item").scalars()
    arrived = events.Arrived(place=PLACE_IN, items=(code,))
    site.now_ms += 1_000
    site.receive(west.journal, [west.journal.write(arrived, site.now_ms)])
    site.now_ms += 1_000
    assert do(client, address, "take-back") == 409
    assert "voided" not in {status for _, status, _ in statuses(site)}


def test_the_examples_can_be_read_as_they_are(site: HubSite, east: Place) -> None:
    client = signed_in(site)
    for ending in ("csv", "xlsx"):
        content = client.get(f"/donations/example.{ending}").data
        page = words(client.get(upload(client, content, f"example.{ending}")).text)
        assert "The list is right" in page, page
        assert "Take in 56 pieces" in page


def test_what_is_no_list_and_who_may_not_are_refused(site: HubSite, east: Place) -> None:
    client = signed_in(site)
    form = {"csrf_token": csrf(client, "/donations/new"), "stop": "stop-east"}
    answer = client.post("/donations/new", data=form)
    assert (answer.status_code, "Choose a file first" in answer.text) == (400, True)
    other = signed_in(site, "viewer")
    assert other.get("/donations/").status_code == 200
    assert other.get("/donations/new").status_code == 403
    assert client.get("/donations/0000000000000000").status_code == 404


def test_a_list_shows_what_is_kept_of_it_and_keeps_nothing_longer_than_it_says(
    site: HubSite, east: Place
) -> None:
    client = signed_in(site)
    text = (
        "条码,品类,数量,批号,保质期至\n,F1,1,L7,２０２７-06-05\n,H1,1,,2027-06-30\n"
        "6901234567892,T1,1,L7,2027-06-05\n"
    )
    address = upload(client, text.encode())
    page = words(client.get(address).text)
    assert "Without a retail code no lot is kept" in page
    kept = {"F1": (None, "2027-05"), "H1": (None, "2027-06"), "T1": ("L7", "2027-06-05")}
    told = client.get(f"{address}?format=csv").text.lstrip("\ufeff")
    shown = [(row["Lot"] or None, row["Use by"]) for row in csv.DictReader(told.splitlines())]
    assert shown == list(kept.values())
    assert do(client, address, "receive") == 303
    with site.reader.connect() as connection:
        rows = connection.exec_driver_sql("SELECT category, lot, expiry FROM item")
        assert {row[0]: (row[1], row[2]) for row in rows} == kept
    page = words(client.get(upload(client, GOOD.encode())).text)
    assert "Without a retail code" not in page
