"""Donations by list: reading a file, looking at what it says, taking it in, its labels."""

import csv
import io
from collections.abc import Sequence
from typing import Any, Final

import xlsxwriter
from flask import Blueprint, Response, abort, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import Connection, Row, Select, select
from werkzeug.wrappers import Response as BaseResponse

from contract.codes import grouped
from hub import db
from hub.access import audit
from hub.access.permissions import Permission
from hub.access.scope import within
from hub.kiosks import kiosk_commands
from hub.printing import label_orders
from hub.queries import places
from hub.request import connection, now_ms, services
from hub.stock import donation_files, donation_rows, donations
from hub.stock.donations import Donation, DonationError
from hub.web import i18n, listing, shell, story
from hub.web.donation_lines import lines
from hub.web.listing import Column, Kind, Link, Listing, SqlSource, filters
from hub.web.listing.respond import FORMS, export
from hub.web.login import needs, require, signed_in_user, visible_stops
from hub.web.printing import subjects
from hub.web.printing import view as printing
from hub.web.uploads import takes_file

_TABLE: Final = db.donation.c
XLSX: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
EXAMPLE: Final = (
    ("条码", "名称", "品类", "数量", "批号", "保质期至", "标签"),
    ("6901234567892", "五常大米5kg", "F1", "20", "A2026", "2027-06-30", "件"),
    ("", "毛毯", "B1", "12", "", "", "件"),
    ("", "洗衣液", "H1", "24", "", "2028-01", "箱"),
)
"""What a list looks like: downloaded as a file to fill in."""

FILE_FAULTS: Final = {
    "empty": _l("Choose a file first."),
    "too-large": _l("The file is larger than 2 MB. Send the list in parts."),
    "not-a-table": _l("This is neither a CSV file nor a workbook that can be read."),
}
WHY: Final = {
    "no-head": _l("No row with headings was found. It needs at least “quantity” and “category”."),
    "no-rows": _l("There are headings, but no lines below them."),
    "too-many-rows": _l("Too many lines for one list; split it."),
    "too-many-items": _l("Too many labels for one list; split it, or take whole boxes."),
    "missing": _l("is missing"),
    "not-a-number": _l("is no whole number from 1 on"),
    "too-many": _l("is too large"),
    "bad-gtin": _l("has a wrong check digit or length"),
    "unknown-category": _l("is no category here"),
    "unknown-gtin": _l("has no name here yet; give a category"),
    "bad-date": _l("is no date such as 2027-06-30 or 2027-06"),
    "too-long": _l("is too long"),
    "bad-each": _l("must be “item” or “box”"),
}
COLUMNS: Final = {
    "gtin": _l("Retail code"),
    "name": _l("Name"),
    "category": _l("Category"),
    "quantity": _l("Quantity"),
    "lot": _l("Lot"),
    "expiry": _l("Good until"),
    "each": _l("Label"),
}
REFUSED: Final = {
    "unknown": _l("There is no such list."),
    "faults": _l("Mend the list first; nothing was taken in."),
    "received": _l("This list was taken in already."),
    "not-received": _l("This list was not taken in."),
    "moved": _l(
        "Something of it has left the stop or is in a box, or there is something in a box of it; "
        "it cannot be taken back as a whole."
    ),
    "taken-back": _l("This list was taken back."),
}


def blueprint() -> Blueprint:
    """The pages under ``/donations``."""
    pages = Blueprint("donations", __name__, url_prefix="/donations")
    pages.get("/", endpoint="listing")(everyone)
    pages.get("/new")(new)
    pages.post("/new")(upload)
    pages.get("/example.csv")(example_csv)
    pages.get("/example.xlsx")(example_xlsx)
    pages.get("/<donation>")(one)
    pages.post("/<donation>/receive")(receive)
    pages.post("/<donation>/labelled")(labelled)
    pages.get("/<donation>/take-back")(ask_take_back)
    pages.post("/<donation>/take-back")(take_back)
    pages.get("/<donation>/labels.pdf")(labels)
    return pages


# --- the list of lists ---------------------------------------------------------------------------


def _select() -> Select[Any]:
    return select(
        _TABLE.id,
        _TABLE.source,
        _TABLE.stop,
        _TABLE.pieces,
        _TABLE.labels,
        _TABLE.created_ms,
        _TABLE.received_ms,
        _TABLE.labelled_ms,
        _TABLE.taken_back_ms,
    ).where(within(_TABLE.stop, visible_stops()))


