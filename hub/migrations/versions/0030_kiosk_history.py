"""How kiosks were, hour by hour and day by day."""

import sqlalchemy as sa
from alembic import op

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "kiosk_history",
        sa.Column("kiosk", sa.String(), nullable=False),
        sa.Column("span", sa.String(), nullable=False),
        sa.Column("start_ms", sa.BigInteger(), nullable=False),
        sa.Column("backlog_min", sa.BigInteger(), nullable=False),
        sa.Column("backlog_max", sa.BigInteger(), nullable=False),
        sa.Column("backlog_last", sa.BigInteger(), nullable=False),
        sa.Column("warm_min", sa.Integer(), nullable=True),
        sa.Column("warm_max", sa.Integer(), nullable=True),
        sa.Column("warm_last", sa.Integer(), nullable=True),
        sa.Column("disk_min", sa.BigInteger(), nullable=True),
        sa.Column("disk_max", sa.BigInteger(), nullable=True),
        sa.Column("disk_last", sa.BigInteger(), nullable=True),
        sa.Column("minutes", sa.Integer(), nullable=False),
        sa.Column("events", sa.BigInteger(), nullable=False),
        sa.Column("reconnects", sa.Integer(), nullable=False),
        sa.Column("print_failures", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("kiosk", "span", "start_ms"),
        sqlite_with_rowid=False,
    )
    op.create_index("kiosk_history_age", "kiosk_history", ["span", "start_ms"])
