"""The addresses under ``/printing``."""

from collections.abc import Callable
from typing import Any, Final

from flask import Blueprint, Response, abort, redirect, request, url_for
from flask_babel import gettext as _
from flask_babel import ngettext
from werkzeug.wrappers import Response as BaseResponse

from contract.codes import Kind
from hub.access.permissions import Permission
from hub.access.users import User
from hub.fleet.device_commands import permission_of
from hub.kiosks import kiosk_commands
from hub.kiosks.kiosk_commands import DONATION, RUN, CommandError
from hub.printing import label_orders
from hub.printing.label_runs import LabelError
from hub.printing.ready_made import NoLabelPrefixError
from hub.queries import places
from hub.request import connection, now_ms, services
from hub.typed import whole_number
from hub.web import i18n, shell
from hub.web.login import needs, require, signed_in_user
from hub.web.printing import subjects, view, words

_REFUSALS: Final = (CommandError, LabelError, NoLabelPrefixError)


def blueprint() -> Blueprint:
    """See the module."""
    pages = Blueprint("printing", __name__, url_prefix="/printing")
    pages.get("/live")(live)
    pages.post("/roll")(roll)
    pages.post("/labels/<prefix>")(blanks)
    pages.post("/donations/<donation>")(goods)
    pages.post("/<command>/cancel")(cancel)
    return pages


@needs(Permission.VIEW)
def live() -> BaseResponse:
    """How far orders are; 304 as long as nothing changes."""
    about = request.args.get("about", "")[:64]
    _require_sight(about)
    found = view.for_subject(connection(), about)
    response = Response(found.part)
    response.headers["ETag"] = found.etag
    return response.make_conditional(request)


def _require_sight(about: str) -> None:
    """Whoever sees the run or the list sees how far its printing is."""
    if about.startswith(RUN):
        subjects.run(about.removeprefix(RUN))
    elif about.startswith(DONATION):
        subjects.donation(about.removeprefix(DONATION))
    else:
        abort(404)


# --- what is ordered ------------------------------------------------------------------------------


def _kiosk() -> str:
    """The chosen kiosk, which the user may see."""
    chosen = request.form.get("kiosk", "")
    stop = places.stop_of_kiosks(connection()).get(chosen, "")
    require(Permission.LABELS, stop)
    return chosen


def _count() -> int:
    return whole_number(request.form.get("n", "").strip(), 5) or 0


def _order(work: Callable[[Any, User, int], str], back: str) -> BaseResponse:
    """Does it and leads back, with what was wrong if something was."""
    user, moment = signed_in_user(), now_ms()
    try:
        services().writer.call(lambda writing: work(writing, user, moment))
    except _REFUSALS as error:
        shell.told(_refusal(error), kind="bad")
    return redirect(back, 303)


def _refusal(error: Exception) -> str:
    if isinstance(error, CommandError):
        return str(words.REFUSED[error.why])
    if isinstance(error, LabelError):
        return _("From 1 to 1,200 labels at once.")
    zh, _slash, en = str(error).partition(" / ")
    return i18n.pick(zh, en)


@needs(Permission.LABELS)
def blanks(prefix: str) -> BaseResponse:
    """Prints the next labels of a run."""
    run, kiosk, count = subjects.run(prefix), _kiosk(), _count()
    return _order(
        lambda writing, user, moment: label_orders.print_blanks(
            writing, run, kiosk, count, user.by, moment
        ),
        url_for("labels.one", prefix=run.prefix),
    )


@needs(Permission.LABELS)
def roll() -> BaseResponse:
    """Makes a run of new labels and prints it at once."""
    user, moment, kiosk, count = signed_in_user(), now_ms(), _kiosk(), _count()
    kind = Kind.BOX if request.form.get("kind") == "box" else Kind.ITEM
    stop = places.stop_of_kiosks(connection()).get(kiosk, "")
    try:
        prefix, _command = services().writer.call(
            lambda writing: label_orders.print_roll(
                writing, kind, count, stop, kiosk, user.by, moment
            )
        )
    except _REFUSALS as error:
        shell.told(_refusal(error), kind="bad")
        return redirect(url_for("labels.overview"), 303)
    told = ngettext("%(num)d label is being printed.", "%(num)d labels are being printed.", count)
    shell.told(told)
    return redirect(url_for("labels.one", prefix=prefix), 303)


@needs(Permission.LABELS)
def goods(donation: str) -> BaseResponse:
    """Prints labels of a list, or copies of those in doubt."""
    found, kiosk = subjects.donation(donation), _kiosk()
    copies = request.form.get("copies") == "1"
    count = None if copies else _count()
    return _order(
        lambda writing, user, moment: label_orders.print_goods(
            writing, found, kiosk, count, user.by, moment, copies=copies
        ),
        url_for("donations.one", donation=found.id),
    )


@needs(Permission.VIEW)
def cancel(command: str) -> BaseResponse:
    """Ends what is left of an order."""
    found = kiosk_commands.one(connection(), command[:16])
    if found is None:
        abort(404)
    stop = places.stop_of_kiosks(connection()).get(found.kiosk, "")
    require(permission_of(found.name), stop)
    return _order(
        lambda writing, user, moment: kiosk_commands.cancel(writing, found.id, user.by, moment),
        view.page_of(found.about, found.kiosk),
    )
