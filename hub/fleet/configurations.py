"""What kiosks are wished to be like: versions, stages, and how far each kiosk is.

Rules
-----
* A wish never changes: it has an author, a reason and a version, the SHA-256 of its text. The next
  wish is another row, and going back is staging an older one again.
* It is told to kiosks in stages, as many at a time as somebody picks. As long as one of them has
  given it up or refused it, no further one is told: a mistake stays where it was tried.
* The newest stage of a kiosk is what is **desired** of it; what its health tells is **reported**.
  They differ while it is away, while it tries, and when it went back by itself: that is drift, and
  shown.
* Nothing that a kiosk would refuse is kept: both sides ask `contract.configuration` and the URLs'
  own grammar. What only the kiosk can know (which pins it has), it judges alone.
"""

from collections.abc import Sequence
from typing import Any, Final

from msgspec import Struct
from sqlalchemy import Connection, func, insert, select, update

from contract import configuration
from contract.configuration import Configuration
from contract.messages import CONFIGURE, Command, CommandState, Health
from contract.settings import SettingsError
from drivers.configuration_check import url_faults
from drivers.ports import Words
from hub import db
from hub.access import audit
from hub.access.audit import By
from hub.access.scope import Stops
from hub.kiosks import kiosk_commands
from hub.kiosks.kiosk_commands import CommandError, Order

HOLDS_MS: Final = 14 * 24 * 3600 * 1000
"""A kiosk that was away for longer is told anew by somebody."""
MAX_NOTE: Final = 200
EMPTY: Final = configuration.write(Configuration())


