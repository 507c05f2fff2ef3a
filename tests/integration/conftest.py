"""What many of these tests begin with."""

from pathlib import Path

import pytest

from tests.support.hubdb import make_template


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A hub's empty database, to be copied: migrating one takes longer than most tests."""
    return make_template(tmp_path_factory.mktemp("template") / "hub.sqlite3")
