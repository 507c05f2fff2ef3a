"""Telling systemd how a service is: ready, alive, stopping (sd_notify(3)).

A message is one datagram to a Unix socket that systemd names in ``NOTIFY_SOCKET``. The packages
that do this are ``sdnotify`` (last release 2017), and ``systemd-python`` and ``cysystemd``, which
are compiled against libsystemd for it; the protocol itself is frozen and is all there is below.
"""

import contextlib
import os
import socket
from collections.abc import MutableMapping
from typing import Final

SECOND_US: Final = 1_000_000


class ServiceManager:
    """Sends to ``address``; without one, and when nobody listens there, nothing happens.

    May be used from any thread; never waits.
    """

    def __init__(self, address: str | None) -> None:
        self._address: Final = _socket_name(address) if address else None

    @classmethod
    def from_environment(cls, environment: MutableMapping[str, str]) -> "ServiceManager":
        """The one that started this process. ``NOTIFY_SOCKET`` is taken out, so that no library
        and no child speaks in our name."""
        return cls(environment.pop("NOTIFY_SOCKET", None))

    def ready(self) -> None:
        """The service does its work from now on."""
        self._send("READY=1")

    def alive(self) -> None:
        """Feeds the watchdog of ``WatchdogSec=``."""
        self._send("WATCHDOG=1")

    def starting(self, seconds: int) -> None:
        """The start is under way and takes at most so much longer."""
        self._send(f"EXTEND_TIMEOUT_USEC={seconds * SECOND_US}")

    def stopping(self) -> None:
        """The end has begun."""
        self._send("STOPPING=1")

    def status(self, text: str) -> None:
        """One line for ``systemctl status``; nothing personal."""
        self._send(f"STATUS={text}")

    def _send(self, message: str) -> None:
        if self._address is None:
            return
        with (
            contextlib.suppress(OSError),  # nobody listens: the service works all the same
            socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as line,
        ):
            line.setblocking(False)
            line.sendto(message.encode(), self._address)


def _socket_name(address: str) -> bytes:
    """An address that begins with @ is in the abstract name space."""
    name = os.fsencode(address)
    return b"\0" + name[1:] if name.startswith(b"@") else name
