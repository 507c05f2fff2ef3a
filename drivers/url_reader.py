"""One device URL taken apart: its scheme, what follows it and its parameters, each fault collected.

Faults are for people, in both languages, and name what would have been right (`drivers.urls` says
how the URLs are written). Pure.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping
from typing import Final, Literal, TypeAlias, TypeVar
from urllib.parse import unquote

import msgspec

from drivers.ports import BOTH_ROLES, DeviceKind, PrinterProfile, Role, Words
from drivers.profiles import FORM, PROFILES, find_profile

_T = TypeVar("_T")

BAUD_RATES: Final = (
    1200, 2400, 4800, 9600, 19200, 38400, 57600, 115200, 230400, 460800, 921600,
)  # fmt: skip
LABEL_LENGTHS_MM: Final = (30.0, 300.0)
"""On less, a label in two languages with a note does not fit."""
GAPS_MM: Final = (1.0, 20.0)
ROLLS_MM: Final = (1_000, 200_000)
"""From a pocket printer's roll to the largest that a printer of this kind takes."""

SCHEMES: Final[Mapping[DeviceKind, tuple[str, ...]]] = {
    "scanner": ("evdev", "serial", "screen", "auto"),
    "printer": ("serial", "usb", "network", "file", "screen", "auto"),
    "panel": ("gpio", "none"),
}
LATER: Final[Mapping[DeviceKind, frozenset[str]]] = {
    "scanner": frozenset({"usb"}),
    "printer": frozenset(),
    "panel": frozenset(),
}
"""Schemes the project has a place for, but no driver in this release."""

_KIND_ZH: Final[Mapping[DeviceKind, str]] = {
    "scanner": "扫码枪",
    "printer": "打印机",
    "panel": "指示灯",
}
Flow: TypeAlias = Literal["none", "rts", "xon"]
_FLOWS: Final[Mapping[str, Flow]] = {"none": "none", "rts": "rts", "xon": "xon"}
_ROLES: Final[Mapping[str, frozenset[Role]]] = {
    "label": frozenset({"label"}),
    "receipt": frozenset({"receipt"}),
    "both": BOTH_ROLES,
}


