"""``yicang hub release``: releases for kiosks, brought and listed at the command line."""

import os
from pathlib import Path

import click

from hub import operations
from hub.command_line import DATA, Refused, do, settings
from hub.config import HubConfig
from hub.fleet import releases
from hub.fleet.releases import Release, ReleaseRefusedError


@click.group("release")
def release_group() -> None:
    """终端的版本 / Releases that kiosks are brought by roll-outs."""


@release_group.command("add")
@DATA
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def add_command(data: Path, file: Path) -> None:
    """验证并收下一个发布包；中心可以在运行 / Verify a release and keep it; the hub may run.

    用这台机器上受信任的公钥验证（hub.toml 里的 release_keys_dir）。
    It is verified with the public keys that this machine trusts (release_keys_dir in hub.toml).
    """
    config = settings(data)
    try:
        with file.open("rb") as source:
            found = releases.take(source, config)
        _hand_over(config, found)
    except (ReleaseRefusedError, OSError) as error:
        raise Refused(f"{file}: {error}") from None
    try:
        do(data, operations.KeepRelease(found), Release)
    except Refused as error:
        raise Refused(f"{file}: {error.message}") from None
    click.echo(f"{found.id} ({found.name}): 已收下，还没有告诉终端 / is kept; no kiosk is told yet")


def _hand_over(config: HubConfig, found: Release) -> None:
    """What root has put there belongs to the hub, as all else in its folder does."""
    folder = releases.folder_of(config)
    owner = folder.parent.stat()
    if os.geteuid() == 0:
        for path in (folder, folder / found.file, folder / found.sbom):
            os.chown(path, owner.st_uid, owner.st_gid)


@release_group.command("list")
@DATA
def list_command(data: Path) -> None:
    """列出收下的版本 / List what is kept, the newest first."""
    config = settings(data)
    for one in do(data, operations.ListReleases(), list[Release]):
        there = releases.is_there(config, one)
        lost = "" if there else "\t文件不见了，请重新收下 / its file is gone: add it again"
        click.echo(f"{one.id}\t{one.name} ({one.target})\t{one.size >> 20} MB{lost}")
