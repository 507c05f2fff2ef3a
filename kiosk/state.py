"""The state of one lane, and what a turn of the workflow makes of it. Values only.

A lane is one scanner with its lights, or the local page. Each has its own session, person and
phase; lanes share the allocator of item codes, the journal and the printers.
"""

import enum
from typing import Annotated

from msgspec import Meta, Struct

from contract.codes import BLOCK, Kind, serial_code
from contract.events import Body, Private, Retail
from drivers.ports import Signal


class Phase(enum.StrEnum):
    """The rows of the workflow table."""

    REST = "rest"
    CARDED = "carded"
    INTAKE = "intake"
    ASKING = "asking"
    HANDOVER = "handover"
    PLAN = "plan"


class EventRef(Struct, frozen=True, array_like=True):
    """An event of this journal, before and after it has a hash."""

    epoch: str
    seq: int


class Entry(Struct, frozen=True, array_like=True, omit_defaults=True):
    """One item of the session."""

    code: str
    category: str
    ref: EventRef
    retail: Retail | None = None
    attached: bool = False


class ItemFacts(Struct, frozen=True):
    """What this kiosk's own journal knows of an item, from no network.

    ``status``: here, out, delivered, voided, unknown (our prefix, never issued) or foreign
    (another journal's prefix).
    """

    status: str
    plan: str | None = None


class Pick(Struct, frozen=True, array_like=True):
    """One item chosen for a handover. ``before`` is what was known of it then."""

    code: str
    outcome: str
    ref: EventRef
    before: ItemFacts


class Part(Struct, frozen=True):
    """One event of a handover: its items, and what was known of each before it."""

    ref: EventRef
    items: tuple[str, ...]
    before: tuple[ItemFacts, ...]


class LastAction(Struct, frozen=True):
    """What undo takes back in the phases where no session is open: whole events, for a while."""

    parts: tuple[Part, ...]


class LaneState(Struct, frozen=True, omit_defaults=True):
    """Everything a lane remembers. Times are milliseconds of the boot's monotonic clock.

    ``groups`` holds how many entries each scan added, newest last: undo takes one group back.
    """

    phase: Phase = Phase.REST
    session: str | None = None
    person: str | None = None
    entries: tuple[Entry, ...] = ()
    groups: tuple[int, ...] = ()
    quantity_given: bool = False
    pending: Retail | None = None
    pending_quantity: int = 1
    picks: tuple[Pick, ...] = ()
    plan: str | None = None
    last: LastAction | None = None
    touched: int = 0
    deadline: int | None = None


class Allocator(Struct, frozen=True):
    """The next item codes: a prefix of this journal's own and the rest of a block.

    ``prefix`` None: no prefix is left and only ready-made labels can be taken.
    """

    prefix: str | None = None
    next: Annotated[int, Meta(ge=0)] = 0
    end: Annotated[int, Meta(ge=0)] = 0

    def take(self, count: int, spare_blocks: tuple[int, ...]) -> "tuple[list[str], Allocator]":
        """``count`` codes and the allocator after them.

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
            codes.append(serial_code(Kind.ITEM, self.prefix, serial))
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


class ReceiptLine(Struct, frozen=True):
    """Items of one category on a receipt."""

    category: str
    items: tuple[str, ...]


class ReceiptJob(Struct, frozen=True, tag="receipt"):
    """Print a donor's receipt. The claim's plaintext is not in here: it lives in the spool."""

    lines: tuple[ReceiptLine, ...]
    when: int | None = None


class SlipJob(Struct, frozen=True, tag="slip"):
    """Print what was handed over: ``what`` is out, delivered, back or moved."""

    what: str
    target: str
    items: tuple[str, ...]
    when: int | None = None


PaperJob = LabelJob | ReceiptJob | SlipJob


class Message(Struct, frozen=True):
    """What the lane says, by key into `kiosk.texts`; ``values`` fill its places."""

    key: str
    values: dict[str, str | int] = {}


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
