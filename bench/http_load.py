"""Requests over a few kept connections, as fast as answers come: what a page can serve.

Bare sockets, since the client runs on the same cores as the server: an HTTP library would cost more
than an empty page does.
"""

import socket
import threading
import time
from collections.abc import Sequence
from typing import Final

from msgspec import Struct

CONNECTIONS: Final = 4
TIMEOUT_S: Final = 30.0


class Burst(Struct):
    """What a burst of requests came to; ``latencies`` in seconds, one for each answer."""

    seconds: float
    latencies: list[float]
    statuses: set[int]
    size: int
    location: str = ""

    @property
    def rate(self) -> float:
        """Answers a second."""
        return len(self.latencies) / self.seconds


class Answer(Struct, frozen=True):
    """One answer: status, the bytes of its body, where it points to."""

    status: int
    body: bytes
    headers: dict[str, str]
    cookies: dict[str, str]


class Connection:
    """One kept connection to a server on 127.0.0.1."""

    def __init__(self, port: int) -> None:
        self._port: Final = port
        self._socket: socket.socket | None = None

    def ask(self, request: bytes) -> Answer:
        """The answer to this request. Raises OSError."""
        for attempt in (1, 2):
            if self._socket is None:
                self._socket = socket.create_connection(("127.0.0.1", self._port), TIMEOUT_S)
                self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            try:
                return self._ask(self._socket, request)
            except ConnectionError:  # the server closed a connection that it had kept long enough
                self.close()
                if attempt == 2:
                    raise
        raise ConnectionError("the server closes every connection")

    def _ask(self, connection: socket.socket, request: bytes) -> Answer:
        connection.sendall(request)
        received = b""
        while (end := received.find(b"\r\n\r\n")) < 0:
            received += _more(connection)
        first, *lines = received[:end].split(b"\r\n")
        headers: dict[str, str] = {}
        cookies: dict[str, str] = {}
        for line in lines:
            name, _, value = line.decode("latin-1").partition(": ")
            if name.lower() == "set-cookie":
                key, _, rest = value.partition("=")
                cookies[key] = rest.partition(";")[0]
            headers[name.lower()] = value
        body = received[end + 4 :]
        if "content-length" in headers:
            length = int(headers["content-length"])
            parts, size = [body], len(body)
            while size < length:
                parts.append(_more(connection))
                size += len(parts[-1])
            body = b"".join(parts)
        else:
            while not body.endswith(b"0\r\n\r\n"):  # chunked
                body += _more(connection)
        if headers.get("connection", "").lower() == "close":
            self.close()
        return Answer(int(first.split()[1]), body, headers, cookies)

    def close(self) -> None:
        """Let go of it; the next request opens another."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None


def _more(connection: socket.socket) -> bytes:
    data = connection.recv(262_144)
    if not data:
        raise ConnectionResetError("the connection was closed")
    return data


def get(path: str, cookies: dict[str, str], language: str = "zh") -> bytes:
    """A request for a page."""
    kept = "; ".join(f"{name}={value}" for name, value in cookies.items())
    return (
        f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: text/html\r\n"
        f"Accept-Language: {language}\r\n" + (f"Cookie: {kept}\r\n" if kept else "") + "\r\n"
    ).encode()


def burst(port: int, request: bytes, seconds: float, least: int = 1) -> Burst:
    """Sends ``request`` over `CONNECTIONS` at once for ``seconds``, at least ``least`` times."""
    result = Burst(0.0, [], set(), 0)
    lock = threading.Lock()
    begun = time.perf_counter()

    def work(share: int) -> None:
        connection = Connection(port)
        latencies: list[float] = []
        answer: Answer | None = None
        statuses: set[int] = set()
        while len(latencies) < share or time.perf_counter() - begun < seconds:
            asked = time.perf_counter()
            answer = connection.ask(request)
            latencies.append(time.perf_counter() - asked)
            statuses.add(answer.status)
        connection.close()
        with lock:
            result.latencies += latencies
            result.statuses |= statuses
            if answer is not None:
                result.size = len(answer.body)
                result.location = answer.headers.get("location", "")

    threads = [
        threading.Thread(target=work, args=(-(-least // CONNECTIONS),)) for _ in range(CONNECTIONS)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    result.seconds = time.perf_counter() - begun
    return result


def percentile(latencies: Sequence[float], percent: int) -> float:
    """Seconds within which so many percent of the answers came."""
    ordered = sorted(latencies)
    return ordered[min(len(ordered) - 1, len(ordered) * percent // 100)]
