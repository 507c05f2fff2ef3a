"""The list of kiosks: which are well, which are away, and whom to ring."""

from typing import Final

from flask import Blueprint
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from markupsafe import Markup, escape
from msgspec import Struct
from sqlalchemy import Connection
from werkzeug.wrappers import Response as BaseResponse

from hub.access.permissions import Permission
from hub.queries import kiosks, places
from hub.web import devices, formats, listing, story
from hub.web.listing import Choice, Column, Kind, Link, Listing, MemorySource, stops
from hub.web.login import needs, visible_stops

ONLINE: Final = "online"
OFFLINE: Final = "offline"
NEVER: Final = "never"
_STATES: Final = (ONLINE, OFFLINE, NEVER, kiosks.RETIRED, kiosks.REVOKED)


class Line(Struct, frozen=True):
    """A kiosk of the list; ``state`` is one of the three words above."""

    id: str
    stop: str
    stop_id: str
    state: str
    seen_ms: int | None
    last_event_ms: int | None
    backlog: int | None
    software: str
    trouble: str


def blueprint() -> Blueprint:
    """The list under ``/kiosks``."""
    pages = Blueprint("kiosks", __name__)
    pages.get("/kiosks", endpoint="listing")(page)
    return pages


@needs(Permission.VIEW)
def page() -> BaseResponse:
    """Every kiosk that the user may see."""
    return listing.respond(KIOSKS, "fleet/kiosks.html")


def _rows(here: Connection) -> list[Line]:
    known = places.stops(here)
    return [_line(one, known) for one in kiosks.kiosks(here, visible_stops())]


def _line(one: kiosks.Kiosk, known: dict[str, places.Stop]) -> Line:
    health = one.health
    broken = [devices.told(each) for each in health.devices if not each.ok] if health else []
    return Line(
        id=one.id,
        stop=story.stop_name(known, one.stop),
        stop_id=one.stop,
        state=one.ended or (NEVER if one.online is None else ONLINE if one.online else OFFLINE),
        seen_ms=one.seen_ms,
        last_event_ms=one.last_event_ms,
        backlog=health.backlog if health else None,
        software=health.software or "" if health else "",
        trouble=_("; ").join(broken),
    )


def _state(word: str) -> str:
    match word:
        case "online":
            return _("online")
        case "offline":
            return _("offline")
        case kiosks.RETIRED:
            return _("out of service")
        case kiosks.REVOKED:
            return _("revoked")
        case _:
            return _("never seen")


def _state_tag(word: str) -> str | Markup:
    tone = {ONLINE: "good", OFFLINE: "bad"}.get(word)
    if tone is None:
        return _state(word)
    return Markup(f'<span class="{tone}">{escape(_state(word))}</span>')  # noqa: S704


def _options(_here: Connection) -> list[tuple[str, str]]:
    return [(word, _state(word)) for word in _STATES]


KIOSKS: Final = Listing[Line](
    name="kiosks",
    title=_l("Kiosks"),
    order="id",
    empty=_l("No kiosk is registered yet. Add one: it needs a sheet with a code, and a scanner."),
    source=MemorySource(rows=_rows),
    columns=(
        Column(
            key="id",
            title=_l("Kiosk"),
            kind=Kind.CODE,
            heading=True,
            value=lambda row: row.id,
            link=Link("board.kiosk", "kiosk", lambda row: row.id),
            sort=True,
        ),
        Column(key="stop", title=_l("Stop"), value=lambda row: row.stop, sort=True),
        Column(
            key="state",
            title=_l("State"),
            value=lambda row: _state(row.state),
            show=lambda row: _state_tag(row.state),
            sort=True,
        ),
        Column(
            key="seen",
            title=_l("Last seen"),
            kind=Kind.MOMENT,
            value=lambda row: row.seen_ms,
            show=lambda row: "" if row.seen_ms is None else formats.ago(row.seen_ms),
            sort=True,
        ),
        Column(
            key="event",
            title=_l("Last event"),
            kind=Kind.MOMENT,
            value=lambda row: row.last_event_ms,
            show=lambda row: "" if row.last_event_ms is None else formats.ago(row.last_event_ms),
            sort=True,
        ),
        Column(
            key="backlog",
            title=_l("Not yet sent"),
            kind=Kind.NUMBER,
            value=lambda row: row.backlog,
            sort=True,
        ),
        Column(key="trouble", title=_l("Does not work"), value=lambda row: row.trouble),
        Column(key="software", title=_l("Software"), value=lambda row: row.software, sort=True),
    ),
    filters=(
        stops(keep=lambda row, value: row.stop_id == value),
        Choice(
            key="state",
            label=_l("State"),
            options=_options,
            keep=lambda row, value: row.state == value,
            first=True,
        ),
    ),
)
