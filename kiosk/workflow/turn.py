"""A turn in the making: what it may know, what it gathers, and the pieces every phase shares."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Final, TypeAlias

from msgspec import Struct, structs

from contract.codes import Kind, claim_text
from contract.events import (
    Body,
    Event,
    Private,
    Refused,
    SessionClosed,
    SessionOpened,
    Voided,
    claim_hash,
)
from contract.reference import Campaign, Recall, StopSettings
from drivers.ports import Signal
from kiosk.food_gate import Today
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
    LastAction,
    Message,
    Outcome,
    PaperJob,
    Phase,
    ReceiptJob,
    ReceiptLine,
)
from kiosk.told import History, Telling, told_anew

CARDLESS_CLOSES_MS: Final = 25_000
"""A cardless intake closes this long after its last item."""
CARDED_CLOSES_MS: Final = 60_000
"""An intake with a card, or a card without anything after it, closes after this."""
HANDOVER_CLOSES_MS: Final = 120_000
"""Items chosen for a handover wait this long for their destination."""
PLAN_CLOSES_MS: Final = 60_000
"""A scanned plan waits this long for the family's token or the "not home" card."""
ONE_SCAN_CLOSES_MS: Final = 30_000
"""A card that wants one more scan (reprint, where is it, a ready-made label) waits this long."""
ASKING_MS: Final = 15_000
"""An unknown retail code waits this long for a category card."""
DEAL_CLOSES_MS: Final = 120_000
"""A sale in the making, or something that comes back, waits this long for its price."""
PHASE_CLOSES_MS: Final = {
    Phase.REST: CARDLESS_CLOSES_MS,
    Phase.CARDED: CARDED_CLOSES_MS,
    Phase.INTAKE: CARDLESS_CLOSES_MS,
    Phase.ASKING: ASKING_MS,
    Phase.HANDOVER: HANDOVER_CLOSES_MS,
    Phase.PLAN: PLAN_CLOSES_MS,
    Phase.REPRINTING: ONE_SCAN_CLOSES_MS,
    Phase.LOOKING: ONE_SCAN_CLOSES_MS,
    Phase.BINDING: ONE_SCAN_CLOSES_MS,
    Phase.SELLING: DEAL_CLOSES_MS,
    Phase.RETURNING: DEAL_CLOSES_MS,
    Phase.UNLABELLED: ONE_SCAN_CLOSES_MS,
}
"""How long each phase that is no mode waits for the next scan."""
MODE_OF: Final = {
    Phase.PACKING: "boxes",
    Phase.UNPACKING: "boxes",
    Phase.RECEIVING: "receive",
    Phase.MARKET: "market",
    Phase.CASHING: "market",
    Phase.COUNTING: "count",
    Phase.SHELF: "count",
    Phase.OFFERING: "time",
    Phase.WORKING: "time",
    Phase.GIVING: "campaign",
}
"""The mode that a phase belongs to, as a stop's settings name it (``idle_s``). Where something is
in the making (a sale without its price, something without a label) the phase has a time of its
own, after which it is settled and the mode goes on: a mode never ends in mid-item."""
MODE_CLOSES_MS: Final = {
    "boxes": 120_000,
    "receive": 120_000,
    "market": 900_000,
    "count": 600_000,
    "time": 60_000,
    "campaign": 60_000,
}
"""A mode falls back to rest after so long without a scan."""
JOINS_MS: Final = 10_000
"""A card within this time of a cardless session's last item joins it."""
UNDO_MS: Final = 60_000
"""How long after a handover undo still takes the whole of it back."""
TRAIL: Final = 100
"""Steps of a mode that undo can take back, one after the other."""
MAX_ENTRIES: Final = 500
"""Items in one session; the receipt of a larger one would be over four metres long."""


class Work(Struct, frozen=True):
    """Work that somebody began here and has not ended: its event, and for how long it has gone on
    in minutes, None when the power was cut in between. ``passed`` is how many minutes have gone by
    for sure, power cut or not."""

    ref: EventRef
    minutes: int | None
    passed: int = 0

    def is_over(self, minutes: int) -> bool:
        """Whether it has lasted for so many minutes at least."""
        return max(self.minutes or 0, self.passed) >= minutes


class _NothingKnown(dict[str, ItemFacts]):
    def __missing__(self, code: str) -> ItemFacts:
        return ItemFacts("unknown")


class _NoHistory:
    whole = True

    def unheard(self, code: str) -> ItemFacts:
        return ItemFacts("unknown")

    def about(self, texts: Collection[str]) -> Sequence[tuple[int, Event]]:
        return ()


NOTHING_KNOWN: Final = _NothingKnown()
NO_HISTORY: Final = _NoHistory()


