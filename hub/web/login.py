"""Signing in and out, and who is signed in."""

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec

from flask import (
    Blueprint,
    Response,
    abort,
    g,
    redirect,
    render_template,
    request,
    session,
    url_for,
)
from flask_babel import gettext as _
from flask_babel import ngettext
from werkzeug.wrappers import Response as BaseResponse

from hub import auth
from hub.auth import Role, User
from hub.request import connection, services

P = ParamSpec("P")


def blueprint() -> Blueprint:
    """The pages for signing in and out."""
    pages = Blueprint("login", __name__)
    pages.route("/login", methods=["GET", "POST"])(login)
    pages.post("/logout")(logout)
    return pages


def current_user() -> User | None:
    """Who is signed in; a session ends when its account's password changes or it goes."""
    if "user" not in g:
        name, stamp = session.get("user"), session.get("stamp")
        found = auth.find(connection(), name) if isinstance(name, str) else None
        g.user = found if found is not None and found.stamp == stamp else None
    found_user: User | None = g.user
    return found_user


def needs(role: Role) -> Callable[[Callable[P, str | BaseResponse]], Callable[P, BaseResponse]]:
    """Let a page be seen by ``role`` and above only."""

    def guard(page: Callable[P, str | BaseResponse]) -> Callable[P, BaseResponse]:
        @wraps(page)
        def guarded(*args: P.args, **kwargs: P.kwargs) -> BaseResponse:
            user = current_user()
            if user is None:
                return _ask_to_sign_in()
            if not user.role.may(role):
                abort(403)
            made = page(*args, **kwargs)
            response = made if isinstance(made, BaseResponse) else Response(made)
            response.headers["Cache-Control"] = "private, no-cache"
            return response

        return guarded

    return guard


def _ask_to_sign_in() -> BaseResponse:
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
            return redirect(_target(request.args.get("next", "")), 303)
        return Response(_page(next_path=request.args.get("next", "")))
    name = request.form.get("name", "").strip()[: auth.MAX_NAME]
    next_path = request.form.get("next", "")
    throttle, key = services().logins, f"{request.remote_addr} {name}"
    wait = throttle.wait_s(key)
    if wait > 0:
        seconds = int(wait) + 1
        told = ngettext(
            "Too many attempts. Please wait %(num)d second.",
            "Too many attempts. Please wait %(num)d seconds.",
            seconds,
        )
        return Response(
            _page(name, next_path, told), status=429, headers={"Retry-After": str(seconds)}
        )
    user = auth.verify(connection(), name, request.form.get("password", ""))
    if user is None:
        throttle.spend(key)
        return Response(_page(name, next_path, _("Name or password is not right.")), status=401)
    session.clear()
    session.permanent = True
    session["user"], session["stamp"] = user.name, user.stamp
    return redirect(_target(next_path), 303)


def logout() -> BaseResponse:
    """Forget who is signed in."""
    session.clear()
    return redirect(url_for("public.home"), 303)


def _page(name: str = "", next_path: str = "", problem: str = "") -> str:
    return render_template("login.html", name=name, next=next_path, problem=problem)


def _target(path: str) -> str:
    """``path`` if it is one of this site, else the board."""
    local = path.startswith("/") and not path.startswith(("//", "/\\")) and path.isprintable()
    return path if local else url_for("board.board")
