"""Results and files of commands, and what kiosks are wished to be like."""

import sqlalchemy as sa
from alembic import op

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("command", sa.Column("checks", sa.Text(), nullable=False, server_default="[]"))
    op.create_table(
        "command_file",
        sa.Column("command", sa.String(), sa.ForeignKey("command.id"), nullable=False),
        sa.Column("part", sa.Integer(), nullable=False),
        sa.Column("parts", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("hash", sa.String(), nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.Column("received_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("command", "part"),
    )
    op.create_index("command_file_age", "command_file", ["received_ms"])
    op.create_table(
        "configuration",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("version", sa.String(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("note", sa.String(), nullable=False),
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("made_ms", sa.BigInteger(), nullable=False),
        sa.Column("halted_ms", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "configuration_stage",
        sa.Column("configuration", sa.Integer(), sa.ForeignKey("configuration.id"), nullable=False),
        sa.Column("kiosk", sa.String(), sa.ForeignKey("kiosk.id"), nullable=False),
        sa.Column("stage", sa.Integer(), nullable=False),
        sa.Column("command", sa.String(), sa.ForeignKey("command.id"), nullable=False),
        sa.Column("staged_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("configuration", "kiosk"),
    )
    op.create_index("configuration_stage_kiosk", "configuration_stage", ["kiosk", "staged_ms"])
