"""When kiosks count as working worse with a release, and how seldom that is said of a good one."""

import math
import random
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.fleet import canary
from hub.fleet.canary import ALPHA, Counts, Look, Share, fisher, judge

WELL = Counts(good=950, bad=50, due=500, well=490, out=498)


def scans(good: int, bad: int) -> Counts:
    return Counts(good=good, bad=bad)


def blamed(now: Counts, before: Counts = WELL, others: Counts = WELL) -> list[str]:
    drifts, _looks = judge({"k": now}, {"k": before}, others, {})
    return [one.measure for one in drifts]


@pytest.mark.parametrize(
    ("now", "before", "others", "measures"),
    [
        (scans(40, 40), WELL, WELL, ["scans"]),
        (scans(76, 4), WELL, WELL, []),
        (scans(40, 40), scans(500, 500), WELL, []),  # it was always like that
        (scans(40, 40), WELL, scans(500, 500), []),  # it is like that everywhere today
        (scans(40, 40), WELL, Counts(), ["scans"]),  # all have it
        (scans(40, 40), Counts(), WELL, ["scans"]),  # it is new
        (scans(40, 40), Counts(), Counts(), []),  # nothing to compare with
        (scans(14, 14), WELL, WELL, []),  # too few scans
        (scans(900, 100), WELL, WELL, []),  # surely more, but little more
        (Counts(due=60, well=30, out=59), WELL, WELL, ["labels"]),
        (Counts(due=60, well=30, out=30), WELL, WELL, ["labels", "unlabelled"]),
        (Counts(due=60, well=59, out=60, again=30), WELL, WELL, ["labels"]),
    ],
)
def test_a_build_is_blamed_when_it_is_worse_than_both(
    now: Counts, before: Counts, others: Counts, measures: list[str]
) -> None:
    assert blamed(now, before, others) == measures


def test_one_kiosk_of_many_on_which_it_fails_is_named() -> None:
    now = {f"k{n}": scans(190, 10) for n in range(9)} | {"bad": scans(60, 60)}
    before = dict.fromkeys(now, WELL)
    drifts, _looks = judge(now, before, WELL, {})
    assert [one.kiosk for one in drifts] == ["bad"]
    assert (drifts[0].now, drifts[0].before) == (Share(60, 120), Share(50, 1000))


def test_one_looks_again_only_when_there_is_half_as_much_again() -> None:
    _none, looks = judge({"k": scans(28, 2)}, {}, WELL, {})
    assert looks == {"scans": Look(1, 30)}
    assert judge({"k": scans(42, 2)}, {}, WELL, looks)[1] == looks
    assert judge({"k": scans(43, 2)}, {}, WELL, looks)[1] == {"scans": Look(2, 45)}


@given(st.integers(1, 60), st.integers(0, 60), st.integers(1, 200), st.integers(0, 200))
def test_the_test_is_the_tail_of_the_hypergeometric_distribution(
    trials: int, bad: int, base: int, base_bad: int
) -> None:
    now, before = Share(min(bad, trials), trials), Share(min(base_bad, base), base)
    all_bad = now.bad + before.bad
    exact = sum(
        math.comb(all_bad, k) * math.comb(trials + base - all_bad, trials - k)
        for k in range(now.bad, min(all_bad, trials) + 1)
    ) / math.comb(trials + base, trials)
    assert fisher(now, before) == pytest.approx(exact, rel=1e-6, abs=1e-12)


def test_a_known_table_has_the_value_that_textbooks_give() -> None:
    """Fisher's lady tasting tea: three of four cups right is 17 of 70."""
    assert fisher(Share(3, 4), Share(1, 4)) == pytest.approx(17 / 70)


def test_what_all_looks_together_may_spend_is_no_more_than_one_in_a_hundred() -> None:
    shares = [ALPHA * 6 / (math.pi**2 * n**2) for n in range(1, 100_000)]
    assert sum(shares) <= ALPHA
    assert all(later < earlier for earlier, later in pairwise(shares))


def followed(random_: random.Random, rate: float, now_rate: float, *, clumps: int = 1) -> bool:
    """Whether a roll-out that is looked at a hundred times alarms; failures come in clumps."""

    def day(share: float, n: int) -> Counts:
        bad = sum(clumps for _ in range(n // clumps) if random_.random() < share)
        return scans(n - bad, bad)

    before = {kiosk: day(rate, 600) for kiosk in ("a", "b")}
    now = dict.fromkeys(before, Counts())
    others: Counts = Counts()
    looks: dict[str, Look] = {}
    for _ in range(100):
        now = {kiosk: counts + day(now_rate, 6) for kiosk, counts in now.items()}
        others += day(rate, 24)
        drifts, looks = judge(now, before, others, looks)
        if drifts:
            return True
    return False


@pytest.mark.parametrize(("rate", "clumps"), [(0.02, 1), (0.08, 1), (0.2, 1), (0.08, 3), (0.2, 3)])
def test_a_good_build_hardly_ever_alarms_however_often_one_looks(rate: float, clumps: int) -> None:
    random_ = random.Random(20_261_122)
    false = sum(followed(random_, rate, rate, clumps=clumps) for _ in range(200))
    assert false <= 2  # 1 % of 200, the bound for independent scans; failures in threes, too


@pytest.mark.parametrize(("rate", "now_rate"), [(0.05, 0.3), (0.08, 0.4), (0.2, 0.5)])
def test_a_bad_build_is_found(rate: float, now_rate: float) -> None:
    random_ = random.Random(20_261_122)
    assert all(followed(random_, rate, now_rate) for _ in range(50))


def test_counts_add_up() -> None:
    assert Counts(1, 2, 3, 4, 5, 6) + Counts(1, 1, 1, 1, 1, 1) == Counts(2, 3, 4, 5, 6, 7)
    assert set(canary.MEASURES) == {"scans", "labels", "unlabelled"}
