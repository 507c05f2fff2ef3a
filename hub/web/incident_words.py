"""Incidents in words: what happened, what the system assumed, what a human may do."""

from functools import cached_property
from typing import Final

from flask import url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel.speaklater import LazyString
from msgspec import Struct
from sqlalchemy import Connection

from hub.queries import places, transfers
from hub.queries.incidents import Incident
from hub.queries.places import Stop
from hub.queries.transfers import Contact
from hub.request import connection
from hub.web import devices, story
from hub.web.stock import words as words_of_stock


class _Kind(Struct, frozen=True):
    title: LazyString
    happened: LazyString
    assumed: LazyString
    advice: LazyString | str = ""


_KINDS: Final = {
    "double-handover": _Kind(
        _l("Handed over twice"),
        _l("Two scans say different things about who has item %(subject)s."),
        _l("The later scan counts; both are kept."),
        _l("Ask the stop which of the two is true, then scan the item again where it is."),
    ),
    "left-quarantine": _Kind(
        _l("Left quarantine unchecked"),
        _l("Item %(subject)s was handed on while it was set aside to be checked."),
        _l("The handover counts."),
        _l("Ask the stop what became of it, and whether somebody looked at it first."),
    ),
    "reserved-for-another": _Kind(
        _l("Kept for one plan, handed out for another"),
        _l("Item %(subject)s was reserved, and went out for another delivery plan."),
        _l("The handover counts; the reservation is over."),
        _l("See what the first plan lacks now, and reserve something else for it."),
    ),
    "ruling-overtaken": _Kind(
        _l("Something turned up after a correction"),
        _l("Somebody corrected item %(subject)s; then a kiosk told of something before that."),
        _l("The correction still counts."),
        _l("Look at the item's events, and correct it again if it was wrong."),
    ),
    "custody-gap": _Kind(
        _l("Sent, and not seen again"),
        _l("%(n)s things left %(from_name)s for %(to_name)s, and nobody there has seen them."),
        _l("They count as on their way."),
        _l("Ask %(ask)s. Then say on the transfer’s page what was found, or that it is lost."),
    ),
    "past-expiry": _Kind(
        _l("Past its date, and still here"),
        _l("%(n)s pieces were good until %(day)s and stand among what could go out."),
        _l("They count as stock."),
        _l("Take them from the shelf, look at each, then set them aside or throw them away."),
    ),
    "recalled-here": _Kind(
        _l("Recalled goods are still here"),
        _l("%(n)s pieces of %(gtin)s are recalled and not set aside."),
        _l("They could still go out."),
        _l("Open the recall and set them all aside with one press; then take them from the shelf."),
    ),
    "label-missing": _Kind(
        _l("Labels that were never attached"),
        _l("%(n)s things came in more than a day ago, and no label is known to be on them."),
        _l("They are not free stock."),
        _l("Find them on the shelf of what came in last; scan each label, or bind a new one."),
    ),
    "unknown-item": _Kind(
        _l("Scanned, but never received"),
        _l("Item %(subject)s was scanned, but no stop has reported receiving it."),
        _l("It is not counted as stock. The incident closes when its reception arrives."),
        _l("Is the kiosk that labelled it offline? Bring it back to a network."),
    ),
    "voided-but-moved": _Kind(
        _l("Undone, but moved afterwards"),
        _l("The reception of %(subject)s was undone, yet it was handed on."),
        _l("The item stays in the inventory."),
        _l("Look whether the item is there. If not, dispose of the label."),
    ),
    "code-repeated": _Kind(
        _l("The same code on two items"),
        _l("Code %(subject)s was received more than once."),
        _l("It is counted as one item, the first."),
        _l("Give one of the two a new label, and look whether a memory card was copied."),
    ),
    "journal-lost": _Kind(
        _l("A kiosk lost its journal"),
        _l("%(kiosk)s started with an empty journal."),
        _l("What the hub had received stays. What was never sent is lost."),
        _l("Ask the stop whether the memory card was exchanged, and compare recent labels."),
    ),
    "fork": _Kind(
        _l("Two stories from one kiosk"),
        _l("%(kiosk)s sent two different events for the same place in its journal."),
        _l("Both stories are kept and counted."),
        _l("A memory card was probably copied. Find the second card and take it out of use."),
    ),
    "hole": _Kind(
        _l("Events are missing"),
        _l("%(kiosk)s no longer has events that the hub never received."),
        _l("The rest is counted as if they had never been."),
        _l("Compare the shelf with the board at that stop."),
    ),
    "backup-late": _Kind(
        _l("The last backup is too old"),
        _l("No backup that would outlive this machine is recent enough."),
        _l("Kiosks keep what is in none. What is only here would be lost with this machine."),
        _l("See the page “Backups”: is the disk or network drive connected, and is there room?"),
    ),
    "hub-copy-late": _Kind(
        _l("What people do here is not copied"),
        _l("Corrections and scans at the hub have been on this machine alone for minutes."),
        _l("They count, but would be lost with this machine."),
        _l("See the page “Backups”: is the disk or network drive connected, and is there room?"),
    ),
    "chain-break": _Kind(
        _l("A journal does not fit together"),
        _l("An event from %(kiosk)s names another predecessor than the one that is here."),
        _l("Both sides of the break are kept and counted."),
        _l("Ask whether a memory card was copied or restored at that stop."),
    ),
    "journal-behind": _Kind(
        _l("A kiosk knows less than the hub"),
        _l("The journal of %(kiosk)s ends before what the hub already has."),
        _l("What the hub has stays, and counts."),
        _l(
            "Ask whether an old memory card was put back. Labels may repeat: look at new incidents."
        ),
    ),
    "quarantined": _Kind(
        _l("Lines that nobody understands"),
        _l("Lines from %(kiosk)s could not be understood."),
        _l("They are kept as received and count for nothing until they are repaired."),
        _l("See the quarantine page. A newer release may be able to read them."),
    ),
    "enrolment-replayed": _Kind(
        _l("An invitation was used twice"),
        _l("Another machine came with the code by which %(kiosk)s was enrolled."),
        _l("It was refused. The first one has the code."),
        _l(
            "Compare the six digits on the ticket with the page of the invitation before you"
            " confirm. If they differ, cancel it: somebody has copied the code."
        ),
    ),
    "enrolment-unknown": _Kind(
        _l("Machines came that nobody invited"),
        _l("Requests to become a kiosk came with codes that this hub never gave."),
        _l("They were refused."),
        _l(
            "Is a kiosk being set up with the sheet of another hub? If not, somebody may be trying"
            " codes; they are slowed down."
        ),
    ),
    "unreadable": _Kind(
        _l("A message could not be placed"),
        _l("A message on %(subject)s could not even be placed in a journal."),
        _l("It is kept as received; what it may have held is still in the kiosk’s journal."),
        _l("Tell the developers, with the topic and the time."),
    ),
    "roll-out-halted": _Kind(
        _l("A roll-out halted by itself"),
        _l("The roll-out of a release failed on a kiosk, or kiosks scan or print worse with it."),
        _l("No further kiosk takes the release. Those that have it keep it until told otherwise."),
        _l("See under “Roll-outs” why it was halted. Then go on, or have kiosks go back."),
    ),
    "sends-too-much": _Kind(
        _l("A kiosk sent far too much"),
        _l("%(kiosk)s sent more than any kiosk has to tell, without waiting for answers."),
        _l(
            "It was kept away for %(seconds)s seconds. What it has in its journal is not lost, and"
            " other kiosks went on."
        ),
        _l(
            "Once may be a fault of the line. If it comes again, update the kiosk; if you do not"
            " know why, revoke it: somebody else may have its account."
        ),
    ),
    "review-waits": _Kind(
        _l("Events wait for review"),
        _l("%(n)s events of %(kiosk)s came without the hub’s trust."),
        _l("They are kept, and count for nothing."),
        _l("Open the page “Review”, look at them, and take them in or refuse them."),
    ),
    "revoked-heard": _Kind(
        _l("A revoked kiosk is still connected"),
        _l("%(kiosk)s was revoked, and the broker still lets it in."),
        _l("Nothing is believed of it, and it is told nothing."),
        _l("Is the broker reading its list of accounts? Restart it on the hub’s machine."),
    ),
    "unknown-kiosk": _Kind(
        _l("An unregistered kiosk sends"),
        _l("%(kiosk)s sends, but is not registered."),
        _l("Its items are counted without a stop."),
        _l("Register the kiosk, or take it out of use."),
    ),
    "device-down": _Kind(
        _l("A device does not work"),
        _l("%(kiosk)s reports: %(told)s."),
        _l("The kiosk goes on with what is left. The incident closes when the device is back."),
        _l("Ring the stop: is the plug in, is there power and paper? Exchange the device if not."),
    ),
    "help-wanted": _Kind(
        _l("Somebody asked for help"),
        _l("At %(kiosk)s, lane %(lane)s, somebody pressed or scanned help."),
        _l("They may still be waiting."),
        _l("Ring the stop, then say here that you have seen it. The next call opens it again."),
    ),
    "reference-too-large": _Kind(
        _l("A list for kiosks is too long"),
        _l("“%(part)s” has %(bytes)s bytes; kiosks accept %(limit)s at most."),
        _l("Kiosks keep what they have of it."),
        _l("Shorten names, or remove entries that nobody needs, with “yicang hub”."),
    ),
}

