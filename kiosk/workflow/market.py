"""The charity market: what is sold, what comes back, and the money at the end.

Rules
-----
* **An item and its price is a sale**, at once and without paper, in either order. Price cards that
  come first add up and wait: for an item's label, which is then sold for their sum, or for
  “finish”, when the thing has no label. So whatever order a busy stall scans in, the sum of the
  prices is the money that was taken.
* A second item while one waits for its price is refused: its price would be the other one's.
* **A way to pay belongs to the sale in the making, or where there is none to the last one**: people
  say how they pay when they hear the price. Two minutes later it belongs to none. Cash is what
  nobody speaks of.
* Something that comes back is known by its label when it was sold here lately, with its price and
  how it was paid; for all else price cards say what to give back.
* Undo takes back the last price card of a sale in the making, then the sale in the making, then
  the sales before, newest first.
* Nothing is left in the middle: a sale whose price cards nobody finished is a sale after two
  minutes, since that money was taken; an item that nobody named a price for stays unsold.
* The market lasts until it is closed. At rest the lane serves donors, and the market's card comes
  back to it. Closing asks for the cash in the box, and prints what was recorded beside it.
"""

from typing import Final

from msgspec import structs

from contract.events import MarketOpened, Noticed, Private, Sold, Voided
from drivers.ports import Signal
from kiosk.inputs import ActionCard, InputKind, Scan
from kiosk.state import Market, Phase
from kiosk.texts.figures import yuan
from kiosk.workflow.market_books import booked, go, idle, market_of, unbooked, void_sale
from kiosk.workflow.turn import DEAL_CLOSES_MS, Row, Turn, at_rest, close_session, id_of, refuse


def on_market(turn: Turn, scan: Scan) -> None:
    """Opens a market on this lane, or comes back to the one that is open."""
    if not turn.facts.settings.market and turn.state.market is None:
        refuse(turn, scan, "no-market")
        return
    person = Private(person=turn.state.person)
    if turn.state.session is not None:
        close_session(turn, "market")
    market = turn.state.market
    if market is None:
        name = turn.sessions.pop(0)
        market = Market(name, turn.append(MarketOpened(market=name), person))
        turn.say(Signal.SAVED, "market-opened")
    else:
        turn.append(Noticed(kind="market-resumed"), person)
        total = yuan(sum(market.takings.values()))
        turn.say(Signal.SAVED, "market-resumed", sales=market.sold, yuan=total)
    go(turn, Phase.MARKET, structs.replace(idle(market), fresh=False))


def on_pay_afterwards(turn: Turn, scan: Scan) -> None:
    """The last sale was paid in this way: it is recorded anew."""
    assert isinstance(scan, ActionCard)
    market, way = market_of(turn), scan.argument
    if way not in turn.facts.settings.payments:
        refuse(turn, scan, "pay-not-here")
        return
    late = turn.facts.now - turn.state.touched > DEAL_CLOSES_MS
    if late or not market.fresh or not void_sale(turn, market.sales[-1]):
        refuse(turn, scan, "no-sale-yet")
        return
    *_, last = market.sales
    sold = Sold(
        market=market.market, price=last.price, item=last.item, category=last.category, pay=way
    )
    ref = turn.append(sold)
    market = booked(unbooked(market), structs.replace(last, ref=ref, pay=way))
    go(turn, Phase.MARKET, market)
    turn.say(Signal.SAVED, f"pay-{way}")


def on_undo_market(turn: Turn, scan: Scan) -> None:
    """The last sale did not happen; before the first one, the market did not open."""
    market = market_of(turn)
    opened = id_of(turn, market.opened)
    if market.sales and void_sale(turn, market.sales[-1]):
        sale = market.sales[-1]
        go(turn, Phase.MARKET, unbooked(market))
        turn.say(Signal.SAVED, "sale-undone", yuan=yuan(sale.price))
    elif opened is not None and not (market.sales or market.sold or any(market.takings.values())):
        turn.append(Voided(events=(opened,)))
        turn.set(market=None)
        turn.state = at_rest(turn.state)
        turn.say(Signal.SAVED, "undone", count=1)
    else:
        refuse(turn, scan, "nothing-to-undo")


def on_take_back(turn: Turn, scan: Scan) -> None:
    go(turn, Phase.RETURNING, idle(market_of(turn)))
    turn.say(Signal.ATTENTION, "what-comes-back")


def on_leave(turn: Turn, scan: Scan) -> None:
    """The lane is free for others; the market stays open."""
    turn.append(Noticed(kind="market-left"))
    turn.state = at_rest(turn.state)
    turn.say(Signal.SAVED, "market-rests")


def on_idle(turn: Turn, scan: Scan) -> None:
    turn.state = at_rest(turn.state)
    turn.say(Signal.IDLE, "market-rests")


_P = Phase
_I = InputKind

ROWS: Final = (
    Row((_P.REST, _P.CARDED, _P.MARKET), _I.MARKET, on_market,
        "opens the charity market on this lane, or comes back to the one that is open",
        (_P.MARKET,)),
    Row((_P.MARKET,), _I.PAY, on_pay_afterwards,
        "the last sale was paid in this way: it is recorded anew", (_P.MARKET,)),
    Row((_P.MARKET,), _I.UNDO, on_undo_market,
        "the last sale is voided; before the first one the market is", (_P.MARKET, _P.REST)),
    Row((_P.MARKET,), _I.TAKE_BACK, on_take_back, "asks what comes back", (_P.RETURNING,)),
    Row((_P.MARKET,), _I.FINISH, on_leave,
        "the lane is free for donors; the market stays open", (_P.REST,)),
    Row((_P.MARKET,), _I.TIMEOUT, on_idle,
        "nobody sells: the lane is free for donors, the market stays open", (_P.REST,)),
)  # fmt: skip
