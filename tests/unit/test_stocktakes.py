"""Stocktakes told as lists of events: what was expected, seen, explained, missing."""

import hashlib
import itertools
from collections.abc import Iterable, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract import codes, events
from contract.codes import Kind
from contract.order import NO_CEILING, Placement, SortKey
from hub.counts import stocktakes
from hub.counts.stocktake_lines import Book, Line
from hub.counts.stocktakes import Result
from hub.folds.counted import AGAIN, COUNTED, OPEN, WAITING, Stocktake
from hub.folds.entries import Entry, Stored, subjects
from hub.folds.stays import fold_stays
from hub.folds.stocktake import fold_stocktake, parts_of

COUNT, PART, PART_2 = "c0" * 8, "a1" * 8, "a2" * 8
SHELF, ROOM, YARD = (codes.place_code(f"00000{n}") for n in "123")
ITEMS = [codes.serial_code(Kind.ITEM, "00AA", n) for n in range(1, 9)]
A, B, C, D = ITEMS[:4]
BOX = codes.serial_code(Kind.BOX, "00AA", 1)
PLAN = codes.serial_code(Kind.PLAN, "00AA", 1)
PLANNER, LEAD = "00000000000000a1", "00000000000000b2"

PLANNED = events.CountPlanned(count=COUNT, recount="never")
Told = tuple[int, events.Body] | tuple[int, events.Body, str]


class World:
    """Kiosks of one stop, and the hub, and what happened there at which second."""

    def __init__(self, *happened: Told) -> None:
        self.happened: list[Entry] = []
        self._seqs = itertools.count(1)
        self.add(*happened)

    def add(self, *happened: Told) -> "World":
        for second, body, *who in happened:
            source = who[0] if who else "kiosk-a"
            account = source if len(source) == 16 else None
            kiosk = "hub" if account else source.partition("@")[0]
            stop = source.partition("@")[2] or "stop-1"
            seq = next(self._seqs)
            digest = hashlib.sha256(f"{kiosk} {seq}".encode()).hexdigest()
            stored = Stored(
                seq,
                seq,
                kiosk,
                "e" * 16,
                seq,
                digest,
                "0" * 64,
                "b" * 32,
                second * 1000,
                0,
                body,
                None,
                "phone" if account else "lane-1",
                stop,
                account,
            )
            key = SortKey(second * 1000, kiosk, 0, "e" * 16, seq, digest)
            self.happened.append(Entry(key, stored, stop, Placement(0, 0, NO_CEILING, True)))
        return self

    def id(self, n: int) -> str:
        """The event's id at this place of the telling, from 1."""
        return self.happened[n - 1].stored.id

    def count(self) -> Stocktake:
        entries = sorted(self.happened)
        found = fold_stocktake(COUNT, entries)
        assert found is not None
        return found

    def result(self) -> Result:
        entries, count = sorted(self.happened), self.count()
        named = {code for one in entries for code in subjects(one.stored.body) if code[0] == "G"}
        born = {
            one.stored.body.item: one.stored.body.category
            for one in entries
            if isinstance(one.stored.body, events.Received | events.FoundUnlabelled)
        }
        books = [
            Book(code, born.get(code, ""), 1, fold_stays(code, entries, count.own))
            for code in sorted(named)
        ]
        return stocktakes.result(count, books, 7)

    def lines(self) -> dict[str, tuple[str, str, str, str]]:
        """Verdict, place, where it was seen, and the reason, of each item."""
        return {
            line.item: (line.verdict, line.place, line.seen, line.reason)
            for line in self.result().lines
        }


def stock(*items: str, place: str = SHELF, at: int = 1, category: str = "H1") -> list[Told]:
    """These came in, got labels, and stand at ``place``."""
    found: list[Told] = []
    for item in items:
        body = events.Received(session="5e" * 8, item=item, category=category, place=codes.PLACE_IN)
        found.append((at, body))
        found.append((at, events.LabelAttached(item=item, how="printed")))
    found.append((at + 1, events.Moved(place=place, items=tuple(items))))
    return found


def turn(
    place: str, *items: str, at: int = 110, part: str = PART, closed: bool = True, who: str = ""
) -> list[Told]:
    """A lane counts a shelf in ten seconds."""
    source = who or "kiosk-a"
    found: list[Told] = [(at, events.ShelfOpened(count=part, place=place), source)]
    found += [
        (at + 1, events.Counted(count=part, place=place, item=item, outcome="ok"), source)
        for item in items
    ]
    if closed:
        body = events.ShelfClosed(count=part, place=place, seen=len(items), expected=0)
        found.append((at + 9, body, source))
    return found


