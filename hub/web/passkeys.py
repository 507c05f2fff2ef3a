"""Making a passkey and signing in with one: what ``passkeys.js`` asks for.

A challenge waits for its answer in the signed cookie and is taken out of there by the first one.
"""

from typing import Any, Final

import msgspec
from flask import Blueprint, Response, abort, redirect, request, session, url_for
from flask_babel import gettext as _
from sqlalchemy import Connection
from werkzeug.wrappers import Response as BaseResponse

from hub.access import audit, passkeys
from hub.access.accounts import Account
from hub.access.passkeys import PasskeyError
from hub.access.permissions import Permission
from hub.request import connection, now_ms, passkey_host, services
from hub.web import account, account_words, formats
from hub.web.login import let_in, needs, signed_in_user, target_of, try_again_in_s, wait_words
from hub.web.shell import confirm, told

STATE: Final = "passkey"
"""Where a challenge waits, in the signed cookie."""


def blueprint() -> Blueprint:
    """The routes for passkeys."""
    routes = Blueprint("passkeys", __name__)
    routes.post("/account/passkeys/offer")(offer)
    routes.post("/account/passkeys")(keep)
    routes.get("/account/passkeys/remove")(ask_remove)
    routes.post("/account/passkeys/remove")(remove)
    routes.post("/login/passkey/ask")(ask)
    routes.post("/login/passkey")(sign_in)
    return routes


@needs(Permission.VIEW)
def offer() -> BaseResponse:
    """What the browser needs to make a passkey."""
    host = passkey_host()
    if host is None:
        return _refused(_("Passkeys need this site to be reached over HTTPS."), 400)
    options, state = passkeys.offer(connection(), host, account.own_account())
    _remember(state)
    return _json(options)


@needs(Permission.VIEW)
def keep() -> BaseResponse:
    """Keeps the passkey that was made."""
    host, state, sent = passkey_host(), _recall(), _sent()
    if host is None or state is None or sent is None:
        return _refused(_("That took too long. Please try again."), 400)
    user, moment = signed_in_user(), now_ms()
    name = account_words.device(request.headers.get("User-Agent", ""))

    def change(writing: Connection) -> None:
        passkeys.keep(writing, host, user.id, state, sent, name, moment)
        audit.note(writing, user.by, "passkey.added", user.id, {}, moment)

    try:
        services().writer.call(change)
    except PasskeyError:
        return _refused(_("This passkey could not be taken. Please try again."), 400)
    told(_("The passkey is kept. You can sign in with it from now on."))
    return _json({"to": url_for("account.own")})


@needs(Permission.VIEW)
def ask_remove() -> str:
    """Asks before a passkey is forgotten: what the device keeps is of no use afterwards."""
    wanted = request.args.get("passkey", "")
    mine = passkeys.of_account(connection(), signed_in_user().id)
    found = next((one for one in mine if one.id == wanted), None)
    if found is None:
        abort(404)
    used = formats.moment(found.used_ms) if found.used_ms is not None else _("never")
    return confirm(
        heading=_("Remove the passkey of %(device)s?", device=found.name),
        text=_(
            "Nobody signs in with it any more. This cannot be undone: a new one can be made on "
            "the device."
        ),
        button=_("Remove"),
        back=url_for("account.own"),
        fields={"passkey": found.id},
        facts=[(_("Last used"), used)],
    )


@needs(Permission.VIEW)
def remove() -> BaseResponse:
    """Forgets one of the own passkeys."""
    user, moment, wanted = signed_in_user(), now_ms(), request.form.get("passkey", "")

    def change(writing: Connection) -> None:
        if passkeys.remove(writing, user.id, wanted):
            audit.note(writing, user.by, "passkey.removed", user.id, {}, moment)

    services().writer.call(change)
    told(_("The passkey is removed."))
    return redirect(url_for("account.own"), 303)


def ask() -> BaseResponse:
    """What the browser needs to sign in with a passkey."""
    host = passkey_host()
    if host is None:
        return _refused(_("Passkeys need this site to be reached over HTTPS."), 400)
    options, state = passkeys.ask(host)
    _remember(state)
    return _json(options)


def sign_in() -> BaseResponse:
    """Lets whoever's passkey it is in."""
    host, state, sent, moment = passkey_host(), _recall(), _sent(), now_ms()
    if host is None or state is None or sent is None:
        return _refused(_("That took too long. Please try again."), 400)
    seconds = try_again_in_s("")
    if seconds:
        response = _refused(wait_words(seconds), 429)
        response.headers["Retry-After"] = str(seconds)
        return response

    def recognise(writing: Connection) -> Account:
        return passkeys.recognise(writing, host, state, sent, moment)

    try:
        found = services().writer.call(recognise)
    except PasskeyError:
        return _refused(_("This passkey is not known here. Please use your password."), 401)
    response = _json({"to": target_of(request.args.get("next", ""))})
    let_in(found, "passkey", response)
    return response


def _remember(state: Any) -> None:
    session[STATE] = {"state": state, "at_ms": now_ms()}


def _recall() -> Any:
    """What `_remember` kept, once and not for long."""
    kept = session.pop(STATE, None)
    if not isinstance(kept, dict) or now_ms() - kept["at_ms"] > passkeys.CHALLENGE_MS:
        return None
    return kept["state"]


def _sent() -> dict[str, Any] | None:
    try:
        return msgspec.json.decode(request.get_data(), type=dict[str, Any])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def _json(value: object) -> Response:
    response = Response(msgspec.json.encode(value), content_type="application/json")
    response.headers["Cache-Control"] = "no-store"
    return response


def _refused(problem: str, status: int) -> Response:
    response = _json({"problem": problem})
    response.status_code = status
    return response
