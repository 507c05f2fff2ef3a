"""An HTTP POST to somewhere outside that may lead nowhere inside.

Rules
-----
* Only to hosts on the list; only over TLS, unless the administrator has opened the private network
  in which the host is.
* The name is resolved once. **Every** address that it has must be a public one or in an opened
  network, and the connection is made to an address that was checked, never to the name again: a
  name that answers otherwise the second time (DNS rebinding) gains nothing.
* An IPv6 address that carries an IPv4 one (mapped, 6to4, NAT64) counts as that one.
* No redirects, no proxies from the environment, at most 64 KiB of answer, ten seconds in all.
"""

import http.client
import ipaddress
import socket
import ssl
import time
from collections.abc import Callable, Collection, Sequence
from ipaddress import IPv4Address, IPv6Address
from typing import Final, TypeAlias
from urllib.parse import urlsplit

from hub.alerts.channels import ChannelError, check
from hub.alerts.forms import WEBHOOK, Post

Address: TypeAlias = IPv4Address | IPv6Address
Resolve: TypeAlias = Callable[[str, int], Sequence[str]]

DEADLINE_S: Final = 10.0
CONNECT_S: Final = 5.0
MOST_ANSWER: Final = 64 * 1024
_NAT64: Final = ipaddress.ip_network("64:ff9b::/96")


class PostingError(Exception):
    """It was not sent, or nobody answered; the text is for people and holds nothing secret.
    ``final``: trying again changes nothing."""

    def __init__(self, told: str, *, final: bool = False) -> None:
        super().__init__(told)
        self.final = final


class Poster:
    """Posts to ``hosts``; ``opened`` are private networks that may be reached."""

    def __init__(
        self,
        hosts: Collection[str],
        opened: Sequence[str],
        resolve: Resolve | None = None,
        deadline_s: float = DEADLINE_S,
    ) -> None:
        self._hosts: Final = frozenset(hosts)
        self._opened: Final = [ipaddress.ip_network(one) for one in opened]
        self._resolve: Final = resolve or system_resolve
        self._deadline_s: Final = deadline_s

    def send(self, post: Post) -> tuple[int, bytes]:
        """The answer's status and its body.

        Raises:
            PostingError: see there.
        """
        try:
            check(WEBHOOK, "-", post.url, "", self._hosts)
        except ChannelError as error:
            raise PostingError(f"{error.what} not allowed", final=True) from None
        parts = urlsplit(post.url)
        host, secure = parts.hostname or "", parts.scheme == "https"
        port = parts.port or (443 if secure else 80)
        addresses = self._checked(host, port, secure=secure)
        deadline = time.monotonic() + self._deadline_s
        connection = _Connection(host, port, addresses, secure=secure, deadline=deadline)
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        try:
            connection.request("POST", target, body=post.body, headers=post.headers)
            answer = connection.getresponse()
            return answer.status, _read(answer, connection, deadline)
        except TimeoutError:
            raise PostingError("no answer in time") from None
        except ssl.SSLCertVerificationError:
            raise PostingError("the certificate is not of this host") from None
        except (OSError, http.client.HTTPException) as error:
            raise PostingError(f"no connection ({type(error).__name__})") from None
        finally:
            connection.close()

    def _checked(self, host: str, port: int, *, secure: bool) -> list[str]:
        try:
            found = list(self._resolve(host, port))
        except OSError:
            raise PostingError("the name cannot be resolved") from None
        if not found:
            raise PostingError("the name cannot be resolved")
        for text in found:
            address = ipaddress.ip_address(text.partition("%")[0])
            mine = any(_inner(address) in network for network in self._opened)
            if not mine and not is_public(address):
                raise PostingError("the address is a private one", final=True)
            if not secure and not mine:
                raise PostingError("only https leads out", final=True)
        return found


def is_public(address: Address) -> bool:
    """Whether it is somewhere on the Internet, and nowhere near."""
    inner = _inner(address)
    return inner.is_global and not inner.is_multicast and not inner.is_reserved


def system_resolve(host: str, port: int) -> list[str]:
    """The addresses of a name, as the system gives them. Raises OSError."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(one[4][0]) for one in found))


def _inner(address: Address) -> Address:
    """The IPv4 address that an IPv6 one stands for, else itself."""
    if isinstance(address, IPv4Address):
        return address
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour or address


class _Connection(http.client.HTTPConnection):
    """A connection to addresses that were checked, under the name for TLS and ``Host``."""

    def __init__(
        self, host: str, port: int, addresses: Sequence[str], *, secure: bool, deadline: float
    ) -> None:
        super().__init__(host, port, timeout=CONNECT_S)
        self._addresses: Final = addresses
        self._tls: Final = ssl.create_default_context() if secure else None
        self._deadline: Final = deadline

    def connect(self) -> None:
        """To the first of them that answers."""
        failure: OSError = OSError("no address")
        for address in self._addresses:
            left = self._deadline - time.monotonic()
            if left <= 0:
                raise TimeoutError
            try:
                plain = socket.create_connection((address, self.port), min(CONNECT_S, left))
            except OSError as error:
                failure = error
                continue
            plain.settimeout(min(CONNECT_S, max(0.1, self._deadline - time.monotonic())))
            tls = self._tls
            self.sock = tls.wrap_socket(plain, server_hostname=self.host) if tls else plain
            return
        raise failure


def _read(answer: http.client.HTTPResponse, connection: _Connection, deadline: float) -> bytes:
    """The body; a server that drips it byte by byte is left at the deadline."""
    body = b""
    while len(body) < MOST_ANSWER:
        left = deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError
        if connection.sock is not None:
            connection.sock.settimeout(left)
        piece = answer.read1(8192)
        if not piece:
            break
        body += piece
    return body[:MOST_ANSWER]
