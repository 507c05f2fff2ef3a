"""`yicang provision hub` as a whole, on a Debian that systemd runs: the real broker and the real
hub under their real restrictions."""

import os
import shutil
import sys
from collections.abc import Iterator

import pytest

from tests.support.processes import until
from tests.support.systemd_root import Machine

pytestmark = [
    pytest.mark.proof,
    pytest.mark.timeout(1500),
    pytest.mark.skipif(
        os.geteuid() != 0 or shutil.which("mmdebstrap") is None or sys.version_info[:2] != (3, 11),
        reason="builds a Debian 12: needs root, mmdebstrap and its Python 3.11",
    ),
]

LOOK = """
import http.client, ssl
context = ssl.create_default_context(cafile="/etc/mosquitto/yicang/ca.pem")
line = http.client.HTTPSConnection("127.0.0.1", 443, context=context, timeout=10)
line.request("GET", "/healthz"); print(line.getresponse().read().decode())
line = http.client.HTTPConnection("127.0.0.1", 80, timeout=10)
line.request("GET", "/login"); answer = line.getresponse()
print(answer.status, answer.headers["Location"])
"""
HOSTS = ("--host", "hub.example", "--host", "127.0.0.1")


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    with Machine(tmp_path_factory.mktemp("machine")) as made:
        yield made


def test_a_bare_debian_becomes_a_hub_stays_one_and_can_be_left(machine: Machine) -> None:
    made = machine.run(machine.program, "provision", "hub", *HOSTS)
    assert made.returncode == 0, made.stdout + made.stderr
    assert "password (shown this once)" in made.stdout

    def answers() -> str:
        told = machine.run("python3", "-c", LOOK)
        return told.stdout if '"ok"' in told.stdout else ""

    said = until("the hub has its broker", answers)
    assert "308 https://hub.example/login" in said

    again = machine.run(machine.program, "provision", "hub")
    assert again.returncode == 0, again.stdout + again.stderr
    assert "nothing has changed" in again.stdout

    for unit in ("yicang-hub-backup", "yicang-certificates"):
        started = machine.run("systemctl", "start", f"{unit}.service")
        assert started.returncode == 0, machine.run("journalctl", "-u", unit).stdout
    flag = "/var/lib/yicang/broker/reload"
    machine.run("touch", flag)
    until("the broker was told", lambda: machine.run("test", "-e", flag).returncode == 1)
    failed = machine.run("systemctl", "--failed", "--plain", "--no-legend").stdout
    assert "yicang" not in failed
    assert "mosquitto" not in failed

    restarted = machine.run("systemctl", "kill", "--signal=KILL", "yicang-hub.service")
    assert restarted.returncode == 0
    until("it comes back by itself", answers)

    gone = machine.run(machine.program, "provision", "hub", "--uninstall")
    assert gone.returncode == 0, gone.stdout + gone.stderr
    assert machine.run("test", "-f", "/var/lib/yicang/hub/hub.sqlite3").returncode == 0
    units = machine.run("systemctl", "list-units", "--plain", "--no-legend", "yicang*").stdout
    assert units.strip() == ""
    back = machine.run(machine.program, "provision", "hub", *HOSTS)
    assert back.returncode == 0, back.stdout + back.stderr
    until("the hub is back on its data", answers)
