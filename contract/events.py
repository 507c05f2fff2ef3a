"""Events: what happened at a kiosk, as one line of JSON that is hashed, kept and never re-encoded.

Rules
-----
* Every process start of a kiosk opens a random **epoch**; its first event (seq 1) is
  `EpochOpened` and carries the hash of the last event before it. Within an epoch seq counts
  1, 2, 3, …
* A line is ``{"prev": …, "salt": …, "public": {…}, "private": {…}}``. The event's hash is
  ``H(prev, H(public bytes), H(salt, private bytes))`` over the *received bytes* of both parts,
  so that a private part can be erased (its digest stays) without breaking the chain, and so
  that a field which a later release adds survives an older reader.
* An event is known by (kiosk, epoch, seq, hash); `event_id` writes that as one word. Two
  events that name the same ``prev`` are a fork: a cloned or restored card.
* Evolution is additive only: fields are added with defaults, types are added, nothing changes
  its meaning or goes. Every released line stays decodable for ever.
* No event holds free text, a person's name or a bearer token. Who acted is the domain-separated
  hash of a card, and stands in the private part.

The types follow the what, when, where and why of GS1 EPCIS. Time is not in the body: an event
has its boot's monotonic milliseconds; `contract.order` turns them into an order.
"""

import hashlib
from typing import Annotated, Final, TypeAlias

import msgspec
from msgspec import Meta, Raw, Struct

from contract.codes import TokenDomain, token_hash

VERSION: Final = 1
"""Version of the frame. It rises only when an old reader could not read the frame at all."""

MAX_EVENT_BYTES: Final = 4096
"""Longest line in bytes, checked at append."""

ZERO_HASH: Final = "0" * 64
"""What the first event of a journal that remembers nothing names as its predecessor."""

MAX_SEQ: Final = 2**53 - 1

NO_LINE_BREAK_AFTER: Final = r"(?!\n)"


def whole(pattern: str) -> Meta:
    """A constraint that all of a text matches ``pattern``.

    A bare ``$`` also matches before a final line break, which would end a line in a log.
    """
    return Meta(pattern=f"^(?:{pattern})${NO_LINE_BREAK_AFTER}")


KioskId: TypeAlias = Annotated[str, whole(r"[a-z0-9][a-z0-9-]{2,31}")]
"""Also the MQTT user name and client id; given at enrolment, never taken from a scan."""
EpochId: TypeAlias = Annotated[str, whole(r"[0-9a-f]{16}")]
Hash: TypeAlias = Annotated[str, whole(r"[0-9a-f]{64}")]
BootId: TypeAlias = Annotated[str, whole(r"[0-9a-f]{32}")]
"""The kernel's boot id without hyphens: monotonic times compare only within one boot."""
SessionId: TypeAlias = Annotated[str, whole(r"[0-9a-f]{16}")]
EventId: TypeAlias = Annotated[
    str, whole(r"[a-z0-9][a-z0-9-]{2,31}\.[0-9a-f]{16}\.[0-9]{1,16}\.[0-9a-f]{16}")
]
Seq: TypeAlias = Annotated[int, Meta(ge=1, le=MAX_SEQ)]
Milliseconds: TypeAlias = Annotated[int, Meta(ge=0, le=2**53 - 1)]
SignedMilliseconds: TypeAlias = Annotated[int, Meta(ge=-(2**53) + 1, le=2**53 - 1)]
Lane: TypeAlias = Annotated[str, whole(r"[a-z0-9-]{1,32}")]
Word: TypeAlias = Annotated[str, whole(r"[A-Za-z0-9_.+ -]{0,64}")]
"""A short machine word: never what a person typed or what a scan held."""

