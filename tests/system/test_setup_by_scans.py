"""From a blank card to the first accepted scan: a scanner, a printer, a voice, no keyboard."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from contract import enrolling
from contract.codes import Kind
from contract.codes import parse as parse_label
from contract.enrolling import Refusal, parse
from kiosk.setup.progress import INVITATION_FILE
from tests.support import people
from tests.support.certificates import Authority
from tests.support.new_kiosk_site import STOP, BlankKiosk, InstalledHub
from tests.support.processes import run, until

WIFI = "WIFI:T:WPA;S:Home;P:correct horse;;"
RICE = "6901234567892"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> InstalledHub:
    return InstalledHub(tmp_path_factory.mktemp("hub"))


@pytest.fixture(scope="module")
def late(made: InstalledHub) -> Mapping[str, str]:
    """An invitation whose time is over by the hub's clock."""
    return made.invited_two_hours_ago()


@pytest.fixture(scope="module")
def hub(made: InstalledHub, late: Mapping[str, str]) -> Iterator[InstalledHub]:
    with made:
        yield made


def test_a_blank_card_becomes_a_kiosk_whose_first_scan_the_hub_has(
    hub: InstalledHub, tmp_path: Path
) -> None:
    invitation = hub.invite()
    with BlankKiosk(tmp_path / "kiosk") as kiosk:
        kiosk.plug_in()
        until("it speaks", lambda: {"setup-wifi", "setup-hub"} & set(kiosk.heard), deadline_s=40)

        kiosk.scanner.scan(RICE)
        kiosk.wait_heard("setup-not-yet")
        kiosk.scanner.scan(WIFI.replace("correct", "wrong"))
        kiosk.wait_heard("setup-password")
        kiosk.wait_printed("password is wrong")
        kiosk.scanner.scan(WIFI)
        kiosk.wait_printed("The Wi-Fi is joined")

        *parts, last = invitation["parts"]
        for part in reversed(parts):
            kiosk.scanner.scan(part)
        kiosk.wait_printed(f"{len(parts)} of {len(parts) + 1}")
        assert hub.invitation(invitation["id"])["state"] == "waiting"
        kiosk.scanner.scan(last)
        kiosk.wait_heard("setup-enrolled")
        ticket = kiosk.wait_printed("Enrolled", f"{STOP}-k1")
        assert "Yicang Stop 1" in ticket
        [digits] = re.findall(r"\b(\d{3}) (\d{3})\b", ticket)

        assert hub.invitation(invitation["id"])["state"] == "enrolled"
        hub.ask("POST", f"kiosks/invitations/{invitation['id']}/confirm", digits="".join(digits))
        kiosk.wait_heard("welcome")
        kiosk.scanner.scan(people.RICE)
        kiosk.wait_heard("setup-done")

        until("its item label", lambda: items(kiosk), deadline_s=30)
        [item] = items(kiosk)
        until(
            "the hub has its first scan",
            lambda: hub.invitation(invitation["id"])["scanned"],
            deadline_s=40,
        )
        until("the item is known", lambda: known(hub, item))
        assert not (kiosk.state / "setup.json").exists()
        code = parse_code(invitation["text"])
        for secret in ("correct horse", "wrong horse", code):
            assert secret not in kiosk.log
            assert secret not in hub.log
            for file in kiosk.state.rglob("*"):
                assert not file.is_file() or secret.encode() not in file.read_bytes(), file


def items(kiosk: BlankKiosk) -> list[str]:
    """Items whose labels are out."""
    codes = [code.text for page in kiosk.printer.codes() for code in page]
    return [code for code in codes if len(code) == 11 and parse_label(code).kind is Kind.ITEM]


def known(hub: InstalledHub, item: str) -> bool:
    try:
        return str(hub.ask("GET", f"items/{item}")["status"]) == "in_stock"
    except OSError:
        return False


def parse_code(text: str) -> str:
    return text.split(":")[2]


def test_pulling_the_plug_in_between_costs_no_scan(hub: InstalledHub, tmp_path: Path) -> None:
    invitation = hub.invite()
    *most, last = invitation["parts"]
    with BlankKiosk(tmp_path / "kiosk") as kiosk:
        kiosk.plug_in()
        kiosk.wait_printed("Setting up")
        for part in most:
            kiosk.scanner.scan(part)
        kiosk.wait_printed(f"{len(most)} of {len(most) + 1}")
        kiosk.pull_the_plug()
        kiosk.plug_in()
        until("it is ready again", lambda: kiosk.log.count("is ready") == 2, deadline_s=40)
        kiosk.scan_until(last, "it is on its way", lambda: "setup: working" in kiosk.log)
        kiosk.pull_the_plug()
        kiosk.plug_in()
        kiosk.wait_printed("Enrolled", "-k")
        kiosk.pull_the_plug()
        kiosk.plug_in()
        until("it runs as a kiosk", lambda: re.search(r"kiosk stop-1-k\d+ is ready", kiosk.log))
        assert hub.invitation(invitation["id"])["state"] == "enrolled"


