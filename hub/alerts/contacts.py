"""A stop's opening hours and its host's telephone, which stays at the hub."""

import hashlib
import re
from typing import Final

import msgspec
from msgspec import Struct
from sqlalchemy import Connection, delete, insert, select

from hub import db
from hub.access import audit
from hub.access.audit import By
from hub.alerts import opening
from hub.alerts.opening import Hours, HoursError

_PHONE: Final = re.compile(r"[0-9+() -]{0,30}")


_TOLD: Final = {
    "day": "{text}: 时间应写作 09:00-12:00，七天各一 / hours look like 09:00-12:00, for seven days",
    "holiday": "{text}: 日期应写作 2026-10-01 / a holiday looks like 2026-10-01",
    "phone": "phone: 电话只能有数字、空格、+ 和 - / a telephone number has digits, spaces, + and -",
    "stop": "{text}: 没有这个站点 / no such stop",
}


class Contact(Struct, frozen=True, forbid_unknown_fields=True):
    """When a stop is open and whom to ring there: a number, no name."""

    hours: Hours = Hours()
    phone: str = ""


class ContactError(ValueError):
    """It cannot be so; ``what`` is day, holiday, phone or stop. Its text is for people."""

    def __init__(self, what: str, text: str = "") -> None:
        super().__init__(_TOLD[what].format(text=text))
        self.what = what
        self.text = text


class ContactChangedError(ValueError):
    """Somebody else has set it since the page was made."""


def contacts(connection: Connection) -> dict[str, Contact]:
    """Those that somebody has set, by stop."""
    rows = connection.execute(
        select(db.stop_contact.c.stop, db.stop_contact.c.hours, db.stop_contact.c.phone)
    )
    return {
        row.stop: Contact(msgspec.json.decode(row.hours, type=Hours), row.phone) for row in rows
    }


def contact(connection: Connection, stop: str) -> Contact:
    """That of one stop."""
    return contacts(connection).get(stop, Contact())


def hours(connection: Connection) -> dict[str, Hours]:
    """The hours by which each stop is watched. Where none are set here, those that its kiosks are
    told (the setting ``opening``) hold: one span a day, of the stop or of every stop."""
    told = {
        row.stop: msgspec.json.decode(row.value, type=tuple[str, ...])
        for row in connection.execute(
            select(db.setting.c.stop, db.setting.c.value).where(db.setting.c.name == "opening")
        )
    }
    kept = contacts(connection)
    found: dict[str, Hours] = {}
    for stop in connection.scalars(select(db.stop.c.id)):
        own = kept.get(stop, Contact()).hours
        week = own.week or told.get(stop, told.get("", ()))
        found[stop] = _understood(Hours(week, own.holidays))
    return found


def _understood(hours: Hours) -> Hours:
    """These hours; a stop whose kiosks were told what is none (an end before its beginning) is
    watched at any time."""
    try:
        return opening.tidy(hours)
    except HoursError:
        return Hours((), hours.holidays)


def phones(connection: Connection) -> dict[str, str]:
    """The telephone of each stop; where its host's is not set, whom to ask about transfers."""
    found = {
        row.stop: row.phone
        for row in connection.execute(select(db.contact.c.stop, db.contact.c.phone))
    }
    found.update({stop: one.phone for stop, one in contacts(connection).items() if one.phone})
    return {stop: phone for stop, phone in found.items() if phone}


def version(wish: Contact) -> str:
    """Another one for another contact."""
    return hashlib.sha256(msgspec.json.encode(wish)).hexdigest()


def amend(
    connection: Connection,
    stop: str,
    week: tuple[str, ...] | None,
    holidays: tuple[str, ...] | None,
    phone: str | None,
    by: By,
    now_ms: int,
) -> Contact:
    """Set these parts, or with none of them only tell how it is.

    Raises:
        ContactError: see there.
    """
    now = contact(connection, stop)
    hours = Hours(
        now.hours.week if week is None else week,
        now.hours.holidays if holidays is None else holidays,
    )
    wish = Contact(hours, now.phone if phone is None else phone)
    if (week, holidays, phone) == (None, None, None):
        _require_stop(connection, stop)
        return now
    return put(connection, stop, wish, by, now_ms)


def _require_stop(connection: Connection, stop: str) -> None:
    if connection.scalar(select(db.stop.c.id).where(db.stop.c.id == stop)) is None:
        raise ContactError("stop", stop)


def put(
    connection: Connection,
    stop: str,
    wish: Contact,
    by: By,
    now_ms: int,
    seen: str | None = None,
) -> Contact:
    """Set it; what is kept is given back. ``seen`` is the `version` that the page showed.

    Raises:
        ContactError: see there.
        ContactChangedError: it is another by now.
    """
    if seen is not None and seen != version(contact(connection, stop)):
        raise ContactChangedError
    _require_stop(connection, stop)
    phone = " ".join(wish.phone.split())
    if not _PHONE.fullmatch(phone):
        raise ContactError("phone")
    try:
        kept = Contact(opening.tidy(wish.hours), phone)
    except HoursError as error:
        raise ContactError(error.what, error.text) from None
    connection.execute(delete(db.stop_contact).where(db.stop_contact.c.stop == stop))
    if kept != Contact():
        connection.execute(
            insert(db.stop_contact).values(
                stop=stop,
                hours=msgspec.json.encode(kept.hours).decode(),
                phone=kept.phone,
                changed_ms=now_ms,
            )
        )
    # The number itself is nobody's business in a log that outlives it.
    audit.note(connection, by, "contact.put", stop, {"phone": bool(kept.phone)}, now_ms, stop=stop)
    return kept
