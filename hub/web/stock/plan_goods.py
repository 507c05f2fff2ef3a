"""What a delivery plan keeps: proposals by what must go out first, and the list to fetch it by."""

from collections.abc import Callable
from itertools import groupby
from typing import Final

from flask import Response, abort, render_template, request, url_for
from flask_babel import gettext as _
from msgspec import Struct
from sqlalchemy import Connection, select
from werkzeug.wrappers import Response as BaseResponse

from contract import codes
from contract.reference import Plan
from hub import db
from hub.access.permissions import Permission
from hub.queries import fefo, places
from hub.queries import plans as query
from hub.queries.fefo import Pick
from hub.queries.plans import Kept
from hub.request import connection, now_ms
from hub.typed import whole_number
from hub.web import formats, i18n, story
from hub.web.login import needs, visible_stops
from hub.web.stock import acting, words

_PLAN: Final = db.plan.c
SHOWN: Final = 500


class Shelf(Struct, frozen=True):
    """A place of the list to fetch by, and what to take from it."""

    stop: str
    place: str
    box: str
    things: list[Kept]


def plan_of(text: str) -> Plan:
    """The plan with this code; 404 without one."""
    code = codes.normalise(text[:64])
    row = connection().execute(select(*db.plan.c).where(_PLAN.code == code)).one_or_none()
    if row is None:
        abort(404)
    return Plan(row.code, row.zh, row.en, row.items, row.open)


def stop_namer(here: Connection) -> Callable[[str], str]:
    """Gives a stop's name."""
    known = places.stops(here)
    return lambda stop: words.stop(known, stop)


def kept_of(here: Connection, plan: str) -> tuple[list[Kept], int, int]:
    """What is kept for a plan where the account sees it, and how much besides: more there than one
    page shows, and at other stops."""
    mine = visible_stops()
    kept = query.kept(here, plan, SHOWN, mine)
    return kept, *query.kept_besides(here, plan, len(kept), mine)


@needs(Permission.VIEW)
def fetch(code: str) -> str:
    """The list to take along the shelves, by place: on paper or on a phone."""
    here, plan = connection(), plan_of(code)
    name = stop_namer(here)
    kept, more, elsewhere = kept_of(here, plan.code)
    shelves = [
        Shelf(name(stop), words.place(here, place), box or "", list(things))
        for (stop, place, box), things in groupby(
            kept, key=lambda one: (one.stop, one.place, one.box)
        )
    ]
    return render_template(
        "stock/fetch.html",
        plan=plan,
        name=i18n.pick(plan.zh, plan.en),
        shelves=shelves,
        more=more,
        elsewhere=elsewhere,
        category_name=story.category_name,
        at=now_ms(),
    )


@needs(Permission.EDIT_STOCK)
def propose(code: str) -> BaseResponse:
    """Which goods to keep for it: those that must go out first, each with the reason."""
    here, plan = connection(), plan_of(code)
    category = request.args.get("category", "")
    n = number(request.args.get("n", ""), 1, 100) or 1
    stop = request.args.get("stop", "")
    mine = visible_stops()
    among = mine if not stop else frozenset({stop}) if mine is None or stop in mine else mine
    picks = fefo.propose(here, n, today=formats.today().isoformat(), stops=among, category=category)
    page = render_template(
        "stock/propose.html",
        plan=plan,
        name=i18n.pick(plan.zh, plan.en),
        picks=picks,
        why=why_first,
        n=n,
        category=category,
        category_name=story.category_name,
        stop=stop,
        stops=words.stop_choices(here),
        stop_name=stop_namer(here),
        place_name=lambda code: words.place(here, code),
        request_id=acting.new_request(),
        back=url_for("plans.one", code=plan.code),
    )
    return Response(page)


def why_first(pick: Pick) -> str:
    """Why an item is proposed before others."""
    if pick.good_until is not None:
        return _("use by %(day)s", day=formats.iso_date(pick.good_until))
    if pick.received_t is not None:
        return _("has been here since %(day)s", day=formats.moment(pick.received_t))
    return ""


def number(text: str, lowest: int, highest: int) -> int | None:
    """A whole number in this range; None for anything else."""
    value = whole_number(text, 9)
    return value if value is not None and lowest <= value <= highest else None
