"""Adding a kiosk, or one in another's place: ``/kiosks/new`` and ``/kiosks/invitations``.

The code is told to the browser that made the invitation and kept nowhere else: it stands in that
browser's session, so that the page and the sheet can be opened again there. Whoever opens the page
elsewhere sees how far it is and makes a new code in its place.
"""

from typing import Final, cast

from flask import Blueprint, Response, abort, redirect, render_template, request, session, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext
from markupsafe import Markup
from msgspec import Struct
from sqlalchemy import Connection
from werkzeug.wrappers import Response as BaseResponse

from contract import enrolling
from contract.enrolling import Invitation
from hub.access import accounts
from hub.access.permissions import Permission
from hub.fleet import enrolment, invitations
from hub.fleet.enrolment import WrongDigits
from hub.fleet.invitations import (
    DEFAULT_HOURS,
    InvitationRefusedError,
    Invited,
    Made,
    Progress,
    State,
)
from hub.fleet.reachable import NotReachableError, Reach, reach
from hub.queries import places
from hub.request import connection, now_ms, services
from hub.web import audit_words, formats, i18n, listing, shell, story
from hub.web.fleet import codes_drawn, invited
from hub.web.listing import Choice, Column, Kind, Link, Listing, MemorySource, stops
from hub.web.login import needs, require, signed_in_user, visible_stops
from provisioning import enrolment_sheet
from provisioning.authority import AuthorityError
from provisioning.enrolment_sheet import Facts

_CODES: Final = "invitations"
"""In the session: the codes of the newest invitations that this browser made."""
_KEPT: Final = 3
HOURS: Final = (1, 24, 72, 168)


class Row(Struct, frozen=True):
    """An invitation of the list."""

    one: Invited
    stop: str
    who: str


def blueprint() -> Blueprint:
    """See the module."""
    pages = Blueprint("invitations", __name__, url_prefix="/kiosks")
    pages.get("/new")(new)
    pages.post("/new")(make)
    pages.get("/invitations", endpoint="listing")(every)
    pages.get("/invitations/<invitation>")(one)
    pages.get("/invitations/<invitation>/live")(live)
    pages.get("/invitations/<invitation>/sheet.pdf")(sheet)
    pages.post("/invitations/<invitation>/confirm")(confirm)
    pages.get("/invitations/<invitation>/cancel")(ask_cancel)
    pages.post("/invitations/<invitation>/cancel")(cancel)
    return pages


# --- the list -------------------------------------------------------------------------------------


def _rows(here: Connection) -> list[Row]:
    known, names = places.stops(here), accounts.names(here)
    return [
        Row(found, story.stop_name(known, found.stop), audit_words.person(found.account, names))
        for found in invitations.every(here, now_ms(), visible_stops())
    ]


def _state_tag(row: Row) -> str | Markup:
    tone = invited.tone(row.one)
    if not tone:
        return invited.state(row.one)
    return Markup('<span class="{}">{}</span>').format(tone, invited.state(row.one))


INVITATIONS: Final = Listing[Row](
    name="invitations",
    title=_l("Invitations"),
    order="-made",
    empty=_l(
        "Nobody was invited yet. An invitation is a sheet of paper with a code: whoever sets the"
        " kiosk up scans it there."
    ),
    source=MemorySource(rows=_rows),
    columns=(
        Column(
            "made",
            _l("Made"),
            lambda row: row.one.made_ms,
            Kind.MOMENT,
            link=Link("invitations.one", "invitation", lambda row: row.one.id),
            heading=True,
            sort=True,
        ),
        Column("stop", _l("Stop"), lambda row: row.stop, sort=True),
        Column(
            "state", _l("State"), lambda row: invited.state(row.one), show=_state_tag, sort=True
        ),
        Column("kiosk", _l("Kiosk"), lambda row: row.one.kiosk, Kind.CODE),
        Column("replaces", _l("In place of"), lambda row: row.one.replaces, Kind.CODE),
        Column("until", _l("Works until"), lambda row: row.one.until_ms, Kind.MOMENT, sort=True),
        Column("who", _l("Made by"), lambda row: row.who, sort=True),
    ),
    filters=(
        stops(keep=lambda row, value: row.one.stop == value),
        Choice(
            "state",
            _l("State"),
            options=lambda _here: [
                (one.value, str(words)) for one, words in invited.STATES.items()
            ],
            keep=lambda row, value: row.one.state.value == value,
            first=True,
        ),
    ),
)


@needs(Permission.VIEW)
def every() -> BaseResponse:
    """Open and past invitations."""
    return listing.respond(INVITATIONS, "fleet/invitations.html")


# --- making one -----------------------------------------------------------------------------------


def _unreachable() -> str:
    try:
        reach(services().config)
    except NotReachableError as error:
        return str(invited.UNREACHABLE[error.why])
    return ""


