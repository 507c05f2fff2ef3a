"""The administrator's pages: who has an account, what it may do where, and its sessions.

Whoever manages accounts sees and changes those alone whose stops are all within their own scope,
and gives no wider one.
"""

from typing import Final

from flask import Blueprint, Response, abort, redirect, render_template, request, url_for
from flask_babel import gettext as _
from msgspec import Struct
from sqlalchemy import Connection
from werkzeug.wrappers import Response as BaseResponse

from hub.access import accounts as log
from hub.access import audit, passkeys, scope, sessions
from hub.access.accounts import Account, AccountError
from hub.access.passwords import new_password
from hub.access.permissions import Permission, Role
from hub.access.scope import Scope
from hub.access.users import User
from hub.queries import places
from hub.request import connection, now_ms, services
from hub.web import account_words, i18n, listing
from hub.web.account_tables import ACCOUNTS, SESSIONS
from hub.web.account_tables import scope_words as scope_words
from hub.web.login import Denied, needs, signed_in_user
from hub.web.shell import told, told_undoable

EVERYWHERE: Final = "everywhere"
SOME: Final = "some"


class CityOfStops(Struct, frozen=True):
    """A city to choose, with its stops: (id, name)."""

    key: str
    name: str
    stops: list[tuple[str, str]]


def blueprint() -> Blueprint:
    """The pages under ``/accounts``."""
    pages = Blueprint("accounts", __name__, url_prefix="/accounts")
    pages.get("")(everyone)
    pages.get("/sessions", endpoint="sessions")(signed_in)
    pages.route("/new", methods=["GET", "POST"])(new)
    pages.route("/<account>", methods=["GET", "POST"])(one)
    pages.post("/<account>/password")(password)
    pages.post("/<account>/active")(active)
    pages.post("/<account>/sessions")(end_sessions)
    return pages


# --- looking -----------------------------------------------------------------------------------


@needs(Permission.ACCOUNTS)
def everyone() -> BaseResponse:
    """Every account that this user may manage."""
    return listing.respond(ACCOUNTS, "accounts/list.html")


@needs(Permission.ACCOUNTS)
def signed_in() -> BaseResponse:
    """Every session of these accounts."""
    return listing.respond(SESSIONS, lead=_("Open one to see its account and to sign it out."))


def _is_theirs(user: User, account: Account) -> bool:
    return scope.contains(user.visible, scope.resolve(connection(), account.scope))


def _account(account: str) -> Account:
    found = log.find(connection(), account)
    if found is None:
        abort(404)
    if not _is_theirs(signed_in_user(), found):
        raise Denied(Permission.ACCOUNTS)
    return found


# --- adding and editing ------------------------------------------------------------------------


class Form(Struct, frozen=True):
    """What the form says."""

    name: str
    role: Role
    where: str
    scope: Scope


@needs(Permission.ACCOUNTS)
def new() -> str | BaseResponse:
    """The form for a new account; when it is sent, the account with its password, shown once."""
    if request.method == "GET":
        where = EVERYWHERE if signed_in_user().visible is None else SOME
        return _form(Form("", Role.VOLUNTEER_LEAD, where, Scope()))
    form, problem = read_form()
    if problem:
        return Response(_form(form, problem=problem), status=400)
    by, moment, drawn = signed_in_user().by, now_ms(), new_password()

    def add(writing: Connection) -> Account:
        made = log.add(writing, form.name, drawn, form.role, moment, form.scope)
        audit.note(writing, by, "account.added", made.id, _detail(made), moment)
        return made

    try:
        made = services().writer.call(add)
    except AccountError as error:
        return Response(_form(form, problem=account_words.problem(error)), status=400)
    return _show_password(made, drawn)


@needs(Permission.ACCOUNTS)
def one(account: str) -> str | BaseResponse:
    """One account: its name, role and stops; its sessions; its password."""
    found = _account(account)
    if request.method == "GET":
        return _form(_form_of(found), found)
    form, problem = read_form()
    if problem:
        return Response(_form(form, found, problem), status=400)
    if request.form.get("version") != found.version:
        changed = account_words.problem(AccountError("changed", ""))
        return Response(_form(_form_of(found), found, changed), status=409)
    by, moment = signed_in_user().by, now_ms()

    def change(writing: Connection) -> None:
        made = log.change(writing, found, form.name, form.role, form.scope)
        if made != found:
            detail = _detail(made) | {"before": _detail(found)}
            if made.name != found.name:
                detail["renamed"] = True
            audit.note(writing, by, "account.changed", made.id, detail, moment)

    try:
        services().writer.call(change)
    except AccountError as error:
        status = 409 if error.problem == "changed" else 400
        return Response(_form(form, found, account_words.problem(error)), status=status)
    told(_("Saved."))
    return redirect(url_for("accounts.everyone"), 303)


def _form_of(account: Account) -> Form:
    where = EVERYWHERE if account.scope.everywhere else SOME
    return Form(account.name, account.role, where, account.scope)


