"""The stops of a hub: who makes a new one, and how they are called. One is never taken away, since
records name it for ever."""

from typing import Final

import msgspec
import sqlalchemy as sa
from msgspec import Struct

from contract.fields import StopId
from hub import db
from hub.access import audit
from hub.access.audit import By

MAX_NAME: Final = 60
"""Characters of a name: it stands on labels and slips."""

_TOLD: Final = {
    "id": "{text}: 编号为 1 到 32 个小写字母、数字或 -"
    " / an id has 1 to 32 lower case letters, digits or -",
    "name": "{text!r}: 名称为 1 到 60 个字，一行 / a name has 1 to 60 characters on one line",
}


class Stop(Struct, frozen=True):
    """One stop, its names in Chinese and English, and where it is (empty: not said)."""

    id: str
    zh: str
    en: str
    district_zh: str = ""
    district_en: str = ""
    city_zh: str = ""
    city_en: str = ""


class StopError(ValueError):
    """It cannot be so; ``what`` is id or name. Its text is for people."""

    def __init__(self, what: str, text: str) -> None:
        super().__init__(_TOLD[what].format(text=text))
        self.what: Final = what


def every(connection: sa.Connection) -> list[Stop]:
    """All of them, by their ids."""
    rows = connection.execute(sa.select(db.stop).order_by(db.stop.c.id))
    return [Stop(**row._mapping) for row in rows]


def put(connection: sa.Connection, wish: Stop, by: By, now_ms: int) -> bool:
    """Adds a stop, or gives one its new names; whether anything is different now. The caller
    commits. Kiosks that are there already keep the name on their labels.

    Raises:
        StopError: see there.
    """
    stop = _checked(wish)
    there = connection.execute(sa.select(db.stop).where(db.stop.c.id == stop.id)).one_or_none()
    values = msgspec.structs.asdict(stop)
    if there is None:
        connection.execute(sa.insert(db.stop).values(**values))
    elif dict(there._mapping) == values:
        return False
    else:
        connection.execute(sa.update(db.stop).where(db.stop.c.id == stop.id).values(**values))
    detail = {"zh": stop.zh, "en": stop.en}
    audit.note(connection, by, "stop.put", stop.id, detail, now_ms, stop=stop.id)
    return True


def _checked(wish: Stop) -> Stop:
    try:
        msgspec.convert(wish.id, StopId)
    except msgspec.ValidationError:
        raise StopError("id", wish.id) from None
    places = {name: " ".join(text.split()) for name, text in msgspec.structs.asdict(wish).items()}
    for name, text in places.items():
        needed = name in ("zh", "en")
        if len(text) > MAX_NAME or (needed and not text) or not text.isprintable():
            raise StopError("name", text)
    return Stop(**places)
