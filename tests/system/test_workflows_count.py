"""A stocktake by cards and scans alone: shelf by shelf, while donors go on giving."""

from collections.abc import Iterator

import pytest

from contract.actions import Verb
from contract.codes import PLACE_IN, action_code, place_code
from tests.support import people
from tests.support.shop import Shop, Stand, open_shop, told

COUNT, PAUSE, CLOSE = (action_code(verb) for verb in (Verb.COUNT, Verb.PAUSE, Verb.CLOSE))
PACK, SEAL = action_code(Verb.PACK), action_code(Verb.SEAL)
NO_LABEL = action_code(Verb.NO_LABEL)
SHELF, NEXT_SHELF = place_code("SHE1F1"), place_code("SHE1F2")


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    with open_shop(tmp_path_factory.mktemp("count")) as shop:
        shop.table(
            "place",
            "code,kind,zh,en",
            [
                (SHELF, "shelf", "米架", "Rice shelf"),
                (NEXT_SHELF, "shelf", "皂架", "Soap shelf"),
            ],
        )
        shop.kiosks[0].start()
        yield shop


def take_in(shop: Shop, lane: Stand, count: int) -> list[str]:
    """So many items stand here, each with its label."""
    _, *came, _ = lane.does(
        " ".join(("session.opened", *["received"] * count, "session.closed")),
        people.SOAP,
        people.quantity(count),
        people.FINISH,
    )
    codes = [body["item"] for body in came]
    shop.becomes("in_stock", *codes)
    return codes


def put(shop: Shop, lane: Stand, place: str, *codes: str) -> None:
    """These things stand on that shelf."""
    lane.does(
        " ".join(("session.opened", *["item.picked"] * len(codes), "moved session.closed")),
        shop.card(),
        *codes,
        place,
    )


def test_shelves_are_counted_while_donors_give_and_the_power_fails(shop: Shop) -> None:
    [counter] = shop.kiosks
    lane, door = counter.lanes
    here, strayed, gone, boxed = take_in(shop, door, 4)
    _, packed, _, _ = door.does(
        "session.opened packed sealed session.closed", PACK, boxed, SEAL, people.FINISH
    )
    box = packed["box"]
    put(shop, door, SHELF, here, gone, box)
    put(shop, door, NEXT_SHELF, strayed)
    papers = counter.papers.count

    [opened] = lane.does("count.opened", COUNT)
    lane.does("shelf.opened", SHELF)
    [counted] = lane.does("counted", here)
    assert (counted["item"], counted["outcome"]) == (here, "ok")
    # Somebody gives at the door meanwhile, and the power fails in the middle of the shelf.
    _, given = door.does("session.opened received", shop.card(), people.RICE)
    counter.labels.carrying(given["item"])
    counter.kiosk.kill()
    counter.start()
    assert counter.states() == {"lane-1": "shelf", "lane-2": "intake", "lane-3": "rest"}
    door.does("session.closed", people.FINISH)

    [counted] = lane.does("counted", box)
    assert counted["outcome"] == "unchecked"
    [counted] = lane.does("counted", strayed)
    assert counted["outcome"] == "elsewhere"
    assert shop.item(strayed)["place"] == SHELF
    lane.does("voided", people.UNDO)
    assert shop.item(strayed)["place"] == NEXT_SHELF
    lane.does("counted", strayed)
    # Something without a readable label gets a new one; the lead matches it with what is missing.
    lane.scan(NO_LABEL)
    lane.is_in("unlabelled")
    [found] = lane.does("found.unlabelled", people.RICE)
    counter.labels.carrying(found["item"])
    shop.becomes("in_stock", found["item"])
    assert shop.item(found["item"])["place"] == SHELF
    assert "without a label, and given a new one" in shop.page(found["item"])

    # A pause, and the lane is for donors; the card comes back to the same shelf.
    lane.does("count.paused", PAUSE)
    late = take_in(shop, lane, 2)
    lane.does("count.resumed", COUNT)
    lane.is_in("shelf")
    [shelf, _] = lane.does("shelf.closed shelf.opened", NEXT_SHELF)
    assert (shelf["seen"], shelf["expected"], shelf["missing"]) == (4, 3, 1)
    [shelf] = lane.does("shelf.closed", people.FINISH)
    assert (shelf["seen"], shelf["expected"], shelf.get("missing", 0)) == (0, 0, 0)
    # The intake shelf last: what came in meanwhile stands there.
    lane.does("shelf.opened", PLACE_IN)
    lane.does("counted counted counted", given["item"], *late)
    [shelf] = lane.does("shelf.closed", PLACE_IN)
    assert (shelf["seen"], shelf["expected"]) == (3, 3)
    [closed] = lane.does("count.closed", CLOSE)
    assert (closed["count"], closed["shelves"], closed["seen"]) == (opened["count"], 3, 7)
    slip = counter.papers.saying(told(gone), after=papers)
    for code in (here, strayed, box, *late):
        assert told(code) not in slip
    # Nothing is corrected by a number: what was not seen is still where it was put.
    shop.becomes("in_stock", gone, here, strayed, boxed)
    assert shop.item(gone)["place"] == SHELF
    assert shop.item(boxed)["box"] == box


def test_a_stocktake_begun_by_mistake_is_taken_back_step_by_step(shop: Shop) -> None:
    [counter] = shop.kiosks
    lane, door = counter.lanes
    [item, *_] = take_in(shop, door, 2)
    lane.does("count.opened shelf.opened counted shelf.closed", COUNT, SHELF, item, SHELF)
    assert shop.item(item)["place"] == SHELF
    stray = people.plan()  # means nothing here
    lane.does("voided refused voided", people.UNDO, stray, people.UNDO)
    assert shop.item(item)["place"] == PLACE_IN
    lane.does("refused voided refused voided", stray, people.UNDO, stray, people.UNDO)
    lane.is_in("rest")


def test_what_was_missing_and_is_counted_stands_there_again(shop: Shop) -> None:
    [counter] = shop.kiosks
    lane, door = counter.lanes
    [item, *_] = take_in(shop, door, 2)
    door.does(
        "session.opened item.picked missing session.closed",
        shop.card(),
        item,
        action_code(Verb.MISSING),
    )
    shop.becomes("missing", item)
    lane.does("count.opened shelf.opened counted", COUNT, NEXT_SHELF, item)
    shop.becomes("in_stock", item)
    assert shop.item(item)["place"] == NEXT_SHELF
    lane.does("shelf.closed count.closed", CLOSE)
