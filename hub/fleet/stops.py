"""The stops of a hub: who makes a new one, and how they are called. One is never taken away, since
records name it for ever."""

import hashlib
import re
import unicodedata
from typing import Final

import msgspec
import sqlalchemy as sa

from contract.fields import StopId
from hub import db
from hub.access import audit
from hub.access.audit import By
from hub.queries import places
from hub.queries.places import Stop as Stop

MAX_NAME: Final = 60
"""Characters of a name: it stands on labels and slips."""

_TOLD: Final = {
    "id": "{text}: 编号为 1 到 32 个小写字母、数字或 -"
    " / an id has 1 to 32 lower case letters, digits or -",
    "name": "{text!r}: 名称为 1 到 60 个字，一行 / a name has 1 to 60 characters on one line",
    "pair": "中文和英文都要填，或都不填 / Chinese and English, or neither",
}
_PROPOSED: Final = 24
"""Characters of an id made from a name: kiosks carry it in theirs."""
_PAIRS: Final = (("district_zh", "district_en"), ("city_zh", "city_en"))


class StopError(ValueError):
    """It cannot be so; ``what`` is id, name or pair (one language of a place is missing), ``field``
    that of the `Stop`. Its text is for people."""

    def __init__(self, what: str, text: str, field: str) -> None:
        super().__init__(_TOLD[what].format(text=text))
        self.what: Final = what
        self.field: Final = field


class StopTakenError(ValueError):
    """There is a stop of this id already."""


class StopChangedError(ValueError):
    """Somebody else has named it anew since the page was made."""


def every(connection: sa.Connection) -> list[Stop]:
    """All of them, by their ids."""
    return list(places.stops(connection).values())


def one(connection: sa.Connection, stop: str) -> Stop | None:
    """The stop of this id."""
    row = connection.execute(sa.select(db.stop).where(db.stop.c.id == stop)).one_or_none()
    return None if row is None else Stop(**row._mapping)


def version(stop: Stop) -> str:
    """Another one for other names."""
    return hashlib.sha256(msgspec.json.encode(stop)).hexdigest()


def propose(name: str) -> str:
    """An id made from an English name; empty where nothing of it can stand in one."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return re.sub("[^a-z0-9]+", "-", plain).strip("-")[:_PROPOSED].rstrip("-")


def tidy(wish: Stop) -> Stop:
    """The same without superfluous spaces in its names."""
    texts = {key: " ".join(text.split()) for key, text in msgspec.structs.asdict(wish).items()}
    return Stop(**{**texts, "id": wish.id})


def put(connection: sa.Connection, wish: Stop, by: By, now_ms: int) -> bool:
    """Adds a stop, or gives one its new names; whether anything is different now. The caller
    commits. Kiosks that are there already keep the name on their labels.

    Raises:
        StopError: see there.
    """
    stop = _checked(wish)
    there = one(connection, stop.id)
    if there == stop:
        return False
    values = msgspec.structs.asdict(stop)
    if there is None:
        connection.execute(sa.insert(db.stop).values(**values))
    else:
        connection.execute(sa.update(db.stop).where(db.stop.c.id == stop.id).values(**values))
    detail = {"zh": stop.zh, "en": stop.en}
    audit.note(connection, by, "stop.put", stop.id, detail, now_ms, stop=stop.id)
    return True


def add(connection: sa.Connection, wish: Stop, by: By, now_ms: int) -> Stop:
    """Adds a new stop, which is given back. An empty id is made from its English name, with a
    number where that is taken.

    Raises:
        StopError: see there.
        StopTakenError: its id was chosen, and is taken.
    """
    taken = set(connection.scalars(sa.select(db.stop.c.id)))
    if wish.id in taken:
        raise StopTakenError
    if not wish.id:
        first = propose(wish.en)
        numbered = (f"{first}-{n}" for n in range(2, len(taken) + 3))
        free = (each for each in (first, *numbered) if each not in taken)
        wish = msgspec.structs.replace(wish, id=next(free) if first else "")
    put(connection, wish, by, now_ms)
    found = one(connection, wish.id)
    assert found is not None
    return found


def name(
    connection: sa.Connection, wish: Stop, by: By, now_ms: int, seen: str | None = None
) -> Stop:
    """Gives a stop that is there its new names, and gives it back. ``seen`` is the `version` that
    the page showed.

    Raises:
        StopError: see there.
        StopChangedError: it is another by now.
    """
    there = one(connection, wish.id)
    if there is None or (seen is not None and seen != version(there)):
        raise StopChangedError
    put(connection, wish, by, now_ms)
    return one(connection, wish.id) or there


def _checked(wish: Stop) -> Stop:
    stop = tidy(wish)
    texts = msgspec.structs.asdict(stop)
    for key in stop.__struct_fields__[1:]:
        text = texts[key]
        needed = key in ("zh", "en")
        if len(text) > MAX_NAME or (needed and not text) or not text.isprintable():
            raise StopError("name", text, key)
    for pair in _PAIRS:
        for key, other in (pair, pair[::-1]):
            if texts[other] and not texts[key]:
                raise StopError("pair", "", key)
    try:
        msgspec.convert(wish.id, StopId)
    except msgspec.ValidationError:
        raise StopError("id", wish.id, "id") from None
    return stop
