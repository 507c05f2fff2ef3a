"""Kiosks are invited, enrol themselves and are confirmed by a person."""

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "enrolment",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("code_hash", sa.String(), nullable=False),
        sa.Column("stop", sa.String(), nullable=False),
        sa.Column("replaces", sa.String(), nullable=True),
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("made_ms", sa.BigInteger(), nullable=False),
        sa.Column("expires_ms", sa.BigInteger(), nullable=False),
        sa.Column("cancelled_ms", sa.BigInteger(), nullable=True),
        sa.Column("cancelled_why", sa.String(), nullable=True),
        sa.Column("enrolled_ms", sa.BigInteger(), nullable=True),
        sa.Column("kiosk", sa.String(), nullable=True),
        sa.Column("public_key", sa.String(), nullable=True),
        sa.Column("verifier", sa.String(), nullable=True),
        sa.Column("csr", sa.Text(), nullable=True),
        sa.Column("certificate", sa.Text(), nullable=True),
        sa.Column("digits", sa.String(), nullable=True),
        sa.Column("tries", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("software", sa.String(), nullable=False, server_default=""),
        sa.Column("serial", sa.String(), nullable=False, server_default=""),
        sa.Column("confirmed_ms", sa.BigInteger(), nullable=True),
        sa.Column("confirmed_by", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("code_hash"),
        sa.ForeignKeyConstraint(["stop"], ["stop.id"]),
        sa.ForeignKeyConstraint(["replaces"], ["kiosk.id"]),
        sa.ForeignKeyConstraint(["kiosk"], ["kiosk.id"]),
    )
    op.create_index("enrolment_made", "enrolment", ["made_ms"])
    op.create_index("enrolment_kiosk", "enrolment", ["kiosk"])
