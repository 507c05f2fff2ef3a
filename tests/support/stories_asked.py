"""What people do when nobody knows whether a label came out, and after a cut of power. A line a
scan."""

from contract.actions import Verb
from drivers.ports import Signal
from kiosk.inputs import ActionCard, Again, InputKind, Scan, StoreGoods, TakeOut, There, Unsure
from tests.support.lanes import (
    ANN,
    CLOTHES,
    FINISH,
    HELP,
    MYSTERY,
    NEVER,
    OTHER_MYSTERY,
    RICE,
    TEAM,
    TOYS,
    UNDO,
    times,
)
from tests.support.telling import (
    ASKING,
    ATTENTION,
    CARDED,
    HANDOVER,
    INTAKE,
    REFUSED,
    REST,
    SAVED,
    After,
    Asked,
    Label,
    Line,
)

SAME, GOOD, WORN = ActionCard(Verb.SAME), ActionCard(Verb.GRADE, "B"), ActionCard(Verb.GRADE, "C")
CUT = After(40_000, cut=True)
"""The power goes, and comes back."""

FIRST = Line(RICE, "session.opened received", SAVED, "received", INTAKE)
NEXT = Line(RICE, "received", SAVED, "received", INTAKE)
THANKS = Line(FINISH, "session.closed", SAVED, "thanks", REST)
UNSURE = Line(Asked(Unsure, 0), "", ATTENTION, "label-unsure", INTAKE)
GONE = Line(Asked(TakeOut, 0), "voided", SAVED, "undone", INTAKE)
STAYS = Line(Asked(TakeOut, 0), "refused", REFUSED, "label-stays", INTAKE)
ALREADY = Line(RICE, "", ATTENTION, "saved-already", INTAKE)
WHICH = Line(MYSTERY, "", ATTENTION, "which-category", ASKING)

