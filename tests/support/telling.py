"""How a story is told: a line a scan, and what comes out."""

from typing import NamedTuple

from drivers.ports import Signal
from kiosk.inputs import Again, Scan, TakeOut, There, Unsure
from kiosk.state import Phase

SAVED, REFUSED, ATTENTION, IDLE = Signal.SAVED, Signal.REFUSED, Signal.ATTENTION, Signal.IDLE
REST, CARDED, INTAKE = Phase.REST, Phase.CARDED, Phase.INTAKE
ASKING, HANDOVER, OF_PLAN = Phase.ASKING, Phase.HANDOVER, Phase.PLAN


class After(NamedTuple):
    """So many milliseconds pass, with nobody's deadline in them; ``cut``: without power."""

    milliseconds: int
    cut: bool = False


class Label(NamedTuple):
    """The label of the n-th item that this kiosk ever took in is scanned, from 0."""

    n: int


class Box(NamedTuple):
    """The label of the n-th box that this kiosk ever gave a code, from 0."""

    n: int


class Asked(NamedTuple):
    """The kiosk's question whether the label of the n-th item came out, or an answer to it."""

    what: type[Unsure | There | Again | TakeOut]
    n: int


class Line(NamedTuple):
    """A scan, and what comes out: events (types, in order), signal, message, phase after it."""

    scan: Scan | Label | Box | Asked
    events: str
    signal: Signal
    message: str
    phase: Phase
