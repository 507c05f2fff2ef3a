"""What people do at a stop, a line a scan, and what comes out: events, signal, message, phase."""

from contract.actions import ARGUMENTS, Verb
from contract.codes import Kind, serial_code
from drivers.ports import Signal
from kiosk.inputs import (
    ActionCard,
    BoxLabel,
    Foreign,
    InputKind,
    ItemLabel,
    ReadyMade,
    Scan,
    StoreGoods,
    TakeOut,
)
from kiosk.state import Phase
from kiosk.workflow.table import ROWS
from tests.support import (
    stories_asked,
    stories_boxes,
    stories_count,
    stories_food,
    stories_intake,
    stories_market,
    stories_people,
    stories_transfers,
)
from tests.support.lanes import (
    ANN,
    BLANK,
    BOB,
    CLAIM,
    CLOTHES,
    DAMAGED,
    FAMILY,
    FINISH,
    FOREIGN,
    HELP,
    MYSTERY,
    NEVER,
    NOT_HOME,
    OTHER_MYSTERY,
    OTHER_PLAN,
    PLAN,
    PREFIX,
    RICE,
    SHELF,
    STRANGER,
    TIMEOUT,
    TOYS,
    UNDO,
    World,
    times,
)
from tests.support.telling import (
    ASKING,
    ATTENTION,
    CARDED,
    HANDOVER,
    IDLE,
    INTAKE,
    OF_PLAN,
    REFUSED,
    REST,
    SAVED,
    After,
    Asked,
    Box,
    Label,
    Line,
)

OPENS = "session.opened "
HI_ANN = Line(ANN, "session.opened", SAVED, "welcome", CARDED)
RICE_FIRST = Line(RICE, "session.opened received", SAVED, "received", INTAKE)
RICE_NEXT = Line(RICE, "received", SAVED, "received", INTAKE)
ASKS = Line(MYSTERY, "", ATTENTION, "which-category", ASKING)
THANKS = Line(FINISH, "session.closed", SAVED, "thanks", REST)
TAKEN_IN = (RICE_FIRST, RICE_NEXT, THANKS)
"""Two items stand here before the story begins."""
PICKED = Line(Label(0), "item.picked", SAVED, "picked", HANDOVER)
PICKED_NEXT = Line(Label(1), "item.picked", SAVED, "picked", HANDOVER)
OUT = Line(PLAN, "out session.closed", SAVED, "out", REST)
WENT_OUT = (*TAKEN_IN, HI_ANN, PICKED, PICKED_NEXT, OUT)
PLAN_AGAIN = Line(PLAN, "session.opened plan.seen", SAVED, "plan-open", OF_PLAN)

