"""The food gate in a turn: what becomes of goods that may not go out.

What is refused is recorded, so that nothing is ever refused into nothing: a stop that turns away
a sack of rice every day must see it. What is quarantined has its code and its label, and cannot be
chosen for a handover until somebody released it. Undo takes either back.
"""

from datetime import date

from contract.actions import FOOD_CATEGORIES, UNSORTED
from contract.events import FoodRefused, Quarantined, Retail
from drivers.ports import Signal
from kiosk.food_gate import (
    Accept,
    FoodPolicy,
    Quarantine,
    Refuse,
    Verdict,
    Why,
    admit,
    gate,
    last_day_of,
)
from kiosk.state import EventRef, LastAction, Part
from kiosk.workflow.turn import Turn

QUARANTINE_NOTE = "quarantine"
"""What a label says of an item that waits to be checked: a key of `kiosk.texts.NOTES`."""


def verdict_on_code(turn: Turn, category: str, retail: Retail | None) -> Verdict:
    """The gate's verdict on goods of this category with this retail code."""
    facts = turn.facts
    if retail is None or (retail.last_day is None and not facts.recalls):
        return Accept()  # as most do, and a donor waits
    return admit(
        retail,
        food=_eaten(category),
        today=facts.today,
        margin_days=facts.settings.food_margin_days,
        policy=_policy(turn),
        recalls=facts.recalls,
    )


def verdict_on_day(turn: Turn, category: str, last_day: date) -> Verdict:
    """The gate's verdict on goods whose last good day somebody read from the pack."""
    return gate(
        food=_eaten(category),
        last_day=last_day,
        today=turn.facts.today,
        margin_days=turn.facts.settings.food_margin_days,
        policy=_policy(turn),
    )


def record_refusal(turn: Turn, category: str, retail: Retail | None, verdict: Refuse) -> None:
    """Records that these goods were not taken in, says why, and lets undo take that back."""
    ref = turn.append(
        FoodRefused(
            category=category, why=verdict.why.value, retail=retail, session=turn.state.session
        )
    )
    turn.set(
        groups=(*turn.state.groups, 0),
        trail=(*turn.state.trail, LastAction((Part(ref, (), ()),))),
    )
    turn.say(Signal.REFUSED, f"food-{verdict.why.value}", day=_day(retail))


def record_quarantine(turn: Turn, codes: tuple[str, ...], verdict: Quarantine) -> EventRef:
    """Records that these items wait to be checked."""
    return turn.append(Quarantined(items=codes, why=verdict.why.value, session=turn.state.session))


def say_quarantined(turn: Turn, retail: Retail | None, verdict: Quarantine, count: int) -> None:
    """Says that this many items go into the quarantine box, and why."""
    turn.say(Signal.ATTENTION, f"quarantined-{verdict.why.value}", count=count, day=_day(retail))


def _eaten(category: str) -> bool:
    """What nobody has sorted yet may be food."""
    return category in FOOD_CATEGORIES or category == UNSORTED.key


def _policy(turn: Turn) -> FoodPolicy:
    """A word of a later release refuses: the stricter one of those that are known."""
    chosen = turn.facts.settings.food_gate
    return FoodPolicy.QUARANTINE if chosen == FoodPolicy.QUARANTINE else FoodPolicy.REFUSE


def _day(retail: Retail | None) -> str:
    day = last_day_of(retail)
    return day.isoformat() if day is not None else ""


__all__ = [
    "QUARANTINE_NOTE",
    "Why",
    "record_quarantine",
    "record_refusal",
    "say_quarantined",
    "verdict_on_code",
    "verdict_on_day",
]
