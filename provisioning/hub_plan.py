"""Everything that makes a machine a hub, as a plan. Pure: what is there and what was drawn by
chance come in as values (`provisioning.hub_facts`).

Whose is what
-------------
* ``/etc/mosquitto/yicang`` is root's; the broker's own key in it is the broker's, 0600.
* ``/var/lib/yicang/hub`` is the hub's, 0700: database, settings, authority, the pages' key.
* ``/var/lib/yicang/broker`` is written by the hub and read by the broker: 2750, so that files in it
  are of the broker's group.
* Units are links to the release that is current, and change with it.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Final, TypeAlias

from msgspec import Struct

from drivers.ports import Words
from provisioning import mosquitto
from provisioning.mosquitto import BrokerSettings, Style
from provisioning.plan import (
    TYPED,
    YICANG,
    Command,
    File,
    Folder,
    Gone,
    Link,
    Owned,
    Plan,
    Section,
    Step,
)
from provisioning.updates.names import follows

if TYPE_CHECKING:
    from provisioning.authority import Issued
    from provisioning.render import Value

DATA: Final = "/var/lib/yicang"
HUB: Final = f"{DATA}/hub"
BROKER: Final = f"{DATA}/broker"
OWN: Final = "/etc/mosquitto/yicang"
BROKER_CONF: Final = "/etc/mosquitto/conf.d/yicang.conf"
HOME: Final = "/opt/yicang"
CURRENT: Final = f"{HOME}/current"
CONFIRMED: Final = f"{HOME}/confirmed"
UNITS: Final = "/etc/systemd/system"
CERTIFICATE_PORT: Final = 8884
HUB_ACCOUNT: Final = "yicang-hub"
BROKER_ACCOUNT: Final = "mosquitto"

LINKED: Final = (
    "yicang-broker.path",
    "yicang-broker.service",
    "yicang-certificates.service",
    "yicang-certificates.timer",
    "yicang-hub.service",
    "yicang-hub.socket",
    "yicang-hub-backup.service",
    "yicang-hub-backup.timer",
    "yicang-hub-ingest.service",
    "yicang-hub-project.service",
    "yicang-hub-web.service",
    "yicang-update-hub.service",
)
STARTED: Final = {
    "yicang-hub.socket": "sockets.target",
    "yicang-hub.service": "multi-user.target",
    "yicang-broker.path": "multi-user.target",
    "yicang-hub-backup.timer": "timers.target",
    "yicang-certificates.timer": "timers.target",
}
"""What is started now, and by which target at every boot. `systemctl enable` would link to the
release that is current today, and cannot work below another root without it."""
WANTED: Final = {**STARTED, "yicang-update-hub.service": "multi-user.target"}
"""What is started at every boot; a test holds all three against ``systemd/hub.units``."""
BACK_OFF_SYSTEMD: Final = 254
"""The first systemd that knows RestartSteps."""

COMMENT: Final = "义仓中心的设置 / Settings of the Yicang hub"
"""Above hub.toml."""


Render: TypeAlias = "Callable[[Mapping[str, Value], str], str]"
"""Settings and a comment as TOML (`provisioning.render.toml`)."""


class Options(Struct, frozen=True):
    """What was asked for. ``hosts``: names and addresses under which kiosks and people reach the
    hub, the first one for links. ``certificates``: kiosks show certificates of their own, too."""

    hosts: tuple[str, ...]
    stops: tuple[str, ...] = ()
    certificates: bool = False


class Facts(Struct, frozen=True):
    """What is there already. ``broker`` is None while Mosquitto is not installed. ``settings`` are
    those in hub.toml. ``base`` is the folder that ``/opt/yicang/current`` shall be, ``confirmed``
    whether there is something for updates to go back to."""

    base: str
    broker: Style | None
    systemd: int
    plugins: str = "/usr/lib/mosquitto"
    confirmed: bool = False
    settings: "Mapping[str, Value]" = {}


class Drawn(Struct, frozen=True):
    """What is made by chance, or was made so before. None: what is there is good."""

    secret_key: bytes
    mqtt_password: str
    hub_verifier: str
    authority: "Issued"
    revocations: bytes
    broker: "Issued | None"
    web: "Issued | None"


INSTALL: Final = Command(
    ("apt-get", "install", "--yes", "--no-install-recommends", "mosquitto"),
)


def hub_plan(
    options: Options, facts: Facts, drawn: Drawn, render: Render, *, held: bool = False
) -> Plan:
    """The plan of a whole hub; with ``held`` nothing of it is started, nor started anew."""
    return (
        *_packages(facts),
        *_accounts(),
        *_units(facts),
        *_authority(drawn),
        *_broker(options, facts, drawn),
        *_hub(options, facts, drawn, render),
        *(() if held else _start()),
    )


def renewal_plan(drawn: Drawn) -> Plan:
    """New certificates where they are due, and whoever uses them told."""
    return (*_certificates(drawn), _told_broker())


def _packages(facts: Facts) -> list[Step]:
    if facts.broker is not None:
        return []
    return [Section(Words("安装 Mosquitto", "Install Mosquitto")), INSTALL]


def _accounts() -> list[Step]:
    sysusers, tmpfiles = "/etc/sysusers.d/yicang.conf", "/etc/tmpfiles.d/yicang.conf"
    return [
        Section(Words("程序和账户", "Program and accounts")),
        Link(sysusers, f"{CURRENT}/systemd/sysusers.d/yicang.conf"),
        Link(tmpfiles, f"{CURRENT}/systemd/tmpfiles.d/yicang.conf"),
    ]


def _units(facts: Facts) -> list[Step]:
    links = {f"{UNITS}/{name}": name for name in LINKED}
    links[f"{UNITS}/mosquitto.service.d/yicang.conf"] = "mosquitto.service.d/yicang.conf"
    wants = [
        Link(f"{UNITS}/{target}.wants/{name}", f"{UNITS}/{name}") for name, target in WANTED.items()
    ]
    links["/etc/systemd/journald.conf.d/yicang.conf"] = "journald.conf.d/yicang.conf"
    back_off = f"{UNITS}/yicang-.service.d/back-off.conf"
    steps: list[Step] = [
        Link(CURRENT, facts.base),
        *(() if facts.confirmed else (Link(CONFIRMED, facts.base),)),
        Link(TYPED, YICANG, keep=True),
        Command(
            ("systemd-sysusers", "yicang.conf"),
            elsewhere=(
                "systemd-sysusers",
                "--root=@ROOT@",
                f"{facts.base}/systemd/sysusers.d/yicang.conf",
            ),
            unless=("id", HUB_ACCOUNT),
            quiet=True,
        ),
        Command(
            ("systemd-tmpfiles", "--create", "yicang.conf"),
            elsewhere=(
                "systemd-tmpfiles",
                "--root=@ROOT@",
                "--exclude-prefix=/run",
                "--create",
                f"{facts.base}/systemd/tmpfiles.d/yicang.conf",
            ),
            unless=("test", "-d", f"{DATA}/kiosk"),
            quiet=True,
        ),
        Section(Words("服务", "Services")),
        *(
            Link(path, f"/opt/yicang/{follows(name)}/systemd/{name}")
            for path, name in links.items()
        ),
        *wants,
        (
            Link(back_off, f"{CURRENT}/systemd/yicang-.service.d/back-off.conf")
            if facts.systemd >= BACK_OFF_SYSTEMD
            else Gone(back_off)
        ),
        Command(("systemctl", "daemon-reload"), after=(UNITS, CURRENT)),
        Command(
            ("systemctl", "restart", "systemd-journald.service"),
            after=("/etc/systemd/journald.conf.d",),
        ),
    ]
    return steps


def _authority(drawn: Drawn) -> list[Step]:
    def hubs(path: str, content: bytes, *, secret: bool = False, keep: bool = False) -> File:
        mode = 0o600 if secret else 0o644
        return File(path, content, HUB_ACCOUNT, HUB_ACCOUNT, mode, keep=keep, secret=secret)

    return [
        Section(Words("证书机构和证书", "Authority and certificates")),
        Folder(DATA),
        Folder(HUB, HUB_ACCOUNT, HUB_ACCOUNT, 0o700),
        Folder(f"{HUB}/authority", HUB_ACCOUNT, HUB_ACCOUNT, 0o700),
        # The key first: a certificate without it would be an authority that nobody has.
        hubs(f"{HUB}/authority/ca.key", drawn.authority.key, secret=True, keep=True),
        hubs(f"{HUB}/authority/ca.pem", drawn.authority.certificate, keep=True),
        Folder(OWN),
        File(f"{OWN}/ca.pem", drawn.authority.certificate),
        *_certificates(drawn),
    ]


def _certificates(drawn: Drawn) -> list[Step]:
    steps: list[Step] = []
    if drawn.broker is not None:
        mine = BROKER_ACCOUNT
        steps += [
            File(f"{OWN}/server.key", drawn.broker.key, mine, mine, 0o600, secret=True),
            File(f"{OWN}/server.pem", drawn.broker.certificate),
        ]
    if drawn.web is not None:
        mine = HUB_ACCOUNT
        steps += [
            File(f"{HUB}/web.key", drawn.web.key, mine, mine, 0o600, secret=True),
            File(f"{HUB}/web.pem", drawn.web.certificate, mine, mine),
        ]
    return steps


def with_certificates(options: Options, facts: Facts) -> bool:
    """Whether kiosks show certificates: asked for now, or before. A door that kiosks come through
    does not close because a later run leaves the option out."""
    return options.certificates or facts.settings.get("kiosk_certificates") is True


def broker_settings(options: Options, facts: Facts) -> BrokerSettings:
    """What the broker's configuration is rendered from."""
    return BrokerSettings(
        style=facts.broker or Style.V2_0,  # what Debian 12 and 13 install
        directory=BROKER,
        own=OWN,
        plugins=facts.plugins,
        certificate_port=CERTIFICATE_PORT if with_certificates(options, facts) else None,
    )


