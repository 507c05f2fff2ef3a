"""A volunteer's USB stick on a real kernel: FAT32 and exFAT, full, pulled, write-protected."""

import contextlib
import shutil
import sqlite3
from pathlib import Path

import pytest

from tests.support import people
from tests.support.guest.sticks import AT, FORMATS, Stick
from tests.support.guest.stop import Stop
from tests.support.processes import run, until

pytestmark = [pytest.mark.guest, pytest.mark.timeout(1800)]

HOLIDAY = b"\xff\xd8" * 4096


def with_one_item(stop: Stop) -> str:
    """The code of what came in."""
    stop.enter(people.RICE)
    [item] = until("it came in", stop.received)
    return str(item.item)


def holiday(stop: Stop) -> None:
    stop.guest.write(f"{AT}/holiday.jpg", HOLIDAY)


def bundles(files: dict[str, bytes]) -> list[bytes]:
    return [data for name, data in files.items() if name.endswith(".yicang")]


def held_by(data: Path) -> str:
    """What the hub's log of events says."""
    with contextlib.closing(sqlite3.connect(data / "hub" / "hub.sqlite3")) as database:
        rows = database.execute("SELECT raw FROM event").fetchall()
    return " ".join(raw.decode() for (raw,) in rows)


@pytest.mark.parametrize("kind", FORMATS)
def test_a_stick_takes_the_records_to_the_hub(stop: Stop, kind: str, tmp_path: Path) -> None:
    item = with_one_item(stop)
    stick = Stick(stop.guest, tmp_path / "stick.img", kind, fill=lambda: holiday(stop))
    stick.plug()
    until("it says so", lambda: "are on the stick: take it out" in stop.said())
    stick.pull()

    files = stick.files()
    assert files["holiday.jpg"] == HOLIDAY
    assert set(files) == {
        "holiday.jpg",
        "yicang/README.html",
        *(n for n in files if ".yicang" in n),
    }
    [bundle] = bundles(files)
    (tmp_path / "a.yicang").write_bytes(bundle)
    data = tmp_path / "hub"
    shutil.copytree(stop.snapshot.local, data)
    words = ("hub", "bundle", "import", "--data", str(data), str(tmp_path / "a.yicang"))
    told = run(*words)
    assert told.returncode == 0, told.stderr
    assert "0 for review" in told.stdout
    assert item in held_by(data)
    assert "/ 0 new" in run(*words).stdout


def test_a_full_stick_is_left_as_it_was(stop: Stop, tmp_path: Path) -> None:
    with_one_item(stop)

    def fill() -> None:
        holiday(stop)
        stop.guest.run("dd", "if=/dev/zero", f"of={AT}/film.mp4", "bs=4k")

    stick = Stick(stop.guest, tmp_path / "stick.img", "vfat", megabytes=40, fill=fill)
    stick.plug()
    until("it says so", lambda: "The stick is full" in stop.said())
    stick.pull()
    files = stick.files()
    assert files["holiday.jpg"] == HOLIDAY
    assert bundles(files) == []
    assert [name for name in files if name.endswith(".part")] == []


@pytest.mark.parametrize("kind", FORMATS)
def test_a_stick_pulled_too_early_is_written_when_it_comes_back(
    stop: Stop, kind: str, tmp_path: Path
) -> None:
    with_one_item(stop)
    stick = Stick(stop.guest, tmp_path / "stick.img", kind, fill=lambda: holiday(stop))
    stick.plug(slow=512)
    until("it is being written", lambda: "leave it in" in stop.said())
    stick.pull()
    until("it says so", lambda: "taken out too early" in stop.said())
    until("nothing is held", lambda: stop.guest.ask("ls", "/run/yicang/sticks") == "")
    assert stop.guest.ask("systemctl", "--failed", "--plain", "--no-legend").strip() == ""
    stick.plug()
    until("it says so", lambda: "are on the stick: take it out" in stop.said())
    stick.pull()
    files = stick.files(check=False)  # pulled in the middle, it needs a check for good
    assert files["holiday.jpg"] == HOLIDAY
    assert len(bundles(files)) == 1
    assert [name for name in files if name.endswith(".part")] == []


def test_a_write_protected_stick_is_named_so(stop: Stop, tmp_path: Path) -> None:
    with_one_item(stop)
    stick = Stick(stop.guest, tmp_path / "stick.img", "vfat")
    before = stick.image.read_bytes()
    stick.plug(write_protected=True)
    until("it says so", lambda: "write-protected" in stop.said())
    stick.pull()
    assert stick.image.read_bytes() == before
