"""Planning a stocktake, and what people do while it goes on."""

from collections.abc import Callable
from uuid import UUID, uuid4

from flask import redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import ngettext
from sqlalchemy import Connection
from werkzeug.wrappers import Response as BaseResponse

from contract import codes
from contract.actions import CATEGORIES
from contract.codes import CodeError, Kind
from hub.access.permissions import Permission
from hub.counts import counting
from hub.counts.counting import CountingError, Plan
from hub.counts.stocktakes import ALWAYS, DIFFERS, NEVER
from hub.log.recording import Actor, Conflict, RequestReusedError
from hub.queries import places
from hub.queries import planned as lists
from hub.queries import stocktakes as query
from hub.request import connection, now_ms, services
from hub.web import i18n, shell, story
from hub.web.counts import words
from hub.web.counts.pages import page
from hub.web.counts.view import known, view
from hub.web.login import needs, require, signed_in_user


def fresh_request() -> str:
    """A name for what a form is about to do: sent twice, it is done once."""
    return str(uuid4())


def sent_request() -> str:
    """The name that the form carries, or a fresh one."""
    try:
        return str(UUID(request.form.get("request", "")))
    except ValueError:
        return fresh_request()


@needs(Permission.COUNT)
def plan() -> str:
    """The form: first which stop, then what of it."""
    return _form({}, "")


def _form(problems: dict[str, str], stop: str) -> str:
    user, here = signed_in_user(), connection()
    stops = user.stops(places.stops(here))
    stop = stop or request.args.get("stop", "")
    if stop not in stops:
        stop = next(iter(stops)) if len(stops) == 1 else ""
    form = request.form
    named = words.PlaceNames(here)
    standing = [(code, named(code), n) for code, n in query.places_of(here, stop)] if stop else []
    return render_template(
        "counts/plan.html",
        stops=[(key, i18n.pick(one.zh, one.en)) for key, one in stops.items()],
        stop=stop,
        stop_name=story.stop_name(stops, stop) if stop else "",
        standing=standing,
        chosen=form.getlist("place"),
        categories=[(one.key, i18n.pick(one.zh, one.en)) for one in CATEGORIES],
        chosen_categories=form.getlist("category"),
        whole=form.get("whole", "yes") == "yes",
        blind=form.get("blind", "yes") == "yes" if form else True,
        rules=list(words.RULES.items()),
        rule=form.get("recount", DIFFERS),
        problems=problems,
        request_id=form.get("request") or fresh_request(),
        going=lists.open_counts(here, frozenset({stop})) if stop else [],
    )


@needs(Permission.COUNT)
def save_plan() -> BaseResponse:
    """Plans it."""
    form = request.form
    stop = form.get("stop", "")
    if stop not in places.stops(connection()):
        return _again({"stop": _("Please choose a stop.")}, "")
    user = require(Permission.COUNT, stop)
    whole = form.get("whole", "yes") == "yes"
    chosen = () if whole else tuple(dict.fromkeys(filter(_is_place, form.getlist("place"))))
    if not whole and not chosen:
        return _again({"place": _("Choose the places, or count the whole stop.")}, stop)
    if len(chosen) > counting.MAX_PLACES:
        return _again({"place": _("That is too many places: count the whole stop.")}, stop)
    offered = {one.key for one in CATEGORIES}
    kinds = tuple(key for key in dict.fromkeys(form.getlist("category")) if key in offered)
    rule = form.get("recount", DIFFERS)
    wish = Plan(
        stop,
        chosen,
        kinds,
        blind="blind" in form,
        recount="always" if rule == ALWAYS else "never" if rule == NEVER else "differs",
    )
    asked, moment = sent_request(), now_ms()
    try:
        count = services().writer.call(
            lambda writing: counting.plan(writing, wish, Actor(user.id), moment, asked)
        )
    except RequestReusedError:
        return _again({"stop": _("This was sent before with something else in it.")}, stop)
    shell.told(_("The count is planned. Whoever counts can begin."))
    return redirect(url_for("counts.one", code=count), 303)


def _again(problems: dict[str, str], stop: str) -> BaseResponse:
    return BaseResponse(_form(problems, stop), status=400, mimetype="text/html")


def _is_place(text: str) -> bool:
    try:
        return codes.parse(text[:64]).kind is Kind.PLACE
    except CodeError:
        return False


def done(code: str, work: Callable[[Connection], object], told: str) -> BaseResponse:
    """Carries ``work`` out and goes back to the page, which says ``told``; or the page says why
    it was not done."""
    try:
        services().writer.call(work)
    except CountingError as error:
        refusal = str(words.REFUSALS.get(error.reason, error.reason))
        return page(view(code), refusal, 409)
    except (Conflict, RequestReusedError):
        return page(view(code), str(words.REFUSALS["changed"]), 409)
    if told:
        shell.told(told)
    return redirect(url_for("counts.one", code=code), 303)


@needs(Permission.COUNT)
def join(code: str) -> BaseResponse:
    """Counts of kiosks belong to this stocktake; the next page offers to take that back."""
    user, _count = known(code, Permission.COUNT)
    parts, asked, moment = request.form.getlist("part"), sent_request(), now_ms()
    joined: list[str] = []

    def work(writing: Connection) -> None:
        made = counting.join(writing, code, parts, Actor(user.id), moment, asked)
        joined.extend(made)

    answer = done(code, work, "")
    if joined:
        told = ngettext(
            "%(num)d kiosk’s count belongs to it now.",
            "%(num)d kiosks’ counts belong to it now.",
            len(joined),
        )
        undo = url_for("counts.leave", code=code)
        if len(joined) == 1:
            shell.told_undoable(told, undo, {"joined": joined[0]})
        else:
            shell.told(told)
    return answer


@needs(Permission.COUNT)
def leave(code: str) -> BaseResponse:
    """A kiosk's count does not belong to this stocktake after all."""
    user, _count = known(code, Permission.COUNT)
    joined, moment = request.form.getlist("joined"), now_ms()
    return done(
        code,
        lambda writing: counting.leave(writing, code, joined, Actor(user.id), moment),
        _("That kiosk’s count does not belong to it any more."),
    )


@needs(Permission.COUNT)
def again(code: str) -> BaseResponse:
    """These places are to be counted again."""
    user, _count = known(code, Permission.COUNT)
    chosen, asked, moment = request.form.getlist("place"), sent_request(), now_ms()
    return done(
        code,
        lambda writing: counting.ask_again(writing, code, chosen, Actor(user.id), moment, asked),
        _("What was seen there so far does not count any more. It is to be counted again."),
    )
