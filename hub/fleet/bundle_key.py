"""The hub's key for bundles: an age X25519 pair whose private half never leaves the hub.

The file (mode 0600) has one private key a line; the first one's public half is what kiosks are
given, every one opens what was made for it. So a hub that moved keeps opening what its kiosks
were still making for the old key: put both lines in.
"""

import contextlib
import secrets
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import pyrage
from pyrage import x25519

from hub.backup import disk
from hub.backup.keys import PRIVATE_MARK, write_private

_HEAD: Final = """\
# 义仓中心的数据包私钥：终端用它的公钥加密离线数据包。请与备份私钥一样另存一份。
# The hub's private key for bundles. Kiosks encrypt what they cannot send to its public half.
# Keep a copy where the private key of the backups is: without it bundles cannot be opened.
"""


class BundleKeyError(ValueError):
    """The hub's key cannot be used; the text is for people, zh / en."""


def ensure(file: Path) -> str:
    """The public key (``age1…``); made at the first call.

    Raises:
        BundleKeyError: the file holds no key, or one with a mistake.
        OSError: it can be neither read nor made.
    """
    if not file.exists():
        # Whole or not there: a start that is cut off must leave no empty key behind.
        partial = file.with_name(f"{file.name}.{secrets.token_hex(4)}")
        try:
            write_private(partial, f"{_HEAD}{x25519.Identity.generate()}\n")
            with contextlib.suppress(FileExistsError):  # another process was first: its key counts
                file.hardlink_to(partial)
            disk.sync(file.parent)
        finally:
            partial.unlink(missing_ok=True)
    return public(file)


def public(file: Path) -> str:
    """The public key that kiosks are given. Raises as `load`."""
    return str(load(file)[0].to_public())


def load(file: Path) -> Sequence[x25519.Identity]:
    """Every private key in ``file``, the current one first.

    Raises:
        BundleKeyError: there is no file, it holds no key, or one with a mistake.
        OSError: it cannot be read.
    """
    try:
        words = file.read_text(encoding="utf-8").split()
    except FileNotFoundError:
        raise BundleKeyError(f"{file}: 没有数据包私钥 / there is no key for bundles") from None
    found = []
    for word in words:
        if not word.upper().startswith(PRIVATE_MARK):
            continue
        try:
            found.append(x25519.Identity.from_str(word.upper()))
        except pyrage.IdentityError:
            raise BundleKeyError(
                f"{file}: 私钥有误，请核对每个字符"
                " / the private key has a mistake: compare each character"
            ) from None
    if not found:
        raise BundleKeyError(f"{file}: 里面没有私钥 / holds no private key")
    return found
