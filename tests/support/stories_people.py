"""What people do who give time or a spoon of rice, or come to work, a line a scan."""

from contract.actions import Verb, campaign_argument
from kiosk.inputs import ActionCard, Scan
from kiosk.state import Phase
from tests.support.lanes import ANN, BOB, FINISH, RICE, TIMEOUT, UNDO, times
from tests.support.telling import (
    ATTENTION,
    CARDED,
    IDLE,
    REFUSED,
    REST,
    SAVED,
    After,
    Label,
    Line,
)

OFFERING, WORKING, GIVING = Phase.OFFERING, Phase.WORKING, Phase.GIVING
OFFER = ActionCard(Verb.OFFER_TIME)
COOKING = ActionCard(Verb.SKILL, "03")
SEWING = ActionCard(Verb.SKILL, "08")
WORK = ActionCard(Verb.WORK)


def campaign(number: int) -> ActionCard:
    """A campaign's card: one spoon of rice."""
    return ActionCard(Verb.CAMPAIGN, campaign_argument(number))


SPOON = campaign(1)
HI_ANN = Line(ANN, "session.opened", SAVED, "welcome", CARDED)
COOKS = Line(COOKING, "time.offered", SAVED, "time-offered", OFFERING)
THANKED = Line(FINISH, "session.closed", SAVED, "time-thanks", REST)
FIRST_SPOON = Line(SPOON, "session.opened contributed", SAVED, "spoon", GIVING)
NEXT_SPOON = Line(SPOON, "contributed", SAVED, "spoon", GIVING)
SPOONS_THANKED = Line(FINISH, "session.closed", SAVED, "spoons-thanks", REST)
COMES = Line(ANN, "session.opened work.started session.closed", SAVED, "work-started", WORKING)
GOES = Line(ANN, "session.opened work.ended session.closed", SAVED, "work-ended", WORKING)
WHO = Line(WORK, "", ATTENTION, "whose-work", WORKING)
LEAVES = Line(FINISH, "", IDLE, "rest", REST)

STORIES: dict[str, tuple[Line | After, ...]] = {
    "card, skill: half an hour of cooking": (HI_ANN, COOKS, THANKED),
    "card, “I offer my time”, two skills, one of them for two hours": (
        HI_ANN,
        Line(OFFER, "", ATTENTION, "which-skill", OFFERING),
        COOKS,
        Line(times(4), "time.offered", SAVED, "time-offered", OFFERING),
        Line(times(4), "refused", REFUSED, "quantity-once", OFFERING),
        Line(SEWING, "time.offered", SAVED, "time-offered", OFFERING),
        THANKED,
    ),
    "the card comes last": (
        Line(OFFER, "", ATTENTION, "which-skill", OFFERING),
        Line(times(2), "refused", REFUSED, "quantity-first", OFFERING),
        Line(COOKING, "", ATTENTION, "whose-offer", OFFERING),
        Line(times(2), "", ATTENTION, "whose-offer", OFFERING),
        Line(ANN, "session.opened time.offered", SAVED, "time-offered", OFFERING),
        After(60_000),
        Line(TIMEOUT, "session.closed", SAVED, "time-thanks", REST),
    ),
    "the card comes between": (
        Line(OFFER, "", ATTENTION, "which-skill", OFFERING),
        Line(ANN, "session.opened", SAVED, "welcome", OFFERING),
        Line(ANN, "session.joined", SAVED, "welcome", OFFERING),
        COOKS,
        Line(BOB, "session.closed session.opened", SAVED, "welcome", CARDED),
    ),
    "a skill and no card": (
        Line(COOKING, "", ATTENTION, "whose-offer", OFFERING),
        After(60_000),
        Line(TIMEOUT, "", ATTENTION, "offer-dropped", REST),
        Line(COOKING, "", ATTENTION, "whose-offer", OFFERING),
        Line(UNDO, "noticed", SAVED, "undone", OFFERING),
        Line(FINISH, "", IDLE, "rest", REST),
    ),
    "time offered by mistake": (
        HI_ANN,
        COOKS,
        Line(times(4), "time.offered", SAVED, "time-offered", OFFERING),
        Line(UNDO, "voided", SAVED, "undone", OFFERING),
        Line(UNDO, "noticed session.closed", SAVED, "undone", REST),
        Line(OFFER, "", ATTENTION, "which-skill", OFFERING),
        After(60_000),
        Line(TIMEOUT, "", IDLE, "rest", REST),
        HI_ANN,
        Line(OFFER, "", ATTENTION, "which-skill", OFFERING),
        Line(FINISH, "session.closed", SAVED, "closed-empty", REST),
    ),
    "somebody comes to work and goes home": (
        WHO,
        COMES,
        LEAVES,
        After(3_600_000),
        WHO,
        GOES,
        After(60_000),
        Line(TIMEOUT, "", IDLE, "rest", REST),
    ),
    "two come together, with the card first": (
        HI_ANN,
        Line(WORK, "work.started session.closed", SAVED, "work-started", WORKING),
        Line(BOB, COMES.events, SAVED, "work-started", WORKING),
        Line(UNDO, "voided", SAVED, "work-undone", WORKING),
        Line(UNDO, "voided", SAVED, "work-undone", WORKING),
        Line(UNDO, "noticed", SAVED, "undone", REST),
    ),
    "who went home by mistake is still at work": (
        WHO,
        COMES,
        GOES,
        Line(UNDO, "voided", SAVED, "work-undone", WORKING),
        GOES,
        COMES,
    ),
    "who forgot to go home is closed by rule and begins anew": (
        WHO,
        COMES,
        LEAVES,
        After(720 * 60_000),
        WHO,
        Line(
            ANN,
            "session.opened work.ended work.started session.closed",
            ATTENTION,
            "work-started-again",
            WORKING,
        ),
    ),
    "three spoons of rice without a card": (FIRST_SPOON, NEXT_SPOON, NEXT_SPOON, SPOONS_THANKED),
    "a card first, many spoons, and one taken back": (
        HI_ANN,
        NEXT_SPOON,
        Line(times(12), "contributed", SAVED, "spoon", GIVING),
        NEXT_SPOON,
        Line(UNDO, "voided", SAVED, "undone", GIVING),
        SPOONS_THANKED,
    ),
    "the card comes after the spoon": (
        FIRST_SPOON,
        Line(ANN, "session.joined", SAVED, "welcome", GIVING),
        After(60_000),
        Line(TIMEOUT, "session.closed", SAVED, "spoons-thanks", REST),
    ),
    "the next giver's card": (
        HI_ANN,
        NEXT_SPOON,
        Line(BOB, "session.closed session.opened", SAVED, "welcome", CARDED),
    ),
    "another campaign's card thanks for the first one": (
        FIRST_SPOON,
        Line(campaign(2), "session.closed session.opened contributed", SAVED, "spoon", GIVING),
    ),
    "a spoon by mistake": (
        FIRST_SPOON,
        Line(UNDO, "voided", SAVED, "undone", GIVING),
        Line(UNDO, "noticed session.closed", SAVED, "undone", REST),
    ),
}

REACH: dict[Phase, tuple[Scan | Label, ...]] = {
    OFFERING: (RICE, FINISH, ANN, COOKING),
    WORKING: (RICE, FINISH, WORK),
    GIVING: (RICE, FINISH, SPOON),
}
