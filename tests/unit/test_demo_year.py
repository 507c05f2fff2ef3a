"""A made-up city's year is told again the same, and is believable where people would look."""

import hashlib
from collections import Counter
from datetime import date, timedelta
from zoneinfo import ZoneInfo

import pytest

from contract import batches, codes, events, topics
from contract.actions import CATEGORY_BY_KEY
from hub.demo import goods, rhythm
from hub.demo.places import city
from hub.demo.year import Year

SHANGHAI = ZoneInfo("Asia/Shanghai")
UNTIL = date(2026, 10, 31)


def year(seed: int = 1, count: int = 4_000, stops: int = 6, until: date = UNTIL) -> Year:
    specs = city(stops)
    kiosks = [name for spec in specs for name in spec.names]
    prefixes = {name: codes.to_base32(50_000 + n, 4) for n, name in enumerate(kiosks)}
    return Year(specs, prefixes, seed=seed, until=until, events=count, zone=SHANGHAI)


def bytes_of(told: Year) -> str:
    digest = hashlib.sha256()
    for arrival in told.arrivals():
        for message in arrival.messages:
            digest.update(message.topic.encode() + message.payload)
    return digest.hexdigest()


def test_the_same_seed_and_last_day_give_the_same_bytes() -> None:
    assert bytes_of(year()) == bytes_of(year())


@pytest.mark.parametrize("other", [{"seed": 2}, {"until": date(2026, 10, 30)}])
def test_another_seed_or_day_gives_another_year(other: dict[str, int]) -> None:
    assert bytes_of(year(**other)) != bytes_of(year())  # type: ignore[arg-type]


def test_it_has_the_events_that_were_asked_for_and_a_fifth_of_them_are_items() -> None:
    told = year(count=20_000)
    sent = sum(arrival.events for arrival in told.arrivals())
    assert abs(told.world.written - 20_000) < 400
    assert told.world.written - 800 < sent <= told.world.written  # one kiosk is still away
    assert 0.15 < told.world.items / told.world.written < 0.25


def test_every_day_lies_in_the_year_and_nothing_after_its_end() -> None:
    told = year()
    first = rhythm.midnight_ms(told.days[0], SHANGHAI)
    end = rhythm.midnight_ms(UNTIL + timedelta(days=1), SHANGHAI)
    times = [arrival.now_ms for arrival in told.arrivals()]
    assert times == sorted(times)
    assert first <= times[0]
    assert times[-1] < end
    assert len(told.days) == 365


def test_lines_follow_their_predecessors_and_all_but_the_damaged_can_be_read() -> None:
    kinds: Counter[str] = Counter()
    problems: Counter[str] = Counter()
    heads: dict[tuple[str, str], tuple[int, str]] = {}
    breaks = 0
    for arrival in year().arrivals():
        for message in arrival.messages:
            parsed = topics.parse_up(message.topic)
            assert parsed is not None
            if parsed.name != topics.EVENTS or not message.properties:
                continue
            batch = batches.decode(message.payload, message.properties)
            for seq, line in enumerate(batch.lines, start=batch.header.first):
                try:
                    event = events.decode(line)
                except events.EventError as error:
                    problems[error.reason] += 1
                    continue
                kinds[events.type_of(event.public.body)] += 1
                key = (parsed.kiosk, batch.header.epoch)
                before = heads.get(key)
                assert event.public.seq == seq
                breaks += before is not None and (before[0] + 1 != seq or before[1] != event.prev)
                heads[key] = (seq, event.hash)
    assert problems == {"not-json": 1, "unknown-type": 2}
    assert breaks == 3, "beside what is damaged, unknown and lost, every line follows another"
    for wanted in ("received", "delivered", "sold", "counted", "packed", "arrived", "disposed"):
        assert kinds[wanted] > 0, wanted


def test_retail_codes_are_valid_and_of_mainland_china() -> None:
    products = goods.packaged()
    assert len({product.gtin for product in products}) == len(products)
    for product in products:
        assert product.gtin.startswith("069")
        total = sum(int(digit) * (3, 1)[at % 2] for at, digit in enumerate(product.gtin))
        assert total % 10 == 0, product.gtin
        assert product.category in CATEGORY_BY_KEY
        assert product.en.replace("×", "x").isascii()
        assert bool(product.zh) == bool(product.en) == product.named


def test_everything_is_closed_at_the_spring_festival_and_busy_before_it() -> None:
    for festival in rhythm.SPRING_FESTIVALS.values():
        assert rhythm.giving(festival) == rhythm.handing_out(festival) == 0.0
        saturdays = [festival - timedelta(days=n) for n in range(3, 20)]
        busy = max(rhythm.giving(day) for day in saturdays if day.weekday() == 5)
        july = (date(festival.year, 7, 8) + timedelta(days=n) for n in range(7))
        usual = next(rhythm.giving(day) for day in july if day.weekday() == 5)
        assert busy > 1.5 * usual  # both on a Saturday


@pytest.mark.parametrize("count", [1, 30, 75])
def test_a_city_of_any_size_has_a_name_of_its_own_for_each_stop(count: int) -> None:
    stops = city(count)
    assert len({stop.id for stop in stops}) == len({stop.zh for stop in stops}) == count
    kiosks = [name for stop in stops for name in stop.names]
    assert len(set(kiosks)) == len(kiosks)
