"""How the backups are: a page, and a line on the board."""

from pathlib import Path
from typing import Final

from flask import Blueprint, render_template
from msgspec import Struct
from sqlalchemy import Connection

from hub.access.permissions import Permission
from hub.backup import state
from hub.backup.state import Standing
from hub.request import connection, now_ms, services
from hub.web.login import needs

BEHIND_MS: Final = 10_000
"""A copy is said to be behind only when it is longer than it always is for a moment."""


class View(Struct, frozen=True):
    """What page and board tell. ``off`` says why there are no backups by themselves: ``directory``
    or ``key`` is missing in ``hub.toml``; empty when they are on."""

    now: Standing
    off: str
    late: bool
    copy_late: bool

    @property
    def file(self) -> str:
        """The name of the last file."""
        return Path(self.now.last.file).name if self.now.last else ""

    @property
    def well(self) -> bool:
        """Whether nobody need look."""
        return not (self.off or self.late or self.copy_late or self.now.failed)


def blueprint() -> Blueprint:
    """The page of backups."""
    pages = Blueprint("backups", __name__)
    pages.get("/backups")(overview)
    pages.add_app_template_global(lambda: view(connection()), "backups_view")
    return pages


@needs(Permission.VIEW)
def overview() -> str:
    """The last backup, what failed, and the copy of the hub's own events."""
    return render_template("backups/overview.html", backups=view(connection()))


def view(here: Connection) -> View:
    """How the backups are, seen by ``here``."""
    config, moment = services().config, now_ms()
    now = state.standing(here)
    off = "" if config.backup_dir and config.backup_key else "directory"
    if config.backup_dir and not config.backup_key:
        off = "key"
    return View(
        now,
        off,
        bool(config.backup_dir) and state.late(now, moment, config.backup_late_s * 1000),
        bool(config.backup_dir) and _behind(now, moment),
    )


def _behind(now: Standing, moment: int) -> bool:
    return now.behind_ms is not None and moment - now.behind_ms > BEHIND_MS
