"""Roll-outs: the list, planning one, and following one while it goes on."""

import hashlib
from collections.abc import Callable
from typing import Final

import msgspec
from flask import Blueprint, Response, abort, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from msgspec import Struct
from sqlalchemy import Connection
from werkzeug.wrappers import Response as BaseResponse

from hub.access import accounts
from hub.access.audit import By
from hub.access.permissions import Permission
from hub.fleet import release_asks, releases, roll_out_rows, roll_outs
from hub.fleet.roll_out_rows import DONE, HALTED, PAUSED, READY, RUNNING, RollOut
from hub.fleet.roll_out_states import FAILED, LEFT_OUT, WELL
from hub.fleet.roll_outs import RollOutError
from hub.queries import kiosks, places
from hub.queries.kiosks import Kiosk
from hub.request import connection, now_ms, services
from hub.typed import whole_number
from hub.web import audit_words, formats, i18n, kiosk_columns, listing, shell, story
from hub.web.fleet import roll_out_words as words
from hub.web.fleet.reach import may_act
from hub.web.listing import Column, Kind, Link, Listing, MemorySource
from hub.web.login import Denied, needs, signed_in_user, visible_stops


class Line(Struct, frozen=True):
    """A roll-out in the list."""

    id: int
    release: str
    note: str
    state: str
    kiosks: str
    made_ms: int
    who: str


class Row(Struct, frozen=True):
    """A kiosk of a roll-out."""

    kiosk: str
    stop: str
    stage: int
    state: str
    why: str
    before: str
    runs: str
    since_ms: int | None
    asked_ms: int | None
    tone: str


def blueprint() -> Blueprint:
    """The pages under ``/roll-outs``."""
    pages = Blueprint("roll_outs", __name__, url_prefix="/roll-outs")
    pages.get("", endpoint="listing")(overview)
    pages.get("/new")(new)
    pages.post("/new")(make)
    pages.get("/<number>")(one)
    pages.get("/<number>/live")(live)
    pages.get("/<number>/kiosks", endpoint="kiosks")(members)
    pages.post("/<number>/advance")(advance)
    pages.post("/<number>/pause")(pause)
    pages.get("/<number>/resume")(ask_resume)
    pages.post("/<number>/resume")(resume)
    pages.get("/<number>/halt")(ask_halt)
    pages.post("/<number>/halt")(halt)
    pages.get("/<number>/back")(ask_back)
    pages.post("/<number>/back")(back)
    pages.post("/<number>/leave-out")(leave_out)
    return pages


# --- the list and planning ------------------------------------------------------------------------


@needs(Permission.SETTINGS)
def overview() -> BaseResponse:
    """Every roll-out, the newest first."""
    return listing.respond(ROLL_OUTS, "fleet/roll_outs.html")


def _rows(here: Connection) -> list[Line]:
    names = accounts.names(here)
    return [_line(one, names) for one in roll_out_rows.all_of_them(here, visible_stops())]


def _line(one: RollOut, names: dict[str, str]) -> Line:
    rest = [each for each in one.members if each.state != LEFT_OUT]
    well = sum(each.state == WELL for each in rest)
    return Line(
        one.id,
        one.release,
        one.note,
        words.state(one),
        _("%(well)s of %(all)s have it", well=well, all=len(rest)),
        one.made_ms,
        who(one.account, names),
    )


def who(account: str, names: dict[str, str]) -> str:
    """Whose it is."""
    if account == roll_outs.SYSTEM.account:
        return _("the hub itself")
    return audit_words.person(account, names)


def _choosable(here: Connection) -> list[Kiosk]:
    """Those that a roll-out can be about: the ones that are well come first."""
    known = [one for one in kiosks.kiosks(here, visible_stops()) if one.in_service]
    return sorted(known, key=lambda one: (not one.online, -(one.last_event_ms or 0), one.id))


@needs(Permission.SETTINGS)
def new() -> BaseResponse:
    """The form, with a proposal of who comes in which stage."""
    here = connection()
    proposed = roll_outs.propose([one.id for one in _choosable(here)])
    release = request.args.get("release", "")
    return Response(_form(release, proposed, "", str(roll_out_rows.HOURS), back=False))


