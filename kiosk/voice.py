"""Which message is spoken, and by which recording. One table; what is not in it stays silent.

A prompt says what to do next, never what a person brought or who it is: others stand in the queue.
Most messages have none, since the beep has told already and a voice after each scan of thirty would
be switched off. `drivers.prompts` has the words, `docs/voices.md` tells how to record them.
"""

from typing import Final

from kiosk.texts.retail import MESSAGES as RETAIL_MESSAGES

PROMPT_OF: Final[dict[str, str]] = {
    # A retail code that is not understood: its category card is the way on.
    **{key: "category" for key in RETAIL_MESSAGES if key.startswith("retail-")},
    "retail-check-digit": "again",
    "food-expired": "refused",
    "food-expires-soon": "refused",
    # Kept, but somebody must look before it goes onto the shelf.
    **{key: "staff" for key in RETAIL_MESSAGES if key.startswith("quarantined-")},
    "received": "saved",
    "to-be-sorted": "saved",
    "box-received": "saved",
    "box-received-uncounted": "saved",
    "label-bound": "saved",
    "which-category": "category",
    "refused": "refused",
    "claim": "refused",
    "foreign": "refused",
    "unknown-card": "refused",
    "card-first": "refused",
    "not-allowed": "staff",
    "damaged": "again",
    "thanks": "thanks",
    "thanks-unchecked": "thanks",
    "undone": "undone",
    "handover-undone": "undone",
    "welcome": "welcome",
    "resumed": "welcome",
    "out": "recorded",
    "moved": "recorded",
    "delivered": "recorded",
    "back": "recorded",
    "delivered-some": "recorded",
    "back-some": "recorded",
    "sent": "recorded",
    "disposed": "recorded",
    "sealed": "recorded",
    "receiving-done": "recorded",
    "sale-undone": "undone",
    "shelf-undone": "undone",
    "count-undone": "undone",
    "work-undone": "undone",
    "market-closed": "recorded",
    "market-closed-short": "recorded",
    "market-closed-over": "recorded",
    "count-closed": "recorded",
    "count-closed-missing": "recorded",
    "time-thanks": "recorded",
    "work-started": "recorded",
    "work-started-again": "recorded",
    "work-ended": "recorded",
    "work-ended-unknown": "staff",
    "spoons-thanks": "recorded",
    "which-unlabelled": "category",
    "no-codes": "staff",
    "delivered-unknown": "staff",
    "missing-unknown": "staff",
    "back-unknown": "staff",
    "label-unsure": "paper",
    "not-saved": "unsaved",
    "stick-done": "recorded",
    "help-rest": "help",
    "help-carded": "help",
    "help-intake": "help",
    "help-asking": "category",
}
"""Message key (`kiosk.texts.MESSAGES`) to prompt (`drivers.prompts.PROMPTS`)."""

CALL_PROMPT: Final = "welcome"
"""Spoken when the hub asks which kiosk this is, and in a self-test."""
PAPER_PROMPT: Final = "paper"
"""Spoken when a printer begins to need somebody."""