def planned(
    *more: Told, body: events.CountPlanned = PLANNED, parts: Iterable[str] = (PART,)
) -> World:
    joins: list[Told] = [
        (101, events.CountJoined(count=COUNT, part=part), PLANNER) for part in parts
    ]
    return World((100, body, PLANNER), *joins, *more)


def test_what_stands_where_it_should_is_fine_and_what_nobody_saw_is_missing() -> None:
    world = planned(*stock(A, B), *turn(SHELF, A))
    assert world.lines() == {
        A: ("ok", SHELF, SHELF, ""),
        B: ("missing", SHELF, "", ""),
    }
    assert stocktakes.presumed(world.result()) == {110_000: [B]}
    [shelf] = world.result().places
    assert (shelf.expected, shelf.seen, shelf.short, shelf.surplus) == (2, 1, 1, 0)


@pytest.mark.parametrize("shelf_first", [True, False])
def test_what_was_seen_on_another_shelf_is_not_missing_whichever_was_counted_first(
    shelf_first: bool,
) -> None:
    shelf, room = (110, 130) if shelf_first else (130, 110)
    world = planned(
        *stock(A, B), *stock(C, place=ROOM), *turn(SHELF, B, at=shelf), *turn(ROOM, A, C, at=room)
    )
    assert world.lines()[A] == ("elsewhere", SHELF, ROOM, "")
    sums = {
        one.place: (one.expected, one.seen, one.short, one.surplus) for one in world.result().places
    }
    assert sums == {SHELF: (2, 1, 1, 0), ROOM: (1, 2, 0, 1)}


@pytest.mark.parametrize("known", ["at once", "days later"])
def test_what_was_fetched_while_the_count_went_on_is_explained(known: str) -> None:
    fetched: Told = (112, events.Out(plan=PLAN, items=(B,)), "kiosk-b")
    early, late = ((fetched,), ()) if known == "at once" else ((), (fetched,))
    world = planned(*stock(A, B), *early, *turn(SHELF, A))
    if late:
        assert world.lines()[B][0] == "missing"
        world.add(*late)
    assert world.lines()[B] == ("left", SHELF, "", "out")


def test_what_was_picked_and_put_elsewhere_in_one_millisecond_has_left_its_shelf() -> None:
    world = planned(
        *stock(A, B),
        *turn(ROOM, at=102),
        *turn(SHELF, A),
        (112, events.ItemPicked(session="5e" * 8, item=B, outcome="fine")),
        (112, events.Moved(place=ROOM, items=(B,))),
    )
    assert world.lines()[B] == ("left", SHELF, "", "moved")


def test_what_left_between_planning_and_counting_is_explained_and_what_arrived_is_fine() -> None:
    world = planned(
        *stock(A, B),
        *stock(C, at=104),
        (105, events.Out(plan=PLAN, items=(B,))),
        *turn(SHELF, A, C),
    )
    assert world.lines() == {
        A: ("ok", SHELF, SHELF, ""),
        B: ("left", SHELF, "", "out"),
        C: ("arrived", SHELF, SHELF, "moved"),
    }


def test_what_arrives_behind_the_counters_back_is_not_missing() -> None:
    world = planned(*stock(A), *turn(SHELF, A), *stock(B, at=115))
    assert B not in world.lines()


def test_what_turns_up_after_its_shelf_was_counted_is_not_missing() -> None:
    world = planned(*stock(A), *turn(SHELF))
    assert world.lines()[A][0] == "missing"
    world.add((150, events.ItemSeen(item=A, outcome="fine")))
    assert world.lines()[A] == ("later", SHELF, "", "item.seen")
    assert stocktakes.presumed(world.result()) == {}


@pytest.mark.parametrize(
    ("happened", "reason"),
    [
        (events.Out(plan=PLAN, items=(A,)), "out"),
        (events.Delivered(plan=PLAN, items=(A,)), "delivered"),
        (events.Sold(market="5e" * 8, price=5, item=A, pay="C"), "sold"),
        (events.Missing(items=(A,)), "missing"),
        (events.Disposed(items=(A,), why="B"), "disposed"),
        (events.Sent(to=YARD, kind="stop", items=(A,)), "sent"),
    ],
)
def test_what_should_not_be_there_says_what_the_book_has_of_it(
    happened: events.Body, reason: str
) -> None:
    world = planned(*stock(A), (50, happened), *turn(SHELF, A))
    assert world.lines() == {A: ("unexpected", "", SHELF, reason)}


