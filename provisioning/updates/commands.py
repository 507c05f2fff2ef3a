"""``yicang update …``: what a person, the timer and the start of the machine call."""

import json
import logging
import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Final, TypeVar

import click

from drivers.ports import Words
from provisioning.updates import fitting, folders, hub_commands, keys, links, venvs
from provisioning.updates.alone import BusyError
from provisioning.updates.bundle import Bundle, BundleError, Manifest
from provisioning.updates.host import Host, StillHost, SystemdHost, tell
from provisioning.updates.hub import state_of
from provisioning.updates.names import CONFIRMED, CURRENT
from provisioning.updates.places import Places
from provisioning.updates.progress import Phase, Result, State
from provisioning.updates.runner import RealTime, Updater
from provisioning.updates.state import StateError, load
from provisioning.updates.words import REASONS as REASONS
from provisioning.updates.words import WORDS as WORDS

T = TypeVar("T")

EXIT_FAILED: Final = 1
ROOT: Final = click.option(
    "--root",
    type=click.Path(path_type=Path, file_okay=False, exists=True),
    default=Path("/"),
    show_default=True,
    help="机器的根目录 / root of the machine",
)
PYTHON: Final = click.option(
    "--python",
    type=click.Path(path_type=Path, dir_okay=False, exists=True),
    default=venvs.PYTHON,
    show_default=True,
    help="用哪个 Python 建立环境 / which Python makes a release's environment",
)
FORCE: Final = click.option(
    "--force", is_flag=True, help="终端没有应答也照做 / even if the kiosk does not answer"
)
FILE: Final = click.Path(path_type=Path, dir_okay=False, exists=True)
NOTHING_TO_FIT: Final = (
    "这台机器没有装好的发布包，无可核对；先用 yicang update install 安装"
    " / no release is in use on this machine, so there is nothing to make fit; install one first:"
    " yicang update install"
)
HUB: Final = click.option("--hub", "of_hub", is_flag=True, help="本机的中心 / of the hub here")


@click.group("update")
def update() -> None:
    """升级：检查、安装、退回 / Updates: check, install, go back."""
    logging.getLogger("provisioning.updates").setLevel(logging.INFO)


@update.command("check")
@click.argument("file", type=FILE)
@click.option(
    "--keys",
    "key_folder",
    type=click.Path(path_type=Path, file_okay=False, exists=True),
    help="受信任的公钥所在目录 / folder of the trusted public keys",
)
@click.option("--json", "as_json", is_flag=True, help="只输出 JSON / JSON only")
@ROOT
def check_command(file: Path, key_folder: Path | None, as_json: bool, root: Path) -> None:
    """核对发布包：签名与每个文件 / Verify a bundle: signature and every file."""
    from provisioning.updates.first import digest_of

    def verified() -> Manifest:
        trusted = keys.load_public(key_folder or Places(root).keys)
        with file.open("rb") as source, Bundle(source, keys.verifier(trusted)) as bundle:
            bundle.check()
            return bundle.manifest

    manifest = _said(verified)
    target = manifest.target
    if as_json:
        told = {
            "release": manifest.id,
            "version": manifest.version,
            "commit": manifest.commit,
            "target": f"{target.python}-{target.machine}",
            "sha256": digest_of(file),
            "size": file.stat().st_size,
        }
        click.echo(json.dumps(told))
        return
    click.echo(f"签名有效 / the signature holds: {manifest.id}")
    click.echo(f"适用于 / made for: {target.name} ({target.machine} {target.python})")
    click.echo(f"SHA-256: {digest_of(file)}")


