"""Releases that are kept here, who runs which, and how well kiosks work with them."""

from typing import Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    Text,
)

from hub.tables.base import metadata

release: Final = Table(
    "release",
    metadata,
    Column("id", String, primary_key=True),  # contract.releases.ReleaseId
    Column("target", String, primary_key=True),  # contract.releases.TargetId
    Column("name", String, nullable=False),  # what people call that target
    Column("version", String, nullable=False),
    Column("commit_id", String, nullable=False),
    Column("made_s", BigInteger, nullable=False),  # time of the commit, Unix seconds
    Column("size", BigInteger, nullable=False),  # of the bundle, in bytes
    Column("sha256", String, nullable=False),  # of the bundle
    Column("key", String, nullable=False),  # id of the key that signed it
    Column("account", String, nullable=False),
    Column("added_ms", BigInteger, nullable=False),
)
"""Their bundles lie in a folder, not in the database (`hub.fleet.releases`)."""

release_ask: Final = Table(
    "release_ask",
    metadata,
    Column("kiosk", String, primary_key=True),
    Column("target", String, nullable=False),
    Column("release", String, nullable=False),  # which it runs; "": none of ours
    Column("offered", String, nullable=False),  # what it was told; "": nothing
    Column("asked_ms", BigInteger, nullable=False),  # to the hour, while the rest is the same
)
"""What each kiosk's updater last asked."""

roll_out: Final = Table(
    "roll_out",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("release", String, nullable=False),
    Column("note", String, nullable=False),  # why
    Column("account", String, nullable=False),
    Column("made_ms", BigInteger, nullable=False),
    Column("state", String, nullable=False),  # ready, running, paused, halted or done
    Column("why", Text, nullable=False),  # JSON: why it was halted
    Column("stage", Integer, nullable=False),  # which are told; 0: none yet
    Column("stage_ms", BigInteger),  # since when
    Column("hours", Integer, nullable=False),  # until the next stage by itself; 0: never
    Column("back", Boolean, nullable=False),  # whether those that have it go back if it is bad
    Column("back_of", Integer),  # the roll-out that this one undoes
    Column("watch_ms", BigInteger),  # from when on kiosks are compared
    Column("looks", Text, nullable=False),  # JSON: hub.fleet.canary.Looks
)

roll_out_kiosk: Final = Table(
    "roll_out_kiosk",
    metadata,
    Column("roll_out", Integer, ForeignKey("roll_out.id"), primary_key=True),
    Column("kiosk", String, ForeignKey("kiosk.id"), primary_key=True),
    Column("stage", Integer, nullable=False),  # 1, 2, 3
    Column("told_ms", BigInteger),
    Column("before", String, nullable=False),  # what it ran when it was told
    Column("state", String, nullable=False),  # hub.fleet.roll_out_states
    Column("state_ms", BigInteger, nullable=False),
    Column("detail", String, nullable=False),
    Column("well_ms", BigInteger),  # when it first confirmed it
)
Index("roll_out_kiosk_told", roll_out_kiosk.c.kiosk, roll_out_kiosk.c.told_ms)

epoch_release: Final = Table(
    "epoch_release",
    metadata,
    Column("kiosk", String, primary_key=True),
    Column("epoch", String, primary_key=True),
    Column("release", String, nullable=False),
)
"""Which release wrote an epoch: every start of a kiosk opens one."""

quality: Final = Table(
    "quality",
    metadata,
    Column("kiosk", String, primary_key=True),
    Column("epoch", String, primary_key=True),
    Column("hour", BigInteger, primary_key=True),  # Unix hours, by the order of events
    Column("good", Integer, nullable=False),
    Column("bad", Integer, nullable=False),
    Column("due", Integer, nullable=False),
    Column("well", Integer, nullable=False),
    Column("out", Integer, nullable=False),
    Column("again", Integer, nullable=False),
)
"""`hub.fleet.canary.Counts` of the last weeks, as `hub.fleet.quality` counts them."""
Index("quality_hour", quality.c.hour)
