"""Setting a kiosk up by scans: what is asked, what is said, and that a power cut costs nothing."""

from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from contract.enrolling import Refusal, digits, encode, parts
from drivers.prompts import ALL_NAMES, COUNTED, LANGUAGES, SETUP_NAMES, counted
from drivers.sound_files import SHIPPED
from kiosk.setup import flow
from kiosk.setup.flow import Problem, Progress
from kiosk.setup.network import FakeNetwork
from kiosk.setup.words import ROWS
from kiosk.voice import PROMPT_OF
from tests.support.fleet_keys import KEYS
from tests.support.setup_stories import (
    ELSEWHERE,
    ENROLLED,
    HOME,
    RICE,
    WRONG,
    Bench,
    Hub,
    invitation,
)


def test_from_plugged_in_to_enrolled_takes_two_scans() -> None:
    bench = Bench().start()
    assert bench.told == ["ask-wifi"]
    assert bench.scan(HOME) == "wifi-joined"
    assert bench.invite() == "enrolled"
    assert bench.settled is not None
    assert bench.settled.enrolled == ENROLLED
    assert bench.tickets == [digits(KEYS[1].public_key, invitation().code)]
    assert bench.hub.keys == {invitation().code: KEYS[1].public_key}


def test_with_a_cable_nobody_is_asked_for_wifi() -> None:
    bench = Bench(network=FakeNetwork(cable=True)).start()
    assert bench.told == ["ask-hub"]
    assert bench.invite() == "enrolled"


def test_a_cable_plugged_in_later_is_noticed() -> None:
    bench = Bench(network=FakeNetwork()).start()
    assert bench.plug_cable() == "ask-hub"
    assert bench.scan(WRONG) == "wifi-not-found"


def test_a_cable_helps_after_a_wrong_password() -> None:
    bench = Bench().start()
    assert bench.scan(WRONG) == "wifi-password"
    assert bench.plug_cable() == "ask-hub"


def test_the_hubs_code_may_come_first() -> None:
    bench = Bench().start()
    assert bench.invite() == "no-network"
    assert bench.scan(HOME) == "enrolled"
    assert "wifi-joined" in bench.told


def test_parts_may_be_scanned_in_any_order_and_twice() -> None:
    bench = Bench(network=FakeNetwork(cable=True)).start()
    pieces = parts(invitation())
    assert len(pieces) >= 4
    for piece in (pieces[2], pieces[0], pieces[2], *pieces[3:]):
        assert bench.scan(piece) == "part"
    assert bench.parts[:3] == [(1, len(pieces)), (2, len(pieces)), (2, len(pieces))]
    assert bench.scan(pieces[1]) == "enrolled"


def test_parts_survive_a_power_cut() -> None:
    bench = Bench(network=FakeNetwork(cable=True)).start()
    *most, last = parts(invitation())
    for piece in most:
        bench.scan(piece)
    bench.start()
    assert bench.scan(last) == "enrolled"


def test_parts_of_another_invitation_begin_anew() -> None:
    bench = Bench(network=FakeNetwork(cable=True)).start()
    bench.scan(parts(invitation(1))[0])
    for piece in parts(invitation(2)):
        told = bench.scan(piece)
    assert told == "enrolled"
    assert list(bench.hub.keys) == [invitation(2).code]


@pytest.mark.parametrize(
    ("scan", "told"),
    [
        (WRONG, "wifi-password"),
        (ELSEWHERE, "wifi-not-found"),
        ("WIFI:S:Work;E:PEAP;I:me;P:secret12;;", "wifi-enterprise"),
        ("WIFI:T:WEP;S:Old;P:12345;;", "wifi-weak"),
        ("WIFI:T:WPA;S:Home", "wifi-damaged"),
        (encode(invitation())[:-5] + "X", "code-damaged"),
        (encode(invitation()).replace("YICANG:1:", "YICANG:2:"), "code-later"),
        (parts(invitation())[0][:-1] + "0", "code-damaged"),
        (RICE, "not-yet"),
        ("https://example.org/c/0123456789ABCDEF", "not-yet"),
        ("", "not-yet"),
    ],
)
def test_each_scan_that_does_not_help_is_answered_in_its_own_way(scan: str, told: str) -> None:
    bench = Bench().start()
    assert bench.scan(scan) == told
    assert bench.disk is None, "and is kept nowhere"
    assert bench.scan(HOME) == "wifi-joined", "and stands in nobody's way"


