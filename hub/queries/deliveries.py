"""Deliveries as `hub.privacy` wants them, and what may be public of them.

That an item was delivered is public only once the day on which the hub recorded it is over: who
looks at the page every minute must not learn at which moment somebody stood at a door. A delivery
that is told twice for one plan counts by the day of its own time as well, where that is known. What
somebody ruled to have been delivered has no plan: it counts by the day of the last ruling on it,
and is of no group.
"""

import datetime as dt
import threading
from collections.abc import Callable, Iterable
from typing import Final

from sqlalchemy import Connection, Select, and_, case, func, or_, select

from contract.events import Corrected, Delivered, type_of
from hub import db, privacy
from hub.privacy import Handed, Reach
from hub.queries.places import Stop

CACHE_S: Final = 300.0
"""How long an answer for one city and quarter is kept. Only closed periods are ever told, and
those change by a void alone."""

MAX_CACHED: Final = 64

_DELIVERED: Final = type_of(Delivered(plan=""))
_CORRECTED: Final = type_of(Corrected(items=(), status="delivered", why=""))


class Reaches:
    """Answers how much may be public of a delivered item; any thread may ask.

    ``now`` gives the hub's Unix seconds, ``zone`` the time zone in which days are counted.
    """

    def __init__(self, k: int, zone: dt.tzinfo, now: Callable[[], float]) -> None:
        self._k = k
        self._zone = zone
        self._now = now
        self._lock = threading.Lock()
        self._counted: tuple[int, float, int] | None = None  # (midnight, kept until, count)
        self._cached: dict[tuple[str, dt.date, dt.date], tuple[float, dict[str, Reach | None]]] = {}

    def of(self, connection: Connection, item: str, stops: dict[str, Stop]) -> Reach | None:
        """The finest group that may be named for ``item``; None: "a household" and no more."""
        stop = connection.scalar(select(db.delivery.c.stop).where(db.delivery.c.item == item))
        if stop is None or stop not in stops:
            return None
        recorded = _recorded(connection, [stop], [item])
        if not recorded:
            return None
        now = self._now()
        today = dt.datetime.fromtimestamp(now, self._zone).date()
        quarter, last = privacy.quarter_of(self._day(recorded[0][3]))
        if quarter > today:
            return None
        city = stops[stop].city
        key = (city, quarter, today)
        with self._lock:
            kept = self._cached.get(key)
        if kept is None or kept[0] < now:
            told = self._coarsen(connection, city, (quarter, last), stops, today)
            kept = (now + CACHE_S, told)
            with self._lock:
                while len(self._cached) >= MAX_CACHED:
                    del self._cached[next(iter(self._cached))]
                self._cached[key] = kept
        return kept[1].get(item)

    def told(self, connection: Connection, items: Iterable[str]) -> set[str]:
        """Which of ``items`` may be said to have reached a household."""
        wanted = list(items)
        found: set[str] = set()
        for start in range(0, len(wanted), 500):
            public = self._public().where(db.delivery.c.item.in_(wanted[start : start + 500]))
            found.update(connection.scalars(public))
        return found

    def count(self, connection: Connection) -> int:
        """How many items may be said to have reached a household; kept for `CACHE_S`."""
        now = self._now()
        midnight = self._midnight()
        with self._lock:
            kept = self._counted
        if kept is None or kept[0] != midnight or kept[1] < now:
            query = select(func.count()).select_from(self._public().subquery())
            kept = (midnight, now + CACHE_S, connection.scalar(query) or 0)
            with self._lock:
                self._counted = kept
        return kept[2]

    def _public(self) -> Select[tuple[str]]:
        """The delivered items whose day is over."""
        midnight = self._midnight()
        item, event = db.item.c, db.event.c
        ruled = item.plan.is_(None)
        first, last = func.min(event.received_ms), func.max(event.received_ms)
        return (
            select(db.delivery.c.item)
            .join_from(db.delivery, db.item, item.code == db.delivery.c.item)
            .join(db.touch, db.touch.c.subject == func.coalesce(item.plan, item.code))
            .join(
                db.event,
                and_(
                    event.id == db.touch.c.event_id,
                    event.type == case((ruled, _CORRECTED), else_=_DELIVERED),
                ),
            )
            .where(event.problem.is_(None))
            .where(or_(item.known_time.is_(False), item.changed_t < midnight))
            .group_by(db.delivery.c.item, item.plan)
            .having(case((ruled, last), else_=first) < midnight)
        )

    def _midnight(self) -> int:
        """When today began, in Unix milliseconds."""
        today = dt.datetime.fromtimestamp(self._now(), self._zone).date()
        return int(dt.datetime.combine(today, dt.time(), self._zone).timestamp() * 1000)

    def _coarsen(
        self,
        connection: Connection,
        city: str,
        quarter: tuple[dt.date, dt.date],
        stops: dict[str, Stop],
        today: dt.date,
    ) -> dict[str, Reach | None]:
        margin = dt.timedelta(days=privacy.MARGIN_DAYS)
        first, last = quarter[0] - margin, quarter[1] + margin
        there = [stop.id for stop in stops.values() if stop.city == city]
        handed = [
            Handed(item, family, stop, stops[stop].district, city, day)
            for item, family, stop, recorded_ms in _recorded(connection, there)
            if first <= (day := self._day(recorded_ms)) <= last
        ]
        return privacy.coarsen(handed, today, self._k)

    def _day(self, ms: int) -> dt.date:
        return dt.datetime.fromtimestamp(ms / 1000, self._zone).date()


def _recorded(
    connection: Connection, stops: list[str], items: list[str] | None = None
) -> list[tuple[str, str | None, str, int]]:
    """(item, family, stop, ms): delivered items, and when the hub first recorded that it was."""
    delivery, event = db.delivery.c, db.event.c
    query = (
        select(delivery.item, delivery.family, delivery.stop, func.min(event.received_ms))
        .join_from(db.delivery, db.item, db.item.c.code == delivery.item)
        .join(db.touch, db.touch.c.subject == db.item.c.plan)
        .join(
            db.event,
            and_(event.id == db.touch.c.event_id, event.type == _DELIVERED),
        )
        .where(delivery.stop.in_(stops), event.problem.is_(None))
        .group_by(delivery.item, delivery.family, delivery.stop)
    )
    if items is not None:
        query = query.where(delivery.item.in_(items))
    return [(row[0], row[1], row[2], row[3]) for row in connection.execute(query)]
