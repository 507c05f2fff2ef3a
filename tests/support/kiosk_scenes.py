"""What people see on a kiosk's page in every phase: real turns of the workflow, as values.

Each scene is told by the scans that lead to it, so that a picture shows what the kiosk would.
"""

from typing import Final

from contract.actions import Verb, expiry_argument, price_argument
from drivers.ports import Signal
from kiosk.inputs import ActionCard, CategoryCard, Scan
from kiosk.screen.moment import Moment
from kiosk.state import Message, Phase
from tests.support.lanes import ANN, CLOTHES, FINISH, HELP, MYSTERY, RICE, SHELF, TOYS, World, times
from tests.support.stories import REACH, scanned
from tests.support.telling import Box, Label

Told = Scan | Label | Box

_THREE: Final = (RICE, CLOTHES, TOYS, FINISH)


def _card(verb: Verb, argument: str = "") -> ActionCard:
    return ActionCard(verb, argument)


def _price(yuan: float) -> ActionCard:
    return _card(Verb.PRICE, price_argument(round(yuan * 10)))


_P = Phase

RICHER: Final[dict[Phase, tuple[Told, ...]]] = {
    _P.INTAKE: (
        ANN,
        RICE,
        times(3),
        CategoryCard("F2"),
        _card(Verb.EXPIRY, expiry_argument("2026-03")),
        CLOTHES,
        _card(Verb.GRADE, "B"),
        CategoryCard("K1"),
        _card(Verb.WHOLE_BOX),
        times(12),
    ),
    _P.HANDOVER: (*_THREE, ANN, Label(0), Label(1), Label(2)),
    _P.PACKING: (*_THREE, _card(Verb.PACK), Label(0), Label(1), Label(2)),
    _P.MARKET: (
        *_THREE,
        _card(Verb.MARKET),
        Label(0),
        _price(15),
        CLOTHES,
        _price(8.5),
        FINISH,
        Label(2),
        _price(20),
        _card(Verb.PAY, "W"),
    ),
    _P.SELLING: (*_THREE, _card(Verb.MARKET), Label(0), _price(15), _price(20), _price(2.5)),
    _P.CASHING: (
        *_THREE,
        _card(Verb.MARKET),
        Label(0),
        _price(15),
        _card(Verb.CLOSE),
        _price(10),
        _price(5),
    ),
    _P.SHELF: (
        *_THREE,
        ANN,
        Label(0),
        Label(1),
        SHELF,
        _card(Verb.COUNT),
        SHELF,
        Label(0),
        Label(2),
    ),
    _P.COUNTING: (*_THREE, ANN, Label(0), SHELF, _card(Verb.COUNT), SHELF, Label(1), SHELF),
    _P.WORKING: (_card(Verb.WORK), ANN),
}
"""Longer ways than `REACH` has, so that lists have something on them."""


def told(*scans: Told, lane: str = "screen", now: int = 1_000_000) -> Moment:
    """The lane after these scans, as the kiosk's loop publishes it."""
    world = World()
    world.now = now
    signal, message = Signal.IDLE, Message("rest")
    for scan in scans:
        outcome = world.scan(scanned(world, scan))
        signal, message = outcome.signal, outcome.message
    return Moment(
        lane=lane,
        state=world.state(),
        signal=signal.value,
        message=message,
        beep=len(scans),
        at=world.now,
        allocator=world.allocator,
        settings=world.settings,
    )


def of_phase(phase: Phase, lane: str = "screen") -> Moment:
    """A lane in this phase, with something on its list where there can be."""
    if phase is Phase.REST:
        return told(lane=lane)
    moment = told(*RICHER.get(phase, REACH[phase]), lane=lane)
    assert moment.state.phase is phase, f"{phase} was left for {moment.state.phase}"
    return moment


def scenes() -> dict[str, Moment]:
    """Every phase, and what else there is to see."""
    return {
        **{phase.value: of_phase(phase) for phase in Phase},
        "thanks": told(RICE, times(3), CLOTHES, FINISH),
        "refused": told(RICE, _card(Verb.SEAL)),
        "help": told(ANN, RICE, HELP),
        "question": told(RICE, MYSTERY),
    }
