"""Which light a phase has. Several phases of one task share one: a volunteer who sells, takes back
and counts the till is at the market all the time. `drivers.patterns` has the lights."""

from typing import Final

from kiosk.state import Phase

MODE_OF: Final[dict[Phase, str]] = {
    Phase.REST: "rest",
    Phase.CARDED: "carded",
    Phase.INTAKE: "intake",
    Phase.ASKING: "asking",
    Phase.HANDOVER: "handover",
    Phase.PLAN: "plan",
    Phase.PACKING: "packing",
    Phase.UNPACKING: "packing",
    Phase.RECEIVING: "receiving",
    Phase.REPRINTING: "asking",
    Phase.LOOKING: "asking",
    Phase.BINDING: "intake",
    Phase.MARKET: "market",
    Phase.SELLING: "market",
    Phase.RETURNING: "market",
    Phase.CASHING: "market",
    Phase.COUNTING: "stocktake",
    Phase.SHELF: "stocktake",
    Phase.UNLABELLED: "stocktake",
    Phase.OFFERING: "time",
    Phase.WORKING: "time",
    Phase.GIVING: "campaign",
}
"""Phase to a key of `drivers.patterns.MODES`."""


def mode_of(phase: Phase) -> str:
    """The light's key; a phase that is not in the table gives its own name, and with it the
    common light."""
    return MODE_OF.get(phase, phase.value)
