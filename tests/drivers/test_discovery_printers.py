"""Printers that are plugged in are found, and addressed in a language they speak."""

import pytest

from drivers.discovery import PluggedIn
from drivers.discovery_printers import (
    DEVICE_ID,
    parse_device_id,
    printer_urls,
    suggested_profile,
)
from drivers.registry import parse_printer


def usb_printer(node: str, device_id: str = "", ids: tuple[str, str] = ("0416", "5011"),
                subsystem: str = "usbmisc") -> PluggedIn:  # fmt: skip
    properties = {
        "ID_VENDOR_ID": ids[0],
        "ID_MODEL_ID": ids[1],
        "ID_USB_INTERFACES": ":070102:",
        DEVICE_ID: device_id,
    }
    return PluggedIn(subsystem, node, properties)


def urls(*devices: PluggedIn) -> list[str]:
    found = printer_urls(devices)
    for one in found:
        assert parse_printer(one.url).profile.name == one.profile
    return [one.url for one in found]


@pytest.mark.parametrize(
    ("device_id", "profile"),
    [
        ("", "58mm"),
        ("MFG:STMicroelectronics;CMD:ESC/POS;MDL:POS58 Printer USB;CLS:PRINTER;", "58mm"),
        ("MFG:EPSON;CMD:ESC/POS;MDL:TM-T20II;CLS:PRINTER;DES:EPSON TM-T20II;", "80mm"),
        ("MFG:Printer;CMD:ESC/POS;MDL:POS-80;CLS:PRINTER;", "80mm"),
        ("MFG:MARKLIFE ;CMD:XPP,XL;MDL:X4;CLS:PRINTER;DES:LABEL PRINTER;", "tspl-58mm-gap"),
        ("MFG: ;CMD:XPP,XL;MDL:PM-241-BT;CLS:PRINTER;DES:PM-241-BT;", "tspl-58mm-gap"),
        ("MANUFACTURER:TSC;MODEL:TTP-244 Plus;CLASS:PRINTER;", "tspl-58mm-gap"),
        # Both languages in one machine: what is on the roll is not known, and a receipt's is safe.
        ("MFG:Xprinter;CMD:ESC/POS,TSPL;MDL:XP-235B;CLS:PRINTER;", "58mm"),
    ],
)
def test_a_printer_is_taken_at_its_own_word(device_id: str, profile: str) -> None:
    assert suggested_profile({DEVICE_ID: device_id}) == profile
    assert urls(usb_printer("/dev/usb/lp0", device_id)) == [f"usb:/dev/usb/lp0?profile={profile}"]


def test_a_printer_without_a_kernel_node_is_called_by_vendor_and_product_once() -> None:
    bare = usb_printer("/dev/bus/usb/001/004", subsystem="usb")
    assert urls(bare) == ["usb:0416:5011?profile=58mm"]
    assert urls(bare, usb_printer("/dev/usb/lp0")) == ["usb:/dev/usb/lp0?profile=58mm"]


def test_a_serial_printer_that_says_so_is_found_and_other_lines_are_left_alone() -> None:
    def line(node: str, model: str) -> PluggedIn:
        links = f"/dev/serial/by-id/usb-{model}-if00"
        return PluggedIn("tty", node, {"ID_BUS": "usb", "ID_MODEL": model, "DEVLINKS": links})

    assert urls(line("/dev/ttyACM0", "Thermal_Printer_80"), line("/dev/ttyUSB0", "USB_Serial")) == [
        "serial:/dev/serial/by-id/usb-Thermal_Printer_80-if00?profile=80mm"
    ]


def test_a_disk_or_a_camera_is_no_printer() -> None:
    disk = PluggedIn("usb", "/dev/bus/usb/001/002", {"ID_USB_INTERFACES": ":080650:"})
    assert urls(disk) == []


def test_a_device_id_is_read_with_long_and_short_keys() -> None:
    assert parse_device_id("MANUFACTURER:A B;COMMAND SET: TSPL ;MDL:C;;x") == {
        "MFG": "A B",
        "CMD": "TSPL",
        "MDL": "C",
    }
