"""A stop with its hub, once for each test that asks for it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.broker import Mosquitto
from tests.support.site import Site
from tests.support.tap import Tap


@pytest.fixture
def site(tmp_path: Path, mosquitto: Mosquitto, tap: Tap) -> Iterator[Site]:
    """Broker and provisioned hub and kiosk; the hub runs, no kiosk does. Whatever any of them
    sends is held against the schemas by the tap."""
    assert tap.subscriptions
    with Site(tmp_path, mosquitto) as site:
        site.start_hub()
        yield site