def _broker(options: Options, facts: Facts, drawn: Drawn) -> list[Step]:
    mine = BROKER_ACCOUNT

    def its(name: str, text: str, *, secret: bool = False) -> File:
        return File(f"{OWN}/{name}", text.encode(), mine, mine, 0o600, secret=secret)

    def kept(name: str, content: bytes) -> File:
        """The hub's to write; there for a broker that starts before the hub ever did."""
        return File(f"{BROKER}/{name}", content, HUB_ACCOUNT, mine, 0o640, keep=True)

    return [
        Section(Words("消息代理", "Broker")),
        its(mosquitto.HUB_ACCOUNTS, mosquitto.hub_passwd(drawn.hub_verifier), secret=True),
        its(mosquitto.HUB_ACL, mosquitto.hub_acl()),
        Folder(BROKER, HUB_ACCOUNT, mine, 0o2750),
        kept(mosquitto.ACCOUNTS, mosquitto.kiosk_passwd([]).encode()),
        kept(mosquitto.ACL, mosquitto.kiosk_acl().encode()),
        kept(mosquitto.CRL, drawn.revocations),
        File(BROKER_CONF, mosquitto.config(broker_settings(options, facts)).encode()),
        Command(
            ("systemctl", "enable", "mosquitto.service"),
            unless=("systemctl", "is-enabled", "--quiet", "mosquitto.service"),
        ),
        Command(
            ("systemctl", "restart", "mosquitto.service"),
            after=(BROKER_CONF, OWN, f"{UNITS}/mosquitto.service.d"),
        ),
        Command(  # where an earlier run got no further
            ("systemctl", "start", "mosquitto.service"),
            unless=("systemctl", "is-active", "--quiet", "mosquitto.service"),
        ),
    ]


