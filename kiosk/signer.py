"""Signs receipts with the kiosk's own key, so that they can be checked without a network.

A receipt without a signature is still a receipt: its claim opens the donor's list all the same.
Where there is no key (an identity of an earlier release) it is printed without, and the next
`yicang up` gives the kiosk one.

The signature is Ed25519 (RFC 8032), made by PyNaCl: cryptography makes the same one, and keeps 8 MB
of a small board for all that it can do besides.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Final

from contract.events import claim_hash
from contract.receipts import key_id, statement_bytes, write_fragment
from kiosk.identity import IdentityError, IdentityStore

if TYPE_CHECKING:
    from nacl.signing import SigningKey

log = logging.getLogger(__name__)


class ReceiptSigner:
    """Reads the key from the identity document, and loads PyNaCl, at the first receipt."""

    def __init__(self, identity: IdentityStore) -> None:
        self._identity: Final = identity
        self._key: SigningKey | None = None

    def fragment(self, head: str, claim: str, items: int) -> str | None:
        """What follows the ``#`` in the QR code of the receipt for ``claim`` (its plaintext) and
        ``items`` items; ``head`` is the event id that the receipt shows. The same arguments give
        the same text: a copy of a receipt is signed like the first. None without a key."""
        key = self._key = self._key or self._load()
        if key is None:
            return None
        signature = key.sign(statement_bytes(head, claim_hash(claim), items)).signature
        return write_fragment(head, items, key_id(key.verify_key.encode()), signature)

    def _load(self) -> SigningKey | None:
        try:
            seed = self._identity.load().signing_key
        except IdentityError as error:
            log.warning("a receipt is not signed: %s", error.words.en)
            return None
        if seed is None:
            return None
        from nacl.signing import SigningKey

        return SigningKey(bytes.fromhex(seed))
