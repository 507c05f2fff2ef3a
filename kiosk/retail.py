"""What a scan says about goods: a number, GS1 element strings or a GS1 Digital Link URI.

Pure. The answer is one of four, and only the first keeps anything of the scan:

* `Retail`: a valid GTIN and what came with it;
* `StoreNumber` raised: goods with a number that one shop gave them;
* `RetailError` raised: it begins as a retail code does, and a machine word says what is wrong;
* None: nothing of retail. People scan identity cards, telephones, parcels and payment codes, and
  some of them read as GS1 data: an 18-digit identity number as a production date with an internal
  number. So what is not marked as GS1 by the scanner or by a leading separator counts only with a
  GTIN in it, and digits alone only where they begin as a GTIN's element string does.
"""

import re
from typing import Final

from contract.events import Retail
from kiosk.retail_elements import SEPARATOR, retail_of, split
from kiosk.retail_links import LINK, read_link
from kiosk.retail_numbers import (
    PLAIN_LENGTHS,
    RetailError,
    RetailProblem,
    may_hold_goods,
    plain_number,
)

_GS1: Final = frozenset({"C1", "e0", "e1", "e2", "d2", "Q3", "J1"})
"""AIM identifiers of GS1-128, GS1 DataBar and Composite, DataMatrix, QR and DotCode."""
_BEGINS_WITH_GTIN: Final = re.compile(r"^01.{14}", re.DOTALL)
_DIGITS_WITH_GTIN: Final = re.compile(r"^(?:1[1-7][0-9]{6})*01[0-9]{14}")


def read_retail(text: str, symbology: str) -> Retail | None:
    """What ``text`` says about goods; None when it is nothing of retail.

    ``symbology`` is the AIM identifier without ``]``, or empty.

    Raises:
        RetailError: it is a retail code with an error.
        StoreNumber: its number means something in one shop only.
    """
    content = text.strip(" \t\r\n")
    if not content.isascii() or not content:
        return None
    digits = content.isdigit()
    if not digits and LINK.match(content):
        return read_link(content)
    if symbology in _GS1 or content.startswith(SEPARATOR):
        return retail_of(split(content))
    if not may_hold_goods(symbology):
        return None
    if digits:
        if len(content) in PLAIN_LENGTHS or symbology.startswith(("E", "I1")):
            gtin = plain_number(content, symbology)
            return None if gtin is None else Retail(gtin)
        if not _DIGITS_WITH_GTIN.match(content):
            return None
    elif symbology.startswith("E"):
        raise RetailError(RetailProblem.GTIN_DIGITS)
    try:
        return retail_of(split(content))
    except RetailError:
        if _BEGINS_WITH_GTIN.match(content):
            raise
        return None
