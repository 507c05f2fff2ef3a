"""The state of one lane, and what a turn of the workflow makes of it. Values only.

A lane is one scanner with its lights, or the local page. Each has its own session, person and
phase; lanes share the allocator of item codes, the journal and the printers.
"""

import enum
from collections.abc import Callable
from typing import Annotated

from msgspec import Meta, Struct, structs

from contract.codes import BLOCK, Kind, serial_code
from contract.events import Body, Private, Retail
from drivers.ports import Signal, Words


class Phase(enum.StrEnum):
    """The rows of the workflow table."""

    REST = "rest"
    CARDED = "carded"
    INTAKE = "intake"
    ASKING = "asking"
    HANDOVER = "handover"
    PLAN = "plan"
    PACKING = "packing"
    UNPACKING = "unpacking"
    RECEIVING = "receiving"
    REPRINTING = "reprinting"
    LOOKING = "looking"
    BINDING = "binding"
    MARKET = "market"
    SELLING = "selling"
    RETURNING = "returning"
    CASHING = "cashing"
    COUNTING = "counting"
    SHELF = "shelf"
    UNLABELLED = "unlabelled"
    OFFERING = "offering"
    WORKING = "working"
    GIVING = "giving"


class EventRef(Struct, frozen=True, array_like=True):
    """An event of this journal, before and after it has a hash."""

    epoch: str
    seq: int


class Said(Struct, frozen=True, array_like=True, omit_defaults=True):
    """What a card or the food gate said of goods: the event's type and its word."""

    what: str
    value: str = ""


class Entry(Struct, frozen=True, array_like=True, omit_defaults=True):
    """One item of the session, or a whole box with ``quantity`` of it.

    ``ready_made``: its code is on a label printed ahead, ``stuck`` the event that says so.
    ``said`` is all that was said of it, ``marks`` the events that came with it and said so.
    """

    code: str
    category: str
    ref: EventRef
    retail: Retail | None = None
    attached: bool = False
    quantity: int = 1
    ready_made: bool = False
    stuck: EventRef | None = None
    said: tuple[Said, ...] = ()
    marks: tuple[EventRef, ...] = ()


class Goods(Struct, frozen=True, omit_defaults=True):
    """Goods that are coming in, as far as it was said what they are.

    ``quantity`` of single items, or with ``whole_box`` what is in the one box (0: nobody said
    yet); ``label`` is the one printed ahead that they carry; ``instead``: what the last scan
    brought, said better.
    """

    category: str | None = None
    retail: Retail | None = None
    quantity: int = 1
    whole_box: bool = False
    label: str | None = None
    instead: bool = False


class ItemFacts(Struct, frozen=True, omit_defaults=True):
    """What this kiosk's own journal knows of an item or box, from no network.

    ``status``: here, out, delivered, voided, quarantined, sold, sent, missing, disposed, unknown
    (our prefix, never issued) or foreign (another journal's prefix). ``place``, ``box`` and
    ``category`` are where and what it is as far as it was said here; ``sealed`` is of a box.
    ``aside``: it waits to be checked, where the status does not say so since it is not here.
    """

    status: str
    plan: str | None = None
    place: str | None = None
    box: str | None = None
    category: str | None = None
    sealed: bool = False
    aside: bool = False


def waits(known: ItemFacts) -> bool:
    """Whether it waits to be checked, wherever it is."""
    return known.aside or known.status == "quarantined"


def waiting(known: ItemFacts, aside: bool) -> ItemFacts:
    """The same, but that it waits to be checked or not."""
    if known.status in ("here", "quarantined"):
        status = "quarantined" if aside else "here"
        return structs.replace(known, status=status, aside=False)
    return structs.replace(known, aside=aside)


def inside_of(item: ItemFacts, box: ItemFacts) -> ItemFacts:
    """What is known of something in this box: boxes move as one, so it is where its box is, and
    only waits to be checked for itself. In a box of which nothing is known: as it was."""
    if box.status in ("unknown", "foreign", "voided"):
        return item
    there = structs.replace(item, status=box.status, plan=box.plan, place=box.place, aside=False)
    return waiting(there, waits(item) or waits(box))


def through_boxes(code: str, own: Callable[[str], ItemFacts]) -> ItemFacts:
    """What is known of something through the boxes it is in; ``own`` tells what is known of a
    label by itself. Boxes that are in each other, as two lanes may have said, end the way up."""
    chain = [own(code)]
    seen = {code}
    while (box := chain[-1].box) is not None and box not in seen:
        seen.add(box)
        chain.append(own(box))
    outer = chain.pop()
    while chain:
        outer = inside_of(chain.pop(), outer)
    return outer


