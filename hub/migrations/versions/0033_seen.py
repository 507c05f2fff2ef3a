"""Of each item, when anything showed it last.

The rebuild that the next start does (``VERSION`` of `hub.projections.projector`) finds out.
"""

import sqlalchemy as sa
from alembic import op

revision = "0033"
down_revision = "0032"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("item", sa.Column("seen_t", sa.BigInteger(), nullable=True))
