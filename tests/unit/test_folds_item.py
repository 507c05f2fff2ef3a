"""What becomes of an item, told as a list of events and looked at as one row."""

import itertools
from collections.abc import Sequence

import msgspec
import pytest

from contract import codes, events
from contract.codes import Kind
from contract.order import NO_CEILING, Placement, SortKey
from hub.folds.entries import Entry, Stored
from hub.folds.item import FoldError, ItemState, fold_item

ITEM = codes.serial_code(Kind.ITEM, "00AA", 1)
OTHER = codes.serial_code(Kind.ITEM, "00AA", 2)
BOX = codes.serial_code(Kind.BOX, "00AA", 1)
CRATE = codes.serial_code(Kind.BOX, "00AA", 2)
PLAN = codes.serial_code(Kind.PLAN, "00AA", 1)
PLAN_2 = codes.serial_code(Kind.PLAN, "00AA", 2)
SHELF, ROOM = codes.place_code("000001"), codes.place_code("000002")
SESSION = "5e55000000000001"
FAMILY = "f" * 64

RECEIVED = events.Received(session=SESSION, item=ITEM, category="H1", place=codes.PLACE_IN)
LABEL = events.LabelAttached(item=ITEM, how="printed")
OUT = events.Out(plan=PLAN, items=(ITEM,))
DELIVERED = events.Delivered(plan=PLAN)


def told(*bodies: events.Body, stop: str = "stop-1") -> list[Entry]:
    """These things, one after the other."""
    place = Placement(0, 0, NO_CEILING, True)
    entries = []
    for seq, body in enumerate(bodies, start=1):
        digest = f"{seq:064x}"
        key = SortKey(seq * 1000, "kiosk-a", 0, "e" * 16, seq, digest)
        family = FAMILY if isinstance(body, events.Delivered) else None
        stored = Stored(
            seq, seq, "kiosk-a", "e" * 16, seq, digest, "0" * 64, "b" * 32, seq, seq, body, family
        )
        entries.append(Entry(key, stored, stop, place))
    return entries


def fold(*bodies: events.Body) -> ItemState:
    """The item after these things."""
    state = fold_item(ITEM, told(*bodies))
    assert state is not None
    return state


def void(entries: Sequence[Entry], *seqs: int) -> events.Voided:
    """A void of the events with these seqs."""
    return events.Voided(events=tuple(entries[seq - 1].stored.id for seq in seqs))


@pytest.mark.parametrize(
    ("bodies", "status", "place", "plan", "box"),
    [
        ((RECEIVED, LABEL), "in_stock", codes.PLACE_IN, None, None),
        ((RECEIVED,), "unlabelled", codes.PLACE_IN, None, None),
        ((LABEL, RECEIVED), "in_stock", codes.PLACE_IN, None, None),
        ((RECEIVED, LABEL, OUT), "out", codes.PLACE_IN, PLAN, None),
        ((RECEIVED, LABEL, OUT, DELIVERED), "delivered", codes.PLACE_IN, PLAN, None),
        (
            (RECEIVED, LABEL, OUT, events.Delivered(plan=PLAN_2)),
            "out",
            codes.PLACE_IN,
            PLAN,
            None,
        ),
        (
            (RECEIVED, LABEL, OUT, events.Back(plan=PLAN, why="not-home")),
            "in_stock",
            codes.PLACE_IN,
            None,
            None,
        ),
        (
            (RECEIVED, LABEL, OUT, events.Back(plan=PLAN, why="not-home", items=(OTHER,))),
            "out",
            codes.PLACE_IN,
            PLAN,
            None,
        ),
        (
            (RECEIVED, LABEL, events.Moved(place=SHELF, items=(ITEM,))),
            "in_stock",
            SHELF,
            None,
            None,
        ),
        (
            (
                RECEIVED,
                LABEL,
                events.Packed(box=BOX, items=(ITEM,)),
                events.Moved(place=SHELF, items=(BOX,)),
            ),
            "in_stock",
            SHELF,
            None,
            BOX,
        ),
        (
            (
                RECEIVED,
                LABEL,
                events.Packed(box=BOX, items=(ITEM,)),
                events.Unpacked(box=BOX, items=(ITEM,)),
                events.Moved(place=SHELF, items=(BOX,)),
            ),
            "in_stock",
            codes.PLACE_IN,
            None,
            None,
        ),
        (
            (
                RECEIVED,
                LABEL,
                events.Packed(box=BOX, items=(ITEM,)),
                events.Packed(box=CRATE, items=(BOX,)),
                events.Moved(place=ROOM, items=(CRATE,)),
                events.Out(plan=PLAN, items=(CRATE,)),
                DELIVERED,
            ),
            "delivered",
            ROOM,
            PLAN,
            BOX,
        ),
        (
            (
                RECEIVED,
                LABEL,
                events.Moved(place=SHELF, items=(BOX,)),
                events.Packed(box=BOX, items=(ITEM,)),
            ),
            "in_stock",
            SHELF,
            None,
            BOX,
        ),
    ],
)
def test_an_item_is_where_its_events_say(
    bodies: tuple[events.Body, ...],
    status: str,
    place: str,
    plan: str | None,
    box: str | None,
) -> None:
    state = fold(*bodies)
    assert (state.status, state.place, state.plan, state.box) == (status, place, plan, box)
    assert state.findings == ()


