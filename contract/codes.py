"""Codes: what is printed on labels, cards and slips, and how a scan of it is read back.

Every code is Crockford base32 (no I, L, O, U) in upper case: a type letter first, a check
character last. The check character makes the weighted sum over GF(32) zero, with a distinct
power of the generator as each position's weight: a single substitution changes one term, an
adjacent swap changes the sum by (w1 - w2)(a - b), and neither can be zero. Lost characters fail
by length, since every type but ``K`` has one length only and every action is in a closed table.

Types (DESIGN of the contract, "Codes")::

    G item        G + prefix (4) + serial (5) + check      11 characters
    B box         same
    D plan        same
    P person      P + 80 bits (16) + check                 18 characters, bearer token
    F family      F + 80 bits (16) + check                 18 characters, bearer token
    W place       W + 6 + check                             8 characters
    K action      K + verb and argument + check             a closed table

Randomness comes in as bytes; nothing here draws any.
"""

import enum
import hashlib
import unicodedata
from functools import lru_cache
from typing import Final

from msgspec import Struct

from contract.actions import ACTIONS, ALPHABET, Action, Verb

VALUES: Final = {char: value for value, char in enumerate(ALPHABET)}

SERIALS_PER_PREFIX: Final = 32**5
"""How many serials one four-character prefix holds: 33,554,432."""

BLOCK: Final = 1024
"""Serials in one allocation block; a start of the kiosk takes a random unused block."""

BLOCKS_PER_PREFIX: Final = SERIALS_PER_PREFIX // BLOCK

READY_MADE: Final = "Z"
"""Prefixes that begin with this belong to labels printed ahead, not to a journal: a kiosk without
a network can tell one that waits to be bound from an item of another stop."""

MAX_SCAN_LENGTH: Final = 512
"""Longest scan that is looked at, in characters; GS1 DataMatrix holds at most 2,335 but a
retail element string stays below 100."""


class Kind(enum.StrEnum):
    """What a code names; the value is its type letter."""

    ITEM = "G"
    BOX = "B"
    PERSON = "P"
    FAMILY = "F"
    PLAN = "D"
    PLACE = "W"
    ACTION = "K"


LENGTHS: Final = {
    Kind.ITEM: 11,
    Kind.BOX: 11,
    Kind.PLAN: 11,
    Kind.PERSON: 18,
    Kind.FAMILY: 18,
    Kind.PLACE: 8,
}
"""Total length by kind, type letter and check character included."""


class CodeProblem(enum.StrEnum):
    """Why a text is not one of our codes."""

    EMPTY = "empty"
    NOT_OURS = "not ours"
    LENGTH = "length"
    CHARACTER = "character"
    CHECK = "check"
    UNKNOWN_ACTION = "unknown action"


class CodeError(ValueError):
    """A text that is not a valid code.

    ``problem`` says why: for people, `NOT_OURS` means that it never was one, every other
    problem that it looks like one and was damaged or mistyped.
    """

    def __init__(self, problem: CodeProblem) -> None:
        super().__init__(problem.value)
        self.problem = problem


class Code(Struct, frozen=True):
    """A valid code: its kind and its whole canonical text."""

    kind: Kind
    text: str

    @property
    def prefix(self) -> str:
        """The four characters that belong to one journal; only for items, boxes and plans."""
        return self.text[1:5]

    @property
    def serial(self) -> int:
        """The serial within the prefix, 0 to 33,554,431; only for items, boxes and plans."""
        return from_base32(self.text[5:10])

    @property
    def ready_made(self) -> bool:
        """Whether this label was printed ahead, to be bound to whatever it is stuck on."""
        return self.kind in (Kind.ITEM, Kind.BOX) and self.text[1] == READY_MADE

    @property
    def verb(self) -> str:
        """An action's verb and argument, without type letter and check character."""
        return self.text[1:-1]

    @property
    def action(self) -> Action:
        """An action's verb and argument; only for actions."""
        return ACTIONS[self.text[1:-1]]


