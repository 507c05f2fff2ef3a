"""What kiosks are wished to be like: the list of wishes, a new one, and its stages."""

import re
from typing import Final

from flask import Blueprint, Response, abort, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from msgspec import Struct
from sqlalchemy import Connection
from werkzeug.wrappers import Response as BaseResponse

from contract.configuration import Configuration
from hub.access import accounts
from hub.access.permissions import Permission
from hub.fleet import configurations
from hub.fleet.configurations import ConfigurationError, Staged, Wish
from hub.kiosks.kiosk_commands import CommandError
from hub.queries import kiosks, places
from hub.queries.kiosks import Kiosk
from hub.request import connection, now_ms, services
from hub.typed import whole_number
from hub.web import audit_words, listing, shell, story
from hub.web.fleet import configuration_form as form
from hub.web.fleet import configured
from hub.web.listing import Column, Kind, Link, Listing, MemorySource
from hub.web.login import Denied, needs, require, signed_in_user, visible_stops
from hub.web.printing import words

REFUSED: Final = {
    "unknown": _l("There is no such configuration."),
    "halted": _l("It is halted: make a new one."),
    "not-well": _l(
        "A kiosk gave it up or refused it, so no further one is told. Look why, and make a new one."
    ),
    "nobody": _l("Choose kiosks that were not told it yet."),
    "no-note": _l("Say in a few words why, 200 characters at most."),
}


class Line(Struct, frozen=True):
    """A wish in the list."""

    id: int
    note: str
    keys: str
    who: str
    made_ms: int
    kiosks: int
    state: str


class Row(Struct, frozen=True):
    """A kiosk on a wish's page. ``stage`` 0: it was not told."""

    kiosk: str
    stop: str
    stage: int
    state: str
    why: str
    tone: str
    may: bool


def blueprint() -> Blueprint:
    """See the module."""
    pages = Blueprint("configurations", __name__, url_prefix="/configurations")
    pages.get("/", endpoint="listing")(overview)
    pages.get("/kiosks", endpoint="kiosks")(configured.page)
    pages.get("/new")(new)
    pages.post("/new")(make)
    pages.get("/<wish>")(one)
    pages.post("/<wish>/stage")(stage)
    pages.get("/<wish>/halt")(ask_halt)
    pages.post("/<wish>/halt")(halt)
    return pages


@needs(Permission.SETTINGS)
def overview() -> BaseResponse:
    """Every wish, the newest first."""
    return listing.respond(WISHES, "fleet/configurations.html")


def _rows(here: Connection) -> list[Line]:
    names = accounts.names(here)
    return [_line(here, one, names) for one in configurations.all_of_them(here)]


def _line(here: Connection, wish: Wish, names: dict[str, str]) -> Line:
    told = configurations.staged(here, wish.id, visible_stops())
    keys = [
        str(label) for key, label in form.LABELS.items() if getattr(wish.values, key) is not None
    ]
    return Line(
        wish.id,
        wish.note,
        _("; ").join(keys) or _("as each kiosk’s own settings say"),
        audit_words.account(wish.account, names),
        wish.made_ms,
        len(told),
        _state(wish, told),
    )


def _state(wish: Wish, told: list[Staged]) -> str:
    if any(one.failed for one in told):
        return _("a kiosk gave it up")
    if wish.halted_ms is not None:
        return _("halted")
    done = sum(one.order is not None and one.order.told.state == "done" for one in told)
    if not told:
        return _("nobody was told yet")
    return _("%(done)s of %(told)s have it", done=done, told=len(told))


@needs(Permission.SETTINGS)
def new() -> str:
    """The form, empty or with what an earlier one says."""
    like = whole_number(request.args.get("like", ""), 9)
    found = None if like is None else configurations.one(connection(), like)
    values = found.values if found is not None else Configuration()
    return _form(form.Shown(form.texts_of(values), {}), "")


def _form(shown: form.Shown, note: str) -> str:
    return render_template(
        "fleet/configuration_new.html",
        shown=shown,
        labels=form.LABELS,
        limits=form.LIMITS,
        note=note,
        many=("scanners", "printers"),
    )


