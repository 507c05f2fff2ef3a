"""Lanes: a scan comes in, a turn of the workflow is committed, a signal goes out. In that order.

`LaneDesk` is called by the loop's thread only. It gathers the facts that the pure workflow asks
for, has the journal commit the outcome, and lets light and page say what happened: what a person
is told follows from whether `Journal.commit` returned.
"""

import logging
from collections.abc import Callable
from datetime import timedelta, timezone, tzinfo
from functools import partial
from typing import Final, Protocol

from msgspec import structs

from contract.actions import Verb
from drivers.calibration import diagnose
from drivers.ports import Alarm, Panel, Role, ScanRead, ScanUnreadable, Signal, Speaker, Words
from drivers.speaker_null import NullSpeaker
from kiosk.clock import LearntClock
from kiosk.damage import is_damage
from kiosk.day_figures import DayFigures
from kiosk.facts import gather, known_label
from kiosk.inputs import (
    ActionCard,
    Again,
    BoxLabel,
    Foreign,
    InputKind,
    ItemLabel,
    PlaceSheet,
    Scan,
    TakeOut,
    Timeout,
    Unsure,
)
from kiosk.interpreter import interpret
from kiosk.journal import Journal
from kiosk.lights import mode_of
from kiosk.questions import Questions
from kiosk.screen.moment import Moment
from kiosk.screen.view import Lane
from kiosk.state import LabelJob, LaneState, Message, Outcome, Phase, ReceiptJob
from kiosk.store import JournalError
from kiosk.texts import render
from kiosk.voice import CALL_PROMPT, PAPER_PROMPT, PROMPT_OF
from kiosk.workflow import Facts, restored, step
from kiosk.workflow.asked import took_in
from kiosk.workflow.count import ELSEWHERE

log = logging.getLogger(__name__)

REARM_MS: Final = 1_500
"""The same code counts again this long after its last read: a sack in the beam is one sack."""

SETTLE_AT: Final = 64
"""Turns that may wait to be settled when there is neither a free printer nor an idle moment."""


CHINA: Final = timezone(timedelta(hours=8), "Asia/Shanghai")
"""The time zone of a stop that names none: China has one, and no summer time."""


ClaimAddress = Callable[[str, str, ReceiptJob], str]
"""The private address of a claim (its plaintext), the journal's head as its receipt shows it, and
that receipt. May be called from any thread."""


_ROLLS: Final[dict[InputKind, Role]] = {
    InputKind.NEW_ROLL: "label",
    InputKind.NEW_RECEIPT_ROLL: "receipt",
}


_STICK: Final = {
    "writing": Signal.IDLE,
    "done": Signal.SAVED,
    "nothing": Signal.ATTENTION,
}
_COUNTS: Final = (Phase.REST, Phase.CARDED, Phase.COUNTING, Phase.SHELF)
_SERVED: Final = frozenset({Phase.INTAKE, Phase.ASKING, Phase.BINDING, Phase.REPRINTING})


class LaneScreen(Protocol):
    """Where lanes are shown; the page's `ScreenView` is one."""

    def publish(self, lane: Lane) -> None:
        """Replaces what is known of this lane."""

    def publish_claim(self, lane: str, address: Callable[[], str]) -> None:
        """Shows the code of a donor's private address for a while."""


class NoScreen:
    """A kiosk without a page."""

    def publish(self, lane: Lane) -> None:
        """Nobody looks."""

    def publish_claim(self, lane: str, address: Callable[[], str]) -> None:
        """Nobody looks."""


class _Memory:
    """What a lane remembers outside the journal: the last read and how often it beeped."""

    def __init__(self) -> None:
        self.last_digest = 0
        self.last_read = 0
        self.beeps = 0


