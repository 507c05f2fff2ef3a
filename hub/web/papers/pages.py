"""The pages of templates: every stop's label and receipt, and the editor of one stop's.

The editor is one form that holds all that is chosen. Each button posts it; only "Save" writes. The
pictures stand in the page itself, since what they show is written down nowhere yet.
"""

import base64
import hashlib

import msgspec
from flask import Blueprint, Response, abort, redirect, render_template, request, url_for
from flask_babel import gettext as _
from msgspec import Struct
from werkzeug.wrappers import Response as BaseResponse

from contract.papers import Papers
from hub.access import accounts
from hub.access.permissions import Permission
from hub.access.users import User
from hub.kiosks.reference import TooManyNamesError
from hub.printing import logos, paper_changes, paper_pictures, papers
from hub.printing.logos import LogoError
from hub.printing.paper_changes import ChangedError, PapersError, UnknownVersionError
from hub.printing.paper_pictures import OF_PAPER, USUAL
from hub.printing.papers import EVERY, Version
from hub.queries import places
from hub.request import connection, now_ms, services
from hub.typed import whole_number
from hub.web import audit_words, i18n, shell
from hub.web.login import needs, require, signed_in_user
from hub.web.papers import draft, editor, words
from hub.web.uploads import takes_file


def blueprint() -> Blueprint:
    """The pages under ``/papers``."""
    pages = Blueprint("papers", __name__, url_prefix="/papers")
    pages.get("/")(overview)
    pages.get("/<stop>")(one)
    pages.post("/<stop>")(act)
    pages.post("/<stop>/preview/<paper>")(preview)
    pages.post("/<stop>/back")(back)
    pages.get("/<stop>/<paper>.png")(picture)
    return pages


class Place(Struct, frozen=True):
    """A stop on the overview; ``own`` when its papers are its own."""

    key: str
    name: str
    own: bool
    may_edit: bool


# --- every stop ----------------------------------------------------------------------------------


@needs(Permission.VIEW)
def overview() -> str:
    """Each stop with a small picture of its label and receipt."""
    here, user = connection(), signed_in_user()
    mine = user.stops(places.stops(here))
    may = user.may(Permission.PAPERS)
    shown = [
        Place(
            editor.EVERY_KEY,
            _("Every stop"),
            papers.own(here, EVERY) is not None,
            may and user.visible is None,
        )
    ]
    shown += [
        Place(key, i18n.pick(one.zh, one.en), papers.own(here, key) is not None, may)
        for key, one in mine.items()
    ]
    return render_template("papers/overview.html", places=shown, papers=words.PAPERS)


@needs(Permission.VIEW)
def picture(stop: str, paper: str) -> BaseResponse:
    """A paper as the stop's kiosks print it now."""
    key = _key(stop)
    if paper not in OF_PAPER:
        abort(404)
    if key != EVERY:
        require(Permission.VIEW, key)
    here = connection()
    chosen, head = papers.of_stop(here, key), editor.head_of(key)
    response = Response(mimetype="image/png")
    response.headers["Cache-Control"] = "private, no-cache"
    response.set_etag(hashlib.sha256(msgspec.json.encode((paper, chosen, head))).hexdigest()[:32])
    if not request.if_none_match.contains(response.get_etag()[0] or ""):
        response.data = paper_pictures.drawn(paper, chosen, head, USUAL).png
    return response.make_conditional(request)


# --- one stop ------------------------------------------------------------------------------------


@needs(Permission.PAPERS)
def one(stop: str) -> BaseResponse:
    """The editor, with what holds now or with an earlier version."""
    key, _user = _mine(stop)
    here = connection()
    shown = papers.own(here, key)
    if asked := _number(request.args.get("version", "")):
        found = [one for one in papers.versions(here, key) if one.n == asked]
        if not found:
            abort(404)
        shown = found[0].papers or shown
    return editor.page(key, shown or editor.beginning(key), _seen(key))