class Pick(Struct, frozen=True, array_like=True):
    """One item chosen for a handover. ``before`` is what was known of it then."""

    code: str
    outcome: str
    ref: EventRef
    before: ItemFacts


class Part(Struct, frozen=True, omit_defaults=True):
    """One event that undo takes back: its items, and what was known of each before it."""

    ref: EventRef
    items: tuple[str, ...]
    before: tuple[ItemFacts, ...]


class LastAction(Struct, frozen=True, omit_defaults=True):
    """What undo takes back in one go: whole events. ``box`` is the box that was open before,
    ``said`` how many things a card said."""

    parts: tuple[Part, ...]
    box: str | None = None
    said: int = 0


class Sale(Struct, frozen=True, array_like=True, omit_defaults=True):
    """Something sold at the market, or with ``taken_back`` something that came back.

    ``price`` is in jiao; ``before`` is what was known of the item.
    """

    ref: EventRef
    price: int
    pay: str
    item: str | None = None
    before: ItemFacts | None = None
    category: str | None = None
    taken_back: bool = False


class Market(Struct, frozen=True, omit_defaults=True):
    """A market that was opened on this lane and not closed yet; it outlives the phase.

    ``sales`` are the newest, for undo and take-back; ``sold`` and ``takings`` (jiao by way to
    pay) are of all of them. ``item``, ``before``, ``category``, ``prices`` (price cards, jiao)
    and ``pay`` (None: nobody said) are of the sale in the making; while the market is being
    closed ``prices`` are what was counted in the box. ``fresh``: the newest sale is what was done
    last, and may still hear how it was paid.
    """

    market: str
    opened: EventRef
    sales: tuple[Sale, ...] = ()
    sold: int = 0
    takings: dict[str, int] = {}
    item: str | None = None
    before: ItemFacts | None = None
    category: str | None = None
    prices: tuple[int, ...] = ()
    pay: str | None = None
    fresh: bool = False


class Seen(Struct, frozen=True, array_like=True, omit_defaults=True):
    """A label that was counted on the open shelf, or printed there for something without one."""

    code: str
    ref: EventRef
    before: ItemFacts
    expected: bool = False
    printed: bool = False
    surplus: bool = False


class Shelf(Struct, frozen=True, omit_defaults=True):
    """The shelf that is being counted.

    ``expected`` is how many labels this kiosk thought stood there when it was opened; ``left``
    are those that nobody has seen yet, ``seen`` all that were seen, both as
    `kiosk.workflow.codeset` packs them. ``surplus`` is how many should not stand there, ``last``
    are the newest, for undo.
    """

    place: str
    ref: EventRef
    expected: int = 0
    left: dict[str, str] = {}
    seen: dict[str, str] = {}
    surplus: int = 0
    last: tuple[Seen, ...] = ()


class ShelfResult(Struct, frozen=True, array_like=True, omit_defaults=True):
    """How a shelf's count came out; ``codes`` are the first of what is ``missing``."""

    place: str
    seen: int
    expected: int
    missing: int = 0
    surplus: int = 0
    codes: tuple[str, ...] = ()


class ClosedShelf(Struct, frozen=True, array_like=True):
    """The shelf that was closed last, which undo opens again; ``ref`` closed it."""

    ref: EventRef
    shelf: Shelf


class Count(Struct, frozen=True, omit_defaults=True):
    """A stocktake that was begun on this lane and not closed yet; it outlives the phase."""

    count: str
    opened: EventRef
    shelf: Shelf | None = None
    closed: ClosedShelf | None = None
    results: tuple[ShelfResult, ...] = ()
    paused: bool = False


class Given(Struct, frozen=True, array_like=True):
    """Half-hours of a skill, or spoons of rice: ``key`` says of what, ``refs`` recorded it."""

    key: str
    count: int
    refs: tuple[EventRef, ...]


class Clocked(Struct, frozen=True, array_like=True):
    """Somebody (by the card's hash) came to work or went home: ``refs`` are the events of it,
    ``before`` and ``after`` the work that was begun then and that is begun since."""

    person: str
    refs: tuple[EventRef, ...]
    before: EventRef | None
    after: EventRef | None


