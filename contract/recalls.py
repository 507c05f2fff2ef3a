"""When a recall meets goods: the one rule, for kiosks at the scan and for the hub's pages. Pure.

A notice names a GTIN and perhaps lots. A case (GTIN-14 with an indicator of 1 to 8) is met by the
recall of what is in it, and the other way round: their middle twelve digits are the same, only the
indicator and the check digit differ (GS1 General Specifications, 2.1.7). Goods of variable measure
(indicator 9) are no case of anything. Lots are compared without case and blanks, and in the narrow
forms of letters and digits (NFKC): notices are typed by hand, often where Chinese is typed.
"""

import unicodedata
from typing import Final

from contract.gtins import check_digit

_INDICATORS: Final = "012345678"


def same_goods(one: str, other: str) -> bool:
    """Whether these two GTINs of 14 digits are the same goods, perhaps in another packing."""
    weighed = "9" in (one[0], other[0])
    return one == other or (not weighed and one[1:13] == other[1:13])


def packings(gtin: str) -> tuple[str, ...]:
    """Every GTIN that `same_goods` as this one of 14 digits."""
    if gtin[0] == "9":
        return (gtin,)
    found = (f"{indicator}{gtin[1:13]}" for indicator in _INDICATORS)
    return tuple(dict.fromkeys((gtin, *(one + check_digit(one) for one in found))))


def plain_lot(lot: str) -> str:
    """A lot as it is compared."""
    return "".join(unicodedata.normalize("NFKC", lot).split()).upper()