STORIES: dict[str, tuple[Line | After, ...]] = {
    "the label of the last item did not come out and the donor keeps it": (
        FIRST,
        UNSURE,
        GONE,
        Line(UNDO, "refused", REFUSED, "nothing-to-undo", INTAKE),
        Line(SAME, "refused", REFUSED, "same-first", INTAKE),
        Line(FINISH, "session.closed", SAVED, "closed-empty", REST),
    ),
    "the label of an earlier item did not come out and the donor keeps it": (
        FIRST,
        Line(CLOTHES, "received", SAVED, "received", INTAKE),
        Line(TOYS, "received", SAVED, "received", INTAKE),
        Line(times(2), "received", SAVED, "received", INTAKE),
        UNSURE,
        GONE,
        Line(UNDO, "voided", SAVED, "undone", INTAKE),
        Line(UNDO, "voided", SAVED, "undone", INTAKE),
        Line(UNDO, "refused", REFUSED, "nothing-to-undo", INTAKE),
    ),
    "one label of three did not come out": (
        FIRST,
        Line(times(3), "received received", SAVED, "received", INTAKE),
        Line(CLOTHES, "received", SAVED, "received", INTAKE),
        UNSURE,
        GONE,
        Line(UNDO, "voided", SAVED, "undone", INTAKE),
        Line(UNDO, "voided", SAVED, "undone", INTAKE),
        Line(UNDO, "refused", REFUSED, "nothing-to-undo", INTAKE),
    ),
    "one label of three that are worn did not come out": (
        FIRST,
        Line(times(3), "received received", SAVED, "received", INTAKE),
        Line(WORN, "graded", SAVED, "graded", INTAKE),
        UNSURE,
        Line(Asked(TakeOut, 0), "voided graded", SAVED, "undone", INTAKE),
    ),
    "what was said of several in one breath is not taken apart later": (
        FIRST,
        Line(times(2), "received", SAVED, "received", INTAKE),
        Line(WORN, "graded", SAVED, "graded", INTAKE),
        Line(CLOTHES, "received", SAVED, "received", INTAKE),
        UNSURE,
        STAYS,
        Line(Asked(Again, 0), "label.reprinted", SAVED, "reprinted", INTAKE),
    ),
    "what a card said of one is taken back step by step": (
        FIRST,
        Line(GOOD, "graded", SAVED, "graded", INTAKE),
        Line(CLOTHES, "received", SAVED, "received", INTAKE),
        STAYS,
        Line(UNDO, "voided", SAVED, "undone", INTAKE),
        Line(UNDO, "voided", SAVED, "undone", INTAKE),
        GONE,
    ),
    "the session is over when the label does not come out": (
        FIRST,
        Line(GOOD, "graded", SAVED, "graded", INTAKE),
        NEXT,
        THANKS,
        Line(Asked(TakeOut, 0), "voided", SAVED, "undone", REST),
        Line(Asked(TakeOut, 0), "refused", REFUSED, "label-stays", REST),
        Line(ANN, "session.opened", SAVED, "welcome", CARDED),
        Line(Asked(TakeOut, 1), "voided", SAVED, "undone", CARDED),
    ),
    "what went out meanwhile is not taken back": (
        FIRST,
        THANKS,
        Line(ANN, "session.opened", SAVED, "welcome", CARDED),
        Line(Label(0), "item.picked", SAVED, "picked", HANDOVER),
        Line(TEAM, "sent session.closed", SAVED, "sent", REST),
        Line(Asked(TakeOut, 0), "refused", REFUSED, "label-stays", REST),
    ),
    "the label is there after all": (
        FIRST,
        UNSURE,
        Line(Asked(There, 0), "label.attached", SAVED, "label-checked", INTAKE),
    ),
    "the power goes before the light is green, and the tin is scanned again": (
        FIRST,
        CUT,
        ALREADY,
        NEXT,
        CUT,
        Line(HELP, "help.wanted", ATTENTION, "help-intake", INTAKE),
        Line(Label(0), "label.attached", SAVED, "label-checked", INTAKE),
        ALREADY,
        Line(SAME, "received", SAVED, "received", INTAKE),
        CUT,
        Line(times(3), "received received", SAVED, "received", INTAKE),
        NEXT,
        THANKS,
    ),
    "the power goes, and other goods come first": (
        FIRST,
        CUT,
        Line(CLOTHES, "received", SAVED, "received", INTAKE),
        NEXT,
        CUT,
        Line(CLOTHES, "received", SAVED, "received", INTAKE),
        CUT,
        Line(CLOTHES, "", ATTENTION, "saved-already", INTAKE),
        Line(CLOTHES, "received", SAVED, "received", INTAKE),
    ),
    "the power goes while the category is asked for": (
        WHICH,
        CUT,
        WHICH,
        Line(TOYS, "session.opened received", SAVED, "received", INTAKE),
        CUT,
        Line(TOYS, "", ATTENTION, "saved-already", INTAKE),
        Line(MYSTERY, "", ATTENTION, "which-category", ASKING),
        CUT,
        Line(OTHER_MYSTERY, "received", ATTENTION, "which-category", ASKING),
    ),
    "the power goes while a box is counted": (
        FIRST,
        Line(ActionCard(Verb.WHOLE_BOX), "", ATTENTION, "how-many-in-box", ASKING),
        CUT,
        Line(RICE, "", ATTENTION, "how-many-in-box", ASKING),
        Line(times(12), "voided box.received", SAVED, "box-received", INTAKE),
        CUT,
        ALREADY,
    ),
    "the power goes while a shop's own number waits for its category": (
        Line(StoreGoods(), "", ATTENTION, "which-category", ASKING),
        CUT,
        Line(StoreGoods(), "", ATTENTION, "which-category", ASKING),
        Line(CLOTHES, "session.opened received", SAVED, "received", INTAKE),
        CUT,
        Line(CLOTHES, "", ATTENTION, "saved-already", INTAKE),
    ),
}

EVERYWHERE: dict[InputKind, tuple[Scan, str, Signal, str]] = {
    InputKind.UNSURE: (Unsure(NEVER.code), "", ATTENTION, "label-unsure"),
    InputKind.THERE: (There(NEVER.code), "label.attached", SAVED, "label-checked"),
    InputKind.AGAIN: (Again(NEVER.code), "label.reprinted", SAVED, "reprinted"),
}
