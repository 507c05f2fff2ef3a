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
            key="name",
            title=_l("User name"),
            heading=True,
            value=lambda row: row.account.name,
            link=Link("accounts.one", "account", lambda row: row.account.id),
            sort=True,
        ),
        Column(key="role", title=_l("Role"), value=lambda row: row.role, sort=True),
        Column(key="where", title=_l("Stops"), value=lambda row: row.where, sort=True),
        Column(key="state", title=_l("State"), value=_state, sort=True),
        Column(
            key="seen",
            title=_l("Last here"),
            kind=Kind.MOMENT,
            value=lambda row: row.seen_ms,
            sort=True,
        ),
        Column(
            key="added",
            title=_l("Added at"),
            kind=Kind.MOMENT,
            value=lambda row: row.account.created_ms,
            sort=True,
        ),
    ),
    filters=(
        Choice(
            key="role",
            label=_l("Role"),
            options=_roles,
            keep=lambda row, value: row.account.role.value == value,
            first=True,
        ),
        Choice(
            key="state",
            label=_l("State"),
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
            key="name",
            title=_l("User name"),
            heading=True,
            value=lambda row: row.name,
            link=Link("accounts.one", "account", lambda row: row.session.user),
            sort=True,
        ),
        Column(key="device", title=_l("Device"), value=lambda row: row.device, sort=True),
        Column(key="how", title=_l("How"), value=lambda row: row.how, sort=True),
        Column(
            key="since",
            title=_l("Signed in at"),
            kind=Kind.MOMENT,
            value=lambda row: row.session.created_ms,
            sort=True,
        ),
        Column(
            key="seen",
            title=_l("Last used"),
            kind=Kind.MOMENT,
            value=lambda row: row.session.seen_ms,
            sort=True,
        ),
        Column(key="address", title=_l("Address"), value=lambda row: row.session.address),
    ),
    filters=(
        Choice(
            key="who",
            label=_l("User name"),
            options=lambda here: [(one.id, one.name) for one in theirs(here)],
            keep=lambda row, value: row.session.user == value,
            first=True,
        ),
    ),
)
