"""`yicang up` here: it says where to look, survives its children, and leaves nothing behind."""

import io
import itertools
import os
import shutil
import signal
import socket
import stat
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

from contract.actions import CATEGORIES, Verb
from contract.codes import action_code
from provisioning.render import merge
from tests.support.broker import Mosquitto
from tests.support.paper import read_codes
from tests.support.ports import free_ports
from tests.support.processes import (
    ROOT,
    Up,
    healthy,
    processes_naming,
    run,
    until,
)
from tests.support.site import provisioned
from tests.support.stopwatch import Stopwatch
from tests.support.tap import Tap
from tests.support.visitors import Donor, Operator, Program

STOP_S = 60.0

cards = itertools.cycle(action_code(Verb.CATEGORY, category.key) for category in CATEGORIES)
"""A card that is read again within 1.5 s counts as one read, so each thing gets the next card."""


@pytest.fixture(scope="module", autouse=True)
def hanging_up_counts() -> Iterator[None]:
    """A suite that was started by nohup ignores SIGHUP, and so would its children, rightly."""
    before = signal.signal(signal.SIGHUP, signal.SIG_DFL)
    yield
    signal.signal(signal.SIGHUP, before)


@pytest.fixture
def first(tmp_path: Path) -> Iterator[Up]:
    """A first start that is ready."""
    with Up(tmp_path / "data") as started:
        yield started.ready()


