"""Accounts and API tokens over the API: what their pages do, within the token's own scope."""

from typing import Any, Final

from flask import abort
from msgspec import Struct
from sqlalchemy import Connection

from hub.access import account_operations, accounts, audit, scope, sessions
from hub.access.accounts import Account, AccountError
from hub.access.passwords import new_password
from hub.access.permissions import Permission
from hub.access.scope import Scope
from hub.access.tokens import MAX_LABEL, Token
from hub.api.people_models import (
    AccountOut,
    AccountsOut,
    EndedOut,
    Gone,
    Issued,
    PasswordOut,
    PeopleAsked,
    ToActivate,
    ToHave,
    ToIssue,
    TokenOut,
    TokensOut,
)
from hub.api.problems import BadParameter
from hub.api.routes import Call, Route
from hub.request import connection, services
from hub.web.api_tokens import is_label, made, taken_back, theirs
from hub.web.login import Denied


def _account_out(one: Account) -> AccountOut:
    return AccountOut(
        one.id,
        one.name,
        one.role,
        list(one.scope.stops),
        list(one.scope.cities),
        one.created_ms,
        one.deactivated_ms,
        one.version,
    )


def _token_out(one: Token) -> TokenOut:
    return TokenOut(
        one.id,
        one.label,
        one.role,
        list(one.scope.stops),
        list(one.scope.cities),
        one.created_ms,
        one.account,
        one.used_ms,
    )


def _within(call: Call, stops: list[str], cities: list[str]) -> Scope:
    """A scope that whoever asks may give."""
    here, wanted = connection(), scope.make(stops, cities)
    try:
        account_operations.require_known(here, wanted)
    except AccountError as error:
        raise BadParameter("stops", str(error)) from None
    if not scope.contains(call.user.visible, scope.resolve(here, wanted)):
        raise Denied(Permission.ACCOUNTS)
    return wanted


def _detail(one: Account) -> dict[str, Any]:
    return {"role": one.role.value, "stops": one.scope.stops, "cities": one.scope.cities}


# --- accounts ------------------------------------------------------------------------------------


def _found(call: Call) -> Account:
    found = accounts.find(connection(), call.path["account"][:64])
    if found is None:
        abort(404)
    if not scope.contains(call.user.visible, scope.resolve(connection(), found.scope)):
        raise Denied(Permission.ACCOUNTS)
    return found


def _accounts(call: Call) -> AccountsOut:
    asked, here = call.asked(PeopleAsked), connection()
    found = sorted(
        (
            one
            for one in accounts.everyone(here)
            if one.id > asked.after
            and scope.contains(call.user.visible, scope.resolve(here, one.scope))
        ),
        key=lambda one: one.id,
    )
    page = found[: asked.limit]
    more = len(found) > asked.limit
    return AccountsOut([_account_out(one) for one in page], page[-1].id if more else None)


def _add(call: Call) -> PasswordOut:
    body, drawn = call.sent(ToHave), new_password()
    within = _within(call, body.stops, body.cities)

    def work(writing: Connection) -> Account:
        one = accounts.add(writing, body.name, drawn, body.role, call.now_ms, within)
        audit.note(writing, call.user.by, "account.added", one.id, _detail(one), call.now_ms)
        return one

    return PasswordOut(_account_out(services().writer.call(work)), drawn)


def _change(call: Call) -> AccountOut:
    body, found = call.sent(ToHave), _found(call)
    within = _within(call, body.stops, body.cities)
    if body.version not in ("", found.version):
        raise AccountError("changed", "somebody else has just changed this account")

    def work(writing: Connection) -> Account:
        one = accounts.change(writing, found, body.name, body.role, within)
        if one != found:
            detail = _detail(one) | {"before": _detail(found)}
            if one.name != found.name:
                detail["renamed"] = True
            audit.note(writing, call.user.by, "account.changed", one.id, detail, call.now_ms)
        return one

    return _account_out(services().writer.call(work))


def _activate(call: Call) -> AccountOut:
    found, wanted = _found(call), call.sent(ToActivate).active

    def work(writing: Connection) -> Account:
        one = accounts.set_active(writing, found, wanted, call.now_ms)
        if not wanted:
            sessions.end_all(writing, found.id)
        if found.active != wanted:
            what = "account.reactivated" if wanted else "account.deactivated"
            audit.note(writing, call.user.by, what, found.id, {}, call.now_ms)
        return one

    return _account_out(services().writer.call(work))


