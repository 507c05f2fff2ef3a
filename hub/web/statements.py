"""Months: what is closed, what can be closed, each statement as a page and as files."""

from typing import Final
from zoneinfo import ZoneInfo

from flask import Blueprint, Response, abort, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from werkzeug.wrappers import Response as BaseResponse

from contract.actions import CATEGORY_BY_KEY, PAYMENTS
from hub.access import audit
from hub.access.permissions import Permission
from hub.access.users import User
from hub.projections.projector import projected
from hub.queries import places
from hub.queries import statements as query
from hub.reporting import closing, statement_files
from hub.reporting.closing import ClosingError
from hub.reporting.statement_files import Names
from hub.reporting.statements import (
    IN,
    OUT_OF,
    Change,
    Statement,
    StatementError,
    changes,
    encode,
    of_stops,
)
from hub.request import connection, services
from hub.web import i18n, listing, shell, story, wording
from hub.web.ledger import Figures, Section, sections
from hub.web.listing.respond import FORMS, export
from hub.web.login import needs, require, signed_in_user
from hub.web.months_list import MONTHS, month_name
from hub.web.reports import words

LATE_ROWS: Final = 100
_ONE: Final = "/<int(max=999999):number>"
XLSX: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

_REFUSALS: Final = {
    "not-over": _l("This month is not over yet."),
    "closed": _l("This month is closed already."),
    "not-next": _l("Months are closed one after the other; another one comes first."),
    "unknown": _l("There is no such statement."),
    "unchanged": _l("Nothing has changed since it was told last."),
}


def blueprint() -> Blueprint:
    """The pages of months."""
    pages = Blueprint("statements", __name__, url_prefix="/months")
    pages.get("")(months)
    pages.post("")(close)
    pages.get("/close")(ask_close)
    pages.get(_ONE)(statement)
    pages.get(f"{_ONE}/statement.xlsx")(as_xlsx)
    pages.get(f"{_ONE}/statement.pdf")(as_pdf)
    pages.get(f"{_ONE}/statement.json")(as_json)
    pages.post(f"{_ONE}/restate")(restate)
    return pages


@needs(Permission.VIEW)
def months() -> str | BaseResponse:
    """What is closed, and the month that comes next as it would be closed now."""
    form = request.args.get("format", "")
    return export(MONTHS, form) if form in FORMS else _months()


def _months(problem: str = "") -> str:
    here, zone = connection(), services().config.timezone
    now_ms = int(services().now() * 1000)
    user = signed_in_user()
    month = closing.to_close(here)
    preview = broken = None
    if month is not None:
        try:
            preview = of_stops(closing.preview(here, month, zone), user.sees)
        except StatementError:
            broken = True
    return render_template(
        "statements/months.html",
        closed=listing.view(MONTHS),
        month=month,
        over=month is not None and closing.is_over(month, now_ms, zone),
        preview=preview,
        sections=_sections(preview) if preview is not None else [],
        figure=Figures(month) if month is not None else None,
        broken=broken,
        may_close=_may_close(user),
        problem=problem,
        **_words(),
    )


def _may_close(user: User) -> bool:
    """A statement is of the whole hub: a scope that leaves a stop out does not reach it."""
    return user.may(Permission.CLOSE_MONTH) and user.visible is None


@needs(Permission.CLOSE_MONTH)
def ask_close() -> BaseResponse:
    """Asks before the month is closed that comes next: its statement never changes again."""
    user, here = signed_in_user(), connection()
    if not _may_close(user):
        abort(403)
    now_ms, zone = int(services().now() * 1000), services().config.timezone
    month = closing.to_close(here)
    if month is None or not closing.is_over(month, now_ms, zone):
        return Response(_months(str(_REFUSALS["not-over"])), status=409)
    text = _("Closing cannot be undone. The statement gets a number and is kept as it is now.")
    if query.closed(here):
        text += " " + _(
            "What became known later about earlier months is recorded as their restatement at the "
            "same time."
        )
    page = shell.confirm(
        heading=_("Close %(month)s?", month=month_name(month)),
        text=text,
        button=_("Close %(month)s", month=month_name(month)),
        back=url_for("statements.months"),
        action=url_for("statements.close"),
        fields={"month": month},
    )
    return Response(page)


@needs(Permission.CLOSE_MONTH)
def close() -> BaseResponse:
    """Closes the month that was shown."""
    user = signed_in_user()
    if not _may_close(user):
        abort(403)
    month = request.form.get("month", "")
    now_ms, zone = int(services().now() * 1000), services().config.timezone
    try:
        number, _made = services().writer.call(
            lambda writing: closing.close(writing, month, user.by, now_ms, zone)
        )
    except ClosingError as error:
        return Response(_months(str(_REFUSALS[error.reason])), status=409)
    except StatementError:
        told = _(
            "The figures do not add up, so that nothing can be closed. "
            "Have somebody run: yicang hub rebuild"
        )
        return Response(_months(told), status=409)
    return redirect(url_for("statements.statement", number=number), 303)


@needs(Permission.VIEW)
def statement(number: int) -> str:
    """One closed month: as it was closed, and what became known since."""
    return _statement(number)


