"""A disk with a volatile cache: what was written and not flushed is gone, or not, when power fails.

Served to QEMU as a network block device (NBD, github.com/NetworkBlockDevice/nbd, doc/proto.md: the
fixed newstyle handshake, simple replies). Killing QEMU alone loses only what the guest had not
written yet: the host's page cache would keep the rest, in order.
"""

import random
import socket
import struct
import threading
from pathlib import Path
from typing import Final

SECTOR: Final = 512
_OPTION: Final = struct.Struct(">QII")
_REPLY: Final = struct.Struct(">QIII")
_REQUEST: Final = struct.Struct(">IHHQQI")
_ANSWER: Final = struct.Struct(">IIQ")
_IHAVEOPT: Final = 0x49484156454F5054
_REPLY_MAGIC: Final = 0x3E889045565A9
_REQUEST_MAGIC: Final = 0x25609513
_ANSWER_MAGIC: Final = 0x67446698
_FIXED_NEWSTYLE_NO_ZEROES: Final = 3
_GO: Final = 7
_ACK, _INFO, _UNSUPPORTED = 1, 3, 0x80000001
_HAS_FLAGS_AND_FLUSH: Final = 1 | 4
_READ, _WRITE, _DISCONNECT, _FLUSH = range(4)
_INVALID: Final = 22


class VolatileDisk:
    """``size`` bytes in the file ``image``, served at the socket ``path`` to one QEMU at a time."""

    def __init__(self, image: Path, path: Path, size: int, dice: random.Random) -> None:
        self.path: Final = path
        self.flushes = 0
        self.honest = True
        """Without it, it says that it has flushed, and has not."""
        self.dropped = 0
        """Sectors that cuts took away."""
        self._size: Final = size
        self._dice: Final = dice
        self._unflushed: Final[dict[int, bytes]] = {}
        with image.open("wb") as made:
            made.truncate(size)
        self._file: Final = image.open("r+b", buffering=0)
        self._listener: Final = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(path))
        self._listener.listen(1)
        self._thread: Final = threading.Thread(target=self._run, name="disk", daemon=True)
        self._idle: Final = threading.Event()
        self._idle.set()
        self._thread.start()

    def cut(self) -> None:
        """The power is gone, with QEMU: of each sector that was not flushed, the dice say whether
        it had reached the medium; a disk keeps to no order. One that lies has kept nothing."""
        assert self._idle.wait(20), "QEMU still uses it"
        for sector, data in self._unflushed.items():
            if self.honest and self._dice.random() < 0.5:
                self._file.seek(sector * SECTOR)
                self._file.write(data)
            else:
                self.dropped += 1
        self._unflushed.clear()

    def close(self) -> None:
        """Nobody uses it any more."""
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(10)
        self._file.close()

    def _run(self) -> None:
        while True:
            try:
                end, _ = self._listener.accept()
            except OSError:
                return
            self._idle.clear()
            with end:
                try:
                    self._greet(end)
                    self._serve(end)
                except (ConnectionError, EOFError):
                    pass  # QEMU was killed
            self._idle.set()

    def _greet(self, end: socket.socket) -> None:
        end.sendall(b"NBDMAGIC" + struct.pack(">QH", _IHAVEOPT, _FIXED_NEWSTYLE_NO_ZEROES))
        _exactly(end, 4)
        while True:
            _, option, length = _OPTION.unpack(_exactly(end, _OPTION.size))
            _exactly(end, length)
            if option != _GO:
                end.sendall(_REPLY.pack(_REPLY_MAGIC, option, _UNSUPPORTED, 0))
                continue
            export = struct.pack(">HQH", 0, self._size, _HAS_FLAGS_AND_FLUSH)
            end.sendall(_REPLY.pack(_REPLY_MAGIC, option, _INFO, len(export)) + export)
            end.sendall(_REPLY.pack(_REPLY_MAGIC, option, _ACK, 0))
            return

    def _serve(self, end: socket.socket) -> None:
        while True:
            magic, _, kind, handle, start, length = _REQUEST.unpack(_exactly(end, _REQUEST.size))
            assert magic == _REQUEST_MAGIC
            error, data = 0, b""
            if kind == _READ:
                data = self._read(start, length)
            elif kind == _WRITE:
                self._write(start, _exactly(end, length))
            elif kind == _FLUSH:
                self._flush()
            elif kind == _DISCONNECT:
                return
            else:
                error = _INVALID
            end.sendall(_ANSWER.pack(_ANSWER_MAGIC, error, handle) + data)

    def _read(self, start: int, length: int) -> bytes:
        self._file.seek(start)
        data = bytearray(self._file.read(length))
        for sector in range(start // SECTOR, (start + length) // SECTOR):
            if (kept := self._unflushed.get(sector)) is not None:
                at = sector * SECTOR - start
                data[at : at + SECTOR] = kept
        return bytes(data)

    def _write(self, start: int, data: bytes) -> None:
        assert start % SECTOR == len(data) % SECTOR == 0
        for at in range(0, len(data), SECTOR):
            self._unflushed[(start + at) // SECTOR] = data[at : at + SECTOR]

    def _flush(self) -> None:
        self.flushes += 1
        if not self.honest:
            return
        for sector, data in self._unflushed.items():
            self._file.seek(sector * SECTOR)
            self._file.write(data)
        self._unflushed.clear()


def _exactly(end: socket.socket, length: int) -> bytes:
    """So many bytes. Raises EOFError when there are no more."""
    data = b""
    while len(data) < length:
        piece = end.recv(length - len(data))
        if not piece:
            raise EOFError
        data += piece
    return data
