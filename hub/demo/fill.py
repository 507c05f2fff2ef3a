"""Puts a made-up year into a hub: registry and catalogue first, then what its kiosks send.

The messages go to the hub's own writer and ingest, as if the broker had handed them over, with a
clock that stands at each moment's time; what people decide at the hub goes through
`hub.log.recording`. Nothing here writes a table of events or projections.
"""

import random
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from typing import Final
from zoneinfo import ZoneInfo

import msgspec
import sqlalchemy as sa
from sqlalchemy import Connection, Engine

from contract.codes import Kind
from contract.reference import Capability, Entry, KnownPlace
from hub import db
from hub.config import HubConfig
from hub.demo import giving, office, rhythm
from hub.demo.journal import Journal
from hub.demo.places import CAMPAIGNS, CITY, DISPOSAL, TEAMS, DemoStop, city
from hub.demo.world import DAY_MS, MINUTE_MS
from hub.demo.year import Arrival, Year
from hub.fleet import lifecycle
from hub.folds.item import fold_item
from hub.kiosks import catalogue, reference
from hub.log.event_log import EventLog
from hub.log.ingest import Ingest
from hub.log.recording import Actor, record
from hub.log.writer import Writer
from hub.projections.projector import Projector
from provisioning.identity import EnrolmentError, enrol

PLANS_TOLD_DAYS: Final = 21
"""Plans that were done longer ago are no longer told to kiosks."""

PATIENCE_S: Final = 3600.0
"""How long half a day may take to come in, with a month to be closed: nobody else waits for it."""

LOST_BEFORE_MS: Final = 3 * DAY_MS
"""So long before the last day a kiosk was stolen."""

ABILITIES: Final = (("deliver",), ("deliver", "sell"), ("deliver", "count"), ("lead", "count"))


class DemoError(Exception):
    """Why a hub cannot be filled; the text is for people, zh / en."""


