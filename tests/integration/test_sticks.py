"""A stick is plugged into a kiosk: what is on it afterwards, and what people are told."""

import contextlib
import os
import queue
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import msgspec
import pytest
import sqlalchemy as sa

from contract.bundles import FOLDER
from hub import db
from hub.access.audit import By
from hub.fleet import bundle_key, bundles
from hub.fleet.bundles import Imported
from kiosk.inputs import StickFound, StickLost, Written
from kiosk.stick_desk import StickDesk
from kiosk.sticks import StickWatch, is_mounted
from provisioning.identity import publish_key
from tests.support.hubdb import HubDb
from tests.support.journals import KIOSK, Home, OpenJournal
from tests.support.lanes import RICE
from tests.support.namespaces import OWN_MOUNTS, needs_mounts
from tests.support.processes import ROOT

SEED: Final = "33" * 32
DEADLINE_S: Final = 20.0


class Counter:
    """What people were told, in order."""

    def __init__(self) -> None:
        self.told: list[tuple[str, int]] = []

    def stick(self, what: str, events: int) -> None:
        """As a kiosk's lanes do."""
        self.told.append((what, events))


class Stop:
    """A kiosk's journal with its desk for sticks, turned as the loop turns it."""

    def __init__(self, directory: Path, recipient: str | None) -> None:
        self.home = Home(directory / "kiosk")
        identity = self.home.identity.load()
        self.home.identity.save(
            msgspec.structs.replace(identity, signing_key=SEED, bundle_key=recipient)
        )
        self.sticks = directory / "sticks"
        self.sticks.mkdir()
        self.queue: queue.SimpleQueue[StickFound | StickLost | Written] = queue.SimpleQueue()
        self.people = Counter()
        self.watch = StickWatch(
            self.sticks, directory / "taken", self.queue.put, Path.is_dir, look_s=0.02
        )
        self.taken = directory / "taken"
        self.start()
        self.watch.start()

    def start(self) -> None:
        """The kiosk starts (again)."""
        self.open: OpenJournal = self.home.open()
        self.desk = StickDesk(
            KIOSK,
            self.open.journal.streams,
            self.open.learnt,
            self.home.identity,
            self.people,
            self.watch.take_out,
            self.queue.put,
            software="yicang-test",
            hub_url="https://hub.example",
        )

    def until(self, done: Callable[[], bool], *, lets_go: bool = True) -> None:
        """Turns the loop until ``done``; what the unit does takes long without ``lets_go``."""
        deadline = time.monotonic() + DEADLINE_S
        while not done():
            assert time.monotonic() < deadline, self.people.told
            with contextlib.suppress(queue.Empty):
                self.desk.take(self.queue.get(timeout=0.01))
            self.desk.tick()
            for name in list(self.taken.iterdir()) if lets_go and self.taken.exists() else []:
                name.unlink()  # what the unit does: let go of it
                shutil.move(self.sticks / name.name, self.sticks.parent / f"out-{name.name}")

    def plug(self, name: str = "sda1") -> Path:
        """A stick is plugged in, served and taken out; where it is then."""
        out = self.sticks.parent / f"out-{name}"
        if out.exists():
            shutil.move(out, self.sticks / name)
        else:
            (self.sticks / name).mkdir()
        before = len(self.people.told)
        self.until(lambda: self.people.told[before:] != [] and self.people.told[-1][0] != "writing")
        return out

    def close(self) -> None:
        """Ends."""
        self.watch.close()
        self.desk.close()
        self.open.close()


@pytest.fixture
def hub(template: Path, tmp_path: Path) -> Iterator[HubDb]:
    with HubDb.copy_of(template, tmp_path / "hub.sqlite3") as found:
        found.change(
            lambda here: here.execute(
                sa.insert(db.kiosk).values(id=KIOSK, stop="stop-1", created_ms=0)
            )
        )
        found.change(lambda here: publish_key(here, KIOSK, 0, SEED))
        yield found


@pytest.fixture
def key_file(tmp_path: Path) -> Path:
    bundle_key.ensure(tmp_path / "bundle.key")
    return tmp_path / "bundle.key"


@pytest.fixture
def stop(tmp_path: Path, key_file: Path) -> Iterator[Stop]:
    found = Stop(tmp_path, bundle_key.public(key_file))
    yield found
    found.close()


def carry(hub: HubDb, key_file: Path, file: Path) -> Imported:
    return bundles.import_file(file, str(key_file), hub.change, By("x"), lambda: 9)


def on(stick: Path) -> list[str]:
    return sorted(one.name for one in (stick / FOLDER).iterdir())


def bundle_on(stick: Path) -> Path:
    [found] = (stick / FOLDER).glob("*.yicang")
    return found


def test_an_offline_kiosks_events_reach_the_hub_on_a_stick(
    stop: Stop, hub: HubDb, key_file: Path
) -> None:
    for _ in range(150):
        stop.open.scan(RICE)
    n = len(stop.open.lines())
    stick = stop.plug()
    assert stop.people.told == [("writing", n), ("done", n)]
    done = carry(hub, key_file, bundle_on(stick))
    assert (done.fresh, done.review) == (n, 0)
    hub.project()
    [(items,)] = hub.rows("SELECT count(*) FROM item")
    assert items == len(stop.open.issued())
    assert "https://hub.example/bundles" in (stick / FOLDER / "README.html").read_text()


