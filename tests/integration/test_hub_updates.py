"""A hub's machine takes over a release, or goes back to the one before with its database."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner
from click.testing import Result as Said

from hub.config import load
from hub.control import writer_lock
from provisioning.hub_copies import hub_copy_command
from provisioning.updates.alone import BusyError
from provisioning.updates.bundle import BundleError
from provisioning.updates.names import CONFIRMED
from provisioning.updates.progress import Phase, Result, State
from provisioning.updates.state import save
from tests.support.hub_updates import HubMachine, Manners, migrate
from tests.support.hubdb import make_template
from tests.support.killing import run_until
from tests.support.releases import NEW, OLD, Signer, bundle

pytestmark = pytest.mark.sqlite
WELL = Manners(migrates=True)
BEFORE, SINCE = {"kiosk-a": 8}, {"kiosk-a": 8, "kiosk-b": 8}


@pytest.fixture
def quick_path(tmp_path: Path) -> Iterator[Path]:
    """A folder in memory, where there is one: the disk has no part in this."""
    if not os.access("/dev/shm", os.W_OK):
        yield tmp_path
        return
    folder = tempfile.mkdtemp(dir="/dev/shm")
    yield Path(folder)
    shutil.rmtree(folder)


def machine(root: Path, new: Manners = WELL, old: Manners | None = None) -> HubMachine:
    made = HubMachine(root / "machine", Signer(root / "person"), {OLD: old or Manners(), NEW: new})
    made.prepare()
    made.start()
    made.sleep(60)
    return made


def assert_is(one: HubMachine, release: str) -> None:
    assert one.in_use() == release
    assert one.provisioned.read_text() == release
    assert one.units() == {"hub", "hub-left" if release == OLD else "hub-new"}


def test_a_hub_that_is_well_with_it_keeps_the_release_and_a_copy_from_before(
    quick_path: Path,
) -> None:
    one = machine(quick_path)
    state = one.updater().install(one.source)
    assert (state.phase, state.result) == (Phase.IDLE, Result.CONFIRMED)
    assert_is(one, NEW)
    assert one.running == one.places.linked(CONFIRMED) == NEW
    assert one.places.complete() == [OLD, NEW]
    assert one.kiosks() == SINCE
    (copy,) = one.folder.glob("hub.sqlite3.before-*")
    assert copy.stat().st_mode & 0o777 == 0o600
    assert list(one.folder.glob("*rehearsal*")) == []


@pytest.mark.parametrize(
    ("new", "why"),
    [
        (Manners(migrates=True, ails=frozenset({"broker"})), "hub-unwell"),
        (Manners(migrates=True, ails=None), "hub-silent"),
        (Manners(crashes=True), "crashes"),
    ],
)
def test_a_hub_that_is_not_well_with_it_goes_back_with_its_database_and_says_why(
    quick_path: Path, new: Manners, why: str
) -> None:
    one = machine(quick_path, new)
    state = one.updater().install(one.source)
    assert (state.result, state.result_reason) == (Result.REVERTED, why)
    assert_is(one, OLD)
    assert one.running == one.places.linked(CONFIRMED) == OLD
    assert one.kiosks() == (BEFORE if new.crashes else SINCE), "what came in meanwhile is there"


def test_a_copy_of_an_earlier_attempt_is_never_put_back(quick_path: Path) -> None:
    one = machine(quick_path, Manners(migrates=True, ails=None))
    one.updater().install(one.source)
    one.record("00CC", "kiosk-c")
    one.sleep(60)
    one.updater().install(one.source)
    assert one.kiosks() == {**SINCE, "kiosk-c": 8}
    assert_is(one, OLD)


def test_a_database_that_cannot_be_brought_along_stops_it_before_the_hub_stands(
    quick_path: Path,
) -> None:
    one = machine(quick_path, Manners(cannot_migrate=True))
    state = one.updater().install(one.source)
    assert (state.result, state.result_reason) == (Result.REFUSED, "rehearsal")
    assert one.running == OLD, "it never stood still"
    assert_is(one, OLD)
    assert list(one.folder.glob("hub.sqlite3.before-*")) == []


def test_a_hub_that_ails_is_not_updated_unless_by_force_and_then_may_go_on_ailing(
    quick_path: Path,
) -> None:
    ailing = frozenset({"broker"})
    one = machine(quick_path, Manners(migrates=True, ails=ailing), Manners(ails=ailing))
    one.sleep(60)
    with pytest.raises(BundleError, match="is not well now"):
        one.updater().install(one.source)
    assert one.running == OLD
    assert one.updater().install(one.source, forced=True).result is Result.CONFIRMED
    assert_is(one, NEW)


def test_a_stranger_an_older_one_and_the_same_one_are_refused(quick_path: Path) -> None:
    one = machine(quick_path)
    stranger = bundle(quick_path / "stranger.yrel", Signer(quick_path / "stranger"), 1)
    with pytest.raises(BundleError) as refused:
        one.updater().install(stranger)
    assert refused.value.word == "foreign-key"
    one.updater().install(one.source)
    one.sleep(60)
    with pytest.raises(BundleError) as refused:
        one.updater().install(one.source)
    assert refused.value.word == "installed"
    with pytest.raises(BundleError) as refused:
        one.updater().install(one.places.root / "old.yrel")
    assert refused.value.word == "older"
    assert_is(one, NEW)


def test_one_that_was_cut_off_is_ended_before_another_begins(quick_path: Path) -> None:
    one = machine(quick_path)
    cut = State(phase=Phase.TRYING, release=NEW, previous=OLD)
    one.places.data.mkdir(parents=True)
    save(one.places.data / "hub.json", cut)
    with pytest.raises(BusyError, match="yicang update run --hub"):
        one.updater().install(one.source)


@pytest.mark.proof
@pytest.mark.parametrize(
    ("new", "ends"),
    [(WELL, {OLD, NEW}), (Manners(migrates=True, ails=None), {OLD})],
    ids=["a good release", "a bad release"],
)
def test_a_machine_that_goes_down_at_any_effect_comes_back_whole(
    quick_path: Path, new: Manners, ends: set[str]
) -> None:
    machine(quick_path, new)
    ready = quick_path / "machine"
    phases, found, effect, killed = set(), set(), 0, True
    while killed:
        effect += 1
        root = quick_path / "root"
        shutil.copytree(ready, root, symlinks=True)
        signer = Signer.__new__(Signer)
        signer.folder = quick_path / "person/trusted"  # type: ignore[misc]
        one = HubMachine(root, signer, {OLD: Manners(), NEW: new})
        one.source.write_bytes((ready / "new.yrel").read_bytes())

        def work(one: HubMachine = one) -> None:
            one.running = OLD
            one.started_ms = -60_000
            one.updater().install(one.source)

        killed = run_until(effect, root, work)
        phases.add(one.updater().state().phase)
        one.power_on()
        release = one.in_use()
        found.add(release)
        assert one.running == release
        assert_is(one, release)
        assert one.updater().state().phase is Phase.IDLE
        assert one.kiosks() in (BEFORE, SINCE)
        assert release == OLD or one.kiosks() == SINCE
        shutil.rmtree(root)
    assert found == ends
    assert effect > 40, "this is no test"
    assert {Phase.UNPACKING, Phase.SWITCHING} <= phases


def copies(data: Path, *words: str) -> Said:
    return CliRunner().invoke(hub_copy_command, [*words, "--data", str(data)])


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A hub's folder, with its settings and its database."""
    folder = tmp_path / "hub"
    folder.mkdir()
    make_template(folder / "hub.sqlite3")
    (folder / "hub.toml").write_text('database = "hub.sqlite3"\n')
    return tmp_path


