"""Boxes, travels between stops, recalls; what plans want, kits, whom to ask; indexes of items."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("item", sa.Column("good_until", sa.String()))
    op.add_column("item", sa.Column("legs", sa.Integer(), nullable=False, server_default="0"))
    op.create_index("item_stop", "item", ["stop", "status", "category"])
    _index_known("item_good", "item", ["good_until", "code"], "good_until IS NOT NULL")
    for name in ("box", "plan", "reserved"):
        _index_known(f"item_{name}", "item", [name], f"{name} IS NOT NULL")
    _boxes()
    _legs()
    op.create_table(
        "recall",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("gtin", sa.String(), nullable=False),
        sa.Column("lot", sa.String(), nullable=False),
        sa.Column("why", sa.String(), nullable=False),
        sa.Column("stop", sa.String(), nullable=False),
        sa.Column("opened_t", sa.BigInteger(), nullable=False),
        sa.Column("opened", sa.BigInteger(), nullable=False),
        sa.Column("closed_t", sa.BigInteger()),
        sa.PrimaryKeyConstraint("id"),
    )
    _told_by_people()


def _index_known(name: str, table: str, columns: list[str], where: str) -> None:
    known = sa.text(where)
    op.create_index(name, table, columns, sqlite_where=known, postgresql_where=known)


def _boxes() -> None:
    op.create_table(
        "box",
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("stop", sa.String(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("place", sa.String()),
        sa.Column("outer", sa.String()),
        sa.Column("sealed", sa.Boolean(), nullable=False),
        sa.Column("kit", sa.String()),
        sa.Column("changed_t", sa.BigInteger(), nullable=False),
        sa.Column("known_time", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("code"),
        sqlite_with_rowid=False,
    )
    _index_known("box_outer", "box", ["outer"], '"outer" IS NOT NULL')
    op.create_index("box_stop", "box", ["stop", "status"])


def _legs() -> None:
    op.create_table(
        "leg",
        sa.Column("item", sa.String(), nullable=False),
        sa.Column("n", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("sent", sa.BigInteger(), nullable=False),
        sa.Column("sent_t", sa.BigInteger(), nullable=False),
        sa.Column("origin", sa.String(), nullable=False),
        sa.Column("to", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("outcome", sa.String(), nullable=False),
        sa.Column("ended", sa.BigInteger()),
        sa.Column("ended_t", sa.BigInteger()),
        sa.Column("at", sa.String(), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("item", "n"),
        sqlite_with_rowid=False,
    )
    op.create_index("leg_sent", "leg", ["sent"])
    op.create_index("leg_origin", "leg", ["origin", "sent"])
    _index_known("leg_between", "leg", ["sent"], "outcome = 'between'")


def _told_by_people() -> None:
    op.create_table(
        "plan_line",
        sa.Column("plan", sa.String(), nullable=False),
        sa.Column("category", sa.String(), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("plan", "category"),
    )
    op.create_table(
        "kit",
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("zh", sa.String(), nullable=False),
        sa.Column("en", sa.String(), nullable=False),
        sa.Column("offered", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("key"),
    )
    op.create_table(
        "kit_line",
        sa.Column("kit", sa.String(), nullable=False),
        sa.Column("n", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("category", sa.String(), nullable=False),
        sa.Column("gtin", sa.String(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("kit", "n"),
    )
    op.create_table(
        "place_stop",
        sa.Column("place", sa.String(), nullable=False),
        sa.Column("stop", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("place"),
    )
    op.create_table(
        "contact",
        sa.Column("stop", sa.String(), nullable=False),
        sa.Column("who", sa.String(), nullable=False),
        sa.Column("phone", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("stop"),
    )
