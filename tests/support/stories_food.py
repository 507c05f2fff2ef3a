"""What people do with food that is past its date, a line a scan. The stop refuses such food and
wants no margin; today is `lanes.TODAY`."""

from contract.events import Retail
from drivers.ports import Signal
from kiosk.inputs import RetailCode, Scan
from kiosk.state import Phase
from tests.support.lanes import ANN, BOB, CLOTHES, FINISH, MYSTERY, RICE, TIMEOUT, UNDO, times

SAVED, REFUSED, ATTENTION = Signal.SAVED, Signal.REFUSED, Signal.ATTENTION
REST, CARDED, INTAKE, ASKING = Phase.REST, Phase.CARDED, Phase.INTAKE, Phase.ASKING

Lines = tuple[tuple[Scan, str, Signal, str, Phase] | int, ...]
"""A scan and what comes out of it, or so many milliseconds."""

GOOD = RetailCode(Retail(RICE.retail.gtin, expiry="2025-10-09"))
PAST = RetailCode(Retail(RICE.retail.gtin, expiry="2025-10-08", lot="A7"))
NO_LONGER_BEST = RetailCode(Retail(RICE.retail.gtin, best_before="2025-09-30"))
PAST_MYSTERY = RetailCode(Retail(MYSTERY.retail.gtin, expiry="2025-10-08"))

TURNED_AWAY = (PAST, "session.opened food.refused", REFUSED, "food-expired", INTAKE)
TURNED_AWAY_NEXT = (PAST, "food.refused", REFUSED, "food-expired", INTAKE)
THANKED = (FINISH, "session.closed", SAVED, "thanks", REST)

STORIES: dict[str, Lines] = {
    "food on its last good day is taken": (
        (GOOD, "session.opened received", SAVED, "received", INTAKE),
        THANKED,
    ),
    "food past its date is turned away and the next pack is taken": (
        TURNED_AWAY,
        (GOOD, "received", SAVED, "received", INTAKE),
        THANKED,
    ),
    "food past its best-before date is turned away too": (
        (NO_LONGER_BEST, "session.opened food.refused", REFUSED, "food-expired", INTAKE),
        (FINISH, "session.closed", SAVED, "closed-empty", REST),
    ),
    "only food past its date, and the donor walks away": (
        TURNED_AWAY,
        25_000,
        (TIMEOUT, "session.closed", SAVED, "closed-empty", REST),
    ),
    "a donor with a card brings food past its date": (
        (ANN, "session.opened", SAVED, "welcome", CARDED),
        TURNED_AWAY_NEXT,
        (FINISH, "session.closed", SAVED, "closed-empty", REST),
    ),
    "undo takes the refusal back, then the item before it": (
        (GOOD, "session.opened received", SAVED, "received", INTAKE),
        TURNED_AWAY_NEXT,
        TURNED_AWAY_NEXT,
        (UNDO, "voided", SAVED, "undone", INTAKE),
        (UNDO, "voided", SAVED, "undone", INTAKE),
        (UNDO, "voided", SAVED, "undone", INTAKE),
        (UNDO, "refused", REFUSED, "nothing-to-undo", INTAKE),
    ),
    "a quantity after a refusal does not multiply the item before it": (
        (GOOD, "session.opened received", SAVED, "received", INTAKE),
        TURNED_AWAY_NEXT,
        (times(3), "refused", REFUSED, "quantity-first", INTAKE),
    ),
    "unknown goods past their date are turned away once their category is said": (
        (PAST_MYSTERY, "", ATTENTION, "which-category", ASKING),
        (CLOTHES, "session.opened food.refused", REFUSED, "food-expired", INTAKE),
    ),
    "unknown goods past their date are turned away though nobody said what they are": (
        (PAST_MYSTERY, "", ATTENTION, "which-category", ASKING),
        15_000,
        (TIMEOUT, "session.opened food.refused", REFUSED, "food-expired", INTAKE),
    ),
    "unknown goods past their date and then finish: the no is heard before the thanks": (
        (GOOD, "session.opened received", SAVED, "received", INTAKE),
        (PAST_MYSTERY, "", ATTENTION, "which-category", ASKING),
        (FINISH, "food.refused", REFUSED, "food-expired", INTAKE),
        THANKED,
    ),
    "unknown goods past their date and then another pack: the no is heard, then the pack again": (
        (PAST_MYSTERY, "", ATTENTION, "which-category", ASKING),
        (GOOD, "session.opened food.refused", REFUSED, "food-expired", INTAKE),
        (GOOD, "received", SAVED, "received", INTAKE),
    ),
    "unknown goods past their date and then another person's card": (
        (ANN, "session.opened", SAVED, "welcome", CARDED),
        (PAST_MYSTERY, "", ATTENTION, "which-category", ASKING),
        (BOB, "food.refused", REFUSED, "food-expired", INTAKE),
        (BOB, "session.closed session.opened", SAVED, "welcome", CARDED),
    ),
    "unknown goods past their date are taken back before anything was said of them": (
        (PAST_MYSTERY, "", ATTENTION, "which-category", ASKING),
        (UNDO, "noticed", SAVED, "undone", REST),
    ),
}
