"""Transfers between stops: what was sent, what arrived, what is still between, and whom to ask."""

from collections.abc import Sequence
from typing import Any, Final

from flask import Blueprint, Response, abort, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from msgspec import Struct
from sqlalchemy import Connection, Row, Select, select
from werkzeug.wrappers import Response as BaseResponse

from hub import db
from hub.access.permissions import Permission
from hub.access.scope import Stops
from hub.overdue import DAY_MS
from hub.queries import places
from hub.queries import transfers as query
from hub.queries.transfers import Contact, Transfer
from hub.request import connection, now_ms, services
from hub.stock import transfer_settings
from hub.stock.transfer_settings import (
    MAX_DAYS,
    MAX_NAME,
    TransferSettings,
    TransferSettingsChangedError,
    TransferSettingsError,
)
from hub.typed import whole_number
from hub.web import i18n, shell, story
from hub.web import listing as tables
from hub.web.listing import Choice, Column, Days, Kind, Link, Listing, SqlSource
from hub.web.listing import filters as by
from hub.web.login import needs, signed_in_user, visible_stops
from hub.web.stock import acting, words

_LEG: Final = db.leg.c
SHOWN: Final = 500


class Line(Struct, frozen=True):
    """A transfer of the list, its names looked up."""

    transfer: Transfer
    origin: str
    to: str


def blueprint() -> Blueprint:
    """``/transfers``."""
    pages = Blueprint("transfers", __name__)
    pages.get("/transfers", endpoint="listing")(every)
    pages.get("/transfers/ask")(ask)
    pages.post("/transfers/ask")(save)
    pages.get("/transfers/<event>")(one)
    return pages


def _select() -> Select[Any]:
    return query.transfers(visible_stops())


def _rows(here: Connection, found: Sequence[Row[Any]]) -> list[Line]:
    known = places.stops(here)
    return [
        Line(one, words.stop(known, one.origin), words.place(here, one.to))
        for one in query.read(here, found)
    ]


def _with(outcome: str) -> Any:
    legs = db.leg.alias()
    return _LEG.sent.in_(select(legs.c.sent).where(legs.c.outcome == outcome))


TRANSFERS: Final = Listing[Line](
    name="transfers",
    title=_l("Transfers"),
    order="-sent",
    empty=_l(
        "Nothing was sent to another stop yet. At a kiosk, scan what leaves, then the sheet of the "
        "stop that it goes to."
    ),
    source=SqlSource(select=_select, key=(_LEG.sent,), rows=_rows),
    columns=(
        Column(
            "sent",
            _l("Left"),
            lambda row: row.transfer.t,
            Kind.MOMENT,
            heading=True,
            link=Link("transfers.one", "event", lambda row: row.transfer.event),
            sort=_LEG.sent,
        ),
        Column("origin", _l("From"), lambda row: row.origin),
        Column("to", _l("To"), lambda row: row.to),
        Column("n", _l("Sent"), lambda row: row.transfer.n, Kind.NUMBER),
        Column(
            "arrived",
            _l("Arrived"),
            lambda row: row.transfer.arrived + row.transfer.seen,
            Kind.NUMBER,
        ),
        Column("between", _l("On the way"), lambda row: row.transfer.between, Kind.NUMBER),
        Column("lost", _l("Lost"), lambda row: row.transfer.lost, Kind.NUMBER),
    ),
    filters=(
        by.stops(_LEG.origin),
        Choice(
            "with",
            _l("Those with something"),
            options=lambda _here: [(key, str(name)) for key, name in words.OUTCOMES.items()],
            where=_with,
            first=True,
        ),
        Days("sent", _l("Left"), where=by.moments(_LEG.sent_t)),
    ),
)


@needs(Permission.VIEW)
def every() -> BaseResponse:
    """Transfers, as the address filters them."""
    here = connection()
    return tables.respond(
        TRANSFERS,
        "stock/transfers.html",
        days=query.gap_days(here),
        may_set=signed_in_user().may(Permission.SETTINGS),
    )


