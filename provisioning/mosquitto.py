"""What Mosquitto is told: its configuration, access rules and accounts, as text. Pure.

Rules
-----
* **Three doors.** The hub's is on loopback only and knows one account. Kiosks come by another, with
  TLS and a password; where it is wanted, by a third that takes certificates instead. Each door has
  its own accounts, so a kiosk's password opens nothing at the hub's, nor the reverse.
* **A kiosk is its account.** On the kiosks' doors the broker replaces the client id by the user
  name: nobody can take over another's session. The hub's door lacks that, since the processes of a
  hub on PostgreSQL would end each other; and so that the hub can end a kiosk's session
  (`hub.kiosks.broker_keeper`).
* **Names, not wildcards.** Access rules name each topic of the contract; what is not named is
  refused, also below one's own name. ``%u`` is the account, which cannot hold ``+`` or ``#``.
* **Forbidden twice.** A kiosk that is forbidden loses its line in the file of accounts, and gets
  one in the access rules that refuses everything: a certificate alone would still let it in.
* **Every limit is written down.** Mosquitto's own are no limit, or (1,000 queued messages) drop
  silently. Nothing relies on its queues: kiosks resend what the hub has not acknowledged.

Two generations
---------------
2.0 is in Debian 12 and 13. 2.1 moves accounts and access rules into plugins, can refuse old
protocols by itself (``accept_protocol_versions``), and *ends* when a file it reads again is
malformed: so what is written here is checked, and files are replaced as a whole. What is said of
options is from mosquitto.conf(5) of 2.0.11, 2.0.22 and 2.1.2.

What Mosquitto cannot say: who may *retain* on which topic. The hub takes retained messages off
every topic but a status (`hub.kiosks.mqtt_link`). And 2.0 cannot refuse MQTT 3.1.1: such a client
gets nothing more than others (`provisioning.broker_access`), it is only not told what was refused.
"""

import base64
import contextlib
import enum
import hashlib
import re
from collections.abc import Iterable, Sequence
from typing import Final

from msgspec import Struct

from contract import topics
from contract.batches import MAX_BATCH_BYTES
from contract.messages import MAX_MESSAGE_BYTES

HUB_USER: Final = "yicang-hub"
"""The hub's account at the broker. No kiosk may have this name."""

ACCOUNTS: Final = "passwd"
ACL: Final = "acl"
CRL: Final = "crl.pem"
RELOAD: Final = "reload"
"""Files in the directory that the hub writes for the broker: the kiosks' accounts and access rules,
the revoked certificates; and one that is there while the broker has not read them yet, which the
unit ``yicang-broker.path`` looks for."""

HUB_ACCOUNTS: Final = "hub.passwd"
HUB_ACL: Final = "hub.acl"
"""Files beside the configuration, written once: the hub's account and what it may do."""

MESSAGE_BYTES: Final = max(MAX_BATCH_BYTES, MAX_MESSAGE_BYTES)
"""Larger payloads are not passed on; the sender is told so and stays connected."""
PACKET_BYTES: Final = MESSAGE_BYTES + 64 * 1024
"""Larger packets (topic and properties included) end the connection."""
QUEUED_MESSAGES: Final = 20_000
QUEUED_BYTES: Final = 64 * 1024 * 1024
"""What waits for one client at most: bursts, as when the hub returns to a whole fleet. A longer
queue would only make everybody wait for what a single kiosk put there; after a flood the hub leaves
all of it behind (`hub.kiosks.mqtt_link.MqttLink.renew`)."""
INFLIGHT: Final = 256
"""Unacknowledged messages to one client; the hub's own receive maximum is the same."""
HUB_CONNECTIONS: Final = 64
KIOSK_CONNECTIONS: Final = 4096
KEEPALIVE_S: Final = 120
"""A client that asks for longer, or for never, is told this: who is gone is known by then."""
EXPIRY: Final = "1h"
"""Sessions of those who went: nobody comes back to one, all connect with a clean start."""

TLS_VERSION: Final = "tlsv1.2"
CIPHERS: Final = "ECDHE+AESGCM:ECDHE+CHACHA20"
CIPHERS_13: Final = "TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256:TLS_AES_128_GCM_SHA256"
"""The oldest version that is taken, and its suites: forward secrecy and authenticated encryption
only (RFC 9325, section 4.2)."""

