"""What people ask of the stock, as events: who may, what is refused, what is taken back."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa

from contract import codes, events
from contract.codes import Kind
from contract.reference import Recall
from hub import db
from hub.kiosks import catalogue
from hub.log.recording import Conflict, Recorded, RequestReusedError, position_of
from hub.stock import stock_actions
from hub.stock.stock_actions import Action, Refused
from hub.stock.stock_changes import Keeper, carry_out
from tests.support.hub_site import HubSite, Place

REQUEST = str(UUID(int=11))
SHELF = codes.PLACES[1].code
ANN, BEN = "00000000000000a1", "00000000000000b2"
RECALL = "00000000000000ee"
MILK = "06901234567892"
MONTH = "2027-02"


class Warehouse:
    """Two stops and somebody who may do everything."""

    def __init__(self, site: HubSite) -> None:
        self.site = site
        self.east = site.add_stop("east", "东门", "East", ("锦江区", "Jinjiang"), "4K2P")
        self.west = site.add_stop("west", "西门", "West", ("青羊区", "Qingyang"), "7TWX")
        self.plan = codes.serial_code(Kind.PLAN, "00AA", 1)
        site.writer.call(
            lambda connection: catalogue.put(
                connection, "plans", [{"code": self.plan, "zh": "红梅", "en": "Red plum"}]
            )
        )

    def does(
        self,
        action: Action,
        *,
        account: str = ANN,
        stops: frozenset[str] | None = None,
        request: str | None = None,
        expects: dict[str, int] | None = None,
    ) -> Recorded:
        keeper = Keeper(account, lambda stop: stops is None or stop in stops)
        self.site.now_ms += 1000
        return self.site.writer.call(
            lambda connection: carry_out(
                connection,
                action,
                keeper,
                now_ms=self.site.now_ms,
                request=request,
                expects=expects,
            )
        )

    def item(self, code: str) -> dict[str, Any]:
        with self.site.reader.connect() as connection:
            return dict(
                connection.execute(sa.select(db.item).where(db.item.c.code == code)).one()._mapping
            )

    def status(self, *items: str) -> list[str]:
        return [self.item(code)["status"] for code in items]

    def position(self, subject: str) -> int:
        with self.site.reader.connect() as connection:
            return position_of(connection, subject)

    def packaged(self, place: Place, lot: str | None) -> str:
        """An item with a retail code."""
        journal, at = place.journal, self.site.now_ms
        code = journal.code()
        received = events.Received(
            session=journal.session,
            item=code,
            category="F1",
            place=codes.PLACE_IN,
            retail=events.Retail(MILK, lot=lot),
        )
        label = events.LabelAttached(item=code, how="printed")
        self.site.receive(journal, [journal.write(received, at), journal.write(label, at)])
        return code


@pytest.fixture
def house(tmp_path: Path) -> Iterator[Warehouse]:
    site = HubSite(tmp_path)
    yield Warehouse(site)
    site.close()


def refused(house: Warehouse, action: Action, **how: Any) -> str:
    with pytest.raises(Refused) as caught:
        house.does(action, **how)
    return caught.value.why


def test_goods_of_two_stops_are_set_aside_by_an_event_at_each(house: Warehouse) -> None:
    here, there = house.site.intake(house.east), house.site.intake(house.west)
    done = house.does(stock_actions.SetAside((here, there), "dirty"))
    assert len(done.events) == 2
    assert house.status(here, there) == ["quarantined", "quarantined"]
    assert [house.item(one)["stop"] for one in (here, there)] == ["east", "west"]
    house.does(stock_actions.Release((here,), "cleaned"))
    assert house.status(here, there) == ["in_stock", "quarantined"]


def test_nobody_touches_goods_of_a_stop_that_is_not_theirs(house: Warehouse) -> None:
    here, there = house.site.intake(house.east), house.site.intake(house.west)
    action = stock_actions.Move((here, there), SHELF)
    assert refused(house, action, stops=frozenset({"east"})) == "not-yours"
    assert house.item(here)["place"] == codes.PLACE_IN
    away = stock_actions.Move((here,), SHELF, stop="west")
    assert refused(house, away, stops=frozenset({"east"})) == "not-yours"
    house.does(away)
    assert (house.item(here)["stop"], house.item(here)["place"]) == ("west", SHELF)


@pytest.mark.parametrize(
    ("action", "why"),
    [
        (lambda item: stock_actions.Release((item,), "good"), "not-aside"),
        (lambda item: stock_actions.Unreserve((item,)), "not-reserved"),
        (lambda item: stock_actions.SetAside((item,), "because"), "no-such-word"),
        (lambda item: stock_actions.Move((item[:-1] + "0",), SHELF), "unknown"),
        (lambda item: stock_actions.Move((item,), SHELF, stop="north"), "no-such-stop"),
        (
            lambda item: stock_actions.Reserve(codes.serial_code(Kind.PLAN, "00AA", 9), (item,)),
            "no-such-plan",
        ),
        (lambda item: stock_actions.CloseRecall(RECALL), "no-such-recall"),
        (
            lambda item: stock_actions.Undo(("kiosk-east.0000000000000000.1.00000000" + "0" * 8,)),
            "not-decided-here",
        ),
    ],
)
def test_what_cannot_be_is_refused_and_writes_nothing(
    house: Warehouse, action: Any, why: str
) -> None:
    item = house.site.intake(house.east)
    before = house.position(item)
    assert refused(house, action(item)) == why
    assert house.position(item) == before


def test_a_request_that_comes_twice_does_once_even_if_it_could_not_again(
    house: Warehouse,
) -> None:
    item = house.site.intake(house.east)
    action = stock_actions.Reserve(house.plan, (item,))
    first = house.does(action, request=REQUEST)
    again = house.does(action, request=REQUEST)
    assert again.events == first.events
    assert again.repeated
    with pytest.raises(RequestReusedError):
        house.does(stock_actions.Unreserve((item,)), request=REQUEST)
    assert house.status(item) == ["reserved"]


def test_whoever_saw_an_older_state_changes_nothing(house: Warehouse) -> None:
    item = house.site.intake(house.east)
    seen = house.position(item)
    first = house.does(stock_actions.SetAside((item,), "dirty"))
    with pytest.raises(Conflict) as caught:
        house.does(stock_actions.Dispose((item,), "B"), account=BEN, expects={item: seen})
    assert caught.value.events == first.events
    assert house.status(item) == ["quarantined"]


def test_another_takes_back_a_correction_and_the_item_is_as_before(house: Warehouse) -> None:
    item = house.site.intake(house.east)
    done = house.does(stock_actions.Correct((item,), "missing", "not-there"))
    assert house.status(item) == ["missing"]
    house.does(stock_actions.Undo(done.events), account=BEN)
    assert house.status(item) == ["in_stock"]
    assert refused(house, stock_actions.Undo(done.events)) == "undone"


def test_who_sees_one_stop_ends_no_recall_but_takes_back_what_they_opened(house: Warehouse) -> None:
    east: dict[str, Any] = {"stops": frozenset({"east"}), "account": BEN}
    every = house.does(stock_actions.OpenRecall(RECALL, MILK, "maker"))
    mistake = house.does(stock_actions.OpenRecall("00000000000000ef", MILK, "maker"), **east)
    assert refused(house, stock_actions.Undo(every.events), **east) == "every-stop"
    assert refused(house, stock_actions.CloseRecall(RECALL), **east) == "every-stop"
    over = house.does(stock_actions.CloseRecall(RECALL))
    assert refused(house, stock_actions.Undo(over.events), **east) == "every-stop"
    house.does(stock_actions.Undo(over.events))
    house.does(stock_actions.Undo(mistake.events), **east)
    with house.site.reader.connect() as connection:
        left = connection.execute(sa.select(db.recall.c.id, db.recall.c.closed_t)).all()
    assert [tuple(row) for row in left] == [(RECALL, None)]


def test_what_a_kiosk_scanned_cannot_be_taken_back_here(house: Warehouse) -> None:
    journal = house.east.journal
    item = house.site.intake(house.east)
    moved = journal.write(events.Moved(place=SHELF, items=(item,)), house.site.now_ms)
    house.site.receive(journal, [moved])
    assert refused(house, stock_actions.Undo((moved.id,))) == "not-decided-here"


def test_a_plans_reservations_end_at_one_press(house: Warehouse) -> None:
    items = [house.site.intake(house.east) for _ in range(3)]
    house.does(stock_actions.Reserve(house.plan, tuple(items)))
    assert refused(house, stock_actions.Reserve(house.plan, (items[0],))) == "not-free"
    house.does(stock_actions.UnreservePlan(house.plan))
    assert house.status(*items) == ["in_stock"] * 3
    assert refused(house, stock_actions.UnreservePlan(house.plan)) == "nothing"


def test_a_kit_keeps_each_item_and_gives_them_back(house: Warehouse) -> None:
    items = tuple(house.site.intake(house.east) for _ in range(2))
    box = codes.serial_code(Kind.BOX, "00AA", 1)
    kit = stock_actions.BuildKit(box, "winter", items)
    assert refused(house, kit) == "no-such-kit"
    house.site.writer.call(
        lambda connection: connection.execute(
            sa.insert(db.kit).values(key="winter", zh="过冬包", en="Winter kit", offered=True)
        )
    )
    house.does(kit)
    assert [house.item(one)["box"] for one in items] == [box, box]
    house.does(stock_actions.BreakKit(box))
    assert [house.item(one)["box"] for one in items] == [None, None]
    assert refused(house, stock_actions.BreakKit(box)) == "not-a-kit"


def test_a_box_is_neither_packed_into_itself_nor_across_stops(house: Warehouse) -> None:
    here, there = house.site.intake(house.east), house.site.intake(house.west)
    inner, outer = (codes.serial_code(Kind.BOX, "00AA", serial) for serial in (1, 2))
    house.does(stock_actions.Pack(inner, (here,)))
    assert refused(house, stock_actions.Pack(inner, (there,))) == "two-stops"
    assert refused(house, stock_actions.Pack(inner, (inner,))) == "in-itself"
    house.does(stock_actions.Pack(outer, (inner,)))
    assert refused(house, stock_actions.Pack(inner, (outer,))) == "in-itself"
    house.does(stock_actions.Move((outer,), SHELF))
    assert house.item(here)["place"] == SHELF
    assert refused(house, stock_actions.Unpack(outer, (here,))) == "not-in-box"


def test_a_recall_is_told_to_kiosks_and_sets_aside_what_is_here(house: Warehouse) -> None:
    same, other, unread = (house.packaged(house.east, lot) for lot in ("lot 7", "LOT8", None))
    house.does(stock_actions.OpenRecall(RECALL, MILK, "maker", "LOT7"))
    with house.site.reader.connect() as connection:
        assert catalogue.entries(connection, "recalls") == (Recall(MILK, ("LOT7",)),)
    house.does(stock_actions.SetAsideRecalled(RECALL))
    assert house.status(same, other, unread) == ["quarantined", "in_stock", "in_stock"]
    assert refused(house, stock_actions.SetAsideRecalled(RECALL)) == "nothing"
    later = house.packaged(house.west, "LOT7")
    house.does(stock_actions.SetAsideRecalled(RECALL))
    assert house.status(later) == ["quarantined"]
    house.does(stock_actions.CloseRecall(RECALL))
    with house.site.reader.connect() as connection:
        assert catalogue.entries(connection, "recalls") == ()