def test_whoever_unmounts_and_whoever_carries_may_read_what_a_service_writes(stop: Stop) -> None:
    before = os.umask(0o077)  # as in yicang-kiosk.service
    try:
        stop.open.scan(RICE)
        stick = stop.plug()
    finally:
        os.umask(before)
    assert stop.taken.stat().st_mode & 0o777 == 0o755
    assert {one.stat().st_mode & 0o777 for one in (stick / FOLDER).iterdir()} == {0o644}


def test_the_same_stick_again_holds_the_newest_bundle_alone(
    stop: Stop, hub: HubDb, key_file: Path
) -> None:
    stop.open.scan(RICE)
    first = bundle_on(stop.plug()).name
    stop.open.close()
    stop.start()  # a new start writes under another name
    stop.open.scan(RICE)
    stick = stop.plug()
    assert bundle_on(stick).name != first
    assert carry(hub, key_file, bundle_on(stick)).fresh == len(stop.open.lines())


def test_bundles_of_other_kiosks_and_of_a_lost_journal_stay_on_the_stick(stop: Stop) -> None:
    stop.open.scan(RICE)
    room = stop.sticks.parent / "out-sda1" / FOLDER
    room.mkdir(parents=True)
    kept = ["kiosk-b-0011223344556677.yicang", f"{KIOSK}-0123456789abcdef.yicang"]
    for name in kept:
        (room / name).write_bytes(b"other")
    (room / f"{KIOSK}-0123456789abcdef.yicang.part").write_bytes(b"cut off")
    stick = stop.plug()
    assert [name for name in on(stick) if name in kept] == sorted(kept)
    assert len(on(stick)) == 4  # these, ours, and the readme


@pytest.mark.parametrize("made", [Path.symlink_to, lambda path, _own: os.mkfifo(path)])
def test_a_stick_that_somebody_has_prepared_changes_no_file_of_the_kiosk(
    stop: Stop, made: Callable[[Path, Path], None]
) -> None:
    stop.open.scan(RICE)
    own = stop.sticks.parent / "own"
    own.write_bytes(b"the kiosk's")
    prepared = stop.sticks.parent / "out-sda1" / FOLDER
    prepared.mkdir(parents=True)
    made(prepared / "README.html", own)
    stick = stop.plug()
    assert stop.people.told[-1][0] == "done"
    assert own.read_bytes() == b"the kiosk's"
    assert (stick / FOLDER / "README.html").lstat().st_size > 1000


def test_a_stick_whose_folder_leads_elsewhere_is_refused(stop: Stop) -> None:
    stop.open.scan(RICE)
    elsewhere, prepared = stop.sticks.parent / "elsewhere", stop.sticks.parent / "out-sda1"
    elsewhere.mkdir()
    prepared.mkdir()
    (prepared / FOLDER).symlink_to(elsewhere)
    stop.plug()
    assert stop.people.told[-1][0] == "faulty"
    assert list(elsewhere.iterdir()) == []


def test_a_kiosk_whose_hub_has_everything_writes_nothing(stop: Stop) -> None:
    streams = stop.open.journal.streams
    streams.store_positions({one: (s.head, 0) for one, s in streams.by_epoch.items()})
    stick = stop.plug()
    assert stop.people.told == [("nothing", 0)]
    assert not (stick / FOLDER).exists()


def test_a_kiosk_that_knows_no_key_of_its_hub_says_so(tmp_path: Path) -> None:
    stop = Stop(tmp_path, None)
    try:
        stop.plug()
        assert stop.people.told == [("no-key", 0)]
    finally:
        stop.close()


@pytest.mark.parametrize("why", ["nothing", "faulty", "no-key"])
def test_who_is_told_to_use_another_stick_may_pull_this_one(
    tmp_path: Path, key_file: Path, why: str
) -> None:
    stop = Stop(tmp_path, None if why == "no-key" else bundle_key.public(key_file))
    stick = stop.sticks / "sda1"
    try:
        if why == "nothing":
            streams = stop.open.journal.streams
            streams.store_positions({one: (s.head, 0) for one, s in streams.by_epoch.items()})
        if why == "faulty":
            (tmp_path / "elsewhere").mkdir()
            (tmp_path / "made").mkdir()
            (tmp_path / "made" / FOLDER).symlink_to(tmp_path / "elsewhere")
            (tmp_path / "made").rename(stick)
        else:
            stick.mkdir()
        stop.until(lambda: (stop.taken / "sda1").exists(), lets_go=False)
        assert why not in [what for what, _ in stop.people.told]
        stop.until(lambda: (why, 0) in stop.people.told)
    finally:
        stop.close()


