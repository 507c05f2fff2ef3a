"""What a phone is told about a code: what it is, where, how good; never who gave or gets it."""

from collections.abc import Sequence
from typing import Any

from flask import url_for
from flask_babel import gettext as _
from sqlalchemy import Connection, func, select

from contract import codes
from contract.codes import Kind
from hub import db, search_terms, statuses
from hub.access.scope import within
from hub.queries import items, places
from hub.queries.items import Item
from hub.request import connection
from hub.search_terms import About
from hub.stock.stock_actions import Refused
from hub.stock.stock_look import Look
from hub.web import formats, i18n, status_words, story
from hub.web.login import signed_in_user, visible_stops
from hub.web.stock import words


def at(text: str) -> dict[str, Any] | str:
    """What there is to say of this code, or why there is nothing."""
    term, here = search_terms.read(text), connection()
    match term.about:
        case About.SECRET:
            return _("That is a personal card or slip. It is not looked up and not kept.")
        case About.GTIN:
            return _product(here, term.text)
        case About.CODE if term.kind is Kind.ITEM:
            return _item(here, term.text)
        case About.CODE if term.kind is Kind.BOX:
            return _box(here, term.text)
        case About.CODE if term.kind is Kind.PLAN:
            return _plan(here, term.text)
        case About.CODE if term.kind is Kind.PLACE:
            return _place(here, term.text)
        case _:
            return _("That is not one of our codes.")


def _found(
    code: str, title: str, lines: Sequence[tuple[str, str]], href: str, position: int | None = None
) -> dict[str, Any]:
    return {
        "outcome": "found",
        "code": code,
        "text": title,
        "lines": [one for one in lines if one[1]],
        "href": href,
        "position": position,
    }


def _item(here: Connection, code: str) -> dict[str, Any] | str:
    found = items.item(here, code)
    if found is None or found.status == statuses.UNKNOWN:
        return words.refusal(Refused("unknown", code))
    if not signed_in_user().sees(found.stop):
        return words.refusal(Refused("not-yours", code))
    title = story.category_name(found.category)
    return _found(
        code, title, _about(here, found), url_for("board.item", code=code), found.position
    )


def _about(here: Connection, item: Item) -> list[tuple[str, str]]:
    plan = item.plan or item.reserved
    return [
        (_("Status"), status_words.status(item.status)),
        (_("Stop"), story.stop_name(places.stops(here), item.stop)),
        (_("Place"), words.place(here, item.place)),
        (_("Box"), codes.grouped(item.box or "")),
        (_("Delivery plan"), codes.grouped(plan or "")),
        (_("Good until"), formats.iso_date(item.expiry) if item.expiry else ""),
        (_("Condition"), status_words.grade(item.grade)),
        (_("Lot"), item.lot or ""),
        (_("Pieces"), i18n.number(item.quantity) if item.quantity > 1 else ""),
    ]


def _box(here: Connection, code: str) -> dict[str, Any] | str:
    whole = items.item(here, code)
    if whole is not None:
        return _item(here, code)
    look = Look(here)
    box = look.box(code)
    if box is None:
        return words.refusal(Refused("unknown", code))
    if not signed_in_user().sees(box.stop):
        return words.refusal(Refused("not-yours", code))
    lines = [
        (_("Status"), status_words.status(box.status)),
        (_("Stop"), story.stop_name(places.stops(here), box.stop)),
        (_("Place"), words.place(here, box.place)),
        (_("Box"), codes.grouped(box.outer or "")),
        (_("In it"), i18n.number(len(look.inside(code)))),
    ]
    return _found(code, _("Box"), lines, url_for("boxes.one", code=code))


def _plan(here: Connection, code: str) -> dict[str, Any]:
    table = db.plan.c
    named = here.execute(select(table.zh, table.en).where(table.code == code)).one_or_none()
    item = db.item.c
    mine = within(item.stop, visible_stops())
    kept = here.scalar(select(func.count()).where(item.reserved == code, mine))
    rows = here.execute(
        select(item.status, func.count()).where(item.plan == code, mine).group_by(item.status)
    )
    n = {str(row[0]): int(row[1]) for row in rows}
    lines = [
        (_("Reserved"), i18n.number(int(kept or 0))),
        (_("Out"), i18n.number(n.get(statuses.OUT, 0))),
        (_("Delivered"), i18n.number(n.get(statuses.DELIVERED, 0))),
    ]
    title = i18n.pick(named.zh, named.en) if named is not None else _("Delivery plan")
    return _found(code, title, lines, url_for("plans.one", code=code))


def _place(here: Connection, code: str) -> dict[str, Any]:
    item = db.item.c
    n = here.scalar(
        select(func.count()).where(
            item.place == code, item.status.in_(statuses.HERE), within(item.stop, visible_stops())
        )
    )
    lines = [(_("Items here"), i18n.number(int(n or 0)))]
    return _found(code, words.place(here, code), lines, url_for("items.listing", place=code))


def _product(here: Connection, gtin: str) -> dict[str, Any] | str:
    table, item = db.product.c, db.item.c
    named = here.execute(select(table.zh, table.en).where(table.gtin == gtin)).one_or_none()
    n = here.scalar(
        select(func.count()).where(
            item.gtin == gtin, item.status.in_(statuses.HERE), within(item.stop, visible_stops())
        )
    )
    if named is None and not n:
        return _("Nobody has named this retail code yet.")
    title = i18n.pick(named.zh, named.en) if named is not None else gtin
    lines = [(_("Retail code"), gtin), (_("Here"), i18n.number(int(n or 0)))]
    return _found(gtin, title, lines, url_for("items.listing", gtin=gtin))
