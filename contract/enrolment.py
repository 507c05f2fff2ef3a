"""What enrolment gives a kiosk, as one JSON document that stays outside its journal.

The hub writes it once; the kiosk marks in it which journal took which prefix, and where its last
epoch stood. A journal can be lost, copied or restored: this document then still tells that its
prefix is spent, and which epoch came before.
"""

from typing import Annotated, Final

import msgspec
from msgspec import Meta, Struct

from contract.events import EpochId, Hash, KioskId, Prefix, SessionId, whole

SPARE_PREFIXES: Final = 8
"""Prefixes issued at enrolment: the first journal's and seven for journals after it."""


class Grant(Struct, frozen=True, omit_defaults=True):
    """One prefix of this kiosk; ``journal`` is the id of the journal that took it, None for a
    spare."""

    prefix: Prefix
    journal: SessionId | None = None


class Identity(Struct, frozen=True, omit_defaults=True):
    """Who a kiosk is. ``username`` and ``password`` are for the broker.

    ``prefixes`` are in the order in which they are taken. ``last_epoch`` is the newest epoch
    that was opened here, ``last_head_hash`` the newest hash that is known of it (of the event
    before it, right after it was opened). ``signing_key`` is the private half of the key that
    signs receipts, the 32 bytes of Ed25519 (RFC 8032) in hex, and is nowhere else; documents of
    earlier releases have none. ``bundle_key`` is the hub's public key for bundles
    (`contract.bundles`); without it a kiosk writes none.
    """

    kiosk: KioskId
    username: KioskId
    password: Annotated[str, Meta(min_length=16, max_length=128)]
    prefixes: tuple[Grant, ...] = ()
    last_epoch: EpochId | None = None
    last_head_hash: Hash | None = None
    signing_key: Annotated[str, whole(r"[0-9a-f]{64}")] | None = None
    bundle_key: Annotated[str, whole(r"age1[0-9a-z]{1,120}")] | None = None


def encode_identity(identity: Identity, before: bytes = b"") -> bytes:
    """The document, indented so that a person can read it.

    ``before`` is the document that it replaces. What a later release wrote into that and this one
    does not know stays: after an update that was left again, the later one will want it.
    """
    document = msgspec.json.decode(msgspec.json.encode(identity), type=dict[str, msgspec.Raw])
    try:
        old = msgspec.json.decode(before, type=dict[str, msgspec.Raw]) if before else {}
    except (msgspec.MsgspecError, UnicodeDecodeError):
        old = {}
    if old.get("kiosk") == document["kiosk"]:
        known = Identity.__struct_fields__
        document |= {name: value for name, value in old.items() if name not in known}
    return msgspec.json.format(msgspec.json.encode(document), indent=2) + b"\n"


def decode_identity(document: bytes) -> Identity:
    """Raises ``msgspec.MsgspecError``, naming the field, or UnicodeDecodeError."""
    return msgspec.json.decode(document, type=Identity)