@needs(Permission.SETTINGS)
def make() -> BaseResponse:
    """Keeps it; no kiosk is told."""
    user, moment = signed_in_user(), now_ms()
    values, shown = form.read(request.form)
    note = request.form.get("note", "").strip()[:1000]
    problems = dict(shown.problems)
    if not note or len(note) > configurations.MAX_NOTE:
        problems["note"] = str(REFUSED["no-note"])
    if values is None or problems:
        return Response(_form(form.Shown(shown.texts, problems), note), status=400)
    made = services().writer.call(
        lambda writing: configurations.make(writing, values, note, user.by, moment)
    )
    shell.told(_("It is kept. Now choose who is told first."))
    return redirect(url_for("configurations.one", wish=made), 303)


def _found(wish: str) -> Wish:
    if not re.fullmatch(r"[1-9][0-9]{0,8}", wish):
        abort(404)
    found = configurations.one(connection(), int(wish))
    if found is None:
        abort(404)
    return found


@needs(Permission.SETTINGS)
def one(wish: str) -> str:
    """What it says, who was told, and who may be told next."""
    found, here = _found(wish), connection()
    told = {each.kiosk: each for each in configurations.staged(here, found.id, visible_stops())}
    desired = configurations.desired_of(here)
    stops = places.stops(here)
    known = [
        each
        for each in kiosks.kiosks(here, visible_stops())
        if each.known_here and (not each.ended or each.id in told)
    ]
    rows = [
        _row(each, told.get(each.id), desired.get(each.id), story.stop_name(stops, each.stop))
        for each in known
    ]
    values = found.values
    texts = form.texts_of(values)
    failed = any(each.failed for each in told.values())
    halted = found.halted_ms is not None or failed
    spoken = {"yes": _("yes"), "no": _("no"), form.NONE: _("none")}
    return render_template(
        "fleet/configuration.html",
        wish=found,
        says=[
            (label, spoken.get(texts[key], texts[key]))
            for key, label in form.LABELS.items()
            if texts[key]
        ],
        gave_up=str(REFUSED["not-well"]) if failed else "",
        who=audit_words.account(found.account, accounts.names(here)),
        rows=sorted(rows, key=lambda row: (row.stage == 0, row.stage, row.stop, row.kiosk)),
        state=_state(found, list(told.values())),
        open=not halted and any(row.may for row in rows),
        stops=sorted(
            {(each.stop, story.stop_name(stops, each.stop)) for each in known if not each.ended}
        ),
    )


def _row(kiosk: Kiosk, told: Staged | None, desired: Staged | None, stop: str) -> Row:
    mine = desired is not None and told is not None and desired.configuration == told.configuration
    if told is None or told.order is None:
        return Row(kiosk.id, stop, 0, _("not told"), "", "", True)
    order, health = told.order, kiosk.health
    state = words.state(order, now_ms())
    if not mine:
        state = _("told another one since")
    elif health is not None and health.config_state == "trying" and not order.told.is_final:
        state = _("trying it")
    bad = told.failed
    tone = "bad" if bad else "good" if order.told.state == "done" and mine else ""
    why = words.why(order, online=bool(kiosk.online))
    return Row(kiosk.id, stop, told.stage, state, why, tone, not mine and not kiosk.ended)


