"""People see when the last backup was made, whether it left the machine, and what is not copied."""

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from contract import events
from hub.backup import Backup, Held, keys, state
from hub.backup.state import Copied
from hub.log import recording
from hub.log.recording import Actor, Draft
from tests.integration.test_web_operator import signed_in, words
from tests.support.hub_site import NOON, HubSite

MINUTE_MS = 60_000
DAY_MS = 24 * 60 * MINUTE_MS


class Backed(HubSite):
    """A hub with one item, and with backups switched on."""

    def __init__(self, directory: Path) -> None:
        super().__init__(directory)
        self.add_users()
        self.east = self.add_stop("stop-east", "东门站", "East Gate", ("武侯区", "Wuhou"), "0E0E")
        self.config = msgspec.structs.replace(
            self.config,
            backup_dir=str(directory / "away"),
            backup_key=str(keys.new().to_public()),
        )
        self.restart()

    def made(self, *, apart: bool, ago_ms: int = MINUTE_MS) -> None:
        """A backup was made a minute ago."""
        made = Backup(
            "/mnt/away/yicang-1.sqlite3.gz.age", NOON - ago_ms, 5_600_000, Held(1234, {}), apart
        )
        self.writer.call(lambda connection: state.remember(connection, made))

    def corrected(self) -> None:
        """Somebody corrected something at the hub."""
        draft = Draft(
            events.Corrected(items=("G0E0E00001D",), status="missing", why="looked"), "stop-east"
        )
        self.writer.call(
            lambda connection: recording.record(connection, [draft], Actor(), now_ms=self.now_ms)
        )

    def see(self, path: str, language: str = "en") -> str:
        """What an operator reads on a page."""
        return words(signed_in(self, language=language).get(path).text)


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Backed]:
    found = Backed(tmp_path)
    yield found
    found.close()


def test_the_board_tells_the_age_of_the_last_backup(site: Backed) -> None:
    assert "No backup yet" in site.see("/board")
    site.made(apart=True)
    assert "Last backup 1 minute ago" in site.see("/board")
    assert "still on this machine" not in site.see("/board")
    assert "最近一次备份" in site.see("/board", "zh")


def test_a_backup_on_the_same_disk_is_said_to_be_still_on_this_machine(site: Backed) -> None:
    site.made(apart=True, ago_ms=DAY_MS)
    site.made(apart=False)
    assert "still on this machine" in site.see("/board")
    page = site.see("/backups")
    assert "Left this machine no" in page
    assert "The last one that left it 1 day ago" in page
    assert "5.6 MB" in page
    assert "1,234" in page


def test_a_backup_that_is_too_old_is_said_so_and_the_incident_has_words(site: Backed) -> None:
    site.made(apart=True, ago_ms=2 * DAY_MS)
    site.writer.call(
        lambda connection: state.tell(connection, NOON, site.config.backup_late_s * 1000)
    )
    assert "is too old" in site.see("/backups")
    assert "The last backup is too old" in site.see("/board")
    assert "最近一次备份太旧" in site.see("/board", "zh")
    site.made(apart=True)
    assert "too old" not in site.see("/board")


def test_what_people_did_at_the_hub_and_is_in_no_copy_is_counted(site: Backed) -> None:
    assert "Everything is copied" in site.see("/backups")
    site.corrected()
    site.now_ms += MINUTE_MS
    site.made(apart=True)
    assert "3 events are not copied yet" in site.see("/board")
    assert "3 events are not copied yet" in site.see("/backups")
    failed = Copied(NOON, {}, "磁盘不见了 / the disk is gone")
    site.writer.call(lambda connection: state.copied(connection, failed))
    assert "the disk is gone" in site.see("/backups")


def test_a_failed_attempt_is_told_until_the_next_one_succeeds(site: Backed) -> None:
    site.writer.call(lambda connection: state.failed(connection, "满了 / full", NOON))
    assert "The last attempt failed: 满了 / full" in site.see("/backups")
    site.made(apart=True)
    assert "failed" not in site.see("/backups")
    assert "All is well" in site.see("/backups")


def test_a_hub_without_backups_says_what_to_type(site: Backed) -> None:
    site.config = msgspec.structs.replace(site.config, backup_key="")
    site.restart()
    assert "run: yicang hub backup-key" in site.see("/backups")
    site.config = msgspec.structs.replace(site.config, backup_dir="")
    site.restart()
    assert "No backups are made" in site.see("/board")
    assert "set backup_dir in hub.toml" in site.see("/backups")
