"""Whatever is scanned, in whatever order, at several lanes, through restarts and cuts of power.

A Hypothesis state machine drives the real lanes over a real journal file: text goes in as a
scanner sends it, and what is judged are the lamp, the rows on disk and the bytes of the files.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Final

import msgspec
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    invariant,
    multiple,
    rule,
)

from contract import codes, events
from contract.actions import (
    Verb,
    campaign_argument,
    expiry_argument,
    price_argument,
    quantity_argument,
)
from contract.codes import Kind, action_code
from contract.messages import Product
from contract.reference import KnownPlace
from drivers.panel_null import NullPanel
from drivers.ports import ScanRead, Signal
from kiosk.clock import LearntClock
from kiosk.journal import Journal
from kiosk.lanes import LaneDesk
from kiosk.reference import Reference, reference_data
from kiosk.screen.view import Lane
from kiosk.spool import Spool
from kiosk.state import LaneState, Phase
from kiosk.workflow import restored
from tests.support import goods_checks, mode_checks
from tests.support.journals import Home, SetClock, check_chain, entropy, issued, lines_on_disk
from tests.support.memory import in_memory

LANES: Final = ("door", "back", "screen")
PERSONS: Final = tuple(codes.token_code(Kind.PERSON, bytes([n]) * 10) for n in (1, 2))
FAMILIES: Final = tuple(codes.token_code(Kind.FAMILY, bytes([n]) * 10) for n in (3, 4))
IDENTITY_NUMBER: Final = "11010119900307457X"
PHONE: Final = "8613812345678"
CLAIM_URL: Final = f"https://hub.example/c/{codes.claim_text(bytes(range(10)))}#sig"
PLANS: Final = tuple(codes.serial_code(Kind.PLAN, "9ZZZ", n) for n in (1, 2))
PLACES: Final = (codes.PLACE_IN, codes.place_code("SHE1F1"))
STRANGERS: Final = (
    codes.serial_code(Kind.ITEM, "9ZZZ", 7),
    codes.serial_code(Kind.ITEM, "7K2M", 9),
    codes.serial_code(Kind.BOX, "7K2M", 9),
)
GOODS: Final = ("6901234567892", "036000291452", "0104006381333931172703311"[:24])
KNOWN: Final = Product("06901234567892", "F1", "大米", "Rice")
ACTIONS: Final = (
    *(action_code(verb) for verb in (Verb.FINISH, Verb.UNDO, Verb.HELP, Verb.NOT_HOME)),
    *(action_code(Verb.CATEGORY, key) for key in ("F1", "C1")),
    *(action_code(Verb.QUANTITY, quantity_argument(n)) for n in (2, 5, 24)),
)
PRICES: Final = tuple(action_code(Verb.PRICE, price_argument(jiao)) for jiao in (50, 120))
MODES: Final = (
    *(
        action_code(verb)
        for verb in (
            Verb.MARKET,
            Verb.TAKE_BACK,
            Verb.COUNT,
            Verb.NO_LABEL,
            Verb.PAUSE,
            Verb.CLOSE,
            Verb.OFFER_TIME,
            Verb.WORK,
        )
    ),
    *PRICES,
    action_code(Verb.PAY, "W"),
    action_code(Verb.SKILL, "03"),
    action_code(Verb.CAMPAIGN, campaign_argument(1)),
)
BLANKS: Final = (
    codes.serial_code(Kind.ITEM, "ZAAA", 1),
    codes.serial_code(Kind.BOX, "ZAAA", 2),
)
"""Labels printed ahead."""
TEAM: Final = codes.place_code("TEAM01")
GOODS_CARDS: Final = (
    *(
        action_code(verb)
        for verb in (
            Verb.SAME,
            Verb.WHOLE_BOX,
            Verb.PACK,
            Verb.UNPACK,
            Verb.SEAL,
            Verb.RECEIVE,
            Verb.MISSING,
            Verb.QUARANTINE,
            Verb.RELEASE,
            Verb.REPRINT,
            Verb.WHERE,
        )
    ),
    action_code(Verb.GRADE, "B"),
    action_code(Verb.EXPIRY, expiry_argument("2025-01")),
    action_code(Verb.DISPOSE, "B"),
)
KNOWN_TEAM: Final = KnownPlace(TEAM, "team", "二队", "Team 2")
SECRET: Final = (*PERSONS, *FAMILIES, IDENTITY_NUMBER, PHONE, CLAIM_URL)
SCANS: Final = st.sampled_from(
    (
        *GOODS,
        *ACTIONS,
        *ACTIONS,
        *MODES,
        *GOODS_CARDS,
        *BLANKS,
        TEAM,
        *SECRET,
        *PLANS,
        *PLACES,
        *STRANGERS,
        PERSONS[0][:-1] + "0",
        "what is this?",
    )
)


class Lamp(NullPanel):
    """A panel and a page that remember the last signal of each lane."""

    def __init__(self) -> None:
        super().__init__("lamp:")
        self.signals: dict[str, Signal] = {}
        self.shown = b""

    def show(self, lane: str, signal: Signal) -> None:
        self.signals[lane] = signal

    def publish(self, lane: Lane) -> None:
        """Whatever happened can be shown, and says nothing of people."""
        self.shown = msgspec.json.encode(lane.drawn(0))

    def publish_claim(self, lane: str, address: Callable[[], str]) -> None:
        """No page is open."""


class Kiosk(RuleBasedStateMachine):
    """One kiosk's life."""

    labels = Bundle("labels")

    def __init__(self) -> None:
        super().__init__()
        self.folder = in_memory()
        self.home = Home(Path(self.folder.name) / "kiosk-0")
        self.cuts = 0
        self.starts = 0
        self.lines: dict[tuple[str, int], bytes] = {}
        self.claims: list[str] = []
        self.start()

    def start(self) -> None:
        self.clock = self.home.clock
        self.lamp = Lamp()
        self.starts += 1
        self.random = entropy(f"start {self.starts}")
        self.journal = Journal(
            self.home.path,
            self.home.identity,
            LearntClock(self.clock),
            spool=Spool(self.home.spool),
            software="test",
            entropy=self.random,
            reference=Reference(reference_data("", {"products": [KNOWN], "places": [KNOWN_TEAM]})),
        )
        self.desk = LaneDesk(
            self.journal, LearntClock(self.clock), self.lamp, self.lamp, self.remember
        )
        self.note_new_lines()

    def remember(self, count: int) -> bytes:
        """Randomness for the lanes; the last ten of a turn's 26
        bytes are a claim, which must never reach the journal."""
        drawn = self.random(count)
        if count == 26:
            self.claims.append(codes.claim_text(drawn[16:]))
        return drawn

    def note_new_lines(self) -> list[events.Event]:
        """Every event that was not there before, in order; none may have changed."""
        fresh = []
        for epoch, stream in self.journal.streams.by_epoch.items():
            known = max((seq for e, seq in self.lines if e == epoch), default=0)
            for seq, (_, raw) in enumerate(
                self.journal.streams.read(epoch, known + 1, stream.head), start=known + 1
            ):
                self.lines[epoch, seq] = raw
                fresh.append(events.decode(raw))
        return fresh

    def all_lines(self) -> list[events.Event]:
        return [events.decode(raw) for raw in self.lines.values()]

    def states(self) -> dict[str, bytes]:
        """Each lane as it stands in the journal, byte for byte."""
        return {lane: msgspec.json.encode(state) for lane, state in self.journal.lanes().items()}

    # --- what happens -----------------------------------------------------------------------

    @rule(target=labels, lane=st.sampled_from(LANES), text=SCANS)
    def somebody_scans(self, lane: str, text: str) -> object:
        return multiple(*issued(self.scanned(lane, text)))

    @rule(lane=st.sampled_from(LANES), label=labels)
    def somebody_scans_a_label(self, lane: str, label: str) -> None:
        self.scanned(lane, label)

    @rule(target=labels, lane=st.sampled_from(LANES), category=st.sampled_from(("F1", "C1")))
    def somebody_brings_something(self, lane: str, category: str) -> object:
        self.scanned(lane, action_code(Verb.CATEGORY, category))
        return multiple(*issued(self.scanned(lane, action_code(Verb.CATEGORY, category))))

    @rule(lane=st.sampled_from(LANES), plan=st.sampled_from(PLANS), label=labels)
    def a_volunteer_takes_an_item_out(self, lane: str, plan: str, label: str) -> None:
        for text in (PERSONS[1], label, plan):
            self.scanned(lane, text)

    @rule(
        lane=st.sampled_from(LANES),
        plan=st.sampled_from(PLANS),
        how=st.sampled_from((FAMILIES[0], *ACTIONS[:4])),
    )
    def a_volunteer_comes_back(self, lane: str, plan: str, how: str) -> None:
        self.scanned(lane, plan)
        self.scanned(lane, how)

    @rule(
        lane=st.sampled_from(LANES),
        thing=st.one_of(labels, st.sampled_from(STRANGERS)),
        then=st.sampled_from((*PRICES, *PRICES, *ACTIONS[:2], *MODES)),
    )
    def somebody_sells(self, lane: str, thing: str, then: str) -> None:
        for text in (MODES[0], thing, then, PRICES[0]):
            self.scanned(lane, text)

    @rule(
        lane=st.sampled_from(LANES),
        place=st.sampled_from(PLACES),
        things=st.lists(st.one_of(labels, st.sampled_from((*STRANGERS, *ACTIONS[1:2])))),
    )
    def somebody_counts_a_shelf(self, lane: str, place: str, things: list[str]) -> None:
        for text in (MODES[2], place, *things, place):
            self.scanned(lane, text)

    @rule(
        lane=st.sampled_from(LANES),
        how=st.sampled_from((*GOODS_CARDS[2:4], GOODS_CARDS[5])),
        things=st.lists(st.one_of(labels, st.sampled_from((*STRANGERS, *BLANKS))), max_size=3),
        end=st.sampled_from((GOODS_CARDS[4], *ACTIONS[:2])),
    )
    def somebody_packs_or_receives(self, lane: str, how: str, things: list[str], end: str) -> None:
        for text in (how, *things, end):
            self.scanned(lane, text)

    @rule(lane=st.sampled_from(LANES), person=st.sampled_from(PERSONS), undone=st.booleans())
    def somebody_comes_to_work_or_goes(self, lane: str, person: str, undone: bool) -> None:
        for text in (action_code(Verb.WORK), person, *(ACTIONS[1:2] if undone else ())):
            self.scanned(lane, text)

    @rule(milliseconds=st.sampled_from((500, 5_000, 10_001, 25_000, 60_000, 130_000)))
    def time_passes(self, milliseconds: int) -> None:
        self.clock.now += milliseconds
        self.desk.tick()
        self.judge(self.note_new_lines())

    @rule(reboot=st.booleans())
    def the_kiosk_is_restarted(self, reboot: bool) -> None:
        before = self.states()
        self.journal.close()
        self.check_disk()
        self.begin_again(reboot, before)

    @rule(reboot=st.booleans())
    def the_power_is_cut(self, reboot: bool) -> None:
        before = self.states()
        self.cuts += 1
        image = self.home.copy(f"kiosk-{self.cuts}")
        self.journal.close()
        self.home = image
        self.begin_again(reboot, before)

    def begin_again(self, reboot: bool, before: dict[str, bytes]) -> None:
        if reboot:
            self.home.clock = SetClock(f"{self.starts:032x}", 5_000)
        self.start()
        assert self.states() == before
        now = self.clock.mono()
        assert self.desk.states == {
            lane: restored(state, now) for lane, state in self.journal.lanes().items()
        }

    # --- what must hold ---------------------------------------------------------------------

    def scanned(self, lane: str, text: str) -> list[events.Event]:
        """One read, and everything that must be true right after it."""
        self.clock.now += 2_000  # the same code again counts after a second and a half
        self.desk.tick()
        self.judge(self.note_new_lines())
        others = {name: state for name, state in self.states().items() if name != lane}
        memory = {name: s for name, s in self.desk.states.items() if name != lane}
        head = self.journal.streams.current.head
        self.desk.take(ScanRead(lane, text))
        fresh = self.note_new_lines()
        assert self.journal.streams.current.head == head + len(fresh)
        if self.lamp.signals[lane] is Signal.SAVED:
            assert fresh, "green, and nothing in the journal"
        assert {event.public.lane for event in fresh} <= {lane}
        assert others == {name: s for name, s in self.states().items() if name != lane}
        assert memory == {name: s for name, s in self.desk.states.items() if name != lane}
        self.judge(fresh)
        for person in (*map(events.person_hash, PERSONS), *map(events.family_hash, FAMILIES)):
            assert person.encode() not in self.lamp.shown
        return fresh

    def judge(self, fresh: list[events.Event]) -> None:
        for event in fresh:
            assert event.public.kiosk == self.home.identity.load().kiosk

    @staticmethod
    def voided(lines: list[events.Event]) -> set[str]:
        """The ids of the events that were taken back."""
        return {
            name
            for event in lines
            if isinstance(event.public.body, events.Voided)
            for name in event.public.body.events
        }

    @invariant()
    def no_item_code_is_issued_twice(self) -> None:
        codes_issued = [code for code in issued(self.all_lines()) if code not in BLANKS]
        assert len(set(codes_issued)) == len(codes_issued)

    @invariant()
    def what_a_lane_shows_is_what_came_in_less_what_was_taken_back(self) -> None:
        lines = self.all_lines()
        voided = self.voided(lines)
        for state in self.desk.states.values():
            in_session = [
                body.item if isinstance(body, events.Received) else body.box
                for event in lines
                if isinstance(body := event.public.body, events.Received | events.BoxReceived)
                and body.session == state.session
                and event.id not in voided
            ]
            assert sorted(in_session) == sorted(entry.code for entry in state.entries)
            if state.phase in (Phase.INTAKE, Phase.HANDOVER, Phase.PLAN):
                assert sum(state.groups) == len(state.entries) + len(state.picks)

    @invariant()
    def what_is_known_of_an_item_follows_from_its_unvoided_events(self) -> None:
        """Where one lane alone took something back; the hub's fold knows the rest."""
        lines = self.all_lines()
        voided = self.voided(lines)
        apart = goods_checks.set_apart(lines)
        custody: dict[str, tuple[str, str | None]] = {}
        lanes: dict[str, set[str]] = {}
        undone: set[str] = set()
        items: tuple[str, ...]
        for event in lines:
            body, stands = event.public.body, event.id not in voided
            now: tuple[str, str | None]
            match body:
                case events.Received(item=item):
                    items, now = (item,), ("here", None) if stands else ("voided", None)
                case events.Out(plan=plan, items=items):
                    now = ("out", plan)
                case events.Delivered(plan=plan, items=items):
                    now = ("delivered", plan)
                case events.Back(items=items) | events.Moved(items=items):
                    now = ("here", None)
                case events.Sold(item=str(item)):
                    items, now = (item,), ("sold", None)
                case events.SaleTakenBack(item=str(item)):
                    items, now = (item,), ("here", None)
                case events.FoundUnlabelled(item=item):
                    items, now = (item,), ("here", None) if stands else ("voided", None)
                case events.Counted(item=item):
                    items, now = (item,) if item in custody else (), ("here", None)
                case _:
                    continue
            for code in items:
                lanes.setdefault(code, set()).add(event.public.lane)
            if not stands:
                undone.update(items)
            if stands or now[0] == "voided":
                custody |= dict.fromkeys(items, now)
        for code, expected in custody.items():
            if code not in apart and (code not in undone or len(lanes[code]) == 1):
                facts = self.journal.knowledge.item_facts(code)
                assert (facts.status, facts.plan) == expected

    @invariant()
    def goods_are_where_their_events_say(self) -> None:
        """What one lane alone had to do with, boxes and what is in them included."""
        lines = self.all_lines()
        custody, sold = goods_checks.Custody(lines), goods_checks.sold_or_counted(lines)
        for code in custody.things:
            if custody.alone(code) and sold.isdisjoint(custody.chain(code)):
                facts, thing = self.journal.knowledge.item_facts(code), custody.where(code)
                assert (facts.status, facts.plan, facts.box) == (
                    thing.shown,
                    thing.plan,
                    thing.box,
                )

    @invariant()
    def market_stocktake_and_gifts_are_what_their_events_come_to(self) -> None:
        stands = mode_checks.standing(self.all_lines())
        mode_checks.check_closed_markets(stands)
        for state in self.desk.states.values():
            mode_checks.check_market(state, stands)
            mode_checks.check_shelf(state, stands)
            mode_checks.check_given(state, stands)
        works = self.journal.knowledge.works(LearntClock(self.clock))
        mode_checks.check_works({person: work.ref for person, work in works}, stands)

    @invariant()
    def the_journal_agrees_with_the_lanes(self) -> None:
        stored = self.journal.lanes()
        for lane, state in self.desk.states.items():
            if lane in stored and stored[lane].phase == state.phase:
                assert stored[lane].entries == state.entries
                assert stored[lane].session == state.session

    def check_disk(self) -> None:
        """The closed file by another connection: the chain holds, and no secret is in it."""
        lines = lines_on_disk(self.home.path)
        check_chain(lines)
        assert {(e.public.epoch, e.public.seq): e.raw for _, e in lines} == self.lines

    def check_secrets(self) -> None:
        written = self.home.bytes_of_database()
        written += (self.home.directory / "identity.json").read_bytes()
        for secret in (*SECRET, *self.claims):
            assert secret.encode() not in written
            assert secret[:-2].encode() not in written
        for person in (*map(events.person_hash, PERSONS), *map(events.family_hash, FAMILIES)):
            for event in self.all_lines():
                assert person.encode() not in msgspec.json.encode(event.public)

    def teardown(self) -> None:
        self.check_secrets()  # with the write-ahead log beside it
        self.journal.close()
        self.check_secrets()
        self.check_disk()
        self.folder.cleanup()


TestKiosk = Kiosk.TestCase
TestKiosk.settings = settings(max_examples=25, stateful_step_count=40, deadline=None)


def test_a_lane_that_nobody_used_has_nothing_in_it() -> None:
    assert restored(LaneState(), 7) == LaneState(touched=7)
