"""What the public is told of an item: a story of days and stops, with nobody in it."""

import datetime as dt

from hypothesis import given
from hypothesis import strategies as st

from contract import codes, events
from contract.codes import Kind
from hub.journey import Happening, Step, StepKind, concerning, tell
from hub.privacy import Level, Reach

G = codes.serial_code(Kind.ITEM, "4K2P", 1)
OTHER = codes.serial_code(Kind.ITEM, "4K2P", 2)
D = codes.serial_code(Kind.PLAN, "4K2P", 3)
B = codes.serial_code(Kind.BOX, "4K2P", 4)
S = "5e55000000000001"
W = codes.PLACE_IN
DAY = 86_400_000
T = 1_793_678_400_000

RECEIVED = events.Received(session=S, item=G, category="H1", place=W)
LABELLED = events.LabelAttached(item=G, how="printed")
MOVED = events.Moved(place=W, items=(G,))
OUT = events.Out(plan=D, items=(G,))
BACK = events.Back(plan=D, why="not-home")
DELIVERED = events.Delivered(plan=D)
REACH = Reach(Level.STOP_WEEK, "east", dt.date(2026, 10, 12), dt.date(2026, 10, 18))


def story(*bodies: events.Body, stops: str = "", known: bool = True) -> list[Happening]:
    """Events a day apart; ``stops`` has a letter for each, ``e`` or ``r``."""
    names = {"e": "east", "r": "river"}
    where = stops or "e" * len(bodies)
    return [
        Happening(f"kiosk.0.{index}.f", T + index * DAY, known, names[where[index]], body)
        for index, body in enumerate(bodies)
    ]


def kinds(steps: tuple[Step, ...]) -> list[str]:
    return [step.kind.value for step in steps]


def test_an_item_in_stock_was_received_and_labelled_at_a_stop_on_a_day() -> None:
    assert tell(story(RECEIVED, LABELLED), "in_stock", None) == (
        Step(StepKind.RECEIVED, T, True, "east"),
        Step(StepKind.LABELLED, T + DAY, True, "east"),
    )


def test_an_item_without_a_label_says_that_it_waits_for_one() -> None:
    assert kinds(tell(story(RECEIVED), "unlabelled", None)) == ["received", "waiting-for-label"]


def test_a_move_to_another_stop_names_it_and_a_move_inside_does_not() -> None:
    steps = tell(story(RECEIVED, MOVED, MOVED, MOVED, stops="eeer"), "in_stock", None)
    assert kinds(steps) == ["received", "moved-within", "moved-to"]
    assert steps[-1].stop == "river"


def test_an_item_that_is_out_is_on_its_way_and_nobody_reads_when_it_left() -> None:
    steps = tell(story(RECEIVED, LABELLED, OUT), "out", None)
    assert steps[-1] == Step(StepKind.ON_ITS_WAY)


def test_a_trip_that_came_back_has_neither_time_nor_place() -> None:
    steps = tell(story(RECEIVED, OUT, BACK), "in_stock", None)
    assert steps[1:] == (Step(StepKind.CAME_BACK),)


def test_after_the_delivery_trips_and_moves_fall_silent() -> None:
    steps = tell(
        story(RECEIVED, MOVED, OUT, BACK, OUT, DELIVERED, stops="erreee"), "delivered", REACH
    )
    assert steps == (
        Step(StepKind.RECEIVED, T, True, "east"),
        Step(StepKind.MOVED_TO),
        Step(StepKind.REACHED, reach=REACH),
    )


def test_after_the_delivery_nobody_reads_when_or_where_it_was_checked_or_looked_for() -> None:
    aside, checked = events.Quarantined(items=(G,), why="card"), events.Released(items=(G,))
    lost = events.Missing(items=(G,), plan=D)
    heard = story(RECEIVED, LABELLED, aside, checked, OUT, lost, OUT, DELIVERED, stops="eerrrrrr")
    told = tell(heard, "delivered", None)
    assert [step.kind.value for step in told if (step.t, step.stop) != (None, None)] == ["received"]


def test_what_was_lost_on_a_trip_was_so_on_no_day_that_is_told() -> None:
    steps = tell(story(RECEIVED, OUT, events.Missing(items=(G,), plan=D)), "missing", None)
    assert steps[1:] == (Step(StepKind.NOT_FOUND),)
    missed = tell(story(RECEIVED, events.Missing(items=(G,))), "missing", None)
    assert missed[1:] == (Step(StepKind.NOT_FOUND, T + DAY, True, "east"),)


def test_an_undone_reception_says_only_that_it_was_taken_back() -> None:
    heard = story(RECEIVED, LABELLED)
    void = events.Voided(events=(heard[0].id, heard[1].id), items=(G,))
    heard.append(Happening("kiosk.0.9.f", T, True, "east", void))
    assert tell(heard, "voided", None) == (Step(StepKind.WITHDRAWN),)


def test_an_undone_handover_leaves_no_trace() -> None:
    heard = story(RECEIVED, OUT, BACK)
    void = events.Voided(events=(heard[1].id,), items=(G,))
    heard.append(Happening("kiosk.0.9.f", T, True, "east", void))
    assert kinds(tell(heard, "in_stock", None)) == ["received"]


