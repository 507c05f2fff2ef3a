"""A journey in words: what `hub.journey` and `hub.privacy` allow, in the reader's language."""

from collections.abc import Mapping

from flask_babel import gettext as _
from msgspec import Struct

from contract.actions import CATEGORY_BY_KEY
from hub.journey import Step, StepKind
from hub.privacy import Level, Reach
from hub.queries.places import Stop
from hub.web import i18n


class Line(Struct, frozen=True):
    """One step as text: what happened, and what may be said of when and where."""

    kind: str
    what: str
    notes: tuple[str, ...] = ()


def category_name(key: str | None) -> str:
    """A category as a donor would name it; empty for an item that was never received here."""
    if key is None:
        return ""
    category = CATEGORY_BY_KEY.get(key)
    return key if category is None else i18n.pick(category.zh, category.en)


def category_names(key: str | None) -> tuple[str, str]:
    """A category's names in Chinese and English, for what is read in both."""
    category = CATEGORY_BY_KEY.get(key or "")
    return (key or "", key or "") if category is None else (category.zh, category.en)


def stop_name(stops: Mapping[str, Stop], stop: str) -> str:
    """A stop's name; for one that is not registered, that it is not."""
    found = stops.get(stop)
    return _("a stop not registered here") if found is None else i18n.pick(found.zh, found.en)


def headline(status: str) -> str:
    """Where an item stands, in a few words."""
    match status:
        case "in_stock" | "reserved":
            return _("In stock at the stop")
        case "unlabelled":
            return _("Waiting for its label")
        case "out":
            return _("On its way")
        case "delivered":
            return _("Has reached a household")
        case "quarantined":
            return _("Set aside to be checked")
        case "sent":
            return _("Sent on from the stop")
        case "sold":
            return _("Sold at the charity market")
        case "missing":
            return _("Not to be found")
        case "disposed":
            return _("Thrown away or recycled")
        case "voided":
            return _("Taken back")
        case _:
            return _("Its reception has not reached us yet")


def lines(steps: tuple[Step, ...], stops: Mapping[str, Stop]) -> list[Line]:
    """The steps as text."""
    return [Line(step.kind.value, _what(step, stops), _notes(step, stops)) for step in steps]


def _what(step: Step, stops: Mapping[str, Stop]) -> str:
    stop = "" if step.stop is None else stop_name(stops, step.stop)
    match step.kind:
        case StepKind.RECEIVED:
            return _("Received at %(stop)s", stop=stop)
        case StepKind.LABELLED:
            return _("Labelled with its own code")
        case StepKind.WAITING_FOR_LABEL:
            return _("It still waits for its label")
        case StepKind.MOVED_WITHIN:
            return _("Moved to another shelf")
        case StepKind.MOVED_TO if stop:
            return _("Moved to %(stop)s", stop=stop)
        case StepKind.MOVED_TO:
            return _("Moved to another stop")
        case StepKind.CAME_BACK:
            return _("Set out with a volunteer, and came back to the stop")
        case StepKind.ON_ITS_WAY:
            return _("Set out with a volunteer: it is on its way")
        case StepKind.REACHED:
            return _("Set out with a volunteer, and has reached a household")
        case StepKind.WITHDRAWN:
            return _("Taken back at the stop: this label no longer stands for an item")
        case StepKind.FOUND:
            return _("Found at %(stop)s without a label, and given a new one", stop=stop)
        case StepKind.SET_ASIDE:
            return _("Set aside to be checked")
        case StepKind.CHECKED:
            return _("Checked and found good")
        case StepKind.SENT_ON:
            return _("Sent on from %(stop)s", stop=stop) if stop else _("Sent on")
        case StepKind.NOT_FOUND:
            return _("It was not where it should be")
        case StepKind.SOLD if stop:
            return _("Sold at the charity market of %(stop)s", stop=stop)
        case StepKind.SOLD:
            return _("Sold at the charity market")
        case StepKind.CAME_BACK_FROM_SALE:
            return _("Brought back by its buyer")
        case StepKind.THROWN_AWAY:
            return _("Could not be used any more: thrown away or recycled")
        case StepKind.SEEN:
            return _("Its label was scanned at %(stop)s", stop=stop)


def _notes(step: Step, stops: Mapping[str, Stop]) -> tuple[str, ...]:
    notes: list[str] = []
    if step.t is not None:
        notes.append(i18n.day(step.t) if step.certain else _uncertain(step.t))
    if step.kind is StepKind.REACHED and step.reach is not None:
        notes.append(_reach(step.reach, stops))
    if step.kind is StepKind.SEEN:
        notes.append(
            _(
                "The stop that received it has not reported it yet, perhaps because it is offline. "
                "Please look again later."
            )
        )
    return tuple(notes)


def _uncertain(t: int) -> str:
    return _("about %(day)s (the stop’s clock was not set)", day=i18n.day(t))


def _reach(reach: Reach, stops: Mapping[str, Stop]) -> str:
    place = _place(reach, stops)
    period = _period(reach)
    if not place:
        return _("Recorded in %(period)s", period=period)
    return _("Recorded in %(period)s, %(place)s", period=period, place=place)


def _period(reach: Reach) -> str:
    match reach.level:
        case Level.STOP_WEEK:
            return _(
                "the week from %(first)s to %(last)s",
                first=i18n.date(reach.first),
                last=i18n.date(reach.last),
            )
        case Level.DISTRICT_MONTH | Level.CITY_MONTH:
            return i18n.month(reach.first)
        case Level.CITY_QUARTER:
            return _(
                "%(first)s to %(last)s",
                first=i18n.month(reach.first),
                last=i18n.month(reach.last),
            )


def _place(reach: Reach, stops: Mapping[str, Stop]) -> str:
    """The name of the stop, district or city; every stop in it can tell."""
    for stop in stops.values():
        match reach.level:
            case Level.STOP_WEEK if stop.id == reach.place:
                return i18n.pick(stop.zh, stop.en)
            case Level.DISTRICT_MONTH if stop.district == reach.place:
                return i18n.pick(stop.district_zh, stop.district_en)
            case Level.CITY_MONTH | Level.CITY_QUARTER if stop.city == reach.place:
                return i18n.pick(stop.city_zh, stop.city_en)
    return ""
