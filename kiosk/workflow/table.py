"""The transitions, as data: what each field of work adds, in one table."""

from typing import Final

from kiosk.inputs import InputKind
from kiosk.state import Phase
from kiosk.workflow import everywhere, handover, intake
from kiosk.workflow.turn import Row

TABLE: Final = (*intake.ROWS, *handover.ROWS, *everywhere.ROWS)
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
