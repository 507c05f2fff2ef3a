"""What people do at the charity market, a line a scan."""

from contract.actions import Verb, price_argument
from contract.codes import Kind, serial_code
from drivers.ports import Signal
from kiosk.inputs import ActionCard, BoxLabel, Scan
from kiosk.state import Phase
from tests.support.lanes import (
    ANN,
    CLOTHES,
    FINISH,
    NEVER,
    PREFIX,
    RICE,
    STRANGER,
    TIMEOUT,
    TOYS,
    UNDO,
    times,
)
from tests.support.telling import (
    ATTENTION,
    CARDED,
    IDLE,
    INTAKE,
    REFUSED,
    REST,
    SAVED,
    After,
    Label,
    Line,
)

STALL, SELLING, RETURNING = Phase.MARKET, Phase.SELLING, Phase.RETURNING
CASHING = Phase.CASHING


def price(jiao: int) -> ActionCard:
    """A price card or label."""
    return ActionCard(Verb.PRICE, price_argument(jiao))


MARKET = ActionCard(Verb.MARKET)
TAKE_BACK = ActionCard(Verb.TAKE_BACK)
CLOSE = ActionCard(Verb.CLOSE)
WECHAT = ActionCard(Verb.PAY, "W")
FIVE, TEN = price(50), price(100)
BOX = BoxLabel(serial_code(Kind.BOX, PREFIX, 77))

GIVEN = (
    Line(RICE, "session.opened received", SAVED, "received", INTAKE),
    Line(times(3), "received received", SAVED, "received", INTAKE),
    Line(FINISH, "session.closed", SAVED, "thanks", REST),
)
"""Three items stand here before the market begins."""
OPENS = Line(MARKET, "market.opened", SAVED, "market-opened", STALL)
OPEN = (*GIVEN, OPENS)
WAITS = Line(Label(0), "", ATTENTION, "now-the-price", SELLING)
SOLD = Line(FIVE, "sold", SAVED, "sold", STALL)
SELLS = (WAITS, SOLD)
SELLS_NEXT = (Line(Label(1), "", ATTENTION, "now-the-price", SELLING), SOLD)
NO_LABEL = (
    Line(TEN, "", ATTENTION, "price-so-far", SELLING),
    Line(FINISH, "sold", SAVED, "sold", STALL),
)
UNDONE = Line(UNDO, "voided", SAVED, "sale-undone", STALL)
ASKS_BACK = Line(TAKE_BACK, "", ATTENTION, "what-comes-back", RETURNING)
COUNTS = Line(CLOSE, "", ATTENTION, "count-cash", CASHING)


def _at(signal: Signal, key: str) -> tuple[Line, ...]:
    return (Line(FIVE, "sold", signal, key, STALL),)


