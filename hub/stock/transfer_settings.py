"""Whom to ask about a transfer, which sheet stands for which stop, and after how many days."""

import hashlib
import re
from typing import Final

import msgspec
from msgspec import Struct
from sqlalchemy import Connection, delete, insert, select

from hub import db
from hub.access import audit
from hub.access.audit import By
from hub.access.scope import Stops
from hub.queries import transfers as query
from hub.queries.transfers import Contact

MAX_NAME: Final = 60
MAX_DAYS: Final = 90
_PHONE: Final = re.compile(r"[0-9+() -]{0,30}")


class TransferSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """``contacts`` by stop, ``sheets`` the stop of each place sheet ("": by its name)."""

    days: int
    contacts: dict[str, Contact]
    sheets: dict[str, str]


class TransferSettingsError(ValueError):
    """It cannot be so; ``what`` is days, phone, stop or sheet."""

    def __init__(self, what: str) -> None:
        super().__init__(what)
        self.what = what


class TransferSettingsChangedError(ValueError):
    """Somebody else has set it since the page was made."""


def read(connection: Connection, within: Stops = None) -> TransferSettings:
    """How it is set; of these stops alone, and of sheets that stand for none of the others."""
    return TransferSettings(
        query.gap_days(connection),
        {
            stop: one
            for stop, one in query.contacts(connection).items()
            if within is None or stop in within
        },
        {
            code: stop
            for code, stop in query.stops_of_places(connection).items()
            if within is None or not stop or stop in within
        },
    )


def version(settings: TransferSettings) -> str:
    """Another one for other settings."""
    return hashlib.sha256(msgspec.json.encode(settings, order="sorted")).hexdigest()


def put(
    connection: Connection,
    wish: TransferSettings,
    by: By,
    now_ms: int,
    within: Stops = None,
    seen: str | None = None,
) -> None:
    """Set it so; stops and sheets that ``wish`` leaves out stay as they are. Somebody of these
    stops alone sets nothing of others, and not the days, which are everybody's. ``seen`` is the
    `version` that the page showed.

    Raises:
        TransferSettingsError: see there.
        TransferSettingsChangedError: it is another by now.
    """
    if seen is not None and seen != version(read(connection, within)):
        raise TransferSettingsChangedError
    if within is not None:
        _require_within(connection, wish, within)
    stops = set(connection.scalars(select(db.stop.c.id)))
    place = db.place.c
    sheets = set(connection.scalars(select(place.code).where(place.kind == "stop")))
    if not 1 <= wish.days <= MAX_DAYS:
        raise TransferSettingsError("days")
    if not all(_PHONE.fullmatch(one.phone) for one in wish.contacts.values()):
        raise TransferSettingsError("phone")
    if not stops.issuperset({*wish.contacts, *filter(None, wish.sheets.values())}):
        raise TransferSettingsError("stop")
    if not sheets.issuperset(wish.sheets):
        raise TransferSettingsError("sheet")
    query.set_gap_days(connection, wish.days)
    for stop, one in wish.contacts.items():
        connection.execute(delete(db.contact).where(db.contact.c.stop == stop))
        if one.who or one.phone:
            connection.execute(insert(db.contact).values(stop=stop, who=one.who, phone=one.phone))
    for code, stop in wish.sheets.items():
        connection.execute(delete(db.place_stop).where(db.place_stop.c.place == code))
        if stop:
            connection.execute(insert(db.place_stop).values(place=code, stop=stop))
    audit.note(connection, by, "setting.put", "transfers", {"value": wish.days}, now_ms)


def _require_within(connection: Connection, wish: TransferSettings, within: frozenset[str]) -> None:
    if wish.days != query.gap_days(connection):
        raise TransferSettingsError("days")
    now = query.stops_of_places(connection)
    if not within.issuperset((*wish.contacts, *filter(None, wish.sheets.values()))):
        raise TransferSettingsError("stop")
    if not within.issuperset(filter(None, (now.get(code) for code in wish.sheets))):
        raise TransferSettingsError("sheet")