STORIES: dict[str, tuple[Line | After, ...]] = {
    "a donor without a card brings two packs and finishes": (RICE_FIRST, RICE_NEXT, THANKS),
    "a donor without a card walks away and the receipt comes by itself": (
        RICE_FIRST,
        After(25_000),
        Line(TIMEOUT, "session.closed", SAVED, "thanks", REST),
    ),
    "a donor shows the card first": (
        HI_ANN,
        Line(RICE, "received", SAVED, "received", INTAKE),
        THANKS,
    ),
    "a donor shows the card and says what it is with a category card": (
        HI_ANN,
        Line(CLOTHES, "received", SAVED, "received", INTAKE),
        THANKS,
    ),
    "goods without a bar code need no card at all": (
        Line(CLOTHES, "session.opened received", SAVED, "received", INTAKE),
        Line(TOYS, "received", SAVED, "received", INTAKE),
        THANKS,
    ),
    "a card within ten seconds of the last item joins it": (
        RICE_FIRST,
        After(10_000),
        Line(ANN, "session.joined", SAVED, "welcome", INTAKE),
        THANKS,
    ),
    "a card after ten seconds starts a new session": (
        RICE_FIRST,
        After(10_001),
        Line(ANN, "session.closed session.opened", SAVED, "welcome", CARDED),
    ),
    "the same card again changes nothing": (
        HI_ANN,
        RICE_NEXT,
        After(30_000),
        Line(ANN, "session.joined", SAVED, "welcome", INTAKE),
    ),
    "another card ends the first one's session": (
        HI_ANN,
        RICE_NEXT,
        Line(BOB, "session.closed session.opened", SAVED, "welcome", CARDED),
    ),
    "another card right after the first ends the empty session": (
        HI_ANN,
        Line(BOB, "session.closed session.opened", SAVED, "welcome", CARDED),
    ),
    "a card and nothing after it": (
        HI_ANN,
        After(60_000),
        Line(TIMEOUT, "session.closed", IDLE, "rest", REST),
    ),
    "a card and finish": (HI_ANN, Line(FINISH, "session.closed", SAVED, "closed-empty", REST)),
    "a card and undo": (HI_ANN, Line(UNDO, "session.closed", SAVED, "closed-empty", REST)),
    "an unknown code with its category in time": (
        ASKS,
        After(14_999),
        Line(CLOTHES, "session.opened received", SAVED, "received", INTAKE),
    ),
    "goods that one shop weighed are asked for their category like unknown ones": (
        Line(StoreGoods(), "", ATTENTION, "which-category", ASKING),
        Line(TOYS, "session.opened received", SAVED, "received", INTAKE),
        Line(StoreGoods(), "", ATTENTION, "which-category", ASKING),
        Line(UNDO, "noticed", SAVED, "undone", INTAKE),
    ),
    "a pack's code that is damaged says why and changes nothing": (
        RICE_FIRST,
        Line(
            Foreign(24, "expiry-month", "C1"),
            "unrecognised",
            REFUSED,
            "retail-expiry-month",
            INTAKE,
        ),
        THANKS,
    ),
    "an unknown code without a category is to be sorted": (
        ASKS,
        After(15_000),
        Line(TIMEOUT, "session.opened received", SAVED, "to-be-sorted", INTAKE),
    ),
    "an unknown code and then a known one": (
        ASKS,
        Line(RICE, "session.opened received received", SAVED, "received", INTAKE),
    ),
    "an unknown code and then another unknown one": (
        ASKS,
        Line(OTHER_MYSTERY, "session.opened received", ATTENTION, "which-category", ASKING),
        Line(TOYS, "received", SAVED, "received", INTAKE),
    ),
    "an unknown code and then finish": (
        ASKS,
        Line(FINISH, "session.opened received session.closed", SAVED, "thanks", REST),
    ),
    "an unknown code and then the card: it still asks for the category": (
        ASKS,
        Line(ANN, "session.opened", ATTENTION, "which-category", ASKING),
        Line(TOYS, "received", SAVED, "received", INTAKE),
        THANKS,
    ),
    "an unknown code after an item and then the card": (
        RICE_FIRST,
        ASKS,
        Line(ANN, "session.joined", ATTENTION, "which-category", ASKING),
        Line(TOYS, "received", SAVED, "received", INTAKE),
    ),
    "an unknown code and the same card once more": (
        HI_ANN,
        ASKS,
        Line(ANN, "session.joined", ATTENTION, "which-category", ASKING),
        Line(TOYS, "received", SAVED, "received", INTAKE),
    ),
    "an unknown code of one person and then the card of another": (
        HI_ANN,
        ASKS,
        Line(BOB, "received session.closed session.opened", SAVED, "welcome", CARDED),
    ),
    "an unknown code taken back before anything else": (
        ASKS,
        Line(UNDO, "noticed", SAVED, "undone", REST),
    ),
    "an unknown code taken back after a card": (
        HI_ANN,
        ASKS,
        Line(UNDO, "noticed", SAVED, "undone", CARDED),
    ),
    "an unknown code taken back after an item": (
        RICE_FIRST,
        ASKS,
        Line(UNDO, "noticed", SAVED, "undone", INTAKE),
        THANKS,
    ),
    "a quantity before the category": (
        ASKS,
        Line(times(3), "", ATTENTION, "which-category", ASKING),
        Line(CLOTHES, "session.opened received received received", SAVED, "received", INTAKE),
        Line(times(2), "refused", REFUSED, "quantity-once", INTAKE),
    ),
    "a quantity before a category that never comes": (
        ASKS,
        Line(times(2), "", ATTENTION, "which-category", ASKING),
        After(15_000),
        Line(TIMEOUT, "session.opened received received", SAVED, "to-be-sorted", INTAKE),
    ),
    "a quantity twice counts once": (
        RICE_FIRST,
        Line(times(3), "received received", SAVED, "received", INTAKE),
        Line(times(3), "refused", REFUSED, "quantity-once", INTAKE),
        RICE_NEXT,
        Line(times(2), "received", SAVED, "received", INTAKE),
    ),
    "a quantity after everything was taken back": (
        RICE_FIRST,
        Line(UNDO, "voided", SAVED, "undone", INTAKE),
        Line(times(2), "refused", REFUSED, "quantity-first", INTAKE),
    ),
    "undo takes back a whole quantity, then the item before, then no more": (
        RICE_FIRST,
        RICE_NEXT,
        Line(times(24), " ".join(["received"] * 23), SAVED, "received", INTAKE),
        Line(UNDO, "voided", SAVED, "undone", INTAKE),
        Line(UNDO, "voided", SAVED, "undone", INTAKE),
        Line(UNDO, "refused", REFUSED, "nothing-to-undo", INTAKE),
        Line(FINISH, "session.closed", SAVED, "closed-empty", REST),
    ),
    "a label scanned back is on its item": (
        RICE_FIRST,
        Line(Label(0), "label.attached", SAVED, "label-checked", INTAKE),
        Line(STRANGER, "item.seen", ATTENTION, "finish-intake-first", INTAKE),
    ),
    "four scans take an item out, a plan and a family's code deliver it": (
        *WENT_OUT,
        PLAN_AGAIN,
        Line(FAMILY, "delivered session.closed", SAVED, "delivered", REST),
    ),
    "nobody was home": (
        *WENT_OUT,
        PLAN_AGAIN,
        Line(NOT_HOME, "back session.closed", SAVED, "back", REST),
    ),
    "the volunteer shows the card before the plan": (
        *WENT_OUT,
        HI_ANN,
        Line(PLAN, "plan.seen", SAVED, "plan-open", OF_PLAN),
        Line(FAMILY, "delivered session.closed", SAVED, "delivered", REST),
    ),
    "a plan that nothing was out for is recorded and looked at": (
        PLAN_AGAIN,
        Line(FAMILY, "delivered session.closed", ATTENTION, "delivered-unknown", REST),
        PLAN_AGAIN,
        Line(NOT_HOME, "back session.closed", ATTENTION, "back-unknown", REST),
    ),
    "another plan takes the first one's place": (
        PLAN_AGAIN,
        Line(OTHER_PLAN, "plan.seen", SAVED, "plan-open", OF_PLAN),
    ),
    "a plan and nothing after it": (
        PLAN_AGAIN,
        After(60_000),
        Line(TIMEOUT, "session.closed", IDLE, "rest", REST),
    ),
    "a plan and finish": (PLAN_AGAIN, Line(FINISH, "session.closed", IDLE, "rest", REST)),
    "a plan taken back": (PLAN_AGAIN, Line(UNDO, "noticed session.closed", SAVED, "undone", REST)),
    "a plan, then the next volunteer's card": (
        PLAN_AGAIN,
        Line(BOB, "session.closed session.opened", SAVED, "welcome", CARDED),
    ),
    "items go to a shelf": (
        *TAKEN_IN,
        HI_ANN,
        PICKED,
        Line(SHELF, "moved session.closed", SAVED, "moved", REST),
    ),
    "an item chosen twice is chosen once": (
        *TAKEN_IN,
        HI_ANN,
        PICKED,
        Line(Label(0), "item.seen", ATTENTION, "already-picked", HANDOVER),
        OUT,
    ),
    "an item from another stop, one never taken in, and both go out": (
        HI_ANN,
        Line(STRANGER, "item.picked", ATTENTION, "picked-foreign", HANDOVER),
        Line(NEVER, "item.picked", ATTENTION, "picked-unknown", HANDOVER),
        OUT,
    ),
    "an item that is out already": (
        *WENT_OUT,
        HI_ANN,
        Line(Label(0), "item.picked", ATTENTION, "picked-out", HANDOVER),
        Line(OTHER_PLAN, "out session.closed", SAVED, "out", REST),
    ),
    "an item that was delivered already": (
        *WENT_OUT,
        PLAN_AGAIN,
        Line(FAMILY, "delivered session.closed", SAVED, "delivered", REST),
        HI_ANN,
        Line(Label(0), "item.picked", ATTENTION, "picked-delivered", HANDOVER),
    ),
    "an item whose intake was taken back": (
        RICE_FIRST,
        Line(UNDO, "voided", SAVED, "undone", INTAKE),
        Line(ANN, "session.joined", SAVED, "welcome", INTAKE),
        Line(FINISH, "session.closed", SAVED, "closed-empty", REST),
        HI_ANN,
        Line(Label(0), "item.picked", ATTENTION, "picked-voided", HANDOVER),
    ),
    "chosen items are put back one by one": (
        *TAKEN_IN,
        HI_ANN,
        PICKED,
        PICKED_NEXT,
        Line(UNDO, "voided", SAVED, "undone", HANDOVER),
        Line(UNDO, "voided", SAVED, "undone", CARDED),
    ),
    "chosen items without a destination stay": (
        *TAKEN_IN,
        HI_ANN,
        PICKED,
        After(120_000),
        Line(TIMEOUT, "session.closed", ATTENTION, "handover-dropped", REST),
    ),
    "chosen items and finish stay": (
        *TAKEN_IN,
        HI_ANN,
        PICKED,
        Line(FINISH, "session.closed", ATTENTION, "handover-dropped", REST),
    ),
    "the next volunteer's card while items are chosen": (
        *TAKEN_IN,
        HI_ANN,
        PICKED,
        Line(BOB, "session.closed session.opened", SAVED, "welcome", CARDED),
    ),
    "a handover taken back within a minute": (
        *WENT_OUT,
        After(59_999),
        Line(UNDO, "voided", SAVED, "handover-undone", REST),
        Line(UNDO, "refused", REFUSED, "nothing-to-undo", REST),
    ),
    "a handover after a minute stays": (
        *WENT_OUT,
        After(60_000),
        Line(TIMEOUT, "", IDLE, "rest", REST),
        Line(UNDO, "refused", REFUSED, "nothing-to-undo", REST),
    ),
    "undo at rest": (Line(UNDO, "refused", REFUSED, "nothing-to-undo", REST),),
    "an item's label without a card": (
        *TAKEN_IN,
        Line(Label(0), "item.seen", ATTENTION, "seen-here", REST),
        Line(STRANGER, "item.seen", ATTENTION, "seen-foreign", REST),
        Line(NEVER, "item.seen", ATTENTION, "seen-unknown", REST),
    ),
}

