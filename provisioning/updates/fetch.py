"""Fetches the release that the hub offers, over the trust that is there already.

* The hub's certificate must come from the pinned authority (`kiosk.tls`), and the kiosk shows its
  own account. Without TLS nothing is sent but to this machine itself.
* A cut costs what was on the way: the next run asks for the rest (HTTP Range, ``If-Range`` with the
  hash, so that a file that changed begins anew). What is whole has the offered hash, or is thrown
  away.
* The disk is the journal's, too. What would not leave the kiosk the room that it needs is not
  begun, and a disk that fills up all the same is given back what was fetched.
* A hub that is busy (429, 503) is left alone as long as it says, at most `MOST_S`.
* This runs with the kiosk's own rights and decides nothing: root verifies the signature anew.
"""

import base64
import errno
import hashlib
import http.client
import logging
import os
import re
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Final
from urllib.parse import urlencode, urlsplit

import msgspec

from contract.releases import OFFER_PATH, Offer, bundle_path
from kiosk.durable import sync_directory, write_durably

log: Final = logging.getLogger(__name__)

TIMEOUT_S: Final = 60.0
TRIES: Final = 20
"""How often one run takes up a bundle that is cut off; the next run goes on from there."""
MOST_S: Final = 3600.0
"""How long a hub may have a kiosk wait: one that is told nonsense must not do so for ever."""
BUSY: Final = frozenset({429, 503})
LATER: Final = ".later"
_CHUNK: Final = 1 << 16
_MAX_OFFER: Final = 64 * 1024
_RANGE: Final = re.compile(r"bytes (\d+)-(\d+)/(\d+)")
_LOOPBACK: Final = frozenset({"127.0.0.1", "::1", "localhost"})
_OF_THE_DISK: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EIO})
"""What a write says without naming the file, as the network does."""


class FetchError(Exception):
    """Nothing was fetched this time; the text says why, in both languages."""


class LaterError(FetchError):
    """The hub is busy and said when to come again, in ``wait_s`` seconds."""

    def __init__(self, status: int, wait_s: float) -> None:
        super().__init__(
            f"中心正忙，请 {wait_s:.0f} 秒后再取 / the hub is busy ({status}): come again later,"
            f" in {wait_s:.0f} seconds"
        )
        self.wait_s: Final = wait_s


@dataclass(frozen=True)
class Hub:
    """Where the hub is and who asks: ``url`` without a path of the API, the kiosk's account."""

    url: str
    username: str
    password: str
    context: ssl.SSLContext | None

    @contextmanager
    def connection(self) -> Iterator[http.client.HTTPConnection]:
        """A connection, not yet open. Raises `FetchError`: the password would travel in the
        clear."""
        where = urlsplit(self.url)
        host = where.hostname or ""
        made: http.client.HTTPConnection
        if where.scheme == "https":
            made = http.client.HTTPSConnection(
                host, where.port, timeout=TIMEOUT_S, context=self.context
            )
        elif host in _LOOPBACK:
            made = http.client.HTTPConnection(host, where.port, timeout=TIMEOUT_S)
        else:
            raise FetchError(f"{self.url}: 没有 TLS，不发送密码 / without TLS no password is sent")
        try:
            yield made
        finally:
            made.close()

    def path(self, path: str) -> str:
        """The path of a request."""
        return urlsplit(self.url).path.rstrip("/") + path

    def headers(self) -> dict[str, str]:
        """Who asks."""
        account = base64.b64encode(f"{self.username}:{self.password}".encode()).decode()
        return {"Authorization": f"Basic {account}", "Accept-Encoding": "identity"}


def ask(hub: Hub, release: str, target: str) -> Offer | None:
    """What the hub offers a kiosk that runs ``release`` on ``target`` (``cp313-aarch64``); None for
    nothing. Raises `FetchError`."""
    query = urlencode({"release": release, "target": target})
    try:
        with hub.connection() as connection:
            connection.request("GET", hub.path(f"{OFFER_PATH}?{query}"), headers=hub.headers())
            answer = connection.getresponse()
            raw = answer.read(_MAX_OFFER)
    except (OSError, http.client.HTTPException) as error:
        raise _unreachable(error) from None
    if answer.status == 204:
        return None
    if answer.status != 200:
        raise _turned_away(answer)
    try:
        return msgspec.json.decode(raw, type=Offer)
    except msgspec.MsgspecError as error:
        raise _unreachable(error) from None


