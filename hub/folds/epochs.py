"""The epochs of one kiosk: the facts that its events give, and where that puts the events.

Facts are merged event by event with minima and maxima only, so that they are a function of the set
of events. `Timeline.settle` asks `contract.order.timeline` for the placement and tells which epochs
really stand elsewhere than before: the others' items need no refold.
"""

from collections.abc import Iterable, Mapping
from typing import Final

from msgspec import Struct

from contract.events import ZERO_HASH, ClockLearned, EpochOpened
from contract.order import NO_CEILING, EpochFacts, Placement, timeline
from hub.folds.entries import Stored
from hub.folds.findings import Finding

UNPLACED: Final = Placement(0, 0, NO_CEILING, False)


class Facts(Struct):
    """What is known of an epoch; mutable, merged by `take`.

    The opening (``boot``, ``first_wall``) is that of the event with the lowest (seq, hash).
    """

    epoch: str
    first_seq: int
    first_hash: str
    boot: str
    first_wall: int
    first_mono: int
    last_mono: int
    prev_epoch: str | None = None
    prev_hash: str | None = None
    journal: str | None = None
    offset_seq: int | None = None
    offset: int | None = None

    def as_contract(self) -> EpochFacts:
        """The same facts as the order knows them."""
        known = self.offset_seq is not None and self.offset is not None
        return EpochFacts(
            self.epoch,
            self.prev_epoch,
            self.boot,
            self.first_mono,
            self.last_mono,
            self.first_wall,
            (self.offset_seq or 0, self.offset or 0) if known else None,
        )


class Timeline:
    """The epochs of one kiosk with their placement."""

    def __init__(
        self, kiosk: str, facts: Iterable[Facts] = (), placed: Mapping[str, Placement] | None = None
    ) -> None:
        self.kiosk = kiosk
        self.facts = {fact.epoch: fact for fact in facts}
        self.placed: dict[str, Placement] = dict(placed or {})
        self.parents = {fact.prev_epoch for fact in self.facts.values() if fact.prev_epoch}
        self.dirty: set[str] = set()
        self.unsettled = False

    def take(self, event: Stored) -> None:
        """Merge one good event."""
        fact = self.facts.get(event.epoch)
        mono = event.mono
        if fact is None:
            fact = Facts(event.epoch, event.seq, event.hash, event.boot, event.wall, mono, mono)
            self.facts[event.epoch] = fact
            self._open(fact, event)
            self.unsettled = True
        elif (event.seq, event.hash) < (fact.first_seq, fact.first_hash):
            fact.first_seq, fact.first_hash = event.seq, event.hash
            fact.boot, fact.first_wall = event.boot, event.wall
            self._open(fact, event)
            self.unsettled = True
        if mono < fact.first_mono:
            fact.first_mono = mono
            self.unsettled = True
        if mono > fact.last_mono:
            fact.last_mono = mono
            if event.epoch in self.parents:  # a successor may be placed by our end
                self.unsettled = True
        body = event.body
        if isinstance(body, ClockLearned):
            learnt = (event.seq, body.offset)
            if fact.offset_seq is None or learnt > (fact.offset_seq, fact.offset or 0):
                fact.offset_seq, fact.offset = learnt
                self.unsettled = True
        self.dirty.add(event.epoch)

    def _open(self, fact: Facts, event: Stored) -> None:
        if event.seq != 1:
            return
        body = event.body
        fact.prev_hash = event.prev
        fact.prev_epoch = body.prev_epoch if isinstance(body, EpochOpened) else None
        fact.journal = body.journal if isinstance(body, EpochOpened) else None
        if fact.prev_epoch:
            self.parents.add(fact.prev_epoch)

    def settle(self) -> set[str]:
        """Place all epochs anew; the epochs of which some event's place among others changed."""
        before = self.placed
        self.placed = timeline(fact.as_contract() for fact in self.facts.values())
        self.unsettled = False
        self.dirty |= {epoch for epoch, place in self.placed.items() if before.get(epoch) != place}
        kept = [epoch for epoch in self.facts if epoch in before]
        if sorted(kept, key=lambda epoch: before[epoch].rank) != sorted(
            kept, key=lambda epoch: self.placed[epoch].rank
        ):
            return set(kept)
        return {
            epoch
            for epoch in kept
            if _differs(before[epoch], self.placed[epoch], self.facts[epoch].last_mono)
        }

    def placement(self, epoch: str) -> Placement:
        """Where the epoch's events stand."""
        return self.placed.get(epoch, UNPLACED)

    @property
    def newest(self) -> str | None:
        """The epoch that stands last in the order."""
        return max(self.facts, key=lambda epoch: (self.placement(epoch).rank, epoch), default=None)

    def findings(self, stop: str) -> list[Finding]:
        """One finding for each journal of this kiosk after its first: what an earlier one held and
        had not sent may be missing.

        A journal starts where an epoch names no predecessor, or one of another journal.
        """
        ordered = sorted(self.facts, key=lambda epoch: self.placement(epoch).rank)
        starts = [epoch for epoch in ordered if self._starts_journal(self.facts[epoch])]
        found = []
        for epoch in starts[1:]:
            before = ordered[ordered.index(epoch) - 1]
            found.append(
                Finding(
                    f"journal-lost:{self.kiosk}:{epoch}",
                    "journal-lost",
                    epoch,
                    self.kiosk,
                    stop,
                    self.placement(epoch).at(self.facts[epoch].first_mono),
                    {"epoch": epoch, "after_epoch": before},
                )
            )
        return found

    def _starts_journal(self, fact: Facts) -> bool:
        if fact.prev_hash is None:
            return False  # its opening is not here yet
        if fact.prev_hash == ZERO_HASH:
            return True
        above = self.facts.get(fact.prev_epoch or "")
        return (
            above is not None
            and None not in (above.journal, fact.journal)
            and above.journal != fact.journal
        )


def _differs(old: Placement, new: Placement, last_mono: int) -> bool:
    """Whether any event up to ``last_mono`` has another T, or another trust in it."""
    if old.offset != new.offset or old.known != new.known:
        return True
    top = old.offset + last_mono
    return min(old.ceiling, top) != min(new.ceiling, top)
