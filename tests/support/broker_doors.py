"""The broker as it is installed: its doors, accounts and access rules, and people who knock.

The configuration is the generated one; what a test adds is a door for itself, at which everything
may be seen. Mosquitto 2.0 is the installed one. Where ``MOSQUITTO_2_1`` names an executable of 2.1,
and ``MOSQUITTO_2_1_PLUGINS`` the directory of its plugins, tests run on that as well.
"""

import datetime as dt
import os
import pwd
import signal
import socket
import ssl
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import paho.mqtt.client as mqtt
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode
from paho.mqtt.subscribeoptions import SubscribeOptions

from provisioning import mosquitto
from provisioning.authority import Authority
from provisioning.mosquitto import HUB_USER, BrokerSettings, Style
from tests.support.broker import Mosquitto
from tests.support.ports import free_port

PATIENCE_S: Final = 60.0
HOST: Final = "127.0.0.1"
HUB_PASSWORD: Final = "the hub's own"
NOW: Final = dt.datetime(2026, 11, 22, tzinfo=dt.UTC)


def executables() -> dict[Style, str | None]:
    """The brokers to be tried; None is the installed one."""
    found: dict[Style, str | None] = {Style.V2_0: None}
    newer = os.environ.get("MOSQUITTO_2_1")
    if newer is not None:
        found[Style.V2_1] = newer
    return found


class Papers:
    """An authority, the broker's certificate, and kiosks' certificates and passwords."""

    def __init__(self, directory: Path) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self.directory: Final = directory
        self.authority: Final = Authority.create("test")
        self.authority_file: Final = directory / "ca.pem"
        self.authority_file.write_bytes(self.authority.pem)
        (directory / "ca.key").write_bytes(self.authority.files().key)
        server = self.authority.server([HOST], NOW)
        self.server: Final = directory / "server.pem", directory / "server.key"
        self.server[0].write_bytes(server.certificate)
        self.server[1].write_bytes(server.key)

    @staticmethod
    def password(kiosk: str) -> str:
        """Of a kiosk's account."""
        return f"password of {kiosk}"

    def verifier(self, kiosk: str) -> str:
        """What the broker keeps of it."""
        salt = kiosk.encode().ljust(mosquitto.SALT_BYTES, b"-")[: mosquitto.SALT_BYTES]
        return mosquitto.verifier(self.password(kiosk), salt)

    def certificate(self, kiosk: str, authority: Authority | None = None) -> tuple[Path, Path]:
        """Files of a kiosk's certificate and key."""
        key = ec.generate_private_key(ec.SECP256R1())
        request = (
            x509.CertificateSigningRequestBuilder()
            .subject_name(x509.Name([]))
            .sign(key, hashes.SHA256())
        )
        signed = (authority or self.authority).client(
            request.public_bytes(serialization.Encoding.PEM), kiosk
        )
        stem = f"{kiosk}-{x509.load_pem_x509_certificate(signed).serial_number:x}"
        files = self.directory / f"{stem}.pem", self.directory / f"{stem}.key"
        files[0].write_bytes(signed)
        files[1].write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        )
        return files


