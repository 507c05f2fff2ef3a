"""Boxes that are kits, by their recipe."""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    built = sa.text("kit IS NOT NULL")
    op.create_index(
        "box_kit",
        "box",
        ["kit", "changed_t", "status", "stop"],
        sqlite_where=built,
        postgresql_where=built,
    )
