"""Events about people's time, the market, months and decisions in plain words."""

import datetime as dt
from typing import Final

from flask_babel import gettext as _
from flask_babel import ngettext

from contract import events as contract
from contract.actions import SKILLS
from hub.stock import reasons
from hub.web import i18n
from hub.web.formats import money
from hub.web.ruling_words import WORDS as RULINGS
from hub.web.story import category_name

_FEN_PER_JIAO: Final = 10
_MINUTES_PER_HOUR: Final = 60
_MINUTES_PER_HALF_HOUR: Final = 30


def about_records(body: contract.Body) -> str:
    """One sentence; empty for what this module does not know."""
    return _about_people(body) or _about_market(body) or _about_decisions(body)


def _about_people(body: contract.Body) -> str:
    match body:
        case contract.TimeOffered(skill=skill, half_hours=half_hours):
            word = reasons.named(SKILLS, skill)
            return _(
                "Time was offered: %(skill)s, %(time)s",
                skill=i18n.pick(word.zh, word.en),
                time=_time(half_hours * _MINUTES_PER_HALF_HOUR),
            )
        case contract.WorkStarted():
            return _("Somebody came to work")
        case contract.WorkEnded(minutes=None):
            return _("Somebody went home; how long they worked is not known")
        case contract.WorkEnded(minutes=int(minutes), how="rule"):
            return _("Work was ended by rule after %(time)s", time=_time(minutes))
        case contract.WorkEnded(minutes=int(minutes)):
            return _("Somebody went home after %(time)s", time=_time(minutes))
        case contract.Contributed(count=count):
            return ngettext(
                "%(num)d small gift to a campaign", "%(num)d small gifts to a campaign", count
            )
        case contract.FoodRefused(category=key, why=why):
            word = reasons.named(reasons.SET_ASIDE, why)
            return _(
                "Food was not taken in: %(category)s, %(why)s",
                category=category_name(key),
                why=i18n.pick(word.zh, word.en),
            )
        case contract.RollChanged(role="receipt"):
            return _("A new roll of receipt paper was put in")
        case contract.RollChanged():
            return _("A new roll of labels was put in")
        case _:
            return ""


def _about_market(body: contract.Body) -> str:
    match body:
        case contract.MarketOpened():
            return _("The market opened")
        case contract.MarketClosed(sales=sales, recorded=jiao):
            return ngettext(
                "The market closed: %(num)d sale, %(sum)s",
                "The market closed: %(num)d sales, %(sum)s",
                sales,
                sum=money(jiao * _FEN_PER_JIAO),
            )
        case _:
            return ""


def _about_decisions(body: contract.Body) -> str:
    match body:
        case contract.MonthClosed(month=month, number=number):
            shown = i18n.month(dt.date.fromisoformat(f"{month}-01"))
            return _("%(month)s was closed: statement %(number)s", month=shown, number=number)
        case contract.MonthRestated(number=number):
            return _("Statement %(number)s got a restatement", number=number)
        case contract.IncidentRuled(ruling=ruling):
            words = RULINGS.get(ruling)
            if words is None:
                return _("An incident was settled")
            return _("An incident was settled: %(how)s", how=str(words.button))
        case contract.BatchReceived(items=items):
            return ngettext(
                "A donation by list came in: %(num)d label",
                "A donation by list came in: %(num)d labels",
                items,
            )
        case contract.LabelVoided(item=item):
            return _("Label %(item)s was given up", item=item)
        case _:
            return ""


def _time(minutes: int) -> str:
    hours, rest = divmod(minutes, _MINUTES_PER_HOUR)
    long = ngettext("%(num)d hour", "%(num)d hours", hours)
    short = ngettext("%(num)d minute", "%(num)d minutes", rest)
    if not hours:
        return short
    return _("%(hours)s %(minutes)s", hours=long, minutes=short) if rest else long
