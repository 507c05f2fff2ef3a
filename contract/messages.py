"""Everything else that travels over MQTT. JSON by msgspec; unknown fields are ignored.

The hub's word, not the broker's: a kiosk forgets nothing on a PUBACK. On connect, every ten
minutes, and whenever the hub's status changes, it sends `Hello`; the hub answers from its
database with `Welcome`; after each COMMIT it sends `Ack`. ``through`` may fall only in the
Welcome that carries the newest nonce (a restored hub); otherwise the maximum holds.
"""

import hashlib
from enum import StrEnum
from typing import Annotated, Final, TypeAlias, TypeVar

import msgspec
from msgspec import Meta, Struct

from contract.events import (
    MAX_SEQ,
    CategoryKey,
    EpochId,
    Hash,
    Lane,
    Milliseconds,
    Seq,
    SignedMilliseconds,
    Word,
    whole,
)
from contract.fields import CODE_CHARACTER, HeldCode, PlaceCode, Quantity

MAX_MESSAGE_BYTES: Final = 128 * 1024

MAX_KEPT: Final = 800
"""Most epochs in one hello, 140 bytes each at most. A kiosk that keeps more names the oldest
that are not yet safe first, and the newest always."""

HELLO_INTERVAL_S: Final = 600
HEALTH_INTERVAL_S: Final = 60

Nonce: TypeAlias = Annotated[str, whole(r"[0-9a-f]{16}")]
Through: TypeAlias = Annotated[int, Meta(ge=0, le=MAX_SEQ)]


class Kept(Struct, frozen=True):
    """An epoch that the kiosk's journal still holds: seqs ``oldest`` to ``head``."""

    epoch: EpochId
    oldest: Seq
    head: Seq
    hash: Hash


class Hello(Struct, frozen=True):
    """``up/hello``: what this journal holds, and a fresh nonce."""

    nonce: Nonce
    epochs: Annotated[tuple[Kept, ...], Meta(max_length=MAX_KEPT)]
    software: Word = ""
    journal: Word = ""


class Position(Struct, frozen=True):
    """How far the hub has an epoch: ``hash`` is that of event ``through`` (zeros at 0);
    ``safe`` is what its last verified off-machine backup holds."""

    epoch: EpochId
    through: Through
    hash: Hash
    safe: Through = 0


class Welcome(Struct, frozen=True):
    """``down/welcome``: the answer to the hello with this nonce.

    ``hub_time`` is Unix milliseconds; ``manifest`` maps the name of each piece of reference data
    (``products``, ``products.1``, … see `contract.reference`) to the SHA-256 under which it is
    retained.
    """

    nonce: Nonce
    epochs: tuple[Position, ...]
    hub_time: SignedMilliseconds
    manifest: dict[str, Hash] = {}


class Ack(Struct, frozen=True):
    """``down/ack``: committed through this seq. Never retained."""

    epoch: EpochId
    through: Through
    hash: Hash


class KioskStatus(Struct, frozen=True):
    """``up/status``, retained, with the will ``online: false``."""

    online: bool


class HubStatus(Struct, frozen=True):
    """``hub/status``, retained, with a will. ``incarnation`` changes when the hub's process or
    database does, and makes kiosks say hello. ``manifest`` is that of a welcome, said again at
    every change of reference data, so that kiosks have it within seconds; empty: as it was."""

    online: bool
    incarnation: Word = ""
    manifest: dict[str, Hash] = {}


class DeviceHealth(Struct, frozen=True):
    """One peripheral: ``kind`` is scanner, printer or panel. ``paper_mm`` is how much paper a
    printer has left, in millimetres; None where nobody knows."""

    name: Word
    kind: Word
    ok: bool
    detail: Word = ""
    paper_mm: Annotated[int, Meta(ge=0)] | None = None


class LaneHealth(Struct, frozen=True):
    """A lane and the workflow state that it rests in."""

    lane: Lane
    state: Word


class PartHealth(Struct, frozen=True):
    """A part of the reference data: ``version`` tells one state of it from another (empty: none),
    ``detail`` why what the hub offers is not used."""

    name: Word
    ok: bool
    version: Word = ""
    detail: Word = ""


