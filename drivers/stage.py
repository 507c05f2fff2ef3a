"""What every lane's light and sound are at a moment, and when the next change is due. Pure.

`Stage` is told what happens and the time at which it does (milliseconds of any monotonic clock);
whoever moves the pins asks for a `Frame` and sleeps until `Frame.next_ms`. Since a frame follows
from the time alone, a thread that woke late catches up instead of playing on too late.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from msgspec import Struct

from drivers.patterns import ALARMS, SIGNALS, Colour, Pattern, Step, resting, total_ms
from drivers.ports import Alarm, Signal

AGAIN_MS: Final = 60
"""A light or tone that is on already goes off for this long before it comes again: otherwise two
scans in one second would look and sound like one."""


class Look(Struct, frozen=True):
    """One lane's light and tone (hertz; 0: silence)."""

    light: Colour = Colour.OFF
    tone: int = 0


class Frame(Struct, frozen=True):
    """Every lane at one moment. ``next_ms`` None: it stays so until something happens."""

    looks: dict[str, Look]
    next_ms: int | None


class _Lane:
    """One lane: what rests, what is being told, and an alarm that waits for its turn."""

    def __init__(self, now: int) -> None:
        self.mode = "rest"
        self.rest: tuple[Step, ...] = resting(self.mode, ())
        self.rest_since = now
        self.told: Pattern | None = None
        self.since = now
        self.later: list[Pattern] = []

    def tell(self, pattern: Pattern, now: int, *, breath: bool) -> None:
        before = self.look(now)[0]
        first = pattern.once[:1] or pattern.loop[:1]
        again = breath or any(
            (step.light is before.light is not Colour.OFF) or (step.tone and before.tone)
            for step in first
        )
        self.told, self.since = pattern, now + AGAIN_MS * again

    def tell_after(self, pattern: Pattern, now: int) -> None:
        """After what is being told, and after every signal that comes meanwhile."""
        self._settle(now)
        if self.told is None:
            self.told, self.since = pattern, now
        else:
            self.later.append(pattern)

    def rest_on(self, steps: tuple[Step, ...], now: int) -> None:
        if steps != self.rest:
            self.rest, self.rest_since = steps, now

    def _settle(self, now: int) -> None:
        """Ends what has been told to its end."""
        while self.told is not None and not self.told.loop:
            end = self.since + self.told.once_ms
            if now < end:
                return
            self.told = self.later.pop(0) if self.later else None
            self.since = end

    def look(self, now: int) -> tuple[Look, int | None]:
        """What is shown now, and the moment of the next change."""
        self._settle(now)
        if self.told is None:
            return _in_loop(self.rest, self.rest_since, now)
        if now < self.since:
            return Look(), self.since
        passed = self.since
        for step in self.told.once:
            passed += step.ms
            if now < passed:
                return Look(step.light, step.tone), passed
        return _in_loop(self.told.loop, passed, now)


def _in_loop(steps: tuple[Step, ...], since: int, now: int) -> tuple[Look, int | None]:
    if len(steps) == 1:
        return Look(steps[0].light, steps[0].tone), None
    whole = total_ms(steps)
    passed = since + (now - since) // whole * whole
    for step in steps:
        passed += step.ms
        if now < passed:
            return Look(step.light, step.tone), passed
    raise AssertionError("a remainder is less than the whole")


class Stage:
    """The lanes of one panel. Not for several threads at once: the caller has the lock."""

    def __init__(self, lanes: Iterable[str], now: int) -> None:
        self._lanes: Final = {lane: _Lane(now) for lane in lanes}
        self._alarms: Final[set[Alarm]] = set()

    def show(self, lane: str, signal: Signal, now: int, *, breath: bool = False) -> None:
        """A signal takes the place of what is shown. An unknown lane is no fault. ``breath``: a
        moment of silence comes first, since another lane sounds on the same buzzer."""
        if (found := self._lanes.get(lane)) is not None:
            found.tell(SIGNALS[signal], now, breath=breath)

    def mode(self, lane: str, mode: str, now: int) -> None:
        """The light that comes back after a signal."""
        if (found := self._lanes.get(lane)) is not None:
            found.mode = mode
            found.rest_on(resting(mode, self._alarms), now)

    def alarm(self, alarm: Alarm, on: bool, now: int) -> None:
        """An alarm begins, after the signal that is being shown, or ends."""
        if on == (alarm in self._alarms):
            return
        self._alarms.symmetric_difference_update({alarm})
        call = Pattern(ALARMS[alarm].tells, ALARMS[alarm].once)
        for lane in self._lanes.values():
            if on and call.once:
                lane.tell_after(call, now)
            elif call in lane.later:
                lane.later.remove(call)  # mended before anybody was told
            lane.rest_on(resting(lane.mode, self._alarms), now)

    def frame(self, now: int) -> Frame:
        """Every lane at ``now``."""
        looks: dict[str, Look] = {}
        due: list[int] = []
        for name, lane in self._lanes.items():
            looks[name], change = lane.look(now)
            if change is not None:
                due.append(change)
        return Frame(looks, min(due, default=None))
