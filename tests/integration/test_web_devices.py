"""What the board says of peripherals and places, from the words that a kiosk really sends."""

from collections.abc import Callable, Iterator

import pytest

from contract.codes import PLACES, Place, grouped, place_code
from contract.messages import DeviceHealth
from hub.web import devices, wording
from tests.support.hub_site import HubSite

Say = Callable[[str, Callable[[], str]], str]


@pytest.fixture(scope="module")
def say(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Say]:
    """Words as a page in ``language`` would have them."""
    site = HubSite(tmp_path_factory.mktemp("hub"))

    def said(language: str, words: Callable[[], str]) -> str:
        with site.app.test_request_context(f"/?lang={language}"):
            return words()

    yield said
    site.close()


@pytest.mark.parametrize(
    ("name", "kind", "ok", "detail", "zh", "en"),
    [
        (
            "screen-", "scanner", True, "the screen is ready",
            "扫码枪（屏幕）正常", "Scanner (screen) works",
        ),
        ("screen-", "printer", True, "ready", "打印机（屏幕）正常", "Printer (screen) works"),
        (
            "serial--dev-ttyUSB0", "printer", False, "out of paper- put in a new roll",
            "打印机（ttyUSB0）不能用：没有纸了", "Printer (ttyUSB0) does not work: out of paper",
        ),
        (
            "serial--dev-ttyUSB0", "printer", True, "paper is running low",
            "打印机（ttyUSB0）正常：纸快用完了",
            "Printer (ttyUSB0) works: the paper is running low",
        ),
        (
            "serial--dev-serial-by-id-usb-ACME_1950g-if00", "scanner", False,
            "the scanner is unplugged- check its plug --dev-serial-by-id-usb-",
            "扫码枪（usb-ACME_1950g-if00）不能用：没有接上，请检查插头",
            "Scanner (usb-ACME_1950g-if00) does not work: not connected: check its plug",
        ),
        (
            "gpio-", "panel", False,
            "lgpio is missing- install it with- sudo apt-get install python3-",
            "面板（gpio）不能用：缺少软件包：python3-lgpio",
            "Panel (gpio) does not work: a package is missing: python3-lgpio",
        ),
        (
            "alsa-default", "speaker", False,
            "no usable sound card -aplay- main-831- audio open error-",
            "扬声器（alsa-default）不能用：没有声卡",
            "Speaker (alsa-default) does not work: there is no sound card",
        ),
        (
            "network-192.0.2.5-9100", "printer", False, "a later release says this",
            "打印机（192.0.2.5-9100）不能用",
            "Printer (192.0.2.5-9100) does not work: a later release says this",
        ),
    ],
)  # fmt: skip
def test_a_device_is_told_in_the_readers_language(
    say: Say, name: str, kind: str, ok: bool, detail: str, zh: str, en: str
) -> None:
    health = DeviceHealth(name, kind, ok, detail)
    assert say("zh", lambda: devices.told(health)) == zh
    assert say("en", lambda: devices.told(health)) == en


@pytest.mark.parametrize("place", PLACES, ids=lambda place: place.en)
def test_a_place_is_called_what_its_sheet_says(say: Say, place: Place) -> None:
    code = grouped(place.code)
    assert say("zh", lambda: wording.place_name(place.code)) == f"{place.zh}（{code}）"
    assert say("en", lambda: wording.place_name(place.code)) == f"{place.en} ({code})"


def test_a_place_without_a_sheet_of_ours_is_called_by_its_code(say: Say) -> None:
    code = place_code("ZZZZZZ")
    assert say("en", lambda: wording.place_name(code)) == grouped(code)
