"""Who made an API token, and when it was last used."""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    account = sa.Column("account", sa.String(), nullable=False, server_default="")
    op.add_column("token", account)
    op.add_column("token", sa.Column("used_ms", sa.BigInteger()))
