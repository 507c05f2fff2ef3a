"""What the stock's pages say: refusals, reasons and statuses in the reader's language."""

from collections.abc import Iterable, Sequence
from typing import Final

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel.speaklater import LazyString
from sqlalchemy import Connection, select

from contract import codes
from contract.actions import Word
from hub import db
from hub.folds.legs import ARRIVED, BETWEEN, LOST, SEEN
from hub.queries import places
from hub.queries.places import Stop
from hub.stock.stock_actions import Refusal, Refused
from hub.web import i18n, wording
from hub.web.login import visible_stops

REFUSALS: Final[dict[Refusal, LazyString]] = {
    "unknown": _l("%(subject)s: no stop has told of this yet."),
    "not-yours": _l("%(subject)s is at a stop that your account does not cover."),
    "gone": _l("%(subject)s has been delivered, sold or thrown away. Correct it if it is here."),
    "not-here": _l("%(subject)s is not at a stop now."),
    "not-free": _l("%(subject)s is not free."),
    "not-aside": _l("%(subject)s is not set aside."),
    "box-aside": _l("%(subject)s is in a box that is set aside. Release the box, or unpack it."),
    "not-reserved": _l("%(subject)s is not reserved."),
    "nothing": _l("There is nothing left to do."),
    "no-such-word": _l("Please choose a reason."),
    "no-such-plan": _l("There is no delivery plan %(subject)s."),
    "plan-closed": _l("Delivery plan %(subject)s is closed."),
    "no-such-kit": _l("There is no kit of this name."),
    "no-such-stop": _l("There is no stop %(subject)s."),
    "two-stops": _l("What goes into one box must be at one stop."),
    "in-itself": _l("%(subject)s cannot go into itself."),
    "not-in-box": _l("%(subject)s is not in this box."),
    "not-a-kit": _l("%(subject)s is no kit."),
    "not-decided-here": _l("Only what was decided at the hub can be undone here."),
    "undone": _l("It was undone already."),
    "no-such-recall": _l("There is no such recall."),
    "recall-closed": _l("This recall is over."),
    "bad-gtin": _l("%(subject)s is no retail code: 8, 12, 13 or 14 digits, the last one a check."),
    "not-alone": _l("Another person has to do this."),
    "not-out": _l("%(subject)s is not out with this delivery plan."),
    "for-another": _l("%(subject)s is reserved for another delivery plan."),
    "every-stop": _l(
        "A recall holds for every stop: somebody whose account covers all of them ends it."
    ),
}

OUTCOMES: Final[dict[str, LazyString]] = {
    BETWEEN: _l("On the way"),
    ARRIVED: _l("Arrived"),
    SEEN: _l("Seen again"),
    LOST: _l("Lost"),
}
"""What became of something that was sent on (`hub.folds.legs`)."""


def refusal(error: Refused) -> str:
    """Why it was not done."""
    return str(REFUSALS[error.why]) % {"subject": shown(error.subject)}


def shown(code: str) -> str:
    """A code as people compare it."""
    return codes.grouped(code)


def choices(words: Iterable[Word], among: Sequence[str] | None = None) -> list[tuple[str, str]]:
    """A table of words as choices; only these keys, if any are given."""
    return [
        (word.key, i18n.pick(word.zh, word.en))
        for word in words
        if among is None or word.key in among
    ]


def said(words: Iterable[Word], key: str) -> str:
    """The word with this key; one that the table does not have as it is."""
    return next((i18n.pick(word.zh, word.en) for word in words if word.key == key), key)


def place_choices(connection: Connection) -> list[tuple[str, str]]:
    """Where goods can stand: named places first, then the sheets that come printed."""
    table = db.place.c
    rows = connection.execute(
        select(table.code, table.zh, table.en)
        .where(table.kind.in_(("shelf", "market")))
        .order_by(table.code)
    )
    named = {row.code: i18n.pick(row.zh, row.en) for row in rows}
    for place in codes.PLACES:
        named.setdefault(place.code, i18n.pick(place.zh, place.en))
    return sorted(named.items(), key=lambda one: one[1])


def place(connection: Connection, code: str | None) -> str:
    """A place by its name, else by its code."""
    if code is None:
        return ""
    table = db.place.c
    row = connection.execute(select(table.zh, table.en).where(table.code == code)).one_or_none()
    return wording.place_name(code) if row is None else i18n.pick(row.zh, row.en)


def place_names(connection: Connection, found: Iterable[str | None]) -> dict[str | None, str]:
    """`place` of each of these, looked up once for all of them."""
    wanted = set(found)
    known = places.names_of(connection, (code for code in wanted if code is not None))
    return {
        None: "",
        **{
            code: i18n.pick(*known[code]) if code in known else wording.place_name(code)
            for code in wanted
            if code is not None
        },
    }


def stop_choices(connection: Connection) -> list[tuple[str, str]]:
    """The stops of the user's scope."""
    mine = visible_stops()
    return [
        (stop.id, i18n.pick(stop.zh, stop.en))
        for stop in places.stops(connection).values()
        if mine is None or stop.id in mine
    ]


def stop(known: dict[str, Stop], name: str) -> str:
    """A stop by its name; nowhere for none."""
    found = known.get(name)
    return (name or _("no stop")) if found is None else i18n.pick(found.zh, found.en)
