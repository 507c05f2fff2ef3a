"""Taking in what somebody carried here: a bundle (`contract.bundles`) from a stick or a card.

Rules
-----
* Nothing of a bundle is taken before all of it was read once: it opens with the hub's key, it is
  whole, and its signature is that of a key which the hub knows as this kiosk's.
* Then its batches go the way of any message's: the event log appends what it does not have. A
  bundle acknowledges nothing; the kiosk hears how far the hub is when it says hello again.
* What comes of a revoked kiosk, of a card, or signed by nobody waits for a person instead
  (`hub.fleet.reviewing`); so does what comes of a kiosk that this hub does not know: a hub that was
  restored has forgotten those that came after its backup, and what they hold was given by somebody.
* A bundle may be large: it is read line by line from a file on disk, and taken in a piece at a
  time, so that what kiosks send meanwhile waits for no more than one piece. Cut off between two
  pieces, the rest is taken in the next time; what was in is found there.
"""

import base64
import hashlib
import io
import logging
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import IO, Final, Protocol, TypeVar, cast

import pyrage
import sqlalchemy as sa
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from msgspec import Struct
from pyrage import x25519
from sqlalchemy import Connection

from contract.batches import Batch
from contract.bundles import (
    MAX_BUNDLE_BYTES,
    MAX_LINE_BYTES,
    BundleError,
    Opening,
    Reader,
    Source,
)
from hub import db
from hub.access import audit
from hub.access.audit import By
from hub.fleet import bundle_key, reviewing
from hub.log import recording
from hub.log.event_log import EventLog

PIECE: Final = 1000
"""Lines that one transaction takes in."""

T = TypeVar("T")
log: Final = logging.getLogger(__name__)


class Call(Protocol):
    """`hub.log.writer.Writer.call`, or what stands for it."""

    def __call__(self, change: Callable[[Connection], T], /) -> T: ...


class ImportRefusedError(ValueError):
    """A bundle that is not taken in; ``why`` is a machine word: ``empty``, ``too-large``,
    ``not-a-bundle``, ``another-hub``, ``newer``, ``damaged``, ``cut-off``, ``unknown-kiosk``,
    ``unknown-signer``, ``bad-signature`` or ``no-key``. The text is for people."""

    def __init__(self, why: str, kiosk: str = "") -> None:
        zh, en = WORDS[why]
        super().__init__(f"{zh} / {en}" + (f" ({kiosk})" if kiosk else ""))
        self.why: Final = why
        self.kiosk: Final = kiosk


WORDS: Final = {
    "empty": ("文件是空的", "the file is empty"),
    "too-large": (
        f"文件超过 {MAX_BUNDLE_BYTES // 2**20} MB，不是终端写的",
        f"the file is larger than {MAX_BUNDLE_BYTES // 2**20} MB: no kiosk has written it",
    ),
    "not-a-bundle": ("这不是终端的数据包", "this is no bundle of a kiosk"),
    "another-hub": ("这个数据包是给另一个中心的", "this bundle is for another hub"),
    "newer": (
        "这个数据包来自更新的版本，请先更新中心",
        "this bundle was made by a newer release: update the hub first",
    ),
    "damaged": (
        "数据包已损坏，请把U盘插回终端重写一次",
        "the bundle is damaged: let the kiosk write it anew",
    ),
    "cut-off": (
        "数据包不完整：U盘拔得太早，请插回终端重写一次",
        "the bundle is cut off: the stick was pulled too early; let the kiosk write it anew",
    ),
    "unknown-kiosk": ("中心不认识这台终端", "the hub does not know this kiosk"),
    "unknown-signer": (
        "签名的密钥不属于这台终端",
        "it was signed by a key that is not this kiosk’s",
    ),
    "bad-signature": ("签名不对：内容被改过", "the signature is wrong: somebody changed it"),
    "no-key": ("中心没有数据包私钥", "the hub has no key for bundles"),
}


class Opened(Struct, frozen=True):
    """A bundle that was read to its end and may be taken in."""

    opening: Opening
    sha256: str
    size: int
    events: int
    known: bool
    """Whether this hub knows the kiosk; of one that it does not, no signature can be judged."""

    @property
    def trusted(self) -> bool:
        """Whether it speaks for its kiosk without a person's word: signed, and made by it."""
        return self.known and bool(self.opening.key) and self.opening.source is Source.KIOSK