def test_codes_that_are_over_or_of_another_hub_are_told_apart(
    hub: InstalledHub, late: Mapping[str, str], tmp_path: Path
) -> None:
    used, cancelled = hub.invite(), hub.invite()
    hub.ask("POST", f"kiosks/invitations/{cancelled['id']}/cancel")
    text = parse(used["text"])
    foreign = enrolling.encode(replace(text, pin=enrolling.pin(b"another authority")))
    unknown = enrolling.encode(replace(text, code=enrolling.new_code(b"nobody's .")))
    with (
        BlankKiosk(tmp_path / "first") as first,
        BlankKiosk(tmp_path / "second") as second,
    ):
        first.plug_in()
        first.wait_printed("Setting up")
        first.scanner.scan(late["text"])
        first.wait_heard("setup-expired")
        first.wait_printed("This code has expired")
        first.scanner.scan(foreign)
        first.wait_heard("setup-foreign")
        first.scanner.scan(unknown)
        first.wait_heard("setup-wrong")
        first.scanner.scan(cancelled["text"])
        first.wait_heard("setup-cancelled")
        first.wait_printed("This code was cancelled")
        assert not (first.state / "identity.json").exists()
        first.scanner.scan(used["text"])
        first.wait_heard("setup-enrolled")
        second.plug_in()
        second.wait_printed("Setting up")
        second.scanner.scan(used["text"])
        second.wait_heard("setup-used")
        second.wait_printed("Another kiosk has used")
        assert not (second.state / "identity.json").exists()
        assert hub.refusals() == {
            (late["id"], Refusal.EXPIRED): 1,
            ("", Refusal.UNKNOWN): 1,
            (cancelled["id"], Refusal.CANCELLED): 1,
            (used["id"], Refusal.USED): 1,
        }, "nobody asks for anything where the certificate is not the code's"
        assert hub.invitation(late["id"])["state"] == "expired"
        for told in ("expired", "hub-foreign", "unknown", "cancelled"):
            assert re.search(rf"setup: (code-)?{told}\b", first.log), told
        assert "setup: code-used" in second.log


@pytest.mark.proof
def test_a_card_that_brings_the_hubs_code_needs_no_scan_before_the_sample(
    hub: InstalledHub, tmp_path: Path
) -> None:
    invitation = hub.invite()
    with BlankKiosk(tmp_path / "kiosk") as kiosk:
        brought = kiosk.state / INVITATION_FILE  # as the first boot leaves it
        brought.write_text(f"{invitation['text']}\n", encoding="ascii")
        kiosk.plug_in()
        ticket = kiosk.wait_printed("Enrolled")
        assert not brought.exists()
        [digits] = re.findall(r"\b(\d{3}) (\d{3})\b", ticket)
        hub.ask("POST", f"kiosks/invitations/{invitation['id']}/confirm", digits="".join(digits))
        kiosk.wait_heard("welcome")
        kiosk.scanner.scan(people.RICE)
        kiosk.wait_heard("setup-done")
        code = parse_code(invitation["text"])
        assert code not in kiosk.log
        for file in kiosk.state.rglob("*"):
            assert not file.is_file() or code.encode() not in file.read_bytes(), file


@pytest.mark.proof
def test_a_card_whose_code_has_expired_says_so_and_takes_the_hubs_new_one(
    hub: InstalledHub, late: Mapping[str, str], tmp_path: Path
) -> None:
    invitation = hub.invite()
    with BlankKiosk(tmp_path / "kiosk") as kiosk:
        (kiosk.state / INVITATION_FILE).write_text(late["text"], encoding="ascii")
        kiosk.plug_in()
        kiosk.wait_heard("setup-expired")
        kiosk.wait_printed("This code has expired")
        kiosk.scanner.scan(invitation["text"])
        kiosk.wait_heard("setup-enrolled")
        assert hub.invitation(invitation["id"])["state"] == "enrolled"