def _form(
    release: str,
    stages: dict[str, int],
    note: str,
    hours: str,
    *,
    back: bool,
    problem: str = "",
) -> str:
    here = connection()
    known, stops = _choosable(here), places.stops(here)
    kept: dict[str, list[str]] = {}
    for one in releases.all_of_them(here):
        kept.setdefault(one.id, []).append(one.name)
    return render_template(
        "fleet/roll_out_new.html",
        releases=[(id_, f"{id_} ({', '.join(for_)})") for id_, for_ in kept.items()],
        release=release,
        note=note,
        hours=hours,
        back=back,
        problem=problem,
        stops=sorted({(one.stop, story.stop_name(stops, one.stop)) for one in known}),
        kiosks=[
            (
                one.id,
                story.stop_name(stops, one.stop),
                one.health.release or one.health.software if one.health else "",
                stages.get(one.id, 0),
            )
            for one in known
        ],
        stages=[(1, _("1 first")), (2, _("2 some")), (3, _("3 the rest")), (0, _("not"))],
        crumbs=[(_("A new roll-out"), None)],
    )


@needs(Permission.SETTINGS)
def make() -> BaseResponse:
    """Keeps the plan; no kiosk is told."""
    user, moment, form, here = signed_in_user(), now_ms(), request.form, connection()
    stops = places.stop_of_kiosks(here)
    known = {one.id: one for one in _choosable(here)}
    stages = {}
    for kiosk in stops:
        stop_stage = form.get(f"stop.{stops[kiosk]}", "") if kiosk in known else ""
        chosen = stop_stage or form.get(f"stage.{kiosk}", "0")
        if chosen in ("1", "2", "3"):
            if kiosk not in known:
                raise Denied(Permission.SETTINGS, stops[kiosk])
            stages[kiosk] = int(chosen)
    release, note = form.get("release", "")[:80], form.get("note", "").strip()[:1000]
    typed, wants_back = form.get("hours", "")[:10].strip(), form.get("back") == "1"
    said = whole_number(typed, 10)
    hours = -1 if said is None else said  # which is refused
    try:
        number = services().writer.call(
            lambda writing: roll_outs.make(
                writing, release, stages, note, user.by, moment, hours=hours, back=wants_back
            )
        )
    except RollOutError as error:
        page = _form(
            release, stages, note, typed, back=wants_back, problem=str(words.REFUSED[error.why])
        )
        return Response(page, status=400)
    shell.told(_("It is planned. No kiosk is told before you begin the first stage."))
    return redirect(url_for("roll_outs.one", number=number), 303)


# --- one roll-out ---------------------------------------------------------------------------------


def _found(number: str) -> RollOut:
    if not roll_out_rows.NUMBER.fullmatch(number):
        abort(404)
    found = roll_out_rows.one(connection(), int(number), visible_stops())
    if found is None:
        abort(404)
    return found


@needs(Permission.SETTINGS)
def one(number: str) -> str:
    """How far it is, and what may be done."""
    found = _found(number)
    return render_template(
        "fleet/roll_out.html",
        one=found,
        part=_part(found),
        etag=_etag(found),
        going=found.state in (RUNNING, PAUSED, HALTED),
        title=_("Roll-out %(id)s", id=found.id),
    )


@needs(Permission.SETTINGS)
def live(number: str) -> BaseResponse:
    """The part of the page that changes; 304 as long as it does not."""
    found = _found(number)
    response = Response(_part(found))
    response.headers["ETag"] = _etag(found)
    response.headers["Cache-Control"] = "no-store"
    return response.make_conditional(request)


def _etag(found: RollOut) -> str:
    """Of what the part shows, and not of the part: its forms hold tokens."""
    shown = msgspec.json.encode((found, _members(connection(), found), i18n.language()))
    return f'"{hashlib.sha256(shown).hexdigest()[:32]}"'