def _password(call: Call) -> PasswordOut:
    found, drawn = _found(call), new_password()

    def work(writing: Connection) -> Account:
        one = accounts.set_password(writing, found, drawn)
        detail = {"sessions ended": sessions.end_all(writing, found.id)}
        audit.note(writing, call.user.by, "account.password", found.id, detail, call.now_ms)
        return one

    return PasswordOut(_account_out(services().writer.call(work)), drawn)


def _end(call: Call) -> EndedOut:
    found = _found(call)

    def work(writing: Connection) -> int:
        ended = sessions.end_all(writing, found.id)
        if ended:
            detail = {"sessions ended": ended}
            audit.note(writing, call.user.by, "session.revoked", found.id, detail, call.now_ms)
        return ended

    return EndedOut(services().writer.call(work))


# --- tokens --------------------------------------------------------------------------------------


def _tokens(call: Call) -> TokensOut:
    asked = call.asked(PeopleAsked)
    found = sorted(
        (one for one in theirs(connection(), call.user) if one.id > asked.after),
        key=lambda one: one.id,
    )
    page = found[: asked.limit]
    more = len(found) > asked.limit
    return TokensOut([_token_out(one) for one in page], page[-1].id if more else None)


def _issue(call: Call) -> Issued:
    body = call.sent(ToIssue)
    if not is_label(body.label):
        raise BadParameter("label", f"1 to {MAX_LABEL} characters, no spaces around them")
    within = _within(call, body.stops, body.cities)
    one, secret = services().writer.call(
        lambda writing: made(writing, call.user, body.label, body.role, within, call.now_ms)
    )
    return Issued(_token_out(one), secret)


def _revoke(call: Call) -> Gone:
    wanted = call.path["token"]
    if wanted not in {one.id for one in theirs(connection(), call.user)}:
        abort(404)
    services().writer.call(lambda writing: taken_back(writing, call.user, wanted, call.now_ms))
    return Gone(wanted)


_ACCOUNT: Final = {"account": "The account's id."}
_CANNOT: Final[dict[type[Exception], int]] = {AccountError: 409}


def _route(
    method: str, path: str, name: str, summary: str, act: Any, answer: type[Struct], **more: Any
) -> Route:
    return Route(
        method=method,
        path=path,
        name=name,
        summary=summary,
        permission=Permission.ACCOUNTS,
        act=act,
        answer=answer,
        **more,
    )


def _of_account(
    last: str,
    name: str,
    summary: str,
    act: Any,
    answer: type[Struct],
    body: type[Struct] | None = None,
    *,
    secret: bool = False,
) -> Route:
    return _route(
        "POST",
        f"/accounts/{{account}}{last}",
        name,
        summary,
        act,
        answer,
        body=body,
        arguments=_ACCOUNT,
        problems=(404,),
        refusals=_CANNOT,
        secret=secret,
    )


ROUTES: Final = (
    _route("GET", "/accounts", "accounts", "Accounts", _accounts, AccountsOut, query=PeopleAsked),
    _route(
        "POST",
        "/accounts",
        "addAccount",
        "Add an account; its password is told once",
        _add,
        PasswordOut,
        body=ToHave,
        refusals=_CANNOT,
        secret=True,
    ),
    _of_account("", "changeAccount", "Name, role and stops", _change, AccountOut, ToHave),
    _of_account(
        "/active",
        "activateAccount",
        "Deactivate it, or bring it back",
        _activate,
        AccountOut,
        ToActivate,
    ),
    _of_account(
        "/password",
        "drawPassword",
        "Draw a new password, told once",
        _password,
        PasswordOut,
        secret=True,
    ),
    _of_account("/sessions", "endSessions", "Sign it out everywhere", _end, EndedOut),
    _route("GET", "/tokens", "tokens", "API tokens", _tokens, TokensOut, query=PeopleAsked),
    _route(
        "POST",
        "/tokens",
        "issueToken",
        "Make a token; its secret is told once",
        _issue,
        Issued,
        body=ToIssue,
        secret=True,
    ),
    _route(
        "DELETE",
        "/tokens/{token}",
        "revokeToken",
        "Take a token back",
        _revoke,
        Gone,
        arguments={"token": "The token's id."},
        problems=(404,),
    ),
)
"""The routes of accounts and tokens."""
