"""Everybody's own account: password, passkeys, sessions, language."""

from flask import Blueprint, Response, redirect, render_template, request, url_for
from flask_babel import gettext as _
from sqlalchemy import Connection
from werkzeug.wrappers import Response as BaseResponse

from hub.access import accounts, attempts, audit, passkeys, sessions
from hub.access.accounts import Account, AccountError
from hub.access.permissions import Permission
from hub.queries import places
from hub.request import connection, now_ms, passkey_host, services
from hub.web import account_words, i18n
from hub.web.accounts import scope_words
from hub.web.login import Denied, needs, signed_in_user, target_of, try_again_in_s, wait_words
from hub.web.shell import told


def blueprint() -> Blueprint:
    """The pages under ``/account``."""
    pages = Blueprint("account", __name__, url_prefix="/account")
    pages.get("")(own)
    pages.post("/password")(password)
    pages.post("/sessions")(end_sessions)
    pages.post("/language")(language)
    return pages


@needs(Permission.VIEW)
def own() -> str:
    """The page."""
    return _page()


def own_account() -> Account:
    """The account of whoever asks. Raises `Denied` when it has just gone."""
    found = accounts.find(connection(), signed_in_user().id)
    if found is None:
        raise Denied(Permission.VIEW)
    return found


def _page(problem: str = "") -> str:
    here, user, account = connection(), signed_in_user(), own_account()
    return render_template(
        "account/own.html",
        account=account,
        role=account_words.role_name(account.role),
        where=scope_words(account.scope, places.stops(here)),
        may=[
            words for permission, words in account_words.PERMISSIONS.items() if user.may(permission)
        ],
        sessions=sessions.of_account(here, account.id, now_ms()),
        this=user.session,
        passkeys=passkeys.of_account(here, account.id),
        may_have_passkeys=passkey_host() is not None,
        device=account_words.device,
        sign_in_by=account_words.sign_in_by,
        problem=problem,
    )


@needs(Permission.VIEW)
def password() -> str | BaseResponse:
    """A new password, for who knows the old one; other sessions end."""
    account, by, moment = own_account(), signed_in_user().by, now_ms()
    seconds = try_again_in_s(account.name)
    if seconds:
        response = Response(_page(wait_words(seconds)), status=429)
        response.headers["Retry-After"] = str(seconds)
        return response
    if accounts.verify(connection(), account.name, request.form.get("old", "")) is None:
        return Response(_page(_("Present password: it is not right.")), status=400)
    wanted = request.form.get("new", "")
    if wanted != request.form.get("again", ""):
        return Response(_page(_("New password: the two are not the same.")), status=400)
    address = request.remote_addr or ""

    def change(writing: Connection) -> None:
        attempts.succeeded(writing, account.name, address)
        accounts.set_password(writing, account, wanted)
        ended = sessions.end_all(writing, account.id, but=by.session)
        detail = {"sessions ended": ended}
        audit.note(writing, by, "account.password", account.id, detail, moment)

    try:
        services().writer.call(change)
    except AccountError as error:
        return Response(_page(account_words.problem(error)), status=400)
    told(_("Your password is changed. Other devices are signed out."))
    return redirect(url_for("account.own"), 303)


@needs(Permission.VIEW)
def end_sessions() -> BaseResponse:
    """Ends one of the own sessions, or all but this one."""
    user, moment = signed_in_user(), now_ms()
    wanted = request.form.get("session", "")

    def end(writing: Connection) -> None:
        if wanted:
            ended = int(sessions.end(writing, user.id, wanted))
        else:
            ended = sessions.end_all(writing, user.id, but=user.session)
        if ended:
            detail = {"sessions ended": ended}
            audit.note(writing, user.by, "session.revoked", user.id, detail, moment)

    services().writer.call(end)
    told(_("Signed out there."))
    return redirect(url_for("account.own"), 303)


@needs(Permission.VIEW)
def language() -> BaseResponse:
    """The language of the pages, here now and wherever this account signs in."""
    user, wish = signed_in_user(), request.form.get("language", "")
    wish = wish if wish in i18n.LANGUAGES else ""
    services().writer.call(lambda writing: accounts.set_language(writing, user.id, wish))
    back = request.form.get("back", "")
    if not back:
        told(_("Saved."))
    response = redirect(target_of(back) if back else url_for("account.own"), 303)
    if wish:
        i18n.remember(response, wish)
    else:
        i18n.forget(response)
    return response
