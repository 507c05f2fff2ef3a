"""From key events to the characters that a scanner meant. Pure: events in, runs of text out.

A keyboard-type scanner is a keyboard without a person: it sends the keys that would type the code
on a US keyboard. We read those keys below every layout and input method of this machine, so that
only the scanner's own setting counts (a wrong one is named by the calibration sheet,
`drivers.calibration`). The rules:

* **Key-down counts, nothing else does.** Autorepeat (value 2) and key-up (value 0) type nothing,
  so that a lost key-up costs nothing. At the end of a run every modifier is taken as released: a
  lost Shift-up spoils no second code.
* **Caps Lock** is what the device itself switched, not what another keyboard's lamp says.
* **GS** is typed as Ctrl+], as F8 or as Alt+029, by make and setting; all three are read.
* **Alt and digits on the keypad** type a character by its number. Scanners set to that mode need
  eight events and more for one character and break on every computer that is not Windows. It is
  read all the same, and `Run.by_numbers` lets the driver say what is wrong.
* **A queue that ran over** (SYN_DROPPED) loses events. What stood before and what comes after it,
  up to the next end, is one damaged run: `Lost`, never a shorter code. The time that the lost ones
  took is no pause.
* An end is Enter, Tab, line feed (also as Ctrl+M, Ctrl+I, Ctrl+J), or 80 ms between two events by
  the kernel's own time stamps, which a busy machine does not stretch.

Numbers are those of Linux's ``include/uapi/linux/input-event-codes.h``; a test compares them with
the evdev library's.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple, Protocol, TypeAlias

from drivers.ports import EndedBy
from drivers.scans import ENDS, GS, MAX_CHARACTERS, SILENCE_S

EV_SYN: Final = 0
EV_KEY: Final = 1
EV_LED: Final = 17
SYN_REPORT: Final = 0
SYN_DROPPED: Final = 3
LED_CAPSL: Final = 1

KEY_TAB: Final = 15
KEY_ENTER: Final = 28
KEY_CAPSLOCK: Final = 58
KEY_F8: Final = 66
KEY_KPENTER: Final = 96
KEY_LINEFEED: Final = 101
LEFTCTRL: Final = 29
LEFTSHIFT: Final = 42
LEFTALT: Final = 56
SHIFTS: Final = frozenset({LEFTSHIFT, 54})
CTRLS: Final = frozenset({LEFTCTRL, 97})
ALTS: Final = frozenset({LEFTALT, 100})

US: Final[Mapping[int, tuple[str, str]]] = {
    code: (plain, shifted)
    for first, plains, shifteds in (
        (2, "1234567890-=", "!@#$%^&*()_+"),
        (16, "qwertyuiop[]", "QWERTYUIOP{}"),
        (30, "asdfghjkl;'`", 'ASDFGHJKL:"~'),
        (43, "\\zxcvbnm,./", "|ZXCVBNM<>?"),
        (57, " ", " "),
        (86, "<", ">"),
    )
    for code, plain, shifted in zip(
        range(first, first + len(plains)), plains, shifteds, strict=True
    )
}
"""Key code to its characters without and with Shift. 86 is the extra key of ISO keyboards."""

KEYPAD: Final[Mapping[int, str]] = {
    71: "7", 72: "8", 73: "9", 74: "-", 75: "4", 76: "5", 77: "6", 78: "+",
    79: "1", 80: "2", 81: "3", 82: "0", 83: ".", 55: "*", 98: "/", 117: "=", 121: ",",
}  # fmt: skip
"""The keypad, as with Num Lock on: a scanner never means arrows."""

_END_KEYS: Final[Mapping[int, EndedBy]] = {
    KEY_ENTER: "cr", KEY_KPENTER: "cr", KEY_TAB: "tab", KEY_LINEFEED: "lf",
}  # fmt: skip
_MAX_NUMBER: Final = 7
"""Digits of the largest Unicode code point."""


class KeyEvent(Protocol):
    """What `evdev.InputEvent` has: seconds, microseconds, type, code, value."""

    @property
    def sec(self) -> int: ...
    @property
    def usec(self) -> int: ...
    @property
    def type(self) -> int: ...
    @property
    def code(self) -> int: ...
    @property
    def value(self) -> int: ...


class Run(NamedTuple):
    """Characters up to an end."""

    text: str
    ended_by: EndedBy
    by_numbers: bool = False
    """Printable characters came as Alt and a number: the scanner is set wrongly."""


class Lost(NamedTuple):
    """A run of which events were lost, or which never ended; `length` characters are dropped."""

    length: int


Decoded: TypeAlias = Run | Lost


class KeyDecoder:
    """One device's keys. `timed`: its time stamps are monotonic and may end a run."""

    def __init__(self, *, timed: bool = True) -> None:
        self._timed = timed
        self._chars: list[str] = []
        self._dropped = 0
        self._broken = False
        self._skipping = False
        self._caps = False
        self._held: set[int] = set()
        self._number = ""
        self._by_numbers = False
        self._last_us: int | None = None

    @property
    def pending(self) -> int:
        """Characters that wait for their end, at least 1 while anything does."""
        waiting = self._dropped or len(self._chars)
        return waiting or int(self._broken or bool(self._number))

    def take(self, event: KeyEvent) -> Decoded | None:
        """What this event completes. A pause before it ends the run that it does not belong to."""
        if event.type == EV_SYN:
            self._sync(event.code)
            return None
        if event.type != EV_KEY or self._skipping:
            return None
        paused = self._pause(event)
        ended = None if event.value == 2 else self._key(event.code, down=event.value == 1)
        if ended is None:
            return paused
        return paused or self._end(ended)

    def silence(self) -> Decoded | None:
        """No event has come for 80 ms."""
        return self._end("silence")

    def _sync(self, code: int) -> None:
        if code == SYN_DROPPED:
            # Events up to the next report are no true sequence (kernel, event-codes.rst).
            self._skipping = self._broken = True
            self._held.clear()
            self._number = ""
            self._last_us = None  # how long ago it was says nothing of a pause: events are missing
        elif code == SYN_REPORT:
            self._skipping = False

    def _pause(self, event: KeyEvent) -> Decoded | None:
        now = event.sec * 1_000_000 + event.usec
        before, self._last_us = self._last_us, now
        if not self._timed or before is None or now - before < SILENCE_S * 1_000_000:
            return None
        return self.silence()

    def _key(self, code: int, *, down: bool) -> EndedBy | None:
        """Takes one press or release; the end that it is, if it is one."""
        if code in SHIFTS or code in CTRLS or code in ALTS:
            if down:
                self._held.add(code)
                return None
            self._held.discard(code)
            return self._numbered() if code in ALTS else None
        if not down:
            return None
        if code == KEY_CAPSLOCK:
            self._caps = not self._caps
            return None
        if self._held & ALTS:
            digit = KEYPAD.get(code, "")
            if digit.isdigit():
                self._number = (self._number + digit)[:_MAX_NUMBER]
            return None
        if self._held & CTRLS:
            plain = US.get(code, ("", ""))[0]
            return self._add(chr(ord(plain) & 0x1F)) if plain else None
        if code in _END_KEYS:
            return _END_KEYS[code]
        if code == KEY_F8:
            return self._add(GS)
        return self._add(self._character(code))

    def _character(self, code: int) -> str:
        """Empty for keys without a character."""
        if code in KEYPAD:
            return KEYPAD[code]
        plain, shifted = US.get(code, ("", ""))
        raised = bool(self._held & SHIFTS) != (self._caps and plain.isalpha())
        return shifted if raised else plain

    def _numbered(self) -> EndedBy | None:
        number, self._number = self._number, ""
        if not number:
            return None
        char = _by_number(number)
        self._by_numbers = self._by_numbers or char >= " "
        return self._add(char)

    def _add(self, char: str) -> EndedBy | None:
        if char in ENDS:
            return ENDS[char]
        if self._dropped:
            self._dropped += len(char)
        elif char:
            self._chars.append(char)
            if len(self._chars) > MAX_CHARACTERS:
                self._dropped = len(self._chars)
                self._chars.clear()
        return None

    def _end(self, ended_by: EndedBy) -> Decoded | None:
        length = self._dropped or len(self._chars)
        whole = not (self._broken or self._dropped or self._number)
        ended: Decoded | None = None
        if not whole:
            ended = Lost(length)
        elif length:
            ended = Run("".join(self._chars), ended_by, self._by_numbers)
        self._chars.clear()
        self._held.clear()
        self._dropped = 0
        self._number = ""
        self._broken = self._by_numbers = False
        return ended


def _by_number(number: str) -> str:
    """The character that Alt and this number type: ASCII; with a leading 0 Windows-1252, else the
    PC's code page 437; above 255 Unicode.
    """
    value = int(number)
    if 127 < value < 256:
        return bytes([value]).decode("cp1252" if number[0] == "0" else "cp437", "replace")
    if value > 0x10FFFF or 0xD800 <= value <= 0xDFFF:
        return "\N{REPLACEMENT CHARACTER}"
    return chr(value)
