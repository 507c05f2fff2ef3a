"""Whatever is scanned in whatever order, at two lanes: goods are where their events say.

A Hypothesis state machine over the pure workflow: thousands of turns a second, where
`test_workflow_machine` has a journal on a disk under it.
"""

from collections import Counter
from typing import Final

import msgspec
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from contract.events import BoxReceived, Received, Voided
from drivers.ports import Signal
from kiosk.inputs import BoxLabel, ItemLabel, Scan
from kiosk.state import LabelJob, LaneState, Outcome, Phase
from kiosk.texts import MESSAGES, render
from kiosk.workflow import restored
from tests.support.goods_checks import Custody
from tests.support.lanes import (
    ANN,
    BLANK,
    BLANK_BOX,
    BOB,
    CLOTHES,
    FAMILY,
    FINISH,
    MYSTERY,
    NOT_HOME,
    OTHER_PLAN,
    OTHER_STOP,
    PLAN,
    RICE,
    SHELF,
    STRANGER,
    TEAM,
    UNDO,
    World,
    times,
)
from tests.support.stories_boxes import CRATE, PACK, REPRINT, SEAL, UNPACK, WHERE
from tests.support.stories_intake import (
    GOOD,
    IS_PAST,
    OTHER_BLANK,
    QUARANTINE,
    RELEASE,
    SAME,
    WHOLE_BOX,
)
from tests.support.stories_transfers import BROKEN, MISSING, RECEIVE

LANES: Final = st.sampled_from(("door", "door", "door", "back"))
INTAKE: Final[tuple[Scan, ...]] = (
    RICE, MYSTERY, CLOTHES, times(2), times(5), SAME, WHOLE_BOX, BLANK, OTHER_BLANK, BLANK_BOX,
    GOOD, IS_PAST, QUARANTINE, RELEASE, REPRINT,
)  # fmt: skip
CUSTODY: Final[tuple[Scan, ...]] = (
    PLAN, OTHER_PLAN, FAMILY, NOT_HOME, MISSING, SHELF, TEAM, OTHER_STOP, BROKEN, PACK, UNPACK,
    SEAL, RECEIVE, WHERE, QUARANTINE, RELEASE,
)  # fmt: skip
CARDS: Final[tuple[Scan, ...]] = (ANN, ANN, BOB, FINISH, FINISH, UNDO, UNDO, UNDO)
LABELS: Final[tuple[Scan, ...]] = (STRANGER, CRATE, BLANK, BLANK_BOX)


class Stop(RuleBasedStateMachine):
    """One kiosk's goods."""

    def __init__(self) -> None:
        super().__init__()
        self.world = World()
        self.prints: Counter[str] = Counter()

    @rule(lane=LANES, scan=st.sampled_from((*INTAKE, *CARDS)))
    def somebody_brings_something(self, lane: str, scan: Scan) -> None:
        self.scan(lane, scan)

    @rule(lane=LANES, scan=st.sampled_from((*CUSTODY, *CARDS, *LABELS)))
    def somebody_scans(self, lane: str, scan: Scan) -> None:
        self.scan(lane, scan)

    @rule(lane=LANES, n=st.integers(0, 40))
    def somebody_scans_a_label(self, lane: str, n: int) -> None:
        self.scan(lane, self.label(n))

    @rule(lane=LANES, ns=st.lists(st.integers(0, 40), max_size=3), to=st.sampled_from(CUSTODY))
    def a_volunteer_hands_over(self, lane: str, ns: list[int], to: Scan) -> None:
        for scan in (ANN, *(self.label(n) for n in ns), to):
            self.scan(lane, scan)

    @rule(
        lane=LANES,
        how=st.sampled_from((PACK, UNPACK, RECEIVE)),
        ns=st.lists(st.integers(0, 40), max_size=4),
        end=st.sampled_from((SEAL, FINISH, UNDO)),
    )
    def a_volunteer_works_in_a_mode(self, lane: str, how: Scan, ns: list[int], end: Scan) -> None:
        for scan in (how, *(self.label(n) for n in ns), end):
            self.scan(lane, scan)

    @rule(lane=LANES, milliseconds=st.sampled_from((5_000, 15_000, 30_000, 130_000)))
    def time_passes(self, lane: str, milliseconds: int) -> None:
        for outcome in self.world.wait(milliseconds, lane):
            self.judge(outcome)

    @rule()
    def the_kiosk_is_restarted(self) -> None:
        for lane, state in self.world.lanes.items():
            again = msgspec.json.decode(msgspec.json.encode(state), type=LaneState)
            assert again == state
            self.world.lanes[lane] = restored(again, self.world.now)

    def label(self, n: int) -> Scan:
        """The label of something that came in or was packed here, or of something else."""
        items: list[Scan] = [ItemLabel(code) for code in dict.fromkeys(self.world.issued())]
        boxes: list[Scan] = [BoxLabel(code) for code in self.world.boxes()]
        every = [*items, *boxes, *LABELS]
        return every[n % len(every)]

    def scan(self, lane: str, scan: Scan) -> None:
        self.world.now += 1_000
        self.judge(self.world.scan(scan, lane))

    def judge(self, outcome: Outcome) -> None:
        assert outcome.signal is not Signal.SAVED or outcome.drafts
        assert outcome.message.key in MESSAGES, outcome.message.key
        words = render(outcome.message)
        assert "{" not in words.zh + words.en
        self.prints.update(
            job.item for job in outcome.jobs if isinstance(job, LabelJob) and not job.copy
        )

    @invariant()
    def no_code_is_given_twice_and_none_has_two_labels_without_the_word_copy(self) -> None:
        own = [
            body.item
            for body in self.world.bodies()
            if isinstance(body, Received) and not body.ready_made
        ]
        assert len(own) == len(set(own))
        assert {code: count for code, count in self.prints.items() if count > 1} == {}
        assert set(own) <= set(self.prints)

    @invariant()
    def what_a_lane_shows_is_what_came_in_less_what_was_taken_back(self) -> None:
        voided = {name for b in self.world.bodies() if isinstance(b, Voided) for name in b.events}
        for state in self.world.lanes.values():
            came = []
            for event in self.world.events:
                body = event.public.body
                if event.id in voided or not isinstance(body, Received | BoxReceived):
                    continue
                if body.session == state.session:
                    came.append(body.item if isinstance(body, Received) else body.box)
            assert Counter(came) == Counter(entry.code for entry in state.entries)
            if state.phase in (Phase.INTAKE, Phase.HANDOVER, Phase.PLAN):
                assert sum(state.groups) == len(state.entries) + len(state.picks)

    @invariant()
    def goods_are_where_their_events_say(self) -> None:
        custody = Custody(self.world.events)
        for code in custody.things:
            if custody.alone(code):
                facts, thing = self.world.item(code), custody.where(code)
                assert (facts.status, facts.plan, facts.box) == (
                    thing.shown,
                    thing.plan,
                    thing.box,
                ), code


TestStop = Stop.TestCase
TestStop.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
