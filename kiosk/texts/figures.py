"""A figure on a slip: what it is called and in what it is told."""

from typing import Literal, TypeAlias

from msgspec import Struct

from drivers.ports import Words

Unit: TypeAlias = Literal["count", "jiao", "minutes", "half-hours", "none"]


class Figure(Struct, frozen=True):
    """One line of figures; jiao are told as yuan, minutes and half-hours as hours. A line of
    ``none`` has no value."""

    words: Words
    unit: Unit = "count"

    def told(self, value: int) -> str:
        """The value as it stands on paper."""
        match self.unit:
            case "jiao":
                return f"¥ {'-' if value < 0 else ''}{abs(value) // 10}.{abs(value) % 10}0"
            case "minutes":
                return f"{clock(value)} h"
            case "half-hours":
                return f"{clock(value * 30)} h"
            case "count":
                return str(value)
            case "none":
                return ""


def yuan(jiao: int) -> str:
    """Money in yuan, with jiao only where there are any: ``12``, ``12.5``, ``-3``."""
    sign, whole, rest = "-" if jiao < 0 else "", abs(jiao) // 10, abs(jiao) % 10
    return f"{sign}{whole}.{rest}" if rest else f"{sign}{whole}"


def clock(minutes: int) -> str:
    """A length of time in hours and minutes, ``2:05``; the unit is the language's."""
    return f"{minutes // 60}:{minutes % 60:02d}"
