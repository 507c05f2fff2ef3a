"""A kiosk that publishes as fast as it can and waits for nothing, as a process of its own.

``python -m tests.support.flood PORT CA USER PASSWORD FILE``: FILE holds PUBLISH packets (MQTT 5),
which are written again and again through TLS. Whoever ends the connection finds it back at once.
It speaks below paho, which would wait for acknowledgements.
"""

import contextlib
import select
import socket
import ssl
import struct
import subprocess
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from hub.log.ingest import Message
from tests.support.broker_doors import HOST, InstalledBroker
from tests.support.processes import ROOT

USER_PROPERTY = 0x26


def packets(messages: Iterable[Message], qos: int) -> bytes:
    """``messages`` as PUBLISH packets."""
    return b"".join(_publish(message, qos, number) for number, message in enumerate(messages))


@contextmanager
def flooding(broker: InstalledBroker, kiosk: str, flood: bytes, folder: Path) -> Iterator[None]:
    """Inside, ``kiosk`` floods the broker with these packets."""
    file = folder / f"flood-{kiosk}"
    file.write_bytes(flood)
    words = [
        str(broker.kiosk_port),
        str(broker.papers.authority_file),
        kiosk,
        broker.papers.password(kiosk),
        str(file),
    ]
    process = subprocess.Popen([sys.executable, "-m", "tests.support.flood", *words], cwd=ROOT)
    try:
        yield
        assert process.poll() is None, f"the flood ended by itself: {process.returncode}"
    finally:
        process.kill()
        process.wait()


def _text(text: str) -> bytes:
    data = text.encode()
    return struct.pack("!H", len(data)) + data


def _length(value: int) -> bytes:
    out = bytearray()
    while True:
        value, low = divmod(value, 128)
        out.append(low | (0x80 if value else 0))
        if not value:
            return bytes(out)


def _publish(message: Message, qos: int, number: int) -> bytes:
    properties = b"".join(
        bytes([USER_PROPERTY]) + _text(name) + _text(value)
        for name, value in message.properties.items()
    )
    body = _text(message.topic)
    if qos:
        body += struct.pack("!H", number % 65535 + 1)
    body += _length(len(properties)) + properties + message.payload
    return bytes([0x30 | qos << 1]) + _length(len(body)) + body


def _connect(user: str, password: str) -> bytes:
    flags = 0x80 | 0x40 | 0x02  # user name, password, clean start
    body = _text("MQTT") + bytes([5, flags]) + struct.pack("!H", 60) + b"\0"
    body += _text(user) + _text(user) + _text(password)
    return b"\x10" + _length(len(body)) + body


def _write(line: ssl.SSLSocket, data: memoryview) -> None:
    """All of ``data``, reading whatever comes meanwhile: one thread, since OpenSSL's connections
    are not for two."""
    while data:
        with contextlib.suppress(ssl.SSLWantReadError):
            while line.recv(65536):
                pass
        try:
            data = data[line.send(data[:65536]) :]
        except (ssl.SSLWantWriteError, ssl.SSLWantReadError):
            select.select([line], [line], [])


def main(port: int, authority: str, user: str, password: str, file: str) -> None:
    """Until the process is ended."""
    flood = memoryview(Path(file).read_bytes())
    context = ssl.create_default_context(cafile=authority)
    while True:
        with (
            contextlib.suppress(OSError),
            socket.create_connection((HOST, port), timeout=5) as plain,
            context.wrap_socket(plain, server_hostname=HOST) as line,
        ):
            line.sendall(_connect(user, password))
            line.setblocking(False)
            while True:
                _write(line, flood)


if __name__ == "__main__":
    main(int(sys.argv[1]), *sys.argv[2:6])
