"""What people give besides goods: half-hours of their time, spoons of rice.

Rules
-----
* Each card of a skill is half an hour, each campaign card a spoon, recorded as it is scanned; a
  quantity card says that the last one was so many. So nobody who walks away takes a gift along.
* Time is somebody's: it is recorded with a person's card, which may come first or last. Without
  one it is not recorded, and said so. A spoon needs no card, and may have one.
* “Finish”, or nothing more, ends it with a small ticket of thanks. Nothing on it says who it is.
* Undo takes the last one back, all of a quantity at once.
"""

from typing import Final

from contract.events import Contributed, Noticed, Private, SessionJoined, TimeOffered, Voided
from drivers.ports import Signal, Words
from kiosk.inputs import ActionCard, Card, InputKind, QuantityCard, Scan, Timeout
from kiosk.state import EventRef, Given, LaneState, Phase, SlipJob
from kiosk.texts.figures import clock
from kiosk.workflow import cards
from kiosk.workflow.turn import (
    Row,
    Turn,
    at_rest,
    close_session,
    current_session,
    enter,
    open_session,
    refuse,
)

MAX_GIVEN: Final = 100
"""Cards of one session."""
BOXES: Final = 10
"""On a campaign's ticket: a tenth of its target each."""
HALF_HOUR: Final = 30


def _total(state: LaneState) -> int:
    return sum(given.count for given in state.given)


def _record(turn: Turn, key: str, count: int) -> EventRef:
    """The event of so many half-hours or spoons."""
    session = current_session(turn.state)
    if turn.state.phase is Phase.GIVING:
        body = Contributed(session=session, campaign=int(key), count=count)
        return turn.append(body, Private(person=turn.state.person))
    offered = TimeOffered(session=session, skill=key, half_hours=count)
    return turn.append(offered, Private(person=turn.state.person))


def _give(turn: Turn, scan: Scan, key: str, count: int) -> None:
    if len(turn.state.given) >= MAX_GIVEN:
        refuse(turn, scan, "too-many", most=MAX_GIVEN)
        return
    given = Given(key, count, (_record(turn, key, count),))
    enter(
        turn,
        turn.state.phase,
        given=(*turn.state.given, given),
        quantity_given=count > 1,
        skill=None,
        half_hours=1,
    )
    _say(turn)


def _say(turn: Turn) -> None:
    total = _total(turn.state)
    campaign = turn.facts.campaign
    if turn.state.phase is Phase.OFFERING:
        turn.say(Signal.SAVED, "time-offered", time=clock(total * HALF_HOUR))
    elif campaign is not None and not campaign.open:
        turn.say(Signal.ATTENTION, "spoon-over", count=total)
    else:
        turn.say(Signal.SAVED, "spoon", count=total)


def on_quantity(turn: Turn, scan: Scan) -> None:
    """There are so many of the last one, or of the skill that waits for its card."""
    assert isinstance(scan, QuantityCard)
    state = turn.state
    if state.skill is not None:
        enter(turn, Phase.OFFERING, half_hours=scan.quantity)
        turn.say(Signal.ATTENTION, "whose-offer")
        return
    if state.quantity_given or not state.given:
        refuse(turn, scan, "quantity-once" if state.given else "quantity-first")
        return
    *rest, last = state.given
    ref = _record(turn, last.key, scan.quantity - last.count)
    given = (*rest, Given(last.key, scan.quantity, (*last.refs, ref)))
    enter(turn, state.phase, given=given, quantity_given=True)
    _say(turn)


def on_offer(turn: Turn, scan: Scan) -> None:
    enter(turn, Phase.OFFERING)
    turn.say(Signal.ATTENTION, "which-skill")


def on_skill(turn: Turn, scan: Scan) -> None:
    assert isinstance(scan, ActionCard)
    enter(turn, Phase.OFFERING)
    if turn.state.person is not None:
        _give(turn, scan, scan.argument, 1)
        return
    turn.set(skill=scan.argument, half_hours=1)
    turn.say(Signal.ATTENTION, "whose-offer")


def on_campaign(turn: Turn, scan: Scan) -> None:
    """One spoon. Another campaign's card thanks for the first one and begins anew."""
    assert isinstance(scan, ActionCard)
    number, person = int(scan.argument), turn.state.person
    if turn.state.campaign not in (None, number):
        _close(turn, "finished")
    if turn.state.session is None:
        open_session(turn, person)
    if turn.state.campaign is None:
        known = turn.facts.campaign
        turn.set(campaign=number, given_before=0 if known is None else known.given)
    enter(turn, Phase.GIVING)
    _give(turn, scan, str(number), 1)


