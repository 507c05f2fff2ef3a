"""``yicang hub bundle``: bundles at the command line, and the hub's key for them."""

from pathlib import Path

import click

from hub import operations
from hub.command_line import DATA, Refused, do, settings
from hub.fleet import bundle_key
from hub.fleet.bundles import Imported

WAIT_S = 1800.0
"""How long a command waits for a very large bundle on a very slow disk."""


@click.group("bundle")
def bundle_group() -> None:
    """终端的离线数据包 / Bundles that kiosks wrote onto sticks."""


@bundle_group.command("import")
@DATA
@click.argument(
    "files",
    nargs=-1,
    required=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
)
def import_command(data: Path, files: tuple[Path, ...]) -> None:
    """收入数据包；中心可以在运行 / Take bundles in; the hub may run.

    每个文件单独处理；有一个不能收入，其余照收，退出码为 2。
    Each file for itself: where one is refused the others are taken in all the same, and the exit
    status is 2.
    """
    refused = 0
    for file in files:
        request = operations.ImportBundle(str(file.absolute()))
        try:
            done = do(data, request, Imported, timeout_s=WAIT_S)
        except Refused as error:
            click.echo(f"{file}: {error.message}", err=True)
            refused += 1
            continue
        click.echo(
            f"{file}: {done.kiosk}: 新 {done.fresh} 条，已有 {done.held} 条，待审 {done.review} 条"
            f" / {done.fresh} new, {done.held} here already, {done.review} for review"
        )
    if refused:
        raise Refused(
            f"{refused} 个文件没有收入 / {refused} of {len(files)} files were not taken in"
        )


@bundle_group.command("key")
@DATA
def key_command(data: Path) -> None:
    """打印公钥，没有则新建 / Print the public key for kiosks; made if there is none."""
    file = Path(settings(data).bundle_key_file)
    try:
        click.echo(bundle_key.ensure(file))
    except (bundle_key.BundleKeyError, OSError) as error:
        raise Refused(str(error)) from None
