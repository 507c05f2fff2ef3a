"""GS1 element strings: one field after another, and what is wrong where one cannot be read.

The fields' forms (application identifiers, lengths, characters) are biip's. What is decided here,
because a scan has to be told apart from a *damaged* scan and the reason said aloud:

* **Dates** are read without a clock. biip takes the century from the machine's idea of the year,
  which at a kiosk without a battery may be 1970 or 2099; here two digits stand for 1977 to 2076,
  which is what the sliding window of the GS1 General Specifications (7.12) gives in 2026. Day 00
  is the last day of the month (3.4).
* **A field of variable length ends at a separator or at the end.** A scanner that drops the
  separators makes the lot swallow the expiry behind it, and food would pass the gate without its
  date. Lots are free text, so it shows only where the tail of a last lot or serial reads as a
  whole run of further fields that begins with a plausible date not named elsewhere; then the
  code is refused and the reason said. A true lot of that form is refused too: the pack's other
  bar code, or a category card, still takes the item in.
* **The same field twice** must say the same twice.
* Fields that nobody here keeps are read past, not judged, and so is which of them may stand
  together: that is the maker's business.
"""

import calendar
import datetime as dt
from collections.abc import Iterable
from typing import Final, NamedTuple

from biip import ParseConfig, ParseError
from biip.gs1_application_identifiers import GS1ApplicationIdentifier
from biip.gs1_element_strings import GS1ElementString

from contract.events import Retail
from kiosk.retail_numbers import RetailError, RetailProblem, StoreNumber, gtin14

SEPARATOR: Final = "\x1d"
"""How a scanner sends FNC1 between two fields: the ASCII group separator."""

_CONFIG: Final = ParseConfig(gs1_element_strings_verify_date=False)
_CSET_82: Final = frozenset(
    "!\"%&'()*+,-./0123456789:;<=>?ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz"
)
"""The characters of lots and serial numbers (GS1 General Specifications, figure 7.11-1)."""
_DATES: Final = {
    "11": "produced",
    "12": "date",
    "13": "date",
    "15": "best-before",
    "16": "date",
    "17": "expiry",
}
_KEPT_DATES: Final = frozenset({"11", "15", "17"})
_WITH_TIME: Final = "7003"
"""Expiry date and hour, on fresh goods."""
_FREE_TEXT: Final = frozenset({"10", "21"})
_FIRST_YEAR: Final = 1977
_PLAUSIBLE_YEARS: Final = range(2015, 2061)
"""Of a date that a lot may have swallowed."""


class Field(NamedTuple):
    """One element string: its application identifier and its data."""

    ai: str
    data: str


def split(message: str) -> list[Field]:
    """The fields of a GS1 message, with or without a leading separator (FNC1).

    Raises:
        RetailError: the first thing that is wrong with it.
    """
    fields: list[Field] = []
    rest = message.strip(SEPARATOR)
    while rest:
        field, rest, separated = _first(rest)
        if field.ai == "01":
            gtin14(field.data)  # a digit lost here makes nonsense of what follows: say this first
        if rest and not separated:
            wrong = rest[0] not in _CSET_82
            raise RetailError(
                RetailProblem.FIELD_CHARACTERS if wrong else RetailProblem.NO_SEPARATOR
            )
        fields.append(field)
    if SEPARATOR not in message.strip(SEPARATOR):
        _refuse_swallowed(fields)
    return fields


def retail_of(fields: Iterable[Field]) -> Retail:
    """What these fields say about goods.

    Raises:
        RetailError: no GTIN, or a field that is wrong or contradicts another.
        StoreNumber: the number in (01) means something in one shop only.
    """
    by_ai: dict[str, str] = {}
    for ai, data in fields:
        if not data:
            raise RetailError(RetailProblem.FIELD_EMPTY)
        if ai in _DATES:
            day_of(ai, data)
        elif ai == _WITH_TIME:
            day_of("17", data[:6])
        name = "310" if ai.startswith("310") else ai
        said = f"{ai[3:]}.{data}" if name == "310" else data
        if by_ai.setdefault(name, said) != said:
            raise RetailError(RetailProblem.REPEATED_FIELD)
    if "01" not in by_ai:
        raise RetailError(RetailProblem.NO_GTIN)
    expiry = by_ai.get("17") or by_ai.get(_WITH_TIME, "")[:6]
    return Retail(
        gtin14(by_ai["01"]),
        expiry=day_of("17", expiry) if expiry else None,
        lot=by_ai.get("10"),
        produced=day_of("11", by_ai["11"]) if "11" in by_ai else None,
        best_before=day_of("15", by_ai["15"]) if "15" in by_ai else None,
        serial=by_ai.get("21"),
        net_grams=_grams(by_ai["310"]) if "310" in by_ai else None,
    )