@pytest.mark.proof
def test_an_enrolment_that_was_taken_back_is_begun_anew_by_scanning_alone(
    hub: InstalledHub, tmp_path: Path
) -> None:
    first, second = hub.invite(), hub.invite()
    with BlankKiosk(tmp_path / "kiosk") as kiosk:
        kiosk.plug_in()
        kiosk.wait_printed("Setting up")
        kiosk.scanner.scan(first["text"])
        kiosk.wait_printed("Enrolled")
        until("it runs as a kiosk", lambda: "is ready, journal" in kiosk.log, deadline_s=40)
        kiosk.scan_until(people.RICE, "a label of the first kiosk", lambda: bool(items(kiosk)))
        [before] = items(kiosk)
        hub.ask("POST", f"kiosks/invitations/{first['id']}/cancel")
        kiosk.wait_heard("setup-cancelled")
        kiosk.scanner.scan(second["text"])
        assert kiosk.wait_ended() == 75, "to be started anew, as its service does"

        pages = len(kiosk.printer.texts)
        kiosk.plug_in()
        kiosk.wait_printed("Starting over")
        ticket = until(
            "another ticket",
            lambda: next((t for t in kiosk.printer.texts[pages:] if "Enrolled" in t), None),
            deadline_s=40,
        )
        [digits] = re.findall(r"\b(\d{3}) (\d{3})\b", ticket)
        hub.ask("POST", f"kiosks/invitations/{second['id']}/confirm", digits="".join(digits))
        kiosk.wait_heard("welcome")
        kiosk.scanner.scan(people.RICE)
        kiosk.wait_heard("setup-done")
        until("its label", lambda: len(items(kiosk)) == 2, deadline_s=30)
        [after] = set(items(kiosk)) - {before}
        assert after[1:5] != before[1:5], "no code of the first kiosk is ever given again"
        until("the item is known", lambda: known(hub, after))

        [earlier] = (kiosk.state / "earlier").iterdir()
        bundle = tmp_path / "earlier.yicang"
        told = run("provision", "salvage", str(kiosk.state), "--out", str(tmp_path / "now.yicang"))
        assert str(earlier) in told.stdout
        told = run("provision", "salvage", str(earlier), "--out", str(bundle))
        assert told.returncode == 0, told.stderr
        assert earlier.name in told.stdout
        assert bundle.stat().st_size > 0


def set_up(hub: InstalledHub, kiosk: BlankKiosk) -> Mapping[str, Any]:
    """From the first plug to the digits that were confirmed; its invitation."""
    invitation = hub.invite()
    kiosk.plug_in()
    kiosk.wait_printed("Setting up")
    kiosk.scanner.scan(invitation["text"])
    ticket = kiosk.wait_printed("Enrolled")
    [digits] = re.findall(r"\b(\d{3}) (\d{3})\b", ticket)
    hub.ask("POST", f"kiosks/invitations/{invitation['id']}/confirm", digits="".join(digits))
    return invitation


@pytest.mark.proof
def test_a_kiosk_gets_its_certificate_when_it_is_confirmed(tmp_path: Path) -> None:
    with (
        InstalledHub(tmp_path / "hub", certificates=True) as hub,
        BlankKiosk(tmp_path / "kiosk") as kiosk,
    ):
        invitation = set_up(hub, kiosk)
        assert kiosk.wait_ended() == 75, "to be started anew, as its service does"
        kiosk.plug_in()
        kiosk.wait_heard("welcome")
        kiosk.scanner.scan(people.RICE)
        kiosk.wait_heard("setup-done")
        until(
            "the hub has its first scan",
            lambda: hub.invitation(invitation["id"])["scanned"],
            deadline_s=40,
        )
        key = kiosk.state / "broker-client.key"
        assert key.stat().st_mode & 0o777 == 0o600


@pytest.mark.proof
@pytest.mark.parametrize("name", ["last", "signs"])
def test_pages_with_a_bought_certificate_are_pinned_and_the_broker_keeps_the_hubs_own(
    tmp_path: Path, name: str
) -> None:
    """Pinned is either the one that signed, or the last one behind it."""
    last = Authority(tmp_path / "last", "last")
    signs = Authority(tmp_path / "signs", "signs", last)
    pinned = {"last": last, "signs": signs}[name].file
    with (
        InstalledHub(tmp_path / "hub", given=signs, pinned=pinned) as hub,
        BlankKiosk(tmp_path / "kiosk") as kiosk,
    ):
        invitation = set_up(hub, kiosk)
        kiosk.wait_heard("welcome")
        kiosk.scanner.scan(people.RICE)
        kiosk.wait_heard("setup-done")
        until(
            "the hub has its first scan",
            lambda: hub.invitation(invitation["id"])["scanned"],
            deadline_s=40,
        )
        held = {path.read_bytes() for path in kiosk.state.glob("*.pem")}
        assert held == {pinned.read_bytes(), hub.papers.authority_file.read_bytes()}
