"""Pages that were made a moment ago, given again while nothing has changed.

A page is a function of its request, of the database and of the time. So an answer may be given
again to the very same request (address, cookies, language and all other headers that a page looks
at), as long as the database is the same to the last COMMIT, and for no longer than a glance, since
pages say how long ago things were. Whoever changes something sees it on the next page; a session
that was ended is ended at once, for ending it is a COMMIT too.

Only whole small pages are kept, and what a browser asks again and again: no exports, no streams, no
answer that sets a cookie, nothing that was refused. Keys are hashes: an address may hold a claim.
"""

import hashlib
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterable, Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from msgspec import Struct
from sqlalchemy import Engine, text

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

KEPT_S: Final = 2.0
"""How long an answer is given again at most: to the end of a tick of so many seconds. Ticks begin
at every whole minute, so that a new day, which makes things public, shows with its first instant.
"""

WAIT_S: Final = 5.0
"""How long a request waits for another that makes the same page."""

MAX_PAGE_BYTES: Final = 512 * 1024
MAX_BYTES: Final = 16 * 1024 * 1024
"""Bounds of one page and of all that are kept."""

ASKED: Final = (
    "PATH_INFO",
    "SCRIPT_NAME",
    "QUERY_STRING",
    "wsgi.url_scheme",
    "HTTP_HOST",
    "HTTP_COOKIE",
    "HTTP_AUTHORIZATION",
    "HTTP_ACCEPT",
    "HTTP_ACCEPT_LANGUAGE",
    "HTTP_IF_NONE_MATCH",
    "HTTP_IF_MODIFIED_SINCE",
    "HTTP_HX_REQUEST",
    "HTTP_HX_TARGET",
    "HTTP_HX_TRIGGER",
    "HTTP_HX_BOOSTED",
    "HTTP_HX_CURRENT_URL",
    "HTTP_X_FORWARDED_HOST",
    "HTTP_X_FORWARDED_PROTO",
    "HTTP_RANGE",
)
"""What of a request an answer may depend on."""

_Headers: TypeAlias = list[tuple[str, str]]
_ExcInfo: TypeAlias = (
    tuple[type[BaseException], BaseException, TracebackType] | tuple[None, None, None] | None
)


class _Page(Struct, frozen=True):
    version: Hashable
    tick: int
    status: str
    headers: _Headers
    body: bytes


