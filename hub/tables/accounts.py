"""Who works here, and what they did: people are in `user`, `passkey` and `session` and nowhere
else, so that taking these rows away forgets them. Everything else knows them by ``user.id``."""

from typing import Final

from sqlalchemy import (
    BigInteger,
    Column,
    Float,
    ForeignKey,
    Index,
    LargeBinary,
    String,
    Table,
    Text,
)

from hub.tables.base import RowId, metadata

user: Final = Table(
    "user",
    metadata,
    Column("id", String, primary_key=True),  # drawn at random; what events and the audit log hold
    Column("name", String, nullable=False),
    Column("password_hash", String, nullable=False),
    Column("role", String, nullable=False),  # hub.access.permissions.Role
    Column("scope", Text, nullable=False, server_default="{}"),  # hub.access.scope.Scope as JSON
    Column("language", String, nullable=False, server_default=""),  # zh, en, or as the browser says
    Column("created_ms", BigInteger, nullable=False),
    Column("deactivated_ms", BigInteger),
)
Index("user_name", user.c.name, unique=True)

session: Final = Table(
    "session",
    metadata,
    Column("hash", String, primary_key=True),  # of the random id that the cookie holds
    Column("id", String, nullable=False),  # what pages and the audit log call it
    Column("user", String, ForeignKey("user.id", ondelete="CASCADE"), nullable=False),
    Column("created_ms", BigInteger, nullable=False),
    Column("seen_ms", BigInteger, nullable=False),  # to within `hub.access.sessions.TOUCH_MS`
    Column("address", String, nullable=False),
    Column("agent", String, nullable=False),  # as the browser calls itself
    Column("how", String, nullable=False),  # password or passkey
)
Index("session_id", session.c.id, unique=True)
Index("session_user", session.c.user)

passkey: Final = Table(
    "passkey",
    metadata,
    Column("id", String, primary_key=True),  # credential id, base64url
    Column("user", String, ForeignKey("user.id", ondelete="CASCADE"), nullable=False),
    Column("credential", LargeBinary, nullable=False),  # WebAuthn's attested credential data
    Column("counter", BigInteger, nullable=False),  # signatures, as the authenticator counts them
    Column("name", String, nullable=False),
    Column("created_ms", BigInteger, nullable=False),
    Column("used_ms", BigInteger),
)
Index("passkey_user", passkey.c.user)

token: Final = Table(
    "token",
    metadata,
    Column("hash", String, primary_key=True),
    Column("id", String, nullable=False, server_default=""),  # drawn at random, as ``user.id``
    Column("role", String, nullable=False),
    Column("scope", Text, nullable=False, server_default="{}"),
    Column("created_ms", BigInteger, nullable=False),
    Column("label", String, nullable=False, server_default=""),
    Column("account", String, nullable=False, server_default=""),  # who made it; "": at the machine
    Column("used_ms", BigInteger),  # to within `hub.access.tokens.TOUCH_MS`
)

attempt: Final = Table(
    "attempt",
    metadata,
    Column("key", String, primary_key=True),  # a digest: what was typed may be a password
    Column("left", Float, nullable=False),  # tries left in the bucket at that moment
    Column("since_ms", BigInteger, nullable=False),
)
"""Buckets of tries to sign in (`hub.access.attempts`)."""

audit: Final = Table(
    "audit",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("at_ms", BigInteger, nullable=False),
    Column("who", String, nullable=False),  # user.id, token.id, or hub.access.audit.COMMAND_LINE's
    Column("session", String, nullable=False, server_default=""),  # session.id, if any
    Column("what", String, nullable=False),  # a key of hub.access.audit.ACTS
    Column("subject", String, nullable=False),  # key of the row, code, account id, file, …
    Column("stop", String, nullable=False, server_default=""),  # where it applies; "": everywhere
    Column("detail", Text, nullable=False),  # JSON object; no names of people
)
"""Append-only: the database itself refuses to change or delete a row."""
Index("audit_at", audit.c.at_ms)
Index("audit_who", audit.c.who)
Index("audit_subject", audit.c.subject)