class UrlReader:
    """A URL of this kind of device. Take what belongs to its scheme, then `finish`."""

    def __init__(self, kind: DeviceKind, url: str) -> None:
        self.kind: Final = kind
        self.url: Final = url.strip()
        self.faults: Final[list[Words]] = []
        head, _, query = self.url.partition("?")
        scheme, colon, rest = head.partition(":")
        self.scheme: Final = scheme.lower() if colon else ""
        self.rest: Final = unquote(rest)
        self.name: Final = head
        self._query: Final[dict[str, str]] = {}
        self._allowed: Final[list[str]] = []
        for part in filter(None, query.split("&")):
            key, equals, value = part.partition("=")
            if not equals:
                self.fault(f"“{part}”应写成 名称=值", f"'{part}' should read name=value")
            elif key in self._query:
                self.fault(f"参数 {key} 出现了两次", f"parameter {key} is given twice")
            else:
                self._query[key] = unquote(value)

    def fault(self, zh: str, en: str) -> None:
        """Adds one, with the kind of device and the URL before it."""
        kind_zh = _KIND_ZH[self.kind]
        self.faults.append(
            Words(zh=f"{kind_zh} {self.url}：{zh}", en=f"{self.kind} {self.url}: {en}")
        )

    def check_scheme(self) -> bool:
        """Whether the scheme has a driver here; a fault if not."""
        known = SCHEMES[self.kind]
        if self.scheme in known:
            return True
        listed = "、".join(f"{name}:" for name in known)
        listed_en = ", ".join(f"{name}:" for name in known)
        if self.scheme in LATER[self.kind]:
            self.fault(
                f"本版本还不支持 {self.scheme}:，可用的有 {listed}",
                f"{self.scheme}: is not in this release; there is {listed_en}",
            )
        elif not self.scheme:
            self.fault(
                f"缺少类型，应以 {listed} 之一开头", f"has no scheme; begin with {listed_en}"
            )
        else:
            zh, en = _nearest(self.scheme, known, ":")
            self.fault(
                f"未知类型 {self.scheme}:{zh}，可用的有 {listed}",
                f"unknown scheme {self.scheme}:{en}; there is {listed_en}",
            )
        return False

    def device_path(self) -> str:
        """What follows the scheme, as a path from the root."""
        if not self.rest.startswith("/"):
            examples = {"evdev": "/dev/input/by-id/…-event-kbd"}
            example = f"{self.scheme}:{examples.get(self.scheme, '/dev/ttyUSB0')}"
            self.fault(
                f"需要以 / 开头的设备路径，例如 {example}",
                f"needs a device path from the root, such as {example}",
            )
        return self.rest

    def nothing_more(self) -> None:
        """A fault where something follows the scheme."""
        if self.rest:
            self.fault(f"{self.scheme}: 后面不应有内容", f"nothing belongs after {self.scheme}:")

    def baud(self, default: int) -> int:
        """The speed of a serial line, in baud."""
        value = self._take("baud")
        if value is None:
            return default
        if not (value.isascii() and value.isdigit()) or int(value) not in BAUD_RATES:
            rates = ", ".join(map(str, BAUD_RATES))
            self.fault(
                f"baud={value} 不是可用的速率（{rates}）", f"baud={value} is none of {rates}"
            )
            return default
        return int(value)

    def chip(self) -> int | None:
        """The number of a ``/dev/gpiochip``; None: none is named."""
        value = self._take("chip")
        if value is None:
            return None
        if not (value.isascii() and value.isdigit() and len(value) <= 3):
            self.fault(f"chip={value} 应是 0 到 999", f"chip={value} is not from 0 to 999")
            return None
        return int(value)

    def profile(self) -> PrinterProfile:
        """The profile, its label's length and gap where the media has them."""
        value = self._take("profile")
        found = PrinterProfile() if value is None else find_profile(value)
        if found is None:
            zh, en = _nearest(str(value), PROFILES)
            self.fault(
                f"profile={value} 无效{zh}（写法：{FORM}）",
                f"profile={value} is not valid{en} (written {FORM})",
            )
            for key in ("roll", "length", "gap"):
                self._take(key)
            return PrinterProfile()
        found = msgspec.structs.replace(found, roll_mm=self._roll())
        if found.media == "continuous":
            return found
        return msgspec.structs.replace(
            found,
            label_mm=self._millimetres("length", found.label_mm, LABEL_LENGTHS_MM),
            gap_mm=self._millimetres("gap", found.gap_mm, GAPS_MM),
        )

    def _roll(self) -> float:
        """Millimetres of a new roll; 0: it is not said."""
        value = self._take("roll")
        if value is None:
            return 0.0
        least, most = ROLLS_MM
        number = int(value) if re.fullmatch(r"[0-9]{1,6}", value) else -1
        if not least <= number <= most:
            self.fault(
                f"roll={value} 应为 {least} 到 {most} 毫米",
                f"roll={value} should be from {least} to {most} mm",
            )
            return 0.0
        return float(number)

    def _millimetres(self, key: str, default: float, limits: tuple[float, float]) -> float:
        value = self._take(key)
        if value is None:
            return default
        least, most = limits
        number = float(value) if re.fullmatch(r"[0-9]{1,3}(\.[0-9]{1,2})?", value) else -1.0
        if not least <= number <= most:
            self.fault(
                f"{key}={value} 应为 {least:g} 到 {most:g} 毫米",
                f"{key}={value} should be from {least:g} to {most:g} mm",
            )
            return default
        return number

    def flow(self) -> Flow:
        """How a serial device holds us up."""
        return self._choice("flow", _FLOWS, "none")

    def roles(self, profile: PrinterProfile) -> frozenset[Role]:
        """Labels only where the paper is labels: a receipt is longer than any."""
        labels = profile.media != "continuous"
        roles = self._choice("role", _ROLES, "label" if labels else "both")
        if labels and "receipt" in roles:
            self.fault(
                f"{profile.name} 是标签纸，只能 role=label；收据需要连续纸的打印机",
                f"{profile.name} holds labels, so role=label; "
                "receipts need a printer with continuous paper",
            )
        return roles

    def _choice(self, key: str, choices: Mapping[str, _T], default: str) -> _T:
        value = self._take(key)
        if value is None:
            return choices[default]
        if value not in choices:
            zh, en = _nearest(value, choices)
            listed = ", ".join(choices)
            self.fault(
                f"{key}={value} 无效{zh}（可选：{listed}）",
                f"{key}={value} is not valid{en} (one of {listed})",
            )
            return choices[default]
        return choices[value]

    def _take(self, key: str) -> str | None:
        self._allowed.append(key)
        return self._query.pop(key, None)

    def finish(self) -> None:
        """Whatever was not taken is not known. Call it last."""
        for key in self._query:
            zh, en = _nearest(key, self._allowed)
            listed = ", ".join(self._allowed)
            there_zh = f"，可用的有 {listed}" if listed else f"，{self.scheme}: 没有参数"
            there_en = f"; there is {listed}" if listed else f"; {self.scheme}: takes none"
            self.fault(f"未知参数 {key}{zh}{there_zh}", f"unknown parameter {key}{en}{there_en}")


def _nearest(word: str, known: Iterable[str], suffix: str = "") -> tuple[str, str]:
    """A "did you mean" in both languages, empty when nothing is near."""
    found = difflib.get_close_matches(word, list(known), n=1)
    if not found:
        return "", ""
    return f"（是不是 {found[0]}{suffix}？）", f" (did you mean {found[0]}{suffix}?)"