_NOTICED: Final = {
    "journal-damaged": _Kind(
        _l("A kiosk’s journal was damaged"),
        _l("%(kiosk)s found its journal damaged when it started."),
        _l("The damaged file is kept on its disk. It goes on with an empty one and new codes."),
        _l("What was never sent is only in that file: keep the memory card, and exchange it."),
    ),
    "reference-refused": _Kind(
        _l("A kiosk refused data from here"),
        _l("%(kiosk)s got a list of names, places or cards that was damaged or did not fit it."),
        _l("It keeps the list that it had, and the broker got a fresh copy."),
        _l("See on the kiosk’s page whether it still refuses one. If so, tell the developers."),
    ),
    "reference-damaged": _Kind(
        _l("A kiosk lost data from here"),
        _l("%(kiosk)s found a list of names, places or cards damaged on its disk."),
        _l("It gets that list anew as soon as it is connected."),
        _l("If it happens again, exchange its memory card."),
    ),
    "hash-disputed": _Kind(
        _l("A kiosk and the hub disagree"),
        _l("%(kiosk)s holds another event than the hub at one place of its journal."),
        _l("The kiosk keeps its events and sends them in a new part of its journal."),
        _l("Ask whether a memory card was copied or an old one put back at that stop."),
    ),
    "no-prefix-left": _Kind(
        _l("A kiosk cannot make new codes"),
        _l("%(kiosk)s has used up the code prefixes that it was given."),
        _l("It takes only items with ready-made labels."),
        _l("Enrol the kiosk anew, so that it gets spare prefixes."),
    ),
    "receipt-expired": _Kind(
        _l("A receipt was not printed"),
        _l("%(kiosk)s could not print a receipt before its donor had left."),
        _l("The items are saved. The receipt is not printed later, so that nobody else takes it."),
        _l("Ring the stop: does the printer have paper, is its cover closed?"),
    ),
    "layout-failed": _Kind(
        _l("A label or receipt could not be drawn"),
        _l("%(kiosk)s could not lay out something that it was to print."),
        _l("What was scanned is saved. An item without a label is not counted as free."),
        _l("Put ready-made labels on items without one, and tell the developers."),
    ),
    "state-lost": _Kind(
        _l("A kiosk lost what was under way"),
        _l("%(kiosk)s started and could not read which sessions were open."),
        _l("What was saved stays. The open sessions ended without a receipt."),
        _l("Ask the stop for items that were just put down, and look whether they have labels."),
    ),
    "job-lost": _Kind(
        _l("A kiosk lost a print job"),
        _l("%(kiosk)s could not read a label or receipt that waited to be printed."),
        _l("What was scanned is saved. An item without a label is not counted as free."),
        _l("Look for items without a label at that stop, and print or exchange their labels."),
    ),
}
"""By the word in ``detail``: what a kiosk itself noticed."""

