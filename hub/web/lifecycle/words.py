"""Bundles, reviews and the ends of kiosks in plain words."""

from typing import Final

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext

from hub.fleet.bundles import WORDS, Imported, ImportRefusedError
from hub.fleet.lifecycle import LifecycleError
from hub.web import i18n

RETIRED: Final = {
    "replaced": _l("Another device takes its place"),
    "closed": _l("The stop is closed"),
    "broken": _l("It is broken"),
    "not-needed": _l("It is not needed any more"),
}
REVOKED: Final = {
    "stolen": _l("It was stolen"),
    "lost": _l("Nobody knows where it is"),
    "suspect": _l("Somebody may have tampered with it"),
    "copied": _l("Its memory card was copied"),
}
REFUSED: Final = {
    "not-ours": _l("It does not come from our kiosk"),
    "made-up": _l("This did not happen"),
    "copied": _l("It comes from a copied card"),
    "other": _l("Another reason"),
}
STATES: Final = {
    "waiting": _l("waits"),
    "accepted": _l("taken in"),
    "rejected": _l("refused"),
}
WAYS: Final = {
    "mqtt": _l("over the network"),
    "bundle": _l("by a bundle"),
    "salvage": _l("from its card"),
}
SOURCES: Final = {
    "kiosk": _l("A stick"),
    "salvage": _l("Its card"),
}
_ENDING: Final = {
    "unknown-kiosk": _l("There is no such kiosk."),
    "retired": _l("This kiosk is out of service already."),
    "revoked": _l("This kiosk was revoked already."),
    "bad-reason": _l("Say why."),
    "bad-replacement": _l("The kiosk in its place must be another one at the same stop."),
    "unheard": _l(
        "It is not connected: it may hold events that nobody knows of. Plug a stick into it first,"
        " or tick that it must be so all the same."
    ),
}


def why_not(error: LifecycleError) -> str:
    """Why a kiosk did not end."""
    if error.why == "unsent":
        return ngettext(
            "It still has %(num)d event that is not here. Let it send, or plug a stick into it"
            " first, or tick that it must be so all the same.",
            "It still has %(num)d events that are not here. Let it send, or plug a stick into it"
            " first, or tick that it must be so all the same.",
            error.n,
        )
    return str(_ENDING[error.why])


def ended(why: str) -> str:
    """Why it ended; the machine word itself for one without words."""
    found = RETIRED.get(why) or REVOKED.get(why)
    return why if found is None else str(found)


def refusal(error: ImportRefusedError) -> str:
    """Why a bundle was not taken in."""
    told = i18n.pick(*WORDS[error.why])
    told = told[:1].upper() + told[1:]
    return _("%(told)s (%(kiosk)s)", told=told, kiosk=error.kiosk) if error.kiosk else told


def imported(done: Imported) -> str:
    """What became of a bundle."""
    parts = []
    if done.fresh:
        parts.append(ngettext("%(num)d new event", "%(num)d new events", done.fresh))
    if done.held:
        parts.append(ngettext("%(num)d was here already", "%(num)d were here already", done.held))
    if done.review:
        parts.append(ngettext("%(num)d waits for review", "%(num)d wait for review", done.review))
    if done.rejected:
        parts.append(
            ngettext("%(num)d was refused before", "%(num)d were refused before", done.rejected)
        )
    told = _(", ").join(parts) if parts else _("it was empty")
    return _("%(kiosk)s: %(told)s.", kiosk=done.kiosk, told=told)
