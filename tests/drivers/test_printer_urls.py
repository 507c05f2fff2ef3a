"""What may be written for a printer, and what is said about what may not."""

from pathlib import Path

import pytest

from drivers.ports import BOTH_ROLES, PROFILES, DeviceUrlError, PrinterProfile
from drivers.profiles import find_profile
from drivers.registry import SerialPrinterUrl, UsbPrinterUrl, missing, parse_printer


def fault(url: str) -> str:
    with pytest.raises(DeviceUrlError) as refused:
        parse_printer(url)
    assert len(refused.value.faults) == 1
    assert refused.value.faults[0].zh
    return refused.value.faults[0].en


def test_a_usb_printer_is_a_kernel_node_or_a_vendor_and_a_product(tmp_path: Path) -> None:
    node = parse_printer("usb:/dev/usb/lp0?profile=tspl-58mm")
    assert node == UsbPrinterUrl("usb:/dev/usb/lp0", "/dev/usb/lp0", profile=PROFILES["tspl-58mm"])
    ids = parse_printer("usb:0416:50aB")
    assert ids == UsbPrinterUrl("usb:0416:50aB", None, 0x0416, 0x50AB)
    absent = missing(parse_printer(f"usb:{tmp_path}/lp0"))
    assert absent is not None
    assert f"{tmp_path}/lp0" in absent.en
    assert missing(ids) is None


@pytest.mark.parametrize("url", ["usb:", "usb:0416", "usb:416:5011", "usb:0416:5011:1", "usb:lp0"])
def test_a_usb_printer_written_otherwise_is_told_both_forms(url: str) -> None:
    said = fault(url)
    assert "usb:/dev/usb/lp0" in said
    assert "usb:0416:5011" in said


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("58mm", "58mm"),
        ("escpos-80mm-cutter", "80mm-cutter"),
        ("TSPL-58mm-gap", "tspl-58mm-gap"),
        ("58mm-continuous-native", "58mm-native"),
        ("80mm-native-cutter-mark", "80mm-mark-cutter-native"),
    ],
)
def test_a_profile_is_found_however_its_parts_are_ordered(written: str, name: str) -> None:
    found = find_profile(written)
    assert found is not None
    assert found.name == name


def test_a_name_tells_language_width_media_cutter_and_what_it_draws_itself() -> None:
    assert len(PROFILES) == 72
    profile = PROFILES["tspl-80mm-mark-cutter-gb18030"]
    assert (profile.language, profile.width_dots, profile.media, profile.cutter) == (
        "tspl", 576, "mark", True,
    )  # fmt: skip
    assert profile.drawing == "gb18030"
    assert PROFILES["58mm"] == PrinterProfile()
    assert not PROFILES["58mm"].native


@pytest.mark.parametrize(
    ("written", "nearest"),
    [
        ("58m", "58mm"),
        ("tspl-58mm-gab", "tspl-58mm-gap"),
        ("80mm-cuter-native", "80mm-cutter-native"),
        ("zpl-58mm", "tspl-58mm"),
    ],
)
def test_an_unknown_profile_is_refused_with_the_nearest_and_the_form(
    written: str, nearest: str
) -> None:
    said = fault(f"serial:/dev/ttyUSB0?profile={written}")
    assert f"did you mean {nearest}?" in said
    assert "[escpos-|tspl-]58mm|80mm[-gap|-mark]" in said


@pytest.mark.parametrize(
    "written", ["", "gap", "58mm-gap-mark", "58mm-native-gb18030", "58mm-native-native", "x"]
)
def test_what_is_no_profile_is_refused(written: str) -> None:
    assert find_profile(written) is None
    assert "profile=" in fault(f"screen:?profile={written}")


def test_label_stock_has_a_length_and_a_gap_and_takes_labels_only() -> None:
    url = parse_printer("serial:/dev/a?profile=tspl-58mm-gap&length=30&gap=2.5")
    assert (url.profile.label_mm, url.profile.gap_mm) == (30, 2.5)
    assert url.roles == frozenset({"label"})
    assert parse_printer("serial:/dev/a?profile=tspl-58mm").roles == BOTH_ROLES
    assert "continuous paper" in fault("serial:/dev/a?profile=58mm-gap&role=both")
    assert "30 to 300" in fault("serial:/dev/a?profile=58mm-gap&length=5000")
    assert "1 to 20" in fault("serial:/dev/a?profile=58mm-mark&gap=-1")
    assert "unknown parameter length" in fault("serial:/dev/a?profile=58mm&length=40")


def test_a_serial_line_says_how_the_printer_stops_us() -> None:
    url = parse_printer("serial:/dev/a?flow=xon")
    assert isinstance(url, SerialPrinterUrl)
    assert url.flow == "xon"
    assert "one of none, rts, xon" in fault("serial:/dev/a?flow=cts")
    assert "unknown parameter flow" in fault("network:192.0.2.5?flow=rts")
