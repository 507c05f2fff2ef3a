"""Somebody comes to work and goes home.

Rules
-----
* One card for both: whoever is not at work comes in, whoever is goes home. The lane waits a while
  for the next one, since volunteers come together; undo takes the last of them back, unless that
  person came or went at another lane since.
* Minutes are of this kiosk's monotonic clock. When the power was cut in between nobody knows them,
  and the lead adds them; a wrong number would look like a right one.
* **A forgotten card-out is closed by rule**, after `RULE_MINUTES` and with no more than these, and
  is marked as such. The loop asks `expired_work` now and then; a card that comes before it did so
  begins anew.
* Nothing on the slip says who it is.
"""

from collections.abc import Callable, Iterable
from typing import Final, NamedTuple

from contract.events import Noticed, Private, Voided, WorkEnded, WorkStarted
from drivers.ports import Signal
from kiosk.inputs import Card, InputKind, Scan
from kiosk.state import Clocked, Draft, EventRef, Phase, SlipJob
from kiosk.texts.figures import clock
from kiosk.workflow.turn import (
    Row,
    Turn,
    Work,
    at_rest,
    close_session,
    current_session,
    enter,
    id_of,
    open_session,
    refuse,
)

RULE_MINUTES: Final = 12 * 60
"""Work that is open for so long was not ended by a card: nobody works twelve hours here."""
RECENT_CARDS: Final = 10
"""Cards that undo can take back while the lane waits for the next one."""


def on_work(turn: Turn, scan: Scan) -> None:
    """With a card before it, that person comes or goes; else the card is to follow."""
    person = turn.state.person
    if person is not None:
        _come_or_go(turn, person)
        return
    enter(turn, Phase.WORKING)
    turn.say(Signal.ATTENTION, "whose-work")


def on_card(turn: Turn, scan: Scan) -> None:
    assert isinstance(scan, Card)
    _come_or_go(turn, scan.person)


def _come_or_go(turn: Turn, person: str) -> None:
    earlier, work = turn.state.clocked, turn.facts.work
    if turn.state.session is None:
        open_session(turn, person)
    refs: tuple[EventRef, ...]
    if work is None:
        refs = (_start(turn, person),)
        turn.say(Signal.SAVED, "work-started")
    elif work.is_over(RULE_MINUTES):
        refs = (_end(turn, person, work, RULE_MINUTES, "rule"), _start(turn, person))
        turn.say(Signal.ATTENTION, "work-started-again")
    else:
        refs = (_end(turn, person, work, work.minutes, "card"),)
        _slip(turn, work.minutes)
    close_session(turn, "finished")
    clocked = Clocked(person, refs, None if work is None else work.ref, turn.works[person])
    enter(turn, Phase.WORKING, clocked=(*earlier, clocked)[-RECENT_CARDS:])


def _start(turn: Turn, person: str) -> EventRef:
    session = current_session(turn.state)
    ref = turn.append(WorkStarted(session=session), Private(person=person))
    turn.works[person] = ref
    return ref


def _end(turn: Turn, person: str, work: Work, minutes: int | None, how: str) -> EventRef:
    ended = WorkEnded(
        session=current_session(turn.state),
        started=id_of(turn, work.ref),
        minutes=minutes,
        how=how,
    )
    turn.works[person] = None
    return turn.append(ended, Private(person=person))


def _slip(turn: Turn, minutes: int | None) -> None:
    figure = ("work-unknown", 0) if minutes is None else ("worked", minutes)
    turn.jobs.append(SlipJob("work", "", (), turn.facts.wall, (figure,)))
    if minutes is None:
        turn.say(Signal.ATTENTION, "work-ended-unknown")
    else:
        turn.say(Signal.SAVED, "work-ended", time=clock(minutes))


def on_undo(turn: Turn, scan: Scan) -> None:
    """The last card did not come or go; before the first one, nobody asked."""
    if not turn.state.clocked:
        turn.append(Noticed(kind="pending-dropped"))
        turn.state = at_rest(turn.state)
        turn.say(Signal.SAVED, "undone", count=1)
        return
    *rest, newest = turn.state.clocked
    begun = turn.facts.work.ref if turn.facts.work is not None else None
    if begun != newest.after:
        refuse(turn, scan, "work-went-on")
        return
    turn.append(
        Voided(events=tuple(turn.facts.event_ids[ref] for ref in newest.refs)),
        Private(person=newest.person),
    )
    turn.works[newest.person] = newest.before
    enter(turn, Phase.WORKING, clocked=tuple(rest))
    turn.say(Signal.SAVED, "work-undone")


def on_leave(turn: Turn, scan: Scan) -> None:
    turn.state = at_rest(turn.state)
    turn.say(Signal.IDLE, "rest")


class Expired(NamedTuple):
    """Work that the rule ended: events to append, and whose work is over (`Outcome.works`)."""

    drafts: tuple[Draft, ...]
    works: dict[str, EventRef | None]


def expired_work(
    works: Iterable[tuple[str, Work]], session: str, event_id: Callable[[EventRef], str | None]
) -> Expired:
    """Ends what has been open for longer than the rule allows.

    ``works`` are a card's hash and what it began; ``session`` a fresh random name; ``event_id``
    the id of a journal's event, None for one that is gone.
    """
    over = [(person, work) for person, work in works if work.is_over(RULE_MINUTES)]
    drafts = tuple(
        Draft(
            WorkEnded(
                session=session, started=event_id(work.ref), minutes=RULE_MINUTES, how="rule"
            ),
            Private(person=person),
        )
        for person, work in over
    )
    return Expired(drafts, {person: None for person, _ in over})


_P = Phase
_I = InputKind

ROWS: Final = (
    Row((_P.REST, _P.CARDED), _I.WORK, on_work,
        "with a card before it that person comes to work or goes home; else the card follows",
        (_P.WORKING,)),
    Row((_P.WORKING,), _I.CARD, on_card,
        "whoever is not at work comes in, whoever is goes home, with a slip", (_P.WORKING,)),
    Row((_P.WORKING,), _I.UNDO, on_undo,
        "the last card did not come or go; before the first one, back to rest",
        (_P.WORKING, _P.REST)),
    Row((_P.WORKING,), _I.FINISH, on_leave, "back to rest", (_P.REST,)),
    Row((_P.WORKING,), _I.TIMEOUT, on_leave, "no further card: back to rest", (_P.REST,)),
)  # fmt: skip
