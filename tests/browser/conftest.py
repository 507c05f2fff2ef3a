"""What most tests in a browser begin with: the browser, and a hub with pages to show."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from tests.support.browser import chromium
from tests.support.hub_scene import Scene, a_scene, served


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium."""
    with chromium() as found:
        yield found


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    """A hub of which every page has something to show."""
    with a_scene(tmp_path_factory.mktemp("hub")) as found:
        yield found


@pytest.fixture(scope="module")
def url(scene: Scene) -> Iterator[str]:
    """Where it is."""
    with served(scene.site) as found:
        yield found
