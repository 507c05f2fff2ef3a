"""The charity market: what is recorded, printed and remembered, and what the money comes to."""

import msgspec
import pytest

from contract.actions import Verb
from contract.events import MarketClosed, SaleTakenBack, Sold, Voided
from contract.reference import StopSettings
from kiosk.inputs import ActionCard, InputKind, ItemLabel, Scan
from kiosk.state import ItemFacts, LaneState, Phase, SlipJob
from kiosk.texts import next_step
from kiosk.workflow import restored, step
from kiosk.workflow.market_books import MAX_CARDS, MOST_MONEY, RECENT_SALES
from tests.support import stories_count, stories_market
from tests.support.lanes import (
    ANN,
    BOB,
    FAMILY,
    FINISH,
    NEVER,
    PLAN,
    RICE,
    STRANGER,
    TOYS,
    UNDO,
    WALL,
    World,
    times,
)
from tests.support.stories import ONE_OF_EACH, REACH, scanned
from tests.support.stories_market import CLOSE, FIVE, MARKET, TAKE_BACK, TEN, WECHAT, price
from tests.support.telling import ATTENTION, REFUSED, REST, SAVED


def at_the_stall(items: int = 3) -> World:
    """A market is open, and so many items were taken in before."""
    world = World()
    world.scan(RICE)
    if items > 1:
        world.scan(times(items))
    world.scans(FINISH, MARKET)
    return world


def label(world: World, n: int) -> ItemLabel:
    return ItemLabel(world.issued()[n])


def sales(world: World) -> list[Sold]:
    """What was sold and not taken back by undo."""
    voided = {name for body in world.bodies() if isinstance(body, Voided) for name in body.events}
    return [
        event.public.body
        for event in world.events
        if isinstance(event.public.body, Sold) and event.id not in voided
    ]


def closed(world: World, *cash: Scan) -> MarketClosed:
    """The market is closed with this cash in the box."""
    body = world.scans(CLOSE, *cash, FINISH).drafts[-1].body
    assert isinstance(body, MarketClosed)
    return body


@pytest.mark.parametrize(
    "scans",
    [
        (0, price(55), TEN, FINISH),
        (price(55), 0, TEN, FINISH),
        (TEN, price(55), 0),
        (TEN, FINISH, 0, price(55)),
    ],
)
def test_in_whatever_order_a_stall_scans_the_money_is_right(scans: tuple[Scan | int, ...]) -> None:
    world = at_the_stall()
    for scan in scans:
        world.scan(label(world, scan) if isinstance(scan, int) else scan)
    assert sum(sold.price for sold in sales(world)) == 155
    assert [sold.item for sold in sales(world) if sold.item] == [world.issued()[0]]
    assert closed(world, TEN, price(55)).counted == 155


def test_a_sale_names_its_item_price_and_way_to_pay() -> None:
    world = at_the_stall()
    world.scans(label(world, 0), WECHAT, FIVE, TOYS, TEN, FINISH)
    market = world.state().market
    assert market is not None
    assert sales(world) == [
        Sold(market=market.market, price=50, item=world.issued()[0], pay="W"),
        Sold(market=market.market, price=100, category="T1"),
    ]
    assert world.item(world.issued()[0]).status == "sold"


def test_a_way_to_pay_that_is_named_afterwards_changes_the_last_sale_alone() -> None:
    world = at_the_stall()
    world.scans(label(world, 0), FIVE, label(world, 1), TEN, WECHAT)
    assert [(sold.price, sold.pay) for sold in sales(world)] == [(50, "C"), (100, "W")]
    body = closed(world)
    assert (body.sales, body.recorded, body.cash, body.counted) == (2, 150, 50, None)


def test_the_closing_slip_compares_what_was_recorded_with_what_was_counted() -> None:
    world = at_the_stall()
    world.scans(label(world, 0), FIVE, label(world, 1), WECHAT, TEN, price(20), FINISH)
    world.scans(TAKE_BACK, label(world, 0))
    outcome = world.scans(CLOSE, TEN, UNDO, price(10), FINISH)
    (slip,) = outcome.jobs
    assert slip == SlipJob(
        "market",
        "",
        (),
        WALL + world.now,
        (
            ("sales", 3),
            ("recorded", 120),
            ("pay-C", 20),
            ("pay-W", 100),
            ("counted", 10),
            ("difference", -10),
        ),
    )
    assert (outcome.signal, outcome.message.values) == (ATTENTION, {"yuan": "1"})
    assert world.state().market is None


