"""Who has an account, and where they are signed in, as tables; of those that the reader manages."""

from typing import Final

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from msgspec import Struct
from sqlalchemy import Connection

from hub.access import accounts, scope, sessions
from hub.access.accounts import Account
from hub.access.permissions import Role
from hub.access.sessions import Session
from hub.queries import places
from hub.request import now_ms
from hub.web import account_words, i18n, story
from hub.web.listing import Choice, Column, Kind, Link, Listing, MemorySource
from hub.web.login import signed_in_user


class AccountRow(Struct, frozen=True):
    """An account; ``seen_ms`` is when it was last here, in a session that is still kept."""

    account: Account
    role: str
    where: str
    seen_ms: int | None
    mine: bool


class SessionRow(Struct, frozen=True):
    """A session, and whose it is."""

    session: Session
    name: str
    device: str
    how: str


def scope_words(within: scope.Scope, stops: dict[str, places.Stop]) -> str:
    """A scope in words."""
    if within.everywhere:
        return _("All stops")
    by_city = {stop.city: i18n.pick(stop.city_zh, stop.city_en) for stop in stops.values()}
    named = [by_city.get(city, city) for city in within.cities]
    named += [story.stop_name(stops, stop) for stop in within.stops]
    return _(", ").join(named)


def theirs(here: Connection) -> list[Account]:
    """The accounts that the reader manages, active ones first, by name."""
    visible = signed_in_user().visible
    return [
        one
        for one in accounts.everyone(here)
        if scope.contains(visible, scope.resolve(here, one.scope))
    ]


def _accounts(here: Connection) -> list[AccountRow]:
    stops, used, me = places.stops(here), sessions.last_seen(here), signed_in_user().id
    return [
        AccountRow(
            one,
            account_words.role_name(one.role),
            scope_words(one.scope, stops),
            used.get(one.id),
            one.id == me,
        )
        for one in theirs(here)
    ]


def _sessions(here: Connection) -> list[SessionRow]:
    moment = now_ms()
    return [
        SessionRow(
            session,
            one.name,
            account_words.device(session.agent),
            account_words.sign_in_by(session.how),
        )
        for one in theirs(here)
        for session in sessions.of_account(here, one.id, moment)
    ]


def _state(row: AccountRow) -> str:
    if not row.account.active:
        return _("deactivated")
    return _("you") if row.mine else _("active")


def _roles(_here: Connection) -> list[tuple[str, str]]:
    return [(role.value, account_words.role_name(role)) for role in Role]


ACCOUNTS: Final = Listing[AccountRow](
    name="accounts",
    title=_l("Accounts"),
    order="name",
    empty=_l("No account yet."),
    source=MemorySource(rows=_accounts),
    columns=(
        Column(
            "name",
            _l("User name"),
            lambda row: row.account.name,
            heading=True,
            link=Link("accounts.one", "account", lambda row: row.account.id),
            sort=True,
        ),
        Column("role", _l("Role"), lambda row: row.role, sort=True),
        Column("where", _l("Stops"), lambda row: row.where, sort=True),
        Column("state", _l("State"), _state, sort=True),
        Column("seen", _l("Last here"), lambda row: row.seen_ms, Kind.MOMENT, sort=True),
        Column("added", _l("Added at"), lambda row: row.account.created_ms, Kind.MOMENT, sort=True),
    ),
    filters=(
        Choice(
            "role",
            _l("Role"),
            options=_roles,
            keep=lambda row, value: row.account.role.value == value,
            first=True,
        ),
        Choice(
            "state",
            _l("State"),
            options=lambda _here: [("active", _("active")), ("off", _("deactivated"))],
            keep=lambda row, value: row.account.active == (value == "active"),
            first=True,
        ),
    ),
)

SESSIONS: Final = Listing[SessionRow](
    name="sessions",
    title=_l("Who is signed in"),
    order="-seen",
    empty=_l("Nobody is signed in."),
    source=MemorySource(rows=_sessions),
    columns=(
        Column(
            "name",
            _l("User name"),
            lambda row: row.name,
            heading=True,
            link=Link("accounts.one", "account", lambda row: row.session.user),
            sort=True,
        ),
        Column("device", _l("Device"), lambda row: row.device, sort=True),
        Column("how", _l("How"), lambda row: row.how, sort=True),
        Column(
            "since", _l("Signed in at"), lambda row: row.session.created_ms, Kind.MOMENT, sort=True
        ),
        Column("seen", _l("Last used"), lambda row: row.session.seen_ms, Kind.MOMENT, sort=True),
        Column("address", _l("Address"), lambda row: row.session.address),
    ),
    filters=(
        Choice(
            "who",
            _l("User name"),
            options=lambda here: [(one.id, one.name) for one in theirs(here)],
            keep=lambda row, value: row.session.user == value,
            first=True,
        ),
    ),
)
