"""The year (or several) goes by: day after day, what happens at every stop, and what the hub
receives when.

A day has so many events as its weight in the year says. Everything but donations follows from what
is on the shelves; donations make up the rest, so that a year ends with about the number of events
that was asked for, a fifth of it items.
"""

import random
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from functools import partial
from typing import Final
from zoneinfo import ZoneInfo

from msgspec import Struct

from contract import codes, messages, topics
from contract.codes import Kind
from contract.events import person_hash
from hub.demo import deciding, giving, handing, keeping, mishaps, moving, rhythm
from hub.demo.goods import Packaged, packaged
from hub.demo.journal import SOFTWARE, Journal
from hub.demo.places import DemoStop, stop_place
from hub.demo.world import DAY_MS, MINUTE_MS, VOLUNTEERS, Decision, Store, World
from hub.log.ingest import Message

USUAL: Final = 200_000 / 365 / 30
"""Events a stop and day for which the rates below are made."""

SENDING_MINUTES: Final = (14 * 60, 23 * 60)
"""When what has gathered reaches the hub: a batch twice a day stands for many small ones."""

OUT_SHARE: Final = 0.0125
"""Of what is on the shelves, how much is handed out on a plain day."""

MARKET_SHARE: Final = 0.05
GROWING: Final = 0.3
"""The share of stops that open in the course of the year."""

RESTART_DAYS: Final = 34


class Arrival(Struct, frozen=True):
    """What reaches the hub at a moment (Unix milliseconds): ``messages`` in this order, with so
    many ``events`` in them, and then what people decide at the hub."""

    now_ms: int
    messages: tuple[Message, ...]
    events: int
    decisions: tuple[Decision, ...] = ()


