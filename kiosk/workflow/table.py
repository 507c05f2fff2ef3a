"""The transitions, as data."""

from typing import Final

from kiosk.inputs import (
    InputKind,
)
from kiosk.state import (
    Phase,
)
from kiosk.workflow.everywhere import on_claim, on_damaged, on_foreign, on_help
from kiosk.workflow.handover import (
    on_delivered,
    on_finish_empty,
    on_forget,
    on_idle_timeout,
    on_moved,
    on_not_home,
    on_out,
    on_pick,
    on_plan,
    on_seen,
    on_undo_handover,
    on_undo_pick,
    on_undo_plan,
)
from kiosk.workflow.intake import (
    on_card,
    on_card_in_intake,
    on_card_while_asking,
    on_category,
    on_category_answer,
    on_finish_intake,
    on_own_label,
    on_pending_timeout,
    on_quantity,
    on_quantity_while_asking,
    on_retail,
    on_undo_intake,
    on_undo_pending,
)
from kiosk.workflow.turn import Row

_P = Phase
_I = InputKind
_ANY: Final = tuple(Phase)

TABLE: Final = (
    Row((_P.REST, _P.CARDED, _P.INTAKE, _P.ASKING), _I.RETAIL, on_retail,
        "known goods: saved with a code and a label; unknown: asks for the category card",
        (_P.INTAKE, _P.ASKING)),
    Row((_P.REST, _P.CARDED, _P.INTAKE), _I.CATEGORY, on_category,
        "goods without a retail code: saved with a code and a label", (_P.INTAKE,)),
    Row((_P.ASKING,), _I.CATEGORY, on_category_answer,
        "the waiting goods are saved with this category", (_P.INTAKE,)),
    Row((_P.INTAKE,), _I.QUANTITY, on_quantity,
        "there are this many of the last item: a code and a label for each", (_P.INTAKE,)),
    Row((_P.ASKING,), _I.QUANTITY, on_quantity_while_asking,
        "there are this many of the waiting goods", (_P.ASKING,)),
    Row((_P.ASKING,), _I.TIMEOUT, on_pending_timeout,
        "nobody said the category: saved and labelled to be sorted", (_P.INTAKE, _P.REST)),
    Row((_P.INTAKE, _P.ASKING), _I.FINISH, on_finish_intake,
        "receipt with the private claim; the session is closed", (_P.REST,)),
    Row((_P.INTAKE,), _I.TIMEOUT, on_finish_intake,
        "as if finished: 25 s after a cardless session's last item, 60 s with a card",
        (_P.REST,)),
    Row((_P.INTAKE,), _I.UNDO, on_undo_intake,
        "the last scan's items are voided", (_P.INTAKE,)),
    Row((_P.ASKING,), _I.UNDO, on_undo_pending,
        "the waiting goods are dropped", (_P.INTAKE, _P.CARDED, _P.REST)),
    Row((_P.INTAKE,), _I.ITEM, on_own_label,
        "a label of this session is checked as attached; another one is only seen",
        (_P.INTAKE,)),
    Row((_P.REST, _P.CARDED, _P.HANDOVER, _P.PLAN), _I.CARD, on_card,
        "closes what was open and opens a session for this person", (_P.CARDED,)),
    Row((_P.INTAKE,), _I.CARD, on_card_in_intake,
        "within 10 s of a cardless session's last item it joins; later it starts a new one",
        (_P.INTAKE, _P.CARDED)),
    Row((_P.ASKING,), _I.CARD, on_card_while_asking,
        "it joins and the question stays; another person's saves what waits as to be sorted",
        (_P.ASKING, _P.CARDED, _P.INTAKE)),
    Row((_P.CARDED,), _I.FINISH, on_finish_empty, "the empty session is closed", (_P.REST,)),
    Row((_P.CARDED,), _I.UNDO, on_finish_empty, "the empty session is closed", (_P.REST,)),
    Row((_P.CARDED, _P.HANDOVER), _I.ITEM, on_pick,
        "chosen for a handover; unknown, foreign or delivered is said and recorded",
        (_P.HANDOVER,)),
    Row((_P.HANDOVER,), _I.PLAN, on_out,
        "out with this volunteer for this plan, with a slip", (_P.REST,)),
    Row((_P.HANDOVER,), _I.PLACE, on_moved, "moved to this place, with a slip", (_P.REST,)),
    Row((_P.HANDOVER,), _I.UNDO, on_undo_pick,
        "the last chosen item is put back", (_P.HANDOVER, _P.CARDED)),
    Row((_P.HANDOVER, _P.PLAN), _I.FINISH, on_idle_timeout,
        "without a destination nothing moves", (_P.REST,)),
    Row((_P.CARDED, _P.HANDOVER, _P.PLAN), _I.TIMEOUT, on_idle_timeout,
        "nothing followed: back to rest, nothing moves", (_P.REST,)),
    Row((_P.REST, _P.CARDED, _P.PLAN), _I.PLAN, on_plan,
        "how did this plan go? the family's token or the not-home card follows", (_P.PLAN,)),
    Row((_P.PLAN,), _I.FAMILY, on_delivered,
        "what is out for the plan reached its family, with a slip", (_P.REST,)),
    Row((_P.PLAN,), _I.NOT_HOME, on_not_home,
        "what is out for the plan came back, with a slip", (_P.REST,)),
    Row((_P.PLAN,), _I.UNDO, on_undo_plan, "the plan is put aside", (_P.REST,)),
    Row((_P.REST,), _I.UNDO, on_undo_handover,
        "within a minute the whole last handover is voided", (_P.REST,)),
    Row((_P.REST,), _I.TIMEOUT, on_forget, "the last handover can no longer be undone",
        (_P.REST,)),
    Row((_P.REST,), _I.ITEM, on_seen, "says where the item is", (_P.REST,)),
    Row(_ANY, _I.HELP, on_help, "says what can be done now, and calls the operator", _ANY),
    Row(_ANY, _I.CLAIM, on_claim, "refused: this code belongs into the donor's phone", _ANY),
    Row(_ANY, _I.DAMAGED, on_damaged, "refused: scan again; its form is recorded", _ANY),
    Row(_ANY, _I.FOREIGN, on_foreign, "refused: not one of ours; its form is recorded", _ANY),
)  # fmt: skip
"""Every transition there is. ``docs/architecture.md`` draws it from here."""


def _rows() -> dict[tuple[Phase, InputKind], Row]:
    rows: dict[tuple[Phase, InputKind], Row] = {}
    for row in TABLE:
        for phase in row.phases:
            if (phase, row.input) in rows:
                raise ValueError(f"two rows for {row.input} in {phase}")
            rows[phase, row.input] = row
    return rows


ROWS: Final = _rows()
