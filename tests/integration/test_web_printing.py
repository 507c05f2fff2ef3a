"""Labels are printed at a kiosk from the browser: ordered, followed, ended, and what went wrong."""

import io
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from sqlalchemy import Connection

from contract import codes, events, messages, topics
from contract.messages import CANCEL, PRINT_LABELS, Command, Hello, Reply
from hub.access.permissions import Role
from hub.kiosks import kiosk_commands
from hub.printing import label_orders
from tests.integration.test_web_operator import csrf, signed_in, words
from tests.support.hub_site import DAY_MS, HubSite, Place
from tests.support.pdf import codes_on

EAST = "kiosk-stop-east"


@pytest.fixture
def site(tmp_path: Path) -> Iterator[HubSite]:
    found = HubSite(tmp_path)
    found.add_users()
    yield found
    found.close()


@pytest.fixture
def east(site: HubSite) -> Place:
    return site.add_stop("stop-east", "东门站", "East Gate", ("", ""), "0E0E")


def send(client: FlaskClient, path: str, page: str, **form: str) -> tuple[int, str]:
    answer = client.post(path, data={"csrf_token": csrf(client, page), **form})
    return answer.status_code, answer.location or words(answer.text)


def sent(site: HubSite) -> list[Command]:
    """What the hub publishes to the kiosk now."""
    sends = site.writer.commit(lambda here: kiosk_commands.unsent(here, site.now_ms))
    assert all(one.topic == topics.down(EAST, topics.COMMAND) for one in sends)
    assert not any(one.retain for one in sends)
    return [messages.decode(one.payload, Command) for one in sends]


def hello(site: HubSite) -> list[Command]:
    """What it says after the welcome of a kiosk that has come back."""
    told = Hello("0" * 16, ())
    site.send(topics.up(EAST, topics.HELLO), messages.encode(told))
    sends = site.writer.commit(lambda here: kiosk_commands.after_hello(here, EAST, site.now_ms))
    return [messages.decode(one.payload, Command) for one in sends]


def answer(site: HubSite, reply: Reply) -> None:
    """The kiosk says it, and what follows is done."""
    site.send(topics.up(EAST, topics.REPLY), messages.encode(reply))
    site.writer.call(lambda here: label_orders.settle(here, site.now_ms))


def a_roll(site: HubSite, n: int = 12) -> tuple[FlaskClient, str, Command]:
    """A roll of blank labels on its way: the browser, the run's page, the command."""
    client = signed_in(site)
    status, address = send(client, "/printing/roll", "/labels/", kind="item", n=str(n), kiosk=EAST)
    assert status == 303
    [command] = sent(site)
    return client, address, command


def test_a_roll_is_made_and_printed_in_one_go(site: HubSite, east: Place) -> None:
    client, address, command = a_roll(site)
    assert (command.name, len(command.labels), command.known) == (PRINT_LABELS, 12, False)
    assert all(codes.parse(label.code).ready_made for label in command.labels)
    assert "not answered yet" in words(client.get(address).text)
    answer(site, Reply(command.id, True, state="printing", printed=5, left=7))
    page = words(client.get(address).text)
    assert "printing · 5 of 12 printed" in page
    answer(site, Reply(command.id, True, state="done", printed=12))
    page = words(client.get(address).text)
    assert "done · 12 of 12 printed" in page
    assert "Print no more" not in page
    assert "At a kiosk" not in page, "nothing is left to print"


def test_the_live_part_is_sent_again_only_when_it_changed(site: HubSite, east: Place) -> None:
    client, address, command = a_roll(site)
    path = re.search(r'hx-get="(/printing/live[^"]*)"', client.get(address).text)
    assert path is not None
    first = client.get(path[1])
    again = {"If-None-Match": first.headers["ETag"]}
    assert client.get(path[1], headers=again).status_code == 304
    answer(site, Reply(command.id, True, state="printing", printed=1, left=11))
    news = client.get(path[1], headers=again)
    assert (news.status_code, "1 of 12 printed" in words(news.text)) == (200, True)


def test_a_kiosk_that_was_away_is_told_again_until_it_has_answered(
    site: HubSite, east: Place
) -> None:
    _client, _address, command = a_roll(site)
    assert [one.id for one in hello(site)] == [command.id]
    answer(site, Reply(command.id, True, state="accepted", left=12))
    [again] = hello(site)
    assert again.known, "a kiosk that has lost its memory prints nothing"
    answer(site, Reply(command.id, True, state="done", printed=12))
    assert hello(site) == []
    site.now_ms += DAY_MS
    assert sent(site) == []


