"""The signature on a donor's receipt: what is signed, how a QR code carries it, how to check it.

The QR code of a receipt is ``<hub's address>/c/<claim>#<fragment>``. A browser sends no fragment,
so the hub never sees it; whoever holds the paper does, and can check it without a network:

* The kiosk signed a **statement** (`statement_bytes`): its journal's head when the receipt was
  promised, the *hash* of the claim, and how many items came in. The head is an event's id and so
  begins with the kiosk's id, and its hash stands for every event before it: a record that no
  longer holds that event has been shortened, and the paper proves it.
* The **fragment** holds those of these facts that the QR code does not show otherwise, the id of
  the key and the signature (Ed25519, RFC 8032). It holds no secret.
* The hub publishes every kiosk's public keys for everybody (`KeyList`). Keys are never removed:
  a receipt can be checked for as long as somebody keeps it.

The address in front is not signed: a hub may move. There is one spelling of every fragment, and
any other is refused.

Ed25519 itself comes in as a function, so that the contract needs no cryptographic library.
"""

import base64
import binascii
import enum
import hashlib
import re
from collections.abc import Callable
from typing import Annotated, Final, TypeAlias

import msgspec
from msgspec import Meta, Struct

from contract.codes import is_claim, normalise
from contract.events import EventId, KioskId, Milliseconds, claim_hash, whole

DOMAIN: Final = "yicang/1/receipt"
"""Keeps these signatures apart from any other that the same key might make."""

VERSION: Final = "1"
"""First part of a fragment. It rises when an old reader could not read the rest."""

ALGORITHM: Final = "Ed25519"
PUBLIC_KEY_BYTES: Final = 32
SIGNATURE_BYTES: Final = 64
MAX_ITEMS: Final = 100_000
"""As many as `contract.events.SessionClosed` counts."""

KeyId: TypeAlias = Annotated[str, whole(r"[0-9a-f]{8}")]
"""First 8 hex digits of the SHA-256 of the public key's 32 bytes."""
PublicKey: TypeAlias = Annotated[str, whole(r"[A-Za-z0-9+/]{43}=")]
"""The 32 bytes of a public key in base64."""

Verify: TypeAlias = Callable[[bytes, bytes, bytes], bool]
"""``verify(public_key, signature, message)``: whether Ed25519 holds; 32 and 64 bytes, and any."""

_FRAGMENT: Final = re.compile(
    r"1\.(?P<head>[a-z0-9][a-z0-9-]{2,31}\.[0-9a-f]{16}\.[1-9][0-9]{0,15}\.[0-9a-f]{16})"
    r"\.(?P<items>0|[1-9][0-9]{0,5})\.(?P<key>[0-9a-f]{8})\.(?P<signature>[A-Za-z0-9_-]{86})",
    re.ASCII,
)
_ADDRESS: Final = re.compile(r"https?://[^/?#]+(?:/[^?#]*)?/c/(?P<claim>[^/?#]+)/?", re.IGNORECASE)


class Problem(enum.StrEnum):
    """Why a text is no receipt that can be relied on."""

    NO_RECEIPT = "no-receipt"  # not the address of a claim
    UNSIGNED = "unsigned"  # an address without a fragment
    VERSION = "version"  # made by a later release
    FORM = "form"  # cut short, or never one of ours
    UNKNOWN_KEY = "unknown-key"  # no such key is published for this kiosk
    SIGNATURE = "signature"  # something was changed


