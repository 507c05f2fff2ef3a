"""Writing a stream compressed and encrypted, and proving that what is on disk opens.

A file is age around gzip: ``age -d -i KEY FILE | gunzip`` reads it without any of our code.

Two keys open it. One is the operator's, whose private half is elsewhere. The other is made for this
file, held in memory until the file was read back and opened with it, and then gone. So the hub
proves what it could not with a public key alone: that the bytes on that disk decrypt to what was to
be saved. (age's header is authenticated as a whole, the operator's part of it with it.)
"""

import hashlib
import io
import os
import zlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import IO, Final, Protocol, cast

import pyrage
from msgspec import Struct

from hub.backup import BackupError, disk
from hub.backup.keys import Identity, Recipient, new

SUFFIX: Final = ".gz.age"
LEVEL: Final = 3
"""Of gzip: twice as fast as its default for a tenth more bytes."""
GZIP: Final = 31
"""zlib's number for its largest window with gzip's frame."""
PIECE: Final = 256 * 1024

Tell = Callable[[int], None]
"""Told how many plain bytes have been dealt with so far."""


class Sink(Protocol):
    """Where plain bytes go."""

    def write(self, data: bytes, /) -> object:
        """Takes all of ``data``."""


class Sealed(Struct, frozen=True):
    """A file that was written and opened again: its plain bytes and its own."""

    plain_sha256: str
    plain_bytes: int
    sealed_sha256: str
    sealed_bytes: int


def seal(
    source: IO[bytes],
    target: Path,
    recipient: Recipient,
    *,
    compressed: bool = False,
    tell: Tell = lambda _: None,
    retell: Tell = lambda _: None,
) -> Sealed:
    """Write ``source`` to ``target``, which appears only when it was synced and proved to open.

    ``compressed`` says that the source is compressed already: it is then not done again.

    Raises:
        BackupError: it could not be written, or does not open to what it was made from.
        OSError: of ``source`` or of the directory.
    """
    witness = new()
    partial = target.with_name(target.name + ".partial")
    try:
        disk.make_private(partial)
        with partial.open("r+b") as file:
            keys = [recipient, witness.to_public()]
            made = write(source, file, keys, compressed=compressed, tell=tell)
            os.fsync(file.fileno())
        disk.let_go(partial)
        _prove(partial, witness, made, compressed, retell)
        partial.rename(target)
        disk.sync(target.parent)
    finally:
        partial.unlink(missing_ok=True)
    return made


def write(
    source: IO[bytes],
    file: IO[bytes],
    recipients: Sequence[Recipient],
    *,
    compressed: bool = False,
    tell: Tell = lambda _: None,
) -> Sealed:
    """Compress and encrypt ``source`` into ``file``.

    Raises:
        BackupError: it could not be written, or the source not be read.
    """
    reader, writer = _Compressing(source, compressed, tell), _Hashing(file)
    try:
        pyrage.encrypt_io(_file(reader), _file(writer), list(recipients))
        file.flush()
    except (pyrage.EncryptError, OSError) as error:
        cause = reader.error or writer.error or error
        if isinstance(cause, BackupError):
            raise cause from None
        raise BackupError(f"写不进去 / cannot be written: {cause}") from error
    return Sealed(reader.sha256, reader.size, writer.sha256, writer.size)


def unseal(
    file: Path,
    identities: Sequence[Identity],
    into: Sink,
    *,
    compressed: bool = False,
    tell: Tell = lambda _: None,
) -> Sealed:
    """Decrypt ``file`` into ``into``; its digests. With ``compressed`` what comes out stays as it
    was before it was sealed.

    Raises:
        BackupError: none of the keys opens it, or it is damaged or cut off.
        OSError: it cannot be read, or ``into`` not written.
    """
    with file.open("rb") as source:
        reader, writer = _HashingReader(source), _Inflating(into, compressed, tell)
        try:
            pyrage.decrypt_io(_file(reader), _file(writer), list(identities))
            writer.finish()
        except pyrage.DecryptError as error:
            if "matching keys" in str(error):
                raise BackupError(f"{file}: 这把私钥打不开它 / this key does not open it") from None
            raise BackupError(
                f"{file}: 已损坏或不是备份 / damaged, or no backup: {error}"
            ) from None
        except (OSError, zlib.error) as error:
            if writer.error is not None:
                raise writer.error from None
            raise BackupError(f"{file}: 已损坏 / damaged: {error}") from None
        reader.exhaust()
    return Sealed(writer.sha256, writer.size, reader.sha256, reader.size)


