"""API tokens: which there are, a new one, taking one back.

Like accounts, a token is managed by whoever may see all its stops, and nobody gives more stops than
they have.
"""

from flask import Blueprint, Response, abort, redirect, render_template, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from markupsafe import Markup
from msgspec import Struct
from sqlalchemy import Connection
from werkzeug.wrappers import Response as BaseResponse

from hub.access import accounts, audit, scope, tokens
from hub.access.accounts import AccountError
from hub.access.permissions import Permission, Role
from hub.access.scope import Scope
from hub.access.tokens import MAX_LABEL, Token
from hub.access.users import User
from hub.queries import places
from hub.request import connection, now_ms, services
from hub.web import account_words, audit_words, formats, listing, shell
from hub.web.accounts import EVERYWHERE, SOME, Form, cities_of, read_form, scope_words
from hub.web.listing import Choice, Column, Kind, Listing, MemorySource
from hub.web.login import needs, signed_in_user


class Row(Struct, frozen=True):
    """A token of the list."""

    token: Token
    label: str
    role: str
    where: str
    who: str


def blueprint() -> Blueprint:
    """The pages under ``/tokens``."""
    pages = Blueprint("tokens", __name__, url_prefix="/tokens")
    pages.get("", endpoint="listing")(every)
    pages.get("/new")(new)
    pages.post("/new")(add)
    pages.get("/<token>/revoke", endpoint="ask_revoke")(ask_revoke)
    pages.post("/<token>/revoke")(revoke)
    return pages


def theirs(here: Connection, user: User) -> list[Token]:
    """The tokens that ``user`` may manage, the newest first."""
    return [
        one
        for one in tokens.everyone(here)
        if scope.contains(user.visible, scope.resolve(here, one.scope))
    ]


def _rows(here: Connection) -> list[Row]:
    stops, names = places.stops(here), accounts.names(here)
    return [
        Row(
            one,
            one.label or _("without a name"),
            account_words.role_name(one.role),
            scope_words(one.scope, stops),
            audit_words.account(one.account, names) if one.account else audit_words.command_line(),
        )
        for one in theirs(here, signed_in_user())
    ]


def _revoke_link(row: Row) -> Markup:
    return Markup('<a class="button second small" href="{}" data-dialog>{}</a>').format(
        url_for("tokens.ask_revoke", token=row.token.id), _("Take it back")
    )


TOKENS = Listing[Row](
    name="tokens",
    title=_l("API tokens"),
    order="-created",
    empty=_l(
        "No token yet. A program that reads or writes over the API needs one: make one, give it no "
        "more than it needs, and paste it there."
    ),
    source=MemorySource(rows=_rows),
    columns=(
        Column("label", _l("For"), lambda row: row.label, sort=True, heading=True),
        Column("role", _l("Role"), lambda row: row.role, sort=True),
        Column("where", _l("Stops"), lambda row: row.where),
        Column("created", _l("Made"), lambda row: row.token.created_ms, Kind.MOMENT, sort=True),
        Column("who", _l("Made by"), lambda row: row.who, sort=True),
        Column("used", _l("Last used"), lambda row: row.token.used_ms, Kind.MOMENT, sort=True),
        Column("id", _l("Token’s id"), lambda row: row.token.id, Kind.CODE),
        Column("do", _l("Action"), lambda row: "", show=_revoke_link, in_files=False),
    ),
    filters=(
        Choice(
            "role",
            _l("Role"),
            options=lambda _here: [(role.value, account_words.role_name(role)) for role in Role],
            keep=lambda row, value: row.token.role.value == value,
            first=True,
        ),
    ),
)


@needs(Permission.ACCOUNTS)
def every() -> BaseResponse:
    """The tokens."""
    return listing.respond(TOKENS, "accounts/tokens.html")


@needs(Permission.ACCOUNTS)
def new() -> str:
    """The form of a new token."""
    where = EVERYWHERE if signed_in_user().visible is None else SOME
    return _form(Form("", Role.VIEWER, where, Scope()))


def _form(form: Form, problem: str = "") -> str:
    user = signed_in_user()
    return render_template(
        "accounts/token_new.html",
        form=form,
        problem=problem,
        roles=[(role, *account_words.ROLES[role]) for role in Role],
        cities=cities_of(user.stops(places.stops(connection())), user),
        may_everywhere=user.visible is None,
        most=MAX_LABEL,
    )


@needs(Permission.ACCOUNTS)
def add() -> BaseResponse:
    """A new token, shown this once."""
    form, problem = read_form()
    if not problem and not is_label(form.name):
        problem = _("Say what the token is for, in at most %(n)s characters.", n=MAX_LABEL)
    if problem:
        return Response(_form(form, problem), status=400)
    user, moment = signed_in_user(), now_ms()
    _made, secret = services().writer.call(
        lambda writing: made(writing, user, form.name, form.role, form.scope, moment)
    )
    page = render_template(
        "accounts/token.html",
        label=form.name,
        secret=secret,
        role=account_words.role_name(form.role),
        where=scope_words(form.scope, places.stops(connection())),
    )
    response = Response(page)
    response.headers["Cache-Control"] = "no-store"
    return response


def is_label(text: str) -> bool:
    """Whether a token may be called so."""
    return 0 < len(text) <= MAX_LABEL and text == text.strip() and text.isprintable()


def made(
    writing: Connection, user: User, label: str, role: Role, within: Scope, now_ms: int
) -> tuple[Token, str]:
    """A new token by ``user``, and its secret."""
    secret = tokens.create(writing, role, now_ms, label, within, user.id)
    found = tokens.bearer(writing, secret)
    if found is None:
        raise AccountError("unknown", label)
    detail = {"role": role.value, "stops": within.stops, "cities": within.cities}
    audit.note(writing, user.by, "token.created", found.user.id, detail, now_ms)
    one = Token(found.user.id, label, role, within, now_ms, user.id, None)
    return one, secret


def _found(token: str) -> Token:
    known = {one.id: one for one in theirs(connection(), signed_in_user())}
    if token not in known:
        abort(404)
    return known[token]


@needs(Permission.ACCOUNTS)
def ask_revoke(token: str) -> str:
    """Asks: whoever uses it is locked out at once."""
    found = _found(token)
    used = formats.moment(found.used_ms) if found.used_ms is not None else _("never")
    return shell.confirm(
        heading=(
            _("Take back the token of %(label)s", label=found.label)
            if found.label
            else _("Take back this token?")
        ),
        text=_(
            "Whatever program uses it is refused from its next request on. This cannot be undone; "
            "a new token can be made."
        ),
        button=_("Take it back"),
        back=url_for("tokens.listing"),
        facts=[(_("Last used"), used)],
    )


@needs(Permission.ACCOUNTS)
def revoke(token: str) -> BaseResponse:
    """Takes it back."""
    found, user, moment = _found(token), signed_in_user(), now_ms()
    services().writer.call(lambda writing: taken_back(writing, user, found.id, moment))
    shell.told(_("The token was taken back."))
    return redirect(url_for("tokens.listing"), 303)


def taken_back(writing: Connection, user: User, token: str, now_ms: int) -> None:
    """The token with this id opens nothing any more."""
    if tokens.revoke(writing, token):
        audit.note(writing, user.by, "token.revoked", token, {}, now_ms)
