"""Numbers of goods: what is a GTIN, what means something in one shop only, what is neither.

EAN-8 and EAN-13, UPC-A, UPC-E and GTIN-14, by biip. One in ten of *any* numbers of such a length
has the right check digit, so a number that nothing else vouches for is looked at twice:

* a Chinese mobile number with its country code is never a GTIN (GS1 gave 861 to nobody);
* digits read from a symbology that only goods use (EAN/UPC, ITF-14) may begin with any prefix;
  read from another one, or from an unknown one, only with a prefix that GS1 gave to somebody:
  the numbers of parcels are twelve to fourteen digits too;
* Code 39, Codabar, PDF417 and the like carry no GTINs but membership, library, blood and
  identity cards, so digits from there are dropped;
* six and seven digits are an UPC-E without check digit only where the scanner says EAN/UPC.

A number for use inside one shop (prefixes 02, 04, 2; in China GB/T 18283) may hold an item, a
weight, a price or a customer, each shop in its own way: what it is cannot be known, so nothing
of it is kept and the goods are taken in by their category.
"""

import enum
import re
from functools import lru_cache
from typing import Final

from biip import EncodeError, ParseError
from biip.checksums import gs1_standard_check_digit
from biip.gtin import Gtin
from biip.rcn import Rcn
from biip.upc import Upc


class RetailProblem(enum.StrEnum):
    """What is wrong with a code that begins as a retail code does. Machine words, kept in events;
    `kiosk.texts_retail` says them to people."""

    CHECK_DIGIT = "check-digit"
    GTIN_LENGTH = "gtin-length"
    GTIN_DIGITS = "gtin-digits"
    NO_GTIN = "no-gtin"
    COUPON = "coupon"
    UNASSIGNED = "unassigned-prefix"
    UNKNOWN_AI = "unknown-ai"
    NO_SEPARATOR = "no-separator"
    REPEATED_FIELD = "repeated-field"
    FIELD_EMPTY = "field-empty"
    FIELD_SHORT = "field-short"
    FIELD_CHARACTERS = "field-characters"
    LINK_PATH = "link-path"
    EXPIRY_SHORT = "expiry-short"
    EXPIRY_MONTH = "expiry-month"
    EXPIRY_DAY = "expiry-day"
    BEST_BEFORE_SHORT = "best-before-short"
    BEST_BEFORE_MONTH = "best-before-month"
    BEST_BEFORE_DAY = "best-before-day"
    PRODUCED_SHORT = "produced-short"
    PRODUCED_MONTH = "produced-month"
    PRODUCED_DAY = "produced-day"
    DATE_SHORT = "date-short"
    DATE_MONTH = "date-month"
    DATE_DAY = "date-day"


class RetailError(ValueError):
    """A retail code that cannot be used; ``problem`` says why, and nothing of the code is in it."""

    def __init__(self, problem: RetailProblem) -> None:
        super().__init__(problem.value)
        self.problem: Final = problem


class StoreNumber(Exception):  # noqa: N818 - an answer, not a fault
    """A restricted circulation number: the goods are real, the number means nothing elsewhere."""


PLAIN_LENGTHS: Final = frozenset({8, 12, 13, 14})
_GOODS_ONLY: Final = frozenset({"E0", "E3", "E4", "I1"})
"""AIM identifiers of EAN/UPC (with an add-on: E3), EAN-8 and ITF-14."""
_EAN_UPC: Final = frozenset({"E0", "E3"})
_OTHER_CARDS: Final = frozenset("ABFGHKLMNOPRSTUZ")
"""AIM code characters of symbologies that no GTIN is put into: Code 39 (A), Codabar (F), Code 93
(G), PDF417 (L), MSI (M) and so on."""
_TELEPHONE: Final = re.compile(r"^0861[3-9][0-9]{9}$")
_COUPONS: Final = ("980", "981", "982", "983", "984", "99")
"""GS1 prefixes of coupons and refund receipts."""


def may_hold_goods(symbology: str) -> bool:
    """Whether digits from this symbology (AIM identifier without ``]``; empty: unknown) can be a
    GTIN at all."""
    return symbology[:1] not in _OTHER_CARDS or not symbology


