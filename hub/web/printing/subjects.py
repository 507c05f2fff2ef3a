"""What labels are printed for, by its address: a run of labels, a donation's list."""

from flask import abort

from hub.access.permissions import Permission
from hub.printing import label_runs
from hub.printing.label_runs import Run
from hub.request import connection
from hub.stock import donations
from hub.stock.donations import Donation
from hub.web.login import require


def run(prefix: str) -> Run:
    """The run of labels that begin with ``prefix``; 404 for none. Raises `Denied` for one of a stop
    beyond the user's scope."""
    found = label_runs.runs(connection(), prefix[:4])
    if not found:
        abort(404)
    if found[0].stop:  # else it is for any stop
        require(Permission.VIEW, found[0].stop)
    return found[0]


def donation(donation: str) -> Donation:
    """The list of this id; 404 for none. Raises `Denied` for one of a stop beyond the user's
    scope."""
    found = donations.one(connection(), donation[:32])
    if found is None:
        abort(404)
    require(Permission.VIEW, found.stop)
    return found
