"""What people do in a stocktake, a line a scan."""

from contract.actions import Verb
from contract.codes import PLACE_IN, place_code
from kiosk.inputs import ActionCard, PlaceSheet, Scan
from kiosk.state import Phase
from tests.support.lanes import (
    ANN,
    CLOTHES,
    FINISH,
    NEVER,
    RICE,
    SHELF,
    STRANGER,
    TIMEOUT,
    UNDO,
    times,
)
from tests.support.stories_market import BOX
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
    Label,
    Line,
)

COUNTING, ON_SHELF, UNLABELLED = Phase.COUNTING, Phase.SHELF, Phase.UNLABELLED
COUNT = ActionCard(Verb.COUNT)
PAUSE = ActionCard(Verb.PAUSE)
CLOSE = ActionCard(Verb.CLOSE)
NO_LABEL = ActionCard(Verb.NO_LABEL)
IN = PlaceSheet(PLACE_IN)
NEXT_SHELF = PlaceSheet(place_code("SHE1F2"))

ON_THE_SHELF = (
    Line(RICE, "session.opened received", SAVED, "received", INTAKE),
    Line(times(3), "received received", SAVED, "received", INTAKE),
    Line(FINISH, "session.closed", SAVED, "thanks", REST),
    Line(ANN, "session.opened", SAVED, "welcome", CARDED),
    Line(Label(0), "item.picked", SAVED, "picked", HANDOVER),
    Line(Label(1), "item.picked", SAVED, "picked", HANDOVER),
    Line(SHELF, "moved session.closed", SAVED, "moved", REST),
)
"""Two items stand on the shelf, a third one on the intake shelf."""
BEGINS = Line(COUNT, "count.opened", SAVED, "count-opened", COUNTING)
OPENS = Line(SHELF, "shelf.opened", SAVED, "shelf-opened", ON_SHELF)
SEES = Line(Label(0), "counted", SAVED, "counted", ON_SHELF)
SEES_NEXT = Line(Label(1), "counted", SAVED, "counted", ON_SHELF)
AT_IT = (*ON_THE_SHELF, BEGINS, OPENS)
ASKS = Line(NO_LABEL, "", ATTENTION, "which-unlabelled", UNLABELLED)
LABELS = Line(CLOTHES, "found.unlabelled", SAVED, "found-labelled", ON_SHELF)