def hub_settings(options: Options, facts: Facts, drawn: Drawn) -> "dict[str, Value]":
    """hub.toml: what somebody has set stays; the address is what was asked for last, and
    certificates stay once they were."""
    ours: dict[str, Value] = {
        "database": "hub.sqlite3",
        "secret_key_file": "secret.key",
        "http_host": "127.0.0.1",
        "http_port": 8443,
        "tls_certificate": "web.pem",
        "tls_key": "web.key",
        "authority_dir": "authority",
        "mqtt_host": "127.0.0.1",
        "mqtt_port": 1883,
        "mqtt_user": mosquitto.HUB_USER,
        "mqtt_password": drawn.mqtt_password,
        "broker_certificate": f"{OWN}/server.pem",
        "broker_dir": BROKER,
    }
    asked: dict[str, Value] = {"public_url": f"https://{options.hosts[0]}"}
    if options.certificates:
        asked |= {"kiosk_certificates": True, "kiosk_mqtt_port": CERTIFICATE_PORT}
    return {"kiosk_certificates": False, **ours, **facts.settings, **asked}


def _hub(options: Options, facts: Facts, drawn: Drawn, render: Render) -> list[Step]:
    mine = HUB_ACCOUNT
    text = render(hub_settings(options, facts, drawn), COMMENT)
    return [
        Section(Words("中心", "Hub")),
        File(f"{HUB}/secret.key", drawn.secret_key, mine, mine, 0o600, keep=True, secret=True),
        File(f"{HUB}/hub.toml", text.encode(), mine, mine, 0o600, secret=True),
        prepare_command(options.stops),
        Owned(HUB, mine, mine),
    ]