class LaneDesk:
    """Every lane of this kiosk. ``entropy`` gives so many random bytes."""

    def __init__(
        self,
        journal: Journal,
        clock: LearntClock,
        panel: Panel,
        screen: LaneScreen,
        entropy: Callable[[int], bytes],
        speaker: Speaker | None = None,
        zone: tzinfo = CHINA,
        claim_address: ClaimAddress | None = None,
        figures: DayFigures | None = None,
    ) -> None:
        self._journal: Final = journal
        self._clock: Final = clock
        self._panel: Final = panel
        self._screen: Final = screen
        self._entropy: Final = entropy
        self._speaker: Final = speaker if speaker is not None else NullSpeaker()
        self._zone: Final = zone
        self._claim_address: Final = claim_address
        self._figures: Final = figures
        self._alarms: Final[set[Alarm]] = set()
        self._failed = False
        self.damaged = False
        """Set once the journal is found damaged: it takes a new start to go on."""
        self._memories: Final[dict[str, _Memory]] = {}
        self.refusing = False
        """Set while the disk is nearly full: every scan is refused before it could fail."""
        self.scan_back = False
        """Set while no printer says whether it printed: a label counts once it was scanned."""
        self.labels_wait = False
        """Set while the printer of labels needs somebody: what is saved gets its label later."""
        self.new_rolls: Final[list[Role]] = []
        """Of which printers' paper somebody said that it is new, for the loop to take."""
        self._questions: Final = Questions(journal.queue.in_doubt())
        self._opened: Final[list[str]] = []
        now, settings = clock.mono(), journal.knowledge.settings()
        self.states: Final[dict[str, LaneState]] = {
            lane: restored(state, now, settings) for lane, state in journal.lanes().items()
        }

    def open(self, lane: str) -> None:
        """A lane exists, with the state it had before a restart. An open one stays as it is."""
        if lane in self._opened:
            return
        self._opened.append(lane)
        state = self.states.setdefault(lane, LaneState())
        message = Message("rest")
        if state.phase is not Phase.REST:
            message = Message("resumed")
        self._show(lane, Signal.IDLE, message)
        self._ask(lane)

    def ask(self, lane: str, item: str) -> None:
        """Nobody knows whether this item's label came out: whoever is at the lane is asked."""
        self._questions.ask(lane, item)
        self.ask_due()

    def take(self, read: ScanRead | ScanUnreadable) -> None:
        """One read of a scanner, from interpretation to the signal."""
        if isinstance(read, ScanUnreadable):
            self._turn(read.lane, Foreign(read.length, "noise"))
            return
        if not read.pressed and self._repeated(read):
            return
        diagnosis = diagnose(read.text, read.ended_by, by_numbers=read.by_numbers)
        if diagnosis is not None:
            signal = Signal.ATTENTION if diagnosis.faults else Signal.IDLE
            self._show(read.lane, signal, Message("calibration"), diagnosis.words)
            return
        self._turn(read.lane, interpret(read.text, read.symbology))

    def call_out(self, signal: Signal, message: str, *, speak: bool) -> None:
        """Every lane's lights and buzzer say it, and the page of those where nobody is; nothing
        changes by it."""
        for lane in self._opened:
            if self.states[lane].phase is Phase.REST:
                self._show(lane, Signal.ATTENTION, Message(message))
            self._panel.show(lane, signal)
        if speak:
            self._speaker.say(CALL_PROMPT)

    def stick(self, what: str, events: int) -> None:
        """Says what became of a stick wherever nobody is being served: green stands for what is on
        it for good. Where somebody is everywhere, a light asks to look at the page later."""
        signal = _STICK.get(what, Signal.REFUSED)
        free = [lane for lane in self._opened if self.states[lane].phase is Phase.REST]
        for lane in free:
            self._show(lane, signal, Message(f"stick-{what}", {"count": events}))
        if not free:
            for lane in self._opened:
                self._panel.show(lane, Signal.ATTENTION)

    def open_shelf(self, place: str, lane: str | None) -> str:
        """Has a lane (None: the first that can) count this shelf, whoever is at it: the hub asked
        for it. Why not, as a machine word; "" when the shelf is open."""
        fits = [one for one in self._opened if self.states[one].phase in _COUNTS]
        if lane is not None and lane not in self._opened:
            return "no-lane"
        chosen = lane if lane is not None else next(iter(fits), None)
        if chosen is None or chosen not in fits:
            return "serving"
        named = self._journal.knowledge.place(place)
        if named is not None and named.kind in ELSEWHERE:
            return "not-a-shelf"
        if self.states[chosen].phase in (Phase.REST, Phase.CARDED):
            self._turn(chosen, ActionCard(Verb.COUNT), ordered=True)
        if not self._counts(chosen, place):
            self._turn(chosen, PlaceSheet(place), ordered=True)
        return "" if self._counts(chosen, place) else "not-saved"

    def _counts(self, lane: str, place: str) -> bool:
        count = self.states[lane].count
        return count is not None and count.shelf is not None and count.shelf.place == place

    @property
    def serving(self) -> bool:
        """Whether somebody at a lane is waiting for labels, or may be about to."""
        return any(state.phase in _SERVED for state in self.states.values())

    def alarm(self, alarm: Alarm, on: bool) -> None:
        """Lets every lane's light tell of it while it holds."""
        if on == (alarm in self._alarms):
            return
        self._alarms.symmetric_difference_update({alarm})
        self._panel.alarm(alarm, on)
        if on and alarm is Alarm.PAPER:
            self._speaker.say(PAPER_PROMPT)

    def tick(self) -> None:
        """Lets every lane whose deadline has passed know it."""
        self.alarm(Alarm.UNSAVED, self.refusing or self._failed)
        now = self._clock.mono()
        for lane, state in list(self.states.items()):
            if state.deadline is not None and now >= state.deadline:
                self._turn(lane, Timeout())
        self.ask_due()

    def ask_due(self) -> None:
        """Lets every lane say the question that is due there."""
        if self._questions and not self.refusing:
            for lane in self._opened:
                self._ask(lane)

    def _ask(self, lane: str) -> None:
        also = self._questions.lanes.difference(self._opened) if lane == self._opened[0] else ()
        phase = self.states[lane].phase
        item = self._questions.due(lane, phase, self._clock.mono(), also=also)
        if item is not None:
            self._turn(lane, Unsure(item))

    @property
    def unsaved(self) -> bool:
        """Nothing can be saved now."""
        return Alarm.UNSAVED in self._alarms

    def saves_again(self) -> None:
        """The disk takes what it refused: nobody need scan to find that out."""
        self._failed = False

    def next_deadline(self) -> int | None:
        """The nearest deadline of any lane, in monotonic milliseconds."""
        deadlines = [s.deadline for s in self.states.values() if s.deadline is not None]
        if (due := self._questions.next_due(self._opened)) is not None:
            deadlines.append(due)
        return min(deadlines, default=None)

    def _repeated(self, read: ScanRead) -> bool:
        """Whether this is the code that still lies in the beam. Only a digest is remembered, and
        one with this process's own random key."""
        memory = self._memory(read.lane)
        now = self._clock.mono()
        digest = hash(read.text)
        again = digest == memory.last_digest and now - memory.last_read < REARM_MS
        memory.last_digest, memory.last_read = digest, now
        return again

    def _memory(self, lane: str) -> _Memory:
        memory = self._memories.get(lane)
        if memory is None:
            memory = self._memories[lane] = _Memory()
        return memory

    def _turn(self, lane: str, scan: Scan, *, ordered: bool = False) -> None:
        """``ordered``: the hub asked for it, so nobody's card need allow it."""
        state = self.states.get(lane) or LaneState()
        if self.refusing and not isinstance(scan, Timeout):
            self._show(lane, Signal.REFUSED, Message("not-saved"))
            return
        try:
            scan = self._questions.as_answer(lane, state.phase, known_label(scan, self._journal))
            facts = gather(
                state,
                scan,
                self._journal,
                self._clock,
                self._entropy,
                scan_back=self.scan_back,
                zone=self._zone,
            )
            if ordered:
                facts = structs.replace(facts, capabilities=None)
            if self._questions:
                facts = self._facts_in_doubt(scan, facts)
            outcome = step(state, self._journal.allocator, scan, facts)
            if outcome.drafts or outcome.jobs or outcome.state != state:
                self._journal.commit(lane, outcome)
                self._failed = False
        except JournalError as error:
            self._failed = True
            self.damaged = self.damaged or is_damage(error)
            log.error("%s", error.words.en)  # the words are about the disk, not about the scan
            if isinstance(scan, Timeout):
                # Later again: a deadline that could not be saved must not spin.
                self.states[lane] = structs.replace(state, deadline=self._clock.mono() + 5_000)
            self._questions.heard(lane, self._clock.mono())
            self._show(lane, Signal.REFUSED, Message("not-saved"))
            return
        self.states[lane] = outcome.state
        self._questions.settle(outcome)
        if isinstance(scan, Unsure):
            self._questions.said(lane, scan.code)
        else:
            self._questions.heard(lane, facts.now)
        self._show(lane, *self._told(outcome))
        if scan.kind in _ROLLS:
            self.new_rolls.append(_ROLLS[scan.kind])
        self._show_claim(lane, outcome)
        if self._figures is not None:
            self._figures.appended(facts.next, outcome.drafts)
        self._journal.foresee()
        self._journal.settle(SETTLE_AT)

    def _facts_in_doubt(self, scan: Scan, facts: Facts) -> Facts:
        """What an answer, or a label of which nobody knew whether it came out, asks for besides."""
        if isinstance(scan, Unsure | Again | TakeOut):
            known = self._journal.knowledge.item_facts(scan.code)
            about = self._journal.about(scan.code) if isinstance(scan, TakeOut) else ()
            return structs.replace(facts, item=known, took_in=took_in(scan.code, about))
        if isinstance(scan, ItemLabel | BoxLabel):
            return structs.replace(facts, unsure=scan.code in self._questions)
        return facts

    def _told(self, outcome: Outcome) -> tuple[Signal, Message, Words | None]:
        """What is said of a turn. Where a label is to come and cannot now, that too: it is saved,
        and somebody should look at the printer."""
        signal, message = _honest(outcome), outcome.message
        if not self.labels_wait or signal is not Signal.SAVED:
            return signal, message, None
        if not any(isinstance(job, LabelJob) for job in outcome.jobs):
            return signal, message, None
        words, later = render(message), render(Message("label-later"))
        said = Words(f"{words.zh}。{later.zh}", f"{words.en}. {later.en}")
        return Signal.ATTENTION, message, said

    def _show(self, lane: str, signal: Signal, message: Message, said: Words | None = None) -> None:
        """Lets light, voice and page tell it; ``said`` instead of the message's own words."""
        self._panel.show(lane, signal)
        if (prompt := PROMPT_OF.get(message.key)) is not None:
            self._speaker.say(prompt)
        memory = self._memory(lane)
        if signal is not Signal.IDLE:
            memory.beeps += 1
        state = self.states.get(lane, LaneState())
        self._panel.mode(lane, mode_of(state.phase))
        knowledge = self._journal.knowledge
        self._screen.publish(
            Moment(
                lane,
                state,
                signal.value,
                message,
                memory.beeps,
                self._clock.mono(),
                self._journal.allocator,
                knowledge.settings(),
                said,
                knowledge.reference.open_campaigns(),
                knowledge.capabilities(state.person or ""),
            )
        )

    def _show_claim(self, lane: str, outcome: Outcome) -> None:
        """A donor who is still there may read the code off the screen. Not when somebody else has
        begun already."""
        claim, address = outcome.claim, self._claim_address
        receipt = next((job for job in outcome.jobs if isinstance(job, ReceiptJob)), None)
        if claim is None or address is None or receipt is None:
            return
        if outcome.state.phase is Phase.REST:
            self._screen.publish_claim(
                lane, partial(address, claim, self._journal.head_id, receipt)
            )


def _honest(outcome: Outcome) -> Signal:
    """Green stands for appended events; a turn that appended none cannot be green."""
    if outcome.signal is Signal.SAVED and not outcome.drafts:
        raise AssertionError("the workflow signalled saved without an event")
    return outcome.signal
