"""Whether a kiosk keeps a configuration: judged from facts alone."""

from collections.abc import Callable

import pytest
from msgspec import structs

from kiosk.trial import (
    SETTLED_MS,
    TRIAL_MS,
    Before,
    Facts,
    Seen,
    Verdict,
    before,
    judge,
)

SCANNER = Seen("scanner", "serial:/dev/ttyACM0", True)
PRINTER = Seen("printer", "usb:", True)
WELL = Facts(
    SETTLED_MS,
    (SCANNER, PRINTER),
    saves=True,
    welcomed=True,
    wished=frozenset({"scanner", "printer"}),
)
WAS = before((SCANNER, PRINTER))


def test_what_is_as_well_as_before_is_kept_once_it_has_lasted() -> None:
    assert judge(WAS, WELL) == (Verdict.KEEP, "")
    assert judge(WAS, structs.replace(WELL, elapsed_ms=SETTLED_MS - 1))[0] is Verdict.WAIT


def broken(facts: Facts) -> Facts:
    return structs.replace(facts, devices=(SCANNER, structs.replace(PRINTER, ok=False)))


def gone(facts: Facts) -> Facts:
    return structs.replace(facts, devices=(PRINTER,))


def silent(facts: Facts) -> Facts:
    return structs.replace(facts, named=frozenset({"network:10.0.0.9"}))


def cut_off(facts: Facts) -> Facts:
    return structs.replace(facts, welcomed=False)


def full(facts: Facts) -> Facts:
    return structs.replace(facts, saves=False)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (broken, "printer-fails usb:"),
        (gone, "scanner-gone"),
        (silent, "printer-silent network:10.0.0.9"),
        (cut_off, "no-hub"),
        (full, "not-saved"),
    ],
)
def test_what_is_worse_is_waited_for_and_given_up_at_the_end(
    change: Callable[[Facts], Facts], why: str
) -> None:
    worse = change(WELL)
    assert judge(WAS, worse) == (Verdict.WAIT, why)
    late = structs.replace(worse, elapsed_ms=TRIAL_MS)
    assert judge(WAS, late) == (Verdict.REVERT, why)
    assert judge(WAS, structs.replace(WELL, elapsed_ms=TRIAL_MS))[0] is Verdict.KEEP


def test_what_was_in_trouble_before_is_no_reason_to_go_back() -> None:
    was = before((SCANNER, structs.replace(PRINTER, ok=False)))
    assert judge(was, broken(WELL)) == (Verdict.KEEP, "")


def test_a_kind_of_device_that_is_not_wished_for_any_more_may_be_gone() -> None:
    without = structs.replace(WELL, devices=(SCANNER,), wished=frozenset({"scanner"}))
    assert judge(WAS, without) == (Verdict.KEEP, "")
    assert Before() == before(())
