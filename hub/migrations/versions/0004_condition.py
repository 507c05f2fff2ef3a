"""Items have a condition, and a whole box is an item of many pieces."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("item", sa.Column("grade", sa.String()))
    op.add_column("item", sa.Column("quantity", sa.Integer(), nullable=False, server_default="1"))
