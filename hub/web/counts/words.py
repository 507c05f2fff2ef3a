"""What stocktakes are made of, in the reader's language."""

from typing import Final

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel.speaklater import LazyString
from sqlalchemy import Connection, select

from contract.actions import Word
from hub import db
from hub.counts import stocktake_lines
from hub.counts.stocktake_lines import NO_LABEL, OTHER_STOP, UNEXPECTED, Line
from hub.web import i18n, status_words, wording

VERDICTS: Final[dict[str, LazyString]] = {
    stocktake_lines.OK: _l("As it should be"),
    stocktake_lines.IN_BOX: _l("With its box, not looked at"),
    stocktake_lines.ARRIVED: _l("Arrived meanwhile, seen"),
    stocktake_lines.MISSING: _l("Not found"),
    stocktake_lines.ELSEWHERE: _l("Seen at another place"),
    stocktake_lines.UNEXPECTED: _l("Seen, but should not be there"),
    stocktake_lines.UNLABELLED: _l("Found without a label"),
    stocktake_lines.LEFT: _l("Left during the count"),
    stocktake_lines.LATER: _l("Turned up afterwards"),
    stocktake_lines.PENDING: _l("Still being counted"),
    stocktake_lines.NOT_COUNTED: _l("Its place was not counted"),
}
"""Every verdict, in the order of pages."""

STATES: Final[dict[str, LazyString]] = {
    "waiting": _l("Not counted yet"),
    "open": _l("Being counted"),
    "counted": _l("Counted"),
    "again": _l("To be counted again"),
}
"""How it stands with a place."""

LANES: Final[dict[str, LazyString]] = {
    "counting": _l("Counts"),
    "paused": _l("Has a break"),
    "closed": _l("Finished"),
}
"""What a part does."""

PROGRESS: Final[dict[str, LazyString]] = {
    "counting": _l("Going on"),
    "approved": _l("Approved"),
    "cancelled": _l("Given up"),
}
"""How it stands with a stocktake."""

RULES: Final[dict[str, LazyString]] = {
    "differs": _l("Places where something differs"),
    "always": _l("Every place"),
    "never": _l("None, unless somebody asks"),
}
"""Which places are counted again before anybody approves."""

HINDRANCES: Final[dict[str, LazyString]] = {
    "decided": _l("It is decided already."),
    "planner": _l("You planned this count. Somebody else has to approve it."),
    "counter": _l("You counted here yourself. Somebody else has to approve it."),
    "nothing_counted": _l("No place has been counted yet."),
    "open": _l("Somebody is still counting at a place. Wait, or ask for that place to be "
               "counted again."),
    "again": _l("A place is to be counted again, and nobody has yet."),
    "rule": _l("By its rule, some places have to be counted again first."),
}  # fmt: skip
"""Why it cannot be approved now."""

REFUSALS: Final[dict[str, LazyString]] = {
    **HINDRANCES,
    "unknown": _l("There is no such count."),
    "not-offered": _l("This kiosk’s count belongs to another one already, or is not known here."),
    "no-places": _l("Choose at least one place of this count."),
    "changed": _l("Something arrived since you looked. Look at the figures again, then decide."),
    "unchanged": _l("Nothing has changed since it was told last."),
    "not-approved": _l("It is not approved."),
    "given-up": _l("This count was given up; nothing follows from it."),
    "no-find": _l(
        "This was not found without a label in this count, or somebody has said already what it is."
    ),
    "find-gone": _l("What was found is not simply on the shelf any more. Look at its page first."),
    "not-missing": _l("That item is not missing in this count, or has turned up since."),
}

CANCELS: Final = (
    Word("no-time", "没时间数完", "No time to finish it"),
    Word("disturbed", "中途被打断，数不准", "Disturbed too much to be right"),
    Word("mistake", "误建的盘点", "Planned by mistake"),
    Word("another", "改做另一次盘点", "Another count takes its place"),
)
"""Why a count is given up. Keys are for ever."""

_CAUSES: Final[dict[str, LazyString]] = {
    "moved": _l("moved to another place"),
    "out": _l("set out with a volunteer"),
    "delivered": _l("delivered"),
    "back": _l("came back"),
    "sold": _l("sold"),
    "sale.back": _l("brought back by its buyer"),
    "sent": _l("sent on"),
    "arrived": _l("arrived from another stop"),
    "packed": _l("packed into a box"),
    "unpacked": _l("taken out of a box"),
    "kit.built": _l("put into a kit"),
    "kit.broken": _l("taken out of a kit"),
    "disposed": _l("thrown away"),
    "corrected": _l("corrected by somebody"),
    "counted": _l("seen in another count"),
    "find.identified": _l("recognised among what had no label"),
    "received": _l("received"),
    "item.seen": _l("its label was scanned"),
    "item.picked": _l("picked up"),
}


def verdict(key: str) -> str:
    """A verdict in a few words."""
    return str(VERDICTS.get(key, key))


def reason(line: Line) -> str:
    """What more there is to say of an item; empty for nothing."""
    if line.box:
        return _("in box %(box)s", box=line.box)
    if line.reason == OTHER_STOP:
        return _("belongs to another stop")
    if line.reason == NO_LABEL:
        return _("never had a label that could be scanned")
    if line.verdict == UNEXPECTED:
        return status_words.status(line.reason)
    return str(_CAUSES.get(line.reason, line.reason))


def cancel_reason(key: str) -> str:
    """Why it was given up."""
    return next((i18n.pick(one.zh, one.en) for one in CANCELS if one.key == key), key)


class PlaceNames:
    """Places by their names, read once for a page."""

    def __init__(self, connection: Connection) -> None:
        table = db.place.c
        rows = connection.execute(select(table.code, table.zh, table.en))
        self._names: Final = {row.code: i18n.pick(row.zh, row.en) for row in rows}

    def __call__(self, code: str) -> str:
        """The name, else what its sheet says; for none that nobody knows."""
        if not code:
            return _("no place known")
        return self._names.get(code) or wording.place_name(code)
