"""Who may leave with a volunteer, and what comes back: decided at the hub, in a kiosk's events."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import insert

from contract import codes
from contract.codes import Kind
from hub import db
from hub.stock.stock_actions import (
    Action,
    BringBack,
    Deliver,
    HandOut,
    Pack,
    Refused,
    Reserve,
    SetAside,
)
from hub.stock.stock_changes import Keeper, carry_out
from tests.support.counts import CountSite

PLAN, OTHER = (codes.serial_code(Kind.PLAN, "0E0E", 9000 + n) for n in (1, 2))
BOX = codes.serial_code(Kind.BOX, "0E0E", 500)


@pytest.fixture
def site(tmp_path: Path) -> Iterator[CountSite]:
    found = CountSite(tmp_path)
    rows = [
        {"code": plan, "zh": "红灯笼", "en": "Red lantern", "items": 0, "open": plan == PLAN}
        for plan in (PLAN, OTHER)
    ]
    found.writer.call(lambda writing: writing.execute(insert(db.plan), rows))
    yield found
    found.close()


def do(site: CountSite, action: Action, *stops: str) -> None:
    """An account with these stops in its scope does it; all stops if none is given."""
    keeper = Keeper("0" * 16, lambda stop: not stops or stop in stops)
    site.now_ms += 1_000
    site.writer.call(lambda writing: carry_out(writing, action, keeper, now_ms=site.now_ms))


def refused(site: CountSite, action: Action, *stops: str) -> str:
    """Why it is not done."""
    with pytest.raises(Refused) as caught:
        do(site, action, *stops)
    return caught.value.why


def test_what_is_set_aside_or_kept_for_another_plan_does_not_leave(site: CountSite) -> None:
    aside, kept, free = (code for code in site.on_shelf[:3])
    do(site, SetAside(items=(aside,), why="damaged"))
    do(site, Reserve(plan=PLAN, items=(kept,)))
    stranger = codes.serial_code(Kind.PLAN, "0E0E", 9003)
    assert refused(site, HandOut(plan=PLAN, items=(free, aside))) == "not-free"
    assert refused(site, HandOut(plan=stranger, items=(free, kept))) == "for-another"
    assert site.status(free) == "in_stock"
    do(site, HandOut(plan=PLAN, items=(kept,)))
    do(site, HandOut(plan=stranger, items=(free,)))
    assert [site.status(code) for code in (kept, free)] == ["out", "out"]


def test_nothing_leaves_for_a_plan_that_is_closed(site: CountSite) -> None:
    assert refused(site, HandOut(plan=OTHER, items=tuple(site.on_shelf[:1]))) == "plan-closed"


def test_a_box_takes_along_what_is_in_it_and_brings_it_back(site: CountSite) -> None:
    inside = tuple(site.on_shelf[:2])
    do(site, Pack(box=BOX, items=inside))
    do(site, HandOut(plan=PLAN, items=(BOX,)))
    assert [site.status(code) for code in inside] == ["out", "out"]
    do(site, BringBack(plan=PLAN, items=(BOX,)))
    assert [site.status(code) for code in inside] == ["in_stock", "in_stock"]


def test_a_box_that_is_not_out_for_the_plan_is_neither_delivered_nor_brought_back(
    site: CountSite,
) -> None:
    inside, other = site.on_shelf[:2]
    do(site, Pack(box=BOX, items=(inside,)))
    do(site, HandOut(plan=PLAN, items=(other,)))
    assert refused(site, Deliver(plan=PLAN, items=(BOX,))) == "not-out"
    assert refused(site, BringBack(plan=PLAN, items=(BOX,))) == "not-out"
    do(site, HandOut(plan=PLAN, items=(BOX,)))
    assert refused(site, Deliver(plan=OTHER, items=(BOX,))) == "not-out"
    do(site, Deliver(plan=PLAN, items=(BOX,)))
    assert [site.status(code) for code in (inside, other)] == ["delivered", "out"]


def test_a_box_takes_nothing_along_that_may_not_leave_by_itself(site: CountSite) -> None:
    aside, kept, free = site.on_shelf[:3]
    stranger = codes.serial_code(Kind.PLAN, "0E0E", 9003)
    outer = codes.serial_code(Kind.BOX, "0E0E", 501)
    do(site, Reserve(plan=PLAN, items=(kept,)))
    do(site, Pack(box=BOX, items=(kept, free)))
    do(site, Pack(box=outer, items=(BOX,)))
    assert refused(site, HandOut(plan=stranger, items=(outer,))) == "for-another"
    do(site, SetAside(items=(aside,), why="damaged"))
    do(site, Pack(box=outer, items=(aside,)))
    assert refused(site, HandOut(plan=PLAN, items=(outer,))) == "not-free"
    do(site, HandOut(plan=PLAN, items=(BOX,)))
    assert [site.status(code) for code in (aside, kept, free)] == ["quarantined", "out", "out"]


def test_a_reserved_box_takes_nothing_from_another_plan(site: CountSite) -> None:
    second = codes.serial_code(Kind.PLAN, "0E0E", 9003)
    row = {"code": second, "zh": "荷花", "en": "Lotus", "items": 0, "open": True}
    site.writer.call(lambda writing: writing.execute(insert(db.plan), [row]))
    kept, free = site.on_shelf[:2]
    do(site, Reserve(plan=second, items=(kept,)))
    do(site, Pack(box=BOX, items=(kept, free)))
    assert refused(site, Reserve(plan=PLAN, items=(BOX,))) == "for-another"
    do(site, Reserve(plan=second, items=(BOX,)))
    assert [site.status(code) for code in (kept, free)] == ["reserved", "reserved"]


def test_all_of_a_plan_is_only_what_the_account_may_see(site: CountSite) -> None:
    east, river = site.on_shelf[0], site.intake(site.river)
    do(site, HandOut(plan=PLAN, items=(east, river)))
    do(site, Deliver(plan=PLAN), "east")
    assert [site.status(code) for code in (east, river)] == ["delivered", "out"]
    assert refused(site, Deliver(plan=PLAN), "east") == "nothing"
    assert refused(site, BringBack(plan=PLAN, items=(river,)), "east") == "not-yours"


def test_what_is_out_for_one_plan_is_not_delivered_for_another(site: CountSite) -> None:
    item = site.on_shelf[0]
    do(site, HandOut(plan=PLAN, items=(item,)))
    assert refused(site, Deliver(plan=OTHER, items=(item,))) == "not-out"
    assert refused(site, HandOut(plan=PLAN, items=(item,))) == "not-free"
    assert site.status(item) == "out"
