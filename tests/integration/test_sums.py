"""What is kept added up for pages is what counting everything again would give."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any, Final
from zoneinfo import ZoneInfo

import pytest
from msgspec import structs
from sqlalchemy import Connection

from contract import codes, events
from contract.recalls import packings, plain_lot, same_goods
from hub.counts.stocktake_lines import Book
from hub.counts.stocktakes import result
from hub.folds.counted import COUNTED, OPEN, Approval, Shelf, Sighting, Stocktake
from hub.folds.stays import fold_stays
from hub.queries import events as events_
from hub.queries import market, statements, stocktakes
from hub.queries import planned as lists
from hub.queries.entries import Entries
from hub.queries.remembered import Remembered
from hub.reporting.closing import make, to_close
from hub.reporting.statements import PARTS, StatementError, lines_of, next_month
from tests.support.events import SESSION, Journal, Story, message_of, runs
from tests.support.hubdb import HubDb, make_template

DAY_MS: Final = 86_400_000
HALF_HOUR_MS: Final = 1_800_000
PLACES: Final = [codes.place_code(f"00000{digit}") for digit in "123"]
"""Those of `tests.support.events.Story`."""
ZONE: Final = "Asia/Shanghai"
GOODS: Final = "06901234567892"
RECALLS: Final = ((GOODS, "l1"), (GOODS, None), ("00012345600012", None))
MONTHS: Final = ("2025-12", "2026-01", "2026-02", "2026-03", "2026-04", "2026-05", "2026-06")

RECOUNTED: Final = """
SELECT s.market, MIN(s.stop), MIN(s.kiosk), MIN(s.t),
  SUM(CASE WHEN s.kind = 'sold' THEN 1 ELSE 0 END),
  SUM(CASE WHEN s.kind = 'sold' THEN s.amount ELSE 0 END),
  SUM(CASE WHEN s.kind = 'taken_back' THEN s.amount ELSE 0 END),
  SUM(CASE WHEN s.pay = 'C' AND s.kind = 'sold' THEN s.amount
      WHEN s.pay = 'C' AND s.kind = 'taken_back' THEN -s.amount ELSE 0 END),
  SUM(CASE WHEN s.kind = 'closed' THEN s.amount END),
  SUM(CASE WHEN s.kind = 'closed' THEN 1 END)
FROM sale s GROUP BY s.market
"""
BROUGHT: Final = """
SELECT SUBSTR(s.day, 1, 7), s.stop, COALESCE(i.category, s.category, ''),
  SUM(CASE WHEN s.kind = 'sold' THEN 1 ELSE 0 END),
  SUM(CASE WHEN s.kind = 'sold' THEN s.amount ELSE 0 END),
  SUM(CASE WHEN s.kind = 'taken_back' THEN s.amount ELSE 0 END)
FROM sale s LEFT JOIN item i ON i.code = s.item
WHERE s.kind IN ('sold', 'taken_back') GROUP BY 1, 2, 3
"""


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HubDb]:
    """A hub after half a confused year, told in no order: clones, late clocks, voids, kiosks that
    were off for weeks."""
    path = make_template(tmp_path_factory.mktemp("sums") / "hub.sqlite3")
    chance = Random(23)
    story = Story()
    for n in range(600):
        story.act(*(chance.randrange(64) for _ in range(4)))
        if n % 50 == 49:
            sell(story, n)
            recall(story, n)
            count(story, n)
            for journal in story.journals:
                journal.start(reboot=True, off_ms=12 * DAY_MS)
                journal.learn_time()
    pieces = [message_of(run) for run in runs(story.written, 20)]
    chance.shuffle(pieces)
    with HubDb(path) as hub:
        for start in range(0, len(pieces), 6):
            hub.take(*pieces[start : start + 6])
            if chance.randrange(10) == 0:
                hub.lose_memory()
        yield hub


def sell(story: Story, n: int) -> None:
    """A market, whose money is counted every other time."""
    journal = story.journals[n % len(story.journals)]
    name = f"{n:016x}"
    journal.add(events.Sold(market=name, price=30, category="F1", pay="C"))
    journal.add(events.Sold(market=name, price=20, item=story.items[n % 9], pay="C"))
    journal.add(events.Sold(market=name, price=70, item=story.items[-1], pay="W"))
    journal.add(events.SaleTakenBack(market=name, price=20, item=story.items[n % 9], pay="C"))
    counted = 30 if n % 100 == 99 else None
    journal.add(events.MarketClosed(market=name, sales=3, recorded=100, cash=30, counted=counted))


def recall(story: Story, n: int) -> None:
    """Goods of two lots and of none come in, in two packings, and are recalled: all of them, or one
    lot; or another maker's, which nothing here is of."""
    journal = story.journals[n % len(story.journals)]
    gtin = packings(GOODS)[n % 2]
    for lot in ("L 1", "l1", "M2", None):
        item = journal.new_item()
        retail = events.Retail(gtin=gtin, lot=lot)
        body = events.Received(
            session=SESSION, item=item, category="F1", place=codes.PLACE_IN, retail=retail
        )
        journal.add(body)
        story.items.append(item)
    for number, (goods, lot) in enumerate(RECALLS):
        opened = events.RecallOpened(recall=f"{n:08x}{number:08x}", gtin=goods, lot=lot)
        if n % 150 == 149:
            journal.add(opened)