@pytest.mark.parametrize(
    ("bodies", "status", "place"),
    [
        ((events.Sent(to=ROOM, kind="stop", items=(ITEM,)),), "sent", ROOM),
        (
            (
                events.Sent(to=ROOM, kind="stop", items=(ITEM,)),
                events.Arrived(place=SHELF, items=(ITEM,)),
            ),
            "in_stock",
            SHELF,
        ),
        ((events.Missing(items=(ITEM,)),), "missing", codes.PLACE_IN),
        (
            (
                events.Missing(items=(ITEM,)),
                events.Counted(count=SESSION, place=SHELF, item=ITEM, outcome="ok"),
            ),
            "in_stock",
            SHELF,
        ),
        ((OUT, events.Missing(items=(ITEM,), plan=PLAN)), "missing", codes.PLACE_IN),
        ((events.Disposed(items=(ITEM,), why="B"),), "disposed", codes.PLACE_IN),
        ((events.Sold(market=SESSION, price=50, item=ITEM),), "sold", codes.PLACE_IN),
        (
            (
                events.Sold(market=SESSION, price=50, item=ITEM),
                events.SaleTakenBack(market=SESSION, price=50, item=ITEM),
            ),
            "in_stock",
            codes.PLACE_IN,
        ),
        ((events.Quarantined(items=(ITEM,), why="card"),), "quarantined", codes.PLACE_IN),
        (
            (events.Quarantined(items=(ITEM,), why="card"), events.Released(items=(ITEM,))),
            "in_stock",
            codes.PLACE_IN,
        ),
        (
            (
                events.Packed(box=BOX, items=(ITEM,)),
                events.Quarantined(items=(BOX,), why="card"),
                events.Counted(count=SESSION, place=SHELF, item=BOX, outcome="unchecked"),
            ),
            "quarantined",
            SHELF,
        ),
    ],
)
def test_an_item_can_leave_in_many_ways_and_be_seen_again(
    bodies: tuple[events.Body, ...], status: str, place: str
) -> None:
    state = fold(RECEIVED, LABEL, *bodies)
    assert (state.status, state.place) == (status, place)
    assert state.findings == ()


def test_the_last_word_on_condition_and_date_counts() -> None:
    state = fold(
        RECEIVED,
        events.Graded(items=(ITEM,), grade="B"),
        events.ExpirySet(items=(ITEM,), month="2027-03"),
        events.Graded(items=(ITEM, OTHER), grade="C"),
    )
    assert (state.grade, state.expiry) == ("C", "2027-03")


