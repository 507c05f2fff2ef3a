"""What people do at intake beyond one thing after the other: the same again, a whole box, labels
that were printed ahead, cards that say something of the goods. A line a scan."""

from contract.actions import Verb, expiry_argument
from contract.codes import Kind, serial_code
from kiosk.inputs import ActionCard, ReadyMade, Scan
from kiosk.state import Phase
from tests.support.lanes import (
    ANN,
    BLANK,
    BLANK_BOX,
    BOB,
    CLOTHES,
    FINISH,
    MYSTERY,
    RICE,
    TIMEOUT,
    TOYS,
    UNDO,
    times,
)
from tests.support.telling import (
    ASKING,
    ATTENTION,
    CARDED,
    HANDOVER,
    IDLE,
    INTAKE,
    REFUSED,
    REST,
    SAVED,
    After,
    Box,
    Label,
    Line,
)

BINDING = Phase.BINDING
SAME, WHOLE_BOX = ActionCard(Verb.SAME), ActionCard(Verb.WHOLE_BOX)
QUARANTINE, RELEASE = ActionCard(Verb.QUARANTINE), ActionCard(Verb.RELEASE)
GOOD, WORN = ActionCard(Verb.GRADE, "B"), ActionCard(Verb.GRADE, "C")
KEEPS = ActionCard(Verb.EXPIRY, expiry_argument("2030-06"))
IS_PAST = ActionCard(Verb.EXPIRY, expiry_argument("2025-09"))
OTHER_BLANK = ReadyMade(serial_code(Kind.ITEM, "ZAAA", 3))

HI_ANN = Line(ANN, "session.opened", SAVED, "welcome", CARDED)
FIRST = Line(RICE, "session.opened received", SAVED, "received", INTAKE)
NEXT = Line(RICE, "received", SAVED, "received", INTAKE)
THANKS = Line(FINISH, "session.closed", SAVED, "thanks", REST)
UNDONE = Line(UNDO, "voided", SAVED, "undone", INTAKE)
NOTHING = Line(UNDO, "refused", REFUSED, "nothing-to-undo", INTAKE)
HOW_MANY = Line(WHOLE_BOX, "", ATTENTION, "how-many-in-box", ASKING)
BOXED = "voided box.received"
BOUND = "voided received label.attached"
WAITS = Line(BLANK, "", ATTENTION, "label-waits", BINDING)
PICKED = Line(Label(0), "item.picked", SAVED, "picked", HANDOVER)

