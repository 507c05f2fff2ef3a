"""Figures for reports, what stands at a stop by age and date, and links to the wall display."""

import datetime as dt

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

HERE = "status IN ('in_stock', 'reserved', 'unlabelled', 'quarantined')"
BIRTHS = ("received", "box.received", "found.unlabelled")


def upgrade() -> None:
    op.create_table(
        "tally",
        sa.Column("measure", sa.String(), nullable=False),
        sa.Column("stop", sa.String(), nullable=False),
        sa.Column("category", sa.String(), nullable=False),
        sa.Column("week", sa.String(), nullable=False),
        sa.Column("month", sa.String(), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("measure", "stop", "category", "week", "month"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "wall",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("hash", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("created_ms", sa.BigInteger(), nullable=False),
        sa.Column("account", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("wall_hash", "wall", ["hash"], unique=True)
    op.create_index(
        "item_here",
        "item",
        ["received_t", "stop", "category", "quantity", "status"],
        sqlite_where=sa.text(HERE),
        postgresql_where=sa.text(HERE),
    )
    _add_up(op.get_bind())


def _add_up(connection: sa.Connection) -> None:
    """The flows that there are, as tallies."""
    columns = ("day", "stop", "category", "status", "way", "cause", "n")
    flow = sa.table("flow", *map(sa.column, columns)).c
    here, into = flow.status == "here", flow.way == "in"
    measures = {
        "received": here & into & flow.cause.in_(BIRTHS),
        "came": here & into & flow.cause.not_in(BIRTHS),
        "left": here & ~into,
        **{
            status: into & (flow.status == status)
            for status in ("out", "delivered", "sold", "disposed", "missing")
        },
    }
    for measure, which in measures.items():
        sums: dict[tuple[str, str, str, str], int] = {}
        rows = connection.execute(
            sa.select(flow.day, flow.stop, flow.category, flow.n).where(which)
        )
        for day, stop, category, n in rows:
            date = dt.date.fromisoformat(day)
            monday = dt.date.fromordinal(max(1, date.toordinal() - date.weekday()))
            for place, kind in ((stop, category), ("*", category), (stop, "*")):
                key = (monday.isoformat(), day[:7], place, kind)
                sums[key] = sums.get(key, 0) + n
        names = ("week", "month", "stop", "category")
        values = [
            {"measure": measure, **dict(zip(names, key, strict=True)), "n": n}
            for key, n in sums.items()
            if n
        ]
        if values:
            table = sa.table("tally", *map(sa.column, ("measure", *names, "n")))
            op.bulk_insert(table, values)
