"""What must hold of markets, stocktakes, work and gifts, told from the events alone.

Each lane's memory of them is compared with what its events that nobody took back come to.
"""

from collections.abc import Iterable, Mapping, Sequence

from contract import events
from kiosk.state import EventRef, LaneState
from kiosk.workflow import codeset


def standing(lines: Sequence[events.Event]) -> list[events.Event]:
    """The events that no other took back."""
    voided = {
        name
        for event in lines
        if isinstance(event.public.body, events.Voided)
        for name in event.public.body.events
    }
    return [event for event in lines if event.id not in voided]


def check_market(state: LaneState, stands: Sequence[events.Event]) -> None:
    """The lane's totals are the money of its sales less what it gave back."""
    if state.market is None:
        return
    takings: dict[str, int] = {}
    sold = 0
    for event in stands:
        match event.public.body:
            case events.Sold(market=market, price=price, pay=pay):
                money, counts = price, 1
            case events.SaleTakenBack(market=market, price=price, pay=pay):
                money, counts = -price, 0
            case _:
                continue
        if market == state.market.market:
            takings[pay] = takings.get(pay, 0) + money
            sold += counts
    assert {way: sum_ for way, sum_ in state.market.takings.items() if sum_} == {
        way: sum_ for way, sum_ in takings.items() if sum_
    }
    assert state.market.sold == sold


def check_closed_markets(stands: Sequence[events.Event]) -> None:
    """What a closed market says is what its sales say."""
    for event in stands:
        closed = event.public.body
        if not isinstance(closed, events.MarketClosed):
            continue
        money: list[tuple[str, int]] = []
        for other in stands:
            body = other.public.body
            if isinstance(body, events.Sold) and body.market == closed.market:
                money.append((body.pay, body.price))
            if isinstance(body, events.SaleTakenBack) and body.market == closed.market:
                money.append((body.pay, -body.price))
        assert closed.recorded == sum(price for _, price in money)
        assert closed.cash == sum(price for pay, price in money if pay == "C")


def check_shelf(state: LaneState, stands: Iterable[events.Event]) -> None:
    """What the lane has seen on the open shelf is what it recorded since that was opened."""
    if state.count is None or state.count.shelf is None:
        return
    shelf = state.count.shelf
    seen: set[str] = set()
    for event in stands:
        body = event.public.body
        if isinstance(body, events.ShelfOpened) and _ref(event) == shelf.ref:
            assert (body.count, body.place) == (state.count.count, shelf.place)
            seen.clear()
        match body:
            case events.Counted(count=count, item=item):
                pass
            case events.FoundUnlabelled(count=count, item=item):
                pass
            case _:
                count, item = "", ""
        if count == state.count.count:
            seen.add(item)
        if isinstance(body, events.ShelfClosed) and body.count == state.count.count:
            seen.clear()
    assert set(codeset.unpacked(shelf.seen)) == seen
    assert not set(codeset.unpacked(shelf.left)) & seen


def check_works(works: Mapping[str, EventRef], stands: Iterable[events.Event]) -> None:
    """Whoever came and did not go is at work, since that event."""
    began: dict[str, events.Event] = {}
    for event in stands:
        person = event.private.person
        match event.public.body:
            case events.WorkStarted():
                assert person is not None
                began[person] = event
            case events.WorkEnded(started=started):
                assert person is not None
                if person in began and began[person].id == started:
                    del began[person]
            case _:
                continue
    assert dict(works) == {person: _ref(event) for person, event in began.items()}


def check_given(state: LaneState, stands: Sequence[events.Event]) -> None:
    """What a lane will thank for is what was recorded in its session."""
    if not state.given:
        return
    given = 0
    for event in stands:
        match event.public.body:
            case events.TimeOffered(session=session, half_hours=count):
                pass
            case events.Contributed(session=session, count=count):
                pass
            case _:
                continue
        given += count if session == state.session else 0
    assert sum(one.count for one in state.given) == given


def _ref(event: events.Event) -> EventRef:
    return EventRef(event.public.epoch, event.public.seq)