def read_form() -> tuple[Form, str]:
    """What was sent, and what is wrong with it. A token's form is the same."""
    try:
        role = Role(request.form.get("role", ""))
    except ValueError:
        abort(400)
    where = request.form.get("where", "")
    within = Scope()
    if where != EVERYWHERE:
        within = scope.make(request.form.getlist("stop"), request.form.getlist("city"))
    form = Form(request.form.get("name", "").strip(), role, where, within)
    user, here = signed_in_user(), connection()
    known = scope.cities(here)
    if where != EVERYWHERE and within.everywhere:
        return form, _("Stops: please choose at least one stop or city, or all stops.")
    if set(within.stops) - known.keys() or set(within.cities) - set(known.values()):
        return form, account_words.problem(AccountError("unknown-scope", ""))
    if not scope.contains(user.visible, scope.resolve(here, within)):
        return form, _("Stops: you can give no more stops than your own account has.")
    return form, ""


def _form(form: Form, account: Account | None = None, problem: str = "") -> str:
    here, user = connection(), signed_in_user()
    stops = user.stops(places.stops(here))
    return render_template(
        "accounts/account.html",
        form=form,
        account=account,
        problem=problem,
        roles=[(role, *account_words.ROLES[role]) for role in Role],
        cities=cities_of(stops, user),
        may_everywhere=user.visible is None,
        is_me=account is not None and account.id == user.id,
        sessions=sessions.of_account(here, account.id, now_ms()) if account else [],
        passkeys=len(passkeys.of_account(here, account.id)) if account else 0,
        device=account_words.device,
        sign_in_by=account_words.sign_in_by,
    )


def cities_of(stops: dict[str, places.Stop], user: User) -> list[CityOfStops]:
    """The stops to choose from, by city; a city with no name cannot be chosen as one."""
    found: dict[str, CityOfStops] = {}
    for stop in stops.values():
        city = found.setdefault(
            stop.city, CityOfStops(stop.city, i18n.pick(stop.city_zh, stop.city_en), [])
        )
        city.stops.append((stop.id, i18n.pick(stop.zh, stop.en)))
    return sorted(found.values(), key=lambda city: (not city.key, city.name))


def _detail(account: Account) -> dict[str, object]:
    return {
        "role": account.role.value,
        "stops": account.scope.stops,
        "cities": account.scope.cities,
    }


# --- password, activity, sessions --------------------------------------------------------------


@needs(Permission.ACCOUNTS)
def password(account: str) -> str | BaseResponse:
    """Draws a new password, shown once, and ends the account's sessions."""
    found = _account(account)
    by, moment, drawn = signed_in_user().by, now_ms(), new_password()

    def reset(writing: Connection) -> None:
        log.set_password(writing, found, drawn)
        ended = sessions.end_all(writing, found.id, but=by.session)
        detail = {"sessions ended": ended}
        audit.note(writing, by, "account.password", found.id, detail, moment)

    services().writer.call(reset)
    return _show_password(found, drawn)


def _show_password(account: Account, drawn: str) -> BaseResponse:
    page = render_template(
        "accounts/password.html",
        account=account,
        password=drawn,
        role=account_words.role_name(account.role),
        sign_in=url_for("login.login", _external=True),
    )
    response = Response(page)
    response.headers["Cache-Control"] = "no-store"
    return response


@needs(Permission.ACCOUNTS)
def active(account: str) -> str | BaseResponse:
    """Deactivates an account or brings it back."""
    found, user, moment = _account(account), signed_in_user(), now_ms()
    wanted = request.form.get("active") == "yes"
    if found.id == user.id:
        problem = _("You cannot deactivate your own account; another administrator can.")
        return Response(_form(_form_of(found), found, problem), status=400)

    def change(writing: Connection) -> None:
        log.set_active(writing, found, wanted, moment)
        if not wanted:
            sessions.end_all(writing, found.id)
        if found.active != wanted:
            what = "account.reactivated" if wanted else "account.deactivated"
            audit.note(writing, user.by, what, found.id, {}, moment)

    try:
        services().writer.call(change)
    except AccountError as error:
        problem = account_words.problem(error)
        return Response(_form(_form_of(found), found, problem), status=400)
    if wanted:
        told(_("%(name)s can sign in again.", name=found.name))
    else:
        told_undoable(
            _("%(name)s is deactivated and signed out everywhere.", name=found.name),
            url_for("accounts.active", account=found.id),
            {"active": "yes"},
        )
    return redirect(url_for("accounts.one", account=found.id), 303)


@needs(Permission.ACCOUNTS)
def end_sessions(account: str) -> BaseResponse:
    """Ends one session of an account, or all."""
    found, by, moment = _account(account), signed_in_user().by, now_ms()
    wanted = request.form.get("session", "")

    def end(writing: Connection) -> None:
        if wanted:
            ended = int(sessions.end(writing, found.id, wanted))
        else:
            ended = sessions.end_all(writing, found.id)
        if ended:
            detail = {"sessions ended": ended}
            audit.note(writing, by, "session.revoked", found.id, detail, moment)

    services().writer.call(end)
    return redirect(url_for("accounts.one", account=found.id), 303)
