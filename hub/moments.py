"""Moments that a calendar can hold. Pure.

A kiosk may have learnt any time: its events are kept and placed in order all the same. Whoever
shows one as a date shows the first or last day of the calendar for what lies beyond it.
"""

from typing import Final

FIRST_MS: Final = -62_135_510_400_000
"""0001-01-02 in UTC: whatever the time zone, a day that there is."""
LAST_MS: Final = 253_402_214_399_000
"""The end of 9999-12-30 in UTC, likewise."""


def in_calendar(ms: int) -> int:
    """``ms``, Unix milliseconds, or the end of the calendar that is nearer."""
    return min(max(ms, FIRST_MS), LAST_MS)
