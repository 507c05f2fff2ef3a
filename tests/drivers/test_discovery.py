"""What is plugged in is found, named so that it stays the same, and served as it comes."""

import os
import queue
from collections.abc import Iterator
from pathlib import Path

import pytest

from drivers import discovery
from drivers.discovery import PluggedIn
from drivers.fakes import FakeScanner
from drivers.ports import DeviceInput, DeviceState, Post, Scanner, ScanRead
from drivers.scanner_auto import AutoScanners
from drivers.udev import plugged_in
from drivers.urls import EvdevScannerUrl, ScannerUrl, SerialScannerUrl, parse_scanner
from tests.support.serial_devices import wait_until

USB = {"ID_BUS": "usb"}


def keyboard(number: int, model: str, port: str, vendor: str = "ffff") -> PluggedIn:
    """An input device as udev describes it (``udevadm info``)."""
    links = (
        f"/dev/input/by-id/usb-{model}-event-kbd",
        f"/dev/input/by-path/pci-0000:00:14.0-usb-0:{port}:1.0-event-kbd",
    )
    return PluggedIn(
        "input",
        f"/dev/input/event{number}",
        USB
        | {
            "ID_INPUT": "1",
            "ID_INPUT_KEY": "1",
            "ID_INPUT_KEYBOARD": "1",
            "ID_MODEL": model,
            "ID_VENDOR_ID": vendor,
            "DEVLINKS": " ".join(links),
        },
    )


def line(node: str, model: str, port: str, vendor: str) -> PluggedIn:
    """A serial line on USB, likewise."""
    links = (
        f"/dev/serial/by-path/pci-0000:00:14.0-usb-0:{port}:1.0",
        f"/dev/serial/by-id/usb-{model}-if00",
    )
    properties = {"ID_MODEL": model, "ID_VENDOR_ID": vendor, "DEVLINKS": " ".join(links)}
    return PluggedIn("tty", node, USB | properties)


def urls(*devices: PluggedIn) -> list[str]:
    return [found.url for found in discovery.scanners(devices)]


def test_scanners_are_called_by_id() -> None:
    assert urls(
        keyboard(3, "Honeywell_1450g", "1", "0c2e"),
        line("/dev/ttyACM0", "Newland_FM430", "2", "1eab"),
    ) == [
        "evdev:/dev/input/by-id/usb-Honeywell_1450g-event-kbd",
        "serial:/dev/serial/by-id/usb-Newland_FM430-if00",
    ]


def test_a_cheap_one_is_known_by_its_name() -> None:
    assert urls(keyboard(3, "USB_Barcode_Scanner", "1")) == [
        "evdev:/dev/input/by-id/usb-USB_Barcode_Scanner-event-kbd"
    ]


def test_two_of_the_same_kind_are_called_by_their_ports() -> None:
    two = [keyboard(number, "BARCODE_SCANNER", f"{number}") for number in (1, 2)]
    ports = "evdev:/dev/input/by-path/pci-0000:00:14.0-usb-0"
    assert urls(*two) == [f"{ports}:1:1.0-event-kbd", f"{ports}:2:1.0-event-kbd"]
    adapters = [line(f"/dev/ttyUSB{n}", "1a86_USB2.0-Serial", f"{n}", "1a86") for n in (1, 2)]
    assert urls(*adapters) == [
        "serial:/dev/serial/by-path/pci-0000:00:14.0-usb-0:1:1.0",
        "serial:/dev/serial/by-path/pci-0000:00:14.0-usb-0:2:1.0",
    ]


def test_one_without_any_name_is_called_by_its_node() -> None:
    bare = PluggedIn("tty", "/dev/ttyACM0", USB | {"ID_VENDOR_ID": "05f9"})
    assert urls(bare) == ["serial:/dev/ttyACM0"]


def test_a_name_with_a_question_mark_is_read_back_as_it_was() -> None:
    odd = line("/dev/ttyACM0", "What?_100%_Scanner", "1", "1eab")
    (found,) = discovery.scanners([odd])
    assert parse_scanner(found.url) == SerialScannerUrl(
        found.url, "/dev/serial/by-id/usb-What?_100%_Scanner-if00"
    )


