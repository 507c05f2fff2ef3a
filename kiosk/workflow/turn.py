"""A turn in the making: what it may know, what it gathers, and the pieces every phase shares."""

from collections.abc import Callable, Iterable, Mapping
from typing import Final, TypeAlias

from msgspec import Struct, structs

from contract.codes import claim_text
from contract.events import (
    MAX_IDS_PER_VOID,
    Body,
    Private,
    SessionClosed,
    SessionOpened,
    Voided,
    claim_hash,
)
from drivers.ports import Signal
from kiosk.inputs import (
    InputKind,
    Scan,
)
from kiosk.state import (
    Allocator,
    Draft,
    Entry,
    EventRef,
    ItemFacts,
    LaneState,
    Message,
    Outcome,
    PaperJob,
    Phase,
    ReceiptJob,
    ReceiptLine,
)

CARDLESS_CLOSES_MS: Final = 25_000
"""A cardless intake closes this long after its last item."""
CARDED_CLOSES_MS: Final = 60_000
"""An intake with a card, or a card without anything after it, closes after this."""
HANDOVER_CLOSES_MS: Final = 120_000
"""Items chosen for a handover wait this long for their destination."""
PLAN_CLOSES_MS: Final = 60_000
"""A scanned plan waits this long for the family's token or the "not home" card."""
ASKING_MS: Final = 15_000
"""An unknown retail code waits this long for a category card."""
JOINS_MS: Final = 10_000
"""A card within this time of a cardless session's last item joins it."""
UNDO_MS: Final = 60_000
"""How long after a handover undo still takes the whole of it back."""
MAX_ENTRIES: Final = 500
"""Items in one session; the receipt of a larger one would be over four metres long."""


class Facts(Struct, frozen=True):
    """What the loop knows and the lane's state does not.

    ``now``: monotonic milliseconds; ``wall``: trusted Unix milliseconds or None; ``next``: where
    the next event will stand; ``item``: about the scanned label; ``plan_items``: what is out for
    the scanned plan as far as this kiosk knows; ``category``: of the scanned retail code, when
    somebody has named it; ``event_ids``: ids of the events that undo may take back;
    ``sessions`` (two, a turn may close and open) and ``claim`` (10 bytes): fresh random values;
    ``blocks``:
    random unused serial blocks.
    """

    now: int
    next: EventRef
    sessions: tuple[str, ...]
    claim: bytes
    wall: int | None = None
    item: ItemFacts | None = None
    plan_items: tuple[str, ...] = ()
    category: str | None = None
    event_ids: Mapping[EventRef, str] = {}
    blocks: tuple[int, ...] = ()


class Turn:
    """One turn in the making. Handlers change it; `step` freezes it into an `Outcome`."""

    def __init__(self, state: LaneState, allocator: Allocator, facts: Facts) -> None:
        self.state = state
        self.allocator = allocator
        self.facts = facts
        self.sessions = list(facts.sessions)
        self.drafts: list[Draft] = []
        self.jobs: list[PaperJob] = []
        self.cancelled: list[str] = []
        self.claim: str | None = None
        self.known: dict[str, ItemFacts] = {}
        self.signal = Signal.REFUSED
        self.message = Message("refused")

    def set(self, **changes: object) -> None:
        """Replaces fields of the lane's state."""
        self.state = structs.replace(self.state, **changes)

    def append(self, body: Body, private: Private | None = None) -> EventRef:
        """Adds an event and tells where it will stand."""
        ref = EventRef(self.facts.next.epoch, self.facts.next.seq + len(self.drafts))
        self.drafts.append(Draft(body, private or Private()))
        return ref

    def say(self, signal: Signal, key: str, **values: str | int) -> None:
        """What the lane shows when the turn is saved."""
        self.signal = signal
        self.message = Message(key, values)

    def outcome(self) -> Outcome:
        """The finished turn."""
        return Outcome(
            self.state,
            self.allocator,
            tuple(self.drafts),
            tuple(self.jobs),
            tuple(self.cancelled),
            self.claim,
            self.known,
            self.signal,
            self.message,
        )


Handler: TypeAlias = Callable[[Turn, Scan], None]


class Row(Struct, frozen=True):
    """In each of these phases this input does ``does``, and the lane is in one of ``to`` after."""

    phases: tuple[Phase, ...]
    input: InputKind
    handler: Handler
    does: str
    to: tuple[Phase, ...]


def open_session(turn: Turn, person: str | None) -> str:
    session = turn.sessions.pop(0)
    turn.set(
        session=session,
        person=person,
        entries=(),
        groups=(),
        picks=(),
        plan=None,
        pending=None,
        pending_quantity=1,
        quantity_given=False,
        last=None,
    )
    turn.append(SessionOpened(session=session), Private(person=person))
    return session


def close_session(turn: Turn, why: str) -> None:
    """Closes what is open: an intake with items ends in a receipt and a claim."""
    state = turn.state
    if state.session is None:
        turn.set(phase=Phase.REST, deadline=None)
        return
    claim = claim_text(turn.facts.claim) if state.entries else None
    turn.append(
        SessionClosed(
            session=state.session,
            why=why,
            items=len(state.entries),
            claim=claim_hash(claim) if claim else None,
        )
    )
    if claim is not None:
        turn.claim = claim
        turn.jobs.append(ReceiptJob(receipt_lines(state.entries), turn.facts.wall))
    turn.state = LaneState(last=state.last, touched=state.touched)


def receipt_lines(entries: Iterable[Entry]) -> tuple[ReceiptLine, ...]:
    by_category: dict[str, list[str]] = {}
    for entry in entries:
        by_category.setdefault(entry.category, []).append(entry.code)
    return tuple(ReceiptLine(key, tuple(codes)) for key, codes in by_category.items())


def intake_deadline(turn: Turn) -> int:
    wait = CARDED_CLOSES_MS if turn.state.person else CARDLESS_CLOSES_MS
    return turn.facts.now + wait


def current_session(state: LaneState) -> str:
    assert state.session is not None
    return state.session


def item_status(turn: Turn) -> str:
    return turn.facts.item.status if turn.facts.item is not None else "unknown"


def void_items(turn: Turn, items: Iterable[tuple[EventRef, str]]) -> None:
    """Appends the compensation of events about one item each, as many a `Voided` as it holds."""
    voided = tuple(items)
    for start in range(0, len(voided), MAX_IDS_PER_VOID):
        part = voided[start : start + MAX_IDS_PER_VOID]
        turn.append(
            Voided(
                events=tuple(turn.facts.event_ids[ref] for ref, _ in part),
                items=tuple(code for _, code in part),
            )
        )
