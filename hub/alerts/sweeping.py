"""One look: facts, rules, the life of every alarm, and what people are told, in one transaction."""

import datetime as dt
from collections.abc import Mapping, Sequence
from zoneinfo import ZoneInfo

from msgspec import Struct
from sqlalchemy import Connection

from hub.alerts import channels, gathering, judging, life, opening, outbox, store
from hub.alerts.facts import HubFacts
from hub.alerts.judging import Verdict
from hub.alerts.life import Alarm
from hub.alerts.limits import Limits
from hub.alerts.telling import Message, Names, tell
from hub.alerts.words import Text
from hub.queries import places


class Look(Struct, frozen=True):
    """What differs after it: alarms as they are now, and new messages."""

    alarms: tuple[Alarm, ...]
    messages: tuple[Message, ...]

    @property
    def idle(self) -> bool:
        """Whether nothing does."""
        return not self.alarms and not self.messages


def advance(
    verdict: Verdict,
    known: Mapping[str, Alarm],
    earlier: Mapping[str, tuple[int, ...]],
    limits: Limits,
    now_ms: int,
) -> tuple[list[Alarm], set[int]]:
    """Every alarm a moment later, and the ids of those about which nobody can know. ``earlier`` are
    changes of alarms that are over, by key."""
    found = {one.key: one for one in verdict.findings}
    moved, held = [], set()
    for key, alarm in known.items():
        if key not in found and verdict.held(alarm.kiosk, alarm.kind):
            held.add(alarm.id)
            moved.append(alarm)
            continue
        moved.append(life.step(alarm, found.get(key), limits, now_ms))
    moved += [
        life.begin(one, limits, now_ms, earlier.get(key, ()))
        for key, one in found.items()
        if key not in known
    ]
    return moved, held


def look(
    connection: Connection, hub: HubFacts, zone: ZoneInfo, page: str, now_ms: int, *, write: bool
) -> Look:
    """Judge everything anew. Without ``write`` nothing is changed, and what is new has no id and is
    told of by nobody: it only shows whether there is anything to write."""
    limits = store.limits(connection)
    verdict = judging.judge(
        gathering.kiosk_facts(connection, now_ms, zone),
        hub,
        gathering.incident_facts(connection),
        limits,
        now_ms,
    )
    known = store.open_alarms(connection)
    fresh = [one.key for one in verdict.findings if one.key not in known]
    earlier = {key: store.earlier_changes(connection, key, now_ms) for key in fresh}
    moved, held = advance(verdict, known, earlier, limits, now_ms)
    if write:
        moved = [one if one == known.get(one.key) else store.save(connection, one) for one in moved]
    owing = [one for one in (*moved, *store.ended_owing(connection)) if one.owed]
    quiet = opening.is_quiet(now_ms, zone, limits.get("quiet_from"), limits.get("quiet_to"))
    told, messages = tell(
        list({one.id or one.key: one for one in owing}.values()),
        held,
        channels.to_tell(connection),
        outbox.recent(connection, now_ms),
        _names(connection, zone, page),
        quiet=quiet,
        now_ms=now_ms,
    )
    if write:
        for one in told:
            store.save(connection, one)
        outbox.put(connection, messages, now_ms)
    changed = [one for one in moved if _differs(one, known.get(one.key))]
    return Look((*changed, *told), tuple(messages))


def _differs(now: Alarm, before: Alarm | None) -> bool:
    """Whether it is worth a transaction: that a change is more than an hour ago can wait."""
    if before is None:
        return True
    kept = {"changes"} if now.flapping == before.flapping and now.owed == before.owed else set()
    names: Sequence[str] = [one for one in Alarm.__struct_fields__ if one not in kept]
    return any(getattr(now, name) != getattr(before, name) for name in names)


def _names(connection: Connection, zone: ZoneInfo, page: str) -> Names:
    stops = places.stops(connection)

    def stop(key: str) -> Text:
        found = stops.get(key)
        return Text(found.zh, found.en) if found else Text(key, key)

    def moment(ms: int) -> str:
        return dt.datetime.fromtimestamp(ms / 1000, zone).strftime("%m-%d %H:%M")

    return Names(stop, moment, page)
