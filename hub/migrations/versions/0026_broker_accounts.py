"""Who may connect to the broker."""

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "broker_account",
        sa.Column("kiosk", sa.String(), primary_key=True),
        sa.Column("verifier", sa.String(), nullable=False),
        sa.Column("serial", sa.String(), nullable=False),
        sa.Column("allowed", sa.Boolean(), nullable=False),
        sa.Column("changed_ms", sa.BigInteger(), nullable=False),
        sa.Column("change", sa.BigInteger(), nullable=False),
    )
    op.create_index("broker_account_change", "broker_account", ["change"])
