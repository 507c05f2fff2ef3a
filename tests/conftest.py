"""Fixtures that several suites share: a real broker, a tap that checks all that it carries, and a
whole stop of processes."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.broker import Mosquitto
from tests.support.site import Site
from tests.support.tap import Tap


@pytest.fixture
def mosquitto(tmp_path: Path) -> Iterator[Mosquitto]:
    """A running Mosquitto; fails the test with the line to type when it is not installed."""
    directory = tmp_path / "broker"
    directory.mkdir()
    with Mosquitto(directory) as broker:
        yield broker


@pytest.fixture
def tap(mosquitto: Mosquitto) -> Iterator[Tap]:
    """Hears all that goes through ``mosquitto``; fails the test when anything broke a schema."""
    tap = Tap(mosquitto.host, mosquitto.port)
    tap.start()
    try:
        yield tap
    finally:
        tap.close()
    tap.check()


@pytest.fixture
def site(tmp_path: Path, mosquitto: Mosquitto, tap: Tap) -> Iterator[Site]:
    """Broker and provisioned hub and kiosk; the hub runs, no kiosk does. Whatever any of them
    sends is held against the schemas by the tap."""
    assert tap.subscriptions
    with Site(tmp_path, mosquitto) as site:
        site.start_hub()
        yield site