class Facts(Struct, frozen=True):
    """What the loop knows and the lane's state does not.

    ``now``: monotonic milliseconds; ``wall``: trusted Unix milliseconds or None; ``next``: where
    the next event will stand; ``item``: about the scanned label; ``plan_items``: what is out for
    the scanned plan as far as this kiosk knows; ``category``: of the scanned retail code, when
    somebody has named it; ``event_ids``: ids of the events that undo may take back;
    ``sessions`` (two, a turn may close and open) and ``claim`` (10 bytes): fresh random values;
    ``blocks``:
    random unused serial blocks; ``place_kind``: of the scanned place: shelf, team, stop or
    disposal; ``shelf``: what this kiosk thinks stands at the scanned place, ``open_shelf``: at the
    one that is being counted, when this scan may close it; ``shelves``: all places where it
    thinks something stands;
    ``contents``: what it thinks is in the scanned or open box;
    ``known``: about any other label, looked up when it is asked for, ``own``: what is known of one
    without its boxes; ``history``: the events that are kept;
    ``work``: what the bearer of the scanned card, or whom the scan is about, has begun;
    ``campaign``: what the hub told of the scanned campaign, or of the one that is given to, and
    ``given_to``: of the latter;
    ``capabilities`` of whoever is at the lane, where the scan needs one, None where everybody may;
    ``scan_back``: a label counts as attached only once it is scanned, since no printer here says
    whether it printed; ``today`` as far as it is known, for the food gate; ``recalls`` that may
    meet the scanned goods; ``unsure``: nobody knows yet whether the scanned label came out of its
    printer;
    ``took_in``: the events that took the item in that is asked about, and what each was about,
    None when more has become of it than that.
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
    place_kind: str = "shelf"
    shelf: tuple[str, ...] = ()
    open_shelf: tuple[str, ...] = ()
    shelves: tuple[str, ...] = ()
    contents: tuple[str, ...] = ()
    known: Mapping[str, ItemFacts] = {}
    own: Mapping[str, ItemFacts] = NOTHING_KNOWN
    history: History = NO_HISTORY
    work: Work | None = None
    campaign: Campaign | None = None
    given_to: Campaign | None = None
    capabilities: frozenset[str] | None = None
    settings: StopSettings = StopSettings()
    scan_back: bool = False
    today: Today | None = None
    recalls: tuple[Recall, ...] = ()
    unsure: bool = False
    took_in: tuple[tuple[EventRef, tuple[str, ...]], ...] | None = None


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
        self._voided: Final[set[str]] = set()
        self._telling: Final = Telling(lambda code: facts.own[code])
        self.works: dict[str, EventRef | None] = {}
        self.settled: list[str] = []
        self.signal = Signal.REFUSED
        self.message = Message("refused")

    def set(self, **changes: object) -> None:
        """Replaces fields of the lane's state."""
        self.state = structs.replace(self.state, **changes)

    def take_codes(self, count: int, kind: Kind = Kind.ITEM) -> list[str]:
        """So many new codes. Raises LookupError when no prefix, or no block, is left."""
        codes, self.allocator = self.allocator.take(count, self.facts.blocks, kind)
        self._telling.made(codes)
        return codes

    def known(self, code: str) -> ItemFacts:
        """What is known of this label by now."""
        return self._telling.facts(code)

    def append(
        self,
        body: Body,
        private: Private | None = None,
        before: Mapping[str, ItemFacts] | None = None,
    ) -> EventRef:
        """Adds an event, with what it makes of goods, and tells where it will stand. ``before`` is
        of a `Voided`: see `kiosk.told.told_anew`."""
        if isinstance(body, Voided):
            if body.items and before is not None:
                since = [draft.body for draft in self.drafts]
                self._voided.update(body.events)
                anew = told_anew(body.items, self._voided, self.facts.history, since, before)
                for code, facts in anew.items():
                    if facts != self._telling.own(code):
                        self._telling.told[code] = facts
        else:
            self._telling.take(body)
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
            self._telling.told,
            self.signal,
            self.message,
            self.works,
            tuple(self.settled),
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
        quantity_given=False,
        trail=(),
        box=None,
        label=None,
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
    turn.state = at_rest(state, last=state.last)


def window(state: LaneState, settings: StopSettings | None = None) -> int:
    """How long the lane's phase waits for the next scan, in milliseconds. What a stop set for a
    mode holds instead of `MODE_CLOSES_MS`."""
    if state.phase is Phase.INTAKE:
        return CARDED_CLOSES_MS if state.person else CARDLESS_CLOSES_MS
    mode = MODE_OF.get(state.phase)
    if mode is None:
        return PHASE_CLOSES_MS[state.phase]
    chosen = settings.idle_s.get(mode) if settings is not None else None
    return chosen * 1000 if chosen is not None else MODE_CLOSES_MS[mode]


def at_rest(state: LaneState, last: LastAction | None = None) -> LaneState:
    """The lane when nobody is at it: what outlives a phase stays."""
    return LaneState(last=last, market=state.market, count=state.count, touched=state.touched)


def enter(turn: Turn, phase: Phase, closes_ms: int | None = None, **changes: object) -> None:
    """Goes into a mode, or stays in it a while longer: ``closes_ms`` without a scan end it, or the
    phase's `window`."""
    now = turn.facts.now
    turn.set(phase=phase, last=None, touched=now, **changes)
    waits = window(turn.state, turn.facts.settings) if closes_ms is None else closes_ms
    turn.set(deadline=now + waits)


def receipt_lines(entries: Iterable[Entry]) -> tuple[ReceiptLine, ...]:
    by_category: dict[str, list[Entry]] = {}
    for entry in entries:
        by_category.setdefault(entry.category, []).append(entry)
    return tuple(
        ReceiptLine(
            key,
            tuple(entry.code for entry in some),
            tuple(entry.quantity for entry in some) if any(e.quantity > 1 for e in some) else (),
        )
        for key, some in by_category.items()
    )


def intake_deadline(turn: Turn) -> int:
    wait = CARDED_CLOSES_MS if turn.state.person else CARDLESS_CLOSES_MS
    return turn.facts.now + wait


def current_session(state: LaneState) -> str:
    assert state.session is not None
    return state.session


def id_of(turn: Turn, ref: EventRef) -> str | None:
    """The id of an event, None once it is pruned: what is that old cannot be taken back here."""
    try:
        return turn.facts.event_ids[ref]
    except KeyError:
        return None


def refuse(turn: Turn, scan: Scan, key: str, **values: str | int) -> None:
    """Says no in these words, records that it did, and changes nothing."""
    turn.append(Refused(input=scan.kind.value, state=turn.state.phase.value))
    turn.say(Signal.REFUSED, key, **values)


def item_status(turn: Turn) -> str:
    return turn.facts.item.status if turn.facts.item is not None else "unknown"