# --- arithmetic ------------------------------------------------------------------------------


def _multiply_by_generator(value: int) -> int:
    """``value`` times x in GF(32) = GF(2)[x] / (x^5 + x^2 + 1), which is primitive."""
    value <<= 1
    return value ^ 0b100101 if value & 0b100000 else value


def _products() -> tuple[tuple[int, ...], ...]:
    """``table[power][value]`` = generator**power * value for the 31 distinct powers."""
    rows = [tuple(range(32))]
    for _ in range(30):
        rows.append(tuple(_multiply_by_generator(value) for value in rows[-1]))
    return tuple(rows)


_PRODUCTS: Final = _products()


def _weighted_sum(text: str, first_power: int) -> int:
    total = 0
    for power, char in enumerate(reversed(text), start=first_power):
        total ^= _PRODUCTS[power][VALUES[char]]
    return total


def check_character(body: str) -> str:
    """The check character for ``body`` (type letter included, at most 30 characters).

    Its own weight is generator**0 = 1, so it is the sum of the others.

    Raises:
        KeyError: a character outside the alphabet.
        IndexError: a body longer than the 30 characters that distinct weights allow.
    """
    return ALPHABET[_weighted_sum(body, 1)]


def with_check(body: str) -> str:
    """``body`` followed by its check character."""
    return body + check_character(body)


def to_base32(value: int, length: int) -> str:
    """``value`` as exactly ``length`` base32 characters, most significant first.

    Raises:
        ValueError: a negative value or one that does not fit.
    """
    if value < 0 or value >= 32**length:
        raise ValueError(f"{value} does not fit into {length} base32 characters")
    return "".join(ALPHABET[value >> 5 * place & 31] for place in reversed(range(length)))


def from_base32(text: str) -> int:
    """The number that base32 ``text`` writes; raises KeyError outside the alphabet."""
    value = 0
    for char in text:
        value = value << 5 | VALUES[char]
    return value


# --- making codes ----------------------------------------------------------------------------


@lru_cache(maxsize=256)
def serial_code(kind: Kind, prefix: str, serial: int) -> str:
    """An item, box or plan code from its journal's prefix (4 characters) and serial. The last
    ones asked for are remembered: a kiosk works the next one out before it is needed."""
    return with_check(kind.value + prefix + to_base32(serial, 5))


def token_code(kind: Kind, random: bytes) -> str:
    """A person's or family's bearer token from 10 random bytes (80 bits)."""
    return with_check(kind.value + _eighty_bits(random))


def place_code(body: str) -> str:
    """A place code from its six characters, for example ``place_code("00000S")``."""
    if len(body) != 6:
        raise ValueError("a place code has six characters between letter and check")
    return with_check(Kind.PLACE.value + body)


def claim_text(random: bytes) -> str:
    """The 16 characters of a donor's private claim from 10 random bytes (80 bits)."""
    return _eighty_bits(random)


def _eighty_bits(random: bytes) -> str:
    if len(random) != 10:
        raise ValueError("80 random bits are 10 bytes")
    return to_base32(int.from_bytes(random), 16)


PLACE_IN: Final = place_code("00000S")
"""Where intake lands until somebody moves it. (The letters I and N are not both in the alphabet;
the sheet's words say what it is.)"""


class Place(Struct, frozen=True):
    """Somewhere in a stop that has a printed sheet, as its sheet names it."""

    code: str
    zh: str
    en: str


PLACES: Final = (
    Place(PLACE_IN, "入库区", "Intake shelf"),
    *(Place(place_code(f"00000{n}"), f"{n} 号货架", f"Shelf {n}") for n in range(1, 7)),
    Place(place_code("00000M"), "义卖摊位", "Market stall"),
)
"""The place sheets that come printed; any other place code is as good, and known by its code."""

