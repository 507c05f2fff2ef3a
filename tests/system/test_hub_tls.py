"""The hub behind TLS, as a service: certificates, protocols, sockets that systemd opened."""

import datetime as dt
import http.client
import os
import socket
import ssl
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from provisioning.authority import Authority
from provisioning.render import merge
from tests.support.ports import free_ports
from tests.support.processes import Yicang, run, until

NOW = dt.datetime.now(dt.UTC)

PASS_SOCKETS = """
import os, socket, sys
listening = []
for port in sys.argv[1:3]:
    held = socket.socket()
    held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    held.bind(("127.0.0.1", int(port)))
    held.listen(16)
    listening.append(held)
high = [os.dup(held.fileno()) for held in listening]
for target, descriptor in enumerate(high, 3):
    os.dup2(descriptor, target)
    os.set_inheritable(target, True)
os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS="2", LISTEN_FDNAMES="a:b")
os.execv(sys.argv[3], sys.argv[3:])
"""
"""What systemd does with a socket unit: sockets from descriptor 3 on, and the pid they are for."""


class Hub:
    """A folder with a hub whose certificate its own authority signed."""

    def __init__(self, data: Path) -> None:
        self.data = data
        self.authority = Authority.create("Yicang test")
        made = run("provision", "local", "--data", str(data))
        assert made.returncode == 0, made.stderr
        self.port, broker = free_ports(2)
        folder = data / "hub" / "authority"
        folder.mkdir()
        (folder / "ca.pem").write_bytes(self.authority.pem)
        merge(
            data / "hub" / "hub.toml",
            {
                "http_port": self.port,
                "mqtt_port": broker,
                "tls_certificate": "web.pem",
                "tls_key": "web.key",
                "authority_dir": "authority",
            },
            "test",
        )
        self.certify(self.authority)

    def certify(self, authority: Authority, name: str = "localhost") -> None:
        issued = authority.web([name, "127.0.0.1"], NOW)
        for path, content in (("web.pem", issued.certificate), ("web.key", issued.key)):
            new = self.data / "hub" / f".{path}"
            new.write_bytes(content)
            new.replace(self.data / "hub" / path)

    def get(
        self, path: str, authority: Authority | None = None, port: int | None = None
    ) -> http.client.HTTPResponse:
        context = ssl.create_default_context(cadata=(authority or self.authority).pem.decode())
        line = http.client.HTTPSConnection(
            "127.0.0.1", port or self.port, timeout=10, context=context
        )
        line.request("GET", path)
        return line.getresponse()

    def up(self, port: int | None = None) -> bool:
        try:
            self.get("/healthz", port=port)
        except OSError:
            return False
        return True


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hub]:
    made = Hub(tmp_path_factory.mktemp("tls"))
    with Yicang("hub", "serve", "--data", str(made.data)):
        until("the hub answers", made.up)
        yield made


def test_its_pages_come_over_tls_and_say_whose_certificate_it_is(hub: Hub) -> None:
    answer = hub.get("/enrol/authority.pem")
    assert answer.status == 200
    assert answer.read() == hub.authority.pem


def test_cookies_are_for_tls_alone(hub: Hub) -> None:
    cookie = hub.get("/login").headers["Set-Cookie"]
    assert "; Secure" in cookie


def test_a_stranger_that_trusts_another_authority_is_not_answered(hub: Hub) -> None:
    with pytest.raises(ssl.SSLCertVerificationError):
        hub.get("/", Authority.create("other"))


@pytest.mark.parametrize(
    ("version", "ciphers", "taken"),
    [
        (ssl.TLSVersion.TLSv1_1, "ALL:@SECLEVEL=0", False),
        (ssl.TLSVersion.TLSv1_2, "AES128-SHA:AES256-GCM-SHA384", False),
        (ssl.TLSVersion.TLSv1_2, "ECDHE-ECDSA-AES128-SHA256:ECDHE-ECDSA-AES256-SHA", False),
        (ssl.TLSVersion.TLSv1_2, "ECDHE-ECDSA-AES128-GCM-SHA256", True),
        (ssl.TLSVersion.TLSv1_3, "", True),
    ],
)
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_old_protocols_and_weak_ciphers_are_refused(
    hub: Hub, version: ssl.TLSVersion, ciphers: str, taken: bool
) -> None:
    context = ssl.create_default_context(cadata=hub.authority.pem.decode())
    if ciphers:
        context.set_ciphers(ciphers)
    context.minimum_version = context.maximum_version = version
    with socket.create_connection(("127.0.0.1", hub.port), timeout=10) as line:
        if taken:
            with context.wrap_socket(line, server_hostname="127.0.0.1") as secure:
                assert secure.version() == version.name.replace("_", ".")
        else:
            with pytest.raises(OSError, match=r"(?i)alert|eof|reset|no protocols"):
                context.wrap_socket(line, server_hostname="127.0.0.1")


def test_a_renewed_certificate_is_in_use_at_once_and_a_broken_one_never(hub: Hub) -> None:
    before = hub.data / "hub" / "web.pem"
    good = before.read_bytes()
    before.write_bytes(b"half a certificate")
    assert hub.get("/healthz").status in (200, 503)  # the one that it has
    before.write_bytes(good)
    other = Authority.create("renewed")
    hub.certify(other)
    assert hub.get("/healthz", other).status in (200, 503)
    hub.certify(hub.authority)
    assert hub.up()


def test_sockets_that_systemd_opened_are_served(tmp_path: Path) -> None:
    hub = Hub(tmp_path)
    first, second = free_ports(2)
    program = str(Path(sys.executable).with_name("yicang"))
    words = [program, "hub", "serve", "--data", str(tmp_path)]
    child = subprocess.Popen(
        [sys.executable, "-c", PASS_SOCKETS, str(first), str(second), *words],
        env={**os.environ},
    )
    try:
        until("both sockets answer", lambda: hub.up(first) and hub.up(second))
        assert not hub.up()  # the configured address is systemd's to open
    finally:
        child.terminate()
        child.wait(30)


def test_a_certificate_that_is_not_there_is_named_before_anything_starts(tmp_path: Path) -> None:
    hub = Hub(tmp_path)
    (tmp_path / "hub" / "web.key").unlink()
    told = run("hub", "serve", "--data", str(hub.data))
    assert told.returncode == 2
    assert "tls_certificate, tls_key: 无法使用 / cannot be used" in told.stderr
    settings = tmp_path / "hub" / "hub.toml"
    text = settings.read_text(encoding="utf-8")
    settings.write_text(text.replace('tls_key = "web.key"\n', ""), encoding="utf-8")
    told = run("hub", "serve", "--data", str(hub.data))
    assert (told.returncode, "one is of no use without the other" in told.stderr) == (2, True)
