"""Debian packages: what is missing, and installing it as root or naming the one line to type.

Imports only what python3-minimal has: this module is what installs the rest of Python.
"""

import glob
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass

# Debian keeps daemons in sbin, which is not on everybody's PATH.
SBIN = ("/usr/local/sbin", "/usr/sbin", "/sbin")
LIBRARIES = ("/usr/lib/*", "/usr/lib", "/usr/lib64", "/lib/*")
# There while systemd runs the machine, see sd_booted(3).
SYSTEMD = "/run/systemd/system"


@dataclass(frozen=True)
class Package:
    """A Debian package, the command or library by which its presence is told, and our reason.

    `port` is where the service listens that Debian starts with the package, 0 without one.
    """

    name: str
    command: str
    why: str
    library: str = ""
    port: int = 0


PYTHON = Package(
    "python3 python3-venv",
    "",
    "Python 的标准库不完整(缺 venv 等) / this Python lacks parts of its standard library (venv …)",
)
MOSQUITTO = Package(
    "mosquitto",
    "mosquitto",
    "测试与真实站点所用的 MQTT 服务器 / the MQTT broker that tests and real stops run",
    port=1883,
)
CHROMIUM = Package(
    "chromium", "chromium", "在真实浏览器里测试网页 / the browser in which the pages are tested"
)
FAKETIME = Package(
    "faketime",
    "faketime",
    "在 1970 年和 2099 年测试终端的时钟 / tests kiosks whose machines believe in 1970 or 2099",
)
TESTSSL = Package(
    "testssl.sh",
    "testssl",
    "查验代理和中心的 TLS / looks for weaknesses in the TLS of broker and hub",
)
POSTGRESQL = Package(
    "postgresql",
    "",
    "测试以 PostgreSQL 为数据库的中心 / the database on which the hub is tested beside SQLite",
    library="*/bin/postgres",  # Debian keeps the server off the PATH
    port=5432,
)
PROMETHEUS = Package(
    "prometheus",
    "promtool",
    "查验告警规则、示例配置和指标(promtool)"
    " / its promtool checks the alert rules, the example and the metrics",
    port=9090,
)
SYSTEMD_ANALYZE = Package(
    "systemd",
    "systemd-analyze",
    "查验服务单元：写法与权限(systemd-analyze)"
    " / its systemd-analyze checks the units: every line, and what they may do",
)
MMDEBSTRAP = Package(
    "mmdebstrap",
    "mmdebstrap",
    "建立测试用的 Debian：中心和终端的服务在其中真实运行(需 root)"
    " / builds the Debians in which hub and kiosk run as services (as root)",
)
# On Debian 13 Chromium brings it, on a bare Debian 12 nothing does.
LIBATOMIC = Package(
    "libatomic1",
    "",
    "Playwright 的驱动程序(控制浏览器)所需的库 / a library of Playwright's driver of the browser",
    library="libatomic.so.1",
)


def search_path(path: str | None) -> list[str]:
    """Return the folders in which commands are looked for: PATH, then the sbin folders."""
    folders = [folder for folder in (path or os.defpath).split(os.pathsep) if folder]
    return folders + [folder for folder in SBIN if folder not in folders]


def has_command(command: str, folders: Sequence[str]) -> bool:
    """Tell whether `command` can be run from one of `folders`."""
    return any(os.access(os.path.join(folder, command), os.X_OK) for folder in folders)  # noqa: PTH118


def has_library(library: str) -> bool:
    """Tell whether a shared library lies in one of the folders where systems keep them."""
    return any(glob.glob(f"{folder}/{library}") for folder in LIBRARIES)  # noqa: PTH207


def missing(packages: Sequence[Package], folders: Sequence[str]) -> list[Package]:
    """Return those packages whose command is in none of `folders`, or whose library is absent."""
    return [
        package
        for package in packages
        if not (
            has_library(package.library)
            if package.library
            else has_command(package.command, folders)
        )
    ]


def names(packages: Sequence[Package]) -> list[str]:
    """Return the Debian names, as apt-get takes them."""
    return [name for package in packages for name in package.name.split()]


def line_to_type(packages: Sequence[Package]) -> str:
    """Return the one line that installs `packages` on Debian and Raspberry Pi OS."""
    return "sudo apt-get update && sudo apt-get install -y --no-install-recommends " + " ".join(
        names(packages)
    )


def privilege(folders: Sequence[str]) -> list[str] | None:
    """Return the words that go before apt-get: none for root, sudo if it asks no password.

    None means that we may not install anything here.
    """
    if not has_command("apt-get", folders):
        return None
    if os.geteuid() == 0:
        return []
    if has_command("sudo", folders):
        asked = subprocess.run(
            ["sudo", "-n", "true"], stdin=subprocess.DEVNULL, capture_output=True, check=False
        )
        if asked.returncode == 0:
            return ["sudo", "-n"]
    return None


def install(
    packages: Sequence[Package], before: Sequence[str] | None, systemd: str = SYSTEMD
) -> bool:
    """Install `packages`, or print the one line to type and return False.

    `before` is what `privilege` returned: the words before apt-get, or None for "not allowed".
    Where the folder `systemd` exists, services that came along are stopped and disabled.
    """
    if before is None:
        for package in packages:
            sys.stderr.write(f"缺少 / missing: {package.name}: {package.why}\n")
        sys.stderr.write(f"请输入 / Please type:  {line_to_type(packages)}\n")
        return False
    print("用 apt-get 安装 / Installing from Debian with apt-get:")
    for package in packages:
        print(f"  {package.name}: {package.why}")
    apt = [*before, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-q"]
    apt += ["-o", "DPkg::Lock::Timeout=300"]
    # An update that fails for one foreign source still refreshes the others: the install decides.
    subprocess.run([*apt, "update"], stdin=subprocess.DEVNULL, check=False)
    done = subprocess.run(
        [*apt, "install", "-y", "--no-install-recommends", *names(packages)],
        stdin=subprocess.DEVNULL,
        check=False,
    )
    if done.returncode != 0:
        sys.stderr.write(f"apt-get 失败 / apt-get failed:  {line_to_type(packages)}\n")
        return False
    for package in packages:
        if package.port and os.path.isdir(systemd):  # noqa: PTH112
            # Debian starts the service at once. Mosquitto's would hold the port that `make up`
            # wants; tests start servers of their own.
            print(
                f"停用 Debian 自带的 {package.name} 服务，以免占用 {package.port} 端口"
                f" / Disabling Debian's own {package.name} service:"
                f" it would hold port {package.port}"
            )
            disable = [*before, "systemctl", "disable", "--now", f"{package.name}.service"]
            subprocess.run(disable, stdin=subprocess.DEVNULL, check=False)
    return True