@needs(Permission.FLEET)
def new() -> str:
    """Chooses the stop; with ``replaces``, the kiosk in whose place the new one comes."""
    replaces = request.args.get("replaces", "")[:32]
    stop = request.args.get("stop", "")[:32]
    if replaces:
        stop = places.stop_of_kiosks(connection()).get(replaces, "")
        require(Permission.FLEET, stop)
    return _form(stop, replaces)


def _form(stop: str, replaces: str, problem: str = "") -> str:
    here, user = connection(), signed_in_user()
    mine = user.stops(places.stops(here))
    open_ones = [row for row in _rows(here) if row.one.state.is_open][:5]
    return render_template(
        "fleet/new.html",
        stops=[(one.id, i18n.pick(one.zh, one.en)) for one in mine.values()],
        stop=stop,
        stop_name=story.stop_name(mine, stop) if replaces else "",
        replaces=replaces,
        hours=[(n, _hours(n)) for n in HOURS],
        chosen=DEFAULT_HOURS,
        open_ones=open_ones,
        state=invited.state,
        unreachable=_unreachable(),
        problem=problem,
        may_add=user.opens_stops and not replaces,
    )


def _hours(n: int) -> str:
    if n < 24:
        return ngettext("%(num)d hour", "%(num)d hours", n)
    return ngettext("%(num)d day", "%(num)d days", n // 24)


@needs(Permission.FLEET)
def make() -> BaseResponse:
    """Makes the invitation; its page shows the code. ``instead`` is the open invitation whose
    place it takes: its own code works no more."""
    stop, replaces = request.form.get("stop", "")[:32], request.form.get("replaces", "")[:32]
    instead, hours = request.form.get("instead", "")[:16], request.form.get("hours", "")
    if stop not in places.stops(connection()):
        return Response(_form("", replaces, _("Stop: please choose one.")), status=400)
    user, moment = require(Permission.FLEET, stop), now_ms()
    if instead:
        _found(instead, Permission.FLEET)

    def work(writing: Connection) -> Made:
        before = invitations.one(writing, instead, moment) if instead else None
        if before is not None and before.state.is_open:
            invitations.end(writing, before, invitations.BY_PERSON, user.by, moment)
        chosen = int(hours) if hours in map(str, HOURS) else DEFAULT_HOURS
        return invitations.make(writing, stop, user.by, moment, replaces=replaces, hours=chosen)

    try:
        reach(services().config)
        made = services().writer.call(work)
    except InvitationRefusedError as error:
        return Response(_form(stop, replaces, str(invited.REFUSED[error.why])), status=409)
    except NotReachableError:
        return Response(_form(stop, replaces), status=409)
    _remember(made)
    return redirect(url_for("invitations.one", invitation=made.id), 303)


def _codes() -> dict[str, str]:
    return cast("dict[str, str]", session.get(_CODES, {}))


def _remember(made: Made) -> None:
    kept = {**_codes(), made.id: made.code}
    session[_CODES] = dict(list(kept.items())[-_KEPT:])


# --- one ------------------------------------------------------------------------------------------


def _found(invitation: str, permission: Permission) -> Invited:
    found = invitations.one(connection(), invitation[:16], now_ms())
    if found is None:
        abort(404)
    require(permission, found.stop)
    return found


def _known(found: Invited) -> tuple[Reach, Invitation] | None:
    """The whole invitation, where this browser has its code and it still works."""
    code = _codes().get(found.id)
    if code is None or found.state is not State.WAITING:
        return None
    try:
        where = reach(services().config)
    except NotReachableError:
        return None
    return where, where.invitation(code)


def _progress(found: Invited) -> Progress:
    if found.state is not State.CONFIRMED:
        return Progress()
    return invitations.progress(connection(), found.kiosk)


@needs(Permission.VIEW)
def one(invitation: str) -> BaseResponse:
    """What to scan, and how far the kiosk is."""
    found = _found(invitation, Permission.VIEW)
    far = _progress(found)
    page = render_template(
        "fleet/invitation.html",
        one=found,
        stop=story.stop_name(places.stops(connection()), found.stop),
        part=_part(found, far),
        etag=invited.etag(found, far),
        going=found.state.is_open or (found.state is State.CONFIRMED and not far.scanned),
        crumbs=[(_("Invitations"), url_for("invitations.listing"))],
    )
    response = Response(page)
    response.headers["Cache-Control"] = "no-store"  # it may show the code
    return response


@needs(Permission.VIEW)
def live(invitation: str) -> BaseResponse:
    """The part of the page that changes; 304 as long as it does not."""
    found = _found(invitation, Permission.VIEW)
    far = _progress(found)
    response = Response(_part(found, far))
    response.headers["ETag"] = invited.etag(found, far)
    response.headers["Cache-Control"] = "no-store"
    return response.make_conditional(request)


def _part(found: Invited, far: Progress) -> str:
    known = _known(found)
    user = signed_in_user()
    parts = enrolling.parts(known[1]) if known else ()
    drawn = [
        codes_drawn.bars(part, _("Bar code %(n)s of %(of)s", n=n, of=len(parts)))
        for n, part in enumerate(parts, 1)
    ]
    return render_template(
        "fleet/_invitation.html",
        one=found,
        may=user.may(Permission.FLEET),
        steps=invited.steps(found, far),
        over=invited.why_over(found) if found.state in (State.EXPIRED, State.CANCELLED) else "",
        qr=codes_drawn.qr(enrolling.encode(known[1]), _("QR code for the scanner of the new kiosk"))
        if known
        else "",
        bars=drawn,
        tries_left=enrolling.MAX_TRIES - found.tries,
        hub=known[0].url if known else "",
        finished=far.scanned,
    )


@needs(Permission.FLEET)
def sheet(invitation: str) -> BaseResponse:
    """The sheet for whoever sets the kiosk up."""
    found = _found(invitation, Permission.FLEET)
    known = _known(found)
    if known is None:
        abort(404)
    stop = places.stops(connection())[found.stop]
    until = f"{i18n.local(found.until_ms):%Y-%m-%d %H:%M}"
    content = enrolment_sheet.draw(known[1], Facts(stop.zh, stop.en, until, found.replaces))
    response = Response(content, mimetype="application/pdf")
    response.headers["Content-Disposition"] = f'attachment; filename="kiosk-{stop.id}.pdf"'
    response.headers["Cache-Control"] = "no-store"
    return response


@needs(Permission.FLEET)
def confirm(invitation: str) -> BaseResponse:
    """Somebody typed the digits."""
    found = _found(invitation, Permission.FLEET)
    user, moment, typed = signed_in_user(), now_ms(), request.form.get("digits", "")
    back = redirect(url_for("invitations.one", invitation=found.id), 303)
    if len(enrolment.typed(typed)) != 6:
        shell.told(_("Six digits, please, as the kiosk printed them."), kind="bad")
        return back
    try:
        where = reach(services().config)
        done = services().writer.call(
            lambda writing: enrolment.confirm(writing, found.id, typed, user.by, where, moment)
        )
    except InvitationRefusedError as error:
        shell.told(str(invited.REFUSED[error.why]), kind="bad")
    except NotReachableError as error:
        shell.told(str(invited.UNREACHABLE[error.why]), kind="bad")
    except AuthorityError as error:
        zh, _slash, en = str(error).partition(" / ")
        shell.told(i18n.pick(zh, en), kind="bad")
    else:
        if isinstance(done, WrongDigits):
            _tell_wrong(done)
        elif done.retired:
            shell.told(
                _(
                    "%(kiosk)s belongs to this hub now, and %(old)s is out of use.",
                    kiosk=done.kiosk,
                    old=done.retired,
                )
            )
        else:
            shell.told(_("%(kiosk)s belongs to this hub now.", kiosk=done.kiosk))
    return back


def _tell_wrong(done: WrongDigits) -> None:
    if done.left:
        text = ngettext(
            "These are not its digits. Look at the ticket again: %(num)d more try.",
            "These are not its digits. Look at the ticket again: %(num)d more tries.",
            done.left,
        )
    else:
        text = _("These are not its digits, for the third time: the invitation is over.")
    shell.told(text, kind="bad")


@needs(Permission.FLEET)
def ask_cancel(invitation: str) -> str:
    """Asks before an invitation is taken back, which nothing undoes."""
    found = _found(invitation, Permission.FLEET)
    return shell.confirm(
        heading=_("Take this invitation back?"),
        text=_("Its code works no more. A kiosk that came with it is shut out.")
        if found.kiosk
        else _("Its code works no more. A new invitation can be made at any time."),
        button=_("Take the invitation back"),
        back=url_for("invitations.one", invitation=found.id),
        facts=[
            (_("Stop"), story.stop_name(places.stops(connection()), found.stop)),
            (_("Works until"), formats.moment(found.until_ms)),
        ],
    )


@needs(Permission.FLEET)
def cancel(invitation: str) -> BaseResponse:
    """Takes it back."""
    found, user, moment = _found(invitation, Permission.FLEET), signed_in_user(), now_ms()
    try:
        services().writer.call(
            lambda writing: invitations.cancel(writing, found.id, user.by, moment)
        )
    except InvitationRefusedError as error:
        shell.told(str(invited.REFUSED[error.why]), kind="bad")
    else:
        shell.told(_("The invitation was taken back."))
    return redirect(url_for("invitations.one", invitation=found.id), 303)
