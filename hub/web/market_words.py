"""Stops, ways of paying and states of markets in the reader's language."""

from typing import Final

from flask import g
from flask_babel import gettext as _
from sqlalchemy import Connection

from contract.actions import PAYMENTS
from hub.folds.sales import TAKEN_BACK
from hub.queries import places
from hub.queries.market import Market
from hub.request import connection
from hub.web import i18n, story

FEN_PER_JIAO: Final = 10


def stop_name(stop: str) -> str:
    """What a stop is called; stops are read once for a page."""
    if "stops" not in g:  # each row of a table asks
        g.stops = places.stops(connection())
    return story.stop_name(g.stops, stop)


def pay_name(key: str | None) -> str:
    """A way of paying."""
    for pay in PAYMENTS:
        if pay.key == key:
            return i18n.pick(pay.zh, pay.en)
    return key or ""


def pays(_connection: Connection) -> list[tuple[str, str]]:
    """Every way of paying, by its key."""
    return [(pay.key, i18n.pick(pay.zh, pay.en)) for pay in PAYMENTS]


def deed(kind: str) -> str:
    """What was done, by a word of `hub.folds.sales`."""
    match kind:
        case "sold":
            return str(_("sold"))
        case "taken_back":
            return str(_("taken back"))
        case "opened":
            return str(_("market opened"))
        case _:
            return str(_("market closed"))


def signed_fen(kind: str, jiao: int | None) -> int | None:
    """An amount in fen: what was brought back is less than nothing, what a closing says was
    counted."""
    if jiao is None:
        return None
    return jiao * FEN_PER_JIAO * (-1 if kind == TAKEN_BACK else 1)


def counted(one: Market) -> str:
    """Whether somebody counted the cash, and what came of it."""
    if one.closed is None:
        return str(_("still open"))
    if one.difference is None:
        return str(_("not counted"))
    return str(_("agrees")) if one.difference == 0 else str(_("differs"))