PLACE_BY_CODE: Final = {place.code: place for place in PLACES}


# --- actions ---------------------------------------------------------------------------------


def action_code(verb: Verb, argument: str = "") -> str:
    """The code on an action card, for example ``action_code(Verb.QUANTITY, "12")``.

    Raises:
        CodeError: the verb does not take this argument.
    """
    text = with_check(Kind.ACTION.value + verb.value + argument)
    parse(text)
    return text


# --- reading ---------------------------------------------------------------------------------


def normalise(text: str) -> str:
    """What somebody typed or a scanner sent, as canonical text.

    Full-width forms become ASCII (NFKC), white space and hyphens go, letters become upper case,
    and the letters that the alphabet leaves out are read as the digits they resemble.
    """
    folded = unicodedata.normalize("NFKC", text).upper()
    kept = "".join(char for char in folded if not char.isspace() and char not in "-‐‑‒–—")
    return kept.translate(_LOOKALIKES)


_LOOKALIKES: Final = str.maketrans({"O": "0", "I": "1", "L": "1"})


def parse(text: str) -> Code:
    """The code that ``text`` writes, after `normalise`.

    Raises:
        CodeError: with the reason; a text that starts with no type letter of ours, or is too
            short or long to be any of our codes, is `NOT_OURS`.
    """
    canonical = normalise(text)
    if not canonical:
        raise CodeError(CodeProblem.EMPTY)
    try:
        kind = Kind(canonical[0])
    except ValueError:
        raise CodeError(CodeProblem.NOT_OURS) from None
    expected = LENGTHS.get(kind)
    if expected is None:
        return _parse_action(canonical)
    if len(canonical) != expected:
        near = abs(len(canonical) - expected) <= 2
        raise CodeError(CodeProblem.LENGTH if near else CodeProblem.NOT_OURS)
    _require_check(canonical)
    return Code(kind, canonical)


def _parse_action(canonical: str) -> Code:
    if not 3 <= len(canonical) <= 6:
        raise CodeError(CodeProblem.NOT_OURS)
    _require_check(canonical)
    if canonical[1:-1] not in ACTIONS:
        raise CodeError(CodeProblem.UNKNOWN_ACTION)
    return Code(Kind.ACTION, canonical)


def _require_check(canonical: str) -> None:
    if any(char not in VALUES for char in canonical):
        raise CodeError(CodeProblem.CHARACTER)
    if _weighted_sum(canonical, 0) != 0:
        raise CodeError(CodeProblem.CHECK)


def is_claim(text: str) -> bool:
    """Whether ``text`` has the form of a claim: 16 characters of the alphabet."""
    return len(text) == 16 and all(char in VALUES for char in text)


def grouped(code: str) -> str:
    """A code in groups that can be read aloud and compared by eye, the same on paper and on pages:
    ``G 7XK2 00C1S J``, ``W 00000S 2``, a claim in fours. `normalise` gives the code back; any
    other text stays as it is."""
    match len(code):
        case 8:
            return f"{code[0]} {code[1:7]} {code[7]}"
        case 11:
            return f"{code[0]} {code[1:5]} {code[5:10]} {code[10]}"
        case 16:
            return " ".join(code[start : start + 4] for start in range(0, 16, 4))
        case _:
            return code


# --- tokens ----------------------------------------------------------------------------------


class TokenDomain(enum.StrEnum):
    """Keeps the hashes of equal texts apart when they mean different things."""

    PERSON = "yicang/1/person"
    FAMILY = "yicang/1/family"
    CLAIM = "yicang/1/claim"


def token_hash(domain: TokenDomain, token: str) -> str:
    """Domain-separated SHA-256 of a bearer token's canonical text, as 64 hex digits.

    Plain SHA-256 is enough here: the tokens hold 80 random bits, so nobody can list them.
    """
    return hashlib.sha256(domain.value.encode() + b"\0" + token.encode()).hexdigest()
