"""Compose the bootstrap: read what a purpose needs, name it, install it, stamp it."""

import argparse
import fcntl
import os
import platform
import sys
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from provisioning.bootstrap import debian
from provisioning.bootstrap.environment import (
    MAY_BE_BUILT,
    Environment,
    SetupError,
    Stamp,
    content_digest,
    python_identity,
)
from provisioning.bootstrap.lock import LockError, Pin, direct, parse_lock, select


@dataclass(frozen=True)
class Purpose:
    """What one way of using the checkout needs beyond Python: extras, and Debian packages."""

    extras: frozenset[str]
    packages: tuple[debian.Package, ...] = ()


_RUN: Final = frozenset({"kiosk", "hub", "up", "cards"})
_DEVELOP: Final = _RUN | {"dev", "hub-postgresql"}
_TESTED_WITH: Final = (
    debian.MOSQUITTO,
    debian.CHROMIUM,
    debian.LIBATOMIC,
    debian.FAKETIME,
    debian.POSTGRESQL,
    debian.TESTSSL,
    debian.SYSTEMD_ANALYZE,
)
PURPOSES: Final = {
    "up": Purpose(_RUN),
    "check": Purpose(_DEVELOP),
    "bench": Purpose(_DEVELOP, (debian.MOSQUITTO,)),
    "test": Purpose(_DEVELOP, _TESTED_WITH),
    "proof": Purpose(_DEVELOP, (*_TESTED_WITH, debian.PROMETHEUS, debian.MMDEBSTRAP)),
}

# In the order in which they are told. One line each; docs/dependencies.md gives every reason.
WHY: Final = {
    "": "两端共用：消息、命令行、MQTT / both sides: messages, command line, MQTT",
    "kiosk": "终端：条码、标签、扫码枪、打印机、本地页面"
    " / the kiosk: codes, labels, scanners, printers, local page",
    "kiosk-hid": "USB 键盘式扫码枪(x86_64 以外需编译器)"
    " / keyboard scanners, grabbed (needs a compiler except on x86_64)",
    "kiosk-gpio": "树莓派引脚，没有 python3-lgpio 时用(可能需编译器)"
    " / the pins of a Raspberry Pi where python3-lgpio is missing (may need a compiler)",
    "hub": "中心：网页、接口、数据库 / the hub: pages, API, database",
    "hub-postgresql": "以 PostgreSQL 为中心的数据库 / PostgreSQL as the hub's database",
    "up": "内置 MQTT 服务器 / the embedded MQTT broker",
    "cards": "可打印的卡片 / the PDF of cards",
    "build": "把本项目装入 .venv / puts this project into .venv",
    "dev": "测试与检查 / tests, linters, type checker",
}


def tell_plan(
    pyproject: dict[str, Any], extras: frozenset[str], pins: Sequence[Pin], where: Path
) -> None:
    """Print what will be installed and why, direct dependencies by extra, then the rest."""
    version = ".".join(str(part) for part in sys.version_info[:3])
    print(f"准备环境 / Setting up {where} (Python {version})")
    print(
        f"  {len(pins)} 个软件包，版本与哈希均锁定于 requirements.lock"
        f" / {len(pins)} packages, pinned by hash in requirements.lock:"
    )
    told: set[str] = set()
    for extra, why in WHY.items():
        if extra in extras or extra in ("", "build"):
            named = [name for name in direct(pyproject, extra) if name not in told]
            told.update(named)
            if named:
                print(f"  - {why}\n      {' '.join(named)}")
    rest = [pin.name for pin in pins if pin.name not in told]
    print(f"  - 以上所需 / needed by those\n      {' '.join(rest)}")


class Progress:
    """One line that counts on a terminal, a line for each package elsewhere (a log, CI)."""

    def __init__(self, total: int) -> None:
        self._total = total
        self._count = 0
        self._live = sys.stdout.isatty()

    def show(self, name: str) -> None:
        """Count one more package: pip has turned to it."""
        self._count += 1
        text = f"  [{self._count}/{self._total}] {name}"
        if self._live:
            print(f"\r\x1b[K{text}", end="", flush=True)
        else:
            print(text)
        if self._count == self._total:
            self.end()
            print("  写入 .venv / writing into .venv")

    def end(self) -> None:
        """Leave the counting line."""
        if self._live:
            print("\r\x1b[K", end="", flush=True)


def prepare(root: Path, wanted_extras: frozenset[str], variables: Mapping[str, str]) -> None:
    """Make `.venv` in `root` hold at least `wanted_extras`; do nothing when it does.

    `variables` is the process environment for pip.
    Raises SetupError and LockError.
    """
    lock_path = root / "requirements.lock"
    with lock_path.open() as lock_file:
        # Two `make` at once must not install over each other; the lock dies with its holder.
        try:
            fcntl.flock(lock_file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print("等待另一次准备完成 / Waiting for another set-up to finish")
            fcntl.flock(lock_file, fcntl.LOCK_EX)
        lock = lock_file.read()
        pyproject = tomllib.loads((root / "pyproject.toml").read_text())
        environment = Environment(root, variables)
        found = environment.stamp()
        wanted = Stamp(
            python_identity(environment.folder), content_digest(lock, pyproject), wanted_extras
        )
        if found is not None and found.covers(wanted):
            print(f"环境已就绪 / Environment ready: {environment.folder}")
            return
        afresh = environment.must_start_over()
        # What somebody asked for earlier stays, as far as the project still has it.
        known = set(pyproject["project"]["optional-dependencies"])
        kept = found.extras & known if found is not None and not afresh else frozenset()
        extras = wanted_extras | kept
        roots = [name for extra in ("", "build", *extras) for name in direct(pyproject, extra)]
        if MAY_BE_BUILT.intersection(roots):
            roots.append("setuptools")
        machine = platform.machine()
        pins = [pin for pin in select(parse_lock(lock), roots) if pin.fits(machine)]
        tell_plan(pyproject, extras, pins, environment.folder)
        environment.begin(afresh=afresh)
        progress = Progress(len(pins))
        try:
            for pin in environment.install(pins):
                progress.show(pin.name)
        finally:
            progress.end()
        environment.install_project()
        environment.finish(Stamp(wanted.python, wanted.content, extras))
        print("环境已就绪 / Environment ready")


def main(arguments: Sequence[str]) -> int:
    """Return the exit status: 0 ready, 1 failed on the way, 2 the machine lacks something."""
    parser = argparse.ArgumentParser(prog="python3 -m provisioning.bootstrap")
    parser.add_argument("purpose", choices=PURPOSES)
    parser.add_argument("--extras", default="", help="more extras of pyproject.toml, by commas")
    options = parser.parse_args(arguments)
    purpose = PURPOSES[options.purpose]
    more = frozenset(options.extras.replace(",", " ").split())
    folders = debian.search_path(os.environ.get("PATH"))
    lacking = debian.missing(purpose.packages, folders)
    if lacking and not debian.install(lacking, debian.privilege(folders)):
        return 2
    root = Path(__file__).resolve().parents[2]
    try:
        prepare(root, purpose.extras | more, os.environ)
    except LockError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    except SetupError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    except KeyboardInterrupt:
        sys.stderr.write("\n已中断，再次运行即从头恢复 / Interrupted; run again to start over\n")
        return 130
    return 0
