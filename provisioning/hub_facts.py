"""What a machine that is to be a hub has already, and what is drawn by chance for it."""

import base64
import datetime as dt
import errno
import os
import re
import secrets
import shutil
import socket
import subprocess
import sys
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from provisioning import mosquitto
from provisioning.authority import Authority, Issued, is_due
from provisioning.hub_plan import (
    CERTIFICATE_PORT,
    CONFIRMED,
    HUB,
    KIOSK_UNIT,
    OWN,
    Drawn,
    Facts,
    Options,
)
from provisioning.mosquitto import Style, style_of, verifier
from provisioning.render import Value, is_kept
from provisioning.updates.links import systemd_version

KNOWN: Final = {"debian": ("12", "13"), "raspbian": ("12", "13")}
PLUGINS: Final = "/usr/lib/mosquitto"
PLUGIN: Final = "mosquitto_password_file.so"
HIDDEN: Final = ("/home", "/root", "/run/user", "/tmp")  # noqa: S108 - only looked at
"""What services see nothing of (ProtectHome, PrivateTmp)."""
PORTS: Final = ((443, "yicang-hub.socket"), (80, "yicang-hub.socket"), (8883, "mosquitto.service"))


class FactsError(Exception):
    """Why a machine cannot be a hub as it is; the text is for people, zh / en."""


class Machine:
    """The machine below ``root``."""

    def __init__(self, root: Path) -> None:
        self._root: Final = root
        self._here: Final = root == Path("/")

    def at(self, path: str) -> Path:
        """Where ``path`` is."""
        return self._root / path.lstrip("/")

    # --- whether it can be -----------------------------------------------------------------

    def require(self) -> None:
        """Raises FactsError: it cannot be a hub, or whoever asks may not make it one."""
        if not self._here:
            return
        if os.geteuid() != 0:
            line = "sudo " + " ".join(["/opt/yicang/current/.venv/bin/yicang", *sys.argv[1:]])
            raise FactsError(f"需要管理员权限，请输入 / root is needed; type: {line}")
        told = release(self.at("/etc/os-release"))
        if told.get("VERSION_ID", "") not in KNOWN.get(told.get("ID", ""), ()):
            name = told.get("PRETTY_NAME", "?")
            raise FactsError(
                "只支持 Debian 12、13 和 Raspberry Pi OS"
                f" / only Debian 12 and 13 and Raspberry Pi OS are supported: {name}"
            )
        if not Path("/run/systemd/system").is_dir():
            raise FactsError(
                "systemd 没有运行；要写到别的目录请用 --root"
                " / systemd does not run here; --root writes below another folder"
            )

    def base(self) -> str:
        """The folder with this release or checkout.

        Raises:
            FactsError: there is none, or services could not read it.
        """
        base = Path(sys.prefix).parent.resolve()
        if not (base / "systemd" / "yicang-hub.service").is_file():
            raise FactsError(
                f"{base}: 没有 systemd 文件夹；请在项目目录或发布包里运行"
                " / has no folder systemd: run this from a checkout or a release"
            )
        if not self._here:
            return str(base)
        hidden = [one for one in HIDDEN if base.is_relative_to(one)]
        closed = [one for one in (base, *base.parents) if not one.stat().st_mode & 0o001]
        if hidden or closed:
            where = hidden[0] if hidden else closed[0]
            raise FactsError(
                f"{base}: 服务进不了 {where}，请放到 /opt/yicang/releases 下"
                f" / services cannot enter {where}: put it below /opt/yicang/releases"
            )
        return str(base)

    def require_ports(self, certificates: bool) -> None:
        """Raises FactsError: somebody else listens where the hub is to."""
        if not self._here:
            return
        wanted = [*PORTS, *([(CERTIFICATE_PORT, "mosquitto.service")] if certificates else [])]
        for port, unit in wanted:
            if not _active(unit) and (whose := holder(port)) is not None:
                zh, en = (whose, whose) if whose else ("另一个程序", "another program")
                raise FactsError(
                    f"端口 {port} 已被占用：{zh}；请先停掉它"
                    f" / port {port} is taken by {en}: stop that first"
                )

    # --- what is there ---------------------------------------------------------------------

    def facts(self) -> Facts:
        """Raises FactsError."""
        return Facts(
            base=self.base(),
            broker=self.broker(),
            systemd=systemd_version(self._root),
            plugins=self._plugins(),
            confirmed=os.path.lexists(self.at(CONFIRMED)),
            settings=self._settings(),
        )

    def has_kiosk(self) -> bool:
        """Whether it is a kiosk, too."""
        return os.path.lexists(self.at(KIOSK_UNIT))

    def broker(self) -> Style | None:
        """The generation of the Mosquitto that is installed; None without one.

        Raises:
            FactsError: it is too old.
        """
        version = self._running_version() if self._here else self._packaged_version()
        if not version:
            return None
        try:
            return style_of(version)
        except mosquitto.BrokerFileError as error:
            raise FactsError(str(error)) from None

    def _running_version(self) -> str:
        """What Mosquitto says of itself in its first line; empty without one."""
        program = shutil.which("mosquitto", path="/usr/local/sbin:/usr/sbin:/usr/bin")
        if program is None:
            return ""
        told = subprocess.run([program, "-h"], capture_output=True, text=True, check=False)
        return (told.stdout or told.stderr).partition("\n")[0]

    def _packaged_version(self) -> str:
        """What Debian's list of packages below another root says: nothing is run from there."""
        path = self.at("/var/lib/dpkg/status")
        text = path.read_text(encoding="utf-8") if path.exists() else ""
        for package in text.split("\n\n"):
            if package.startswith("Package: mosquitto\n") and "\nStatus: install ok" in package:
                found = re.search(r"^Version: (?:\d+:)?(\S+)", package, re.MULTILINE)
                return found[1] if found is not None else ""
        return ""

    def _plugins(self) -> str:
        for library in self.at("/usr/lib").glob(f"**/{PLUGIN}"):
            return "/" + str(library.parent.relative_to(self._root))
        return PLUGINS

    def _settings(self) -> dict[str, Value]:
        path = self.at(f"{HUB}/hub.toml")
        if not path.exists():
            return {}
        try:
            held: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise FactsError(f"{path}: 读不了 / cannot be read: {error}") from None
        for key, value in held.items():
            if not is_kept(value):
                raise FactsError(f"{path}: 读不了 / cannot be read: {key}")
        return held

    # --- what is drawn ---------------------------------------------------------------------

    def drawn(self, options: Options, facts: Facts, now: dt.datetime) -> Drawn:
        """Keys, certificates and passwords: those that are there and good stay.

        Raises:
            AuthorityError: a host that is none, or an authority that cannot be read.
        """
        authority = self.authority()
        password = str(facts.settings.get("mqtt_password", "") or secrets.token_urlsafe(24))
        return Drawn(
            secret_key=secrets.token_hex(32).encode() + b"\n",
            mqtt_password=password,
            hub_verifier=self._verifier(password),
            authority=authority.files(),
            revocations=authority.revocations([], now),
            broker=self._due("server", OWN, authority, options.hosts, now),
            web=self._due("web", HUB, authority, options.hosts, now)
            if facts.settings.get("tls_certificate", "web.pem") == "web.pem"
            else None,
        )

    def authority(self) -> Authority:
        """The hub's, or a new one that is nowhere yet. Raises AuthorityError."""
        folder = self.at(f"{HUB}/authority")
        if (folder / "ca.pem").exists():
            return Authority.open(folder)
        return Authority.create(f"Yicang {secrets.token_hex(3)}")

    def renewed(self, now: dt.datetime) -> Drawn | None:
        """New certificates where they are due, for the names that they have; None where the hub was
        never set up. Raises AuthorityError."""
        settings = self._settings()
        if not settings or not self.at(f"{HUB}/authority/ca.pem").exists():
            return None
        facts = Facts(base="", broker=None, systemd=0, settings=settings)
        hosts = hosts_of(self.at(f"{OWN}/server.pem").read_bytes())
        return self.drawn(Options(hosts), facts, now)

    def hosts(self) -> tuple[str, ...]:
        """Those that the broker's certificate has; none before there is one."""
        path = self.at(f"{OWN}/server.pem")
        return hosts_of(path.read_bytes()) if path.exists() else ()

    def _due(
        self, name: str, folder: str, authority: Authority, hosts: Sequence[str], now: dt.datetime
    ) -> Issued | None:
        certificate, key = (self.at(f"{folder}/{name}.{kind}") for kind in ("pem", "key"))
        if certificate.exists() and key.exists():
            held = certificate.read_bytes()
            if authority.signed(held) and not is_due(held, hosts, now):
                return None
        return authority.web(hosts, now) if name == "web" else authority.server(hosts, now)

    def _verifier(self, password: str) -> str:
        """That which the broker has already, if it is one of this password."""
        path = self.at(f"{OWN}/{mosquitto.HUB_ACCOUNTS}")
        held = path.read_text(encoding="ascii").strip() if path.exists() else ""
        found = re.search(r":(\$7\$\d+\$([^$]+)\$.+)$", held)
        if found is not None and verifier(password, base64.b64decode(found[2])) == found[1]:
            return found[1]
        return verifier(password, secrets.token_bytes(mosquitto.SALT_BYTES))


