"""The hub's settings: one TOML file (``hub.toml``), refused as a whole when anything in it is off.

Every error is reported at once, with its key and the nearest valid name; values of secret keys are
never part of a message.
"""

import ipaddress
from pathlib import Path
from typing import Annotated, Any, Final, Literal

import msgspec
from msgspec import Meta, Struct

from contract.settings import SettingsError, convert_settings, parse_toml

Port = Annotated[int, Meta(ge=1, le=65535)]


class HubConfig(Struct, frozen=True, kw_only=True):
    """What a hub needs to know. Paths are absolute or relative to the settings file."""

    database: Annotated[str, Meta(min_length=1)]
    """SQLAlchemy URL, or the path of an SQLite file."""
    secret_key_file: Annotated[str, Meta(min_length=1)] = "secret.key"  # noqa: S105 (a path)
    """File (mode 0600) with the key that signs login cookies."""
    bundle_key_file: str = ""
    """File (mode 0600) with the key that opens bundles; empty: ``bundle.key`` beside the settings.
    Made at the first start."""
    releases_dir: str = ""
    """Directory for the releases that kiosks fetch here; empty: ``releases`` beside the
    settings."""
    release_keys_dir: str = ""
    """Directory with the public keys (``*.pem``) of who may sign releases; empty:
    /etc/yicang/release-keys."""
    release_downloads: Annotated[int, Meta(ge=1, le=6)] = 2
    """How many kiosks may fetch a release at once; the others come again."""
    http_host: Annotated[str, Meta(min_length=1)] = "127.0.0.1"
    http_port: Port = 8080
    public_url: str = ""
    """Where people reach the hub, for links; empty: what the request says."""
    tls_certificate: str = ""
    """PEM file with the certificate (and what leads from it to its authority) of the hub's pages;
    with `tls_key` they are served over TLS. Both are read again when they change."""
    tls_key: str = ""
    """PEM file with its key, mode 0600."""
    tls_authority: str = ""
    """PEM file with the authority that this certificate comes from, for kiosks to pin; empty:
    ``ca.pem`` in authority_dir."""
    authority_dir: str = ""
    """Directory with the hub's own certificate authority (`yicang provision hub` makes it); empty:
    none."""
    trusted_proxies: Annotated[int, Meta(ge=0, le=5)] = 0
    """How many web servers of your own stand in front of the hub, each adding to X-Forwarded-For.
    Without them, tries to sign in would all be counted for the one address of the proxy; with more
    than there are, whoever asks could claim any address."""
    mqtt_host: Annotated[str, Meta(min_length=1)] = "127.0.0.1"
    mqtt_port: Port = 1883
    mqtt_user: str = ""
    mqtt_password: str = ""
    mqtt_client_id: Annotated[str, Meta(min_length=1, max_length=64)] = "yicang-hub"
    kiosk_mqtt_host: str = ""
    """Where kiosks reach the broker, over TLS; empty: the host of public_url."""
    kiosk_mqtt_port: Port = 8883
    kiosk_certificates: bool = False
    """Whether a kiosk gets a certificate of its own when it is added, for a broker that asks for
    one."""
    broker_certificate: str = ""
    """PEM file with the certificate that the broker shows to kiosks, so that somebody is told
    before it ends; empty: it is watched elsewhere."""
    broker_dir: str = ""
    """Directory for the broker's files: the kiosks' accounts and access rules, which the broker on
    this machine reads (`yicang provision hub` makes it); empty: the broker's accounts are kept
    elsewhere, or it has none."""
    backup_dir: str = ""
    """Directory, on another disk, for the hub's own verified backups and for the copies of its own
    events; empty: none."""
    backup_key: str = ""
    """Public key (``age1…``) that backups are encrypted to; `yicang hub backup-key` makes it."""
    backup_off_machine: bool = False
    """Whether that directory leaves the machine though it looks like the same disk."""
    backup_every_s: Annotated[int, Meta(ge=60)] = 3600
    backup_late_s: Annotated[int, Meta(ge=60)] = 26 * 3600
    """When no backup that outlives the machine is younger than this, an incident says so."""
    backup_keep_last: Annotated[int, Meta(ge=1)] = 3
    """How many of the newest backups stay whatever their age; the next three keep the last one of
    so many days, weeks and months besides."""
    backup_keep_daily: Annotated[int, Meta(ge=0)] = 7
    backup_keep_weekly: Annotated[int, Meta(ge=0)] = 5
    backup_keep_monthly: Annotated[int, Meta(ge=0)] = 12
    hub_events_dir: str = ""
    """Directory for the copies of the hub's own events; empty: ``hub-events`` in backup_dir."""
    alert_hosts: tuple[str, ...] = ()
    """Further hosts that alarm webhooks may lead to (``chat.example``, ``chat.example:8443``),
    besides those of WeCom, DingTalk and Feishu."""
    alert_allow_private: tuple[str, ...] = ()
    """Networks of your own (``192.168.1.0/24``) in which such a host may be; all other private
    addresses are refused."""
    smtp_host: str = ""
    """The mail server that alarms are sent through; empty: none are sent by e-mail."""
    smtp_port: Port = 587
    smtp_security: Literal["starttls", "tls", "none"] = "starttls"
    smtp_user: str = ""
    smtp_password: str = ""
    smtp_from: str = ""
    """The sender's address; empty: `smtp_user`."""
    smtp_authority: str = ""
    """PEM file with the authority of the mail server's certificate; empty: those of the system."""
    households: Annotated[int, Meta(ge=1)] = 10
    """How many distinct households a published delivery figure must hold at least."""
    timezone: Annotated[str, Meta(pattern=r"^[A-Za-z0-9_+/-]{1,64}$")] = "Asia/Shanghai"
    """IANA name of the time zone in which pages show times and days are counted."""