class Imported(Struct, frozen=True):
    """What became of a bundle: lines that are new, that were here already, that wait for a person,
    and that a person refused before. ``row`` is its row in the table of bundles."""

    row: int
    kiosk: str
    events: int
    fresh: int
    held: int
    review: int
    rejected: int


def open_bundle(
    file: IO[bytes], keys: Sequence[x25519.Identity], call: Call, room: Path
) -> tuple[Opened, IO[bytes]]:
    """Read all of a bundle and change nothing: what it is, and its lines in a file of their own,
    which goes when it is closed. That one is in the folder ``room``, on a disk: where temporary
    files are may be memory.

    Raises:
        ImportRefusedError: see there.
        OSError: it cannot be read, or there is no room for it.
    """
    digest, size = _digest(file)
    lines = tempfile.TemporaryFile(dir=room)  # noqa: SIM115  # whoever gets it closes it
    try:
        _decrypt(file, keys, lines)
        opening, events, known = _check(lines, call)
    except BaseException:
        lines.close()
        raise
    return Opened(opening, digest, size, events, known), lines


def take_in(
    opened: Opened,
    lines: IO[bytes],
    call: Call,
    by: By,
    now_ms: Callable[[], int],
    tell: Callable[[int], None] = lambda _: None,
) -> Imported:
    """Take in a bundle that `open_bundle` opened. ``tell`` hears how many lines are done."""
    sums = [0, 0, 0, 0]
    done = 0
    for piece in _pieces(lines):

        def take(connection: Connection, piece: Sequence[Batch] = piece) -> list[int]:
            return _take(connection, opened, piece, now_ms())

        sums = [one + more for one, more in zip(sums, call(take), strict=True)]
        done += sum(batch.header.count for batch in piece)
        tell(done)
    fresh, held, review, rejected = sums
    row = call(lambda connection: _keep(connection, opened, (fresh, held, review), by, now_ms()))
    return Imported(row, opened.opening.kiosk, opened.events, fresh, held, review, rejected)


# --- reading --------------------------------------------------------------------------------------


def _digest(file: IO[bytes]) -> tuple[str, int]:
    digest, size = hashlib.sha256(), 0
    while data := file.read(256 * 1024):
        digest.update(data)
        size += len(data)
        if size > MAX_BUNDLE_BYTES:
            raise ImportRefusedError("too-large")
    if not size:
        raise ImportRefusedError("empty")
    file.seek(0)
    return digest.hexdigest(), size


class _Bounded:
    """Where age writes to: a file that does not grow for ever."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file: Final = file
        self._size = 0
        self.error: Exception | None = None

    def write(self, data: bytes) -> int:
        self._size += len(data)
        try:
            if self._size > MAX_BUNDLE_BYTES:
                raise ImportRefusedError("too-large")
            self._file.write(data)
        except (ImportRefusedError, OSError) as error:
            self.error = error  # age's library tells but its text
            raise
        return len(data)

    def flush(self) -> None:
        self._file.flush()


def _decrypt(file: IO[bytes], keys: Sequence[x25519.Identity], into: IO[bytes]) -> None:
    if file.read(21) != b"age-encryption.org/v1":
        raise ImportRefusedError("not-a-bundle")
    file.seek(0)
    bounded = _Bounded(into)
    try:
        pyrage.decrypt_io(_file(file), _file(bounded), list(keys))
    except (pyrage.DecryptError, OSError) as error:
        if bounded.error is not None:
            raise bounded.error from None
        if "matching keys" in str(error):
            raise ImportRefusedError("another-hub") from None
        raise ImportRefusedError("damaged") from None
    into.seek(0)


def _file(part: object) -> io.BufferedIOBase:
    """age's library calls ``read``, or ``write`` and ``flush``; its stubs ask for a whole file."""
    return cast("io.BufferedIOBase", part)


def _check(lines: IO[bytes], call: Call) -> tuple[Opening, int, bool]:
    reader = Reader()
    try:
        while line := lines.readline(MAX_LINE_BYTES):
            reader.take(line)
        signed = reader.signed
    except BundleError as error:
        raise ImportRefusedError(error.reason) from None
    opening, closing = reader.opening, reader.closing
    assert opening is not None
    assert closing is not None
    known, key = call(lambda connection: _signer(connection, opening))
    if opening.kiosk == recording.KIOSK:  # the hub's own stream: nobody else writes it
        raise ImportRefusedError("unknown-kiosk", opening.kiosk)
    if known and (opening.key or closing.signature):
        if key is None:
            raise ImportRefusedError("unknown-signer", opening.kiosk)
        try:
            public = Ed25519PublicKey.from_public_bytes(base64.b64decode(key))
            public.verify(bytes.fromhex(closing.signature), signed)
        except InvalidSignature:
            raise ImportRefusedError("bad-signature", opening.kiosk) from None
    return opening, reader.events, known


