"""What only some cards may do once the hub has named a first one, and what everybody may."""

import pytest

from contract.actions import Verb
from contract.reference import CAPABILITIES
from kiosk.inputs import ActionCard, InputKind, Scan
from kiosk.state import Phase
from kiosk.workflow.allowed import NEEDS, NEEDS_IN_HANDOVER, needed
from kiosk.workflow.table import ROWS
from tests.support.lanes import (
    ANN,
    BOB,
    CLOTHES,
    FAMILY,
    FINISH,
    MYSTERY,
    PLAN,
    RICE,
    SHELF,
    TOYS,
    UNDO,
    World,
    times,
    types_of,
)
from tests.support.stories import ONE_OF_EACH, reached, scanned
from tests.support.telling import REFUSED, Label

WORDS = ("card-first", "not-allowed")
NEEDY = [(phase, kind) for phase, kind in ROWS if needed(phase, kind) is not None]


def stop(**can: str) -> World:
    """The hub has named Ann's card, with what it may do, and nobody else's."""
    world = World()
    world.capabilities = {ANN.person: frozenset(can.get("ann", "").split())}
    return world


@pytest.mark.parametrize(("phase", "kind"), NEEDY)
def test_who_may_not_is_told_and_nothing_happens(phase: Phase, kind: InputKind) -> None:
    world = reached(phase)
    world.capabilities = {BOB.person: frozenset(CAPABILITIES)}
    before, known = world.state(), dict(world.known)
    outcome = world.scan(ONE_OF_EACH[kind])
    asked_for = "not-allowed" if before.person is not None else "card-first"
    assert (types_of(outcome), outcome.signal) == (["refused"], REFUSED)
    assert outcome.message.key == asked_for
    assert (outcome.state, world.known, outcome.jobs) == (before, known, ())


@pytest.mark.parametrize(("phase", "kind"), NEEDY)
def test_who_may_notices_nothing_of_it(phase: Phase, kind: InputKind) -> None:
    free, named = reached(phase), reached(phase)
    word = needed(phase, kind)
    assert word is not None
    named.capabilities = {named.state().person or "": frozenset({word})}
    expected, outcome = free.scan(ONE_OF_EACH[kind]), named.scan(ONE_OF_EACH[kind])
    assert outcome == expected
    assert outcome.message.key not in WORDS


def test_who_brings_something_or_gets_something_needs_nothing() -> None:
    world = stop()
    world.scans(RICE, times(2), MYSTERY, CLOTHES, UNDO, FINISH)
    assert world.scans(BOB, TOYS, FINISH).message.key == "thanks"
    world = stop(ann="deliver")
    world.scans(RICE, FINISH, ANN)
    world.scan(scanned(world, Label(0)))
    assert world.scan(PLAN).message.key == "out"
    assert world.scans(PLAN, FAMILY).message.key == "delivered"  # the token is proof enough


def test_after_the_refusal_the_right_card_and_the_same_scan_do_it() -> None:
    world = stop(ann="sell")
    market = ActionCard(Verb.MARKET)
    assert world.scan(market).message.key == "card-first"
    assert world.scans(BOB, market).message.key == "not-allowed"
    assert world.scans(ANN, market).message.key not in WORDS
    assert world.state().phase is Phase.MARKET
    assert world.scan(market).message.key not in WORDS  # it is open here already
    world.scans(FINISH, RICE, FINISH)
    assert world.scan(market).message.key == "card-first"


@pytest.mark.parametrize("destination", [PLAN, SHELF, ActionCard(Verb.MISSING)])
def test_without_the_right_nothing_leaves(destination: Scan) -> None:
    world = stop(ann="count")
    world.scans(RICE, FINISH, ANN)
    world.scan(scanned(world, Label(0)))
    outcome = world.scan(destination)
    assert outcome.signal is REFUSED
    assert world.state().phase is Phase.HANDOVER
    assert world.item(world.issued()[0]).status == "here"


def test_every_word_is_one_that_a_hub_can_give() -> None:
    assert {*NEEDS.values(), *NEEDS_IN_HANDOVER.values()} <= set(CAPABILITIES)
