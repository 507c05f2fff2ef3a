"""Roll-outs: which kiosks are to run a release, in which stage, and how far they are.

Rules
-----
* **One, some, all.** Every kiosk of a roll-out has its stage from the start. A person begins the
  first. The next begins when **each** kiosk of those told has confirmed the release: by a button,
  or by itself once each of them has told that it ran it well for so many hours; one that fell
  silent with it holds up the others.
* **A kiosk is not told; it asks** (`hub.fleet.release_asks`). Its updater asks at its own hour, and
  gets the release of the newest roll-out that has told it, while that one is running or done. One
  that is paused or halted offers nothing: what was fetched and not begun is given up by the kiosk.
* **What fails stays where it was tried.** A kiosk that went back, refused the release or lost it
  again halts the roll-out, and so does drift (`hub.fleet.canary`). A person looks, and goes on
  without those kiosks, or has the others go back.
* **Going back is a roll-out of its own,** of the release that ran before; a kiosk takes an older
  one only if it is the very one that it had before (`provisioning.updates`).
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec
from sqlalchemy import Connection, insert, select, update

from contract.messages import Health
from hub import db
from hub.access import audit
from hub.access.audit import By
from hub.fleet import releases, roll_out_rows
from hub.fleet.canary import Look
from hub.fleet.roll_out_rows import (
    DONE,
    HALTED,
    HOUR_MS,
    HOURS,
    PAUSED,
    READY,
    RUNNING,
    RollOut,
)
from hub.fleet.roll_out_states import LEFT_OUT, PLANNED, TOLD, WELL

STAGES: Final = 3
MAX_NOTE: Final = 200
MAX_HOURS: Final = 24 * 14
SYSTEM: Final = By("hub")
"""The hub itself."""


class RollOutError(ValueError):
    """It cannot be; ``why`` is a machine word: unknown, unknown-release, unknown-kiosk, no-kiosks,
    no-first, no-note, bad-hours, state, not-well, no-more, no-way-back."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why: Final = why


# --- making ---------------------------------------------------------------------------------------


def propose(kiosks: Sequence[str]) -> dict[str, int]:
    """Stages for these kiosks, which come in the order in which they are trusted with something
    new: one, then about a quarter, then all others."""
    some = max(1, round(len(kiosks) / 4))
    return {kiosk: 1 if at == 0 else 2 if at <= some else 3 for at, kiosk in enumerate(kiosks)}


def make(
    connection: Connection,
    release: str,
    stages: Mapping[str, int],
    note: str,
    by: By,
    now_ms: int,
    *,
    hours: int = HOURS,
    back: bool = False,
    back_of: int | None = None,
) -> int:
    """Plan a roll-out; its number. No kiosk is told yet.

    Raises:
        RollOutError: unknown-release, unknown-kiosk, no-kiosks, no-first, no-note, bad-hours.
    """
    note = note.strip()
    if not releases.targets(connection, release):
        raise RollOutError("unknown-release")
    if not note or len(note) > MAX_NOTE:
        raise RollOutError("no-note")
    if not 0 <= hours <= MAX_HOURS:
        raise RollOutError("bad-hours")
    if not stages:
        raise RollOutError("no-kiosks")
    if 1 not in stages.values() or not set(stages.values()) <= set(range(1, STAGES + 1)):
        raise RollOutError("no-first")
    if set(stages) - _in_use(connection):
        raise RollOutError("unknown-kiosk")
    row = connection.execute(
        insert(db.roll_out)
        .values(
            release=release,
            note=note,
            account=by.account,
            made_ms=now_ms,
            state=READY,
            why="{}",
            stage=0,
            hours=hours,
            back=back,
            back_of=back_of,
            looks="{}",
        )
        .returning(db.roll_out.c.id)
    ).scalar_one()
    number = int(row)
    for kiosk, stage in sorted(stages.items()):
        connection.execute(
            insert(db.roll_out_kiosk).values(
                roll_out=number,
                kiosk=kiosk,
                stage=stage,
                before="",
                state=PLANNED,
                state_ms=now_ms,
                detail="",
            )
        )
    detail = {"release": release, "kiosks": len(stages), "hours": hours}
    audit.note(connection, by, "roll-out.made", str(number), detail, now_ms)
    return number


def _in_use(connection: Connection) -> set[str]:
    kiosk = db.kiosk.c
    return set(
        connection.scalars(
            select(kiosk.id).where(kiosk.retired_ms.is_(None), kiosk.revoked_ms.is_(None))
        )
    )


# --- going on -------------------------------------------------------------------------------------


def advance(connection: Connection, number: int, by: By, now_ms: int) -> int:
    """Begin the next stage; which that is.

    Raises:
        RollOutError: unknown, state (it is not ready or running), not-well (not each kiosk that was
            told has confirmed it), no-more.
    """
    found = _must(connection, number)
    if found.state not in (READY, RUNNING):
        raise RollOutError("state")
    if found.failed or not found.is_well:
        raise RollOutError("not-well")
    stage = found.next_stage
    if stage is None:
        raise RollOutError("no-more")
    running = _running(connection)
    table = db.roll_out_kiosk
    for one in found.members:
        if one.stage == stage and one.state == PLANNED:
            connection.execute(
                update(table)
                .where(table.c.roll_out == number, table.c.kiosk == one.kiosk)
                .values(
                    state=TOLD,
                    state_ms=now_ms,
                    told_ms=now_ms,
                    before=running.get(one.kiosk, ""),
                )
            )
    values: dict[str, Any] = {"state": RUNNING, "stage": stage, "stage_ms": now_ms}
    if found.watch_ms is None:
        values["watch_ms"] = now_ms
    _set(connection, number, values)
    audit.note(connection, by, "roll-out.stage", str(number), {"stage": stage}, now_ms)
    return stage


