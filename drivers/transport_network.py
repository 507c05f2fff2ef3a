"""A network printer's raw port (9100): one TCP connection a job.

An idle connection may be dead without either side knowing, and swallow a label; hence none is
kept. Such a port takes one connection at a time, and often gives no answers.
"""

from __future__ import annotations

import contextlib
import errno
import select
import socket
import threading
import time
from typing import Final

from drivers.link_faults import closed, gone, stuck
from drivers.port_status import PortStatus
from drivers.transports import (
    ANSWER_BYTES,
    CHUNK_BYTES,
    MORE_S,
    SLICE_S,
    STALL_S,
    Silence,
)

CONNECT_S: Final = 3.0


class TcpTransport:
    """Raw TCP to a printer, or to a serial line's server."""

    def __init__(self, host: str, port: int, *, stall_s: float = STALL_S) -> None:
        self._host: Final = host
        self._port: Final = port
        self._where: Final = f"{host}:{port}"
        self._stall_s: Final = stall_s
        self._socket: socket.socket | None = None
        self._closed: Final = threading.Event()

    @property
    def silence(self) -> Silence:
        return "unknown"

    def send(self, data: bytes) -> None:
        connection = self._open()
        taken = 0
        until = time.monotonic() + self._stall_s
        while taken < len(data):
            try:
                # What lies in our own buffer may still be sent after the connection broke here:
                # it counts as taken.
                taken += connection.send(data[taken : taken + CHUNK_BYTES])
                until = time.monotonic() + self._stall_s
            except TimeoutError as error:
                if self._closed.is_set() or time.monotonic() >= until:
                    self._drop()
                    failure = closed(taken) if self._closed.is_set() else stuck(self._where, taken)
                    raise failure from error
            except OSError as error:
                self._drop()
                if self._closed.is_set():
                    raise closed(taken) from error
                raise gone(self._where, error, taken) from error

    def ask(self, request: bytes, timeout_s: float) -> bytes:
        connection = self._open()
        try:
            while select.select([connection], [], [], 0)[0]:
                if not connection.recv(ANSWER_BYTES):
                    raise ConnectionResetError(errno.ECONNRESET, "closed by the printer")
            self.send(request)
            return self._answer(connection, time.monotonic() + timeout_s)
        except OSError as error:
            self._drop()
            raise gone(self._where, error) from error

    def _answer(self, connection: socket.socket, until: float) -> bytes:
        answer = b""
        while not self._closed.is_set():
            left = until - time.monotonic()
            if select.select([connection], [], [], max(0.0, min(SLICE_S, left)))[0]:
                piece = connection.recv(ANSWER_BYTES)
                if not piece:
                    raise ConnectionResetError(errno.ECONNRESET, "closed by the printer")
                if not answer:
                    until = time.monotonic() + MORE_S
                answer += piece
            elif left <= 0:
                return answer
        raise closed()

    def port(self) -> PortStatus | None:
        """A raw port has no word beside its data."""
        return None

    def drain(self) -> None:
        """How fast it empties its buffer is not known; a network is faster than a head."""

    def pause(self, seconds: float) -> bool:
        return self._closed.wait(max(0.0, seconds))

    def finish(self) -> None:
        connection, self._socket = self._socket, None
        if connection is not None:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_WR)
            connection.close()

    def close(self) -> None:
        self._closed.set()
        connection = self._socket
        if connection is not None:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def _drop(self) -> None:
        """Ends a broken connection, throwing away what we still hold of it."""
        connection, self._socket = self._socket, None
        if connection is not None:
            with contextlib.suppress(OSError):
                # Linger 0: the rest of a job that we called failed must not arrive later.
                linger = b"\x01\x00\x00\x00\x00\x00\x00\x00"
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            connection.close()

    def _open(self) -> socket.socket:
        if self._closed.is_set():
            self.finish()
            raise closed()
        if self._socket is None:
            try:
                self._socket = socket.create_connection((self._host, self._port), CONNECT_S)
            except OSError as error:
                away = OSError(errno.ENXIO, str(error))
                raise gone(self._where, away) from error
            self._socket.settimeout(SLICE_S)
        return self._socket
