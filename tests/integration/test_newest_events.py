"""The last events of one kiosk are its last ones, whether it was just heard or long ago."""

from collections.abc import Iterator

import pytest

from hub.queries import events
from tests.support.events import Story, message_of, runs
from tests.support.hubdb import HubDb, make_template

SHOWN = 30


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HubDb]:
    """A hub that heard several kiosks by turns."""
    path = make_template(tmp_path_factory.mktemp("newest") / "hub.sqlite3")
    story = Story()
    for n in range(300):
        story.act(n, n // 3, n // 2, n // 5)
    with HubDb(path) as hub:
        for run in runs(story.written):
            hub.take(message_of(run))
        yield hub


@pytest.mark.parametrize("recent", [0, 20, events.RECENT])
def test_a_kiosk_shows_the_last_that_it_told_however_long_ago(lived: HubDb, recent: int) -> None:
    with lived.engine.connect() as here:
        every = events.newest(here, 100_000)
        kiosks = {one.kiosk for one in every}
        assert len(kiosks) > 1
        for kiosk in kiosks:
            wanted = [one.id for one in every if one.kiosk == kiosk][:SHOWN]
            shown = events.newest_of(here, SHOWN, kiosk, recent)
            assert [one.id for one in shown] == wanted
