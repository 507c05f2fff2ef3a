"""Pages and API alone, by several workers: where ingest and projector are processes of their own
(`hub.city`), on PostgreSQL."""

import time
from typing import Any, Final

from flask import Flask
from gunicorn.app.base import BaseApplication

from hub import db, postgresql
from hub.city import SharedWriter
from hub.config import HubConfig
from hub.feeding import Feeding
from hub.serve import THREADS, Door, open_door, settings, turned
from hub.watchdog import serves
from hub.web.app import create_app


class WebServer(BaseApplication):
    """gunicorn with ``workers`` processes, each with its own connections."""

    def __init__(self, config: HubConfig, workers: int, door: Door) -> None:
        self._door: Final = door
        self._config: Final = config
        self._workers: Final = workers
        super().__init__()  # type: ignore[no-untyped-call]

    def load_config(self) -> None:
        server: Any = self.cfg
        mine = {"workers": self._workers, "post_worker_init": self._started}
        for name, value in {**settings(self._config, self._door), **mine}.items():
            server.set(name, value)

    def _started(self, worker: Any) -> None:
        # Each of them feeds the watchdog; one that hangs alone is ended by gunicorn's arbiter.
        Feeding(self._door.manager, lambda: serves(turned(worker), time.monotonic())).start()

    def load(self) -> Flask:
        """In each worker: connections cannot be shared with it."""
        engine = postgresql.open_many(self._config.database, THREADS)
        db.migrate(engine)
        writer = SharedWriter(engine)
        return create_app(
            self._config,
            db.open_reader(self._config.database),
            writer,
            ailments=writer.ailments,
        )


def serve_web(config: HubConfig, workers: int) -> None:
    """Serves until SIGTERM or SIGINT; ends in SystemExit with gunicorn's status.

    Raises:
        hub.tls.CertificateError: the certificate cannot be used.
    """
    WebServer(config, workers, open_door(config)).run()  # type: ignore[no-untyped-call]