@pytest.fixture(scope="module")
def looked_at(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    """A first start that is ready, for tests that only look and sign in."""
    with Up(tmp_path_factory.mktemp("first") / "data") as started:
        yield started.ready()


@pytest.fixture(scope="module")
def lasting(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    """A start that is ready, for tests after which it runs as before."""
    folder = tmp_path_factory.mktemp("lasting")
    with Up(Path(shutil.copytree(provisioned().folder, folder / "data"))) as started:
        yield started.ready()


@pytest.fixture
def up(tmp_path: Path) -> Iterator[Up]:
    """A start that is ready, where everything was set up before."""
    with Up(Path(shutil.copytree(provisioned().folder, tmp_path / "data"))) as started:
        yield started.ready()


def program(up: Up) -> Program:
    done = run("hub", "token", "--role", "viewer", "--data", str(up.data))
    assert done.returncode == 0, done.stderr
    return Program(up.hub_url, done.stdout.splitlines()[-1])


def give(up: Up, count: int) -> list[str]:
    """A donor gives ``count`` things; the codes of all items that the hub then knows."""
    reader = program(up)
    before = len(reader.items_received())
    donor = Donor(up.screen_url)
    for _ in range(count):
        donor.scan(next(cards))

    def arrived() -> list[str] | None:
        codes = reader.items_received()
        return codes if len(codes) == before + count else None

    return until(f"{count} items at the hub", arrived)


def claim_url(up: Up, donor: Donor) -> str:
    """The address in the QR code of the receipt for one thing that ``donor`` gives."""
    donor.scan(next(cards))
    until("it is saved", lambda: donor.state()["lanes"][0]["lines"])
    donor.scan(action_code(Verb.FINISH))

    def receipt() -> list[int] | None:
        return [paper["id"] for paper in donor.state()["papers"] if paper["kind"] == "receipt"]

    number = until("the receipt is shown", receipt)[0]
    with urllib.request.urlopen(f"{up.screen_url}/paper/{number}.png", timeout=10) as answer:
        picture = Image.open(io.BytesIO(answer.read())).convert("L")
    (url,) = (code.text for code in read_codes(picture) if "/c/" in code.text)
    return url


def child_pid(up: Up, word: str) -> int:
    """The oldest process of the family whose command line has ``word``."""
    return min(pid for pid, command in up.family().items() if word in command)


def ports_are_free(up: Up) -> bool:
    for port in up.ports:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                return False
    return True


def test_the_first_start_says_where_to_look_and_how_to_sign_in(looked_at: Up) -> None:
    first = looked_at
    assert first.first_output_s < 1.0
    board = f"{first.hub_url}/board"
    for shown in (
        board,
        first.hub_url,
        first.screen_url,
        str(first.data),
        "make cards",
        "Ctrl-C",
        "停止",
    ):
        assert shown in first.output
    assert Operator(first.hub_url).sign_in("operator", first.password)
    assert not Operator(first.hub_url).sign_in("operator", "wrong-wrong-wrong")


def test_an_item_scanned_at_the_kiosk_page_is_at_the_hub(lasting: Up) -> None:
    code = give(lasting, 1)[-1]
    item = program(lasting).get(f"items/{code}")
    assert item["code"] == code
    assert item["kiosk"] == "kiosk-1"
    assert next(event["type"] for event in item["events"]) == "received"


def test_ctrl_c_ends_every_child_and_a_new_start_goes_on_where_it_was(tmp_path: Path) -> None:
    with Up(tmp_path / "data") as first:
        first.ready()
        password = first.password
        codes = give(first, 3)
        assert first.stop() == 0
        assert first.family() == {}
        assert "Traceback" not in first.output
        assert "everything has stopped" in first.output
    with Up(tmp_path / "data", ports=first.ports) as second:
        second.ready()
        assert password not in second.output
        assert "was printed at first start" in second.output
        assert Operator(second.hub_url).sign_in("operator", password)
        assert program(second).items_received() == codes
        more = give(second, 1)
        assert more[:3] == codes
        assert len(set(more)) == 4


@pytest.mark.proof
def test_the_line_shown_for_a_lost_password_works_as_it_is_typed(first: Up, tmp_path: Path) -> None:
    assert first.stop() == 0
    with Up(first.data, ports=first.ports) as second:
        line = second.ready().wait_for(r"`(.+ user password .+)` sets a new one")[1]
        bare = {"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"}  # of a terminal just opened
        typed = subprocess.run(
            ["sh", "-c", line], cwd=tmp_path, env=bare, capture_output=True, text=True, check=False
        )
        assert typed.returncode == 0, typed.stderr
        new = typed.stdout.split()[-1]
        assert not Operator(second.hub_url).sign_in("operator", first.password)
        assert Operator(second.hub_url).sign_in("operator", new)


@pytest.mark.proof
def test_a_renamed_stop_and_an_address_for_phones_stay_and_ours_follows_the_port(first: Up) -> None:
    settings = first.data / "kiosk" / "kiosk.toml"
    assert first.stop() == 0
    with Up(first.data) as moved:
        moved.ready()
        assert f'hub_url = "{moved.hub_url}"' in settings.read_text(encoding="utf-8")
        assert moved.stop() == 0
    wishes = {"stop_zh": "桂花站", "hub_url": "https://stop.example/yicang"}
    merge(settings, wishes, "a test")
    with Up(first.data) as renamed:
        renamed.ready()
        donor = Donor(renamed.screen_url)
        assert donor.state()["kiosk"]["stop_zh"] == "桂花站"
        assert claim_url(renamed, donor).startswith(f"{wishes['hub_url']}/c/")


@pytest.mark.proof
@pytest.mark.parametrize("record", ["written", "not yet written"])
def test_a_password_that_nobody_saw_is_drawn_and_shown_anew(tmp_path: Path, record: str) -> None:
    data = tmp_path / "data"
    with Up(data) as cut:
        cut.wait_for("starting the broker")
        cut.signal(signal.SIGKILL)
        cut.wait()
        assert "Board login" not in cut.output
        until("no process is left", lambda: not cut.family(), deadline_s=STOP_S)
    if record != "written":
        (data / "provisioned.json").unlink()
    with Up(data, ports=cut.ports) as second:
        second.ready()
        assert Operator(second.hub_url).sign_in("operator", second.password)
        assert second.stop() == 0
    with Up(data, ports=cut.ports) as third:
        third.ready()
        assert "was printed at first start" in third.output
        assert Operator(third.hub_url).sign_in("operator", second.password)


@pytest.mark.proof
def test_a_password_set_by_somebody_is_kept_though_the_first_was_never_seen(
    tmp_path: Path,
) -> None:
    data = tmp_path / "data"
    with Up(data) as cut:
        cut.wait_for("starting the broker")
        cut.signal(signal.SIGKILL)
        cut.wait()
        until("no process is left", lambda: not cut.family(), deadline_s=STOP_S)
    done = run("hub", "user", "password", "operator", "--data", str(data))
    assert done.returncode == 0, done.stderr
    with Up(data, ports=cut.ports) as second:
        second.ready()
        assert "was printed at first start" in second.output
        assert Operator(second.hub_url).sign_in("operator", done.stdout.split()[-1])


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_the_end_of_the_session_ends_every_child(up: Up, number: int) -> None:
    up.signal(number)
    assert up.wait(deadline_s=STOP_S) == 0
    assert up.family() == {}
    assert ports_are_free(up)


def test_ctrl_c_while_it_starts_leaves_nothing_running(tmp_path: Path) -> None:
    with Up(tmp_path / "data") as started:
        started.wait_for("starting the hub")
        started.signal(signal.SIGINT)
        started.wait(deadline_s=STOP_S)
        assert started.family() == {}
        assert "password" in started.output  # kept nowhere else, so not lost with the start
    with Up(tmp_path / "data") as again:
        again.ready()


def test_killing_the_parent_leaves_no_process_behind(up: Up) -> None:
    assert len(up.family()) >= 5  # itself, broker, hub with its worker, kiosk
    up.signal(signal.SIGKILL)
    up.wait()
    until("no process is left", lambda: not up.family(), deadline_s=STOP_S)
    assert ports_are_free(up)
    with Up(up.data, ports=up.ports) as again:
        again.ready()


@pytest.mark.parametrize(
    ("word", "called"),
    [("broker --port", "the broker"), ("hub serve", "the hub"), ("kiosk run", "the kiosk")],
)
def test_a_child_that_dies_comes_back_and_nothing_is_lost(
    lasting: Up, word: str, called: str
) -> None:
    up = lasting
    before = give(up, 1)
    os.kill(child_pid(up, word), signal.SIGKILL)
    up.wait_for(f"{called} ended \\(signal 9\\)")
    for port in (up.hub_port, up.screen_port):
        until(f"{called} back", lambda port=port: healthy(port), deadline_s=30)  # type: ignore[misc]
    after = give(up, 1)
    assert after[: len(before)] == before
    assert len(set(after)) == len(before) + 1


def test_a_second_start_on_the_same_data_is_refused(lasting: Up) -> None:
    up = lasting
    with Up(up.data) as second:
        assert second.wait() == 2
        assert "another yicang up is already running" in second.output
    assert healthy(up.hub_port)
    assert healthy(up.screen_port)


def test_only_the_owner_can_read_the_data(looked_at: Up) -> None:
    first = looked_at
    secret = ["hub/secret.key", "hub/hub.sqlite3", "kiosk/identity.json", "hub/control.sock"]
    for path in (first.data, *(first.data / name for name in secret)):
        assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0, path


def test_a_token_is_alone_on_the_last_line_with_and_without_a_running_hub(up: Up) -> None:
    running = program(up)
    assert running.get("stock")["stock"] == []
    up.stop()
    done = run("hub", "token", "--role", "viewer", "--data", str(up.data))
    assert done.returncode == 0, done.stderr
    token = done.stdout.splitlines()[-1]
    with Up(up.data, ports=up.ports) as again:
        again.ready()
        assert Program(again.hub_url, token).get("stock")["stock"] == []


def test_a_new_password_replaces_the_old_one_while_the_hub_runs(lasting: Up) -> None:
    passwords = []
    for _ in range(2):
        done = run("hub", "user", "password", "operator", "--data", str(lasting.data))
        assert done.returncode == 0, done.stderr
        passwords.append(done.stdout.split()[-1])
        assert Operator(lasting.hub_url).sign_in("operator", passwords[-1])
    assert not Operator(lasting.hub_url).sign_in("operator", passwords[0])


def test_an_existing_broker_is_used_instead_of_the_embedded_one(
    tmp_path: Path, mosquitto: Mosquitto, tap: Tap
) -> None:
    broker = f"{mosquitto.host}:{mosquitto.port}"
    with Up(tmp_path / "data", "--broker", broker) as up:
        up.ready()
        assert len(give(up, 2)) == 2
        assert not any("yicang --lifeline broker" in command for command in up.family().values())
        said = {"hello", "status", "events", "welcome", "ack"}
        until("all went that way", lambda: said <= {heard.name for heard in tap.heard()})
    assert mosquitto.running


def test_a_hub_that_cannot_start_is_explained_and_nothing_is_left_running(
    tmp_path: Path,
) -> None:
    data = tmp_path / "data"
    assert run("provision", "local", "--data", str(data)).returncode == 0
    with (data / "hub" / "hub.toml").open("a") as settings:
        settings.write('households = "many"\n')
    with Up(data) as up:
        assert up.wait() == 2
        assert "the hub did not start" in up.output
        assert "households" in up.output  # its own last lines
        assert up.family() == {}
        assert ports_are_free(up)


def test_a_second_ctrl_c_does_not_wait_for_a_child_that_hangs(up: Up) -> None:
    os.kill(child_pid(up, "kiosk run"), signal.SIGSTOP)  # it cannot even hear that it should end
    up.signal(signal.SIGINT)
    up.wait_for("stopping the kiosk")
    up.signal(signal.SIGINT)
    with Stopwatch() as watch:
        assert up.wait() == 0
    assert watch.seconds < 5.0
    assert up.family() == {}


def test_one_ctrl_c_is_enough_for_a_child_that_hangs(up: Up) -> None:
    os.kill(child_pid(up, "kiosk run"), signal.SIGSTOP)
    assert up.stop() == 0
    assert up.family() == {}


def test_logs_are_kept_beside_the_data(looked_at: Up) -> None:
    for name in ("broker", "hub", "kiosk"):
        log = looked_at.data / "logs" / f"{name}.log"
        until(f"{name} has said something", lambda log=log: log.stat().st_size)  # type: ignore[misc]


def test_a_terminal_that_goes_away_stops_nothing(tmp_path: Path) -> None:
    hub, screen, mqtt = map(str, free_ports(3))
    ports = ["--hub-port", hub, "--screen-port", screen, "--mqtt-port", mqtt]
    process = subprocess.Popen(
        [sys.executable, "-m", "yicang", "up", "--data", str(tmp_path), "--no-open", *ports],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    try:
        assert process.stdout is not None
        process.stdout.readline()
        process.stdout.close()  # as `yicang up | head -1` does
        until("the kiosk is up", lambda: healthy(int(screen)), deadline_s=60)
        process.send_signal(signal.SIGTERM)
        assert process.wait(STOP_S) == 0
    finally:
        process.kill()
        process.wait()
    assert processes_naming(str(tmp_path)) == {}
