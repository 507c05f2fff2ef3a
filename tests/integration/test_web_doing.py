"""What an operator has a kiosk do from the browser: ordered, followed, its files; configurations in
stages, and what is wrong with one, key by key."""

import gzip
import hashlib
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import cast

import pytest
from flask.testing import FlaskClient
from sqlalchemy import Connection, func, select

from contract import codes, messages, topics
from contract.codes import Kind, serial_code
from contract.messages import (
    CANCEL,
    CONFIGURE,
    IDENTIFY,
    LOGS,
    PART_BYTES,
    REBOOT,
    REPRINT,
    Check,
    Command,
    FilePart,
    Health,
    KioskStatus,
    LaneHealth,
    Reply,
)
from hub import db
from hub.access.audit import By
from hub.access.permissions import Role
from hub.fleet import lifecycle
from hub.kiosks import kiosk_commands
from hub.kiosks.orders_watch import OrdersWatch
from hub.log.writer import Writer
from tests.integration.test_web_operator import csrf, signed_in, words
from tests.support.hub_site import DAY_MS, HubSite, Place
from tests.support.processes import until

EAST = "kiosk-stop-east"
WEST = "kiosk-stop-west"
PAGE = f"/kiosks/{EAST}"
SHELF = codes.with_check(Kind.PLACE.value + "SHE1F0")


@pytest.fixture
def site(tmp_path: Path) -> Iterator[HubSite]:
    found = HubSite(tmp_path)
    found.add_users()
    yield found
    found.close()


@pytest.fixture
def east(site: HubSite) -> Place:
    place = site.add_stop("stop-east", "东门站", "East Gate", ("", ""), "0E0E")
    site.send(topics.up(EAST, topics.STATUS), messages.encode(KioskStatus(online=True)))
    return place


@pytest.fixture
def west(site: HubSite) -> Place:
    return site.add_stop("stop-west", "西门站", "West Gate", ("", ""), "0E0F")


def post(client: FlaskClient, path: str, page: str, **form: object) -> tuple[int, str]:
    answer = client.post(path, data={"csrf_token": csrf(client, page), **form})
    return answer.status_code, answer.location or words(answer.text)


def sent(site: HubSite) -> list[Command]:
    """What the hub publishes now."""
    sends = site.writer.commit(lambda here: kiosk_commands.unsent(here, site.now_ms))
    return [messages.decode(one.payload, Command) for one in sends]


def answer(site: HubSite, reply: Reply, kiosk: str = EAST) -> None:
    site.send(topics.up(kiosk, topics.REPLY), messages.encode(reply))


def do(site: HubSite, client: FlaskClient, name: str, **form: str) -> Command:
    status, _where = post(client, f"{PAGE}/do/{name}", PAGE, **form)
    assert status == 303
    [command] = sent(site)
    return command


def test_a_kiosk_is_told_to_blink_and_the_page_says_what_became_of_it(
    site: HubSite, east: Place
) -> None:
    client = signed_in(site)
    command = do(site, client, "identify")
    assert command.name == IDENTIFY
    assert 0 < command.expires - site.now_ms <= 600_000
    page = words(client.get(PAGE).text)
    assert "Blink and beep · not answered yet" in page
    assert "holds until" in page
    answer(site, Reply(command.id, True, state="done"))
    assert "Blink and beep · done" in words(client.get(PAGE).text)


def test_what_stops_a_kiosk_is_asked_first(site: HubSite, east: Place) -> None:
    client = signed_in(site)
    page = client.get(PAGE).text
    assert f'href="{PAGE}/do/reboot"' in page
    assert f'action="{PAGE}/do/reboot"' not in page
    asked = client.get(f"{PAGE}/do/reboot")
    assert "It waits until nobody is being served" in words(asked.text)
    assert sent(site) == []
    assert do(site, client, "reboot").name == REBOOT


def test_a_command_that_waits_is_taken_back_and_one_that_goes_on_is_not(
    site: HubSite, east: Place
) -> None:
    client = signed_in(site)
    command = do(site, client, "restart")
    answer(site, Reply(command.id, True, "serving", "accepted"))
    page = client.get(PAGE).text
    assert "It waits until nobody is being served there." in words(page)
    assert "Do not do it" in page
    post(client, f"/printing/{command.id}/cancel", PAGE)
    [ending] = sent(site)
    assert (ending.name, ending.of) == (CANCEL, command.id)
    going = do(site, client, "restart")
    answer(site, Reply(going.id, True, state="running"))
    assert f"/printing/{going.id}/cancel" not in client.get(PAGE).text


