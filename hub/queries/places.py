"""Stops and kiosks as people call them."""

from collections.abc import Iterable

from msgspec import Struct
from sqlalchemy import Connection, select

from hub import db


class Stop(Struct, frozen=True):
    """A stop, its names in Chinese and English, and where it is (empty: not said)."""

    id: str
    zh: str
    en: str
    district_zh: str = ""
    district_en: str = ""
    city_zh: str = ""
    city_en: str = ""

    @property
    def city(self) -> str:
        """The city's key, by which scopes name it (`hub.access.scope.cities`)."""
        return self.city_zh or self.city_en

    @property
    def district(self) -> str:
        """A key for the district; districts of two cities may share a name."""
        return f"{self.city}/{self.district_zh or self.district_en}"


def stops(connection: Connection) -> dict[str, Stop]:
    """Every stop by its id."""
    table = db.stop.c
    rows = connection.execute(
        select(
            table.id,
            table.zh,
            table.en,
            table.district_zh,
            table.district_en,
            table.city_zh,
            table.city_en,
        ).order_by(table.id)
    )
    return {row.id: Stop(*row) for row in rows}


def stop_of_kiosks(connection: Connection) -> dict[str, str]:
    """The stop id of every kiosk."""
    return {row.id: row.stop for row in connection.execute(select(db.kiosk.c.id, db.kiosk.c.stop))}


def kiosk_of_prefix(connection: Connection, prefix: str) -> str | None:
    """The kiosk whose codes begin with ``prefix`` (four characters), if the hub issued it."""
    found: str | None = connection.scalar(
        select(db.prefix.c.kiosk).where(db.prefix.c.prefix == prefix)
    )
    return found


def names_of(connection: Connection, codes: Iterable[str]) -> dict[str, tuple[str, str]]:
    """What people here call these places, Chinese and English, by code."""
    wanted = set(codes)
    if not wanted:
        return {}
    table = db.place.c
    rows = connection.execute(
        select(table.code, table.zh, table.en).where(table.code.in_(sorted(wanted)))
    )
    return {row.code: (row.zh, row.en) for row in rows}