def plain_number(digits: str, symbology: str) -> str | None:
    """The GTIN-14 of a code that is digits alone; None when it is nothing of retail.

    Raises:
        RetailError: it is one with an error.
        StoreNumber: it is for use inside one shop.
    """
    if symbology == "E3" and len(digits) in (15, 18):
        digits = digits[:13]  # the add-on of a magazine or a book
    if symbology in _EAN_UPC and len(digits) in (6, 7):
        return _upc_e(digits)
    if len(digits) not in PLAIN_LENGTHS or (symbology == "I1" and len(digits) != 14):
        if symbology in _GOODS_ONLY:
            raise RetailError(RetailProblem.GTIN_LENGTH)
        return None
    if _is_telephone(digits):
        return None
    if len(digits) == 8:
        return _eight(digits, symbology)
    return gtin14(digits, vouched=symbology in _GOODS_ONLY)


def _eight(digits: str, symbology: str) -> str:
    """Eight digits: EAN-8, or UPC-E with number system and check digit.

    A GTIN-8 that begins with 0 is for use inside one shop, so an UPC-E comes first there. Number
    system 1 was never given out for packs, so it is believed of EAN/UPC only.
    """
    if symbology != "E4" and (digits[0] == "0" or symbology in _EAN_UPC):
        try:
            return _upc_e(digits)
        except RetailError:
            pass  # no UPC-E: it may still be a GTIN-8
    return gtin14(digits, vouched=symbology in _GOODS_ONLY)


def _upc_e(digits: str) -> str:
    try:
        return gtin14(Upc.parse(digits).as_upc_a())
    except ParseError:
        raise RetailError(RetailProblem.CHECK_DIGIT) from None


def gtin14(digits: str, *, vouched: bool = True) -> str:
    """``digits`` (8, 12, 13 or 14 of them) as GTIN-14.

    ``vouched``: something beside the number says that it is one.

    Raises:
        RetailError: check-digit, coupon, unassigned-prefix (when not vouched for), or gtin-digits
            for a telephone number.
        StoreNumber: prefix 02, 04, 2, or a GTIN-8 that begins with 0 or 2.
    """
    if _is_telephone(digits):
        raise RetailError(RetailProblem.GTIN_DIGITS)
    if not _check_digit_fits(digits):
        raise RetailError(RetailProblem.CHECK_DIGIT)
    if len(digits) == 13 and digits[0] != "0":
        gtin, whole = _ean_13_like(digits[:4]), f"0{digits}"
    else:
        try:
            gtin = Gtin.parse(digits)
            whole = gtin.as_gtin_14()
        except (ParseError, EncodeError, ValueError):
            raise RetailError(RetailProblem.CHECK_DIGIT) from None
    if not int(digits):
        raise RetailError(RetailProblem.GTIN_DIGITS)
    if isinstance(gtin, Rcn):
        raise StoreNumber
    if len(digits) > 8 and whole.startswith(_COUPONS, 1):
        raise RetailError(RetailProblem.COUPON)
    if gtin.prefix is None and not vouched:
        raise RetailError(RetailProblem.UNASSIGNED)
    return whole


def _is_telephone(digits: str) -> bool:
    return "861" in digits[:4] and _TELEPHONE.match(digits.zfill(14)) is not None


def _check_digit_fits(digits: str) -> bool:
    """GS1 General Specifications, 7.9.1: weights 3 and 1 by turns from the right."""
    octets = digits.encode("ascii")
    thrice, once = octets[-2::-2], octets[-1::-2]
    weighted = 3 * sum(thrice) + sum(once) - ord("0") * (3 * len(thrice) + len(once))
    return weighted % 10 == 0


@lru_cache(maxsize=10_000)
def _ean_13_like(prefix: str) -> Gtin:
    """What biip says of EAN-13s that begin with these four digits, the first of them not 0.

    No GS1 prefix there is longer, and it decides what kind of number this is. biip's search for
    the company behind it, which nobody here asks for, took longer than all else of a scan.
    """
    body = f"{prefix}00000000"
    return Gtin.parse(f"{body}{gs1_standard_check_digit(body)}")
