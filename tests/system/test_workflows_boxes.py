"""Boxes by cards and scans alone: packed, sealed, moved as one, opened, out and delivered."""

from collections.abc import Iterator

import pytest

from contract.actions import Verb
from contract.codes import PLACE_IN, action_code, place_code
from tests.support import people
from tests.support.shop import Shop, Stand, open_shop, told

PACK, UNPACK, SEAL = (action_code(verb) for verb in (Verb.PACK, Verb.UNPACK, Verb.SEAL))
WHERE = action_code(Verb.WHERE)
SHELF = place_code("SHE1F1")


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    with open_shop(tmp_path_factory.mktemp("boxes")) as shop:
        shop.table("place", "code,kind,zh,en", [(SHELF, "shelf", "米架", "Rice shelf")])
        shop.kiosks[0].start()
        yield shop


def take_in(shop: Shop, lane: Stand, count: int) -> list[str]:
    """So many items stand here, each with its label."""
    _, *came, _ = lane.does(
        " ".join(("session.opened", *["received"] * count, "session.closed")),
        people.RICE,
        people.quantity(count),
        people.FINISH,
    )
    codes = [body["item"] for body in came]
    shop.becomes("in_stock", *codes)
    return codes


def packed(shop: Shop, lane: Stand, codes: list[str]) -> str:
    """A sealed box with these in it; its code."""
    bodies = lane.does(
        " ".join(("session.opened", *["packed"] * len(codes), "sealed", "session.closed")),
        PACK,
        *codes,
        SEAL,
        people.FINISH,
    )
    box: str = bodies[1]["box"]
    assert {body["box"] for body in bodies[1:-1]} == {box}
    return box


def test_a_box_is_packed_sealed_moved_as_one_and_opened(shop: Shop) -> None:
    [counter] = shop.kiosks
    lane = counter.lanes[0]
    one, two, three = take_in(shop, lane, 3)
    papers = counter.papers.count
    box = packed(shop, lane, [one, two])
    counter.labels.carrying(box)
    contents = counter.papers.saying(told(one), told(two), after=papers)
    assert told(three) not in contents
    assert counter.papers.codes()[papers] == [box], "the slip is the box's label as well"
    assert shop.item(one)["box"] == box

    lane.does("session.opened item.picked", shop.card(), box)
    lane.does("moved session.closed", SHELF)
    for code, place in ((one, SHELF), (two, SHELF), (three, PLACE_IN)):
        assert shop.item(code)["place"] == place
    assert "Moved to another shelf" in shop.page(one)
    lane.does("voided", people.UNDO)
    assert shop.item(one)["place"] == PLACE_IN
    assert "Moved to another shelf" not in shop.page(one)

    lane.does("session.opened unpacked unpacked", UNPACK, box, one)
    lane.does("voided unpacked session.closed", people.UNDO, one, people.FINISH)
    assert (shop.item(one)["box"], shop.item(two)["box"]) == (None, box)
    # Finish with nothing scanned means that all of it is out.
    lane.does("session.opened item.seen unpacked session.closed", UNPACK, box, people.FINISH)
    assert shop.item(two)["box"] is None


def test_packing_is_taken_back_to_the_beginning(shop: Shop) -> None:
    [counter] = shop.kiosks
    lane = counter.lanes[0]
    one, two = take_in(shop, lane, 2)
    lane.does("session.opened packed packed sealed", PACK, one, two, SEAL)
    lane.is_in("packing")
    stray = people.quantity(2)  # means nothing here
    lane.does("voided refused voided", people.UNDO, stray, people.UNDO)
    lane.does("refused voided refused", stray, people.UNDO, stray)
    lane.does("session.closed", people.UNDO)
    lane.is_in("rest")
    assert [shop.item(code)["box"] for code in (one, two)] == [None, None]
    assert [shop.item(code)["status"] for code in (one, two)] == ["in_stock"] * 2


def test_a_box_and_an_item_go_out_and_the_family_gets_what_is_in_the_box(shop: Shop) -> None:
    [counter] = shop.kiosks
    lane, other = counter.lanes
    one, two, three, loose = take_in(shop, lane, 4)
    box = packed(shop, lane, [one, two, three])
    plan, home = people.plan(1), shop.family()
    papers = counter.papers.count
    lane.does("session.opened item.picked item.picked", shop.card(), box, loose)
    # Meanwhile somebody gives at the other lane.
    given = take_in(shop, other, 2)
    lane.does("out session.closed", plan)
    shop.becomes("out", one, two, three, loose)
    shop.becomes("in_stock", *given)
    slip = counter.papers.saying(told(box), told(loose), told(plan), after=papers)
    assert "1 / 2" in slip
    assert "2 / 2" in slip
    assert plan in counter.papers.every_code()
    assert "it is on its way" in shop.page(two)

    # One thing of the box was not wanted: its label is on the slip, the box's is not.
    lane.does("session.opened plan.seen item.picked", plan, three)
    lane.is_in("plan")
    lane.does("unpacked back session.closed", people.NOT_HOME)
    shop.becomes("in_stock", three)
    assert shop.item(three)["box"] is None
    lane.does("session.opened plan.seen", plan)
    lane.does("delivered session.closed", home)
    shop.becomes("delivered", one, two, loose)
    assert "it is on its way" in shop.page(one), "a day's deliveries are told when it is over"
    assert plan not in shop.page(one)
    lane.scan(WHERE)
    lane.is_in("looking")
    lane.does("item.seen", one)


def test_a_handover_of_a_box_is_taken_back_within_a_minute(shop: Shop) -> None:
    [counter] = shop.kiosks
    lane = counter.lanes[0]
    one, two = take_in(shop, lane, 2)
    box = packed(shop, lane, [one, two])
    plan = people.plan(2)
    lane.does("session.opened item.picked out session.closed", shop.card(), box, plan)
    shop.becomes("out", one, two)
    lane.does("voided", people.UNDO)
    shop.becomes("in_stock", one, two)
    assert shop.item(one)["box"] == box
    lane.does("session.opened item.picked out session.closed", shop.card(), box, plan)
    lane.does("session.opened plan.seen back session.closed", plan, people.NOT_HOME)
    shop.becomes("in_stock", one, two)
    assert "came back to the stop" in shop.page(one)