STORIES |= {
    name: tuple(After(line) if isinstance(line, int) else Line(*line) for line in lines)
    for name, lines in stories_food.STORIES.items()
}

STORIES |= stories_intake.STORIES | stories_boxes.STORIES | stories_transfers.STORIES
STORIES |= stories_asked.STORIES
STORIES |= stories_market.STORIES | stories_count.STORIES | stories_people.STORIES

REACH: dict[Phase, tuple[Scan | Label, ...]] = {
    REST: (RICE, FINISH),
    CARDED: (RICE, FINISH, ANN),
    INTAKE: (RICE,),
    ASKING: (RICE, MYSTERY),
    HANDOVER: (RICE, FINISH, ANN, Label(0)),
    OF_PLAN: (RICE, FINISH, PLAN),
    **stories_intake.REACH,
    **stories_boxes.REACH,
    **stories_transfers.REACH,
    **stories_market.REACH,
    **stories_count.REACH,
    **stories_people.REACH,
}
"""Scans after which a lane is in this phase, with one item taken in before."""

EVERYWHERE: dict[InputKind, tuple[Scan, str, Signal, str]] = {
    InputKind.HELP: (HELP, "help.wanted", ATTENTION, "help-{phase}"),
    InputKind.NEW_ROLL: (ActionCard(Verb.NEW_ROLL), "roll.changed", SAVED, "new-roll"),
    InputKind.NEW_RECEIPT_ROLL: (
        ActionCard(Verb.NEW_RECEIPT_ROLL),
        "roll.changed",
        SAVED,
        "new-roll",
    ),
    **stories_asked.EVERYWHERE,
    InputKind.CLAIM: (CLAIM, "refused", REFUSED, "claim"),
    InputKind.DAMAGED: (DAMAGED, "unrecognised", REFUSED, "damaged"),
    InputKind.FOREIGN: (FOREIGN, "unrecognised", REFUSED, "foreign"),
}