def _prove(file: Path, witness: Identity, made: Sealed, compressed: bool, tell: Tell) -> None:
    found = unseal(file, [witness], _Nowhere(), compressed=compressed, tell=tell)
    if found != made:
        raise BackupError(
            f"{file}: 读回来的与写进去的不同，请换一块盘"
            " / what is read back is not what was written: use another disk"
        )


def _file(part: object) -> io.BufferedIOBase:
    """age's library calls ``read``, or ``write`` and ``flush``; its stubs ask for a whole file."""
    return cast("io.BufferedIOBase", part)


class _Nowhere:
    def write(self, data: bytes, /) -> None:
        """Takes it and forgets it."""


class _Counted:
    """What went by: how many bytes, and their hash."""

    def __init__(self) -> None:
        self._digest: Final = hashlib.sha256()
        self.size = 0

    @property
    def sha256(self) -> str:
        """Of all of them."""
        return self._digest.hexdigest()

    def _count(self, data: bytes) -> None:
        self._digest.update(data)
        self.size += len(data)


class _Compressing(_Counted):
    """A reader for age: the source, counted, hashed, and compressed on the way."""

    def __init__(self, source: IO[bytes], compressed: bool, tell: Tell) -> None:
        super().__init__()
        self._source: Final = source
        self._gzip: Final = None if compressed else zlib.compressobj(LEVEL, zlib.DEFLATED, GZIP)
        self._tell: Final = tell
        self._ready = b""
        self._ended = False
        self.error: Exception | None = None

    def read(self, size: int) -> bytes:
        """At most ``size`` bytes; none at the end."""
        try:
            while not self._ready and not self._ended:
                self._more()
        except Exception as error:
            self.error = error  # age's library tells but its text
            raise
        part, self._ready = self._ready[:size], self._ready[size:]
        return part

    def _more(self) -> None:
        data = self._source.read(PIECE)
        self._count(data)
        self._ended = not data
        if self._gzip is None:
            self._ready = data
        else:
            self._ready = self._gzip.compress(data) if data else self._gzip.flush()
        self._tell(self.size)


class _Hashing(_Counted):
    """A writer for age: the file, hashed on the way."""

    def __init__(self, file: IO[bytes]) -> None:
        super().__init__()
        self._file: Final = file
        self.error: Exception | None = None

    def write(self, data: bytes) -> int:
        """Takes all of it."""
        try:
            self._file.write(data)
        except OSError as error:
            self.error = error
            raise
        self._count(data)
        return len(data)

    def flush(self) -> None:
        """The file's own."""
        self._file.flush()


class _HashingReader(_Counted):
    """A reader for age: the sealed file, hashed on the way."""

    def __init__(self, file: IO[bytes]) -> None:
        super().__init__()
        self._file: Final = file

    def read(self, size: int) -> bytes:
        """At most ``size`` bytes."""
        data = self._file.read(size)
        self._count(data)
        return data

    def exhaust(self) -> None:
        """Reads what age did not ask for."""
        while self.read(PIECE):
            pass


class _Inflating(_Counted):
    """A writer for age: decompresses, hashes what comes of it, and passes it on."""

    def __init__(self, into: Sink, compressed: bool, tell: Tell) -> None:
        super().__init__()
        self._into: Final = into
        self._gzip: Final = None if compressed else zlib.decompressobj(GZIP)
        self._tell: Final = tell
        self.error: OSError | None = None

    def write(self, data: bytes) -> int:
        """Takes all of it."""
        self._pass_on(data if self._gzip is None else self._gzip.decompress(data))
        self._tell(self.size)
        return len(data)

    def flush(self) -> None:
        """Nothing waits."""

    def finish(self) -> None:
        """The end of the file. Raises zlib.error when it came too early."""
        if self._gzip is not None:
            self._pass_on(self._gzip.flush())
            if not self._gzip.eof:
                raise zlib.error("cut off")

    def _pass_on(self, plain: bytes) -> None:
        self._count(plain)
        try:
            self._into.write(plain)
        except OSError as error:
            self.error = error
            raise