def count(story: Story, n: int) -> None:
    """Three stocktakes and three lanes that count, told by whichever kiosk comes first: joined,
    approved, given up, and some of that taken back."""
    chance = Random(n)
    names = [f"{n:08x}{number:08x}" for number in range(6)]
    journals = list(story.journals)

    def tell(body: events.Body) -> None:
        chance.choice(journals).add(body)

    for name in names[:3]:
        tell(events.CountPlanned(count=name, places=tuple(PLACES[: n % 3]), categories=("H1",)))
    for name in names[3:]:
        tell(events.CountOpened(count=name))
        tell(
            events.Counted(
                count=name, place=PLACES[0], item=story.items[n % len(story.items)], outcome="ok"
            )
        )
    for name in chance.sample(names[3:], 2):
        tell(events.CountJoined(count=chance.choice(names[:3]), part=name))
    tell(events.CountApproved(count=names[0], position=n, seen=3, missing=n % 4))
    tell(events.CountCancelled(count=chance.choice(names[:2]), why="mistake"))
    told = [one for journal in journals for one in journal.written[-9:]]
    chance.choice(journals).add(events.Voided(events=(chance.choice(told).id,)))


def read(hub: HubDb, query: str) -> Counter[tuple[Any, ...]]:
    return Counter(hub.rows(query))


def test_a_months_ledger_is_what_its_movements_add_up_to(lived: HubDb) -> None:
    with lived.engine.connect() as connection:
        seen: Counter[str] = Counter()
        for month in MONTHS:
            days = (f"{month}-01", f"{next_month(month)}-01")
            opening, closing = statements.balances(connection, *days)
            moved = statements.moved(connection, *statements.bounds(month, ZoneInfo(ZONE)))
            recounted = lines_of(opening, moved, closing)
            assert statements.lines(connection, month) == recounted, month
            for line in recounted:
                seen.update(part for part in PARTS if getattr(line, part))
            seen[month] += len(moved)
        assert seen.keys() >= {*PARTS, *MONTHS[1:-1]}, "a figure that nothing moves proves nothing"


def test_a_ledger_that_somebody_damaged_closes_no_month(lived: HubDb) -> None:
    month = "2026-02"
    with lived.engine.connect() as connection:
        make(connection, month, ZONE)
        both = "UPDATE ledger SET {0} = {0} + 1, here = here {1} 1 WHERE month = '2026-02'"
        for way, sign in (("received", "+"), ("delivered", "-")):
            connection.exec_driver_sql(both.format(way, sign))
        with pytest.raises(StatementError, match="not what the movements add up to"):
            make(connection, month, ZONE)
        connection.rollback()


