"""What the phone's page says, in the reader's language: its own words and the hub's answers."""

from collections.abc import Sequence
from typing import Final

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext
from flask_babel.speaklater import LazyString
from msgspec import Struct

from contract import codes
from hub.counts.counting import CountingError
from hub.counts.phone_counts import BeginTurn, CloseShelf, CountItem, OpenShelf, UncountItem
from hub.request import connection
from hub.stock.stock_actions import BringBack, Deliver, HandOut, Move
from hub.web.counts.words import REFUSALS
from hub.web.stock import words

_COUNTING: Final[dict[str, LazyString]] = {
    "not-yours": _l("This count is at a stop that your account does not cover."),
    "not-begun": _l("This phone has not begun this count under your account. Choose it again."),
    "not-planned": _l("This place is not part of this count."),
    "not-counted": _l("This was not counted by this phone, or it was taken back before."),
    "mistyped": _l("This code is not complete. Scan it again."),
}

_PAGE: Final[dict[str, LazyString]] = {
    "ready": _l("Ready"),
    "start": _l("Scan a code, or type it below."),
    "online": _l("Connected"),
    "offline": _l("No connection"),
    "offlineNote": _l("No connection. What you scan is kept on this phone and sent later."),
    "signedOut": _l("You are signed out. What is kept here is sent once you sign in again."),
    "strangers": _l("Scanned under another account. It is sent when that account signs in here."),
    "unkept": _l("This browser keeps nothing: do not close the page while something waits."),
    "waiting": _l("Waiting for the hub"),
    "saved": _l("Saved"),
    "refused": _l("Refused"),
    "found": _l("Found"),
    "noneWaiting": _l("Nothing waits"),
    "nWaiting": _l("%(n)s waiting"),
    "nothing": _l("Nothing was scanned yet."),
    "secret": _l("That is a personal card or slip. It is not used here and not kept."),
    "strange": _l("That is not one of our codes. It was not kept."),
    "mistyped": _l("This code is not complete. Scan it again."),
    "actionCard": _l("That is a card for kiosks. Use the buttons here."),
    "notForThis": _l("That does not belong here: %(code)s"),
    "itemsFirst": _l("Scan items first, or choose below what happened to the whole plan."),
    "onList": _l("On the list already"),
    "added": _l("On the list"),
    "remove": _l("Take %(code)s off the list"),
    "handScan": _l("Scan what changes hands."),
    "handThen": _l("On the list: %(n)s. Scan more, then the delivery plan or the new place."),
    "planAsk": _l("Plan %(code)s: what happened?"),
    "placeAsk": _l("Put all of this at %(place)s?"),
    "noCounts": _l("No count goes on at your stops. Somebody plans one on the hub’s pages."),
    "countShelf": _l("Scan the shelf’s sheet, or choose the shelf."),
    "countItems": _l("Scan every label that stands here."),
    "countAgain": _l("Counted here already"),
    "nCounted": _l("%(n)s counted here"),
    "notYours": _l("Your account may not do that"),
    "confirmDrop": _l("Throw this away? It was not answered: it may or may not be saved."),
    "drop": _l("Throw it away"),
    "cameraOn": _l("Switch the camera on"),
    "cameraOff": _l("Switch the camera off"),
    "cameraNone": _l("This browser gives no camera here: it needs HTTPS. Type, or use a scanner."),
    "cameraDenied": _l("The camera could not be used. Allow it in the browser, or type the code."),
    "cameraLooks": _l("Hold the code into the picture."),
    "torchOn": _l("Light on"),
    "torchOff": _l("Light off"),
    "look": _l("Look up"),
    "hand": _l("Hand over"),
    "count": _l("Count"),
    "out": _l("Out with a volunteer"),
    "deliver": _l("Delivered"),
    "back": _l("Came back"),
    "move": _l("Moved here"),
    "begin": _l("Began to count"),
    "open": _l("Shelf"),
    "close": _l("Shelf done"),
    "item": _l("Counted"),
    "undo": _l("Taken back"),
    "undoItem": _l("Take it back: %(code)s"),
    "undoIt": _l("Take it back"),
    "more": _l("More about it"),
    "about": _l("%(what)s: %(n)s"),
}


def of_page() -> dict[str, str]:
    """The words that the page's script uses."""
    return {key: str(text) for key, text in _PAGE.items()}


def count_refusal(error: CountingError) -> str:
    """Why a step of a count was not taken."""
    return str(_COUNTING.get(error.reason, REFUSALS.get(error.reason, error.reason)))


def conflict(subject: str, newer: Sequence[str]) -> str:
    """What happened to something since the phone was shown it."""
    what = _(", ").join(newer) if newer else _("something happened to it")
    return _(
        "%(subject)s changed since you looked: %(what)s. Look at it, then do it again.",
        subject=codes.grouped(subject),
        what=what,
    )


def done(act: Struct) -> str:
    """What was done, in a sentence."""
    match act:
        case Move(items=items, place=place):
            where = words.place(connection(), place)
            return ngettext(
                "%(num)d item stands at %(place)s",
                "%(num)d items stand at %(place)s",
                len(items),
                place=where,
            )
        case HandOut(items=items, plan=plan):
            return _many(_("Out for plan %(plan)s"), plan, len(items))
        case Deliver(items=items, plan=plan):
            return _many(_("Delivered for plan %(plan)s"), plan, len(items))
        case BringBack(items=items, plan=plan):
            return _many(_("Back from plan %(plan)s"), plan, len(items))
        case BeginTurn():
            return _("This phone counts now")
        case OpenShelf(place=place):
            return _("Counting at %(place)s", place=words.place(connection(), place))
        case CountItem(item=item):
            return _("Counted: %(code)s", code=codes.grouped(item))
        case UncountItem(item=item):
            return _("Taken back: %(code)s", code=codes.grouped(item))
        case CloseShelf(place=place):
            return _("Done: %(place)s", place=words.place(connection(), place))
        case _:
            return _("Saved")


def _many(text: str, plan: str, n: int) -> str:
    said = text % {"plan": codes.grouped(plan)}
    if not n:
        return said
    return _("%(what)s: %(n)s", what=said, n=ngettext("%(num)d item", "%(num)d items", n))
