"""How far a kiosk is with a release that it was told to run, by what its health tells. Pure."""

from typing import Final

from contract.messages import Health

PLANNED: Final = "planned"
TOLD: Final = "told"
"""It was told, or rather: it will be when it asks."""
PHASES: Final = ("unpacking", "waiting", "switching", "trying", "confirming", "returning")
"""As `contract.messages.Health` has them."""
AGAIN: Final = "again"
"""It went back since the hub did not answer, and tries once more by itself."""
WELL: Final = "well"
REVERTED: Final = "reverted"
REFUSED: Final = "refused"
LOST: Final = "lost"
"""It had confirmed the release, and runs another one."""
LEFT_OUT: Final = "left-out"
"""Somebody took it out of the roll-out."""

FAILED: Final = frozenset({REVERTED, REFUSED, LOST})
RESTING: Final = frozenset({PLANNED, LEFT_OUT})
"""States that nothing a kiosk tells changes."""

NOT_ACKNOWLEDGED: Final = "not-acknowledged"


def seen(state: str, release: str, health: Health | None) -> tuple[str, str]:
    """The state of a kiosk that was in ``state`` with ``release``, and a word about it."""
    if state in RESTING or health is None:
        return state, ""
    if health.update_release == release and health.update in PHASES:
        return health.update, health.update_detail
    if health.release == release:
        return WELL, ""
    if health.update_release == release and health.update == REVERTED:
        again = health.update_detail.startswith(NOT_ACKNOWLEDGED)
        return (AGAIN if again else REVERTED), health.update_detail
    if health.update_release == release and health.update == REFUSED:
        return REFUSED, health.update_detail
    if state in (WELL, LOST):
        return LOST, health.release
    return TOLD, ""
