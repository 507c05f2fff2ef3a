"""What things are to cost at the market, and the day of each sale."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("item", sa.Column("price", sa.Integer()))
    op.add_column("sale", sa.Column("day", sa.String(), nullable=False, server_default=""))
    op.create_index("sale_day", "sale", ["day"])
