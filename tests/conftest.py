"""Fixtures that several suites share: a real broker, a tap that checks all that it carries, and a
whole stop of processes."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests.support import databases, faketime
from tests.support.broker import Mosquitto
from tests.support.site import Site
from tests.support.tap import Tap


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--database",
        choices=databases.KINDS,
        default=os.environ.get(databases.VARIABLE, databases.SQLITE),
        help="what the hub's tests run on; with postgresql, only these tests run",
    )


def pytest_configure(config: pytest.Config) -> None:
    os.environ[databases.VARIABLE] = config.getoption("--database")
    _choose_examples(config)


def _choose_examples(config: pytest.Config) -> None:
    """The suite tries the same examples each time, so that it says the same of the same code;
    ``make search`` looks for new ones."""
    # How long an example takes says more about what else this machine does than about us.
    slow = [HealthCheck.too_slow]
    settings.register_profile("same", deadline=None, suppress_health_check=slow, derandomize=True)
    settings.register_profile("search", deadline=None, suppress_health_check=slow, print_blob=True)
    settings.load_profile(config.getoption("--hypothesis-profile") or "same")


def pytest_sessionfinish() -> None:
    faketime.sweep()


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """``-n auto``: two for each core, since tests wait for printers, processes and their own
    deadlines longer than they compute."""
    return 2 * len(os.sched_getaffinity(0))


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Where all runs on PostgreSQL, leaves only what has a hub's database from our helpers, and
    looks at no page in a browser: that they are rendered from there is asserted without. On
    PostgreSQL, what is about the SQLite file itself is skipped."""
    everywhere = config.getoption("--database") == databases.POSTGRESQL
    if everywhere:
        config.hook.pytest_deselected(items=[i for i in items if not _is_about_a_database(i)])
        items[:] = [item for item in items if _is_about_a_database(item)]
    for item in items:
        if (everywhere or _again(item)) and item.get_closest_marker("sqlite") is not None:
            item.add_marker(pytest.mark.skip(reason="about the SQLite file itself"))


def _module(item: pytest.Item) -> object:
    return getattr(item, "module", None)


def _is_about_a_database(item: pytest.Item) -> bool:
    if _again(item) or item.get_closest_marker("browser") is not None:
        return False
    return databases.uses_hub(_module(item))


def _again(item: pytest.Item) -> bool:
    """Whether a test of another module is repeated here on PostgreSQL."""
    return hasattr(_module(item), "on_postgresql")


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
