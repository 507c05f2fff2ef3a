"""Serves the page on this machine alone, in threads of its own.

waitress runs its sockets in one thread and requests in a few others. Its ``run`` ends only by an
exception in its own thread, so we turn its loop ourselves and can leave it at a flag.
"""

from __future__ import annotations

import logging
import threading
import time
from typing import TYPE_CHECKING, Final

from waitress import wasyncore
from waitress.channel import HTTPChannel
from waitress.server import create_server

from kiosk.screen.view import ScreenView

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

THREADS: Final = 12
"""More than `kiosk.screen.app.MAX_WAITING`: scans and pictures always find a free one."""

LOOP_SECONDS: Final = 1.0
CLOSE_SECONDS: Final = 5.0


class ScreenServer:
    """A web server on ``127.0.0.1:port`` (0: any free one) for one application.

    Raises (from `start`):
        OSError: the port is taken.
    """

    def __init__(
        self, app: WSGIApplication, view: ScreenView, port: int, host: str = "127.0.0.1"
    ) -> None:
        self._app: Final = app
        self._view: Final = view
        self._host: Final = host
        self._wanted_port: Final = port
        self._stopping: Final = threading.Event()
        self._waking: Final = threading.Lock()
        """Held while the loop is woken, so that it cannot close what wakes it in between."""
        self._sockets: Final[dict[int, wasyncore.dispatcher]] = {}
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Binds and begins to serve; returns when requests are taken."""
        # It warns of every request that waits a moment for a thread, which is no trouble here.
        logging.getLogger("waitress.queue").setLevel(logging.ERROR)
        self._server = create_server(  # type: ignore[no-untyped-call]  # waitress has no types
            self._app,
            map=self._sockets,
            host=self._host,
            port=self._wanted_port,
            threads=THREADS,
            ident=None,
            max_request_body_size=64 * 1024,
            max_request_header_size=16 * 1024,
            channel_timeout=60,
            cleanup_interval=10,
        )
        self._thread = threading.Thread(target=self._serve, name="screen-server", daemon=True)
        self._thread.start()

    @property
    def port(self) -> int:
        """The port that was bound; only after `start`."""
        return int(self._server.effective_port)

    @property
    def url(self) -> str:
        """Where the page is; only after `start`."""
        return f"http://{self._host}:{self.port}/"

    def close(self) -> None:
        """Answers waiting polls, ends every connection and thread. May be called twice."""
        self._view.close()
        thread, self._thread = self._thread, None
        if thread is None:
            return
        with self._waking:
            self._stopping.set()
            self._server.pull_trigger()
        thread.join(CLOSE_SECONDS * 2)

    def _serve(self) -> None:
        while not self._stopping.is_set():
            self._turn(LOOP_SECONDS)
        end = time.monotonic() + CLOSE_SECONDS
        while self._answering() and time.monotonic() < end:
            self._turn(0.05)
        self._server.task_dispatcher.shutdown(timeout=CLOSE_SECONDS)
        with self._waking:
            wasyncore.close_all(self._sockets, ignore_all=True)  # type: ignore[no-untyped-call]

    def _turn(self, seconds: float) -> None:
        wasyncore.loop(  # type: ignore[no-untyped-call]
            timeout=seconds, use_poll=True, map=self._sockets, count=1
        )

    def _answering(self) -> bool:
        """Whether a request is being worked on or an answer is not wholly sent."""
        return any(
            channel.requests or channel.total_outbufs_len
            for channel in self._sockets.values()
            if isinstance(channel, HTTPChannel)
        )
