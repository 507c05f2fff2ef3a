"""When each stop is open, and its host's telephone."""

import re
from typing import Final
from zoneinfo import ZoneInfo

import msgspec
from flask import Blueprint, Response, abort, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from markupsafe import Markup
from msgspec import Struct
from sqlalchemy import Connection
from werkzeug.wrappers import Response as BaseResponse

from hub.access.permissions import Permission
from hub.alerts import channels, contacts, opening
from hub.alerts.contacts import Contact, ContactChangedError, ContactError
from hub.alerts.opening import DAYS, Hours
from hub.queries import places
from hub.request import connection, now_ms, services
from hub.web import i18n, listing, shell, story
from hub.web.alerts.failures import why_not
from hub.web.listing import Column, Kind, Link, Listing, MemorySource
from hub.web.login import needs, require, signed_in_user

DAY_NAMES: Final = (
    _l("Monday"),
    _l("Tuesday"),
    _l("Wednesday"),
    _l("Thursday"),
    _l("Friday"),
    _l("Saturday"),
    _l("Sunday"),
)


class Line(Struct, frozen=True):
    """A stop of the list. Of its telephone only whether there is one."""

    stop: str
    name: str
    today: str
    now: str
    phone: str
    channels: int


def install(pages: Blueprint) -> None:
    """``/stops`` and the page of each."""
    pages.get("/stops", endpoint="stops")(every)
    pages.get("/stops/<stop>/contact", endpoint="contact")(show)
    pages.post("/stops/<stop>/contact", endpoint="save_contact")(save)


# --- the list -------------------------------------------------------------------------------------


@needs(Permission.SETTINGS)
def every() -> BaseResponse:
    """The stops that the user may set."""
    return listing.respond(STOPS, "alerts/stops.html", may_add=signed_in_user().opens_stops)


def _rows(here: Connection) -> list[Line]:
    known, set_so = places.stops(here), contacts.contacts(here)
    groups = [one.stop for one in channels.every(here)]
    hours = contacts.hours(here)
    moment, zone = i18n.local(now_ms()), ZoneInfo(services().config.timezone)
    lines = []
    for stop in signed_in_user().stops(known):
        one = set_so.get(stop, Contact())
        week = hours[stop].week
        since = opening.open_since_ms(hours[stop], now_ms(), zone)
        lines.append(
            Line(
                stop=stop,
                name=story.stop_name(known, stop),
                today=week[moment.weekday()] if week else _("at any time"),
                now=_("closed now") if since is None else _("open now"),
                phone=_("yes") if one.phone else _("no"),
                channels=groups.count(stop),
            )
        )
    return lines


def _today(row: Line) -> Markup:
    """The hours, each span of them in one piece."""
    whole = Markup('<span class="whole">{}</span>')
    spans = Markup(" ").join(whole.format(span) for span in row.today.split(" "))
    return Markup("<span>{}</span>").format(spans)


STOPS: Final = Listing[Line](
    name="stops",
    title=_l("Stops"),
    order="name",
    empty=_l("There is no stop yet. Add one, then its first kiosk."),
    source=MemorySource(rows=_rows),
    columns=(
        Column(
            "name",
            _l("Stop"),
            lambda row: row.name,
            heading=True,
            link=Link("alerts.contact", "stop", lambda row: row.stop),
            sort=True,
        ),
        Column("now", _l("Now"), lambda row: row.now, sort=True),
        Column("today", _l("Open today"), lambda row: row.today, show=_today),
        Column("phone", _l("Host's telephone known"), lambda row: row.phone),
        Column(
            "channels", _l("Channels for alarms"), lambda row: row.channels, Kind.NUMBER, sort=True
        ),
    ),
)


# --- one stop -------------------------------------------------------------------------------------


def _known(stop: str) -> str:
    """Its name; 404 for no stop, a denial for one of others."""
    known = places.stops(connection())
    if stop not in known:
        abort(404)
    require(Permission.SETTINGS, stop)
    return story.stop_name(known, stop)


@needs(Permission.SETTINGS)
def show(stop: str) -> str:
    """Hours, holidays and telephone as they are."""
    _known(stop)
    kept = contacts.contact(connection(), stop)
    return _page(stop, kept, kept)


def _page(stop: str, kept: Contact, typed: Contact, problem: tuple[str, str] = ("", "")) -> str:
    what, text = problem
    week = typed.hours.week or ("",) * DAYS
    here = connection()
    return render_template(
        "alerts/contact.html",
        stop=stop,
        name=_known(stop),
        days=[
            (number, str(name), week[number], what == "day" and week[number] == text)
            for number, name in enumerate(DAY_NAMES)
        ],
        always=not typed.hours.week,
        holidays=" ".join(typed.hours.holidays),
        phone=typed.phone,
        version=contacts.version(kept),
        what=what,
        channels=[one for one in channels.every(here) if one.stop == stop],
        timezone=services().config.timezone,
        why_not=why_not,
        told=bool(not kept.hours.week and contacts.hours(here)[stop].week),
    )


@needs(Permission.SETTINGS)
def save(stop: str) -> BaseResponse:
    """What the form says."""
    _known(stop)
    user, moment = require(Permission.SETTINGS, stop), now_ms()
    always = request.form.get("always", "") == "1"
    week = tuple(request.form.get(f"day{number}", "").strip()[:200] for number in range(DAYS))
    text = request.form.get("holidays", "")[:2000].translate(str.maketrans("，、；,;", "     "))
    holidays = tuple(re.sub(r"\s*/\s*", "/", text).split())
    wish = Contact(Hours(() if always else week, holidays), request.form.get("phone", "").strip())
    seen = request.form.get("version", "")
    try:
        services().writer.call(
            lambda writing: contacts.put(writing, stop, wish, user.by, moment, seen)
        )
    except ContactChangedError:
        page, status = shell.conflict((), url_for("alerts.contact", stop=stop))
        return Response(page, status=status)
    except ContactError as error:
        kept = contacts.contact(connection(), stop)
        typed = msgspec.structs.replace(wish, phone=wish.phone[:30])
        return Response(_page(stop, kept, typed, (error.what, error.text)), status=400)
    shell.told(_("Saved"))
    return redirect(url_for("alerts.contact", stop=stop), 303)
