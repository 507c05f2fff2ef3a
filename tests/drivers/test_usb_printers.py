"""A USB printer without a kernel node, by vendor and product through PyUSB."""

import msgspec
import pytest

from drivers.ports import PROFILES
from drivers.printer_escpos import EscposLanguage
from drivers.printer_tspl import TsplLanguage
from drivers.printer_wire import WirePrinter
from drivers.transport_usb import UsbTransport
from tests.drivers.documents import ITEM, LABEL
from tests.support.paper import Code
from tests.support.usb_bus import UsbBus
from tests.support.virtual_printer import VirtualPrinter


def printer_on(bus: UsbBus, name: str = "58mm-native") -> WirePrinter:
    profile = msgspec.structs.replace(PROFILES[name], speed_mm_s=1e6, settle_s=0.0)
    language = TsplLanguage() if profile.language == "tspl" else EscposLanguage()
    transport = UsbTransport(0x0416, 0x5011, stall_s=0.2, backend=bus)
    return WirePrinter("usb:0416:5011", transport, language, profile=profile)


@pytest.mark.parametrize("name", ["58mm", "58mm-native", "tspl-58mm-native"])
def test_it_is_taken_from_the_kernel_prints_and_is_given_back(name: str) -> None:
    bus = UsbBus(VirtualPrinter(PROFILES[name].language))
    printer = printer_on(bus, name)
    assert printer.status().condition == "ready"
    assert printer.print(LABEL).progress == "confirmed"
    assert bus.printer.codes() == [[Code("Code128", ITEM)]]
    assert bus.printer.strays == b""
    assert bus.claims == {0}
    printer.close()
    assert bus.claims == set()
    assert "closed" in printer.print(LABEL).detail.en


def test_unplugged_it_is_away_and_plugged_in_again_it_prints() -> None:
    bus = UsbBus(VirtualPrinter())
    printer = printer_on(bus)
    printer.print(LABEL)
    bus.plugged = False
    result = printer.print(LABEL)
    assert (result.status, result.progress) == ("failed", "none")
    assert "0416:5011" in result.detail.en
    assert printer.status().condition == "away"
    bus.plugged = True
    bus.kernel_has_it = True
    assert printer.print(LABEL).progress == "confirmed"


def test_unplugged_in_a_label_it_says_how_far_the_label_may_have_come() -> None:
    bus = UsbBus(VirtualPrinter())
    printer = printer_on(bus)
    printer.status()
    bus.printer.arm("disconnect", 2_500)
    result = printer.print(LABEL)
    assert (result.status, result.progress) == ("failed", "partial")
    assert 2_400 <= result.taken < result.total


def test_one_that_takes_nothing_fails_in_time() -> None:
    bus = UsbBus(VirtualPrinter(answers=False))
    printer = printer_on(bus, "80mm")
    bus.printer.cover_open = True
    result = printer.print(LABEL)
    assert result.status == "failed"
    assert "close its cover" in result.detail.en, "its interface says that it is off line"


def test_something_else_with_these_numbers_is_no_printer() -> None:
    bus = UsbBus(VirtualPrinter(), interface_class=8)
    result = printer_on(bus).print(LABEL)
    assert (result.status, result.progress) == ("failed", "none")
    assert "not a printer" in result.detail.en


def test_on_a_machine_without_such_a_device_it_is_away() -> None:
    """libusb or not, and whoever else is plugged in: a word, and no exception."""
    result = WirePrinter(
        "usb:fffe:fffe",
        UsbTransport(0xFFFE, 0xFFFE),
        EscposLanguage(),
        profile=PROFILES["58mm"],
    ).print(LABEL)
    assert (result.status, result.progress) == ("failed", "none")
    assert "fffe:fffe" in result.detail.en
