"""The hub's pages behind TLS: which certificate, which protocols, and a new one without a restart.

gunicorn asks for a context with each connection. `Certificate` hands out the one that it has until
the files are replaced, so that whoever renews them need not tell anybody.

There is no ``Strict-Transport-Security``: with an authority of one's own a telephone warns until
somebody has installed it there, and a browser that was once told to be strict no longer lets
anybody past that warning.
"""

import contextlib
import errno
import logging
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, TypeAlias

CIPHERS: Final = "ECDHE+AESGCM:ECDHE+CHACHA20"
"""For TLS 1.2; those of 1.3 are all good. Browsers and telephones since 2014 know one of them."""

HANDSHAKE_S: Final = 10.0
"""Who opens a connection and then says nothing holds one of few threads no longer than this."""

log: Final = logging.getLogger(__name__)

_State: TypeAlias = tuple[tuple[int, int, int], ...]


class _ServerContext(ssl.SSLContext):
    """A context whose handshakes end."""

    def wrap_socket(self, sock: Any, *args: Any, **options: Any) -> ssl.SSLSocket:
        sock.settimeout(HANDSHAKE_S)
        try:
            wrapped = super().wrap_socket(sock, *args, **options)
        except TimeoutError:
            # To gunicorn a client that went away; a time-out would be an error in the log.
            raise ConnectionResetError(errno.ECONNRESET, "no handshake in time") from None
        wrapped.settimeout(None)
        return wrapped


class CertificateError(ValueError):
    """A certificate that cannot be used; the text is for people, zh / en."""


def certificate(path: str, key: str) -> "Certificate | None":
    """That of the settings; None where they name none. Raises CertificateError."""
    return Certificate(Path(path), Path(key)) if path else None


class Certificate:
    """A certificate with its chain and its key, in two PEM files; read again when they change.

    Raises:
        CertificateError: they cannot be used at first.
    """

    def __init__(self, certificate: Path, key: Path) -> None:
        self._certificate: Final = certificate
        self._key: Final = key
        self._lock: Final = threading.Lock()
        try:
            self._state = self._look()
            self._context = self._load()
        except OSError as error:  # ssl.SSLError is one
            raise CertificateError(
                f"tls_certificate, tls_key: 无法使用 / cannot be used: {error}"
            ) from None

    def context(self) -> ssl.SSLContext:
        """For a new connection. Files that cannot be used (a renewal that is half done) leave it
        as it was; the log says so once."""
        with self._lock:
            with self._told():
                state = self._look()
                if state != self._state:
                    self._state = state
                    self._context = self._load()
                    log.info("a new certificate is in use")
            return self._context

    def _look(self) -> _State:
        found = (self._certificate.stat(), self._key.stat())
        return tuple((one.st_ino, one.st_mtime_ns, one.st_size) for one in found)

    def _load(self) -> ssl.SSLContext:
        context = _ServerContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.set_ciphers(CIPHERS)
        context.options |= ssl.OP_NO_RENEGOTIATION | ssl.OP_NO_COMPRESSION
        context.load_cert_chain(self._certificate, self._key)
        return context

    @contextlib.contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            log.warning("证书无法使用，仍用原来的 / the old certificate stays in use: %s", error)
