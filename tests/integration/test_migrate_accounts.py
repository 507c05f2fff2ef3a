"""A hub from before accounts had ids: nobody is locked out by the update, and nobody gets more."""

from pathlib import Path

import sqlalchemy as sa

from hub import db
from hub.access import accounts, tokens
from hub.access.accounts import hashed
from hub.access.permissions import Role
from tests.support.databases import DATABASES, POSTGRESQL

BEFORE = "0006"
TOKEN = "what-a-dashboard-sends"


def test_accounts_and_tokens_from_before_roles_still_open_the_hub(tmp_path: Path) -> None:
    engine = db.open_writer(DATABASES.at(tmp_path / "hub.sqlite3"))
    if engine.dialect.name == POSTGRESQL:  # there, databases are made with the newest schema
        with engine.begin() as connection:
            connection.execute(sa.text("DROP SCHEMA public CASCADE"))
            connection.execute(sa.text("CREATE SCHEMA public"))
    db.migrate(engine, BEFORE)
    with engine.begin() as connection:
        for name, role in (("wang", "operator"), ("li", "viewer")):
            connection.execute(
                sa.text(
                    'INSERT INTO "user" (name, password_hash, role, created_ms)'
                    " VALUES (:name, :hash, :role, 7)"
                ),
                {"name": name, "hash": hashed(f"password of {name}"), "role": role},
            )
        connection.execute(
            sa.text("INSERT INTO token (hash, role, created_ms) VALUES (:hash, 'operator', 7)"),
            {"hash": tokens.digest(TOKEN)},
        )
    db.migrate(engine)
    with engine.connect() as connection:
        wang = accounts.verify(connection, "wang", "password of wang")
        li = accounts.verify(connection, "li", "password of li")
        sent = tokens.bearer(connection, TOKEN)
    engine.dispose()
    assert wang is not None
    assert li is not None
    assert sent is not None
    bearer = sent.user
    assert (wang.role, li.role, bearer.role) == (Role.ADMINISTRATOR, Role.VIEWER, Role.OPERATOR)
    assert wang.scope.everywhere
    assert wang.created_ms == 7
    assert len({wang.id, li.id, bearer.id}) == 3
    assert all(len(one) == 16 for one in (wang.id, li.id, bearer.id))