def test_what_comes_back_is_here_again_with_its_price_and_way_to_pay() -> None:
    world = at_the_stall()
    item = label(world, 0)
    before = world.item(item.code)
    world.scans(item, WECHAT, FIVE, TAKE_BACK, item)
    back = world.bodies()[-1]
    assert isinstance(back, SaleTakenBack)
    assert (back.price, back.item, back.pay) == (50, item.code, "W")
    assert world.item(item.code) == before
    world.scan(UNDO)
    assert world.item(item.code).status == "sold"
    assert closed(world).recorded == 50


def test_what_came_back_can_be_sold_again_and_comes_back_for_the_new_price() -> None:
    world = at_the_stall()
    item = label(world, 0)
    world.scans(item, TEN, TAKE_BACK, item, item, FIVE, TAKE_BACK, item)
    body = world.bodies()[-1]
    assert isinstance(body, SaleTakenBack)
    assert body.price == 50
    assert closed(world).recorded == 0


def test_the_same_thing_comes_back_only_once() -> None:
    world = at_the_stall()
    item = label(world, 0)
    world.scans(item, TEN, TAKE_BACK, item)
    assert world.scans(TAKE_BACK, item).message.key == "now-the-price"


@pytest.mark.parametrize("status", ["out", "delivered", "quarantined", "voided", "sent", "missing"])
def test_what_should_not_be_on_the_stall_is_sold_recorded_and_looked_at(status: str) -> None:
    world = at_the_stall()
    item = label(world, 0)
    world.known[item.code] = ItemFacts(status)
    outcome = world.scans(item, FIVE)
    assert (outcome.signal, len(sales(world))) == (ATTENTION, 1)
    assert outcome.message.key in (f"sold-{status}", "sold-other")


def test_undo_restores_what_was_known_of_each_item() -> None:
    world = at_the_stall()
    codes = [label(world, 0), label(world, 1), STRANGER, NEVER]
    before = [world.item(scan.code) for scan in codes]
    for scan in codes:
        world.scans(scan, FIVE)
    assert {world.item(scan.code).status for scan in codes} == {"sold"}
    for _ in codes:
        assert world.scan(UNDO).message.key == "sale-undone"
    assert [world.item(scan.code) for scan in codes] == before
    assert sales(world) == []
    assert closed(world).recorded == 0


def test_undo_does_not_overrule_what_another_lane_knows_since() -> None:
    world = at_the_stall()
    item = label(world, 0)
    world.scans(item, FIVE)
    for scan in (ANN, item, PLAN, PLAN, FAMILY):
        world.scan(scan, "back")
    assert world.scan(UNDO).message.key == "sale-undone"
    assert world.item(item.code).status == "delivered"
    assert sales(world) == []


def test_at_rest_donors_and_volunteers_are_served_and_the_lane_tells_of_the_market() -> None:
    world = at_the_stall()
    world.scans(label(world, 0), FIVE)
    world.wait(3_600_000)
    assert world.state().phase is REST
    told = next_step(world.scans(RICE, FINISH).message, world.state())
    assert "market is still open" in told.en
    assert "义卖" in told.zh
    world.scans(ANN, label(world, 1), PLAN, BOB, MARKET)
    assert world.state().phase is Phase.MARKET
    assert closed(world, FIVE).recorded == 50
    assert "market" not in next_step(world.scans(RICE, FINISH).message, world.state()).en


def test_after_a_cut_of_power_the_sale_in_the_making_is_where_it_was() -> None:
    world = at_the_stall()
    world.scans(TEN, WECHAT)
    state = msgspec.json.decode(msgspec.json.encode(world.state()), type=LaneState)
    world.now = 5_000
    world.lanes["door"] = restored(state, world.now)
    world.scan(FINISH)
    assert [(sold.price, sold.pay) for sold in sales(world)] == [(100, "W")]


def test_a_market_never_ends_in_the_middle_of_a_sale() -> None:
    world = at_the_stall()
    world.settings = StopSettings(idle_s={"market": 30})
    world.scan(TEN)
    world.wait(100_000)
    assert world.state().phase is Phase.SELLING
    world.wait(20_000)
    assert len(sales(world)) == 1
    world.wait(30_000)
    assert world.state().phase is REST