STORIES: dict[str, tuple[Line | After, ...]] = {
    "the same again, and three of the same": (
        FIRST,
        Line(SAME, "received", SAVED, "received", INTAKE),
        Line(times(3), "received received", SAVED, "received", INTAKE),
        UNDONE,
        UNDONE,
        NOTHING,
        Line(SAME, "refused", REFUSED, "same-first", INTAKE),
    ),
    "a whole box, and how many are in it": (
        FIRST,
        HOW_MANY,
        Line(times(12), BOXED, SAVED, "box-received", INTAKE),
        Line(times(2), "refused", REFUSED, "quantity-once", INTAKE),
        Line(WHOLE_BOX, "refused", REFUSED, "box-once", INTAKE),
        Line(SAME, "box.received", SAVED, "box-received", INTAKE),
        Line(Box(0), "label.attached", SAVED, "label-checked", INTAKE),
        UNDONE,
        UNDONE,
        NOTHING,
        Line(WHOLE_BOX, "refused", REFUSED, "box-goods-first", INTAKE),
    ),
    "a whole box that nobody counts, until somebody does": (
        FIRST,
        HOW_MANY,
        After(15_000),
        Line(TIMEOUT, BOXED, SAVED, "box-received-uncounted", INTAKE),
        Line(times(6), "voided box.received", SAVED, "box-received", INTAKE),
        THANKS,
    ),
    "a quantity, and then it is a whole box of them": (
        FIRST,
        Line(times(3), "received received", SAVED, "received", INTAKE),
        Line(WHOLE_BOX, BOXED, SAVED, "box-received", INTAKE),
        THANKS,
    ),
    "a whole box after all is none": (
        FIRST,
        HOW_MANY,
        Line(UNDO, "noticed", SAVED, "undone", INTAKE),
        THANKS,
    ),
    "a whole box, and the next pack comes before its number": (
        FIRST,
        HOW_MANY,
        Line(RICE, "voided box.received received", SAVED, "received", INTAKE),
        HOW_MANY,
        Line(CLOTHES, "voided box.received received", SAVED, "received", INTAKE),
        HOW_MANY,
        Line(FINISH, "voided box.received session.closed", SAVED, "thanks", REST),
    ),
    "a whole box of something unknown": (
        Line(MYSTERY, "", ATTENTION, "which-category", ASKING),
        Line(WHOLE_BOX, "", ATTENTION, "which-category", ASKING),
        Line(TOYS, "", ATTENTION, "how-many-in-box", ASKING),
        Line(times(24), "session.opened box.received", SAVED, "box-received", INTAKE),
        THANKS,
    ),
    "a whole box of something unknown whose number comes first": (
        Line(MYSTERY, "", ATTENTION, "which-category", ASKING),
        Line(times(4), "", ATTENTION, "which-category", ASKING),
        Line(WHOLE_BOX, "", ATTENTION, "which-category", ASKING),
        Line(TOYS, "session.opened box.received", SAVED, "box-received", INTAKE),
    ),
    "a label printed ahead takes the place of ours": (
        FIRST,
        Line(BLANK, BOUND, SAVED, "label-bound", INTAKE),
        Line(BLANK.as_label(), "label.attached", SAVED, "label-checked", INTAKE),
        NEXT,
        Line(BLANK.as_label(), "label.attached", SAVED, "label-checked", INTAKE),
        UNDONE,
        UNDONE,
        NOTHING,
        WAITS,
    ),
    "labels printed ahead for all of a quantity, then for the next item": (
        FIRST,
        Line(times(2), "received", SAVED, "received", INTAKE),
        Line(BLANK, BOUND, SAVED, "label-bound", INTAKE),
        Line(OTHER_BLANK, BOUND, SAVED, "label-bound", INTAKE),
        Line(ReadyMade(serial_code(Kind.ITEM, "ZAAA", 4)), "", ATTENTION, "label-waits", BINDING),
        Line(RICE, "received label.attached", SAVED, "label-bound", INTAKE),
        THANKS,
    ),
    "a label printed ahead, then the goods": (
        WAITS,
        Line(RICE, "session.opened received label.attached", SAVED, "label-bound", INTAKE),
        THANKS,
    ),
    "a label printed ahead, then a category card": (
        WAITS,
        Line(OTHER_BLANK, "", ATTENTION, "label-waits", BINDING),
        Line(CLOTHES, "session.opened received label.attached", SAVED, "label-bound", INTAKE),
        THANKS,
    ),
    "a label printed ahead, then something unknown": (
        WAITS,
        Line(MYSTERY, "", ATTENTION, "which-category", ASKING),
        Line(CLOTHES, "session.opened received label.attached", SAVED, "label-bound", INTAKE),
    ),
    "something unknown, a label printed ahead, and then what it is": (
        Line(MYSTERY, "", ATTENTION, "which-category", ASKING),
        Line(BLANK, "", ATTENTION, "which-category", ASKING),
        Line(CLOTHES, "session.opened received label.attached", SAVED, "label-bound", INTAKE),
    ),
    "a box's label printed ahead, then the goods in the box": (
        HI_ANN,
        Line(BLANK_BOX, "", ATTENTION, "label-waits", BINDING),
        Line(RICE, "", ATTENTION, "how-many-in-box", ASKING),
        Line(BLANK, "refused", REFUSED, "label-of-item", ASKING),
        Line(times(12), "box.received label.attached", SAVED, "box-received", INTAKE),
        THANKS,
    ),
    "the goods, then a box's label printed ahead": (
        FIRST,
        Line(BLANK_BOX, "", ATTENTION, "how-many-in-box", ASKING),
        Line(times(12), f"{BOXED} label.attached", SAVED, "box-received", INTAKE),
        Line(BLANK_BOX.as_label(), "label.attached", SAVED, "label-checked", INTAKE),
        THANKS,
    ),
    "a whole box, then a box's label printed ahead": (
        FIRST,
        HOW_MANY,
        Line(times(12), BOXED, SAVED, "box-received", INTAKE),
        Line(BLANK_BOX, f"{BOXED} label.attached", SAVED, "label-bound", INTAKE),
        UNDONE,
    ),
    "a label that is on something is not bound again": (
        FIRST,
        Line(BLANK, BOUND, SAVED, "label-bound", INTAKE),
        Line(BLANK_BOX, "", ATTENTION, "how-many-in-box", ASKING),
        Line(FINISH, f"{BOXED} label.attached session.closed", SAVED, "thanks", REST),
        Line(OTHER_BLANK, "", ATTENTION, "label-waits", BINDING),
        Line(Label(0), "refused", REFUSED, "label-used", BINDING),
        Line(BLANK_BOX.as_label(), "refused", REFUSED, "label-used", BINDING),
    ),
    "a label that was bound in another session is not bound to the next item": (
        FIRST,
        Line(BLANK, BOUND, SAVED, "label-bound", INTAKE),
        THANKS,
        FIRST,
        Line(BLANK.as_label(), "item.seen", ATTENTION, "label-used", INTAKE),
    ),
    "a label printed ahead goes back on the roll": (
        WAITS,
        Line(UNDO, "noticed", SAVED, "undone", REST),
        HI_ANN,
        WAITS,
        Line(UNDO, "noticed", SAVED, "undone", CARDED),
        NEXT,
        Line(BLANK, BOUND, SAVED, "label-bound", INTAKE),
        Line(OTHER_BLANK, "", ATTENTION, "label-waits", BINDING),
        Line(UNDO, "noticed", SAVED, "undone", INTAKE),
        THANKS,
    ),
    "a label printed ahead and nothing after it": (
        WAITS,
        After(30_000),
        Line(TIMEOUT, "", IDLE, "rest", REST),
    ),
    "a label printed ahead and finish": (WAITS, Line(FINISH, "", IDLE, "rest", REST)),
    "items, then one more label printed ahead and finish: the receipt comes": (
        FIRST,
        Line(BLANK, BOUND, SAVED, "label-bound", INTAKE),
        Line(OTHER_BLANK, "", ATTENTION, "label-waits", BINDING),
        THANKS,
    ),
    "a label printed ahead, then the card, then the goods": (
        WAITS,
        Line(ANN, "session.opened", SAVED, "welcome", BINDING),
        Line(RICE, "received label.attached", SAVED, "label-bound", INTAKE),
        THANKS,
    ),
    "a label printed ahead, and the same card twice": (
        WAITS,
        Line(ANN, "session.opened", SAVED, "welcome", BINDING),
        Line(ANN, "session.joined", SAVED, "welcome", BINDING),
    ),
    "a label printed ahead of one person, then another person's card": (
        HI_ANN,
        WAITS,
        Line(BOB, "session.closed session.opened", SAVED, "welcome", CARDED),
    ),
    "the condition and the date of what comes in": (
        FIRST,
        Line(GOOD, "graded", SAVED, "graded", INTAKE),
        Line(KEEPS, "expiry.set", SAVED, "expiry-set", INTAKE),
        Line(times(3), "received received graded expiry.set", SAVED, "received", INTAKE),
        Line(SAME, "received graded expiry.set", SAVED, "received", INTAKE),
        Line(WORN, "graded", SAVED, "graded", INTAKE),
        UNDONE,
        UNDONE,
        UNDONE,
        NOTHING,
        Line(GOOD, "refused", REFUSED, "mark-first", INTAKE),
    ),
    "what comes in is put aside, and checked": (
        FIRST,
        Line(QUARANTINE, "quarantined", SAVED, "quarantined", INTAKE),
        Line(times(2), "received quarantined", ATTENTION, "quarantined", INTAKE),
        Line(RELEASE, "released", SAVED, "released", INTAKE),
        Line(RELEASE, "refused", REFUSED, "not-quarantined", INTAKE),
        UNDONE,
        UNDONE,
        NOTHING,
    ),
    "a date that is past puts aside what came in": (
        FIRST,
        Line(IS_PAST, "expiry.set quarantined", ATTENTION, "quarantined-expired", INTAKE),
        UNDONE,
        Line(KEEPS, "expiry.set", SAVED, "expiry-set", INTAKE),
        THANKS,
    ),
    "what was put aside gets a label printed ahead, and stays aside": (
        FIRST,
        Line(times(2), "received", SAVED, "received", INTAKE),
        Line(QUARANTINE, "quarantined", SAVED, "quarantined", INTAKE),
        Line(BLANK, f"{BOUND} quarantined", SAVED, "label-bound", INTAKE),
        UNDONE,
        NOTHING,
    ),
    "two items are graded one after the other, label, card, label, card": (
        FIRST,
        NEXT,
        THANKS,
        HI_ANN,
        PICKED,
        Line(GOOD, "graded", SAVED, "graded", HANDOVER),
        Line(Label(1), "item.picked", SAVED, "picked", HANDOVER),
        Line(WORN, "graded", SAVED, "graded", HANDOVER),
        Line(KEEPS, "expiry.set", SAVED, "expiry-set", HANDOVER),
        Line(FINISH, "session.closed", SAVED, "marks-done", REST),
    ),
    "an item is put aside by card and released by card": (
        FIRST,
        THANKS,
        HI_ANN,
        PICKED,
        Line(RELEASE, "refused", REFUSED, "not-quarantined", HANDOVER),
        Line(QUARANTINE, "quarantined", SAVED, "quarantined", HANDOVER),
        Line(UNDO, "voided", SAVED, "undone", HANDOVER),
        Line(QUARANTINE, "quarantined", SAVED, "quarantined", HANDOVER),
        After(120_000),
        Line(TIMEOUT, "session.closed", SAVED, "marks-done", REST),
        Line(Label(0), "item.seen", ATTENTION, "seen-quarantined", REST),
        HI_ANN,
        Line(Label(0), "item.picked", ATTENTION, "picked-quarantined", HANDOVER),
        Line(RELEASE, "released", SAVED, "released", HANDOVER),
        Line(UNDO, "voided", SAVED, "undone", HANDOVER),
        Line(UNDO, "voided", SAVED, "undone", CARDED),
    ),
}

REACH: dict[Phase, tuple[Scan | Label, ...]] = {
    BINDING: (RICE, FINISH, BLANK),
}
