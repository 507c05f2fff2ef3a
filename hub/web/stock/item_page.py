"""An item's page: what it is now, everything that ever happened to it, and what can be done."""

from flask import Response, abort, redirect, render_template, request, url_for
from flask_babel import gettext as _
from msgspec import Struct
from sqlalchemy import select
from werkzeug.wrappers import Response as BaseResponse

from contract import codes
from contract.actions import GRADES
from contract.codes import CodeError, Kind
from contract.recalls import plain_lot, same_goods
from hub import db, statuses
from hub.access import accounts
from hub.access.permissions import Permission
from hub.log import recording
from hub.queries import events, incidents, items, places, transfers
from hub.queries.events import Recorded
from hub.queries.places import Stop
from hub.request import connection
from hub.stock.stock_undo import DECISIONS, taken_back
from hub.web import audit_words, i18n, incident_words, status_words, story, wording
from hub.web.login import needs, require, signed_in_user
from hub.web.stock import acting, words
from hub.web.stock.forms import FORMS

INCIDENTS = 50


class Step(Struct, frozen=True):
    """An event of the item's journey; ``who`` decided it, ``undo`` whether it can be taken back,
    ``undone`` that somebody did."""

    recorded: Recorded
    text: str
    where: str
    who: str
    undo: bool
    undone: bool


def offered(status: str, reserved: str | None, box: str | None) -> list[str]:
    """The actions that make sense for goods of this status, the likeliest first."""
    found: list[str] = []
    if status == statuses.QUARANTINED:
        found += ["release"]
    if status == statuses.IN_STOCK:
        found += ["reserve"]
    if reserved is not None:
        found += ["unreserve"]
    if status in statuses.HERE:
        found += ["move", "unpack" if box else "pack", "grade", "expiry"]
        if status != statuses.QUARANTINED:
            found += ["quarantine"]
        found += ["dispose"]
    elif status in (statuses.SENT, statuses.MISSING, statuses.OUT):
        found += ["move"]
    if status not in (statuses.VOIDED, statuses.UNKNOWN):
        found += ["correct"]
    return found


def steps(recorded: list[Recorded], known: dict[str, Stop]) -> list[Step]:
    """These events as a journey, each with what can be done about it."""
    here = connection()
    stop_of = places.stop_of_kiosks(here)
    gone = taken_back(here, [one.id for one in recorded])
    named = any(one.event.private.account for one in recorded)
    who = accounts.names(here) if named else {}
    may = signed_in_user().may(Permission.EDIT_STOCK)
    found = []
    for one in recorded:
        public = one.event.public
        account = one.event.private.account or ""
        decided = one.kiosk == recording.KIOSK and type(public.body) in DECISIONS
        stop = public.stop if public.stop is not None else stop_of.get(one.kiosk, "")
        found.append(
            Step(
                one,
                wording.describe(public.body),
                words.stop(known, stop) if stop else "",
                audit_words.account(account, who) if account else "",
                decided and may and one.id not in gone,
                one.id in gone,
            )
        )
    return found


@needs(Permission.VIEW)
def item(code: str) -> BaseResponse:
    """One item with every event that concerns it."""
    canonical = codes.normalise(code[:64])
    try:
        parsed = codes.parse(canonical)
    except CodeError:
        abort(404)
    if parsed.kind is Kind.BOX:
        return redirect(url_for("boxes.one", code=canonical), 302)
    if parsed.kind is not Kind.ITEM:
        abort(404)
    if code != canonical:
        return redirect(url_for("board.item", code=canonical), 302)
    here = connection()
    found = items.item(here, canonical)
    if found is None:
        abort(404)
    require(Permission.VIEW, found.stop)
    stops = places.stops(here)
    may = acting.may_edit(found.stop)
    recorded = events.of_item(here, canonical)
    page = render_template(
        "stock/item.html",
        item=found,
        category=story.category_name(found.category) or _("An item"),
        status=status_words.status_tag(found.status),
        stop=words.stop(stops, found.stop),
        place=words.place(here, found.place),
        product=_product(found.gtin),
        plan=_plan(found.reserved or found.plan),
        grade=words.said(GRADES, found.grade) if found.grade else "",
        actions=[FORMS[one] for one in offered(found.status, found.reserved, found.box)]
        if may
        else [],
        steps=steps(recorded, stops),
        incidents=_incidents(canonical, stops),
        legs=_legs(canonical, stops),
        recalls=_recalls(found),
        may_see_raw=signed_in_user().may(Permission.SEE_RAW),
        shown=shown_raw,
        request_id=acting.new_request,
        here=request.path,
    )
    return Response(page)


def _product(gtin: str | None) -> str:
    if gtin is None:
        return ""
    table = db.product.c
    row = (
        connection()
        .execute(
            db.product.select().with_only_columns(table.zh, table.en).where(table.gtin == gtin)
        )
        .one_or_none()
    )
    return "" if row is None else i18n.pick(row.zh, row.en)


def _plan(code: str | None) -> str:
    if code is None:
        return ""
    table = db.plan.c
    row = (
        connection()
        .execute(db.plan.select().with_only_columns(table.zh, table.en).where(table.code == code))
        .one_or_none()
    )
    return "" if row is None else i18n.pick(row.zh, row.en)


def _incidents(code: str, stops: dict[str, Stop]) -> list[object]:
    found = incidents.incidents(connection(), INCIDENTS, subject=code)
    known = incident_words.Whereabouts(connection())
    return [incident_words.words(one, words.stop(stops, one.stop), known) for one in found]


def _legs(code: str, stops: dict[str, Stop]) -> list[tuple[str, str, int]]:
    """Its travels between stops: in words, with the transfer's address, and when it left."""
    here = connection()
    legs = transfers.of_item(here, code)
    sent = {leg.sent for leg in legs}
    names = {
        one.sent: one.event
        for one in transfers.read(
            here, here.execute(transfers.transfers(None).where(db.leg.c.sent.in_(sent)))
        )
    }
    return [
        (
            _(
                "%(origin)s to %(to)s: %(outcome)s",
                origin=words.stop(stops, leg.origin),
                to=words.place(here, leg.to),
                outcome=str(words.OUTCOMES[leg.outcome]),
            ),
            url_for("transfers.one", event=names[leg.sent]),
            leg.sent_t,
        )
        for leg in legs
        if leg.sent in names
    ]


def _recalls(item: items.Item) -> list[tuple[str, str]]:
    """The open recalls that meet it, or may: their ids and words."""
    if item.gtin is None:
        return []
    table = db.recall.c
    rows = connection().execute(
        select(table.id, table.gtin, table.lot).where(table.closed_t.is_(None))
    )
    found = []
    for row in rows:
        if not same_goods(row.gtin, item.gtin):
            continue
        if not row.lot or (item.lot is not None and plain_lot(row.lot) == plain_lot(item.lot)):
            found.append((row.id, _("These goods are recalled: they must not go out.")))
        elif item.lot is None:
            found.append((row.id, _("A lot of these goods is recalled: look at the pack.")))
    return found


def shown_raw(raw: bytes) -> str:
    """Received bytes as text, whatever they are, cut where it gets long."""
    text = raw[:2000].decode("utf-8", "backslashreplace")
    shown = "".join(char if char.isprintable() else "\ufffd" for char in text)
    return shown + "…" if len(raw) > 2000 else shown