class Health(Struct, frozen=True):
    """``up/health``: how the kiosk is.

    ``backlog`` counts events without the hub's acknowledgement; ``oldest_unsent_s`` is the age
    in seconds of the oldest of them (0 with none), by the monotonic clock. ``clock_source`` says
    who told the time (hub or ntp; empty: nobody). ``refusing`` says why every scan is refused now
    (disk-low, read-only; empty: none is). ``temperature_c`` is the processor's; ``throttling``
    what the board holds against it (under-voltage, frequency-capped, throttled, hot, each also
    with ``-before`` for earlier since boot), None where it cannot tell.
    """

    backlog: Annotated[int, Meta(ge=0)]
    oldest_unsent_s: Annotated[int, Meta(ge=0)]
    events: Annotated[int, Meta(ge=0)]
    clock: bool
    software: Word = ""
    uptime_s: Annotated[int, Meta(ge=0)] = 0
    disk_free_mb: Annotated[int, Meta(ge=0)] = 0
    prefixes_left: Annotated[int, Meta(ge=0)] = 0
    paper_jobs: Annotated[int, Meta(ge=0)] = 0
    devices: tuple[DeviceHealth, ...] = ()
    lanes: tuple[LaneHealth, ...] = ()
    clock_source: Word = ""
    refusing: Word = ""
    temperature_c: Annotated[float, Meta(ge=-100, le=250)] | None = None
    throttling: tuple[Word, ...] | None = None
    reference: tuple[PartHealth, ...] = ()
    config: Annotated[str, whole(r"(?:[0-9a-f]{64})?")] = ""
    """Version of the hub's configuration in use (`contract.configuration`); empty: the kiosk's own
    settings alone."""
    config_state: Word = ""
    """``confirmed``, ``trying`` or ``reverted``: the newest one was given up, and ``config`` is the
    one before it."""
    config_detail: Word = ""
    """Why it was given up."""
    release: Word = ""
    """The release that runs (`contract.releases.ReleaseId`); empty: put there by hand."""
    update: Word = ""
    """How far another release is: ``unpacking``, ``waiting``, ``switching``, ``trying``,
    ``confirming``, ``returning``; or how the last one ended: ``confirmed``, ``reverted`` (it was
    tried and left again) or ``refused`` (it was never in use). Empty: there was none."""
    update_release: Word = ""
    """Which release that is."""
    update_detail: Word = ""
    """What it waits for, or why it was left or refused."""


PRINT_LABELS: Final = "print-labels"
CANCEL: Final = "cancel"
REPRINT: Final = "reprint"
IDENTIFY: Final = "identify"
RESTART: Final = "restart"
REBOOT: Final = "reboot"
LOGS: Final = "logs"
SUPPORT_BUNDLE: Final = "support-bundle"
SELF_TEST: Final = "self-test"
OPEN_STOCKTAKE: Final = "open-stocktake"
CONFIGURE: Final = "configure"
"""Names of commands."""

MAX_LOG_LINES: Final = 5_000
MAX_LOG_BYTES: Final = 64 * 1024
"""A log as it is sent, compressed."""
MAX_BUNDLE_BYTES: Final = 256 * 1024
"""A support bundle as it is sent."""
PART_BYTES: Final = 60 * 1024
"""Bytes of one part of a file: in base64 they fit into one message."""
MAX_PARTS: Final = 8
MAX_CONFIGURATION: Final = 8 * 1024
"""Characters of a configuration."""

MAX_LABELS: Final = 1200
"""Most labels of one command, 80 bytes each at most."""


class LabelOrder(Struct, frozen=True, omit_defaults=True):
    """A label to be printed: ``category`` is empty on a blank one, ``quantity`` is what a whole box
    holds, and a ``copy`` says on it that it is one."""

    code: HeldCode
    category: Annotated[str, whole(rf"(?:{CODE_CHARACTER}{{2}})?")] = ""
    quantity: Quantity = 1
    copy: bool = False


class Command(Struct, frozen=True):
    """``down/command``: something to do once, before ``expires`` (Unix milliseconds).

    ``print-labels`` prints ``labels`` in this order; ``cancel`` ends what is left of the command
    ``of``. ``reprint`` prints a marked copy of the label of ``code``; ``open-stocktake`` opens the
    shelf ``place`` on ``lane``; ``logs`` sends the last ``lines`` of the kiosk's log;
    ``configure`` tries ``configuration``, whose SHA-256 is ``version``. ``identify``, ``restart``,
    ``reboot``, ``support-bundle`` and ``self-test`` need nothing besides. The same id again asks
    what became of it. ``known``: the hub has heard from this kiosk that it took the command; one
    that remembers nothing of it carries nothing out.
    """

    id: Nonce
    name: Word
    expires: Milliseconds
    labels: Annotated[tuple[LabelOrder, ...], Meta(max_length=MAX_LABELS)] = ()
    of: Nonce | None = None
    known: bool = False
    code: HeldCode | None = None
    place: PlaceCode | None = None
    lane: Lane | None = None
    """None: the first one that rests."""
    lines: Annotated[int, Meta(ge=1, le=MAX_LOG_LINES)] = 500
    configuration: Annotated[str, Meta(max_length=MAX_CONFIGURATION)] = ""
    version: Annotated[str, whole(r"(?:[0-9a-f]{64})?")] = ""


