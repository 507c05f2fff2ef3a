"""Device URLs: what may be written, and what is said about what may not."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from drivers.ports import PROFILES, DeviceUrlError
from drivers.registry import (
    AutoScannerUrl,
    EvdevScannerUrl,
    FilePrinterUrl,
    GpioPanelUrl,
    NetworkPrinterUrl,
    NullPanelUrl,
    ScreenPrinterUrl,
    ScreenScannerUrl,
    SerialPrinterUrl,
    SerialScannerUrl,
    missing,
    parse_devices,
    parse_panel,
    parse_printer,
    parse_scanner,
)


def faults(
    *, scanners: Sequence[str] = (), printers: Sequence[str] = (), panel: str = "none:"
) -> list[str]:
    with pytest.raises(DeviceUrlError) as refused:
        parse_devices(scanners, printers, panel)
    assert all(fault.zh and fault.en for fault in refused.value.faults)
    return [fault.en for fault in refused.value.faults]


def test_serial_devices_take_a_path_and_a_speed() -> None:
    url = parse_scanner("serial:/dev/serial/by-id/usb-Honeywell?baud=115200")
    assert url == SerialScannerUrl(
        "serial:/dev/serial/by-id/usb-Honeywell", "/dev/serial/by-id/usb-Honeywell", 115200
    )
    assert parse_scanner("serial:/dev/ttyACM0") == SerialScannerUrl(
        "serial:/dev/ttyACM0", "/dev/ttyACM0", 9600
    )


def test_a_printer_takes_a_profile_and_a_role() -> None:
    url = parse_printer("serial:/dev/ttyUSB0?baud=115200&profile=80mm&role=label")
    assert url == SerialPrinterUrl(
        "serial:/dev/ttyUSB0", "/dev/ttyUSB0", 115200, PROFILES["80mm"], frozenset({"label"})
    )
    assert parse_printer("screen:?role=receipt") == ScreenPrinterUrl(roles=frozenset({"receipt"}))
    assert parse_printer("file:/tmp/a%3Fb") == FilePrinterUrl("file:/tmp/a%3Fb", "/tmp/a?b")


@pytest.mark.parametrize(
    ("url", "host", "port"),
    [
        ("network:192.0.2.5:9100", "192.0.2.5", 9100),
        ("network:printer.example", "printer.example", 9100),
        ("network:[2001:db8::5]:9101", "2001:db8::5", 9101),
    ],
)
def test_a_network_printer_is_a_host_and_a_port(url: str, host: str, port: int) -> None:
    assert parse_printer(url) == NetworkPrinterUrl(url, host, port)


@pytest.mark.parametrize(
    "url", ["network:", "network::9100", "network:h:0", "network:h:99999", "network:h:x",
            "network:2001:db8::5", "network:h:9100/queue"],
)  # fmt: skip
def test_a_network_printer_without_a_usable_address_is_refused(url: str) -> None:
    with pytest.raises(DeviceUrlError):
        parse_printer(url)


def test_schemes_of_a_later_release_are_named_as_that() -> None:
    (said,) = faults(scanners=["usb:0c2e:0204"])
    assert said == (
        "scanner usb:0c2e:0204: usb: is not in this release; "
        "there is evdev:, serial:, screen:, auto:"
    )


def test_whatever_is_plugged_in_goes_with_the_screen_only() -> None:
    found = parse_devices(["auto:", "screen:"], ["serial:/dev/ttyUSB1"])
    assert found.scanners == (AutoScannerUrl(besides=("/dev/ttyUSB1",)), ScreenScannerUrl())
    (said,) = faults(scanners=["auto:", "evdev:/dev/input/event3"])
    assert "only screen: goes with it" in said
    (said,) = faults(scanners=["auto:everything"])
    assert "nothing belongs after auto:" in said


def test_a_keyboard_scanner_is_a_path_from_the_root() -> None:
    url = "evdev:/dev/input/by-id/usb-X_Barcode-event-kbd"
    assert parse_scanner(url) == EvdevScannerUrl(url, "/dev/input/by-id/usb-X_Barcode-event-kbd")
    (said,) = faults(scanners=["evdev:event3"])
    assert "evdev:/dev/input/by-id/" in said


def test_every_fault_of_every_url_is_told_at_once_with_the_nearest_name() -> None:
    said = faults(
        scanners=["seriel:/dev/ttyACM0", "serial:ttyACM0?bawd=9600"],
        printers=["serial:/dev/ttyUSB0?baud=12345&profile=58m&role=lable&copies"],
    )
    assert len(said) == 7
    for part in ("mean serial:?", "path from the root", "mean baud?", "baud=12345 is none",
                 "mean 58mm?", "mean label?", "'copies'"):  # fmt: skip
        assert sum(part in line for line in said) == 1, part
    assert all("\n" not in line for line in said)


def test_one_device_has_one_job_but_the_screen_scans_and_prints() -> None:
    both = parse_devices(["screen:"], ["screen:"])
    assert len(both.scanners) == len(both.printers) == 1
    assert "twice" in faults(scanners=["serial:/dev/a", "serial:/dev/a?baud=19200"])[0]
    assert "twice" in faults(scanners=["serial:/dev/a"], printers=["serial:/dev/a"])[0]
    assert "twice" in faults(scanners=["screen:", "screen:"])[0]


@pytest.mark.parametrize("url", ["", "ttyUSB0", ":/dev/x", "screen:left", "screen:?baud=9600"])
def test_anything_else_is_refused_for_a_scanner(url: str) -> None:
    with pytest.raises(DeviceUrlError):
        parse_scanner(url)


def test_a_device_that_is_not_there_is_named_but_is_no_fault(tmp_path: Path) -> None:
    absent = missing(parse_scanner(f"serial:{tmp_path}/scanner"))
    assert absent is not None
    assert f"{tmp_path}/scanner" in absent.en
    (tmp_path / "scanner").touch()
    assert missing(parse_scanner(f"serial:{tmp_path}/scanner")) is None
    assert missing(parse_printer("screen:")) is None


def test_a_panel_is_pins_or_none_and_may_name_its_chip() -> None:
    assert parse_panel("none:") == NullPanelUrl()
    assert parse_panel("gpio:") == GpioPanelUrl(chip=None)
    assert parse_panel("gpio:?chip=4") == GpioPanelUrl(chip=4)
    assert "did you mean gpio:" in faults(panel="gpoi:")[0]
    assert "did you mean chip" in faults(panel="gpio:?chips=4")[0]
    assert "chip=four is not" in faults(panel="gpio:?chip=four")[0]
    assert "nothing belongs after gpio:" in faults(panel="gpio:17")[0]
    assert "takes none" in faults(panel="none:?chip=1")[0]
