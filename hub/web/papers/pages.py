"""The pages of templates: every stop's label and receipt, and the editor of one stop's.

The editor is one form that holds all that is chosen. Each button posts it; only "Save" writes. The
pictures stand in the page itself, since what they show is written down nowhere yet.
"""

import base64
import hashlib
from typing import Final

import msgspec
from flask import Blueprint, Response, abort, redirect, render_template, request, url_for
from flask_babel import gettext as _
from msgspec import Struct
from msgspec.structs import replace
from werkzeug.wrappers import Response as BaseResponse

from contract.papers import MAX_PARTS, NEEDED, Papers, Part, Template
from drivers.papers import Letterhead
from drivers.ports import LayoutError
from hub import accounts, logos, paper_changes, paper_pictures, papers
from hub.logos import LogoError
from hub.paper_changes import ChangedError, PapersError, UnknownVersionError
from hub.paper_pictures import OF_PAPER, USUAL
from hub.papers import EVERY, Version
from hub.permissions import Permission
from hub.queries import places
from hub.reference import TooManyNamesError
from hub.request import connection, now_ms, services
from hub.users import User
from hub.web import audit_words, i18n, security, shell, story
from hub.web.login import Denied, needs, require, signed_in_user
from hub.web.papers import draft, words
from hub.web.uploads import takes_file

EVERY_KEY: Final = "every_stop"
"""In addresses; no stop's id has such a character."""


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


class Shown(Struct, frozen=True):
    """A paper's picture in a page: PNG in base64 with its size in dots, and what stands on it; or
    why there is none."""

    png: str = ""
    width: int = 0
    height: int = 0
    says: str = ""
    problem: str = ""


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
            EVERY_KEY,
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
    user, key = signed_in_user(), _key(stop)
    if paper not in OF_PAPER:
        abort(404)
    if key and not user.sees(key):
        raise Denied(Permission.VIEW, key)
    here = connection()
    chosen, head = papers.of_stop(here, key), _head(key)
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
    return _editor(key, shown or _beginning(key), _seen(key))


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
        return _editor(key, draft.without_logo(given), seen, focus="logo")
    if do == "logo":
        sent = request.files.get("file")
        try:
            png = logos.make(sent.read(logos.MAX_BYTES + 1) if sent is not None else b"")
        except LogoError as error:
            problem = str(words.LOGO_FAULTS[error.why])
            return _editor(key, given, seen, logo_problem=problem, status=400)
        return _editor(key, draft.with_logo(given, base64.b64encode(png).decode()), seen)
    made, focus = draft.pressed(given, do, form)
    return _editor(key, made, seen, focus=focus)


@needs(Permission.PAPERS)
def preview(stop: str, paper: str) -> str:
    """The picture of what the form holds; nothing is written."""
    key, _user = _mine(stop)
    if paper not in OF_PAPER:
        abort(404)
    shown = _shown(paper, draft.read(request.form), _head(key), _printer(paper))
    return render_template("papers/_picture.html", shown=shown)


def _save(key: str, given: Papers, seen: int, user: User) -> BaseResponse:
    moment = now_ms()
    try:
        made = services().writer.call(
            lambda writing: paper_changes.put(writing, key, given, seen, user.by, moment)
        )
    except PapersError as error:
        problems = [words.fault(one) for one in error.faults]
        return _editor(key, given, seen, problems=problems, status=400)
    except TooManyNamesError as error:
        return _editor(key, given, seen, problems=[_one_language(error)], status=400)
    except ChangedError as error:
        return _conflict(key, error.newest)
    _tell(_("Saved. Every connected kiosk prints so within seconds."), key, made, seen)
    return redirect(_address(key), 303)


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
        return _editor(key, _beginning(key), seen, problems=problems, status=400)
    except TooManyNamesError as error:
        return _editor(key, _beginning(key), seen, problems=[_one_language(error)], status=400)
    except ChangedError as error:
        return _conflict(key, error.newest)
    _tell(_("Put back. Every connected kiosk prints so within seconds."), key, made, seen)
    return redirect(_address(key), 303)


# --- pieces --------------------------------------------------------------------------------------


def _key(stop: str) -> str:
    """The stop of an address; 404 for none."""
    if stop == EVERY_KEY:
        return EVERY
    if stop not in places.stops(connection()):
        abort(404)
    return stop


def _mine(stop: str) -> tuple[str, User]:
    """A stop whose papers the user may change, and the user."""
    key = _key(stop)
    if key != EVERY:
        return key, require(Permission.PAPERS, key)
    user = require(Permission.PAPERS)
    if user.visible is not None:
        raise Denied(Permission.PAPERS, "")
    return key, user