class LaneState(Struct, frozen=True, omit_defaults=True):
    """Everything a lane remembers. Times are milliseconds of the boot's monotonic clock.

    ``groups`` holds how many entries each scan added, newest last: undo takes one group back.
    ``trail`` is the same for the modes that have no entries: what undo takes back, newest last.
    ``skill`` and ``half_hours`` are offered and wait for a card.
    ``given`` and ``clocked`` are what somebody gave, and who came or went, while the phase lasts;
    ``given_before`` is how many gifts the campaign had when they began, as the hub told.
    ``market`` and ``count`` outlive their phases: at rest the lane serves donors, and the card
    comes back to them.
    ``doubt``: until then the next goods may be what was saved last, since the kiosk was cut off
    and whoever stood there may not have seen the light.
    """

    phase: Phase = Phase.REST
    session: str | None = None
    person: str | None = None
    entries: tuple[Entry, ...] = ()
    groups: tuple[int, ...] = ()
    quantity_given: bool = False
    pending: Goods | None = None
    picks: tuple[Pick, ...] = ()
    plan: str | None = None
    last: LastAction | None = None
    trail: tuple[LastAction, ...] = ()
    box: str | None = None
    label: str | None = None
    skill: str | None = None
    half_hours: int = 1
    campaign: int | None = None
    given_before: int = 0
    given: tuple[Given, ...] = ()
    clocked: tuple[Clocked, ...] = ()
    market: Market | None = None
    count: Count | None = None
    touched: int = 0
    deadline: int | None = None
    doubt: int | None = None


class Allocator(Struct, frozen=True):
    """The next item codes: a prefix of this journal's own and the rest of a block.

    ``prefix`` None: no prefix is left and only ready-made labels can be taken.
    """

    prefix: str | None = None
    next: Annotated[int, Meta(ge=0)] = 0
    end: Annotated[int, Meta(ge=0)] = 0

    def take(
        self, count: int, spare_blocks: tuple[int, ...], kind: Kind = Kind.ITEM
    ) -> "tuple[list[str], Allocator]":
        """``count`` codes of items or boxes, which share their serials, and the allocator after.

        ``spare_blocks`` are unused block numbers to go on with when this block ends.

        Raises:
            LookupError: no prefix, or not enough blocks.
        """
        if self.prefix is None:
            raise LookupError("no prefix left")
        codes: list[str] = []
        serial, end, spares = self.next, self.end, list(spare_blocks)
        while len(codes) < count:
            if serial >= end:
                if not spares:
                    raise LookupError("no block left")
                serial = spares.pop(0) * BLOCK
                end = serial + BLOCK
            codes.append(serial_code(kind, self.prefix, serial))
            serial += 1
        return codes, Allocator(self.prefix, serial, end)


class Draft(Struct, frozen=True):
    """An event to be appended; the journal adds epoch, seq, clock and chain."""

    body: Body
    private: Private = Private()


class LabelJob(Struct, frozen=True, tag="label"):
    """Print one item's label."""

    item: str
    category: str
    copy: bool = False
    note: str = ""
    """A key of what else stands on it, such as ``quarantine`` or ``whole-box``."""
    quantity: int = 1


class ReceiptLine(Struct, frozen=True):
    """Items of one category on a receipt."""

    category: str
    items: tuple[str, ...]
    quantities: tuple[int, ...] = ()
    """How many are in each, where some are whole boxes."""


class ReceiptJob(Struct, frozen=True, tag="receipt"):
    """Print a donor's receipt. The claim's plaintext is not in here: it lives in the spool."""

    lines: tuple[ReceiptLine, ...]
    when: int | None = None


class Message(Struct, frozen=True):
    """What the lane says, by key into `kiosk.texts`; ``values`` fill its places."""

    key: str
    values: dict[str, str | int] = {}


class SlipJob(Struct, frozen=True, tag="slip", omit_defaults=True):
    """Print what was handed over or found: ``what`` is a key of `kiosk.texts.WHAT`; ``target`` a
    plan, place or box, or "" for none. ``figures`` are further lines, a key of
    `kiosk.texts.FIGURES` and a value; ``shelves`` are of a stocktake; ``about`` is a name that
    the hub gave; of ten ``boxes`` so many are full (None: nobody knows); ``note`` is a
    further sentence."""

    what: str
    target: str
    items: tuple[str, ...]
    when: int | None = None
    figures: tuple[tuple[str, int], ...] = ()
    shelves: tuple[ShelfResult, ...] = ()
    about: Words | None = None
    boxes: int | None = None
    note: Message | None = None


PaperJob = LabelJob | ReceiptJob | SlipJob


class Outcome(Struct, frozen=True):
    """What a turn came to. The loop commits ``drafts``, ``jobs``, ``state`` and ``allocator``
    at once and shows ``signal`` only after that; when the commit fails, nothing happened."""

    state: LaneState
    allocator: Allocator
    drafts: tuple[Draft, ...]
    jobs: tuple[PaperJob, ...]
    cancelled: tuple[str, ...]
    claim: str | None
    known: dict[str, ItemFacts]
    signal: Signal
    message: Message
    works: dict[str, EventRef | None] = {}
    """Whose work (by the card's hash) began with which event, or ended (None)."""
    settled: tuple[str, ...] = ()
    """Items whose label is there: nobody need be asked about it any more."""
