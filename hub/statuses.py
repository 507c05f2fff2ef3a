"""What can be said of an item, as stored and served: one word each."""

from typing import Final

IN_STOCK: Final = "in_stock"
UNLABELLED: Final = "unlabelled"
OUT: Final = "out"
DELIVERED: Final = "delivered"
VOIDED: Final = "voided"
UNKNOWN: Final = "unknown"

COUNTED: Final = frozenset({IN_STOCK, UNLABELLED, OUT, DELIVERED})
"""Those that the stock table counts."""
