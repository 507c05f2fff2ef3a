"""What a settings code for scanners is; `provisioning.scanner_families` has them.

A stop wants three things of a scanner. It must be **silent**: there is one beep, the kiosk's, and
it means saved. It must **end** each scan with Enter, so that half a code is never taken for one.
And standing on a counter it must **look by itself**, without a trigger. Besides, one that types
must type for a US keyboard, or had better be a serial port.

Settings codes differ from maker to maker, and a wrong one can leave a scanner mute. So every code
was read where `Setting.source` says: in most cases in a picture of the code itself, pixel for
pixel. Where a document only *names* the command, its bars are built in the form that pictures of
the same maker's codes have, and `Setting.form` says where that form was read; nothing else is
derived. What was not found, or is not the same for all models of a maker, stands in
`Family.in_manual`.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final, Literal, TypeAlias

import msgspec

from drivers.ports import Words

FNC3: Final = "\xf3"
"""Code 128's function character 3, "set the reader up" (ISO/IEC 15417, 4.3.4.4), as python-barcode
writes it. Without it a settings code would be an ordinary scan."""

Symbology: TypeAlias = Literal["code128", "qr", "datamatrix"]


class Purpose(StrEnum):
    """What a code is for."""

    BEGIN = "begin"
    SILENT = "silent"
    ENDS = "ends"
    LOOKS = "looks"
    LAYOUT = "layout"
    SEPARATOR = "separator"
    PORT = "port"
    FINISH = "finish"


PURPOSES: Final = {
    Purpose.BEGIN: Words(zh="进入设置", en="Begin the settings"),
    Purpose.SILENT: Words(zh="关闭扫码枪的声音", en="Switch its beep off"),
    Purpose.ENDS: Words(zh="每次扫码后发送回车", en="Send Enter after each scan"),
    Purpose.LOOKS: Words(zh="自动感应，不用按键", en="Look by itself, no trigger"),
    Purpose.LAYOUT: Words(zh="美国英语键盘", en="Keyboard of the USA"),
    Purpose.SEPARATOR: Words(zh="保留分隔符（GS）", en="Keep the separator (GS)"),
    Purpose.PORT: Words(zh="可选：改用虚拟串口", en="Optional: be a serial port (COM)"),
    Purpose.FINISH: Words(zh="退出设置", en="End the settings"),
}


LOOK_UNDER: Final = {
    Purpose.SILENT: Words(
        zh="解码提示音、蜂鸣器、音量：选“关闭”或“静音”",
        en="Good read beep, Beep after good decode, Beeper, Volume: choose Off or Mute",
    ),
    Purpose.ENDS: Words(
        zh="后缀、结束符、终止符：选“回车（CR）”",
        en="Suffix, Terminator, Add Enter: choose Enter or CR",
    ),
    Purpose.LOOKS: Words(
        zh="扫描模式：选“感应”“自动感应”或“免持”，没有就选“连续”",
        en="Scan or Trigger mode: choose Sense, Presentation, Hands-free; else Continuous",
    ),
    Purpose.LAYOUT: Words(
        zh="键盘语言、国家键盘：选“美国英语”",
        en="Keyboard language, Country keyboard: choose USA",
    ),
    Purpose.PORT: Words(
        zh="接口：选“USB 虚拟串口（COM、CDC）”，就不用管键盘",
        en="Interface: choose USB COM, Virtual COM or CDC",
    ),
}
"""The headings under which makers' manuals have a setting, for codes that were not found."""


class Setting(msgspec.Struct, frozen=True):
    """One code to scan, and where it was seen."""

    purpose: Purpose
    content: str
    """A QR code's characters are its bytes (ISO 8859-1): some makers begin with one above 127."""
    source: str
    symbology: Symbology = "code128"
    form: str = ""
    """Where it was read how the maker's codes carry a command; "" for a code seen as a whole."""
    model: str = ""
    """The model that the source names, where the sheet is for more of the maker's models."""
    symbols: tuple[int, ...] = ()
    """A Code 128 code's symbols from the start on, without check and stop, as measured in the
    maker's picture; needed where a maker changes between the code sets in a way of its own."""
    modules: tuple[str, ...] = ()
    """The rows of a Data Matrix, ``1`` dark, as measured in the maker's picture."""


class Family(msgspec.Struct, frozen=True):
    """Scanners that understand the same codes, in the order in which they are to be scanned."""

    name: str
    models: str
    settings: tuple[Setting, ...]
    """A purpose may need several codes, one after the other."""
    in_manual: tuple[Purpose, ...]
    """Wanted as well, but no code was found that could be trusted for every model named."""
    manual: str
    """Where the maker's manual, or a copy of it, can be read."""
