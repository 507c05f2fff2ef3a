"""Goods come in by cards and scans alone: labels, receipts, condition, dates, quarantine."""

import json
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from contract.actions import Verb, expiry_argument
from contract.codes import PLACE_IN, Kind, action_code, serial_code
from tests.support import people
from tests.support.processes import until
from tests.support.shop import Shop, open_shop, told

RICE_PACK = "6901234567892"
SAME, WHOLE_BOX = action_code(Verb.SAME), action_code(Verb.WHOLE_BOX)
REPRINT, WHERE = action_code(Verb.REPRINT), action_code(Verb.WHERE)
QUARANTINE, RELEASE = action_code(Verb.QUARANTINE), action_code(Verb.RELEASE)
GOOD, WORN = action_code(Verb.GRADE, "B"), action_code(Verb.GRADE, "C")
KEEPS = action_code(Verb.EXPIRY, expiry_argument("2038-06"))
IS_PAST = action_code(Verb.EXPIRY, expiry_argument("2025-01"))
BLANK = serial_code(Kind.ITEM, "ZAAA", 1)
SPARE = serial_code(Kind.ITEM, "ZAAA", 2)
BLANK_BOX = serial_code(Kind.BOX, "ZAAA", 3)


def good_for(days: int) -> str:
    """A pack whose GS1 code says until when it is good: so many days from today."""
    day = datetime.now(UTC).date() + timedelta(days=days)
    return f"]d201{RICE_PACK:0>14}17{day:%y%m%d}10A7"


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    with open_shop(tmp_path_factory.mktemp("goods")) as shop:
        shop.table("product", "gtin,category,zh,en", [(RICE_PACK, "F1", "五常大米", "Rice")])
        shop.kiosks[0].start()
        yield shop


def test_two_donors_at_two_lanes_each_get_their_own_labels_and_receipt(shop: Shop) -> None:
    [counter] = shop.kiosks
    one, two = counter.lanes
    papers = counter.papers.count
    for mine, theirs in (
        (shop.card(), shop.card()),
        (people.RICE, people.SOAP),
        (RICE_PACK, SAME),
    ):
        one.scan(mine)
        two.scan(theirs)
    came = one.does("session.opened received received received received", people.quantity(3))
    kept, *gone = [body["item"] for body in came[1:]]
    soap = [body["item"] for body in two.does("session.opened received received")[1:]]
    for code in (kept, *gone, *soap):
        counter.labels.carrying(code)
    # Undo takes all of the last quantity back, and nothing of the other lane.
    one.does("voided", people.UNDO)
    two.does("session.closed", people.FINISH)
    receipt = counter.papers.saying("× 2", *map(told, soap), after=papers)
    assert "洗涤清洁" in receipt
    assert "Laundry and cleaning" in receipt
    one.does("session.closed", people.FINISH)
    assert told(gone[0]) not in counter.papers.saying(told(kept), "Total 1", after=papers)

    shop.becomes("voided", *gone)
    shop.becomes("in_stock", kept, *soap)
    assert "Taken back at the stop" in shop.page(gone[0])
    assert "Received at Yicang Stop 1" in shop.page(soap[0])
    for piece, own, others in ((papers, soap, [kept]), (papers + 1, [kept], soap)):
        status, page = shop.site.page(f"/c/{shop.claim_on(counter, piece)}")
        assert status == 200
        assert all(code in page for code in own)
        assert not any(code in page for code in others)


def test_a_whole_box_comes_in_under_one_code_and_counts_as_what_is_in_it(shop: Shop) -> None:
    [counter] = shop.kiosks
    lane = counter.lanes[0]
    papers = counter.papers.count
    _, single, _, boxed = lane.does(
        "session.opened received voided box.received", RICE_PACK, WHOLE_BOX, people.quantity(12)
    )
    box = boxed["box"]
    [piece] = counter.labels.carrying(box)
    assert "整箱 × 12 box of 12" in counter.labels.text(piece)
    shop.becomes("in_stock", box)
    shop.becomes("voided", single["item"])
    lane.does("label.attached", box)
    lane.does("session.closed", people.FINISH)
    found = shop.item(box)
    assert (found["quantity"], found["place"], found["gtin"]) == (12, PLACE_IN, f"0{RICE_PACK}")
    assert "Received at Yicang Stop 1" in shop.page(box)
    assert "× 1" in counter.papers.saying(told(box), "box of 12", after=papers)
    status, page = shop.site.page(f"/c/{shop.claim_on(counter, papers)}")
    assert (status, f'href="/t/{box}"' in page) == (200, True)


def test_labels_printed_ahead_are_bound_and_none_of_ours_is_printed(shop: Shop) -> None:
    [counter] = shop.kiosks
    lane = counter.lanes[0]
    pieces = counter.labels_so_far()
    lane.scan(BLANK)
    lane.is_in("binding")
    lane.does("session.opened received label.attached", people.SOAP)
    lane.does("session.closed", people.FINISH)
    lane.scan(BLANK_BOX, people.RICE)
    lane.is_in("asking")
    _, boxed, _ = lane.does("session.opened box.received label.attached", people.quantity(6))
    assert boxed["box"] == BLANK_BOX
    shop.becomes("in_stock", BLANK, BLANK_BOX)
    lane.does("voided", people.UNDO)
    lane.does("session.closed", people.FINISH)
    shop.becomes("voided", BLANK_BOX)
    assert counter.labels.count == pieces
    assert "Labelled with its own code" in shop.page(BLANK)
    # It stands for something now: here, and after a day's other goods.
    lane.does("item.seen", BLANK)