def test_a_label_that_was_only_seen_says_where_and_that_its_reception_is_missing() -> None:
    seen = story(events.ItemSeen(item=G, outcome="unknown"))
    assert tell(seen, "unknown", None) == (Step(StepKind.SEEN, T, True, "east"),)
    assert tell([], "unknown", None) == ()


def test_a_time_that_its_kiosk_never_learnt_is_not_certain() -> None:
    steps = tell(story(RECEIVED, LABELLED, known=False), "in_stock", None)
    assert [step.certain for step in steps] == [False, False]


BODIES = st.sampled_from(
    [
        RECEIVED,
        LABELLED,
        MOVED,
        OUT,
        BACK,
        DELIVERED,
        events.Packed(box=B, items=(G,)),
        events.Unpacked(box=B, items=(G,)),
        events.ItemPicked(session=S, item=G, outcome="ok"),
        events.ItemSeen(item=G, outcome="ok"),
        events.Voided(events=("kiosk.0.0.f",), items=(G,)),
        events.HelpWanted(),
        events.Quarantined(items=(G,), why="card"),
        events.Released(items=(G,)),
        events.Missing(items=(G,), plan=D),
        events.Sent(to=W, kind="stop", items=(G,)),
        events.Arrived(place=W, items=(G,)),
        events.Sold(market=S, price=5, item=G),
        events.SaleTakenBack(market=S, price=5, item=G),
        events.Disposed(items=(G,), why="B"),
    ]
)
HEARD = st.lists(st.tuples(BODIES, st.sampled_from("er")), max_size=12)
STATUSES = st.sampled_from(["in_stock", "unlabelled", "out", "delivered", "voided", "unknown"])


@given(HEARD, STATUSES)
def test_whatever_happened_nothing_tells_when_or_where_a_household_was_visited(
    heard: list[tuple[events.Body, str]], status: str
) -> None:
    stops = "".join(stop for _, stop in heard)
    steps = tell(story(*(body for body, _ in heard), stops=stops), status, None)
    quiet = {StepKind.ON_ITS_WAY, StepKind.REACHED, StepKind.CAME_BACK}
    if status == "delivered":
        quiet = set(StepKind) - {StepKind.RECEIVED, StepKind.FOUND}
        assert steps[-1].kind is StepKind.REACHED
    for step in steps:
        if step.kind in quiet:
            assert (step.t, step.stop, step.reach) == (None, None, None)


@given(HEARD, STATUSES)
def test_each_fact_is_told_once(heard: list[tuple[events.Body, str]], status: str) -> None:
    stops = "".join(stop for _, stop in heard)
    told = kinds(tell(story(*(body for body, _ in heard), stops=stops), status, None))
    for once in ("received", "labelled", "reached", "on-its-way", "withdrawn"):
        assert told.count(once) <= 1


def concerned(*bodies: events.Body) -> list[int]:
    found = concerning(G, [(str(index), body) for index, body in enumerate(bodies)])
    return sorted(int(event_id) for event_id in found)


def test_what_a_box_does_concerns_an_item_only_while_it_is_inside() -> None:
    box_moved = events.Moved(place=W, items=(B,))
    assert concerned(
        RECEIVED,
        box_moved,
        events.Packed(box=B, items=(G,)),
        box_moved,
        events.Unpacked(box=B, items=(G,)),
        box_moved,
    ) == [0, 2, 3, 4]


def test_what_a_box_in_a_box_does_concerns_what_is_in_it() -> None:
    big = codes.serial_code(Kind.BOX, "4K2P", 9)
    assert concerned(
        events.Packed(box=B, items=(G,)),
        events.Packed(box=big, items=(B,)),
        events.Moved(place=W, items=(big,)),
    ) == [0, 1, 2]


def test_a_plan_concerns_an_item_only_while_it_is_out_for_it() -> None:
    other_out = events.Out(plan=D, items=(OTHER,))
    assert concerned(RECEIVED, other_out, BACK, OUT, BACK, DELIVERED) == [0, 3, 4]


def test_the_delivery_of_a_box_concerns_what_is_in_it() -> None:
    packed = events.Packed(box=B, items=(G,))
    out = events.Out(plan=D, items=(B,))
    assert concerned(RECEIVED, packed, out, DELIVERED) == [0, 1, 2, 3]


def test_an_undone_packing_put_nothing_into_the_box() -> None:
    assert concerned(
        events.Packed(box=B, items=(G,)),
        events.Voided(events=("0",)),
        events.Moved(place=W, items=(B,)),
    ) == [0, 1]


@given(HEARD)
def test_whatever_names_the_item_concerns_it(heard: list[tuple[events.Body, str]]) -> None:
    bodies = [body for body, _ in heard]
    naming = {
        index
        for index, body in enumerate(bodies)
        if G in (*getattr(body, "items", ()), getattr(body, "item", ""))
    }
    assert naming <= set(concerned(*bodies))
