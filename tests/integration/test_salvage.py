"""A kiosk is dead or gone, its card is here: what it never sent is brought to the hub."""

import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import msgspec
import pytest
import sqlalchemy as sa
from click.testing import CliRunner, Result
from sqlalchemy import Connection

from hub import db
from hub.access.audit import By
from hub.fleet import bundle_key, bundles, reviewing
from kiosk.identity import IdentityStore
from provisioning.commands import provision
from provisioning.identity import publish_key
from provisioning.salvage import SalvageError, read_card
from tests.support.hubdb import HubDb, make_template
from tests.support.journals import KIOSK, Home, lines_on_disk
from tests.support.lanes import RICE
from tests.support.processes import ROOT

SEED: Final = "44" * 32


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = make_template(tmp_path_factory.mktemp("template") / "hub.sqlite3")
    with HubDb(path) as hub:
        hub.change(_register)
    return path


def _register(here: Connection) -> None:
    here.execute(sa.insert(db.kiosk).values(id=KIOSK, stop="stop-1", created_ms=0))
    publish_key(here, KIOSK, 0, SEED)


@pytest.fixture
def hub(template: Path, tmp_path: Path) -> Iterator[HubDb]:
    with HubDb.copy_of(template, tmp_path / "hub.sqlite3") as found:
        yield found


@pytest.fixture
def key_file(tmp_path: Path) -> Path:
    bundle_key.ensure(tmp_path / "bundle.key")
    return tmp_path / "bundle.key"


@pytest.fixture
def home(tmp_path: Path, key_file: Path) -> Home:
    """A kiosk's folder as enrolment left it."""
    made = Home(tmp_path / "card" / "var/lib/yicang/kiosk")
    identity = made.identity.load()
    named = msgspec.structs.replace(
        identity, signing_key=SEED, bundle_key=bundle_key.public(key_file)
    )
    made.identity.save(named)
    return made


def salvage(*words: str | Path) -> Result:
    return CliRunner().invoke(provision, ["salvage", *map(str, words)])


def bring(hub: HubDb, key_file: Path, file: Path) -> bundles.Imported:
    return bundles.import_file(file, str(key_file), hub.change, By("x"), lambda: 9)


def accept(hub: HubDb) -> None:
    hub.change(lambda here: reviewing.accept(here, KIOSK, (), By("x"), 10))
    hub.project()


SCANNING: Final = """
import sys
from pathlib import Path
from tests.support.journals import Home
from tests.support.lanes import RICE

open = Home(Path(sys.argv[1])).open()
while True:
    open.scan(RICE)
    print(open.journal.streams.current.head, flush=True)
"""


