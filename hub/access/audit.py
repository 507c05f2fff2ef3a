"""The audit log: who changed what, when, and from which session.

Every change of registry data, accounts and settings, every ruling of a person and every export
writes one row in the transaction that makes the change, so that neither is there without the other.
Goods need no rows here: their events say who did what. The database itself refuses to change or
delete a row (a trigger).

The log outlives the accounts it speaks of. It holds account ids; names stand in the deletable table
`user` alone, so ``subject`` and ``detail`` must never hold a person's name, an address of the
network, a password, a token or free text about somebody.
"""

from collections.abc import Mapping
from typing import Any, Final

import msgspec
from msgspec import Struct
from sqlalchemy import Connection, insert

from hub import db

MAX_DETAIL: Final = 4000
"""Longest detail in characters of JSON; of a longer one only its length is kept."""


class By(Struct, frozen=True):
    """Whoever did it: an account's or a token's id, and the session's, if there was one."""

    account: str
    session: str = ""


COMMAND_LINE: Final = By("command line")
"""Somebody at the machine itself, by ``yicang``."""

KIOSK: Final = By("kiosk")
"""A machine that asks to become a kiosk, or that was not confirmed in time."""


def note(
    connection: Connection,
    who: By,
    what: str,
    subject: str,
    detail: Mapping[str, Any],
    now_ms: int,
    *,
    stop: str = "",
) -> None:
    """Add a row, in the transaction of the change it tells of.

    ``what`` is a machine word such as ``account.added`` (`hub.web.audit_words` has its words in
    both languages), ``subject`` the key of what was changed, ``detail`` what it is now and, where
    that tells more, what it was. ``stop`` is where it applies; empty: everywhere.
    """
    text = msgspec.json.encode(detail).decode()
    if len(text) > MAX_DETAIL:
        text = msgspec.json.encode({"characters": len(text)}).decode()
    connection.execute(
        insert(db.audit).values(
            at_ms=now_ms,
            who=who.account,
            session=who.session,
            what=what,
            subject=subject,
            stop=stop,
            detail=text,
        )
    )
