"""Of each retail code the newest items can be found."""

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    coded = sa.text("gtin IS NOT NULL")
    op.drop_index("item_gtin", "item")
    op.create_index(
        "item_gtin",
        "item",
        ["gtin", "received_t"],
        sqlite_where=coded,
        postgresql_where=coded,
    )
