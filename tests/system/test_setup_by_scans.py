"""From a blank card to the first accepted scan: a scanner, a printer, a voice, no keyboard."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from contract.codes import Kind, parse
from tests.support import people
from tests.support.new_kiosk_site import STOP, BlankKiosk, InstalledHub
from tests.support.processes import until

WIFI = "WIFI:T:WPA;S:Home;P:correct horse;;"
RICE = "6901234567892"


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[InstalledHub]:
    with InstalledHub(tmp_path_factory.mktemp("hub")) as found:
        yield found


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
    return [code for code in codes if len(code) == 11 and parse(code).kind is Kind.ITEM]


def known(hub: InstalledHub, item: str) -> bool:
    try:
        return str(hub.ask("GET", f"items/{item}")["status"]) == "in_stock"
    except OSError:
        return False


def parse_code(text: str) -> str:
    return text.split(":")[2]
