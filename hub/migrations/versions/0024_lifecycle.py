"""Kiosks end, and what came from them afterwards waits for a person's word."""

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("kiosk", sa.Column("revoked_ms", sa.BigInteger()))
    op.add_column("kiosk", sa.Column("ended_why", sa.String()))
    op.add_column("kiosk", sa.Column("replaced_by", sa.String()))
    op.create_table(
        "revocation",
        sa.Column("kiosk", sa.String(), sa.ForeignKey("kiosk.id"), primary_key=True),
        sa.Column("epoch", sa.String(), primary_key=True),
        sa.Column("through", sa.BigInteger(), nullable=False),
        sa.Column("hash", sa.String(), nullable=False),
    )
    row_id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_table(
        "review",
        sa.Column("id", row_id, primary_key=True),
        sa.Column("kiosk", sa.String(), nullable=False),
        sa.Column("epoch", sa.String(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("hash", sa.String(), nullable=False),
        sa.Column("type", sa.String()),
        sa.Column("wall_ms", sa.BigInteger()),
        sa.Column("subjects", sa.String(), nullable=False, server_default=""),
        sa.Column("problem", sa.String()),
        sa.Column("raw", sa.LargeBinary(), nullable=False),
        sa.Column("way", sa.String(), nullable=False),
        sa.Column("received_ms", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("decided_ms", sa.BigInteger()),
        sa.Column("decided_by", sa.String()),
        sa.UniqueConstraint("kiosk", "epoch", "seq", "hash", name="review_key"),
    )
    waiting = sa.text("state = 'waiting'")
    op.create_index(
        "review_waiting",
        "review",
        ["kiosk", "epoch", "seq"],
        sqlite_where=waiting,
        postgresql_where=waiting,
    )
    op.create_table(
        "bundle",
        sa.Column("id", row_id, primary_key=True),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("kiosk", sa.String(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("key_id", sa.String(), nullable=False),
        sa.Column("made_ms", sa.BigInteger(), nullable=False),
        sa.Column("clock", sa.Boolean(), nullable=False),
        sa.Column("events", sa.Integer(), nullable=False),
        sa.Column("fresh", sa.Integer(), nullable=False),
        sa.Column("held", sa.Integer(), nullable=False),
        sa.Column("review", sa.Integer(), nullable=False),
        sa.Column("imported_ms", sa.BigInteger(), nullable=False),
        sa.Column("imported_by", sa.String(), nullable=False),
    )
