"""What a kiosk knows of its goods: a function of the events that nobody took back.

Rules
-----
* **Every event is told once, when it is appended** (`Telling.take`). No turn says by itself what
  becomes of an item, and none brings back what it remembers of it: at another lane something else
  may have happened since, or may have been taken back.
* **What is taken back is told anew** (`told_anew`): all that is kept of the items concerned, in
  order, as if what was voided had never been. That is what the hub does with the same events
  (`hub.folds.item`), so that both say the same of every item.
* What is in a box is where its box is. What is handled by itself came out of it, but for what goes
  along with its box, and what is counted where its box stands.
* Waiting to be checked is apart from where something is: what is found again still waits.
* Of a voided intake nothing is left, unless something else happened to the item: then it exists.

Pure.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Final, Protocol, TypeAlias

from msgspec import structs

from contract.codes import PLACE_IN, Kind, parse
from contract.events import (
    Arrived,
    Back,
    Body,
    BoxReceived,
    Counted,
    Delivered,
    Disposed,
    Event,
    FoundUnlabelled,
    Missing,
    Moved,
    Out,
    Packed,
    Quarantined,
    Received,
    Released,
    SaleTakenBack,
    Sealed,
    Sent,
    Sold,
    Unpacked,
    Voided,
)
from kiosk.state import ItemFacts, through_boxes, waiting, waits

HERE: Final = frozenset({"here", "quarantined"})
_NOTHING: Final = frozenset({"unknown", "foreign", "voided"})
"""Statuses of what does not exist as far as this kiosk knows."""
UNHEARD: Final = ItemFacts("unknown")
"""What is known of a code of this journal's own of which no event tells."""

Own: TypeAlias = Callable[[str], ItemFacts]
"""What is known of a label by itself."""


class History(Protocol):
    """The events that are kept, as far as they are about goods."""

    @property
    def whole(self) -> bool:
        """Whether nothing was dropped for its age."""

    def unheard(self, code: str) -> ItemFacts:
        """What is known of a label of which no event tells."""

    def about(self, texts: Collection[str]) -> Sequence[tuple[int, Event]]:
        """Every event in which one of these codes or event ids stands, and where it stands."""


def born(body: Body) -> str | None:
    """The label under which something came in."""
    match body:
        case Received(item=code) | FoundUnlabelled(item=code) | BoxReceived(box=code):
            return code
    return None


class Telling:
    """Events told one after the other; ``own`` is what was known before, ``told`` what changed."""

    def __init__(self, own: Own) -> None:
        self._before: Final = own
        self._made: Final[set[str]] = set()
        self.told: Final[dict[str, ItemFacts]] = {}

    def own(self, code: str) -> ItemFacts:
        """What is known of this label by itself."""
        known = self.told.get(code)
        if known is not None:
            return known
        return UNHEARD if code in self._made else self._before(code)

    def made(self, codes: Iterable[str]) -> None:
        """These codes are new. So nothing can be known of them, and a donor need not wait until
        that was looked up."""
        self._made.update(codes)

    def facts(self, code: str) -> ItemFacts:
        """What is known of it through its boxes."""
        return through_boxes(code, self.own)

    def take(self, body: Body, out_for: Callable[[str], Iterable[str]] = lambda _: ()) -> None:
        """The next event; ``out_for`` tells what is out for a plan, for an answer that names no
        items."""
        match body:
            case Received() | BoxReceived() | FoundUnlabelled():
                self._born(body)
            case Quarantined(items=items) | Released(items=items):
                aside = isinstance(body, Quarantined)
                for code in items:
                    own = self.own(code)
                    if own.status in _NOTHING:
                        own = structs.replace(own, status="here")  # somebody has it in hand
                    self.told[code] = waiting(own, aside)
            case Sealed(box=box):
                self.told[box] = structs.replace(self.own(box), sealed=True)
            case Packed():
                self._packed(body)
            case Unpacked(box=box, items=items):
                for code in items:
                    self._goes(code, (), "here", place=self.facts(code).place)
                if self.own(box).sealed:
                    self.told[box] = structs.replace(self.own(box), sealed=False)
            case Moved(items=items, place=place) | Arrived(items=items, place=place):
                self._all_go(items, "here", place=place)
            case Counted(item=code, place=place):
                self._counted(code, place)
            case Out(items=items, plan=plan):
                self._all_go(items, "out", plan=plan)
            case Delivered(items=items, plan=plan):
                self._all_go(items or tuple(out_for(plan)), "delivered", plan=plan)
            case Back(items=items, plan=plan):
                self._all_go(items or tuple(out_for(plan)), "here")
            case Missing(items=items, plan=lost):
                self._all_go(items, "missing", plan=lost)
            case Sent(items=items, to=to):
                self._all_go(items, "sent", place=to)
            case Disposed(items=items):
                self._all_go(items, "disposed")
            case Sold(item=str(code)) | SaleTakenBack(item=str(code)):
                there = None if code.startswith(Kind.BOX) else self.facts(code).place
                self._goes(code, (), "sold" if isinstance(body, Sold) else "here", place=there)

    def _born(self, body: Received | BoxReceived | FoundUnlabelled) -> None:
        code = body.box if isinstance(body, BoxReceived) else body.item
        own = self.own(code)
        if own.status in _NOTHING:
            fresh = ItemFacts("here", place=body.place, category=body.category)
            self.told[code] = waiting(fresh, waits(own))
        else:
            self.told[code] = structs.replace(own, category=body.category)

    def _packed(self, body: Packed) -> None:
        box = body.box
        holder = self.facts(box)
        if holder.status not in HERE or holder.place is None:
            # Somebody packs it here, wherever it was thought to be.
            fresh = structs.replace(
                self.own(box), status="here", plan=None, place=PLACE_IN, box=None
            )
            self.told[box] = waiting(structs.replace(fresh, aside=False), waits(holder))
        for code in body.items:
            round_about = code == box or code in self._around(box)
            self._goes(code, (), "here", place=self.facts(code).place)
            if not round_about:
                self.told[code] = structs.replace(self.told[code], box=box)

    def _around(self, code: str) -> set[str]:
        """The boxes that this one is in."""
        found: set[str] = set()
        while (box := self.own(code).box) is not None and box not in found:
            found.add(box)
            code = box
        return found

    def _counted(self, code: str, place: str) -> None:
        own = self.own(code)
        if own.status in ("unknown", "foreign"):
            return  # perhaps a label printed ahead that is on nothing yet
        along = (own.box,) if own.box is not None and stands_at(self.facts(own.box), place) else ()
        self._goes(code, along, "here", place=place)

    def _all_go(
        self,
        codes: Sequence[str],
        status: str,
        *,
        plan: str | None = None,
        place: str | None = None,
    ) -> None:
        for code in codes:
            self._goes(code, codes, status, plan=plan, place=place)

    def _goes(
        self,
        code: str,
        along: Collection[str],
        status: str,
        *,
        plan: str | None = None,
        place: str | None = None,
    ) -> None:
        """It is so from now on, and out of its box, unless the box goes along."""
        own = self.own(code)
        with_box = own.box is not None and own.box in along
        aside = waits(own if with_box else self.facts(code))
        box = own.box if with_box else None
        after = structs.replace(own, status=status, plan=plan, place=place, box=box, aside=False)
        self.told[code] = waiting(after, aside)


