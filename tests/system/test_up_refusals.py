"""What `yicang up` says when it cannot start: every fault at once, and nothing left behind."""

import os
import socket
import threading
from pathlib import Path

import pytest

from tests.support.broker import Mosquitto
from tests.support.ports import free_ports
from tests.support.processes import processes_naming, run
from tests.support.stopwatch import Stopwatch

QUICK_S = 5.0


@pytest.fixture(autouse=True, scope="module")
def _loaded() -> None:
    run("--version")  # so that no refusal waits for the interpreter that forks


def refused(*options: str, cold: bool = False) -> list[str]:
    """The fault lines of an `up` that must not start."""
    with Stopwatch() as watch:
        done = run("up", "--no-open", *options, cold=cold)
    assert done.returncode == 2, done.stdout + done.stderr
    assert watch.seconds < QUICK_S
    assert "Traceback" not in done.stderr
    return done.stderr.splitlines()


def ports() -> list[str]:
    hub, screen, mqtt = map(str, free_ports(3))
    return ["--hub-port", hub, "--screen-port", screen, "--mqtt-port", mqtt]


@pytest.mark.parametrize("option", ["--hub-port", "--screen-port", "--mqtt-port"])
def test_a_port_that_is_taken_is_named_with_its_option(tmp_path: Path, option: str) -> None:
    options = ports()
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        options[options.index(option) + 1] = port
        lines = refused("--data", str(tmp_path / "data"), *options)
    assert len(lines) == 1
    assert f"{option} {port}" in lines[0]
    assert "already in use" in lines[0]
    assert "端口已被占用" in lines[0]
    assert not (tmp_path / "data").exists()


def test_every_fault_is_said_at_once_one_line_each(tmp_path: Path) -> None:
    lines = refused(
        *("--data", str(tmp_path / "data")),
        *("--hub-port", "eighty", "--screen-port", "8081", "--mqtt-port", "8081"),
        *("--scanner", "seriall:/dev/ttyACM0", "--printer", "serial:/dev/ttyUSB0?baud=5"),
        *("--panel", "gpoi:"),
    )
    english = [line.partition(" / ")[2] for line in lines]
    for option in ("--hub-port", "--mqtt-port", "--scanner", "--printer", "--panel"):
        assert sum(option in line for line in english) == 1, lines
    assert "did you mean serial:" in "\n".join(lines)
    assert "did you mean gpio:" in "\n".join(lines)
    assert not (tmp_path / "data").exists()