def test_strangers_and_things_of_another_stop_are_unexpected() -> None:
    world = planned(
        *stock(A), (50, events.Moved(place=ROOM, items=(A,)), "kiosk-z@stop-2"), *turn(SHELF, A, B)
    )
    assert world.lines() == {
        A: ("unexpected", "", SHELF, "other_stop"),
        B: ("unexpected", "", SHELF, "unknown"),
    }


def test_what_had_no_label_is_shown_with_what_it_may_be() -> None:
    found = events.FoundUnlabelled(count=PART, place=SHELF, item=C, category="H1")
    received = events.Received(session="5e" * 8, item=A, category="H1", place=SHELF)
    world = planned((1, received), *turn(SHELF), (115, found))
    assert world.lines() == {
        A: ("missing", SHELF, "", "no_label"),
        C: ("unlabelled", "", SHELF, ""),
    }


def test_a_box_that_was_seen_vouches_for_what_is_in_it() -> None:
    packed: Told = (50, events.Packed(box=BOX, items=(A, B)))
    moved: Told = (51, events.Moved(place=ROOM, items=(BOX,)))
    world = planned(*stock(A, B, C), packed, moved, *turn(ROOM, BOX, A), *turn(SHELF, C, at=130))
    assert world.lines() == {
        A: ("ok", ROOM, ROOM, ""),
        B: ("in_box", ROOM, ROOM, ""),
        C: ("ok", SHELF, SHELF, ""),
    }


def test_several_lanes_share_a_shelf_and_one_that_is_still_there_holds_judgement() -> None:
    world = planned(
        *stock(A, B, C),
        *turn(SHELF, A),
        *turn(SHELF, B, part=PART_2, closed=False, who="kiosk-b"),
        parts=(PART, PART_2),
    )
    assert world.lines()[C] == ("pending", SHELF, "", "")
    assert world.result().places[0].state == OPEN
    body = events.ShelfClosed(count=PART_2, place=SHELF, seen=1, expected=0)
    world.add((160, body, "kiosk-b"))
    assert {one[0] for one in world.lines().values()} == {"ok", "missing"}
    assert world.result().places[0].state == COUNTED


def test_a_recount_replaces_what_was_seen_before() -> None:
    world = planned(*stock(A, B), *turn(SHELF, A))
    world.add((140, events.RecountAsked(count=COUNT, places=(SHELF,)), LEAD))
    assert world.result().places[0].state == AGAIN
    assert world.lines()[A][0] == "pending"
    world.add(*turn(SHELF, B, at=150))
    assert world.lines() == {A: ("missing", SHELF, "", ""), B: ("ok", SHELF, SHELF, "")}
    assert stocktakes.presumed(world.result()) == {150_000: [A]}


@pytest.mark.parametrize(
    ("rule", "seen", "again"),
    [
        ("never", (A,), False),
        ("differs", (A,), True),
        ("differs", (A, B), False),
        ("always", (A, B), True),
    ],
)
def test_the_rule_says_what_is_counted_again(rule: str, seen: Sequence[str], again: bool) -> None:
    body = events.CountPlanned(count=COUNT, recount=rule)  # type: ignore[arg-type]
    world = planned(*stock(A, B), *turn(SHELF, *seen), body=body)
    assert world.result().places[0].again == again
    assert ("rule" in stocktakes.hindrances(world.count(), world.result(), LEAD)) == again
    world.add(
        (140, events.RecountAsked(count=COUNT, places=(SHELF,)), LEAD), *turn(SHELF, A, at=150)
    )
    assert not world.result().places[0].again
    assert stocktakes.hindrances(world.count(), world.result(), LEAD) == []


def test_only_planned_places_and_categories_are_judged() -> None:
    body = events.CountPlanned(count=COUNT, places=(SHELF,), categories=("H1",), recount="never")
    world = planned(
        *stock(A, B),
        *stock(C, place=ROOM),
        *stock(D, category="F1"),
        *turn(SHELF, A),
        *turn(ROOM, B, at=130),
        body=body,
    )
    assert world.lines() == {A: ("ok", SHELF, SHELF, ""), B: ("elsewhere", SHELF, ROOM, "")}
    assert [one.place for one in world.result().places] == [SHELF]


def test_a_shelf_that_nobody_counted_makes_nothing_missing() -> None:
    world = planned(*stock(A), *stock(B, place=ROOM), *turn(SHELF, A))
    assert world.lines()[B] == ("not_counted", ROOM, "", "")
    assert {one.place: one.state for one in world.result().places} == {
        SHELF: COUNTED,
        ROOM: WAITING,
    }


