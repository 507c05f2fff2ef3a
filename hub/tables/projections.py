"""A function of the good events in the log; a rebuild drops and refolds them."""

from typing import Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Index,
    Integer,
    String,
    Table,
    Text,
    text,
)

from hub.tables.base import PartialIndex, metadata

touch: Final = Table(
    "touch",
    metadata,
    Column("subject", String, primary_key=True),
    Column("event_id", BigInteger, primary_key=True),
    sqlite_with_rowid=False,
)
"""Which events concern a subject: an item, box or plan code (its own events and the voids of them),
or ``V:<event id>`` for the voids that name that event. ``event_id`` is ``event.id``."""

item: Final = Table(
    "item",
    metadata,
    Column("code", String, primary_key=True),
    Column("kiosk", String, nullable=False),  # that received it, or first saw it
    Column("stop", String, nullable=False),  # where it is or was last; "" = kiosk not registered
    Column("category", String),  # NULL: never received here
    Column("status", String, nullable=False),
    Column("place", String),  # W code, the last known
    Column("plan", String),  # D code while out or delivered
    Column("reserved", String),  # D code that it is kept for
    Column("box", String),  # B code while packed
    Column("session", String),  # in which it was received
    Column("received_t", BigInteger),
    Column("changed_t", BigInteger, nullable=False),  # of its last custody event
    Column("seen_t", BigInteger),  # when anything showed it last; NULL: it never came in
    Column("known_time", Boolean, nullable=False),  # both times come from a clock that was right
    Column("label", String),  # printed, unconfirmed or scanned; NULL: none attached
    Column("gtin", String),
    Column("expiry", String),  # as it was read: a day or a month
    Column("good_until", String),  # the last day of that, YYYY-MM-DD
    Column("lot", String),
    Column("grade", String),  # the last that somebody gave it
    Column("price", Integer),  # jiao, for the market
    Column("quantity", Integer, nullable=False, server_default="1"),  # pieces in a whole box
    Column("incidents", Integer, nullable=False, server_default="0"),  # open ones of the fold
    Column("legs", Integer, nullable=False, server_default="0"),  # rows of leg
    Column("position", BigInteger, nullable=False),  # newest event that concerns it
    sqlite_with_rowid=False,
)
"""``status`` is one of `hub.statuses`."""
PartialIndex("item_session", item.c.session, where="session IS NOT NULL")
PartialIndex("item_gtin", item.c.gtin, item.c.received_t, where="gtin IS NOT NULL")

Index("item_stop", item.c.stop, item.c.status, item.c.category, item.c.place)
_HERE = "status IN ('in_stock', 'reserved', 'unlabelled', 'quarantined')"
"""`hub.statuses.HERE`; as text, for SQLite takes a partial index only for the same condition."""
HERE_ONLY: Final = text(f"item.{_HERE}")
"""What `item_here` and, of what has a date, `item_dated` hold, as a condition of queries."""
PartialIndex(
    "item_here",
    item.c.received_t,
    item.c.stop,
    item.c.category,
    item.c.quantity,
    item.c.status,  # without it SQLite looks every row up, although all of them fit
    where=_HERE,
)
# Most things have no date: that is asked first, for every change of a row that it keeps out.
_DATED = f"good_until IS NOT NULL AND {_HERE}"
PartialIndex(
    "item_dated",  # what stands at a stop and ends: by what is read, no row is looked up
    item.c.good_until,
    item.c.code,
    item.c.stop,
    item.c.category,
    item.c.quantity,
    item.c.status,
    where=_DATED,
)
_PRICED = "price IS NOT NULL AND status = 'in_stock'"
PRICED_ONLY: Final = text("item.price IS NOT NULL AND item.status = 'in_stock'")
"""What `item_priced` holds, as a condition of queries."""
PartialIndex("item_priced", item.c.stop, where=_PRICED)
PartialIndex("item_good", item.c.good_until, item.c.code, where="good_until IS NOT NULL")
_ASIDE = "status = 'quarantined'"
ASIDE_ONLY: Final = text(f"item.{_ASIDE}")
"""What `item_aside` holds, as a condition of queries."""
PartialIndex("item_aside", item.c.changed_t, where=_ASIDE)
for _name in ("box", "plan", "reserved"):
    PartialIndex(f"item_{_name}", item.c[_name], where=f"{_name} IS NOT NULL")

