"""What a movement counts as in reports. Pure; the one place that says so, for the figures and for
the lists behind them."""

from typing import Final

from hub.folds.movements import NOWHERE, PRESENT
from hub.statuses import DELIVERED, DISPOSED, MISSING, OUT, SOLD

RECEIVED: Final = "received"
"""Came in for the first time."""
INTAKE: Final = ("received", "box.received", "found.unlabelled")
"""Types of the events by which things come in for the first time."""
CAME: Final = "came"
LEFT: Final = "left"
"""Came to stand at a stop, or stand there no more: their difference is how its stock changed."""
REACHED: Final = (OUT, DELIVERED, SOLD, DISPOSED, MISSING)
"""Standings that count as what came to have them."""
MEASURES: Final = (RECEIVED, *REACHED, CAME, LEFT)


def measured(
    from_status: str, from_stop: str, to_status: str, to_stop: str
) -> list[tuple[str, str]]:
    """(measure, stop) of all that a movement between these standings counts as."""
    found: list[tuple[str, str]] = []
    if from_status == PRESENT:
        found.append((LEFT, from_stop))
    if to_status == PRESENT:
        found.append((CAME, to_stop))
        if from_status == NOWHERE:
            found.append((RECEIVED, to_stop))
    elif to_status in REACHED:
        found.append((to_status, to_stop))
    return found
