"""Who a kiosk speaks to over TLS, when it knows what day it is and when it does not."""

import datetime as dt
import queue
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from kiosk.clock import LearntClock
from kiosk.inputs import LoopInput, MqttConnected, MqttMessage
from kiosk.mqtt_link import MqttLink
from kiosk.tls import DOUBT_MS, pinned_context
from tests.support.broker import Mosquitto
from tests.support.certificates import Authority, tls_listener
from tests.support.journals import SetClock
from tests.support.ports import free_port
from tests.support.processes import until

NOW = dt.datetime(2026, 11, 3, tzinfo=dt.UTC)
YEARS = dt.timedelta(days=3653)


class Site:
    """A broker with a TLS listener, and kiosks that try it."""

    def __init__(self, directory: Path) -> None:
        self.authority = Authority(directory / "ca")
        self.machine = SetClock()
        self.clock = LearntClock(self.machine)
        self._directory = directory

    def learn(self, now: dt.datetime) -> None:
        self.clock.learn(int(now.timestamp() * 1000) - self.machine.mono(), "hub")

    @contextmanager
    def broker(self, files: tuple[Path, Path]) -> Iterator[int]:
        """Runs one with this certificate; the port of its TLS listener."""
        port = free_port()
        folder = self._directory / f"broker-{port}"
        folder.mkdir()
        with Mosquitto(folder, settings=tls_listener(port, self.authority, files)):
            yield port

    @contextmanager
    def kiosk(self, port: int, pinned: Path | None = None) -> Iterator["Line"]:
        inputs: queue.SimpleQueue[LoopInput] = queue.SimpleQueue()
        context = pinned_context(pinned or self.authority.file, self.clock)
        link = MqttLink(kiosk="kiosk-1", host="127.0.0.1", port=port, post=inputs.put, tls=context)
        link.start()
        try:
            yield Line(link, inputs)
        finally:
            link.close()


class Line:
    def __init__(self, link: MqttLink, inputs: "queue.SimpleQueue[LoopInput]") -> None:
        self.link = link
        self._inputs = inputs

    def connected(self) -> bool:
        """Whether it was let in, and what it says comes back."""
        try:
            assert isinstance(self._inputs.get(timeout=60), MqttConnected)
        except queue.Empty:
            return False
        self.link.subscribe("yicang/1/reference/" + "0" * 64)
        self.link.publish("yicang/1/reference/" + "0" * 64, b"hello")
        return isinstance(self._inputs.get(timeout=60), MqttMessage)


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(tmp_path)


def refused(caplog: pytest.LogCaptureFixture) -> Callable[[], bool]:
    return lambda: "certificate" in caplog.text.lower()


def test_a_kiosk_that_knows_the_day_speaks_to_a_broker_whose_certificate_holds(
    site: Site,
) -> None:
    site.learn(NOW)
    with site.broker(site.authority.broker()) as port, site.kiosk(port) as line:
        assert line.connected()


@pytest.mark.parametrize(
    ("first", "last"), [(NOW - 2 * YEARS, NOW - YEARS), (NOW + YEARS, NOW + 2 * YEARS)]
)
def test_a_kiosk_that_does_not_know_the_day_looks_at_no_dates(
    site: Site, first: dt.datetime, last: dt.datetime
) -> None:
    files = site.authority.broker(first=first, last=last)
    with site.broker(files) as port, site.kiosk(port) as line:
        assert line.connected()


@pytest.mark.parametrize(
    ("first", "last"), [(NOW - 2 * YEARS, NOW - YEARS), (NOW + YEARS, NOW + 2 * YEARS)]
)
def test_a_kiosk_that_knows_the_day_refuses_what_is_over_or_not_begun(
    site: Site, first: dt.datetime, last: dt.datetime, caplog: pytest.LogCaptureFixture
) -> None:
    site.learn(NOW)
    files = site.authority.broker(first=first, last=last)
    with site.broker(files) as port, site.kiosk(port) as line:
        until("it is refused", refused(caplog))
        assert not line.link.connected


def test_after_an_hour_of_such_refusals_the_time_is_doubted_and_the_line_is_made(
    site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    site.learn(NOW + 3 * YEARS)  # the hub's own clock was wrong
    with site.broker(site.authority.broker()) as port, site.kiosk(port) as line:
        until("it is refused", refused(caplog))
        site.machine.now += DOUBT_MS
        assert line.connected()
        assert "doubted" in caplog.text


@pytest.mark.parametrize("knows", [True, False])
def test_another_authority_is_refused_whatever_the_day(
    site: Site, tmp_path: Path, knows: bool, caplog: pytest.LogCaptureFixture
) -> None:
    if knows:
        site.learn(NOW)
    stranger = Authority(tmp_path / "stranger", "stranger")
    with site.broker(site.authority.broker()) as port, site.kiosk(port, stranger.file) as line:
        until("it is refused", refused(caplog))
        assert not line.link.connected


def test_an_authority_that_another_one_signed_can_be_pinned_and_so_can_that_one(
    site: Site, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """What is bought comes with a chain, and its last link is in no file."""
    root = Authority(tmp_path / "root", "root")
    given = Authority(tmp_path / "given", "given", root)
    sibling = Authority(tmp_path / "sibling", "sibling", root)
    with site.broker(given.broker()) as port:
        for pinned in (given, root):
            with site.kiosk(port, pinned.file) as line:
                assert line.connected()
        with site.kiosk(port, sibling.file) as line:
            until("it is refused", refused(caplog))
            assert not line.link.connected


@pytest.mark.parametrize("knows", [True, False])
def test_another_name_is_refused_whatever_the_day(
    site: Site, knows: bool, caplog: pytest.LogCaptureFixture
) -> None:
    if knows:
        site.learn(NOW)
    files = site.authority.broker("127.0.0.9")
    with site.broker(files) as port, site.kiosk(port) as line:
        until("it is refused", refused(caplog))
        assert not line.link.connected
