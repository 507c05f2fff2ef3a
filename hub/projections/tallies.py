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
"""Came to stand at a stop otherwise, or stands there no more: `RECEIVED` and `CAME` less `LEFT` is
how its stock changed."""
ALL: Final = "*"
"""In place of a stop or category: all of them together."""
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
        found.append((RECEIVED if from_status == NOWHERE else CAME, to_stop))
    elif to_status in REACHED:
        found.append((to_status, to_stop))
    return found


def margins(stop: str, category: str) -> tuple[tuple[str, str], ...]:
    """(stop, category) of every tally that something there counts in. With the sums over all stops
    and over all categories kept too, a page about everything reads few rows."""
    return ((stop, category), (ALL, category), (stop, ALL))
