"""Signs receipts with the kiosk's own key, so that they can be checked without a network.

A receipt without a signature is still a receipt: its claim opens the donor's list all the same.
Where there is no key (an identity of an earlier release) it is printed without, and the next
`yicang up` gives the kiosk one.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Final

from contract.events import claim_hash
from contract.receipts import key_id, statement_bytes, write_fragment
from kiosk.identity import IdentityError, IdentityStore

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

log = logging.getLogger(__name__)


class ReceiptSigner:
    """Reads the key from the identity document, and loads cryptography, at the first receipt."""

    def __init__(self, identity: IdentityStore) -> None:
        self._identity: Final = identity
        self._key: Ed25519PrivateKey | None = None

    def fragment(self, head: str, claim: str, items: int) -> str | None:
        """What follows the ``#`` in the QR code of the receipt for ``claim`` (its plaintext) and
        ``items`` items; ``head`` is the event id that the receipt shows. The same arguments give
        the same text: a copy of a receipt is signed like the first. None without a key."""
        key = self._key = self._key or self._load()
        if key is None:
            return None
        signature = key.sign(statement_bytes(head, claim_hash(claim), items))
        public = key.public_key().public_bytes_raw()
        return write_fragment(head, items, key_id(public), signature)

    def _load(self) -> Ed25519PrivateKey | None:
        try:
            seed = self._identity.load().signing_key
        except IdentityError as error:
            log.warning("a receipt is not signed: %s", error.words.en)
            return None
        if seed is None:
            return None
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

        return Ed25519PrivateKey.from_private_bytes(bytes.fromhex(seed))