def test_a_data_directory_inside_a_file_is_refused_and_the_file_untouched(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    lines = refused("--data", str(tmp_path / "file" / "data"), *ports())
    assert len(lines) == 1
    assert "--data" in lines[0]
    assert "is not a directory" in lines[0]
    assert (tmp_path / "file").read_text() == "mine"


def test_a_data_directory_that_cannot_be_written_is_refused() -> None:
    # /proc takes no directories, from root neither.
    lines = refused("--data", "/proc/yicang", *ports())
    assert len(lines) == 1
    assert "--data /proc/yicang: cannot be written" in lines[0]
    assert "--data /proc/yicang：不能写入" in lines[0]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_data_directory_of_somebody_else_is_refused(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    lines = refused("--data", str(tmp_path / "data"), *ports())
    assert len(lines) == 1
    assert "cannot be written" in lines[0]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may look anywhere")
def test_a_data_directory_behind_a_closed_folder_is_refused(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o000)
    (line,) = refused("--data", str(closed / "data"), *ports())
    assert f"{closed} cannot be written" in line


def test_a_data_directory_whose_name_no_disk_takes_is_refused(tmp_path: Path) -> None:
    (line,) = refused("--data", str(tmp_path / ("long" * 100)), *ports())
    assert "cannot be written" in line
    assert list(tmp_path.iterdir()) == []


def test_a_broker_that_is_not_there_is_refused(tmp_path: Path) -> None:
    (gone,) = free_ports(1)
    lines = refused("--data", str(tmp_path / "data"), "--broker", f"127.0.0.1:{gone}", *ports())
    assert len(lines) == 1
    assert f"--broker 127.0.0.1:{gone}" in lines[0]


@pytest.mark.parametrize("host", ["a..b", "x" * 64, "no-such-host.invalid", "[::1%none]"])
def test_a_broker_whose_name_means_nothing_is_refused(tmp_path: Path, host: str) -> None:
    lines = refused("--data", str(tmp_path / "data"), "--broker", f"{host}:1883", *ports())
    assert len(lines) == 1
    assert f"--broker {host}:1883: cannot be reached" in lines[0]
    assert "无法连接" in lines[0]


@pytest.mark.parametrize(
    "answer",
    [b"HTTP/1.1 400 Bad Request\r\n\r\n", b"", pytest.param(None, marks=pytest.mark.proof)],
)
def test_what_is_no_mqtt_5_broker_is_refused(tmp_path: Path, answer: bytes | None) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"127.0.0.1:{server.getsockname()[1]}"
        if answer is not None:  # None: it takes the call and says nothing, as a hung one does
            threading.Thread(target=answer_once, args=(server, answer), daemon=True).start()
        (line,) = refused("--data", str(tmp_path / "data"), "--broker", address, *ports())
    assert f"--broker {address}: what is there does not answer as an MQTT 5 broker" in line
    assert "应答的不是 MQTT 5 代理" in line
    assert list(tmp_path.iterdir()) == []


def answer_once(server: socket.socket, answer: bytes) -> None:
    caller, _ = server.accept()
    with caller:
        caller.recv(1024)
        caller.sendall(answer)


def test_a_broker_that_wants_an_account_is_refused_unless_the_hub_has_one(tmp_path: Path) -> None:
    with Mosquitto(tmp_path, allow_anonymous=False) as broker:
        address = f"{broker.host}:{broker.port}"
        data = tmp_path / "data"
        (line,) = refused("--data", str(data), "--broker", address, *ports())
        assert "the broker refuses us (Not authorized)" in line
        (data / "hub").mkdir(parents=True)
        (data / "hub" / "hub.toml").write_text('mqtt_user = "hub"\n')
        options = ["--data", str(data), "--broker", address, *ports(), "--panel", "gpoi:"]
        (line,) = refused(*options)  # only what was made wrong, to see that it would have started
        assert "--panel" in line


@pytest.mark.parametrize("address", ["", "host", "host:", ":1883", "host:0", "host:x"])
def test_a_broker_address_without_host_or_port_is_refused(tmp_path: Path, address: str) -> None:
    lines = refused("--data", str(tmp_path / "data"), "--broker", address, *ports())
    assert len(lines) == 1
    assert "HOST:PORT" in lines[0]


@pytest.mark.parametrize(
    ("language", "has", "has_not"), [("zh", "端口", "port is"), ("en", "a port is", "端口")]
)
def test_a_chosen_language_is_the_only_one(
    tmp_path: Path, language: str, has: str, has_not: str
) -> None:
    options = ["--data", str(tmp_path / "data"), *ports(), "--hub-port", "0"]
    (line,) = refused("--language", language, *options)
    assert has in line
    assert has_not not in line


def test_a_device_named_twice_is_refused(tmp_path: Path) -> None:
    twice = ["--scanner", "serial:/dev/ttyACM0", "--scanner", "serial:/dev/ttyACM0"]
    (line,) = refused("--data", str(tmp_path / "data"), *ports(), *twice)
    assert "named twice" in line


def test_nothing_runs_after_a_refusal(tmp_path: Path) -> None:
    refused("--data", str(tmp_path / "data"), *ports(), "--printer", "screen", cold=True)
    assert processes_naming(str(tmp_path)) == {}
    assert list(tmp_path.iterdir()) == []
