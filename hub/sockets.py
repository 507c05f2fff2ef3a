"""Sockets that systemd opened for the hub (``yicang-hub.socket``): ports below 1024 without a
privilege, and no connection is refused while the hub restarts (sd_listen_fds(3))."""

import os
import socket
import threading
from collections.abc import MutableMapping, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final
from urllib.parse import quote

from msgspec import Struct

FIRST: Final = 3
PLAIN_PORT: Final = 80
"""Where people come who typed no https."""

REQUEST_S: Final = 10.0


class Inherited(Struct, frozen=True):
    """File descriptors of listening sockets: ``pages``, and ``plain`` for port 80."""

    pages: tuple[int, ...] = ()
    plain: tuple[int, ...] = ()


def inherited(environment: MutableMapping[str, str], pid: int) -> Inherited:
    """What systemd handed to this process; the variables that say so are taken out, so that no
    child thinks that it was meant."""
    meant = environment.pop("LISTEN_PID", "") == str(pid)
    count = environment.pop("LISTEN_FDS", "0")
    environment.pop("LISTEN_FDNAMES", None)
    if not meant or not count.isdecimal():
        return Inherited()
    pages: list[int] = []
    plain: list[int] = []
    for descriptor in range(FIRST, FIRST + int(count)):
        os.set_inheritable(descriptor, False)
        (plain if _port(descriptor) == PLAIN_PORT else pages).append(descriptor)
    return Inherited(tuple(pages), tuple(plain))


def _port(descriptor: int) -> int:
    with socket.socket(fileno=os.dup(descriptor)) as held:
        name: Any = held.getsockname()
    return int(name[1]) if isinstance(name, tuple) else 0


class Redirect:
    """Answers what comes to the plain port with the same address behind TLS, at ``public_url`` or,
    without one, at the host that was asked."""

    def __init__(self, descriptors: Sequence[int], public_url: str) -> None:
        self._servers: Final = [_server(one, public_url) for one in descriptors]

    def start(self) -> None:
        """From now on."""
        for server in self._servers:
            threading.Thread(target=server.serve_forever, name="redirect", daemon=True).start()

    def close(self) -> None:
        """No longer. The sockets stay systemd's."""
        for server in self._servers:
            server.shutdown()
            server.server_close()


def _server(descriptor: int, public_url: str) -> ThreadingHTTPServer:
    class Handler(BaseHTTPRequestHandler):
        timeout = REQUEST_S

        def do_GET(self) -> None:
            target = location(public_url, self.headers.get("Host", ""), self.path)
            self.send_response(308 if target else 400)
            if target:
                self.send_header("Location", target)
            self.send_header("Content-Length", "0")
            self.send_header("Connection", "close")
            self.end_headers()
            self.close_connection = True

        do_HEAD = do_GET  # noqa: N815 - the name that http.server looks for

        def log_message(self, *_args: object) -> None:
            """Nothing: an address may hold a donor's claim."""

    held = socket.socket(fileno=os.dup(descriptor))
    server = ThreadingHTTPServer(("", 0), Handler, bind_and_activate=False)
    server.socket.close()
    server.socket = held
    server.daemon_threads = True
    return server


def location(public_url: str, host: str, path: str) -> str:
    """Where a request over plain HTTP is sent; empty when it makes no sense."""
    if not path.startswith("/"):
        return ""
    told = quote(path, safe="/?&=%+:@!$'()*,;~.-_")
    if public_url.startswith("https://"):
        return public_url.rstrip("/") + told
    bare = host.rsplit(":", 1)[0] if not host.endswith("]") else host
    if not bare or not all(char.isalnum() or char in ".-:[]" for char in bare):
        return ""
    return f"https://{bare}{told}"
