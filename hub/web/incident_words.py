"""Incidents in words: what happened, what the system assumed, what a human may do."""

from typing import Final

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel.speaklater import LazyString
from msgspec import Struct

from hub.queries.incidents import Incident


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
    "unreadable": _Kind(
        _l("A message could not be placed"),
        _l("A message on %(subject)s could not even be placed in a journal."),
        _l("It is kept as received; what it may have held is still in the kiosk’s journal."),
        _l("Tell the developers, with the topic and the time."),
    ),
    "unknown-kiosk": _Kind(
        _l("An unregistered kiosk sends"),
        _l("%(kiosk)s sends, but is not registered."),
        _l("Its items are counted without a stop."),
        _l("Register the kiosk, or take it out of use."),
    ),
}


class Words(Struct, frozen=True):
    """An incident as text; ``title``, ``happened``, ``assumed`` and ``advice`` are localised."""

    incident: Incident
    title: str
    happened: str
    assumed: str
    advice: str
    stop: str


def words(incident: Incident, stop: str) -> Words:
    """The incident in the reader's language; a kind without words of its own is named."""
    kind = _KINDS.get(incident.kind)
    values = {"subject": incident.subject, "kiosk": incident.kiosk or _("an unnamed kiosk")}
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
        str(kind.advice),
        stop,
    )