def test_the_first_month_to_close_is_none_that_a_clock_made_up(tmp_path: Path) -> None:
    path = make_template(tmp_path / "hub.sqlite3")
    right, wrong = Journal("kiosk-a", "00AA"), Journal("kiosk-b", "00BB")
    for journal in (right, wrong):
        journal.start()
        journal.receive()
    with HubDb(path) as hub:

        def first() -> str | None:
            with hub.engine.connect() as connection:
                return to_close(connection)

        assert first() is None
        hub.take(message_of(wrong.written))
        assert first() == "2001-09", "there is nothing better"
        right.learn_time()
        hub.take(message_of(right.written))
        assert first() == "2026-01"
        with hub.engine.connect() as connection:
            [there, came] = make(connection, "2026-01", ZONE).lines[::-1]
        assert (there.stop, there.opening, there.received) == ("stop-2", 1, 0)
        assert (came.stop, came.opening, came.received) == ("stop-1", 0, 1)


def test_what_markets_took_is_what_their_sales_add_up_to(lived: HubDb) -> None:
    columns = "market, stop, kiosk, first_t, sales, sold, taken_back, cash, counted, closed"
    recounted = read(lived, RECOUNTED)
    assert read(lived, f"SELECT {columns} FROM market") == recounted
    assert {row[-2] for row in recounted} == {None, 30}
    with lived.engine.connect() as connection:
        assert len(market.markets(connection, None)) == len(recounted)
        assert market.markets(connection, frozenset()) == []


def test_proceeds_are_what_the_sales_of_each_category_add_up_to(lived: HubDb) -> None:
    recounted = read(lived, BROUGHT)
    columns = "month, stop, category, sales, sold, taken_back"
    assert read(lived, f"SELECT {columns} FROM proceeds") == recounted
    assert {row[0] for row in recounted} >= {"2026-01", "2026-02", "2026-03"}
    assert {row[2] for row in recounted} >= {"", "F1", "H1", "ZZ"}


def test_a_box_that_was_sold_before_it_is_known_to_have_come_in_counts_as_what_it_is(
    tmp_path: Path,
) -> None:
    path = make_template(tmp_path / "hub.sqlite3")
    came, market = Journal("kiosk-a", "00AA"), Journal("kiosk-b", "00BB")
    box = codes.serial_code(codes.Kind.BOX, "00AA", 1)
    for journal in (came, market):
        journal.start()
        journal.learn_time()
    came.add(
        events.BoxReceived(session=SESSION, box=box, category="F2", place=PLACES[0], quantity=6)
    )
    market.add(events.Sold(market=SESSION, price=90, item=box))
    market.add(events.SaleTakenBack(market=SESSION, price=90, item=box))
    with HubDb(path) as hub:
        hub.take(message_of(market.written))
        assert hub.rows("SELECT category, sold, taken_back FROM proceeds") == [("", 90, 90)]
        hub.take(message_of(came.written))
        assert hub.rows("SELECT category, sold, taken_back FROM proceeds") == [("F2", 90, 90)]


def test_a_recall_meets_what_reading_every_item_finds(lived: HubDb) -> None:
    recounted = Counter(
        (recall, status, item, stop, quantity, not wanted or bool(lot))
        for recall, wanted, goods in lived.rows("SELECT id, lot, gtin FROM recall")
        for item, gtin, lot, status, stop, quantity in lived.rows(
            "SELECT code, gtin, lot, status, stop, quantity FROM item WHERE gtin IS NOT NULL"
        )
        if same_goods(gtin, goods)
        and (not wanted or not lot or plain_lot(lot) == plain_lot(wanted))
    )
    assert read(lived, "SELECT recall, status, item, stop, quantity, certain FROM met") == recounted
    assert {row[1] for row in recounted} >= {"unlabelled", "sold"}
    assert {row[-1] for row in recounted} == {True, False}


def test_stocktakes_in_the_list_are_what_their_own_pages_tell(lived: HubDb) -> None:
    named = lived.rows("SELECT DISTINCT subject FROM touch WHERE subject LIKE 'N%'")
    with lived.engine.connect() as connection:
        told = [stocktakes.stocktake(connection, row[0][1:]) for row in named]
        listed = {one.id: one for one in lists.planned(connection)}
        going = lists.open_counts(connection)
        assert lists.planned(connection, frozenset()) == []
    expected = {one.id: one for one in told if one is not None}
    assert listed.keys() == expected.keys()
    states: Counter[str] = Counter()
    for name, one in expected.items():
        approved, ended = one.approved, one.approved.t if one.approved else one.cancelled_t
        state = "approved" if approved else "counting" if ended is None else "cancelled"
        assert listed[name] == lists.Planned(
            id=name,
            stop=one.stop,
            planned_t=one.planned_t,
            places=one.places,
            categories=one.categories,
            blind=one.blind,
            state=state,
            decided_t=ended,
            seen=approved.seen if approved else None,
            missing=approved.missing if approved else None,
            restated=0,
        )
        states[state] += 1
    assert [one.id for one in going] == [n for n in listed if listed[n].state == "counting"]
    assert states.keys() == {"counting", "approved", "cancelled"}
    assert len(expected) < 36, "of a plan that was taken back nothing proves anything"


