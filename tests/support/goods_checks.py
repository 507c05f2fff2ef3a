"""Where goods are, told from the events alone: by nothing of the workflow's own code.

A thing is where its own last event put it, or where its box is. An event that nobody took back
counts; one that was taken back counts as if it had never been.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from contract import events
from contract.codes import parse

HERE = ("here",)


@dataclass(frozen=True)
class Thing:
    """What its own events say of an item or box."""

    status: str
    plan: str | None = None
    box: str | None = None
    aside: bool = False

    @property
    def shown(self) -> str:
        """As people hear it."""
        return "quarantined" if self.aside and self.status == "here" else self.status


class Custody:
    """A fold of events, oldest first, that has nothing in common with the kiosk's."""

    def __init__(self, lines: Sequence[events.Event]) -> None:
        voided = {
            name
            for event in lines
            if isinstance(event.public.body, events.Voided)
            for name in event.public.body.events
        }
        self.things: dict[str, Thing] = {}
        self.lanes: dict[str, set[str]] = {}
        for event in lines:
            self._take(event.public.body, event.public.lane, event.id not in voided)

    def where(self, code: str) -> Thing:
        """Where it is: with its box, where it is in one that somebody knows of."""
        *inner, outermost = [self.things[one] for one in self.chain(code)]
        there = outermost
        for thing in reversed(inner):
            if there.status in ("voided", "foreign"):
                there = thing
                continue
            aside = thing.aside or there.aside
            there = replace(thing, status=there.status, plan=there.plan, aside=aside)
        return there

    def chain(self, code: str) -> tuple[str, ...]:
        """It and the boxes it is in, the outermost last."""
        chain, box = [code], self.things[code].box
        while box is not None and box in self.things and box not in chain:
            chain.append(box)
            box = self.things[box].box
        return tuple(chain)

    def alone(self, code: str) -> bool:
        """Whether one lane alone had to do with it, and with the boxes it is in."""
        return len({lane for one in self.chain(code) for lane in self.lanes[one]}) == 1

    def _take(self, body: events.Body, lane: str, stands: bool) -> None:
        codes = _codes(body)
        for code in codes:
            self.lanes.setdefault(code, set()).add(lane)
        match body:
            case events.Received() | events.BoxReceived():
                (code,) = codes
                blank = parse(code).ready_made
                gone = Thing("foreign" if blank else "voided")
                self.things[code] = Thing("here") if stands else gone
                return
        if not stands:
            return
        before = {code: self.where(code) for code in codes if code in self.things}
        match body:
            case events.Out(plan=plan):
                self._hand(codes, Thing("out", plan))
            case events.Delivered(plan=plan):
                self._hand(codes, Thing("delivered", plan))
            case events.Missing(plan=lost):
                self._hand(codes, Thing("missing", lost))
            case events.Back():
                self._hand(codes, Thing("here"))
            case events.Sent():
                self._hand(codes, Thing("sent"))
            case events.Disposed():
                self._hand(codes, Thing("disposed"))
            case events.Moved() | events.Arrived():
                self._hand(codes, Thing("here"))
            case events.Quarantined() | events.Released():
                aside = isinstance(body, events.Quarantined)
                for code in codes:
                    thing = self.things.get(code, Thing("here"))
                    status = "here" if thing.status in ("voided", "foreign") else thing.status
                    self.things[code] = replace(thing, status=status, aside=aside)
            case events.Packed(box=box):
                if box not in self.things or self.where(box).status not in HERE:
                    self.things[box] = replace(
                        self.things.get(box, Thing("here")), status="here", plan=None, box=None
                    )
                for code in body.items:
                    aside = code in before and before[code].aside
                    self.things[code] = Thing("here", box=box, aside=aside)
            case events.Unpacked():
                for code in body.items:
                    aside = code in before and before[code].aside
                    self.things[code] = Thing("here", aside=aside)

    def _hand(self, codes: Sequence[str], to: Thing) -> None:
        before = {code: self.where(code) for code in codes if code in self.things}
        for code in codes:
            thing = self.things.get(code, Thing("here"))
            box = thing.box if thing.box in codes else None
            aside = thing.aside if box is not None else code in before and before[code].aside
            self.things[code] = replace(to, box=box, aside=aside)


def _codes(body: events.Body) -> tuple[str, ...]:
    """The labels that an event is about, whether it puts them anywhere or not."""
    match body:
        case events.ItemSeen(item=item) | events.ItemPicked(item=item):
            return (item,)
        case events.Sealed(box=box):
            return (box,)
        case events.Received(item=item):
            return (item,)
        case events.BoxReceived(box=box):
            return (box,)
        case events.Packed(box=box, items=items) | events.Unpacked(box=box, items=items):
            return (*items, box)
        case (
            events.Out(items=items)
            | events.Delivered(items=items)
            | events.Back(items=items)
            | events.Moved(items=items)
            | events.Sent(items=items)
            | events.Arrived(items=items)
            | events.Missing(items=items)
            | events.Disposed(items=items)
            | events.Quarantined(items=items)
            | events.Released(items=items)
        ):
            return items
        case _:
            return ()


def set_apart(lines: Sequence[events.Event]) -> set[str]:
    """What was in a box, put aside, or at another place than a shelf or a family, taken back or
    not: more than its own last event tells of it."""
    apart: set[str] = set()
    for event in lines:
        match event.public.body:
            case (
                events.Packed()
                | events.Unpacked()
                | events.Arrived()
                | events.Sent()
                | events.Missing()
                | events.Disposed()
                | events.Quarantined()
                | events.Released()
            ) as body:
                apart.update(_codes(body))
            case events.Received(item=item, ready_made=True):
                apart.add(item)
            case _:
                pass
    return apart


def sold_or_counted(lines: Sequence[events.Event]) -> set[str]:
    """What was at a market or in a stocktake; `tests.support.mode_checks` knows of those."""
    sold: set[str] = set()
    for event in lines:
        match event.public.body:
            case events.Sold(item=str(item)) | events.SaleTakenBack(item=str(item)):
                sold.add(item)
            case events.Counted(item=item) | events.FoundUnlabelled(item=item):
                sold.add(item)
            case _:
                pass
    return sold
