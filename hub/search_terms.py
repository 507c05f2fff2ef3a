"""What somebody typed or scanned into the search box: pure, before anything is looked up.

A family's slip, a person's card and a donor's claim are secrets of those who hold them. Whoever
scans one here by mistake is told so; the text itself goes no further.
"""

import enum
import re
from typing import Final
from urllib.parse import urlsplit

from msgspec import Struct

from contract import codes
from contract.codes import CodeError, Kind
from hub.typed import narrow

MAX_TERM: Final = 200

_GTIN_LENGTHS: Final = frozenset({8, 12, 13, 14})
_ELEMENT_STRING: Final = re.compile(
    r"^(?:\][A-Za-z][0-9])?\x1d?(?:\(01\)|01(?=[0-9]{14}(?:1[0157]|\x1d)))([0-9]{14})"
)
"""GTIN of an element string: with brackets, or followed by a lot, a date or a separator."""
_DIGITAL_LINK: Final = re.compile(r"/01/([0-9]{8,14})(?:[/?#]|$)")
_EVENT: Final = re.compile(r"^[a-z0-9-]+\.[0-9a-f]{16}\.[0-9]{1,18}\.[0-9a-f]{16}$")


class About(enum.Enum):
    """What a term certainly is."""

    CODE = "code"
    GTIN = "gtin"
    EVENT = "event"
    SECRET = "secret"  # noqa: S105  # no password: a word for one
    ACTION = "action"
    WORDS = "words"


class Term(Struct, frozen=True):
    """What was asked for. ``text`` is canonical: a code without spaces, a GTIN of 14 digits; empty
    for a secret. ``kind`` only for codes."""

    about: About
    text: str
    kind: Kind | None = None


def read(typed: str) -> Term:
    """What ``typed`` asks for."""
    plain = "".join(char for char in typed[:MAX_TERM] if char.isprintable() or char == "\x1d")
    plain = plain.strip()
    gtin = _gtin(plain)
    if gtin is not None:
        return Term(About.GTIN, gtin)
    if _EVENT.match(plain.lower()):
        return Term(About.EVENT, plain.lower())
    canonical = codes.normalise(_last_part(plain))
    if codes.is_claim(canonical) and ("://" in plain or not _readable(plain)):
        return Term(About.SECRET, "")
    try:
        code = codes.parse(canonical)
    except CodeError:
        # A mistyped token is all but the token.
        tokens = canonical[:1] in (Kind.PERSON.value, Kind.FAMILY.value)
        if tokens and 16 <= len(canonical) <= 20 and any(char.isdigit() for char in canonical):
            return Term(About.SECRET, "")
        return Term(About.WORDS, plain.replace("\x1d", ""))
    match code.kind:
        case Kind.PERSON | Kind.FAMILY:
            return Term(About.SECRET, "")
        case Kind.ACTION:
            # "KGE" may be an action card or the beginning of a word.
            return Term(About.WORDS if plain.islower() else About.ACTION, canonical)
        case _:
            return Term(About.CODE, code.text, code.kind)


def _last_part(plain: str) -> str:
    """What a code may be in: the end of an address, else all of it."""
    if "://" not in plain:
        return plain
    try:
        return urlsplit(plain).path.rstrip("/").rpartition("/")[2]
    except ValueError:  # an address that is none
        return plain


def _readable(plain: str) -> bool:
    """Whether 16 characters are rather a word that somebody typed than a claim."""
    return plain.isalpha() or plain.islower() or "-" in plain


def _gtin(plain: str) -> str | None:
    found = _ELEMENT_STRING.match(plain) or _DIGITAL_LINK.search(plain)
    if found is not None:
        return found[1].zfill(14)
    digits = narrow(plain).replace(" ", "").replace("-", "")
    if not (digits.isascii() and digits.isdigit() and len(digits) in _GTIN_LENGTHS):
        return None
    gtin = digits.zfill(14)
    weighted = sum(int(digit) * (3 if at % 2 == 0 else 1) for at, digit in enumerate(gtin))
    return gtin if weighted % 10 == 0 else None