def test_a_machine_without_wifi_asks_for_a_cable() -> None:
    bench = Bench()
    bench.network.radio = False
    assert bench.start().scan(HOME) == "wifi-no-radio"


@pytest.mark.parametrize(
    ("problem", "told"),
    [
        (Refusal.UNKNOWN, "code-unknown"),
        (Refusal.EXPIRED, "code-expired"),
        (Refusal.USED, "code-used"),
        (Refusal.CANCELLED, "code-cancelled"),
        ("foreign", "hub-foreign"),
    ],
)
def test_a_code_that_is_over_is_told_forgotten_and_another_one_works(
    problem: Problem, told: str
) -> None:
    bench = Bench(network=FakeNetwork(cable=True)).start()
    bench.hub.problem = problem
    assert bench.invite(1) == told
    assert bench.disk == Progress(), "nothing of it is left"
    bench.hub.problem = None
    assert bench.invite(2) == "enrolled"


@pytest.mark.parametrize(
    ("problem", "told"),
    [
        ("unreachable", "hub-unreachable"),
        ("hub-error", "hub-error"),
        (Refusal.TOO_MANY, "hub-busy"),
        (Refusal.BAD_SIGNATURE, "hub-error"),
    ],
)
def test_what_passes_by_itself_is_tried_again_and_told_once(problem: Problem, told: str) -> None:
    bench = Bench(network=FakeNetwork(cable=True)).start()
    bench.hub.problem = problem
    assert bench.invite() == told
    said = len(bench.told)
    for _ in range(5):
        bench.wait(60_000)
    assert len(bench.told) == said, "not once more"
    bench.hub.problem = None
    assert bench.wait(60_000) == "enrolled"


def test_a_lost_answer_costs_nothing() -> None:
    bench = Bench(Hub(), FakeNetwork(cable=True)).start()
    bench.hub.lose_answers = 2
    assert bench.invite() == "hub-unreachable"
    bench.start()
    assert bench.wait(60_000) == "enrolled"
    assert bench.keys_made == 1
    assert list(bench.hub.keys.values()) == [KEYS[1].public_key]


def test_a_stranger_who_answers_in_the_hubs_place_costs_no_code() -> None:
    bench = Bench(network=FakeNetwork(cable=True)).start()
    bench.hub.lose_answers = 1
    assert bench.invite() == "hub-unreachable"
    assert bench.hub.keys, "the hub has taken code and key"
    bench.hub.problem = "foreign"  # the Wi-Fi wants somebody to sign in
    bench.wait(60_000)
    bench.start()
    assert bench.told[-1] == "hub-unreachable"
    bench.hub.problem = None
    assert bench.wait(60_000) == "enrolled"
    assert bench.keys_made == 1


def test_another_invitation_takes_the_place_of_one_that_waits() -> None:
    bench = Bench().start()
    bench.invite(1)
    bench.invite(2)
    assert bench.scan(HOME) == "enrolled"
    assert list(bench.hub.keys) == [invitation(2).code]


def test_a_card_that_brings_its_code_needs_no_scan_at_all() -> None:
    bench = Bench(network=FakeNetwork(cable=True)).start(encode(invitation()))
    assert bench.settled is not None


def test_a_card_whose_code_is_over_asks_for_another_and_goes_on_asking() -> None:
    bench = Bench(network=FakeNetwork(cable=True))
    bench.hub.known.clear()
    bench.start(encode(invitation()))
    assert bench.told[-1] == "code-unknown"


def test_everything_that_can_be_told_has_words_and_a_voice_that_exists() -> None:
    used = {row.prompt for row in ROWS.values()}
    assert used <= ALL_NAMES
    counting = {prompt for of in range(1, COUNTED + 2) for prompt in counted(1, of)}
    counting |= {f"number-{value}" for value in range(1, COUNTED + 1)}
    assert SETUP_NAMES - used - counting == {"setup-done"}, "said by kiosk.setup.first_scan"
    assert set(PROMPT_OF.values()) & SETUP_NAMES == set()
    for key, row in ROWS.items():
        for words in (row.words, row.then):
            assert words.zh, key
            assert words.en, key


def test_each_outcome_of_setting_up_sounds_like_no_other() -> None:
    """Whoever hears it only knows which of them it was."""
    said = [row.prompt for row in ROWS.values()]
    assert len(set(said)) == len(said)
    assert set(said) <= SETUP_NAMES, "none is one of every day"
    for language in LANGUAGES:
        sounds = {(SHIPPED / language / f"{prompt}.wav").read_bytes() for prompt in said}
        assert len(sounds) == len(said)