def _part(found: RollOut) -> str:
    here = connection()
    rows = _members(here, found)
    due = found.due_ms
    told = [each for each in found.members if each.told_ms is not None]
    return render_template(
        "fleet/_roll_out.html",
        one=found,
        rows=rows,
        state=words.state(found),
        halted=words.halted(found) if found.state == HALTED else [],
        who=who(found.account, accounts.names(here)),
        due=formats.moment(due) if due is not None else "",
        last=found.next_stage is None,
        may_advance=found.state in (READY, RUNNING)
        and found.next_stage is not None
        and found.is_well
        and not found.failed,
        may_pause=found.state == RUNNING,
        may_resume=found.state in (PAUSED, HALTED),
        may_halt=found.state in (READY, RUNNING, PAUSED),
        may_back=bool(told) and found.back_of is None,
        may_leave=[each.kiosk for each in found.members if each.state != LEFT_OUT]
        if found.state != DONE
        else [],
    )


def _members(here: Connection, found: RollOut) -> list[Row]:
    stops, asks = places.stops(here), release_asks.asks(here)
    heard = {each.id: each for each in kiosks.kiosks(here)}
    due = found.due_ms is not None and found.due_ms <= now_ms()
    silent = found.unheard({kiosk: one.health_ms for kiosk, one in heard.items()}) if due else []
    rows = []
    for each in found.members:
        known, ask = heard[each.kiosk].health, asks.get(each.kiosk)
        nothing = (
            ask is not None
            and each.told_ms is not None
            and each.state == "told"
            and not releases.one(here, found.release, ask.target)
        )
        why = (
            _("this release is not kept for its machine (%(target)s)", target=ask.target)
            if nothing and ask is not None
            else _("silent since, and the next stage waits for it")
            if each.kiosk in silent
            else words.reason(each.detail)
        )
        tone = "bad" if each.state in FAILED or nothing else "good" if each.state == WELL else ""
        rows.append(
            Row(
                each.kiosk,
                story.stop_name(stops, each.stop),
                each.stage,
                str(words.KIOSK.get(each.state, each.state)),
                why,
                each.before,
                known.release if known is not None else "",
                each.told_ms,
                ask.asked_ms if ask is not None else None,
                tone,
            )
        )
    return rows


@needs(Permission.SETTINGS)
def members(number: str) -> BaseResponse:
    """Its kiosks as a table to be taken away."""
    found = _found(number)
    return listing.respond(
        MEMBERS,
        "fleet/roll_out_kiosks.html",
        one=found,
        crumbs=[
            (_("Roll-out %(id)s", id=found.id), url_for("roll_outs.one", number=found.id)),
            (_("Kiosks"), None),
        ],
    )


def _member_rows(here: Connection) -> list[Row]:
    return _members(here, _found(str((request.view_args or {}).get("number", ""))))


# --- acting ---------------------------------------------------------------------------------------


def _act(
    number: str, work: Callable[[Connection, int, By, int], object], done: str
) -> BaseResponse:
    """Has the writer do ``work`` with the roll-out, in the user's name and now."""
    found, by, moment = _found(number), signed_in_user().by, now_ms()
    may_act(connection(), found.id, visible_stops())
    try:
        services().writer.call(lambda writing: work(writing, found.id, by, moment))
    except RollOutError as error:
        shell.told(str(words.REFUSED[error.why]), kind="bad")
    else:
        shell.told(done)
    return redirect(url_for("roll_outs.one", number=found.id), 303)


@needs(Permission.SETTINGS)
def advance(number: str) -> BaseResponse:
    """Begins the next stage."""
    return _act(
        number,
        roll_outs.advance,
        _("The stage has begun. Each kiosk takes the release at its own hour."),
    )


@needs(Permission.SETTINGS)
def pause(number: str) -> BaseResponse:
    """Nobody begins."""
    return _act(
        number,
        roll_outs.pause,
        _("It is paused. A kiosk that is trying the release now ends its trial."),
    )


@needs(Permission.SETTINGS)
def ask_resume(number: str) -> str:
    """Asks first."""
    found = _found(number)
    text = _("It goes on where it was.")
    if found.state == HALTED:
        text = _(
            "It goes on without the kiosks on which it failed, and what was compared is compared"
            " anew from now on. Do this once you know why it was halted."
        )
    return shell.confirm(
        heading=_("Go on with roll-out %(id)s?", id=found.id),
        text=text,
        button=_("Go on"),
        back=url_for("roll_outs.one", number=found.id),
        facts=[("", line) for line in words.halted(found)] if found.state == HALTED else [],
        danger=found.state == HALTED,
    )


