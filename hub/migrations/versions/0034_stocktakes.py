"""Stocktakes, and the counts of lanes that may belong to one, as lists show them.

They are made from the log by the rebuild that the next start does (``VERSION`` of
`hub.projections.projector`); nothing looks them up among the events any more.
"""

import sqlalchemy as sa
from alembic import op

revision = "0034"
down_revision = "0033"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "stocktake",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("stop", sa.String(), nullable=False),
        sa.Column("planned_t", sa.BigInteger(), nullable=False),
        sa.Column("places", sa.Text(), nullable=False),
        sa.Column("categories", sa.Text(), nullable=False),
        sa.Column("blind", sa.Boolean(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("decided_t", sa.BigInteger(), nullable=True),
        sa.Column("seen", sa.Integer(), nullable=True),
        sa.Column("missing", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sqlite_with_rowid=False,
    )
    op.create_index("stocktake_planned", "stocktake", ["planned_t", "id"])
    op.create_index("stocktake_stop", "stocktake", ["stop", "planned_t", "id"])
    op.create_index(
        "stocktake_going",
        "stocktake",
        ["stop", "planned_t"],
        sqlite_where=sa.text("state = 'counting'"),
        postgresql_where=sa.text("state = 'counting'"),
    )
    op.create_table(
        "count_part",
        *(sa.Column(name, sa.String(), nullable=False) for name in ("id", "kiosk", "lane")),
        sa.Column("opened_t", sa.BigInteger(), nullable=False),
        sa.Column("count", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sqlite_with_rowid=False,
    )
    op.create_index(
        "count_part_free",
        "count_part",
        ["kiosk", "opened_t"],
        sqlite_where=sa.text("count IS NULL"),
        postgresql_where=sa.text("count IS NULL"),
    )
    op.drop_index("event_stocktake", table_name="event")