def test_settings_that_the_release_before_does_not_know_go_with_it(data: Path) -> None:
    settings = data / "hub/hub.toml"
    assert copies(data, "keep", f"before-{NEW}").exit_code == 0
    with settings.open("a") as file:
        file.write('colour = "red"\n')
    migrate(data / "hub/hub.sqlite3")
    done = copies(data, "back", f"before-{NEW}", "--aside", f"tried-{NEW}")
    assert done.exit_code == 0, done.output
    assert "the database is back, with 0 events since" in done.output
    assert load(settings).database.endswith("hub.sqlite3")
    assert settings.stat().st_mode & 0o777 == 0o600
    again = copies(data, "back", f"before-{NEW}", "--aside", f"tried-{NEW}")
    assert "the same shape" in again.output
    assert copies(data, "forget", f"before-{OLD}").exit_code == 0
    left = {path.name for path in (data / "hub").iterdir()} - {"writer.lock"}
    assert left == {"hub.toml", "hub.sqlite3"}


def test_a_hub_that_runs_on_it_keeps_its_database(data: Path) -> None:
    copies(data, "keep", f"before-{NEW}")
    migrate(data / "hub/hub.sqlite3")
    with writer_lock(data / "hub"):
        held = copies(data, "back", f"before-{NEW}", "--aside", "x", "--wait", "0")
    assert held.exit_code == 1
    assert "the hub runs on it" in held.output


def test_a_database_elsewhere_is_updated_by_hand(data: Path) -> None:
    (data / "hub/hub.toml").write_text('database = "postgresql+psycopg://x@db.example/x"\n')
    done = copies(data, "keep", "rehearsal")
    assert done.exit_code == 1
    assert "update by hand" in done.output


def test_a_disk_without_room_is_told_before_anything_is_written(data: Path) -> None:
    with (data / "hub/hub.sqlite3").open("r+b") as file:
        file.truncate(shutil.disk_usage(data).free // 2)  # a hole
    done = copies(data, "keep", "rehearsal")
    assert done.exit_code == 1
    assert "not enough room" in done.output
    assert list((data / "hub").glob("*rehearsal*")) == []
