"""The first schema: registry, log and projections."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "claim",
        sa.Column("hash", sa.String(), nullable=False),
        sa.Column("kiosk", sa.String(), nullable=False),
        sa.Column("session", sa.String(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("hash"),
    )
    op.create_table(
        "delivery",
        sa.Column("item", sa.String(), nullable=False),
        sa.Column("family", sa.String(), nullable=True),
        sa.Column("stop", sa.String(), nullable=False),
        sa.Column("t", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("item"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "event",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("kiosk", sa.String(), nullable=False),
        sa.Column("epoch", sa.String(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("hash", sa.String(), nullable=False),
        sa.Column("prev", sa.String(), nullable=True),
        sa.Column("type", sa.String(), nullable=True),
        sa.Column("mono", sa.BigInteger(), nullable=True),
        sa.Column("received_ms", sa.BigInteger(), nullable=False),
        sa.Column("problem", sa.String(), nullable=True),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("raw", sa.LargeBinary(), nullable=False),
        sa.Column("repaired", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("kiosk", "epoch", "seq", "hash", name="event_key"),
    )
    op.create_index(
        "event_opening",
        "event",
        ["kiosk", "prev"],
        unique=False,
        sqlite_where=sa.text("seq = 1"),
        postgresql_where=sa.text("seq = 1"),
    )
    op.create_index("event_position", "event", ["position"], unique=True)
    op.create_index(
        "event_problem",
        "event",
        ["id"],
        unique=False,
        sqlite_where=sa.text("problem IS NOT NULL"),
        postgresql_where=sa.text("problem IS NOT NULL"),
    )

    op.create_table(
        "hole",
        sa.Column("kiosk", sa.String(), nullable=False),
        sa.Column("epoch", sa.String(), nullable=False),
        sa.Column("first", sa.BigInteger(), nullable=False),
        sa.Column("last", sa.BigInteger(), nullable=False),
        sa.Column("noticed_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("kiosk", "epoch", "first"),
    )
    op.create_table(
        "incident",
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("origin", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("kiosk", sa.String(), nullable=False),
        sa.Column("stop", sa.String(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("first_t", sa.BigInteger(), nullable=False),
        sa.Column("count", sa.Integer(), server_default="1", nullable=False),
        sa.Column("opened_ms", sa.BigInteger(), nullable=False),
        sa.Column("last_ms", sa.BigInteger(), nullable=False),
        sa.Column("closed_ms", sa.BigInteger(), nullable=True),
        sa.Column("acknowledged_ms", sa.BigInteger(), nullable=True),
        sa.Column("acknowledged_by", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("key"),
    )
    op.create_index(
        "incident_open",
        "incident",
        ["opened_ms"],
        unique=False,
        sqlite_where=sa.text("closed_ms IS NULL"),
        postgresql_where=sa.text("closed_ms IS NULL"),
    )
    op.create_index("incident_subject", "incident", ["subject"], unique=False)

    op.create_table(
        "item",
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("kiosk", sa.String(), nullable=False),
        sa.Column("stop", sa.String(), nullable=False),
        sa.Column("category", sa.String(), nullable=True),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("place", sa.String(), nullable=True),
        sa.Column("plan", sa.String(), nullable=True),
        sa.Column("box", sa.String(), nullable=True),
        sa.Column("session", sa.String(), nullable=True),
        sa.Column("received_t", sa.BigInteger(), nullable=True),
        sa.Column("changed_t", sa.BigInteger(), nullable=False),
        sa.Column("known_time", sa.Boolean(), nullable=False),
        sa.Column("label", sa.String(), nullable=True),
        sa.Column("gtin", sa.String(), nullable=True),
        sa.Column("expiry", sa.String(), nullable=True),
        sa.Column("lot", sa.String(), nullable=True),
        sa.Column("incidents", sa.Integer(), server_default="0", nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("code"),
        sqlite_with_rowid=False,
    )
    op.create_index(
        "item_session",
        "item",
        ["session"],
        unique=False,
        sqlite_where=sa.text("session IS NOT NULL"),
        postgresql_where=sa.text("session IS NOT NULL"),
    )

    op.create_table(
        "kiosk_state",
        sa.Column("kiosk", sa.String(), nullable=False),
        sa.Column("online", sa.Boolean(), nullable=True),
        sa.Column("status_ms", sa.BigInteger(), nullable=True),
        sa.Column("hello_ms", sa.BigInteger(), nullable=True),
        sa.Column("hello", sa.Text(), nullable=True),
        sa.Column("health", sa.Text(), nullable=True),
        sa.Column("health_ms", sa.BigInteger(), nullable=True),
        sa.Column("last_event_ms", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("kiosk"),
    )
    op.create_table(
        "meta",
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("key"),
    )
    op.create_table(
        "product",
        sa.Column("gtin", sa.String(), nullable=False),
        sa.Column("category", sa.String(), nullable=False),
        sa.Column("zh", sa.String(), nullable=False),
        sa.Column("en", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("gtin"),
    )
    op.create_table(
        "stock",
        sa.Column("stop", sa.String(), nullable=False),
        sa.Column("category", sa.String(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("stop", "category", "status"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "stop",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("zh", sa.String(), nullable=False),
        sa.Column("en", sa.String(), nullable=False),
        sa.Column("district_zh", sa.String(), server_default="", nullable=False),
        sa.Column("district_en", sa.String(), server_default="", nullable=False),
        sa.Column("city_zh", sa.String(), server_default="", nullable=False),
        sa.Column("city_en", sa.String(), server_default="", nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "stream",
        sa.Column("kiosk", sa.String(), nullable=False),
        sa.Column("epoch", sa.String(), nullable=False),
        sa.Column("through", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("hash", sa.String(), nullable=False),
        sa.Column("safe", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("received_ms", sa.BigInteger(), nullable=False),
        sa.Column("prev_epoch", sa.String(), nullable=True),
        sa.Column("prev_hash", sa.String(), nullable=True),
        sa.Column("journal", sa.String(), nullable=True),
        sa.Column("boot", sa.String(), nullable=True),
        sa.Column("first_seq", sa.BigInteger(), nullable=True),
        sa.Column("first_hash", sa.String(), nullable=True),
        sa.Column("first_mono", sa.BigInteger(), nullable=True),
        sa.Column("last_mono", sa.BigInteger(), nullable=True),
        sa.Column("first_wall", sa.BigInteger(), nullable=True),
        sa.Column("offset_seq", sa.BigInteger(), nullable=True),
        sa.Column("offset", sa.BigInteger(), nullable=True),
        sa.Column("rank", sa.Integer(), nullable=True),
        sa.Column("placed", sa.BigInteger(), nullable=True),
        sa.Column("ceiling", sa.BigInteger(), nullable=True),
        sa.Column("known", sa.Boolean(), nullable=True),
        sa.PrimaryKeyConstraint("kiosk", "epoch"),
        sqlite_with_rowid=False,
    )

    op.create_table(
        "token",
        sa.Column("hash", sa.String(), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("created_ms", sa.BigInteger(), nullable=False),
        sa.Column("label", sa.String(), server_default="", nullable=False),
        sa.PrimaryKeyConstraint("hash"),
    )
    op.create_table(
        "touch",
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("event_id", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("subject", "event_id"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "unreadable",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("kiosk", sa.String(), nullable=False),
        sa.Column("topic", sa.String(), nullable=False),
        sa.Column("payload", sa.LargeBinary(), nullable=False),
        sa.Column("properties", sa.Text(), nullable=False),
        sa.Column("received_ms", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "user",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("password_hash", sa.String(), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("created_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )
    op.create_table(
        "kiosk",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("stop", sa.String(), nullable=False),
        sa.Column("created_ms", sa.BigInteger(), nullable=False),
        sa.Column("retired_ms", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["stop"],
            ["stop.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "prefix",
        sa.Column("prefix", sa.String(), nullable=False),
        sa.Column("kiosk", sa.String(), nullable=True),
        sa.Column("issued_ms", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["kiosk"],
            ["kiosk.id"],
        ),
        sa.PrimaryKeyConstraint("prefix"),
    )