@takes_file(2 * logos.MAX_BYTES)
@needs(Permission.PAPERS)
def act(stop: str) -> BaseResponse:
    """What a button of the form does: saves, takes a logo, or changes what the form holds."""
    key, user = _mine(stop)
    form, do = request.form, request.form.get("do", "")
    given, seen = draft.read(form), _number(form.get("seen", ""))
    if do == "save":
        return _save(key, given, seen, user)
    if do == "no-logo":
        return editor.page(key, draft.without_logo(given), seen, focus="logo")
    if do == "logo":
        sent = request.files.get("file")
        try:
            png = logos.make(sent.read(logos.MAX_BYTES + 1) if sent is not None else b"")
        except LogoError as error:
            problem = str(words.LOGO_FAULTS[error.why])
            return editor.page(key, given, seen, logo_problem=problem, status=400)
        return editor.page(key, draft.with_logo(given, base64.b64encode(png).decode()), seen)
    made, focus = draft.pressed(given, do, form)
    return editor.page(key, made, seen, focus=focus)


@needs(Permission.PAPERS)
def preview(stop: str, paper: str) -> str:
    """The picture of what the form holds; nothing is written."""
    key, _user = _mine(stop)
    if paper not in OF_PAPER:
        abort(404)
    shown = editor.shown_as(
        paper, draft.read(request.form), editor.head_of(key), editor.printer_of(paper)
    )
    return render_template("papers/_picture.html", shown=shown)


def _save(key: str, given: Papers, seen: int, user: User) -> BaseResponse:
    moment = now_ms()
    try:
        made = services().writer.call(
            lambda writing: paper_changes.put(writing, key, given, seen, user.by, moment)
        )
    except PapersError as error:
        problems = [words.fault(one) for one in error.faults]
        return editor.page(key, given, seen, problems=problems, status=400)
    except TooManyNamesError as error:
        return editor.page(key, given, seen, problems=[_one_language(error)], status=400)
    except ChangedError as error:
        return _conflict(key, error.newest)
    _tell(_("Saved. Every connected kiosk prints so within seconds."), key, made, seen)
    return redirect(editor.address(key), 303)


@needs(Permission.PAPERS)
def back(stop: str) -> BaseResponse:
    """Puts an earlier version back; 0: what every stop has, or the release."""
    key, user = _mine(stop)
    moment, form = now_ms(), request.form
    n, seen = _number(form.get("n", "")), _number(form.get("seen", ""))
    try:
        made = services().writer.call(
            lambda writing: paper_changes.put_back(writing, key, n, seen, user.by, moment)
        )
    except UnknownVersionError:
        abort(404)
    except PapersError as error:
        problems = [words.fault(one) for one in error.faults]
        return editor.page(key, editor.beginning(key), seen, problems=problems, status=400)
    except TooManyNamesError as error:
        return editor.page(
            key, editor.beginning(key), seen, problems=[_one_language(error)], status=400
        )
    except ChangedError as error:
        return _conflict(key, error.newest)
    _tell(_("Put back. Every connected kiosk prints so within seconds."), key, made, seen)
    return redirect(editor.address(key), 303)


# --- pieces --------------------------------------------------------------------------------------


def _key(stop: str) -> str:
    """The stop of an address; 404 for none."""
    if stop == editor.EVERY_KEY:
        return EVERY
    if stop not in places.stops(connection()):
        abort(404)
    return stop


def _mine(stop: str) -> tuple[str, User]:
    """A stop whose papers the user may change, and the user."""
    key = _key(stop)
    return key, require(Permission.PAPERS, key)


def _seen(key: str) -> int:
    newest = papers.newest(connection(), key)
    return 0 if newest is None else newest.n


def _number(text: str) -> int:
    return whole_number(text, 8) or 0


def _tell(text: str, key: str, made: int, before: int) -> None:
    undo = url_for("papers.back", stop=key or editor.EVERY_KEY)
    shell.told_undoable(text, undo, {"n": str(before), "seen": str(made)})


def _conflict(key: str, newest: Version) -> BaseResponse:
    who = audit_words.person(newest.account, accounts.names(connection()))
    change = shell.Change(_("Version %(n)s was saved.", n=newest.n), who, newest.made_ms)
    page, status = shell.conflict([change], editor.address(key))
    return Response(page, status=status)


def _one_language(error: Exception) -> str:
    zh, _slash, en = str(error).partition(" / ")
    return i18n.pick(zh, en)
