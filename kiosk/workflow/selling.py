"""One sale of the charity market, or one thing that comes back: see `kiosk.workflow.market`."""

from typing import Final

from msgspec import structs

from contract.actions import CASH, price_of
from contract.events import Noticed, Refused, SaleTakenBack, Sold
from drivers.ports import Signal
from kiosk.inputs import ActionCard, BoxLabel, CategoryCard, InputKind, ItemLabel, Scan
from kiosk.state import ItemFacts, Market, Phase, Sale
from kiosk.texts.figures import yuan
from kiosk.workflow.market_books import MAX_CARDS, MOST_MONEY, booked, go, idle, market_of
from kiosk.workflow.turn import Row, Turn, refuse

_TOLD: Final = frozenset({"unknown", "foreign", "quarantined", "sold", "out", "delivered"})


def on_thing(turn: Turn, scan: Scan) -> None:
    """A label: sold (or taken back) for the price cards before it, or it waits for its price."""
    assert isinstance(scan, ItemLabel | BoxLabel)
    market, phase = market_of(turn), turn.state.phase
    if market.item is not None:
        refuse(turn, scan, "price-first")
        return
    before = turn.facts.item or ItemFacts("unknown")
    market = structs.replace(market, item=scan.code, before=before)
    if phase is Phase.RETURNING:
        sale = _sale_of(market, scan.code)
        if sale is not None and not market.prices:
            _settle(turn, structs.replace(market, pay=market.pay or sale.pay), sale.price)
            return
    if market.prices:
        _settle(turn, market, sum(market.prices))
        return
    go(turn, Phase.SELLING if phase is Phase.MARKET else phase, market)
    turn.say(Signal.ATTENTION, "now-the-price")


def _sale_of(market: Market, code: str) -> Sale | None:
    """The sale that stands of this item, as far as it is remembered."""
    newest = next((sale for sale in reversed(market.sales) if sale.item == code), None)
    return newest if newest is not None and not newest.taken_back else None


def on_price(turn: Turn, scan: Scan) -> None:
    assert isinstance(scan, ActionCard)
    market, phase = market_of(turn), turn.state.phase
    if len(market.prices) >= MAX_CARDS:
        refuse(turn, scan, "too-many-prices")
        return
    market = structs.replace(market, prices=(*market.prices, price_of(scan.argument)))
    if market.item is not None:
        _settle(turn, market, sum(market.prices))
        return
    go(turn, Phase.SELLING if phase is Phase.MARKET else phase, market)
    turn.say(Signal.ATTENTION, "price-so-far", yuan=yuan(sum(market.prices)))


def on_category(turn: Turn, scan: Scan) -> None:
    """What the thing in the making is; it may come before its price."""
    assert isinstance(scan, CategoryCard)
    market = structs.replace(market_of(turn), category=scan.category)
    go(turn, Phase.SELLING, market)
    if market.prices:
        turn.say(Signal.ATTENTION, "price-so-far", yuan=yuan(sum(market.prices)))
    else:
        turn.say(Signal.ATTENTION, "now-the-price")


def on_pay(turn: Turn, scan: Scan) -> None:
    assert isinstance(scan, ActionCard)
    way = scan.argument
    if way not in turn.facts.settings.payments:
        refuse(turn, scan, "pay-not-here")
        return
    go(turn, turn.state.phase, structs.replace(market_of(turn), pay=way))
    turn.say(Signal.ATTENTION, f"pay-{way}")


def on_finish_sale(turn: Turn, scan: Scan) -> None:
    """What has no label is sold, or taken back, for the price cards that were scanned."""
    market = market_of(turn)
    if market.prices:
        _settle(turn, market, sum(market.prices))
    else:
        refuse(turn, scan, "price-first")


def on_sale_timeout(turn: Turn, scan: Scan) -> None:
    """Money that was taken is a sale; an item without a price stays unsold."""
    market = market_of(turn)
    if market.prices:
        _settle(turn, market, sum(market.prices))
        return
    go(turn, Phase.MARKET, idle(market))
    if market.item is not None:
        turn.append(Noticed(kind="pending-dropped"))
        turn.say(Signal.ATTENTION, "not-sold")
    else:
        turn.say(Signal.IDLE, "market-waits")


def on_undo_making(turn: Turn, scan: Scan) -> None:
    """The last price card, or else the whole of what is in the making."""
    market = market_of(turn)
    rest = market.prices[:-1]
    turn.append(Noticed(kind="pending-dropped"))
    if rest:
        go(turn, turn.state.phase, structs.replace(market, prices=rest))
        turn.say(Signal.SAVED, "price-so-far", yuan=yuan(sum(rest)))
    else:
        go(turn, Phase.MARKET, idle(market))
        turn.say(Signal.SAVED, "undone", count=1)


def _settle(turn: Turn, market: Market, price: int) -> None:
    """Money changed hands: the event, what is known of the item now, the totals."""
    back = turn.state.phase is Phase.RETURNING
    pay = market.pay or CASH
    if abs(sum(market.takings.values()) + (-price if back else price)) > MOST_MONEY:
        turn.append(Refused(input="too-many", state=turn.state.phase.value))
        go(turn, Phase.MARKET, idle(market))
        turn.say(Signal.REFUSED, "market-full")
        return
    item = market.item
    before = turn.known(item) if item is not None else None
    if back:
        ref = turn.append(SaleTakenBack(market=market.market, price=price, item=item, pay=pay))
    else:
        ref = turn.append(
            Sold(market=market.market, price=price, item=item, category=market.category, pay=pay)
        )
    sale = Sale(ref, price, pay, item, before, market.category, back)
    go(turn, Phase.MARKET, booked(idle(market), sale))
    if back:
        turn.say(Signal.SAVED, "taken-back", yuan=yuan(price))
        return
    status = "here" if before is None else before.status
    if status == "here":
        turn.say(Signal.SAVED, "sold", yuan=yuan(price))
    else:
        key = f"sold-{status}" if status in _TOLD else "sold-other"
        turn.say(Signal.ATTENTION, key, yuan=yuan(price))


_P = Phase
_I = InputKind
_MAKING: Final = (_P.SELLING, _P.RETURNING)
_ALL: Final = (_P.MARKET, *_MAKING)

ROWS: Final = (
    Row(_ALL, _I.ITEM, on_thing,
        "sold, or taken back, for the price cards before it; without any it waits for its price",
        _ALL),
    Row(_ALL, _I.BOX, on_thing, "a whole box, likewise", _ALL),
    Row(_ALL, _I.PRICE, on_price,
        "the waiting item is sold, or taken back; without one prices add up", _ALL),
    Row((_P.MARKET, _P.SELLING), _I.CATEGORY, on_category,
        "what the thing is that is being sold", (_P.SELLING,)),
    Row(_MAKING, _I.PAY, on_pay, "this one is paid in this way, not in cash", _MAKING),
    Row(_MAKING, _I.FINISH, on_finish_sale,
        "sold, or taken back, without a label for the sum of the price cards", (_P.MARKET,)),
    Row(_MAKING, _I.TIMEOUT, on_sale_timeout,
        "money that was taken is a sale; an item without a price stays unsold", (_P.MARKET,)),
    Row(_MAKING, _I.UNDO, on_undo_making,
        "the last price card, or all that is in the making, is dropped", _ALL),
)  # fmt: skip
