"""``yicang hub backup``, ``backup-key``, ``verify`` and ``restore``."""

import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import click
import msgspec

from hub import operations
from hub.backup import NOT_SAFE, STEPS, BackupError, Progress, keys, paper, restoring
from hub.backup.keeper import database_file, hub_events_directory
from hub.backup.keys import Identity
from hub.command_line import DATA, Refused, do, settings
from hub.control import ControlError, LockedError, ask, writer_lock
from hub.local_desk import now_ms

WAIT_S: Final = 6 * 3600.0
"""How long a command waits for a backup of a very large hub on a very slow disk."""

LOOK_S: Final = 0.5

KEY: Final = click.option(
    "--key",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="存有私钥的文件 / the file with the private key",
)


# --- making one --------------------------------------------------------------------------------


@click.command("backup")
@DATA
@click.option(
    "--to",
    type=click.Path(path_type=Path, file_okay=False),
    help="目录，在另一块盘上，不在数据目录里；不写则用 hub.toml 的 backup_dir"
    " / a directory on another disk, not below the data directory; backup_dir of hub.toml if not"
    " given",
)
@click.option(
    "--off-machine",
    is_flag=True,
    help="该目录会离开本机（网络盘、会被送走）：终端可以删除其中已有的旧记录"
    " / what is there leaves this machine (a network drive, sent away): kiosks may forget what it"
    " holds",
)
@click.option("--when-configured", is_flag=True, hidden=True)  # for the timer
def backup_command(data: Path, to: Path | None, off_machine: bool, when_configured: bool) -> None:
    """加密备份并核对；中心可以在运行 / Back up, encrypted, and verify; the hub may run.

    同一块盘上的备份会留着，但不算安全：终端不会因此删除旧记录。
    A backup on the database's own disk is kept, but is not safe: kiosks forget nothing by it.
    """
    config = settings(data)
    if when_configured and not (config.backup_dir and config.backup_key):
        click.echo(
            "hub.toml 里没有 backup_dir 和 backup_key，不备份"
            " / no backup_dir and backup_key in hub.toml: nothing is backed up",
            err=True,
        )
        return
    if to is None and not config.backup_dir:
        raise Refused(
            "请用 --to 指定目录，或在 hub.toml 里设 backup_dir"
            " / say where by --to, or set backup_dir in hub.toml"
        )
    directory = to if to is not None else Path(config.backup_dir)
    if directory.resolve().is_relative_to(data.resolve()):
        raise Refused(
            f"--to {directory}: 备份要放在数据目录之外"
            " / a backup belongs in another directory, not below the data"
        )
    away = off_machine or (to is None and config.backup_off_machine)
    operation = operations.MakeBackup(str(directory.absolute()), away)
    with _Shown() as shown, _watched(data, shown):
        made = do(data, operation, operations.BackupMade, timeout_s=WAIT_S, tell=shown.show)
    click.echo(
        f"已备份并核对 / backed up and verified: {made.file}"
        f" ({made.events:,} events, {made.size:,} bytes)"
    )
    if not made.apart:
        click.echo(NOT_SAFE, err=True)
        click.echo(
            "若它会离开本机，请加 --off-machine / if it leaves this machine, add --off-machine",
            err=True,
        )


class _Shown:
    """Progress on standard error: one moving line for people, a line a step for files."""

    def __init__(self) -> None:
        self._moving: Final = sys.stderr.isatty()
        self._step = ""

    def __enter__(self) -> "_Shown":
        return self

    def __exit__(self, *_: object) -> None:
        if self._moving and self._step:
            click.echo("\r\x1b[K", nl=False, err=True)

    def show(self, progress: Progress) -> None:
        """One state of it."""
        words = STEPS[progress.step]
        if self._moving:
            share = f"{100 * progress.done // max(progress.total, 1):3d} %"
            click.echo(f"\r\x1b[K{words} {share}", nl=False, err=True)
        self._step = progress.step


