"""What came from kiosks that are not trusted, or from a card: a person looks, and decides."""

from collections.abc import Callable, Sequence
from typing import Any, Final

from flask import Blueprint, Response, abort, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext
from msgspec import Struct
from sqlalchemy import Connection, Row, Select, select
from werkzeug.wrappers import Response as BaseResponse

from contract import codes
from hub import db
from hub.access import accounts
from hub.access.audit import By
from hub.access.permissions import Permission
from hub.fleet import reviewing
from hub.fleet.reviewing import Decided, ReviewError, Stretch
from hub.queries import kiosks, places, reviews
from hub.queries.reviews import Waiting
from hub.request import connection, now_ms, services
from hub.typed import whole_number
from hub.web import audit_words, kiosk_columns, listing, shell, story
from hub.web.event_words import type_name
from hub.web.lifecycle import words
from hub.web.listing import Choice, Column, Days, Kind, Link, Listing, SqlSource
from hub.web.listing import filters as by
from hub.web.login import needs, require, signed_in_user, visible_stops

_TABLE: Final = db.review.c
_MAX_SEQ: Final = 2**53
NO_PART: Final = _l("Choose the start, and give the first and the last number of the part.")


class Line(Struct, frozen=True):
    """A line that waits, or that somebody decided on."""

    id: int
    kiosk: str
    epoch: str
    seq: int
    type: str
    wall_ms: int | None
    subjects: str
    way: str
    received_ms: int
    state: str
    who: str
    hash: str


class Card(Struct, frozen=True):
    """What waits of one kiosk, in words."""

    about: Waiting
    stop: str
    kinds: tuple[tuple[str, int], ...]


def blueprint() -> Blueprint:
    """The pages under ``/review``."""
    pages = Blueprint("review", __name__, url_prefix="/review")
    pages.get("")(overview)
    pages.get("/<kiosk>")(one)
    pages.post("/<kiosk>/accept")(accept)
    pages.post("/<kiosk>/reject")(reject)
    pages.post("/<kiosk>/reconsider")(reconsider)
    return pages


@needs(Permission.VIEW)
def overview() -> BaseResponse:
    """Everything that waits or waited."""
    here = connection()
    cards = [_card(here, about) for about in reviews.waiting(here, visible_stops())]
    return listing.respond(LINES, "lifecycle/reviews.html", cards=cards, may_decide=_may_decide())


@needs(Permission.VIEW)
def one(kiosk: str) -> BaseResponse:
    """What waits of one kiosk, and the forms that decide on it."""
    return Response(
        render_template(
            "lifecycle/review.html",
            card=_card(connection(), look_at(kiosk)),
            may_decide=_may_decide(),
            reasons=[(key, str(told)) for key, told in words.REFUSED.items()],
        )
    )


@needs(Permission.FLEET)
def accept(kiosk: str) -> BaseResponse:
    """Takes in what the form names, all of it where it names nothing."""
    wanted = _stretches()
    if wanted is None:
        return _back(kiosk, str(NO_PART))
    done = decide_all(
        lambda here, who, moment: reviewing.accept(here, kiosk, wanted, who, moment), kiosk
    )
    told = ngettext("%(num)d event was taken in.", "%(num)d events were taken in.", done.lines)
    shell.told(told)
    return redirect(url_for("review.overview"), 303)


@needs(Permission.FLEET)
def reject(kiosk: str) -> BaseResponse:
    """Refuses what the form names."""
    wanted, why = _stretches(), request.form.get("why", "")
    if wanted is None:
        return _back(kiosk, str(NO_PART))
    try:
        done = decide_all(
            lambda here, who, moment: reviewing.reject(here, kiosk, wanted, why, who, moment),
            kiosk,
        )
    except ReviewError:
        return _back(kiosk, _("Say why."))
    told = ngettext("%(num)d event was refused.", "%(num)d events were refused.", done.lines)
    shell.told_undoable(told, url_for("review.reconsider", kiosk=kiosk), dict(request.form.items()))
    return redirect(url_for("review.overview"), 303)


@needs(Permission.FLEET)
def reconsider(kiosk: str) -> BaseResponse:
    """Puts what was refused back to wait."""
    wanted = _stretches() or []
    done = decide_all(
        lambda here, who, moment: reviewing.reconsider(here, kiosk, wanted, who, moment), kiosk
    )
    told = ngettext("%(num)d event waits again.", "%(num)d events wait again.", done.lines)
    shell.told(told)
    return redirect(url_for("review.one", kiosk=kiosk), 303)


def look_at(kiosk: str) -> Waiting:
    """What waits of a kiosk. Raises `Denied` where its stop is beyond the user's scope, and 404 for
    nobody's name."""
    here = connection()
    stop = reviews.stop_of(here, kiosk)
    if stop is None:
        abort(404)
    require(Permission.VIEW, stop)
    return reviews.one_kiosk(here, kiosk)


