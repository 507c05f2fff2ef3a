"""Saying which item that nobody found a find without a label is."""

from typing import Final

import msgspec
from flask import abort, redirect, render_template, request, url_for
from flask_babel import gettext as _
from sqlalchemy import Connection
from werkzeug.wrappers import Response as BaseResponse

from hub.access.permissions import Permission
from hub.access.users import User
from hub.counts import identifying
from hub.counts.counting import CountingError
from hub.counts.identifying import Match
from hub.counts.stocktake_lines import MISSING, Line
from hub.counts.stocktakes import Result
from hub.folds.counted import Stocktake
from hub.log import recording
from hub.log.recording import Actor, Conflict, RequestReusedError
from hub.queries import stocktakes as query
from hub.request import connection, now_ms, services
from hub.web import shell, story
from hub.web.counts import words
from hub.web.counts.pages import page, title
from hub.web.counts.view import known, may_see, of
from hub.web.login import needs
from hub.web.stock import acting

MOST: Final = 500
"""Missing items that the form offers."""


def _seen(code: str) -> tuple[User, Stocktake, Result]:
    """The stocktake as the log tells it now, for somebody who may see figures."""
    user, count = known(code, Permission.EDIT_STOCK)
    if not may_see(user, count):
        abort(403)
    return user, count, query.found(connection(), count, services().remembered)


@needs(Permission.EDIT_STOCK)
def ask(code: str) -> BaseResponse | str:
    """Asks which of the missing items a find is."""
    user, count, result = _seen(code)
    here, find = connection(), request.args.get("find", "")
    if find not in identifying.candidates(count, result):
        return page(of(here, user, count), str(words.REFUSALS["no-find"]), 409)
    seen = next(one for one in count.finds if one.item == find)
    missing = sorted(result.of(MISSING), key=lambda line: (line.category != seen.category, line))
    named = words.PlaceNames(here)
    return render_template(
        "counts/identify.html",
        count=count,
        title=title(count),
        find=seen,
        found_at=named(seen.place),
        category=story.category_name(seen.category),
        missing=[(line.item, _told(line, named)) for line in missing[:MOST]],
        seen={
            one: recording.position_of(here, one)
            for one in (find, *(line.item for line in missing[:MOST]))
        },
        request_id=acting.new_request(),
    )


def _told(line: Line, named: words.PlaceNames) -> str:
    what = story.category_name(line.category) if line.category else _("not known")
    return _("%(item)s: %(what)s, %(place)s", item=line.item, what=what, place=named(line.place))


@needs(Permission.EDIT_STOCK)
def identify(code: str) -> BaseResponse:
    """The find is that item; the next page offers to take that back."""
    user, count, _result = _seen(code)
    find, item = request.form.get("find", ""), request.form.get("item", "")
    try:
        match = msgspec.convert({"find": find, "item": item}, Match)
    except msgspec.ValidationError:
        abort(400)
    asked, moment = acting.request_id(), now_ms()
    expects = {one: at for one, at in acting.seen().items() if one in (find, item)}

    def work(writing: Connection) -> None:
        by = Actor(user.id)
        identifying.identify(writing, code, match, by, moment, request=asked, expects=expects)

    back = url_for("counts.one", code=code)
    try:
        services().writer.call(work)
    except CountingError as error:
        return page(of(connection(), user, count), str(words.REFUSALS[error.reason]), 409)
    except RequestReusedError:
        return page(of(connection(), user, count), str(words.REFUSALS["changed"]), 409)
    except Conflict as error:
        text, status = shell.conflict(
            acting.changes_since(connection(), error.subject, error.events), back
        )
        return BaseResponse(text, status, content_type="text/html; charset=utf-8")
    shell.told_undoable(
        _(
            "%(find)s is %(item)s. Stick a label of %(item)s over the new one, so that nobody "
            "scans that any more.",
            find=find,
            item=item,
        ),
        url_for("stock_act.undo"),
        {"of": asked, "request": acting.new_request(), "back": back},
    )
    return redirect(back, 303)