@update.command("status")
@click.option("--json", "as_json", is_flag=True, help="只输出 JSON / JSON only")
@ROOT
def status_command(as_json: bool, root: Path) -> None:
    """正在使用哪一版，升级到哪一步 / Which release is in use, and how far an update is."""
    places = Places(root)
    try:
        state = load(places.state)
    except StateError as error:
        click.echo(str(error), err=True)
        state = State()
    current, confirmed = places.linked(CURRENT), places.linked(CONFIRMED)
    hub = state_of(places)
    if as_json:
        here = {"current": current, "confirmed": confirmed, "installed": places.complete()}
        of_hub = {"hub": asdict(hub)} if hub is not None else {}
        click.echo(json.dumps({**here, **asdict(state), **of_hub}))
        return
    click.echo(f"正在使用 / in use: {current or '-'}")
    click.echo(f"已确认 / confirmed: {confirmed or '-'}")
    for line in [*told(state), *(told(hub) if hub is not None else ())]:
        click.echo(line)


@update.command("install")
@click.argument("file", type=FILE)
@ROOT
@PYTHON
@FORCE
@click.option("--older", is_flag=True, help="允许装更旧的 / an older release, too")
@click.option(
    "--unit", "units", multiple=True, help="首次安装时启用链接的单元 / first time: units to link"
)
def install_command(
    file: Path, root: Path, python: Path, force: bool, older: bool, units: tuple[str, ...]
) -> None:
    """安装发布包，试用通过才确认 / Install a bundle; kept only if it works."""
    places = Places(root)
    if "hub" in links.kinds(root):
        hub = _said(lambda: hub_commands.updater(root, python))
        hub_commands.unhurt()
        _finish(_said(lambda: hub.install(file, forced=force, older=older)))
        return
    if places.linked(CONFIRMED) is None:
        _first(places, file, python, units)
        return
    updater = _updater(root, python)
    _finish(_said(lambda: updater.install(file, forced=force, older=older)))


@update.command("rollback")
@ROOT
@PYTHON
@FORCE
def rollback_command(root: Path, python: Path, force: bool) -> None:
    """退回上一个确认过的版本 / Go back to the release that was confirmed before."""
    if "hub" in links.kinds(root):
        click.echo(
            "中心的新版本一经确认就不能退回，因为数据库已经不同；见 docs/running.md"
            " / a hub's release that was confirmed is not left again: its database is another by"
            " now; see docs/running.md",
            err=True,
        )
        sys.exit(EXIT_FAILED)
    updater = _updater(root, python)
    _finish(_said(lambda: updater.roll_back(forced=force)))


@update.command("run")
@ROOT
@PYTHON
@HUB
def run_command(root: Path, python: Path, of_hub: bool) -> None:
    """继续进行中的升级，或装上取来的（供定时器）/ Go on with an update (for the timer)."""
    if of_hub:
        hub = _said(lambda: hub_commands.updater(root, python))
        hub_commands.unhurt()
        _finish(_said(hub.run))
        return
    updater = _updater(root, python)
    state = _said(updater.run)
    for line in told(state):
        click.echo(line)


@update.command("recover")
@ROOT
@PYTHON
@HUB
def recover_command(root: Path, python: Path, of_hub: bool) -> None:
    """开机时、终端启动之前（供服务）/ At the machine's start, before the kiosk's."""
    if of_hub:
        hub = _said(lambda: hub_commands.updater(root, python))
        _said(lambda: hub.run(early=True))
        return
    updater = _updater(root, python, early=True)
    _said(updater.run)


@update.command("apply")
@click.option(
    "--all", "everything", is_flag=True, help="全部核对一遍 / all that this release lists"
)
@click.option("--step", nargs=3, hidden=True)  # for a hub's updater
@ROOT
def apply_command(everything: bool, step: tuple[str, str, str] | None, root: Path) -> None:
    """让机器上的服务、规则、账户与版本一致（供服务）/ Make units, rules and accounts fit."""
    places = Places(root)

    def applied() -> list[tuple[fitting.Step, fitting.Fitted]]:
        running = [(link, places.linked(link)) for link in (CURRENT, CONFIRMED)]
        steps = [fitting.Step("", release, link) for link, release in running if release]
        if step is not None:
            steps = [fitting.Step(*step)]
        elif not everything:
            steps = list(fitting.steps(places, load(places.state)))
        say = tell if root == Path("/") else _still
        return [(one, fitting.fit(places, one, say)) for one in steps]

    if everything and not (places.linked(CURRENT) and links.kinds(root)):
        click.echo(NOTHING_TO_FIT, err=True)
        sys.exit(EXIT_FAILED)
    for one, fitted in _said(applied):
        for path in fitted.made:
            click.echo(f"已建立链接 / linked: /{path}")
        for path in fitted.gone:
            click.echo(f"已删除链接 / link removed: /{path}")
        for path in fitted.left:
            click.echo(f"有人另放了文件，未改动 / somebody's own, left as it is: /{path}", err=True)
        click.echo(f"已按这一版核对 / made to fit: {one.after} ({one.follows})")


