"""What becomes of a paper whose print did not end well. Pure.

The rule is one label a code: a second one without the word copy would be a second item. So a
label is printed again plainly only when nothing of the first can have a readable code, and where
that cannot be known a person is asked: somebody is standing there, and scanning the label that lies
in the tray answers it.

A receipt or slip cannot be mistaken for an item, and nobody is asked for it. A second one bears the
word copy.
"""

from enum import StrEnum

from drivers.ports import DocumentKind, PrintResult
from kiosk.state import LabelJob, PaperJob


class Again(StrEnum):
    """What to do with a paper after a try."""

    DONE = "done"
    """It is out, or is as good as out: do not print it again."""
    PLAIN = "plain"
    """Print it again as if for the first time."""
    COPY = "copy"
    """Print it again, marked as a copy."""
    ASK = "ask"
    """A person must look whether the label came out whole, before anything else happens."""


def decide(kind: DocumentKind, result: PrintResult | None) -> Again:
    """After a try that ended with ``result``; None when nobody knows how it ended, because the
    kiosk lost its power between the first byte and the answer.
    """
    if result is not None and result.progress == "confirmed":
        return Again.DONE
    if result is not None and result.progress == "none":
        return Again.PLAIN
    if kind == "label":
        return Again.ASK
    if result is not None and result.progress == "complete?" and always_silent(result):
        # It never says anything, and every receipt would come out twice.
        return Again.DONE
    return Again.COPY


def after(paper: PaperJob, result: PrintResult, *, again: bool, answers: bool) -> Again:
    """What becomes of this paper, which was tried ``again``, by a printer that ``answers`` usually.

    Of the labels of a printer that never answers nobody knows more than that they were sent: each
    counts once it was scanned (`kiosk.paper_desk.PaperDesk.label_printer_is_silent`).
    """
    copy = isinstance(paper, LabelJob) and paper.copy
    label = isinstance(paper, LabelJob) and not copy
    decided = decide("label" if label else "slip", result)
    sent = result.status == "unknown" and result.progress == "complete?"
    if label and sent and not answers and always_silent(result):
        return Again.DONE
    if decided is Again.PLAIN and again:
        return Again.COPY  # nothing of this try is out, but of the one before
    if decided is Again.COPY and sent and (again or copy):
        return Again.DONE  # it says on it that it is a copy: one more makes nothing surer
    return decided


def always_silent(result: PrintResult) -> bool:
    """Whether the printer took everything and had not answered before it either. Its labels count
    once they are scanned, and nobody is asked about each."""
    return (
        result.status == "unknown"
        and (result.before is None or result.before.condition == "unknown")
        and (result.after is None or result.after.condition == "unknown")
    )