_NOTICED_OTHERWISE: Final = _Kind(
    _l("A kiosk noticed something"),
    _l("%(kiosk)s reports “%(what)s”."),
    _l("What was scanned is saved."),
    _l("Tell the developers, with the kiosk and the time."),
)


class Words(Struct, frozen=True):
    """An incident as text; ``title``, ``happened``, ``assumed`` and ``advice`` are localised;
    ``about`` is the address of what it is about, where that is no item."""

    incident: Incident
    title: str
    happened: str
    assumed: str
    advice: str
    stop: str
    about: str = ""


def kinds() -> list[tuple[str, str]]:
    """Every kind of incident by its key, with its title."""
    noticed = ("kiosk-noticed", _("Something that a kiosk noticed"))
    return [*((key, str(kind.title)) for key, kind in _KINDS.items()), noticed]


class Whereabouts:
    """Names of where things go, and whom to ask there: read once for all incidents of a page, and
    not at all for those that need none. Names of people stand in no incident, so they are looked
    up when it is shown."""

    def __init__(self, here: Connection) -> None:
        self._here = here
        self._places: dict[str, str] = {}

    @cached_property
    def stops(self) -> dict[str, Stop]:
        """Every stop by its id."""
        return places.stops(self._here)

    @cached_property
    def contacts(self) -> dict[str, Contact]:
        """Whom to ask, by stop."""
        return transfers.contacts(self._here)

    @cached_property
    def stops_of_places(self) -> dict[str, str]:
        """The stop that each place sheet for sending stands for."""
        return transfers.stops_of_places(self._here)

    def place(self, code: str) -> str:
        """A place by its name, else by its code."""
        if code not in self._places:
            self._places[code] = words_of_stock.place(self._here, code)
        return self._places[code]


