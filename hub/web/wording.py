"""Events in plain words for operators. Nothing of the private part is ever worded."""

from typing import Final

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext

from contract import codes
from contract import events as contract
from hub.web import devices, i18n
from hub.web.story import category_name
from hub.web.wording_counts import about_counts
from hub.web.wording_goods import about_goods
from hub.web.wording_records import about_records

_OUTCOMES: Final = {
    "ok": _l("fine"),
    "unknown": _l("not known at that kiosk"),
    "foreign": _l("from another stop"),
    "delivered": _l("already delivered"),
    "out": _l("already out"),
    "voided": _l("taken back before"),
}

_HOW: Final = {
    "printed": _l("printed"),
    "unconfirmed": _l("printed, but the printer did not confirm it"),
    "scanned": _l("scanned back"),
}

_WHY_BACK: Final = {"not-home": _l("nobody was at home")}

_PROBLEMS: Final = {
    "too-long": _l("too long"),
    "not-json": _l("not readable at all"),
    "future-version": _l("written by a newer release"),
    "unknown-type": _l("an event type that this release does not know"),
    "bad-public": _l("its public part is not as agreed"),
    "bad-private": _l("its private part is not as agreed"),
    "wrong-kiosk": _l("it names another kiosk than the one that sent it"),
    "wrong-place": _l("it names another place in the chain than the one it came in"),
    "bad-topic": _l("the topic names no kiosk"),
    "bad-message": _l("not a message as agreed"),
    "fold-failed": _l("a fold could not take it"),
    "no-header": _l("the batch had no readable header"),
    "too-large": _l("the batch was too large"),
}


def problem(word: str) -> str:
    """Why a line was not understood."""
    return str(_PROBLEMS.get(word, word))


def place_name(code: str | None) -> str:
    """A place by its sheet's words where we know them, with its code; else its code."""
    if code is None:
        return ""
    shown = codes.grouped(code)
    place = codes.PLACE_BY_CODE.get(code)
    if place is None:
        return shown
    return _("%(place)s (%(code)s)", place=i18n.pick(place.zh, place.en), code=shown)


def describe(body: contract.Body) -> str:
    """One sentence for ``body``."""
    return (
        _about_items(body)
        or about_goods(body, _held, place_name)
        or about_counts(body, place_name)
        or about_records(body)
        or _about_sessions(body)
        or _about_kiosk(body)
    )


def _about_items(body: contract.Body) -> str:
    match body:
        case contract.Received(item=item, category=key):
            return _("Received %(item)s: %(category)s", item=item, category=category_name(key))
        case contract.LabelAttached(item=item, how=how):
            return _("Label of %(item)s: %(how)s", item=item, how=str(_HOW.get(how, how)))
        case contract.ItemPicked(item=item, outcome=outcome):
            return _("Picked %(item)s: %(outcome)s", item=item, outcome=_outcome(outcome))
        case contract.ItemSeen(item=item, outcome=outcome):
            return _("Scanned %(item)s: %(outcome)s", item=item, outcome=_outcome(outcome))
        case contract.Moved(place=place, items=items):
            return _("%(items)s moved to %(place)s", items=_held(items), place=place_name(place))
        case contract.Packed(box=box, items=items):
            return _("%(items)s packed into %(box)s", items=_held(items), box=box)
        case contract.Unpacked(box=box, items=items):
            return _("%(items)s unpacked from %(box)s", items=_held(items), box=box)
        case contract.Out(plan=plan, items=items):
            return _("%(items)s set out for plan %(plan)s", items=_held(items), plan=plan)
        case contract.PlanSeen(plan=plan):
            return _("Plan %(plan)s was scanned without items", plan=plan)
        case contract.Delivered(plan=plan, items=()):
            return _("All that was out for plan %(plan)s was delivered", plan=plan)
        case contract.Delivered(plan=plan, items=items):
            return _("%(items)s delivered for plan %(plan)s", items=_held(items), plan=plan)
        case contract.Back(plan=plan, items=(), why=why):
            return _(
                "All that was out for plan %(plan)s came back: %(why)s",
                plan=plan,
                why=str(_WHY_BACK.get(why, why)),
            )
        case contract.Back(plan=plan, items=items, why=why):
            return _(
                "%(items)s came back from plan %(plan)s: %(why)s",
                items=_held(items),
                plan=plan,
                why=str(_WHY_BACK.get(why, why)),
            )
        case contract.Voided(events=events):
            return ngettext("%(num)d event was undone", "%(num)d events were undone", len(events))
        case _:
            return ""


def _about_sessions(body: contract.Body) -> str:
    match body:
        case contract.SessionOpened():
            return _("Somebody began")
        case contract.SessionJoined():
            return _("A card joined what was begun without one")
        case contract.SessionClosed(items=items) if items:
            return ngettext("Finished with %(num)d item", "Finished with %(num)d items", items)
        case contract.SessionClosed():
            return _("Finished")
        case contract.Unrecognised(length=length):
            return ngettext(
                "A scan of %(num)d character was not understood; its content is not kept",
                "A scan of %(num)d characters was not understood; its content is not kept",
                length,
            )
        case contract.Refused():
            return _("A scan had no meaning at that moment and changed nothing")
        case contract.HelpWanted():
            return _("Somebody asked for help")
        case _:
            return ""


def _about_kiosk(body: contract.Body) -> str:
    match body:
        case contract.EpochOpened():
            return _("The kiosk started")
        case contract.ClockLearned():
            return _("The kiosk learnt the time")
        case contract.DeviceChanged(device=device, kind=kind, ok=True):
            return devices.works(device, kind)
        case contract.DeviceChanged(device=device, kind=kind):
            return devices.fails(device, kind)
        case contract.Noticed(kind=kind):
            return _("The kiosk noticed: %(kind)s", kind=kind)
        case _:
            return contract.type_of(body)


def _outcome(word: str) -> str:
    return str(_OUTCOMES.get(word, word))


def _held(items: tuple[str, ...]) -> str:
    if len(items) == 1:
        return items[0]
    return ngettext("%(num)d item", "%(num)d items", len(items))
