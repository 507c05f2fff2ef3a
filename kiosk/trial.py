"""Whether a kiosk may keep a configuration that it is trying. Pure.

Rules
-----
* It is kept once all is as well as before, and has been for a while; given up when it is not by the
  end of its time. In between the kiosk waits: devices need seconds to be found.
* Well means: no device is in trouble that was not before, no kind of device is gone that worked
  before and is still wished for, every printer that is named has been heard of, the journal takes
  events, and the hub has answered a hello of this process: a kiosk that can no longer be told
  otherwise must not keep what cut it off.
* A start counts before anything of it is tried. So one that crashes, hangs or is cut off from power
  is counted too, and after `MAX_STARTS` of them nothing of it is tried again.
"""

from enum import Enum
from typing import Final

from msgspec import Struct

SETTLED_MS: Final = 10_000
"""What is well at once may still fall."""
TRIAL_MS: Final = 120_000
MAX_STARTS: Final = 2
"""The first, and one after a cut of power that was nobody's fault."""


class Before(Struct, frozen=True):
    """How devices were under the configuration before: kinds of which one worked at least, and
    those in trouble, as `device_key` names them."""

    working: frozenset[str] = frozenset()
    broken: frozenset[str] = frozenset()


class Seen(Struct, frozen=True):
    """A device as it is now."""

    kind: str
    name: str
    ok: bool


class Facts(Struct, frozen=True):
    """How the kiosk is, ``elapsed_ms`` after it began with the new configuration. ``wished`` are
    kinds of which it names a device, ``named`` the printers that it names."""

    elapsed_ms: int
    devices: tuple[Seen, ...]
    saves: bool
    welcomed: bool
    wished: frozenset[str] = frozenset()
    named: frozenset[str] = frozenset()


class Verdict(Enum):
    """What to do about it."""

    KEEP = "keep"
    WAIT = "wait"
    REVERT = "revert"


def device_key(kind: str, name: str) -> str:
    """Tells a device from all others."""
    return f"{kind} {name}"


def before(devices: tuple[Seen, ...]) -> Before:
    """What is remembered of devices before another configuration is tried."""
    return Before(
        frozenset(one.kind for one in devices if one.ok),
        frozenset(device_key(one.kind, one.name) for one in devices if not one.ok),
    )


def trouble(was: Before, now: Facts) -> str:
    """What is not well, as a machine word and perhaps a device's name; "" when all is."""
    if not now.saves:
        return "not-saved"
    for one in now.devices:
        if not one.ok and device_key(one.kind, one.name) not in was.broken:
            return f"{one.kind}-fails {one.name}"
    heard = {one.name for one in now.devices if one.kind == "printer"}
    for name in sorted(now.named - heard):
        return f"printer-silent {name}"
    works = {one.kind for one in now.devices if one.ok}
    for kind in sorted(was.working & now.wished - works):
        return f"{kind}-gone"
    return "" if now.welcomed else "no-hub"


def judge(was: Before, now: Facts) -> tuple[Verdict, str]:
    """What to do, and why."""
    wrong = trouble(was, now)
    if not wrong and now.elapsed_ms >= SETTLED_MS:
        return Verdict.KEEP, ""
    if now.elapsed_ms >= TRIAL_MS:
        return Verdict.REVERT, wrong
    return Verdict.WAIT, wrong