def test_the_earlier_of_the_dates_in_a_packs_code_is_its_date() -> None:
    both = events.Retail("06901234567892", expiry="2027-03-31", best_before="2027-01-31")
    for retail in (both, events.Retail("06901234567892", best_before="2027-01-31")):
        assert fold(msgspec.structs.replace(RECEIVED, retail=retail)).expiry == "2027-01-31"


def test_what_leaves_quarantine_unchecked_is_an_incident() -> None:
    state = fold(RECEIVED, LABEL, events.Quarantined(items=(ITEM,), why="card"), OUT)
    assert state.status == "out"
    assert [found.kind for found in state.findings] == ["left-quarantine"]


def test_a_whole_box_is_an_item_of_many_pieces_and_another_box_is_none() -> None:
    born = events.BoxReceived(
        session=SESSION, box=BOX, category="F1", place=codes.PLACE_IN, quantity=12
    )
    moved = events.Moved(place=SHELF, items=(BOX,))
    whole = fold_item(BOX, told(born, moved))
    assert whole is not None
    assert (whole.quantity, whole.category, whole.place) == (12, "F1", SHELF)
    assert fold_item(BOX, told(moved, events.Packed(box=BOX, items=(ITEM,)))) is None


def test_a_label_printed_ahead_is_on_its_item_from_the_beginning() -> None:
    born = events.Received(
        session=SESSION, item=ITEM, category="H1", place=codes.PLACE_IN, ready_made=True
    )
    state = fold(born)
    assert (state.status, state.label) == ("in_stock", "ready-made")


def test_something_found_without_a_label_begins_where_it_stood() -> None:
    found = events.FoundUnlabelled(count=SESSION, place=SHELF, item=ITEM, category="C1")
    state = fold(found)
    assert (state.status, state.place, state.category) == ("unlabelled", SHELF, "C1")
    assert state.findings == ()


def test_a_delivery_names_the_family_only_while_it_stands() -> None:
    assert fold(RECEIVED, LABEL, OUT, DELIVERED).family == FAMILY
    back = events.Back(plan=PLAN, why="not-home", items=(ITEM,))
    assert fold(RECEIVED, LABEL, OUT, DELIVERED, back).family is None


def test_undone_intake_is_void() -> None:
    entries = told(RECEIVED, LABEL)
    state = fold(RECEIVED, LABEL, void(entries, 1, 2))
    assert state.status == "voided"
    assert state.findings == ()


def test_a_void_counts_wherever_it_stands_in_the_order() -> None:
    entries = told(RECEIVED, RECEIVED, OUT)
    assert fold(void(entries, 3), RECEIVED, OUT).status == "unlabelled"


def test_an_undone_handover_leaves_the_item_in_stock() -> None:
    entries = told(RECEIVED, LABEL, OUT)
    state = fold(RECEIVED, LABEL, OUT, void(entries, 3))
    assert (state.status, state.plan) == ("in_stock", None)


def test_an_item_moved_after_its_intake_was_undone_stays_with_an_incident() -> None:
    entries = told(RECEIVED, LABEL)
    state = fold(RECEIVED, LABEL, void(entries, 1), events.Moved(place=SHELF, items=(ITEM,)))
    assert (state.status, state.place, state.category) == ("in_stock", SHELF, "H1")
    assert [found.kind for found in state.findings] == ["voided-but-moved"]


def test_an_item_that_was_only_seen_is_unknown_until_its_intake_arrives() -> None:
    seen = events.ItemPicked(session=SESSION, item=ITEM, outcome="unknown")
    state = fold(seen)
    assert (state.status, state.category) == ("unknown", None)
    assert [found.kind for found in state.findings] == ["unknown-item"]
    assert fold(seen, RECEIVED, LABEL).findings == ()


