"""Backups: what lets kiosks forget, and what a hub whose machine burnt down comes back from.

Rules
-----
* A backup is a snapshot of the database, compressed and encrypted (`age <https://age-encryption.org>`_)
  to a public key. The private key is made once (`hub.backup.keys`), and is never kept on the hub:
  who steals the disk with the copies reads nothing.
* It counts only when it was **verified** (`hub.backup.verify`, `hub.backup.sealing`):

  1. the snapshot, before it is encrypted: SQLite finds it intact, no seq is missing in any stream,
     each event names a predecessor that is there, and each line hashes to what its row says. Lines
     whose bytes are those that an earlier backup parsed are not parsed again, but they are read
     and compared;
  2. the file, after it is written and synced: it is read back, has the digest of what was written,
     and is **decrypted** with a second key, made for this file alone and never stored; what comes
     out must be the snapshot, byte for byte.

  What only the private key can prove, ``yicang hub verify FILE --key KEY`` proves: that this key
  opens it.
* ``safe`` is a promise that the machine may burn: it moves, stream by stream, to what the copy
  holds only where the copy is on another device than the database, or its maker says that the
  directory leaves the machine (a network drive's cache, a folder that is sent away).
* What kiosks send they keep until it is safe, and send again. What people do at the hub itself is
  only there, so its events are copied to the same place within seconds
  (`hub.backup.hub_events`), and put into a restored copy (`hub.backup.restoring`).
* Names, accounts and settings are not events: a restored hub has them as of the backup.
"""

from typing import Final

from msgspec import Struct

NOT_SAFE: Final = (
    "备份与数据库在同一块盘上，盘坏了两份都会丢，所以终端不会因此删除旧记录"
    " / this backup is on the database's own disk and would be lost with it, so that kiosks keep"
    " everything"
)
"""What to tell of a backup that is not `Backup.apart`."""


class BackupError(Exception):
    """A backup that does not count, or a restore that cannot be; the text is for people."""


class Held(Struct, frozen=True):
    """What a verified snapshot holds: ``holds`` maps (kiosk, epoch) to its last seq."""

    events: int
    holds: dict[tuple[str, str], int]


class Backup(Struct, frozen=True):
    """A verified copy. ``apart`` tells whether it outlives the machine, as far as we know;
    ``size`` is in bytes."""

    file: str
    taken_ms: int
    size: int
    held: Held
    apart: bool


class Progress(Struct, frozen=True):
    """How far a backup is. ``step`` is one of `STEPS`; ``done`` of ``total`` in its own unit."""

    step: str
    done: int
    total: int


STEPS: Final = {
    "copy": "复制 / copying",
    "check": "核对内容 / checking the contents",
    "seal": "压缩加密 / compressing and encrypting",
    "reread": "重新读出核对 / reading it back",
}