def test_a_stick_is_gone_when_the_last_of_it_is_written(tmp_path: Path) -> None:
    sticks, mounted = tmp_path / "sticks", {"sda1", "sdb1"}
    told: queue.SimpleQueue[StickFound | StickLost | Written] = queue.SimpleQueue()
    for name in mounted:
        (sticks / name).mkdir(parents=True)
    looked_at = threading.Event()

    def is_mounted(folder: Path) -> bool:
        looked_at.set()
        return folder.name in mounted

    watch = StickWatch(sticks, tmp_path / "taken", told.put, is_mounted, look_s=0.01)
    watch.start()
    try:
        found = [told.get(timeout=DEADLINE_S) for _ in mounted]
        assert found == [StickFound(str(sticks / name)) for name in ("sda1", "sdb1")]
        watch.take_out(str(sticks / "sda1"))
        mounted.clear()  # what is let go of is mounted nowhere, and its last blocks are on the way
        assert told.get(timeout=DEADLINE_S) == StickLost(str(sticks / "sdb1"))  # pulled
        (sticks / "sda1").rmdir()  # as the unit does at the end
        assert told.get(timeout=DEADLINE_S) == StickLost(str(sticks / "sda1"))

        (sticks / "sda1").mkdir()
        mounted.add("sda1")
        assert told.get(timeout=DEADLINE_S) == StickFound(str(sticks / "sda1"))
        watch.take_out(str(sticks / "sda1"))
        mounted.clear()
        looked_at.clear()
        assert looked_at.wait(DEADLINE_S)
        looked_at.clear()
        assert looked_at.wait(DEADLINE_S)
        mounted.add("sda1")  # the next stick, and nobody has taken the folder away
        assert told.get(timeout=DEADLINE_S) == StickLost(str(sticks / "sda1"))
        assert told.get(timeout=DEADLINE_S) == StickFound(str(sticks / "sda1"))
    finally:
        watch.close()


def test_what_is_scanned_meanwhile_is_in_the_next_bundle(
    stop: Stop, hub: HubDb, key_file: Path
) -> None:
    stop.open.scan(RICE)
    n = len(stop.open.lines())
    (stop.sticks / "sda1").mkdir()
    stop.until(lambda: ("writing", n) in stop.people.told)
    stop.open.scan(RICE)
    stop.until(lambda: ("done", n) in stop.people.told)
    assert carry(hub, key_file, bundle_on(stop.sticks.parent / "out-sda1")).fresh == n
    assert carry(hub, key_file, bundle_on(stop.plug())).held == n


def test_a_stick_that_is_pulled_while_it_is_written_says_so_and_the_next_one_works(
    stop: Stop,
) -> None:
    stop.open.scan(RICE)
    (stop.sticks / "sda1").write_text("")  # a folder that nothing can be made in any more
    stop.desk.take(StickFound(str(stop.sticks / "gone")))
    stop.until(lambda: ("pulled", 0) in stop.people.told)
    (stop.sticks / "sda1").unlink()
    stop.plug("sdb1")
    assert stop.people.told[-1][0] == "done"


CHILD: Final = """
import sys, subprocess
from pathlib import Path
from contract.bundles import Opening, Source
from contract.batches import Batch, Header
from kiosk.bundles import BundleThread, Order
from kiosk.sticks import is_mounted

stick, options, lines, recipient = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), sys.argv[4]
print(is_mounted(stick))
subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "none", stick], check=True)
print(is_mounted(stick))
(stick / "holiday.jpg").write_bytes(b"mine")
if options:
    subprocess.run(["mount", "-o", f"remount,{options}", stick], check=True)
opening = Opening(1, "kiosk-a", Source.KIOSK, recipient, 5, False, "x", "")
order = Order(stick, "kiosk-a-0011223344556677.yicang", opening, None, (), b"<p>")
done = []
thread = BundleThread(order, done.append)
thread.start()
for n in range(lines):
    while not thread.has_room and not done:
        thread.join(0.01)
    if done:
        break
    thread.give(Batch(Header("ab" * 8, n + 1, 1, "0" * 64), (b"x" * 4000,)))
else:
    thread.give(None)
thread.join(10)
print(done[0].why, done[0].events)
print(sorted(str(one.relative_to(stick)) for one in stick.rglob("*") if one.is_file()))
"""


@needs_mounts
@pytest.mark.parametrize(
    ("options", "lines", "told", "files"),
    [
        (
            "",
            5,
            " 5",
            ["holiday.jpg", "yicang/README.html", "yicang/kiosk-a-0011223344556677.yicang"],
        ),
        ("", 50, "full 0", ["holiday.jpg"]),
        ("ro", 5, "read-only 0", ["holiday.jpg"]),
    ],
    ids=["fits", "full", "read-only"],
)
def test_a_stick_that_is_full_or_locked_is_left_as_it_was(
    tmp_path: Path, key_file: Path, options: str, lines: int, told: str, files: list[str]
) -> None:
    stick = tmp_path / "stick"
    stick.mkdir()
    words = [sys.executable, "-c", CHILD, str(stick), options, str(lines)]
    made = subprocess.run(
        [*OWN_MOUNTS, *words, bundle_key.public(key_file)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert made.stdout.splitlines() == ["False", "True", told, str(files)], made.stderr
    assert not is_mounted(stick)