@pytest.mark.parametrize(
    ("bodies", "why", "status"),
    [
        ((OUT, events.Out(plan=PLAN_2, items=(ITEM,))), "out-twice", "out"),
        ((OUT, events.Delivered(plan=PLAN_2, items=(ITEM,))), "other-plan", "delivered"),
        ((OUT, DELIVERED, OUT), "out-after-delivered", "out"),
        (
            (OUT, DELIVERED, events.Delivered(plan=PLAN, items=(ITEM,))),
            "delivered-twice",
            "delivered",
        ),
        (
            (OUT, DELIVERED, events.Moved(place=SHELF, items=(ITEM,))),
            "here-after-delivered",
            "in_stock",
        ),
        (
            (events.Sold(market=SESSION, price=50, item=ITEM), OUT),
            "out-after-sold",
            "out",
        ),
        (
            (OUT, DELIVERED, events.Disposed(items=(ITEM,), why="B")),
            "disposed-after-delivered",
            "disposed",
        ),
        (
            (
                events.Disposed(items=(ITEM,), why="B"),
                events.Moved(place=SHELF, items=(ITEM,)),
            ),
            "here-after-disposed",
            "in_stock",
        ),
    ],
)
def test_a_double_handover_is_an_incident_and_the_later_evidence_counts(
    bodies: tuple[events.Body, ...], why: str, status: str
) -> None:
    state = fold(RECEIVED, LABEL, *bodies)
    assert state.status == status
    assert [(found.kind, found.detail["why"]) for found in state.findings] == [
        ("double-handover", why)
    ]


def test_scanning_an_item_out_twice_for_the_same_plan_is_no_incident() -> None:
    assert fold(RECEIVED, LABEL, OUT, OUT).findings == ()


def test_a_code_on_two_items_is_an_incident() -> None:
    state = fold(RECEIVED, LABEL, RECEIVED)
    assert [found.kind for found in state.findings] == ["code-repeated"]


def test_boxes_packed_into_each_other_do_not_hang_the_fold() -> None:
    state = fold(
        RECEIVED,
        events.Packed(box=BOX, items=(ITEM,)),
        events.Packed(box=CRATE, items=(BOX,)),
        events.Packed(box=BOX, items=(CRATE,)),
        events.Moved(place=SHELF, items=(CRATE,)),
    )
    assert (state.box, state.place) == (BOX, SHELF)


def test_events_that_do_not_concern_the_item_change_nothing() -> None:
    foreign: tuple[events.Body, ...] = (
        events.Packed(box=CRATE, items=(OTHER,)),
        events.Moved(place=ROOM, items=(CRATE, OTHER)),
        events.Out(plan=PLAN_2, items=(OTHER,)),
        events.Delivered(plan=PLAN_2),
    )
    bodies = (RECEIVED, LABEL, events.Moved(place=SHELF, items=(ITEM,)))
    plain = fold(*bodies)
    for length in range(len(foreign) + 1):
        for extra in itertools.combinations(foreign, length):
            state = fold(*bodies, *extra)
            assert (state.status, state.place, state.findings) == (
                plain.status,
                plain.place,
                plain.findings,
            )


def test_an_entry_that_cannot_be_folded_is_named() -> None:
    broken = told(RECEIVED, LABEL, OUT)
    body = events.Moved(place=SHELF, items=None)  # type: ignore[arg-type]
    stored = broken[2].stored
    odd = Stored(
        77, 3, "kiosk-a", stored.epoch, 3, stored.hash, stored.prev, stored.boot, 3, 3, body, None
    )
    with pytest.raises(FoldError) as caught:
        fold_item(ITEM, [*broken[:2], broken[2]._replace(stored=odd)])
    assert caught.value.row == 77


def test_a_label_that_no_printer_confirmed_counts_once_somebody_has_scanned_it() -> None:
    sent = events.LabelAttached(item=ITEM, how="unconfirmed")
    assert fold(RECEIVED, sent).status == "unlabelled"
    for seen in (
        events.LabelAttached(item=ITEM, how="scanned"),
        events.ItemSeen(item=ITEM, outcome="here"),
        events.ItemPicked(session=SESSION, item=ITEM, outcome="here"),
    ):
        for bodies in ((RECEIVED, sent, seen), (RECEIVED, sent, seen, sent)):
            state = fold(*bodies)
            assert (state.status, state.label) == ("in_stock", "scanned")
    assert fold(RECEIVED, LABEL, sent).label == "printed"