def test_what_was_undone_at_the_kiosk_was_not_counted() -> None:
    world = planned(*stock(A), *turn(SHELF, A))
    label = next(
        one.stored.id for one in world.happened if isinstance(one.stored.body, events.Counted)
    )
    world.add((113, events.Voided(events=(label,), items=(A,))))
    assert world.lines()[A][0] == "missing"


def test_a_lane_that_left_the_count_was_never_in_it() -> None:
    world = planned(*stock(A), *turn(SHELF, A))
    assert parts_of(world.happened) == [PART]
    world.add((113, events.Voided(events=(world.id(2),)), PLANNER))
    assert parts_of(world.happened) == []
    assert world.lines()[A][0] == "not_counted"


def test_who_planned_or_counted_by_phone_does_not_approve() -> None:
    world = planned(*stock(A), *turn(SHELF, A, who=LEAD))
    count, found = world.count(), world.result()
    assert stocktakes.hindrances(count, found, PLANNER) == ["planner"]
    assert stocktakes.hindrances(count, found, LEAD) == ["counter"]
    assert stocktakes.hindrances(count, found, "00000000000000c3") == []


def test_after_the_approval_only_what_happened_before_it_restates() -> None:
    world = planned(*stock(A, B, C), *turn(SHELF, A))
    said = world.result()
    approved = events.CountApproved(count=COUNT, position=7, seen=1, missing=2)
    presumed = events.PresumedMissing(count=COUNT, items=(B, C), since=110_000)
    world.add((200, approved, LEAD), (200, presumed, LEAD))
    world.add((300, events.Moved(place=ROOM, items=(B,))), *stock(D, at=300, place=YARD))
    assert stocktakes.changes(said, world.result()) == []
    world.add((112, events.Out(plan=PLAN, items=(C,)), "kiosk-b"))
    [change] = stocktakes.changes(said, world.result())
    assert (change.item, change.was and change.was.verdict, change.now and change.now.verdict) == (
        C,
        "missing",
        "left",
    )


@given(st.data())
def test_neither_the_order_of_arrival_nor_repeats_change_what_was_found(
    data: st.DataObject,
) -> None:
    """Whatever happened around a count: arrivals in any order, each any number of times."""
    seconds = st.integers(90, 160)
    thing = st.sampled_from(ITEMS[:5])
    happened = data.draw(
        st.lists(
            st.one_of(
                st.tuples(seconds, thing.map(lambda item: events.Moved(place=ROOM, items=(item,)))),
                st.tuples(seconds, thing.map(lambda item: events.Out(plan=PLAN, items=(item,)))),
                st.tuples(
                    seconds,
                    st.builds(
                        events.Counted,
                        count=st.sampled_from([PART, PART_2, COUNT]),
                        place=st.sampled_from([SHELF, ROOM]),
                        item=thing,
                        outcome=st.just("ok"),
                    ),
                ),
                st.tuples(seconds, st.just(events.RecountAsked(count=COUNT, places=(SHELF,)))),
            ),
            max_size=12,
        )
    )
    world = planned(*stock(*ITEMS[:5]), *happened, *turn(SHELF, A), *turn(ROOM, B, at=140))
    told = world.result()
    arrived = data.draw(st.permutations(world.happened))
    again = data.draw(st.lists(st.sampled_from(world.happened), max_size=5))
    world.happened = list({entry.stored.id: entry for entry in (*arrived, *again)}.values())
    assert world.result() == told
    items = [line.item for line in told.lines]
    assert len(items) == len(set(items)), "an item has one line"
    for one in told.places:
        open_yet = sum(
            line.place == one.place and line.verdict in ("later", "pending", "not_counted")
            for line in told.lines
        )
        assert one.expected == one.fine + one.short + open_yet
        assert one.seen == one.fine + one.surplus
    counted = {shelf.place for shelf in told.places if shelf.state == COUNTED}
    for since, missing in stocktakes.presumed(told).items():
        for item in missing:
            _never_shown_since(world, item, since, counted)


def _never_shown_since(world: World, item: str, since: int, counted: set[str]) -> None:
    """Nothing that stands shows a missing item at or after the count of its place began."""
    standing = {one.event for shelf in world.count().shelves for one in shelf.sightings}
    for entry in world.happened:
        body = entry.stored.body
        handled = isinstance(body, events.Moved | events.Out) and item in body.items
        assert not (handled and entry.key.t >= since)
        if isinstance(body, events.Counted) and body.item == item:
            assert entry.stored.id not in standing
    line: Line = next(one for one in world.result().lines if one.item == item)
    assert line.place in counted
