"""Keeps the broker's files as the accounts are, and ends sessions that may not go on.

A thread looks twice a second whether the accounts were changed (`hub.kiosks.broker_accounts`),
whoever changed them. Then it

1. replaces the files of accounts, access rules and revoked certificates, each at once (rename), so
   that a broker which reads them at any moment finds a whole one;
2. puts the file `RELOAD` beside them, upon which the unit ``yicang-broker.path`` has the broker
   read them again: it ends the sessions of passwords that it no longer knows;
3. ends the sessions of those that were forbidden by taking them over: a session by certificate
   outlives a reload, but two connections cannot have one client id. It does so several times, since
   the broker reads its files a moment later than they are written.

A process may end, or the disk refuse, between any two of these. So the first look of a process, and
one after a look that failed, does 2 whatever the files say, and 3 for who was forbidden lately; and
who is to go is remembered before the first file is written.

A kiosk can also be held off for a while (`hold`): its account is out of the files for that time,
and an incident says so. It is no judgement, and over when the hub starts anew.

What the files on disk know and the database does not came after the backup that was restored: an
account that they forbid for good stays closed, and a kiosk that they let in was confirmed here, so
that it stays in, and brings what it has; that the hub does not know it is an incident of its own.
"""

import contextlib
import datetime as dt
import logging
import os
import tempfile
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final, Protocol, TypeVar

from cryptography import x509
from msgspec import Struct
from sqlalchemy import Connection, Engine

from hub import incidents
from hub.incidents import Trouble
from hub.kiosks import broker_accounts
from hub.kiosks.broker_accounts import Accounts
from hub.log.writer import WriterStoppedError
from provisioning.authority import Authority
from provisioning.mosquitto import (
    ACCOUNTS,
    ACL,
    CRL,
    RELOAD,
    accounts_in,
    forbidden_in,
    kiosk_acl,
    kiosk_passwd,
)

T = TypeVar("T")

LOOK_S: Final = 0.5
KICKS_S: Final = (*(n / 10 for n in range(15)), 2.0, 5.0)
"""When a session is ended, in seconds after the files were replaced: whoever wants to be back at
once gets no peace until the broker has read them."""
HOLD_S: Final = 60.0
MAX_HOLD_S: Final = 3600.0
"""How long a kiosk is held off: the first time, doubling with each further one, and at most."""
FORGIVEN_S: Final = 24 * 3600.0
"""After so long in peace the next time is the first one again."""
KICK_AGAIN_S: Final = 1.0
"""Without files nobody can be held off: then its session is ended as often as this."""
LATELY_MS: Final = 24 * 3_600_000
"""How long ago an account may have been forbidden for its session to be ended once more by a hub
that starts: the one before may have died between writing it down and ending it."""
UNREAD_S: Final = 30.0
"""A broker that has not read its files for so long is complained of."""
FILE_MODE: Final = 0o640
"""The broker reads by its group, which the directory hands down (set-group-ID)."""

TOO_MUCH: Final = "sends-too-much"
"""The kind of the incident."""

_log: Final = logging.getLogger(__name__)


class Change(Protocol):
    """Runs something in a transaction of the one writer."""

    def __call__(self, change: Callable[[Connection], T], /) -> T:
        """Its result after COMMIT."""


class Kick(Protocol):
    """Ends a session."""

    def __call__(self, kiosk: str, /, *, say: bool, for_good: bool) -> None:
        """Whatever session has this client id; OSError: the broker is away. ``say`` in its stead
        that it is offline, ``for_good`` or not."""


class _Ending(Struct):
    """``since`` is when the files were replaced, ``done`` how many of `KICKS_S`."""

    since: float
    for_good: bool
    done: int = 0
    renewed: bool = False

    @property
    def due(self) -> float:
        return self.since + KICKS_S[self.done]