_CODE = "[0-9A-HJKMNP-TV-Z]"
ItemCode: TypeAlias = Annotated[str, whole(rf"G{_CODE}{{10}}")]
BoxCode: TypeAlias = Annotated[str, whole(rf"B{_CODE}{{10}}")]
HeldCode: TypeAlias = Annotated[str, whole(rf"[GB]{_CODE}{{10}}")]
"""An item, or a box with what is in it."""
PlanCode: TypeAlias = Annotated[str, whole(rf"D{_CODE}{{10}}")]
PlaceCode: TypeAlias = Annotated[str, whole(rf"W{_CODE}{{7}}")]
CategoryKey: TypeAlias = Annotated[str, whole(rf"{_CODE}{{2}}")]
Prefix: TypeAlias = Annotated[str, whole(rf"{_CODE}{{4}}")]
HeldCodes: TypeAlias = Annotated[tuple[HeldCode, ...], Meta(max_length=120)]
"""At most 120 codes (1.7 kB) in one event; a longer handover is written as several events."""

MAX_CODES_PER_EVENT: Final = 120
MAX_IDS_PER_VOID: Final = 24
"""Event ids in one `Voided`: at most 24 x 85 bytes. A quantity's group is never larger."""


class Retail(Struct, frozen=True, omit_defaults=True):
    """What a retail code said: GTIN as 14 digits, expiry as ``YYYY-MM-DD``, lot."""

    gtin: Annotated[str, whole(r"[0-9]{14}")]
    expiry: Annotated[str, whole(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")] | None = None
    lot: Annotated[str, Meta(max_length=20)] | None = None


class _Body(Struct, frozen=True, tag_field="type", omit_defaults=True, kw_only=True):
    """Base of all bodies: msgspec writes the tag as ``type``."""


class EpochOpened(_Body, frozen=True, tag="epoch.opened"):
    """A process started (or had to leave a disputed epoch) with this journal and prefix."""

    journal: SessionId
    prefix: Prefix | None = None
    prev_epoch: EpochId | None = None
    software: Word = ""
    why: Word = "start"


class ClockLearned(_Body, frozen=True, tag="clock.learned"):
    """Wall time became known: ``offset`` = wall milliseconds at this boot's monotonic zero."""

    offset: SignedMilliseconds
    source: Word


class SessionOpened(_Body, frozen=True, tag="session.opened"):
    """A person (private part) or somebody without a card began at a lane."""

    session: SessionId


class SessionJoined(_Body, frozen=True, tag="session.joined"):
    """A card was scanned soon after a cardless session's last item and belongs to it."""

    session: SessionId


class SessionClosed(_Body, frozen=True, tag="session.closed"):
    """A session ended; ``claim`` is the hash that opens the donor's private list."""

    session: SessionId
    why: Word
    items: Annotated[int, Meta(ge=0, le=100_000)] = 0
    claim: Hash | None = None


class Received(_Body, frozen=True, tag="received"):
    """One item came in and got its code. ``category`` ``ZZ`` is "to be sorted"."""

    session: SessionId
    item: ItemCode
    category: CategoryKey
    place: PlaceCode
    retail: Retail | None = None


class LabelAttached(_Body, frozen=True, tag="label.attached"):
    """An item's label is on it as far as we can know: printed, unconfirmed or scanned back."""

    item: ItemCode
    how: Word


class ItemPicked(_Body, frozen=True, tag="item.picked"):
    """An item's label was scanned for a handover whose destination is not yet known.

    ``outcome`` is what the kiosk could tell: ok, unknown, foreign, delivered, out, voided.
    """

    session: SessionId
    item: HeldCode
    outcome: Word


class ItemSeen(_Body, frozen=True, tag="item.seen"):
    """An item's label was scanned without a handover; custody does not change."""

    item: HeldCode
    outcome: Word
    session: SessionId | None = None


class Moved(_Body, frozen=True, tag="moved"):
    """Items or boxes came to a place."""

    place: PlaceCode
    items: HeldCodes
    session: SessionId | None = None


class Packed(_Body, frozen=True, tag="packed"):
    """Items or boxes went into a box."""

    box: BoxCode
    items: HeldCodes
    session: SessionId | None = None


class Unpacked(_Body, frozen=True, tag="unpacked"):
    """Items or boxes came out of a box."""

    box: BoxCode
    items: HeldCodes
    session: SessionId | None = None


class Out(_Body, frozen=True, tag="out"):
    """Items left with a volunteer (private part) for a delivery plan."""

    plan: PlanCode
    items: HeldCodes
    session: SessionId | None = None


class PlanSeen(_Body, frozen=True, tag="plan.seen"):
    """A plan was scanned without items: its outcome follows, or nothing does."""

    plan: PlanCode
    session: SessionId | None = None


class Delivered(_Body, frozen=True, tag="delivered"):
    """What was out for this plan reached its family (private part)."""

    plan: PlanCode
    items: HeldCodes = ()
    session: SessionId | None = None


class Back(_Body, frozen=True, tag="back"):
    """What was out for this plan came back; ``why`` is for example ``not-home``."""

    plan: PlanCode
    why: Word
    items: HeldCodes = ()
    session: SessionId | None = None


class Voided(_Body, frozen=True, tag="voided"):
    """These events did not happen. ``items`` names what they touched; the fold needs both."""

    events: Annotated[tuple[EventId, ...], Meta(min_length=1, max_length=MAX_IDS_PER_VOID)]
    items: HeldCodes = ()
    why: Word = "undo"


class Unrecognised(_Body, frozen=True, tag="unrecognised"):
    """A scan that is neither ours nor valid GS1: its form only, never its content."""

    length: Annotated[int, Meta(ge=0, le=100_000)]
    problem: Word
    symbology: Word = ""


class Refused(_Body, frozen=True, tag="refused"):
    """A valid scan that has no meaning in this state, by the kind of input only."""

    input: Word
    state: Word


class HelpWanted(_Body, frozen=True, tag="help.wanted"):
    """Somebody pressed or scanned help."""


class DeviceChanged(_Body, frozen=True, tag="device.changed"):
    """A scanner, printer or panel came or went."""

    device: Word
    kind: Word
    ok: bool
    detail: Word = ""


class Noticed(_Body, frozen=True, tag="noticed"):
    """The kiosk saw something that somebody must see: a refused hash, no prefix left, …"""

    kind: Word
    epoch: EpochId | None = None
    seq: Annotated[int, Meta(ge=0, le=MAX_SEQ)] = 0


Body: TypeAlias = (
    EpochOpened
    | ClockLearned
    | SessionOpened
    | SessionJoined
    | SessionClosed
    | Received
    | LabelAttached
    | ItemPicked
    | ItemSeen
    | Moved
    | Packed
    | Unpacked
    | Out
    | PlanSeen
    | Delivered
    | Back
    | Voided
    | Unrecognised
    | Refused
    | HelpWanted
    | DeviceChanged
    | Noticed
)


class Public(Struct, frozen=True, omit_defaults=True):
    """The part of an event that anyone may read.

    ``mono`` is milliseconds since boot, ``wall`` the kiosk's idea of Unix milliseconds, and
    ``clock`` whether that idea was trusted when the event was written.
    """

    v: Annotated[int, Meta(ge=1, le=VERSION)]
    kiosk: KioskId
    epoch: EpochId
    seq: Seq
    boot: BootId
    mono: Milliseconds
    wall: SignedMilliseconds
    clock: bool
    lane: Lane
    body: Body


class Private(Struct, frozen=True, omit_defaults=True):
    """The erasable part: domain-separated hashes of the tokens that were scanned."""

    person: Hash | None = None
    family: Hash | None = None


class Line(Struct, frozen=True):
    """The frame of one line; both parts stay the bytes that they were."""

    prev: Hash
    salt: Annotated[str, whole(r"[0-9a-f]{32}")]
    public: Raw
    private: Raw


class Event(Struct, frozen=True):
    """A decoded event with its place in the chain; ``raw`` are the bytes it came as."""

    raw: bytes
    prev: str
    hash: str
    public: Public
    private: Private

    @property
    def id(self) -> str:
        """The event's name everywhere: ``kiosk.epoch.seq.hash16``."""
        return event_id(self.public.kiosk, self.public.epoch, self.public.seq, self.hash)


class EventError(ValueError):
    """A line that cannot be understood now.

    ``reason`` is a machine word. ``prev`` and ``hash`` are given where the frame was readable,
    so that the chain goes on across an event of an unknown type.
    """

    def __init__(self, reason: str, *, prev: str | None = None, hash: str | None = None) -> None:  # noqa: A002
        super().__init__(reason)
        self.reason = reason
        self.prev = prev
        self.hash = hash


_HASH_DOMAIN: Final = b"yicang/1/event\0"
_line_decoder: Final = msgspec.json.Decoder(Line)
_public_decoder: Final = msgspec.json.Decoder(Public)
_private_decoder: Final = msgspec.json.Decoder(Private)
_encoder: Final = msgspec.json.Encoder()


class _Typed(Struct, frozen=True):
    type: str


class _Framed(Struct, frozen=True):
    v: int
    body: _Typed


_framed_decoder: Final = msgspec.json.Decoder(_Framed)


def event_id(kiosk: str, epoch: str, seq: int, hash_hex: str) -> str:
    """``kiosk.epoch.seq.hash16``; 64 bits of the hash tell the stories of a fork apart."""
    return f"{kiosk}.{epoch}.{seq}.{hash_hex[:16]}"


def chain_hash(prev: str, salt: str, public: bytes, private: bytes) -> str:
    """The hash of an event from its predecessor's hash, its salt and its parts' bytes."""
    return linked_hash(
        prev,
        hashlib.sha256(public).digest(),
        hashlib.sha256(bytes.fromhex(salt) + private).digest(),
    )


def linked_hash(prev: str, public_digest: bytes, private_digest: bytes) -> str:
    """The hash of an event from the digests of its parts: what is left to compute it from when
    the private part was erased. ``private_digest`` is SHA-256(salt, private bytes)."""
    return hashlib.sha256(
        _HASH_DOMAIN + bytes.fromhex(prev) + public_digest + private_digest
    ).hexdigest()


def encode(public: Public, private: Private, *, prev: str, salt: bytes) -> Event:
    """A new event as the line that will be stored, sent and hashed.

    ``salt`` is 16 random bytes. Raises EventError ``too-long`` above `MAX_EVENT_BYTES`.
    """
    public_bytes = _encoder.encode(public)
    private_bytes = _encoder.encode(private)
    line = Line(prev, salt.hex(), Raw(public_bytes), Raw(private_bytes))
    raw = _encoder.encode(line)
    if len(raw) > MAX_EVENT_BYTES:
        raise EventError("too-long")
    return Event(
        raw, prev, chain_hash(prev, line.salt, public_bytes, private_bytes), public, private
    )


def decode(raw: bytes) -> Event:
    """The event that ``raw`` writes.

    Raises:
        EventError: too-long, not-json (the frame is unreadable), future-version,
            unknown-type, bad-public or bad-private; from the third on with prev and hash.
    """
    if len(raw) > MAX_EVENT_BYTES:
        raise EventError("too-long")
    try:
        line = _line_decoder.decode(raw)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        raise EventError("not-json") from None
    public_bytes, private_bytes = bytes(line.public), bytes(line.private)
    digest = chain_hash(line.prev, line.salt, public_bytes, private_bytes)
    try:
        public = _public_decoder.decode(public_bytes)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        reason = _why_unreadable(public_bytes)
        raise EventError(reason, prev=line.prev, hash=digest) from None
    try:
        private = _private_decoder.decode(private_bytes)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        raise EventError("bad-private", prev=line.prev, hash=digest) from None
    return Event(raw, line.prev, digest, public, private)


def _why_unreadable(public_bytes: bytes) -> str:
    try:
        framed = _framed_decoder.decode(public_bytes)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return "bad-public"
    if framed.v > VERSION:
        return "future-version"
    return "bad-public" if framed.body.type in TYPES else "unknown-type"


TYPES: Final = frozenset(str(body.__struct_config__.tag) for body in Body.__args__)
"""The tags of every event type of this release."""


def type_of(body: Body) -> str:
    """The body's tag, for example ``received``."""
    return str(body.__struct_config__.tag)


def person_hash(token: str) -> str:
    """The hash that stands for a person's card; ``token`` is its canonical text."""
    return token_hash(TokenDomain.PERSON, token)


def family_hash(token: str) -> str:
    """The hash that stands for a family's one-time delivery token."""
    return token_hash(TokenDomain.FAMILY, token)


def claim_hash(claim: str) -> str:
    """The hash that stands for a donor's private claim."""
    return token_hash(TokenDomain.CLAIM, claim)
