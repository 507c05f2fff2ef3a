"""Releases, roll-outs, and how well kiosks work with them."""

import sqlalchemy as sa
from alembic import op

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "release",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("target", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("version", sa.String(), nullable=False),
        sa.Column("commit_id", sa.String(), nullable=False),
        sa.Column("made_s", sa.BigInteger(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("added_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", "target"),
    )
    op.create_table(
        "release_ask",
        sa.Column("kiosk", sa.String(), nullable=False),
        sa.Column("target", sa.String(), nullable=False),
        sa.Column("release", sa.String(), nullable=False),
        sa.Column("offered", sa.String(), nullable=False),
        sa.Column("asked_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("kiosk"),
    )
    op.create_table(
        "roll_out",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("release", sa.String(), nullable=False),
        sa.Column("note", sa.String(), nullable=False),
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("made_ms", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("stage", sa.Integer(), nullable=False),
        sa.Column("stage_ms", sa.BigInteger(), nullable=True),
        sa.Column("hours", sa.Integer(), nullable=False),
        sa.Column("back", sa.Boolean(), nullable=False),
        sa.Column("back_of", sa.Integer(), nullable=True),
        sa.Column("watch_ms", sa.BigInteger(), nullable=True),
        sa.Column("looks", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "roll_out_kiosk",
        sa.Column("roll_out", sa.Integer(), sa.ForeignKey("roll_out.id"), nullable=False),
        sa.Column("kiosk", sa.String(), sa.ForeignKey("kiosk.id"), nullable=False),
        sa.Column("stage", sa.Integer(), nullable=False),
        sa.Column("told_ms", sa.BigInteger(), nullable=True),
        sa.Column("before", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("state_ms", sa.BigInteger(), nullable=False),
        sa.Column("detail", sa.String(), nullable=False),
        sa.Column("well_ms", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("roll_out", "kiosk"),
    )
    op.create_index("roll_out_kiosk_told", "roll_out_kiosk", ["kiosk", "told_ms"])
    op.create_table(
        "epoch_release",
        sa.Column("kiosk", sa.String(), nullable=False),
        sa.Column("epoch", sa.String(), nullable=False),
        sa.Column("release", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("kiosk", "epoch"),
    )
    op.create_table(
        "quality",
        sa.Column("kiosk", sa.String(), nullable=False),
        sa.Column("epoch", sa.String(), nullable=False),
        sa.Column("hour", sa.BigInteger(), nullable=False),
        *(
            sa.Column(name, sa.Integer(), nullable=False)
            for name in ("good", "bad", "due", "well", "out", "again")
        ),
        sa.PrimaryKeyConstraint("kiosk", "epoch", "hour"),
    )
    op.create_index("quality_hour", "quality", ["hour"])