def state_of(row: Any) -> str:
    """How far a list got, in words."""
    if row.taken_back_ms is not None:
        return str(_("taken back"))
    if row.received_ms is None:
        return str(_("not taken in yet"))
    return str(_("labels are on")) if row.labelled_ms is not None else str(_("labels to be put on"))


def _rows(_connection: Connection, found: Sequence[Row[Any]]) -> Sequence[Row[Any]]:
    return found


def _stop(row: Any) -> str:
    return story.stop_name(places.stops(connection()), row.stop)


LISTS: Final = Listing[Any](
    name="donations",
    title=_l("Donations by list"),
    order="-created",
    empty=_l("No list yet. When a firm gives many things at once, send its CSV or XLSX file here."),
    source=SqlSource(select=_select, key=(_TABLE.id,), rows=_rows),
    columns=(
        Column(
            "created", _l("Read"), lambda row: row.created_ms, Kind.MOMENT, sort=_TABLE.created_ms
        ),
        Column(
            "source",
            _l("From"),
            lambda row: row.source,
            heading=True,
            link=Link("donations.one", "donation", lambda row: row.id),
        ),
        Column("stop", _l("Stop"), _stop),
        Column("pieces", _l("Pieces"), lambda row: row.pieces, Kind.NUMBER),
        Column("labels", _l("Labels"), lambda row: row.labels, Kind.NUMBER),
        Column("state", _l("State"), state_of),
    ),
    filters=(
        filters.stops(_TABLE.stop),
        listing.Days(key="created", label=_l("Read"), where=filters.moments(_TABLE.created_ms)),
    ),
)


@needs(Permission.VIEW)
def everyone() -> BaseResponse:
    """Every list."""
    may = signed_in_user().may(Permission.EDIT_STOCK)
    return listing.respond(LISTS, "donations/list.html", may_add=may)


# --- reading one ---------------------------------------------------------------------------------


@needs(Permission.EDIT_STOCK)
def new() -> str:
    """The form for a file."""
    return _new()


def _new(problem: str = "") -> str:
    stops = signed_in_user().stops(places.stops(connection()))
    return render_template(
        "donations/new.html",
        problem=problem,
        stops=[(stop.id, i18n.pick(stop.zh, stop.en)) for stop in stops.values()],
        values=request.form,
    )


@takes_file(donation_files.MAX_BYTES)
@needs(Permission.EDIT_STOCK)
def upload() -> BaseResponse:
    """Reads the file and shows what it says; nothing is taken in."""
    stop = request.form.get("stop", "")
    user = require(Permission.EDIT_STOCK, stop)
    here = connection()
    if stop not in places.stops(here):
        return Response(_new(str(_("Choose the stop where the goods are."))), status=400)
    sent = request.files.get("file")
    boxes = request.form.get("each") == "box"
    try:
        cells = donation_files.cells(sent.read() if sent is not None else b"")
    except donation_files.FileError as error:
        return Response(_new(str(FILE_FAULTS[error.why])), status=400)
    reading = donation_rows.read(cells, donations.known(here), boxes=boxes)
    about = (
        stop,
        request.form.get("source", "").strip(),
        (sent.filename or "") if sent is not None else "",
    )
    moment = now_ms()
    made = services().writer.call(
        lambda writing: donations.keep(writing, reading, about, user.by, moment, boxes=boxes)
    )
    return redirect(url_for("donations.one", donation=made), 303)


@needs(Permission.VIEW)
def one(donation: str) -> str | BaseResponse:
    """A list: what it says, what is wrong with it, how far it got; its rows as a file."""
    found = subjects.donation(donation)
    form = request.args.get("format", "")
    return export(lines(found), form) if form in FORMS else _one(found)


def _one(found: Donation, problem: str = "") -> str:
    here = connection()
    stops = places.stops(here)
    kiosks, kiosk = printing.choices(here, found.stop)
    about = kiosk_commands.DONATION + found.id
    return render_template(
        "donations/one.html",
        about=about,
        orders=printing.for_subject(here, about),
        kiosks=kiosks,
        kiosk=kiosk,
        to_print=min(len(label_orders.goods(here, found)), label_orders.MOST),
        in_doubt=len(label_orders.in_doubt(here, found)),
        may_print=signed_in_user().may(Permission.LABELS, found.stop),
        donation=found,
        stop=story.stop_name(stops, found.stop),
        state=state_of(found),
        faults=[
            (fault.row, COLUMNS.get(fault.column or ""), WHY[fault.why], fault.value)
            for fault in found.faults
        ],
        category_name=story.category_name,
        made=donations.codes_of(here, found.id) if not found.is_draft else [],
        grouped=grouped,
        may_act=signed_in_user().may(Permission.EDIT_STOCK, found.stop),
        problem=problem,
    )


