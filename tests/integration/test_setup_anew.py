"""A machine whose enrolment came to nothing is set up once more: what was recorded stays whole."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from contract.enrolling import encode
from kiosk.config import is_named, load_setup
from kiosk.setup.anew import put_aside
from kiosk.setup.flow import Progress
from kiosk.setup.progress import ProgressStore
from kiosk.setup.settle import settings
from provisioning.render import merge
from provisioning.salvage import SalvageError, earlier_kiosks, read_card
from tests.support.setup_stories import ENROLLED, invitation

OWN = {
    "journal.sqlite3": b"",
    "journal.sqlite3-wal": b"the newest scans",
    "identity.json": b"prefixes and keys",
    "broker-ca.pem": b"an authority",
}
NEW = Progress(invitation=encode(invitation(2)), anew=ENROLLED.kiosk)


class Card:
    """A kiosk that was enrolled, has recorded something, and was scanned a new code at."""

    def __init__(self, folder: Path) -> None:
        self.state = folder
        self.file = folder / "kiosk.toml"
        self.room = folder / "earlier" / ENROLLED.kiosk
        mine = {"scanners": ["screen:"], "language": "en", "state_dir": "."}
        merge(self.file, {**settings(ENROLLED, folder, voice=True), **mine}, "test")
        for name, content in OWN.items():
            (folder / name).write_bytes(content)
        for name in ("spool", "reference", "sounds/zh"):
            (folder / name).mkdir(parents=True)
            (folder / name / "one").write_bytes(name.encode())
        self.store = ProgressStore(folder)
        self.store.save(NEW)

    def require_whole(self) -> None:
        """All that the kiosk had is in a folder of its own, and only there."""
        for name, content in OWN.items():
            assert (self.room / name).read_bytes() == content
            assert not (self.state / name).exists()
        assert (self.room / "spool" / "one").read_bytes() == b"spool"
        assert (self.room / "reference" / "one").exists()
        assert (self.state / "sounds" / "zh" / "one").exists(), "a neighbour's voice stays"
        assert self.store.load() == NEW
        assert not is_named(self.file)
        config = load_setup(self.file)
        assert (config.language, config.scanners) == ("en", ("screen:",))
        assert config.mqtt_tls_ca == ""


def test_the_earlier_kiosks_files_are_moved_as_a_whole_and_its_name_is_forgotten(
    tmp_path: Path,
) -> None:
    card = Card(tmp_path)
    assert put_aside(card.file)
    card.require_whole()
    assert not put_aside(card.file), "and that was all"


@pytest.mark.parametrize("moved", range(len(OWN) + 3))
def test_a_power_cut_in_the_middle_is_made_good_by_the_next_start(
    tmp_path: Path, moved: int
) -> None:
    card = Card(tmp_path)
    card.room.mkdir(parents=True)
    for name in sorted([*OWN, "spool", "reference"])[:moved]:
        (card.state / name).rename(card.room / name)
    assert put_aside(card.file)
    card.require_whole()


def test_what_lies_there_already_is_never_replaced(tmp_path: Path) -> None:
    card = Card(tmp_path)
    card.room.mkdir(parents=True)
    (card.room / "identity.json").write_bytes(b"another")
    assert put_aside(card.file)
    assert (card.room / "identity.json").read_bytes() == b"another"
    assert (card.room / "identity.json.2").read_bytes() == OWN["identity.json"]


@pytest.mark.parametrize(
    "progress",
    [
        None,
        Progress(invitation=NEW.invitation),
        Progress(invitation=NEW.invitation, enrolled=ENROLLED, settled=True),
        Progress(invitation=NEW.invitation, anew="another-k9"),
    ],
)
def test_no_other_kiosk_is_ever_begun_anew(tmp_path: Path, progress: Progress | None) -> None:
    card = Card(tmp_path)
    if progress is None:
        card.store.forget()
    else:
        card.store.save(progress)
    before = card.file.read_bytes()
    assert not put_aside(card.file)
    assert card.file.read_bytes() == before
    assert (card.state / "identity.json").exists()
    assert not card.room.exists()


def test_a_journal_that_was_put_aside_can_be_read_where_it_lies(tmp_path: Path) -> None:
    card = Card(tmp_path)
    (card.state / "journal.sqlite3").unlink()
    (card.state / "journal.sqlite3-wal").unlink()
    with closing(sqlite3.connect(card.state / "journal.sqlite3")) as database:
        database.execute("CREATE TABLE event (raw)")
        database.execute("INSERT INTO event VALUES ('a tin')")
        database.commit()
    assert put_aside(card.file)
    with closing(sqlite3.connect(card.room / "journal.sqlite3")) as database:
        assert database.execute("SELECT raw FROM event").fetchall() == [("a tin",)]


def test_whoever_reads_the_card_is_told_of_the_earlier_kiosk(tmp_path: Path) -> None:
    card = Card(tmp_path)
    assert earlier_kiosks(card.state) == []
    assert put_aside(card.file)
    assert earlier_kiosks(card.state) == [card.room]
    with pytest.raises(SalvageError, match=str(card.room)):
        read_card(card.state)
