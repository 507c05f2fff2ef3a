"""What kiosks were told to do; which labels printed ahead are on sheets."""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("label_run", sa.Column("sheets_ms", sa.BigInteger(), nullable=True))
    # Whoever made a run before this printed it as sheets: there was no other way.
    op.execute("UPDATE label_run SET sheets_ms = made_ms")
    op.create_table(
        "command",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("kiosk", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("about", sa.String(), nullable=False),
        sa.Column("payload", sa.Text(), nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("made_ms", sa.BigInteger(), nullable=False),
        sa.Column("expires_ms", sa.BigInteger(), nullable=False),
        sa.Column("sent_ms", sa.BigInteger(), nullable=True),
        sa.Column("cancel_ms", sa.BigInteger(), nullable=True),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("detail", sa.String(), nullable=False),
        sa.Column("printed", sa.Integer(), nullable=False),
        sa.Column("doubtful", sa.Text(), nullable=False),
        sa.Column("answered_ms", sa.BigInteger(), nullable=True),
        sa.Column("settled", sa.Boolean(), nullable=False, server_default=sa.false()),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("command_about", "command", ["about"])
    op.create_index("command_kiosk", "command", ["kiosk", "made_ms"])
    unsent, unsettled = sa.text("sent_ms IS NULL"), sa.text("settled = false")
    op.create_index(
        "command_unsent", "command", ["made_ms"], sqlite_where=unsent, postgresql_where=unsent
    )
    op.create_index(
        "command_unsettled",
        "command",
        ["made_ms"],
        sqlite_where=unsettled,
        postgresql_where=unsettled,
    )
