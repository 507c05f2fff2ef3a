"""The charity market: what was sold for how much, taken back, counted."""

from typing import Annotated

from msgspec import Meta

from contract.bodies.base import Happened
from contract.fields import CategoryKey, HeldCode, Jiao, SessionId, SignedJiao, whole


class MarketOpened(Happened, frozen=True, tag="market.opened"):
    """A lane began to sell; ``market`` names this sale until it is closed."""

    market: SessionId


class Sold(Happened, frozen=True, tag="sold"):
    """Something was sold. Without ``item`` it had no label and was paid by price cards alone.

    ``price`` is in jiao (0.1 yuan); ``pay`` a key of the payment cards.
    """

    market: SessionId
    price: Jiao
    item: HeldCode | None = None
    category: CategoryKey | None = None
    pay: Annotated[str, whole(r"[A-Z]")] = "C"


class SaleTakenBack(Happened, frozen=True, tag="sale.taken-back"):
    """A buyer brought something back and got ``price`` jiao again."""

    market: SessionId
    price: Jiao
    item: HeldCode | None = None
    pay: Annotated[str, whole(r"[A-Z]")] = "C"


class MarketClosed(Happened, frozen=True, tag="market.closed"):
    """The sale ended. In jiao: ``recorded`` is all that was sold less what was taken back,
    ``cash`` the part of it in cash, ``counted`` what somebody counted in the box (None: nobody
    did)."""

    market: SessionId
    sales: Annotated[int, Meta(ge=0, le=100_000)]
    recorded: SignedJiao
    cash: SignedJiao
    counted: Jiao | None = None
