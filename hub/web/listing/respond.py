"""From a request to a table's page or file."""

from collections.abc import Iterator
from typing import Any

from flask import Response, render_template, request, stream_with_context
from sqlalchemy import Connection
from werkzeug.wrappers import Response as BaseResponse

from hub.access import audit
from hub.access.permissions import Permission
from hub.request import connection, now_ms, services
from hub.web import formats
from hub.web.listing.exports import CSV_TYPE, XLSX_TYPE, to_csv, to_xlsx
from hub.web.listing.listing import Asked, Listing
from hub.web.listing.render import COUNTED_TO, View, view_of
from hub.web.login import require

FORMS = ("csv", "xlsx")


def respond(listing: Listing[Any], template: str = "listing.html", **context: Any) -> BaseResponse:
    """The page of ``listing`` by ``template``, which finds it as ``table``; or its export."""
    form = request.args.get("format", "")
    if form in FORMS:
        return export(listing, form)
    return Response(render_template(template, table=view(listing), **context))


def view(listing: Listing[Any]) -> View:
    """The table as this request asks for it, for a page that draws more than a table."""
    here = connection()
    asked = listing.asked(request.args)
    page = listing.source.page(here, listing, asked, listing.size)
    count = page.total
    if count is None:
        count = listing.source.count(here, listing, asked, COUNTED_TO + 1)
    return view_of(listing, asked, page, count, here)


def export(listing: Listing[Any], form: str) -> BaseResponse:
    """Every row that the filters leave, as ``csv`` or ``xlsx``; the audit log notes it.

    Raises:
        Denied: the user may not take tables away.
    """
    user, moment = require(Permission.EXPORT), now_ms()
    asked = listing.asked(request.args)
    used = {name: request.args.get(name, "")[:100] for one in listing.filters for name in one.names}
    filters = {name: value for name, value in used.items() if value}

    def note(writing: Connection) -> None:
        detail = {"format": form, "filters": filters}
        audit.note(writing, user.by, "table.exported", listing.name, detail, moment)

    services().writer.call(note)
    rows = _every(listing, asked)
    if form == "csv":
        content, kind = to_csv(listing.in_files, rows), CSV_TYPE
    else:
        content, kind = to_xlsx(str(listing.title), listing.in_files, rows), XLSX_TYPE
    response = Response(stream_with_context(content), content_type=kind)
    name = f"{listing.name}-{formats.today().isoformat()}.{form}"
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    response.headers["Cache-Control"] = "no-store"
    return response


def _every(listing: Listing[Any], asked: Asked) -> Iterator[Any]:
    """The rows, through a connection of their own: the page's is closed before the first is
    sent."""
    yield from listing.source.every(connection(), listing, asked)
