"""The ports that tests are handed: never the same one for two of them."""

import socket
import subprocess
import sys

from tests.support.ports import free_port, free_ports

_ASK = "from tests.support.ports import free_ports; print(*free_ports(50))"


def test_another_process_of_the_run_is_handed_other_ports() -> None:
    ours = set(free_ports(50))
    asked = subprocess.run(
        [sys.executable, "-c", _ASK], capture_output=True, text=True, check=True, timeout=60
    )
    theirs = {int(port) for port in asked.stdout.split()}
    assert len(ours) == len(theirs) == 50
    assert ours.isdisjoint(theirs)


def test_a_port_that_somebody_listens_on_is_passed_over() -> None:
    port = free_port()
    with socket.create_server(("127.0.0.1", port + 1)):
        assert free_port() != port + 1


def test_no_port_comes_back_soon_nor_is_one_of_those_for_outgoing_connections() -> None:
    ports = free_ports(300)
    assert len(set(ports)) == 300
    assert max(ports) < 32_768
