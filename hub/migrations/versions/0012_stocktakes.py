"""Approved stocktakes, and an index that finds planned ones and counts that could be joined."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

STOCKTAKES = (
    "type IN ('count.planned', 'count.joined', 'count.opened', 'count.approved', 'count.cancelled')"
)


def upgrade() -> None:
    op.create_table(
        "stocktake_result",
        sa.Column("count", sa.String(), nullable=False),
        sa.Column("n", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("event", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("count", "n"),
    )
    op.create_index(
        "event_stocktake",
        "event",
        ["type", "kiosk"],
        sqlite_where=sa.text(STOCKTAKES),
        postgresql_where=sa.text(STOCKTAKES),
    )
