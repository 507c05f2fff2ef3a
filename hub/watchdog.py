"""Whether a hub still does its work: what systemd's watchdog is fed by. Pure.

* **The loop turns**: the writer's thread takes its queue at least once a second. One turn may take
  long only when whoever asked for it said how long (rebuilding all projections, an hour).
* **The database is written**: a writer whose last work failed, for longer than `UNWELL_S`, is
  started anew: a connection, a lock or a mount may be what is broken.
* **Requests are served**: gunicorn's worker goes round its own loop once a second.
* **Acknowledgements progress**: they are sent in the writer's turn that committed, so a writer that
  turns and is well has sent them. Whether the broker is there does not count: a start mends it not.
"""

from typing import Final

from msgspec import Struct

STUCK_S: Final = 300.0
UNWELL_S: Final = 300.0
DEAF_S: Final = 120.0


class WriterFacts(Struct, frozen=True):
    """How the writer is. Times are monotonic seconds.

    ``turned`` is when it last ended a turn, ``allowed_s`` how long the one under way may take by
    the word of whoever asked for it; ``unwell_since``: since when everything failed.
    """

    alive: bool
    turned: float
    allowed_s: float = 0.0
    unwell_since: float | None = None


def writes(
    facts: WriterFacts, now: float, *, stuck_s: float = STUCK_S, unwell_s: float = UNWELL_S
) -> bool:
    """Whether the writer does its work."""
    patience = max(stuck_s, facts.allowed_s)
    well = facts.unwell_since is None or now - facts.unwell_since < unwell_s
    return facts.alive and now - facts.turned < patience and well


def serves(turned: float, now: float) -> bool:
    """Whether a worker that last went round its loop at ``turned`` serves requests."""
    return now - turned < DEAF_S
