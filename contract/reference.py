"""Reference data: what a hub tells every kiosk, and kiosks keep for offline use.

It comes in **parts**, each under a name (`PARTS`), and a part comes in **pieces** of at most
`messages.MAX_MESSAGE_BYTES`, each a message of its own that is retained under the SHA-256 of its
bytes. The manifest, in every welcome and in the hub's status, maps piece names to digests: the
first piece of ``places`` is named ``places``, the next ones ``places.1``, ``places.2`` and so on,
so that a part of one piece is simply its name.

* A part is taken as a whole or not at all: all its pieces are there, each has the digest that it
  is named by, and each is the message that its part's name promises.
* A part that the manifest does not name is kept as it is: that hub does not know of it. A part
  that is empty is named, with one piece that holds no entry.
* Fields and parts are added, nothing changes its meaning; names that a reader does not know are
  for a later reader.

Everything here may be read by every kiosk. There is no name of a person in it, and nothing that
tells who receives: a card is known by its hash and by what its bearer may do.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Final, TypeAlias

import msgspec
from msgspec import Meta, Struct

from contract.events import CategoryKey, Hash, KioskId, PlaceCode, PlanCode, Word, whole
from contract.messages import MAX_MESSAGE_BYTES, MessageError, Product, Products, decode, digest
from contract.papers import AllPapers, PapersOf

Name: TypeAlias = Annotated[str, Meta(max_length=60)]
Count: TypeAlias = Annotated[int, Meta(ge=0, le=1_000_000)]
SkillKey: TypeAlias = Annotated[str, whole(r"[0-9]{2}")]
CampaignNumber: TypeAlias = Annotated[int, Meta(ge=1, le=999)]
Seconds: TypeAlias = Annotated[int, Meta(ge=5, le=86_400)]
Hours: TypeAlias = Annotated[
    str, whole(r"(?:[01][0-9]|2[0-3]):[0-5][0-9]-(?:[01][0-9]|2[0-4]):[0-5][0-9]|")
]
"""One weekday, ``08:30-18:00``; empty: closed."""

MAX_PIECES: Final = 48
"""Most pieces of one part: a manifest that names more would not fit beside the longest welcome."""

PLACE_KINDS: Final = ("shelf", "stop", "team", "disposal", "market", "outside")
"""What a place can be: somewhere in this stop, another stop, a team of volunteers, where things
are thrown away, the charity market, and anywhere else that goods leave for."""

CAPABILITIES: Final = ("deliver", "count", "sell", "lead", "operate")
"""What a card's bearer may do. Receiving is not among them and never will be: every card sounds
and prints the same."""

FOOD_GATES: Final = ("refuse", "quarantine")


class NamedCategory(Struct, frozen=True):
    """A kind of goods; ``offered`` tells whether it can still be chosen. Keys are for ever."""

    key: CategoryKey
    zh: Name
    en: Name
    offered: bool = True


class KnownPlace(Struct, frozen=True):
    """Where goods can be or go; ``kind`` is one of `PLACE_KINDS` or a later release's word."""

    code: PlaceCode
    kind: Word
    zh: Name
    en: Name


class Plan(Struct, frozen=True):
    """A delivery plan: its title, how many items it expects (0: nobody said). No recipient."""

    code: PlanCode
    zh: Name
    en: Name
    items: Count = 0
    open: bool = True


class Capability(Struct, frozen=True):
    """What the bearer of a card may do; ``person`` is the card's hash, as in events."""

    person: Hash
    can: tuple[Word, ...]


class Campaign(Struct, frozen=True):
    """Many small gifts for one purpose; ``number`` stands on its cards, ``target`` in gifts (0:
    none), ``given`` how many had come at all stops when the hub told."""

    number: CampaignNumber
    zh: Name
    en: Name
    target: Count = 0
    open: bool = True
    given: Count = 0


class Skill(Struct, frozen=True):
    """What somebody can offer to do."""

    key: SkillKey
    zh: Name
    en: Name


class Recall(Struct, frozen=True):
    """A maker's or an authority's recall of goods. ``lots`` empty: every lot of this GTIN."""

    gtin: Annotated[str, whole(r"[0-9]{14}")]
    lots: tuple[Annotated[str, Meta(max_length=20)], ...] = ()


class StopSettings(Struct, frozen=True):
    """How a stop wants its kiosks to behave; every field has the value of a stop that said nothing.

    ``idle_s`` is how many seconds a mode (``market``, ``count``, …) stays without a scan.
    ``opening`` is seven weekdays from Monday, or empty: not told. ``payments`` are keys of payment
    cards. ``language`` is zh, en or both; empty: as the kiosk's own settings say.
    """

    food_margin_days: Annotated[int, Meta(ge=0, le=3650)] = 0
    food_gate: Word = "refuse"
    idle_s: dict[str, Seconds] = {}
    opening: Annotated[tuple[Hours, ...], Meta(max_length=7)] = ()
    market: bool = True
    payments: tuple[Word, ...] = ("C", "W", "A")
    language: Word = ""


class SettingsOf(Struct, frozen=True):
    """The settings of these kiosks; of all that no other entry names when ``kiosks`` is empty."""

    kiosks: tuple[KioskId, ...]
    values: StopSettings


class Categories(Struct, frozen=True):
    """The reference part ``categories``, in the order in which they are offered."""

    categories: tuple[NamedCategory, ...]


class Places(Struct, frozen=True):
    """The reference part ``places``."""

    places: tuple[KnownPlace, ...]


