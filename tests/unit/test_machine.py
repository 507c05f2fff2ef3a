"""What a kiosk tells of its machine, read where Linux and a Raspberry Pi have it."""

from pathlib import Path

import pytest

from kiosk.machine import Machine

THROTTLED = "sys/devices/platform/soc/soc:firmware/get_throttled"


def zone(root: Path, number: int, text: str) -> None:
    directory = root / f"sys/class/thermal/thermal_zone{number}"
    directory.mkdir(parents=True)
    (directory / "temp").write_text(text)


def board(root: Path, bits: str) -> Machine:
    path = root / THROTTLED
    path.parent.mkdir(parents=True)
    path.write_text(bits)
    return Machine(root, 1, root)


def test_the_hottest_sensor_counts_and_one_that_is_off_is_left_out(tmp_path: Path) -> None:
    zone(tmp_path, 0, "48312\n")
    zone(tmp_path, 1, "61000\n")
    zone(tmp_path, 2, "-274000\n")
    zone(tmp_path, 3, "")
    assert Machine(tmp_path, 1, tmp_path).temperature_c() == 61.0


def test_a_machine_that_is_no_raspberry_pi_says_nothing_of_throttling(tmp_path: Path) -> None:
    machine = Machine(tmp_path, 1, tmp_path)
    assert machine.throttling() is None
    assert machine.temperature_c() is None


@pytest.mark.parametrize(
    ("bits", "words"),
    [
        ("0\n", ()),
        ("1\n", ("under-voltage",)),
        ("50005\n", ("under-voltage", "throttled")),
        ("50000\n", ("under-voltage-before", "throttled-before")),
        ("80008\n", ("hot",)),
        ("e0000\n", ("frequency-capped-before", "throttled-before", "hot-before")),
    ],
)
def test_a_raspberry_pi_s_bits_are_told_in_words(
    tmp_path: Path, bits: str, words: tuple[str, ...]
) -> None:
    assert board(tmp_path, bits).throttling() == words


def test_a_disk_with_less_room_than_wanted_refuses_and_one_that_is_gone_too(
    tmp_path: Path,
) -> None:
    assert Machine(tmp_path, 1).refusing() == ""
    assert Machine(tmp_path, 2**40).refusing() == "disk-low"
    assert Machine(tmp_path / "gone", 1).refusing() == "read-only"
    assert Machine(tmp_path / "gone", 1).free_mb() == 0