def test_a_wrong_code_is_said_and_nothing_is_sent(site: HubSite, east: Place) -> None:
    client = signed_in(site)
    post(client, f"{PAGE}/do/reprint", PAGE, code="not a code")
    assert "That is not the code of an item or a box." in words(client.get(PAGE).text)
    post(client, f"{PAGE}/do/open-stocktake", PAGE, place=serial_code(Kind.ITEM, "0E0E", 1))
    assert "That is not the code of a shelf." in words(client.get(PAGE).text)
    assert sent(site) == []
    code = serial_code(Kind.ITEM, "0E0E", 7)
    command = do(site, client, "reprint", code=code.lower())
    assert (command.name, command.code) == (REPRINT, code)
    assert do(site, client, "open-stocktake", place=SHELF).place == SHELF


def test_a_shelf_is_opened_at_the_lane_that_was_chosen(site: HubSite, east: Place) -> None:
    client = signed_in(site)
    assert 'name="lane"' not in client.get(PAGE).text, "nothing to choose from"
    lanes = tuple(LaneHealth(name, "rest") for name in ("lane-1", "lane-2", "screen"))
    told = Health(0, 0, 0, True, lanes=lanes)
    site.send(topics.up(EAST, topics.HEALTH), messages.encode(told))
    page = client.get(PAGE).text
    chosen = re.findall(
        r'<option value="([^"]*)">([^<]*)</option>', page.partition('id="f-lane"')[2]
    )
    assert chosen == [
        ("", "the first that rests"),
        ("lane-1", "lane-1"),
        ("lane-2", "lane-2"),
        ("screen", "its own page"),
    ]
    assert do(site, client, "open-stocktake", place=SHELF, lane="lane-2").lane == "lane-2"
    assert do(site, client, "open-stocktake", place=SHELF, lane="").lane is None
    post(client, f"{PAGE}/do/open-stocktake", PAGE, place=SHELF, lane="Lane 2!")
    assert "That is not the name of a scanner’s lane." in words(client.get(PAGE).text)
    assert sent(site) == []


def test_a_self_test_shows_every_line_of_its_result(site: HubSite, east: Place) -> None:
    client = signed_in(site)
    command = do(site, client, "self-test")
    checks = (
        Check("scanner serial-ttyACM0", True),
        Check("lights", None),
        Check("printer usb", False, "没纸了 / out of paper"),
    )
    answer(site, Reply(command.id, True, "trouble", "done", checks=checks))
    page = words(client.get(PAGE).text)
    assert "Scanner (serial-ttyACM0): passed" in page
    assert "Lights: red, green, blue, white: to be looked at there" in page
    assert "Printer (usb): did not pass: out of paper" in page


