"""What the API says of accounts and API tokens, and what it takes."""

from typing import Annotated

from msgspec import Meta, Struct

from hub.access.accounts import MAX_NAME
from hub.access.permissions import Role
from hub.access.tokens import MAX_LABEL

Names = Annotated[list[Annotated[str, Meta(max_length=60)]], Meta(max_length=200)]
Limit = Annotated[int, Meta(ge=1, le=1000)]
Cursor = Annotated[str, Meta(max_length=64)]


class PeopleAsked(Struct, frozen=True):
    """``after`` is the last answer's ``next``."""

    after: Cursor = ""
    limit: Limit = 100


class AccountOut(Struct, frozen=True):
    """An account; ``stops`` and ``cities`` both empty: everywhere. ``version`` changes with
    anything. No password is ever told but a new one, once."""

    id: str
    name: str
    role: Role
    stops: list[str]
    cities: list[str]
    created_ms: int
    deactivated_ms: int | None
    version: str


class AccountsOut(Struct, frozen=True):
    """Accounts by id; ``next`` is the one to ask ``after`` for more, or null."""

    accounts: list[AccountOut]
    next: str | None


class ToHave(Struct, frozen=True, forbid_unknown_fields=True):
    """What an account is to be. ``version``, of a change: 409 if somebody else changed it."""

    name: Annotated[str, Meta(max_length=MAX_NAME)]
    role: Role
    stops: Names = []
    cities: Names = []
    version: Annotated[str, Meta(max_length=16)] = ""


class ToActivate(Struct, frozen=True, forbid_unknown_fields=True):
    """Whether anybody gets in."""

    active: bool


class PasswordOut(Struct, frozen=True):
    """An account and its new password, which is told this once."""

    account: AccountOut
    password: str


class EndedOut(Struct, frozen=True):
    """How many sessions were ended."""

    ended: int


class TokenOut(Struct, frozen=True):
    """A token without its secret; ``account`` made it (empty: somebody at the machine itself)."""

    id: str
    label: str
    role: Role
    stops: list[str]
    cities: list[str]
    created_ms: int
    account: str
    used_ms: int | None


class TokensOut(Struct, frozen=True):
    """Tokens by id; ``next`` is the one to ask ``after`` for more, or null."""

    tokens: list[TokenOut]
    next: str | None


class ToIssue(Struct, frozen=True, forbid_unknown_fields=True):
    """What a token is for, and what it may do where; no stops and cities: everywhere."""

    label: Annotated[str, Meta(max_length=MAX_LABEL)]
    role: Role
    stops: Names = []
    cities: Names = []


class Issued(Struct, frozen=True):
    """A new token and its secret, which is told this once."""

    token: TokenOut
    secret: str


class Gone(Struct, frozen=True):
    """The id of what is no longer there."""

    id: str