def _statement(number: int, problem: str = "") -> str:
    here = connection()
    closed, said = _found(number)
    user = signed_in_user()
    told = query.restated(here, number)
    try:
        *_states, changed = closing.differences(here, number)
    except StatementError:
        changed, problem = [], str(_("The figures do not add up now: rebuild the hub."))
    span = query.bounds(closed.month, _zone())
    late = query.late(here, span, closed.position, LATE_ROWS, user.visible)
    known_late = len(late)
    if known_late == LATE_ROWS:
        known_late = query.late_count(here, span, closed.position, user.visible)
    return render_template(
        "statements/statement.html",
        closed=closed,
        said=of_stops(said, user.sees),
        sections=_sections(said),
        figure=Figures(closed.month),
        told=[(one, _changes_between(said, told, n)) for n, one in enumerate(told)],
        changed=[change for change in changed if user.sees(change.stop)],
        late=late,
        late_more=known_late - len(late),
        newest=projected(here),
        may_close=_may_close(user),
        whole=user.visible is None,
        problem=problem,
        **_words(),
    )


def _changes_between(said: Statement, told: list[query.Restated], n: int) -> list[Change]:
    before = said if n == 0 else told[n - 1].statement
    user = signed_in_user()
    return [one for one in changes(before, told[n].statement) if user.sees(one.stop)]


@needs(Permission.CLOSE_MONTH)
def restate(number: int) -> BaseResponse:
    """Records how a closed month is told now, beside what it said."""
    user = signed_in_user()
    if not _may_close(user):
        abort(403)
    now_ms = int(services().now() * 1000)
    try:
        services().writer.call(lambda writing: closing.restate(writing, number, user.by, now_ms))
    except ClosingError as error:
        if error.reason == "unknown":
            abort(404)
        return Response(_statement(number, str(_REFUSALS[error.reason])), status=409)
    except StatementError:
        told = _("The figures do not add up now: rebuild the hub.")
        return Response(_statement(number, told), status=409)
    return redirect(url_for("statements.statement", number=number, _anchor="restated"), 303)


@needs(Permission.EXPORT)
def as_xlsx(number: int) -> BaseResponse:
    """The stock ledger as a workbook."""
    closed, said = _seen(number)
    return _file(closed, statement_files.xlsx(said, closed, names()), XLSX, "xlsx")


@needs(Permission.EXPORT)
def as_pdf(number: int) -> BaseResponse:
    """The stock ledger to be printed and signed."""
    closed, said = _seen(number)
    from hub.reporting import statement_pdf

    return _file(closed, statement_pdf.pdf(said, closed, names()), "application/pdf", "pdf")


@needs(Permission.VIEW)
def as_json(number: int) -> BaseResponse:
    """The very text whose digest the event holds: of every stop, or it would be another."""
    closed, said = _found(number)
    require(Permission.VIEW, "")
    return _file(closed, encode(said).encode(), "application/json", "json", noted=False)


def _file(
    closed: query.Closed, content: bytes, kind: str, ending: str, *, noted: bool = True
) -> BaseResponse:
    user, now_ms = signed_in_user(), int(services().now() * 1000)
    if noted:
        services().writer.call(
            lambda writing: audit.note(
                writing, user.by, "export", f"month {closed.month}", {"as": ending}, now_ms
            )
        )
    response = Response(content, mimetype=kind)
    name = f"yicang-{closed.month}-{closed.number}.{ending}"
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _found(number: int) -> tuple[query.Closed, Statement]:
    found = query.one(connection(), number)
    if found is None:
        abort(404)
    return found


def _seen(number: int) -> tuple[query.Closed, Statement]:
    """A closed month as far as the user's scope reaches."""
    closed, said = _found(number)
    return closed, of_stops(said, signed_in_user().sees)


def _zone() -> ZoneInfo:
    """The hub's time zone."""
    return ZoneInfo(services().config.timezone)


def _sections(said: Statement) -> list[Section]:
    """The tables that the address asks for."""
    stops = places.stops(connection())
    asked = request.args.get("stop", "")
    return sections(said, asked, signed_in_user(), lambda stop: story.stop_name(stops, stop))


def names() -> Names:
    """What stops and categories are called in files that are read in both languages."""
    stops = places.stops(connection())

    def stop(key: str) -> str:
        found = stops.get(key)
        return f"{found.zh} / {found.en}" if found is not None else key

    def category(key: str) -> str:
        found = CATEGORY_BY_KEY.get(key)
        return f"{found.zh} / {found.en}" if found is not None else key

    return Names(stop, category)


def _words() -> dict[str, object]:
    stops = places.stops(connection())
    pays = {pay.key: i18n.pick(pay.zh, pay.en) for pay in PAYMENTS}
    return {
        "parts_in": IN,
        "parts_out": OUT_OF,
        "part_name": words.part,
        "stop_name": lambda stop: story.stop_name(stops, stop) if stop else _("All stops"),
        "category_name": story.category_name,
        "place_name": wording.place_name,
        "pay_name": lambda pay: pays.get(pay, pay),
        "money": statement_files.money,
        "month_name": month_name,
    }