def test_a_lane_that_counts_is_offered_until_somebody_joins_it(lived: HubDb) -> None:
    with lived.engine.connect() as connection:
        entries = Entries(connection)
        subjects = connection.exec_driver_sql("SELECT subject FROM touch WHERE subject LIKE 'N%'")
        told = entries.of({row[0] for row in subjects})
        gone = {
            name
            for one in told
            if isinstance(one.stored.body, events.Voided)
            for name in one.stored.body.events
        }
        live = [one for one in told if one.stored.id not in gone]
        bodies = [one.stored.body for one in live]
        joined = {one.part for one in bodies if isinstance(one, events.CountJoined)}
        opened: dict[str, int] = {}
        for one in live:
            if isinstance(one.stored.body, events.CountOpened) and one.stop == "stop-1":
                opened.setdefault(one.stored.body.count, one.key.t)
        middle = sorted(opened.values())[len(opened) // 2]
        found = stocktakes.offered(
            connection, of_a_stop("stop-1", middle + stocktakes.BEFORE_MS, ())
        )
    free = {name: t for name, t in opened.items() if name not in joined and t >= middle}
    assert {one.part: one.opened_t for one in found} == free
    assert free
    assert joined & opened.keys()


def stocktake(chance: Random, moments: list[int], boxes: list[str], items: list[str]) -> Stocktake:
    """One of a stop or of two of its places, with some shelves counted, at a moment of the year."""
    shelves, planned = [], chance.choice(moments) + chance.choice((0, 1, HALF_HOUR_MS))
    for place in chance.sample(PLACES, chance.randrange(len(PLACES) + 1)):
        opened = planned + chance.choice((-HALF_HOUR_MS, 1, HALF_HOUR_MS))
        seen = chance.sample(items, 5) + chance.choice(([], [chance.choice(boxes)]))
        sightings = tuple(
            Sighting(code, place, opened + 10 * n, f"event-{n}", "part")
            for n, code in enumerate(seen)
        )
        state, closed = chance.choice(((OPEN, None), (COUNTED, opened + 100)))
        shelves.append(Shelf(place, state, 1, 1, opened, closed, sightings, ("part",)))
    return of_a_stop(
        chance.choice(("stop-1", "stop-2")),
        planned,
        tuple(shelves),
        places=chance.choice(((), tuple(PLACES[:2]))),
        categories=chance.choice(((), ("H1",))),
    )


def of_a_stop(
    stop: str,
    planned: int,
    shelves: tuple[Shelf, ...],
    places: tuple[str, ...] = (),
    categories: tuple[str, ...] = (),
) -> Stocktake:
    return Stocktake(
        id="5e55000000000abc",
        stop=stop,
        planned_t=planned,
        account="a",
        event="e",
        places=places,
        categories=categories,
        blind=False,
        recount="never",
        parts=(),
        shelves=shelves,
        counters=frozenset(),
        own=frozenset(),
    )


def decided(count: Stocktake) -> Stocktake:
    """An hour after it was planned somebody approved it."""
    approval = Approval(count.planned_t + 2 * HALF_HOUR_MS, "b", 1, 1, 1, "approval")
    return structs.replace(count, approved=approval)


def concerned(connection: Connection, count: Stocktake) -> set[str]:
    """What was seen, stands at the stop, left it since, or is in a box that was seen."""
    seen = {one.item for shelf in count.shelves for one in shelf.sightings}
    rows = connection.exec_driver_sql(
        "SELECT code FROM item WHERE stop = ?"
        " AND status IN ('in_stock', 'reserved', 'unlabelled', 'quarantined')"
        " UNION SELECT item FROM movement WHERE from_stop = ? AND from_status = 'here' AND t >= ?",
        (count.stop, count.stop, count.planned_t),
    )
    boxed = connection.exec_driver_sql("SELECT code, box FROM item WHERE box IS NOT NULL")
    return seen | {row[0] for row in rows} | {code for code, box in boxed if box in seen}


def test_a_stocktake_finds_what_reading_every_event_finds(lived: HubDb) -> None:
    chance = Random(5)
    rows = lived.rows("SELECT code, category, quantity FROM item ORDER BY code")
    moments = [row[0] for row in lived.rows("SELECT DISTINCT changed_t FROM item ORDER BY 1")]
    boxes = [row[0] for row in lived.rows("SELECT code FROM box ORDER BY 1")]
    verdicts: Counter[str] = Counter()
    with lived.engine.connect() as connection:
        told = Entries(connection).of_items(row[0] for row in rows)
        books = [
            Book(code, category or "", quantity, fold_stays(code, told[code]))
            for code, category, quantity in rows
        ]
        for n in range(25):
            count = stocktake(chance, moments, boxes, [row[0] for row in rows])
            count = decided(count) if n % 3 == 2 else count
            wanted = concerned(connection, count)
            mine = [book for book in books if book.item in wanted]
            expected = result(count, mine, events_.projected(connection))
            assert stocktakes.found(connection, count) == expected
            verdicts.update(line.verdict for line in expected.lines)
    assert verdicts.keys() >= {"ok", "missing", "not_counted", "pending", "elsewhere", "left"}


def test_what_is_remembered_of_a_stocktake_is_what_reading_anew_finds(tmp_path: Path) -> None:
    path = make_template(tmp_path / "hub.sqlite3")
    chance = Random(8)
    story = Story()
    for n in range(240):
        story.act(*(chance.randrange(64) for _ in range(4)))
        if n % 60 == 59:
            count(story, n)
            for journal in story.journals:
                journal.start(reboot=True, off_ms=DAY_MS)
                journal.learn_time()
    moments = [
        journal.offset + journal.mono - DAY_MS * n for journal in story.journals for n in (1, 3)
    ]
    mine = [stocktake(chance, moments, story.boxes, story.items) for _ in range(6)]
    mine = [structs.replace(one, id=f"{n:016x}") for n, one in enumerate(mine)]
    mine[::2] = map(decided, mine[::2])
    names = [f"{n:08x}{number:08x}" for n in range(59, 240, 60) for number in range(3)]
    pieces = [message_of(run) for run in runs(story.written, 8)]
    chance.shuffle(pieces)
    remembered, empty, same = Remembered(), 0, 0
    before: dict[str, Any] = {}
    with HubDb(path) as hub:
        for start in range(0, len(pieces), 2):
            hub.take(*pieces[start : start + 2])
            with hub.engine.connect() as connection:
                for name in names:
                    told = stocktakes.stocktake(connection, name)
                    assert stocktakes.stocktake(connection, name, remembered) == told
                for one in mine:
                    anew = stocktakes.found(connection, one)
                    for _ in range(2):
                        assert stocktakes.found(connection, one, remembered) == anew
                    same += before.get(one.id) == anew.lines
                    empty += not anew.lines
                    before[one.id] = anew.lines
    told_apart = len(pieces) // 2 * len(mine) - same
    assert min(same, told_apart) > 20
    assert empty < same + told_apart


def test_a_clock_learnt_late_tells_what_came_after_a_decided_count(tmp_path: Path) -> None:
    path = make_template(tmp_path / "hub.sqlite3")
    journal = Journal("kiosk-a", "00AA")
    journal.start()
    item = journal.receive()
    written = len(journal.written)
    journal.learn_time()
    long_ago = decided(of_a_stop("stop-1", journal.offset - DAY_MS, ()))
    remembered = Remembered()
    with HubDb(path) as hub:
        hub.take(message_of(journal.written[:written]))
        with hub.engine.connect() as connection:
            found = stocktakes.found(connection, long_ago, remembered)
            assert [line.item for line in found.lines] == [item], "its clock said 1970"
        hub.take(message_of(journal.written[written:]))
        with hub.engine.connect() as connection:
            assert stocktakes.found(connection, long_ago, remembered).lines == ()


def test_what_is_told_after_a_count_was_decided_may_be_of_what_stood_there(tmp_path: Path) -> None:
    path = make_template(tmp_path / "hub.sqlite3")
    here, other = Journal("kiosk-a", "00AA"), Journal("kiosk-b", "00BB")
    for journal in (here, other):
        journal.start()
        journal.learn_time()
    unknown = here.new_item()
    here.add(events.Moved(place=PLACES[0], items=(unknown,)))
    lost = here.receive()
    gone = other.add(events.Moved(place=PLACES[1], items=(lost,)))
    before = [here.written[:], other.written[:]]
    count = decided(of_a_stop("stop-1", here.offset + here.mono + HALF_HOUR_MS, ()))
    here.start(reboot=True, off_ms=DAY_MS)
    here.learn_time()
    here.add(events.Received(session=SESSION, item=unknown, category="H1", place=codes.PLACE_IN))
    here.add(events.Voided(events=(gone.id,), items=(lost,)))
    *started, came, undone = here.written[len(before[0]) :]
    remembered = Remembered()
    found = []
    with HubDb(path) as hub:
        for told in ([*before, started], [[came]], [[undone]]):
            hub.take(*(message_of(run) for run in told))
            with hub.engine.connect() as connection:
                anew = stocktakes.found(connection, count)
                assert stocktakes.found(connection, count, remembered) == anew
            found.append({line.item for line in anew.lines})
    assert found == [set(), {unknown}, {unknown, lost}]


def test_a_kiosk_that_moves_takes_its_items_into_a_count_that_is_looked_at_meanwhile(
    tmp_path: Path,
) -> None:
    path = make_template(tmp_path / "hub.sqlite3")
    journal = Journal("kiosk-a", "00AA")
    journal.start()
    item = journal.receive()
    going = of_a_stop("stop-2", journal.offset, ())

    def move(hub: HubDb, stop: str) -> None:
        where = f"UPDATE kiosk SET stop = '{stop}' WHERE id = 'kiosk-a'"
        hub.change(lambda connection: connection.exec_driver_sql(where))

    with HubDb(path) as hub:
        hub.take(message_of(journal.written))
        for count in (going, decided(going)):
            move(hub, "stop-1")
            hub.project()
            remembered, found = Remembered(), []
            move(hub, "stop-2")
            for _ in range(2):
                with hub.engine.connect() as connection:
                    lines = stocktakes.found(connection, count, remembered).lines
                found.append([line.item for line in lines])
                hub.project()
            assert found == [[], [item]]


def test_what_was_seen_or_ruled_on_since_is_not_missing(tmp_path: Path) -> None:
    path = make_template(tmp_path / "hub.sqlite3")
    journal = Journal("kiosk-a", "00AA")
    journal.start()
    journal.learn_time()
    shelf = PLACES[0]
    seen, ruled, missing = (journal.receive() for _ in range(3))
    journal.add(events.Moved(place=shelf, items=(seen, ruled, missing)))
    planned = journal.offset + journal.mono + 1
    journal.add(events.ItemSeen(item=seen, outcome="ok"))
    weighed = (journal.written[-1].id,)
    back = events.Corrected(
        items=(ruled,), status="in_stock", why="seen", place=shelf, compared=weighed
    )
    journal.add(back)
    counted = Shelf(shelf, COUNTED, 1, 1, planned, planned + 60_000, (), ("part",))
    with HubDb(path) as hub:
        hub.take(message_of(journal.written))
        with hub.engine.connect() as connection:
            found = stocktakes.found(connection, of_a_stop("stop-1", planned, (counted,)))
    assert {line.item: line.verdict for line in found.lines} == {
        seen: "later",
        ruled: "later",
        missing: "missing",
    }


def test_adding_all_of_it_up_anew_changes_nothing(lived: HubDb) -> None:
    tables = ("ledger", "market", "proceeds", "met", "stocktake", "count_part")
    before = {name: read(lived, f"SELECT * FROM {name}") for name in tables}
    lived.rebuild()
    assert {name: read(lived, f"SELECT * FROM {name}") for name in tables} == before