ROUNDS: Final = 101
"""Of PBKDF2, as `mosquitto_passwd` takes: these passwords are 24 random bytes, which nobody guesses
however fast he can try; and a fleet that connects at once is not to wait for the broker."""
MAX_ROUNDS: Final = 1000
SALT_BYTES: Final = 12

_FORBIDDEN: Final = "# Forbidden for good:"
_VERIFIER: Final = re.compile(r"\$7\$([1-9][0-9]{0,6})\$([A-Za-z0-9+/]{16})\$([A-Za-z0-9+/]{86}==)")
_USER: Final = re.compile(r"[a-z0-9][a-z0-9-]{1,62}[a-z0-9]")
_PATH: Final = re.compile(r"/[A-Za-z0-9._/@-]*")


class BrokerFileError(ValueError):
    """What would make a malformed file; the text is for people, zh / en."""


class Style(enum.StrEnum):
    """The generations whose configurations differ."""

    V2_0 = "2.0"
    V2_1 = "2.1"


class BrokerSettings(Struct, frozen=True, kw_only=True):
    """One broker. All paths are absolute; ``certificate`` and ``key`` are the broker's own (PEM),
    ``authority`` is whose certificates kiosks may show."""

    style: Style
    directory: str = "/var/lib/yicang/broker"
    """What the hub writes: `ACCOUNTS`, `ACL`, `CRL`."""
    own: str = "/etc/mosquitto/yicang"
    """What is written once: `HUB_ACCOUNTS`, `HUB_ACL`."""
    certificate: str = "/etc/mosquitto/yicang/server.pem"
    key: str = "/etc/mosquitto/yicang/server.key"
    authority: str = "/etc/mosquitto/yicang/ca.pem"
    hub_address: str = "127.0.0.1"
    hub_port: int = 1883
    kiosk_address: str = ""
    """Where kiosks reach it; empty: every address of the machine."""
    kiosk_port: int = 8883
    certificate_port: int | None = None
    """The port of the door for certificates (8884); None: there is no such door."""
    plugins: str = "/usr/lib/mosquitto"
    """2.1: the directory of ``mosquitto_password_file.so``."""
    persistence: str = ""
    """Directory of its database; empty: what the file that includes this one says."""
    kiosk_connections: int = KIOSK_CONNECTIONS


def style_of(version: str) -> Style:
    """The style for what ``mosquitto -h`` says in its first line, ``mosquitto version 2.0.21``.

    Raises:
        BrokerFileError: older than 2.0, or no version at all.
    """
    found = re.search(r"\b(\d+)\.(\d+)(?:\.\d+)?", version)
    number = (int(found[1]), int(found[2])) if found is not None else (0, 0)
    if number < (2, 0):
        raise BrokerFileError(
            f"需要 Mosquitto 2.0 或更新 / Mosquitto 2.0 or newer is needed: {version.strip()!r}"
        )
    return Style.V2_0 if number == (2, 0) else Style.V2_1


# --- configuration ------------------------------------------------------------------------------


def config(settings: BrokerSettings) -> str:
    """``/etc/mosquitto/conf.d/yicang.conf``, or with `BrokerSettings.persistence` a whole file.

    Raises:
        BrokerFileError: a path that is not absolute or holds what a line may not.
    """
    for path in (
        settings.directory,
        settings.own,
        settings.certificate,
        settings.key,
        settings.authority,
        settings.plugins,
        settings.persistence or "/",
    ):
        if not _PATH.fullmatch(path):
            raise BrokerFileError(f"{path}: 路径不可用 / the path cannot be used")
    render = _config_2_0 if settings.style is Style.V2_0 else _config_2_1
    return "\n".join(("# Written by `yicang provision hub`.", *render(settings), ""))


def _config_2_0(settings: BrokerSettings) -> list[str]:
    hub, kiosks = _files(settings)
    return [
        "per_listener_settings true",
        *_limits(settings),
        *_hub_door(settings),
        *_own_files(hub),
        *_kiosk_door(settings),
        *_own_files(kiosks),
        *(
            # Without accounts: who shows a certificate of ours is who it names.
            [
                *_certificate_door(settings, settings.certificate_port),
                *_own_files((None, kiosks[1])),
            ]
            if settings.certificate_port is not None
            else []
        ),
    ]


