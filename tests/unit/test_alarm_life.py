"""An alarm is never forgotten and never a nuisance: its life, and who is told what."""

import dataclasses
from collections.abc import Mapping
from typing import Final

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.alerts import life, rules
from hub.alerts.forms import MOST_BYTES
from hub.alerts.judging import Finding, Verdict
from hub.alerts.life import Alarm
from hub.alerts.limits import Limits
from hub.alerts.rules import SOON, URGENT
from hub.alerts.sweeping import advance
from hub.alerts.telling import AN_HOUR, Channel, Message, Names, tell
from hub.alerts.words import Text

NOW: Final = 1_793_678_400_000
MINUTE: Final = 60_000
HOUR: Final = 60 * MINUTE
GROUP, OPERATOR = Channel("group", "east"), Channel("operator", "")
NAMES: Final = Names(lambda key: Text(f"{key}站", key.title()), lambda ms: "11-03 12:00", "")


def finding(
    key: str = "scanner-down:east-k1", severity: str = URGENT, stop: str = "east"
) -> Finding:
    return Finding(key, key.partition(":")[0], severity, stop, f"{stop}-k1" if stop else "", {})


@dataclasses.dataclass
class Hub:
    """The life of alarms without a database: what the sweep does, at moments that a test names."""

    channels: tuple[Channel, ...] = (GROUP, OPERATOR)
    limits: Limits = dataclasses.field(default_factory=Limits)
    now: int = NOW
    alarms: dict[str, Alarm] = dataclasses.field(default_factory=dict)
    ended: list[Alarm] = dataclasses.field(default_factory=list)
    sent: list[tuple[int, Message]] = dataclasses.field(default_factory=list)
    ids: int = 0

    def look(
        self, *found: Finding, held: bool = False, quiet: bool = False, after: int = 0
    ) -> list[Message]:
        """A look ``after`` so many milliseconds; the messages that come of it."""
        self.now += after
        verdict = Verdict(found, lambda kiosk, kind: held)
        earlier: Mapping[str, tuple[int, ...]] = {one.key: one.changes for one in self.ended}
        moved, unknown = advance(verdict, self.alarms, earlier, self.limits, self.now)
        moved = [self._with_id(one) for one in moved]
        owing = [one for one in (*moved, *self.ended) if one.owed]
        told, messages = tell(
            owing, unknown, self.channels, self._recent(), NAMES, quiet=quiet, now_ms=self.now
        )
        known = {one.id: one for one in (*self.ended, *moved)} | {one.id: one for one in told}
        self.alarms = {one.key: one for one in known.values() if one.state != life.ENDED}
        self.ended = [one for one in known.values() if one.state == life.ENDED]
        self.sent += [(self.now, one) for one in messages]
        return messages

    def wait(self, *found: Finding, for_ms: int, every: int = MINUTE, quiet: bool = False) -> int:
        """Look again and again; how many messages were sent."""
        before, end = len(self.sent), self.now + for_ms
        while self.now < end:
            self.look(*found, after=every, quiet=quiet)
        return len(self.sent) - before

    def acknowledge(self, key: str) -> None:
        self.alarms[key] = life.acknowledge(self.alarms[key], "somebody", self.now)

    def _with_id(self, alarm: Alarm) -> Alarm:
        if alarm.id:
            return alarm
        self.ids += 1
        return msgspec.structs.replace(alarm, id=self.ids)

    def _recent(self) -> dict[str, int]:
        found: dict[str, int] = {}
        for at, one in self.sent:
            if at > self.now - HOUR:
                found[one.channel] = found.get(one.channel, 0) + 1
        return found


DOWN: Final = finding()


def test_what_lasts_less_than_a_minute_wakes_nobody() -> None:
    hub = Hub()
    hub.look(DOWN)
    hub.look(DOWN, after=59_000)
    assert hub.wait(for_ms=2 * HOUR) == 0


@pytest.mark.parametrize("already", [0, MINUTE], ids=["not yet told", "told"])
def test_a_clock_that_was_a_year_ahead_and_is_put_right_silences_no_alarm(already: int) -> None:
    hub = Hub()
    hub.now += 365 * 24 * HOUR
    hub.look(DOWN)
    hub.look(DOWN, after=already)
    hub.now = NOW
    assert hub.wait(DOWN, for_ms=17 * MINUTE) == 2 - bool(already), "the operator is told at last"
    assert hub.wait(for_ms=2 * HOUR) == 2
    assert hub.alarms == {}