@contextmanager
def _watched(data: Path, shown: _Shown) -> Iterator[None]:
    """Inside, what a running hub says of its progress is shown."""
    done = threading.Event()
    question = msgspec.json.encode(operations.TellBackup())

    def watch() -> None:
        while not done.wait(LOOK_S):
            try:
                answer = ask(data / "hub", question, timeout_s=5.0)
            except ControlError:
                continue  # none runs, or it is busy
            progress = msgspec.json.decode(answer, type=Progress | None)
            if progress is not None:
                shown.show(progress)

    thread = threading.Thread(target=watch, name="backup-progress", daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


# --- keys --------------------------------------------------------------------------------------


@click.command("backup-key")
@DATA
@click.option(
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    help="把私钥写进文件而不显示，然后带走它 / write the private key to this file instead of"
    " showing it, and take it away",
)
@click.option(
    "--paper",
    "paper_file",
    type=click.Path(path_type=Path, dir_okay=False),
    help="写一页可打印的 HTML，带二维码 / write a page to print, with a QR code (HTML)",
)
@click.option(
    "--replace",
    is_flag=True,
    help="换新密钥；旧备份仍需旧私钥 / a new pair; older backups still need the old private key",
)
def backup_key_command(
    data: Path, out: Path | None, paper_file: Path | None, replace: bool
) -> None:
    """生成备份密钥对：公钥写入 hub.toml，私钥由您保管 / Make the backups' key pair.

    公钥只能加密；没有私钥谁也打不开备份，包括中心自己。请把私钥放在别处，至少两份。
    The public key only locks. Without the private key nobody opens a backup, the hub neither: keep
    it elsewhere, twice.
    """
    config = settings(data)
    if config.backup_key and not replace:
        raise Refused(
            "backup_key: hub.toml 里已有公钥；要换新的请加 --replace，旧私钥请留着"
            " / there is a public key in hub.toml already; --replace makes a new pair, and the old"
            " private key still opens the older backups"
        )
    identity = keys.new()
    private, public = str(identity), str(identity.to_public())
    for file, text in (
        (out, f"# {public}\n{private}\n"),
        (paper_file, paper.page(private, public) if paper_file else ""),
    ):
        if file is not None:
            _write_new(file, text)
    keys.put_public(data / "hub" / "hub.toml", public)
    click.echo(f"公钥已写入 / the public key is in {data / 'hub' / 'hub.toml'}: {public}")
    for file in (out, paper_file):
        if file is not None:
            click.echo(f"私钥在 / the private key is in {file}")
    click.echo(
        "请把私钥放到别处，至少两份，再从这台机器上删掉；丢了私钥，备份就打不开了。中心重启后生效。"
        " / Keep the private key elsewhere, twice, and delete it here: without it no backup opens."
        " It counts from the hub's next start.",
        err=True,
    )
    if out is None and paper_file is None:
        click.echo("私钥（只显示这一次）/ private key (shown this once):")
        click.echo(private)


def _write_new(file: Path, text: str) -> None:
    try:
        keys.write_private(file, text)
    except FileExistsError:
        raise Refused(f"{file}: 文件已存在 / there is such a file already") from None
    except OSError as error:
        raise Refused(f"{file}: {error.strerror}") from None


# --- using one ---------------------------------------------------------------------------------


@click.command("verify")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@KEY
def verify_command(file: Path, key: Path | None) -> None:
    """用私钥打开备份 FILE 并全部核对 / Open the backup FILE by its private key, and check it all.

    这证明：这把私钥打得开它，数据库完好，每个事件都在，且与其哈希相符；
    PostgreSQL 的备份只证明前一点和文件完整。
    This proves that this key opens it, that the database in it is sound, and that every event is
    there and matches its hash; of a backup of PostgreSQL, that this key opens it and it is whole.
    """
    try:
        identities = _identities(key)
        with tempfile.TemporaryDirectory(prefix="yicang-verify-") as scratch:
            held = restoring.check(file, identities, Path(scratch))
    except BackupError as error:
        raise Refused(str(error)) from None
    if held is None:
        click.echo(
            "私钥打得开，文件完整；PostgreSQL 备份里的事件在恢复时才逐一核对"
            " / this key opens it, and the file is whole; the events in a backup of PostgreSQL are"
            f" checked only when it is restored: {file}"
        )
        return
    click.echo(
        f"完好，私钥打得开 / sound, and this key opens it: {file} ({held.events:,} events,"
        f" {len(held.holds):,} streams)"
    )


@click.command("restore")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@DATA
@KEY
@click.option(
    "--hub-events",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="中心自己的记录的副本所在目录；不写则用 hub.toml 的，或 FILE 旁边的 hub-events"
    " / where the copies of the hub's own events are; if not given: as hub.toml says, or hub-events"
    " beside FILE",
)
def restore_command(file: Path, data: Path, key: Path | None, hub_events: Path | None) -> None:
    """用备份 FILE 替换数据库；中心不能在运行 / Put the backup FILE in the database's place."""
    config = settings(data)
    try:
        with writer_lock(data / "hub"):
            identities = _identities(key)
            copies = _copies(file, hub_events, config.backup_dir and hub_events_directory(config))
            found = restoring.read_copies(copies, identities) if copies else None
            given = found or restoring.Copies((), ())
            database = database_file(config)
            if database is not None:
                done = restoring.restore_sqlite(file, database, given, identities, now_ms())
            else:
                done = restoring.restore_postgresql(
                    file, config.database, given, identities, now_ms()
                )
    except LockedError:
        raise Refused(
            f"--data {data}: 请先停止中心 / a hub is running on it; stop it first"
        ) from None
    except (BackupError, OSError) as error:
        raise Refused(str(error)) from None
    click.echo(
        f"已恢复 / restored: {done.held.events:,} events;"
        f" 中心自己的记录补回 / of the hub's own, added from {copies or '-'}: {done.replayed:,};"
        " 启动后各终端会补上缺少的 / kiosks send again what it lacks"
    )
    click.echo(
        "账号、名称和设置回到备份那一刻，所有人需重新登录；备份后停用的账号和令牌请再停用一次。"
        " / Accounts, names and settings are as of the backup, and everybody signs in anew: disable"
        " again what was disabled since.",
        err=True,
    )
    if copies is None:
        click.echo(
            "没有找到中心自己的记录的副本：备份之后在中心做的会丢失；若有，请用 --hub-events"
            " / No copies of the hub's own events were found: what was done at the hub after the"
            " backup is lost. If there are any, say where by --hub-events.",
            err=True,
        )
    for problem in done.unreadable:
        click.echo(f"副本读不出 / a copy cannot be read: {problem}", err=True)


def _identities(key: Path | None) -> list[Identity]:
    return [] if key is None else [keys.read_private(key)]


def _copies(file: Path, given: Path | None, configured: Path | str) -> Path | None:
    """The directory with the copies, if there is any."""
    if given is not None:
        return given
    for place in (configured, file.parent / "hub-events"):
        if place and Path(place).is_dir():
            return Path(place)
    return None


COMMANDS: Final = (backup_command, backup_key_command, verify_command, restore_command)
