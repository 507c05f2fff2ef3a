"""What a scan means. Pure: text in, value out, and no bearer token in the value.

This is the only place that sees cards, family tokens and claims in plain text. It replaces them
by domain-separated hashes before anything stores or logs them. People also scan identity cards
and payment codes: whatever is neither ours nor a GS1 *retail* code keeps its length and
symbology only. An element string without a GTIN is not retail: an 18-digit identity number can
read as a production date with an internal number, and one in ten passes as an SSCC.
"""

import re
from typing import Final

import biip
from biip.gtin import Gtin
from biip.rcn import Rcn

from contract.actions import Action, Verb
from contract.codes import (
    MAX_SCAN_LENGTH,
    Code,
    CodeError,
    CodeProblem,
    Kind,
    is_claim,
    normalise,
    parse,
)
from contract.events import Retail, family_hash, person_hash
from kiosk.inputs import (
    ActionCard,
    BoxLabel,
    Card,
    CategoryCard,
    ClaimScan,
    Damaged,
    Family,
    Foreign,
    ItemLabel,
    PlaceSheet,
    PlanSlip,
    QuantityCard,
    RetailCode,
    Scan,
)

_CLAIM_PATH: Final = re.compile(r"^https?://[^/]+/c/([^#?/]+)", re.IGNORECASE)
_DIGITAL_LINK: Final = re.compile(r"^https?://", re.IGNORECASE)
_SYMBOLOGY: Final = re.compile(r"^\]([A-Za-z][0-9A-Za-z])")
_PLAIN_LENGTHS: Final = frozenset({8, 12, 13, 14})
_TELEPHONE: Final = re.compile(r"^861[3-9][0-9]{9}$")
"""A mobile number with its country: one in ten has the check digit of a GTIN-13. GS1 has given
861 to nobody."""
_LOT: Final = re.compile(r"^[0-9A-Za-z./_+-]{1,20}$")


def interpret(text: str, symbology: str | None = None) -> Scan:
    """What ``text``, as the scanner sent it, means.

    ``symbology`` is an AIM identifier such as ``]C1`` where the device says it; a leading one in
    the text is used and removed as well.
    """
    marked = _SYMBOLOGY.match(text)
    word = _symbology_word(symbology or (marked.group(0) if marked else ""))
    content = text[marked.end() :] if marked else text
    if len(content) > MAX_SCAN_LENGTH:
        return Foreign(len(content), "too-long", word)
    if content.isascii() and content.isdigit() and len(content) in _PLAIN_LENGTHS:
        plain = _plain(content)  # no code of ours is digits alone; most scans are
        return RetailCode(plain) if plain else Foreign(len(content), "foreign", word)
    try:
        return _ours(parse(content))
    except CodeError as error:
        problem = error.problem
    claim = _CLAIM_PATH.match(content.strip())
    if claim is not None and is_claim(normalise(claim.group(1))):
        return ClaimScan()
    # biip knows no mark before a link, and needs the one before an element string.
    link = _DIGITAL_LINK.match(content) is not None
    retail = _retail(text if marked and not link else content)
    if retail is not None:
        return RetailCode(retail)
    if problem in (CodeProblem.NOT_OURS, CodeProblem.EMPTY):
        return Foreign(len(content), "empty" if not content.strip() else "foreign", word)
    return Damaged(problem, len(content), word)


def _symbology_word(mark: str) -> str:
    return mark.removeprefix("]")[:8] if mark else ""


def _ours(code: Code) -> Scan:
    match code.kind:
        case Kind.ITEM:
            return ItemLabel(code.text)
        case Kind.BOX:
            return BoxLabel(code.text)
        case Kind.PERSON:
            return Card(person_hash(code.text))
        case Kind.FAMILY:
            return Family(family_hash(code.text))
        case Kind.PLAN:
            return PlanSlip(code.text)
        case Kind.PLACE:
            return PlaceSheet(code.text)
        case Kind.ACTION:
            return _action(code.action)


def _action(action: Action) -> Scan:
    match action.verb:
        case Verb.QUANTITY:
            return QuantityCard(int(action.argument))
        case Verb.CATEGORY:
            return CategoryCard(action.argument)
    return ActionCard(action.verb, action.argument)


def _retail(text: str) -> Retail | None:
    """The retail code in ``text``, or None when there is no valid GTIN in it."""
    content = text.strip(" \t\r\n")
    if not content.isascii():
        return None
    if content.isdigit():
        if len(content) in _PLAIN_LENGTHS:
            return _plain(content)
        if not content.startswith("01") or len(content) < 16:
            return None
    try:
        result = biip.parse(content)
    except (biip.ParseError, ValueError, IndexError):
        return None
    gtin = _gtin14(result.gtin)
    if gtin is None:
        return None
    strings = result.gs1_message or result.gs1_digital_link_uri
    if strings is None:
        return Retail(gtin)
    if result.gs1_digital_link_uri is not None and not _DIGITAL_LINK.match(content):
        return None
    by_ai = {string.ai.ai: string for string in strings.element_strings}
    expiry = by_ai.get("17") or by_ai.get("15")
    lot = by_ai["10"].value if "10" in by_ai else None
    return Retail(
        gtin,
        expiry=expiry.date.isoformat() if expiry is not None and expiry.date else None,
        lot=lot if lot is not None and _LOT.match(lot) else None,
    )


def _plain(digits: str) -> Retail | None:
    """A code of digits alone: a GTIN or nothing. (As an element string, a GTIN-14 that begins
    with 10 would also read as a lot, and looking for one takes longer than all the rest.)"""
    if _TELEPHONE.match(digits):
        return None
    try:
        gtin = _gtin14(Gtin.parse(digits))
    except (biip.ParseError, ValueError):
        return None
    return None if gtin is None else Retail(gtin)


def _gtin14(gtin: Gtin | None) -> str | None:
    """GTIN-14 digits. Restricted circulation numbers (prefix 2, weighed goods) have none that
    means the same elsewhere, so they count as goods without a retail code."""
    if gtin is None or isinstance(gtin, Rcn):
        return None
    try:
        return gtin.as_gtin_14()
    except (biip.EncodeError, ValueError):
        return None
