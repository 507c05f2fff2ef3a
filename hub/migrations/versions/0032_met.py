"""What each recall meets is kept, by what became of it.

It is made from the log by the rebuild that the next start does (``VERSION`` of
`hub.projections.projector`).
"""

import sqlalchemy as sa
from alembic import op

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "met",
        *(sa.Column(name, sa.String(), nullable=False) for name in ("recall", "status", "item")),
        sa.Column("stop", sa.String(), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("certain", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("recall", "status", "item"),
        sqlite_with_rowid=False,
    )
