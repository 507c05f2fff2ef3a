"""``yicang update apply --all``: what a person runs when a machine's links are not as they were."""

from pathlib import Path

import pytest

from tests.support.processes import run
from tests.support.releases import NEW, OLD, Machine, Manners, Signer

UNITS = Path("etc/systemd/system")


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    made = Machine(tmp_path / "m", Signer(tmp_path / "p"), {OLD: Manners(), NEW: Manners()})
    made.prepare()
    return made


def apply(machine: Machine) -> tuple[int, list[str], str]:
    """Exit status, lines and complaints of the command, all below the machine's own root."""
    done = run("update", "apply", "--all", "--root", str(machine.places.root))
    return done.returncode, done.stdout.splitlines(), done.stderr


def test_what_was_lost_of_a_machines_links_is_made_again_and_told(machine: Machine) -> None:
    had = machine.has()
    root = machine.places.root
    (root / UNITS / "timers.target.wants/yicang-left.timer").unlink()
    (root / "etc/udev/rules.d/99-yicang.rules").unlink()
    wrong = root / UNITS / "yicang-left.timer"
    wrong.unlink()
    wrong.symlink_to("/opt/yicang/current/systemd/yicang-kiosk.service")
    lost = root / UNITS / "yicang-weigh.timer"
    lost.symlink_to("/opt/yicang/current/systemd/yicang-weigh.timer")
    code, said, complaints = apply(machine)
    assert (code, complaints.count("left as it is")) == (0, 0)
    assert set(said) == {
        "已建立链接 / linked: /etc/systemd/system/timers.target.wants/yicang-left.timer",
        "已建立链接 / linked: /etc/udev/rules.d/99-yicang.rules",
        "已建立链接 / linked: /etc/systemd/system/yicang-left.timer",
        "已删除链接 / link removed: /etc/systemd/system/yicang-weigh.timer",
        f"已按这一版核对 / made to fit: {OLD} (current)",
        f"已按这一版核对 / made to fit: {OLD} (confirmed)",
    }
    assert machine.has() == had
    again = apply(machine)[1]
    assert [line.partition(" / ")[0] for line in again] == ["已按这一版核对"] * 2


def test_what_somebody_has_put_in_a_links_place_is_named_and_left(machine: Machine) -> None:
    masked = machine.places.root / UNITS / "yicang-left.timer"
    masked.unlink()
    masked.symlink_to("/dev/null")
    code, said, complaints = apply(machine)
    assert code == 0
    assert complaints.count("somebody's own, left as it is: /" + str(UNITS / masked.name)) == 1
    assert masked.readlink() == Path("/dev/null")
    assert not any(line.startswith("已建立链接") for line in said)


def test_the_updaters_own_units_go_with_the_confirmed_release_and_the_others_with_the_current(
    machine: Machine,
) -> None:
    machine.offer()
    machine.updater().run()
    had = machine.has()
    for name in ("yicang-weigh.timer", "yicang-update-weigh.service"):
        (machine.places.root / UNITS / name).unlink()
    code, said, _ = apply(machine)
    assert code == 0
    assert said == [
        "已建立链接 / linked: /etc/systemd/system/yicang-weigh.timer",
        f"已按这一版核对 / made to fit: {NEW} (current)",
        "已建立链接 / linked: /etc/systemd/system/yicang-update-weigh.service",
        f"已按这一版核对 / made to fit: {NEW} (confirmed)",
    ]
    assert machine.has() == had


def test_a_machine_without_a_release_is_told_to_install_one(tmp_path: Path) -> None:
    done = run("update", "apply", "--all", "--root", str(tmp_path))
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.startswith("这台机器没有装好的发布包")
    assert "install one first: yicang update install" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_written_is_named_and_no_traceback(machine: Machine) -> None:
    wants = machine.places.root / UNITS / "timers.target.wants"
    (wants / "yicang-left.timer").unlink()
    wants.rmdir()
    wants.write_text("no folder")
    code, _, complaints = apply(machine)
    assert code == 1
    assert "timers.target.wants" in complaints
    assert "Traceback" not in complaints