class ReceiptError(ValueError):
    """A receipt that cannot be relied on; ``problem`` says why."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.value)
        self.problem: Final = problem


class Fragment(Struct, frozen=True):
    """A fragment's content. ``head`` is the journal's head (an event's id), ``items`` how many
    came in, ``signature`` 64 bytes."""

    head: EventId
    items: Annotated[int, Meta(ge=0, le=MAX_ITEMS)]
    key_id: KeyId
    signature: bytes

    @property
    def kiosk(self) -> str:
        """The kiosk that signed, as the head says."""
        return self.head.partition(".")[0]


class PublishedKey(Struct, frozen=True, omit_defaults=True):
    """A kiosk's public key, and where the kiosk stands."""

    kiosk: KioskId
    key_id: KeyId
    public_key: PublicKey
    created_ms: Milliseconds
    stop: str = ""
    stop_zh: str = ""
    stop_en: str = ""


class KeyList(Struct, frozen=True):
    """What a hub publishes at ``/keys.json``: every key that a kiosk of its ever had."""

    keys: tuple[PublishedKey, ...]
    domain: str = DOMAIN
    algorithm: str = ALGORITHM


def key_id(public_key: bytes) -> str:
    """The id of a public key of 32 bytes."""
    return hashlib.sha256(public_key).hexdigest()[:8]


def key_text(public_key: bytes) -> str:
    """A public key of 32 bytes as it is published."""
    return base64.b64encode(public_key).decode()


def statement_bytes(head: str, claim_digest: str, items: int) -> bytes:
    """What is signed: domain, head, the claim's hash as 64 hex digits and the number of items as
    decimal digits, with a zero byte between them. None of the parts can hold one."""
    return "\0".join((DOMAIN, head, claim_digest, str(items))).encode()


def write_fragment(head: str, items: int, key: str, signature: bytes) -> str:
    """The fragment, without the ``#``."""
    signed = base64.urlsafe_b64encode(signature).rstrip(b"=").decode()
    return f"{VERSION}.{head}.{items}.{key}.{signed}"


def parse_fragment(text: str) -> Fragment:
    """A fragment's content; ``text`` is without the ``#``.

    Raises:
        ReceiptError: `Problem.VERSION` or `Problem.FORM`.
    """
    version, dot, _ = text.partition(".")
    if dot and version != VERSION and version.isascii() and version.isdigit():
        raise ReceiptError(Problem.VERSION)
    found = _FRAGMENT.fullmatch(text)
    if found is None:
        raise ReceiptError(Problem.FORM)
    signature = base64.urlsafe_b64decode(found["signature"] + "==")
    try:
        fragment = msgspec.convert(
            {
                "head": found["head"],
                "items": int(found["items"]),
                "key_id": found["key"],
                "signature": signature,
            },
            Fragment,
        )
    except msgspec.ValidationError:
        raise ReceiptError(Problem.FORM) from None
    # 86 characters hold 4 bits more than a signature: one spelling only.
    if write_fragment(fragment.head, fragment.items, fragment.key_id, signature) != text:
        raise ReceiptError(Problem.FORM)
    return fragment


def parse_receipt(text: str) -> tuple[str, Fragment]:
    """The claim in its canonical form, and the fragment, of what a receipt's QR code says.

    Raises:
        ReceiptError: any problem but the last two.
    """
    address, mark, fragment = text.strip().partition("#")
    found = _ADDRESS.fullmatch(address)
    claim = normalise(found["claim"]) if found else ""
    if not is_claim(claim):
        raise ReceiptError(Problem.NO_RECEIPT)
    if not mark or not fragment:
        raise ReceiptError(Problem.UNSIGNED)
    return claim, parse_fragment(fragment)


def check(text: str, keys: KeyList, verify: Verify) -> tuple[Fragment, PublishedKey]:
    """What a receipt's QR code says, and whose key signed it. Nothing but the arguments is needed.

    Raises:
        ReceiptError: it cannot be relied on.
    """
    claim, fragment = parse_receipt(text)
    statement = statement_bytes(fragment.head, claim_hash(claim), fragment.items)
    for key in keys.keys:
        if (key.kiosk, key.key_id) != (fragment.kiosk, fragment.key_id):
            continue
        public_key = _raw(key.public_key)
        if public_key is None or key_id(public_key) != key.key_id:
            continue
        if verify(public_key, fragment.signature, statement):
            return fragment, key
        raise ReceiptError(Problem.SIGNATURE)
    raise ReceiptError(Problem.UNKNOWN_KEY)


def _raw(public_key: str) -> bytes | None:
    try:
        raw = base64.b64decode(public_key, validate=True)
    except binascii.Error:
        return None
    return raw if len(raw) == PUBLIC_KEY_BYTES else None