def parts_of(content: bytes, name: str = "log.jsonl.gz") -> list[FilePart]:
    count = -(-len(content) // PART_BYTES)
    digest = hashlib.sha256(content).hexdigest()
    return [
        FilePart(name, n, count, digest, content[n * PART_BYTES : (n + 1) * PART_BYTES])
        for n in range(count)
    ]


def kept(site: HubSite) -> int:
    """Parts of files that the hub has."""
    with site.reader.connect() as here:
        return int(here.execute(select(func.count()).select_from(db.command_file)).scalar_one())


def send_file(site: HubSite, command: Command, parts: list[FilePart]) -> None:
    for part in parts:
        state = "done" if part.index == part.parts - 1 else "running"
        answer(site, Reply(command.id, True, state=state, file=part))


def test_a_log_is_whole_only_with_every_part_and_is_gone_after_a_month(
    site: HubSite, east: Place
) -> None:
    client = signed_in(site)
    command = do(site, client, "logs")
    assert (command.name, command.lines) == (LOGS, 500)
    content = bytes(range(256)) * 600
    parts = parts_of(content)
    assert len(parts) == 3
    send_file(site, command, parts[:1] + parts[2:])
    assert "Fetch its log · going on" in words(client.get(PAGE).text)
    assert client.get(f"/commands/{command.id}/file").status_code == 404
    again = site.writer.commit(lambda here: kiosk_commands.after_hello(here, EAST, site.now_ms))
    assert messages.decode(again[0].payload, Command).id == command.id
    send_file(site, command, parts)
    assert "Fetch its log · done" in words(client.get(PAGE).text)
    got = client.get(f"/commands/{command.id}/file")
    assert got.data == content
    assert f"{EAST}-{command.id}-log.jsonl.gz" in got.headers["Content-Disposition"]
    site.now_ms += 30 * DAY_MS + 1
    watch = OrdersWatch(site.reader, cast(Writer, site.writer), lambda: site.now_ms, every_s=0.01)
    watch.start()
    until("the file is gone", lambda: not kept(site))
    watch.stop()
    assert signed_in(site).get(f"/commands/{command.id}/file").status_code == 404


def test_a_file_that_was_not_asked_for_is_not_kept(site: HubSite, east: Place) -> None:
    client = signed_in(site)
    command = do(site, client, "identify")
    send_file(site, command, parts_of(gzip.compress(b"x")))
    assert kept(site) == 0


def test_a_viewer_may_find_a_kiosk_but_not_stop_it(site: HubSite, east: Place) -> None:
    client = signed_in(site, Role.VIEWER)
    page = client.get(PAGE).text
    assert f"{PAGE}/do/identify" in page
    assert f"{PAGE}/do/restart" not in page
    assert client.get(f"{PAGE}/do/restart").status_code == 403
    assert post(client, f"{PAGE}/do/restart", PAGE)[0] == 403
    assert client.get("/configurations/").status_code == 403


# --- configurations -------------------------------------------------------------------------------


def a_wish(site: HubSite, client: FlaskClient, **form: str) -> str:
    given = {"note": "Quieter", **form}
    status, where = post(client, "/configurations/new", "/configurations/new", **given)
    assert status == 303, where
    return where


def test_what_is_wrong_with_a_configuration_is_said_at_its_key_in_both_languages(
    site: HubSite, east: Place
) -> None:
    client = signed_in(site)
    form = {
        "speaker_volume": "101",
        "lamp_brightness": "0",
        "printers": "netwrok:10.0.0.9",
        "min_free_mb": "64",
    }
    answered = client.post(
        "/configurations/new", data={"csrf_token": csrf(client, "/configurations/new"), **form}
    )
    assert answered.status_code == 400
    wrong = dict(re.findall(r'<p class="problem" id="p-(\w+)">(.*?)</p>', answered.text))
    assert wrong.keys() == {"speaker_volume", "lamp_brightness", "printers", "note"}
    assert "10 to 100" in wrong["lamp_brightness"]
    assert "0 to 100" in wrong["speaker_volume"]
    assert "netwrok" in wrong["printers"]
    assert 'value="101"' in answered.text
    client.set_cookie("language", "zh")
    chinese = client.post(
        "/configurations/new",
        data={"csrf_token": csrf(client, "/configurations/new"), **form},
        headers={"Accept-Language": "zh"},
    )
    wrong = dict(re.findall(r'<p class="problem" id="p-(\w+)">(.*?)</p>', chinese.text))
    assert all(re.search("[一-鿿]", text) for text in wrong.values()), wrong


def test_a_configuration_goes_to_one_then_to_the_rest_and_is_kept_with_its_reason(
    site: HubSite, east: Place, west: Place
) -> None:
    client = signed_in(site)
    page = a_wish(site, client, speaker_volume="30", voice="yes", lamp_brightness="40")
    assert sent(site) == []
    post(client, f"{page}/stage", page, kiosk=[EAST])
    [first] = sent(site)
    assert first.name == CONFIGURE
    assert hashlib.sha256(first.configuration.encode()).hexdigest() == first.version
    assert "speaker_volume" in first.configuration
    assert '"lamp_brightness":40' in first.configuration
    answer(site, Reply(first.id, True, state="done"))
    post(client, f"{page}/stage", page, rest="1")
    [second] = sent(site)
    assert second.version == first.version
    text = words(client.get(page).text)
    assert "Quieter" in text
    assert "1 of 2 have it" in text
    assert "Quieter" in words(client.get("/configurations/").text)


def retired(here: Connection) -> None:
    lifecycle.retire(here, EAST, "broken", By("x"), 1, anyway=True)


def revoked(here: Connection) -> None:
    lifecycle.revoke(here, EAST, "stolen", By("x"), 1)


@pytest.mark.parametrize("end", [retired, revoked])
def test_a_kiosk_that_has_ended_is_told_nothing_by_page_or_program(
    site: HubSite, east: Place, west: Place, end: Callable[[Connection], None]
) -> None:
    client = signed_in(site)
    page = a_wish(site, client, speaker_volume="30")
    site.writer.call(end)
    post(client, f"{page}/stage", page, kiosk=[EAST])
    bearer = {"Authorization": f"Bearer {site.token(Role.ADMINISTRATOR)}"}
    address = f"/api/v1/configurations/{page.rpartition('/')[2]}/stages"
    for kiosks in ([EAST], [EAST, west.journal.kiosk]):
        answer = site.client().post(address, headers=bearer, json={"kiosks": kiosks})
        assert answer.status_code == 409
        assert "unknown-kiosk" in answer.text
    assert sent(site) == [], "not even the other one"


def test_after_a_kiosk_went_back_no_further_one_is_told(
    site: HubSite, east: Place, west: Place
) -> None:
    client = signed_in(site)
    page = a_wish(site, client, printers="network:10.0.0.9")
    post(client, f"{page}/stage", page, kiosk=[EAST])
    [first] = sent(site)
    answer(site, Reply(first.id, False, "printer-fails network-10.0.0.9", "failed"))
    text = words(client.get(page).text)
    assert "With it the printer network-10.0.0.9 did not work." in text
    assert "a kiosk gave it up" in text
    post(client, f"{page}/stage", page, rest="1")
    assert "A kiosk gave it up or refused it" in words(client.get(page).text)
    assert sent(site) == []


def test_halting_ends_what_has_not_begun(site: HubSite, east: Place) -> None:
    client = signed_in(site)
    page = a_wish(site, client, min_free_mb="100")
    post(client, f"{page}/stage", page, stop=["stop-east"])
    [first] = sent(site)
    assert "Halt configuration" in words(client.get(f"{page}/halt").text)
    post(client, f"{page}/halt", page)
    [ending] = sent(site)
    assert (ending.name, ending.of) == (CANCEL, first.id)
    post(client, f"{page}/stage", page, rest="1")
    assert sent(site) == []


def test_who_keeps_one_stop_does_not_halt_what_others_were_told(site: HubSite, east: Place) -> None:
    site.add_stop("stop-west", "西门站", "West Gate", ("", ""), "0A0A")
    client = signed_in(site)
    page = a_wish(site, client, min_free_mb="100")
    post(client, f"{page}/stage", page, stop=["stop-east"])
    number = page.rpartition("/")[2]

    def halts(*stops: str) -> int:
        headers = {"Authorization": f"Bearer {site.token(Role.ADMINISTRATOR, stops=stops)}"}
        address = f"/api/v1/configurations/{number}/halt"
        return site.client().post(address, headers=headers).status_code

    assert halts("stop-west") == 403
    assert halts("stop-east") == 200


def test_a_kiosks_page_tells_when_it_runs_otherwise_than_wished(site: HubSite, east: Place) -> None:
    client = signed_in(site)
    page = a_wish(site, client, voice="no")
    post(client, f"{page}/stage", page, kiosk=[EAST])
    [command] = sent(site)

    def tells(config: str = "", config_state: str = "", config_detail: str = "") -> str:
        health = Health(
            0,
            0,
            1,
            clock=True,
            config=config,
            config_state=config_state,
            config_detail=config_detail,
        )
        site.send(topics.up(EAST, topics.HEALTH), messages.encode(health))
        return words(client.get(PAGE).text)

    assert "it runs with another one" in tells()
    assert "it is trying number 1" in tells(config=command.version, config_state="trying")
    went_back = tells(config_state="reverted", config_detail="no-hub")
    assert "it went back by itself: With it the kiosk no longer reached the hub" in went_back
    well = tells(config=command.version, config_state="confirmed")
    assert "Configuration number 1" in well