stock: Final = Table(
    "stock",
    metadata,
    Column("stop", String, primary_key=True),
    Column("category", String, primary_key=True),
    Column("status", String, primary_key=True),
    Column("n", Integer, nullable=False),
    sqlite_with_rowid=False,
)
"""How many pieces have each status that counts (`hub.statuses.COUNTED`); never n = 0."""

movement: Final = Table(
    "movement",
    metadata,
    Column("item", String, primary_key=True),
    Column("n", Integer, primary_key=True, autoincrement=False),  # 0, 1, … in order
    Column("t", BigInteger, nullable=False),
    Column("event", BigInteger, nullable=False),  # event.id
    Column("position", BigInteger, nullable=False),  # of that event
    Column("cause", String, nullable=False),  # that event's type
    Column("from_status", String, nullable=False),  # hub.folds.movements: "" = had not come in
    Column("from_stop", String, nullable=False),
    Column("to_status", String, nullable=False),
    Column("to_stop", String, nullable=False),
    Column("category", String, nullable=False),
    Column("quantity", Integer, nullable=False),
    sqlite_with_rowid=False,
)
"""Each change of where an item counts. Only items that came in have any."""
Index("movement_t", movement.c.t, movement.c.position)
Index("movement_to", movement.c.to_stop, movement.c.to_status, movement.c.t)
Index("movement_from", movement.c.from_stop, movement.c.from_status, movement.c.t)

flow: Final = Table(
    "flow",
    metadata,
    Column("day", String, primary_key=True),  # YYYY-MM-DD in the hub's time zone
    Column("stop", String, primary_key=True),
    Column("category", String, primary_key=True),
    Column("status", String, primary_key=True),  # that these pieces came into, or went out of
    Column("way", String, primary_key=True),  # in or out
    Column("cause", String, primary_key=True),  # type of the events
    Column("n", Integer, nullable=False),
    sqlite_with_rowid=False,
)
"""Pieces of movements added up by day: what statements and charts are summed from. A movement is
one row out of where it was (unless it had not come in) and one into where it is."""
Index("flow_stop", flow.c.stop, flow.c.day)

claim: Final = Table(
    "claim",
    metadata,
    Column("hash", String, primary_key=True),
    Column("kiosk", String, nullable=False),
    Column("session", String, nullable=False),
    Column("position", BigInteger, nullable=False),
)
"""A donor's private list: the items whose ``item.session`` is this session."""

delivery: Final = Table(
    "delivery",
    metadata,
    Column("item", String, primary_key=True),
    Column("family", String),  # hash of the family's token; NULL: none was scanned
    Column("stop", String, nullable=False),
    Column("t", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)
"""For counting distinct recipients before anything about deliveries is published."""

incident: Final = Table(
    "incident",
    metadata,
    Column("key", String, primary_key=True),
    Column("kind", String, nullable=False),
    Column("origin", String, nullable=False),  # ingest or fold; rebuild replaces the fold's
    Column("subject", String, nullable=False),  # item code, epoch, event id, topic, …
    Column("kiosk", String, nullable=False),
    Column("stop", String, nullable=False),
    Column("detail", Text, nullable=False),  # JSON object
    Column("first_t", BigInteger, nullable=False),
    Column("count", Integer, nullable=False, server_default="1"),
    Column("opened_ms", BigInteger, nullable=False),
    Column("last_ms", BigInteger, nullable=False),
    Column("closed_ms", BigInteger),  # the cause went away
    Column("acknowledged_ms", BigInteger),
    Column("acknowledged_by", String),
)
"""Something that somebody must see. Keys are deterministic, so that refolding neither doubles nor
loses one. ``closed_ms`` belongs to the code that found the cause; an operator's ruling is
``acknowledged_ms``, which refolding and rebuilding never touch: only a new conflicting event makes
a new incident. What waits for a person has neither. Acknowledging an incident about a moment, such
as a call for help, closes it as well."""
Index("incident_subject", incident.c.subject)
PartialIndex("incident_open", incident.c.opened_ms, where="closed_ms IS NULL")
