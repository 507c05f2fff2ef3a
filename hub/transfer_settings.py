"""Whom to ask about a transfer, which sheet stands for which stop, and after how many days."""

import re
from typing import Final

from msgspec import Struct
from sqlalchemy import Connection, delete, insert, select

from hub import audit, db
from hub.audit import By
from hub.queries import transfers as query
from hub.queries.transfers import Contact

MAX_NAME: Final = 60
MAX_DAYS: Final = 90
_PHONE: Final = re.compile(r"[0-9+() -]{0,30}")


class TransferSettings(Struct, frozen=True):
    """``contacts`` by stop, ``sheets`` the stop of each place sheet ("": by its name)."""

    days: int
    contacts: dict[str, Contact]
    sheets: dict[str, str]


class TransferSettingsError(ValueError):
    """It cannot be so; ``what`` is days, phone, stop or sheet."""

    def __init__(self, what: str) -> None:
        super().__init__(what)
        self.what = what


def read(connection: Connection) -> TransferSettings:
    """How it is set."""
    return TransferSettings(
        query.gap_days(connection), query.contacts(connection), query.stops_of_places(connection)
    )


def put(connection: Connection, wish: TransferSettings, by: By, now_ms: int) -> None:
    """Set it so; stops and sheets that ``wish`` leaves out stay as they are.

    Raises:
        TransferSettingsError: see there.
    """
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
