"""Roll-outs in words."""

from collections.abc import Mapping
from typing import Any, Final

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel.speaklater import LazyString

from hub.fleet import canary, roll_out_rows
from hub.fleet import roll_out_states as states
from hub.fleet.roll_out_rows import RollOut
from hub.fleet.roll_out_watch import DRIFT
from hub.web import formats, i18n
from provisioning.updates.words import REASONS

REFUSED: Final = {
    "unknown": _l("There is no such roll-out."),
    "unknown-release": _l("This release is not kept here."),
    "unknown-kiosk": _l("There is no such kiosk in it."),
    "no-kiosks": _l("Choose the kiosks."),
    "no-first": _l("Choose at least one kiosk for the first stage."),
    "no-note": _l("Say in a few words why, 200 characters at most."),
    "bad-hours": _l("So many hours are not possible: 0 to 336."),
    "state": _l("That cannot be done with a roll-out in this state."),
    "not-well": _l("Not every kiosk that was told has confirmed it yet."),
    "no-more": _l("There is no further stage."),
    "no-way-back": _l("What these kiosks ran before is not kept here. Bring that release first."),
}

STATES: Final = {
    roll_out_rows.READY: _l("planned"),
    roll_out_rows.RUNNING: _l("going on"),
    roll_out_rows.PAUSED: _l("paused"),
    roll_out_rows.HALTED: _l("halted"),
    roll_out_rows.DONE: _l("done"),
}

KIOSK: Final[Mapping[str, LazyString]] = {
    states.PLANNED: _l("not told yet"),
    states.TOLD: _l("will get it when it asks"),
    "unpacking": _l("has it, is unpacking it"),
    "waiting": _l("has it, waits for a good moment"),
    "switching": _l("is switching"),
    "trying": _l("is trying it"),
    "confirming": _l("works, is being confirmed"),
    "returning": _l("is going back"),
    states.AGAIN: _l("went back, will try again"),
    states.WELL: _l("confirmed"),
    states.REVERTED: _l("went back by itself"),
    states.REFUSED: _l("refused it"),
    states.LOST: _l("runs another one again"),
    states.LEFT_OUT: _l("left out"),
}

MEASURES: Final = {
    canary.SCANS: _l("Scans that came to nothing"),
    canary.LABELS: _l("Labels that nobody knows to be well on their item"),
    canary.UNLABELLED: _l("Goods for which no label came out"),
}


def reason(detail: str) -> str:
    """Why an updater waits, went back or refused."""
    found = REASONS.get(detail)
    return detail if found is None else i18n.pick(found.zh, found.en)


def halted(one: RollOut) -> list[str]:
    """Why a roll-out was halted, in sentences."""
    why = one.why
    match why.get("why"):
        case "drift":
            return _drift(why)
        case "failed":
            state = str(KIOSK.get(str(why["state"]), why["state"]))
            told = _("%(kiosk)s: %(state)s.", kiosk=why["kiosk"], state=state)
            detail = reason(str(why["detail"]))
            return [told, _("Its reason: %(why)s.", why=detail)] if detail else [told]
        case "by-hand":
            return [_("Somebody halted it.")]
    return []


def _drift(why: Mapping[str, Any]) -> list[str]:
    measure = str(MEASURES.get(str(why["measure"]), why["measure"]))
    where = str(why["kiosk"]) or _("all kiosks with it together")
    lines = [
        _(
            "%(measure)s (%(where)s): %(share)s since they run it.",
            measure=measure,
            where=where,
            share=_share(why["now"]),
        )
    ]
    if why["before"]:
        lines.append(_("The same kiosks before: %(share)s.", share=_share(why["before"])))
    if why["others"]:
        lines.append(_("The other kiosks meanwhile: %(share)s.", share=_share(why["others"])))
    return lines


def _share(share: list[int]) -> str:
    bad, trials = share
    rate = formats.percent(bad, trials)
    return _("%(bad)s of %(trials)s (%(rate)s)", bad=bad, trials=trials, rate=rate)


def state(one: RollOut) -> str:
    """How a roll-out is, in a few words."""
    told = str(STATES[one.state])
    if one.state == roll_out_rows.HALTED and one.why.get("why") == DRIFT:
        return _("halted by itself: kiosks worked worse")
    if one.state == roll_out_rows.HALTED and one.why.get("why") == "failed":
        return _("halted by itself: it failed on a kiosk")
    if one.state in (roll_out_rows.RUNNING, roll_out_rows.PAUSED):
        return _("%(state)s, stage %(stage)s", state=told, stage=one.stage)
    return told