TLS_PATHS: Final = (
    "tls_certificate",
    "tls_key",
    "tls_authority",
    "authority_dir",
    "broker_certificate",
    "broker_dir",
    "smtp_authority",
    "release_keys_dir",
)

BUNDLE_KEY: Final = "bundle.key"
RELEASES: Final = "releases"

SECRET_KEYS: Final = frozenset({"mqtt_password", "smtp_password"})


def load(path: Path) -> HubConfig:
    """The settings in the TOML file at ``path``, with paths made absolute.

    Raises:
        SettingsError: the file cannot be read, is not TOML, or holds unknown keys or bad values.
    """
    return resolve(parse(parse_toml(path.read_bytes, str(path))), path.parent)


def parse(document: dict[str, Any]) -> HubConfig:
    """The settings that a TOML document holds; paths stay as they are.

    Raises:
        SettingsError: with every unknown, missing and bad key.
    """
    config = convert_settings(document, HubConfig, secret=SECRET_KEYS)
    if bool(config.tls_certificate) != bool(config.tls_key):
        raise SettingsError(
            ("tls_certificate, tls_key: 要么都写，要么都不写 / one is of no use without the other",)
        )
    if problems := tuple(filter(None, map(_network_problem, config.alert_allow_private))):
        raise SettingsError(problems)
    return config


def _network_problem(text: str) -> str:
    try:
        ipaddress.ip_network(text)
    except ValueError:
        return f"alert_allow_private: {text} 不是网段 / is no network, such as 192.168.1.0/24"
    return ""


def resolve(config: HubConfig, base: Path) -> HubConfig:
    """``config`` with relative paths taken from ``base`` and the database as a URL."""
    database = config.database
    if "://" not in database:
        database = f"sqlite:///{(base / database).absolute()}"
    return msgspec.structs.replace(
        config,
        database=database,
        secret_key_file=str((base / config.secret_key_file).absolute()),
        bundle_key_file=str((base / (config.bundle_key_file or BUNDLE_KEY)).absolute()),
        releases_dir=str((base / (config.releases_dir or RELEASES)).absolute()),
        backup_dir=str((base / config.backup_dir).absolute()) if config.backup_dir else "",
        hub_events_dir=str((base / config.hub_events_dir).absolute())
        if config.hub_events_dir
        else "",
        **{name: _path(base, getattr(config, name)) for name in TLS_PATHS},
    )


def _path(base: Path, value: str) -> str:
    return str((base / value).absolute()) if value else ""