def test_a_label_that_nobody_knows_of_is_given_up(site: HubSite, east: Place) -> None:
    client, address, command = a_roll(site)
    lost = command.labels[3].code
    answer(site, Reply(command.id, True, state="done", printed=11, doubtful=(lost,)))
    answer(site, Reply(command.id, True, state="done", printed=11, doubtful=(lost,)))
    page = words(client.get(address).text)
    assert "Nobody knows whether this label came out. It is given up" in page
    assert page.count(codes.grouped(lost)) == 2
    assert "Given up 1" in page
    assert "Still blank 11" in page
    assert "1 row" in words(client.get(f"/events?subject={lost}&type=label.voided").text)


def test_a_kiosk_that_lost_its_memory_leaves_all_the_others_in_doubt(
    site: HubSite, east: Place
) -> None:
    client, address, command = a_roll(site)
    answer(site, Reply(command.id, True, state="printing", printed=5, left=7))
    answer(site, Reply(command.id, False, "forgotten", "failed"))
    page = words(client.get(address).text)
    assert "memory was lost" in page
    assert "Given up 7" in page


def test_what_is_left_can_be_ended_and_printed_elsewhere(site: HubSite, east: Place) -> None:
    client, address, command = a_roll(site)
    answer(site, Reply(command.id, True, state="printing", printed=2, left=10))
    status, back = send(client, f"/printing/{command.id}/cancel", address)
    assert (status, back) == (303, address)
    [ending] = sent(site)
    assert (ending.name, ending.of) == (CANCEL, command.id)
    assert "being ended" in words(client.get(address).text)
    assert [one.name for one in hello(site)] == [CANCEL, PRINT_LABELS], "the end is said first"
    answer(site, Reply(command.id, True, state="cancelled", printed=3, left=9))
    answer(site, Reply(ending.id, True, state="done"))
    assert hello(site) == []
    assert "ended before its end · 3 of 12 printed" in words(client.get(address).text)
    prefix = address.rpartition("/")[2]
    assert send(client, f"/printing/labels/{prefix}", address, kiosk=EAST, n="9")[0] == 303
    [rest] = sent(site)
    assert [one.code for one in rest.labels] == [one.code for one in command.labels[3:]]


def test_a_code_is_on_a_sheet_or_on_a_roll_and_never_on_both(site: HubSite, east: Place) -> None:
    client, address, _command = a_roll(site)
    assert client.get(f"{address}/sheets.pdf").status_code == 404, "all of them are on the roll"
    form = {"csrf_token": csrf(client, "/labels/"), "kind": "item", "sheets": "1", "stop": ""}
    made = str(client.post("/labels/", data=form).location)
    prefix = made.rpartition("/")[2]
    assert send(client, f"/printing/labels/{prefix}", made, kiosk=EAST, n="4")[0] == 303
    [some] = sent(site)
    on_paper = codes_on(client.get(f"{made}/sheets.pdf").data)
    assert len(on_paper) == 20
    assert not set(on_paper) & {one.code for one in some.labels}
    send(client, f"/printing/labels/{prefix}", made, kiosk=EAST, n="1")
    assert sent(site) == []
    assert "on sheets already" in words(client.get(made).text)


@pytest.mark.parametrize("n", ["0", "13", "-1", "many", ""])
def test_a_number_that_cannot_be_orders_nothing(site: HubSite, east: Place, n: str) -> None:
    client, address, command = a_roll(site)
    answer(site, Reply(command.id, False, "too-many", "refused"))
    prefix = address.rpartition("/")[2]
    assert send(client, f"/printing/labels/{prefix}", address, kiosk=EAST, n=n)[0] == 303
    assert sent(site) == []
    assert re.search("Say how many|not that many", words(client.get(address).text))


@pytest.mark.parametrize(
    ("reply", "told"),
    [
        (Reply("", True, "printer-waits", "printing", 1, 11), "look at its paper and cover"),
        (Reply("", True, "no-printer", "accepted", 0, 12), "No label printer is connected"),
        (Reply("", False, "not-supported"), "too old"),
        (Reply("", False, "", "expired"), "its time was over"),
        (Reply("", False, "layout", "failed", 0, 12), "does not fit"),
        (Reply("", True, "later-word", "later-state"), "later-word"),
    ],
)
def test_what_went_wrong_is_told_in_plain_words(
    site: HubSite, east: Place, reply: Reply, told: str
) -> None:
    client, address, command = a_roll(site)
    site.send(topics.up(EAST, topics.STATUS), messages.encode(messages.KioskStatus(online=True)))
    said = messages.Reply(command.id, reply.ok, reply.detail, reply.state, reply.printed)
    answer(site, said)
    assert told in words(client.get(address).text)
    assert told in words(client.get(f"/kiosks/{EAST}").text)
    chinese = client.get(address, headers={"Accept-Language": "zh"}).text
    assert "The kiosk" not in chinese


