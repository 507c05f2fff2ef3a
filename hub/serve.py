"""The hub as one process: pages and API, ingest and projector, under gunicorn with one worker.

On SQLite one process writes. gunicorn's arbiter only watches; its one worker holds the writer's
lock for as long as it lives, so that a worker that replaces another waits until that one is gone.
The worker ends when the arbiter does: it looks at its parent once a second.
"""

import contextlib
import gc
import logging
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final, NamedTuple, TypeVar

import sqlalchemy as sa
from flask import Flask
from gunicorn.app.base import BaseApplication
from gunicorn.glogging import Logger

from drivers.service_manager import ServiceManager
from hub.access.audit import COMMAND_LINE
from hub.backup import Backup, Progress
from hub.config import HubConfig
from hub.control import ControlError, ControlServer, writer_lock
from hub.desk import perform
from hub.feeding import Feeding
from hub.fleet.bundles import Imported
from hub.log.database_watch import DatabaseWatch
from hub.log.writer import WriterStoppedError
from hub.service import HubService
from hub.sockets import Inherited, Redirect, inherited
from hub.tls import Certificate, certificate
from hub.watchdog import serves, writes
from hub.web.app import create_app

T = TypeVar("T")

THREADS: Final = 8
"""Requests served at once. A page that waits for news does not hold one for long."""

STOP_S: Final = 6
"""How long the arbiter lets the worker finish, in seconds."""

REQUESTS_S: Final = 2
"""Of that, how long requests that are under way may take."""

HEARTBEAT_S: Final = 5.0

START_S: Final = 300
"""How much longer a start may take that has just shown signs of life."""

LOCK_WAIT_S: Final = 15.0

log: Final = logging.getLogger(__name__)


class RootLogger(Logger):
    """gunicorn's messages in our format, to where all others go. There is no access log: an
    address may hold a donor's claim."""

    def setup(self, cfg: Any) -> None:
        super().setup(cfg)  # type: ignore[no-untyped-call]
        self.error_log.handlers.clear()
        self.error_log.propagate = True


class Door(NamedTuple):
    """Where requests come in: at sockets that systemd opened (or else at the configured address),
    with a certificate or without; and whom to tell how the service is."""

    sockets: Inherited
    certificate: Certificate | None
    manager: ServiceManager


def open_door(config: HubConfig) -> Door:
    """For this process. Raises CertificateError."""
    held = certificate(config.tls_certificate, config.tls_key)
    # gunicorn would say that it is ready before its workers are: it no longer finds whom to tell.
    manager = ServiceManager.from_environment(os.environ)
    return Door(inherited(os.environ, os.getpid()), held, manager)


def settings(config: HubConfig, door: Door) -> dict[str, Any]:
    """gunicorn's settings, but for its number of workers."""
    return {
        "bind": [f"fd://{one}" for one in door.sockets.pages]
        or [f"{_bracketed(config.http_host)}:{config.http_port}"],
        **_tls(config, door.certificate),
        "worker_class": "gthread",
        "threads": THREADS,
        "timeout": 60,
        "graceful_timeout": STOP_S,
        "keepalive": 15,
        "accesslog": None,
        "errorlog": "-",
        "logger_class": RootLogger,
        "proc_name": "yicang-hub",
        "control_socket_disable": True,
        "pre_fork": _share_memory,
        "worker_exit": _end_soon,
    }


def _share_memory(_server: Any, _worker: Any) -> None:
    """Before the fork: what is loaded by now stays for good, and looking for cycles in it would
    copy every page of it into the worker."""
    gc.freeze()


def _end_soon(_server: Any, _worker: Any) -> None:
    """At a worker's end: its memory goes back as a whole. Taking it apart object by object would
    copy what it shares with the arbiter, and take longer than all else that a stop does."""
    gc.freeze()


def _tls(config: HubConfig, held: Certificate | None) -> dict[str, Any]:
    if held is None:
        return {}
    return {
        "certfile": config.tls_certificate,
        "keyfile": config.tls_key,
        "ssl_context": lambda _settings, _make: held.context(),
    }


