"""Whether a user may act on a roll-out: only where all of its kiosks stand in their scope."""

from sqlalchemy import Connection

from hub.access.permissions import Permission
from hub.access.scope import Stops
from hub.fleet import roll_out_rows
from hub.web.login import Denied


def may_act(here: Connection, number: int, mine: Stops) -> None:
    """Raises `Denied` for a roll-out of which some kiosks stand beyond the user's scope."""
    found = roll_out_rows.one(here, number)
    if found is not None and mine is not None:
        for one in found.members:
            if one.stop not in mine:
                raise Denied(Permission.SETTINGS, one.stop)
