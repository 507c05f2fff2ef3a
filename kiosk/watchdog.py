"""Whether a kiosk still does its work: what systemd's watchdog is fed by. Pure.

The loop asks after each turn; a loop that does not turn does not ask, and the watchdog bites. What
else a fresh start may put right:

* **The journal takes nothing**, though the disk should: each write fails for longer than
  `UNSAVED_MS`. (A disk that is full or read-only is another matter: the kiosk says so by light and
  words, waits for it, and a new start would change nothing but the light.)
* **The hub answers but acknowledges nothing**, for longer than `UNACKED_MS` of being connected with
  something to acknowledge. Time without a connection does not count, so that a kiosk which comes
  back after a week has its time; nor do events that are in dispute, which wait for people.
"""

from typing import Final

from msgspec import Struct
from msgspec.structs import replace

UNSAVED_MS: Final = 120_000
UNACKED_MS: Final = 20 * 60_000
"""Several times what the relay waits before it connects anew by itself."""

STEP_MS: Final = 60_000
"""Between two looks at most so much counts as waited: a suspended machine waited for nobody."""


class Facts(Struct, frozen=True):
    """How the kiosk is after a turn.

    ``now`` is monotonic, in ms. ``failing_since`` is when the first of the writes failed since
    which none has worked; None: the last one worked. ``refusing``: the disk is known to take
    nothing, and whoever stands there is told. ``connected``: the hub has answered. ``acked`` is how
    many events it has acknowledged so far, ``waiting`` how many it has yet to.
    """

    now: int
    failing_since: int | None
    refusing: bool
    connected: bool
    acked: int
    waiting: int


class Watch(Struct, frozen=True):
    """What is remembered from one look to the next."""

    now: int = 0
    acked: int = 0
    waited_ms: int = 0


def look(before: Watch, facts: Facts) -> tuple[Watch, bool]:
    """The next memory, and whether the watchdog is fed."""
    moved = facts.waiting == 0 or facts.acked != before.acked
    step = min(max(0, facts.now - before.now), STEP_MS) if facts.connected else 0
    waited = 0 if moved else before.waited_ms + step
    after = replace(before, now=facts.now, acked=facts.acked, waited_ms=waited)
    saves = (
        facts.refusing
        or facts.failing_since is None
        or facts.now - facts.failing_since < UNSAVED_MS
    )
    return after, saves and waited < UNACKED_MS