def _still(*words: str) -> None:
    """Stands where a machine is told, for a root that is not this machine's own."""


@update.command("fetch")
@click.option(
    "--config",
    "path",
    required=True,
    type=FILE,
    help="设置文件 kiosk.toml / the settings file",
)
@click.option("--now", is_flag=True, help="不等钟点 / whatever the hour")
@ROOT
@PYTHON
def fetch_command(path: Path, now: bool, root: Path, python: Path) -> None:
    """从中心取新版本（供服务）/ Fetch what the hub offers."""
    from provisioning.updates.fetching import fetch_offered

    done = _said(lambda: fetch_offered(path, Places(root), python, now=now))
    click.echo(str(done))


@update.command("probe")
def probe_command() -> None:
    """这一版能否启动 / Whether this release starts."""
    import kiosk.__main__
    from kiosk.store import SCHEMA_VERSION

    click.echo(f"{kiosk.__main__.software()} journal {SCHEMA_VERSION}")


def _first(places: Places, file: Path, python: Path, units: tuple[str, ...]) -> None:
    """The first release of a machine that has this command already (from a checkout)."""
    from provisioning.updates.first import digest_of, install

    def done() -> Manifest:
        folders.read_manifest(file, keys.verifier(keys.load_public(places.keys)))
        wanted = dict.fromkeys(units, "") or None
        return install(places, file, digest_of(file), python=python, units=wanted, link_system=True)

    click.echo(f"已安装 / installed: {_said(done).id}")


def _updater(root: Path, python: Path, *, early: bool = False) -> Updater:
    places = Places(root)
    host: Host = SystemdHost() if root == Path("/") else StillHost()
    return Updater(
        places,
        host,
        RealTime(),
        verify=keys.verifier(_said(lambda: keys.load_public(places.keys))),
        make=lambda folder, manifest: venvs.make(folder, manifest, python),
        fits=lambda manifest: venvs.check_fits(manifest.target, venvs.here(python)),
        early=early,
    )


def _said(work: Callable[[], T]) -> T:
    """What ``work`` returns; what it refuses is said in words, and ends the command."""
    from provisioning.updates.fetch import FetchError

    try:
        return work()
    except (BundleError, BusyError, FetchError, StateError, keys.KeyFileError) as error:
        click.echo(str(error), err=True)
    except OSError as error:
        why = f"{error.filename or ''}: {os.strerror(error.errno)}: " if error.errno else ""
        click.echo(f"{why}{error}", err=True)
    sys.exit(EXIT_FAILED)


def _finish(state: State) -> None:
    for line in told(state):
        click.echo(line)
    if state.phase is not Phase.IDLE or state.result is not Result.CONFIRMED:
        sys.exit(EXIT_FAILED)


def told(state: State) -> list[str]:
    """How far it is, for people."""
    busy = state.phase is not Phase.IDLE
    word = state.phase.value if busy else state.result.value
    release = state.release if busy else state.result_release
    reason = state.reason if busy else state.result_reason
    lines = [f"{release} {_both(WORDS, word)}".strip()]
    if reason:
        lines.append(f"原因 / reason: {_both(REASONS, reason)}")
    return lines


def _both(words: Mapping[str, Words], word: str) -> str:
    found = words.get(word)
    return f"{found.zh} / {found.en}" if found is not None else word
