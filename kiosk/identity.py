"""Who this kiosk is, and which prefixes of item codes it may still use.

The rule that keeps a code from being issued twice: **a prefix is marked as taken, durably, before
the first code with it exists.** The document stands outside the journal, so that a journal that
was deleted, or brought back from a backup that does not know its newest codes, cannot take an
old prefix again: it takes the next spare. A power cut between taking and using wastes a prefix;
there are 1,048,576, and that is the direction in which to err.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import msgspec

from contract.enrolment import Grant, Identity, decode_identity, encode_identity
from drivers.ports import Words
from kiosk.durable import write_durably


class IdentityError(Exception):
    """The identity document cannot be used; ``words`` says why in both languages."""

    def __init__(self, words: Words) -> None:
        super().__init__(str(words))
        self.words: Final = words


class IdentityStore:
    """The identity document at ``path``, read on each call and written atomically.

    Every method raises `IdentityError` when the document is missing or damaged; those that
    write raise OSError when it cannot be written, and have then changed nothing. Changes by
    several processes queue up behind a lock on the directory.
    """

    def __init__(self, path: Path) -> None:
        self._path: Final = path

    def load(self) -> Identity:
        """The document as it is on disk now."""
        try:
            return decode_identity(self._path.read_bytes())
        except FileNotFoundError:
            raise IdentityError(
                Words(
                    zh=f"找不到终端身份文件 {self._path}，请先登记这台终端",
                    en=f"no identity at {self._path}: this kiosk has not been enrolled",
                )
            ) from None
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise IdentityError(
                Words(
                    zh=f"终端身份文件 {self._path} 无法读取：{error}",
                    en=f"the identity at {self._path} cannot be read: {error}",
                )
            ) from None

    def save(self, identity: Identity) -> None:
        """Replaces the document; on disk, readable by its owner only, when this returns."""
        before = self._path.read_bytes() if self._path.exists() else b""
        document = encode_identity(identity, before)
        try:
            decode_identity(document)
        except msgspec.MsgspecError as error:
            # Better a start that fails than a kiosk that nobody knows any more.
            raise IdentityError(
                Words(
                    zh=f"终端身份文件 {self._path} 保持原样，新内容不对：{error}",
                    en=f"the identity at {self._path} stays as it is: {error}",
                )
            ) from None
        write_durably(self._path, document, mode=0o600)

    def take_prefix(self, journal: str, *, fresh: bool = False) -> str | None:
        """The prefix of the journal with this id (16 hex digits); durable before it returns.

        The same journal gets the same prefix each time. With ``fresh`` (the journal was
        restored, so that codes beyond what it remembers exist) it gets the next spare. None
        when no spare is left: then only labels printed ahead can be used.
        """
        with self._locked():
            identity = self.load()
            taken = [grant.prefix for grant in identity.prefixes if grant.journal == journal]
            if taken and not fresh:
                return taken[-1]
            for index, grant in enumerate(identity.prefixes):
                if grant.journal is None:
                    grants = list(identity.prefixes)
                    grants[index] = Grant(grant.prefix, journal)
                    self.save(msgspec.structs.replace(identity, prefixes=tuple(grants)))
                    return grant.prefix
            return None

    def prefixes_left(self) -> int:
        """How many spares no journal has taken yet."""
        return sum(grant.journal is None for grant in self.load().prefixes)

    def remember_epoch(self, epoch: str, head_hash: str | None = None) -> None:
        """Notes that ``epoch`` (16 hex digits) is the newest, and its newest known hash.

        Called when an epoch opens, with the hash that it names as its predecessor, and at a
        clean stop with the head's. None keeps the hash that is there.
        """
        with self._locked():
            identity = self.load()
            hash_now = identity.last_head_hash if head_hash is None else head_hash
            if (identity.last_epoch, identity.last_head_hash) != (epoch, hash_now):
                self.save(
                    msgspec.structs.replace(identity, last_epoch=epoch, last_head_hash=hash_now)
                )

    @contextmanager
    def _locked(self) -> Iterator[None]:
        try:
            descriptor = os.open(self._path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        except FileNotFoundError:
            self.load()  # says what is missing
            raise
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)
