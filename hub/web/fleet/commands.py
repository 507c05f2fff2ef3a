"""What an operator has one kiosk do: the part of its page, the question before what stops it, the
files that it sent."""

from typing import Final

from flask import Blueprint, Response, abort, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from werkzeug.wrappers import Response as BaseResponse

from contract.messages import (
    IDENTIFY,
    LOGS,
    OPEN_STOCKTAKE,
    REBOOT,
    REPRINT,
    RESTART,
    SELF_TEST,
    SUPPORT_BUNDLE,
)
from hub.access.permissions import Permission
from hub.fleet import device_commands
from hub.fleet.device_commands import KINDS
from hub.kiosks import command_files, kiosk_commands
from hub.kiosks.kiosk_commands import CommandError
from hub.queries import places
from hub.queries.kiosks import Kiosk
from hub.request import connection, now_ms, services
from hub.web import shell
from hub.web.login import needs, require, signed_in_user
from hub.web.printing import words

SCREEN: Final = "screen"
"""The lane of a kiosk's own page."""
_BUTTONS: Final = (
    (IDENTIFY, _l("Blink and beep"), _l("Its lights, buzzer and voice call for ten seconds.")),
    (SELF_TEST, _l("Self-test"), _l("It tests every device and prints what it found.")),
    (LOGS, _l("Fetch its log"), _l("The last 500 lines, without anything personal.")),
    (
        SUPPORT_BUNDLE,
        _l("Fetch a support bundle"),
        _l("Log, versions, settings and how its journal is, for whoever is to help."),
    ),
    (RESTART, _l("Restart the program"), _l("Half a minute without scans.")),
    (REBOOT, _l("Restart the machine"), _l("Two minutes without scans.")),
)


def blueprint() -> Blueprint:
    """See the module."""
    pages = Blueprint("doing", __name__)
    pages.get("/kiosks/<kiosk>/do/<name>")(ask)
    pages.post("/kiosks/<kiosk>/do/<name>")(do)
    pages.get("/commands/<command>/file")(file)
    return pages


def part(kiosk: Kiosk) -> str:
    """What the user may have this kiosk do; "" where that is nothing."""
    user = signed_in_user()

    def may(name: str) -> bool:
        return user.may(KINDS[name].permission, kiosk.stop)

    shown = [(name, label, told, KINDS[name].stops) for name, label, told in _BUTTONS if may(name)]
    if not kiosk.in_service or not shown:
        return ""
    return render_template(
        "fleet/_do.html",
        kiosk=kiosk,
        buttons=shown,
        reprint=may(REPRINT),
        stocktake=may(OPEN_STOCKTAKE),
        lanes=_lanes(kiosk),
    )


def _lanes(kiosk: Kiosk) -> list[tuple[str, str]]:
    """Its lanes with their names for people, as it told of them last; none where there is no
    choice."""
    told = kiosk.health.lanes if kiosk.health is not None else ()
    if len(told) < 2:
        return []
    return [(one.lane, _("its own page") if one.lane == SCREEN else one.lane) for one in told]


def _wanted(kiosk: str, name: str) -> str:
    """The permission that it takes, at the kiosk's stop."""
    stop = places.stop_of_kiosks(connection()).get(kiosk)
    if stop is None or name not in KINDS:
        abort(404)
    require(KINDS[name].permission, stop)
    return stop


@needs(Permission.VIEW)
def ask(kiosk: str, name: str) -> str:
    """Asks before the kiosk stops for a while."""
    _wanted(kiosk, name)
    if not KINDS[name].stops:
        abort(404)
    text = next(str(told) for known, _label, told in _BUTTONS if known == name)
    return shell.confirm(
        heading=_("%(kiosk)s: %(what)s?", kiosk=kiosk, what=words.name(name)),
        text=_(
            "%(told)s What was signalled as saved stays saved. It waits until nobody is being"
            " served.",
            told=text,
        ),
        button=words.name(name),
        back=url_for("board.kiosk", kiosk=kiosk),
    )


@needs(Permission.VIEW)
def do(kiosk: str, name: str) -> BaseResponse:
    """Has it done."""
    _wanted(kiosk, name)
    user, moment, form = signed_in_user(), now_ms(), request.form
    try:
        services().writer.call(
            lambda writing: device_commands.order(
                writing,
                kiosk,
                name,
                user.by,
                moment,
                code=form.get("code", "")[:40],
                place=form.get("place", "")[:40],
                lane=form.get("lane", "")[:40],
            )
        )
    except CommandError as error:
        shell.told(str(words.REFUSED[error.why]), kind="bad")
    else:
        shell.told(_("%(kiosk)s was told: %(what)s.", kiosk=kiosk, what=words.name(name)))
    return redirect(url_for("board.kiosk", kiosk=kiosk) + "#h-orders", 303)


@needs(Permission.SETTINGS)
def file(command: str) -> BaseResponse:
    """A log or a support bundle."""
    here = connection()
    order = kiosk_commands.one(here, command[:16])
    found = command_files.file_of(here, command[:16]) if order is not None else None
    if order is None or found is None:
        abort(404)
    require(Permission.SETTINGS, places.stop_of_kiosks(here).get(order.kiosk, ""))
    response = Response(found.content, mimetype="application/octet-stream")
    response.headers["Content-Disposition"] = (
        f'attachment; filename="{order.kiosk}-{order.id}-{found.name}"'
    )
    response.headers["Cache-Control"] = "private, no-store"
    return response
