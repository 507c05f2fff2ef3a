"""What only some cards may do, from the hub's first named card on.

As long as the hub has named nobody every card may do everything, and so may who has none: a stop
that has just been set up works. After that, giving and receiving need nothing still. Nothing that a
donor or a family does is here, and nothing that only asks, notes or puts aside: a label can be
printed again, a thing put into quarantine, a paper roll changed, and time offered by anybody.

What is refused has changed nothing; the card can be scanned next, and then the same again.
"""

from collections.abc import Mapping
from typing import Final

from kiosk.inputs import InputKind
from kiosk.state import LaneState, Phase

_I: Final = InputKind

NEEDS: Final[Mapping[InputKind, str]] = {
    _I.MARKET: "sell",
    _I.COUNT: "count",
    _I.PACK: "deliver",
    _I.UNPACK: "deliver",
    _I.RECEIVE: "deliver",
    _I.DISPOSE: "deliver",
    _I.NOT_HOME: "deliver",
    _I.MISSING: "deliver",
    _I.RELEASE: "lead",
}
"""The capability (`contract.reference.CAPABILITIES`) that an action needs in any phase."""

NEEDS_IN_HANDOVER: Final[Mapping[InputKind, str]] = {_I.PLAN: "deliver", _I.PLACE: "deliver"}
"""The same for destinations. Elsewhere a plan or a place only says what is meant."""


def needed(phase: Phase, kind: InputKind) -> str | None:
    """The capability that this input needs in this phase, None where everybody may."""
    if phase is Phase.HANDOVER and kind in NEEDS_IN_HANDOVER:
        return NEEDS_IN_HANDOVER[kind]
    if phase is Phase.MARKET and kind is InputKind.MARKET:
        return None  # it is open here already
    return NEEDS.get(kind)


def lacking(state: LaneState, kind: InputKind, capabilities: frozenset[str] | None) -> str | None:
    """Why the lane's person may not do this, as a message's key; None when they may.

    ``capabilities`` are that person's, None while the hub has named nobody's.
    """
    word = needed(state.phase, kind)
    if word is None or capabilities is None or word in capabilities:
        return None
    return "not-allowed" if state.person is not None else "card-first"
