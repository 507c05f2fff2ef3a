"""What stands at a stop has its date in the same index."""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

HERE = "status IN ('in_stock', 'reserved', 'unlabelled', 'quarantined')"


def upgrade() -> None:
    op.drop_index("item_here", "item")
    op.create_index(
        "item_here",
        "item",
        ["received_t", "stop", "category", "quantity", "status", "good_until"],
        sqlite_where=sa.text(HERE),
        postgresql_where=sa.text(HERE),
    )