def test_first_the_stops_group_is_told_and_the_operator_when_nobody_there_has_acknowledged() -> (
    None
):
    hub = Hub()
    hub.look(DOWN)
    [first] = hub.look(DOWN, after=MINUTE)
    assert first.channel == "group"
    assert hub.wait(DOWN, for_ms=14 * MINUTE) == 0
    [second] = hub.look(DOWN, after=MINUTE)
    assert second.channel == "operator"
    assert "Nobody at the stop has acknowledged" in second.text


def test_it_is_told_again_until_somebody_has_acknowledged_it() -> None:
    hub = Hub()
    hub.wait(DOWN, for_ms=20 * MINUTE)
    assert hub.wait(DOWN, for_ms=3 * HOUR) == 12  # every half hour, to both
    hub.acknowledge(DOWN.key)
    assert hub.wait(DOWN, for_ms=24 * HOUR) == 0


def test_whoever_was_told_that_it_began_is_told_that_it_is_over() -> None:
    hub = Hub()
    hub.wait(DOWN, for_ms=20 * MINUTE)
    assert hub.wait(for_ms=5 * MINUTE) == 0
    over = hub.look(after=MINUTE)
    assert sorted(one.channel for one in over) == ["group", "operator"]
    assert all("Over: " in one.text for one in over)
    assert hub.alarms == {}


def test_an_alarm_that_was_acknowledged_is_over_with_a_message_too() -> None:
    hub = Hub()
    hub.wait(DOWN, for_ms=2 * MINUTE)
    hub.acknowledge(DOWN.key)
    assert hub.wait(for_ms=7 * MINUTE) == 1


def test_an_acknowledgement_taken_back_has_it_told_again() -> None:
    hub = Hub()
    hub.wait(DOWN, for_ms=2 * MINUTE)
    hub.acknowledge(DOWN.key)
    hub.wait(DOWN, for_ms=2 * HOUR)
    hub.alarms[DOWN.key] = life.take_back(hub.alarms[DOWN.key])
    assert hub.wait(DOWN, for_ms=2 * MINUTE) == 1


def test_what_comes_and_goes_is_one_message_and_none_of_its_comings_and_goings() -> None:
    hub = Hub()
    messages: list[Message] = []
    for _ in range(30):
        messages += hub.look(DOWN, after=MINUTE)
        messages += hub.look(after=MINUTE)
    assert [one.channel for one in messages].count("group") <= 2
    assert "It comes and goes" in messages[0].text
    hub.acknowledge(DOWN.key)
    assert hub.wait(for_ms=HOUR) == len({one.channel for one in messages})  # that it is over
    assert hub.alarms == {}


def test_in_quiet_hours_only_what_is_urgent_is_told_the_rest_is_one_message_in_the_morning() -> (
    None
):
    hub = Hub()
    soon = [finding(f"hot:k{n}", SOON) for n in range(5)]
    assert hub.wait(*soon, DOWN, for_ms=14 * MINUTE, quiet=True) == 1
    hub.acknowledge(DOWN.key)
    assert hub.wait(*soon, DOWN, for_ms=8 * HOUR, quiet=True) == 0
    [digest] = hub.look(*soon, DOWN, after=MINUTE)
    assert len(digest.alarms) == 5


def test_what_was_over_before_the_morning_is_not_told_at_all() -> None:
    hub = Hub()
    hub.wait(finding("hot:k1", SOON), for_ms=HOUR, quiet=True)
    hub.wait(for_ms=HOUR, quiet=True)
    assert hub.wait(for_ms=HOUR) == 0


def test_what_nobody_can_know_neither_ends_an_alarm_nor_repeats_it() -> None:
    hub = Hub()
    hub.wait(DOWN, for_ms=2 * MINUTE)
    for _ in range(600):
        assert hub.look(held=True, after=MINUTE) == []
    assert hub.alarms[DOWN.key].state == life.FIRING
    assert hub.look(DOWN, after=MINUTE) != []


def test_thirty_kiosks_at_once_are_one_message_that_names_as_many_as_fit() -> None:
    hub = Hub()
    all_down = [finding(f"kiosk-silent:k{n}") for n in range(30)]
    hub.look(*all_down)
    [message] = hub.look(*all_down, after=MINUTE)
    assert len(message.alarms) == 30
    assert len(message.text.encode()) <= MOST_BYTES
    assert "more" in message.text


def test_a_stop_without_a_group_has_its_alarms_told_to_the_operator_at_once() -> None:
    hub = Hub(channels=(OPERATOR,))
    hub.look(DOWN)
    [message] = hub.look(DOWN, after=MINUTE)
    assert message.channel == "operator"


