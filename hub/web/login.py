"""Signing in and out, who is signed in, and the guard that every page asks.

The session's cookie is signed and holds the random id of a row in the database
(`hub.access.sessions`), which is what counts: a session ends when that row goes, whatever the
browser keeps.
"""

from collections.abc import Callable
from functools import wraps
from typing import Final, ParamSpec

from flask import (
    Blueprint,
    Response,
    g,
    redirect,
    render_template,
    request,
    session,
    url_for,
)
from flask_babel import gettext as _
from flask_babel import ngettext
from sqlalchemy import Connection
from werkzeug.exceptions import Forbidden
from werkzeug.wrappers import Response as BaseResponse

from hub.access import accounts, attempts, audit, sessions
from hub.access.accounts import Account
from hub.access.audit import By
from hub.access.permissions import Permission
from hub.access.scope import Stops
from hub.access.users import User
from hub.api import problems
from hub.request import connection, now_ms, passkey_host, services
from hub.web import i18n

P = ParamSpec("P")

COOKIE_KEY: Final = "sid"
"""Where the session's random id is in the signed cookie."""

NEEDS: Final = "needs"
"""The attribute of a guarded page that tells its permission: navigation shows what may be seen."""


class Denied(Forbidden):
    """The user may not do that; the page says who may. ``stop`` if it is only not theirs."""

    def __init__(self, permission: Permission, stop: str | None = None) -> None:
        super().__init__()
        self.permission = permission
        self.stop = stop


def blueprint() -> Blueprint:
    """The pages for signing in and out."""
    pages = Blueprint("login", __name__)
    pages.route("/login", methods=["GET", "POST"])(login)
    pages.post("/logout")(logout)
    return pages


def current_user() -> User | None:
    """Who sent this request: whoever is signed in, or on an address of the API the bearer of the
    token, which `hub.api.bearer` puts there."""
    if "user" not in g:
        g.user = None if problems.wanted() else _signed_in()
    found: User | None = g.user
    return found


def _signed_in() -> User | None:
    token, moment = session.get(COOKIE_KEY), now_ms()
    if not isinstance(token, str):
        return None
    found = sessions.signed_in(connection(), token, moment)
    if found is None:
        return None
    if found.stale:
        used, address = found.user.session, _address()
        services().writer.call(lambda writing: sessions.touch(writing, used, address, moment))
        session.modified = True  # its cookie ends so much later
    return found.user


def signed_in_user() -> User:
    """The user of a page that `needs` guards. Raises `Denied` when there is none."""
    user = current_user()
    if user is None:
        raise Denied(Permission.VIEW)
    return user


def visible_stops() -> Stops:
    """The stops whose rows this user may see, for `hub.access.scope.within`; none without a
    user."""
    user = current_user()
    return frozenset() if user is None else user.visible


def require(permission: Permission, stop: str | None = None) -> User:
    """The user, who has this permission, at ``stop`` if one is given ("": at all of them). Raises
    `Denied`."""
    user = current_user()
    if user is None or not user.may(permission, stop):
        raise Denied(permission, stop)
    return user


def needs(
    permission: Permission,
) -> Callable[[Callable[P, str | BaseResponse]], Callable[P, BaseResponse]]:
    """Let a page, or a route of the API, be reached only by who has ``permission``."""

    def guard(page: Callable[P, str | BaseResponse]) -> Callable[P, BaseResponse]:
        @wraps(page)
        def guarded(*args: P.args, **kwargs: P.kwargs) -> BaseResponse:
            if current_user() is None:
                return _ask_to_sign_in()
            require(permission)
            made = page(*args, **kwargs)
            response = made if isinstance(made, BaseResponse) else Response(made)
            if "Cache-Control" not in response.headers:
                response.headers["Cache-Control"] = "private, no-cache"
            return response

        setattr(guarded, NEEDS, permission)
        return guarded

    return guard


def _ask_to_sign_in() -> BaseResponse:
    if problems.wanted():
        return problems.unauthorised("Send a token: Authorization: Bearer <token>")
    target = url_for("login.login", next=request.path)
    if "HX-Request" in request.headers:
        # A part of a page must not become the sign-in page: the whole page goes there.
        back = url_for("login.login", next=url_for("board.board"))
        return Response(status=401, headers={"HX-Redirect": back})
    return redirect(target, 303)


def login() -> BaseResponse:
    """The form, and what it sends."""
    if request.method == "GET":
        if current_user() is not None:
            return redirect(target_of(request.args.get("next", "")), 303)
        return Response(_page(next_path=request.args.get("next", "")))
    name = request.form.get("name", "").strip()[: accounts.MAX_NAME]
    next_path = request.form.get("next", "")
    seconds = try_again_in_s(name)
    if seconds:
        page = _page(name, next_path, wait_words(seconds))
        return Response(page, status=429, headers={"Retry-After": str(seconds)})
    account = accounts.verify(connection(), name, request.form.get("password", ""))
    if account is None:
        return Response(_page(name, next_path, _("Name or password is not right.")), status=401)
    response = redirect(target_of(next_path), 303)
    let_in(account, "password", response)
    return response


def wait_words(seconds: int) -> str:
    """That somebody has to wait so long before the next try."""
    return ngettext(
        "Too many attempts. Please wait %(num)d second.",
        "Too many attempts. Please wait %(num)d seconds.",
        seconds,
    )


def try_again_in_s(name: str) -> int:
    """Takes one try at ``name`` (empty: by passkey) from this address; 0, or seconds to wait."""
    moment, address = now_ms(), _address()
    wait_ms = services().writer.call(lambda writing: attempts.take(writing, name, address, moment))
    return -(-wait_ms // 1000)


def let_in(account: Account, how: str, response: BaseResponse) -> None:
    """Open a session for this browser, ``how``: by password or passkey."""
    moment, address = now_ms(), _address()
    agent = request.headers.get("User-Agent", "")

    def begin(writing: Connection) -> str:
        attempts.succeeded(writing, account.name, address)
        token, opened = sessions.begin(
            writing, account.id, address=address, agent=agent, how=how, now_ms=moment
        )
        by = By(account.id, opened)
        audit.note(writing, by, "session.opened", account.id, {"how": how}, moment)
        return token

    session.clear()
    session.permanent = True
    session[COOKIE_KEY] = services().writer.call(begin)
    if account.language:
        i18n.remember(response, account.language)


def logout() -> BaseResponse:
    """End the session, here and in the database."""
    user, moment = current_user(), now_ms()
    session.clear()
    if user is not None:

        def end(writing: Connection) -> None:
            sessions.end(writing, user.id, user.session)
            audit.note(writing, user.by, "session.ended", user.id, {}, moment)

        services().writer.call(end)
    return redirect(url_for("public.home"), 303)


def _page(name: str = "", next_path: str = "", problem: str = "") -> str:
    return render_template(
        "login.html",
        name=name,
        next=next_path,
        problem=problem,
        may_use_passkeys=passkey_host() is not None,
    )


def target_of(path: str) -> str:
    """``path`` if it is one of this site, else the board."""
    local = path.startswith("/") and not path.startswith(("//", "/\\")) and path.isprintable()
    return path if local else url_for("board.board")


def _address() -> str:
    return request.remote_addr or ""