def words(incident: Incident, stop: str, known: Whereabouts | None = None) -> Words:
    """The incident in the reader's language; a kind without words of its own is named. Whoever
    words more than one gives what they all need as ``known``."""
    kind: _Kind | None
    if incident.kind == "kiosk-noticed":
        kind = _NOTICED.get(incident.detail.get("what", ""), _NOTICED_OTHERWISE)
    else:
        kind = _KINDS.get(incident.kind)
    values = {
        **incident.detail,
        "subject": incident.subject,
        "kiosk": incident.kiosk or _("an unnamed kiosk"),
        "told": devices.fails(
            incident.detail.get("device", ""), incident.detail.get("device_kind", "")
        ),
    }
    if incident.kind == "custody-gap":
        values |= _of_travel(incident, known or Whereabouts(connection()))
    if kind is None:
        happened = _(
            "Reported as “%(kind)s” about %(subject)s.",
            kind=incident.kind,
            subject=incident.subject,
        )
        return Words(incident, _("Something needs a look"), happened, "", "", stop)
    return Words(
        incident,
        str(kind.title),
        str(kind.happened) % values,
        str(kind.assumed),
        str(kind.advice) % values,
        stop,
        _about(incident),
    )


def _about(incident: Incident) -> str:
    """Where the goods are shown that only time made wrong."""
    match incident.kind:
        case "custody-gap":
            return url_for("transfers.one", event=incident.subject)
        case "recalled-here":
            return url_for("recalls.one", recall=incident.subject)
        case "label-missing":
            return url_for("items.listing", stop=incident.stop, status="unlabelled")
        case "past-expiry":
            day = incident.subject
            return url_for(
                "items.listing",
                stop=incident.stop,
                status="here",
                expiry_from=day,
                expiry_to=day,
            )
        case _:
            return ""


def _of_travel(incident: Incident, known: Whereabouts) -> dict[str, str]:
    """Where something was sent from and to, and whom to ask there."""
    to = incident.detail.get("to", "")
    ends = (incident.detail.get("from", ""), known.stops_of_places.get(to, ""))
    names = [story.stop_name(known.stops, end) for end in ends if end]
    asked = known.contacts
    whom = [
        _("%(stop)s (%(contact)s)", stop=name, contact=asked[end].words) if end in asked else name
        for end, name in zip([end for end in ends if end], names, strict=True)
    ]
    return {
        "from_name": names[0] if names else "",
        "to_name": names[1] if len(names) > 1 else known.place(to),
        "ask": _(" and ").join(whom),
    }