def _running(connection: Connection) -> dict[str, str]:
    state = db.kiosk_state.c
    return {
        row.kiosk: msgspec.json.decode(row.health, type=Health).release
        for row in connection.execute(select(state.kiosk, state.health))
        if row.health is not None
    }


def pause(connection: Connection, number: int, by: By, now_ms: int) -> None:
    """Nobody begins until it is resumed. Raises `RollOutError`: unknown, state."""
    found = _must(connection, number)
    if found.state != RUNNING:
        raise RollOutError("state")
    _set(connection, number, {"state": PAUSED})
    audit.note(connection, by, "roll-out.paused", str(number), {}, now_ms)


def resume(connection: Connection, number: int, by: By, now_ms: int) -> None:
    """Go on. One that was halted goes on without the kiosks on which it failed, and what was
    compared is compared anew from now on.

    Raises:
        RollOutError: unknown, state.
    """
    found = _must(connection, number)
    if found.state not in (PAUSED, HALTED):
        raise RollOutError("state")
    values: dict[str, Any] = {"state": RUNNING if found.stage else READY}
    if found.state == HALTED:
        values |= {"why": "{}", "looks": "{}", "watch_ms": now_ms + HOUR_MS}
        for one in found.failed:
            _member(connection, number, one.kiosk, {"state": LEFT_OUT, "state_ms": now_ms})
    _set(connection, number, values)
    detail = {"left out": [one.kiosk for one in found.failed]}
    audit.note(connection, by, "roll-out.resumed", str(number), detail, now_ms)


def halt(
    connection: Connection,
    number: int,
    by: By,
    now_ms: int,
    why: Mapping[str, Any] | None = None,
) -> None:
    """No further kiosk begins. Raises `RollOutError`: unknown, state."""
    found = _must(connection, number)
    if found.state not in (READY, RUNNING, PAUSED):
        raise RollOutError("state")
    told = {"why": "by-hand"} if why is None else dict(why)
    text = json.dumps(told, sort_keys=True)
    _set(connection, number, {"state": HALTED, "why": text})
    audit.note(connection, by, "roll-out.halted", str(number), told, now_ms)


def leave_out(connection: Connection, number: int, kiosk: str, by: By, now_ms: int) -> None:
    """Go on without this kiosk: it is broken, or far away. Raises `RollOutError`: unknown, state,
    unknown-kiosk."""
    found = _must(connection, number)
    if found.state == DONE:
        raise RollOutError("state")
    if all(one.kiosk != kiosk or one.state == LEFT_OUT for one in found.members):
        raise RollOutError("unknown-kiosk")
    _member(connection, number, kiosk, {"state": LEFT_OUT, "state_ms": now_ms})
    detail = {"kiosk": kiosk}
    audit.note(connection, by, "roll-out.left-out", str(number), detail, now_ms)


def go_back(connection: Connection, number: int, by: By, now_ms: int) -> list[int]:
    """Have every kiosk that was told run again what it ran before, as roll-outs of their own that
    begin at once, one for each such release; their numbers. The roll-out itself is halted.

    Raises:
        RollOutError: unknown, no-way-back (nobody was told, or what ran before is not kept here).
    """
    found = _must(connection, number)
    ways: dict[str, list[str]] = {}
    in_use = _in_use(connection)
    for one in found.told:
        can = one.kiosk in in_use and one.before not in ("", found.release)
        if can and releases.targets(connection, one.before):
            ways.setdefault(one.before, []).append(one.kiosk)
    if not ways:
        raise RollOutError("no-way-back")
    if found.state in (READY, RUNNING, PAUSED):
        halt(connection, number, by, now_ms)
    made = []
    for release, kiosks in sorted(ways.items()):
        back = make(
            connection,
            release,
            dict.fromkeys(kiosks, 1),
            f"← {number}",
            by,
            now_ms,
            hours=0,
            back_of=number,
        )
        advance(connection, back, by, now_ms)
        made.append(back)
    return made


def finish(connection: Connection, number: int, now_ms: int) -> None:
    """Every kiosk has it, and nothing was worse for as long as one looks."""
    _set(connection, number, {"state": DONE})
    audit.note(connection, SYSTEM, "roll-out.done", str(number), {}, now_ms)


def note_states(
    connection: Connection, number: int, states: Mapping[str, tuple[str, str]], now_ms: int
) -> None:
    """How far these kiosks are now, with a word about it."""
    for kiosk, (state, detail) in states.items():
        values: dict[str, Any] = {"state": state, "detail": detail[:200], "state_ms": now_ms}
        if state == WELL:
            values["well_ms"] = now_ms
        _member(connection, number, kiosk, values)


def note_looks(connection: Connection, number: int, looks: Mapping[str, Look]) -> None:
    """How often one has compared."""
    _set(connection, number, {"looks": msgspec.json.encode(looks).decode()})


def _set(connection: Connection, number: int, values: Mapping[str, Any]) -> None:
    connection.execute(update(db.roll_out).where(db.roll_out.c.id == number).values(**values))


def _member(connection: Connection, number: int, kiosk: str, values: Mapping[str, Any]) -> None:
    table = db.roll_out_kiosk
    where = (table.c.roll_out == number) & (table.c.kiosk == kiosk)
    connection.execute(update(table).where(where).values(**values))


def _must(connection: Connection, number: int) -> RollOut:
    found = roll_out_rows.one(connection, number)
    if found is None:
        raise RollOutError("unknown")
    return found
