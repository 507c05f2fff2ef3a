"""What a turn of the workflow is told: gathered from journal, clock and devices for one scan.

Only what this scan can ask for is looked up, since a donor waits: of a label what it is, of a card
what its bearer has begun, of a shelf what should stand there.
"""

from collections.abc import Callable
from datetime import tzinfo

from contract.actions import Verb
from kiosk.clock import LearntClock
from kiosk.food_gate import today_of
from kiosk.inputs import (
    ActionCard,
    BoxLabel,
    Card,
    InputKind,
    ItemLabel,
    PlaceSheet,
    PlanSlip,
    ReadyMade,
    RetailCode,
    Scan,
)
from kiosk.journal import Journal
from kiosk.knowledge import KnownLabels
from kiosk.state import LaneState, Phase
from kiosk.workflow import Facts

_SHELVES = (Phase.COUNTING, Phase.SHELF)
_LABELS = (ItemLabel, BoxLabel)
_THINGS = (ItemLabel, BoxLabel, ReadyMade)
_CLOSERS = (InputKind.PLACE, InputKind.FINISH, InputKind.CLOSE)
_BOXES = (Phase.PACKING, Phase.UNPACKING, Phase.LOOKING)


def known_label(scan: Scan, journal: Journal) -> Scan:
    """A label printed ahead that something was bound to here is that thing's own label."""
    if isinstance(scan, _LABELS) and journal.knowledge.is_blank(scan.code):
        return ReadyMade(scan.code)
    return scan


def gather(
    state: LaneState,
    scan: Scan,
    journal: Journal,
    clock: LearntClock,
    entropy: Callable[[int], bytes],
    *,
    scan_back: bool,
    zone: tzinfo,
) -> Facts:
    """The facts for this scan in this state; ``entropy`` gives so many random bytes, ``zone`` is
    the stop's.

    Raises:
        JournalError: the disk refuses to settle what was committed before.
    """
    knowledge = journal.knowledge
    random = entropy(26)
    plan = scan.code if isinstance(scan, PlanSlip) else state.plan
    place = scan.code if isinstance(scan, PlaceSheet) else None
    counted = _closed_by(scan, state)
    campaign = _campaign(scan, state)
    box = scan.code if isinstance(scan, BoxLabel) else state.box
    named = knowledge.place(scan.code) if isinstance(scan, PlaceSheet) else None
    card = scan.person if isinstance(scan, Card) else None
    worker = card if card is not None else _worker(scan, state)
    return Facts(
        now=clock.mono(),
        next=journal.next_ref,
        sessions=(random[:8].hex(), random[8:16].hex()),
        claim=random[16:],
        wall=clock.trusted_wall(),
        item=knowledge.item_facts(scan.code) if isinstance(scan, _THINGS) else None,
        plan_items=knowledge.plan_items(plan) if plan is not None else (),
        category=knowledge.category(scan.retail.gtin) if isinstance(scan, RetailCode) else None,
        event_ids=journal.event_ids,
        blocks=journal.spare_blocks(),
        place_kind=named.kind if named is not None else "shelf",
        shelf=knowledge.standing_at(place) if place is not None and state.phase in _SHELVES else (),
        open_shelf=knowledge.standing_at(counted) if counted is not None else (),
        shelves=knowledge.shelves()
        if counted is not None or (place is not None and state.phase in _SHELVES)
        else (),
        contents=knowledge.inside(box) if box is not None and state.phase in _BOXES else (),
        contents_sealed=box is not None
        and state.phase in _BOXES
        and knowledge.item_facts(box).sealed,
        known=KnownLabels(knowledge),
        work=knowledge.work(worker, clock) if worker is not None else None,
        campaign=knowledge.campaign(campaign) if campaign is not None else None,
        capabilities=knowledge.capabilities(card) if card is not None else None,
        settings=knowledge.settings(),
        scan_back=scan_back,
        today=today_of(clock.trusted_wall(), zone, not_before=journal.streams.time_before),
    )


def _closed_by(scan: Scan, state: LaneState) -> str | None:
    """The shelf whose count this scan may end."""
    shelf = state.count.shelf if state.count is not None else None
    if shelf is None or state.phase is not Phase.SHELF or scan.kind not in _CLOSERS:
        return None
    return shelf.place


def _worker(scan: Scan, state: LaneState) -> str | None:
    """Whose work this scan is about, when it is no card."""
    if scan.kind is InputKind.WORK:
        return state.person
    if scan.kind is InputKind.UNDO and state.clocked:
        return state.clocked[-1].person
    return None


def _campaign(scan: Scan, state: LaneState) -> int | None:
    """The campaign whose card was scanned, or that is given to."""
    if isinstance(scan, ActionCard) and scan.verb is Verb.CAMPAIGN:
        return int(scan.argument)
    return state.campaign
