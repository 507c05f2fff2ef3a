"""Writing a bundle onto a stick: whole, or not there at all.

One bundle is made by one thread. The loop hands it batch after batch through a short queue, so that
neither holds more than a few; nobody who scans waits for a stick. The file appears under its name
only when all of it is on the stick and was read back; a stick that is full, read-only or pulled out
leaves what was there before.
"""

from __future__ import annotations

import errno
import hashlib
import logging
import os
import queue
import stat
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO, TYPE_CHECKING, Final, cast

from msgspec import Struct

from contract.batches import Batch
from contract.bundles import FOLDER, Opening, Sign, Writer
from kiosk.durable import sync_directory
from kiosk.inputs import Written

if TYPE_CHECKING:
    import io

WAITING: Final = 4
"""Batches that wait for the thread."""

PIECE: Final = 256 * 1024

FULL: Final = "full"
READ_ONLY: Final = "read-only"
PULLED: Final = "pulled"
log: Final = logging.getLogger(__name__)

FAULTY: Final = "faulty"

_WHY: Final = {
    errno.ENOSPC: FULL,
    errno.EDQUOT: FULL,
    errno.EROFS: READ_ONLY,
    errno.EACCES: READ_ONLY,
    errno.EPERM: READ_ONLY,
    errno.EIO: PULLED,
    errno.ENOENT: PULLED,
    errno.ENODEV: PULLED,
    errno.ENXIO: PULLED,
    errno.ESTALE: PULLED,
}


class Order(Struct, frozen=True):
    """A bundle to be written as ``folder``/yicang/``name``; ``hub`` is who may read it, ``older``
    are names of bundles that it makes superfluous, ``readme`` is for whoever finds the stick."""

    folder: Path
    name: str
    opening: Opening
    seed: str | None
    older: tuple[str, ...]
    readme: bytes


