"""Goods leave by cards and scans alone: to a team, another stop, the bin, a family, nowhere."""

from collections.abc import Iterator
from typing import Any

import pytest

from contract.actions import Verb
from contract.codes import PLACE_IN, Kind, action_code, place_code, serial_code
from tests.support import people
from tests.support.processes import until
from tests.support.shop import Shop, Stand, open_shop, told

WHOLE_BOX, QUARANTINE = action_code(Verb.WHOLE_BOX), action_code(Verb.QUARANTINE)
BLANK = serial_code(Kind.ITEM, "ZAAA", 1)
RECEIVE, MISSING = action_code(Verb.RECEIVE), action_code(Verb.MISSING)
PACK, SEAL = action_code(Verb.PACK), action_code(Verb.SEAL)
BROKEN = action_code(Verb.DISPOSE, "B")
TEAM, STOP_2, BIN = place_code("TEAM01"), place_code("ST0P02"), place_code("B1N001")
SHELF = place_code("SHE1F1")


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    with open_shop(tmp_path_factory.mktemp("handover"), other=1) as shop:
        shop.table(
            "place",
            "code,kind,zh,en",
            [
                (TEAM, "team", "送货队", "Delivery team"),
                (STOP_2, "stop", "义仓 2 号站", "Stop 2"),
                (BIN, "disposal", "报废箱", "Bin"),
                (SHELF, "shelf", "米架", "Rice shelf"),
            ],
        )
        for counter in shop.kiosks:
            counter.start()
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


def test_things_go_to_a_team_and_come_back(shop: Shop) -> None:
    here, _ = shop.kiosks
    lane = here.lanes[0]
    one, two = take_in(shop, lane, 2)
    papers = here.papers.count
    lane.does("session.opened item.picked item.picked", shop.card(), one, two)
    lane.does("sent session.closed", TEAM)
    shop.becomes("sent", one, two)
    here.papers.saying(told(one), told(two), told(TEAM), after=papers)
    assert "Sent on from Yicang Stop 1" in shop.page(one)
    lane.does("voided", people.UNDO)
    shop.becomes("in_stock", one, two)
    lane.does("session.opened item.picked sent session.closed", shop.card(), one, TEAM)
    lane.does("item.seen", one)
    lane.does("session.opened arrived session.closed", RECEIVE, one, people.FINISH)
    shop.becomes("in_stock", one)
    assert shop.item(one)["place"] == PLACE_IN


def test_a_transfer_is_received_at_the_other_stop(shop: Shop) -> None:
    here, there = shop.kiosks
    lane, other = here.lanes[0], there.lanes[0]
    one, two, loose = take_in(shop, lane, 3)
    bodies = lane.does("session.opened packed packed sealed", PACK, one, two, SEAL)
    box = bodies[1]["box"]
    lane.does("session.closed", people.FINISH)
    lane.does("session.opened item.picked item.picked", shop.card(), box, loose)
    lane.does("sent session.closed", STOP_2)
    shop.becomes("sent", one, two, loose)

    other.does("session.opened arrived arrived", RECEIVE, box, loose)
    other.does("voided arrived session.closed", people.UNDO, loose, people.FINISH)
    there.papers.saying(told(box), told(loose))
    shop.becomes("in_stock", one, two, loose)
    for code in (one, two, loose):
        assert shop.item(code)["stop"] == "stop-2"
        assert shop.item(code)["place"] == PLACE_IN
    assert shop.item(one)["box"] == box
    assert "Moved to Stop 2" in shop.page(loose)
    stock = {line["stop"]: line["in_stock"] for line in shop.site.api("stock")["stock"]}
    assert stock["stop-2"] == 3

    # It goes to a family from there, with a plan that the first stop has not heard of.
    plan = people.plan(7)
    other.does("session.opened item.picked out session.closed", shop.card(), loose, plan)
    other.does("session.opened plan.seen delivered session.closed", plan, shop.family())
    shop.becomes("delivered", loose)


def test_what_is_broken_goes_to_the_bin_with_the_reason(shop: Shop) -> None:
    here, _ = shop.kiosks
    lane = here.lanes[0]
    [one, two] = take_in(shop, lane, 2)
    lane.does("session.opened item.picked", shop.card(), one)
    lane.scan(BIN)  # asks why
    lane.is_in("handover")
    papers = here.papers.count
    [disposed, _] = lane.does("disposed session.closed", BROKEN)
    assert disposed["why"] == "B"
    here.papers.saying(told(one), after=papers)
    shop.becomes("disposed", one)
    assert "Could not be used any more: thrown away or recycled" in shop.page(one)
    lane.does("voided", people.UNDO)
    shop.becomes("in_stock", one)
    lane.does("session.opened item.picked disposed session.closed", shop.card(), two, BROKEN)
    shop.becomes("disposed", two)