def on_card(turn: Turn, scan: Scan) -> None:
    """Whose it is. The card of somebody else ends it, and begins theirs."""
    assert isinstance(scan, Card)
    state = turn.state
    if state.person not in (None, scan.person):
        _close(turn, "next-person")
        cards.on_card(turn, scan)
        return
    if state.session is None:
        open_session(turn, scan.person)
    else:
        joined = SessionJoined(session=state.session)
        turn.append(joined, Private(person=scan.person))
    enter(turn, state.phase, person=scan.person)
    turn.say(Signal.SAVED, "welcome")
    if state.skill is not None:
        _give(turn, scan, state.skill, state.half_hours)


def on_undo(turn: Turn, scan: Scan) -> None:
    """The last card was not meant; before the first one, back to rest."""
    state = turn.state
    if state.skill is not None:
        turn.append(Noticed(kind="pending-dropped"))
        enter(turn, state.phase, skill=None, half_hours=1)
        turn.say(Signal.SAVED, "undone", count=1)
    elif state.given:
        *rest, last = state.given
        ids = tuple(turn.facts.event_ids[ref] for ref in last.refs)
        turn.append(Voided(events=ids), Private(person=state.person))
        enter(turn, state.phase, given=tuple(rest), quantity_given=True)
        turn.say(Signal.SAVED, "undone", count=last.count)
    else:
        turn.append(Noticed(kind="pending-dropped"))
        _close(turn, "undone")
        turn.say(Signal.SAVED, "undone", count=1)


def on_finish(turn: Turn, scan: Scan) -> None:
    state = turn.state
    total = _total(state)
    _close(turn, "rest" if isinstance(scan, Timeout) else "finished")
    if total and state.phase is Phase.GIVING:
        turn.say(Signal.SAVED, "spoons-thanks", count=total)
    elif total:
        turn.say(Signal.SAVED, "time-thanks", time=clock(total * HALF_HOUR))
    elif state.skill is not None:
        turn.say(Signal.ATTENTION, "offer-dropped")
    elif state.session is not None and not isinstance(scan, Timeout):
        turn.say(Signal.SAVED, "closed-empty")
    else:
        turn.say(Signal.IDLE, "rest")


def _close(turn: Turn, why: str) -> None:
    """The session ends, with a ticket when something was given."""
    state = turn.state
    if state.given:
        turn.jobs.append(_ticket(turn))
    if state.session is not None:
        close_session(turn, why)
    else:
        turn.state = at_rest(state)


def _ticket(turn: Turn) -> SlipJob:
    state, wall = turn.state, turn.facts.wall
    if state.phase is Phase.OFFERING:
        hours: dict[str, int] = {}
        for given in state.given:
            hours[given.key] = hours.get(given.key, 0) + given.count
        figures = tuple((f"skill-{key}", count) for key, count in hours.items())
        return SlipJob("time-offered", "", (), wall, figures)
    campaign = turn.facts.given_to
    if campaign is None:
        return SlipJob("spoons", "", (), wall, (("spoons", _total(state)),))
    full = None
    if campaign.target:
        # The hub may have told of some of these by now: what it told when they began counts.
        full = min(BOXES, BOXES * (state.given_before + _total(state)) // campaign.target)
    about = Words(campaign.zh, campaign.en)
    figures = (("spoons", _total(state)),)
    return SlipJob("spoons", "", (), wall, figures, about=about, boxes=full)


_P = Phase
_I = InputKind
_BOTH: Final = (_P.OFFERING, _P.GIVING)

ROWS: Final = (
    Row((_P.REST, _P.CARDED), _I.OFFER_TIME, on_offer, "asks what somebody would like to do",
        (_P.OFFERING,)),
    Row((_P.REST, _P.CARDED, _P.OFFERING), _I.SKILL, on_skill,
        "half an hour of it is offered; without a card before it the card is to follow",
        (_P.OFFERING,)),
    Row((_P.REST, _P.CARDED, _P.GIVING), _I.CAMPAIGN, on_campaign,
        "a spoon of rice for this campaign", (_P.GIVING,)),
    Row(_BOTH, _I.QUANTITY, on_quantity, "there are so many of the last one", _BOTH),
    Row(_BOTH, _I.CARD, on_card,
        "whose it is; somebody else's card ends it with a ticket and begins theirs",
        (*_BOTH, _P.CARDED)),
    Row(_BOTH, _I.UNDO, on_undo,
        "the last one was not meant, all of a quantity at once; before the first, back to rest",
        (*_BOTH, _P.REST)),
    Row(_BOTH, _I.FINISH, on_finish, "a ticket of thanks; the session is closed", (_P.REST,)),
    Row(_BOTH, _I.TIMEOUT, on_finish, "as if finished; without a card no time is recorded",
        (_P.REST,)),
)  # fmt: skip