class BundleThread:
    """Writes one bundle. ``done`` is called once from the thread, whatever happens."""

    def __init__(self, order: Order, done: Callable[[Written], object]) -> None:
        self._order: Final = order
        self._done: Final = done
        self._batches: Final[queue.Queue[Batch | None]] = queue.Queue(WAITING)
        self._ended = threading.Event()
        self._thread: Final = threading.Thread(target=self._run, name="bundle", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    @property
    def has_room(self) -> bool:
        """Whether it takes another batch now."""
        return not self._batches.full()

    def give(self, batch: Batch | None) -> None:
        """The next batch, when `has_room`; None ends the bundle."""
        self._batches.put_nowait(batch)

    def join(self, timeout_s: float) -> None:
        """Waits for its end."""
        self._thread.join(timeout_s)

    def abandon(self) -> None:
        """The kiosk stops: nothing more comes, and nothing of it stays."""
        self._ended.set()

    def _run(self) -> None:
        order = self._order
        try:
            events = write(order, self._given())
        except OSError as error:
            why = _WHY.get(error.errno or 0, FAULTY)
            self._done(Written(str(order.folder), 0, why))
        except Exception:
            log.exception("the bundle %s could not be written", order.name)
            self._done(Written(str(order.folder), 0, FAULTY))
        else:
            self._done(Written(str(order.folder), events, ""))

    def _given(self) -> Iterator[Batch]:
        while True:
            try:
                batch = self._batches.get(timeout=0.5)
            except queue.Empty:
                if self._ended.is_set():
                    raise OSError(errno.ENODEV, "abandoned") from None
                continue
            if batch is None:
                return
            yield batch


def write(order: Order, batches: Iterator[Batch]) -> int:
    """Writes the bundle, durably; how many events are in it.

    Raises:
        OSError: the stick does not take it; what was there before is there still.
    """
    room = order.folder / FOLDER
    room.mkdir(exist_ok=True)
    if room.is_symlink():  # whoever made the stick would have us write elsewhere
        raise OSError(errno.ELOOP, "the folder on the stick is a link", str(room))
    target, partial = room / order.name, room / f"{order.name}.part"
    for left in room.glob(f"{order.opening.kiosk}-*.part"):  # of a stick that was pulled
        left.unlink(missing_ok=True)
    try:
        with partial.open("xb") as file:
            _for_all_to_read(file)
            events, digest = seal(order.opening, order.seed, batches, file)
            file.flush()
            os.fsync(file.fileno())
        _require_readable(partial, digest)
        _put_readme(room / "README.html", order.readme)
        partial.replace(target)
    except BaseException:
        with suppress(OSError):
            partial.unlink(missing_ok=True)
        raise
    sync_directory(room)
    for name in order.older:
        (room / name).unlink(missing_ok=True)
    sync_directory(room)
    return events


def _put_readme(path: Path, content: bytes) -> None:
    """Has ``content`` in a file of its own: what lies there may be a link to one of the kiosk's, or
    a pipe that nobody writes to. Raises OSError."""
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    with suppress(OSError), os.fdopen(os.open(path, flags), "rb") as file:
        if stat.S_ISREG(os.fstat(file.fileno()).st_mode) and file.read(PIECE) == content:
            return
    path.unlink(missing_ok=True)
    with path.open("xb") as file:
        _for_all_to_read(file)
        file.write(content)


def _for_all_to_read(file: IO[bytes]) -> None:
    """Whoever carries the stick hands the file on, on another machine and under another account;
    the service's mask leaves it to the kiosk's. (FAT has no modes and refuses them.)"""
    with suppress(PermissionError):
        os.fchmod(file.fileno(), 0o644)


def seal(
    opening: Opening, seed: str | None, batches: Iterator[Batch], file: IO[bytes]
) -> tuple[int, str]:
    """Encrypts a bundle of these batches into ``file``; how many events are in it, and the SHA-256
    of what was written. ``seed`` is the signing key of an identity.

    Raises:
        OSError: it cannot be written; or whatever ``batches`` raises.
        ValueError: ``opening.hub`` is no key of a hub.
    """
    import pyrage
    from pyrage import x25519

    try:
        recipient = x25519.Recipient.from_str(opening.hub)
    except pyrage.RecipientError as error:
        raise ValueError(f"not a hub's key: {error}") from None
    lines = _Lines(Writer(opening, _signer(seed)), batches)
    out = _Hashing(file)
    try:
        pyrage.encrypt_io(_file(lines), _file(out), [recipient])
    except (pyrage.EncryptError, OSError) as error:
        raise (lines.error or out.error or error) from None
    return lines.events, out.digest.hexdigest()


def _signer(seed: str | None) -> Sign | None:
    if seed is None:
        return None
    from nacl.signing import SigningKey

    key = SigningKey(bytes.fromhex(seed))
    return lambda data: key.sign(data).signature


def signing_key_id(seed: str | None) -> str:
    """The id by which a hub knows the key; empty without one."""
    if seed is None:
        return ""
    from nacl.signing import SigningKey

    from contract.receipts import key_id

    return key_id(SigningKey(bytes.fromhex(seed)).verify_key.encode())


def _require_readable(path: Path, digest: str) -> None:
    """Reads back what was written: some sticks take everything and keep nothing."""
    found = hashlib.sha256()
    with path.open("rb") as file:
        with suppress(OSError):  # the kernel's copy, where it can be let go of
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
        while piece := file.read(PIECE):
            found.update(piece)
    if found.hexdigest() != digest:
        raise OSError(errno.EIO, "what is read back is not what was written")


def _file(part: object) -> io.BufferedIOBase:
    """age's library calls ``read``, or ``write`` and ``flush``; its stubs ask for a whole file."""
    return cast("io.BufferedIOBase", part)


class _Lines:
    """A reader for age: the bundle's lines, made as they are asked for."""

    def __init__(self, writer: Writer, batches: Iterator[Batch]) -> None:
        self._writer: Final = writer
        self._parts: Final = self._all(batches)
        self._ready = b""
        self.error: Exception | None = None

    @property
    def events(self) -> int:
        """How many were written."""
        return self._writer.events

    def _all(self, batches: Iterator[Batch]) -> Iterator[bytes]:
        yield self._writer.begin()
        for batch in batches:
            yield self._writer.batch(batch.header, batch.lines)
        yield self._writer.end()

    def read(self, size: int) -> bytes:
        """At most ``size`` bytes; none at the end."""
        try:
            if not self._ready:
                self._ready = next(self._parts, b"")
        except Exception as error:
            self.error = error  # age's library tells but its text
            raise
        part, self._ready = self._ready[:size], self._ready[size:]
        return part


class _Hashing:
    """A writer for age: the file, hashed on the way."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file: Final = file
        self.digest: Final = hashlib.sha256()
        self.error: OSError | None = None

    def write(self, data: bytes) -> int:
        """Takes all of it."""
        try:
            self._file.write(data)
        except OSError as error:
            self.error = error
            raise
        self.digest.update(data)
        return len(data)

    def flush(self) -> None:
        """The file's own."""
        self._file.flush()


def older_names(room: Sequence[str], kiosk: str, epochs: Sequence[str], name: str) -> list[str]:
    """Of the names in a stick's folder, those of this kiosk's bundles that ``name`` makes
    superfluous: all that is in them and was not acknowledged is in the new one, as long as they
    were made from the journal that is still here. One of another journal stays."""
    mine = {f"{kiosk}-{epoch}.yicang" for epoch in epochs} - {name}
    return sorted(mine & set(room))
