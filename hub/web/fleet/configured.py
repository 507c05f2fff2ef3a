"""Every kiosk with what is wished of it beside what it reports: the table that shows drift."""

from typing import Final

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from msgspec import Struct
from sqlalchemy import Connection
from werkzeug.wrappers import Response as BaseResponse

from hub.access.permissions import Permission
from hub.fleet import configurations
from hub.fleet.configurations import Staged
from hub.kiosks import kiosk_commands
from hub.queries import kiosks, places
from hub.queries.kiosks import Kiosk
from hub.request import now_ms
from hub.web import kiosk_columns, listing, story
from hub.web.listing import Choice, Column, Kind, Listing, MemorySource, stops
from hub.web.login import needs, visible_stops
from hub.web.printing import words

SAME: Final = "same"
DRIFT: Final = "drift"
UNTOLD: Final = "untold"


class Line(Struct, frozen=True):
    """A kiosk. ``wished`` is a configuration's number, None: its own settings; ``same`` one of the
    three words above."""

    kiosk: str
    stop: str
    stop_id: str
    wished: int | None
    stage: int | None
    told_ms: int | None
    said: str
    reports: str
    why: str
    same: str


_LEAD: Final = _l(
    "What each kiosk should run with, and what it says that it runs with. Where the two differ for "
    "long, look at why."
)


@needs(Permission.SETTINGS)
def page() -> BaseResponse:
    """The table."""
    return listing.respond(CONFIGURED, lead=_LEAD)


def _rows(here: Connection) -> list[Line]:
    desired, known = configurations.desired_of(here), places.stops(here)
    return [
        _line(here, one, desired.get(one.id), story.stop_name(known, one.stop))
        for one in kiosks.kiosks(here, visible_stops())
        if one.in_service
    ]


def _line(here: Connection, one: Kiosk, desired: Staged | None, stop: str) -> Line:
    order = kiosk_commands.one(here, desired.command) if desired is not None else None
    health = one.health
    detail = order.told.detail if order is not None else ""
    same = UNTOLD
    if health is not None:
        detail = health.config_detail or detail
        same = DRIFT if configurations.drifts(desired, health) else SAME
    return Line(
        one.id,
        stop,
        one.stop,
        desired.configuration if desired is not None else None,
        desired.stage if desired is not None else None,
        desired.staged_ms if desired is not None else None,
        words.state(order, now_ms()) if order is not None else "",
        _reports(health.config_state, health.config) if health is not None else "",
        words.configuration_why(detail),
        same,
    )


def _reports(state: str, config: str) -> str:
    match state:
        case "trying":
            return _("trying it")
        case "reverted":
            return _("went back by itself")
        case _:
            return _("confirmed") if config else _("its own settings")


def _same(word: str) -> str:
    return {SAME: _("as wished"), DRIFT: _("otherwise"), UNTOLD: _("has not told")}[word]


def _options(_here: Connection) -> list[tuple[str, str]]:
    return [(word, _same(word)) for word in (DRIFT, SAME, UNTOLD)]


CONFIGURED: Final = Listing[Line](
    name="configured",
    title=_l("Wished and reported"),
    order="kiosk",
    empty=_l("No kiosk is registered yet. Set one up and start it: it reports here by itself."),
    source=MemorySource(rows=_rows),
    columns=(
        kiosk_columns.linked(lambda row: row.kiosk, sort=True, heading=True),
        Column("stop", _l("Stop"), lambda row: row.stop, sort=True),
        Column("same", _l("It runs"), lambda row: _same(row.same), sort=True),
        Column("wished", _l("Configuration"), lambda row: row.wished, Kind.NUMBER, sort=True),
        Column("stage", _l("Stage"), lambda row: row.stage, Kind.NUMBER),
        Column("told", _l("Told"), lambda row: row.told_ms, Kind.MOMENT, sort=True),
        Column("said", _l("What it said"), lambda row: row.said),
        Column("reports", _l("It reports"), lambda row: row.reports),
        Column("why", _l("Why"), lambda row: row.why),
    ),
    filters=(
        stops(keep=lambda row, value: row.stop_id == value),
        Choice(
            "same",
            _l("It runs"),
            options=_options,
            keep=lambda row, value: row.same == value,
            first=True,
        ),
    ),
)
