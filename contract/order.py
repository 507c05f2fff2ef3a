"""The order of events of machines that do not know the time.

A kiosk has no battery clock. Within one boot the monotonic clock orders its events; between
boots the chain of hashes does; across kiosks only wall time can, as far as it is known.

T = the boot's offset + monotonic. A boot that never learnt the time starts at its predecessor's
last T. Then, from newest to oldest, T = min(T, successor's T): a clock that was wrong and ran
ahead cannot push old events behind new ones. Events sort by (T, kiosk, chain).

The unit is the epoch (one process start); epochs of one boot share the monotonic clock, so that a
time learnt in one of them holds for all. `timeline` is a function of the set of facts, whatever
order they became known in.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from msgspec import Struct


class EpochFacts(Struct, frozen=True):
    """What is known of one epoch; times are milliseconds.

    ``offset`` is the newest clock learnt in this epoch as (seq, wall at monotonic zero).
    ``first_wall`` is what the kiosk's own clock said at the first event, trusted or not.
    """

    epoch: str
    prev_epoch: str | None
    boot: str
    first_mono: int
    last_mono: int
    first_wall: int
    offset: tuple[int, int] | None = None


class Placement(Struct, frozen=True):
    """Where an epoch's events stand: ``T = min(offset + mono, ceiling)``, ties by ``rank``.

    ``known`` tells whether the boot ever learnt the time.
    """

    rank: int
    offset: int
    ceiling: int
    known: bool

    def at(self, mono: int) -> int:
        """T of an event of this epoch at ``mono``, in Unix milliseconds."""
        return min(self.offset + mono, self.ceiling)


class SortKey(NamedTuple):
    """The total order of events: T, kiosk, then the chain (rank, epoch, seq) and the hash."""

    t: int
    kiosk: str
    rank: int
    epoch: str
    seq: int
    hash: str


NO_CEILING = 2**62


def timeline(facts: Iterable[EpochFacts]) -> dict[str, Placement]:
    """The placement of each epoch of *one* kiosk.

    Epochs whose predecessor is not known (yet) are roots. A cycle, which honest hashes cannot
    make, is cut at its smallest epoch id so that every epoch gets a placement.
    """
    by_epoch = {fact.epoch: fact for fact in sorted(facts, key=lambda fact: fact.epoch)}
    order, parent = _chain_order(by_epoch)
    offsets = _offsets(order, by_epoch, parent)
    return _clamped(order, by_epoch, parent, offsets)


def _chain_order(
    by_epoch: Mapping[str, EpochFacts],
) -> tuple[list[str], dict[str, str | None]]:
    """Parents before children, roots and siblings by first wall time then id; and each one's
    parent."""
    parent = {
        epoch: fact.prev_epoch if fact.prev_epoch in by_epoch else None
        for epoch, fact in by_epoch.items()
    }
    _cut_rings(parent)
    children: defaultdict[str | None, list[str]] = defaultdict(list)
    for epoch, above in parent.items():
        children[above].append(epoch)

    def youngest_first(epochs: list[str]) -> list[str]:
        return sorted(epochs, key=lambda epoch: (by_epoch[epoch].first_wall, epoch), reverse=True)

    order: list[str] = []
    stack = youngest_first(children[None])
    while stack:
        epoch = stack.pop()
        order.append(epoch)
        stack.extend(youngest_first(children[epoch]))
    return order, parent


def _cut_rings(parent: dict[str, str | None]) -> None:
    """Make the smallest member of each ring a root; what hangs on a ring stays there."""
    settled: set[str] = set()
    for start in parent:
        path: dict[str, None] = {}  # in the order walked
        epoch: str | None = start
        while epoch is not None and epoch not in settled and epoch not in path:
            path[epoch] = None
            epoch = parent[epoch]
        if epoch in path:
            walked = list(path)
            parent[min(walked[walked.index(epoch) :])] = None
        settled.update(path)


def _offsets(
    order: list[str], by_epoch: Mapping[str, EpochFacts], parent: Mapping[str, str | None]
) -> dict[str, tuple[int, bool]]:
    """Each epoch's offset, and whether its boot learnt the time."""
    learnt: dict[str, int] = {}
    guessed: dict[str, int] = {}
    for epoch in order:  # the newest epoch that learnt the time speaks for its boot
        offset = by_epoch[epoch].offset
        if offset is not None:
            learnt[by_epoch[epoch].boot] = offset[1]
    result: dict[str, tuple[int, bool]] = {}
    for epoch in order:
        fact = by_epoch[epoch]
        if fact.boot in learnt:
            result[epoch] = (learnt[fact.boot], True)
            continue
        if fact.boot not in guessed:
            above = parent[epoch]
            if above is None:
                guessed[fact.boot] = fact.first_wall - fact.first_mono
            else:
                last = result[above][0] + by_epoch[above].last_mono
                guessed[fact.boot] = last - fact.first_mono
        result[epoch] = (guessed[fact.boot], False)
    return result


def _clamped(
    order: list[str],
    by_epoch: Mapping[str, EpochFacts],
    parent: Mapping[str, str | None],
    offsets: Mapping[str, tuple[int, bool]],
) -> dict[str, Placement]:
    ceilings = dict.fromkeys(order, NO_CEILING)
    for epoch in reversed(order):
        offset, _ = offsets[epoch]
        first = min(offset + by_epoch[epoch].first_mono, ceilings[epoch])
        above = parent[epoch]
        if above is not None:
            ceilings[above] = min(ceilings[above], first)
    return {
        epoch: Placement(rank, *_unpack(offsets[epoch], ceilings[epoch]))
        for rank, epoch in enumerate(order)
    }


def _unpack(offset: tuple[int, bool], ceiling: int) -> tuple[int, int, bool]:
    return offset[0], ceiling, offset[1]
