"""What people do when goods leave for other places, arrive, or are gone: a line a scan."""

from contract.actions import Verb
from kiosk.inputs import ActionCard, Scan
from kiosk.state import Phase
from tests.support.lanes import (
    ANN,
    BIN,
    BLANK_BOX,
    BOB,
    FAMILY,
    FINISH,
    NEVER,
    NOT_HOME,
    OTHER_STOP,
    PLAN,
    RICE,
    SHELF,
    STRANGER,
    TEAM,
    TIMEOUT,
    UNDO,
    times,
)
from tests.support.stories_boxes import CRATE
from tests.support.telling import (
    ATTENTION,
    CARDED,
    HANDOVER,
    INTAKE,
    OF_PLAN,
    REFUSED,
    REST,
    SAVED,
    After,
    Label,
    Line,
)

RECEIVING = Phase.RECEIVING
RECEIVE, MISSING = ActionCard(Verb.RECEIVE), ActionCard(Verb.MISSING)
QUARANTINE, BROKEN = ActionCard(Verb.QUARANTINE), ActionCard(Verb.DISPOSE, "B")
HI_ANN = Line(ANN, "session.opened", SAVED, "welcome", CARDED)
GIVEN = (
    Line(RICE, "session.opened received", SAVED, "received", INTAKE),
    Line(times(3), "received received", SAVED, "received", INTAKE),
    Line(FINISH, "session.closed", SAVED, "thanks", REST),
)
"""Three items stand here before the story begins."""
PICKED = Line(Label(0), "item.picked", SAVED, "picked", HANDOVER)
PICKED_1 = Line(Label(1), "item.picked", SAVED, "picked", HANDOVER)
ASIDE = Line(QUARANTINE, "quarantined", SAVED, "quarantined", HANDOVER)
CHOSEN = (*GIVEN, HI_ANN, PICKED)
WENT_OUT = (*CHOSEN, PICKED_1, Line(PLAN, "out session.closed", SAVED, "out", REST))
PLAN_AGAIN = Line(PLAN, "session.opened plan.seen", SAVED, "plan-open", OF_PLAN)
ONLY_0 = Line(Label(0), "item.picked", SAVED, "these-only", OF_PLAN)
UNDONE = Line(UNDO, "voided", SAVED, "handover-undone", REST)
CAME = Line(RECEIVE, "session.opened", ATTENTION, "receive-what", RECEIVING)
ARRIVED = Line(STRANGER, "arrived", SAVED, "arrived", RECEIVING)
DONE = Line(FINISH, "session.closed", SAVED, "receiving-done", REST)