def decide_all(step: Callable[[Connection, By, int], Decided], kiosk: str) -> Decided:
    """Repeat ``step`` until it leaves nothing; what all of them did. Raises `Denied` where the
    kiosk's stop is beyond the user's scope, 404 for no such kiosk."""
    stop = reviews.stop_of(connection(), kiosk)
    if stop is None:
        abort(404)
    who, moment = require(Permission.FLEET, stop).by, now_ms()
    lines = fresh = 0
    while True:
        done = services().writer.call(lambda here: step(here, who, moment))
        lines, fresh = lines + done.lines, fresh + done.fresh
        if not done.left or not done.lines:
            return Decided(lines, fresh, done.left)


def _stretches() -> list[Stretch] | None:
    """What the form names: nothing for all, a whole epoch, or a part of one; None for what is no
    part."""
    epoch = request.form.get("epoch", "")
    typed = [request.form.get(name, "").strip() for name in ("first", "last")]
    if not epoch:
        return None if any(typed) else []  # numbers without their start must not mean all
    if not any(typed):
        return [Stretch(epoch, 1, _MAX_SEQ)]
    first, last = (whole_number(one, 15) for one in typed)
    if first is None or last is None or first > last:
        return None
    return [Stretch(epoch, first, last)]


def _back(kiosk: str, problem: str) -> BaseResponse:
    shell.told(problem, kind="bad")
    return redirect(url_for("review.one", kiosk=kiosk), 303)


def _may_decide() -> bool:
    return signed_in_user().may(Permission.FLEET)


def _card(here: Connection, about: Waiting) -> Card:
    kinds = tuple((_kind(word), n) for word, n in about.kinds)
    return Card(about, story.stop_name(places.stops(here), about.stop), kinds)


def _kind(word: str) -> str:
    return type_name(word) if word else _("not understood")


def _select() -> Select[Any]:
    return select(db.review).where(reviews.at_stops(visible_stops()))


def _rows(here: Connection, found: Sequence[Row[Any]]) -> list[Line]:
    names = accounts.names(here)
    return [
        Line(
            id=row.id,
            kiosk=row.kiosk,
            epoch=row.epoch,
            seq=row.seq,
            type=_kind(row.type or ""),
            wall_ms=row.wall_ms,
            subjects=row.subjects,
            way=str(words.WAYS.get(row.way, row.way)),
            received_ms=row.received_ms,
            state=str(words.STATES[row.state]),
            who=audit_words.person(row.decided_by, names) if row.decided_by else "",
            hash=row.hash,
        )
        for row in found
    ]


def _kiosk_options(here: Connection) -> list[tuple[str, str]]:
    known = {one.id for one in kiosks.kiosks(here, visible_stops())}
    heard = {one.kiosk for one in reviews.waiting(here, visible_stops())}
    return [(one, one) for one in sorted(known | heard)]


LINES: Final = Listing[Line](
    name="review",
    title=_l("Review"),
    order="-id",
    empty=_l(
        "Nothing waits for review. What a revoked kiosk still sends, and what is read from a card,"
        " is shown here before it counts."
    ),
    source=SqlSource(select=_select, key=(_TABLE.id,), rows=_rows),
    columns=(
        Column("id", _l("Number"), lambda row: row.id, Kind.NUMBER, sort=_TABLE.id, on_page=False),
        Column("type", _l("What"), lambda row: row.type, heading=True),
        Column("state", _l("State"), lambda row: row.state),
        Column(
            "subjects",
            _l("About"),
            lambda row: row.subjects,
            Kind.CODE,
            show=lambda row: " · ".join(map(codes.grouped, row.subjects.split())),
        ),
        Column("wall", _l("Its clock"), lambda row: row.wall_ms, Kind.MOMENT),
        kiosk_columns.kiosk(
            lambda row: row.kiosk, link=Link("review.one", "kiosk", lambda row: row.kiosk)
        ),
        kiosk_columns.start(lambda row: row.epoch),
        Column("seq", _l("Its number"), lambda row: row.seq, Kind.NUMBER),
        Column("way", _l("Came"), lambda row: row.way),
        Column("received", _l("Received"), lambda row: row.received_ms, Kind.MOMENT),
        Column("who", _l("Decided by"), lambda row: row.who),
        kiosk_columns.digest(lambda row: row.hash),
    ),
    filters=(
        kiosk_columns.choice(_TABLE.kiosk, first=True, options=_kiosk_options),
        Choice(
            "state",
            _l("State"),
            options=lambda _here: [(key, str(told)) for key, told in words.STATES.items()],
            where=lambda value: _TABLE.state == value,
            first=True,
        ),
        Days("day", _l("Received"), where=by.moments(_TABLE.received_ms)),
    ),
)
