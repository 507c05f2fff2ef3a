"""Which message is spoken, and by which recording. One table; what is not in it stays silent.

A prompt says what to do next, never what a person brought or who it is: others stand in the queue.
Most messages have none, since the beep has told already and a voice after each scan of thirty would
be switched off. `drivers.prompts` has the words, `docs/voices.md` tells how to record them.
"""

from typing import Final

PROMPT_OF: Final[dict[str, str]] = {
    "received": "saved",
    "to-be-sorted": "saved",
    "which-category": "category",
    "refused": "refused",
    "claim": "refused",
    "foreign": "refused",
    "unknown-card": "refused",
    "damaged": "again",
    "thanks": "thanks",
    "undone": "undone",
    "handover-undone": "undone",
    "welcome": "welcome",
    "out": "recorded",
    "moved": "recorded",
    "delivered": "recorded",
    "back": "recorded",
    "no-codes": "staff",
    "delivered-unknown": "staff",
    "back-unknown": "staff",
    "not-saved": "unsaved",
    "help-rest": "help",
    "help-carded": "help",
    "help-intake": "help",
    "help-asking": "category",
}
"""Message key (`kiosk.texts.MESSAGES`) to prompt (`drivers.prompts.PROMPTS`)."""

PAPER_PROMPT: Final = "paper"
"""Spoken when a printer begins to need somebody."""
