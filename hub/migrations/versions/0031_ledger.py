"""Months and markets added up, and what pages about what stands at a stop read in one index each.

The sums are made from the log by the rebuild that the next start does (``VERSION`` of
`hub.projections.projector`).
"""

import sqlalchemy as sa
from alembic import op

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None

HERE = "status IN ('in_stock', 'reserved', 'unlabelled', 'quarantined')"
PARTS = (
    "n",
    "received",
    "found",
    "given_back",
    "taken_over",
    "delivered",
    "sold",
    "handed_over",
    "disposed",
    "missing",
    "here",
    "out",
    "on_the_way",
)


def upgrade() -> None:
    keys = ("month", "stop", "category")
    op.create_table(
        "ledger",
        *(sa.Column(name, sa.String(), nullable=False) for name in keys),
        *(sa.Column(name, sa.Integer(), nullable=False) for name in PARTS),
        sa.PrimaryKeyConstraint(*keys),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "market",
        sa.Column("market", sa.String(), nullable=False),
        sa.Column("stop", sa.String(), nullable=False),
        sa.Column("kiosk", sa.String(), nullable=False),
        sa.Column("first_t", sa.BigInteger(), nullable=False),
        *(
            sa.Column(name, sa.Integer(), nullable=False)
            for name in ("sales", "sold", "taken_back", "cash")
        ),
        sa.Column("counted", sa.Integer(), nullable=True),
        sa.Column("closed", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("market"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "proceeds",
        *(sa.Column(name, sa.String(), nullable=False) for name in keys),
        *(
            sa.Column(name, sa.Integer(), nullable=False)
            for name in ("sales", "sold", "taken_back")
        ),
        sa.PrimaryKeyConstraint(*keys),
        sqlite_with_rowid=False,
    )
    op.create_index("sale_stop", "sale", ["stop", "day"])
    op.drop_index("movement_t", "movement")
    op.create_index("movement_t", "movement", ["t", "position"])
    op.drop_index("item_stop", "item")
    op.create_index("item_stop", "item", ["stop", "status", "category", "place"])
    op.drop_index("item_here", "item")
    _index("item_here", ["received_t", "stop", "category", "quantity", "status"], HERE)
    _index(
        "item_dated",
        ["good_until", "code", "stop", "category", "quantity", "status"],
        f"good_until IS NOT NULL AND {HERE}",
    )
    _index("item_priced", ["stop"], "price IS NOT NULL AND status = 'in_stock'")


def _index(name: str, columns: list[str], which: str) -> None:
    where = sa.text(which)
    op.create_index(name, "item", columns, sqlite_where=where, postgresql_where=where)