class InstalledBroker(Mosquitto):
    """Mosquitto with the generated configuration. `hub_port`, `kiosk_port` and `certificate_port`
    are its doors, `port` is the test's own, where nobody is asked for anything."""

    def __init__(
        self, directory: Path, papers: Papers, style: Style, executable: str | None
    ) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        super().__init__(directory)
        if executable is not None:
            self._executable = executable
        self.papers: Final = papers
        self.style: Final = style
        self.directory: Final = directory
        self.hub_port: Final = free_port()
        self.kiosk_port: Final = free_port()
        self.certificate_port: Final = free_port()
        (directory / mosquitto.HUB_ACCOUNTS).write_text(
            mosquitto.hub_passwd(mosquitto.verifier(HUB_PASSWORD, b"h" * mosquitto.SALT_BYTES))
        )
        (directory / mosquitto.HUB_ACL).write_text(mosquitto.hub_acl())
        self.write(())

    def write(
        self,
        accounts: Iterable[str],
        forbidden: Iterable[str] = (),
        serials: Iterable[int] = (),
    ) -> None:
        """The files that a hub would write; `reload` has them read."""
        rows = [(kiosk, self.papers.verifier(kiosk)) for kiosk in accounts]
        (self.directory / mosquitto.ACCOUNTS).write_text(mosquitto.kiosk_passwd(rows))
        (self.directory / mosquitto.ACL).write_text(mosquitto.kiosk_acl(forbidden))
        (self.directory / mosquitto.CRL).write_bytes(
            self.papers.authority.revocations(serials, NOW)
        )

    def reload(self) -> None:
        """What the unit ``yicang-broker`` does: the mark goes, the broker is told."""
        (self.directory / mosquitto.RELOAD).unlink(missing_ok=True)
        os.kill(self.pid, signal.SIGHUP)

    @property
    def settings(self) -> BrokerSettings:
        """What its configuration is generated from."""
        return BrokerSettings(
            style=self.style,
            directory=str(self.directory),
            own=str(self.directory),
            certificate=str(self.papers.server[0]),
            key=str(self.papers.server[1]),
            authority=str(self.papers.authority_file),
            hub_port=self.hub_port,
            kiosk_address=HOST,
            kiosk_port=self.kiosk_port,
            certificate_port=self.certificate_port,
            plugins=os.environ.get("MOSQUITTO_2_1_PLUGINS", "/usr/lib/mosquitto"),
            persistence=str(self.directory),
        )

    def _config(self) -> str:
        anyone = "allow" if self.style is Style.V2_0 else "listener_allow"
        return "\n".join(
            (
                # Started as root it would become "mosquitto", which may not enter the directory.
                f"user {pwd.getpwuid(os.getuid()).pw_name}",
                f"log_dest file {self._log}",
                mosquitto.config(self.settings),
                f"listener {self.port} {HOST}",
                f"{anyone}_anonymous true",
                "",
            )
        )

    # --- who knocks ----------------------------------------------------------------------------

    def spy(self, **more: Any) -> "Caller":
        """At the test's own door."""
        return Caller(self.port, **more)

    def hub(self, **more: Any) -> "Caller":
        """The hub at its door."""
        return Caller(self.hub_port, user=HUB_USER, password=HUB_PASSWORD, **more)

    def by_password(self, kiosk: str, password: str | None = None, **more: Any) -> "Caller":
        """A kiosk at the door for passwords."""
        secret = password if password is not None else self.papers.password(kiosk)
        return Caller(self.kiosk_port, user=kiosk, password=secret, tls=self.trusting(None), **more)

    def by_certificate(self, files: tuple[Path, Path] | None, **more: Any) -> "Caller":
        """Somebody at the door for certificates; None: without one."""
        return Caller(self.certificate_port, tls=self.trusting(files), **more)

    def trusting(self, files: tuple[Path, Path] | None) -> ssl.SSLContext:
        """A TLS context that trusts the test's authority, and shows a certificate."""
        context = ssl.create_default_context(cafile=str(self.papers.authority_file))
        if files is not None:
            context.load_cert_chain(*files)
        return context


class RefusedError(AssertionError):
    """The broker did not take the connection; the text is what it said."""


