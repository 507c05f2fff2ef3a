"""A market's sales: a function of the set of its events.

What was voided did not happen. A thing that was brought back is a line of its own with its money
going the other way, so that what was in the box at any moment can be followed. Counting the box
closes a market; without counting there is nothing to compare with.
"""

from collections.abc import Sequence
from typing import Final

from msgspec import Struct

from contract.events import MarketClosed, MarketOpened, SaleTakenBack, Sold, Voided
from hub.folds.entries import Entry

SOLD: Final = "sold"
TAKEN_BACK: Final = "taken_back"
CLOSED: Final = "closed"
OPENED: Final = "opened"
CASH: Final = "C"
"""The key of the payment card for cash: the one way that can be counted in a box."""


class Sale(Struct, frozen=True):
    """One line of a market, by the event in row ``event``. Money is in jiao (0.1 yuan): ``amount``
    is the price of what was sold or taken back, or what was counted when the market closed (None:
    nobody counted). ``recorded`` and ``cash`` are what the kiosk had added up at its closing."""

    event: int
    position: int
    market: str
    kiosk: str
    stop: str
    t: int
    known: bool
    kind: str
    item: str | None = None
    category: str | None = None
    amount: int | None = None
    pay: str | None = None
    recorded: int | None = None
    cash: int | None = None


class Market(Struct, frozen=True):
    """A market's lines added up. Money is in jiao; ``cash`` is what the sales come to in cash,
    ``counted`` None: nobody counted; ``closed`` is how often it was closed, None: it is open."""

    market: str
    stop: str
    kiosk: str
    first_t: int
    sales: int
    sold: int
    taken_back: int
    cash: int
    counted: int | None
    closed: int | None


def fold_market(entries: Sequence[Entry]) -> list[Sale]:
    """The lines of one market, in order; ``entries`` are all its events and the voids of them,
    sorted."""
    voided: set[str] = set()
    for entry in entries:
        if isinstance(entry.stored.body, Voided):
            voided.update(entry.stored.body.events)
    found = (_line(entry) for entry in entries if entry.stored.id not in voided)
    return [line for line in found if line is not None]


def _line(entry: Entry) -> Sale | None:
    stored = entry.stored

    def line(market: str, kind: str, **more: str | int | None) -> Sale:
        return Sale(
            event=stored.row,
            position=stored.position,
            market=market,
            kiosk=stored.kiosk,
            stop=entry.stop,
            t=entry.key.t,
            known=entry.known,
            kind=kind,
            **more,  # type: ignore[arg-type] # each by its own name below
        )

    match stored.body:
        case Sold(market=market, price=price, item=item, category=category, pay=pay):
            return line(market, SOLD, item=item, category=category, amount=price, pay=pay)
        case SaleTakenBack(market=market, price=price, item=item, pay=pay):
            return line(market, TAKEN_BACK, item=item, amount=price, pay=pay)
        case MarketOpened(market=market):
            return line(market, OPENED)
        case MarketClosed(market=market, recorded=recorded, cash=cash, counted=counted):
            return line(market, CLOSED, amount=counted, recorded=recorded, cash=cash)
        case _:
            return None


def added_up(lines: Sequence[Sale]) -> Market:
    """The sums over a market's lines, of which there is one at least."""
    sold = [line for line in lines if line.kind == SOLD]
    back = [line for line in lines if line.kind == TAKEN_BACK]
    closings = [line for line in lines if line.kind == CLOSED]
    counted = [line.amount for line in closings if line.amount is not None]
    return Market(
        market=lines[0].market,
        stop=min(line.stop for line in lines),
        kiosk=min(line.kiosk for line in lines),
        first_t=min(line.t for line in lines),
        sales=len(sold),
        sold=_sum(sold),
        taken_back=_sum(back),
        cash=_sum(sold, CASH) - _sum(back, CASH),
        counted=sum(counted) if counted else None,
        closed=len(closings) or None,
    )


def _sum(lines: Sequence[Sale], pay: str | None = None) -> int:
    return sum(line.amount or 0 for line in lines if pay is None or line.pay == pay)
