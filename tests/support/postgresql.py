"""A throwaway PostgreSQL for tests: a cluster of this test process alone, on a Unix socket in a
directory of its own, started when a test first wants it and removed at the end.

PostgreSQL refuses to run as root, so a suite that root runs starts it as the user that Debian's
package made.
"""

import atexit
import contextlib
import ctypes
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any, Final

import psycopg

INSTALL_LINE: Final = "sudo apt-get install --no-install-recommends postgresql"
START_S: Final = 30.0
SUPERUSER: Final = "yicang"
_PR_SET_PDEATHSIG: Final = 1

_SETTINGS: Final = {
    "listen_addresses": "",
    "fsync": "off",  # tests kill clients, not this machine
    "full_page_writes": "off",
    "synchronous_commit": "off",
    "shared_buffers": "64MB",
    "max_connections": "200",
    "log_min_messages": "warning",
}


class PostgresqlMissing(AssertionError):  # noqa: N818 - a test that needs it fails, not errors
    """The tests need a real PostgreSQL; the text is the line to type."""


def executable(name: str) -> str:
    """Path of a program of PostgreSQL's server, the newest installed.

    Debian keeps it off the PATH. Raises `PostgresqlMissing` with the line to type.
    """
    installed = sorted(
        Path("/usr/lib/postgresql").glob(f"*/bin/{name}"),
        key=lambda path: int(path.parts[-3]) if path.parts[-3].isdigit() else 0,
    )
    found = str(installed[-1]) if installed else shutil.which(name)
    if found is None:
        raise PostgresqlMissing(
            f"PostgreSQL is not installed. Type: {INSTALL_LINE}\n"
            f"未安装 PostgreSQL，请输入：{INSTALL_LINE}"
        )
    return found


class Cluster:
    """A running server; `url` names a database in it."""

    def __init__(self) -> None:
        self._as: dict[str, Any] = {}
        self.directory = Path(tempfile.mkdtemp(prefix="yicang-postgresql-"))
        if os.geteuid() == 0:
            account = pwd.getpwnam("postgres")
            self._as = {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}
            os.chown(self.directory, account.pw_uid, account.pw_gid)
        self._data = self.directory / "data"
        self._log = self.directory / "log"
        self._process = self._start()

    def _start(self) -> "subprocess.Popen[bytes]":
        try:
            subprocess.run(
                [
                    executable("initdb"),
                    "--pgdata",
                    str(self._data),
                    "--username",
                    SUPERUSER,
                    "--auth=trust",
                    "--encoding=UTF8",
                    "--locale=C",
                    "--no-sync",
                    "--no-instructions",
                ],
                check=True,
                capture_output=True,
                cwd=self.directory,
                **self._as,
            )
        except BaseException:
            shutil.rmtree(self.directory, ignore_errors=True)
            raise
        words = [executable("postgres"), "-D", str(self._data), "-k", str(self.directory)]
        for name, value in _SETTINGS.items():
            words += ["-c", f"{name}={value}"]
        with self._log.open("wb") as log:
            process = subprocess.Popen(
                words,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self.directory,
                start_new_session=True,
                preexec_fn=_end_with_parent,
                **self._as,
            )
        deadline = time.monotonic() + START_S
        while time.monotonic() < deadline and process.poll() is None:
            with contextlib.suppress(psycopg.OperationalError):
                self._connect().close()
                return process
            time.sleep(0.02)
        process.kill()
        process.wait()
        raise AssertionError(f"PostgreSQL did not start:\n{self._log.read_text()}")

    def stop(self) -> None:
        """End it at once and remove all of it."""
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGQUIT)
            try:
                self._process.wait(10)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        shutil.rmtree(self.directory, ignore_errors=True)

    def url(self, name: str) -> str:
        """The SQLAlchemy URL of a database."""
        return f"postgresql+psycopg://{SUPERUSER}@/{name}?host={self.directory}"

    def create(self, name: str, template: str = "template0", more: str = "") -> None:
        """A new database, with ``more`` said of it; whoever still looks at the template is sent
        away."""
        with self._connect() as connection:
            if template != "template0":
                self._send_away(connection, template)
            connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}" {more}')

    def drop(self, name: str) -> None:
        """Remove a database with all its connections."""
        with self._connect() as connection:
            connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')

    def _connect(self) -> "psycopg.Connection[tuple[Any, ...]]":
        return psycopg.connect(
            host=str(self.directory), user=SUPERUSER, dbname="postgres", autocommit=True
        )

    @staticmethod
    def _send_away(connection: "psycopg.Connection[tuple[Any, ...]]", name: str) -> None:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", (name,)
        )


def _end_with_parent() -> None:
    """In the child: SIGINT, a fast shutdown, when the tests are killed."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGINT)


class Clusters:
    """This process's cluster, once one is wanted."""

    def __init__(self) -> None:
        self._one: Cluster | None = None

    def get(self) -> Cluster:
        """Raises `PostgresqlMissing`."""
        if self._one is None:
            self._one = Cluster()
            atexit.register(self._one.stop)
        return self._one