class Caller:
    """One connection to the broker, of MQTT 5 or 3.1.1. Use it with ``with``: raises `RefusedError`
    when it is not let in. What comes is in `received`: (topic, payload, retained)."""

    def __init__(
        self,
        port: int,
        *,
        user: str = "",
        password: str = "",
        tls: ssl.SSLContext | None = None,
        claims: str = "",
        old: bool = False,
        will: tuple[str, bytes, bool] | None = None,
    ) -> None:
        self.received: Final[list[tuple[str, bytes, bool]]] = []
        self.codes: Final[dict[int, int]] = {}
        self._port: Final = port
        self._old: Final = old
        self._changed: Final = threading.Condition()
        self._answer: ReasonCode | None = None
        self._granted = 0
        self._ended = False
        client = mqtt.Client(
            CallbackAPIVersion.VERSION2,
            client_id=claims,
            protocol=mqtt.MQTTv311 if old else mqtt.MQTTv5,
            reconnect_on_failure=False,
            clean_session=True if old else None,
        )
        if user:
            client.username_pw_set(user, password)
        if tls is not None:
            client.tls_set_context(tls)
        if will is not None:
            client.will_set(will[0], will[1], qos=1, retain=will[2])
        client.on_connect = self._on_connect
        client.on_disconnect = self._on_disconnect
        client.on_subscribe = self._on_subscribe
        client.on_publish = self._on_publish
        client.on_message = self._on_message
        client.on_socket_open = self._at_once
        self._client: Final = client

    def __enter__(self) -> Self:
        try:
            self._client.connect(HOST, self._port)
        except OSError as error:
            raise RefusedError(str(error)) from None
        self._client.loop_start()
        self._wait("an answer", lambda: self._answer is not None or self._ended)
        if self._answer is None or self._answer.is_failure:
            self._client.loop_stop()
            raise RefusedError(str(self._answer))
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    @property
    def ended(self) -> bool:
        """Whether the broker ended the connection."""
        return self._ended

    def wait_ended(self, within_s: float = PATIENCE_S) -> None:
        """Until the broker ends it."""
        self._wait("the end of the session", lambda: self._ended, within_s)

    def subscribe(self, *filters: str) -> None:
        """And wait for the answer; whether each was granted is not looked at."""
        before = self._granted
        if self._old:
            self._client.subscribe([(one, 1) for one in filters])
        else:
            options = SubscribeOptions(qos=1, retainAsPublished=True)
            self._client.subscribe([(one, options) for one in filters])
        self._wait("a SUBACK", lambda: self._granted > before)

    def publish(
        self,
        topic: str,
        payload: bytes,
        *,
        qos: int = 1,
        retain: bool = False,
        properties: Properties | None = None,
    ) -> int:
        """Its packet id; `code` waits for what the broker says to QoS 1."""
        sent = self._client.publish(topic, payload, qos=qos, retain=retain, properties=properties)
        return int(sent.mid)

    def code(self, mid: int) -> int:
        """The reason code of a PUBACK; MQTT 3.1.1 has none: 0."""
        self._wait("a PUBACK", lambda: mid in self.codes)
        return self.codes[mid]

    def wait(self, condition: Callable[[], bool], what: str, within_s: float = PATIENCE_S) -> None:
        """Until ``condition``, which is looked at whenever something comes."""
        self._wait(what, condition, within_s)

    def wait_for(self, topic: str, payload: bytes) -> None:
        """Until such a message came."""
        self._wait(
            f"{payload!r} on {topic}",
            lambda: any(one[:2] == (topic, payload) for one in self.received),
        )

    def topics(self, payload: bytes | None = None) -> set[str]:
        """On which topics something came, or something with this payload."""
        with self._changed:
            return {one[0] for one in self.received if payload in (None, one[1])}

    # --- inside --------------------------------------------------------------------------------

    def _wait(self, what: str, condition: Callable[[], bool], within_s: float = PATIENCE_S) -> None:
        with self._changed:
            assert self._changed.wait_for(condition, within_s), f"never saw {what}"

    @staticmethod
    def _at_once(_client: object, _data: object, sock: Any) -> None:
        """A hundred questions, of which none waits 40 ms for the answer to the one before it."""
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def _note(self) -> None:
        with self._changed:
            self._changed.notify_all()

    def _on_connect(self, _c: Any, _d: Any, _f: Any, reason: ReasonCode, _p: Any) -> None:
        self._answer = reason
        self._note()

    def _on_disconnect(self, _c: Any, _d: Any, _f: Any, _r: ReasonCode, _p: Any) -> None:
        self._ended = True
        self._note()

    def _on_subscribe(self, *_: Any) -> None:
        self._granted += 1
        self._note()

    def _on_publish(self, _c: Any, _d: Any, mid: int, reason: ReasonCode, _p: Any) -> None:
        self.codes[mid] = reason.value
        self._note()

    def _on_message(self, _c: Any, _d: Any, message: mqtt.MQTTMessage) -> None:
        with self._changed:
            self.received.append((message.topic, bytes(message.payload), message.retain))
            self._changed.notify_all()


def said_of(found: Mapping[Any, Any], expected: Mapping[Any, Any]) -> Sequence[str]:
    """The questions of a matrix that were answered otherwise than the model says."""
    return [
        f"{question}: {found[question]}, the model says {expected[question]}"
        for question in expected
        if found.get(question) != expected[question]
    ]
