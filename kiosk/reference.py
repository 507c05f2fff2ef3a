"""Reference data at the kiosk: what the hub said last, as values, and the files that keep it.

Rules
-----
* `ReferenceData` is what every lookup goes to: an immutable value, replaced as a whole. What the
  hub never said has the built-in words of this release.
* `ReferenceStore` keeps the pieces in a directory of its own, each in a file named by the SHA-256
  of its bytes, and beside them ``parts.json``: which pieces each part consists of. A piece counts
  only once ``parts.json`` names it, and that file is replaced in one rename; so a power cut at any
  instant leaves the old part or the new one, and pieces that had come are not fetched twice.
* Nothing is believed unread: at start every piece is held against its name and its part, and a
  part with a piece that does not fit is dropped and reported.
* It stands outside the journal: a damaged journal costs no names, an update or its withdrawal
  neither, and names are not written with a donor's scan.
"""

import logging
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final, TypeVar

import msgspec
from msgspec import Struct

from contract.actions import CATEGORIES, SKILLS, UNSORTED
from contract.codes import PLACES, place_code
from contract.events import Hash
from contract.messages import MAX_MESSAGE_BYTES, MessageError, Product, digest
from contract.papers import DEFAULT, Papers, PapersOf
from contract.reference import (
    CAPABILITIES,
    PARTS,
    Campaign,
    Capability,
    Entry,
    KnownPlace,
    NamedCategory,
    Plan,
    Recall,
    SettingsOf,
    Skill,
    StopSettings,
    read_part,
)
from drivers.ports import Words
from kiosk.durable import sync_directory, write_durably

log = logging.getLogger(__name__)

PARTS_FILE: Final = "parts.json"
EVERYTHING: Final = frozenset(CAPABILITIES)
_E = TypeVar("_E")

BUILT_IN_CATEGORIES: Final = tuple(
    NamedCategory(category.key, category.zh, category.en) for category in CATEGORIES
)
_UNSORTED: Final = NamedCategory(UNSORTED.key, UNSORTED.zh, UNSORTED.en, offered=False)
_MARKET: Final = place_code("00000M")
BUILT_IN_PLACES: Final = tuple(
    KnownPlace(place.code, "market" if place.code == _MARKET else "shelf", place.zh, place.en)
    for place in PLACES
)
BUILT_IN_SKILLS: Final = tuple(Skill(skill.key, skill.zh, skill.en) for skill in SKILLS)


class ReferenceData(Struct, frozen=True):
    """Everything that is known now. Mappings are by key; ``None`` where the hub never said."""

    categories: Mapping[str, NamedCategory]
    """In the order in which they are offered; also those that no longer are."""
    places: Mapping[str, KnownPlace]
    skills: Mapping[str, Skill]
    products: Mapping[str, Product] | None = None
    plans: Mapping[str, Plan] | None = None
    capabilities: Mapping[str, frozenset[str]] | None = None
    campaigns: Mapping[int, Campaign] | None = None
    settings: StopSettings = StopSettings()
    recalls: tuple[Recall, ...] = ()
    papers: Papers = DEFAULT


