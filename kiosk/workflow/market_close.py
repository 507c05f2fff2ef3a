"""The end of a charity market: the cash in the box beside what was recorded.

Closing asks for the cash, which price cards add up; “finish” at once says that nobody counted.
Undo takes the last card back, and before the first one it goes back to selling. A count that
nobody finishes closes nothing. A closed market cannot be opened again: its slip is out; what was
wrong with it is corrected at the hub.
"""

from typing import Final

from msgspec import structs

from contract.actions import CASH, PAYMENTS, price_of
from contract.events import MarketClosed, Noticed
from drivers.ports import Signal
from kiosk.inputs import ActionCard, InputKind, Scan
from kiosk.state import Market, Phase, SlipJob
from kiosk.texts.figures import yuan
from kiosk.workflow.market_books import MAX_CARDS, go, idle, market_of
from kiosk.workflow.turn import Row, Turn, at_rest, refuse


def on_close(turn: Turn, scan: Scan) -> None:
    go(turn, Phase.CASHING, idle(market_of(turn)))
    turn.say(Signal.ATTENTION, "count-cash")


def on_cash(turn: Turn, scan: Scan) -> None:
    """So much more was counted."""
    assert isinstance(scan, ActionCard)
    market = market_of(turn)
    if len(market.prices) >= MAX_CARDS:
        refuse(turn, scan, "too-many-prices")
        return
    prices = (*market.prices, price_of(scan.argument))
    go(turn, Phase.CASHING, structs.replace(market, prices=prices))
    turn.say(Signal.ATTENTION, "cash-so-far", yuan=yuan(sum(prices)))


def on_undo_cash(turn: Turn, scan: Scan) -> None:
    market = market_of(turn)
    turn.append(Noticed(kind="pending-dropped"))
    if market.prices:
        prices = market.prices[:-1]
        go(turn, Phase.CASHING, structs.replace(market, prices=prices))
        turn.say(Signal.SAVED, "cash-so-far", yuan=yuan(sum(prices)))
    else:
        go(turn, Phase.MARKET, market)
        turn.say(Signal.SAVED, "market-not-closed")


def on_abandon(turn: Turn, scan: Scan) -> None:
    """Nobody finished counting: the market is still open."""
    go(turn, Phase.MARKET, idle(market_of(turn)))
    turn.say(Signal.ATTENTION, "market-not-closed")


def on_closed(turn: Turn, scan: Scan) -> None:
    market = market_of(turn)
    recorded, cash = sum(market.takings.values()), market.takings.get(CASH, 0)
    counted = sum(market.prices) if market.prices else None
    turn.append(
        MarketClosed(
            market=market.market, sales=market.sold, recorded=recorded, cash=cash, counted=counted
        )
    )
    turn.jobs.append(SlipJob("market", "", (), turn.facts.wall, _figures(market, counted)))
    turn.set(market=None)
    turn.state = at_rest(turn.state)
    if counted is None:
        turn.say(Signal.SAVED, "market-uncounted", yuan=yuan(cash))
    elif counted == cash:
        turn.say(Signal.SAVED, "market-closed", yuan=yuan(cash))
    else:
        key = "market-closed-short" if counted < cash else "market-closed-over"
        turn.say(Signal.ATTENTION, key, yuan=yuan(abs(counted - cash)))


def _figures(market: Market, counted: int | None) -> tuple[tuple[str, int], ...]:
    """The lines of the slip: how many, how much, in which way, and the box beside it."""
    cash = market.takings.get(CASH, 0)
    ways = [way.key for way in PAYMENTS if way.key == CASH or way.key in market.takings]
    lines = [("sales", market.sold), ("recorded", sum(market.takings.values()))]
    lines += [(f"pay-{way}", market.takings.get(way, 0)) for way in ways]
    if counted is not None:
        lines += [("counted", counted), ("difference", counted - cash)]
    return tuple(lines)


_P = Phase
_I = InputKind

ROWS: Final = (
    Row((_P.MARKET,), _I.CLOSE, on_close, "asks for the cash in the box", (_P.CASHING,)),
    Row((_P.CASHING,), _I.PRICE, on_cash, "so much more cash was counted", (_P.CASHING,)),
    Row((_P.CASHING,), _I.UNDO, on_undo_cash,
        "the last price card is dropped; before the first the market goes on",
        (_P.CASHING, _P.MARKET)),
    Row((_P.CASHING,), _I.FINISH, on_closed,
        "the market is closed, with a slip; without price cards nobody counted", (_P.REST,)),
    Row((_P.CASHING,), _I.TIMEOUT, on_abandon,
        "nobody finished counting: the market stays open", (_P.MARKET,)),
)  # fmt: skip
