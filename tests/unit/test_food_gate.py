"""What may go to the shelf, what is turned away, what is put aside: dates in, verdicts out."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.events import Retail
from contract.recalls import packings, same_goods
from contract.reference import Recall
from kiosk.food_gate import (
    HORIZON_DAYS,
    Accept,
    FoodPolicy,
    Quarantine,
    Recalled,
    Refuse,
    Today,
    Why,
    admit,
    end_of_month,
    gate,
    last_day_of,
    recalled,
    today_of,
)

DAY = date(2026, 11, 22)
TODAY = Today(DAY, DAY)
CHENGDU = ZoneInfo("Asia/Shanghai")
MILK = "06901234567892"
CASE_OF_MILK = "16901234567899"
DAYS = st.dates(date(2020, 1, 1), date(2040, 12, 31))
POLICIES = st.sampled_from(FoodPolicy)


def judged(
    last_day: date | None,
    *,
    food: bool = True,
    today: Today | None = TODAY,
    margin: int = 3,
    policy: FoodPolicy = FoodPolicy.REFUSE,
) -> object:
    return gate(food=food, last_day=last_day, today=today, margin_days=margin, policy=policy)


@pytest.mark.parametrize(
    ("last_day", "verdict"),
    [
        (date(2026, 11, 21), Refuse(Why.EXPIRED)),
        (date(2020, 1, 1), Refuse(Why.EXPIRED)),
        (date(2026, 11, 22), Refuse(Why.SOON)),
        (date(2026, 11, 24), Refuse(Why.SOON)),
        (date(2026, 11, 25), Accept()),
        (date(2027, 11, 22), Accept()),
        (None, Accept()),
    ],
)
def test_food_is_turned_away_when_it_is_past_its_date_or_too_near_it(
    last_day: date | None, verdict: object
) -> None:
    assert judged(last_day) == verdict


def test_without_a_margin_the_last_good_day_is_good() -> None:
    assert judged(DAY, margin=0) == Accept()
    assert judged(DAY - timedelta(days=1), margin=0) == Refuse(Why.EXPIRED)


def test_a_stop_may_put_food_aside_instead() -> None:
    assert judged(date(2026, 11, 21), policy=FoodPolicy.QUARANTINE) == Quarantine(Why.EXPIRED)
    assert judged(DAY, policy=FoodPolicy.QUARANTINE) == Quarantine(Why.SOON)


def test_goods_that_nobody_eats_need_no_margin_and_no_date() -> None:
    assert judged(None, food=False) == Accept()
    assert judged(DAY, food=False) == Accept()
    assert judged(date(2026, 11, 21), food=False) == Refuse(Why.EXPIRED)


@given(st.booleans(), st.none() | DAYS, st.integers(0, 60), POLICIES)
def test_a_kiosk_that_does_not_know_the_date_turns_nothing_away(
    food: bool, last_day: date | None, margin: int, policy: FoodPolicy
) -> None:
    verdict = judged(last_day, food=food, today=None, margin=margin, policy=policy)
    assert verdict == (Accept() if last_day is None else Quarantine(Why.UNSURE))


@given(DAYS, st.integers(1, 4000), DAYS, st.integers(0, 60), POLICIES)
def test_a_date_known_as_a_range_is_judged_by_both_ends(
    first: date, more: int, last_day: date, margin: int, policy: FoodPolicy
) -> None:
    """What every day of the range accepts is accepted; nothing is ever turned away."""
    last = first + timedelta(days=more)
    verdict = judged(last_day, today=Today(first, last), margin=margin, policy=policy)
    assert not isinstance(verdict, Refuse)
    at_first = judged(last_day, today=Today(first, first), margin=margin)
    at_last = judged(last_day, today=Today(last, last), margin=margin)
    if isinstance(at_first, Refuse):
        assert verdict == Quarantine(at_first.why)
    elif isinstance(at_last, Refuse):
        assert verdict == Quarantine(Why.UNSURE)
    else:
        assert verdict == Accept()


@given(DAYS, DAYS, st.integers(0, 60), st.integers(0, 60))
def test_a_later_date_is_never_judged_worse_and_a_wider_margin_never_better(
    one: date, other: date, margin: int, more: int
) -> None:
    sooner, later = sorted((one, other))
    if isinstance(judged(sooner, margin=margin), Accept):
        assert judged(later, margin=margin) == Accept()
    if isinstance(judged(one, margin=margin + more), Accept):
        assert judged(one, margin=margin) == Accept()


def test_a_month_is_good_to_its_end() -> None:
    assert end_of_month("2027-02") == date(2027, 2, 28)
    assert end_of_month("2028-02") == date(2028, 2, 29)
    assert end_of_month("2026-11") == date(2026, 11, 30)
    assert judged(end_of_month("2026-11")) == Accept()
    assert judged(end_of_month("2026-10")) == Refuse(Why.EXPIRED)


def test_of_two_dates_on_a_pack_the_earlier_one_counts() -> None:
    both = Retail(MILK, expiry="2026-12-31", best_before="2026-11-01")
    assert last_day_of(both) == date(2026, 11, 1)
    assert last_day_of(Retail(MILK, best_before="2027-01-01")) == date(2027, 1, 1)
    assert last_day_of(Retail(MILK, produced="2026-01-01")) is None
    assert last_day_of(None) is None


def test_today_is_the_stops_day_not_greenwichs() -> None:
    evening = int(datetime(2026, 11, 21, 16, 0, tzinfo=UTC).timestamp() * 1000)
    assert today_of(evening, CHENGDU) == TODAY
    assert today_of(evening - 1, CHENGDU) == Today(date(2026, 11, 21), date(2026, 11, 21))
    assert TODAY.known


def test_a_clock_that_was_right_once_knows_the_date_as_a_range() -> None:
    once = int(datetime(2026, 11, 22, 3, 0, tzinfo=UTC).timestamp() * 1000)
    range_ = today_of(None, CHENGDU, not_before=once)
    assert range_ == Today(DAY, DAY + timedelta(days=HORIZON_DAYS))
    assert not range_.known
    assert judged(date(2026, 11, 21), today=range_) == Quarantine(Why.EXPIRED)
    assert judged(date(2027, 3, 31), today=range_) == Quarantine(Why.UNSURE)
    assert judged(date(2028, 6, 30), today=range_) == Accept()
    assert today_of(None, CHENGDU) is None


@pytest.mark.parametrize(
    ("gtin", "lot", "recall", "certain"),
    [
        (MILK, "A7", Recall(MILK, ("A7",)), True),
        (MILK, "A7", Recall(MILK, ("B1", "A7")), True),
        (MILK, " a7 ", Recall(MILK, ("A 7",)), True),
        (MILK, "A7", Recall(MILK), True),
        (MILK, None, Recall(MILK), True),
        (MILK, None, Recall(MILK, ("A7",)), False),
        (CASE_OF_MILK, "A7", Recall(MILK, ("A7",)), True),
        (MILK, "A7", Recall(CASE_OF_MILK, ("A7",)), True),
        ("96901234567895", "A7", Recall("96901234567895", ("A7",)), True),
    ],
)
def test_a_recalled_batch_is_found(
    gtin: str, lot: str | None, recall: Recall, certain: bool
) -> None:
    assert recalled(gtin, lot, [Recall("04006381333931"), recall]) == Recalled(recall, certain)


@pytest.mark.parametrize(
    ("gtin", "lot", "recall"),
    [
        (MILK, "A8", Recall(MILK, ("A7",))),
        ("06901234567885", "A7", Recall(MILK, ("A7",))),
        ("96901234567895", "A7", Recall(MILK, ("A7",))),
    ],
)
def test_another_batch_and_other_goods_are_left_alone(gtin: str, lot: str, recall: Recall) -> None:
    assert recalled(gtin, lot, [recall]) is None


@pytest.mark.parametrize("gtin", [MILK, CASE_OF_MILK, "90614141000017"])
def test_every_packing_of_a_recalled_product_is_looked_for(gtin: str) -> None:
    found = packings(gtin)
    assert found[0] == gtin
    assert all(same_goods(gtin, one) for one in found)
    assert len(found) == (1 if gtin[0] == "9" else 9)
    assert (CASE_OF_MILK in found) == (gtin[0] != "9")


def test_a_certain_recall_comes_before_a_possible_one() -> None:
    recalls = [Recall(MILK, ("A7",)), Recall(CASE_OF_MILK)]
    assert recalled(MILK, None, recalls) == Recalled(recalls[1], certain=True)


def test_a_recalled_batch_is_put_aside_however_good_its_date() -> None:
    def verdict(retail: Retail) -> object:
        return admit(
            retail, food=True, today=TODAY, margin_days=0, policy=FoodPolicy.REFUSE,
            recalls=[Recall(MILK, ("A7",))],
        )  # fmt: skip

    assert verdict(Retail(MILK, expiry="2030-01-01", lot="A7")) == Quarantine(Why.RECALLED)
    assert verdict(Retail(MILK, expiry="2020-01-01", lot="A7")) == Quarantine(Why.RECALLED)
    assert verdict(Retail(MILK)) == Quarantine(Why.PERHAPS_RECALLED)
    assert verdict(Retail(MILK, lot="A8")) == Accept()
    assert verdict(Retail(MILK, expiry="2020-01-01", lot="A8")) == Refuse(Why.EXPIRED)