def test_what_is_not_to_be_found_is_missing_until_it_stands_somewhere(shop: Shop) -> None:
    here, _ = shop.kiosks
    lane = here.lanes[0]
    [one] = take_in(shop, lane, 2)[:1]
    lane.does("session.opened item.picked missing session.closed", shop.card(), one, MISSING)
    shop.becomes("missing", one)
    assert "It was not where it should be" in shop.page(one)
    lane.does("session.opened item.picked moved session.closed", shop.card(), one, SHELF)
    shop.becomes("in_stock", one)
    assert shop.item(one)["place"] == SHELF


def test_a_family_takes_one_of_three_one_comes_back_and_one_is_lost(shop: Shop) -> None:
    here, _ = shop.kiosks
    lane, second = here.lanes
    taken, back, lost = take_in(shop, lane, 3)
    plan = people.plan(8)
    papers = here.papers.count
    lane.does("session.opened item.picked item.picked", shop.card(), taken, back)
    lane.does("item.picked out session.closed", lost, plan)
    assert "3 / 3" in here.papers.saying(told(taken), told(back), told(lost), after=papers)
    shop.becomes("out", taken, back, lost)
    # The volunteer comes back to the other lane.
    second.does("session.opened plan.seen item.picked", plan, taken)
    second.does("delivered session.closed", shop.family())
    shop.becomes("delivered", taken)
    shop.becomes("out", back, lost)
    second.does("session.opened plan.seen item.picked", plan, lost)
    second.does("missing session.closed", MISSING)
    shop.becomes("missing", lost)
    second.does("session.opened plan.seen back session.closed", plan, people.NOT_HOME)
    shop.becomes("in_stock", back)
    assert "came back to the stop" in shop.page(back)
    shop.becomes("missing", lost)
    shop.becomes("delivered", taken)


def test_one_item_in_two_hands_is_an_incident_that_names_both(shop: Shop) -> None:
    here, there = shop.kiosks
    lane, other = here.lanes[0], there.lanes[0]
    [item] = take_in(shop, lane, 2)[:1]
    lane.does("session.opened item.picked out session.closed", shop.card(), item, people.plan(9))
    shop.becomes("out", item)
    other.does("session.opened item.picked out session.closed", shop.card(), item, people.plan(10))
    shop.incidents.add("double-handover")

    def incident() -> list[Any]:
        return [one for one in shop.site.incidents() if one["kind"] == "double-handover"]

    [found] = until("the hub has noticed", incident)
    assert found["detail"]["item"] == item
    assert {found["detail"]["first"].split(".")[0], found["detail"]["second"].split(".")[0]} == {
        "kiosk-1",
        "kiosk-2",
    }


def test_a_whole_box_goes_out_and_is_delivered_as_what_is_in_it(shop: Shop) -> None:
    here, _ = shop.kiosks
    lane = here.lanes[0]
    box = lane.does(
        "session.opened received voided box.received session.closed",
        people.RICE,
        WHOLE_BOX,
        people.quantity(12),
        people.FINISH,
    )[3]["box"]
    shop.becomes("in_stock", box)
    plan = people.plan(11)
    lane.does("session.opened item.picked out session.closed", shop.card(), box, plan)
    shop.becomes("out", box)
    lane.does("session.opened plan.seen delivered session.closed", plan, shop.family())
    shop.becomes("delivered", box)
    assert "it is on its way" in shop.page(box)
    [rice] = [s for s in shop.site.api("stock")["stock"] if s["category"] == "F1"]
    assert (rice["stop"], rice["delivered"], rice["in_stock"]) == ("stop-1", 12, 0)


def test_what_waits_to_be_checked_stays_when_the_rest_goes_out(shop: Shop) -> None:
    here, _ = shop.kiosks
    lane = here.lanes[0]
    good, bad = take_in(shop, lane, 2)
    lane.does("session.opened item.picked quarantined", shop.card(), bad, QUARANTINE)
    lane.does("item.picked noticed out session.closed", good, people.plan(12))
    shop.becomes("out", good)
    shop.becomes("quarantined", bad)
    shop.incidents.add("kiosk-noticed")
    assert "Set aside to be checked" in shop.page(bad)


def test_a_label_printed_ahead_that_two_stops_use_is_an_incident(shop: Shop) -> None:
    for counter in shop.kiosks:
        counter.lanes[0].does(
            "session.opened received label.attached session.closed",
            BLANK,
            people.SOAP,
            people.FINISH,
        )
    shop.incidents.add("code-repeated")
    until(
        "the hub has noticed",
        lambda: "code-repeated" in [one["kind"] for one in shop.site.incidents()],
    )
    shop.becomes("in_stock", BLANK)
