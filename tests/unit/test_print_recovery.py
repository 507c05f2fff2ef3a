"""What becomes of a paper whose print did not end well."""

from itertools import product
from typing import get_args

import pytest

from drivers.ports import (
    Condition,
    DocumentKind,
    PrinterStatus,
    PrintResult,
    Progress,
    Words,
)
from kiosk import print_recovery
from kiosk.print_recovery import Again, decide
from kiosk.state import ReceiptJob

WORDS = Words("词", "word")
KINDS: tuple[DocumentKind, ...] = get_args(DocumentKind)


def said(condition: Condition | None) -> PrinterStatus | None:
    return None if condition is None else PrinterStatus("unknown", WORDS, condition)


def result(
    progress: Progress,
    *,
    status: str = "failed",
    before: Condition | None = "ready",
    after: Condition | None = None,
) -> PrintResult:
    assert status in ("printed", "unknown", "failed")
    return PrintResult(
        status,  # type: ignore[arg-type]
        WORDS,
        progress=progress,
        before=said(before),
        after=said(after),
    )


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_out_is_not_printed_again_and_what_is_not_is_printed_plainly(
    kind: DocumentKind,
) -> None:
    assert decide(kind, result("confirmed", status="printed")) is Again.DONE
    assert decide(kind, result("none")) is Again.PLAIN


def test_a_label_that_may_be_out_is_never_printed_again_without_a_person() -> None:
    progresses: tuple[Progress, ...] = ("partial", "complete?")
    for progress, status, before, after in product(
        progresses, ("failed", "unknown"), get_args(Condition), get_args(Condition)
    ):
        tried = result(progress, status=status, before=before, after=after)
        assert decide("label", tried) is Again.ASK


@pytest.mark.parametrize("kind", ["receipt", "slip"])
def test_a_receipt_or_slip_that_broke_off_comes_again_as_a_copy_and_asks_nobody(
    kind: DocumentKind,
) -> None:
    assert decide(kind, result("partial")) is Again.COPY
    paper_out = result("complete?", status="unknown", after="paper-out")
    assert decide(kind, paper_out) is Again.COPY
    went_silent = result("complete?", status="unknown", before="ready", after="unknown")
    assert decide(kind, went_silent) is Again.COPY


@pytest.mark.parametrize("kind", ["receipt", "slip"])
def test_a_printer_that_never_says_anything_prints_each_receipt_once(kind: DocumentKind) -> None:
    silent = result("complete?", status="unknown", before="unknown", after="unknown")
    assert decide(kind, silent) is Again.DONE


def test_after_a_power_cut_of_the_kiosk_a_label_asks_and_other_papers_are_copies() -> None:
    assert [decide(kind, None) for kind in ("label", "receipt", "slip")] == [
        Again.ASK,
        Again.COPY,
        Again.COPY,
    ]


@pytest.mark.parametrize("answers", [False, True])
def test_a_receipt_of_which_a_part_is_out_is_a_copy_however_often_nothing_more_comes(
    answers: bool,
) -> None:
    def tried(*, again: bool) -> Again:
        receipt = ReceiptJob(())
        return print_recovery.after(receipt, result("none"), again=again, answers=answers)

    assert tried(again=False) is Again.PLAIN
    assert tried(again=True) is Again.COPY
