"""A real Mosquitto for tests: free port, generated configuration, killed and started at will.

Defaults are those of a stop: persistence on, explicit queue limits (Mosquitto's own default of
1,000 queued messages drops silently), anonymous access on 127.0.0.1 only.
"""

import os
import pwd
import shutil
import socket
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.support.ports import free_port

INSTALL_LINE = "sudo apt-get install --no-install-recommends mosquitto"
START_TIMEOUT_S = 10.0


class MosquittoMissing(AssertionError):  # noqa: N818 - a test that needs it fails, not errors
    """The tests need the real broker; the text is the line to type."""


def mosquitto_executable() -> str:
    """Path of the installed Mosquitto; raises `MosquittoMissing` with the line to type."""
    found = shutil.which(
        "mosquitto", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin"
    )
    if found is None:
        raise MosquittoMissing(
            f"Mosquitto is not installed. Type: {INSTALL_LINE}\n"
            f"未安装 Mosquitto，请输入：{INSTALL_LINE}"
        )
    return found


class Mosquitto:
    """One broker on 127.0.0.1 whose port stays the same over restarts.

    ``directory`` gets its configuration, log and database; it must exist. ``settings`` are
    further lines for the configuration, for example ``acl_file /path``. Not started until
    `start` (or ``with``).
    """

    def __init__(
        self,
        directory: Path,
        *,
        port: int | None = None,
        max_queued_messages: int = 100_000,
        max_inflight_messages: int = 100,
        allow_anonymous: bool = True,
        settings: Sequence[str] = (),
    ) -> None:
        self.host = "127.0.0.1"
        self._executable = mosquitto_executable()
        self._directory = directory
        self._given_port = port
        self.port = port if port is not None else free_port()
        self._settings = (
            f"allow_anonymous {'true' if allow_anonymous else 'false'}",
            f"max_queued_messages {max_queued_messages}",
            f"max_inflight_messages {max_inflight_messages}",
            *settings,
        )
        self._log = directory / "mosquitto.log"
        self._said = directory / "mosquitto.out"  # before its log opens: configuration errors
        self._process: subprocess.Popen[bytes] | None = None
        self._ever_started = False

    # --- life ------------------------------------------------------------------------------

    def start(self) -> None:
        """Start and wait until it accepts connections; does nothing when it already runs.

        Raises:
            AssertionError: it did not accept within `START_TIMEOUT_S`, with its log.
        """
        if self.running:
            return
        for _ in range(5):
            if self._try_start():
                self._ever_started = True
                return
            if self._ever_started or self._given_port is not None:
                break
            self.port = free_port()  # somebody else took it between probe and start
        raise AssertionError(f"Mosquitto did not start on port {self.port}:\n{self.log()}")

    def _try_start(self) -> bool:
        config = self._directory / "mosquitto.conf"
        config.write_text(self._config(), encoding="utf-8")
        with self._said.open("ab") as said:
            process = subprocess.Popen(
                [self._executable, "-c", str(config)],
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=subprocess.STDOUT,
            )
        deadline = time.monotonic() + START_TIMEOUT_S
        while time.monotonic() < deadline and process.poll() is None:
            if self._accepts() and process.poll() is None:
                self._process = process
                return True
            time.sleep(0.01)
        if process.poll() is None:
            process.kill()
        process.wait()
        return False

    def _accepts(self) -> bool:
        try:
            with socket.create_connection((self.host, self.port), timeout=1):
                return True
        except OSError:
            return False

    def kill(self) -> None:
        """SIGKILL: nothing is written any more; clients see the connection break."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def stop(self) -> None:
        """SIGTERM: the database is written; clients see the connection close."""
        if self._process is not None:
            self._process.terminate()
            try:
                self._process.wait(START_TIMEOUT_S)
            except subprocess.TimeoutExpired:
                self.kill()
            self._process = None

    def delete_database(self) -> None:
        """Remove what the broker persisted (sessions, queues, retained messages).

        Raises:
            AssertionError: it still runs, and would write it again.
        """
        assert not self.running, "stop or kill the broker before deleting its database"
        self.database.unlink(missing_ok=True)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.kill()

    # --- looking at it ---------------------------------------------------------------------

    @property
    def running(self) -> bool:
        """Whether the process lives."""
        return self._process is not None and self._process.poll() is None

    @property
    def pid(self) -> int:
        """Process id; raises AssertionError when it does not run."""
        assert self._process is not None, "the broker does not run"
        return self._process.pid

    @property
    def address(self) -> str:
        """``host:port``."""
        return f"{self.host}:{self.port}"

    @property
    def database(self) -> Path:
        """Where persistence lives; exists after a `stop`."""
        return self._directory / "mosquitto.db"

    def log(self) -> str:
        """All that it said so far, over all its starts."""
        return "".join(
            path.read_text(encoding="utf-8", errors="replace")
            for path in (self._said, self._log)
            if path.exists()
        )

    def _config(self) -> str:
        return "\n".join(
            (
                "per_listener_settings false",
                f"listener {self.port} {self.host}",
                # Started as root it would become "mosquitto", which may not enter the directory.
                f"user {pwd.getpwuid(os.getuid()).pw_name}",
                "persistence true",
                f"persistence_location {self._directory}/",
                "persistence_file mosquitto.db",
                f"log_dest file {self._log}",  # stdout would be buffered until it ends
                "log_type error",
                "log_type warning",
                "log_type notice",
                "log_type information",
                "connection_messages true",
                *self._settings,
                "",
            )
        )
