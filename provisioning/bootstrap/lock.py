"""Which pins of `requirements.lock` a purpose needs. Pure: text in, text out.

The lock holds every extra, each pin followed by ``# via`` comments that name who wants it. Read
backwards, those comments are the dependency graph, so a subset for some extras is a walk from
their direct dependencies. Nothing is resolved on the machine: what is installed is what the lock
says, hash by hash.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_MACHINE = re.compile(r"platform_machine (==|!=) '([^']+)'")


class LockError(Exception):
    """`requirements.lock` and `pyproject.toml` do not fit together; the message says where."""


@dataclass(frozen=True)
class Pin:
    """One pinned distribution: canonical name, the lines pip reads, and who depends on it."""

    name: str
    text: str
    wanted_by: frozenset[str]

    def fits(self, machine: str) -> bool:
        """Tell whether pip would install it on Linux and `machine` (``x86_64``, ``aarch64``)."""
        marker = self.text.partition("\\")[0].partition(";")[2]
        if "sys_platform == 'win32'" in marker:
            return False
        named = _MACHINE.findall(marker)
        return all((machine == name) == (sign == "==") for sign, name in named)


def canonical(requirement: str) -> str:
    """Return the normalised name (PEP 503) that a requirement starts with.

    Raises LockError when it starts with none.
    """
    found = _NAME.match(requirement.strip())
    if not found:
        raise LockError(f"不是软件包 / not a requirement: {requirement!r}")
    return re.sub(r"[-_.]+", "-", found.group()).lower()


def parse_lock(text: str) -> dict[str, Pin]:
    """Read a lock made by ``uv pip compile --generate-hashes`` into pins by canonical name.

    Raises LockError for a pin without a version or without a hash.
    """
    pins: dict[str, Pin] = {}
    for block in re.split(r"\n(?=[A-Za-z0-9])", text.strip()):
        lines = block.splitlines()
        comments = [line.strip() for line in lines if line.strip().startswith("#")]
        kept = [line for line in lines if not line.strip().startswith("#")]
        if not kept:
            continue
        if "==" not in kept[0] or not any("--hash=sha256:" in line for line in kept):
            raise LockError(f"没有版本或哈希 / no version or no hash: {kept[0]}")
        parents = [re.sub(r"^#\s*(via(\s+|$))?", "", comment) for comment in comments]
        name = canonical(kept[0])
        pins[name] = Pin(
            name,
            "\n".join(kept).rstrip(" \\"),
            frozenset(canonical(parent) for parent in parents if parent),
        )
    return pins


def direct(pyproject: Mapping[str, Any], extra: str) -> list[str]:
    """Return the canonical names that one extra names; "" stands for the base dependencies.

    "build" stands for the build system, which is installed from the lock as well.
    Raises LockError when there is no such extra.
    """
    if extra == "":
        wanted = pyproject["project"]["dependencies"]
    elif extra == "build":
        wanted = pyproject["build-system"]["requires"]
    else:
        extras = pyproject["project"]["optional-dependencies"]
        if extra not in extras:
            raise LockError(f"没有这一组 / no such extra: {extra}; {', '.join(sorted(extras))}")
        wanted = extras[extra]
    return [canonical(requirement) for requirement in wanted]


def select(pins: Mapping[str, Pin], roots: Iterable[str]) -> list[Pin]:
    """Return `roots` and all that they depend on, by name.

    Raises LockError when a root is not in the lock.
    """
    children: dict[str, set[str]] = {}
    for pin in pins.values():
        for parent in pin.wanted_by:
            children.setdefault(parent, set()).add(pin.name)
    chosen: set[str] = set()
    waiting = list(roots)
    while waiting:
        name = waiting.pop()
        if name in chosen:
            continue
        if name not in pins:
            raise LockError(
                f"requirements.lock 里没有 {name},请更新(见 docs/dependencies.md)"
                f" / {name} is not in requirements.lock; renew it (docs/dependencies.md)"
            )
        chosen.add(name)
        waiting.extend(children.get(name, ()))
    return [pins[name] for name in sorted(chosen)]