class CommandState(StrEnum):
    """Words of `Reply.state`; a later kiosk may send others."""

    ACCEPTED = "accepted"
    PRINTING = "printing"
    RUNNING = "running"
    """Something other than printing goes on."""
    DONE = "done"
    CANCELLED = "cancelled"
    EXPIRED = "expired"
    """Its time was over; what is ``left`` is not printed any more."""
    FAILED = "failed"
    """It ended before its end."""
    REFUSED = "refused"
    """Nothing of it was done."""
    UNKNOWN = "unknown"
    """This kiosk knows no such command; nothing was done."""


FINAL_STATES: Final = frozenset(CommandState) - {
    CommandState.ACCEPTED,
    CommandState.PRINTING,
    CommandState.RUNNING,
}


class Check(Struct, frozen=True):
    """One line of a result: a part of the kiosk, or a key of its configuration, and how it is.
    ``ok`` None: nobody can tell without looking."""

    name: Word
    ok: bool | None
    detail: Annotated[str, Meta(max_length=300)] = ""


class FilePart(Struct, frozen=True):
    """A part of the file that a command asked for: part ``index`` of ``parts``, from 0. ``hash`` is
    the SHA-256 of the whole file."""

    name: Word
    index: Annotated[int, Meta(ge=0, le=MAX_PARTS - 1)]
    parts: Annotated[int, Meta(ge=1, le=MAX_PARTS)]
    hash: Hash
    data: Annotated[bytes, Meta(max_length=PART_BYTES)]


class Reply(Struct, frozen=True):
    """``up/reply``: what became of a command.

    ``ok`` is whether it was taken, ``detail`` why not, or what it waits for, ``state`` how far it
    is (empty: the kiosk knows no commands). Labels come out one after the other: of them the first
    ``printed`` + ``doubtful`` were begun and the last ``left`` were not. ``doubtful`` are the codes
    of which nobody knows whether a label is out. ``checks`` are the lines of a result. A command
    that asked for a file is answered by one reply for each part of it, the last of which is final.
    """

    id: Nonce
    ok: bool
    detail: Word = ""
    state: Word = ""
    printed: Annotated[int, Meta(ge=0)] = 0
    left: Annotated[int, Meta(ge=0)] = 0
    doubtful: Annotated[tuple[HeldCode, ...], Meta(max_length=MAX_LABELS)] = ()
    checks: Annotated[tuple[Check, ...], Meta(max_length=64)] = ()
    file: FilePart | None = None


class Product(Struct, frozen=True):
    """A retail code that somebody has named once."""

    gtin: Annotated[str, whole(r"[0-9]{14}")]
    category: CategoryKey
    zh: Annotated[str, Meta(max_length=60)]
    en: Annotated[str, Meta(max_length=60)]


class Products(Struct, frozen=True):
    """The reference part ``products``; the others are in `contract.reference`."""

    products: tuple[Product, ...]


T = TypeVar("T")


class MessageError(ValueError):
    """A payload that is not the message it should be; the text names the field."""


def encode(message: Struct) -> bytes:
    """A message as JSON bytes."""
    return msgspec.json.encode(message)


def decode(payload: bytes, kind: type[T]) -> T:
    """``payload`` as ``kind``.

    Raises:
        MessageError: too large, not JSON, or a field that is missing or wrong.
    """
    if len(payload) > MAX_MESSAGE_BYTES:
        raise MessageError(f"{len(payload)} bytes, above {MAX_MESSAGE_BYTES}")
    try:
        return msgspec.json.decode(payload, type=kind)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise MessageError(str(error)) from None


def digest(payload: bytes) -> str:
    """The name under which reference data is retained: SHA-256 of its bytes, in hex."""
    return hashlib.sha256(payload).hexdigest()
