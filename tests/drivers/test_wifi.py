"""Joining a Wi-Fi: one suite for the fake and for NetworkManager's command.

The command is a program on the PATH that says and returns what nmcli 1.42 and 1.52 do, and writes
down what it was asked.
"""

import json
import stat
import sys
from pathlib import Path

import pytest

from kiosk.setup.network import CONNECTION, FakeNetwork, Joined, Network, NmcliNetwork
from kiosk.setup.wifi import Wifi

STOP = Wifi("义仓 Stop; 'x'", "wpa", " correct; horse ")
CABLE = "Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\tMTU\tWindow\tIRTT\n"
IPV6 = (
    "00000000000000000000000000000000 00 00000000000000000000000000000000 00 {gateway} 00000400"
    " 00000001 00000000 {flags:08x} {device}\n"
)

NMCLI = f"""#!{sys.executable}
import json, os, sys
from pathlib import Path
here = Path(__file__).parent
words = sys.argv[1:]
said = sys.stdin.read()
with (here / "asked").open("a") as asked:
    asked.write(json.dumps([words, said]) + "\\n")
air = json.loads((here / "air.json").read_text())
def end(status, text=""):
    print(text, file=sys.stderr)
    sys.exit(status)
if os.environ.get("LC_ALL") != "C.UTF-8":
    end(1, "Fehler: eine andere Sprache")
if air.get("manager") is False:
    end(8, "Error: NetworkManager is not running.")
kept = here / "kept.json"
if words[:2] == ["connection", "delete"]:
    if not kept.exists():
        end(10, "Error: unknown connection 'yicang-wifi'.")
    kept.unlink()
    end(0)
if "connect" in words:
    if air.get("radio") is False:
        end(1, "Error: No Wi-Fi device found.")
    if air.get("allowed") is False:
        end(1, "Error: Failed to add/activate new connection: Not authorized to control it.")
    ssid = words[words.index("connect") + 1]
    if ssid not in air["there"] or air["hidden"] and "hidden" not in words:
        end(10, "Error: No network with SSID '%s' found." % ssid)
    password = said.rstrip("\\n") if "--ask" in words else ""
    kept.write_text(json.dumps([ssid, password, words[words.index("name") + 1]]))
    if password != air["there"][ssid]:
        end(4, "Error: Connection activation failed: (7) Secrets were required, but not provided.")
    if air.get("full"):
        end(4, "Error: Connection activation failed: (5) IP configuration could not be reserved.")
sys.exit(0)
"""


