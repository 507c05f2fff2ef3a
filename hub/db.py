"""The hub's tables, and how its database is opened.

Eight kinds of tables
---------------------
* **Registry** (`stop`, `kiosk`, `prefix`, `kiosk_key`, `product`, `papers`): written by people.
* **Alarms** (`alarm`, `alarm_channel`, `alarm_message`, `alarm_limit`, `stop_contact`): what
  somebody must go and look at, and who is told (`hub.tables.alerts`).
* **Commands** (`command`): what kiosks were told to do, and what they answered.
* **Releases** (`release`, `release_ask`, `roll_out`, `roll_out_kiosk`, `epoch_release`, `quality`):
  what kiosks are to run, and how well they work with it (`hub.tables.releases`).
* **Accounts** (`user`, `session`, `passkey`, `token`, `attempt`, `audit`): who works here, and what
  they changed (`hub.tables.accounts`).
* **Log** (`event`, `stream`, `hole`, `unreadable`, `kiosk_state`): written by ingest. `event` is
  the truth: a row for each line that ever came in, with the bytes as they came.
* **Lifecycle** (`revocation`, `review`, `bundle`): how kiosks ended, lines that wait for a person's
  word, and what was carried here (`hub.tables.lifecycle`).
* **Projections** (`touch`, `item`, `stock`, `movement`, `flow`, `tally`, `ledger`, `sale`,
  `market`, `proceeds`, `box`, `leg`, `recall`, `met`, `stocktake`, `count_part`, `claim`,
  `delivery`, `given`, the fold's part of `incident`, the epoch facts and placement in `stream`): a
  function of the good events in `event`; `rebuild` drops and refolds them.

SQLite and PostgreSQL hold the same tables and take the same statements (`hub.sqlite`,
`hub.postgresql`).

Times are Unix milliseconds unless a name says otherwise: ``*_ms`` by the hub's clock, ``*_t`` by
the order of events (`contract.order`). Hashes are lower-case hex.
"""

from pathlib import Path
from typing import Final

from alembic import command as migration
from alembic.config import Config
from sqlalchemy import Engine

from hub import postgresql, sqlite
from hub.sqlite import DERIVED as DERIVED
from hub.tables.accounts import attempt as attempt
from hub.tables.accounts import audit as audit
from hub.tables.accounts import passkey as passkey
from hub.tables.accounts import session as session
from hub.tables.accounts import token as token
from hub.tables.accounts import user as user
from hub.tables.alerts import alarm as alarm
from hub.tables.alerts import alarm_channel as alarm_channel
from hub.tables.alerts import alarm_limit as alarm_limit
from hub.tables.alerts import alarm_message as alarm_message
from hub.tables.alerts import stop_contact as stop_contact
from hub.tables.base import metadata as metadata
from hub.tables.broker import broker_account as broker_account
from hub.tables.commands import command as command
from hub.tables.commands import command_file as command_file
from hub.tables.configurations import configuration as configuration
from hub.tables.configurations import configuration_stage as configuration_stage
from hub.tables.donations import donation as donation
from hub.tables.fleet import enrolment as enrolment
from hub.tables.kiosk_history import kiosk_history as kiosk_history
from hub.tables.labels import label_run as label_run
from hub.tables.ledgers import ledger as ledger
from hub.tables.ledgers import market as market
from hub.tables.ledgers import proceeds as proceeds
from hub.tables.lifecycle import bundle as bundle
from hub.tables.lifecycle import review as review
from hub.tables.lifecycle import revocation as revocation
from hub.tables.log import event as event
from hub.tables.log import hole as hole
from hub.tables.log import kiosk_state as kiosk_state
from hub.tables.log import stream as stream
from hub.tables.log import unreadable as unreadable
from hub.tables.markets import sale as sale
from hub.tables.papers import papers as papers
from hub.tables.projections import claim as claim
from hub.tables.projections import delivery as delivery
from hub.tables.projections import flow as flow
from hub.tables.projections import incident as incident
from hub.tables.projections import item as item
from hub.tables.projections import movement as movement
from hub.tables.projections import stock as stock
from hub.tables.projections import touch as touch
from hub.tables.registry import campaign as campaign
from hub.tables.registry import capability as capability
from hub.tables.registry import category as category
from hub.tables.registry import given as given
from hub.tables.registry import kiosk as kiosk
from hub.tables.registry import kiosk_key as kiosk_key
from hub.tables.registry import meta as meta
from hub.tables.registry import place as place
from hub.tables.registry import plan as plan
from hub.tables.registry import prefix as prefix
from hub.tables.registry import product as product
from hub.tables.registry import setting as setting
from hub.tables.registry import skill as skill
from hub.tables.registry import stop as stop
from hub.tables.releases import epoch_release as epoch_release
from hub.tables.releases import quality as quality
from hub.tables.releases import release as release
from hub.tables.releases import release_ask as release_ask
from hub.tables.releases import roll_out as roll_out
from hub.tables.releases import roll_out_kiosk as roll_out_kiosk
from hub.tables.statements import restatement as restatement
from hub.tables.statements import statement as statement
from hub.tables.stock import box as box
from hub.tables.stock import contact as contact
from hub.tables.stock import kit as kit
from hub.tables.stock import kit_line as kit_line
from hub.tables.stock import leg as leg
from hub.tables.stock import met as met
from hub.tables.stock import place_stop as place_stop
from hub.tables.stock import plan_line as plan_line
from hub.tables.stock import recall as recall
from hub.tables.stocktakes import GOING_ONLY as GOING_ONLY
from hub.tables.stocktakes import count_part as count_part
from hub.tables.stocktakes import stocktake as stocktake
from hub.tables.stocktakes import stocktake_result as stocktake_result
from hub.tables.tallies import tally as tally
from hub.tables.walls import wall as wall
from hub.tables.warehouse import reply as reply
from hub.tables.warehouse import request as request
from hub.tables.wishes import wish as wish

READERS: Final = 8
"""Connections that read at once."""


def sqlite_url(path: Path) -> str:
    """The URL of the SQLite file at ``path``."""
    return sqlite.url_of(path)


def open_writer(url: str) -> Engine:
    """The engine with one connection that writes; use it from one thread at a time. On SQLite it is
    the only one that may."""
    return postgresql.open_one(url) if postgresql.is_postgresql(url) else sqlite.open_writer(url)


def write_back(engine: Engine) -> None:
    """Before a writer's engine is let go of: leave the whole database in its file, where it is one
    file."""
    if engine.dialect.name == "sqlite":
        sqlite.write_back(engine)


def open_reader(url: str) -> Engine:
    """An engine for pages and the API: it cannot write and never checkpoints."""
    if postgresql.is_postgresql(url):
        return postgresql.open_reader(url, READERS)
    return sqlite.open_reader(url, READERS)


def migrate(engine: Engine, revision: str = "head") -> None:
    """Bring the database to this schema, the newest unless said otherwise; each step and its
    record are one transaction. Of several processes that start at once on PostgreSQL, one does it
    and the others wait.

    Raises:
        alembic.util.CommandError: the database is newer than this release.
        hub.postgresql.CollationError: it sorts texts otherwise than by their bytes.
    """
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    with engine.connect() as connection:
        on_postgresql = connection.dialect.name == postgresql.NAME
        if on_postgresql:
            postgresql.require_collation(connection)
            postgresql.lock(connection, postgresql.MIGRATING)
        try:
            config.attributes["connection"] = connection
            migration.upgrade(config, revision)
            connection.commit()
        finally:
            if on_postgresql:
                connection.rollback()
                postgresql.unlock(connection, postgresql.MIGRATING)
