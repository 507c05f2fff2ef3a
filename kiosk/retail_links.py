"""GS1 Digital Link URIs, uncompressed: ``https://any.domain/any/path/01/GTIN/10/LOT?17=YYMMDD``.

Read by biip; only the fields are kept, never the address. A link without a GTIN at its place is
no business of ours: people scan payment, group and page links all day.
"""

import re
from typing import Final
from urllib.parse import parse_qsl, urlsplit

from biip import ParseConfig, ParseError
from biip.gs1_digital_link_uris import GS1DigitalLinkURI

from contract.events import Retail
from kiosk.retail_elements import Field, day_of, retail_of
from kiosk.retail_numbers import RetailError, RetailProblem, gtin14

LINK: Final = re.compile(r"^https?://", re.IGNORECASE)
_CONFIG: Final = ParseConfig(gs1_element_strings_verify_date=False)
_GTIN: Final = re.compile(r"/01/([0-9]{9,18})(?=/|$)")
"""Nine digits or more: ``/2026/01/20260115`` is a page of a newspaper. The standard wants 14, older
editions also 12 and 13 (GS1 Digital Link: URI Syntax 1.3, 4.4)."""

_MAX_PARAMETERS: Final = 64


def read_link(text: str) -> Retail | None:
    """What the link says about goods; None when it is not a link about goods.

    Raises:
        RetailError: it is one with an error.
        StoreNumber: its number means something in one shop only.
    """
    try:
        parts = urlsplit(text)
    except ValueError:
        return None
    found = list(_GTIN.finditer(parts.path))
    if not found:
        return None
    key = found[-1]  # whatever stands before it is the address's own path
    if len(key.group(1)) not in (12, 13, 14):
        raise RetailError(RetailProblem.GTIN_LENGTH)
    gtin14(key.group(1))
    pairs = _pairs(parts.query)
    if any(ai.isdigit() and not data for ai, data in pairs):
        raise RetailError(RetailProblem.FIELD_EMPTY)
    try:
        link = GS1DigitalLinkURI.parse(
            f"https://id.gs1.org{parts.path[key.start() :]}?{parts.query}", config=_CONFIG
        )
    except (ParseError, ValueError, IndexError):
        raise RetailError(_why_unreadable(pairs)) from None
    fields = [Field(element.ai.ai, element.value) for element in link.element_strings]
    read = {field.ai for field in fields}
    # Of a parameter that stands there twice biip takes the last.
    return retail_of([*fields, *(Field(ai, data) for ai, data in pairs if ai in read)])


def _why_unreadable(pairs: list[tuple[str, str]]) -> RetailProblem:
    """A bad date in the query, or else path segments that are missing or out of order."""
    for key, value in pairs:
        if key in ("11", "13", "15", "16", "17"):
            try:
                day_of(key, value)
            except RetailError as error:
                return error.problem
    return RetailProblem.LINK_PATH


def _pairs(query: str) -> list[tuple[str, str]]:
    try:
        return parse_qsl(query, keep_blank_values=True, max_num_fields=_MAX_PARAMETERS)
    except ValueError:
        return []
