"""What a turn of the workflow is told: gathered from journal, clock and devices for one scan.

Only what this scan can ask for is looked up, since a donor waits: of a label what it is, of a card
what its bearer has begun, of a shelf what should stand there.
"""

from collections.abc import Callable
from datetime import tzinfo

from msgspec import structs

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
from kiosk.knowledge import Knowledge
from kiosk.state import LaneState, Phase
from kiosk.workflow import Facts
from kiosk.workflow.allowed import needed

_SHELVES = (Phase.COUNTING, Phase.SHELF)
_LABELS = (ItemLabel, BoxLabel)
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
    wall = clock.trusted_wall()
    facts = Facts(
        now=clock.mono(),
        next=journal.next_ref,
        sessions=(random[:8].hex(), random[8:16].hex()),
        claim=random[16:],
        wall=wall,
        event_ids=journal.event_ids,
        blocks=journal.spare_blocks(),
        known=knowledge.labels,
        own=knowledge.own_labels,
        history=journal.history,
        settings=knowledge.settings(),
        scan_back=scan_back,
        today=today_of(wall, zone, not_before=journal.streams.time_before),
    )
    asked = _of_scan(scan, knowledge) | _of_turn(state, scan, knowledge, clock)
    return structs.replace(facts, **asked)


def _of_scan(scan: Scan, knowledge: Knowledge) -> dict[str, object]:
    """What the scanned code itself asks for."""
    match scan:
        case RetailCode(retail):
            return {
                "category": knowledge.category(retail.gtin),
                "recalls": knowledge.recalls(retail.gtin),
            }
        case ItemLabel(code) | BoxLabel(code) | ReadyMade(code):
            return {"item": knowledge.item_facts(code)}
        case PlaceSheet(code) if (named := knowledge.place(code)) is not None:
            return {"place_kind": named.kind}
    return {}


def _of_turn(
    state: LaneState, scan: Scan, knowledge: Knowledge, clock: LearntClock
) -> dict[str, object]:
    """What the scan asks for because of what the lane is doing."""
    asked: dict[str, object] = {}
    if needed(state.phase, scan.kind) is not None:
        asked["capabilities"] = knowledge.capabilities(state.person or "")
    plan = scan.code if isinstance(scan, PlanSlip) else state.plan
    if plan is not None:
        asked["plan_items"] = knowledge.plan_items(plan)
    if state.phase in _SHELVES:
        asked |= _of_shelves(state, scan, knowledge)
    if state.phase in _BOXES:
        box = scan.code if isinstance(scan, BoxLabel) else state.box
        if box is not None:
            asked["contents"] = knowledge.inside(box)
    worker = _worker(scan, state)
    if worker is not None:
        asked["work"] = knowledge.work(worker, clock)
    campaign = _campaign(scan, state)
    if campaign is not None:
        asked["campaign"] = knowledge.campaign(campaign)
    if state.campaign is not None:
        asked["given_to"] = knowledge.campaign(state.campaign)
    return asked


def _of_shelves(state: LaneState, scan: Scan, knowledge: Knowledge) -> dict[str, object]:
    """During a stocktake: what should stand where."""
    asked: dict[str, object] = {}
    counted = _closed_by(scan, state)
    if counted is not None:
        asked["open_shelf"] = knowledge.standing_at(counted)
    if isinstance(scan, PlaceSheet):
        asked["shelf"] = knowledge.standing_at(scan.code)
    if counted is not None or isinstance(scan, PlaceSheet):
        asked["shelves"] = knowledge.shelves()
    return asked


def _closed_by(scan: Scan, state: LaneState) -> str | None:
    """The shelf whose count this scan may end."""
    shelf = state.count.shelf if state.count is not None else None
    if shelf is None or state.phase is not Phase.SHELF or scan.kind not in _CLOSERS:
        return None
    return shelf.place


def _worker(scan: Scan, state: LaneState) -> str | None:
    """Whose work this scan is about."""
    if isinstance(scan, Card):
        return scan.person
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
