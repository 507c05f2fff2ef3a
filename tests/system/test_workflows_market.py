"""A charity market by cards and scans alone: sold, paid, taken back, closed beside the cash box."""

from collections.abc import Iterator

import pytest

from contract.actions import Verb, price_argument
from contract.codes import PLACE_IN, action_code
from tests.support import people
from tests.support.shop import Shop, Stand, open_shop

MARKET, TAKE_BACK = action_code(Verb.MARKET), action_code(Verb.TAKE_BACK)
CLOSE = action_code(Verb.CLOSE)
WECHAT = action_code(Verb.PAY, "W")


def yuan(amount: float) -> str:
    """A price card or label."""
    return action_code(Verb.PRICE, price_argument(int(amount * 10)))


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    with open_shop(tmp_path_factory.mktemp("market")) as shop:
        shop.kiosks[0].start()
        yield shop


def take_in(shop: Shop, lane: Stand, count: int) -> list[str]:
    """A donor gives so many things."""
    _, _, *came, _ = lane.does(
        " ".join(("session.opened", "received", *["received"] * (count - 1), "session.closed")),
        people.SOAP,
        people.quantity(count),
        people.FINISH,
    )
    codes = [body["item"] for body in came]
    shop.becomes("in_stock", *codes)
    return codes


def test_a_market_day_with_donors_at_the_other_lane(shop: Shop) -> None:
    [counter] = shop.kiosks
    stall, door = counter.lanes
    shirt, lamp, toy = take_in(shop, door, 4)
    labels, papers = counter.labels.count, counter.papers.count

    [opened] = stall.does("market.opened", MARKET)
    market = opened["market"]
    [sold] = stall.does("sold", shirt, yuan(5))
    assert (sold["market"], sold["item"], sold["price"]) == (market, shirt, 50)
    shop.becomes("sold", shirt)
    assert "Sold at the charity market of Yicang Stop 1" in shop.page(shirt)
    # Somebody gives at the door between an item's label and its price.
    stall.scan(lamp)
    stall.is_in("selling")
    _, given = door.does("session.opened received", shop.card(), people.RICE)
    [sold] = stall.does("sold", yuan(30))
    assert (sold["item"], sold["price"]) == (lamp, 300)
    door.does("session.closed", people.FINISH)
    counter.labels.carrying(given["item"])
    # The buyer pays by phone, and says so when the price was heard.
    [_, sold] = stall.does("voided sold", WECHAT)
    assert (sold["item"], sold["price"], sold["pay"]) == (lamp, 300, "W")
    # Things without a label: price cards add up, in any order with the category.
    [sold] = stall.does("sold", yuan(2), yuan(0.5), people.RICE, people.FINISH)
    assert (sold.get("item"), sold["price"], sold["category"]) == (None, 25, "F1")
    # One too many, taken back at once: the price card, then the sale.
    stall.does("sold voided", yuan(8), people.FINISH, people.UNDO)
    stall.does("noticed", yuan(9), people.UNDO)
    assert counter.labels.count == labels + 1, "a sale prints no label"
    assert counter.papers.count == papers + 1, "and no slip: this is the donor's receipt"

    # Bought, and brought back: by its label alone. What has no label by its price.
    stall.does("sold", toy, yuan(3.5))
    stall.does("sale.taken-back", TAKE_BACK, toy)
    shop.becomes("in_stock", toy)
    assert shop.item(toy)["place"] == PLACE_IN
    assert "Brought back by its buyer" in shop.page(toy)
    [back] = stall.does("sale.taken-back", TAKE_BACK, yuan(0.5), people.FINISH)
    assert back["price"] == 5

    # Lunch: the lane serves donors, the power fails, and the market is still open.
    stall.does("noticed", people.FINISH)
    take_in(shop, stall, 2)
    counter.kiosk.kill()
    counter.start()
    stall.does("noticed", MARKET)
    stall.is_in("market")
    # Undo still knows the last thing that was done: the half yuan was not given back after all.
    stall.does("voided", people.UNDO)

    stall.scan(CLOSE, yuan(5))
    stall.is_in("cashing")
    [closed] = stall.does("market.closed", yuan(3), people.FINISH)
    assert closed == {
        "type": "market.closed",
        "market": market,
        "sales": 4,  # with the one that came back
        "recorded": 50 + 300 + 25,
        "cash": 50 + 25,
        "counted": 80,
    }
    counter.papers.saying("卖出笔数 Sales 4", after=papers)
    stall.is_in("rest")
    # What stands of it at the hub.
    sales = [
        event["public"]["body"]
        for event in shop.events_at("kiosk-1", stall.lane)
        if event["type"] == "sold"
    ]
    assert len(sales) == 6
    shop.becomes("sold", shirt, lamp)
    shop.becomes("in_stock", toy)


def test_a_price_first_and_an_item_that_is_sold_in_the_middle_of_a_power_cut(shop: Shop) -> None:
    [counter] = shop.kiosks
    stall, door = counter.lanes
    [item, *_] = take_in(shop, door, 2)
    stall.does("market.opened", MARKET)
    stall.scan(yuan(1), yuan(2))
    stall.is_in("selling")
    counter.kiosk.kill()
    counter.start()
    assert counter.states()[stall.lane] == "selling"
    [sold] = stall.does("sold", item)
    assert (sold["item"], sold["price"]) == (item, 30)
    stall.does("voided refused voided", people.UNDO, people.plan(), people.UNDO)
    stall.is_in("rest")
    shop.becomes("in_stock", item)