class HubServer(BaseApplication):
    """gunicorn for the hub in ``directory`` (its settings, lock and control socket)."""

    def __init__(self, config: HubConfig, directory: Path, door: Door) -> None:
        self._config: Final = config
        self._directory: Final = directory
        self._door: Final = door
        self._held: Final = contextlib.ExitStack()  # by the worker alone
        self._service: HubService | None = None
        super().__init__()  # type: ignore[no-untyped-call]

    def load_config(self) -> None:
        server: Any = self.cfg
        hooks = {"post_worker_init": self._started, "worker_exit": self._stopped}
        for name, value in {**settings(self._config, self._door), "workers": 1, **hooks}.items():
            server.set(name, value)

    def load(self) -> Flask:
        """In the worker: the lock, the service (not yet started) and the pages over it."""
        self._held.enter_context(writer_lock(self._directory, wait_s=LOCK_WAIT_S))
        service = HubService(self._config)
        self._service = service
        return create_app(
            self._config, service.reader, service.writer, ailments=lambda: ailments(service)
        )

    def _started(self, worker: Any) -> None:
        service = self._service
        if service is None:
            raise RuntimeError("the worker starts before its application was loaded")
        # Shorter than the arbiter's patience, so that what comes after requests has its time.
        worker.cfg.set("graceful_timeout", REQUESTS_S)
        with _heartbeat(worker, self._door.manager):
            service.start()
        self._held.callback(service.stop)
        desk = ServiceDesk(service)
        control = ControlServer(self._directory, lambda request: perform(request, desk))
        control.start()
        self._held.callback(control.close)
        if service.database_path is not None:
            # The worker's own graceful end: its connections close before the next one opens.
            watch = DatabaseWatch(
                service.database_path, lambda: os.kill(os.getpid(), signal.SIGTERM)
            )
            watch.start()
            self._held.callback(watch.stop)
        if self._door.sockets.plain:
            redirect = Redirect(self._door.sockets.plain, self._config.public_url)
            redirect.start()
            self._held.callback(redirect.close)
        if service.leadership is not None:
            _end_when(service.leadership.lost)
        _end_with_parent(worker.ppid)
        feeding = Feeding(self._door.manager, lambda: _works(worker, service))
        feeding.start()
        self._held.callback(feeding.stop)
        if self._door.sockets.pages:
            log.info("the hub is ready on the sockets that systemd opened")
        else:
            log.info("the hub is ready on port %d", self._config.http_port)

    def _stopped(self, _server: Any, _worker: Any) -> None:
        self._held.close()  # in the arbiter, which gunicorn calls here too, it holds nothing
        _end_soon(_server, _worker)


def turned(worker: Any) -> float:
    """When gunicorn's worker last went round its loop, in monotonic seconds."""
    return float(worker.tmp.last_update())


def _works(worker: Any, service: HubService) -> bool:
    now = time.monotonic()
    return serves(turned(worker), now) and writes(service.writer.facts, now)


class ServiceDesk:
    """Commands carried out by the running hub."""

    def __init__(self, service: HubService) -> None:
        self._service: Final = service

    def call(self, change: Callable[[sa.Connection], T]) -> T:
        """In the writer's thread; raises `ControlError` when the hub is too busy or stopping."""
        try:
            return self._service.writer.call(change)
        except (WriterStoppedError, TimeoutError) as error:
            raise ControlError(
                f"中心正忙或正在停止，请稍后再试 / the hub is busy or stopping; try again ({error})"
            ) from None

    def rebuild(self) -> None:
        """While the hub runs; ingest waits meanwhile."""
        self._service.rebuild()

    def back_up(self, directory: Path, *, off_machine: bool) -> Backup:
        """Raises `BackupError`."""
        return self._service.back_up(directory, off_machine=off_machine)

    def import_bundle(self, path: Path) -> Imported:
        """Raises `hub.fleet.bundles.ImportRefusedError` and OSError."""
        return self._service.import_bundle(path, COMMAND_LINE)

    def backing_up(self) -> Progress | None:
        """How far the backup under way is."""
        return self._service.backing_up


def ailments(service: HubService) -> list[str]:
    """What keeps the hub from doing its work now, as machine words for ``/healthz``."""
    health = service.health()
    parts = (("writer", health.writer), ("broker", health.broker))
    return [*(word for word, well in parts if not well), *health.watches]


def serve(config: HubConfig, directory: Path) -> None:
    """Serves until SIGTERM or SIGINT; ends in SystemExit with gunicorn's status.

    Raises:
        hub.control.LockedError: another process is writing to this hub's database.
        hub.tls.CertificateError: the certificate cannot be used.
    """
    with writer_lock(directory):
        pass  # said before anything starts; the worker takes it for good
    HubServer(config, directory, open_door(config)).run()  # type: ignore[no-untyped-call]


@contextlib.contextmanager
def _heartbeat(worker: Any, manager: ServiceManager) -> Iterator[None]:
    """Inside, the arbiter hears that the worker lives, and systemd that it starts: a start that
    refolds every event may take longer than they would wait."""
    done = threading.Event()

    def beat() -> None:
        while not done.wait(HEARTBEAT_S):
            worker.notify()
            manager.starting(START_S)

    thread = threading.Thread(target=beat, name="heartbeat", daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


def _end_with_parent(parent: int) -> None:
    """Ends this process some time after ``parent`` is gone, whatever its threads do.

    gunicorn's worker sees the same and stops by itself; this is for one that cannot.
    """

    def watch() -> None:
        nobody = threading.Event()
        while os.getppid() == parent:
            nobody.wait(1.0)
        nobody.wait(STOP_S)
        os._exit(1)

    threading.Thread(target=watch, name="parent-watch", daemon=True).start()


def _end_when(lost: threading.Event) -> None:
    """Ends this worker, gracefully, once ``lost`` is set; gunicorn starts another."""

    def watch() -> None:
        lost.wait()
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=watch, name="leadership-watch", daemon=True).start()


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host
