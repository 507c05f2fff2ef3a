"""The code by which a phone shares its Wi-Fi. Pure.

``WIFI:T:WPA;S:name;P:password;H:true;;`` as ZXing wrote it down and every phone makes it: fields in
any order, a backslash before each of ``\\ ; , " :`` that belongs to a value, quotes around a value
that could be taken for hexadecimal digits, and an end of two semicolons, of which some makers write
one. https://github.com/zxing/zxing/wiki/Barcode-Contents#wi-fi-network-config-android-ios-11

A kiosk has no user name to give, so networks that ask for one (enterprise) are refused by name, and
so is WEP, which NetworkManager may join but nobody should.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final, Literal

from msgspec import Struct

MARK: Final = "WIFI:"
Security = Literal["wpa", "sae", "open"]
Problem = Literal["damaged", "enterprise", "weak"]

_SECURITY: Final[dict[str, Security]] = {
    "WPA": "wpa",
    "WPA2": "wpa",
    "WPA3": "wpa",
    "WPA/WPA2": "wpa",
    "SAE": "sae",
    "NOPASS": "open",
    "": "open",
}
"""``WPA`` is what phones write for WPA, WPA2 and WPA3 with a password alike; which of them the
network speaks is seen when it is joined."""
_ENTERPRISE: Final = frozenset({"E", "A", "I", "PH2"})
"""Fields that only a network with user names has: EAP method, anonymous and own identity, phase 2.
"""
_HEX_KEY: Final = re.compile(r"[0-9A-Fa-f]{64}")
_PASSPHRASE: Final = re.compile(r"[ -~]{8,63}")
_SAE_PASSWORD: Final = re.compile(r"[ -~]{1,63}")
SSID_BYTES: Final = 32
"""IEEE 802.11: a network's name is at most 32 octets."""


class WifiCodeError(ValueError):
    """A code that cannot be used; ``problem`` says why."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem)
        self.problem: Final[Problem] = problem


class Wifi(Struct, frozen=True):
    """A network to join. Its ``repr`` keeps name and password to itself: both stay out of logs."""

    ssid: str
    security: Security
    password: str = ""
    hidden: bool = False

    def __repr__(self) -> str:
        return f"Wifi({self.security}, hidden={self.hidden})"


def is_wifi_code(text: str) -> bool:
    """Whether this wants to be one."""
    return text[: len(MARK)].upper() == MARK


def parse_wifi(text: str) -> Wifi:
    """The network that a phone's code names.

    Raises:
        WifiCodeError: it is no such code or was read badly, or its network asks for a user name
            or is protected by WEP.
    """
    if not is_wifi_code(text):
        raise WifiCodeError("damaged")
    fields = dict(_fields(text[len(MARK) :]))
    kind = fields.get("T", "").upper()
    if _ENTERPRISE & fields.keys() or "EAP" in kind:
        raise WifiCodeError("enterprise")
    if kind == "WEP":
        raise WifiCodeError("weak")
    security = _SECURITY.get(kind)
    ssid, password = fields.get("S", ""), fields.get("P", "")
    if security is None or not 0 < len(ssid.encode()) <= SSID_BYTES or "\0" in ssid:
        raise WifiCodeError("damaged")
    if not kind and password:
        security = "wpa"  # some makers leave T out
    if security == "open":
        password = ""
    elif not _is_password(password, security):
        raise WifiCodeError("damaged")
    return Wifi(ssid, security, password, fields.get("H", "").lower() == "true")


def _is_password(password: str, security: Security) -> bool:
    if security == "sae":
        return _SAE_PASSWORD.fullmatch(password) is not None
    return bool(_PASSPHRASE.fullmatch(password) or _HEX_KEY.fullmatch(password))


def _fields(text: str) -> Iterator[tuple[str, str]]:
    """Name and value of each field. A value that its end is missing from was cut off.

    Raises:
        WifiCodeError: a field without a colon or without an end, or one that is there twice.
    """
    seen: set[str] = set()
    at = 0
    while at < len(text) and text[at] != ";":
        name, colon, _ = text[at:].partition(":")
        if not colon or not name.isalnum() or name.upper() in seen:
            raise WifiCodeError("damaged")
        seen.add(name.upper())
        value, at = _value(text, at + len(name) + 1)
        yield name.upper(), value


def _value(text: str, at: int) -> tuple[str, int]:
    """An unescaped value and where the next field begins."""
    begin, made = at, ""
    while at < len(text):
        char = text[at]
        if char == ";":
            raw = text[begin:at]
            quoted = len(raw) >= 2 and raw[0] == raw[-1] == '"' and not raw.endswith('\\"')
            return (made[1:-1] if quoted else made), at + 1
        if char == "\\":
            at += 1
            if at == len(text):
                break
            char = text[at]
        made += char
        at += 1
    raise WifiCodeError("damaged")