def test_whatever_was_signalled_before_a_kill_is_brought_from_the_copied_card(
    home: Home, hub: HubDb, key_file: Path, tmp_path: Path
) -> None:
    child = subprocess.Popen(
        [sys.executable, "-c", SCANNING, str(home.directory)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert child.stdout is not None
    for _ in range(40):
        child.stdout.readline()
    child.send_signal(signal.SIGKILL)
    child.wait(10)
    signalled = max(int(head) for head in ("40", *child.stdout.readlines()))
    child.stdout.close()
    card = tmp_path / "copy"
    shutil.copytree(tmp_path / "card", card)
    before = {path: path.read_bytes() for path in card.rglob("*") if path.is_file()}

    told = salvage(card, "--out", tmp_path / "card.yicang")
    assert told.exit_code == 0, told.output
    assert {path: path.read_bytes() for path in card.rglob("*") if path.is_file()} == before
    done = bring(hub, key_file, tmp_path / "card.yicang")
    assert (done.fresh, done.review) == (0, done.events)
    assert hub.rows("SELECT count(*) FROM event") == [(0,)]
    accept(hub)
    [(through,)] = hub.rows("SELECT through FROM stream WHERE kiosk = ?", KIOSK)
    assert through >= signalled
    again = bring(hub, key_file, tmp_path / "card.yicang")
    assert (again.held, again.review) == (again.events, 0)


def test_only_what_the_hub_had_not_acknowledged_is_written(home: Home, tmp_path: Path) -> None:
    open_ = home.open()
    for _ in range(10):
        open_.scan(RICE)
    streams = open_.journal.streams
    epoch = streams.current.epoch
    streams.store_positions({epoch: (streams.current.head - 3, 0)})
    open_.close()
    told = salvage(home.directory, "--out", tmp_path / "some.yicang")
    assert "3 events written" in told.output
    told = salvage(home.directory, "--all", "--out", tmp_path / "all.yicang")
    assert f"{len(lines_on_disk(home.path))} events written" in told.output


@pytest.mark.parametrize("wrong", ["head", "middle", "cut"])
def test_events_are_found_in_a_journal_that_sqlite_cannot_read(
    home: Home, hub: HubDb, key_file: Path, tmp_path: Path, wrong: str
) -> None:
    open_ = home.open()
    for _ in range(300):
        open_.scan(RICE)
    open_.close()
    n = len(lines_on_disk(home.path))
    data = bytearray(home.path.read_bytes())
    if wrong == "head":
        data[:4096] = b"\xee" * 4096
    elif wrong == "middle":
        middle = len(data) // 8192 * 4096
        data[middle : middle + 8192] = b"\xee" * 8192
    else:
        del data[len(data) * 3 // 4 :]
    home.path.write_bytes(data)
    told = salvage(home.directory, "--out", tmp_path / "card.yicang")
    assert told.exit_code == 0, told.output
    assert "damaged" in told.output
    done = bring(hub, key_file, tmp_path / "card.yicang")
    assert n // 2 < done.review <= n
    accept(hub)
    [(good,)] = hub.rows("SELECT count(*) FROM event WHERE problem IS NULL")
    assert good == done.review


def test_a_journal_that_the_kiosk_had_put_aside_is_read_as_well(home: Home, tmp_path: Path) -> None:
    open_ = home.open()
    open_.scan(RICE)
    open_.close()
    n = len(lines_on_disk(home.path))
    home.path.rename(home.path.with_name("journal.sqlite3.damaged-20260101T000000Z-aa-0"))
    open_ = home.open()
    open_.scan(RICE)
    open_.close()
    assert len(read_card(tmp_path / "card").events) == n + len(lines_on_disk(home.path))


def test_a_journal_alone_is_unsigned_and_needs_the_hubs_key(
    home: Home, hub: HubDb, key_file: Path, tmp_path: Path
) -> None:
    open_ = home.open()
    open_.scan(RICE)
    open_.close()
    alone = tmp_path / "alone.sqlite3"
    shutil.copyfile(home.path, alone)
    told = salvage(alone, "--out", tmp_path / "a.yicang")
    assert (told.exit_code, "yicang hub bundle key" in told.output) == (2, True)
    told = salvage(alone, "--to", "age1nonsense", "--out", tmp_path / "a.yicang")
    assert (told.exit_code, "is no key of a hub" in told.output) == (2, True)
    assert not (tmp_path / "a.yicang").exists()
    told = salvage(alone, "--to", bundle_key.public(key_file), "--out", tmp_path / "a.yicang")
    assert (told.exit_code, "cannot be signed" in told.output) == (0, True)
    assert bring(hub, key_file, tmp_path / "a.yicang").review == len(lines_on_disk(home.path))
    told = salvage(alone, "--to", bundle_key.public(key_file), "--out", tmp_path / "a.yicang")
    assert (told.exit_code, "is there already" in told.output) == (2, True)


def test_a_folder_without_a_journal_says_what_is_missing(tmp_path: Path) -> None:
    with pytest.raises(SalvageError, match="holds no journal"):
        read_card(tmp_path)
    (tmp_path / "journal.sqlite3").write_bytes(b"\0" * 9000)
    IdentityStore(tmp_path / "identity.json")
    with pytest.raises(SalvageError, match="not one event"):
        read_card(tmp_path)
