"""What the kiosk says when somebody offers time, works, or gives a spoon of rice."""

from typing import Final

from drivers.ports import Words
from kiosk.state import Phase

MESSAGES: Final[dict[str, Words]] = {}

NEXT: Final[dict[Phase, Words]] = {}

NEXT_AFTER: Final[dict[str, Words]] = {}

WHAT: Final[dict[str, Words]] = {}