def test_what_a_lane_remembers_of_a_long_market_stays_small_and_its_money_is_whole() -> None:
    world = at_the_stall()
    for _ in range(300):
        world.scans(FIVE, FINISH)
    state = world.state()
    assert state.market is not None
    assert len(state.market.sales) == RECENT_SALES
    assert len(msgspec.json.encode(state)) < 4_000
    for _ in range(RECENT_SALES):
        assert world.scan(UNDO).signal is SAVED
    assert world.scan(UNDO).message.key == "nothing-to-undo"
    body = closed(world, TEN)
    assert (body.sales, body.cash) == (260, 13_000)


def test_more_price_cards_or_money_than_can_be_written_are_refused() -> None:
    world = at_the_stall()
    for _ in range(MAX_CARDS):
        world.scan(price(5000))
    assert world.scan(FIVE).message.key == "too-many-prices"
    assert world.scan(FINISH).signal is SAVED
    for _ in range(MOST_MONEY // (MAX_CARDS * 5000)):
        for _ in range(MAX_CARDS):
            world.scan(price(5000))
        outcome = world.scan(FINISH)
    assert (outcome.signal, outcome.message.key) == (REFUSED, "market-full")
    assert closed(world).recorded == MAX_CARDS * 5000 * (MOST_MONEY // (MAX_CARDS * 5000))


def test_a_stop_says_whether_it_has_a_market_and_what_it_takes() -> None:
    world = World()
    world.settings = StopSettings(market=False, payments=("C",))
    assert world.scan(MARKET).message.key == "no-market"
    world.settings = StopSettings(payments=("C",))
    world.scans(MARKET, TEN)
    assert world.scan(WECHAT).message.key == "pay-not-here"
    world.scan(FINISH)
    assert world.scan(WECHAT).message.key == "pay-not-here"
    assert world.scan(ActionCard(Verb.PAY, "C")).signal is SAVED


def test_two_lanes_have_markets_of_their_own() -> None:
    world = World()
    world.scan(MARKET, "door")
    world.scan(MARKET, "back")
    world.scan(TEN, "door")
    assert world.scan(FINISH, "back").message.key == "market-rests"
    assert world.scan(FINISH, "door").message.key == "sold"
    names = {state.market.market for state in world.lanes.values() if state.market}
    assert len(names) == 2


def test_nobody_at_the_stall_is_named_in_what_a_lane_remembers() -> None:
    world = World()
    world.scans(ANN, MARKET, TEN, FINISH)
    assert ANN.person not in msgspec.json.encode(world.state()).decode()


@pytest.mark.parametrize("scans", [(MARKET,), (MARKET, FIVE, FINISH)], ids=["opened", "sold"])
@pytest.mark.parametrize("takes", [UNDO, WECHAT], ids=["undo", "pay"])
def test_what_is_too_old_to_be_in_the_journal_is_not_taken_back_or_changed(
    scans: tuple[Scan, ...], takes: Scan
) -> None:
    world = World()
    world.scans(*scans)
    pruned = msgspec.structs.replace(world.facts(takes), event_ids={})
    outcome = step(world.state(), world.allocator, takes, pruned)
    assert (outcome.signal, outcome.state) == (REFUSED, world.state())


@pytest.mark.parametrize("kind", InputKind)
@pytest.mark.parametrize(
    "phase",
    [phase for phase in REACH if phase not in (*stories_market.REACH, *stories_count.REACH)],
)
def test_whatever_is_done_at_a_lane_its_open_market_and_stocktake_stay(
    phase: Phase, kind: InputKind
) -> None:
    world = World()
    world.scans(MARKET, FINISH, stories_count.COUNT, stories_count.PAUSE)
    before = world.state()
    for scan in REACH[phase]:
        world.scan(scanned(world, scan))
    world.scan(ONE_OF_EACH[kind])
    world.wait(3_600_000)
    state = world.state()
    assert state.market is not None
    assert before.market is not None
    assert (state.phase, state.market.market) == (REST, before.market.market)
    assert state.count is not None
    assert before.count is not None
    assert state.count.count == before.count.count
