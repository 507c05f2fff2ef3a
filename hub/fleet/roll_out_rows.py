"""Roll-outs as they are kept, with the kiosks of each."""

import json
import re
from collections.abc import Mapping
from typing import Any, Final

import msgspec
from msgspec import Struct
from sqlalchemy import Connection, select

from hub import db
from hub.access.scope import Stops
from hub.fleet.canary import Look
from hub.fleet.roll_out_states import FAILED, LEFT_OUT, PLANNED, WELL

READY: Final = "ready"
RUNNING: Final = "running"
PAUSED: Final = "paused"
HALTED: Final = "halted"
DONE: Final = "done"
HOURS: Final = 24
HOUR_MS: Final = 3_600_000

NUMBER: Final = re.compile(r"[1-9][0-9]{0,8}")
"""How a roll-out's number is written in addresses."""


class Member(Struct, frozen=True):
    """A kiosk of a roll-out, and its stop. ``before`` is what it ran when it was told."""

    kiosk: str
    stop: str
    stage: int
    told_ms: int | None
    before: str
    state: str
    state_ms: int
    detail: str
    well_ms: int | None


class RollOut(Struct, frozen=True):
    """As it is now; ``why`` says why it was halted, by words of `hub.fleet.roll_out_watch`."""

    id: int
    release: str
    note: str
    account: str
    made_ms: int
    state: str
    why: Mapping[str, Any]
    stage: int
    stage_ms: int | None
    hours: int
    back: bool
    back_of: int | None
    watch_ms: int | None
    looks: Mapping[str, Look]
    members: tuple[Member, ...]

    @property
    def told(self) -> list[Member]:
        """Those that belong to it and are told."""
        return [one for one in self.members if one.told_ms is not None and one.state != LEFT_OUT]

    @property
    def failed(self) -> list[Member]:
        """Those on which it failed."""
        return [one for one in self.members if one.state in FAILED]

    @property
    def is_well(self) -> bool:
        """Whether each kiosk that was told has confirmed it."""
        return all(one.state == WELL for one in self.told)

    @property
    def next_stage(self) -> int | None:
        """The next stage that has kiosks."""
        later = [one.stage for one in self.members if one.state == PLANNED]
        return min(later, default=None)

    @property
    def due_ms(self) -> int | None:
        """When the next stage begins by itself, or the last is over; None: not now."""
        told = self.told
        if self.state != RUNNING or not self.stage or not self.is_well or self.failed:
            return None
        if self.next_stage is not None and not self.hours:
            return None
        last = max((one.well_ms or 0 for one in told), default=0)
        return max(last, self.stage_ms or 0) + (self.hours or HOURS) * HOUR_MS

    def unheard(self, heard: Mapping[str, int | None]) -> list[str]:
        """Kiosks that confirmed it and have not told since that they run it so long: nobody knows
        whether they do. ``heard`` is when each told last how it is."""
        need = (self.hours or HOURS) * HOUR_MS
        return [
            one.kiosk
            for one in self.told
            if one.state == WELL
            and (heard.get(one.kiosk) or 0) < max(one.well_ms or 0, self.stage_ms or 0) + need
        ]


def one(connection: Connection, number: int, stops: Stops = None) -> RollOut | None:
    """The roll-out with this number, with the kiosks of ``stops``."""
    return next(iter(_read(connection, db.roll_out.c.id == number, stops, 1)), None)


def all_of_them(connection: Connection, stops: Stops = None, limit: int = 200) -> list[RollOut]:
    """Roll-outs, the newest first."""
    return _read(connection, db.roll_out.c.id.is_not(None), stops, limit)


def open_ones(connection: Connection) -> list[RollOut]:
    """Those whose kiosks are followed."""
    watched = db.roll_out.c.state.in_((RUNNING, PAUSED, HALTED))
    return _read(connection, watched, None, 200)


def _read(connection: Connection, where: Any, stops: Stops, limit: int) -> list[RollOut]:
    rows = connection.execute(
        select(db.roll_out).where(where).order_by(db.roll_out.c.id.desc()).limit(limit)
    ).all()
    told = db.roll_out_kiosk.c
    members: dict[int, list[Member]] = {row.id: [] for row in rows}
    for row in connection.execute(
        select(db.roll_out_kiosk, db.kiosk.c.stop)
        .join(db.kiosk, db.kiosk.c.id == told.kiosk)
        .where(told.roll_out.in_(list(members)))
        .order_by(told.stage, told.kiosk)
    ):
        if stops is None or row.stop in stops:
            members[row.roll_out].append(
                Member(*(getattr(row, name) for name in Member.__struct_fields__))
            )
    return [
        RollOut(
            row.id,
            row.release,
            row.note,
            row.account,
            row.made_ms,
            row.state,
            json.loads(row.why),
            row.stage,
            row.stage_ms,
            row.hours,
            bool(row.back),
            row.back_of,
            row.watch_ms,
            msgspec.json.decode(row.looks, type=dict[str, Look]),
            tuple(members[row.id]),
        )
        for row in rows
    ]