@needs(Permission.SETTINGS)
def resume(number: str) -> BaseResponse:
    """Goes on."""
    return _act(number, roll_outs.resume, _("It goes on."))


@needs(Permission.SETTINGS)
def ask_halt(number: str) -> str:
    """Asks first."""
    found = _found(number)
    return shell.confirm(
        heading=_("Halt roll-out %(id)s?", id=found.id),
        text=_("No further kiosk takes this release. Those that have it keep it."),
        button=_("Halt"),
        back=url_for("roll_outs.one", number=found.id),
    )


@needs(Permission.SETTINGS)
def halt(number: str) -> BaseResponse:
    """No further kiosk begins."""
    return _act(number, roll_outs.halt, _("It is halted."))


@needs(Permission.SETTINGS)
def ask_back(number: str) -> str:
    """Asks first."""
    found = _found(number)
    before = sorted({each.before for each in found.told if each.before})
    return shell.confirm(
        heading=_("Have kiosks go back?"),
        text=_(
            "Every kiosk that was told runs again what it ran before, by a roll-out of its own"
            " that begins at once. Nothing recorded is lost."
        ),
        button=_("Go back"),
        back=url_for("roll_outs.one", number=found.id),
        facts=[(_("Runs now"), found.release), (_("Goes back to"), ", ".join(before) or "–")],
    )


@needs(Permission.SETTINGS)
def back(number: str) -> BaseResponse:
    """A roll-out of what ran before."""
    return _act(
        number,
        roll_outs.go_back,
        _("They are going back: see the newest roll-out."),
    )


@needs(Permission.SETTINGS)
def leave_out(number: str) -> BaseResponse:
    """Goes on without a kiosk."""
    kiosk = request.form.get("kiosk", "")
    return _act(
        number,
        lambda here, n, by, moment: roll_outs.leave_out(here, n, kiosk, by, moment),
        _("%(kiosk)s is left out.", kiosk=kiosk[:64]),
    )


ROLL_OUTS: Final = Listing[Line](
    name="roll-outs",
    title=_l("Roll-outs"),
    order="-id",
    empty=_l("Nothing was rolled out yet: every kiosk runs what it was set up with."),
    source=MemorySource(rows=_rows),
    columns=(
        Column(
            "id",
            _l("Number"),
            lambda row: row.id,
            Kind.NUMBER,
            heading=True,
            link=Link("roll_outs.one", "number", lambda row: str(row.id)),
            sort=True,
        ),
        Column("release", _l("Package"), lambda row: row.release, Kind.CODE, sort=True),
        Column("note", _l("Why"), lambda row: row.note),
        Column("state", _l("State"), lambda row: row.state, sort=True),
        Column("kiosks", _l("Kiosks"), lambda row: row.kiosks),
        Column("made", _l("Made"), lambda row: row.made_ms, Kind.MOMENT, sort=True),
        Column("who", _l("By"), lambda row: row.who, sort=True),
    ),
    filters=(),
)

MEMBERS: Final = Listing[Row](
    name="roll-out-kiosks",
    title=_l("Kiosks of a roll-out"),
    order="stage",
    empty=_l("None of your kiosks is in it."),
    source=MemorySource(rows=_member_rows),
    columns=(
        kiosk_columns.linked(lambda row: row.kiosk, sort=True, heading=True),
        Column("stop", _l("Stop"), lambda row: row.stop, sort=True),
        Column("stage", _l("Stage"), lambda row: row.stage, Kind.NUMBER, sort=True),
        Column("state", _l("State"), lambda row: row.state, sort=True),
        Column("why", _l("Why"), lambda row: row.why),
        Column("runs", _l("Runs now"), lambda row: row.runs, Kind.CODE),
        Column("before", _l("Before"), lambda row: row.before, Kind.CODE),
        Column("told", _l("Told"), lambda row: row.since_ms, Kind.MOMENT),
        Column("asked", _l("Last asked"), lambda row: row.asked_ms, Kind.MOMENT),
    ),
    filters=(),
)
