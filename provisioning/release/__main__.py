"""``python -m provisioning.release``: what `make release` and `make release-key` run."""

import os
import sys
from pathlib import Path

import click

from provisioning.release import build, commit
from provisioning.release.commit import ReleaseError
from provisioning.release.targets import PLANS
from provisioning.updates import keys
from provisioning.updates.bundle import Bundle, BundleError, parse_signature

ROOT = Path(__file__).resolve().parents[2]
FILE = click.Path(path_type=Path, dir_okay=False)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def release() -> None:
    """做发布包 / Make a release."""


@release.command("build")
@click.option(
    "--target", type=click.Choice(sorted(PLANS)), default="kiosk", show_default=True,
    help="给哪种机器 / for which machine",
)  # fmt: skip
@click.option("--commit", "revision", default="HEAD", show_default=True, help="哪个提交 / commit")
@click.option("--key", type=FILE, help="签名用的私钥文件 / private key that signs")
@click.option(
    "--signature", type=FILE,
    help="放入已有的签名，以便核对他人的发布包 / put in a signature that is there, to compare",
)  # fmt: skip
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), default=ROOT / "dist")
@click.option(
    "--cache", type=click.Path(path_type=Path, file_okay=False), default=ROOT / "build" / "wheels"
)
def build_command(
    target: str, revision: str, key: Path | None, signature: Path | None, out: Path, cache: Path
) -> None:
    """由一个提交做出发布包 / Make the release of a commit."""
    if key is not None and signature is not None:
        raise click.UsageError("--key, --signature: 只能给一个 / only one of them")
    try:
        if revision == "HEAD" and not commit.is_clean(ROOT):
            click.echo(
                "有未提交的改动，不会进入发布包 / changes that are not committed stay out of it",
                err=True,
            )
        sign = _signer(key, signature)
        made = build.make(
            ROOT, PLANS[target], revision, sign, out, cache, signed=bool(key or signature)
        )
        if key is not None:
            _verify(made, key)
    except (ReleaseError, BundleError, keys.KeyFileError) as error:
        click.echo(str(error), err=True)
        sys.exit(1)
    except OSError as error:
        click.echo(f"{error.filename}: {os.strerror(error.errno or 0)}", err=True)
        sys.exit(1)
    click.echo(f"{made.bundle}")
    click.echo(f"SHA-256 {made.sha256}")
    if not (key or signature):
        click.echo(
            "没有签名，不能安装；用 make release ARGS=\"--key FILE\""
            " / not signed, and not to be installed: make release ARGS=\"--key FILE\""
        )  # fmt: skip


def _signer(key: Path | None, signature: Path | None) -> build.Sign:
    if key is not None:
        private = keys.load_private(key)
        return lambda manifest: keys.sign(manifest, private).to_json()
    if signature is not None:
        there = signature.read_bytes()
        parse_signature(there)
        return lambda _manifest: there
    return lambda _manifest: build.UNSIGNED


def _verify(made: build.Made, key: Path) -> None:
    """Reads the bundle as a kiosk will, before anybody carries it away."""
    public = keys.load_private(key).public_key()
    trusted = {keys.key_id(public): public}
    with made.bundle.open("rb") as file, Bundle(file, keys.verifier(trusted)) as bundle:
        bundle.check()


@release.command("key")
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), default=Path())
def key_command(out: Path) -> None:
    """造一对签名密钥 / Make the pair of keys that signs releases."""
    out.mkdir(parents=True, exist_ok=True)
    private, public = out / "yicang-release.key", out / "yicang-release.pem"
    try:
        name = keys.make(private, public)
    except OSError as error:
        click.echo(f"{error.filename or error}: {os.strerror(error.errno or 17)}", err=True)
        sys.exit(1)
    click.echo(f"密钥 / key {name}")
    click.echo(f"{private}: 私钥，由一个人保管，绝不上传 / private: one person keeps it, offline")
    click.echo(f"{public}: 公钥，放到每台机器的 / public, onto every machine: /{keys.FOLDER}/")


if __name__ == "__main__":
    release()