def test_the_hubs_own_alarms_go_to_the_operator_alone() -> None:
    hub = Hub()
    away = finding("broker-away", URGENT, "")
    hub.look(away)
    assert [one.channel for one in hub.look(away, after=MINUTE)] == ["operator"]


def test_without_any_channel_it_stays_owed_until_there_is_one() -> None:
    hub = Hub(channels=())
    hub.wait(DOWN, for_ms=HOUR)
    assert hub.sent == []
    hub.channels = (GROUP,)
    assert len(hub.look(DOWN, after=MINUTE)) == 1


def test_a_message_names_the_likely_cause_whom_to_ring_and_what_to_ask_in_both_languages() -> None:
    hub = Hub()
    hub.look(DOWN)
    [message] = hub.look(DOWN, after=MINUTE)
    for words in (
        "扫码枪不工作",
        "可能原因：",
        "请联系站点的联系人",
        "The scanner does not work",
        "Likely: ",
        "Ring the host of the stop and ask: “",
        "east站",
    ):
        assert words in message.text


def test_the_same_news_has_the_same_key_and_later_news_another() -> None:
    first, second = Hub(), Hub()
    for hub in (first, second):
        hub.wait(DOWN, for_ms=40 * MINUTE)
    keys = [one.key for _, one in first.sent]
    assert keys == [one.key for _, one in second.sent]
    assert len(set(keys)) == len(keys)


# --- for any course of events ---------------------------------------------------------------------

STEP: Final = 30_000
KEYS: Final = ("scanner-down:a", "hot:b", "kiosk-silent:c")
SEVERITY: Final = {KEYS[0]: URGENT, KEYS[1]: SOON, KEYS[2]: URGENT}

course = st.lists(
    st.tuples(
        st.sets(st.sampled_from(KEYS)), st.integers(1, 60), st.sampled_from(["", "ack", "held"])
    ),
    min_size=1,
    max_size=40,
)


@settings(max_examples=60, deadline=None)
@given(course)
def test_no_channel_ever_gets_more_than_its_messages_an_hour(
    steps: list[tuple[set[str], int, str]],
) -> None:
    hub = Hub(limits=Limits({("", "flaps"): 1000, ("", "fine_s"): 30, ("", "hold_s"): 0}))
    for now_down, ticks, what in steps:
        found = [finding(key, SEVERITY[key]) for key in sorted(now_down)]
        for _ in range(ticks):
            hub.look(*found, after=STEP)
        if what == "ack":
            for key, alarm in hub.alarms.items():
                if alarm.state == life.FIRING:
                    hub.alarms[key] = life.acknowledge(alarm, "x", hub.now)
    for channel in ("group", "operator"):
        times = [at for at, one in hub.sent if one.channel == channel]
        for first in times:
            assert sum(first <= at < first + HOUR for at in times) <= AN_HOUR


@settings(max_examples=60, deadline=None)
@given(course)
def test_what_fires_and_nobody_has_acknowledged_is_never_silent_for_ever(
    steps: list[tuple[set[str], int, str]],
) -> None:
    hub = Hub()
    for now_down, ticks, what in steps:
        found = [finding(key, SEVERITY[key]) for key in sorted(now_down)]
        for _ in range(ticks):
            hub.look(*found, held=what == "held", after=STEP)
    everything = [finding(key, SEVERITY[key]) for key in KEYS]
    hub.wait(*everything, for_ms=6 * HOUR)
    silent = {key: hub.now - (one.told_ms or 0) for key, one in hub.alarms.items()}
    assert set(silent) == set(KEYS)
    for key, ms in silent.items():
        every = 30 * MINUTE if SEVERITY[key] == URGENT else 240 * MINUTE
        assert ms <= every + HOUR, key


@settings(max_examples=60, deadline=None)
@given(course)
def test_whatever_happened_everything_is_over_once_it_has_been_fine_for_long(
    steps: list[tuple[set[str], int, str]],
) -> None:
    hub = Hub()
    for now_down, ticks, _what in steps:
        found = [finding(key, SEVERITY[key]) for key in sorted(now_down)]
        for _ in range(ticks):
            hub.look(*found, after=STEP)
    hub.wait(for_ms=3 * HOUR)
    assert hub.alarms == {}
    assert [one for one in hub.ended if one.owed] == []


@pytest.mark.parametrize("severity", rules.SEVERITIES)
def test_an_alarm_that_was_told_once_is_told_once_to_be_over(severity: str) -> None:
    hub = Hub()
    hub.wait(finding(severity=severity), for_ms=3 * MINUTE)
    assert hub.wait(for_ms=3 * HOUR) == 1
