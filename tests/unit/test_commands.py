"""What a kiosk does about a command: the whole of it, or nothing and why."""

from collections.abc import Mapping

import pytest
from msgspec import structs

from contract.codes import Kind, serial_code
from contract.messages import CANCEL, MAX_LABELS, PRINT_LABELS, Command, CommandState, LabelOrder
from kiosk.commands import (
    AHEAD_MS,
    MAX_WAITING,
    Cancel,
    Decision,
    Facts,
    Print,
    Refuse,
    Wait,
    decide,
)
from kiosk.state import ItemFacts, LabelJob

NOW = 1_790_000_000_000
BLANK = serial_code(Kind.ITEM, "ZABC", 1)
OTHER = serial_code(Kind.BOX, "ZABC", 2)
GOODS = serial_code(Kind.BOX, "4K2P", 3)
OURS = serial_code(Kind.ITEM, "7K2M", 4)


def asked(*labels: LabelOrder, **more: object) -> Command:
    command = Command("00000000000000aa", PRINT_LABELS, NOW + 60_000, labels)
    return structs.replace(command, **more)


def decided(
    command: Command,
    *,
    now: int | None = NOW,
    known: Mapping[str, str] | None = None,
    printed: frozenset[str] = frozenset(),
    waiting: int = 0,
) -> Decision:
    statuses = known or {}
    facts = Facts(
        now, lambda code: ItemFacts(statuses.get(code, "foreign")), printed.__contains__, waiting
    )
    return decide(command, facts)


def refused(detail: str) -> Refuse:
    return Refuse(CommandState.REFUSED, detail)


def test_blank_labels_and_labels_of_goods_are_printed_as_they_are_asked_for() -> None:
    labels = (LabelOrder(BLANK), LabelOrder(GOODS, "F1", 12), LabelOrder(OURS, "B1", copy=True))
    assert decided(asked(*labels), known={OURS: "here"}) == Print(
        (
            LabelJob(BLANK, ""),
            LabelJob(GOODS, "F1", quantity=12),
            LabelJob(OURS, "B1", copy=True),
        )
    )


def test_nothing_is_begun_before_the_time_is_known() -> None:
    assert decided(asked(LabelOrder(BLANK)), now=None) == Wait()


@pytest.mark.parametrize("late", [0, 1, 10**9])
def test_a_command_whose_time_is_over_is_never_carried_out(late: int) -> None:
    command = asked(LabelOrder(BLANK), expires=NOW - late)
    assert decided(command) == Refuse(CommandState.EXPIRED)


def test_a_command_that_would_outlive_what_is_remembered_is_refused() -> None:
    assert decided(asked(LabelOrder(BLANK), expires=NOW + AHEAD_MS + 1)) == refused("too-far-ahead")
    assert isinstance(decided(asked(LabelOrder(BLANK), expires=NOW + AHEAD_MS)), Print)


def test_one_that_forgot_what_it_took_prints_nothing_a_second_time() -> None:
    forgotten = Refuse(CommandState.FAILED, "forgotten")
    assert decided(asked(LabelOrder(BLANK), known=True)) == forgotten
    assert decided(asked(LabelOrder(BLANK), known=True), now=None) == forgotten


def test_a_command_of_a_later_release_is_answered() -> None:
    assert decided(asked(name="dance")) == Refuse(CommandState.UNKNOWN, "not-supported")


WRONG_CHECK = BLANK[:-1] + ("0" if BLANK[-1] != "0" else "1")


@pytest.mark.parametrize(
    ("label", "why"),
    [
        (LabelOrder(WRONG_CHECK), "bad-code"),
        (LabelOrder(BLANK), "twice"),
        (LabelOrder(OURS), "unknown-code"),
        (LabelOrder(OURS, copy=True), "unknown-code"),
        (LabelOrder(GOODS), "bound"),
        (LabelOrder(OTHER, copy=True), "blank-copy"),
        (LabelOrder(OTHER), "printed-before"),
    ],
)
def test_one_code_that_cannot_be_printed_is_reason_to_print_none(
    label: LabelOrder, why: str
) -> None:
    known = {OURS: "unknown", GOODS: "here"}
    command = asked(LabelOrder(BLANK), label)
    assert decided(command, known=known, printed=frozenset({OTHER})) == refused(why)


def test_a_copy_of_what_was_printed_may_be_printed() -> None:
    command = asked(LabelOrder(GOODS, "F1", copy=True))
    assert isinstance(decided(command, printed=frozenset({GOODS})), Print)


def test_no_labels_and_too_many_are_refused() -> None:
    assert decided(asked()) == refused("no-labels")
    some = [LabelOrder(serial_code(Kind.ITEM, "ZABC", n)) for n in range(MAX_LABELS)]
    left = MAX_WAITING - MAX_LABELS
    assert isinstance(decided(asked(*some), waiting=left), Print)
    assert decided(asked(*some), waiting=left + 1) == refused("too-many")


@pytest.mark.parametrize("now", [None, NOW, NOW + 10**9])
def test_ending_a_command_needs_no_time(now: int | None) -> None:
    command = Command("00000000000000bb", CANCEL, NOW, of="00000000000000aa")
    assert decided(command, now=now) == Cancel("00000000000000aa")
    assert decided(structs.replace(command, of=None), now=now) == refused("no-target")
