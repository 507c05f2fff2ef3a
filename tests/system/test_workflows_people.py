"""People give time and spoons of rice, and come to work, by cards and scans alone."""

from collections.abc import Iterator

import pytest

from contract.actions import Verb, campaign_argument
from contract.codes import action_code
from contract.events import person_hash
from tests.support import people
from tests.support.processes import until
from tests.support.shop import Shop, open_shop

OFFER, WORK = action_code(Verb.OFFER_TIME), action_code(Verb.WORK)
COOKING, SEWING = action_code(Verb.SKILL, "03"), action_code(Verb.SKILL, "08")
SPOON = action_code(Verb.CAMPAIGN, campaign_argument(7))
OTHER_SPOON = action_code(Verb.CAMPAIGN, campaign_argument(8))


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    with open_shop(tmp_path_factory.mktemp("people")) as shop:
        shop.hub("campaign", "add", "7", "一勺米", "A Spoon of Rice", "--target", "20")
        shop.kiosks[0].start()
        yield shop


def test_time_is_offered_with_the_card_first_or_last_and_taken_back(shop: Shop) -> None:
    [counter] = shop.kiosks
    one, two = counter.lanes
    papers = counter.papers.count
    [_, offered] = one.does("session.opened time.offered", shop.card(), COOKING)
    assert (offered["skill"], offered["half_hours"]) == ("03", 1)
    # At the other lane the card comes last.
    two.scan(OFFER)
    two.is_in("offering")
    [_, sewing] = two.does("session.opened time.offered", SEWING, people.quantity(2), shop.card())
    assert (sewing["skill"], sewing["half_hours"]) == ("08", 2)
    [more] = one.does("time.offered", people.quantity(4))
    assert more["half_hours"] == 3
    one.does("session.closed", people.FINISH)
    ticket = counter.papers.saying("做饭", after=papers)
    assert "Cooking" in ticket
    two.does("voided", people.UNDO)
    two.does("session.closed", people.FINISH)
    assert counter.papers.count == papers + 1, "nothing was offered in the end: no ticket"


def test_work_goes_on_over_a_power_cut_and_ends_with_the_card(shop: Shop) -> None:
    [counter] = shop.kiosks
    lane, other = counter.lanes
    ann, bob = shop.card(), shop.card()
    lane.does("session.opened work.started session.closed", WORK, ann)
    lane.does("session.opened work.started session.closed", bob)
    lane.is_in("working")
    lane.does("voided", people.UNDO)  # Bob only came to say hello
    counter.kiosk.kill()
    counter.start()
    papers = counter.papers.count
    _, ended, _ = other.does("session.opened work.ended session.closed", ann, WORK)
    assert ended["started"].startswith("kiosk-1.")
    # The machine did not restart, so its clock knows how long it was.
    assert ended["minutes"] == 0
    assert ended.get("how", "card") == "card"
    [event] = [e for e in shop.events_at("kiosk-1", lane.lane) if e["type"] == "work.started"][:1]
    assert ended["started"] == event["id"]
    counter.papers.saying("工作时间 Time worked 0:00", after=papers)
    for secret in (ann, person_hash(ann)):
        assert secret not in str(counter.papers.printer.texts)
    # Bob never worked: his card begins.
    other.does("session.opened work.started session.closed", bob)
    for one in (lane, other):
        one.scan(people.FINISH)
        one.is_in("rest")


def test_spoons_of_rice_with_and_without_a_card_at_two_lanes(shop: Shop) -> None:
    [counter] = shop.kiosks
    one, two = counter.lanes
    papers = counter.papers.count
    before = counter.version("campaigns")
    one.scan(SPOON)
    two.scan(shop.card(), SPOON)
    _, spoon = one.does("session.opened contributed")
    assert (spoon["campaign"], spoon.get("count", 1)) == (7, 1)
    two.does("session.opened contributed contributed", people.quantity(10))
    one.does("contributed voided", people.quantity(3), people.UNDO)
    one.does("contributed session.closed", SPOON, people.FINISH)
    counter.papers.saying("一勺米", "A Spoon of Rice", "勺 Spoons 1", after=papers)
    # The hub has heard of all eleven, and told the kiosk, before the second ticket is due.
    until("the kiosk knows how many there are", lambda: counter.version("campaigns") != before)
    two.does("session.closed session.opened contributed", OTHER_SPOON)
    counter.papers.saying("A Spoon of Rice", "勺 Spoons 10", "5 of ten boxes", after=papers + 1)
    two.does("voided", people.UNDO)
    two.does("session.closed", people.FINISH)
    # A bag of rice is no spoon of it.
    _, bag, _ = two.does("session.opened received session.closed", people.RICE, people.FINISH)
    shop.becomes("in_stock", bag["item"])
    given = [
        e["public"]["body"]
        for lane in (one, two)
        for e in shop.events_at("kiosk-1", lane.lane)
        if e["type"] == "contributed"
    ]
    assert len(given) == 6