def _address(key: str) -> str:
    return url_for("papers.one", stop=key or EVERY_KEY)


def _head(key: str) -> Letterhead:
    hub_url = services().config.public_url or request.host_url
    return paper_pictures.letterhead(connection(), key, hub_url)


def _beginning(key: str) -> Papers:
    """Where a stop without papers of its own begins: with every stop's, and its own name."""
    every, found = papers.of_stop(connection(), key), places.stops(connection()).get(key)
    if found is None:
        return every
    most = draft.MAX_WORDS
    return replace(
        every,
        stop_zh=every.stop_zh or found.zh[:most],
        stop_en=every.stop_en or found.en[:most],
    )


def _seen(key: str) -> int:
    newest = papers.newest(connection(), key)
    return 0 if newest is None else newest.n


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 9 else 0


def _printer(paper: str) -> str:
    wanted = request.form.get(f"{paper}-printer", USUAL)
    return wanted if wanted in OF_PAPER[paper] else USUAL


def _shown(paper: str, given: Papers, head: Letterhead, printer: str) -> Shown:
    given = paper_pictures.without_gaps(given)
    if not paper_pictures.shows(paper, draft.template_of(given, paper)):
        found = [one for one in papers.faults_of(given) if one.startswith(paper)]
        return Shown(problem=" ".join(words.fault(one) for one in found))
    try:
        seen = paper_pictures.drawn(paper, given, head, printer)
    except LayoutError as error:
        return Shown(problem=i18n.pick(error.zh, error.en))
    data = base64.b64encode(seen.png).decode()
    return Shown(data, seen.width, seen.height, words.standing_on(seen))


def _editor(
    key: str,
    given: Papers,
    seen: int,
    *,
    focus: str = "",
    problems: list[str] | None = None,
    logo_problem: str = "",
    status: int = 200,
) -> BaseResponse:
    here, head = connection(), _head(key)
    known = places.stops(here)
    newest = papers.newest(here, key)
    printers = {paper: _printer(paper) for paper in OF_PAPER}
    page = render_template(
        "papers/one.html",
        key=key or EVERY_KEY,
        every=key == EVERY,
        name=story.stop_name(known, key) if key else _("Every stop"),
        own=newest is not None and newest.papers is not None,
        given=given,
        seen=seen,
        sheets=[
            (paper, draft.template_of(given, paper), _shown(paper, given, head, printers[paper]))
            for paper in OF_PAPER
        ],
        printers=printers,
        choices={
            paper: [(printer, words.PRINTERS[printer]) for printer in fitting]
            for paper, fitting in OF_PAPER.items()
        },
        addable=draft.addable,
        needed=NEEDED,
        most=MAX_PARTS,
        most_words=draft.MAX_WORDS,
        words=words,
        focus=focus,
        problems=problems or [],
        logo_problem=logo_problem,
        versions=_told(papers.versions(here, key)),
    )
    response = Response(page, status=status)
    response.headers.update(security.PICTURES)
    return response


class Told(Struct, frozen=True):
    """A version in the list of them."""

    n: int
    at_ms: int
    who: str
    what: str


def _told(found: list[Version]) -> list[Told]:
    names = accounts.names(connection())
    return [
        Told(
            one.n,
            one.made_ms,
            audit_words.person(one.account, names),
            _("as every stop") if one.papers is None else _summary(one.papers),
        )
        for one in found
    ]


def _summary(found: Papers) -> str:
    return _(
        "label: %(label)s; receipt: %(receipt)s",
        label=_kinds(found.label),
        receipt=_kinds(found.receipt),
    )


def _kinds(template: Template) -> str:
    def name(part: Part) -> str:
        return str(words.KINDS.get(part.kind, part.kind))

    return _(", ").join(name(part) for part in template.parts)


def _tell(text: str, key: str, made: int, before: int) -> None:
    undo = url_for("papers.back", stop=key or EVERY_KEY)
    shell.told_undoable(text, undo, {"n": str(before), "seen": str(made)})


def _conflict(key: str, newest: Version) -> BaseResponse:
    who = audit_words.person(newest.account, accounts.names(connection()))
    change = shell.Change(_("Version %(n)s was saved.", n=newest.n), who, newest.made_ms)
    page, status = shell.conflict([change], _address(key))
    return Response(page, status=status)


def _one_language(error: Exception) -> str:
    zh, _slash, en = str(error).partition(" / ")
    return i18n.pick(zh, en)
