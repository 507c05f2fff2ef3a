"""What systemd listens at: a datagram socket that services tell how they are."""

import contextlib
import socket
import time
from pathlib import Path
from types import TracebackType
from typing import Self


class NotifySocket:
    """As a context manager. `environment` is what a service is given; `heard` all that it said."""

    def __init__(self, path: Path) -> None:
        self.environment = {"NOTIFY_SOCKET": str(path)}
        self._line = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._line.bind(str(path))
        self._line.setblocking(False)
        self.heard: list[str] = []

    def listen(self) -> list[str]:
        """All that was said so far."""
        with contextlib.suppress(BlockingIOError):
            while True:
                self.heard.append(self._line.recv(4096).decode())
        return self.heard

    def fed(self) -> int:
        """How often the watchdog was fed so far."""
        return self.listen().count("WATCHDOG=1")

    def feeds_within(self, seconds: float) -> bool:
        """Whether the watchdog is fed once more."""
        before, deadline = self.fed(), time.monotonic() + seconds
        while time.monotonic() < deadline:
            if self.fed() > before:
                return True
            time.sleep(0.02)
        return False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._line.close()
