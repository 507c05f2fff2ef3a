"""Alarms, whom they reach, and what is still to be sent (`hub.alerts`).

People appear nowhere here but as a telephone number of a stop and as an account's id.
"""

from typing import Final

from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, String, Table, Text

from hub.tables.base import PartialIndex, metadata

stop_contact: Final = Table(
    "stop_contact",
    metadata,
    Column("stop", String, primary_key=True),
    Column("hours", Text, nullable=False),  # hub.alerts.opening.Hours as JSON
    Column("phone", String, nullable=False),  # of the host: a number without a name
    Column("changed_ms", BigInteger, nullable=False),
)
"""When a stop is open, and its host's telephone. It leaves the hub in no way."""

alarm: Final = Table(
    "alarm",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("key", String, nullable=False),
    Column("kind", String, nullable=False),
    Column("severity", String, nullable=False),
    Column("stop", String, nullable=False),  # "": the hub's own
    Column("kiosk", String, nullable=False),
    Column("details", Text, nullable=False),  # JSON: what the words are filled with
    Column("state", String, nullable=False),  # pending, firing, ended
    Column("began_ms", BigInteger, nullable=False),
    Column("since_ms", BigInteger, nullable=False),
    Column("fired_ms", BigInteger),
    Column("fine_ms", BigInteger),
    Column("ended_ms", BigInteger),
    Column("acknowledged_ms", BigInteger),
    Column("acknowledged_by", String, nullable=False, server_default=""),
    Column("changes", Text, nullable=False),  # JSON: moments within the last hour
    Column("flapping", Boolean, nullable=False),
    Column("owed", String, nullable=False),
    Column("level", Integer, nullable=False),
    Column("told", Integer, nullable=False),
    Column("told_ms", BigInteger),
    Column("first_told_ms", BigInteger),
    sqlite_autoincrement=True,
)
PartialIndex("alarm_open", alarm.c.key, unique=True, where="state <> 'ended'")
Index("alarm_key", alarm.c.key, alarm.c.ended_ms)
Index("alarm_fired", alarm.c.fired_ms)

alarm_channel: Final = Table(
    "alarm_channel",
    metadata,
    Column("id", String, primary_key=True),
    Column("stop", String, nullable=False),  # "": the operator's
    Column("kind", String, nullable=False),  # hub.alerts.forms.KINDS
    Column("name", String, nullable=False),
    Column("address", Text, nullable=False),  # holds the bot's key: shown masked, never logged
    Column("secret", Text, nullable=False),
    Column("added_ms", BigInteger, nullable=False),
    Column("ok_ms", BigInteger),  # when somebody's server last took a message
    Column("failed_ms", BigInteger),
    Column("error", String, nullable=False, server_default=""),  # of the last failure
    Column("resting_ms", BigInteger),  # left alone until then
)

alarm_message: Final = Table(
    "alarm_message",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("key", String, nullable=False),
    Column("channel", String, nullable=False),
    Column("title", Text, nullable=False),
    Column("body", Text, nullable=False),
    Column("urgent", Boolean, nullable=False),
    Column("test", Boolean, nullable=False),
    Column("made_ms", BigInteger, nullable=False),
    Column("due_ms", BigInteger),  # NULL: sent, or given up
    Column("tries", Integer, nullable=False),
    Column("tried_ms", BigInteger),
    Column("sent_ms", BigInteger),
    Column("error", String, nullable=False, server_default=""),
    sqlite_autoincrement=True,
)
"""An outbox: a row is written in the transaction that makes its news, and sent afterwards."""
Index("alarm_message_key", alarm_message.c.key, unique=True)
PartialIndex("alarm_message_due", alarm_message.c.due_ms, where="due_ms IS NOT NULL")
Index("alarm_message_of", alarm_message.c.channel, alarm_message.c.made_ms)

alarm_limit: Final = Table(
    "alarm_limit",
    metadata,
    Column("stop", String, primary_key=True),  # "": everywhere
    Column("name", String, primary_key=True),  # hub.alerts.limits
    Column("value", BigInteger, nullable=False),
)
"""Numbers that somebody chose; the others are the release's."""
