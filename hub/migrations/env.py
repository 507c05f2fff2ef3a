"""Alembic's entry: `hub.db.migrate` hands over the connection to use."""

from alembic import context
from sqlalchemy import Connection

from hub.db import metadata


def run(connection: Connection) -> None:
    """Upgrade over ``connection``."""
    context.configure(
        connection=connection,
        target_metadata=metadata,
        transactional_ddl=True,
        transaction_per_migration=True,
        render_as_batch=connection.dialect.name == "sqlite",
    )
    with context.begin_transaction():
        context.run_migrations()


run(context.config.attributes["connection"])