STORIES: dict[str, tuple[Line | After, ...]] = {
    "a whole stocktake, the intake shelf last": (
        *AT_IT,
        SEES,
        SEES_NEXT,
        Line(SHELF, "shelf.closed", SAVED, "shelf-closed-now-in", COUNTING),
        Line(IN, "shelf.opened", SAVED, "shelf-opened", ON_SHELF),
        Line(Label(2), "counted", SAVED, "counted", ON_SHELF),
        Line(FINISH, "shelf.closed", SAVED, "shelf-closed-all", COUNTING),
        Line(CLOSE, "count.closed", SAVED, "count-closed", REST),
    ),
    "something is missing, and the slip says so": (
        *AT_IT,
        SEES,
        Line(CLOSE, "shelf.closed count.closed", ATTENTION, "count-closed-missing", REST),
    ),
    "the next shelf's sheet closes this one": (
        *AT_IT,
        SEES,
        Line(NEXT_SHELF, "shelf.closed shelf.opened", ATTENTION, "shelf-next-missing", ON_SHELF),
        Line(FINISH, "shelf.closed", SAVED, "shelf-closed-now-in", COUNTING),
    ),
    "the intake shelf too early, and a shelf twice": (
        *ON_THE_SHELF,
        BEGINS,
        Line(IN, "shelf.opened", ATTENTION, "in-last", ON_SHELF),
        Line(IN, "shelf.closed", ATTENTION, "shelf-missing", COUNTING),
        Line(IN, "shelf.opened", ATTENTION, "shelf-again", ON_SHELF),
    ),
    "the intake shelf first where nothing is known": (
        BEGINS,
        Line(IN, "shelf.opened", ATTENTION, "in-last-unknown", ON_SHELF),
        Line(IN, "shelf.closed", SAVED, "shelf-closed", COUNTING),
    ),
    "a label that is scanned twice counts once": (
        *AT_IT,
        SEES,
        Line(Label(0), "item.seen", ATTENTION, "counted-already", ON_SHELF),
    ),
    "what stands on the wrong shelf stands here from now on": (
        *AT_IT,
        Line(Label(2), "counted", ATTENTION, "counted-elsewhere", ON_SHELF),
        SEES,
        SEES_NEXT,
        Line(SHELF, "shelf.closed", SAVED, "shelf-closed-now-in", COUNTING),
    ),
    "what is from another stop, and what was never taken in": (
        *AT_IT,
        Line(STRANGER, "counted", ATTENTION, "counted-foreign", ON_SHELF),
        Line(NEVER, "counted", ATTENTION, "counted-unknown", ON_SHELF),
        Line(BOX, "counted", ATTENTION, "counted-unknown", ON_SHELF),
    ),
    "a label or a box without a shelf": (
        BEGINS,
        Line(STRANGER, "refused", REFUSED, "shelf-first", COUNTING),
        Line(BOX, "refused", REFUSED, "shelf-first", COUNTING),
    ),
    "undo takes labels back, then the shelf, then the stocktake": (
        *AT_IT,
        SEES,
        SEES_NEXT,
        Line(UNDO, "voided", SAVED, "undone", ON_SHELF),
        Line(UNDO, "voided", SAVED, "undone", ON_SHELF),
        Line(UNDO, "voided", SAVED, "shelf-undone", COUNTING),
        Line(UNDO, "voided", SAVED, "count-undone", REST),
    ),
    "a shelf closed by mistake is opened again, once": (
        *AT_IT,
        SEES,
        Line(SHELF, "shelf.closed", ATTENTION, "shelf-missing-now-in", COUNTING),
        Line(UNDO, "voided", SAVED, "shelf-reopened", ON_SHELF),
        SEES_NEXT,
        Line(SHELF, "shelf.closed", SAVED, "shelf-closed-now-in", COUNTING),
        Line(NEXT_SHELF, "shelf.opened", SAVED, "shelf-opened", ON_SHELF),
        Line(UNDO, "voided", SAVED, "shelf-undone", COUNTING),
        Line(UNDO, "refused", REFUSED, "nothing-to-undo", COUNTING),
    ),
    "a pause in the middle of a shelf": (
        *AT_IT,
        SEES,
        Line(PAUSE, "count.paused", SAVED, "count-paused", REST),
        Line(RICE, "session.opened received", SAVED, "received", INTAKE),
        Line(FINISH, "session.closed", SAVED, "thanks", REST),
        Line(COUNT, "count.resumed", SAVED, "count-resumed-shelf", ON_SHELF),
        SEES_NEXT,
    ),
    "a pause between two shelves, by three ways": (
        BEGINS,
        Line(PAUSE, "count.paused", SAVED, "count-paused", REST),
        Line(COUNT, "count.resumed", SAVED, "count-resumed", COUNTING),
        Line(FINISH, "count.paused", SAVED, "count-paused", REST),
        Line(ANN, "session.opened", SAVED, "welcome", CARDED),
        Line(COUNT, "session.closed count.resumed", SAVED, "count-resumed", COUNTING),
        After(600_000),
        Line(TIMEOUT, "count.paused", IDLE, "count-paused", REST),
    ),
    "nobody counts for ten minutes in the middle of a shelf": (
        *AT_IT,
        After(600_000),
        Line(TIMEOUT, "count.paused", IDLE, "count-paused", REST),
        Line(COUNT, "count.resumed", SAVED, "count-resumed-shelf", ON_SHELF),
    ),
    "a stocktake in which nothing was counted": (
        BEGINS,
        Line(CLOSE, "count.closed", SAVED, "count-closed", REST),
    ),
    "something without a readable label gets a new one": (
        *AT_IT,
        ASKS,
        LABELS,
        Line(UNDO, "voided", SAVED, "undone", ON_SHELF),
    ),
    "something without a label, and nobody says what it is": (
        *AT_IT,
        ASKS,
        After(30_000),
        Line(TIMEOUT, "found.unlabelled", SAVED, "found-labelled", ON_SHELF),
        ASKS,
        Line(FINISH, "found.unlabelled", SAVED, "found-labelled", ON_SHELF),
        ASKS,
        Line(UNDO, "noticed", SAVED, "undone", ON_SHELF),
    ),
}

REACH: dict[Phase, tuple[Scan | Label, ...]] = {
    COUNTING: (RICE, FINISH, COUNT),
    ON_SHELF: (RICE, FINISH, COUNT, SHELF),
    UNLABELLED: (RICE, FINISH, COUNT, SHELF, NO_LABEL),
}