def fetch(hub: Hub, offer: Offer, folder: Path, room: int) -> Path:
    """Has the offered bundle whole in ``folder``, as ``<release>.yrel``, and nothing else.

    ``room`` is how many bytes may be written.

    Raises:
        FetchError: not this time; what is there of it stays for the next, unless the room is short.
        OSError: the disk refuses; nothing of it stays.
    """
    whole = folder / f"{offer.release}.yrel"
    part = folder / f"{offer.release}.{offer.sha256[:16]}.part"
    keep_only(folder, {whole.name, part.name})
    if whole.exists() and _hash(whole) == offer.sha256:
        return whole
    short = offer.size - _size(part) - room
    if short > 0:
        part.unlink(missing_ok=True)
        raise FetchError(
            f"磁盘空间不够，还差 {_mib(short)} MiB，没有取 / the disk has too little room,"
            f" {_mib(short)} MiB more are needed: nothing was fetched"
        )
    for attempt in range(TRIES):
        if _size(part) >= offer.size:
            break
        try:
            _go_on(hub, offer, part)
        except (OSError, http.client.HTTPException) as error:
            if isinstance(error, OSError) and not _is_network(error):
                part.unlink(missing_ok=True)
                raise
            log.info("cut off at %d of %d (%d): %s", _size(part), offer.size, attempt + 1, error)
    if _size(part) < offer.size:
        have = f"{_size(part)}/{offer.size}"
        raise FetchError(f"只取到 {have} 字节 / fetched {have} bytes only")
    if _hash(part) != offer.sha256:
        part.unlink()
        raise FetchError("取到的文件与所报的不同 / what was fetched is not what was offered")
    part.replace(whole)
    sync_directory(folder)
    return whole


def keep_only(folder: Path, names: set[str]) -> None:
    """Takes every other file away: what is not offered any more is not to be installed."""
    for there in folder.iterdir():
        if there.name not in names and there.is_file():
            there.unlink()


def _go_on(hub: Hub, offer: Offer, part: Path) -> None:
    flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
    with os.fdopen(os.open(part, flags, 0o640), "r+b") as file, hub.connection() as connection:
        have = file.seek(0, os.SEEK_END)
        headers = hub.headers()
        if have:
            headers |= {"Range": f"bytes={have}-", "If-Range": f'"{offer.sha256}"'}
        connection.request("GET", hub.path(bundle_path(offer)), headers=headers)
        answer = connection.getresponse()
        if answer.status == 206:
            said = _RANGE.fullmatch(answer.headers.get("Content-Range", ""))
            if said is None or int(said[1]) != have or int(said[3]) != offer.size:
                raise FetchError(f"中心的回答不合所求 / not the range asked for: {said}")
        elif answer.status == 200:
            file.seek(0)
            file.truncate()
            have = 0
        else:
            raise _turned_away(answer)
        try:
            while chunk := answer.read(_CHUNK):
                have += len(chunk)
                if have > offer.size:
                    raise FetchError("比所报的长 / longer than was offered")
                file.write(chunk)
        finally:
            file.flush()
            os.fsync(file.fileno())


def _is_network(error: OSError) -> bool:
    if isinstance(error, (ConnectionError, TimeoutError, ssl.SSLError)):
        return True
    return error.filename is None and error.errno not in _OF_THE_DISK


def _mib(size: int) -> int:
    return -(-size // 2**20)


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _hash(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _turned_away(answer: http.client.HTTPResponse) -> FetchError:
    wait_s = _wait_s(answer) if answer.status in BUSY else 0.0
    if wait_s > 0:
        return LaterError(answer.status, min(wait_s, MOST_S))
    return _unreachable(f"{answer.status} {answer.reason}")


def _wait_s(answer: http.client.HTTPResponse) -> float:
    """The seconds of Retry-After (RFC 9110, 10.2.3: a number, or a date, which is held against the
    hub's own); 0 without one that can be read."""
    said = answer.headers.get("Retry-After", "").strip()
    if said.isascii() and said.isdecimal():
        return float(said[:9])
    try:
        until, now = (parsedate_to_datetime(text) for text in (said, answer.headers["Date"] or ""))
        return (until - now).total_seconds()
    except (TypeError, ValueError):
        return 0.0


def note_later(folder: Path, wait_s: float, now_s: float) -> None:
    """Remembers until when the hub is left alone; ``now_s`` seconds since the machine started,
    which is all that is known of the time for certain. Raises OSError."""
    write_durably(folder / LATER, f"{now_s + wait_s:.0f}\n".encode(), mode=0o640)


def is_later(folder: Path, now_s: float) -> bool:
    """Whether it is to be left alone still. What an earlier start of the machine has noted says
    nothing, and shows by being farther away than any hub may ask for."""
    try:
        until = float((folder / LATER).read_text(encoding="ascii")[:32])
    except (OSError, ValueError):
        return False
    return now_s < until <= now_s + MOST_S


def _unreachable(why: object) -> FetchError:
    return FetchError(f"中心没有给出新版本 / the hub gave no release: {why}")
