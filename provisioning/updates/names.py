"""The two links between releases, and which of a release's files goes with which. Pure."""

from typing import Final

CURRENT: Final = "current"
CONFIRMED: Final = "confirmed"


def follows(name: str) -> str:
    """Whether a file goes with ``current`` or, as the updater's own, with ``confirmed``."""
    return CONFIRMED if name.startswith("yicang-update") else CURRENT