class Machine:
    """A folder with such a program, and the kernel's tables of routes."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        program = folder / "nmcli"
        program.write_text(NMCLI, encoding="utf-8")
        program.chmod(program.stat().st_mode | stat.S_IXUSR)
        self.air: dict[str, object] = {"there": {STOP.ssid: STOP.password}, "hidden": False}
        self.tell()
        self.routes("", "")

    def tell(self, **about: object) -> None:
        self.air |= about
        (self.folder / "air.json").write_text(json.dumps(self.air), encoding="utf-8")

    def routes(self, ipv4: str, ipv6: str) -> None:
        (self.folder / "route").write_text(CABLE + ipv4, encoding="ascii")
        (self.folder / "ipv6_route").write_text(ipv6, encoding="ascii")

    @property
    def network(self) -> NmcliNetwork:
        return NmcliNetwork((str(self.folder / "nmcli"),), self.folder)

    @property
    def asked(self) -> list[tuple[list[str], str]]:
        lines = (self.folder / "asked").read_text(encoding="utf-8").splitlines()
        return [(words, said) for words, said in map(json.loads, lines)]

    @property
    def kept(self) -> list[str] | None:
        file = self.folder / "kept.json"
        return json.loads(file.read_text(encoding="utf-8")) if file.exists() else None


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


@pytest.fixture(params=["fake", "nmcli"])
def network(request: pytest.FixtureRequest, machine: Machine) -> Network:
    if request.param == "fake":
        return FakeNetwork({STOP.ssid: STOP.password})
    return machine.network


def test_a_network_in_reach_is_joined(network: Network) -> None:
    assert network.join(STOP) is Joined.JOINED


def test_a_wrong_password_is_told_as_one(network: Network) -> None:
    assert network.join(Wifi(STOP.ssid, "wpa", "wrong password")) is Joined.WRONG_PASSWORD


def test_a_network_out_of_reach_is_told_as_one(network: Network) -> None:
    assert network.join(Wifi("elsewhere", "wpa", "12345678")) is Joined.NOT_FOUND


def test_scanning_again_after_a_mistake_joins(network: Network) -> None:
    network.join(Wifi(STOP.ssid, "wpa", "wrong password"))
    assert network.join(STOP) is Joined.JOINED


def test_a_password_is_on_no_command_line_and_a_failed_network_is_not_kept(
    machine: Machine,
) -> None:
    assert machine.network.join(Wifi(STOP.ssid, "wpa", "wrong password")) is Joined.WRONG_PASSWORD
    assert machine.kept is None, "NetworkManager would go on trying it"
    assert machine.network.join(STOP) is Joined.JOINED
    assert machine.kept == [STOP.ssid, STOP.password, CONNECTION]
    for words, _ in machine.asked:
        assert not any("password" in word or "horse" in word for word in words)


def test_a_hidden_network_is_asked_for_by_its_name(machine: Machine) -> None:
    machine.tell(hidden=True)
    assert machine.network.join(STOP) is Joined.NOT_FOUND
    hidden = Wifi(STOP.ssid, "wpa", STOP.password, hidden=True)
    assert machine.network.join(hidden) is Joined.JOINED


def test_an_open_network_needs_no_password(machine: Machine) -> None:
    machine.tell(there={"Free": ""})
    assert machine.network.join(Wifi("Free", "open")) is Joined.JOINED


@pytest.mark.parametrize(
    ("about", "outcome"),
    [
        ({"radio": False}, Joined.NO_RADIO),
        ({"manager": False}, Joined.NO_RADIO),
        ({"allowed": False}, Joined.FORBIDDEN),
        ({"full": True}, Joined.FAILED),
    ],
)
def test_what_stands_in_the_way_is_told_apart(
    machine: Machine, about: dict[str, object], outcome: Joined
) -> None:
    machine.tell(**about)
    assert machine.network.join(STOP) is outcome


def test_a_machine_without_networkmanager_has_no_wifi(tmp_path: Path) -> None:
    assert NmcliNetwork((str(tmp_path / "nmcli"),)).join(STOP) is Joined.NO_RADIO


def test_nothing_of_a_network_is_logged(machine: Machine, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(0):
        machine.network.join(STOP)
        machine.network.join(Wifi(STOP.ssid, "wpa", "wrong password"))
    assert "joined" in caplog.text
    assert "Stop" not in caplog.text
    assert "password" not in caplog.text.replace("wrong-password", "")


@pytest.mark.parametrize(
    ("ipv4", "ipv6", "online"),
    [
        ("", "", False),
        ("eth0\t00000000\t0102A8C0\t0003\t0\t0\t100\t00000000\t0\t0\t0\n", "", True),
        ("eth0\t0002A8C0\t00000000\t0001\t0\t0\t100\t00FFFFFF\t0\t0\t0\n", "", False),
        ("eth0\t00000000\t0102A8C0\t0002\t0\t0\t100\t00000000\t0\t0\t0\n", "", False),
        ("", IPV6.format(gateway="fe80" + "0" * 28, flags=3, device="eth0"), True),
        ("", IPV6.format(gateway="0" * 32, flags=0x200200, device="lo"), False),
        ("", IPV6.format(gateway="0" * 32, flags=0x201, device="eth0"), False),
    ],
)
def test_a_cable_that_works_is_a_way_out(
    machine: Machine, ipv4: str, ipv6: str, online: bool
) -> None:
    machine.routes(ipv4, ipv6)
    assert machine.network.online() is online


def test_without_the_kernels_tables_there_is_no_network(tmp_path: Path) -> None:
    assert not NmcliNetwork(routes=tmp_path / "nothing").online()