def prepare_command(stops: Sequence[str]) -> Command:
    """Makes the database, as the hub's own account; what it prints is JSON."""
    rest = ("provision", "hub-data", *(word for stop in stops for word in ("--stop", stop)))
    return Command(
        (YICANG, *rest, "--data", DATA),
        elsewhere=(YICANG, *rest, "--data", f"@ROOT@{DATA}"),
        user=HUB_ACCOUNT,
        quiet=True,
    )


def _start() -> list[Step]:
    return [
        Section(Words("启动", "Start")),
        *(
            Command(
                ("systemctl", "start", unit),
                unless=("systemctl", "is-active", "--quiet", unit),
            )
            for unit in STARTED
        ),
        Command(
            ("systemctl", "restart", "yicang-hub.service"),
            after=(f"{HUB}/hub.toml", f"{UNITS}/yicang-hub.service", CURRENT),
        ),
    ]


def _told_broker() -> Command:
    return Command(
        ("systemctl", "try-reload-or-restart", "mosquitto.service"),
        after=(f"{OWN}/server.pem", f"{OWN}/server.key"),
    )


def uninstall_plan(*, kiosk: bool = False) -> Plan:
    """Everything goes but the data, the accounts, the packages and the program; and what a
    ``kiosk`` on the same machine needs."""
    return (
        Section(Words("停止", "Stop")),
        *(Command(("systemctl", "stop", unit), may_fail=True) for unit in reversed(STARTED)),
        Section(Words("删除", "Remove")),
        *(Gone(f"{UNITS}/{target}.wants/{name}") for name, target in WANTED.items()),
        *(Gone(f"{UNITS}/{name}") for name in LINKED),
        Gone(f"{UNITS}/mosquitto.service.d/yicang.conf"),
        Gone(f"{UNITS}/mosquitto.service.d"),
        *(Gone(path) for path in (() if kiosk else SHARED)),
        *(() if kiosk else (Gone(TYPED, YICANG),)),
        Gone(BROKER_CONF),
        *(
            Gone(f"{OWN}/{name}")
            for name in (
                "server.key",
                "server.pem",
                "ca.pem",
                mosquitto.HUB_ACCOUNTS,
                mosquitto.HUB_ACL,
            )
        ),
        Gone(OWN),
        Command(("systemctl", "daemon-reload"), after=(UNITS,)),
        Command(
            ("systemctl", "try-restart", "mosquitto.service"), after=(BROKER_CONF,), may_fail=True
        ),
    )


KIOSK_UNIT: Final = f"{UNITS}/yicang-kiosk.service"
"""There on a machine that is a kiosk, too."""

SHARED: Final = (
    f"{UNITS}/yicang-.service.d/back-off.conf",
    f"{UNITS}/yicang-.service.d",
    "/etc/systemd/journald.conf.d/yicang.conf",
    "/etc/sysusers.d/yicang.conf",
    "/etc/tmpfiles.d/yicang.conf",
    CURRENT,
    CONFIRMED,
)
"""What a hub has in common with a kiosk on the same machine."""

STAYS: Final = (DATA, f"{HUB_ACCOUNT} ({BROKER_ACCOUNT})", "mosquitto")
"""What `uninstall_plan` leaves: the data, the account, the package."""