class Filler:
    """Fills the hub behind ``engine`` (`hub.db.open_writer`, migrated); nobody else writes."""

    def __init__(self, engine: Engine, config: HubConfig, *, seed: int, until: date) -> None:
        self._engine: Final = engine
        self._config: Final = config
        self._zone: Final = ZoneInfo(config.timezone)
        self._seed: Final = seed
        self._until: Final = until
        self._now_ms = 0

    def fill(
        self,
        stops: int,
        events: int,
        progress: Callable[[int], None],
        *,
        into_existing: bool,
        years: int = 1,
    ) -> Year:
        """The whole year, or so many ``years`` with so many ``events`` in all; ``progress`` hears
        how many events each step brought.

        Raises:
            DemoError: the hub holds events and ``into_existing`` is not given, or this city.
        """
        specs = city(stops)
        self._now_ms = self._moment(rhythm.years_before(self._until, years)[0])
        with self._engine.begin() as connection:
            if not into_existing:
                _require_no_events(connection)
            prefixes = self._register(connection, specs)
        year = Year(
            specs,
            prefixes,
            seed=self._seed,
            until=self._until,
            events=events,
            zone=self._zone,
            years=years,
        )
        with self._writer() as writer:
            writer.call(lambda connection: self._tell(connection, year))
            for arrival in year.arrivals():
                self._receive(writer, arrival)
                progress(arrival.events)
            writer.call(lambda connection: self._finish(connection, year))
            self._lose_a_kiosk(writer, year)
        return year

    # --- registry and catalogue --------------------------------------------------------------

    def _register(self, connection: Connection, specs: Sequence[DemoStop]) -> dict[str, str]:
        """The stops and their kiosks; each kiosk's prefix."""
        draw = random.Random(self._seed)  # noqa: S311 - so that the same seed tells the same story
        prefixes = {}
        for spec in specs:
            known = sa.select(db.stop.c.id).where(db.stop.c.id == spec.id)
            if connection.scalar(known) is not None:
                raise DemoError(
                    f"{spec.id}: 这个中心已有演示数据 / this hub holds the demonstration already"
                )
            connection.execute(
                sa.insert(db.stop).values(
                    id=spec.id,
                    zh=spec.zh,
                    en=spec.en,
                    district_zh=spec.district_zh,
                    district_en=spec.district_en,
                    city_zh=CITY[0],
                    city_en=CITY[1],
                )
            )
            for name in spec.names:
                try:
                    identity = enrol(connection, name, spec.id, self._now_ms, draw=draw.randrange)
                except EnrolmentError as error:
                    raise DemoError(str(error)) from None
                prefixes[name] = identity.prefixes[0].prefix
        return prefixes

    def _tell(self, connection: Connection, year: Year) -> None:
        """What kiosks are told from the beginning."""
        blank = {"prefix": year.blank_prefix, "issued_ms": self._now_ms}
        table = db.prefix.c
        if (
            connection.scalar(sa.select(table.prefix).where(table.prefix == blank["prefix"]))
            is None
        ):
            connection.execute(sa.insert(db.prefix).values(**blank))
        stores = year.world.stores
        places = [KnownPlace(store.place, "stop", store.spec.zh, store.spec.en) for store in stores]
        cards = [
            Capability(card, ABILITIES[number % len(ABILITIES)])
            for store in stores
            for number, card in enumerate(store.people)
        ]
        named = [product.entry for product in year.products if product.named]
        _put(connection, "places", [*places, *TEAMS, DISPOSAL])
        _put(connection, "capabilities", cards)
        _put(connection, "campaigns", CAMPAIGNS)
        _put(connection, "products", named)
        office.set_up(connection, stores, self._now_ms)

    def _finish(self, connection: Connection, year: Year) -> None:
        """The year's last day: a company's list, the plans that kiosks still hear of, and what lies
        on the desk."""
        store, draw = year.world.stores[0], year.world.rng.randrange
        office.take_list_in(connection, store.spec.id, year.products, self._now_ms, draw)
        since = self._moment(self._until) - PLANS_TOLD_DAYS * DAY_MS
        world = year.world
        plans = [plan for code, plan in world.plans.items() if world.planned_ms[code] >= since]
        _put(connection, "plans", plans)
        going = sorted(plan.code for plan in plans if plan.open)
        box = store.journals[0].code(Kind.BOX)
        office.on_the_desk(connection, store, going, box, self._now_ms)

    def _lose_a_kiosk(self, writer: Writer, year: Year) -> None:
        """One that was stolen and revoked reports after all: what it says waits for a person."""
        world = year.world
        store = world.stores[-1]
        name = f"{store.spec.id}-spare"
        draw = random.Random(f"{self._seed} spare")  # noqa: S311 - the same seed, the same story
        started_ms = self._now_ms - LOST_BEFORE_MS

        def enrol_and_revoke(connection: Connection) -> str:
            identity = enrol(connection, name, store.spec.id, started_ms, draw=draw.randrange)
            lifecycle.revoke(connection, name, "stolen", office.BY, self._now_ms)
            return identity.prefixes[0].prefix

        journal = Journal(name, writer.call(enrol_and_revoke), draw)
        journal.start(started_ms)
        giving.donate(world, store, journal, started_ms + MINUTE_MS)
        for message in journal.send():
            writer.post(message)
        writer.call(lambda _connection: None)  # behind them in the writer's queue

    # --- what comes in -----------------------------------------------------------------------

    def _receive(self, writer: Writer, arrival: Arrival) -> None:
        self._now_ms = arrival.now_ms
        for message in arrival.messages:
            writer.post(message)
        # Behind all of these in the writer's queue: when it is done, so are they.
        writer.call(lambda connection: self._decide(connection, arrival), PATIENCE_S)

    def _decide(self, connection: Connection, arrival: Arrival) -> None:
        for decision in arrival.decisions:
            newest = connection.execute(sa.select(sa.func.max(db.event.c.position))).scalar()
            drafts = decision.make(newest or 0)
            record(connection, drafts, Actor(account=decision.account), now_ms=arrival.now_ms)
        today = datetime.fromtimestamp(arrival.now_ms / 1000, self._zone).date()
        office.close_month(connection, today, arrival.now_ms, self._config.timezone)

    @contextmanager
    def _writer(self) -> Iterator[Writer]:
        """The hub's writer, with a clock of ours and nobody to answer."""
        projector = Projector(fold_item, self._config.timezone)
        with self._engine.begin() as connection:
            if not projector.is_current(connection):  # as a start of the hub finds out
                projector.rebuild(connection, self._now_ms)
        writer = Writer(
            self._engine,
            Ingest(EventLog(), reference.Reference()),
            projector,
            lambda _: None,
            lambda: self._now_ms,
        )
        writer.start()
        try:
            yield writer
        finally:
            writer.stop()

    def _moment(self, day: date) -> int:
        """Unix milliseconds at the day's beginning."""
        return rhythm.midnight_ms(day, self._zone)


def _put(connection: Connection, part: str, entries: Sequence[Entry]) -> None:
    """Raises `hub.kiosks.reference.TooManyNamesError`: more than kiosks can hold."""
    catalogue.put(connection, part, [msgspec.to_builtins(entry) for entry in entries])
    reference.require_room(connection, part)


def _require_no_events(connection: Connection) -> None:
    count = connection.execute(sa.select(sa.func.count()).select_from(db.event)).scalar_one()
    if count:
        raise DemoError(
            f"这个中心已有 {count} 条事件。演示数据会混进真实的账里，无法取出；"
            "请用新的 --data 目录，或确认后加 --into-existing"
            f" / this hub holds {count} events. Demonstration data would mix with real stock for"
            " good; use a fresh --data directory, or add --into-existing if you mean it"
        )