_ARGUMENTS: dict[Verb, str] = {verb: some[-1] for verb, some in ARGUMENTS.items()}

ONE_OF_EACH: dict[InputKind, Scan] = {
    **{
        card.kind: card
        for card in (
            ActionCard(verb, _ARGUMENTS.get(verb, ""))
            for verb in Verb
            if verb not in (Verb.QUANTITY, Verb.CATEGORY)
        )
    },
    InputKind.READY_MADE: BLANK,
    InputKind.CARD: ANN,
    InputKind.RETAIL: RICE,
    InputKind.CATEGORY: CLOTHES,
    InputKind.QUANTITY: times(2),
    InputKind.ITEM: STRANGER,
    InputKind.BOX: BoxLabel(serial_code(Kind.BOX, PREFIX, 5)),
    InputKind.PLAN: PLAN,
    InputKind.FAMILY: FAMILY,
    InputKind.PLACE: SHELF,
    InputKind.NOT_HOME: NOT_HOME,
    InputKind.FINISH: FINISH,
    InputKind.UNDO: UNDO,
    InputKind.HELP: HELP,
    InputKind.CLAIM: CLAIM,
    InputKind.DAMAGED: DAMAGED,
    InputKind.FOREIGN: FOREIGN,
    InputKind.TIMEOUT: TIMEOUT,
    InputKind.TAKE_OUT: TakeOut(NEVER.code),
    **{kind: scan for kind, (scan, *_) in stories_asked.EVERYWHERE.items()},
}


def scanned(world: World, scan: Scan | Label | Box | Asked) -> Scan:
    """The scan, with the label of an item or box that exists by now."""
    match scan:
        case Label(n):
            return ItemLabel(world.issued()[n])
        case Box(n):
            return BoxLabel(world.boxes()[n])
        case Asked(what, n):
            return what(world.issued()[n])
        case _:
            return scan


def row_key(phase: Phase, scan: Scan) -> tuple[Phase, InputKind]:
    """The row of the table that takes this scan; a label printed ahead is an item's or box's label
    where a phase has no row for it."""
    if isinstance(scan, ReadyMade) and (phase, scan.kind) not in ROWS:
        scan = scan.as_label()
    return phase, scan.kind


def reached(phase: Phase) -> World:
    """A kiosk whose door lane is in ``phase``."""
    world = World()
    for scan in REACH[phase]:
        world.scan(scanned(world, scan))
    assert world.state().phase is phase
    return world
