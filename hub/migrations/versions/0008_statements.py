"""What markets took; closed months and what became known afterwards."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "sale",
        sa.Column("event", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("market", sa.String(), nullable=False),
        sa.Column("kiosk", sa.String(), nullable=False),
        sa.Column("stop", sa.String(), nullable=False),
        sa.Column("t", sa.BigInteger(), nullable=False),
        sa.Column("known", sa.Boolean(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("item", sa.String()),
        sa.Column("category", sa.String()),
        sa.Column("amount", sa.Integer()),
        sa.Column("pay", sa.String()),
        sa.Column("recorded", sa.Integer()),
        sa.Column("cash", sa.Integer()),
        sa.PrimaryKeyConstraint("event"),
    )
    op.create_index("sale_market", "sale", ["market"])
    op.create_index("sale_t", "sale", ["t"])
    op.create_index("sale_item", "sale", ["item"])
    op.create_table(
        "statement",
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("month", sa.String(), nullable=False),
        sa.Column("closed_ms", sa.BigInteger(), nullable=False),
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("head", sa.String(), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("event", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("number"),
        sa.UniqueConstraint("month"),
    )
    op.create_table(
        "restatement",
        sa.Column("number", sa.Integer(), sa.ForeignKey("statement.number"), nullable=False),
        sa.Column("n", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("event", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("number", "n"),
    )