def _own_files(files: tuple[str | None, str]) -> list[str]:
    accounts, rules = files
    return [
        "allow_anonymous false",
        *([f"password_file {accounts}"] if accounts is not None else []),
        f"acl_file {rules}",
    ]


def _config_2_1(settings: BrokerSettings) -> list[str]:
    hub, kiosks = _files(settings)
    only = ["listener_allow_anonymous false", "accept_protocol_versions 5"]
    return [
        *_limits(settings),
        f"global_max_connections {HUB_CONNECTIONS + 2 * settings.kiosk_connections}",
        "enable_control_api false",
        *_plugin(settings, "hub-accounts", "password", hub[0]),
        *_plugin(settings, "hub-access", "acl", hub[1]),
        *_plugin(settings, "kiosk-accounts", "password", kiosks[0]),
        *_plugin(settings, "kiosk-access", "acl", kiosks[1]),
        *_hub_door(settings),
        *only,
        "plugin_use hub-accounts",
        "plugin_use hub-access",
        *_kiosk_door(settings),
        *only,
        "plugin_use kiosk-accounts",
        "plugin_use kiosk-access",
        *(
            [
                *_certificate_door(settings, settings.certificate_port),
                *only,
                "plugin_use kiosk-access",
            ]
            if settings.certificate_port is not None
            else []
        ),
    ]


def _plugin(settings: BrokerSettings, name: str, kind: str, file: str) -> list[str]:
    return [
        f"plugin_load {name} {settings.plugins}/mosquitto_{kind}_file.so",
        f"plugin_opt_{kind}_file {file}",
    ]


def _files(settings: BrokerSettings) -> tuple[tuple[str, str], tuple[str, str]]:
    """Accounts and access rules of the hub's door and of the kiosks'."""
    return (
        (f"{settings.own}/{HUB_ACCOUNTS}", f"{settings.own}/{HUB_ACL}"),
        (f"{settings.directory}/{ACCOUNTS}", f"{settings.directory}/{ACL}"),
    )


def _limits(settings: BrokerSettings) -> list[str]:
    return [
        f"message_size_limit {MESSAGE_BYTES}",
        f"max_packet_size {PACKET_BYTES}",
        f"max_inflight_messages {INFLIGHT}",
        f"max_queued_messages {QUEUED_MESSAGES}",
        f"max_queued_bytes {QUEUED_BYTES}",
        f"max_keepalive {KEEPALIVE_S}",
        f"persistent_client_expiration {EXPIRY}",
        "queue_qos0_messages false",
        "set_tcp_nodelay true",
        "check_retain_source true",
        "connection_messages true",
        *(
            ["persistence true", f"persistence_location {settings.persistence.rstrip('/')}/"]
            if settings.persistence
            else []
        ),
    ]


def _hub_door(settings: BrokerSettings) -> list[str]:
    return [
        "",
        f"listener {settings.hub_port} {settings.hub_address}",
        f"max_connections {HUB_CONNECTIONS}",
        "max_qos 1",
    ]


def _kiosk_door(settings: BrokerSettings) -> list[str]:
    return _tls_door(settings, settings.kiosk_port)


def _certificate_door(settings: BrokerSettings, port: int) -> list[str]:
    return [
        *_tls_door(settings, port),
        f"cafile {settings.authority}",
        f"crlfile {settings.directory}/{CRL}",
        "require_certificate true",
        "use_identity_as_username true",
    ]


def _tls_door(settings: BrokerSettings, port: int) -> list[str]:
    return [
        "",
        f"listener {port} {settings.kiosk_address}".rstrip(),
        f"max_connections {settings.kiosk_connections}",
        "max_qos 1",
        "use_username_as_clientid true",
        f"certfile {settings.certificate}",
        f"keyfile {settings.key}",
        f"tls_version {TLS_VERSION}",
        f"ciphers {CIPHERS}",
        f"ciphers_tls1.3 {CIPHERS_13}",
    ]