def test_how_many_bars_are_read_is_said_as_far_as_numbers_go() -> None:
    assert counted(2, 6) == ("setup-part", "number-2", "setup-of", "number-6")
    assert counted(12, 12)[-1] == "number-12"
    assert counted(2, 13) == ("setup-more",)
    told = {counted(have, of) for of in range(2, 13) for have in range(1, of)}
    assert len(told) == 66, "each state of a sequence is told apart"


def test_no_value_shows_a_secret_where_it_might_be_logged() -> None:
    bench = Bench().start()
    bench.scan(HOME)
    bench.hub.problem = "unreachable"
    bench.invite()
    shown = repr((bench.state, bench.disk, flow.Read(HOME)))
    assert KEYS[1].password not in shown
    assert invitation().code not in shown
    assert "horse" not in shown


class PowerCuts(RuleBasedStateMachine):
    """Scans, networks, troubles and power cuts in any order."""

    def __init__(self) -> None:
        super().__init__()
        self.bench = Bench()
        self.cut_after: int | None = None
        self.bench.cut = self._cut
        self.bench.start()
        self.dark = False

    def _cut(self) -> bool:
        if self.cut_after is None:
            return False
        self.cut_after -= 1
        if self.cut_after < 0:
            self.cut_after, self.dark = None, True
            return True
        return False

    def _do(self, act: Any) -> None:
        if self.bench.settled is None:
            act()
        self.cut_after = None
        while self.dark:
            self.dark = False
            self.bench.start()

    @rule(effects=st.integers(0, 6))
    def the_power_will_go(self, effects: int) -> None:
        self.cut_after = effects

    @rule(text=st.sampled_from([HOME, WRONG, ELSEWHERE, RICE, "WIFI:"]))
    def somebody_scans(self, text: str) -> None:
        self._do(lambda: self.bench.take(flow.Read(text)))

    @rule(number=st.integers(0, 3))
    def somebody_scans_an_invitation(self, number: int) -> None:
        self._do(lambda: self.bench.take(flow.Read(encode(invitation(number)))))

    @rule(number=st.integers(0, 2), part=st.integers(0, 9))
    def somebody_scans_a_part(self, number: int, part: int) -> None:
        pieces = parts(invitation(number))
        self._do(lambda: self.bench.take(flow.Read(pieces[part % len(pieces)])))

    @rule(
        problem=st.sampled_from(
            [None, None, "unreachable", "hub-error", Refusal.TOO_MANY, Refusal.EXPIRED]
        ),
        lost=st.integers(0, 2),
    )
    def the_hub_changes(self, problem: Problem | None, lost: int) -> None:
        self.bench.hub.problem = problem
        self.bench.hub.lose_answers = lost

    @rule(cable=st.booleans())
    def a_cable_comes_or_goes(self, cable: bool) -> None:
        self.bench.network.cable = cable
        self._do(lambda: self.bench.take(flow.NetworkSeen(self.bench.network.online())))

    @rule(ms=st.sampled_from([100, 5_000, 60_000]))
    def time_passes(self, ms: int) -> None:
        self.bench.now += ms
        self._do(lambda: self.bench.take(flow.Time()))

    @rule()
    def the_plug_is_pulled(self) -> None:
        if self.bench.settled is None:
            self.bench.start()

    @precondition(lambda self: self.bench.settled is None)
    @rule()
    def in_the_end_it_can_always_be_set_up(self) -> None:
        bench = self.bench
        bench.hub.problem, bench.hub.lose_answers = None, 0
        bench.network.cable = True
        self.cut_after = None
        for number in (7, 8):  # the first may be one that waits for its answer
            if bench.settled is None:
                bench.take(flow.Read(encode(invitation(number))))
                bench.now += 60_000
                bench.take(flow.Time())
        assert bench.settled is not None

    @invariant()
    def what_is_settled_is_what_the_hub_answered(self) -> None:
        settled = self.bench.settled
        if settled is None:
            return
        assert settled.enrolled == ENROLLED
        assert settled.keys is not None
        assert settled.keys.public_key in self.bench.hub.keys.values()
        assert settled.digits in self.bench.tickets


TestPowerCuts = PowerCuts.TestCase
TestPowerCuts.settings = settings(max_examples=150, stateful_step_count=25, deadline=None)