def reference_data(kiosk: str, parts: Mapping[str, Sequence[Entry]]) -> ReferenceData:
    """What these parts come to at this kiosk. Pure.

    The hub's categories, places and skills come first and stand for built-in ones of the same
    key; built-in ones that it does not name stay known, since events and printed sheets do.
    """
    categories = {one.key: one for one in _only(NamedCategory, parts.get("categories", ()))}
    for known in (*BUILT_IN_CATEGORIES, _UNSORTED):
        offered = known.offered and "categories" not in parts
        categories.setdefault(known.key, msgspec.structs.replace(known, offered=offered))
    places = {one.code: one for one in BUILT_IN_PLACES}
    places.update({one.code: one for one in _only(KnownPlace, parts.get("places", ()))})
    skills = {one.key: one for one in BUILT_IN_SKILLS}
    skills.update({one.key: one for one in _only(Skill, parts.get("skills", ()))})
    settings = StopSettings()
    for one in sorted(_only(SettingsOf, parts.get("settings", ())), key=lambda s: bool(s.kiosks)):
        if not one.kiosks or kiosk in one.kiosks:
            settings = one.values  # the kiosk's own come after those for all
    papers = DEFAULT
    for paper in sorted(_only(PapersOf, parts.get("papers", ())), key=lambda p: bool(p.kiosks)):
        if not paper.kiosks or kiosk in paper.kiosks:
            papers = paper.values
    return ReferenceData(
        categories=categories,
        places=places,
        skills=skills,
        products={one.gtin: one for one in _only(Product, parts["products"])}
        if "products" in parts
        else None,
        plans={one.code: one for one in _only(Plan, parts["plans"])} if "plans" in parts else None,
        capabilities={
            one.person: frozenset(one.can) for one in _only(Capability, parts["capabilities"])
        }
        if "capabilities" in parts
        else None,
        campaigns={one.number: one for one in _only(Campaign, parts["campaigns"])}
        if "campaigns" in parts
        else None,
        settings=settings,
        recalls=tuple(_only(Recall, parts.get("recalls", ()))),
        papers=papers,
    )


def _only(kind: type[_E], entries: Sequence[Entry]) -> list[_E]:
    """The entries, which `read_part` has made of this kind."""
    return [entry for entry in entries if isinstance(entry, kind)]


class Reference:
    """What workflows, papers and pages ask, by code, key or hash; no I/O.

    `data` is the value that holds now. Without a hub's word it is what this release brings along.
    """

    def __init__(self, data: ReferenceData | None = None) -> None:
        self.data = data if data is not None else reference_data("", {})

    def place(self, code: str) -> KnownPlace | None:
        """The place with this code; None for one that nobody has named."""
        return self.data.places.get(code)

    def plan(self, code: str) -> Plan | None:
        """The delivery plan with this code; None for one that the hub has not told of."""
        return self.data.plans.get(code) if self.data.plans is not None else None

    def capabilities(self, person: str) -> frozenset[str]:
        """What the bearer of the card with this hash may do (`contract.reference.CAPABILITIES`).

        As long as the hub has named nobody, every card may do everything: a stop that has just
        been set up works. From the first named card on, one that is not named may do nothing that
        needs a capability.
        """
        named = self.data.capabilities
        return EVERYTHING if not named else named.get(person, frozenset())

    def campaign(self, number: int) -> Campaign | None:
        """The campaign whose cards carry this number; None for one that nobody has named."""
        return self.data.campaigns.get(number) if self.data.campaigns is not None else None

    def open_campaigns(self) -> tuple[int, ...]:
        """The numbers of the campaigns that can be given to now."""
        campaigns = self.data.campaigns or {}
        return tuple(number for number, campaign in campaigns.items() if campaign.open)

    def settings(self) -> StopSettings:
        """How this stop wants its kiosks to behave."""
        return self.data.settings

    def recalls(self) -> tuple[Recall, ...]:
        """The recalls that are open."""
        return self.data.recalls

    def papers(self) -> Papers:
        """How this stop wants its labels and receipts."""
        return self.data.papers

    def product(self, gtin: str) -> Product | None:
        """The retail code as somebody named it; ``gtin`` has 14 digits."""
        return self.data.products.get(gtin) if self.data.products is not None else None

    def skill(self, key: str) -> Skill | None:
        """A skill by its two digits."""
        return self.data.skills.get(key)

    def categories(self) -> tuple[NamedCategory, ...]:
        """The categories that can be chosen now, in the order in which they are offered."""
        return tuple(one for one in self.data.categories.values() if one.offered)

    def category_words(self, key: str) -> Words:
        """A category's name; a key that nobody has named shows as itself."""
        known = self.data.categories.get(key)
        return Words(known.zh, known.en) if known is not None else Words(key, key)