# --- access rules -------------------------------------------------------------------------------


def hub_acl() -> str:
    """The access rules of the hub's door: all topics of ours, and the broker's own figures."""
    return _lines([f"user {HUB_USER}", f"topic readwrite {topics.ROOT}/#", "topic read $SYS/#"])


def kiosk_acl(forbidden: Iterable[str] = (), held: Iterable[str] = ()) -> str:
    """The access rules of the kiosks' doors. Accounts that are ``forbidden`` may nothing, for good,
    nor those that are ``held`` off for a while.

    Raises:
        BrokerFileError: an account that is none.
    """
    closed = {require_user(user) for user in forbidden}
    lines = [_FORBIDDEN, *_deny(closed), "# Held off for a while:"]
    lines += _deny({require_user(user) for user in held} - closed)
    lines.append("# Everybody else:")
    lines += [f"pattern write {topics.up('%u', name)}" for name in topics.UP]
    lines += [f"pattern read {topics.down('%u', name)}" for name in topics.DOWN]
    lines += [f"pattern read {topics.HUB_STATUS}", f"pattern read {topics.reference('+')}"]
    return _lines(lines)


def forbidden_in(acl: str) -> frozenset[str]:
    """The accounts that these access rules, made by `kiosk_acl`, forbid for good."""
    lines = iter(acl.splitlines())
    found: set[str] = set()
    if next(lines, "") != _FORBIDDEN:
        return frozenset()
    for line in lines:
        if line.startswith("#"):
            break
        if line.startswith("user "):
            found.add(line.removeprefix("user "))
    return frozenset(found)


def _deny(users: Iterable[str]) -> list[str]:
    return [line for user in sorted(users) for line in (f"user {user}", "topic deny #")]


# --- accounts -----------------------------------------------------------------------------------


def verifier(password: str, salt: bytes) -> str:
    """What the broker keeps of ``password``; ``salt`` are `SALT_BYTES` random bytes. The form of
    `mosquitto_passwd`: PBKDF2 with SHA-512."""
    digest = hashlib.pbkdf2_hmac("sha512", password.encode(), salt, ROUNDS)
    return f"$7${ROUNDS}${base64.b64encode(salt).decode()}${base64.b64encode(digest).decode()}"


def require_verifier(text: str) -> str:
    """``text``, which may stand in a file of accounts.

    Raises:
        BrokerFileError: it is none, or one that takes the broker long to compare.
    """
    found = _VERIFIER.fullmatch(text)
    if found is None or int(found[1]) > MAX_ROUNDS:
        raise BrokerFileError("密码校验值无效 / that is no verifier of a password")
    return text


def require_user(user: str) -> str:
    """``user``, which may be a kiosk's account.

    Raises:
        BrokerFileError: it is none, or the hub's.
    """
    if not _USER.fullmatch(user) or user == HUB_USER:
        raise BrokerFileError(f"{user!r}: 不能作为代理账户 / cannot be an account at the broker")
    return user


def kiosk_passwd(accounts: Iterable[tuple[str, str]]) -> str:
    """The file of the kiosks' accounts: (user, verifier) each, a user once.

    Raises:
        BrokerFileError: a user or verifier that is none, or a user twice.
    """
    lines: dict[str, str] = {}
    for user, secret in accounts:
        if require_user(user) in lines:
            raise BrokerFileError(f"{user}: 账户重复 / the account is there twice")
        lines[user] = f"{user}:{require_verifier(secret)}"
    return _lines([lines[user] for user in sorted(lines)])


def accounts_in(passwd: str) -> dict[str, str]:
    """User and verifier of each account in a file made by `kiosk_passwd`; what is none is left."""
    found = {}
    for line in passwd.splitlines():
        user, _colon, secret = line.partition(":")
        with contextlib.suppress(BrokerFileError):
            found[require_user(user)] = require_verifier(secret)
    return found


def hub_passwd(secret: str) -> str:
    """The file of the hub's account. Raises BrokerFileError: ``secret`` is no verifier."""
    return _lines([f"{HUB_USER}:{require_verifier(secret)}"])


def _lines(lines: Sequence[str]) -> str:
    return "".join(f"{line}\n" for line in lines)