def test_without_paper_a_label_printed_ahead_is_the_way_out(shop: Shop) -> None:
    [counter] = shop.kiosks
    lane = counter.lanes[0]
    pieces = counter.labels_so_far()
    counter.labels.printer.paper_out = True
    _, waits, first = lane.does("session.opened received received", people.RICE, people.SOAP)
    shop.becomes("unlabelled", waits["item"], first["item"])
    assert "It still waits for its label" in shop.page(waits["item"])
    lane.does("voided received label.attached", SPARE)
    shop.becomes("in_stock", SPARE)
    shop.becomes("voided", first["item"])
    lane.does("session.closed", people.FINISH)
    assert counter.labels.count == pieces
    counter.labels.printer.mend()
    # A new roll: the label that is still wanted comes, and the other one never.
    shop.becomes("in_stock", waits["item"])
    counter.labels.carrying(waits["item"])
    lane.does("item.seen", waits["item"])
    assert first["item"] not in counter.labels.every_code()


def test_condition_date_and_quarantine_are_said_by_card_and_taken_back(shop: Shop) -> None:
    [counter] = shop.kiosks
    lane = counter.lanes[0]
    _, received = lane.does("session.opened received", people.RICE)
    item = received["item"]
    lane.does("graded expiry.set", WORN, KEEPS)
    lane.does("voided graded", people.UNDO, GOOD)
    lane.does("session.closed", people.FINISH)
    found = shop.item(item)
    assert (found["grade"], found["expiry"]) == ("B", None)
    shop.becomes("in_stock", item)

    lane.does("session.opened item.picked", shop.card(), item)
    lane.does("expiry.set quarantined", IS_PAST)
    shop.becomes("quarantined", item)
    assert "Set aside to be checked" in shop.page(item)
    pieces = counter.labels.carrying(item, times=2)
    assert "副本" in counter.labels.text(pieces[-1])
    lane.does("refused", people.plan())  # it may not leave
    lane.does("released session.closed", RELEASE, people.FINISH)
    shop.becomes("in_stock", item)
    assert shop.item(item)["expiry"] == "2025-01"
    assert "Checked and found good" in shop.page(item)


def test_food_past_its_date_is_turned_away_and_by_the_stops_wish_put_aside(shop: Shop) -> None:
    [counter] = shop.kiosks
    lane = counter.lanes[0]
    pieces = counter.labels_so_far()
    _, refused, taken = lane.does(
        "session.opened food.refused received", good_for(-2), good_for(100)
    )
    assert refused["why"] == "expired"
    counter.labels.carrying(taken["item"])
    assert counter.labels.count == pieces + 1
    assert shop.item(taken["item"])["lot"] == "A7"
    lane.does("session.closed", people.FINISH)

    before = counter.version("settings")
    shop.hub("setting", "add", "food_gate", "quarantine")
    until("the kiosk has been told", lambda: counter.version("settings") != before)
    _, taken, aside = lane.does("session.opened received quarantined", good_for(-2))
    assert aside["why"] == "expired"
    shop.becomes("quarantined", taken["item"])
    counter.labels.carrying(taken["item"])
    lane.does("session.closed", people.FINISH)


def test_a_batch_that_the_hub_recalls_is_put_aside_at_the_next_scan(shop: Shop) -> None:
    [counter] = shop.kiosks
    lane = counter.lanes[0]
    token = shop.hub("token", "--role", "operator").splitlines()[-1]
    recall = {
        "action": "open-recall",
        "recall": "00000000000000ee",
        "gtin": f"{RICE_PACK:0>14}",
        "lot": "a7",
        "why": "maker",
    }
    before = counter.version("recalls")
    request = urllib.request.Request(
        f"{shop.site.hub_url}/api/v1/decisions",
        data=json.dumps({"action": recall}).encode(),
        headers={"Authorization": f"Bearer {token}", "Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=20) as response:
        assert response.status == 200
    until("the kiosk has been told", lambda: counter.version("recalls") != before)
    _, taken, aside = lane.does("session.opened received quarantined", good_for(100))
    assert aside["why"] == "recalled"
    shop.becomes("quarantined", taken["item"])
    counter.labels.carrying(taken["item"])
    lane.does("session.closed", people.FINISH)


def test_a_label_is_printed_again_and_a_slip_tells_where_it_is(shop: Shop) -> None:
    [counter] = shop.kiosks
    lane = counter.lanes[0]
    _, received, _ = lane.does("session.opened received session.closed", people.SOAP, people.FINISH)
    item = received["item"]
    lane.scan(REPRINT)
    lane.is_in("reprinting")
    lane.does("label.reprinted", item)
    pieces = counter.labels.carrying(item, times=2)
    assert "副本" in counter.labels.text(pieces[-1])
    assert "副本" not in counter.labels.text(pieces[0])
    papers = counter.papers.count
    lane.scan(WHERE)
    lane.is_in("looking")
    lane.does("item.seen", item)
    assert "At this stop: Intake shelf" in counter.papers.saying(told(item), after=papers)
    assert item not in counter.papers.codes()[papers], "a slip is no second label"


def test_help_and_a_stray_code_are_recorded_without_what_was_scanned(shop: Shop) -> None:
    [counter] = shop.kiosks
    lane = counter.lanes[1]
    shop.incidents.add("help-wanted")
    number = "110105199001011234"
    _, stray, _ = lane.does(
        "help.wanted unrecognised refused", action_code(Verb.HELP), number, people.UNDO
    )
    assert number not in str(stray)
