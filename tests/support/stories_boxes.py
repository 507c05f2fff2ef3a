"""What people do with boxes and labels, a line a scan."""

from contract.actions import Verb
from contract.codes import Kind, serial_code
from kiosk.inputs import ActionCard, BoxLabel, Scan
from kiosk.state import Phase
from tests.support.lanes import (
    ANN,
    BLANK_BOX,
    BOB,
    ELSEWHERE,
    FINISH,
    NEVER,
    PLAN,
    RICE,
    SHELF,
    STRANGER,
    TIMEOUT,
    UNDO,
    times,
)
from tests.support.telling import (
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

PACKING, UNPACKING = Phase.PACKING, Phase.UNPACKING
REPRINTING, LOOKING = Phase.REPRINTING, Phase.LOOKING
PACK, UNPACK, SEAL = ActionCard(Verb.PACK), ActionCard(Verb.UNPACK), ActionCard(Verb.SEAL)
REPRINT, WHERE = ActionCard(Verb.REPRINT), ActionCard(Verb.WHERE)
QUARANTINE = ActionCard(Verb.QUARANTINE)
CRATE = BoxLabel(serial_code(Kind.BOX, ELSEWHERE, 3))
"""A box of another stop."""

HI_ANN = Line(ANN, "session.opened", SAVED, "welcome", CARDED)
GIVEN = (
    Line(RICE, "session.opened received", SAVED, "received", INTAKE),
    Line(times(3), "received received", SAVED, "received", INTAKE),
    Line(FINISH, "session.closed", SAVED, "thanks", REST),
)
"""Three items stand here before the story begins."""
PACKS = Line(PACK, "session.opened", ATTENTION, "pack-which", PACKING)
PACKS_NEXT = Line(PACK, "", ATTENTION, "pack-which", PACKING)
IN_0 = Line(Label(0), "packed", SAVED, "packed", PACKING)
IN_1 = Line(Label(1), "packed", SAVED, "packed", PACKING)
SEALED = Line(SEAL, "sealed", SAVED, "sealed", PACKING)
PACKED = Line(FINISH, "session.closed", SAVED, "packing-done", REST)
A_BOX = (*GIVEN, PACKS, IN_0, IN_1)
"""A box with two items in it is open."""
UNPACKS = Line(UNPACK, "session.opened", ATTENTION, "unpack-which", UNPACKING)
OPENS = Line(Box(0), "item.seen", SAVED, "box-open", UNPACKING)
OUT_0 = Line(Label(0), "unpacked", SAVED, "unpacked", UNPACKING)
CLOSED = Line(FINISH, "session.closed", SAVED, "closed-empty", REST)

STORIES: dict[str, tuple[Line | After, ...]] = {
    "things go into a new box, which is sealed": (
        *A_BOX,
        SEALED,
        Line(SEAL, "refused", REFUSED, "box-first", PACKING),
        CLOSED,
    ),
    "a volunteer packs into a box that has a label already": (
        *GIVEN,
        HI_ANN,
        PACKS_NEXT,
        Line(BLANK_BOX, "item.seen", SAVED, "box-open", PACKING),
        IN_0,
        PACKS_NEXT,
        IN_1,
        PACKED,
    ),
    "a box stays open, and more goes in another day": (
        *A_BOX,
        PACKED,
        PACKS,
        Line(Box(0), "item.seen", SAVED, "box-open", PACKING),
        Line(Label(2), "packed", SAVED, "packed", PACKING),
        After(120_000),
        Line(TIMEOUT, "session.closed", SAVED, "packing-done", REST),
    ),
    "packing is taken back step by step": (
        *A_BOX,
        SEALED,
        Line(UNDO, "voided", SAVED, "undone", PACKING),
        Line(UNDO, "voided", SAVED, "undone", PACKING),
        Line(UNDO, "voided", SAVED, "undone", PACKING),
        Line(UNDO, "session.closed", SAVED, "closed-empty", REST),
    ),
    "a box does not go into itself, nor an item in twice": (
        *A_BOX,
        Line(Box(0), "item.seen", ATTENTION, "not-packed-itself", PACKING),
        Line(Label(0), "item.seen", ATTENTION, "not-packed-packed", PACKING),
    ),
    "a box goes into a box, but not both into each other": (
        *A_BOX,
        SEALED,
        Line(Label(2), "packed", SAVED, "packed", PACKING),
        Line(Box(0), "packed", SAVED, "packed", PACKING),
        PACKS_NEXT,
        Line(Box(0), "unpacked", ATTENTION, "box-unsealed", PACKING),
        Line(Box(1), "item.seen", ATTENTION, "not-packed-itself", PACKING),
    ),
    "a sealed box is opened again to put more in": (
        *A_BOX,
        SEALED,
        Line(Box(0), "unpacked", ATTENTION, "box-unsealed", PACKING),
        Line(Label(2), "packed", SAVED, "packed", PACKING),
        SEALED,
    ),
    "what waits to be checked is not packed, what nobody knows is": (
        *GIVEN,
        HI_ANN,
        Line(Label(0), "item.picked", SAVED, "picked", HANDOVER),
        Line(QUARANTINE, "quarantined", SAVED, "quarantined", HANDOVER),
        Line(FINISH, "session.closed", SAVED, "marks-done", REST),
        PACKS,
        Line(Label(0), "item.seen", ATTENTION, "not-packed-quarantined", PACKING),
        Line(STRANGER, "packed", ATTENTION, "packed-unknown", PACKING),
        Line(NEVER, "packed", ATTENTION, "packed-unknown", PACKING),
    ),
    "what is out for a plan is packed, and the box that is out is opened": (
        *A_BOX,
        PACKED,
        HI_ANN,
        Line(Box(0), "item.picked", SAVED, "picked", HANDOVER),
        Line(Label(2), "item.picked", SAVED, "picked", HANDOVER),
        Line(PLAN, "out session.closed", SAVED, "out", REST),
        PACKS,
        Line(Box(0), "item.seen", ATTENTION, "box-elsewhere", PACKING),
        Line(Label(2), "packed", ATTENTION, "packed-gone", PACKING),
    ),
    "nothing is packed after all": (
        PACKS,
        Line(UNDO, "session.closed", SAVED, "closed-empty", REST),
        PACKS,
        CLOSED,
        PACKS,
        After(120_000),
        Line(TIMEOUT, "session.closed", IDLE, "rest", REST),
    ),
    "the next volunteer's card ends packing": (
        PACKS,
        Line(BOB, "session.closed session.opened", SAVED, "welcome", CARDED),
    ),
    "packing, then taking out, then packing": (
        PACKS,
        Line(UNPACK, "", ATTENTION, "unpack-which", UNPACKING),
        Line(UNPACK, "", ATTENTION, "unpack-which", UNPACKING),
        PACKS_NEXT,
    ),
    "one thing comes out of a box, the rest stays": (
        *A_BOX,
        SEALED,
        CLOSED,
        UNPACKS,
        Line(Box(0), "unpacked", ATTENTION, "box-unsealed", UNPACKING),
        OUT_0,
        Line(FINISH, "session.closed", SAVED, "unpacking-done", REST),
    ),
    "finish with nothing scanned takes everything out, and undo puts it back": (
        *A_BOX,
        PACKED,
        UNPACKS,
        OPENS,
        Line(FINISH, "unpacked session.closed", SAVED, "unpacked-all", REST),
        Line(UNDO, "voided", SAVED, "handover-undone", REST),
    ),
    "time alone takes nothing out": (
        *A_BOX,
        PACKED,
        UNPACKS,
        OPENS,
        After(120_000),
        Line(TIMEOUT, "session.closed", IDLE, "rest", REST),
    ),
    "taking out is taken back": (
        *A_BOX,
        PACKED,
        UNPACKS,
        OPENS,
        OUT_0,
        Line(UNDO, "voided", SAVED, "undone", UNPACKING),
        Line(UNDO, "voided", SAVED, "undone", UNPACKING),
        Line(UNDO, "session.closed", SAVED, "closed-empty", REST),
    ),
    "an item's label alone says which box it comes out of": (
        *A_BOX,
        SEALED,
        CLOSED,
        HI_ANN,
        Line(UNPACK, "", ATTENTION, "unpack-which", UNPACKING),
        Line(Label(2), "refused", REFUSED, "box-first", UNPACKING),
        OUT_0,
        Line(Label(2), "unpacked", ATTENTION, "unpacked-unlisted", UNPACKING),
        Line(BOB, "session.closed session.opened", SAVED, "welcome", CARDED),
    ),
    "a box comes out of a box, and another one is opened": (
        *A_BOX,
        SEALED,
        Line(Label(2), "packed", SAVED, "packed", PACKING),
        Line(Box(0), "packed", SAVED, "packed", PACKING),
        PACKED,
        UNPACKS,
        Line(Box(1), "item.seen", SAVED, "box-open", UNPACKING),
        Line(Box(0), "unpacked", SAVED, "unpacked", UNPACKING),
        Line(Box(0), "unpacked", ATTENTION, "box-unsealed", UNPACKING),
    ),
    "a box moves to a shelf with what is in it": (
        *A_BOX,
        SEALED,
        CLOSED,
        Line(Box(0), "item.seen", ATTENTION, "seen-here", REST),
        HI_ANN,
        Line(Box(0), "item.picked", SAVED, "picked", HANDOVER),
        Line(CRATE, "item.picked", ATTENTION, "picked-foreign", HANDOVER),
        Line(SHELF, "moved session.closed", SAVED, "moved", REST),
    ),
    "an item is taken from its box and goes out by itself": (
        *A_BOX,
        PACKED,
        HI_ANN,
        Line(Label(0), "item.picked", SAVED, "picked", HANDOVER),
        Line(PLAN, "unpacked out session.closed", SAVED, "out", REST),
        Line(UNDO, "voided", SAVED, "handover-undone", REST),
    ),
    "the label of the last item is printed again": (
        Line(RICE, "session.opened received", SAVED, "received", INTAKE),
        Line(REPRINT, "label.reprinted", SAVED, "reprinted", INTAKE),
        Line(UNDO, "voided", SAVED, "undone", INTAKE),
        Line(REPRINT, "refused", REFUSED, "reprint-nothing", INTAKE),
    ),
    "any label is printed again": (
        *A_BOX,
        Line(REPRINT, "label.reprinted", SAVED, "reprinted", PACKING),
        PACKS_NEXT,
        Line(REPRINT, "refused", REFUSED, "box-first", PACKING),
        Line(UNPACK, "", ATTENTION, "unpack-which", UNPACKING),
        Line(Box(0), "item.seen", SAVED, "box-open", UNPACKING),
        Line(REPRINT, "label.reprinted", SAVED, "reprinted", UNPACKING),
        Line(FINISH, "unpacked session.closed", SAVED, "unpacked-all", REST),
        Line(REPRINT, "", ATTENTION, "reprint-which", REPRINTING),
        Line(Label(0), "label.reprinted", SAVED, "reprinted", REST),
        HI_ANN,
        Line(REPRINT, "", ATTENTION, "reprint-which", REPRINTING),
        Line(Box(0), "label.reprinted", SAVED, "reprinted", CARDED),
        Line(REPRINT, "", ATTENTION, "reprint-which", REPRINTING),
        Line(STRANGER, "label.reprinted", ATTENTION, "reprinted-unknown", CARDED),
    ),
    "no label for what was taken back": (
        Line(RICE, "session.opened received", SAVED, "received", INTAKE),
        Line(UNDO, "voided", SAVED, "undone", INTAKE),
        CLOSED,
        Line(REPRINT, "", ATTENTION, "reprint-which", REPRINTING),
        Line(Label(0), "refused", REFUSED, "reprint-voided", REPRINTING),
    ),
    "the card for a label, and none follows": (
        Line(REPRINT, "", ATTENTION, "reprint-which", REPRINTING),
        Line(UNDO, "noticed", SAVED, "undone", REST),
        Line(REPRINT, "", ATTENTION, "reprint-which", REPRINTING),
        Line(FINISH, "", IDLE, "rest", REST),
        Line(REPRINT, "", ATTENTION, "reprint-which", REPRINTING),
        After(30_000),
        Line(TIMEOUT, "", IDLE, "rest", REST),
        Line(REPRINT, "", ATTENTION, "reprint-which", REPRINTING),
        Line(WHERE, "", ATTENTION, "where-which", LOOKING),
        Line(REPRINT, "", ATTENTION, "reprint-which", REPRINTING),
        Line(ANN, "session.opened", SAVED, "welcome", CARDED),
        Line(WHERE, "", ATTENTION, "where-which", LOOKING),
        Line(UNDO, "noticed", SAVED, "undone", CARDED),
        Line(WHERE, "", ATTENTION, "where-which", LOOKING),
        Line(FINISH, "session.closed", IDLE, "rest", REST),
        Line(WHERE, "", ATTENTION, "where-which", LOOKING),
        Line(BOB, "session.opened", SAVED, "welcome", CARDED),
        Line(WHERE, "", ATTENTION, "where-which", LOOKING),
        After(30_000),
        Line(TIMEOUT, "session.closed", IDLE, "rest", REST),
    ),
    "where is what": (
        *A_BOX,
        SEALED,
        CLOSED,
        Line(WHERE, "", ATTENTION, "where-which", LOOKING),
        Line(Label(2), "item.seen", SAVED, "where-here-at", REST),
        Line(WHERE, "", ATTENTION, "where-which", LOOKING),
        Line(Label(0), "item.seen", SAVED, "where-in-box", REST),
        Line(WHERE, "", ATTENTION, "where-which", LOOKING),
        Line(Box(0), "item.seen", SAVED, "where-box-at", REST),
        HI_ANN,
        Line(Box(0), "item.picked", SAVED, "picked", HANDOVER),
        Line(PLAN, "out session.closed", SAVED, "out", REST),
        Line(WHERE, "", ATTENTION, "where-which", LOOKING),
        Line(Label(1), "item.seen", SAVED, "where-out-plan", REST),
        Line(WHERE, "", ATTENTION, "where-which", LOOKING),
        Line(STRANGER, "item.seen", ATTENTION, "where-foreign", REST),
    ),
}

REACH: dict[Phase, tuple[Scan | Label, ...]] = {
    PACKING: (RICE, FINISH, PACK, Label(0)),
    UNPACKING: (RICE, FINISH, UNPACK, CRATE),
    REPRINTING: (RICE, FINISH, REPRINT),
    LOOKING: (RICE, FINISH, ANN, WHERE),
}
