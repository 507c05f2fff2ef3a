"""What the kiosk says in a stocktake."""

from typing import Final

from drivers.ports import Words
from kiosk.state import Phase

MESSAGES: Final[dict[str, Words]] = {}

NEXT: Final[dict[Phase, Words]] = {}

NEXT_AFTER: Final[dict[str, Words]] = {}

WHAT: Final[dict[str, Words]] = {}
