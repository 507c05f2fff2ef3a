"""What can be said of an item, as stored and served: one word each."""

from typing import Final

IN_STOCK: Final = "in_stock"
RESERVED: Final = "reserved"
"""In stock, and kept for a delivery plan."""
UNLABELLED: Final = "unlabelled"
QUARANTINED: Final = "quarantined"
OUT: Final = "out"
DELIVERED: Final = "delivered"
SENT: Final = "sent"
"""On its way to another stop or with a team, and not seen there yet."""
SOLD: Final = "sold"
MISSING: Final = "missing"
DISPOSED: Final = "disposed"
VOIDED: Final = "voided"
UNKNOWN: Final = "unknown"

HERE: Final = (IN_STOCK, RESERVED, UNLABELLED, QUARANTINED)
"""At the stop."""

COUNTED: Final = frozenset({*HERE, OUT, DELIVERED, SENT, SOLD, MISSING, DISPOSED})
"""Those that the stock table counts."""