def test_a_persons_keyboard_is_never_taken_but_told_of() -> None:
    person = keyboard(0, "Logitech_USB_Keyboard", "1", "046d")
    assert urls(person) == []
    (unknown,) = discovery.unknown_keyboards([person])
    assert unknown.url == "evdev:/dev/input/by-id/usb-Logitech_USB_Keyboard-event-kbd"


@pytest.mark.parametrize(
    "device",
    [
        PluggedIn("input", "/dev/input/mouse0", {"ID_MODEL": "Barcode_Scanner"}),
        PluggedIn("input", "/dev/input/event9", {"ID_MODEL": "Barcode_Scanner", "ID_INPUT": "1"}),
        PluggedIn("tty", "/dev/ttyS0", {}),
        PluggedIn("tty", "/dev/ttyAMA0", {"ID_BUS": "platform"}),
        line("/dev/ttyACM0", "Arduino_Uno", "1", "2341"),
        line("/dev/ttyUSB0", "Thermal_Printer", "1", "1a86"),
    ],
)
def test_what_is_no_scanner_is_left_alone(device: PluggedIn) -> None:
    assert urls(device) == []


def test_printers_are_those_of_the_printer_class_and_those_that_say_so() -> None:
    lp0 = PluggedIn("usbmisc", "/dev/usb/lp0", {"ID_USB_INTERFACES": ":070102:"})
    hid = PluggedIn("usbmisc", "/dev/usb/hiddev0", {"ID_USB_INTERFACES": ":030101:"})
    serial = line("/dev/ttyACM1", "POS58_Printer", "1", "0483")
    scanner = line("/dev/ttyACM0", "Newland_FM430", "2", "1eab")
    found = discovery.printers([lp0, hid, serial, scanner])
    assert [each.url for each in found] == [
        "serial:/dev/serial/by-id/usb-POS58_Printer-if00",
        "usb:/dev/usb/lp0",
    ]


def test_this_machine_can_be_asked() -> None:
    """Whatever it is: every node that udev names is a device file."""
    for device in plugged_in():
        assert device.node.startswith("/dev/")
        assert device.subsystem in ("input", "tty", "usbmisc")


class Desk:
    """A USB hub in a test's hand, and the scanners that were opened for what is in it."""

    def __init__(self) -> None:
        self.plugged: tuple[PluggedIn, ...] = ()
        self.opened: dict[str, FakeScanner] = {}
        self.inbox: queue.Queue[DeviceInput] = queue.Queue()
        self._udev, self._udev_end = os.pipe()

    def plug(self, *devices: PluggedIn) -> None:
        self.plugged = devices
        os.write(self._udev_end, b"x")

    def open(self, url: ScannerUrl, lane: str, post: Post) -> Scanner:
        assert isinstance(url, EvdevScannerUrl | SerialScannerUrl)
        self.opened[lane] = FakeScanner(lane, post, name=url.name)
        return self.opened[lane]

    def lanes(self) -> dict[str, str]:
        return {lane: scanner.name for lane, scanner in self.opened.items()}

    def auto(self, *besides: str) -> AutoScanners:
        return AutoScanners(
            "lane-1",
            self.inbox.put,
            self.open,
            besides=besides,
            look=lambda: self.plugged,
            hotplug=lambda: self,
        )

    # --- udev's socket ---

    def fileno(self) -> int:
        return self._udev

    def drain(self) -> None:
        os.read(self._udev, 4096)

    def close(self) -> None:
        os.close(self._udev)
        os.close(self._udev_end)


@pytest.fixture
def desk() -> Desk:
    return Desk()


@pytest.fixture
def auto(desk: Desk) -> Iterator[AutoScanners]:
    scanners = desk.auto()
    assert isinstance(scanners, Scanner)
    yield scanners
    scanners.close()
    scanners.close()