def day_of(ai: str, data: str) -> str:
    """The date YYMMDD of a date field as ``YYYY-MM-DD``; day 00 is the month's last.

    Raises:
        RetailError: produced-, best-before-, expiry- or date- and short, month or day.
    """
    name = _DATES[ai]
    if len(data) != 6 or not (data.isascii() and data.isdigit()):
        raise RetailError(RetailProblem(f"{name}-short"))
    year, month, day = (int(data[at : at + 2]) for at in (0, 2, 4))
    year += 2000 if 2000 + year < _FIRST_YEAR + 100 else 1900
    if not 1 <= month <= 12:
        raise RetailError(RetailProblem(f"{name}-month"))
    last = calendar.monthrange(year, month)[1]
    if day > last:
        raise RetailError(RetailProblem(f"{name}-day"))
    return dt.date(year, month, day or last).isoformat()


def _first(rest: str) -> tuple[Field, str, bool]:
    """The first field, what follows, and whether it may follow there."""
    try:
        ai = GS1ApplicationIdentifier.extract(rest)
    except ParseError:
        raise RetailError(RetailProblem.UNKNOWN_AI) from None
    try:
        element = GS1ElementString.extract(rest, config=_CONFIG)
    except (ParseError, ValueError, IndexError):
        raise RetailError(_why_unreadable(ai, rest)) from None
    rest = rest[len(element) :]
    separated = not ai.separator_required or rest.startswith(SEPARATOR)
    return Field(ai.ai, element.value), rest.lstrip(SEPARATOR), separated


def _why_unreadable(ai: GS1ApplicationIdentifier, rest: str) -> RetailProblem:
    data = rest[len(ai) :].split(SEPARATOR, maxsplit=1)[0]
    if ai.ai == "01":
        letters = len(data) >= 14 and not data[:14].isdigit()
        return RetailProblem.GTIN_DIGITS if letters else RetailProblem.GTIN_LENGTH
    if not data:
        return RetailProblem.FIELD_EMPTY
    if ai.ai in _DATES:
        try:
            day_of(ai.ai, data[:6])
        except RetailError as error:
            return error.problem
    return RetailProblem.FIELD_CHARACTERS if ai.separator_required else RetailProblem.FIELD_SHORT


def _refuse_swallowed(fields: list[Field]) -> None:
    if not fields or fields[-1].ai not in _FREE_TEXT:
        return
    named = {field.ai for field in fields}
    data = fields[-1].data
    for cut in range(1, len(data) - 7):
        if _reads_on(data[cut:], named):
            raise RetailError(RetailProblem.NO_SEPARATOR)


def _reads_on(tail: str, named: set[str]) -> bool:
    """Whether ``tail`` is a whole run of fields from a plausible date on."""
    if tail[:2] not in _KEPT_DATES or not tail[2:8].isdigit():
        return False
    try:
        year = int(day_of(tail[:2], tail[2:8])[:4])
        while tail:
            field, tail, separated = _first(tail)
            if field.ai in named or (tail and not separated):
                return False
    except RetailError:
        return False
    return year in _PLAUSIBLE_YEARS


def _grams(said: str) -> int | None:
    """Of (310n): kilograms with n decimals, rounded to the gram; none when it rounds to nothing."""
    decimals, digits = said.split(".")
    scale = 10 ** int(decimals)
    return (int(digits) * 1000 + scale // 2) // scale or None


__all__ = ["SEPARATOR", "Field", "StoreNumber", "day_of", "retail_of", "split"]
