"""Real servers that alarms are sent to: an HTTP one that plays a maker's bot, and a mail server."""

import contextlib
import ssl
import threading
from collections.abc import Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import msgspec
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, Envelope, LoginPassword
from msgspec import Struct

from tests.support.ports import free_port

TAKEN: Final = (200, b'{"errcode":0,"errmsg":"ok","code":0,"msg":"success"}')


class Received(Struct, frozen=True):
    """A request as it came."""

    path: str
    headers: dict[str, str]
    raw: bytes

    @property
    def body(self) -> Any:
        """Its JSON."""
        return msgspec.json.decode(self.raw)


class Bot:
    """A group's bot on 127.0.0.1: keeps what it is sent; ``answers`` are given in turn, the last
    again and again; ``drip`` sends the answer a byte at a time, each after so many seconds."""

    def __init__(
        self, answers: Sequence[tuple[int, bytes]] = (TAKEN,), *, drip: float = 0.0
    ) -> None:
        self.got: list[Received] = []
        self.answers = list(answers)
        outer, gone = self, threading.Event()
        self._gone: Final = gone

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                size = int(self.headers.get("Content-Length", "0"))
                heads = {name.lower(): value for name, value in self.headers.items()}
                outer.got.append(Received(self.path, heads, self.rfile.read(size)))
                left = outer.answers
                status, body = left.pop(0) if len(left) > 1 else left[0]
                self.send_response(status)
                if 300 <= status < 400:
                    self.send_header("Location", body.decode())
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                with contextlib.suppress(OSError):
                    for at in range(len(body)) if drip else ():
                        if gone.wait(drip):
                            return
                        self.wfile.write(body[at : at + 1])
                        self.wfile.flush()
                    if not drip:
                        self.wfile.write(body)

            def log_message(self, *_args: object) -> None:
                """Nothing: the test reads what came."""

        self._server: Final = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.port: Final = self._server.server_port
        self.host: Final = f"127.0.0.1:{self.port}"
        self._thread: Final = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True
        )

    def url(self, path: str) -> str:
        """An address of it."""
        return f"http://{self.host}{path}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._gone.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class MailHost:
    """A mail server on 127.0.0.1 that wants STARTTLS and a password, and refuses the mailboxes in
    ``refused`` for good; ``mail`` is what it took, as bytes."""

    def __init__(
        self, certificate: Path, key: Path, user: str, password: str, refused: Sequence[str] = ()
    ) -> None:
        self.mail: list[bytes] = []
        outer = self

        class Handler:
            async def handle_RCPT(
                self, server: Any, session: Any, envelope: Envelope, address: str, options: Any
            ) -> str:
                if address in refused:
                    return "550 no such mailbox"
                envelope.rcpt_tos.append(address)
                return "250 OK"

            async def handle_DATA(self, server: Any, session: Any, envelope: Envelope) -> str:
                assert isinstance(envelope.content, bytes)
                outer.mail.append(envelope.content)
                return "250 taken"

        def known(_server: Any, _session: Any, _envelope: Any, _how: str, data: Any) -> AuthResult:
            assert isinstance(data, LoginPassword)
            right = (data.login, data.password) == (user.encode(), password.encode())
            return AuthResult(success=right, handled=False)

        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(certificate, key)
        self.port: Final = free_port()
        self._controller: Final = Controller(
            Handler(),
            hostname="127.0.0.1",
            port=self.port,
            tls_context=tls,
            require_starttls=True,
            auth_required=True,
            authenticator=known,
        )

    def __enter__(self) -> Self:
        self._controller.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._controller.stop()
