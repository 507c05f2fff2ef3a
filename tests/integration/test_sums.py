"""What is kept added up for pages is what counting everything again would give."""

from collections import Counter
from collections.abc import Iterator
from random import Random
from typing import Any, Final
from zoneinfo import ZoneInfo

import pytest

from contract import codes, events
from contract.recalls import packings, plain_lot, same_goods
from hub.queries import market, statements
from hub.reporting.closing import make
from hub.reporting.statements import PARTS, StatementError, lines_of, next_month
from tests.support.events import SESSION, Story, message_of, runs
from tests.support.hubdb import HubDb, make_template

DAY_MS: Final = 86_400_000
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


def test_adding_all_of_it_up_anew_changes_nothing(lived: HubDb) -> None:
    tables = ("ledger", "market", "proceeds", "met")
    before = {name: read(lived, f"SELECT * FROM {name}") for name in tables}
    lived.rebuild()
    assert {name: read(lived, f"SELECT * FROM {name}") for name in tables} == before