class ConfigurationError(ValueError):
    """It cannot be; ``why`` is a machine word: unknown, halted, not-well, nobody, no-note."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


class RefusedError(ValueError):
    """Values that no kiosk takes; ``problems`` has what is wrong by key."""

    def __init__(self, problems: dict[str, list[Words]]) -> None:
        super().__init__(
            "; ".join(f"{key}: {one}" for key, words in problems.items() for one in words)
        )
        self.problems = problems


class Wish(Struct, frozen=True):
    """A configuration as it was made; times are Unix milliseconds."""

    id: int
    version: str
    text: str
    note: str
    account: str
    made_ms: int
    halted_ms: int | None

    @property
    def values(self) -> Configuration:
        """What it says."""
        return configuration.read(self.text)


class Staged(Struct, frozen=True):
    """A kiosk that was told a configuration, and what it said of it."""

    configuration: int
    version: str
    kiosk: str
    stage: int
    staged_ms: int
    command: str
    order: Order | None

    @property
    def failed(self) -> bool:
        """Whether the kiosk gave it up, or never took it."""
        said = self.order.told if self.order is not None else None
        return said is not None and said.is_final and said.state not in ("done", "cancelled")


# --- making ---------------------------------------------------------------------------------------


def check(values: Configuration) -> str:
    """The text of a configuration that a kiosk takes.

    Raises:
        RefusedError: with every fault of every key.
    """
    problems: dict[str, list[Words]] = {}
    text = configuration.write(values)
    try:
        configuration.read(text)
    except SettingsError as error:
        for line in error.problems:
            key, _colon, rest = line.partition(": ")
            zh, _slash, en = rest.partition(" / ")
            problems.setdefault(key, []).append(Words(zh, en))
    for key, fault in url_faults(values):
        problems.setdefault(key, []).append(fault)
    if problems:
        raise RefusedError(problems)
    return text


def make(connection: Connection, values: Configuration, note: str, by: By, now_ms: int) -> int:
    """Keep a wish; its number. No kiosk is told yet.

    Raises:
        RefusedError, ConfigurationError: no-note.
    """
    text, note = check(values), note.strip()
    if not note or len(note) > MAX_NOTE:
        raise ConfigurationError("no-note")
    version = configuration.version_of(text)
    row = connection.execute(
        insert(db.configuration)
        .values(version=version, text=text, note=note, account=by.account, made_ms=now_ms)
        .returning(db.configuration.c.id)
    ).scalar_one()
    keys = [key for key in configuration.KEYS if getattr(values, key) is not None]
    audit.note(
        connection, by, "configuration.made", str(row), {"version": version, "keys": keys}, now_ms
    )
    return int(row)


def stage(
    connection: Connection,
    wish: int,
    kiosks: Sequence[str],
    by: By,
    now_ms: int,
    *,
    key: str | None = None,
) -> int:
    """Tell these kiosks, as the next stage; its number. Those that are told already are left out.

    Raises:
        ConfigurationError: unknown, halted, not-well, nobody.
        CommandError: unknown-kiosk.
    """
    found = one(connection, wish)
    if found is None:
        raise ConfigurationError("unknown")
    if found.halted_ms is not None:
        raise ConfigurationError("halted")
    before = staged(connection, wish)
    if any(each.failed for each in before):
        raise ConfigurationError("not-well")
    desired = desired_of(connection)
    chosen = [
        kiosk
        for kiosk in dict.fromkeys(kiosks)
        if kiosk not in desired or desired[kiosk].configuration != wish
    ]
    if not chosen:
        raise ConfigurationError("nobody")
    number = 1 + max((each.stage for each in before), default=0)
    for kiosk in chosen:
        _tell(connection, found, kiosk, number, by, now_ms, key)
    return number


def _tell(
    connection: Connection,
    wish: Wish,
    kiosk: str,
    number: int,
    by: By,
    now_ms: int,
    key: str | None,
) -> None:
    for order in kiosk_commands.of_kiosk(connection, kiosk, 100):
        # What was wished before and not begun is not wished any more.
        waits = order.told.state in (kiosk_commands.WAITING, CommandState.ACCEPTED)
        if order.name == CONFIGURE and waits and order.cancel_ms is None:
            kiosk_commands.cancel(connection, order.id, by, now_ms)
    command = kiosk_commands.id_of(by, None if key is None else f"{key}/{kiosk}")
    message = Command(
        command,
        CONFIGURE,
        now_ms + HOLDS_MS,
        configuration=wish.text,
        version=wish.version,
    )
    kiosk_commands.keep(connection, kiosk, message, f"configuration:{wish.id}", by, now_ms)
    table = db.configuration_stage
    where = (table.c.configuration == wish.id) & (table.c.kiosk == kiosk)
    values = {"stage": number, "command": command, "staged_ms": now_ms}
    changed = connection.execute(update(table).where(where).values(**values))
    if not changed.rowcount:
        connection.execute(insert(table).values(configuration=wish.id, kiosk=kiosk, **values))


def halt(connection: Connection, wish: int, by: By, now_ms: int) -> None:
    """No further kiosk is told, and those that have not begun do not begin.

    Raises:
        ConfigurationError: unknown, halted.
    """
    found = one(connection, wish)
    if found is None:
        raise ConfigurationError("unknown")
    if found.halted_ms is not None:
        raise ConfigurationError("halted")
    connection.execute(
        update(db.configuration).where(db.configuration.c.id == wish).values(halted_ms=now_ms)
    )
    for each in staged(connection, wish):
        order = each.order
        if order is not None and order.told.state in (
            kiosk_commands.WAITING,
            CommandState.ACCEPTED,
        ):
            try:
                kiosk_commands.cancel(connection, order.id, by, now_ms)
            except CommandError:
                continue  # it is being ended already
    audit.note(connection, by, "configuration.halted", str(wish), {}, now_ms)


# --- reading --------------------------------------------------------------------------------------


def _wish(row: object) -> Wish:
    return Wish(*(getattr(row, name) for name in Wish.__struct_fields__))


def one(connection: Connection, wish: int) -> Wish | None:
    """The wish with this number."""
    table = db.configuration
    row = connection.execute(select(table).where(table.c.id == wish)).first()
    return None if row is None else _wish(row)


def all_of_them(connection: Connection, limit: int = 200) -> list[Wish]:
    """Wishes, the newest first."""
    table = db.configuration
    rows = connection.execute(select(table).order_by(table.c.id.desc()).limit(limit))
    return [_wish(row) for row in rows]


def staged(connection: Connection, wish: int, stops: Stops = None) -> list[Staged]:
    """The kiosks that were told this, by stage."""
    table = db.configuration_stage
    rows = connection.execute(
        select(table, db.configuration.c.version, db.kiosk.c.stop)
        .join(db.configuration, db.configuration.c.id == table.c.configuration)
        .join(db.kiosk, db.kiosk.c.id == table.c.kiosk)
        .where(table.c.configuration == wish)
        .order_by(table.c.stage, table.c.kiosk)
    ).all()
    return [
        _staged(row, kiosk_commands.one(connection, row.command))
        for row in rows
        if stops is None or row.stop in stops
    ]


def stops_of(connection: Connection, wish: int) -> list[str]:
    """The stops whose kiosks were told this."""
    table = db.configuration_stage.c
    found = (
        select(db.kiosk.c.stop)
        .join(db.configuration_stage, table.kiosk == db.kiosk.c.id)
        .where(table.configuration == wish)
    )
    return sorted(connection.scalars(found.distinct()))


def desired_of(connection: Connection) -> dict[str, Staged]:
    """What is desired of each kiosk that was ever told anything; without its orders."""
    table = db.configuration_stage
    newest = (
        select(table.c.kiosk, func.max(table.c.staged_ms).label("at"))
        .group_by(table.c.kiosk)
        .subquery()
    )
    rows = connection.execute(
        select(table, db.configuration.c.version)
        .join(db.configuration, db.configuration.c.id == table.c.configuration)
        .join(newest, (newest.c.kiosk == table.c.kiosk) & (newest.c.at == table.c.staged_ms))
        .order_by(table.c.configuration)
    )
    return {row.kiosk: _staged(row, None) for row in rows}


def _staged(row: Any, order: Order | None) -> Staged:
    told = (row.configuration, row.version, row.kiosk, row.stage, row.staged_ms, row.command)
    return Staged(*told, order)


def drifts(desired: Staged | None, health: Health | None) -> bool:
    """Whether a kiosk does not run with what is desired of it, as far as it has told. One that
    nothing is desired of should run with its own settings."""
    if health is None:
        return False
    wanted = desired.version if desired is not None else ""
    if wanted == configuration.version_of(EMPTY):
        wanted = ""
    return health.config != wanted or health.config_state == "trying"