# --- what the hub decides ------------------------------------------------------------------------


def presumed(since: int) -> events.PresumedMissing:
    """A stocktake's conclusion about the item, as of the second ``since``."""
    return events.PresumedMissing(count=SESSION, items=(ITEM,), since=since * 1000)


def test_what_a_stocktake_did_not_find_is_missing_until_anything_shows_it() -> None:
    assert fold(RECEIVED, LABEL, presumed(3)).status == "missing"
    seen = events.ItemSeen(item=ITEM, outcome="ok")
    assert fold(RECEIVED, LABEL, presumed(3), seen).status == "in_stock"
    moved = events.Moved(place=codes.PLACE_IN, items=(ITEM,))
    assert fold(RECEIVED, LABEL, presumed(3), moved).status == "in_stock"


def test_evidence_from_during_the_count_overrides_it_however_late_it_becomes_known() -> None:
    seen = events.ItemSeen(item=ITEM, outcome="ok")
    assert fold(RECEIVED, LABEL, seen, presumed(3)).status == "in_stock"
    assert fold(RECEIVED, LABEL, seen, presumed(4)).status == "missing"
    assert fold(RECEIVED, LABEL, OUT, presumed(3)).status == "out"


def test_a_correction_settles_what_it_weighed_and_what_turns_up_later_is_seen() -> None:
    again = events.Delivered(plan=PLAN, items=(ITEM,))
    twice: list[events.Body] = [RECEIVED, LABEL, OUT, DELIVERED, again]
    entries = told(*twice)
    assert [one.kind for one in fold(*twice).findings] == ["double-handover"]
    weighed = tuple(entries[n].stored.id for n in (3, 4))
    ruled = events.Corrected(items=(ITEM,), status="in_stock", why="seen", compared=weighed)
    settled = fold(*twice, ruled)
    assert (settled.status, settled.findings) == ("in_stock", ())
    late = events.Sold(market=SESSION, price=5, item=ITEM)
    overtaken = fold(*twice, late, ruled)
    assert overtaken.status == "in_stock"
    assert "ruling-overtaken" in [one.kind for one in overtaken.findings]


def test_a_reservation_ends_when_the_item_leaves() -> None:
    kept = events.Reserved(plan=PLAN, items=(ITEM,))
    assert (fold(RECEIVED, LABEL, kept).status, fold(RECEIVED, LABEL, kept).reserved) == (
        "reserved",
        PLAN,
    )
    back = events.Back(plan=PLAN, why="not-home", items=(ITEM,))
    assert fold(RECEIVED, LABEL, kept, OUT, back).status == "in_stock"
    other = codes.serial_code(codes.Kind.PLAN, "00AA", 9)
    stolen = fold(RECEIVED, LABEL, kept, events.Out(plan=other, items=(ITEM,)))
    assert [one.kind for one in stolen.findings] == ["reserved-for-another"]


def test_a_kit_holds_its_items_and_gives_them_back() -> None:
    built = events.KitBuilt(box=BOX, kit="winter", items=(ITEM,))
    assert fold(RECEIVED, LABEL, built).box == BOX
    out = events.Out(plan=PLAN, items=(BOX,))
    assert fold(RECEIVED, LABEL, built, out).status == "out"
    assert fold(RECEIVED, LABEL, built, events.KitBroken(box=BOX, items=(ITEM,))).box is None


def test_an_items_course_tells_when_it_counted_where() -> None:
    state = fold(RECEIVED, LABEL, OUT, DELIVERED)
    assert [(one.cause, one.from_status, one.to_status) for one in state.movements] == [
        ("received", "", "here"),
        ("out", "here", "out"),
        ("delivered", "out", "delivered"),
    ]
    assert fold(RECEIVED, void(told(RECEIVED), 1)).movements == ()
