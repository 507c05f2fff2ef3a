"""Guests: QEMU, Debian's own kernel, the kiosk as its card installs it. `make guest` runs these."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.guest import image
from tests.support.guest.image import Snapshot
from tests.support.guest.stop import Stop


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--cuts", type=int, default=5, help="how often a guest's power is cut")


@pytest.fixture
def cuts(request: pytest.FixtureRequest) -> int:
    """How often the power is cut."""
    return int(request.config.getoption("--cuts", default=5))


@pytest.fixture(scope="session")
def snapshot() -> Snapshot:
    """The booted kiosk from which each guest goes on."""
    if why := image.missing():
        pytest.skip(why)
    return image.snapshot()


@pytest.fixture
def stop(snapshot: Snapshot, tmp_path: Path) -> Iterator[Stop]:
    """A kiosk of its own, running, with nothing plugged in."""
    with Stop(snapshot, tmp_path / "guest") as stop:
        yield stop