class Year:
    """See the module. ``prefixes`` gives each kiosk (`DemoStop.names`) its prefix of codes."""

    def __init__(
        self,
        stops: Sequence[DemoStop],
        prefixes: Mapping[str, str],
        *,
        seed: int,
        until: date,
        events: int,
        zone: ZoneInfo,
        years: int = 1,
        products: Sequence[Packaged] = (),
    ) -> None:
        rng = random.Random(seed)  # noqa: S311 - a story that can be told again, no secret
        self.days: Final = rhythm.years_before(until, years)
        self._years: Final = years
        self.products: Final = tuple(products) or packaged()
        self.blank_prefix: Final = codes.READY_MADE + codes.to_base32(rng.randrange(32**3), 3)
        self._zone: Final = zone
        self._events: Final = events
        grown = round(len(stops) * (1 - GROWING))
        stores = [
            Store(
                spec=stop,
                place=stop_place(number),
                journals=[Journal(name, prefixes[name], rng) for name in stop.names],
                opens=self.days[0]
                if number < grown
                else self.days[(number - grown + 1) * 250 // (len(stops) - grown + 1)],
                people=tuple(
                    person_hash(codes.token_code(Kind.PERSON, rng.randbytes(10)))
                    for _ in range(VOLUNTEERS)
                ),
            )
            for number, stop in enumerate(stops)
        ]
        volume = events / len(self.days) / len(stops) / USUAL
        self.world: Final = World(rng, stores, self.products, self.blank_prefix, volume)

    def arrivals(self) -> Iterator[Arrival]:
        """The year, as the hub receives it. Once."""
        world = self.world
        self._schedule()
        weights = [self._weight(day) for day in self.days]
        share = self._events / sum(weights)
        target = 0.0
        others = 0.0  # what a day has besides donations, by the last days
        for day, weight in zip(self.days, weights, strict=True):
            world.today = day
            midnight_ms = self._midnight_ms(day)
            target += weight * share
            wanted = max(0.0, target - world.written - others * (weight > 0))
            donations = world.about(wanted / giving.EVENTS_A_DONATION)
            before = world.written
            if weight > 0:
                self._plan_day(day, midnight_ms, donations)
            for minutes in SENDING_MINUTES:
                world.run_until(midnight_ms + minutes * MINUTE_MS)
                yield self._send(midnight_ms + minutes * MINUTE_MS)
            made = world.written - before
            others += 0.2 * (max(0.0, made - donations * giving.EVENTS_A_DONATION) - others)
        yield self._say_how_they_are(self._midnight_ms(self.days[-1]) + DAY_MS - MINUTE_MS)

    def _weight(self, day: date) -> float:
        share = sum(store.spec.weight for store in self.world.stores if store.opens <= day)
        return rhythm.giving(day) * share

    def _midnight_ms(self, day: date) -> int:
        return rhythm.midnight_ms(day, self._zone)

    # --- what will happen ------------------------------------------------------------------

    def _schedule(self) -> None:
        """What is known from the beginning: openings, restarts, stocktakes, mishaps."""
        world = self.world
        restart_days = round(RESTART_DAYS / min(1.0, world.volume))
        for number, store in enumerate(world.stores):
            opens_ms = self._midnight_ms(store.opens)
            for journal in store.journals:
                world.at(opens_ms + 8 * 60 * MINUTE_MS, partial(Journal.start, journal))
                day = store.opens + timedelta(days=world.between(9, 9 + restart_days))
                while day < self.days[-1] - timedelta(days=4):
                    restart = partial(_restart, world, journal)
                    world.at(self._midnight_ms(day) + 470 * MINUTE_MS, restart)
                    day += timedelta(days=world.between(restart_days // 2, restart_days * 3 // 2))
            for turn in range(4 * self._years):
                at = 365 * (turn // 4) + 80 + turn % 4 * 90 + number % 14
                day = self.days[min(len(self.days) - 1, at)]
                if day > store.opens and rhythm.giving(day):
                    journal = store.journals[-1]
                    count = partial(keeping.count_shelves, world, store, journal, turn=turn % 4)
                    world.at(self._midnight_ms(day) + 1090 * MINUTE_MS, count)
        mishaps.schedule(world, self._midnight_ms(self.days[-1]))

    def _plan_day(self, day: date, midnight_ms: int, donations: int) -> None:
        world = self.world
        stores = world.open_stores()
        first, last = rhythm.opening_minutes(day)

        def some_time(low: float = 0.0, high: float = 1.0) -> int:
            where = low + (high - low) * world.rng.random()
            return midnight_ms + round((first + where * (last - first)) * MINUTE_MS)

        weights = [store.spec.weight for store in stores]
        for store in world.rng.choices(stores, weights, k=donations):
            journal = world.one_of(store.journals)
            world.at(some_time(), partial(giving.donate, world, store, journal))
        busy = rhythm.handing_out(day)
        for store in stores:
            first_journal = store.journals[0]
            for _ in range(world.about(len(store.stock) * OUT_SHARE * busy / 6.5)):
                journal = world.one_of(store.journals)
                world.at(some_time(0, 0.6), partial(handing.hand_out, world, store, journal))
            if world.chance(0.3):
                world.at(some_time(0.9), partial(moving.shelve, world, store, first_journal))
            for rate, deed in (
                (0.30, giving.work),
                (0.06, giving.contribute),
                (0.03, giving.offer_time),
                (0.006, giving.give_whole_boxes),
                (0.04, handing.throw_away),
                (0.03, keeping.quarantine),
                (0.015, mishaps.mend),
                (0.25, mishaps.small_ones),
                (0.02, deciding.reserve),
                (0.006, deciding.build_kit),
            ):
                for _ in range(world.about(rate * world.volume)):
                    journal = world.one_of(store.journals)
                    world.at(some_time(0, 0.85), partial(deed, world, store, journal))
            if len(stores) > 1:
                for _ in range(world.about(0.05 * world.volume)):
                    other = world.one_of([one for one in stores if one is not store])
                    away = partial(moving.transfer, world, store, first_journal, other=other)
                    world.at(some_time(0.1, 0.6), away)
            if rhythm.is_market_day(day):
                sale = partial(keeping.market, world, store, first_journal, share=MARKET_SHARE)
                world.at(some_time(0, 0.1), sale)
            if rhythm.is_market_day(day + timedelta(days=1)):
                world.at(some_time(0.5), partial(deciding.price, world, store))

    # --- what reaches the hub ----------------------------------------------------------------

    def _send(self, now_ms: int) -> Arrival:
        world = self.world
        sent = list(world.posts)
        world.posts.clear()
        count = 0
        for journal in world.journals:
            if journal not in world.offline:
                count += journal.waiting
                sent += journal.send()
        decisions = tuple(world.decisions)
        world.decisions.clear()
        return Arrival(now_ms, tuple(sent), count, decisions)

    def _say_how_they_are(self, now_ms: int) -> Arrival:
        """Every kiosk's last word of the year: who it is, what it holds, how it is."""
        world, sent = self.world, []
        for store in world.stores:
            for journal in store.journals:
                if journal in world.offline:
                    continue
                up = partial(topics.up, journal.kiosk)
                status = messages.KioskStatus(online=True)
                sent.append(Message(up(topics.STATUS), messages.encode(status), {}))
                sent.append(journal.hello())
                health = _health(world, journal, now_ms, printer=store.spec.id != "fangcao")
                sent.append(Message(up(topics.HEALTH), messages.encode(health), {}))
        return Arrival(now_ms, tuple(sent), 0)


def _restart(world: World, journal: Journal, at_ms: int) -> None:
    """An update, or a cut of power."""
    journal.start(at_ms, reboot=world.chance(0.6))


def _health(world: World, journal: Journal, now_ms: int, *, printer: bool) -> messages.Health:
    devices = (
        messages.DeviceHealth("scanner-1", "scanner", True),
        messages.DeviceHealth(
            "printer-label",
            "printer",
            printer,
            "" if printer else "paper-out",
            paper_mm=world.between(400, 30_000) if printer else 0,
        ),
    )
    return messages.Health(
        backlog=0,
        oldest_unsent_s=0,
        events=journal.written,
        clock=journal.knows_time,
        software=SOFTWARE,
        uptime_s=journal.uptime_s(now_ms),
        disk_free_mb=world.one_of((22_000, 19_500, 12_800, 410)),
        prefixes_left=world.between(1, 8),
        devices=devices,
        clock_source="hub" if journal.knows_time else "",
        temperature_c=float(world.between(41, 68)),
        throttling=("under-voltage-before",) if world.chance(0.1) else (),
    )
