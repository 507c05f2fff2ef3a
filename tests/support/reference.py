"""Reference data put where a kiosk keeps it, as if the hub had told it."""

from collections.abc import Sequence

from contract.messages import digest
from contract.reference import Entry, pieces
from kiosk.reference import ReferenceStore


def tell(store: ReferenceStore, part: str, *entries: Entry) -> tuple[str, ...]:
    """From now on ``part`` consists of these; the digests of its pieces."""
    return adopt(store, part, pieces(part, entries))


def adopt(store: ReferenceStore, part: str, payloads: Sequence[bytes]) -> tuple[str, ...]:
    """These pieces arrive, and then the part is taken; their digests."""
    digests = tuple(digest(payload) for payload in payloads)
    for name, payload in zip(digests, payloads, strict=True):
        store.keep(name, payload)
    store.adopt(part, digests)
    return digests
