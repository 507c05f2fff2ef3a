"""Fixtures that several suites share: a real broker, and a tap that checks all that it carries."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.broker import Mosquitto
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