class PageCache:
    """Wraps ``app``; ``version`` gives what two requests that see the same data agree on, and
    ``clock_s`` the application's Unix seconds."""

    def __init__(
        self,
        app: "WSGIApplication",
        version: Callable[[], Hashable],
        clock_s: Callable[[], float] = time.time,
    ) -> None:
        self._app: Final = app
        self._version: Final = version
        self._clock_s: Final = clock_s
        self._lock: Final = threading.Lock()
        self._pages: Final[OrderedDict[bytes, _Page]] = OrderedDict()
        self._bytes = 0
        self._busy: Final[dict[bytes, threading.Event]] = {}

    def __call__(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        if environ["REQUEST_METHOD"] != "GET":
            return self._app(environ, start_response)
        # Asked before the page is made: what it shows is at least as new as this.
        version = self._version()
        key = _key(environ)
        page = self._find(key, version)
        if page is None:
            with self._alone(key) as waited:
                page = self._find(key, version) if waited else None
                if page is None:
                    page, answer = self._make(environ, start_response, version)
                    if page is None:
                        return answer
                    self._keep(key, page)
        start_response(page.status, list(page.headers))
        return [page.body]

    @contextmanager
    def _alone(self, key: bytes) -> Iterator[bool]:
        """One request makes a page that several ask for at once; the others wait for it, but never
        long. Gives whether this one has waited."""
        with self._lock:
            busy = self._busy.get(key)
            mine = None if busy is not None else self._busy.setdefault(key, threading.Event())
        if busy is not None:
            busy.wait(WAIT_S)
            yield True
            return
        try:
            yield False
        finally:
            with self._lock:
                del self._busy[key]
            assert mine is not None
            mine.set()

    def _find(self, key: bytes, version: Hashable) -> _Page | None:
        with self._lock:
            page = self._pages.get(key)
            if page is None:
                return None
            if page.version == version and page.tick == self._tick():
                return page
            del self._pages[key]
            self._bytes -= len(page.body)
            return None

    def _tick(self) -> int:
        return int(self._clock_s() // KEPT_S)

    def _keep(self, key: bytes, page: _Page) -> None:
        with self._lock:
            before = self._pages.pop(key, None)
            self._bytes += len(page.body) - (len(before.body) if before is not None else 0)
            self._pages[key] = page
            while self._bytes > MAX_BYTES:
                _, oldest = self._pages.popitem(last=False)
                self._bytes -= len(oldest.body)

    def _make(
        self, environ: "WSGIEnvironment", start_response: "StartResponse", version: Hashable
    ) -> tuple[_Page | None, Iterable[bytes]]:
        """The page to be kept; or else, already begun, the answer that is none."""
        tick = self._tick()
        begun: list[tuple[str, _Headers, _ExcInfo]] = []

        def begin(status: str, headers: _Headers, exc_info: _ExcInfo = None, /) -> Any:
            begun[:] = [(status, headers, exc_info)]
            return _no_write

        answer = self._app(environ, begin)
        if not begun:
            raise RuntimeError("the application began no answer")
        status, headers, exc_info = begun[0]
        if exc_info is not None or not _may_be_kept(status, headers):
            start_response(status, headers, exc_info)
            return None, answer
        try:
            body = b"".join(answer)
        finally:
            close = getattr(answer, "close", None)
            if close is not None:
                close()
        return _Page(version, tick, status, headers, body), ()


def _no_write(_data: bytes) -> None:
    raise RuntimeError("pages are given as a body, never written")


def _key(environ: "WSGIEnvironment") -> bytes:
    asked = "\0".join(str(environ.get(name, "")) for name in ASKED)
    return hashlib.sha256(asked.encode("utf-8", "surrogateescape")).digest()


def _may_be_kept(status: str, headers: _Headers) -> bool:
    if not status.startswith(("200 ", "304 ")):
        return False
    length, kind = 0 if status.startswith("304") else -1, ""
    for name, value in headers:
        match name.lower():
            case "set-cookie" | "content-disposition" | "content-range":
                return False
            case "content-type":
                kind = value
            case "content-length":
                length = int(value)
    page = kind.startswith("text/html") or status.startswith("304")
    return page and 0 <= length <= MAX_PAGE_BYTES


class DataVersion:
    """Asks the database of ``reader`` for what changes with every COMMIT.

    SQLite: ``PRAGMA data_version``, which one connection sees rise when another has committed
    (https://sqlite.org/pragma.html#pragma_data_version). PostgreSQL: the snapshot; two equal ones
    see the same rows.
    """

    def __init__(self, reader: Engine) -> None:
        self._reader: Final = reader
        self._lock: Final = threading.Lock()
        self._sqlite: Any = None

    def __call__(self) -> Hashable:
        if self._reader.dialect.name == "sqlite":
            return self._of_sqlite()
        with self._reader.connect() as connection:
            return str(connection.scalar(text("SELECT pg_current_snapshot()::text")))

    def _of_sqlite(self) -> Hashable:
        with self._lock:
            if self._sqlite is None:
                pooled = self._reader.raw_connection()
                self._sqlite = pooled.driver_connection
                pooled.detach()  # always the same connection, outside the pool
            return int(self._sqlite.execute("PRAGMA data_version").fetchone()[0])

    def close(self) -> None:
        """Let go of the connection."""
        with self._lock:
            if self._sqlite is not None:
                self._sqlite.close()
                self._sqlite = None