def stands_at(box: ItemFacts, place: str) -> bool:
    """Whether this box is known to stand at this place."""
    return box.status in HERE and box.place == place


def told_anew(
    codes: Collection[str],
    voided: Collection[str],
    history: History,
    since: Sequence[Body],
    before: Mapping[str, ItemFacts],
) -> dict[str, ItemFacts]:
    """What is known of these labels, and of what is or was in them, without the ``voided`` events.

    ``since`` are the events of this turn that stand before the void. Where a label's intake is no
    longer kept, ``before`` is what was known of it when the first of the voided events happened.
    """
    kept, concerned = _closure(codes, history)
    gone = set(voided)
    for _, event in kept:
        if isinstance(event.public.body, Voided):
            gone.update(event.public.body.events)
    live = [event.public.body for _, event in kept if event.id not in gone]
    lost = [event.public.body for _, event in kept if event.id in gone]
    live += since
    births = {code for body in (*live, *lost) if (code := born(body)) is not None}
    seeded = {} if history.whole else {c: f for c, f in before.items() if c not in births}
    telling = Telling(history.unheard)
    for body in lost:
        if (code := born(body)) is not None:
            _seed(telling, code, body)
            telling.told[code] = structs.replace(telling.told[code], status="voided")
    for body in live:
        if (code := born(body)) is not None:
            _seed(telling, code, body)

    def out_for(plan: str) -> tuple[str, ...]:
        return tuple(c for c, f in telling.told.items() if (f.status, f.plan) == ("out", plan))

    first = min((at for at, (_, e) in enumerate(kept) if e.id in voided), default=0)
    for at, (_, event) in enumerate(kept):
        if at == first:
            telling.told.update(seeded)
        body = event.public.body
        if event.id not in gone and born(body) is None:
            telling.take(body, out_for)
    for body in since:
        if born(body) is None:
            telling.take(body, out_for)
    known = births | set(seeded) if not history.whole else concerned
    return {code: _settled(code, telling.own(code)) for code in concerned & known}


def _seed(telling: Telling, code: str, body: Body) -> None:
    telling.told[code] = ItemFacts("foreign")
    telling.take(body)


def _settled(code: str, facts: ItemFacts) -> ItemFacts:
    """Of what was voided nothing is left; a label printed ahead can be bound to something else."""
    if facts.status != "voided":
        return facts
    status = "foreign" if parse(code).ready_made else "voided"
    return ItemFacts(status, aside=facts.aside)


def _closure(codes: Collection[str], history: History) -> tuple[list[tuple[int, Event]], set[str]]:
    """The events about these labels, about what is or was in them, the boxes that they were in and
    the plans they were out for; and the labels that are concerned."""
    kept: dict[int, Event] = {}
    concerned = set(codes)
    asked: set[str] = set()
    wanted = set(codes)
    while wanted:
        asked |= wanted
        found = history.about(sorted(wanted))
        wanted = set()
        for at, event in found:
            kept[at] = event
            match event.public.body:
                case Packed(box=box, items=items) | Unpacked(box=box, items=items):
                    wanted.add(box)
                    if box in concerned:
                        concerned.update(items)
                        wanted.update(items)
                case Out(plan=plan):
                    wanted.add(plan)
                case Delivered(items=()) | Back(items=()):
                    wanted.add(event.id)
        wanted -= asked
    return sorted(kept.items(), key=lambda one: one[0]), concerned
