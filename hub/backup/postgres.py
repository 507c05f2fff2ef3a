"""A backup of PostgreSQL, and its way back, by PostgreSQL's own tools.

One transaction exports its snapshot: what is verified in it is what ``pg_dump`` writes. Restoring
is ``pg_restore`` in one transaction: all of it, or nothing.
"""

import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, Final, cast

import sqlalchemy as sa

from hub import db
from hub.backup import BackupError, Progress, sealing, verify
from hub.backup.keys import Identity
from hub.backup.taking import POSTGRESQL, Snapshot, Tell

LEDGER: Final = "postgresql.verified"
INSTALL: Final = "sudo apt-get install --no-install-recommends postgresql-client"


@contextmanager
def snapshot(url: str, home: Path, tell: Tell) -> Iterator[Snapshot]:
    """A verified moment of the database at ``url``, as a dump. What was verified before is
    remembered in ``home``.

    Raises:
        BackupError: pg_dump is not there or fails, or what the database holds is not sound.
    """
    program = _program("pg_dump")
    reader = db.open_reader(url)
    ledger = home / LEDGER
    try:
        with reader.connect() as connection:
            exported = connection.exec_driver_sql("SELECT pg_export_snapshot()").scalar_one()
            size = connection.exec_driver_sql(
                "SELECT pg_database_size(current_database())"
            ).scalar_one()
            held, checked = verify.verify(
                connection,
                verify.read_ledger(ledger),
                lambda done, total: tell(Progress("check", done, total)),
            )
            verify.write_ledger(ledger, checked)
            words = ["--format=custom", "--no-owner", "--no-privileges", f"--snapshot={exported}"]
            with subprocess.Popen(
                [program, *words, f"--dbname={_address(url)}"],
                env=_environment(url),
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                stdin=subprocess.DEVNULL,
            ) as process:
                try:
                    source = cast("IO[bytes]", _Dump(process))
                    yield Snapshot(source, size, POSTGRESQL, held, compressed=True)
                finally:
                    process.kill()
    finally:
        reader.dispose()


def restore(file: Path, url: str, identities: Sequence[Identity]) -> None:
    """Put the dump in ``file`` in the place of what the database holds, all or nothing.

    Raises:
        BackupError: it does not open, or pg_restore is not there or refuses it.
    """
    program = _program("pg_restore")
    words = ["--clean", "--if-exists", "--no-owner", "--no-privileges", "--single-transaction"]
    with subprocess.Popen(
        [program, *words, "--exit-on-error", f"--dbname={_address(url)}"],
        env=_environment(url),
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stdin is not None
        try:
            sealing.unseal(file, identities, process.stdin, compressed=True)
        except BaseException as error:
            process.kill()  # its transaction goes with it
            if isinstance(error, BrokenPipeError):
                raise BackupError(_said(process)) from None
            raise
        _, said = process.communicate()
        if process.returncode:
            raise BackupError(_words(said))


class _Dump:
    """pg_dump's output; its end is good only with its exit status."""

    def __init__(self, process: "subprocess.Popen[bytes]") -> None:
        self._process: Final = process

    def read(self, size: int) -> bytes:
        """At most ``size`` bytes. Raises `BackupError` at the end of a dump that failed."""
        assert self._process.stdout is not None
        data = self._process.stdout.read(size)
        if not data and self._process.wait() != 0:
            raise BackupError(_said(self._process))
        return data


def _said(process: "subprocess.Popen[bytes]") -> str:
    assert process.stderr is not None
    return _words(process.stderr.read())


def _words(said: bytes) -> str:
    text = said.decode("utf-8", "replace").strip()
    return f"PostgreSQL 的工具失败 / PostgreSQL's tool failed: {text}"


def _program(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        raise BackupError(f"找不到 {name} / {name} is not here: {INSTALL}")
    return found


def _address(url: str) -> str:
    """The URL as libpq has it, without the password: everybody sees a command's words."""
    plain: Any = sa.make_url(url).set(drivername="postgresql", password=None)
    return str(plain.render_as_string(hide_password=False))


def _environment(url: str) -> Mapping[str, str]:
    password = sa.make_url(url).password
    return {**os.environ, **({"PGPASSWORD": str(password)} if password else {})}
