"""Where items counted and when that changed, added up by day; what is kept for a plan."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("item", sa.Column("reserved", sa.String()))
    op.create_table(
        "movement",
        sa.Column("item", sa.String(), nullable=False),
        sa.Column("n", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("t", sa.BigInteger(), nullable=False),
        sa.Column("event", sa.BigInteger(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("cause", sa.String(), nullable=False),
        sa.Column("from_status", sa.String(), nullable=False),
        sa.Column("from_stop", sa.String(), nullable=False),
        sa.Column("to_status", sa.String(), nullable=False),
        sa.Column("to_stop", sa.String(), nullable=False),
        sa.Column("category", sa.String(), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("item", "n"),
        sqlite_with_rowid=False,
    )
    op.create_index("movement_t", "movement", ["t"])
    op.create_index("movement_to", "movement", ["to_stop", "to_status", "t"])
    op.create_index("movement_from", "movement", ["from_stop", "from_status", "t"])
    op.create_table(
        "flow",
        sa.Column("day", sa.String(), nullable=False),
        sa.Column("stop", sa.String(), nullable=False),
        sa.Column("category", sa.String(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("way", sa.String(), nullable=False),
        sa.Column("cause", sa.String(), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("day", "stop", "category", "status", "way", "cause"),
        sqlite_with_rowid=False,
    )
    op.create_index("flow_stop", "flow", ["stop", "day"])
    op.create_table(
        "request",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("events", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
