"""Labels printed ahead: sheets and rolls of them, what became of each run, spoilt ones."""

from typing import Any, Final

from flask import Blueprint, Response, abort, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import Connection
from werkzeug.wrappers import Response as BaseResponse

from contract.codes import Kind as CodeKind
from contract.codes import grouped
from hub.access import audit
from hub.access.permissions import Permission
from hub.kiosks import kiosk_commands
from hub.printing import label_orders, label_runs
from hub.printing.label_runs import SHEET, LabelError, Run
from hub.printing.ready_made import NoLabelPrefixError
from hub.queries import places
from hub.request import connection, now_ms, services
from hub.typed import whole_number
from hub.web import i18n, listing, shell, story
from hub.web.listing import Column, Kind, Link, Listing, MemorySource
from hub.web.login import Denied, needs, require, signed_in_user
from hub.web.printing import subjects
from hub.web.printing import view as printing

REFUSED: Final = {
    "too-many": _l("From 1 to 50 sheets at once."),
    "unknown": _l("This is no label that was printed ahead here."),
    "bound": _l("This label is on something already."),
    "voided": _l("This label was given up before."),
}


def blueprint() -> Blueprint:
    """The pages under ``/labels``."""
    pages = Blueprint("labels", __name__, url_prefix="/labels")
    pages.get("/")(overview)
    pages.post("/")(make)
    pages.get("/void")(ask_void)
    pages.post("/void")(void)
    pages.get("/<prefix>")(one)
    pages.get("/<prefix>/sheets.pdf")(sheets)
    return pages


def _mine(_connection: Any) -> list[Run]:
    user = signed_in_user()
    found = label_runs.runs(connection())
    return [run for run in found if not run.stop or user.sees(run.stop)]


def _stop(run: Run) -> str:
    if not run.stop:
        return str(_("any stop"))
    return story.stop_name(places.stops(connection()), run.stop)


def _kind(run: Run) -> str:
    return str(_("Items") if run.kind == CodeKind.ITEM.value else _("Boxes"))


RUNS: Final = Listing[Run](
    name="label-runs",
    title=_l("Printed ahead"),
    order="-made",
    empty=_l(
        "No labels were printed ahead here yet. They help where a printer is slow or broken: stick"
        " one on, scan it at a kiosk, and it is bound."
    ),
    source=MemorySource(rows=_mine),
    columns=(
        Column(
            "made",
            _l("Made"),
            lambda run: run.made_ms,
            Kind.MOMENT,
            sort=True,
            heading=True,
            link=Link("labels.one", "prefix", lambda run: run.prefix),
        ),
        Column("kind", _l("For"), _kind),
        Column("stop", _l("Stop"), _stop, sort=True),
        Column("n", _l("Labels"), lambda run: run.n, Kind.NUMBER, sort=True),
        Column("bound", _l("On something"), lambda run: run.bound, Kind.NUMBER, sort=True),
        Column("left", _l("Still blank"), lambda run: run.left, Kind.NUMBER, sort=True),
    ),
)


@needs(Permission.VIEW)
def overview() -> BaseResponse:
    """The runs, and the form for another."""
    return _overview()


def _overview(problem: str = "", status: int = 200) -> BaseResponse:
    user = signed_in_user()
    stops = user.stops(places.stops(connection()))
    kiosks, kiosk = printing.choices(connection())
    found = listing.respond(
        RUNS,
        "labels/overview.html",
        may_make=user.may(Permission.LABELS),
        stops=[(stop.id, i18n.pick(stop.zh, stop.en)) for stop in stops.values()],
        everywhere=user.visible is None,
        problem=problem,
        sheet=SHEET,
        kiosks=kiosks,
        kiosk=kiosk,
    )
    found.status_code = status
    return found


