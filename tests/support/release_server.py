"""A hub's side of fetching a release: HTTPS by the test's own authority, and lines that are cut."""

import hashlib
import http.server
import json
import re
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from contract.releases import OFFER_PATH
from tests.support.certificates import Authority

ACCOUNT: Final = "Basic c3RvcC0xOnBhc3N3b3JkLXBhc3N3b3JkLXBhc3N3b3JkLTEx"
"""``stop-1`` and ``password-password-password-11``."""


class ReleaseServer:
    """Offers one bundle. ``cuts`` are the numbers of bytes after which it hangs up, in turn;
    ``asked`` are the Range headers that came, None for a request of the whole."""

    def __init__(self, release: str, target: str, content: bytes) -> None:
        self.release: Final = release
        self.target: Final = target
        self.content = content
        self.offered: dict[str, Any] | None = self.offer()
        self.cuts: list[int] = []
        self.ranges = True
        self.busy: tuple[int, dict[str, str]] | None = None
        """What every request for the bundle is answered with, status and headers."""
        self.asked: list[str | None] = []
        self.accounts: list[str | None] = []
        self.sent = 0

    def offer(self) -> dict[str, Any]:
        return {
            "release": self.release,
            "target": self.target,
            "size": len(self.content),
            "sha256": hashlib.sha256(self.content).hexdigest(),
        }


def _handler(hub: ReleaseServer) -> type[http.server.BaseHTTPRequestHandler]:
    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: object) -> None:
            """Nothing on the test's own output."""

        def do_GET(self) -> None:
            hub.accounts.append(self.headers["Authorization"])
            self.close_connection = True
            if self.headers["Authorization"] != ACCOUNT:
                self.send_error(401)
            elif self.path.startswith(OFFER_PATH):
                self._offer()
            else:
                self._bundle()

        def _offer(self) -> None:
            if hub.offered is None:
                self.send_response(204)
                self.end_headers()
                return
            body = json.dumps(hub.offered).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def _bundle(self) -> None:
            asked = self.headers["Range"]
            hub.asked.append(asked)
            if hub.busy is not None:
                status, headers = hub.busy
                self.send_response_only(status)
                for name, value in {"Content-Length": "0", **headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                return
            tag = f'"{hashlib.sha256(hub.content).hexdigest()}"'
            first = 0
            found = re.fullmatch(r"bytes=(\d+)-", asked or "")
            if found and hub.ranges and self.headers["If-Range"] == tag:
                first = int(found[1])
                self.send_response(206)
                last = len(hub.content) - 1
                self.send_header("Content-Range", f"bytes {first}-{last}/{len(hub.content)}")
            else:
                self.send_response(200)
            rest = hub.content[first:]
            self.send_header("Content-Length", str(len(rest)))
            self.send_header("ETag", tag)
            self.end_headers()
            part = rest[: hub.cuts.pop(0)] if hub.cuts else rest
            hub.sent += len(part)  # first: who has it all may ask at once
            self.wfile.write(part)

    return Handler


@contextmanager
def serving(hub: ReleaseServer, authority: Authority | None) -> Iterator[str]:
    """Its address, with TLS if there is an authority."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _handler(hub))
    if authority is not None:
        certificate, key = authority.broker()
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        scheme = "https" if authority is not None else "http"
        yield f"{scheme}://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def settings(folder: Path, url: str, authority: Path | None) -> Path:
    """The kiosk's settings and identity, as enrolment leaves them; the settings' path."""
    pinned = f'mqtt_tls_ca = "{authority}"\n' if authority is not None else ""
    path = folder / "kiosk.toml"
    path.write_text(
        'kiosk = "stop-1"\nstop_zh = "一号站"\nstop_en = "One"\n' + f'hub_url = "{url}"\n' + pinned,
        encoding="utf-8",
    )
    (folder / "identity.json").write_text(
        json.dumps(
            {
                "kiosk": "stop-1",
                "username": "stop-1",
                "password": "password-password-password-11",
                "prefixes": [{"prefix": "7K2M"}],
            }
        )
    )
    return path