@needs(Permission.SETTINGS)
def stage(wish: str) -> BaseResponse:
    """Tells the kiosks that were chosen: by hand, all of some stops, or the rest."""
    found, here, user, moment = _found(wish), connection(), signed_in_user(), now_ms()
    stops = places.stop_of_kiosks(here)
    known = {each.id: each for each in kiosks.kiosks(here, visible_stops()) if each.known_here}
    chosen = [kiosk for kiosk in request.form.getlist("kiosk") if kiosk in stops]
    wanted = set(request.form.getlist("stop"))
    chosen += [kiosk for kiosk, each in known.items() if each.stop in wanted]
    if request.form.get("rest") == "1":
        chosen += list(known)
    for kiosk in chosen:
        if kiosk not in known:
            raise Denied(Permission.SETTINGS, stops[kiosk])
    chosen = [kiosk for kiosk in chosen if not known[kiosk].ended]
    try:
        number = services().writer.call(
            lambda writing: configurations.stage(writing, found.id, chosen, user.by, moment)
        )
    except ConfigurationError as error:
        shell.told(str(REFUSED[error.why]), kind="bad")
    except CommandError as error:
        shell.told(str(words.REFUSED[error.why]), kind="bad")
    else:
        shell.told(_("Stage %(number)s is told.", number=number))
    return redirect(url_for("configurations.one", wish=wish), 303)


def require_all(wish: int) -> None:
    """Raises `Denied` where kiosks were told this that stand beyond the user's scope."""
    for stop in configurations.stops_of(connection(), wish):
        require(Permission.SETTINGS, stop)


@needs(Permission.SETTINGS)
def ask_halt(wish: str) -> str:
    """Asks first."""
    found = _found(wish)
    require_all(found.id)
    return shell.confirm(
        heading=_("Halt configuration %(id)s?", id=found.id),
        text=_("No further kiosk is told. Those that have not begun do not begin."),
        button=_("Halt"),
        back=url_for("configurations.one", wish=wish),
    )


@needs(Permission.SETTINGS)
def halt(wish: str) -> BaseResponse:
    """No further kiosk is told."""
    found, user, moment = _found(wish), signed_in_user(), now_ms()
    require_all(found.id)
    try:
        services().writer.call(
            lambda writing: configurations.halt(writing, found.id, user.by, moment)
        )
    except ConfigurationError as error:
        shell.told(str(REFUSED[error.why]), kind="bad")
    else:
        shell.told(_("It is halted."))
    return redirect(url_for("configurations.one", wish=wish), 303)


def facts(here: Connection, kiosk: Kiosk) -> list[tuple[str, str, bool]]:
    """Lines for a kiosk's page: what is desired of it and what it reports; what, how, and whether
    that is well."""
    desired = configurations.desired_of(here).get(kiosk.id)
    health = kiosk.health
    if desired is None and (health is None or not health.config_state):
        return []
    wanted = (
        _("number %(id)s", id=desired.configuration)
        if desired is not None
        else _("its own settings")
    )
    if health is None:
        return [(_("Configuration"), _("%(wanted)s wished; it has not told", wanted=wanted), True)]
    if health.config_state == "trying":
        return [(_("Configuration"), _("it is trying %(wanted)s", wanted=wanted), True)]
    if health.config_state == "reverted":
        why = words.configuration_why(health.config_detail)
        told = _("it went back by itself: %(why)s", why=why)
        return [(_("Configuration"), told, False)]
    if configurations.drifts(desired, health):
        told = _("%(wanted)s wished, it runs with another one", wanted=wanted)
        return [(_("Configuration"), told, False)]
    return [(_("Configuration"), wanted, True)]


WISHES: Final = Listing[Line](
    name="configurations",
    title=_l("Configurations"),
    order="-id",
    empty=_l("Nothing was wished yet: every kiosk runs with its own settings."),
    source=MemorySource(rows=_rows),
    columns=(
        Column(
            "id",
            _l("Number"),
            lambda row: row.id,
            Kind.NUMBER,
            heading=True,
            link=Link("configurations.one", "wish", lambda row: str(row.id)),
            sort=True,
        ),
        Column("note", _l("Why"), lambda row: row.note),
        Column("keys", _l("What it says"), lambda row: row.keys),
        Column("state", _l("State"), lambda row: row.state, sort=True),
        Column("kiosks", _l("Kiosks told"), lambda row: row.kiosks, Kind.NUMBER, sort=True),
        Column("made", _l("Made"), lambda row: row.made_ms, Kind.MOMENT, sort=True),
        Column("who", _l("By"), lambda row: row.who, sort=True),
    ),
    filters=(),
)