# --- what follows --------------------------------------------------------------------------------


def _do(donation: str, work: Any, told: str) -> BaseResponse:
    found = subjects.donation(donation)
    user, moment = require(Permission.EDIT_STOCK, found.stop), now_ms()
    try:
        count = services().writer.call(lambda writing: work(writing, found.id, user.by, moment))
    except DonationError as error:
        page = _one(subjects.donation(donation), str(REFUSED[error.why]))
        return Response(page, status=409)
    shell.told(told % {"n": count})
    return redirect(url_for("donations.one", donation=found.id), 303)


@needs(Permission.EDIT_STOCK)
def receive(donation: str) -> BaseResponse:
    """Takes the list in."""
    return _do(donation, donations.receive, _("Taken in. Print %(n)s labels now."))


@needs(Permission.EDIT_STOCK)
def labelled(donation: str) -> BaseResponse:
    """The labels are on the goods, which are free stock from now on."""
    return _do(donation, donations.label, _("%(n)s things are free stock now."))


@needs(Permission.EDIT_STOCK)
def ask_take_back(donation: str) -> BaseResponse:
    """Asks before a whole list is undone."""
    found = subjects.donation(donation)
    page = shell.confirm(
        heading=str(_("Take the whole list back?")),
        text=str(_("It will be as if these things had never come in. Remove their labels.")),
        button=str(_("Take it back")),
        back=url_for("donations.one", donation=found.id),
        fields={},
        facts=[(str(_("From")), found.source), (str(_("Labels")), str(found.labels))],
        danger=True,
    )
    return Response(page)


@needs(Permission.EDIT_STOCK)
def take_back(donation: str) -> BaseResponse:
    """Undoes a list."""
    return _do(donation, donations.take_back, _("%(n)s things were taken back."))


# --- files ---------------------------------------------------------------------------------------


@needs(Permission.LABELS)
def labels(donation: str) -> BaseResponse:
    """The list's labels on A4 sheets of 24."""
    from provisioning import marks
    from provisioning.cards import Order, pdf_of
    from provisioning.sheets import SMALL_LABELS, Format, Label, Language

    found = subjects.donation(donation)
    if found.is_draft or found.taken_back_ms is not None:
        abort(404)
    made = []
    for code, category, _attached in donations.codes_of(connection(), found.id):
        zh, en = story.category_names(category)
        mark = marks.ITEM_MARK if code.startswith("G") else marks.BOX_MARK
        made.append(Label(code=code, zh=zh, en=en, mark=mark, big=grouped(code)))
    order = Order(False, (), ((SMALL_LABELS, tuple(made)),))
    content = pdf_of(order, Format.A4, Language.BOTH)
    user, moment = signed_in_user(), now_ms()
    services().writer.call(
        lambda writing: audit.note(
            writing, user.by, "export", f"labels {found.id}", {"rows": len(made)}, moment
        )
    )
    response = Response(content, mimetype="application/pdf")
    response.headers["Content-Disposition"] = f'attachment; filename="labels-{found.id}.pdf"'
    return response


@needs(Permission.EDIT_STOCK)
def example_csv() -> BaseResponse:
    """A list to fill in, as CSV."""
    text = io.StringIO()
    csv.writer(text).writerows(EXAMPLE)
    response = Response(text.getvalue().encode("utf-8-sig"), mimetype="text/csv")
    response.headers["Content-Disposition"] = 'attachment; filename="donation.csv"'
    return response


@needs(Permission.EDIT_STOCK)
def example_xlsx() -> BaseResponse:
    """A list to fill in, as a workbook."""
    target = io.BytesIO()
    book = xlsxwriter.Workbook(target, {"in_memory": True, "strings_to_formulas": False})
    sheet = book.add_worksheet("捐赠清单")
    sheet.set_column(0, 6, 16)
    text = book.add_format({"num_format": "@"})  # or a spreadsheet takes zeros off a code
    for number, line in enumerate(EXAMPLE):
        for place, value in enumerate(line):
            sheet.write_string(number, place, value, text)
    book.close()
    response = Response(target.getvalue(), mimetype=XLSX)
    response.headers["Content-Disposition"] = 'attachment; filename="donation.xlsx"'
    return response
