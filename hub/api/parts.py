"""Every part of the API that is described by `hub.api.routes`."""

from typing import Final

from hub.api import (
    alarms,
    alert_channels,
    alert_limits,
    decisions,
    fleet_commands,
    fleet_enrolment,
    fleet_stops,
    incidents,
    labels,
    lifecycle,
    months,
    papers,
    people,
    preparing,
    printing,
    releases,
    reports,
    roll_outs,
    stock,
    stocktakes,
    stop_contacts,
    tables,
)
from hub.api.routes import Route

ROUTES: Final[tuple[Route, ...]] = (
    *months.ROUTES,
    *reports.ROUTES,
    *decisions.ROUTES,
    *tables.ROUTES,
    *stock.ROUTES,
    *papers.ROUTES,
    *stocktakes.ROUTES,
    *people.ROUTES,
    *printing.ROUTES,
    *fleet_commands.ROUTES,
    *releases.ROUTES,
    *roll_outs.ROUTES,
    *preparing.ROUTES,
    *labels.ROUTES,
    *incidents.ROUTES,
    *alarms.ROUTES,
    *alert_channels.ROUTES,
    *alert_limits.ROUTES,
    *stop_contacts.ROUTES,
    *lifecycle.ROUTES,
    *fleet_enrolment.ROUTES,
    *fleet_stops.ROUTES,
)
"""All of them; a new part adds its own here."""