STORIES: dict[str, tuple[Line | After, ...]] = {
    "an item and its price label is a sale": (*OPEN, *SELLS),
    "a price card first, and then the item it is for": (
        *OPEN,
        Line(FIVE, "", ATTENTION, "price-so-far", SELLING),
        Line(Label(0), "sold", SAVED, "sold", STALL),
    ),
    "what has no label is sold for the sum of its price cards": (
        *OPEN,
        Line(FIVE, "", ATTENTION, "price-so-far", SELLING),
        Line(TEN, "", ATTENTION, "price-so-far", SELLING),
        Line(FINISH, "sold", SAVED, "sold", STALL),
    ),
    "what has no label can be said to be toys, before or after its price": (
        *OPEN,
        Line(TOYS, "", ATTENTION, "now-the-price", SELLING),
        Line(FIVE, "", ATTENTION, "price-so-far", SELLING),
        Line(CLOTHES, "", ATTENTION, "price-so-far", SELLING),
        Line(FINISH, "sold", SAVED, "sold", STALL),
    ),
    "price cards that nobody finished are a sale: the money was taken": (
        *OPEN,
        Line(FIVE, "", ATTENTION, "price-so-far", SELLING),
        After(120_000),
        Line(TIMEOUT, "sold", SAVED, "sold", STALL),
    ),
    "an item without a price stays unsold, and the stall is told": (
        *OPEN,
        WAITS,
        After(120_000),
        Line(TIMEOUT, "noticed", ATTENTION, "not-sold", STALL),
    ),
    "a category and nothing after it": (
        *OPEN,
        Line(TOYS, "", ATTENTION, "now-the-price", SELLING),
        After(120_000),
        Line(TIMEOUT, "", IDLE, "market-waits", STALL),
    ),
    "a second item has to wait for the first one's price": (
        *OPEN,
        WAITS,
        Line(Label(1), "refused", REFUSED, "price-first", SELLING),
        Line(FINISH, "refused", REFUSED, "price-first", SELLING),
        SOLD,
    ),
    "paid by phone, said before the price": (
        *OPEN,
        WAITS,
        Line(WECHAT, "", ATTENTION, "pay-W", SELLING),
        SOLD,
    ),
    "paid by phone, said after the price": (
        *OPEN,
        *SELLS,
        Line(WECHAT, "voided sold", SAVED, "pay-W", STALL),
        UNDONE,
    ),
    "a way to pay without a sale": (
        OPENS,
        Line(WECHAT, "refused", REFUSED, "no-sale-yet", STALL),
    ),
    "a way to pay long after the last sale": (
        *OPEN,
        *SELLS,
        After(120_001),
        Line(WECHAT, "refused", REFUSED, "no-sale-yet", STALL),
    ),
    "a way to pay when the market goes on, or after undo": (
        *OPEN,
        *SELLS,
        *SELLS_NEXT,
        UNDONE,
        Line(WECHAT, "refused", REFUSED, "no-sale-yet", STALL),
        Line(MARKET, "noticed", SAVED, "market-resumed", STALL),
        Line(WECHAT, "refused", REFUSED, "no-sale-yet", STALL),
    ),
    "a whole box is sold": (
        OPENS,
        Line(BOX, "", ATTENTION, "now-the-price", SELLING),
        Line(TEN, "sold", ATTENTION, "sold-unknown", STALL),
    ),
    "a box that comes after its price, and one that comes back": (
        OPENS,
        Line(TEN, "", ATTENTION, "price-so-far", SELLING),
        Line(BOX, "sold", ATTENTION, "sold-unknown", STALL),
        ASKS_BACK,
        Line(BOX, "sale.taken-back", SAVED, "taken-back", STALL),
    ),
    "an item from another stop is sold and looked at": (
        OPENS,
        Line(STRANGER, "", ATTENTION, "now-the-price", SELLING),
        *_at(ATTENTION, "sold-foreign"),
        Line(NEVER, "", ATTENTION, "now-the-price", SELLING),
        *_at(ATTENTION, "sold-unknown"),
    ),
    "an item that was sold already": (
        *OPEN,
        *SELLS,
        WAITS,
        *_at(ATTENTION, "sold-sold"),
    ),
    "undo takes the price card, the sale in the making, and the sales before, newest first": (
        *OPEN,
        *SELLS,
        *NO_LABEL,
        Line(FIVE, "", ATTENTION, "price-so-far", SELLING),
        Line(FIVE, "", ATTENTION, "price-so-far", SELLING),
        Line(UNDO, "noticed", SAVED, "price-so-far", SELLING),
        Line(UNDO, "noticed", SAVED, "undone", STALL),
        Line(Label(1), "", ATTENTION, "now-the-price", SELLING),
        Line(UNDO, "noticed", SAVED, "undone", STALL),
        UNDONE,
        UNDONE,
        Line(UNDO, "voided", SAVED, "undone", REST),
    ),
    "a market opened by mistake": (OPENS, Line(UNDO, "voided", SAVED, "undone", REST)),
    "what was sold here comes back with its label alone": (
        *OPEN,
        *SELLS,
        ASKS_BACK,
        Line(Label(0), "sale.taken-back", SAVED, "taken-back", STALL),
        UNDONE,
        UNDONE,
    ),
    "what was sold another day comes back for the price that is named": (
        *OPEN,
        ASKS_BACK,
        Line(Label(0), "", ATTENTION, "now-the-price", RETURNING),
        Line(WECHAT, "", ATTENTION, "pay-W", RETURNING),
        Line(FIVE, "sale.taken-back", SAVED, "taken-back", STALL),
    ),
    "what has no label comes back": (
        *OPEN,
        *NO_LABEL,
        ASKS_BACK,
        Line(FIVE, "", ATTENTION, "price-so-far", RETURNING),
        Line(FIVE, "", ATTENTION, "price-so-far", RETURNING),
        Line(UNDO, "noticed", SAVED, "price-so-far", RETURNING),
        Line(FINISH, "sale.taken-back", SAVED, "taken-back", STALL),
        ASKS_BACK,
        Line(UNDO, "noticed", SAVED, "undone", STALL),
        ASKS_BACK,
        Line(FINISH, "refused", REFUSED, "price-first", RETURNING),
        After(120_000),
        Line(TIMEOUT, "", IDLE, "market-waits", STALL),
    ),
    "a donor comes in between, and the market goes on": (
        *OPEN,
        *SELLS,
        Line(FINISH, "noticed", SAVED, "market-rests", REST),
        Line(RICE, "session.opened received", SAVED, "received", INTAKE),
        Line(FINISH, "session.closed", SAVED, "thanks", REST),
        Line(MARKET, "noticed", SAVED, "market-resumed", STALL),
        UNDONE,
    ),
    "nobody sells for a quarter of an hour": (
        OPENS,
        After(900_000),
        Line(TIMEOUT, "", IDLE, "market-rests", REST),
        Line(ANN, "session.opened", SAVED, "welcome", CARDED),
        Line(MARKET, "session.closed noticed", SAVED, "market-resumed", STALL),
        Line(MARKET, "noticed", SAVED, "market-resumed", STALL),
    ),
    "the market is closed and the cash is right": (
        *OPEN,
        *SELLS,
        *NO_LABEL,
        COUNTS,
        Line(TEN, "", ATTENTION, "cash-so-far", CASHING),
        Line(TEN, "", ATTENTION, "cash-so-far", CASHING),
        Line(UNDO, "noticed", SAVED, "cash-so-far", CASHING),
        Line(FIVE, "", ATTENTION, "cash-so-far", CASHING),
        Line(FINISH, "market.closed", SAVED, "market-closed", REST),
        Line(MARKET, "market.opened", SAVED, "market-opened", STALL),
    ),
    "the market is closed and money is missing": (
        *OPEN,
        *NO_LABEL,
        COUNTS,
        Line(FIVE, "", ATTENTION, "cash-so-far", CASHING),
        Line(FINISH, "market.closed", ATTENTION, "market-closed-short", REST),
    ),
    "the market is closed and there is too much money": (
        *OPEN,
        *SELLS,
        COUNTS,
        Line(TEN, "", ATTENTION, "cash-so-far", CASHING),
        Line(FINISH, "market.closed", ATTENTION, "market-closed-over", REST),
    ),
    "the market is closed and nobody counts": (
        *OPEN,
        *SELLS,
        COUNTS,
        Line(FINISH, "market.closed", SAVED, "market-uncounted", REST),
    ),
    "closing the market by mistake": (
        OPENS,
        COUNTS,
        Line(UNDO, "noticed", SAVED, "market-not-closed", STALL),
        COUNTS,
        Line(FIVE, "", ATTENTION, "cash-so-far", CASHING),
        After(900_000),
        Line(TIMEOUT, "", ATTENTION, "market-not-closed", STALL),
    ),
}

REACH: dict[Phase, tuple[Scan | Label, ...]] = {
    STALL: (RICE, FINISH, MARKET),
    SELLING: (RICE, FINISH, MARKET, Label(0)),
    RETURNING: (RICE, FINISH, MARKET, TAKE_BACK),
    CASHING: (RICE, FINISH, MARKET, CLOSE),
}
