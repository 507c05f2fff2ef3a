"""What a scan means. Pure: text in, value out, and no bearer token in the value.

This is the only place that sees cards, family tokens and claims in plain text. It replaces them
by domain-separated hashes before anything stores or logs them. People also scan identity cards
and payment codes: whatever is neither ours nor a GS1 *retail* code keeps its length and
symbology only. An element string without a GTIN is not retail: an 18-digit identity number can
read as a production date with an internal number, and one in ten passes as an SSCC.
"""

import re
from typing import Final

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
from contract.events import family_hash, person_hash
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
    StoreGoods,
)
from kiosk.retail import read_retail
from kiosk.retail_numbers import PLAIN_LENGTHS, RetailError, StoreNumber

_CLAIM_PATH: Final = re.compile(r"^https?://[^/]+/c/([^#?/]+)", re.IGNORECASE)
_SYMBOLOGY: Final = re.compile(r"^\]([A-Za-z][0-9A-Za-z])")


def interpret(text: str, symbology: str | None = None) -> Scan:
    """What ``text``, as the scanner sent it, means.

    ``symbology`` is an AIM identifier such as ``]C1`` where the device says it; a leading one in
    the text is used and removed as well.
    """
    marked = _SYMBOLOGY.match(text) if text.startswith("]") else None
    word = _symbology_word(symbology or (marked.group(0) if marked else ""))
    content = text[marked.end() :] if marked else text
    if len(content) > MAX_SCAN_LENGTH:
        return Foreign(len(content), "too-long", word)
    if content.isascii() and content.isdigit() and len(content) in PLAIN_LENGTHS:
        return _retail(content, word)  # no code of ours is digits alone; most scans are
    try:
        return _ours(parse(content))
    except CodeError as error:
        problem = error.problem
    claim = _CLAIM_PATH.match(content.strip())
    if claim is not None and is_claim(normalise(claim.group(1))):
        return ClaimScan()
    retail = _retail(content, word)
    if isinstance(retail, Foreign) and problem not in (CodeProblem.NOT_OURS, CodeProblem.EMPTY):
        return Damaged(problem, len(content), word)
    return retail


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


def _retail(content: str, symbology: str) -> RetailCode | StoreGoods | Foreign:
    try:
        retail = read_retail(content, symbology)
    except StoreNumber:
        return StoreGoods()
    except RetailError as error:
        return Foreign(len(content), error.problem.value, symbology)
    if retail is not None:
        return RetailCode(retail)
    return Foreign(len(content), "foreign" if content.strip() else "empty", symbology)
