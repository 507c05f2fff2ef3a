"""The books of an open market: the sale in the making, the newest sales, the totals."""

from typing import Final

from msgspec import structs

from contract.events import Voided
from kiosk.state import Market, Phase, Sale
from kiosk.workflow.turn import Turn, enter, id_of, window

RECENT_SALES: Final = 40
"""Sales that undo and take-back still know one by one. Older ones are in the totals."""
MAX_CARDS: Final = 60
"""Price cards that one sum may have."""
MOST_MONEY: Final = 10_000_000
"""In jiao: what the contract's money can say."""


def market_of(turn: Turn) -> Market:
    """The open market of this lane."""
    assert turn.state.market is not None
    return turn.state.market


def go(turn: Turn, phase: Phase, market: Market) -> None:
    """To this phase of the market, with the whole of its time."""
    closes_ms = window(structs.replace(turn.state, phase=phase), turn.facts.settings)
    enter(turn, phase, closes_ms, market=market)


def idle(market: Market) -> Market:
    """The market with nothing in the making."""
    return structs.replace(market, item=None, before=None, category=None, prices=(), pay=None)


def booked(market: Market, sale: Sale) -> Market:
    """The market with one sale more."""
    taken = market.takings.get(sale.pay, 0) + (-sale.price if sale.taken_back else sale.price)
    return structs.replace(
        market,
        fresh=not sale.taken_back,
        sales=(*market.sales, sale)[-RECENT_SALES:],
        sold=market.sold + (not sale.taken_back),
        takings={**market.takings, sale.pay: taken},
    )


def unbooked(market: Market) -> Market:
    """The market without its newest sale."""
    *rest, sale = market.sales
    taken = market.takings[sale.pay] + (sale.price if sale.taken_back else -sale.price)
    return structs.replace(
        market,
        fresh=False,
        sales=tuple(rest),
        sold=market.sold - (not sale.taken_back),
        takings={**market.takings, sale.pay: taken},
    )


def void_sale(turn: Turn, sale: Sale) -> bool:
    """The sale did not happen; False when it is too old for that."""
    name = id_of(turn, sale.ref)
    if name is None:
        return False
    items = (sale.item,) if sale.item is not None else ()
    before = {} if sale.item is None or sale.before is None else {sale.item: sale.before}
    turn.append(Voided(events=(name,), items=items), before=before)
    return True
