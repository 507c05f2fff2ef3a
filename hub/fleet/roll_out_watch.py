"""The thread that follows roll-outs: how far kiosks are, whether they work as well as before, and
when the next stage begins by itself.

Where a hub is several processes, the one that projects has it. It looks with a reader first and
asks the writer only when something is to be kept: a hub without a roll-out writes nothing but the
hourly counts of scans (`hub.fleet.quality`).
"""

import logging
from collections.abc import Callable, Mapping
from typing import Any, Final

from msgspec import Struct
from sqlalchemy import Connection, Engine

from hub import incidents
from hub.fleet import quality, roll_out_rows, roll_outs
from hub.fleet.canary import Counts, Drift, Look, Share, judge
from hub.fleet.roll_out_rows import HOUR_MS, RUNNING, RollOut
from hub.fleet.roll_out_states import FAILED, LEFT_OUT, seen
from hub.fleet.roll_outs import SYSTEM, RollOutError
from hub.incidents import Trouble
from hub.queries import kiosks
from hub.queries.kiosks import Kiosk
from hub.request import Writer
from hub.watch import Watch

_log: Final = logging.getLogger(__name__)

EVERY_S: Final = 5.0
PRUNE_MS: Final = 24 * 3_600_000
BEFORE_MS: Final = 14 * 24 * 3_600_000
"""How far back kiosks are compared with themselves."""
HALTED_KIND: Final = "roll-out-halted"

DRIFT: Final = "drift"
FAILED_THERE: Final = "failed"


class Change(Struct, frozen=True):
    """What one look found of a roll-out: how far kiosks are now, the looks of the comparison, and
    why it is to be halted (empty: it is not)."""

    number: int
    states: Mapping[str, tuple[str, str]]
    looks: Mapping[str, Look] | None
    why: Mapping[str, Any]
    due: bool

    @property
    def is_something(self) -> bool:
        """Whether there is anything to keep."""
        return bool(self.states or self.looks is not None or self.why or self.due)


def look(connection: Connection, now_ms: int) -> list[Change]:
    """What is to be kept now; changes nothing."""
    found = roll_out_rows.open_ones(connection)
    if not found:
        return []
    known = {one.id: one for one in kiosks.kiosks(connection)}
    newest = _newest(found)
    changes = (_look(connection, one, known, newest, now_ms) for one in found)
    return [one for one in changes if one.is_something]


def _newest(found: list[RollOut]) -> dict[str, int]:
    newest: dict[str, int] = {}
    for one in found:
        for member in one.told:
            newest[member.kiosk] = max(newest.get(member.kiosk, 0), one.id)
    return newest


def _look(
    connection: Connection,
    one: RollOut,
    known: Mapping[str, Kiosk],
    newest: Mapping[str, int],
    now_ms: int,
) -> Change:
    states = {}
    for member in one.told:
        if newest[member.kiosk] != one.id:
            continue  # another one has it now
        there = known[member.kiosk]
        state, detail = seen(member.state, one.release, there.health)
        if there.ended:
            state, detail = LEFT_OUT, "ended"
        if (state, detail) != (member.state, member.detail):
            states[member.kiosk] = (state, detail)
    if one.state != RUNNING:
        return Change(one.id, states, None, {}, due=False)
    failed = {kiosk: told for kiosk, told in states.items() if told[0] in FAILED}
    failed |= {
        member.kiosk: (member.state, member.detail)
        for member in one.told
        if member.state in FAILED and member.kiosk not in states
    }
    if failed:
        kiosk, (state, detail) = sorted(failed.items())[0]
        why = {"why": FAILED_THERE, "kiosk": kiosk, "state": state, "detail": detail}
        return Change(one.id, states, None, why, due=False)
    drifts, looks = compare(connection, one, now_ms)
    kept = looks if looks != dict(one.looks) else None
    if drifts:
        return Change(one.id, states, kept, told_of(drifts[0]), due=False)
    # What is silent may be broken by it: the good hours are those that a kiosk told of.
    silent = one.unheard({each.id: each.health_ms for each in known.values()})
    due = not states and not silent and one.due_ms is not None and now_ms >= one.due_ms
    return Change(one.id, states, kept, {}, due)


