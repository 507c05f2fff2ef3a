"""How many gifts a campaign has: a sum over the set of its events that no void takes back."""

from collections.abc import Iterable

from contract.events import Contributed, Voided
from hub.folds.entries import Stored


def given(events: Iterable[Stored]) -> int:
    """The gifts in ``events``: all of one campaign, and the voids that name some of them."""
    known = {event.id: event for event in events}
    voided = {
        target
        for event in known.values()
        if isinstance(event.body, Voided)
        for target in event.body.events
    }
    return sum(
        event.body.count
        for name, event in known.items()
        if isinstance(event.body, Contributed) and name not in voided
    )
