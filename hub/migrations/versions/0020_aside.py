"""What waits to be checked, by when it was set aside."""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

ASIDE = "status = 'quarantined'"


def upgrade() -> None:
    op.create_index(
        "item_aside",
        "item",
        ["changed_t"],
        sqlite_where=sa.text(ASIDE),
        postgresql_where=sa.text(ASIDE),
    )
