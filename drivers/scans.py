"""When a scan is over and what of it is kept: one set of rules for every scanner. Pure.

* CR, LF or Tab ends a scan. So does 80 ms of silence, since some scanners send no end at all.
* **Once a scanner has sent an end, silence no longer ends its scans**: characters that it then
  leaves without one are half a code (a plug pulled, a battery that died), and half an EAN-13 can
  pass for an EAN-8. They are told as unreadable. Only `REPENTANT` such scans in a row mean that
  the scanner was set anew to send no end; from then on silence is believed again.
* Characters that came before the device left are dropped with it.
* Control characters go, except GS (0x1D), which separates GS1 elements. Framing such as STX and
  ETX is the scanner's, not the code's.
"""

from __future__ import annotations

import re
from typing import Final

from drivers.ports import EndedBy, ScanRead, ScanUnreadable

SILENCE_S: Final = 0.080
MAX_CHARACTERS: Final = 4096
"""Longest scan; a QR code holds 2,953 bytes. Longer runs are noise: a wrong baud rate, a loop."""
REPENTANT: Final = 3
"""Scans in a row without their usual end after which a scanner is believed to send none."""
GS: Final = "\x1d"
ENDS: Final[dict[str, EndedBy]] = {"\r": "cr", "\n": "lf", "\t": "tab"}

_AIM: Final = re.compile(r"\A(\][A-Za-z][0-9A-Za-z])(?=.)", re.DOTALL)
"""AIM symbology identifier (ISO/IEC 15424), where the scanner is set to send one."""


class EndRule:
    """Whether silence may end a scan of this scanner. Outlives unplugging: it is about the device
    at this place, which mostly is the one that was there before.
    """

    def __init__(self) -> None:
        self._sends_end = False
        self._without = 0

    def accepts(self, ended_by: EndedBy) -> bool:
        """One scan more, ended so: may it be believed whole?"""
        if ended_by != "silence":
            self._sends_end, self._without = True, 0
            return True
        if not self._sends_end:
            return True
        self._without += 1
        if self._without >= REPENTANT:
            self._sends_end, self._without = False, 0
            return True
        return False


def finished(
    lane: str, text: str, ended_by: EndedBy, rule: EndRule
) -> ScanRead | ScanUnreadable | None:
    """What one run of characters comes to; None for a run without content."""
    kept = "".join(char for char in text if char == GS or (char >= " " and char != "\x7f"))
    if not kept:
        return None
    if not rule.accepts(ended_by):
        return ScanUnreadable(lane, len(kept))
    found = _AIM.match(kept)
    if found:
        return ScanRead(lane, kept[found.end() :], found[1], ended_by=ended_by)
    return ScanRead(lane, kept, ended_by=ended_by)