def release(path: Path) -> dict[str, str]:
    """The values of an os-release file; none when there is none."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return {}
    pairs = (line.partition("=") for line in lines if "=" in line and not line.startswith("#"))
    return {key: value.strip().strip('"') for key, _, value in pairs}


def own_hosts() -> tuple[str, ...]:
    """How this machine is reached if nobody says so: its name in the local network, and its
    addresses."""
    name = re.sub(r"[^a-z0-9-]", "-", socket.gethostname().partition(".")[0].lower()).strip("-")
    addresses = subprocess.run(["hostname", "-I"], capture_output=True, text=True, check=False)
    found = [one for one in addresses.stdout.split() if ":" not in one]
    return (f"{name or 'yicang'}.local", name or "yicang", *found)


def hosts_of(certificate: bytes) -> tuple[str, ...]:
    """The names and addresses in a server's certificate."""
    from cryptography import x509

    held = x509.load_pem_x509_certificate(certificate)
    names = held.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    return tuple(str(name.value) for name in names)


def _active(unit: str) -> bool:
    told = subprocess.run(["systemctl", "is-active", "--quiet", unit], check=False)
    return told.returncode == 0


def holder(port: int) -> str | None:
    """Who listens on a port of this machine, as people call it, empty if nobody can tell; None
    when nobody does."""
    try:
        dual = socket.has_dualstack_ipv6()
        family = socket.AF_INET6 if dual else socket.AF_INET
        socket.create_server(("", port), family=family, dualstack_ipv6=dual).close()
    except OSError as error:
        if error.errno != errno.EADDRINUSE:
            raise
    else:
        return None
    program = shutil.which("ss")  # iproute2, which a small system lacks
    if program is None:
        return ""
    told = subprocess.run(
        [program, "-Hltnp", f"sport = :{port}"], capture_output=True, text=True, check=False
    )
    found = re.search(r'users:\(\("([^"]+)"', told.stdout)
    return found[1] if found else ""
