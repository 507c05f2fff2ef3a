"""The power fails in the middle of everything: each lane is where it was, and people go on."""

from collections.abc import Iterator
from typing import NamedTuple

import pytest

from contract.actions import Verb, campaign_argument, price_argument
from contract.codes import Kind, action_code, place_code, serial_code
from tests.support import people
from tests.support.processes import until
from tests.support.shop import Counter, Shop, open_shop

PACK, UNPACK, SEAL = (action_code(verb) for verb in (Verb.PACK, Verb.UNPACK, Verb.SEAL))
MARKET, CLOSE = action_code(Verb.MARKET), action_code(Verb.CLOSE)
COUNT, NO_LABEL = action_code(Verb.COUNT), action_code(Verb.NO_LABEL)
WORK, COOKING = action_code(Verb.WORK), action_code(Verb.SKILL, "03")
SPOON = action_code(Verb.CAMPAIGN, campaign_argument(7))
FIVE_YUAN = action_code(Verb.PRICE, price_argument(50))
BLANK = serial_code(Kind.ITEM, "ZAAA", 7)
SHELF = place_code("SHE1F1")
MYSTERY = next(people.packs())


class Task(NamedTuple):
    """What somebody is in the middle of: scans and the events they left, the lane's state then,
    and how it goes on."""

    scans: tuple[str, ...]
    left: str
    state: str
    then: tuple[str, ...]
    events: str


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    with open_shop(tmp_path_factory.mktemp("restart"), lanes=7) as shop:
        shop.kiosks[0].start()
        yield shop


@pytest.fixture(scope="module")
def items(shop: Shop) -> list[str]:
    """What stands here before the power fails."""
    lane = shop.kiosks[0].lanes[0]
    types = " ".join(("session.opened", *["received"] * 7, "session.closed"))
    came = lane.does(types, people.RICE, people.quantity(7), people.FINISH)[1:-1]
    codes = [body["item"] for body in came]
    shop.becomes("in_stock", *codes)
    return codes


def all_go_on(counter: Counter, tasks: list[Task]) -> None:
    """At each lane somebody is in the middle of something when the power fails."""
    for lane, task in zip(counter.lanes, tasks, strict=True):
        lane.scan(*task.scans)
    for lane, task in zip(counter.lanes, tasks, strict=True):
        lane.does(task.left)
    busy = {lane.lane: task.state for lane, task in zip(counter.lanes, tasks, strict=True)}
    until("every lane is in the middle of it", lambda: busy.items() <= counter.states().items())
    counter.kiosk.kill()
    restored = {lane.lane: lane.state for lane in counter.start().lanes}
    assert {name: restored[name] for name in busy} == busy
    for lane, task in zip(counter.lanes, tasks, strict=True):
        lane.scan(*task.then)
    for lane, task in zip(counter.lanes, tasks, strict=True):
        lane.does(task.events)


def test_who_was_handing_out_or_giving_goes_on_where_they_were(
    shop: Shop, items: list[str]
) -> None:
    reprint, where = action_code(Verb.REPRINT), action_code(Verb.WHERE)
    opened = "session.opened"
    all_go_on(
        shop.kiosks[0],
        [
            Task((shop.card(),), opened, "carded", (people.FINISH,), "session.closed"),
            Task(
                (people.RICE, people.SOAP),
                f"{opened} received received",
                "intake",
                (people.FINISH,),
                "session.closed",
            ),
            Task(
                (shop.card(), items[0]),
                f"{opened} item.picked",
                "handover",
                (people.plan(1),),
                "out session.closed",
            ),
            Task(
                (people.plan(2),),
                f"{opened} plan.seen",
                "plan",
                (people.NOT_HOME,),
                "back session.closed",
            ),
            Task((reprint,), "", "reprinting", (items[1],), "label.reprinted"),
            Task((where,), "", "looking", (items[1],), "item.seen"),
            Task(
                (MARKET, CLOSE, FIVE_YUAN),
                "market.opened",
                "cashing",
                (people.FINISH,),
                "market.closed",
            ),
        ],
    )
    shop.becomes("out", items[0])


def test_who_was_asked_for_more_or_worked_goes_on_where_they_were(
    shop: Shop, items: list[str]
) -> None:
    done = people.FINISH
    all_go_on(
        shop.kiosks[0],
        [
            Task(
                (MYSTERY,),
                "",
                "asking",
                (people.SOAP, done),
                "session.opened received session.closed",
            ),
            Task(
                (PACK, items[1]),
                "session.opened packed",
                "packing",
                (SEAL, done),
                "sealed session.closed",
            ),
            Task(
                (action_code(Verb.RECEIVE),),
                "session.opened",
                "receiving",
                (items[2], done),
                "arrived session.closed",
            ),
            Task(
                (BLANK,),
                "",
                "binding",
                (people.RICE, done),
                "session.opened received label.attached session.closed",
            ),
            Task(
                (COOKING,),
                "",
                "offering",
                (shop.card(), done),
                "session.opened time.offered session.closed",
            ),
            Task(
                (WORK,),
                "",
                "working",
                (shop.card(), done),
                "session.opened work.started session.closed",
            ),
            Task(
                (SPOON,),
                "session.opened contributed",
                "giving",
                (SPOON, done),
                "contributed session.closed",
            ),
        ],
    )
    shop.becomes("in_stock", items[1], items[2], BLANK)


def test_who_was_selling_or_counting_goes_on_where_they_were(shop: Shop, items: list[str]) -> None:
    counter = shop.kiosks[0]
    box = shop.item(items[1])["box"]
    all_go_on(
        counter,
        [
            Task((UNPACK, box), "session.opened unpacked", "unpacking", (items[1],), "unpacked"),
            Task((MARKET,), "market.opened", "market", (FIVE_YUAN, people.FINISH), "sold"),
            Task((MARKET, items[3]), "market.opened", "selling", (FIVE_YUAN,), "sold"),
            Task(
                (MARKET, action_code(Verb.TAKE_BACK)),
                "market.opened",
                "returning",
                (FIVE_YUAN, people.FINISH),
                "sale.taken-back",
            ),
            Task((COUNT,), "count.opened", "counting", (SHELF,), "shelf.opened"),
            Task((COUNT, SHELF), "count.opened shelf.opened", "shelf", (items[4],), "counted"),
            Task(
                (COUNT, SHELF, NO_LABEL),
                "count.opened shelf.opened",
                "unlabelled",
                (people.SOAP,),
                "found.unlabelled",
            ),
        ],
    )
    shop.becomes("sold", items[3])
    assert shop.item(items[1])["box"] is None
    assert shop.item(items[4])["place"] == SHELF
    # What outlives its phase is still open after the power failed once more.
    stall, counting = counter.lanes[1], counter.lanes[5]
    stall.does("noticed", people.FINISH)
    counting.does("count.paused", action_code(Verb.PAUSE))
    counter.kiosk.kill()
    counter.start()
    stall.does("noticed", MARKET)
    counting.does("count.resumed counted", COUNT, items[5])
    assert counter.states()[stall.lane] == "market"
