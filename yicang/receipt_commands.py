"""``yicang receipt check``: whether a receipt is genuine, with no network and no trust in a hub.

All that is needed is the text of the receipt's QR code and a copy of the hub's ``/keys.json``.
The text holds a secret, the donor's claim: it is never printed, and may be given on the standard
input, where no list of processes and no shell's history shows it.
"""

import sys
from pathlib import Path
from typing import Final

import click
import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from contract.receipts import Fragment, KeyList, Problem, PublishedKey, ReceiptError, check
from drivers.ports import Words

PROBLEMS: Final = {
    Problem.NO_RECEIPT: Words(
        zh="这段文字不是收据二维码的内容",
        en="this text is not what a receipt's QR code says",
    ),
    Problem.UNSIGNED: Words(
        zh="这张收据没有签名，无法核对", en="this receipt has no signature: it cannot be checked"
    ),
    Problem.VERSION: Words(
        zh="这张收据由更新的版本签名，请先更新本程序",
        en="a later release signed this receipt: update this program first",
    ),
    Problem.FORM: Words(
        zh="签名不完整或写法不对，请重新读取整个二维码",
        en="the signature is cut short or misspelt: read the whole QR code again",
    ),
    Problem.UNKNOWN_KEY: Words(
        zh="公钥文件里没有这台终端的这个公钥，请取一份新的 keys.json；若仍没有，收据不可信",
        en="the keys hold no such key of this kiosk: fetch keys.json anew; if it is still missing, "
        "do not rely on the receipt",
    ),
    Problem.SIGNATURE: Words(
        zh="签名不符：收据内容被改动过", en="the signature does not fit: something was changed"
    ),
}


@click.group("receipt")
def receipt() -> None:
    """收据 / Receipts."""


@receipt.command("check")
@click.argument("text", metavar="TEXT")
@click.option(
    "--keys",
    "keys_file",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    required=True,
    help="从中心网页 /keys 保存的公钥文件 / the keys, saved from the hub's page /keys",
)
@click.pass_context
def check_command(context: click.Context, text: str, keys_file: Path) -> None:
    """离线核对收据 / Check a receipt without a network.

    \b
    TEXT 是收据二维码的文字，- 表示从标准输入读取 / what its QR code says; - reads standard input
    退出状态 / Exit status: 0 真实 genuine, 1 不可信 not to be relied on, 2 用法有误 usage
    """
    keys = _read(keys_file)
    if text == "-":
        text = sys.stdin.read()
    try:
        fragment, key = check(text, keys, verify)
    except ReceiptError as error:
        words = PROBLEMS[error.problem]
        click.echo(f"{words.zh} / {words.en}", err=True)
        context.exit(1)
    _say(fragment, key)


def verify(public_key: bytes, signature: bytes, message: bytes) -> bool:
    """Whether ``signature`` is that of ``public_key`` over ``message`` (Ed25519)."""
    try:
        Ed25519PublicKey.from_public_bytes(public_key).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True


def _read(path: Path) -> KeyList:
    try:
        return msgspec.json.decode(path.read_bytes(), type=KeyList)
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise click.UsageError(
            f"--keys {path}: 不是公钥文件 / is no file of keys: {error}"
        ) from None


def _say(fragment: Fragment, key: PublishedKey) -> None:
    click.echo("收据是真的 / the receipt is genuine")
    where = " / ".join(name for name in (key.stop_zh, key.stop_en) if name)
    click.echo(f"终端 / kiosk: {fragment.kiosk}{f' ({where})' if where else ''}")
    click.echo(f"件数 / items: {fragment.items}")
    click.echo(f"账本位置 / record position: {fragment.head}")
    click.echo(
        "这台终端的账本里必须有这一条 / this kiosk's record must hold that entry and all before it"
    )