def _signer(connection: Connection, opening: Opening) -> tuple[bool, str | None]:
    """Whether the kiosk is known here, and the public key that it signed with, if that is its."""
    there = sa.select(db.kiosk.c.id).where(db.kiosk.c.id == opening.kiosk)
    table = db.kiosk_key.c
    key = sa.select(table.public_key).where(
        table.kiosk == opening.kiosk, table.key_id == opening.key
    )
    return connection.scalar(there) is not None, connection.scalar(key)


def _pieces(lines: IO[bytes]) -> Iterator[list[Batch]]:
    """The batches again, a piece at a time; `_check` found them whole."""
    lines.seek(0)
    reader = Reader()
    piece: list[Batch] = []
    count = 0
    while line := lines.readline(MAX_LINE_BYTES):
        batch = reader.take(line)
        if batch is None:
            continue
        if piece and count + batch.header.count > PIECE:
            yield piece
            piece, count = [], 0
        piece.append(batch)
        count += batch.header.count
    if piece:
        yield piece


# --- taking in ------------------------------------------------------------------------------------


def _take(connection: Connection, opened: Opened, piece: Sequence[Batch], now_ms: int) -> list[int]:
    """Lines that are new, held, waiting and refused."""
    kiosk, source = opened.opening.kiosk, opened.opening.source
    log = EventLog()
    log.begin(connection, [kiosk])
    # Asked in each piece: it may be revoked between two.
    aside = not opened.trusted or kiosk in reviewing.revoked(connection)
    fresh = held = review = rejected = 0
    for batch in piece:
        if aside:
            way = Source.SALVAGE if source is Source.SALVAGE else "bundle"
            kept = reviewing.take(connection, log, kiosk, batch, way, now_ms)
            held += kept.held
            review += kept.waiting
            rejected += kept.rejected
        else:
            new = len(log.append(connection, kiosk, batch, now_ms).fresh)
            fresh += new
            held += batch.header.count - new
    log.finish(connection, now_ms)
    return [fresh, held, review, rejected]


def _keep(
    connection: Connection, opened: Opened, sums: tuple[int, int, int], by: By, now_ms: int
) -> int:
    opening = opened.opening
    fresh, held, review = sums
    made: int = connection.execute(
        sa.insert(db.bundle)
        .values(
            sha256=opened.sha256,
            size=opened.size,
            kiosk=opening.kiosk,
            source=opening.source.value,
            key_id=opening.key,
            made_ms=opening.made,
            clock=opening.clock,
            events=opened.events,
            fresh=fresh,
            held=held,
            review=review,
            imported_ms=now_ms,
            imported_by=by.account,
        )
        .returning(db.bundle.c.id)
    ).scalar_one()
    stop = connection.scalar(sa.select(db.kiosk.c.stop).where(db.kiosk.c.id == opening.kiosk))
    detail = {"events": opened.events, "fresh": fresh, "held": held, "review": review}
    audit.note(connection, by, "bundle.imported", opening.kiosk, detail, now_ms, stop=stop or "")
    return made


def import_file(
    path: Path, key_file: str, call: Call, by: By, now_ms: Callable[[], int]
) -> Imported:
    """`open_bundle` and `take_in` of the file at ``path``, with the hub's keys in ``key_file``.

    Raises:
        ImportRefusedError: as `open_bundle`, and ``no-key``.
        OSError: the file cannot be read.
    """
    keys = hub_keys(key_file)
    with path.open("rb") as file:
        opened, lines = open_bundle(file, keys, call, Path(key_file).parent)
    with lines:
        return take_in(opened, lines, call, by, now_ms)


def hub_keys(key_file: str) -> Sequence[x25519.Identity]:
    """The hub's private keys. Raises `ImportRefusedError` ``no-key``."""
    try:
        if key_file:
            return bundle_key.load(Path(key_file))
    except (bundle_key.BundleKeyError, OSError) as error:
        log.error("数据包私钥不可用 / the key for bundles cannot be used: %s", error)
    raise ImportRefusedError("no-key")