STORIES: dict[str, tuple[Line | After, ...]] = {
    "an item goes to a team": (
        *CHOSEN,
        Line(TEAM, "sent session.closed", SAVED, "sent", REST),
        Line(Label(0), "item.seen", ATTENTION, "seen-sent", REST),
        UNDONE,
        Line(Label(0), "item.seen", ATTENTION, "seen-here", REST),
    ),
    "items go to another stop": (
        *CHOSEN,
        PICKED_1,
        Line(OTHER_STOP, "sent session.closed", SAVED, "sent", REST),
    ),
    "an item is thrown away, with the reason": (
        *CHOSEN,
        Line(BROKEN, "disposed session.closed", SAVED, "disposed", REST),
        UNDONE,
    ),
    "an item goes to the bin, which asks for the reason": (
        *CHOSEN,
        Line(BIN, "", ATTENTION, "why-disposed", HANDOVER),
        Line(BROKEN, "disposed session.closed", SAVED, "disposed", REST),
        HI_ANN,
        Line(Label(0), "item.picked", ATTENTION, "picked-disposed", HANDOVER),
    ),
    "an item is not to be found": (
        *CHOSEN,
        Line(MISSING, "missing session.closed", SAVED, "missing", REST),
        UNDONE,
    ),
    "what waits to be checked does not leave": (
        *CHOSEN,
        ASIDE,
        Line(PLAN, "refused", REFUSED, "quarantined-stays", HANDOVER),
        Line(OTHER_STOP, "refused", REFUSED, "quarantined-stays", HANDOVER),
        PICKED_1,
        Line(PLAN, "noticed out session.closed", ATTENTION, "out-without", REST),
        Line(Label(0), "item.seen", ATTENTION, "seen-quarantined", REST),
        Line(Label(1), "item.seen", ATTENTION, "seen-out", REST),
    ),
    "what waits to be checked stays when the rest goes to a team": (
        *CHOSEN,
        ASIDE,
        PICKED_1,
        Line(TEAM, "noticed sent session.closed", ATTENTION, "sent-without", REST),
        HI_ANN,
        Line(Label(0), "item.picked", ATTENTION, "picked-quarantined", HANDOVER),
        Line(SHELF, "moved session.closed", SAVED, "moved", REST),
        Line(Label(0), "item.seen", ATTENTION, "seen-quarantined", REST),
    ),
    "the family took one of two, the other is still out": (
        *WENT_OUT,
        PLAN_AGAIN,
        ONLY_0,
        Line(FAMILY, "delivered session.closed", SAVED, "delivered-some", REST),
        PLAN_AGAIN,
        Line(NOT_HOME, "back session.closed", SAVED, "back", REST),
    ),
    "one of two comes back": (
        *WENT_OUT,
        PLAN_AGAIN,
        ONLY_0,
        Line(Label(0), "item.seen", ATTENTION, "already-picked", OF_PLAN),
        Line(NOT_HOME, "back session.closed", SAVED, "back-some", REST),
    ),
    "one of two is lost on the way": (
        *WENT_OUT,
        PLAN_AGAIN,
        ONLY_0,
        Line(MISSING, "missing session.closed", SAVED, "missing-some", REST),
        Line(Label(0), "item.seen", ATTENTION, "seen-missing", REST),
        UNDONE,
        Line(Label(0), "item.seen", ATTENTION, "seen-out", REST),
    ),
    "everything that was out is lost": (
        *WENT_OUT,
        PLAN_AGAIN,
        Line(MISSING, "missing session.closed", SAVED, "missing", REST),
        PLAN_AGAIN,
        Line(MISSING, "missing session.closed", ATTENTION, "missing-unknown", REST),
    ),
    "labels that were not out for the plan are looked at, and put back one by one": (
        *WENT_OUT,
        PLAN_AGAIN,
        Line(Label(2), "item.picked", ATTENTION, "picked-not-of-plan", OF_PLAN),
        Line(CRATE, "item.picked", ATTENTION, "picked-not-of-plan", OF_PLAN),
        Line(UNDO, "voided", SAVED, "undone", OF_PLAN),
        Line(UNDO, "voided", SAVED, "undone", OF_PLAN),
        Line(UNDO, "noticed session.closed", SAVED, "undone", REST),
    ),
    "a transfer arrives": (
        CAME,
        ARRIVED,
        Line(CRATE, "arrived", SAVED, "arrived", RECEIVING),
        Line(BLANK_BOX, "arrived", SAVED, "arrived", RECEIVING),
        Line(NEVER, "arrived", SAVED, "arrived", RECEIVING),
        Line(STRANGER, "item.seen", ATTENTION, "already-arrived", RECEIVING),
        Line(UNDO, "voided", SAVED, "undone", RECEIVING),
        DONE,
        Line(STRANGER, "item.seen", ATTENTION, "seen-here", REST),
        Line(CRATE, "item.seen", ATTENTION, "seen-here", REST),
    ),
    "a transfer arrives and the volunteer walks away": (
        HI_ANN,
        Line(RECEIVE, "", ATTENTION, "receive-what", RECEIVING),
        ARRIVED,
        After(120_000),
        Line(TIMEOUT, "session.closed", SAVED, "receiving-done", REST),
    ),
    "what was sent comes back, and what was delivered does too": (
        *CHOSEN,
        Line(OTHER_STOP, "sent session.closed", SAVED, "sent", REST),
        HI_ANN,
        PICKED_1,
        Line(PLAN, "out session.closed", SAVED, "out", REST),
        PLAN_AGAIN,
        Line(FAMILY, "delivered session.closed", SAVED, "delivered", REST),
        CAME,
        Line(Label(0), "arrived", SAVED, "arrived", RECEIVING),
        Line(Label(1), "arrived", ATTENTION, "arrived-delivered", RECEIVING),
        DONE,
    ),
    "no transfer after all": (
        CAME,
        Line(UNDO, "session.closed", SAVED, "closed-empty", REST),
        CAME,
        Line(FINISH, "session.closed", SAVED, "closed-empty", REST),
        CAME,
        Line(BOB, "session.closed session.opened", SAVED, "welcome", CARDED),
    ),
}

REACH: dict[Phase, tuple[Scan | Label, ...]] = {
    RECEIVING: (RICE, FINISH, RECEIVE, STRANGER),
}