class BrokerKeeper:
    """Use once: `start`, `stop`. ``directory`` holds the broker's files; without it there are none
    to keep, and `hold` only ends a session. ``authority`` is the directory of the hub's own, for
    the list of revoked certificates. ``renew`` is `MqttLink.renew`: it is called when one that sent
    far too much is away. ``mono`` is a monotonic clock in seconds."""

    def __init__(
        self,
        reader: Engine,
        change: Change,
        kick: Kick,
        now_ms: Callable[[], int],
        renew: Callable[[], None],
        *,
        directory: Path | None,
        authority: Path | None = None,
        mono: Callable[[], float] = time.monotonic,
    ) -> None:
        self._reader: Final = reader
        self._change: Final = change
        self._kick: Final = kick
        self._now_ms: Final = now_ms
        self._renew: Final = renew
        self._directory: Final = directory
        self._authority: Final = authority
        self._mono: Final = mono
        self._stopping: Final = threading.Event()
        self._awake: Final = threading.Event()
        self._lock: Final = threading.Lock()
        self._holding: Final[dict[str, float]] = {}  # kiosk -> until when
        self._held_often: Final[dict[str, tuple[int, float]]] = {}  # until when the last time
        self._to_tell: Final[dict[str, int]] = {}  # kiosk -> seconds
        self._endings: Final[dict[str, _Ending]] = {}
        self._to_end: Final[set[str]] = set()  # forbidden, and not all files say so yet
        self._written: tuple[int, frozenset[str]] | None = None  # change, held
        self._complained = False
        self._thread: Final = threading.Thread(target=self._run, name="hub-broker", daemon=True)

    def start(self) -> None:
        """Begin; the files are as the accounts are soon after."""
        self._thread.start()

    def stop(self) -> None:
        """End; call before the writer stops."""
        self._stopping.set()
        self._awake.set()
        if self._thread.ident is not None:
            self._thread.join(5.0)

    def hold(self, kiosk: str) -> None:
        """Keep ``kiosk`` away from the broker for a while; from any thread, at once. Nothing new
        while it is held off already."""
        now = self._mono()
        with self._lock:
            if self._holding.get(kiosk, 0.0) > now:
                return
            often, since = self._held_often.get(kiosk, (0, now))
            if now - since > FORGIVEN_S:
                often = 0
            for_s = min(HOLD_S * 2**often, MAX_HOLD_S)
            if self._directory is None:
                for_s = KICK_AGAIN_S
            self._held_often[kiosk] = min(often + 1, 32), now + for_s
            self._holding[kiosk] = now + for_s
            self._endings[kiosk] = _Ending(now, for_good=False)
            self._to_tell[kiosk] = round(for_s)
        self._awake.set()

    # --- the thread ------------------------------------------------------------------------

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                self._look()
            except (WriterStoppedError, TimeoutError):
                _log.info("中心正在停止 / the hub is stopping")
            except Exception as error:  # noqa: BLE001 - said below
                # The thread's rim: without it a kiosk that is revoked would stay connected, and
                # nobody would hear of it.
                _log.exception(
                    "代理的文件没能写好 / the broker's files could not be kept: %s", error
                )
            self._awake.wait(self._pause())
            self._awake.clear()

    def _pause(self) -> float:
        with self._lock:
            due = min((one.due for one in self._endings.values()), default=None)
        return LOOK_S if due is None else min(LOOK_S, max(0.0, due - self._mono()))

    def _look(self) -> None:
        if self._directory is not None:
            held = self._held()
            with self._reader.connect() as connection:
                changed = broker_accounts.change(connection)
                accounts = (
                    broker_accounts.read(connection) if self._written != (changed, held) else None
                )
            if accounts is not None:
                self._keep(self._directory, accounts, held)
                self._written = (accounts.change, held)
            self._complain(self._directory)
        self._end_sessions()
        self._tell()

    def _held(self) -> frozenset[str]:
        now = self._mono()
        with self._lock:
            for kiosk in [name for name, until in self._holding.items() if until <= now]:
                del self._holding[kiosk]
            return frozenset(self._holding)

    def _keep(self, directory: Path, accounts: Accounts, held: frozenset[str]) -> None:
        before = forbidden_in(_text(directory / ACL))
        forbidden = {row.kiosk for row in accounts.forbidden}
        if before - forbidden:
            self._change(lambda connection: self._forbid(connection, before - forbidden))
            _log.warning(
                "代理已停用而数据库不知道的终端：%s（恢复了旧备份？请停用或吊销）"
                " / kiosks that the broker forbids and the database does not: %s (an older backup?"
                " retire or revoke them)",
                *[", ".join(sorted(before - forbidden))] * 2,
            )
            forbidden |= before
        known = {row.kiosk for row in accounts.rows} | forbidden
        forgotten = {
            kiosk: secret
            for kiosk, secret in accounts_in(_text(directory / ACCOUNTS)).items()
            if kiosk not in known
        }
        if forgotten:
            self._change(lambda connection: self._allow(connection, forgotten))
            _log.warning(
                "代理认识而数据库不认识的终端：%s（恢复了旧备份？）"
                " / kiosks that the broker knows and the database does not: %s (an older backup?)",
                *[", ".join(sorted(forgotten))] * 2,
            )
        names = [
            (row.kiosk, row.verifier)
            for row in accounts.allowed
            if row.kiosk not in held and row.kiosk not in forbidden
        ]
        names += [one for one in forgotten.items() if one[0] not in held]
        serials = {
            int(row.serial) for row in accounts.rows if row.kiosk in forbidden and row.serial
        }
        self._to_end.update(forbidden - before)
        unsure = self._written is None
        if unsure:
            self._to_end.update(self._lately(accounts))
        self._written = None  # until all of it is done
        changed = [
            self._keep_revocations(directory, serials),
            _replace(directory / ACL, kiosk_acl(forbidden, held).encode()),
            _replace(directory / ACCOUNTS, kiosk_passwd(names).encode()),
        ]
        if any(changed) or unsure:
            (directory / RELOAD).touch()
        now = self._mono()
        with self._lock:
            for kiosk in self._to_end:
                self._endings[kiosk] = _Ending(now, for_good=True)
        self._to_end.clear()

    def _lately(self, accounts: Accounts) -> list[str]:
        now = self._now_ms()
        return [row.kiosk for row in accounts.forbidden if abs(now - row.changed_ms) <= LATELY_MS]

    def _forbid(self, connection: Connection, kiosks: frozenset[str]) -> None:
        for kiosk in sorted(kiosks):
            broker_accounts.forbid(connection, kiosk, self._now_ms())

    def _allow(self, connection: Connection, accounts: Mapping[str, str]) -> None:
        for kiosk, secret in sorted(accounts.items()):
            if broker_accounts.find(connection, kiosk) is None:
                broker_accounts.allow(connection, kiosk, secret, self._now_ms())

    def _keep_revocations(self, directory: Path, serials: set[int]) -> bool:
        if self._authority is None:
            return False
        with contextlib.suppress(OSError, ValueError):
            listed = x509.load_pem_x509_crl((directory / CRL).read_bytes())
            if {one.serial_number for one in listed} == serials:
                return False
        now = dt.datetime.fromtimestamp(self._now_ms() / 1000, dt.UTC)
        return _replace(directory / CRL, Authority.open(self._authority).revocations(serials, now))

    def _tell(self) -> None:
        with self._lock:
            held = dict(self._to_tell)
            self._to_tell.clear()
        for kiosk, for_s in held.items():
            _log.warning(
                "%s 发送过多，%s 秒内不接受它 / sends too much and is held off for %s s",
                kiosk,
                for_s,
                for_s,
            )
        if held:
            self._change(lambda connection: self._note(connection, held))

    def _note(self, connection: Connection, held: Mapping[str, int]) -> None:
        for kiosk, for_s in held.items():
            key, detail = f"{TOO_MUCH}:{kiosk}", {"seconds": for_s}
            incidents.note(
                connection, Trouble(key, TOO_MUCH, kiosk, kiosk, detail, 1), self._now_ms()
            )

    def _complain(self, directory: Path) -> None:
        try:
            since = time.time() - (directory / RELOAD).stat().st_mtime
        except FileNotFoundError:
            self._complained = False
            return
        if since > UNREAD_S and not self._complained:
            self._complained = True
            _log.error(
                "代理还没有重新读取账户，请看 yicang-broker.path"
                " / the broker has not read its accounts again: see yicang-broker.path"
            )

    def _end_sessions(self) -> None:
        now = self._mono()
        with self._lock:
            ready = [(kiosk, one) for kiosk, one in self._endings.items() if one.due <= now]
        unread = self._directory is not None and (self._directory / RELOAD).exists()
        for kiosk, ending in ready:
            last = ending.done == len(KICKS_S) - 1
            try:
                self._kick(kiosk, say=last or not ending.done, for_good=ending.for_good)
            except OSError as error:
                _log.warning("没能结束会话 / a session could not be ended: %s", error)
            if not (ending.for_good or ending.renewed or unread):
                ending.renewed = True
                self._renew()
            with self._lock:
                ending.done += 1
                if last and self._endings.get(kiosk) is ending:
                    del self._endings[kiosk]


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")  # what is spoilt is made anew
    except FileNotFoundError:
        return ""


def _replace(path: Path, content: bytes) -> bool:
    """Replace a file at once; whether it was another. What was there stays until the new one is on
    disk."""
    with contextlib.suppress(FileNotFoundError):
        if path.read_bytes() == content:
            return False
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
    try:
        with os.fdopen(handle, "wb") as file:
            os.fchmod(file.fileno(), FILE_MODE)
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
    return True