def compare(
    connection: Connection, one: RollOut, now_ms: int
) -> tuple[list[Drift], dict[str, Look]]:
    """Whether kiosks work worse with a roll-out's release than before, and than others do now."""
    since = one.watch_ms or one.stage_ms or one.made_ms
    told = {member.kiosk: member.told_ms or now_ms for member in one.told}
    if not told:
        return [], dict(one.looks)
    first = min(told.values())
    now = quality.of_release(connection, told, one.release, since)
    before = quality.without_release(connection, told, one.release, first - BEFORE_MS, now_ms)
    rest = {each.id for each in kiosks.kiosks(connection) if not each.ended} - set(told)
    # From the next full hour on: what they did in the rest of this one was partly before.
    full = since + HOUR_MS - 1
    others = quality.without_release(connection, rest, one.release, full, now_ms)
    return judge(now, before, sum(others.values(), Counts()), one.looks)


def told_of(drift: Drift) -> dict[str, Any]:
    """A drift, as a roll-out keeps it."""

    def share(one: Share | None) -> list[int] | None:
        return None if one is None else [one.bad, one.trials]

    return {
        "why": DRIFT,
        "measure": drift.measure,
        "kiosk": drift.kiosk,
        "now": share(drift.now),
        "before": share(drift.before),
        "others": share(drift.others),
        "p": float(f"{drift.p:.2g}"),
    }


def keep(connection: Connection, now_ms: int) -> None:
    """Look, and keep what was found. The caller commits."""
    for change in look(connection, now_ms):
        roll_outs.note_states(connection, change.number, change.states, now_ms)
        if change.looks is not None:
            roll_outs.note_looks(connection, change.number, change.looks)
        if change.why:
            _halt(connection, change, now_ms)
        elif change.due:
            _go_on(connection, change.number, now_ms)


def _halt(connection: Connection, change: Change, now_ms: int) -> None:
    roll_outs.halt(connection, change.number, SYSTEM, now_ms, change.why)
    found = roll_out_rows.one(connection, change.number)
    assert found is not None
    went_back = False
    if found.back and found.back_of is None and change.why["why"] == DRIFT:
        try:
            roll_outs.go_back(connection, change.number, SYSTEM, now_ms)
            went_back = True
        except RollOutError:
            _log.warning("升级 %d：没有可退回的发布包 / no way back", change.number)
    detail: dict[str, str | int | list[str]] = {
        "number": change.number,
        "release": found.release,
        "why": str(change.why["why"]),
        "measure": str(change.why.get("measure", "")),
        "state": str(change.why.get("state", "")),
        "back": int(went_back),
    }
    # Anew each time that it is halted: whoever has seen the first saw another reason.
    key = f"{HALTED_KIND}:{change.number}:{now_ms}"
    kiosk = str(change.why.get("kiosk", ""))
    incidents.note(connection, Trouble(key, HALTED_KIND, str(change.number), kiosk, detail), now_ms)


def _go_on(connection: Connection, number: int, now_ms: int) -> None:
    found = roll_out_rows.one(connection, number)
    assert found is not None
    if found.next_stage is not None:
        roll_outs.advance(connection, number, SYSTEM, now_ms)
    else:
        roll_outs.finish(connection, number, now_ms)


class RollOutWatch(Watch):
    """See the module."""

    def __init__(
        self,
        reader: Engine,
        writer: Writer,
        now_ms: Callable[[], int],
        every_s: float = EVERY_S,
    ) -> None:
        super().__init__("hub-roll-outs", every_s, "没能查看升级 / could not follow roll-outs")
        self._reader: Final = reader
        self._writer: Final = writer
        self._now_ms: Final = now_ms
        self._pruned_ms = 0

    def look(self) -> None:
        """One look, and what came of it.

        Raises:
            hub.log.writer.WriterStoppedError: the hub is stopping.
            sqlalchemy.exc.OperationalError: the database cannot be read.
        """
        now_ms = self._now_ms()
        with self._reader.connect() as connection:
            uncounted = quality.waiting(connection)
            unnoted = quality.unnoted(connection)
        if unnoted:
            self._writer.call(lambda writing: note_epochs(writing))
        while uncounted and not self._stopping.is_set():
            uncounted = self._writer.call(lambda writing: quality.count(writing, now_ms))
        with self._reader.connect() as connection:
            found = look(connection, now_ms)
        if found:
            self._writer.call(lambda writing: keep(writing, now_ms))
        if now_ms - self._pruned_ms > PRUNE_MS:
            self._writer.call(lambda writing: quality.prune(writing, now_ms))
            self._pruned_ms = now_ms


def note_epochs(connection: Connection) -> None:
    """Keep which release writes the epochs that kiosks write now."""
    quality.note_running(connection, quality.unnoted(connection))