@needs(Permission.VIEW)
def one(event: str) -> BaseResponse:
    """A transfer: each thing that left, and what became of it."""
    here = connection()
    row = query.row_of(here, event)
    found = None if row is None else query.one(here, row, visible_stops())
    if found is None:
        abort(404)
    known = places.stops(here)
    days = query.gap_days(here)
    asked = query.contacts(here)
    target = query.stops_of_places(here).get(found.to, "")
    ends = [end for end in (found.origin, target) if end]
    legs = query.legs(here, found.sent, SHOWN)
    page = render_template(
        "stock/transfer.html",
        transfer=found,
        legs=legs,
        more=found.n - len(legs),
        outcomes=words.OUTCOMES,
        stop_name=lambda stop: words.stop(known, stop) if stop else "",
        category_name=story.category_name,
        to=words.place(here, found.to),
        overdue=found.between and found.t < now_ms() - days * DAY_MS,
        days=days,
        ask=[(words.stop(known, end), asked.get(end)) for end in ends],
        may_edit=acting.may_edit(found.origin) or (target and acting.may_edit(target)),
        here=request.path,
    )
    return Response(page)


# --- whom to ask, and when -----------------------------------------------------------------------


@needs(Permission.SETTINGS)
def ask() -> str:
    """Whom to ask at each stop, which sheet stands for which stop, and after how many days."""
    here = connection()
    mine = visible_stops()
    now = transfer_settings.read(here, mine)
    return render_template(
        "stock/ask.html",
        stops=words.stop_choices(here),
        contacts=now.contacts,
        sheets=_sheets(here, mine),
        stop_of=now.sheets,
        days=now.days,
        everywhere=mine is None,
        version=transfer_settings.version(now),
    )


def _sheets(here: Connection, mine: Stops) -> list[tuple[str, str]]:
    """The sheets of stops, but for those that stand for a stop which the user may not see."""
    table = db.place.c
    rows = here.execute(
        select(table.code, table.zh, table.en).where(table.kind == "stop").order_by(table.code)
    )
    stop_of = query.stops_of_places(here)
    return [
        (row.code, i18n.pick(row.zh, row.en))
        for row in rows
        if mine is None or stop_of.get(row.code, "") in ("", *mine)
    ]


@needs(Permission.SETTINGS)
def save() -> BaseResponse:
    """What the form says of all of these."""
    here, mine = connection(), visible_stops()
    stops = dict(words.stop_choices(here))
    days = whole_number(request.form.get("days", ""), 3) if mine is None else query.gap_days(here)
    if days is None or not 1 <= days <= MAX_DAYS:
        shell.told(_("The number of days is from 1 to 90."), "bad")
        return redirect(url_for("transfers.ask"), 303)
    people = {
        stop: Contact(
            request.form.get(f"who.{stop}", "").strip()[:MAX_NAME],
            request.form.get(f"phone.{stop}", "").strip(),
        )
        for stop in stops
    }
    meant = {code: request.form.get(f"stop.{code}", "") for code, _name in _sheets(here, mine)}
    wish = TransferSettings(
        days, people, {code: stop if stop in stops else "" for code, stop in meant.items()}
    )
    who, moment, seen = signed_in_user().by, now_ms(), request.form.get("version", "")
    try:
        services().writer.call(
            lambda writing: transfer_settings.put(writing, wish, who, moment, mine, seen)
        )
    except TransferSettingsChangedError:
        page, status = shell.conflict((), url_for("transfers.ask"))
        return Response(page, status=status)
    except TransferSettingsError:
        shell.told(_("A telephone number has digits, spaces, + and hyphens."), "bad")
        return redirect(url_for("transfers.ask"), 303)
    shell.told(_("Saved"))
    return redirect(url_for("transfers.listing"), 303)