def test_each_scanner_gets_a_lane_as_it_is_plugged_in(desk: Desk, auto: AutoScanners) -> None:
    first = keyboard(3, "Honeywell_1450g", "1", "0c2e")
    second = line("/dev/ttyACM0", "Newland_FM430", "2", "1eab")
    desk.plugged = (first,)
    auto.start()
    wait_until(lambda: len(desk.opened) == 1, "one scanner")
    desk.plug(first, second)
    wait_until(lambda: len(desk.opened) == 2, "two scanners")
    assert desk.lanes() == {
        "lane-1": "evdev:/dev/input/by-id/usb-Honeywell_1450g-event-kbd",
        "lane-2": "serial:/dev/serial/by-id/usb-Newland_FM430-if00",
    }
    desk.opened["lane-2"].scan("G00010000AX")
    got = [desk.inbox.get(timeout=20) for _ in range(3)]
    assert got[-1] == ScanRead("lane-2", "G00010000AX")


def test_one_that_comes_back_in_another_port_keeps_its_lane(desk: Desk, auto: AutoScanners) -> None:
    desk.plugged = (keyboard(3, "Honeywell_1450g", "1", "0c2e"),)
    auto.start()
    wait_until(lambda: len(desk.opened) == 1, "one scanner")
    desk.plug()
    desk.plug(keyboard(5, "Honeywell_1450g", "4", "0c2e"), keyboard(6, "Newland_HR", "1", "1eab"))
    wait_until(lambda: len(desk.opened) == 2, "two scanners")
    assert [name.split("usb-")[1] for name in desk.lanes().values()] == [
        "Honeywell_1450g-event-kbd",
        "Newland_HR-event-kbd",
    ]


def test_a_second_one_of_the_same_kind_makes_both_known_by_their_ports(
    desk: Desk, auto: AutoScanners
) -> None:
    desk.plugged = (keyboard(1, "BARCODE_SCANNER", "1"),)
    auto.start()
    wait_until(lambda: len(desk.opened) == 1, "one scanner")
    desk.plug(keyboard(1, "BARCODE_SCANNER", "1"), keyboard(2, "BARCODE_SCANNER", "2"))
    wait_until(lambda: len(desk.opened) == 2, "two scanners")
    ports = "evdev:/dev/input/by-path/pci-0000:00:14.0-usb-0"
    assert desk.lanes() == {
        "lane-1": f"{ports}:1:1.0-event-kbd",
        "lane-2": f"{ports}:2:1.0-event-kbd",
    }
    told = [desk.inbox.get(timeout=20) for _ in range(2)]
    assert isinstance(told[1], DeviceState)
    assert "by their USB ports" in told[1].detail.en
    desk.plug(keyboard(2, "BARCODE_SCANNER", "2"), keyboard(7, "Newland_HR", "3", "1eab"))
    wait_until(lambda: len(desk.opened) == 3, "a third scanner")
    assert "Newland" in desk.lanes()["lane-3"]


def test_a_named_printers_adapter_is_left_to_the_printer(desk: Desk, tmp_path: Path) -> None:
    node = tmp_path / "ttyUSB0"
    node.touch()
    named = tmp_path / "by-id"
    named.symlink_to(node)
    printer = PluggedIn("tty", str(node), USB | {"ID_VENDOR_ID": "1a86"})
    scanner = line("/dev/ttyUSB1", "1a86_Serial", "2", "1a86")
    auto = desk.auto(str(named))
    desk.plugged = (printer, scanner)
    auto.start()
    wait_until(lambda: len(desk.opened) == 1, "one scanner")
    auto.close()
    assert desk.lanes() == {"lane-1": "serial:/dev/serial/by-id/usb-1a86_Serial-if00"}


def test_nine_scanners_are_one_too_many(desk: Desk, auto: AutoScanners) -> None:
    desk.plugged = tuple(keyboard(n, f"Barcode_{n}", str(n)) for n in range(9))
    auto.start()
    wait_until(lambda: len(desk.opened) == 8, "eight scanners")
    assert list(desk.opened) == [f"lane-{n}" for n in range(1, 9)]
