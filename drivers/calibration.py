"""What a scan of the calibration code says about the scanner. Pure.

The calibration sheet (`provisioning.calibration`) carries one Code 128 code, `TEXT`. Its characters
are those that keyboards of the world disagree about, in both cases, with a group separator (FNC1)
near the end. Whatever a wrongly set scanner makes of it, we decode the keys as a US keyboard's, so
that each wrong setting garbles the text in a way of its own: `diagnose` makes the garbled texts and
compares.

The layouts are those of the X keyboard database (xkeyboard-config: ``symbols/fr``, ``de``, ``es``,
``it``, ``pt``, ``se``, ``tr``), given as the US character of the key that types each character.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import Final

import msgspec

from drivers.ports import EndedBy, Words
from drivers.scans import GS

HEAD: Final = "YiCang:qawzm/-0123"
TAIL: Final = "29"
TEXT: Final = HEAD + GS + TAIL
"""As a scanner without a fault sends it."""

_LIKE: Final = 0.6
"""Share of its characters that a garbled text keeps in place under any Latin layout."""


class Fault(StrEnum):
    """One thing that is set wrongly."""

    AZERTY = "azerty"
    QWERTZ = "qwertz"
    LATIN = "latin"
    """Spanish, Italian, Portuguese and the Nordic ones agree in all characters of the code."""
    TURKISH = "turkish"
    LAYOUT = "layout"
    """Some other layout than the US one."""
    CASE_SWAPPED = "case-swapped"
    """Caps Lock."""
    UPPER_CASE = "upper-case"
    LOWER_CASE = "lower-case"
    GS_DROPPED = "gs-dropped"
    GS_REPLACED = "gs-replaced"
    NO_SUFFIX = "no-suffix"
    EXTRA = "extra"
    """Characters before or after the code."""
    BY_NUMBERS = "by-numbers"
    """Alt and digits for each character."""


ADVICE: Final[Mapping[Fault, Words]] = {
    Fault.AZERTY: Words(
        zh="键盘布局是法语（AZERTY），应设为美国英语",
        en="the keyboard layout is French (AZERTY); set it to USA",
    ),
    Fault.QWERTZ: Words(
        zh="键盘布局是德语（QWERTZ），应设为美国英语",
        en="the keyboard layout is German (QWERTZ); set it to USA",
    ),
    Fault.LATIN: Words(
        zh="键盘布局是西班牙语、意大利语、葡萄牙语或北欧语言，应设为美国英语",
        en="the keyboard layout is Spanish, Italian, Portuguese or Nordic; set it to USA",
    ),
    Fault.TURKISH: Words(
        zh="键盘布局是土耳其语，应设为美国英语",
        en="the keyboard layout is Turkish; set it to USA",
    ),
    Fault.LAYOUT: Words(
        zh="键盘布局不对，应设为美国英语", en="the keyboard layout is wrong; set it to USA"
    ),
    Fault.CASE_SWAPPED: Words(
        zh="大小写颠倒了：请关闭扫码枪的 Caps Lock 设置",
        en="capitals and small letters are swapped; turn its Caps Lock setting off",
    ),
    Fault.UPPER_CASE: Words(
        zh="扫码枪把字母都改成了大写，请关闭大小写转换",
        en="it makes every letter a capital; turn its case conversion off",
    ),
    Fault.LOWER_CASE: Words(
        zh="扫码枪把字母都改成了小写，请关闭大小写转换",
        en="it makes every letter small; turn its case conversion off",
    ),
    Fault.GS_DROPPED: Words(
        zh="分隔符（GS）丢失，食品的保质期和批号会读错：请打开控制字符（FNC1）输出",
        en="the group separator (GS) is dropped, so expiry and lot are misread; let it send "
        "control characters (FNC1)",
    ),
    Fault.GS_REPLACED: Words(
        zh="分隔符（GS）被换成了别的字符，请恢复出厂的 GS 设置",
        en="the group separator (GS) is replaced by something else; restore its factory setting",
    ),
    Fault.NO_SUFFIX: Words(
        zh="没有结束符，请把后缀设为回车（CR）",
        en="it sends no end; set its suffix to CR (Enter)",
    ),
    Fault.EXTRA: Words(
        zh="码的前后多了字符，请清除前缀和自定义后缀",
        en="it adds characters before or after the code; clear its prefix and suffix",
    ),
    Fault.BY_NUMBERS: Words(
        zh="用 Alt+数字输入字符，应设为美国英语键盘",
        en="it types characters as Alt and numbers; set its keyboard layout to USA",
    ),
}
_ALL_WELL: Final = Words(zh="扫码枪设置正确", en="the scanner is set up well")


class Diagnosis(msgspec.Struct, frozen=True):
    """The calibration code was scanned; `faults` is empty when all is well."""

    faults: tuple[Fault, ...]

    @property
    def words(self) -> Words:
        """Every fault with what to do, or that all is well."""
        if not self.faults:
            return _ALL_WELL
        advice = [ADVICE[fault] for fault in self.faults]
        return Words(
            zh="；".join(each.zh for each in advice), en="; ".join(each.en for each in advice)
        )


_LAYOUTS: Final[Mapping[Fault | None, Mapping[int, int]]] = {
    None: {},
    # Digits are shifted, the hyphen is on 6, the colon on the full stop, the slash above it.
    Fault.AZERTY: str.maketrans("aqzwmAQZWM:/-0123456789", "qawz;QAWZ:.>6)!@#$%^&*("),
    Fault.QWERTZ: str.maketrans("yzYZ:/-", "zyZY>&/"),
    Fault.LATIN: str.maketrans(":/-", ">&/"),
    Fault.TURKISH: str.maketrans("i:/-", "'?&="),
}
"""What a US keyboard types where theirs types the character."""


def _cases(text: str) -> Iterator[tuple[Fault | None, str]]:
    yield None, text
    yield Fault.CASE_SWAPPED, text.swapcase()
    yield Fault.UPPER_CASE, text.upper()
    yield Fault.LOWER_CASE, text.lower()


def diagnose(
    text: str, ended_by: EndedBy | None = None, *, by_numbers: bool = False
) -> Diagnosis | None:
    """What is wrong with the scanner that read `text`; None when it is not the calibration code.

    `ended_by` and `by_numbers` are those of `drivers.ports.ScanRead`; None tells nothing of a
    suffix.
    """
    if not len(HEAD) <= len(text) <= len(TEXT) + 16 or text.isalnum():
        return None  # nearly every scan: no code of ours or of a shop comes near it
    found = _exact(text)
    if found is None:
        found = _like(text)
    if found is None:
        return None
    if ended_by == "silence":
        found = (*found, Fault.NO_SUFFIX)
    if by_numbers:
        found = (*found, Fault.BY_NUMBERS)
    return Diagnosis(found)


def _exact(text: str) -> tuple[Fault, ...] | None:
    for layout, table in _LAYOUTS.items():
        for case, head in _cases(HEAD):
            typed = re.escape(head.translate(table))
            tail = re.escape(TAIL.translate(table))
            match = re.fullmatch(f"(.{{0,8}}){typed}(.{{0,4}}?){tail}(.{{0,4}})", text, re.DOTALL)
            if match is not None:
                before, separator, after = match.groups()
                faults = [fault for fault in (layout, case) if fault is not None]
                if separator != GS:
                    faults.append(Fault.GS_REPLACED if separator else Fault.GS_DROPPED)
                if before or after:
                    faults.append(Fault.EXTRA)
                return tuple(faults)
    return None


def _like(text: str) -> tuple[Fault, ...] | None:
    """The code under a layout that is not listed: most of its characters are in their places."""
    same = sum(a == b for a, b in zip(text, HEAD, strict=False))
    if same < _LIKE * len(HEAD) or not text.endswith(TAIL):
        return None
    separator = text[len(HEAD) : -len(TAIL)]
    if separator == GS:
        return (Fault.LAYOUT,)
    return (Fault.LAYOUT, Fault.GS_REPLACED if separator else Fault.GS_DROPPED)
