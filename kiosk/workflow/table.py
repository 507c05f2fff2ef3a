"""The transitions, as data: what each field of work adds, in one table."""

from typing import Final

from kiosk.inputs import InputKind
from kiosk.state import Phase
from kiosk.workflow import (
    asked,
    binding,
    boxes,
    cards,
    count,
    everywhere,
    gifts,
    handover,
    intake,
    labels,
    market,
    market_close,
    marks,
    people,
    plans,
    selling,
    shelf,
    transfers,
)
from kiosk.workflow.turn import Row

TABLE: Final = (
    *intake.ROWS,
    *binding.ROWS,
    *cards.ROWS,
    *marks.ROWS,
    *handover.ROWS,
    *plans.ROWS,
    *boxes.ROWS,
    *transfers.ROWS,
    *labels.ROWS,
    *market.ROWS,
    *selling.ROWS,
    *market_close.ROWS,
    *count.ROWS,
    *shelf.ROWS,
    *gifts.ROWS,
    *people.ROWS,
    *asked.ROWS,
    *everywhere.ROWS,
)
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
