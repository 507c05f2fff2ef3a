"""A person's card: whose session it is from now on."""

from typing import Final

from contract.events import Private, SessionJoined
from drivers.ports import Signal
from kiosk.inputs import Card, InputKind, Scan
from kiosk.state import Phase
from kiosk.workflow.receiving import ask, settle_pending
from kiosk.workflow.turn import (
    ASKING_MS,
    CARDED_CLOSES_MS,
    JOINS_MS,
    ONE_SCAN_CLOSES_MS,
    Row,
    Turn,
    close_session,
    current_session,
    intake_deadline,
    open_session,
)


def on_card(turn: Turn, scan: Scan) -> None:
    assert isinstance(scan, Card)
    if turn.state.session is not None:
        close_session(turn, "next-person")
    open_session(turn, scan.person)
    turn.set(phase=Phase.CARDED, touched=turn.facts.now, deadline=turn.facts.now + CARDED_CLOSES_MS)
    turn.say(Signal.SAVED, "welcome")


def on_card_in_intake(turn: Turn, scan: Scan) -> None:
    """Soon after the last item of a cardless session a card joins it; later, or another
    person's, it starts a new one."""
    assert isinstance(scan, Card)
    if _joins(turn, scan.person):
        turn.set(deadline=intake_deadline(turn))
        turn.say(Signal.SAVED, "welcome")
    else:
        on_card(turn, scan)


def on_card_while_asking(turn: Turn, scan: Scan) -> None:
    """The card that comes late: the question stays open. Another person's card does not answer
    it either, so what waits is saved as it is before that person begins."""
    assert isinstance(scan, Card)
    goods = turn.state.pending
    if turn.state.session is None:
        open_session(turn, scan.person)
        turn.set(pending=goods)
    elif not _joins(turn, scan.person):
        if settle_pending(turn):
            on_card(turn, scan)
        return
    turn.set(phase=Phase.ASKING, touched=turn.facts.now, deadline=turn.facts.now + ASKING_MS)
    ask(turn)


def on_card_while_binding(turn: Turn, scan: Scan) -> None:
    """The label in hand still waits for what it is stuck on, unless somebody else begins."""
    assert isinstance(scan, Card)
    label = turn.state.label
    if turn.state.session is None:
        open_session(turn, scan.person)
    elif not _joins(turn, scan.person):
        on_card(turn, scan)
        return
    turn.set(phase=Phase.BINDING, label=label, touched=turn.facts.now)
    turn.set(deadline=turn.facts.now + ONE_SCAN_CLOSES_MS)
    turn.say(Signal.SAVED, "welcome")


def _joins(turn: Turn, person: str) -> bool:
    """Lets this person's card join the open session where it may."""
    state = turn.state
    in_time = state.person is None and turn.facts.now - state.touched <= JOINS_MS
    if state.person != person and not in_time:
        return False
    turn.append(SessionJoined(session=current_session(state)), Private(person=person))
    turn.set(person=person)
    return True


_P = Phase
_I = InputKind

ROWS: Final = (
    Row((_P.REST, _P.CARDED, _P.HANDOVER, _P.PLAN, _P.PACKING, _P.UNPACKING, _P.RECEIVING,
         _P.REPRINTING, _P.LOOKING), _I.CARD, on_card,
        "closes what was open and opens a session for this person", (_P.CARDED,)),
    Row((_P.INTAKE,), _I.CARD, on_card_in_intake,
        "within 10 s of a cardless session's last item it joins; later it starts a new one",
        (_P.INTAKE, _P.CARDED)),
    Row((_P.ASKING,), _I.CARD, on_card_while_asking,
        "it joins and the question stays; another person's saves what waits as to be sorted",
        (_P.ASKING, _P.CARDED, _P.INTAKE)),
    Row((_P.BINDING,), _I.CARD, on_card_while_binding,
        "it joins and the label still waits; another person's begins anew",
        (_P.BINDING, _P.CARDED)),
)  # fmt: skip
