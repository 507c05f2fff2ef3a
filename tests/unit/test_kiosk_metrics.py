"""A kiosk's figures for Prometheus: read back by Prometheus' own parser."""

import os
import stat
from pathlib import Path

from prometheus_client.parser import text_string_to_metric_families

from contract.messages import DeviceHealth, Health
from kiosk.metrics import EVERY_MS, FILE, MetricsFile, exposition
from tests.support.fleet_scene import BROKEN, PRINTER, well


def samples(text: str) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    return {
        (one.name, tuple(sorted(one.labels.items()))): one.value
        for family in text_string_to_metric_families(text)
        for one in family.samples
    }


def test_every_figure_can_be_read_and_is_explained() -> None:
    told = well(BROKEN, PRINTER, backlog=7, oldest_unsent_s=90, throttling=("hot",))
    text = exposition("east-k1", told, connected=False)
    found = samples(text)
    assert found["yicang_kiosk_backlog_events", ()] == 7
    assert found["yicang_kiosk_oldest_unsent_seconds", ()] == 90
    assert found["yicang_kiosk_connected", ()] == 0
    assert found["yicang_kiosk_throttled", (("reason", "hot"),)] == 1
    assert found["yicang_kiosk_throttled", (("reason", "under-voltage"),)] == 0
    assert found["yicang_kiosk_temperature_celsius", ()] == 51.0
    scanner = (("device", BROKEN.name), ("kind", "scanner"))
    assert found["yicang_kiosk_device_up", scanner] == 0
    assert found["yicang_kiosk_paper_left_meters", (("device", PRINTER.name),)] == 21.4
    info = (("kiosk", "east-k1"), ("version", "1.4.0-0123abcd"))
    assert found["yicang_kiosk_info", info] == 1
    for family in text_string_to_metric_families(text):
        assert family.documentation.endswith(".")
        assert family.type == "gauge"


def test_what_is_unknown_is_left_out_and_never_nought() -> None:
    told = well(temperature_c=None, throttling=None, disk_free_mb=0)
    names = {name for name, _labels in samples(exposition("x", told, connected=True))}
    assert not names & {
        "yicang_kiosk_temperature_celsius",
        "yicang_kiosk_throttled",
        "yicang_kiosk_disk_free_bytes",
    }
    assert "yicang_kiosk_backlog_events" in names


def test_names_of_devices_cannot_break_a_line() -> None:
    odd = DeviceHealth('a"b\\c', "scanner", True)
    found = samples(exposition("x", well(odd), connected=True))
    assert found["yicang_kiosk_device_up", (("device", 'a"b\\c'), ("kind", "scanner"))] == 1


class Kiosk:
    """What the file is made of; ``looks`` counts how often anybody measured."""

    def __init__(self) -> None:
        self.now = 0
        self.looks = 0

    def measured(self) -> Health:
        self.looks += 1
        return well(backlog=self.looks)


def kept(directory: Path | None, kiosk: Kiosk) -> MetricsFile:
    return MetricsFile(directory, "x", lambda: kiosk.now, kiosk.measured, lambda: True)


def test_the_file_is_replaced_now_and_then_and_anybody_may_read_it(tmp_path: Path) -> None:
    kiosk = Kiosk()
    file = kept(tmp_path, kiosk)
    before = os.umask(0o077)  # the unit's
    try:
        file.tick()
    finally:
        os.umask(before)
    path = tmp_path / FILE
    assert stat.S_IMODE(path.stat().st_mode) == 0o644
    assert samples(path.read_text())["yicang_kiosk_backlog_events", ()] == 1
    first = path.stat().st_ino
    file.tick()
    assert kiosk.looks == 1
    kiosk.now += EVERY_MS
    file.tick()
    assert samples(path.read_text())["yicang_kiosk_backlog_events", ()] == 2
    assert path.stat().st_ino != first, "renamed into place: nobody reads half of it"
    assert [one.name for one in tmp_path.iterdir()] == [FILE]


def test_without_a_directory_in_memory_nothing_is_measured() -> None:
    kiosk = Kiosk()
    kept(None, kiosk).tick()
    assert kiosk.looks == 0


def test_a_directory_that_is_gone_stops_nobody(tmp_path: Path) -> None:
    kiosk = Kiosk()
    kept(tmp_path / "gone", kiosk).tick()
    assert kiosk.looks == 1