@needs(Permission.LABELS)
def make() -> BaseResponse:
    """Draws the codes of some sheets; printing them is the next page's."""
    user, moment = signed_in_user(), now_ms()
    kind = CodeKind.BOX if request.form.get("kind") == "box" else CodeKind.ITEM
    stop = request.form.get("stop", "")
    if (stop and stop not in places.stops(connection())) or not user.sees(stop):
        raise Denied(Permission.LABELS, stop)
    count = (whole_number(request.form.get("sheets", "").strip(), 3) or 0) * SHEET
    try:
        run = services().writer.call(
            lambda writing: label_runs.make(writing, kind, count, stop, user.by, moment)
        )
    except LabelError as error:
        return _overview(str(REFUSED[error.why]), 400)
    except NoLabelPrefixError as error:
        zh, _slash, en = str(error).partition(" / ")
        return _overview(i18n.pick(zh, en), 409)
    shell.told(_("%(n)s labels are ready to be printed.", n=run.n))
    return redirect(url_for("labels.one", prefix=run.prefix), 303)


@needs(Permission.VIEW)
def one(prefix: str) -> str:
    """A run: its sheets, and what became of each label."""
    run, here = subjects.run(prefix), connection()
    kiosks, kiosk = printing.choices(here, run.stop)
    about = kiosk_commands.RUN + run.prefix
    return render_template(
        "labels/one.html",
        run=run,
        kind=_kind(run),
        stop=_stop(run),
        sheets=-(-len(label_orders.for_sheets(here, run)) // SHEET),
        left=min(len(label_orders.blanks(here, run)), label_orders.MOST),
        about=about,
        orders=printing.for_subject(here, about),
        kiosks=kiosks,
        kiosk=kiosk,
        bound=url_for("items.listing", q=run.prefix),
        voided=[grouped(code) for code in sorted(label_runs.voided(connection(), run.prefix))],
        may_make=signed_in_user().may(Permission.LABELS),
    )


@needs(Permission.LABELS)
def ask_void() -> BaseResponse:
    """Asks before a label is given up, which nothing undoes."""
    try:
        code, run = _blank(request.args.get("code", ""))
    except LabelError as error:
        return _overview(str(REFUSED[error.why]), 409)
    page = shell.confirm(
        heading=_("Give up the label %(code)s?", code=grouped(code)),
        text=_("It is never to be stuck on anything. This cannot be undone: tear the label up."),
        button=_("Give it up"),
        back=url_for("labels.overview"),
        fields={"code": code},
        facts=[(_("For"), _kind(run)), (_("Stop"), _stop(run))],
    )
    return Response(page)


def _blank(text: str) -> tuple[str, Run]:
    """A label of the user's own stops that may be given up."""
    code, run = label_runs.blank(connection(), text[:40])
    if run.stop:  # else it is for any stop
        require(Permission.LABELS, run.stop)
    return code, run


@needs(Permission.LABELS)
def void() -> BaseResponse:
    """A label was spoilt."""
    user, moment = signed_in_user(), now_ms()
    text = request.form.get("code", "")[:40]
    try:
        _blank(text)
        code = services().writer.call(
            lambda writing: label_runs.void(writing, text, user.by, moment)
        )
    except LabelError as error:
        return _overview(str(REFUSED[error.why]), 409)
    shell.told(_("%(code)s is not expected any more. Tear it up.", code=grouped(code)))
    return redirect(url_for("labels.one", prefix=code[1:5]), 303)


@needs(Permission.LABELS)
def sheets(prefix: str) -> BaseResponse:
    """The run on A4 sheets of 24, but for what a kiosk printed."""
    from provisioning import tokens
    from provisioning.cards import Order, pdf_of
    from provisioning.sheets import SMALL_LABELS, Format, Language

    run = subjects.run(prefix)
    user, moment = signed_in_user(), now_ms()

    def take(writing: Connection) -> set[str]:
        """Which, once no kiosk prints them any more."""
        label_orders.on_sheets(writing, run, moment)
        codes = set(label_orders.for_sheets(writing, run))
        detail = {"rows": len(codes)}
        audit.note(writing, user.by, "export", f"labels {run.prefix}", detail, moment)
        return codes

    codes = services().writer.call(take)
    if not codes:
        abort(404)
    whole = tokens.ready_made_labels(CodeKind(run.kind), run.prefix, 0, run.n)
    made = tuple(label for label in whole if label.code in codes)
    content = pdf_of(Order(False, (), ((SMALL_LABELS, made),)), Format.A4, Language.BOTH)
    response = Response(content, mimetype="application/pdf")
    response.headers["Content-Disposition"] = f'attachment; filename="labels-{run.prefix}.pdf"'
    return response