class ReferenceStore(Reference):
    """The parts that a kiosk keeps in ``directory``, which is made when something is to be kept.

    `data` is what they come to; `damaged` the parts that were found unusable at start. Called by
    the loop's thread only. What writes raises OSError when the disk refuses; nothing has changed
    then.
    """

    def __init__(self, directory: Path, kiosk: str) -> None:
        self._directory: Final = directory
        self._kiosk: Final = kiosk
        self._parts: dict[str, tuple[Entry, ...]] = {}
        self._held: dict[str, tuple[str, ...]] = {}
        self.damaged: Final[list[str]] = []
        self._load()
        super().__init__(reference_data(kiosk, self._parts))

    @property
    def held(self) -> Mapping[str, tuple[str, ...]]:
        """The digests of each part's pieces, of the parts that are in use."""
        return self._held

    def lacks(self, digests: Sequence[str]) -> list[str]:
        """Those of these pieces that are not on disk."""
        return [one for one in dict.fromkeys(digests) if self._read(one) is None]

    def keep(self, name: str, payload: bytes) -> None:
        """Keeps a piece whose SHA-256 is ``name``; it counts from the next `adopt` on.

        Raises:
            OSError: the disk refuses.
        """
        if not self._directory.exists():
            self._directory.mkdir(mode=0o700)
            sync_directory(self._directory.parent)
        write_durably(self._directory / name, payload)

    def drop(self, digests: Sequence[str]) -> None:
        """Forgets pieces that are of no use, unless a part in use has them."""
        used = {one for held in self._held.values() for one in held}
        for one in digests:
            if one not in used:
                with suppress(OSError):
                    (self._directory / one).unlink(missing_ok=True)

    def adopt(self, part: str, digests: Sequence[str]) -> None:
        """From now on ``part`` consists of these pieces, which are all on disk: one rename.

        Raises:
            MessageError: one of them is not there, damaged, or not this part's; the old part stays.
            OSError: the disk refuses; the old part stays.
        """
        entries = self._entries(part, digests)
        held = {**self._held, part: tuple(digests)}
        write_durably(self._directory / PARTS_FILE, msgspec.json.encode(held))
        gone = self._held.get(part, ())
        self._held = held
        self._parts = {**self._parts, part: entries}
        self.data = reference_data(self._kiosk, self._parts)
        self.drop(gone)

    # --- inside ----------------------------------------------------------------------------

    def _load(self) -> None:
        try:
            text = (self._directory / PARTS_FILE).read_bytes()
        except FileNotFoundError:
            return
        except OSError as error:
            log.warning("the reference data cannot be read: %s", error)
            self.damaged.append(PARTS_FILE)
            return
        try:
            held = msgspec.json.decode(text, type=dict[str, tuple[Hash, ...]])
        except (msgspec.MsgspecError, UnicodeDecodeError):
            self.damaged.append(PARTS_FILE)
            return
        for part, digests in held.items():
            if part not in PARTS:
                continue  # a later release's: fetched again when that one is back
            try:
                self._parts[part] = self._entries(part, digests)
                self._held[part] = digests
            except MessageError as error:
                log.warning("reference part %s cannot be used: %s", part, error)
                self.damaged.append(part)

    def _entries(self, part: str, digests: Sequence[str]) -> tuple[Entry, ...]:
        payloads = []
        for one in digests:
            payload = self._read(one)
            if payload is None:
                raise MessageError(f"piece {one[:12]} is missing or damaged")
            payloads.append(payload)
        return read_part(part, payloads)

    def _read(self, name: str) -> bytes | None:
        """The piece's bytes, when they are there and what their name says."""
        try:
            with (self._directory / name).open("rb") as file:
                payload = file.read(MAX_MESSAGE_BYTES + 1)
        except OSError:
            return None
        return payload if digest(payload) == name else None
