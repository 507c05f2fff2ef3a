"""What an operator can have one kiosk do, besides printing labels.

Each has a permission, and a time after which it is better not done: who asks a kiosk to blink
stands there now, a log is as good tomorrow. The kiosk does each once (`hub.kiosks.kiosk_commands`).
"""

import re
from typing import Final

from msgspec import Struct
from sqlalchemy import Connection

from contract import codes
from contract.codes import CodeError
from contract.messages import (
    CONFIGURE,
    IDENTIFY,
    LOGS,
    MAX_LOG_LINES,
    OPEN_STOCKTAKE,
    REBOOT,
    REPRINT,
    RESTART,
    SELF_TEST,
    SUPPORT_BUNDLE,
    Command,
)
from hub.access.audit import By
from hub.access.permissions import Permission
from hub.kiosks import kiosk_commands
from hub.kiosks.kiosk_commands import CommandError

_MINUTE_MS: Final = 60_000
_HOUR_MS: Final = 60 * _MINUTE_MS
LINES: Final = 500
_LANE: Final = re.compile(r"[a-z0-9-]{1,32}")
"""As `contract.fields.Lane`."""


class Sort(Struct, frozen=True):
    """A sort of command: who may order it, and how long it holds. ``stops``: nobody can use the
    kiosk meanwhile, so it is asked first."""

    permission: Permission
    holds_ms: int
    stops: bool = False


KINDS: Final[dict[str, Sort]] = {
    IDENTIFY: Sort(Permission.VIEW, 10 * _MINUTE_MS),
    SELF_TEST: Sort(Permission.SETTINGS, _HOUR_MS),
    REPRINT: Sort(Permission.LABELS, 24 * _HOUR_MS),
    OPEN_STOCKTAKE: Sort(Permission.COUNT, _HOUR_MS),
    LOGS: Sort(Permission.SETTINGS, 24 * _HOUR_MS),
    SUPPORT_BUNDLE: Sort(Permission.SETTINGS, 24 * _HOUR_MS),
    RESTART: Sort(Permission.SETTINGS, _HOUR_MS, stops=True),
    REBOOT: Sort(Permission.SETTINGS, _HOUR_MS, stops=True),
}
"""By the name of the command."""


def permission_of(name: str) -> Permission:
    """Who may order a command, or end it; printing labels where it is none of these."""
    if name == CONFIGURE:
        return Permission.SETTINGS
    return KINDS[name].permission if name in KINDS else Permission.LABELS


def order(
    connection: Connection,
    kiosk: str,
    name: str,
    by: By,
    now_ms: int,
    *,
    code: str = "",
    place: str = "",
    lane: str = "",
    lines: int = LINES,
    key: str | None = None,
) -> str:
    """Have this kiosk do it; the command's id. ``code`` is the label to print again, ``place`` the
    shelf to count, both as somebody typed them; it is counted on ``lane``, or on the first that
    rests. The same ``key`` of the same account is the same command.

    Raises:
        CommandError: unknown-kiosk, unknown-command, bad-code, bad-place, bad-lane, bad-lines.
    """
    if name not in KINDS:
        raise CommandError("unknown-command")
    if not 1 <= lines <= MAX_LOG_LINES:
        raise CommandError("bad-lines")
    message = Command(
        kiosk_commands.id_of(by, key),
        name,
        now_ms + KINDS[name].holds_ms,
        code=_code(code, "GB", "bad-code") if name == REPRINT else None,
        place=_code(place, "W", "bad-place") if name == OPEN_STOCKTAKE else None,
        lane=_lane(lane) if name == OPEN_STOCKTAKE else None,
        lines=lines,
    )
    kiosk_commands.keep(connection, kiosk, message, "", by, now_ms)
    return message.id


def _lane(typed: str) -> str | None:
    lane = typed.strip().lower()
    if lane and not _LANE.fullmatch(lane):
        raise CommandError("bad-lane")
    return lane or None


def _code(typed: str, kinds: str, why: str) -> str:
    try:
        found = codes.parse(typed)
    except CodeError:
        raise CommandError(why) from None
    if found.kind.value not in kinds:
        raise CommandError(why)
    return found.text