def test_no_answer_in_time_is_said(site: HubSite, east: Place) -> None:
    client, address, _command = a_roll(site)
    site.now_ms += DAY_MS
    client = signed_in(site)
    assert "no answer in time" in words(client.get(address).text)


def a_list(site: HubSite) -> tuple[FlaskClient, str]:
    """A list of two things and a box that came in: the browser and the list's page."""
    client = signed_in(site)
    upload = {
        "csrf_token": csrf(client, "/donations/new"),
        "stop": "stop-east",
        "source": "A factory",
        "file": (io.BytesIO("品类,数量,标签\nK1,2,件\nE1,24,箱\n".encode()), "l.csv"),
    }
    page = str(client.post("/donations/new", data=upload).location)
    assert send(client, f"{page}/receive", page)[0] == 303
    return client, page


def test_a_list_that_is_taken_back_is_printed_no_more_and_leaves_nothing(
    site: HubSite, east: Place
) -> None:
    client, page = a_list(site)
    order = page.replace("/donations/", "/printing/donations/")
    send(client, order, page, kiosk=EAST, n="3")
    [command] = sent(site)
    first = command.labels[0].code
    answer(site, Reply(command.id, True, state="printing", printed=1, left=2))
    attached = events.LabelAttached(item=first, how="printed")
    site.receive(east.journal, [east.journal.write(attached, site.now_ms)])
    assert "in_stock" in _statuses(site)
    assert send(client, f"{page}/take-back", page)[0] == 303
    [ending] = sent(site)
    assert (ending.name, ending.of) == (CANCEL, command.id)
    assert _statuses(site) == {"voided"}
    incidents = site.writer.commit(
        lambda here: here.exec_driver_sql("SELECT kind FROM incident").scalars().all()
    )
    assert incidents == []


def _statuses(site: HubSite) -> set[str]:
    return site.writer.commit(
        lambda here: set(here.exec_driver_sql("SELECT status FROM item").scalars())
    )


def test_labels_of_a_donation_are_printed_and_copies_of_those_in_doubt(
    site: HubSite, east: Place
) -> None:
    client, page = a_list(site)
    order = page.replace("/donations/", "/printing/donations/")
    assert send(client, order, page, kiosk=EAST, n="3")[0] == 303
    [command] = sent(site)
    assert [(one.code[0], one.category, one.quantity, one.copy) for one in command.labels] == [
        ("G", "K1", 1, False),
        ("G", "K1", 1, False),
        ("B", "E1", 24, False),
    ]
    assert "Print the labels at a kiosk" not in words(client.get(page).text)
    lost = command.labels[1].code
    answer(site, Reply(command.id, True, state="done", printed=2, doubtful=(lost,)))
    shown = words(client.get(page).text)
    assert "if it is not there, print a copy" in shown
    assert "Given up" not in shown
    assert send(client, order, page, kiosk=EAST, copies="1")[0] == 303
    [copies] = sent(site)
    assert [(one.code, one.copy) for one in copies.labels] == [(lost, True)]


def test_who_may_not_print_there_orders_nothing(site: HubSite, east: Place) -> None:
    site.add_stop("stop-west", "西门站", "West Gate", ("", ""), "0W0W")
    site.add_user("west", Role.VOLUNTEER_LEAD, stops=["stop-west"])
    _client, address, command = a_roll(site)
    west = signed_in(site, "west")
    form = {"csrf_token": csrf(west, "/labels/"), "kind": "item", "n": "5"}
    assert west.post("/printing/roll", data={**form, "kiosk": EAST}).status_code == 403
    assert west.post(f"/printing/{command.id}/cancel", data=form).status_code == 403
    assert west.post("/printing/roll", data={**form, "kiosk": "nowhere"}).status_code == 403
    viewer = signed_in(site, "viewer")
    form["csrf_token"] = csrf(viewer, "/account")
    assert viewer.post("/printing/roll", data={**form, "kiosk": EAST}).status_code == 403
    assert viewer.get(address).status_code == 200
    assert sent(site) == []


def test_a_reply_of_another_kiosk_changes_nothing(site: HubSite, east: Place) -> None:
    site.add_stop("stop-west", "西门站", "West Gate", ("", ""), "0W0W")
    client, address, command = a_roll(site)
    said = Reply(command.id, True, state="done", printed=12)
    site.send(topics.up("kiosk-stop-west", topics.REPLY), messages.encode(said))
    assert "not answered yet" in words(client.get(address).text)


def test_an_order_is_in_the_audit_log(site: HubSite, east: Place) -> None:
    a_roll(site)

    def noted(here: Connection) -> list[str]:
        return list(
            here.exec_driver_sql("SELECT subject FROM audit WHERE what = 'kiosk.command'").scalars()
        )

    assert site.writer.commit(noted) == [EAST]