class Plans(Struct, frozen=True):
    """The reference part ``plans``."""

    plans: tuple[Plan, ...]


class Capabilities(Struct, frozen=True):
    """The reference part ``capabilities``."""

    capabilities: tuple[Capability, ...]


class Campaigns(Struct, frozen=True):
    """The reference part ``campaigns``."""

    campaigns: tuple[Campaign, ...]


class Skills(Struct, frozen=True):
    """The reference part ``skills``."""

    skills: tuple[Skill, ...]


class Recalls(Struct, frozen=True):
    """The reference part ``recalls``: those that are open."""

    recalls: tuple[Recall, ...]


class Settings(Struct, frozen=True):
    """The reference part ``settings``."""

    settings: tuple[SettingsOf, ...]


Entry: TypeAlias = (
    Product
    | NamedCategory
    | KnownPlace
    | Plan
    | Capability
    | Campaign
    | Skill
    | SettingsOf
    | Recall
    | PapersOf
)
Piece: TypeAlias = (
    Products
    | Categories
    | Places
    | Plans
    | Capabilities
    | Campaigns
    | Skills
    | Settings
    | Recalls
    | AllPapers
)

PARTS: Final[Mapping[str, type[Piece]]] = {
    "products": Products,
    "categories": Categories,
    "places": Places,
    "plans": Plans,
    "capabilities": Capabilities,
    "campaigns": Campaigns,
    "skills": Skills,
    "settings": Settings,
    "recalls": Recalls,
    "papers": AllPapers,
}
"""The message of each part's pieces. Its one field has the part's name and holds the entries, so
that no piece can be taken for another part's."""

_MIN_PIECE_BYTES: Final = MAX_MESSAGE_BYTES // 2
_CUTS: Final = 2
"""Of 256 entries, at how many a long part may be cut."""


def pieces(part: str, entries: Sequence[Entry]) -> tuple[bytes, ...]:
    """A part's pieces as bytes, each a message of at most `MAX_MESSAGE_BYTES`; at least one.

    A part that fits into one message is one. A longer one is cut behind entries that their own
    bytes choose, so that a change leaves most pieces, and their digests, as they were.
    """
    head, tail = b'{"%b":[' % part.encode(), b"]}"
    lines = [msgspec.json.encode(entry) for entry in entries]
    room = MAX_MESSAGE_BYTES - len(head) - len(tail)
    if sum(len(line) + 1 for line in lines) - 1 <= room:
        return (head + b",".join(lines) + tail,)
    found: list[bytes] = []
    held: list[bytes] = []
    size = 0
    for line in lines:
        if held and size + len(line) + 1 > room:
            found.append(head + b",".join(held) + tail)
            held, size = [], 0
        held.append(line)
        size += len(line) + 1
        if size >= _MIN_PIECE_BYTES and hashlib.sha256(line).digest()[0] < _CUTS:
            found.append(head + b",".join(held) + tail)
            held, size = [], 0
    if held:
        found.append(head + b",".join(held) + tail)
    return tuple(found)


def piece_name(part: str, number: int) -> str:
    """What a manifest calls the piece with this number, from 0."""
    return part if number == 0 else f"{part}.{number}"


def manifest_of(parts: Mapping[str, Sequence[bytes]]) -> dict[str, str]:
    """The manifest of these parts' pieces."""
    return {
        piece_name(part, number): digest(piece)
        for part, held in parts.items()
        for number, piece in enumerate(held)
    }


def digests_of(manifest: Mapping[str, str]) -> dict[str, tuple[str, ...] | None]:
    """The digests of each known part's pieces, in order; None where one in between is not named.

    Parts that this release does not know are left out.
    """
    found: dict[str, tuple[str, ...] | None] = {}
    for part in PARTS:
        prefix = f"{part}."
        named = [name for name in manifest if name == part or name.startswith(prefix)]
        if named:
            wanted = [piece_name(part, number) for number in range(len(named))]
            whole_part = set(named) == set(wanted) and len(named) <= MAX_PIECES
            found[part] = tuple(manifest[name] for name in wanted) if whole_part else None
    return found


def read_piece(part: str, payload: bytes) -> tuple[Entry, ...]:
    """The entries of one piece of ``part``.

    Raises:
        MessageError: too large, not JSON, another part's, or a field that is wrong.
    """
    entries: tuple[Entry, ...] = getattr(decode(payload, PARTS[part]), part)
    return entries


def read_part(part: str, payloads: Iterable[bytes]) -> tuple[Entry, ...]:
    """All entries of ``part``, from its pieces in order. Raises MessageError."""
    return tuple(entry for payload in payloads for entry in read_piece(part, payload))


__all__ = [
    "CAPABILITIES",
    "FOOD_GATES",
    "MAX_PIECES",
    "PARTS",
    "PLACE_KINDS",
    "AllPapers",
    "Campaign",
    "Campaigns",
    "Capabilities",
    "Capability",
    "Categories",
    "Entry",
    "KnownPlace",
    "MessageError",
    "NamedCategory",
    "PapersOf",
    "Piece",
    "Places",
    "Plan",
    "Plans",
    "Product",
    "Products",
    "Recall",
    "Recalls",
    "Settings",
    "SettingsOf",
    "Skill",
    "Skills",
    "StopSettings",
    "digests_of",
    "manifest_of",
    "piece_name",
    "pieces",
    "read_part",
    "read_piece",
]
