"""The one search box: what is typed or scanned into it leads straight to what it names.

It posts: a card, a slip or a claim that somebody scans by mistake must not come to stand in an
address, a history or a log. Only what is none of these becomes an address of results.
"""

from typing import Final

from flask import Blueprint, Response, current_app, redirect, render_template, request, url_for
from flask_babel import gettext as _
from msgspec import Struct
from sqlalchemy import Connection
from werkzeug.wrappers import Response as BaseResponse

from contract.actions import CATEGORIES
from contract.codes import PLACES, Kind
from hub import search_terms
from hub.access.permissions import Permission
from hub.access.scope import Stops
from hub.queries import search
from hub.request import connection
from hub.search_terms import About, Term
from hub.typed import narrow
from hub.web import i18n, story
from hub.web.login import needs, visible_stops

MAX_LOT: Final = 20
"""Characters of a lot (`contract.bodies.goods`; GS1 General Specifications, AI 10)."""


class Result(Struct, frozen=True):
    """Something found: what it is, its name, and where it is shown."""

    what: str
    name: str
    href: str


def blueprint() -> Blueprint:
    """The search box and its results."""
    pages = Blueprint("search", __name__)
    pages.get("/search")(page)
    pages.post("/search")(find)
    return pages


@needs(Permission.VIEW)
def find() -> BaseResponse:
    """Leads to what was typed, or to the list of what it may mean."""
    typed = request.form.get("q", "")
    term = search_terms.read(typed)
    if term.about is About.SECRET:
        return Response(_page("", [], secret=True))
    exact = _exact(connection(), term, visible_stops())
    if exact is not None:
        return redirect(exact, 303)
    return redirect(url_for("search.page", q=typed[: search_terms.MAX_TERM].strip()), 303)


@needs(Permission.VIEW)
def page() -> str:
    """What was found; without words, what can be looked for."""
    typed = request.args.get("q", "")[: search_terms.MAX_TERM].strip()
    if not typed:
        return _page("", [])
    term = search_terms.read(typed)
    if term.about is About.SECRET:
        return _page("", [], secret=True)
    found = _found(connection(), term, typed, visible_stops())
    return _page(typed, found, action=term.about is About.ACTION)


def _page(typed: str, found: list[Result], *, secret: bool = False, action: bool = False) -> str:
    return render_template(
        "search.html", searched=typed, results=found, secret=secret, action=action
    )


def _exact(here: Connection, term: Term, stops: Stops) -> str | None:
    """The address of the one thing that ``term`` names."""
    match term.about:
        case About.CODE:
            return _of_code(here, term, stops)
        case About.GTIN:
            found = search.has_items(here, "gtin", term.text, stops)
            return url_for("items.listing", gtin=term.text) if found else None
        case About.EVENT:
            return url_for("events.listing", event=term.text)
        case About.WORDS if search.kiosk(here, term.text.lower(), stops):
            return url_for("board.kiosk", kiosk=term.text.lower())
        case About.WORDS if search.incident(here, term.text, stops):
            return _incident(term.text)
        case _:
            return None


def _of_code(here: Connection, term: Term, stops: Stops) -> str | None:
    match term.kind:
        case Kind.ITEM:
            known = search.item_stop(here, term.text, stops) is not None
            return url_for("board.item", code=term.text) if known else None
        case Kind.BOX:
            if search.item_stop(here, term.text, stops) is not None:
                return url_for("board.item", code=term.text)  # it came in whole
            return _own_page("boxes.one", term.text) or url_for("items.listing", box=term.text)
        case Kind.PLAN:
            return _own_page("plans.one", term.text) or url_for("items.listing", plan=term.text)
        case _:
            return url_for("items.listing", place=term.text)


def _own_page(endpoint: str, code: str) -> str | None:
    known = endpoint in current_app.view_functions
    return url_for(endpoint, code=code) if known else None


def _incident(key: str) -> str:
    if "incidents.one" in current_app.view_functions:
        return url_for("incidents.one", key=key)
    return url_for("board.incident_list", key=key)


def _found(here: Connection, term: Term, typed: str, stops: Stops) -> list[Result]:
    exact = _exact(here, term, stops)
    found = [] if exact is None else [Result(_("What it names"), typed, exact)]
    words = typed if term.about is not About.GTIN else term.text
    found += [
        Result(_("Stop"), i18n.pick(one.zh, one.en), url_for("items.listing", stop=one.key))
        for one in search.stop_names(here, words, stops)
    ]
    found += [
        Result(_("Kiosk"), one, url_for("board.kiosk", kiosk=one))
        for one in search.kiosks(here, words, stops)
    ]
    found += [
        Result(_("Product"), i18n.pick(one.zh, one.en), url_for("items.listing", gtin=one.key))
        for one in search.products(here, words)
    ]
    found += [
        Result(_("Plan"), i18n.pick(one.zh, one.en), url_for("items.listing", plan=one.key))
        for one in search.plans(here, words)
    ]
    found += [
        Result(_("Place"), i18n.pick(zh, en), url_for("items.listing", place=code))
        for code, zh, en in _places(here, words)
    ]
    found += [
        Result(_("Category"), name, url_for("items.listing", category=key))
        for key, name in _categories(words)
    ]
    # Only what has no name is looked for among the lots, of which there is no index.
    lot = narrow(typed)
    if not found and len(lot) <= MAX_LOT and search.lot_exists(here, lot, stops):
        found.append(Result(_("Lot"), lot, url_for("items.listing", lot=lot)))
    return found


def _places(here: Connection, words: str) -> list[tuple[str, str, str]]:
    own = {one.key: (one.zh, one.en) for one in search.places(here, words)}
    wanted = words.lower()
    built_in = {
        one.code: (one.zh, one.en)
        for one in PLACES
        if wanted in one.zh.lower() or wanted in one.en.lower()
    }
    return [(code, zh, en) for code, (zh, en) in {**built_in, **own}.items()]


def _categories(words: str) -> list[tuple[str, str]]:
    wanted = words.lower()
    return [
        (one.key, story.category_name(one.key))
        for one in CATEGORIES
        if wanted in (one.key.lower(), one.zh.lower()) or wanted in f"{one.zh} {one.en}".lower()
    ]
