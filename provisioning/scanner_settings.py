"""What common scanners must be told, as data: their makers' own settings codes.

A stop wants three things of a scanner. It must be **silent**: there is one beep, the kiosk's, and
it means saved. It must **end** each scan with Enter, so that half a code is never taken for one.
And standing on a counter it must **look by itself**, without a trigger. Besides, one that types
must type for a US keyboard.

Settings codes differ from maker to maker, and a wrong one can leave a scanner mute. So every code
here was read from a picture or a program that shows the maker's code, named in `Setting.source`;
nothing is derived by analogy. What was not found stands in `Family.in_manual`: the maker's manual
has it.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final, Literal, TypeAlias

import msgspec

from drivers.ports import Words

FNC3: Final = "\xf3"
"""Code 128's function character 3, "set the reader up" (ISO/IEC 15417, 4.3.4.4), as python-barcode
writes it. Without it a settings code would be an ordinary scan."""

Symbology: TypeAlias = Literal["code128", "qr"]


class Purpose(StrEnum):
    """What a code is for."""

    BEGIN = "begin"
    SILENT = "silent"
    ENDS = "ends"
    LOOKS = "looks"
    LAYOUT = "layout"
    SEPARATOR = "separator"
    FINISH = "finish"


PURPOSES: Final = {
    Purpose.BEGIN: Words(zh="进入设置", en="Begin the settings"),
    Purpose.SILENT: Words(zh="关闭扫码枪的声音", en="Switch its beep off"),
    Purpose.ENDS: Words(zh="每次扫码后发送回车", en="Send Enter after each scan"),
    Purpose.LOOKS: Words(zh="自动感应，不用按键", en="Look by itself, no trigger"),
    Purpose.LAYOUT: Words(zh="美国英语键盘", en="Keyboard of the USA"),
    Purpose.SEPARATOR: Words(zh="保留分隔符（GS）", en="Keep the separator (GS)"),
    Purpose.FINISH: Words(zh="退出设置", en="End the settings"),
}


class Setting(msgspec.Struct, frozen=True):
    """One code to scan, and where it was seen."""

    purpose: Purpose
    content: str
    source: str
    symbology: Symbology = "code128"


class Family(msgspec.Struct, frozen=True):
    """Scanners that understand the same codes, in the order in which they are to be scanned."""

    name: str
    models: str
    settings: tuple[Setting, ...]
    in_manual: tuple[Purpose, ...]
    """Wanted as well, but no code was found that could be trusted."""
    manual: str
    """Where the maker's manual, or a copy of it, can be read."""


_NETUM: Final = "https://github.com/netumscan/manual/blob/HEAD"
_NEWLAND: Final = "https://github.com/maxirmx/logibooks.ui/blob/HEAD/src/assets/wd4"
_HONEYWELL: Final = (
    "https://github.com/REV23Docs/rev23-desktop-docs/blob/HEAD/docs/hardware/img"
    "/bar-code-control-ascii-mode-on.png"
)
_DATALOGIC: Final = "https://github.com/anders/td1100/blob/HEAD/main.go"

FAMILIES: Final = (
    Family(
        "Honeywell / Metrologic",
        "Voyager, Eclipse, Xenon, Hyperion, Granit",
        (Setting(Purpose.SEPARATOR, f"~KBDCAS1.{FNC3}", _HONEYWELL),),
        (Purpose.SILENT, Purpose.ENDS, Purpose.LOOKS, Purpose.LAYOUT),
        "https://manualsbrain.com/en/manuals/1245603/",
    ),
    Family(
        "Zebra / Symbol / Motorola",
        "LS2208, LS4208, DS2208, DS4308, DS9208",
        (),
        (Purpose.SILENT, Purpose.ENDS, Purpose.LOOKS, Purpose.LAYOUT),
        "https://www.easymanua.ls/zebra/ds2208/manual/436006",
    ),
    Family(
        "Datalogic",
        "Touch TD1100 (QuickScan, Gryphon: 见手册 / see the manual)",
        (
            Setting(Purpose.BEGIN, f"{FNC3}$P\r", _DATALOGIC),
            Setting(Purpose.LOOKS, f"{FNC3}$CSNRM04\r", _DATALOGIC),
            Setting(Purpose.FINISH, f"{FNC3}$P\r", _DATALOGIC),
        ),
        (Purpose.SILENT, Purpose.ENDS, Purpose.LAYOUT),
        "https://www.easymanua.ls/datalogic/gryphon-gps4421/manual",
    ),
    Family(
        "Newland 新大陆",
        "HR, FM, BS",
        (
            Setting(Purpose.BEGIN, f"{FNC3}@SETUPE1", f"{_NEWLAND}/setup-e1.png"),
            Setting(Purpose.ENDS, f"{FNC3}@TSUSET0D0A", f"{_NEWLAND}/tsuset0d0a.png"),
            Setting(Purpose.FINISH, f"{FNC3}@SETUPE0", f"{_NEWLAND}/setup-e0.png"),
        ),
        (Purpose.SILENT, Purpose.LOOKS, Purpose.LAYOUT),
        "https://www.manualslib.com/manual/1711084/Newland-Nls-Hr42.html",
    ),
    Family(
        "Netum A",
        "L5, L6, F16, K20, M5, M60, S5, S6, W22, Z8, NT-1228, NT-2028-PS, NT-8800",
        (
            Setting(Purpose.SILENT, f"3030{FNC3}0C1", f"{_NETUM}/scanner-212/media/30300C1.png"),
            Setting(Purpose.ENDS, f"303005{FNC3}2", f"{_NETUM}/scanner-212/media/3030052.png"),
            Setting(Purpose.LOOKS, f"205020{FNC3}9", f"{_NETUM}/scanner-212/media/2050209.png"),
            Setting(Purpose.LAYOUT, f"606010{FNC3}1", f"{_NETUM}/scanner-212/media/6060101.png"),
        ),
        (),
        f"{_NETUM}/scanner-212/L5/en/_sources/system.md",
    ),
    Family(
        "Netum B",
        "RD-2023, GY-70U",
        (
            Setting(Purpose.BEGIN, "#SETUPE1", f"{_NETUM}/scanner-290/media/23SETUPE1.png", "qr"),
            Setting(
                Purpose.SILENT, "@BUZZEROFF6", f"{_NETUM}/scanner-290/media/40BUZZEROFF6.png", "qr"
            ),
            Setting(Purpose.ENDS, "@ADDENTER", f"{_NETUM}/scanner-290/media/40ADDENTER.png", "qr"),
            Setting(
                Purpose.LOOKS,
                "@BRIGHTNESS1",
                f"{_NETUM}/scanner-290/media/40BRIGHTNESS1.png",
                "qr",
            ),
            Setting(Purpose.FINISH, "#SETUPE0", f"{_NETUM}/scanner-290/media/23SETUPE0.png", "qr"),
        ),
        (Purpose.LAYOUT,),
        f"{_NETUM}/scanner-290/RD-2023/en/_sources/system.md",
    ),
)
