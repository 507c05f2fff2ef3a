"""Accounts by an opaque id with scopes, their sessions and passkeys; the audit log.

Operators were the accounts that could do everything; they become administrators, so that somebody
can still add accounts. API tokens keep their role: an operator's still does what it did.
"""

import secrets

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

SQLITE_GUARD = """
CREATE TRIGGER audit_{verb} BEFORE {verb} ON audit
BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END
"""
POSTGRESQL_FUNCTION = """
CREATE FUNCTION audit_guard() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION 'the audit log is append-only'; END $$
"""
POSTGRESQL_GUARD = """
CREATE TRIGGER audit_guard BEFORE UPDATE OR DELETE ON audit
FOR EACH ROW EXECUTE FUNCTION audit_guard()
"""


def upgrade() -> None:
    _accounts()
    op.create_table(
        "session",
        sa.Column("hash", sa.String(), nullable=False),
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("user", sa.String(), nullable=False),
        sa.Column("created_ms", sa.BigInteger(), nullable=False),
        sa.Column("seen_ms", sa.BigInteger(), nullable=False),
        sa.Column("address", sa.String(), nullable=False),
        sa.Column("agent", sa.String(), nullable=False),
        sa.Column("how", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["user"], ["user.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("hash"),
    )
    op.create_index("session_id", "session", ["id"], unique=True)
    op.create_index("session_user", "session", ["user"])
    op.create_table(
        "passkey",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("user", sa.String(), nullable=False),
        sa.Column("credential", sa.LargeBinary(), nullable=False),
        sa.Column("counter", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("created_ms", sa.BigInteger(), nullable=False),
        sa.Column("used_ms", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["user"], ["user.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("passkey_user", "passkey", ["user"])
    op.create_table(
        "attempt",
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("left", sa.Float(), nullable=False),
        sa.Column("since_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("key"),
    )
    _audit()


def _accounts() -> None:
    connection = op.get_bind()
    old = sa.table(
        "user",
        *(sa.column(name) for name in ("name", "password_hash", "role", "created_ms")),
    )
    known = [dict(row._mapping) for row in connection.execute(sa.select(old))]
    op.drop_table("user")
    user = op.create_table(
        "user",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("password_hash", sa.String(), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("scope", sa.Text(), server_default="{}", nullable=False),
        sa.Column("language", sa.String(), server_default="", nullable=False),
        sa.Column("created_ms", sa.BigInteger(), nullable=False),
        sa.Column("deactivated_ms", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("user_name", "user", ["name"], unique=True)
    for account in known:
        account["id"] = secrets.token_hex(8)
        if account["role"] == "operator":
            account["role"] = "administrator"
        connection.execute(sa.insert(user).values(account))
    op.add_column("token", sa.Column("id", sa.String(), server_default="", nullable=False))
    op.add_column("token", sa.Column("scope", sa.Text(), server_default="{}", nullable=False))
    token = sa.table("token", sa.column("hash"), sa.column("id"))
    for (digest,) in connection.execute(sa.select(token.c.hash)).all():
        drawn = secrets.token_hex(8)
        connection.execute(sa.update(token).where(token.c.hash == digest).values(id=drawn))


def _audit() -> None:
    op.create_table(
        "audit",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.Column("who", sa.String(), nullable=False),
        sa.Column("session", sa.String(), server_default="", nullable=False),
        sa.Column("what", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("stop", sa.String(), server_default="", nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("audit_at", "audit", ["at_ms"])
    op.create_index("audit_who", "audit", ["who"])
    op.create_index("audit_subject", "audit", ["subject"])
    if op.get_bind().dialect.name == "sqlite":
        for verb in ("UPDATE", "DELETE"):
            op.execute(SQLITE_GUARD.format(verb=verb))
    else:
        op.execute(POSTGRESQL_FUNCTION)
        op.execute(POSTGRESQL_GUARD)
