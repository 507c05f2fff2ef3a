"""A figure on a slip: what it is called and in what it is told."""

from typing import Literal, TypeAlias

from msgspec import Struct

from drivers.ports import Words

Unit: TypeAlias = Literal["count", "jiao", "minutes", "half-hours"]


class Figure(Struct, frozen=True):
    """One line of figures; jiao are told as yuan, minutes and half-hours as hours."""

    words: Words
    unit: Unit = "count"

    def told(self, value: int) -> str:
        """The value as it stands on paper."""
        match self.unit:
            case "jiao":
                return f"¥ {yuan(value)}"
            case "minutes":
                return clock(value)
            case "half-hours":
                return clock(value * 30)
            case "count":
                return str(value)


def yuan(jiao: int) -> str:
    """Money in yuan, with jiao only where there are any: ``12``, ``12.5``, ``-3``."""
    sign, whole, rest = "-" if jiao < 0 else "", abs(jiao) // 10, abs(jiao) % 10
    return f"{sign}{whole}.{rest}" if rest else f"{sign}{whole}"


def clock(minutes: int) -> str:
    """A length of time in hours and minutes: ``2:05 h``."""
    return f"{minutes // 60}:{minutes % 60:02d} h"
